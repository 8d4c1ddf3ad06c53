"""Counts by day and week in a research snapshot: made from days that no row tells, and none of fewer than ten."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from infra.workspace.library import copy_library, example_units
from infra.workspace.workspace import Workspace
from services.exports.analyst_counts import FEWEST, count_tables
from services.state.as_of import materialized_list
from streams.language.messages import OutcomeReported, Tick
from tests.services.exports.test_snapshot import HUKOU, deliver_text, publish_policy, register

PEOPLE = 120
TURNING = {date(1956, 10, 30): 11, date(1956, 11, 20): FEWEST - 1}
"""By birth date, how many become seventy soon."""
PUBLISHED = date(2026, 10, 15)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """120 people on a list, and twenty who will come onto it on two days."""
    workspace = Workspace.create(tmp_path / "w", example_units())
    copy_library(workspace)
    births = ["1950-01-01"] * PEOPLE + [f"{birth}" for birth, count in TURNING.items() for _ in range(count)]
    rows = "".join(register(serial, born=birth) for serial, birth in enumerate(births))
    deliver_text(workspace, "hukou", tmp_path / "hukou.csv", HUKOU + rows)
    publish_policy(workspace)
    return workspace


def report(workspace: Workspace, reports: list[tuple[int, int, str, date]]) -> None:
    """Reports outcomes of the candidates from one place to another, each on its own day."""
    with workspace.writing() as host:
        subjects = [candidate.subject for candidate in materialized_list(host.state, "elders")]
        for start, end, outcome, on in reports:
            if host.state.day < on:
                host.submit(Tick(on))
            criterion = "old" if outcome == "not_eligible" else None
            for subject in subjects[start:end]:
                host.submit(OutcomeReported("elders", subject, outcome, on, "王芳", criterion))


def tables(workspace: Workspace) -> dict[str, set[tuple[Any, ...]]]:
    with workspace.reading() as host:
        return {name: set(frame.rows()) for name, frame in count_tables(host)}


def test_days_of_ten_and_more_are_counted(workspace: Workspace) -> None:
    """A day of nine is left out, and so is a day alone, or nearly so, in its month, unless everybody knows it."""
    report(workspace, [
        (0, 12, "enrolled", date(2026, 10, 20)), (12, 21, "declined", date(2026, 10, 21)), (21, 31, "enrolled", date(2026, 10, 22)),
        (31, 43, "enrolled", date(2026, 11, 25)), (43, 70, "enrolled", date(2026, 12, 1)), (70, 79, "enrolled", date(2026, 12, 2)),
    ])  # fmt: skip

    assert tables(workspace)["daily_changes"] == {
        ("elders", PUBLISHED, "entered", "publication", PEOPLE),  # alone in its month, and public
        ("elders", date(2026, 10, 20), "left", "outcome", 12), ("elders", date(2026, 10, 22), "left", "outcome", 10),
    }  # fmt: skip


def test_days_to_the_first_outcome(workspace: Workspace) -> None:
    """Counted once a candidate, from the first outcome, since publication and since entry; a band of nine is left out."""
    report(workspace, [
        (0, 10, "contacted", date(2026, 10, 22)), (10, 19, "contacted", date(2026, 10, 23)), (0, 10, "enrolled", date(2026, 11, 20)),
        (20, 32, "declined", date(2026, 11, 21)),
    ])  # fmt: skip

    assert tables(workspace)["first_contacts"] == {
        ("elders", start, *band, count) for start in ("publication", "entry") for band, count in {(0, 7): 10, (31, 60): 12}.items()
    }


def test_a_later_entry_counts_from_its_own_day(workspace: Workspace) -> None:
    """Who became seventy a fortnight after publication entered then."""
    with workspace.writing() as host:
        before = {candidate.subject for candidate in materialized_list(host.state, "elders")}
        host.submit(Tick(date(2026, 11, 3)))
        entered = [c.subject for c in materialized_list(host.state, "elders") if c.subject not in before]
        for subject in entered:
            host.submit(OutcomeReported("elders", subject, "contacted", date(2026, 11, 3), "王芳"))

    assert len(entered) == 11
    assert tables(workspace)["first_contacts"] == {("elders", "publication", 15, 30, 11), ("elders", "entry", 0, 7, 11)}


def test_hits_and_misses(workspace: Workspace) -> None:
    """Of the outcomes that count: right, wrong, and which criterion was wrong; a unit from ten misses on."""
    report(workspace, [
        (0, 12, "enrolled", PUBLISHED), (12, 15, "declined", PUBLISHED), (15, 20, "contacted", PUBLISHED), (20, 31, "not_eligible", PUBLISHED),
        (31, 33, "wrong_person", PUBLISHED),
    ])  # fmt: skip

    assert tables(workspace)["hits_and_misses"] == {("elders", "policy", None, None, 15, 13), ("elders", "criterion", "old", None, 15, 11)}


def test_the_forecast_asks_a_copy(workspace: Workspace) -> None:
    """Eleven become seventy in the third week, nine in the sixth are beyond it; the state stays as it was."""
    with workspace.reading() as host:
        before = host.state.day, host.state.offset, [c.subject for c in materialized_list(host.state, "elders")]
        forecast = set(dict(count_tables(host))["forecast"].rows())

        assert forecast == {("elders", date(2026, 10, 30), date(2026, 11, 5), "entered", 11)}
        assert before == (host.state.day, host.state.offset, [c.subject for c in materialized_list(host.state, "elders")])


def test_what_was_written_after_the_reader_opened_is_not_counted(workspace: Workspace) -> None:
    """A writer goes on; the counts are of the reader's offset."""
    with workspace.reading() as host:
        report(workspace, [(0, 12, "enrolled", date(2026, 10, 20)), (12, 24, "enrolled", date(2026, 10, 22))])

        assert set(dict(count_tables(host))["daily_changes"].rows()) == {("elders", PUBLISHED, "entered", "publication", PEOPLE)}
