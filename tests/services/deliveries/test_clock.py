"""The day of a state moved, and coverage stated on a day."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from infra.workspace.workspace import Workspace
from policies.problems.problems import Conflict, HuiminError
from services.deliveries.clock import FAR, DayMove, DayQuestion, move_day
from services.deliveries.coverage import coverage_statements, take_in_coverage
from services.results import plain
from streams.steps.state import NO_DAY

DAY = date(2026, 10, 15)


def move_with_answer(
    workspace: Workspace, to: date | None = None, days: int | None = None, answer: bool = False, asked: list[DayQuestion] | None = None
) -> tuple[DayMove, list[DayQuestion]]:
    """The move, and the questions it raised."""
    asked = [] if asked is None else asked

    def confirm(question: DayQuestion) -> bool:
        asked.append(question)
        return answer

    return move_day(workspace, DAY, to=to, days=days, by="王芳", confirm=confirm, notify=lambda hold: None), asked


def test_a_month_passes_without_a_question(example: Workspace) -> None:
    """The first day is today; by a day or by a number of days."""
    first, _ = move_with_answer(example)
    second, asked = move_with_answer(example, days=FAR)

    assert (first.start, first.day, second.start, second.day, asked) == (None, DAY, DAY, DAY + timedelta(FAR), [])
    assert plain(second, "en") == {"from": "2026-10-15", "to": "2026-11-24", "confirmed": None, "changes": []}


def test_a_move_that_is_far_is_a_question(example: Workspace) -> None:
    """With what it would tell; no leaves the day, yes is on record; beyond what can be tried nothing is foreseen."""
    move_with_answer(example)
    for day, tried in ((DAY - timedelta(1), True), (DAY + timedelta(FAR + 1), True), (date(2050, 1, 1), False)):
        questions: list[DayQuestion] = []
        with pytest.raises(Conflict):
            move_with_answer(example, to=day, asked=questions)
        assert [(question.start, question.day, question.foreseen is not None) for question in questions] == [(DAY, day, tried)]

    back, asked = move_with_answer(example, to=DAY - timedelta(1), answer=True)
    assert (back.confirmed, len(asked)) == ("王芳", 1)
    with example.reading() as host:
        assert host.state.day == DAY - timedelta(1)


def test_a_day_and_a_number_of_days_are_one_too_many(example: Workspace) -> None:
    """Nothing is made."""
    with pytest.raises(HuiminError):
        move_with_answer(example, to=DAY, days=3)

    with example.reading() as host:
        assert host.state.day == NO_DAY


def test_statements_are_taken_in_and_listed(example: Workspace, tmp_path: Path) -> None:
    """One for a division, one that waits for its delivery; the latest first."""
    facts = {"format": 1, "feed": "pension", "unit": "putuo-social-security", "division": "310107"}
    lines = [
        {**facts, "statement": "s1", "complete_to": "2026-10-01"},
        {**facts, "statement": "s2", "complete_to": "2026-10-14", "delivery": {"id": "d1", "rows": 3}},
    ]
    file = tmp_path / "s.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")

    intake = take_in_coverage(example, file, DAY, None, lambda hold: None)
    listed = coverage_statements(example)

    assert [(row.statement, row.standing) for row in intake.statements] == [("s1", "in_effect"), ("s2", "pending")]
    assert [(row.statement, row.delivery) for row in intake.waiting] == [("s2", "d1")]
    assert [(row.statement, row.complete_to) for row in listed] == [("s2", date(2026, 10, 14)), ("s1", date(2026, 10, 1))]
    assert coverage_statements(example, "hukou") == [] and coverage_statements(example, "pension") == listed
