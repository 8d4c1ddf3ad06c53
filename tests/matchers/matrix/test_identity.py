"""Merges and splits among everything else, at random: nobody can tell whether the rows came before the decision or after it.

The one idea: the schedules of ``test_incremental`` and ``test_sharded`` with corrections among their messages; at the end a matcher that never
heard of a correction is given the same rows with every name replaced, and so is the naive evaluator.
"""

from __future__ import annotations

from collections import Counter

import pytest

from tests.matchers import test_sharded
from tests.matchers.corrected import Corrected
from tests.matchers.counting import Counted, chunks, need

CHUNKS, SCHEDULES = 8, 8
STEPS = 30
PARTITIONS = (1, 2, 3, 7)


class Sharded(Corrected, test_sharded.Schedule):
    """The same over several shards."""


def run(one: Corrected) -> Counter[str]:
    """One schedule, checked after every message and at its end."""
    one.prepared()
    one.step(one.begin)
    one.step(one.publish)
    words = [one.records] * 6 + [one.correct] * 3 + [one.cover] * 2 + [one.tick] * 2 + [one.publish] + [one.answer] * 3
    words += [one.withdraw, one.replace, one.restore] + [one.merge] * 5 + [one.undo] * 3 + [one.hand] * 3 + [one.take_back] * 2
    if isinstance(one, Sharded):
        words += [one.move, one.join, one.publish_far] * 2 + [one.hand_over]
    first = [one.merge] * one.rng.choice([0, 0, 1, 2])
    for message in [*first, one.records, one.cover, one.publish, one.publish, *one.rng.choices(words, k=STEPS)]:
        one.step(message)
    while one.pending:
        one.step(one.records)
    for message in (one.publish, one.merge, one.tick, one.merge):
        one.step(message)
    one.ends()
    return one.counts


need(
    "identity", len(chunks(CHUNKS)),
    {
        "message: merge": 250, "message: undo": 100, "message: hand": 100, "message: take_back": 60, "changes of corrections": 80,
        "decisions in force at the end": 200, "cells that count otherwise than delivered": 200, "subjects against naive": 450,
    },
)  # fmt: skip
need(
    "identity, sharded", len(chunks(CHUNKS)) * len(PARTITIONS), {"message: merge": 80, "message: undo": 30, "moves between partitions": 30}
)


@pytest.mark.parametrize("chunk", chunks(CHUNKS))
def test_decision_and_rows_in_any_order_give_the_same(chunk: int, counted: Counted) -> None:
    """After every message the lists told are the full evaluation; at the end they are those of the world with every name replaced."""
    counts: Counter[str] = Counter()
    for seed in range(chunk * SCHEDULES, (chunk + 1) * SCHEDULES):
        try:
            counts += run(Corrected(seed))
        except Exception as error:
            raise AssertionError(f"seed {seed}: {error}") from error
    counted("identity", counts)


@pytest.mark.parametrize("partitions", PARTITIONS)
@pytest.mark.parametrize("chunk", chunks(CHUNKS))
def test_shards_correct_as_one_matcher_does(chunk: int, partitions: int, counted: Counted) -> None:
    """After every message what N shards moved is what one matcher moved, whoever owns whom from then on."""
    one = Sharded(chunk, partitions)
    try:
        counts = run(one)
    except Exception as error:
        raise AssertionError(f"seed {chunk}, {partitions} partitions: {error}") from error
    for policy in one.policies.values():
        one.matcher.judges_alike(policy)
    counted("identity, sharded", counts + one.matcher.went_through)
