"""``ways_in.yaml``: from where the records of which feeds are fetched, checked against the catalogue.

Called by ``services.deliveries.ways_in``. All problems come at once, each with its line. Secrets are read when they are needed
(``secret_of``), from the environment or a file that only its owner can read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from connectors.contracts.forms import plain
from connectors.contracts.reporting import Problems, refuse
from connectors.contracts.schema import schema_of
from connectors.pickup.forms import PullForm, SecretForm, SftpForm, SqlForm, WaysInForm
from connectors.pickup.schedule import DailyAt, Every, Schedule
from policies.language.catalogue import Catalogue
from policies.problems.problems import HuiminError, comma_list, suggestion
from policies.values import Text
from policies.yaml.document import load

FILE = "ways_in.yaml"


@dataclass(frozen=True, slots=True)
class DropFeed:
    """How files of a feed in the drop folder are delivered: by which unit, and whether each is a full replacement."""

    source: str | None = None
    replaces: bool = False


@dataclass(frozen=True, slots=True)
class DropFolder:
    """A folder with a folder for each feed.

    Args:
        quiet: so long a file must not have changed before it counts as finished.
        feeds: those that say more than the name of their folder does.
    """

    folder: str
    quiet: timedelta
    feeds: Mapping[str, DropFeed]


@dataclass(frozen=True, slots=True)
class Pull:
    """How a feed is pulled.

    Args:
        source: the unit that delivers; None where the feed has only one.
        replaces: each pull is a full replacement.
        complete: the unit holds nothing else, so that its coverage is stated behind each pull.
        schedule: None where it is pulled by hand alone.
    """

    feed: str
    source: str | None
    replaces: bool
    complete: bool
    schedule: Schedule | None
    place: SqlForm | SftpForm


@dataclass(frozen=True, slots=True)
class WaysIn:
    """The ways in of a workspace, besides files that somebody names."""

    drop: DropFolder | None
    pulls: Mapping[str, Pull]


NO_WAYS_IN = WaysIn(None, {})


def read_ways_in(text: str, catalogue: Catalogue, file: str = FILE) -> WaysIn:
    """The ways in that a document says.

    Raises:
        Invalid: with every problem of the document.
    """
    document = load(text, file)
    problems = Problems(document, document.file)
    try:
        form = WaysInForm.model_validate(plain(document.data))
    except ValidationError as error:
        problems.add_form(error, WaysInForm)
        refuse(problems.errors)
        raise
    drop = form.drop
    for name, entry in (drop.feeds if drop else {}).items():
        _check_feed(name, entry.source, ("drop", "feeds", name), catalogue, problems, is_drop=True)
    for name, pull in form.pull.items():
        _check_feed(name, pull.source, ("pull", name), catalogue, problems)
        _check_pull(name, pull, problems)
    refuse(problems.errors)
    feeds = {name: DropFeed(entry.source, bool(entry.full)) for name, entry in drop.feeds.items()} if drop else {}
    return WaysIn(
        DropFolder(drop.folder, drop.quiet, feeds) if drop else None, {name: _pull(name, pull) for name, pull in form.pull.items()}
    )


def ways_in_schema() -> dict[str, Any]:
    """The JSON Schema of ``ways_in.yaml``."""
    return schema_of(WaysInForm, "Huimin ways in")


def _pull(name: str, form: PullForm) -> Pull:
    schedule: Schedule | None = Every(form.every) if form.every else DailyAt(form.at) if form.at else None
    place = form.sql or form.sftp
    assert place is not None  # else there was a problem
    return Pull(name, form.source, bool(form.full), bool(form.complete), schedule, place)


def _check_feed(
    name: str, source: str | None, path: tuple[str, ...], catalogue: Catalogue, problems: Problems, is_drop: bool = False
) -> None:  # fmt: skip
    feed = catalogue.feeds.get(name)
    if feed is None:
        near = suggestion(name, catalogue.feeds)
        problems.add("feed", path, f"没有数据源“{name}”。{near.zh}", f"there is no feed {name!r}.{near.en}", key=True)
        return
    units = [s.unit for s in feed.sources]
    if source is not None and source not in units:
        zh, en = f"“{source}”不是来源单位；应为 {comma_list(units)}", f"{source!r} is no source of this feed; expected {comma_list(units)}"
        problems.add("unit", (*path, "source"), zh, en)
    if source is None and len(units) > 1 and not is_drop:
        zh, en = f"有多个来源，请写 source：{comma_list(units)}", f"the feed has several sources; write `source`: {comma_list(units)}"
        problems.add("unit", path, zh, en, key=True)


def _check_pull(name: str, form: PullForm, problems: Problems) -> None:
    path = ("pull", name)
    if (form.sql is None) == (form.sftp is None):
        problems.add("place", path, "须写 sql 或 sftp（二者之一）", "write either `sql` or `sftp`", key=True)
    if form.every is not None and form.at is not None:
        problems.add("schedule", (*path, "at"), "every 与 at 只能写一个", "write `every` or `at`, not both")
    if form.complete is not None and form.sql is None:
        zh = "complete 只用于 sql：一个文件说不出单位还有没有别的"
        problems.add("complete", (*path, "complete"), zh, "`complete` belongs to `sql`: a file does not say whether the unit holds more")
    if form.sql is not None:
        _check_sql(form, form.sql, (*path, "sql"), problems)
    if form.sftp is not None:
        _check_sftp(form.sftp, (*path, "sftp"), problems)


def _check_sql(form: PullForm, sql: SqlForm, path: tuple[str, ...], problems: Problems) -> None:
    _check_secret(sql.uri, (*path, "uri"), problems)
    if (sql.watermark is None) == (form.full is None):
        zh = "须写 watermark（只取新的）或 full: true（全量），二者之一"
        problems.add("watermark", path, zh, "write either `watermark` (what is new) or `full: true` (all of it)", key=True)
    if sql.overlap is not None and sql.watermark is None:
        problems.add("watermark", (*path, "overlap"), "没有 watermark 就没有 overlap", "`overlap` belongs to a `watermark`")
    if sql.query.strip().rstrip(";").count(";"):
        problems.add("query", (*path, "query"), "只能是一条查询", "one query only")


def _check_sftp(sftp: SftpForm, path: tuple[str, ...], problems: Problems) -> None:
    if (sftp.key is None) == (sftp.password is None):
        problems.add("secret", path, "须写 key 或 password（二者之一）", "write either `key` or `password`", key=True)
    if sftp.passphrase is not None and sftp.key is None:
        problems.add("secret", (*path, "passphrase"), "passphrase 只用于 key", "`passphrase` belongs to a `key`")
    for word in ("key", "passphrase", "password"):
        secret: SecretForm | None = getattr(sftp, word)
        if secret is not None:
            _check_secret(secret, (*path, word), problems)


def _check_secret(secret: SecretForm, path: tuple[str, ...], problems: Problems) -> None:
    if (secret.environment is None) == (secret.file is None):
        zh = "须写 environment（环境变量名）或 file（文件路径），二者之一"
        problems.add("secret", path, zh, "write either `environment` (a variable) or `file`")


def secret_of(secret: SecretForm, root: Path, environment: Mapping[str, str]) -> str:
    """The secret that a document names.

    Args:
        root: the workspace; a relative path begins there.

    Raises:
        HuiminError: it is not there, is empty, or others can read its file.
    """
    if secret.environment is not None:
        value = environment.get(secret.environment, "").strip()
        if not value:
            zh = f"环境变量 {secret.environment} 没有设置；{FILE} 指明它含有所需的秘密。请设置后再试。"
            en = f"The environment variable {secret.environment} is not set; {FILE} names it for a secret. Set it and try again."
            raise HuiminError(Text(zh, en), 2)
        return value
    path = root / (secret.file or "")
    try:
        mode, text = path.stat().st_mode & 0o777, path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "UTF-8"
        zh = f"{path} 读不出来（{why}）；{FILE} 指明它含有所需的秘密。"
        raise HuiminError(Text(zh, f"{path} cannot be read ({why}); {FILE} names it for a secret."), 2) from None
    if mode & 0o077:
        zh, en = f"{path} 可被他人读取（{mode:o}）。请运行 chmod 600 {path}。", f"Others can read {path} ({mode:o}): run chmod 600 {path}."
        raise HuiminError(Text(zh, en))
    if not text:
        raise HuiminError(Text(f"{path} 是空的；其中应是所需的秘密。", f"{path} is empty; it is to hold a secret."), 2)
    return text
