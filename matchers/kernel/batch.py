"""Record batches: rows of one delivery of one source, as columns of integers.

``connectors.intake`` makes them, and no later code handles text row by row. A subject or link is a 64-bit keyed token (0: empty), a key a
64-bit hash, a value an encoded integer (``policies.language.catalogue``) or ``MISSING``. Texts and divisions are positions in a dictionary
of the batch, which the store turns into its own codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

MISSING = np.int64(-(2**63))
"""An empty cell, in int64."""
OPEN_FROM = np.int32(-(2**31) + 1)
OPEN_TO = np.int32(2**31 - 1)
"""Open ends of a validity interval, in days since 1970-01-01."""

NO_ORDER = np.int64(2**63 - 1)
"""The order of a row without a usable one (docs/en/semantics.md, section 1.1); such a row is QUARANTINED."""

NEWS, SAME, OLDER = np.uint8(0), np.uint8(1), np.uint8(2)
"""What a row does when it comes: it changes its record, says the same, or is older and ignored."""

DELETED = np.uint8(1)
QUARANTINED = np.uint8(2)

Int64 = npt.NDArray[np.int64]
UInt64 = npt.NDArray[np.uint64]
Int32 = npt.NDArray[np.int32]
UInt8 = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class RecordBatch:
    """n rows of (feed, source, delivery).

    Args:
        source: position of the source in the feed contract's list.
        delivery: the source's delivery number, from 1.
        key: uint64[n], hash of the record's key within its source.
        subject: uint64[n], token of the subject; never 0.
        order: int64[n], the contract's order column (dates as days, times as microseconds); 0 where the delivery orders,
            NO_ORDER where it cannot be used.
        row: int32[n], row number within the delivery, from 1.
        flags: uint8[n], DELETED and QUARANTINED.
        valid_from, valid_to: int32[n], days, both included; OPEN_FROM, OPEN_TO where open or without validity.
        links: by link name, uint64[n] tokens, 0 = empty.
        values: by field name, int64[n], MISSING = empty; every matrix field of the feed.
        dictionaries: by text or division field, the texts its values index.
        identity: uint64[n], hash of the identity fields, 0 where there are none; it is only compared, to notice a change.
        deliveries: int32[n], the delivery of each row where they are of several (``matchers.matrix.folders``); ``delivery`` is then 0.
    """

    feed: str
    source: int
    delivery: int
    key: UInt64
    subject: UInt64
    order: Int64
    row: Int32
    flags: UInt8
    valid_from: Int32
    valid_to: Int32
    links: Mapping[str, UInt64]
    values: Mapping[str, Int64]
    dictionaries: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    identity: UInt64 | None = None
    deliveries: Int32 | None = None

    def __len__(self) -> int:
        return len(self.key)

    def slice(self, start: int, stop: int) -> RecordBatch:
        """Rows start..stop, sharing memory and dictionaries."""
        return self._of(np.s_[start:stop])

    def where(self, keep: npt.NDArray[np.bool_]) -> RecordBatch:
        """The rows where ``keep`` holds, in their order, sharing dictionaries."""
        return self if keep.all() else self._of(np.flatnonzero(keep))

    def with_blanks(self, rows: npt.NDArray[np.bool_]) -> RecordBatch:
        """The batch with these rows blank: they keep their row numbers, so that the delivery stays whole, and nothing else.

        Texts of a dictionary that no row uses any more become empty; the others keep their places.
        """

        def but(column: npt.NDArray[Any], value: Any) -> npt.NDArray[Any]:
            return np.where(rows, column.dtype.type(value), column)

        values = {name: but(column, MISSING) for name, column in self.values.items()}
        return RecordBatch(
            self.feed, self.source, self.delivery, but(self.key, 0), but(self.subject, 0), but(self.order, 0), self.row,
            but(self.flags, 0), but(self.valid_from, OPEN_FROM), but(self.valid_to, OPEN_TO),
            {name: but(column, 0) for name, column in self.links.items()}, values,
            {name: _texts_in_use(texts, values[name]) for name, texts in self.dictionaries.items()},
            None if self.identity is None else but(self.identity, 0), self.deliveries,
        )  # fmt: skip

    def _of(self, part: Any) -> RecordBatch:
        return RecordBatch(
            self.feed, self.source, self.delivery, self.key[part], self.subject[part], self.order[part], self.row[part],
            self.flags[part], self.valid_from[part], self.valid_to[part],
            {name: column[part] for name, column in self.links.items()},
            {name: column[part] for name, column in self.values.items()},
            self.dictionaries, None if self.identity is None else self.identity[part],
            None if self.deliveries is None else self.deliveries[part],
        )  # fmt: skip


def wide(lanes: Int32) -> Int64:
    """Two lanes as one number, the lower half first."""
    return np.ascontiguousarray(lanes).view(np.int64).ravel()


def _texts_in_use(texts: tuple[str, ...], values: Int64) -> tuple[str, ...]:
    """The texts that some value refers to; "" in the places of the others."""
    used = set(np.unique(values).tolist())
    return tuple(text if place in used else "" for place, text in enumerate(texts))


def latest(batch: RecordBatch) -> npt.NDArray[np.bool_]:
    """Which rows of a batch are the latest of their record in it; of equal ones the first, as in the store."""
    out = np.ones(len(batch), np.bool_)
    keys = np.sort(batch.key)
    if (keys[1:] == keys[:-1]).any():
        order = np.lexsort((-np.arange(len(batch)), batch.row, batch.order, batch.key))
        key = batch.key[order]
        out[order[:-1]] = key[1:] != key[:-1]
    return out
