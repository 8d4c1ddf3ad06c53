"""A forecast is the ticks of the days ahead: the same people on the same days, each with what turned."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any, cast

import pytest

from matchers.core import Matcher
from matchers.reading.explain import explain
from policies.problems.problems import Invalid
from services.policies.calendar import Turn, turns
from services.policies.forecast import LETTERS, Flip, Forecast, MoveReason, forecast
from services.state.as_of import disposable_state, state_on
from streams.embedded.host import EmbeddedHost
from streams.language.errors import Refusal, Unreadable
from streams.language.messages import PolicyWithdrawn, Tick
from streams.steps.state import State
from streams.steps.steps import step
from streams.wire import wire
from tests.matchers.counting import AddCounts, chunks, need
from tests.matchers.lists.test_criteria import leaves_of as leaves_of
from tests.streams.bench import register
from tests.streams.calendar import (
    AGREEMENT_END,
    ALLOWANCE_RISE,
    DAYS,
    ELDERLY,
    FIRST_STALE_DAY,
    HARDSHIP,
    SECOND_VERSION_START,
    START,
    YOUNGER,
    messages,
    state_copy,
    tick,
    world,
)
from tests.streams.happenings import Happenings
from tests.streams.world import DAY, coverage, network, parts, publication

MoveCounts = Counter[tuple[date, int, str, str | None, str | None]]
CHUNKS, LENGTH, AHEAD, LOOKED_AT = 10, 70, 45, 60
RUN = chunks(CHUNKS, (7, 9))

need("forecasts", RUN, CHUNKS, {"rows": 40, "people": 80, "reasons looked at": 25, "kind criterion": 25})


def moves_of(result: Forecast) -> MoveCounts:
    return Counter((row.day, subject, row.change, row.before, row.after) for row in result.rows for subject in row.subjects)


def moves_by_ticks(state: State, name: str, days: int) -> MoveCounts:
    """The same from the lines of ticks, day by day."""
    day, out = state.day, MoveCounts()
    for ahead in range(1, days + 1):
        for line in tick(state, day + timedelta(ahead)):
            if line.policy == name:
                out[line.day, line.subject, line.change, line.before, line.status] += 1
    return out


def of_day(result: Forecast, day: date) -> dict[MoveReason, set[int]]:
    """Who moves on a day, by reason."""
    out: dict[MoveReason, set[int]] = {}
    for row in result.rows:
        if row.day == day:
            out.setdefault(row.why, set()).update(row.subjects)
    return out


@pytest.mark.parametrize("name", [ELDERLY, HARDSHIP])
def test_a_forecast_is_what_the_ticks_bring(name: str) -> None:
    """Who moves, on which day, how; and how long the list is then."""
    state = world()

    result = forecast(state_copy(state), name, DAYS)

    assert moves_of(result) == moves_by_ticks(state, name, DAYS)
    assert result.listed.until == (len(cast(Any, state.matcher).candidates(name)) if name in state.policies else 0)
    assert (result.start, result.until) == (START, START + timedelta(DAYS))
    assert result.rows


def test_each_row_says_what_turned() -> None:
    """The criterion by its id with what it was and is; the parameter, coverage, version or agreement behind it."""
    elderly, hardship = (forecast(world(), name, DAYS) for name in (ELDERLY, HARDSHIP))

    age = MoveReason("criterion", (Flip("age70", "F", "T"),))
    assert of_day(elderly, date(2026, 3, 1)) == {age: {25, 42, 43}}
    assert of_day(elderly, START + timedelta(5)) == {age: {11}, MoveReason("criterion", (Flip("uninsured", "F", "T"),)): {45}}
    stale = of_day(elderly, FIRST_STALE_DAY["medical_insurance"])
    assert {why.lapsed for why in stale if Flip("uninsured", "T", "U") in why.flips} == {("medical_insurance",)}
    second = of_day(elderly, SECOND_VERSION_START)
    assert second[MoveReason("version", detail=f"{ELDERLY}@2")] == {*range(32, 41), *YOUNGER} and second[age] == {31}
    assert list(of_day(elderly, AGREEMENT_END + timedelta(1))) == [MoveReason("agreement", detail="medical_insurance")]
    raised = MoveReason("criterion", (Flip("low_income", "F", "T"),), ("dibao",))
    assert of_day(hardship, ALLOWANCE_RISE) == {raised: {101}}
    assert {row.division for row in elderly.rows} == {"310107020"}
    assert {row.version for row in elderly.rows if row.day > SECOND_VERSION_START} == {2} and elderly.versions.keys() == {1, 2}


def test_the_calendar_is_told_whether_or_not_it_moves_anybody() -> None:
    """Versions, parameters, coverage and agreements that turn in these days; nothing that turns earlier or later."""
    state = world()

    elderly, hardship = turns(state, ELDERLY, DAYS), turns(state, HARDSHIP, DAYS)

    assert elderly == [
        Turn(FIRST_STALE_DAY["medical_insurance"], "coverage", "medical_insurance", "putuo-medical-insurance"),
        Turn(SECOND_VERSION_START, "begins", f"{ELDERLY}@2"),
        Turn(FIRST_STALE_DAY["pension"], "coverage", "pension", "putuo-social-security"),
        Turn(AGREEMENT_END + timedelta(1), "agreement", "medical_insurance"),
    ]
    assert Turn(ALLOWANCE_RISE, "parameter", "dibao") in hardship
    assert turns(state, ELDERLY, (SECOND_VERSION_START - START).days - 1) == elderly[:1]


def test_the_first_and_the_last_day_in_force_are_told() -> None:
    """Begun by publication, ended by the calendar; the whole list enters and leaves by it."""
    first, last = DAY + timedelta(3), DAY + timedelta(6)
    bounded = publication(ELDERLY, swap=("from: 2026-10-01, to: null", f"from: {first}, to: {last}"))
    state = State(parts(real=True))
    for offset, message in enumerate([Tick(DAY), network(), *register(1, 2), coverage("c", "pension", DAY), bounded]):
        step(state, message, offset)

    result = forecast(state, ELDERLY, 10)

    assert [(row.day, row.change, row.why, row.subjects) for row in result.rows] == [
        (first, "entered", MoveReason("begins", detail=f"{ELDERLY}@1"), (1, 2)),
        (last + timedelta(1), "left", MoveReason("ends", detail=f"{ELDERLY}@1"), (1, 2)),
    ]
    assert [turn.kind for turn in result.turns] == ["begins", "ends"]
    assert (result.listed.start, result.listed.until) == (0, 0)


def random_state(seed: int) -> State:
    """A state to which made-up things happened."""
    state = State(parts(real=True))
    for offset, body in enumerate(islice(Happenings(Random(seed)).run(), LENGTH)):
        try:
            step(state, wire.decode(body), offset)
        except (Unreadable, Refusal, Invalid):
            state.offset = offset
    return state


@pytest.mark.parametrize("chunk", RUN)
def test_forecasts_of_made_up_worlds(chunk: int, add_counts: AddCounts) -> None:
    """They are the ticks, and each criterion is one that explanations of the day before and of the day read otherwise."""
    counts: Counter[str] = Counter()
    for seed in range(chunk * 2, chunk * 2 + 2):
        state = random_state(seed)
        for name in state.policies:
            result = forecast(state_copy(state), name, AHEAD)
            assert moves_of(result) == moves_by_ticks(state_copy(state), name, AHEAD), (seed, name)
            counts["rows"] += len(result.rows)
            counts["people"] += sum(moves_of(result).values())
            counts.update(f"kind {row.why.kind}" for row in result.rows)
            counts["reasons looked at"] += _compare_reasons(state, result)
    add_counts("forecasts", counts)


def _compare_reasons(state: State, result: Forecast) -> int:
    """Hold some of the rows' criteria against explanations."""
    matcher, looked = cast(Matcher, state.matcher), 0
    for row in result.rows[:LOOKED_AT]:
        if row.why.kind != "criterion":
            continue
        was, now = (
            leaves_of(explain(matcher, result.definition, row.subjects[0], day).criteria) for day in (row.day - timedelta(days=1), row.day)
        )
        letter = {None: LETTERS[0], True: LETTERS[1], False: LETTERS[2]}
        turned = [(a, b) for a, b in zip(was, now, strict=True) if a.truth != b.truth]
        deciding = [(a, b) for a, b in turned if a.matters or b.matters] or turned
        expected = {Flip(a.meta.id, letter[a.truth], letter[b.truth]) for a, b in deciding}
        assert set(row.why.flips) == expected, (row.day, row.why, expected)
        looked += 1
    return looked


def open_host(folder: Path) -> EmbeddedHost:
    host = EmbeddedHost.open(folder, parts(real=True), create=True)
    for message in messages():
        host.submit(message)
    return host


def test_looking_ahead_changes_nothing_of_a_state_that_lives_on(tmp_path: Path) -> None:
    """A writer's state, or a network's replica, is copied; a reader's own is used up. What they say is the same."""
    with open_host(tmp_path) as host:
        before = host.state.meta()
        result = forecast(disposable_state(host), ELDERLY, DAYS)
        later = state_on(host, SECOND_VERSION_START)

        assert host.state.meta() == before
        assert (later.day, later.in_matcher[ELDERLY]) == (SECOND_VERSION_START, 2)
        assert moves_of(result) == moves_of(forecast(disposable_state(host), ELDERLY, DAYS))
        with EmbeddedHost.open(tmp_path, parts(real=True), readonly=True) as reader:
            assert disposable_state(reader) is reader.state
            assert moves_of(forecast(disposable_state(reader), ELDERLY, DAYS)) == moves_of(result)


def test_who_looks_back_sees_the_version_that_was_in_force(tmp_path: Path) -> None:
    """Two versions, each in its time; and of a policy withdrawn since, the one in force before that day, and none from that day on."""
    with open_host(tmp_path) as host:
        host.submit(Tick(SECOND_VERSION_START + timedelta(10)))
        in_time = {day: state_on(host, day).in_matcher.get(ELDERLY) for day in (SECOND_VERSION_START - timedelta(1), SECOND_VERSION_START)}
        host.submit(PolicyWithdrawn(ELDERLY, 2, "author", "approver", "annulled", SECOND_VERSION_START + timedelta(3)))
        states = {ahead: state_on(host, SECOND_VERSION_START + timedelta(ahead)) for ahead in (-1, 2, 3, 5)}

    assert in_time == {SECOND_VERSION_START - timedelta(1): 1, SECOND_VERSION_START: 2}
    assert {ahead: state.in_matcher.get(ELDERLY) for ahead, state in states.items()} == {-1: 1, 2: 2, 3: None, 5: None}
    first, second = (len(cast(Any, states[ahead].matcher).candidates(ELDERLY)) for ahead in (-1, 2))
    assert second > first + len(YOUNGER)
    judged = cast(Matcher, states[-1].matcher).explain(ELDERLY, next(iter(YOUNGER))).verdict
    assert (judged.verdict, judged.failed) == ("no", ("age70",))
    assert states[3].registry.withdrawal(ELDERLY) is not None and states[2].registry.withdrawal(ELDERLY) is None


def test_a_copy_is_made_of_any_host_that_is_no_reader() -> None:
    """By what it says of itself, whatever it is."""
    state = world()
    replica = cast(EmbeddedHost, SimpleNamespace(readonly=False, state=state, parts=state.parts))

    assert disposable_state(replica) is not state
    assert disposable_state(replica).meta() == state.meta()
