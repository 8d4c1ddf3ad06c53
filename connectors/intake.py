"""Rows of a delivered file become record batches: parsed, validated, encoded and tokened, whole columns at a time.

The one idea: a row is refused by degrees. A row whose subject and key can be read is a record; if anything else in it is wrong it is a
record of which nothing is known but what it links to (quarantined); a row whose subject or key cannot be read is counted (unplaced).
None is dropped in silence.
A column named ``deleted`` (1, true or 是) makes a row the deletion of its key's record; its other cells do not count, but for its order.

Source: docs/semantics.md sections 1.1 to 1.4.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from connectors.cells import SPACES, Fault, dates, orders
from connectors.encoding import Encoded, encoded, flags
from connectors.flaws import Flaw, value_class
from connectors.tables import Piece, pieces
from connectors.tokens import Tokened, Tokens, arrow_bytes
from matchers.batch import DELETED, MISSING, OPEN_FROM, OPEN_TO, QUARANTINED, RecordBatch
from policies.catalogue import LINKS, Feed

DELETED_COLUMN = "deleted"
ROWS = 10_000
"""Rows of a batch."""
_TOGETHER = 50_000
"""Rows that are encoded together: a call for each column costs as much as encoding some thousand cells."""
_FEW = 100

Bools = npt.NDArray[np.bool_]
UInt8 = npt.NDArray[np.uint8]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]


class Broken(NamedTuple):
    """The faults of one column of a batch."""

    column: str
    faults: UInt8


@dataclass(frozen=True, slots=True, eq=False)
class Parcel:
    """Some rows of a delivery.

    Args:
        batch: the rows whose subject and key can be read, in the order of the file; may be empty.
        rows: how many rows of the file these were; the last of them is row ``last``.
        unplaced: how many had no readable subject or key.
        flaws: every broken cell.
        identities: token, check (uint64), id (text), order, row and the identity fields of the rows that say who someone is, as delivered.
    """

    batch: RecordBatch
    rows: int
    last: int
    unplaced: int
    flaws: tuple[Flaw, ...]
    identities: pl.DataFrame


def read(feed: Feed, source: int, delivery: int, path: Path, tokens: Tokens, rows: int = ROWS) -> Iterator[Parcel]:
    """The rows of a file as parcels of at most ``rows`` rows.

    Args:
        source, delivery: position of the source, and the delivery's number.

    Raises:
        UnreadableFile: the file is not what the contract says.
    """
    reader = Reader(feed, source, delivery, tokens)
    for piece in pieces(path, feed.format, feed.encoding, reader.columns, (DELETED_COLUMN,)):
        for start in range(0, len(piece.frame), _TOGETHER):
            yield from cut(reader.parcel(Piece(piece.first + start, piece.frame.slice(start, _TOGETHER))), rows)


def cut(parcel: Parcel, rows: int) -> Iterator[Parcel]:
    """The same rows in parcels of at most ``rows``."""
    batch, people, end = parcel.batch, parcel.identities, parcel.last + 1
    for start in range(end - parcel.rows, end, rows):
        stop = min(start + rows, end)
        first, last = np.searchsorted(batch.row, (start, stop))
        own, others = np.searchsorted(people["row"].to_numpy(), (start, stop))
        flaws = tuple(flaw for flaw in parcel.flaws if start <= flaw.row < stop)
        part = _with_own_texts(batch.slice(first, last))
        yield Parcel(part, stop - start, stop - 1, stop - start - len(part), flaws, people.slice(own, others - own))


def _with_own_texts(batch: RecordBatch) -> RecordBatch:
    """The batch without the texts of rows that are not in it, where there are many: each batch carries its own."""
    values, dictionaries = dict(batch.values), dict(batch.dictionaries)
    for name, texts in batch.dictionaries.items():
        if len(texts) > _FEW:
            here = values[name] != MISSING
            used, positions = np.unique(values[name][here], return_inverse=True)
            values[name], dictionaries[name] = np.full(len(batch), MISSING), tuple(texts[i] for i in used.tolist())
            values[name][here] = positions
    return replace(batch, values=values, dictionaries=dictionaries)


class Reader:
    """Makes parcels of one delivery. It remembers the form of the order column, so that numbers and times do not mix."""

    def __init__(self, feed: Feed, source: int, delivery: int, tokens: Tokens) -> None:
        self._feed, self._source, self._delivery, self._tokens = feed, source, delivery, tokens
        self._form = 0
        self._identity_fields = [f for f in feed.fields.values() if f.identity]
        self._knows_people = feed.registers is not None or bool(self._identity_fields)

    @property
    def columns(self) -> list[str]:
        """Every column a file of this feed must have."""
        f = self._feed
        named = [f.identify.column, f.key, *([f.order] if f.order else []), *(i.column for i in f.links.values())]
        return list(dict.fromkeys([*named, *(f.validity or ()), *(field.column for field in f.fields.values())]))

    def parcel(self, piece: Piece, rows: Int32 | None = None) -> Parcel:
        """Validate and encode some rows; ``rows`` are their numbers, ascending, where they are not one after the other."""
        feed, frame, n = self._feed, piece.frame, len(piece.frame)
        subject = self._tokens.column(feed.subject, feed.identify, frame[feed.identify.column])
        key = subject if feed.key == feed.identify.column else self._tokens.keys(feed.name, frame[feed.key])
        unreadable = [Broken(c, _required(t.faults)) for c, t in {feed.identify.column: subject, feed.key: key}.items()]
        placed = (subject.faults == Fault.SOUND) & (key.faults == Fault.SOUND)

        deleted = flags(frame[DELETED_COLUMN]) if DELETED_COLUMN in frame.columns else Encoded(np.zeros(n, np.int64), np.zeros(n, np.uint8))
        order, order_faults = self._order(frame)
        gone = (deleted.values == 1) & (deleted.faults <= Fault.EMPTY)
        valid_from, valid_to, interval = _validity(feed, frame)
        values = {f.name: encoded(f, frame[f.column]) for f in feed.matrix_fields()}
        links = {name: self._tokens.column(LINKS[name].target, i, frame[i.column]) for name, i in feed.links.items()}

        always = [Broken(DELETED_COLUMN, deleted.faults)] + ([Broken(feed.order, order_faults)] if feed.order else [])
        content = [*interval, *(Broken(feed.fields[name].column, c.faults) for name, c in values.items())]
        content += [Broken(i.column, links[name].faults) for name, i in feed.links.items()]
        content = [Broken(column, np.where(gone, np.uint8(0), faults)) for column, faults in content] if gone.any() else content
        bad = _any_broken(always, n) | _any_broken(content, n)
        known = placed & ~bad & ~gone
        named = placed & ~gone  # a flawed row keeps the links that could be read: a token is 0 where its cell is not
        row = np.arange(piece.first, piece.first + n, dtype=np.int32) if rows is None else rows

        flaws = _flaws(frame, row, [*unreadable, *always, *content])
        batch = RecordBatch(
            feed.name, self._source, self._delivery, key.tokens, subject.tokens, order, row,
            np.where(bad, QUARANTINED, np.where(gone, DELETED, np.uint8(0))).astype(np.uint8),
            np.where(known, valid_from, OPEN_FROM).astype(np.int32), np.where(known, valid_to, OPEN_TO).astype(np.int32),
            {name: np.where(named, c.tokens, np.uint64(0)) for name, c in links.items()},
            {name: np.where(known, c.values, MISSING) for name, c in values.items()},
            {name: c.dictionary for name, c in values.items() if c.dictionary is not None},
            self._identity_hash(frame, placed & ~gone),
        )  # fmt: skip
        people = self._identities(frame, subject, batch, placed & ~gone)
        last = piece.first + n - 1 if rows is None else int(rows[-1])
        return Parcel(_kept(batch, placed), n, last, n - int(placed.sum()), flaws, people)

    def _order(self, frame: pl.DataFrame) -> tuple[Int64, UInt8]:
        if self._feed.order is None:
            return np.zeros(len(frame), np.int64), np.zeros(len(frame), np.uint8)
        values, forms, faults = orders(*arrow_bytes(frame[self._feed.order]))
        faults = _required(faults)
        if not self._form and (forms > 0).any():
            self._form = int(forms[forms > 0][0])
        other = (forms > 0) & (forms != self._form)
        faults[other], values[other] = Fault.ORDER_FORM, 0
        return values, faults

    def _identity_hash(self, frame: pl.DataFrame, known: Bools) -> npt.NDArray[np.uint64] | None:
        if not self._identity_fields:
            return None
        if len(self._identity_fields) == 1:
            return np.where(known, self._tokens.identities(self._feed.name, frame[self._identity_fields[0].column]), np.uint64(0))
        texts = [_text(frame[f.column]) for f in self._identity_fields]
        joined = pl.select(pl.concat_str([t.alias(str(i)) for i, t in enumerate(texts)], separator="\x1f")).to_series()
        filled = pl.select(pl.when(joined.str.strip_chars("\x1f") != "").then(joined).otherwise(pl.lit(""))).to_series()
        return np.where(known, self._tokens.identities(self._feed.name, filled), np.uint64(0))

    def _identities(self, frame: pl.DataFrame, subject: Tokened, batch: RecordBatch, known: Bools) -> pl.DataFrame:
        fields = [frame[f.column].alias(f.name) for f in self._identity_fields]
        own = [
            pl.Series("token", subject.tokens), pl.Series("check", subject.checks), subject.texts.alias("id"),
            pl.Series("order", batch.order), pl.Series("row", batch.row),
        ]  # fmt: skip
        people = pl.DataFrame([*own, *fields])
        if not self._knows_people:
            return people.clear()
        return people if known.all() else people.filter(pl.Series(known))


def _text(cells: pl.Series) -> pl.Series:
    return cells.fill_null("").str.strip_chars(SPACES)


def _required(faults: UInt8) -> UInt8:
    """An empty cell is a fault here."""
    return np.where(faults == Fault.EMPTY, np.uint8(Fault.REQUIRED), faults)


def _validity(feed: Feed, frame: pl.DataFrame) -> tuple[Int64, Int64, list[Broken]]:
    """First and last days, open where the cell is empty, and what is wrong with them."""
    n = len(frame)
    first, last = np.full(n, OPEN_FROM, np.int64), np.full(n, OPEN_TO, np.int64)
    if feed.validity is None:
        return first, last, []
    broken = []
    for column, days in zip(feed.validity, (first, last), strict=True):
        values, faults = dates(*arrow_bytes(frame[column]))
        np.copyto(days, values, where=values != MISSING)
        broken.append(Broken(column, faults))
    broken[1].faults[first > last] = Fault.VALIDITY
    return first, last, broken


def _any_broken(columns: list[Broken], n: int) -> Bools:
    bad = np.zeros(n, bool)
    for column in columns:
        bad |= column.faults > Fault.EMPTY
    return bad


def _kept(batch: RecordBatch, placed: Bools) -> RecordBatch:
    """The batch without the rows that name no readable subject."""
    if placed.all():
        return batch
    b = batch
    return RecordBatch(
        b.feed, b.source, b.delivery, b.key[placed], b.subject[placed], b.order[placed], b.row[placed], b.flags[placed],
        b.valid_from[placed], b.valid_to[placed], {name: c[placed] for name, c in b.links.items()},
        {name: c[placed] for name, c in b.values.items()}, b.dictionaries, None if b.identity is None else b.identity[placed],
    )  # fmt: skip


def _flaws(frame: pl.DataFrame, row: npt.NDArray[np.int32], columns: list[Broken]) -> tuple[Flaw, ...]:
    """Every broken cell, by row and then in the order of the columns."""
    found: dict[tuple[int, int], Flaw] = {}
    for place, (column, faults) in enumerate(columns):
        for i in np.flatnonzero(faults > Fault.EMPTY).tolist():
            found[i, place] = Flaw(int(row[i]), column, Fault(int(faults[i])), value_class(frame[column][i]))
    return tuple(found[at] for at in sorted(found))
