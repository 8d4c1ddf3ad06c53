"""A move of the day back or far ahead needs confirmation: the verb names the changes, asks, and records the person."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from console.cli.session import Session
from infra.settings import operator
from infra.workspace.workspace import Workspace
from policies.values import Text
from streams.embedded.host import EmbeddedHost
from streams.language.messages import Notice, Tick
from streams.wire import wire
from tests.console.cli.test_edition_network import on_network, workers
from tests.console.conftest import Run
from tests.console.town import HUKOU, POLICY, RESIDENTS, data, register_row, tokens

__all__ = ["on_network", "workers"]


def day_of(folder: Path) -> str:
    with Workspace.open(folder / "w").reading() as host:
        return host.state.day.isoformat()


def logged_ticks(folder: Path) -> Iterator[Tick]:
    """The ticks of a workspace's log."""
    with Workspace.open(folder / "w").reading() as host:
        assert isinstance(host, EmbeddedHost)
        for _, body in host._log.inputs(-1):
            if isinstance(message := wire.decode(body), Tick):
                yield message


def answering(monkeypatch: pytest.MonkeyPatch, answer: bool) -> list[Text]:
    """Answer every question at the terminal; returns the list of questions."""
    asked: list[Text] = []

    def confirm(session: Session, question: Text) -> bool:
        asked.append(question)
        return answer

    monkeypatch.setattr(Session, "confirm", confirm)
    return asked


@pytest.mark.parametrize(
    ("clock", "words"),
    [("2020-03-01", ()), ("2026-10-15", ("--to", "2026-10-14")), ("2026-10-15", ("--to", "2020-03-01"))],
    ids=["clock", "yesterday", "years"],
)  # fmt: skip
def test_a_day_back_is_not_taken_by_itself(
    run: Run, town: Path, monkeypatch: pytest.MonkeyPatch, clock: str, words: tuple[str, ...]
) -> None:
    """From a wrong clock or a mistyped day: exit code 5, the message names the changes, and the list stays the same."""
    before = tokens(run)
    monkeypatch.setenv("HUIMIN_TODAY", clock)

    results = {language: run("tick", *words, "--lang", language) for language in ("zh", "en")}

    assert [result.exit_code for result in results.values()] == [5, 5]
    assert "日期将由 2026-10-15 退回到" in results["zh"].stderr and "日期未动，仍是 2026-10-15" in results["zh"].stderr
    assert "would go back from 2026-10-15 to" in results["en"].stderr and "--yes" in results["en"].stderr
    assert day_of(town) == "2026-10-15" and tokens(run) == before


def test_what_a_day_would_tell_is_what_it_tells(run: Run, town: Path) -> None:
    """Six residents are younger than seventy in March 2019: six exits are named and not made; with --yes exactly these are made."""
    refused = run("tick", "--to", "2019-03-01", "--lang", "en")
    assert f"{RESIDENTS} lines" in refused.stderr and f"left {RESIDENTS}" in refused.stderr, refused.stderr
    assert len(tokens(run)) == RESIDENTS

    move = data(run("tick", "--to", "2019-03-01", "--yes", "--by", "王芳", "--json"))

    assert [change["change"] for change in move["changes"]] == ["left"] * RESIDENTS
    assert (move["from"], move["to"], move["confirmed"]) == ("2026-10-15", "2019-03-01", "王芳")


def test_a_way_of_many_years_is_not_tried(run: Run, town: Path) -> None:
    """The question comes without the changes, and the day stays."""
    refused = run("tick", "--to", "2199-01-01", "--lang", "en")

    assert refused.exit_code == 5 and "it was not tried" in refused.stderr
    assert day_of(town) == "2026-10-15"


def test_who_confirmed_is_on_record(run: Run, town: Path) -> None:
    """The message, the notices of the state and the doctor name the person; without --by it is the login name."""
    run("tick", "--to", "2026-12-20", "--yes", "--by", "王芳")
    run("tick", "--to", "2026-12-19", "--yes")

    confirmed = [tick for tick in logged_ticks(town) if tick.confirmed is not None]
    assert confirmed == [Tick(date(2026, 10, 16), "王芳", date(2026, 12, 20)), Tick(date(2026, 12, 19), operator(), date(2026, 12, 19))]
    with Workspace.open(town / "w").reading() as host:
        notices = [notice for notice in host.state.notices if notice.kind == "moved"]
    assert notices[0] == Notice("moved", "王芳", "2026-10-15/2026-12-20", date(2026, 10, 16))
    findings = json.loads(run("doctor", "--json", "--lang", "en").stdout)
    messages = [finding["message"] for finding in findings if finding["code"] == "moved"]
    assert messages == [f"{operator()} confirmed a move of the day from 2026-12-20 to 2026-12-19"]


def test_forty_days_pass_without_a_word(run: Run, town: Path) -> None:
    """Moves of up to forty days need no confirmation; forty-one days do."""
    assert run("tick", "--to", "2026-11-24").exit_code == 0
    assert run("tick", "--days", "40").exit_code == 0

    refused = run("tick", "--days", "41", "--lang", "en")

    assert refused.exit_code == 5 and "would jump from 2027-01-03 to 2027-02-13 (41 days)" in refused.stderr
    assert day_of(town) == "2027-01-03"
    assert not any(tick.confirmed for tick in logged_ticks(town))


def test_a_terminal_is_asked(run: Run, town: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No leaves the day as it is, yes moves it."""
    asked = answering(monkeypatch, False)
    assert run("tick", "--to", "2026-10-14").exit_code == 5
    assert asked == [Text("日期改为 2026-10-14？", "Move the day to 2026-10-14?")] and day_of(town) == "2026-10-15"

    asked = answering(monkeypatch, True)
    assert run("tick", "--to", "2026-10-14", "--lang", "en").exit_code == 0
    assert len(asked) == 1 and day_of(town) == "2026-10-14"


@pytest.mark.parametrize("day", ["1899-12-31", "2201-01-01", "0001-01-01", "9999-12-31"])
def test_no_day_lies_outside_the_years_of_people(run: Run, town: Path, monkeypatch: pytest.MonkeyPatch, day: str) -> None:
    """Such a day is refused even with --yes; a clock with such a day is refused by every verb that reads the clock."""
    before = day_of(town)
    assert run("tick", "--to", day, "--yes").exit_code == 3
    assert run("candidates", "list", POLICY, "--as-of", day).exit_code == 3

    monkeypatch.setenv("HUIMIN_TODAY", day)
    for words in (("tick", "--yes"), ("ingest", "hukou", town / "hukou-1.csv"), ("doctor",)):
        assert run(*words).exit_code != 0, words

    assert day_of(town) == before


def test_the_first_day_far_from_today_is_asked_about(run: Run, tmp_path: Path) -> None:
    """A state without a day is compared with the clock."""
    run("init", "--example")

    assert run("tick", "--to", "2027-10-15").exit_code == run("tick", "--to", "2025-10-15").exit_code == 5
    assert run("tick", "--to", "2026-10-20").exit_code == 0


def test_nothing_is_received_by_a_clock_far_ahead(run: Run, town: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files and statements could name days to come: refused with what to do; with --yes they are taken in."""
    (town / "more.csv").write_bytes((HUKOU + register_row(20, changed="2030-01-01")).encode("gb18030"))
    line = {
        "format": 1,
        "statement": "far",
        "feed": "pension",
        "unit": "putuo-social-security",
        "division": "310107",
        "complete_to": "2036-01-01",
    }
    (town / "far.jsonl").write_text(json.dumps(line) + "\n")
    monkeypatch.setenv("HUIMIN_TODAY", "2036-01-01")
    takes: list[tuple[Any, ...]] = [("ingest", "hukou", town / "more.csv"), ("feed", "coverage", town / "far.jsonl")]

    refused = [run(*words, "--lang", "en") for words in takes]

    assert [result.exit_code for result in refused] == [5, 5]
    assert all(
        "clock says 2036-01-01; the state's day is 2026-10-15" in result.stderr and "huimin tick" in result.stderr for result in refused
    )
    assert len(data(run("feed", "deliveries", "hukou", "--json"))) == 1
    assert [run(*words, "--yes").exit_code for words in takes] == [0, 0]


def test_the_doctor_tells_a_clock_that_is_far_behind(run: Run, town: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A warning, and no error."""
    monkeypatch.setenv("HUIMIN_TODAY", "2020-03-01")

    findings = json.loads(run("doctor", "--json").stdout)

    assert [finding["level"] for finding in findings if finding["code"] == "clock"] == ["warning"]


def test_the_same_on_a_network(on_network: Run, tmp_path: Path) -> None:
    """The trial runs on the replica and sends nothing; with --yes the tick names the person."""
    before = date.fromisoformat(day_of_network(on_network))

    refused = on_network("tick", "--to", "2020-03-01", "--lang", "en")
    assert refused.exit_code == 5 and "would go back" in refused.stderr
    assert day_of_network(on_network) == (before + timedelta(1)).isoformat()

    assert on_network("tick", "--to", "2020-03-01", "--yes", "--by", "王芳").exit_code == 0
    with Workspace.open(tmp_path / "w", {"KAFKA_BOOTSTRAP": "nowhere.invalid:9092"}).reading() as host:
        assert host.state.day == date(2020, 3, 1)
        assert [notice.about for notice in host.state.notices if notice.kind == "moved"] == ["王芳"]


def day_of_network(on_network: Run) -> str:
    return str(data(on_network("tick", "--days", "1", "--json"))["to"])
