"""Bounds and the book: the name of a hold, and the lines of its release."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from fractions import Fraction

import numpy as np
import pytest

from streams.language.causes import AmendmentCause, ReleaseCause, VersionName
from streams.lists.book import Book
from streams.lists.bounds import ListBounds, PolicyBounds
from streams.lists.instructions import DecideHold, SetBounds
from streams.lists.lines import Lines, lines

DAY = date(2026, 10, 15)
AMENDED = AmendmentCause(VersionName("p", 2))
LEFT, CAME = range(1, 31), range(31, 41)


def test_an_amendment_is_named_by_the_version_that_came() -> None:
    """Lines of exits name the old version; the hold is about the new one."""
    bounds = ListBounds({"p": PolicyBounds.read("benefit", 20, "1/5", {}, ())})

    beyond = bounds.hold_trigger(("p", 1, DAY, AMENDED), 30, 60)
    within = bounds.hold_trigger(("p", 1, DAY, AMENDED), 12, 60)

    assert (beyond, within) == (AMENDED, None)


def amendment(versions: Sequence[int]) -> Lines:
    """Thirty subjects leave by the first version, ten enter by the second; ``versions`` is the order of the heads."""
    heads = [("p", version, DAY, AMENDED) for version in versions]
    head = [versions.index(1)] * len(LEFT) + [versions.index(2)] * len(CAME)
    before = [1] * len(LEFT) + [0] * len(CAME)
    columns = (np.array(head, np.int32), np.zeros(40, np.int32), np.arange(1, 41, dtype=np.uint64))
    return Lines(0, heads, [((), ())], *columns, np.array(before, np.uint8), np.array([1 - status for status in before], np.uint8))


@pytest.mark.parametrize("versions", [(1, 2), (2, 1)])
def test_a_release_is_told_of_the_newest_version_whatever_the_order_of_heads(versions: Sequence[int]) -> None:
    """Lines of several partitions come in any order, and both hosts must write the same."""
    book = Book()
    book.take((SetBounds(DAY, "p", 2, "benefit", 20, Fraction(1, 5), {}, ()),), lines((), -1))

    book.sizes["p"] = len(LEFT)

    entries = list(book.take((), amendment(versions)))
    (hold,) = book.holds
    released = list(book.take((DecideHold(DAY, hold, "release", "a", "b", "so"),), lines((), 1)))

    assert [line.subject for line in entries] == list(CAME)
    assert [(line.subject, line.version, line.cause) for line in released] == [(subject, 2, ReleaseCause(hold)) for subject in LEFT]
