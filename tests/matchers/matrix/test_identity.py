"""Random merges and splits among all other messages: the result is the same whether the rows came before the decision or after it.

The schedules of ``test_incremental`` and ``test_sharded`` get corrections among their messages. At the end, a matcher without corrections and
the naive evaluator read the same rows with every name replaced.
"""

from __future__ import annotations

from collections import Counter

import pytest

from tests.matchers import test_sharded
from tests.matchers.correction_schedule import CorrectionSchedule
from tests.matchers.counting import AddCounts, chunks, need

CHUNKS, SCHEDULES = 8, 8
RUN = chunks(CHUNKS, (0, 1))
STEPS = 30
PARTITIONS = (1, 2, 3, 7)


class PartitionedCorrectionSchedule(CorrectionSchedule, test_sharded.PartitionedSchedule):
    """The same schedule over several shards."""


def run(schedule: CorrectionSchedule) -> Counter[str]:
    """One schedule, checked after every message and at its end."""
    schedule.prepare()
    schedule.step(schedule.begin)
    schedule.step(schedule.publish)
    words = (
        [schedule.records] * 6
        + [schedule.correct] * 3
        + [schedule.cover] * 2
        + [schedule.tick] * 2
        + [schedule.publish]
        + [schedule.answer] * 3
    )
    words += (
        [schedule.withdraw, schedule.replace, schedule.restore]
        + [schedule.merge] * 5
        + [schedule.undo] * 3
        + [schedule.hand] * 3
        + [schedule.take_back] * 2
    )
    if isinstance(schedule, PartitionedCorrectionSchedule):
        words += [schedule.move, schedule.join, schedule.publish_far] * 2 + [schedule.hand_over]
    first = [schedule.merge] * schedule.rng.choice([0, 0, 1, 2])
    for message in [*first, schedule.records, schedule.cover, schedule.publish, schedule.publish, *schedule.rng.choices(words, k=STEPS)]:
        schedule.step(message)
    while schedule.pending:
        schedule.step(schedule.records)
    for message in (schedule.publish, schedule.merge, schedule.tick, schedule.merge):
        schedule.step(message)
    schedule.ends()
    return schedule.counts


need(
    "identity", RUN, CHUNKS,
    {
        "message: merge": 250, "message: undo": 100, "message: hand": 100, "message: take_back": 60, "changes of corrections": 80,
        "decisions in force at the end": 200, "cells that count otherwise than delivered": 200, "subjects against naive": 450,
    },
)  # fmt: skip
need(
    "identity, sharded",
    RUN,
    CHUNKS,
    {"message: merge": 80, "message: undo": 30, "moves between partitions": 30},
    tests=len(PARTITIONS),
)


@pytest.mark.parametrize("chunk", RUN)
def test_decision_and_rows_in_any_order_give_the_same(chunk: int, add_counts: AddCounts) -> None:
    """After every message the lists are the full evaluation; at the end they are those of the world with every name replaced."""
    counts: Counter[str] = Counter()
    for seed in range(chunk * SCHEDULES, (chunk + 1) * SCHEDULES):
        try:
            counts += run(CorrectionSchedule(seed))
        except Exception as error:
            raise AssertionError(f"seed {seed}: {error}") from error
    add_counts("identity", counts)


@pytest.mark.parametrize("partitions", PARTITIONS)
@pytest.mark.parametrize("chunk", RUN)
def test_shards_correct_as_one_matcher_does(chunk: int, partitions: int, add_counts: AddCounts) -> None:
    """After every message the changes of N shards are those of one matcher, whichever shard owns a subject from then on."""
    schedule = PartitionedCorrectionSchedule(chunk, partitions)
    try:
        counts = run(schedule)
    except Exception as error:
        raise AssertionError(f"seed {chunk}, {partitions} partitions: {error}") from error
    for policy in schedule.policies.values():
        schedule.matcher.judges_alike(policy)
    add_counts("identity, sharded", counts + schedule.matcher.went_through)
