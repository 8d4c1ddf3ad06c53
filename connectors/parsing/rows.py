"""Rows of a delivered file: the columns to read, the rows as they stand in the file, and the numbered data rows.

Called by ``connectors.parsing.tables``. Blank rows and footers (合计, 制表人 …) have no number; both are counted. Source of the numbers:
docs/en/semantics.md section 1 (a row number names one row of a delivery).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from connectors.limits import MOST_ROWS
from connectors.parsing.cells import SPACES, Fault
from connectors.parsing.decoding import unreadable
from connectors.parsing.row_place import RowPlace
from connectors.parsing.row_places import RowPlaces
from policies.language.catalogue import PLAIN_LAYOUT, FileLayout

Bools = npt.NDArray[np.bool_]
UInt8 = npt.NDArray[np.uint8]
Int32 = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class TableRequest:
    """What to read of a file.

    Args:
        name: the name of the file.
        columns: the required columns.
        optional: columns that are read where they are there.
        identifiers: the columns that identify subjects and records, the subject's first; their numbers must be exact. Blank rows are left
            out only where there are identifiers.
    """

    name: str
    columns: tuple[str, ...]
    optional: tuple[str, ...] = ()
    layout: FileLayout = PLAIN_LAYOUT
    identifiers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TableHead:
    """The header of a table: its sheet ("" outside of workbooks), its line, and the names of the columns."""

    sheet: str
    line: int
    names: tuple[str, ...]


@dataclass(slots=True)
class ReadingNotes:
    """Facts about a file that a reader notes, for ``feed try`` and the report of a delivery.

    Args:
        heads: one for each table; also for a file that is refused because of its columns.
        blank, passed_over: the number of blank rows, and of footers.
        lacking: by column, how many objects of JSON lines do not name it, without deletions; their cells count as empty.
        places: where each data row stands in the file.
    """

    encoding: str = ""
    delimiter: str = ""
    heads: list[TableHead] = field(default_factory=list)
    blank: int = 0
    passed_over: int = 0
    lacking: Counter[str] = field(default_factory=Counter)
    places: RowPlaces = field(default_factory=RowPlaces)


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Some rows as they stand in a file, with blank ones.

    Args:
        frame: the columns that are read, all text.
        lines: the line of each row in the file.
        marks: by column, a fault that makes a cell unreadable whatever its text is, or 0.
        places: by column, its letters in a workbook, or its position in a CSV.
        openings: the first cell of each row that is not empty, where the layout has footers.
    """

    frame: pl.DataFrame
    lines: Int32 | None = None
    marks: Mapping[str, UInt8] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)
    openings: pl.Series | None = None

    def where(self, keep: Bools) -> Rows:
        """The rows where ``keep`` holds."""
        lines = None if self.lines is None else self.lines[keep]
        openings = None if self.openings is None else self.openings.filter(pl.Series(keep))
        marks = {column: faults[keep] for column, faults in self.marks.items()}
        return replace(self, frame=self.frame.filter(pl.Series(keep)), lines=lines, marks=marks, openings=openings)


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Some data rows of a table.

    Args:
        first: the number of the first row, from 1; the header, blank rows and footers do not count.
        frame: the columns that are read, all text; null and "" are empty cells; an optional column may be absent.
        lines, marks, places: as in ``Rows``.
    """

    first: int
    frame: pl.DataFrame
    lines: Int32 | None = None
    marks: Mapping[str, UInt8] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)

    def place(self, at: int) -> RowPlace:
        """Where a row stands in the file."""
        return RowPlace(self.first + at if self.lines is None else int(self.lines[at]), self.sheet)

    @property
    def sheet(self) -> str:
        """The name of its sheet, where several sheets of a workbook are read."""
        return next(iter(self.places.values()), "").rpartition("!")[0]

    def slice(self, start: int, length: int) -> Piece:
        """Some of its rows."""
        part = np.s_[start : start + length]
        lines = None if self.lines is None else self.lines[part]
        marks = {column: faults[part] for column, faults in self.marks.items()}
        return Piece(self.first + start, self.frame.slice(start, length), lines, marks, self.places)


def numbered_pieces(blocks: Iterable[Rows], wanted: TableRequest, notes: ReadingNotes) -> Iterator[Piece]:
    """The data rows with their numbers; blank rows and footers are left out and counted."""
    first = 1
    for rows in blocks:
        if wanted.layout.footer and rows.openings is not None:
            rows = _without_footers(rows, wanted, notes)
        if wanted.identifiers:
            rows = _without_blank(rows, wanted.identifiers[0], notes)
        if len(rows.frame):
            piece = Piece(first, rows.frame, rows.lines, rows.marks, rows.places)
            if rows.lines is not None:
                notes.places.add(first, rows.lines, piece.sheet)
            yield piece
            first += len(rows.frame)
            if first > MOST_ROWS:
                zh, en = f"超过 {MOST_ROWS:,} 行（一批的上限）", f"has more than {MOST_ROWS:,} rows, the most a delivery may have"
                raise unreadable(wanted.name, f"{zh}；请分成几批", f"{en}; deliver it in parts")


def first_cells(frame: pl.DataFrame) -> pl.Series:
    """The first cell of each row that is not empty."""
    full = [pl.when(pl.col(c).str.strip_chars(SPACES) != "").then(pl.col(c)) for c in frame.columns]
    return frame.select(pl.coalesce(full).fill_null("").alias("opening")).to_series()


def is_footer(opening: str, words: Iterable[str]) -> bool:
    """Whether a row that begins with this text is a footer."""
    return opening.strip(SPACES).startswith(tuple(words))


def _without_footers(rows: Rows, wanted: TableRequest, notes: ReadingNotes) -> Rows:
    """The rows without footers, which begin with one of the layout's words and name no subject."""
    openings = rows.openings
    assert openings is not None
    opens = (
        openings.str.strip_chars(SPACES).str.contains("^(?:" + "|".join(map(_literal, wanted.layout.footer)) + ")").fill_null(value=False)
    )
    if not opens.any():
        return rows
    subject = rows.frame[wanted.identifiers[0]].fill_null("").str.strip_chars(SPACES) if wanted.identifiers else openings
    footer = (opens & ((subject == "") | (subject == openings.str.strip_chars(SPACES)))).to_numpy()
    notes.passed_over += int(footer.sum())
    return rows.where(~footer)


def _literal(word: str) -> str:
    return "".join(f"\\{c}" if c in r"\.+*?()|[]{}^$#&-~" else c for c in word)


def _without_blank(rows: Rows, subject: str, notes: ReadingNotes) -> Rows:
    """The rows without blank ones, whose cells are all empty; the rest of a merged cell counts as empty."""
    frame = rows.frame
    if not len(frame):
        return rows
    cells = frame[subject]
    maybe = np.flatnonzero(((cells < "!") | cells.str.starts_with("　")).fill_null(value=True).to_numpy())
    if not len(maybe):
        return rows
    nothing = pl.all_horizontal(pl.all().fill_null("").str.strip_chars(SPACES) == "")
    blank = frame[maybe].select(nothing).to_series().to_numpy().copy()
    for faults in rows.marks.values():
        blank &= np.isin(faults[maybe], (Fault.SOUND, Fault.MERGED))
    if not blank.any():
        return rows
    notes.blank += int(blank.sum())
    keep = np.ones(len(frame), np.bool_)
    keep[maybe[blank]] = False
    return rows.where(keep)
