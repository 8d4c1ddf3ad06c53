"""What every source has delivered, by hand: how many records are there, and which full replacements have too few rows.

Source: docs/en/semantics.md §1.1, §1.2 and §18.1.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from matchers.kernel import batch
from matchers.kernel.batch import RecordBatch
from streams.language.messages import DeliveryCompleted, DeliveryStarted
from tests.oracles.replacements import Limits, Replacements

NONE, DELETED, QUARANTINED = int(batch.NO_ORDER), int(batch.DELETED), int(batch.QUARANTINED)
Row = tuple[int, int, int]
"""Key, order, flags."""


def limits(feed: str) -> Limits:
    return Limits(Fraction(1, 10), Fraction(4, 5))


def rows(delivery: int, *entries: Row, first: int = 1, source: int = 0) -> RecordBatch:
    """A batch of these rows, numbered from the first."""
    key, order, flags = (np.array(column) for column in zip(*entries, strict=True))
    n, days = len(entries), np.zeros(len(entries), np.int32)
    return RecordBatch(
        "pension", source, delivery, key.astype(np.uint64), np.ones(n, np.uint64), order.astype(np.int64),
        np.arange(first, first + n, dtype=np.int32), flags.astype(np.uint8), days, days, {}, {},
    )  # fmt: skip


def end(delivery: int, count: int, unplaced: int = 0, replaces: bool = True, source: int = 0) -> DeliveryCompleted:
    return DeliveryCompleted("pension", source, delivery, f"d{delivery}", count, unplaced, replaces)


def shrunk(*messages: object) -> bool:
    """Is the last of the messages a full replacement with too few rows?"""
    fold = Replacements()
    return [fold.take(message, limits) for message in messages][-1]


def sound(count: int) -> list[Row]:
    return [(key, 1, 0) for key in range(1, count + 1)]


@pytest.mark.parametrize(
    ("entries", "there"),
    [
        ([(1, 1, 0), (2, 1, 0)], 2),
        ([(1, 1, 0), (1, 2, 0)], 1),
        ([(1, 1, 0), (1, 2, DELETED)], 0),
        ([(1, 2, 0), (1, 1, DELETED)], 1),
        ([(1, 1, QUARANTINED)], 1),
        ([(1, 1, 0), (1, NONE, QUARANTINED)], 1),
        ([(1, NONE, QUARANTINED), (1, 1, DELETED)], 0),
        ([(1, 9, DELETED), (1, NONE, QUARANTINED)], 1),
        ([(1, 9, DELETED), (1, NONE, QUARANTINED), (1, 1, 0)], 0),
        ([(1, 9, DELETED), (1, NONE, QUARANTINED | DELETED)], 1),
    ],
)
def test_how_many_records_are_there(entries: list[Row], there: int) -> None:
    """§1.1: winning and not deleted; in quarantine they are there."""
    fold = Replacements()
    fold.take(rows(1, *entries), limits)

    assert fold.there(("pension", 0)) == there


def test_below_a_sound_full_replacement_nothing_counts() -> None:
    """§1.2: not what is missing in it, no tombstone, no row without usable order; one that is not sound changes nothing."""
    fold = Replacements()
    for message in (rows(1, (1, 9, 0), (2, 9, DELETED), (3, NONE, QUARANTINED)), rows(2, (2, 1, 0)), end(2, 2, 1)):
        fold.take(message, limits)
    assert fold.there(("pension", 0)) == 2

    fold.take(end(2, 1), limits)

    assert fold.there(("pension", 0)) == 1


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([rows(1, *sound(10)), end(1, 10), rows(2, *sound(8)), end(2, 8)], False),
        ([rows(1, *sound(10)), end(1, 10), rows(2, *sound(7)), end(2, 7)], True),
        ([rows(1, *sound(10)), end(1, 11, 1), rows(2, *sound(8)), end(2, 8)], False),
        ([rows(1, *sound(100)), end(1, 100), rows(2, *sound(79)), end(2, 87, 8)], True),
        ([rows(1, *sound(100)), end(1, 100), rows(2, *sound(80)), end(2, 88, 8)], False),
        ([rows(1, *sound(10)), end(1, 10), rows(2, *sound(2)), end(2, 8, 6)], False),
        ([rows(1, *sound(10)), end(1, 10), rows(2, *sound(2)), end(2, 2, 0, False)], False),
        ([rows(1, *sound(10)), end(1, 10), rows(2, *sound(2)), end(2, 8, 6), rows(3, *sound(7)), end(3, 7)], True),
        ([rows(1, *sound(10)), end(1, 10), rows(2, *sound(2)), end(2, 8, 6), rows(3, *sound(8)), end(3, 8)], False),
        ([rows(1, *sound(10)), end(1, 10, 0, False), rows(2, *sound(7)), end(2, 7)], True),
        ([rows(1, *sound(10)), end(1, 10, 0, False), rows(2, *sound(8)), end(2, 8)], False),
        ([rows(1, *sound(10)), rows(2, *sound(7)), end(2, 7)], True),
        ([rows(1, *sound(10)), rows(2, (11, 1, 0)), end(2, 8)], True),
        ([rows(1, *sound(10), (9, 2, DELETED), (10, 2, DELETED)), rows(2, *sound(7)), end(2, 7)], False),
        ([rows(1, *sound(10)), end(1, 10), rows(2, *sound(10)), rows(2, (1, 2, 0), first=11), end(2, 11), rows(3, *sound(8)), end(3, 8)], True),
        ([rows(1, *sound(10), source=1), end(1, 10, source=1), rows(1, *sound(2)), end(1, 2)], False),
        ([end(1, 0)], False),
        ([DeliveryStarted("pension", 0, 1, "d1", True)], False),
        ([rows(1, *sound(10)), end(1, 10), rows(2, *sound(5)), rows(3, *sound(9)), end(3, 9), end(2, 5)], False),
    ],
    ids=[
        "at the share", "below the share", "rows of nobody are not counted before", "rows of nobody are not counted now", "exactly the share with rows of nobody",
        "one that is not sound replaces nothing", "an ordinary one", "one that is not sound is not compared with", "likewise, at the share", "the first after ordinary ones",
        "the first, at the share", "the first after rows without an end", "the first: its own rows are there before it is complete",
        "the first: deleted records are not there", "rows are counted, not records", "another source", "nothing", "a start", "behind a later one",
    ],
)  # fmt: skip
def test_a_full_replacement_with_too_few_rows(messages: list[object], expected: bool) -> None:
    """§18.1: below the share of the readable rows of the last sound one, or of the records that were there before the first."""
    assert shrunk(*messages) is expected
