"""Moves the records of a feed whose contract has grown into the lanes of its new layout.

The lanes that every record has (version, subject, chains, validity, links) stay in place, for only fields are added. A field is copied by
its name, into two lanes where it has become wider; a new field is an empty cell in every record. Called by ``matchers.matrix.store``.
Source: docs/en/semantics.md section 1.8.
"""

from __future__ import annotations

import numpy as np

from matchers.kernel.batch import MISSING, Int32, Int64, wide
from matchers.kernel.kernels.records import DELETED, FLAGS, HIDDEN, MISSING32, QUARANTINED
from matchers.kernel.layout import FeedLayout


def laid_anew(arena: Int32, count: int, old: FeedLayout, new: FeedLayout) -> Int32:
    """The arena of a feed in its new lanes, with as many rows.

    Args:
        count: the rows in use.
    """
    out = np.zeros((len(arena), new.width), np.int32)
    begins = old.link0 + 3 * len(old.links)
    out[:count, :begins] = arena[:count, :begins]
    for name, (lane, double) in new.lanes.items():
        column = _column(arena[:count], old, name)
        if double:
            out[:count, lane : lane + 2] = column.view(np.int32).reshape(count, 2)
        else:
            out[:count, lane] = np.where(column == MISSING, MISSING32, column)
    if old.identity >= 0:
        out[:count, new.identity : new.identity + 2] = arena[:count, old.identity : old.identity + 2]
    return out


def _column(rows: Int32, lay: FeedLayout, name: str) -> Int64:
    """A field's column, int64 with MISSING; all MISSING where the layout has no such field."""
    if name not in lay.lanes:
        return np.full(len(rows), MISSING, np.int64)
    lane, double = lay.lanes[name]
    return wide(rows[:, lane : lane + 2]) if double else np.where(rows[:, lane] == MISSING32, MISSING, rows[:, lane].astype(np.int64))


def extremes(rows: Int32, lay: FeedLayout, name: str) -> tuple[int, int] | None:
    """The least and the greatest value of a field in the records of a feed; None where there is none."""
    column = _column(rows[(rows[:, FLAGS] & (DELETED | QUARANTINED | HIDDEN)) == 0], lay, name)
    column = column[column != MISSING]
    return (int(column.min()), int(column.max())) if len(column) else None
