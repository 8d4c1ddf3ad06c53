"""Where a command works, in which language, and on which day.

This is the only module that reads the environment and the clock; everything else takes them as arguments. The clock is that of the
district, Asia/Shanghai, which has had no daylight saving since 1991.
"""

from __future__ import annotations

import os
import pwd
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Literal, TypeAlias

from policies.problems.problems import HuiminError
from policies.values import YEARS, Text

Language: TypeAlias = Literal["zh", "en"]

WORKSPACE = "HUIMIN_WORKSPACE"
LANGUAGE = "HUIMIN_LANG"
TODAY = "HUIMIN_TODAY"
"""Overrides the clock's day (YYYY-MM-DD), for rehearsals and tests."""
CACHE = "HUIMIN_CACHE"
"""The folder of downloads."""
DEPOT = "HUIMIN_DEPOT"
"""The depot of the checkpoints of a network's workers and workspaces."""
NETWORK_KEY = "HUIMIN_NETWORK_KEY"
"""The file of a network's key (``infra.kafka.membership``)."""
NETWORK_OPEN = "HUIMIN_NETWORK_OPEN"
"""``1``: the network has no key; for a Kafka on this machine alone."""

KEY_FILE = "HUIMIN_KEY_FILE"
"""The file of a workspace's key, where it lies outside its folder."""

CREDENTIALS = "CREDENTIALS_DIRECTORY"
"""The folder in which systemd gives a service its secrets (systemd.exec, "Credentials")."""

DEFAULT_WORKSPACE = "huimin-workspace"
DEFAULT_CACHE = "~/.cache/huimin"
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")


class BadSetting(HuiminError):
    """The operator's mistake: an option or environment variable that cannot be read. Trying again does not help."""

    def __init__(self, text: Text) -> None:
        super().__init__(text, 2)


@dataclass(frozen=True, slots=True)
class Settings:
    """What every verb needs before it starts."""

    workspace: Path
    language: Language = "zh"
    near: bool = False
    """The workspace was not named: the command was run in it or below it."""


def settings(workspace: str | None, language: str | None, environment: Mapping[str, str], here: Path | None = None) -> Settings:
    """The settings in force: an option first, then the environment, then the workspace around ``here``, then the default.

    Raises:
        BadSetting: a language other than zh and en.

    Example:
        >>> settings(None, "en", {"HUIMIN_WORKSPACE": "w"})
        Settings(workspace=PosixPath('w'), language='en', near=False)
    """
    chosen_language, folder = _language(language or environment.get(LANGUAGE) or "zh"), workspace or environment.get(WORKSPACE)
    around = None if folder or here is None else next((place for place in (here, *here.parents) if is_workspace(place)), None)
    if around is not None:
        return Settings(Path() if around == here else around, chosen_language, near=True)
    return Settings(Path(folder or DEFAULT_WORKSPACE).expanduser(), chosen_language)


def is_workspace(folder: Path) -> bool:
    """Whether a folder is the root of a workspace. A file ``version`` alone may be somebody else's."""
    return (folder / "version").exists() and any((folder / name).exists() for name in ("secret.key", "units.yaml"))


def cache_folder(environment: Mapping[str, str]) -> Path:
    """The folder of downloads, which can be fetched again.

    Example:
        >>> cache({"HUIMIN_CACHE": "/var/cache/huimin"})
        PosixPath('/var/cache/huimin')
    """
    return Path(environment.get(CACHE) or DEFAULT_CACHE).expanduser().absolute()


def _language(name: str) -> Language:
    """zh or en; locale names such as ``zh_CN.UTF-8`` are read by their first two letters."""
    match name[:2].lower():
        case "zh":
            return "zh"
        case "en":
            return "en"
        case _:
            raise BadSetting(Text(f"不支持的语言“{name}”，请用 zh 或 en。", f"Unknown language {name!r}: use zh or en."))


def today(environment: Mapping[str, str]) -> date:
    """Today's date in Shanghai, or the date in ``HUIMIN_TODAY``.

    Raises:
        BadSetting: the variable is not a date, or the year of the clock is not possible.
    """
    day_now = day(environment[TODAY]) if environment.get(TODAY) else datetime.now(SHANGHAI).date()
    if day_now.year not in YEARS:
        zh, en = (
            f"时钟的日期是 {day_now}，不可能。请校正本机时钟或 {TODAY}。",
            f"The clock says {day_now}, which cannot be: set this machine's clock, or {TODAY}.",
        )
        raise BadSetting(Text(zh, en))
    return day_now


def clock() -> datetime:
    """The time of this machine, in Shanghai. ``HUIMIN_TODAY`` does not move it: tokens expire, and accesses are recorded, by the clock."""
    return datetime.now(SHANGHAI)


def clock_time() -> datetime:
    """Day and time by the clock, in Shanghai."""
    return datetime.now(SHANGHAI)


def clock_seconds() -> float:
    """The seconds of the clock by which files are stamped."""
    return time.time()


_CALLER: ContextVar[int | None] = ContextVar("caller", default=None)


@contextmanager
def acting_as(uid: int) -> Iterator[None]:
    """In the block, a service works for this user of the machine."""
    before = _CALLER.set(uid)
    try:
        yield
    finally:
        _CALLER.reset(before)


def operator() -> str:
    """The user who runs this, or for whom a service runs it, by the name that the machine has for them."""
    caller = _CALLER.get()
    uid = os.getuid() if caller is None else caller
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def day(text: str) -> date:
    """A date as people type it: 2026-10-15, 20261015 or 2026/10/15.

    Raises:
        BadSetting: it is none of these.

    Example:
        >>> day("2026/10/15")
        datetime.date(2026, 10, 15)
    """
    try:
        return date.fromisoformat(text.strip().replace("/", "-"))
    except ValueError:
        raise BadSetting(
            Text(f"“{text}”不是有效日期，请写成 2026-10-15 这样的形式。", f"{text!r} is not a date: write it like 2026-10-15.")
        ) from None


def moment(text: str) -> int | date:
    """A moment as people type it: a day, or ``#`` and the number of a message.

    Raises:
        BadSetting: it is neither.

    Example:
        >>> moment("#17"), moment("2026-03-03")
        (17, datetime.date(2026, 3, 3))
    """
    if not text.startswith("#"):
        return day(text)
    digits = text.removeprefix("#")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 19):
        raise BadSetting(Text(f"“{text}”不是消息编号，请写成 #17 这样的形式。", f"{text!r} is no number of a message: write it like #17."))
    return int(digits)
