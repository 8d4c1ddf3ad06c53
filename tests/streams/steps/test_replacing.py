"""Full replacements as steps: what a delivery may claim, its lines when it is complete, and the counts of its rows.

Most tests run with the real matcher and with the fake one. The fake one stores every version, so a version that the real one drops too
early shows. Source: docs/en/semantics.md sections 1.1, 1.2 and 18.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from matchers.kernel.batch import NO_ORDER, QUARANTINED, RecordBatch
from matchers.worlds import token
from policies.checking.checker import check
from policies.values import Kind
from policies.yaml.document import load
from services.state.as_of import core
from streams.language.messages import CandidateChange, DeliveryCompleted, DeliveryStarted, Input, PolicyPublished, Tick
from streams.ledgers.deliveries import Delivery
from streams.lists.instructions import HoldAllExits
from streams.steps.state import State
from streams.steps.steps import apply_message, step
from tests.streams.bench import BORN, ELDERLY, Bench
from tests.streams.growing import Contracts, Rows, policy_text
from tests.streams.world import DAY, build, network, parts, people, publication

HEAD = ("hukou", 0)
Lines = list[tuple[int, str, str]]


class ReplacementBench(Bench):
    """A bench with the real matcher or the fake one, and short forms of the messages of a delivery."""

    def __init__(self, real: bool, *messages: Input) -> None:
        self.state = State(parts(real))
        self.do(Tick(DAY), network(), *messages)

    def begin(self, number: int, replaces: bool = False) -> None:
        self.do(DeliveryStarted(*HEAD, number, f"d-{number}", replaces))

    def send(self, number: int, subjects: Sequence[int], orders: Sequence[int], first: int = 1, **changes: Any) -> Lines:
        return self.lines_of(register(number, subjects, orders, first, **changes))

    def complete(self, number: int, rows: int, unplaced: int = 0) -> Lines:
        delivery = self.state.deliveries.by_number(*HEAD, number)
        assert delivery is not None
        return self.lines_of(DeliveryCompleted(*HEAD, number, f"d-{number}", rows, unplaced, delivery.replaces))

    def full(self, number: int, subjects: Sequence[int], orders: Sequence[int]) -> Lines:
        self.begin(number, replaces=True)
        self.send(number, subjects, orders)
        return self.complete(number, len(subjects))

    def lines_of(self, message: Input) -> Lines:
        return [brief(line) for line in self.do(message)]

    def older_and_same(self, number: int) -> tuple[int, int]:
        delivery = self.state.deliveries.by_number(*HEAD, number)
        assert isinstance(delivery, Delivery)
        return delivery.older, delivery.same

    def listed_subjects(self, policy: str = ELDERLY) -> list[int]:
        return sorted(int(getattr(candidate, "subject", None) or candidate[0]) for candidate in self.state.matcher.candidates(policy))

    def shrunk(self, message: DeliveryCompleted) -> bool:
        """Whether the replacement is so short that all exits are held."""
        _, instructions = apply_message(self.state, message, self.state.offset + 1)
        return any(isinstance(instruction, HoldAllExits) for instruction in instructions)


def brief(line: CandidateChange) -> tuple[int, str, str]:
    return line.subject, line.change, line.cause.kind


def register(number: int, subjects: Sequence[int], orders: Sequence[int], first: int = 1, **changes: Any) -> RecordBatch:
    batch = people(number, first, list(subjects), [BORN] * len(subjects))
    return replace(batch, order=np.array(orders, np.int64), **changes)


real = pytest.mark.parametrize("real", [True, False], ids=["real", "fake"])


@real
def test_record_the_newest_full_file_holds_is_there(real: bool) -> None:
    """This holds also where its order is lower; persons who are not in it leave in one step, when it is complete."""
    bench = ReplacementBench(real, publication(ELDERLY))
    bench.full(1, [1, 2, 3], [20, 20, 20])
    bench.begin(2, replaces=True)

    assert bench.send(2, [1, 2, 4], [30, 10, 10]) == [(4, "entered", "record")]
    assert bench.complete(2, 3) == [(3, "left", "record")]
    assert bench.listed_subjects() == [1, 2, 4]


@real
def test_tombstone_below_a_full_replacement_does_not_count(real: bool) -> None:
    """A person deleted with a higher order is there again once a full file has them."""
    bench = ReplacementBench(real, publication(ELDERLY))
    bench.full(1, [1, 2], [5, 5])
    bench.begin(2)
    assert bench.send(2, [1], [90], flags=np.array([1], np.uint8)) == [(1, "left", "record")]
    bench.complete(2, 1)

    assert bench.full(3, [1, 2], [6, 6]) == [(1, "entered", "record")]


@real
def test_several_full_files_are_open_at_once(real: bool) -> None:
    """Each keeps its waiting rows; the greater number counts, also where it is complete first; a smaller one changes nothing after it."""
    bench = ReplacementBench(real, publication(ELDERLY))
    bench.full(1, [1, 2, 3], [50, 50, 50])
    bench.begin(2, replaces=True)
    bench.begin(3, replaces=True)
    bench.send(3, [1, 4], [10, 10])
    bench.send(2, [2, 4], [40, 40])

    assert bench.complete(3, 2) == [(2, "left", "record"), (3, "left", "record")]
    assert bench.listed_subjects() == [1, 4]
    assert bench.complete(2, 2) == [] and bench.listed_subjects() == [1, 4]
    assert bench.send(2, [2], [99], first=3) == [] and bench.older_and_same(2)[0] >= 1


def test_a_restart_while_a_full_file_is_open_changes_no_order() -> None:
    """Records stay in the order of arrival, so an explanation reads the same after a restart."""
    first = Contracts().message()
    catalogue = build(first.units, first.contracts)
    homes = Rows("household", 0, 1, False, ((0, 0, 9, {"division": "310107020", "size": 5}),), 0)
    old, new = (
        Rows("hukou", 0, number, number == 2, tuple((person, 0, order, {"of": 0, "division": "310107020"}) for person in range(6)), 0)
        for number, order in ((1, 9), (2, 1))
    )
    started, rows, complete = new.messages(catalogue)
    text = policy_text("poor")
    policy = check(load(text, "poor"), catalogue).policy
    assert policy is not None
    poor = PolicyPublished("poor", 1, text, policy.digest, "a", "b")
    state = State(parts(real=True))
    for offset, message in enumerate([first, Tick(DAY), *homes.messages(catalogue), *old.messages(catalogue), poor, started, rows]):
        step(state, message, offset)
    again = State.restore(parts(real=True), state.meta(), {name: array.copy() for name, array in state.arrays().items()})

    for either in (state, again):
        step(either, complete, state.offset + 1)
    explained, other = (core(either).explain("poor", token(Kind.HOUSEHOLD, "0")) for either in (state, again))
    assert explained == other


@real
def test_full_file_that_is_not_sound_is_an_ordinary_delivery(real: bool) -> None:
    """Too many of its rows have no subject: nothing is withdrawn, and its waiting rows do not count."""
    bench = ReplacementBench(real, publication(ELDERLY))
    bench.full(1, [1, 2], [20, 20])
    bench.begin(2, replaces=True)
    bench.send(2, [2, 3], [10, 10])

    assert bench.complete(2, 5, unplaced=3) == []
    assert bench.listed_subjects() == [1, 2, 3] and bench.older_and_same(2) == (1, 0)
    assert bench.state.deliveries.replacement(*HEAD) is bench.state.deliveries.by_number(*HEAD, 1)


@real
def test_row_without_usable_order_hides_the_record_until_a_sound_one_comes_behind_it(real: bool) -> None:
    """The sound row may have any order: the greatest usable order counts then."""
    bench = ReplacementBench(real, publication(ELDERLY))
    bench.full(1, [1], [20])
    bench.begin(2)
    doubtful: dict[str, Any] = {"flags": np.array([QUARANTINED], np.uint8)}
    bench.send(2, [1], [int(NO_ORDER)], **doubtful)
    traces = bench.state.matcher.traces(1)
    assert [trace.order for trace in traces if trace.delivery == 2] == [int(NO_ORDER)]

    bench.send(2, [1], [3], first=2)

    if real:
        assert next((trace.order, trace.delivery) for trace in bench.state.matcher.traces(1)) == (20, 1)
    assert bench.listed_subjects() == [1]
    bench.send(2, [1], [int(NO_ORDER)], first=1, **doubtful)
    assert bench.listed_subjects() == [1] and bench.older_and_same(2)[0] == 1


def test_rows_are_counted_once() -> None:
    """Older rows and equal rows are counted by row number, however often a batch comes; after completion none of them is older."""
    bench = ReplacementBench(True, publication(ELDERLY))
    bench.full(1, [1, 2, 3], [20, 20, 20])
    bench.begin(2, replaces=True)
    for _ in range(2):
        bench.send(2, [1, 2, 4], [10, 30, 10])
    assert bench.older_and_same(2) == (1, 1)

    bench.complete(2, 3)

    assert bench.older_and_same(2) == (0, 2)
    restored = State.restore(parts(True), bench.state.meta(), {name: array.copy() for name, array in bench.state.arrays().items()})
    assert restored.deliveries.meta() == bench.state.deliveries.meta()


@real
def test_what_waits_is_part_of_the_state(real: bool) -> None:
    """A restored state has the waiting rows and the open full files."""
    bench = ReplacementBench(real, publication(ELDERLY))
    bench.full(1, [1, 2, 3], [20, 20, 20])
    bench.begin(2, replaces=True)
    bench.send(2, [1, 2], [10, 10])
    bench.state = State.restore(parts(real), bench.state.meta(), {name: array.copy() for name, array in bench.state.arrays().items()})
    bench.send(2, [4], [1], first=3)

    assert bench.complete(2, 3) == [(3, "left", "record")]
    assert bench.listed_subjects() == [1, 2, 4]


def test_a_delivery_says_once_whether_it_replaces() -> None:
    """A second start, or an end, that claims the other is refused; so is a number out of turn."""
    bench = ReplacementBench(False)
    bench.begin(1, replaces=True)
    bench.begin(3)

    bench.refuses(DeliveryStarted(*HEAD, 1, "d-1"), "started as a full replacement")
    bench.refuses(DeliveryCompleted(*HEAD, 1, "d-1", 0, 0), "started as a full replacement")
    bench.refuses(DeliveryStarted(*HEAD, 3, "d-3", True), "started as no full replacement")
    bench.refuses(DeliveryStarted(*HEAD, 2, "d-2"), "should be 4")
    bench.do(DeliveryStarted(*HEAD, 1, "d-1", True), DeliveryCompleted(*HEAD, 1, "d-1", 0, 0, True))


def test_row_without_order_must_be_quarantined() -> None:
    """Any other batch is refused."""
    bench = ReplacementBench(False)
    bench.begin(1)

    bench.refuses(register(1, [1], [int(NO_ORDER)]), "order")
    bench.refuses(register(1, [1], [int(NO_ORDER)], flags=np.array([3], np.uint8)), "order")


@pytest.mark.parametrize(("row_count", "looked_at"), [(8, False), (7, True)])
@real
def test_first_full_file_is_held_against_the_records_that_were_there(real: bool, row_count: int, looked_at: bool) -> None:
    """Ordinary deliveries brought ten records that still exist: a full file with less than 0.8 of them is too short."""
    bench = ReplacementBench(real)
    bench.begin(1)
    bench.send(1, range(1, 12), [1] * 11)
    bench.send(1, [11], [2], first=12, flags=np.array([1], np.uint8))
    bench.complete(1, 12)
    bench.begin(2, replaces=True)
    bench.send(2, range(1, row_count + 1), [3] * row_count)

    assert bench.shrunk(DeliveryCompleted(*HEAD, 2, "d-2", row_count, 0, True)) is looked_at


def test_only_readable_rows_are_compared() -> None:
    """Rows without subject do not count, and the next full file is not compared with an unsound one."""
    bench = ReplacementBench(False)
    bench.begin(1, replaces=True)
    bench.send(1, range(1, 1001), [1] * 1000)
    bench.complete(1, 1001, unplaced=1)
    bench.begin(2, replaces=True)
    bench.send(2, [1], [2])
    bench.complete(2, 2, unplaced=1)
    bench.begin(3, replaces=True)
    bench.send(3, range(1, 801), [2] * 800)
    assert not bench.shrunk(DeliveryCompleted(*HEAD, 3, "d-3", 800, 0, True))
    bench.begin(4, replaces=True)
    bench.send(4, range(1, 640), [3] * 639)
    assert bench.shrunk(DeliveryCompleted(*HEAD, 4, "d-4", 639, 0, True))


def test_step_gives_what_moved() -> None:
    """The lines of the completion have a cause with the word `full`."""
    bench = ReplacementBench(True, publication(ELDERLY))
    bench.full(1, [1, 2], [5, 5])
    bench.begin(2, replaces=True)
    bench.send(2, [1], [1])

    lines = list(step(bench.state, DeliveryCompleted(*HEAD, 2, "d-2", 1, 0, True), bench.state.offset + 1))

    assert [(line.subject, line.change, line.cause.detail) for line in lines] == [(2, "left", "hukou putuo-psb 2 full")]
