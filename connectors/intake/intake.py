"""Rows of a delivered file become record batches: parsed, validated, encoded and given tokens, whole columns at a time.

Called by ``connectors.intake.delivery`` and ``connectors.intake.sample``. No row is dropped in silence. A row with a readable subject and
key is a record; where another cell is wrong, it is quarantined: only its links are known. A row without a readable subject or key is
counted as unplaced. A column ``deleted`` (1, true or 是) makes a row a deletion; then of its other cells only the order counts.

Source: docs/en/semantics.md sections 1.1 to 1.4.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from connectors.identity.tokens import TokenizedCells, Tokens
from connectors.intake.encoding import EncodedCells, encoded_cells, flags
from connectors.intake.flaws import Flaw, flaw, of_records
from connectors.intake.record_versions import ColumnFaults, add_marks, empty_as_fault, row_orders, validity
from connectors.intake.wordings import error_texts, without_nulls
from connectors.parsing.cells import SPACES, Fault
from connectors.parsing.decoding import unreadable
from connectors.parsing.tables import Piece, ReadingNotes, pieces
from matchers.kernel.batch import DELETED, MISSING, OPEN_FROM, OPEN_TO, QUARANTINED, RecordBatch
from policies.language.catalogue import LINKS, Feed, Identity

DELETED_COLUMN = "deleted"
ROWS = 10_000
"""Rows of a batch."""
_TOGETHER = 50_000
"""Rows that are encoded together: one call per column costs as much as some thousand cells."""
_FEW = 100
_ENOUGH = 3
"""This many numbers without their last digits are no accident."""

Bools = npt.NDArray[np.bool_]
UInt8 = npt.NDArray[np.uint8]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Parcel:
    """Some rows of a delivery.

    Args:
        batch: the rows whose subject and key can be read, in the order of the file; may be empty.
        rows: the number of rows of the file; the last of them is row ``last``.
        unplaced: the number of rows without a readable subject or key.
        flaws: every broken cell.
        identities: token, check (uint64), id (text), order, row and the delivered identity fields, of the rows that hold identities.
    """

    batch: RecordBatch
    rows: int
    last: int
    unplaced: int
    flaws: tuple[Flaw, ...]
    identities: pl.DataFrame


def read(
    feed: Feed,
    source: int,
    delivery: int,
    path: Path,
    tokens: Tokens,
    rows: int = ROWS,
    *,
    received: date,
    notes: ReadingNotes | None = None,
) -> Iterator[Parcel]:
    """The rows of a file as parcels of at most ``rows`` rows.

    Args:
        source, delivery: the position of the source, and the number of the delivery.
        received: the day of receipt; an order later than the next day is a fault.
        notes: gets facts about the file, and the number of blank rows and footers.

    Raises:
        UnreadableFile: the file is not what the contract says; perhaps raised only at its end.
    """
    reader = Reader(feed, source, delivery, tokens, received)
    for piece in pieces(
        path, feed.format, feed.encoding, reader.columns, (DELETED_COLUMN,), feed.layout, reader.identifiers, notes
    ):  # fmt: skip
        for start in range(0, len(piece.frame), _TOGETHER):
            part = piece.slice(start, _TOGETHER)
            parcel = reader.parcel(part)
            refuse_rounded(path.name, reader.identifiers, part, parcel.flaws)
            yield from cut(parcel, rows)


def refuse_rounded(name: str, identifiers: Sequence[str], piece: Piece, flaws: Iterable[Flaw]) -> None:
    """Refuses rows whose identifiers were rounded.

    Excel replaces the digits behind the 15th by zeros. One such number in eleven still has a sound check digit, so the whole column is
    refused where most of its numbers lost digits.

    Raises:
        UnreadableFile: most of the numbers of a column have lost digits.
    """
    lost, subjects = Counter[str](), piece.frame[identifiers[0]]
    for cell in flaws:
        ends_in_zeros = cell.rule is Fault.CHECK_DIGIT and (subjects[cell.row - piece.first] or "").endswith("000")
        if cell.column in identifiers and (cell.rule is Fault.ROUNDED or ends_in_zeros):
            lost[cell.column] += 1
    for column, count in lost.items():
        if count >= _ENOUGH and 2 * count > len(piece.frame):
            zh = f"“{column}”列的号码被表格软件取整，末几位已丢失（{len(piece.frame)} 行中的 {count} 行）"
            en = f"holds numbers in the column {column!r} that an office program has rounded ({count} of {len(piece.frame)} rows)"
            raise unreadable(
                name,
                f"{zh}；请把该列设为文本格式，从原系统重新导出",
                f"{en}: their last digits are lost; format the column as text and export it anew from the system it comes from",
            )


def cut(parcel: Parcel, rows: int) -> Iterator[Parcel]:
    """The same rows in parcels of at most ``rows`` rows."""
    batch, people, end = parcel.batch, parcel.identities, parcel.last + 1
    for start in range(end - parcel.rows, end, rows):
        stop = min(start + rows, end)
        first, last = np.searchsorted(batch.row, (start, stop))
        own, others = np.searchsorted(people["row"].to_numpy(), (start, stop))
        flaws = tuple(flaw for flaw in parcel.flaws if start <= flaw.row < stop)
        part = _with_own_texts(batch.slice(first, last))
        yield Parcel(part, stop - start, stop - 1, stop - start - len(part), flaws, people.slice(own, others - own))


def _with_own_texts(batch: RecordBatch) -> RecordBatch:
    """The batch with only the texts of its own rows, where there are many texts."""
    values, dictionaries = dict(batch.values), dict(batch.dictionaries)
    for name, texts in batch.dictionaries.items():
        if len(texts) > _FEW:
            here = values[name] != MISSING
            used, positions = np.unique(values[name][here], return_inverse=True)
            values[name], dictionaries[name] = np.full(len(batch), MISSING), tuple(texts[i] for i in used.tolist())
            values[name][here] = positions
    return replace(batch, values=values, dictionaries=dictionaries)


class Reader:
    """Makes parcels of one delivery.

    Args:
        received: the day of receipt; a reader of a stream sets it each day.
    """

    def __init__(self, feed: Feed, source: int, delivery: int, tokens: Tokens, received: date) -> None:
        self._feed, self._source, self._delivery, self._tokens = feed, source, delivery, tokens
        self.received = received
        self._identity_fields = [f for f in feed.fields.values() if f.identity]
        self._knows_people = feed.registers is not None or bool(self._identity_fields)

    @property
    def columns(self) -> list[str]:
        """Every column a file of this feed must have."""
        f = self._feed
        named = [f.identify.column, f.key, *([f.order] if f.order else []), *(i.column for i in f.links.values())]
        return list(dict.fromkeys([*named, *(f.validity or ()), *(field.column for field in f.fields.values())]))

    @property
    def identifiers(self) -> list[str]:
        """The columns that identify subjects and records, the subject's first."""
        f = self._feed
        return list(dict.fromkeys([f.identify.column, f.key, *(i.column for i in f.links.values())]))

    def parcel(self, piece: Piece, rows: Int32 | None = None) -> Parcel:
        """Validate and encode some rows; ``rows`` are their ascending numbers, where these are not consecutive."""
        feed, frame, n = self._feed, piece.frame, len(piece.frame)
        subject = self._tokens.column(feed.subject, feed.identify, frame[feed.identify.column])
        key = subject if feed.key == feed.identify.column else self._tokens.keys(feed.name, frame[feed.key])
        add_marks(subject.faults, piece, feed.identify.column)
        add_marks(key.faults, piece, feed.key)
        nameless = [ColumnFaults(c, empty_as_fault(t.faults)) for c, t in {feed.identify.column: subject, feed.key: key}.items()]
        placed = (subject.faults == Fault.SOUND) & (key.faults == Fault.SOUND)

        deletions = self._deletions(piece)
        order, order_faults = row_orders(feed, piece, self.received)
        is_deletion = (deletions.values == 1) & (deletions.faults <= Fault.EMPTY)
        valid_from, valid_to, interval = validity(feed, piece)
        values = {f.name: encoded_cells(f, frame[f.column], feed.layout) for f in feed.matrix_fields()}
        links = {name: self._link(name, i, piece) for name, i in feed.links.items()}
        for f in feed.matrix_fields():
            add_marks(values[f.name].faults, piece, f.column)

        always = [ColumnFaults(DELETED_COLUMN, deletions.faults)] + ([ColumnFaults(feed.order, order_faults)] if feed.order else [])
        content = [*interval, *(ColumnFaults(feed.fields[name].column, c.faults) for name, c in values.items())]
        content += [ColumnFaults(i.column, links[name].faults) for name, i in feed.links.items()]
        content += [ColumnFaults(f.column, add_marks(error_texts(frame[f.column]), piece, f.column)) for f in self._identity_fields]
        content = (
            [ColumnFaults(column, np.where(is_deletion, np.uint8(0), faults)) for column, faults in content]
            if is_deletion.any()
            else content
        )
        is_quarantined = _any_broken(always, n) | _any_broken(content, n)
        has_values = placed & ~is_quarantined & ~is_deletion
        has_links = placed & ~is_deletion  # a row with a flaw keeps its readable links; the token of an unreadable one is 0
        row = np.arange(piece.first, piece.first + n, dtype=np.int32) if rows is None else rows

        flaws = of_records(_flaws(piece, row, [*nameless, *always, *content]), row, frame[feed.identify.column], frame[feed.key], placed)
        batch = RecordBatch(
            feed.name, self._source, self._delivery, key.tokens, subject.tokens, order, row,
            np.where(is_quarantined, QUARANTINED, np.where(is_deletion, DELETED, np.uint8(0))).astype(np.uint8),
            np.where(has_values, valid_from, OPEN_FROM).astype(np.int32), np.where(has_values, valid_to, OPEN_TO).astype(np.int32),
            {name: np.where(has_links, c.tokens, np.uint64(0)) for name, c in links.items()},
            {name: np.where(has_values, c.values, MISSING) for name, c in values.items()},
            {name: c.dictionary for name, c in values.items() if c.dictionary is not None},
            self._identity_hash(frame, placed & ~is_deletion),
        )  # fmt: skip
        people = self._identities(frame, subject, batch, placed & ~is_deletion)
        last = piece.first + n - 1 if rows is None else int(rows[-1])
        return Parcel(_placed_rows(batch, placed), n, last, n - int(placed.sum()), flaws, people)

    def _deletions(self, piece: Piece) -> EncodedCells:
        n = len(piece.frame)
        if DELETED_COLUMN not in piece.frame.columns:
            return EncodedCells(np.zeros(n, np.int64), np.zeros(n, np.uint8))
        deletions = flags(piece.frame[DELETED_COLUMN], self._feed.layout)
        add_marks(deletions.faults, piece, DELETED_COLUMN)
        return deletions

    def _link(self, name: str, identity: Identity, piece: Piece) -> TokenizedCells:
        cells = without_nulls(piece.frame[identity.column], self._feed.layout.nulls)
        link = self._tokens.column(LINKS[name].target, identity, cells)
        add_marks(link.faults, piece, identity.column)
        link.tokens[link.faults != Fault.SOUND] = 0
        return link

    def _identity_hash(self, frame: pl.DataFrame, rows: Bools) -> npt.NDArray[np.uint64] | None:
        if not self._identity_fields:
            return None
        if len(self._identity_fields) == 1:
            return np.where(rows, self._tokens.identities(self._feed.name, frame[self._identity_fields[0].column]), np.uint64(0))
        texts = [_text(frame[f.column]) for f in self._identity_fields]
        texts_of_rows = pl.select(pl.concat_str([t.alias(str(i)) for i, t in enumerate(texts)], separator="\x1f")).to_series()
        nonempty = pl.select(pl.when(texts_of_rows.str.strip_chars("\x1f") != "").then(texts_of_rows).otherwise(pl.lit(""))).to_series()
        return np.where(rows, self._tokens.identities(self._feed.name, nonempty), np.uint64(0))

    def _identities(self, frame: pl.DataFrame, subject: TokenizedCells, batch: RecordBatch, rows: Bools) -> pl.DataFrame:
        fields = [frame[f.column].alias(f.name) for f in self._identity_fields]
        own = [
            pl.Series("token", subject.tokens), pl.Series("check", subject.checks), subject.texts.alias("id"),
            pl.Series("order", batch.order), pl.Series("row", batch.row),
        ]  # fmt: skip
        people = pl.DataFrame([*own, *fields])
        if not self._knows_people:
            return people.clear()
        return people if rows.all() else people.filter(pl.Series(rows))


def _text(cells: pl.Series) -> pl.Series:
    return cells.fill_null("").str.strip_chars(SPACES)


def _any_broken(columns: list[ColumnFaults], n: int) -> Bools:
    bad = np.zeros(n, bool)
    for column in columns:
        bad |= column.faults > Fault.EMPTY
    return bad


def _placed_rows(batch: RecordBatch, placed: Bools) -> RecordBatch:
    """The batch without unplaced rows."""
    if placed.all():
        return batch
    b = batch
    return RecordBatch(
        b.feed, b.source, b.delivery, b.key[placed], b.subject[placed], b.order[placed], b.row[placed], b.flags[placed],
        b.valid_from[placed], b.valid_to[placed], {name: c[placed] for name, c in b.links.items()},
        {name: c[placed] for name, c in b.values.items()}, b.dictionaries, None if b.identity is None else b.identity[placed],
    )  # fmt: skip


def _flaws(piece: Piece, row: npt.NDArray[np.int32], columns: list[ColumnFaults]) -> tuple[Flaw, ...]:
    """Every broken cell, by row and then in the order of the columns."""
    flaws: dict[tuple[int, int], Flaw] = {}
    for place, (column, faults) in enumerate(columns):
        stands = piece.places.get(column, "")
        for i in np.flatnonzero(faults > Fault.EMPTY).tolist():
            line = 0 if piece.lines is None else int(piece.lines[i])
            flaws[i, place] = flaw(int(row[i]), column, Fault(int(faults[i])), piece.frame[column][i], line, stands)
    return tuple(flaws[at] for at in sorted(flaws))
