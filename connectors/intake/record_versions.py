"""The order and the validity of rows, with the faults of their cells.

Called by ``connectors.intake.intake``. Source: docs/en/semantics.md, sections 1.1 (order) and 1.3 (validity).
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from connectors.identity.tokens import arrow_bytes
from connectors.intake.encoding import days
from connectors.intake.wordings import plain_date, read_again
from connectors.parsing.cells import SPACES, Fault, orders
from connectors.parsing.tables import Piece
from matchers.kernel.batch import MISSING, NO_ORDER, OPEN_FROM, OPEN_TO
from policies.language.catalogue import Feed

UInt8 = npt.NDArray[np.uint8]
Int64 = npt.NDArray[np.int64]
_EPOCH = date(1970, 1, 1)
_KINDS = {"number": 1, "date": 2, "time": 3}
"""The kinds of ``connectors.parsing.cells.orders``."""


class ColumnFaults(NamedTuple):
    """The faults of one column of a batch."""

    column: str
    faults: UInt8


def row_orders(feed: Feed, piece: Piece, received: date) -> tuple[Int64, UInt8]:
    """The order of each row, NO_ORDER where it cannot be used, and the faults.

    Args:
        received: the day of receipt; a day or time later than the next day is a fault.
    """
    n = len(piece.frame)
    if feed.order is None:
        return np.zeros(n, np.int64), np.zeros(n, np.uint8)
    kind, end = _KINDS[feed.order_type], ((received - _EPOCH).days + 2) * 86_400_000_000

    def read(data: UInt8, offsets: Int64) -> tuple[Int64, UInt8]:
        values, faults = orders(data, offsets, kind, end)
        return values, faults

    cells = piece.frame[feed.order]
    values, faults = read(*arrow_bytes(cells))
    if feed.layout.dates and feed.order_type != "number":
        refused = Fault.ORDER_DATE if feed.order_type == "date" else Fault.ORDER_TIME
        read_again(cells, values, faults, refused, plain_date(feed.layout), read)
    faults = add_marks(empty_as_fault(faults), piece, feed.order)
    return np.where(faults == Fault.SOUND, values, NO_ORDER), faults


def validity(feed: Feed, piece: Piece) -> tuple[Int64, Int64, list[ColumnFaults]]:
    """First and last days of each row, and the faults of both columns; an interval is open where its cell is empty or says so."""
    n = len(piece.frame)
    first, last = np.full(n, OPEN_FROM, np.int64), np.full(n, OPEN_TO, np.int64)
    if feed.validity is None:
        return first, last, []
    faults_of_ends = []
    for column, interval in zip(feed.validity, (first, last), strict=True):
        cells = piece.frame[column]
        values, faults = days(cells, feed.layout)
        if interval is last and feed.open_ends:
            _open(cells, values, faults, feed)
        faults = add_marks(faults, piece, column)
        np.copyto(interval, values, where=values != MISSING)
        faults_of_ends.append(ColumnFaults(column, faults))
    faults_of_ends[1].faults[(first > last) & (faults_of_ends[1].faults <= Fault.EMPTY)] = Fault.VALIDITY
    return first, last, faults_of_ends


def _open(cells: pl.Series, values: Int64, faults: UInt8, feed: Feed) -> None:
    """Empty the last days that mean "for ever"; where the contract names a day for that, its every form does."""
    words = list(feed.open_ends)
    open_days, _ = days(pl.Series(words, dtype=pl.String), feed.layout)
    ends = np.isin(values, open_days[open_days != MISSING]) | cells.str.strip_chars(SPACES).is_in(words).fill_null(value=False).to_numpy()
    values[ends], faults[ends] = MISSING, Fault.EMPTY


def empty_as_fault(faults: UInt8) -> UInt8:
    """The faults, with REQUIRED for empty cells."""
    return np.where(faults == Fault.EMPTY, np.uint8(Fault.REQUIRED), faults)


def add_marks(faults: UInt8, piece: Piece, column: str) -> UInt8:
    """Add to the faults those that a workbook marks; returns them."""
    marks = piece.marks.get(column)
    if marks is not None:
        np.copyto(faults, marks, where=marks > 0)
    return faults
