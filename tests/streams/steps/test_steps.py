"""Steps on records and coverage: the effect of each message, and refusals, which change nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.language.errors import Refusal
from streams.language.messages import (
    CandidateChange,
    CheckAnswered,
    CoverageStated,
    CoverageWithdrawn,
    DeliveryCompleted,
    DeliveryStarted,
    Input,
    Tick,
)
from streams.ledgers.deliveries import Delivery
from streams.steps.state import State
from streams.steps.steps import STEPS, step
from streams.wire.wire import KINDS, decode, encode
from tests.streams.bench import BORN, ELDERLY, Bench, register
from tests.streams.world import DAY, coverage, parts, people, publication, run


def brief(lines: list[CandidateChange]) -> list[tuple[str, int, str, str]]:
    return [(line.id, line.subject, line.change, line.cause.kind) for line in lines]


def test_every_kind_of_message_has_a_step() -> None:
    """The table of steps and the wire have the same messages."""
    assert set(STEPS) == set(KINDS)


def test_records_of_a_published_policy_make_lines_in_order() -> None:
    """An id is offset and place; lines are sorted by policy and subject; the cause names feed, unit and delivery, never a person."""
    bench = Bench(publication(ELDERLY), DeliveryStarted("hukou", 0, 1, "d-1"))

    lines = bench.do(people(1, 1, [9, 3, 5], [BORN] * 3))

    assert brief(lines) == [("4.0", 3, "entered", "record"), ("4.1", 5, "entered", "record"), ("4.2", 9, "entered", "record")]
    assert lines[0].cause.detail == "hukou putuo-psb 1"
    assert {line.day for line in lines} == {DAY}


def test_messages_before_the_catalogue_are_refused() -> None:
    """Only a tick needs no feeds."""
    state = State(parts())
    step(state, Tick(DAY), 0)

    for message in (DeliveryStarted("hukou", 0, 1, "d"), publication(ELDERLY), coverage("c", "hukou", DAY)):
        with pytest.raises(Refusal, match="no feed catalogue yet"):
            step(state, message, 1)

    assert state.offset == 0


def test_started_delivery_keeps_its_number() -> None:
    """A second start changes nothing; another id cannot take the number, nor the same id another number."""
    bench = Bench(DeliveryStarted("hukou", 0, 1, "a"))

    bench.do(DeliveryStarted("hukou", 0, 1, "a"))

    assert bench.state.delivery_number("hukou", 0, "a") == (1, 0, False)
    assert bench.state.delivery_number("hukou", 0, "b") == (2, 0, False)
    bench.refuses(DeliveryStarted("hukou", 0, 1, "b"), "should be 2")
    bench.refuses(DeliveryStarted("hukou", 0, 2, "a"), "should be 1")
    bench.refuses(DeliveryStarted("hukou", 1, 1, "a"), "has 1 sources")
    bench.refuses(DeliveryStarted("cadastre", 0, 1, "a"), "no feed cadastre")


def test_interrupted_delivery_resumes_behind_the_highest_row() -> None:
    """Each row counts once, in whatever order and however often it comes."""
    bench = Bench(DeliveryStarted("hukou", 0, 1, "a"))
    first, second = people(1, 1, [1, 2, 3], [BORN] * 3), people(1, 4, [4, 5], [BORN] * 2)

    bench.do(second, second, first, first)

    assert bench.state.delivery_number("hukou", 0, "a") == (1, 5, False)
    bench.refuses(DeliveryCompleted("hukou", 0, 1, "a", 7, 1), "claims 7 rows, 1 of them unreadable, and 5 were applied")
    bench.do(DeliveryCompleted("hukou", 0, 1, "a", 6, 1), DeliveryCompleted("hukou", 0, 1, "a", 6, 1))
    assert bench.state.delivery_number("hukou", 0, "a") == (1, 5, True)
    bench.refuses(DeliveryCompleted("hukou", 0, 1, "a", 6, 0), "differs from what is on record")


def test_batch_must_fit_its_contract() -> None:
    """A batch with an unknown delivery, wrong columns, types, codes or tokens is refused as a whole."""
    bench = Bench(DeliveryStarted("hukou", 0, 1, "a"))
    good = people(1, 1, [1, 2], [BORN] * 2)

    bench.refuses(people(2, 1, [1], [BORN]), "has not been started")
    bench.refuses(replace(good, feed="cadastre"), "no feed cadastre")
    bench.refuses(replace(good, source=4), "has 1 sources")
    bench.refuses(replace(good, links={}), "links should be household")
    bench.refuses(replace(good, values={**good.values, "shoe_size": good.values["sex"]}), "found .*shoe_size")
    bench.refuses(replace(good, subject=np.array([1, 0], np.uint64)), "subject")
    bench.refuses(replace(good, order=good.order.astype(np.int32)), "int64")
    bench.refuses(replace(good, flags=good.flags[:1]), "flags")
    bench.refuses(replace(good, row=np.array([0, 1], np.int32)), "row")
    for name, code in (("sex", 2), ("sex", -1), ("division", 2)):
        bench.refuses(replace(good, values={**good.values, name: np.array([0, code])}), f"{name} should be 0..1, found {code}")


def test_full_replacement_withdraws_what_is_older() -> None:
    """It does so only when the delivery is complete, as one set of lines."""
    bench = Bench(publication(ELDERLY), *register(1, 2, 3))

    lines = bench.do(*register(2, 4, number=2, replaces=True))

    assert [(line.subject, line.change, line.cause.kind) for line in lines] == [(1, "left", "record"), (3, "left", "record")]
    assert bench.listed_subjects() == [2, 4]


def test_coverage_waits_for_its_delivery() -> None:
    """A statement that names a delivery proves nothing before that is complete, with the stated number of rows."""
    bench = Bench(publication(ELDERLY), DeliveryStarted("hukou", 0, 1, "d-1"), people(1, 1, [1, 2], [BORN] * 2))
    bench.do(coverage("c1", "hukou", DAY, "d-1", 2))
    assert bench.state.statements.entries["c1"].standing == "pending"

    lines = bench.do(DeliveryCompleted("hukou", 0, 1, "d-1", 2, 0))

    assert [(line.subject, line.change, line.status, line.cause.detail) for line in lines] == [
        (1, "changed", "eligible", "c1"),
        (2, "changed", "eligible", "c1"),
    ]
    assert bench.do(coverage("c1", "hukou", DAY, "d-1", 2)) == []
    bench.refuses(coverage("c1", "hukou", DAY, "d-1", 3), "exists with another content")


def test_coverage_with_other_rows_proves_nothing() -> None:
    """A waiting statement that disagrees with its delivery stays without effect, with a notice; a later one is refused."""
    bench = Bench(publication(ELDERLY), coverage("before", "hukou", DAY, "d-1", 9), *register(1, 2))

    refusal = bench.refuses(coverage("after", "hukou", DAY, "d-1", 9), "has 9 rows; it has 2")

    assert refusal.exit_code == 3
    assert [(n.kind, n.about) for n in bench.state.notices] == [("coverage_rows", "before")]
    assert bench.state.statements.in_effect() == [] and list(bench.state.statements.entries) == ["before"]


@pytest.mark.parametrize("replaces", [False, True])
def test_coverage_is_voided_by_unreadable_rows(replaces: bool) -> None:
    """The delivery has more rows without subject than the contract allows, so it may lack any person. A later statement is refused."""
    bench = Bench(publication(ELDERLY), coverage("c1", "hukou", DAY, "d-1"), *register(1, 2, unplaced=1, replaces=replaces))

    refusal = bench.refuses(coverage("c2", "hukou", DAY, "d-1"), "1 of 3 rows name nobody")

    assert bench.state.statements.entries["c1"].standing == "voided" and refusal.exit_code == 3
    assert [(n.kind, n.about) for n in bench.state.notices] == [("coverage_voided", "c1")]


def test_no_statement_reaches_beyond_the_day_of_its_receipt() -> None:
    """The message has that day, for a fold reads no clock; the same statement received on another day changes nothing."""
    bench = Bench(publication(ELDERLY), *register(1))
    today = replace(coverage("c1", "hukou", DAY), received=DAY)

    refusal = bench.refuses(replace(today, statement="c2", complete_to=DAY + timedelta(1)), "cannot reach beyond that day")
    bench.do(today)

    assert refusal.exit_code == 3 and bench.state.statements.entries["c1"].standing == "in_effect"
    assert bench.do(replace(today, received=DAY + timedelta(3))) == []


def test_coverage_withdrawn_takes_its_effect_back() -> None:
    """A second withdrawal changes nothing; that of an unknown statement is refused."""
    bench = Bench(publication(ELDERLY), *register(1), coverage("c1", "hukou", DAY))

    lines = bench.do(CoverageWithdrawn("c1"))

    assert [(line.status, line.before, line.cause.kind) for line in lines] == [("needs_evidence", "eligible", "coverage")]
    assert bench.do(CoverageWithdrawn("c1")) == []
    bench.refuses(CoverageWithdrawn("c2"), "no coverage statement c2")


def test_the_furthest_statement_stands_for_those_before_it() -> None:
    """Of all statements of a source about a street the matcher gets the furthest; when that is withdrawn, the one before it."""
    bench = Bench()
    for number in range(1, 31):
        bench.do(CoverageStated(f"s{number:02}", "medical_insurance", 0, "310107020", (), date(2026, 9, number)))
    bench.do(CoverageStated("list", "medical_insurance", 0, None, (7,), date(2026, 9, 1)))
    furthest = {statement.division: statement.complete_to for statement in bench.state.statements.in_effect()}

    bench.do(CoverageWithdrawn("s30"))

    assert furthest == {"310107020": date(2026, 9, 30), None: date(2026, 9, 1)}
    assert len(bench.state.statements.entries) == 31
    assert {statement.complete_to for statement in bench.state.statements.in_effect() if statement.division} == {date(2026, 9, 29)}


def test_coverage_names_a_division_or_subjects() -> None:
    """It needs exactly one of them, and a division needs its code."""
    bench = Bench()
    good = coverage("c1", "hukou", DAY)

    for bad in (replace(good, division=None), replace(good, subjects=(1,)), replace(good, division="Putuo")):
        bench.refuses(bad, "division code or a list")


def test_same_messages_give_the_same_lines_and_state() -> None:
    """This holds also for messages that were encoded and decoded."""
    plain, through_bytes = State(parts()), State(parts())

    for offset, message in enumerate(run(150)):
        assert list(step(plain, message, offset)) == list(step(through_bytes, decode(encode(message)), offset))

    assert plain.meta() == through_bytes.meta()


@given(st.integers(0, 149), st.integers(0, 2**16))
@settings(max_examples=15, deadline=None)
def test_state_restored_from_meta_and_arrays_goes_on_alike(cut: int, seed: int) -> None:
    """A state restored after any message gives the same lines for the following ones."""
    whole, messages = State(parts()), list(run(150, seed))
    for offset, message in enumerate(messages[:cut]):
        step(whole, message, offset)

    restored = State.restore(parts(), whole.meta(), whole.arrays())

    assert restored.meta() == whole.meta()
    for offset, message in enumerate(messages[cut:], cut):
        assert list(step(restored, message, offset)) == list(step(whole, message, offset))
    assert restored.meta() == whole.meta()


@given(st.lists(st.lists(st.integers(1, 30), max_size=8), max_size=6))
def test_rows_are_counted_once(batches: list[list[int]]) -> None:
    """This holds however often and in whatever order they come."""
    delivery, every = Delivery(1, "d"), set[int]()

    for batch in batches:
        delivery.add(np.array(batch, np.int32))
        every.update(batch)

    assert delivery.applied_rows == len(every)
    assert delivery.mark == max(every, default=0)
    assert all(second[0] > first[1] + 1 for first, second in zip(delivery.spans, delivery.spans[1:], strict=False))


@pytest.mark.parametrize(
    "message",
    [
        CheckAnswered(ELDERLY, 0, "check", True),
        CheckAnswered(ELDERLY, 1 << 64, "check", True),
        replace(coverage("s-9", "hukou", DAY), division=None, subjects=(-1,)),
        DeliveryStarted("hukou", 0, 1 << 31, "d-1"),
    ],
)
def test_numbers_that_have_no_room_are_refused(message: Input) -> None:
    """A token out of range or a number that does not fit is refused before its step."""
    bench = Bench(publication(ELDERLY))

    with pytest.raises(Refusal, match=r"out of range"):
        bench.do(message)


def test_rows_of_several_deliveries_are_no_message() -> None:
    """Only folders hold such rows."""
    bench = Bench(publication(ELDERLY), DeliveryStarted("hukou", 0, 1, "d-1"))

    with pytest.raises(Refusal, match=r"deliveries"):
        bench.do(replace(people(1, 1, [9], [BORN]), deliveries=np.ones(1, np.int32)))
