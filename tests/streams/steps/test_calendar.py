"""Ticks: one day or many, backwards, over a 29 February; and only subjects that are due are judged again.

Whatever ticks led to a day, its lists must be those of a state that never had another day.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from matchers.core import Matcher
from policies.values import birthday
from streams.language.messages import CandidateChange, CatalogueSet, Tick
from streams.steps.state import State
from streams.steps.steps import step
from tests.streams.calendar import (
    AGREEMENT_END,
    ALLOWANCE_RISE,
    BORN,
    DAYS,
    ELDERLY,
    FIRST_STALE_DAY,
    HARDSHIP,
    INSURED_UNTIL,
    SECOND_VERSION_START,
    START,
    YOUNGER,
    messages,
    state_copy,
    tick,
    world,
)
from tests.streams.world import delivery_messages, parts, people

ALL = [START + timedelta(ahead) for ahead in range(1, DAYS + 1)]


def lists(state: State) -> dict[str, list[Any]]:
    """Every list, evaluated afresh."""
    return {name: list(state.matcher.candidates(name)) for name in state.policies}


def state_of_day(day: date) -> State:
    """A state that never had another day than this."""
    state = State(parts(real=True))
    for offset, message in enumerate([Tick(day), *messages()[1:]]):
        step(state, message, offset)
    return state


def changes_on(lines: list[CandidateChange], day: date, policy: str = ELDERLY) -> dict[int, tuple[str, str | None, str]]:
    """Change, status and cause by subject, of one day and policy."""
    return {line.subject: (line.change, line.status, line.cause.kind) for line in lines if line.day == day and line.policy == policy}


def test_missed_days_give_the_lines_of_days_passed_one_by_one() -> None:
    """One tick, two ticks or a tick a day: the same lines under the same days, and the same lists."""
    once, twice, each = world(), world(), world()

    at_once = tick(once, ALL[-1])
    in_two = tick(twice, ALL[22]) + tick(twice, ALL[-1])
    one_by_one = [line for day in ALL for line in tick(each, day)]

    assert at_once == in_two == one_by_one
    assert len({line.day for line in at_once}) > 25
    assert lists(once) == lists(twice) == lists(each)


def test_each_thing_that_turns_turns_on_its_day() -> None:
    """A birthday, one of 29 February in a common year, an end of validity, stale coverage, a parameter, a version, an agreement."""
    lines = tick(world(), ALL[-1])

    entered = ("entered", "eligible", "day")
    assert changes_on(lines, START + timedelta(5))[11] == entered
    assert changes_on(lines, date(2026, 2, 28)).keys() == {24, 41}
    assert changes_on(lines, date(2026, 3, 1)).keys() == {25, 42, 43}
    assert changes_on(lines, START + timedelta(4))[44] == entered and changes_on(lines, START + timedelta(5))[45] == entered
    assert changes_on(lines, FIRST_STALE_DAY["medical_insurance"])[44] == ("changed", "needs_evidence", "day")
    assert changes_on(lines, ALLOWANCE_RISE, HARDSHIP) == {101: ("entered", "to_check", "day")}
    assert changes_on(lines, FIRST_STALE_DAY["hukou"], HARDSHIP) == {101: ("changed", "needs_evidence", "day")}
    younger = changes_on(lines, SECOND_VERSION_START)
    assert younger.pop(31) == ("entered", "needs_evidence", "day")  # 70 on that day, by the version before
    assert younger == dict.fromkeys({*range(32, 41), *YOUNGER}, ("entered", "needs_evidence", "amendment"))
    over = changes_on(lines, AGREEMENT_END + timedelta(1))
    assert over and {(change, cause) for change, _, cause in over.values()} == {("left", "agreement")}


def test_a_leap_day_is_a_birthday_in_leap_years() -> None:
    """Whoever was born on 29 February 1960 is 68 on 29 February 2028 and not a day earlier, also when a tick passes the day."""
    leap = date(2028, 2, 29)
    network = messages()[1]
    assert isinstance(network, CatalogueSet)
    renewed = {name: text.replace(AGREEMENT_END.isoformat(), "2035-12-31") for name, text in network.contracts.items()}
    birth_record = people(2, 1, [1], [date(1960, 2, 29)])
    state = state_of_day(leap - timedelta(2))
    for message in (CatalogueSet(network.units, renewed), *delivery_messages(birth_record, "again")):
        step(state, message, state.offset + 1)

    lines = tick(state, leap + timedelta(2))

    assert [(line.subject, line.change, line.day) for line in lines] == [(1, "entered", leap)]


@pytest.mark.parametrize("back", [1, 12, 20, 41])
def test_a_clock_put_back_gives_the_lists_of_that_day(back: int) -> None:
    """Forward again, the days bring the same lines; there and back cancel each other."""
    state, then = world(), ALL[45]
    tick(state, then - timedelta(back))
    before = lists(state)
    onward = tick(state, then)
    after = lists(state)

    returned = tick(state, then - timedelta(back))

    assert lists(state) == before == lists(state_of_day(then - timedelta(back)))
    assert {line.day for line in returned} == ({then - timedelta(back)} if onward else set())
    assert tick(state, then) == onward
    assert lists(state) == after


def test_every_day_is_the_day_of_a_state_that_knew_no_other() -> None:
    """The lists after ticks are those of a fresh state, day by day."""
    state = world()

    for day in ALL[::4]:
        tick(state, day)

        assert lists(state) == lists(state_of_day(day)), day


def due_by_hand(day: date) -> set[int]:
    """Persons whose verdict on the first policy may change on a day, by the tables of ``tests.streams.calendar``."""
    everybody = {*BORN, *YOUNGER, 71}
    years = 70 if day < SECOND_VERSION_START else 68
    turning = {subject for subject, birth in {**BORN, **YOUNGER}.items() if birthday(birth, years) == day}
    turning |= {subject for subject, last in INSURED_UNTIL.items() if last is not None and last + timedelta(1) == day}
    return everybody if day in (FIRST_STALE_DAY["medical_insurance"], FIRST_STALE_DAY["pension"]) else turning


def test_only_who_is_due_is_judged_anew() -> None:
    """On each day without a new version or an ended agreement: at least those who move, at most those who are due by the tables, and on most
    days nearly nobody."""
    state, counted = world(hardship=False), 0
    matcher = state.matcher
    assert isinstance(matcher, Matcher)
    before: date = START
    for day in ALL:
        lines = tick(state, day)
        if day in (SECOND_VERSION_START, AGREEMENT_END + timedelta(1)) or day > AGREEMENT_END:
            continue
        movers, due = {line.subject for line in lines}, due_by_hand(day)

        assert movers <= due, day
        assert len(movers) <= matcher.due <= len(due), (day, matcher.due, len(due))
        counted += matcher.due
        before = day

    assert before == AGREEMENT_END
    assert counted < len(ALL) * len(BORN) / 8


def test_a_copy_ticks_like_its_original() -> None:
    """Meta and arrays hold the whole state: a restored state gives the same lines for the days."""
    state = world()
    tick(state, ALL[10])

    assert tick(state_copy(state), ALL[-1]) == tick(state, ALL[-1])
