"""Steps within one message that cancel each other make no line, with the real matcher."""

from __future__ import annotations

from datetime import date, timedelta

from streams.language.messages import CandidateChange, Input, PolicyPublished, Tick
from streams.steps.state import State
from streams.steps.steps import step
from tests.streams.bench import BORN, ELDERLY, register
from tests.streams.world import DAY, network, parts, publication

NEXT = DAY + timedelta(1)


def lines_of_last(state: State, *messages: Input) -> list[CandidateChange]:
    """Takes messages; gives the lines of the last one."""
    lines: list[CandidateChange] = []
    for message in messages:
        lines = list(step(state, message, state.offset + 1))
    return lines


def seamless(first_value: str, second_value: str) -> State:
    """Version 1 until today, version 2 from tomorrow; two people of 75 and over are listed."""
    last: PolicyPublished = publication(ELDERLY, 1, ("to: null", f"to: {DAY}"))
    state = State(parts(real=True))
    lines = lines_of_last(state, Tick(DAY), network(), *register(1, 2), last)
    assert [(line.subject, line.status) for line in lines] == [(1, "needs_evidence"), (2, "needs_evidence")]
    lines_of_last(state, publication(ELDERLY, 2, (first_value, second_value), start=NEXT))
    return state


def test_who_stays_when_one_version_follows_another_has_no_line() -> None:
    """The first ends on the day before the next begins, and the verdicts agree; the same on the way back."""
    state = seamless("value: 70", "value: 71")

    assert BORN < date(1951, 1, 1)
    assert lines_of_last(state, Tick(NEXT)) == []
    assert lines_of_last(state, Tick(DAY)) == []


def test_for_whom_the_next_version_is_different_has_one() -> None:
    """The amendment gives one line `changed`; whoever the next version does not list has left."""
    changed, left = seamless("id: no_pension,", "id: pensionless,"), seamless("value: 70", "value: 90")

    assert {(line.change, line.before, line.status, line.version) for line in lines_of_last(changed, Tick(NEXT))} == {
        ("changed", "needs_evidence", "needs_evidence", 2)
    }
    assert {(line.change, line.before, line.status) for line in lines_of_last(left, Tick(NEXT))} == {("left", "needs_evidence", None)}
