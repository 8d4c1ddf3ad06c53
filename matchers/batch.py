"""Record batches: rows of one delivery of one source, as columns of integers.

The one idea: past intake no text is handled row by row. A subject or link is a 64-bit keyed token (0 = empty), a key a 64-bit
hash, a value an encoded integer (see ``policies.catalogue``) or ``MISSING``; text and divisions are positions in the batch's own
dictionary, which the store turns into its append-only codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

MISSING = np.int64(-(2**63))
"""An empty cell, in int64."""
OPEN_FROM = np.int32(-(2**31) + 1)
OPEN_TO = np.int32(2**31 - 1)
"""Open ends of a validity interval, in days since 1970-01-01."""

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
        order: int64[n], the contract's order column (dates as days, times as microseconds); 0 where the delivery orders.
        row: int32[n], row number within the delivery, from 1.
        flags: uint8[n], DELETED and QUARANTINED.
        valid_from, valid_to: int32[n], days, both included; OPEN_FROM, OPEN_TO where open or without validity.
        links: by link name, uint64[n] tokens, 0 = empty.
        values: by field name, int64[n], MISSING = empty; every matrix field of the feed.
        dictionaries: by text or division field, the texts its values index.
        identity: uint64[n], hash of the identity fields, 0 where there are none: only compared, to see that they changed.
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

    def __len__(self) -> int:
        return len(self.key)

    def slice(self, start: int, stop: int) -> RecordBatch:
        """Rows start..stop, sharing memory and dictionaries."""
        part = np.s_[start:stop]
        return RecordBatch(
            self.feed, self.source, self.delivery, self.key[part], self.subject[part], self.order[part], self.row[part],
            self.flags[part], self.valid_from[part], self.valid_to[part],
            {name: column[part] for name, column in self.links.items()},
            {name: column[part] for name, column in self.values.items()},
            self.dictionaries, None if self.identity is None else self.identity[part],
        )  # fmt: skip
