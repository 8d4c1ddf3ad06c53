"""``ways_in.yaml``: what it may say, and every problem at its place in both languages; when a pull is due; where secrets are."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from connectors.pickup.forms import SecretForm, SftpForm, SqlForm
from connectors.pickup.schedule import DailyAt, Every, Schedule, duration, is_due
from connectors.pickup.ways_in import DropFeed, WaysIn, read_ways_in, secret_of
from policies.problems.problems import HuiminError, Invalid
from tests.connectors.samples import catalogue

SOUND = """
format: 1
drop:
  folder: /srv/drop
  quiet: PT30S
  feeds: {household: {full: true}, insurance: {source: insurance}}
pull:
  insurance:
    every: PT1H
    sql: {driver: postgresql, uri: {environment: INSURANCE_DB}, query: select * from enrolments, watermark: changed_at, overlap: PT5M}
  hukou:
    full: true
    at: "02:30"
    sftp: {host: files, user: huimin, known_hosts: known_hosts, key: {file: id}, folder: /out, files: ["*.csv"], finished: marker}
"""


def read(text: str) -> WaysIn:
    return read_ways_in(text, catalogue())


def test_a_sound_document_is_read() -> None:
    """Each key has its meaning; what is left out has its usual value."""
    ways, plain = read(SOUND), read("format: 1\ndrop: {}\n")

    assert ways.drop is not None and (ways.drop.folder, ways.drop.quiet) == ("/srv/drop", timedelta(seconds=30))
    assert ways.drop.feeds == {"household": DropFeed(None, True), "insurance": DropFeed("insurance", False)}
    insurance, hukou = ways.pulls["insurance"], ways.pulls["hukou"]
    assert insurance.schedule == Every(timedelta(hours=1)) and isinstance(insurance.place, SqlForm) and insurance.place.rows == 10_000
    assert hukou.replaces and hukou.schedule == DailyAt(time(2, 30)) and isinstance(hukou.place, SftpForm) and hukou.place.port == 22
    assert plain.drop is not None and (plain.drop.folder, plain.drop.quiet, plain.pulls) == ("drop", timedelta(seconds=10), {})


@pytest.mark.parametrize(
    ("old", "new", "place", "zh", "en"),
    [
        ("PT30S", "30s", "5:10", "不是时长", "not a duration"),
        ('"02:30"', "2:30", "13:9", "不是钟点", "not a time of day"),
        ("household: {full", "houshold: {full", "6:11", "没有数据源“houshold”", "there is no feed 'houshold'. Did you mean household"),
        ("source: insurance", "source: psb", "6:56", "不是来源单位", "is no source of this feed"),
        ("driver: postgresql", "driver: mysql", "10:19", "应为以下之一", "expected one of: postgresql, sqlite"),
        ("{environment: INSURANCE_DB}", "{}", "10:36", "须写 environment", "write either `environment`"),
        ("{environment: INSURANCE_DB}", "{environment: A-B}", "10:50", "环境变量名", "the name of a variable"),
        (", watermark: changed_at, overlap: PT5M", "", "10:5", "须写 watermark", "write either `watermark`"),
        ("watermark: changed_at, ", "full: true, ", "10:98", "不认识的键“full”", "unknown key 'full'"),
        ("select * from enrolments", '"select 1; select 2"', "10:72", "只能是一条查询", "one query only"),
        ("key: {file: id}, ", "", "14:5", "须写 key 或 password", "write either `key` or `password`"),
        ("known_hosts: known_hosts, ", "", "14:11", "缺少“known_hosts”", "'known_hosts' is missing"),
        ('    at: "02:30"\n', '    at: "02:30"\n    every: P1D\n', "13:9", "只能写一个", "not both"),
        ("    full: true\n    at", "    complete: true\n    at", "12:15", "complete 只用于 sql", "`complete` belongs to `sql`"),
        ("    sftp:", "    ftp:", "14:5", "不认识的键“ftp”", "unknown key 'ftp'"),
    ],
)  # fmt: skip
def test_every_problem_is_told_at_its_place(old: str, new: str, place: str, zh: str, en: str) -> None:
    """In both languages, with what was expected."""
    assert old in SOUND

    with pytest.raises(Invalid) as error:
        read(SOUND.replace(old, new, 1))

    assert f"ways_in.yaml:{place} " in error.value.text.en, error.value.text.en
    assert zh in error.value.text.zh and en in error.value.text.en


@pytest.mark.parametrize(
    ("schedule", "last", "now", "due"),
    [
        (None, None, "2026-10-15 03:00", False),
        (Every(timedelta(hours=1)), None, "2026-10-15 03:00", True),
        (Every(timedelta(hours=1)), "2026-10-15 02:01", "2026-10-15 03:00", False),
        (Every(timedelta(hours=1)), "2026-10-15 02:00", "2026-10-15 03:00", True),
        (DailyAt(time(2, 30)), None, "2026-10-15 01:00", True),
        (DailyAt(time(2, 30)), "2026-10-14 02:30", "2026-10-15 02:29", False),
        (DailyAt(time(2, 30)), "2026-10-14 02:30", "2026-10-15 02:30", True),
        (DailyAt(time(2, 30)), "2026-10-13 09:00", "2026-10-15 01:00", True),
    ],
)
def test_a_run_is_due_once_its_time_has_come(schedule: Schedule | None, last: str | None, now: str, due: bool) -> None:
    """After its period, or once after the time of day; a run that was missed is due at once."""
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)

    assert is_due(schedule, None if last is None else datetime.fromisoformat(last).replace(tzinfo=UTC), moment) is due


@pytest.mark.parametrize("text", ["", "P", "PT", "PT0S", "1H", "PT1.5H", "P1Y", "PT1H ", "pt1h"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    """Only days, hours, minutes and seconds, and more than none."""
    with pytest.raises(ValueError, match=r"duration|length"):
        duration(text)


def test_a_secret_is_in_a_variable_or_in_a_private_file(tmp_path: Path) -> None:
    """A file that others can read is refused, as is a secret that is not there."""
    file = tmp_path / "uri"
    file.write_text("postgresql://x\n", encoding="utf-8")
    file.chmod(0o600)

    assert secret_of(SecretForm(file="uri"), tmp_path, {}) == "postgresql://x"
    assert secret_of(SecretForm(environment="DB"), tmp_path, {"DB": "y"}) == "y"
    file.chmod(0o640)
    for secret, why in (
        (SecretForm(file="uri"), "Others can read"),
        (SecretForm(file="no"), "cannot be read"),
        (SecretForm(environment="DB"), "is not set"),
    ):
        with pytest.raises(HuiminError, match=why) as error:
            secret_of(secret, tmp_path, {})
        assert "postgresql" not in error.value.text.en
