"""Rows of a delivered file on their way to intake: what is wanted of the file, its rows as they stand there, and its data rows numbered.

Called by ``connectors.parsing.tables``. Blank rows have no number and are not told; footers (合计, 制表人 …) have none either, and are
counted. Source of the numbers: docs/en/semantics.md section 1 (a row number names one row of a delivery).
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
from policies.language.catalogue import PLAIN_LAYOUT, FileLayout

Bools = npt.NDArray[np.bool_]
UInt8 = npt.NDArray[np.uint8]
Int32 = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be read of a file.

    Args:
        name: of the file.
        columns: what must be there, and is read.
        optional: what is read where it is there.
        identifiers: the columns that say what a row is about, the subject's first: their numbers must be exact, and a row where all is
            empty is blank. Empty: no row is blank.
    """

    name: str
    columns: tuple[str, ...]
    optional: tuple[str, ...] = ()
    layout: FileLayout = PLAIN_LAYOUT
    identifiers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Head:
    """Where a table begins: the sheet ("" outside of workbooks), the line of its header, the names of its columns."""

    sheet: str
    line: int
    names: tuple[str, ...]


@dataclass(slots=True)
class Notes:
    """What a reader saw of a file, kept while it reads: for ``feed try`` and the report of a delivery.

    Args:
        heads: one for each table; also of a file that is refused for its columns.
        blank, passed_over: rows without a number: blank ones and footers.
        lacking: of JSON lines, by column: how many objects do not name it, deletions apart. They are read as if its cell were empty.
    """

    encoding: str = ""
    delimiter: str = ""
    heads: list[Head] = field(default_factory=list)
    blank: int = 0
    passed_over: int = 0
    lacking: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Some rows as they stand in a file, blank ones included.

    Args:
        frame: the columns that are read, all text.
        lines: the file's own line of each row.
        marks: by column, what its cells hold besides text: 0, or the fault that makes a cell unreadable.
        places: by column, where it stands: letters in a workbook, its position in a CSV.
        openings: the first cell of each row that is not empty, where footers are looked for.
    """

    frame: pl.DataFrame
    lines: Int32 | None = None
    marks: Mapping[str, UInt8] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)
    openings: pl.Series | None = None

    def chosen(self, keep: Bools) -> Rows:
        """The rows where ``keep`` holds."""
        lines = None if self.lines is None else self.lines[keep]
        openings = None if self.openings is None else self.openings.filter(pl.Series(keep))
        marks = {column: faults[keep] for column, faults in self.marks.items()}
        return replace(self, frame=self.frame.filter(pl.Series(keep)), lines=lines, marks=marks, openings=openings)


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Some rows of a table.

    Args:
        first: the number of the first row, from 1; the header, blank rows and footers have none.
        frame: the columns asked for, all text; null and "" are empty cells; an optional column that the file lacks is not there.
        lines, marks, places: as of ``Rows``.
    """

    first: int
    frame: pl.DataFrame
    lines: Int32 | None = None
    marks: Mapping[str, UInt8] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)

    def slice(self, start: int, length: int) -> Piece:
        """Some of its rows."""
        part = np.s_[start : start + length]
        lines = None if self.lines is None else self.lines[part]
        marks = {column: faults[part] for column, faults in self.marks.items()}
        return Piece(self.first + start, self.frame.slice(start, length), lines, marks, self.places)


def numbered(given: Iterable[Rows], wanted: Wanted, notes: Notes) -> Iterator[Piece]:
    """The data rows with their numbers, without blank rows and footers."""
    first = 1
    for rows in given:
        if wanted.layout.footer and rows.openings is not None:
            rows = _without_footers(rows, wanted, notes)
        if wanted.identifiers:
            rows = _without_blank(rows, wanted.identifiers[0], notes)
        if len(rows.frame):
            yield Piece(first, rows.frame, rows.lines, rows.marks, rows.places)
            first += len(rows.frame)
            if first > MOST_ROWS:
                zh, en = f"超过 {MOST_ROWS:,} 行（一批的上限）", f"has more than {MOST_ROWS:,} rows, the most a delivery may have"
                raise unreadable(wanted.name, f"{zh}；请分成几批", f"{en}; deliver it in parts")


def is_footer(opening: str, words: Iterable[str]) -> bool:
    """Does a row that opens with this text stand below the data?"""
    return opening.strip(SPACES).startswith(tuple(words))


def _without_footers(rows: Rows, wanted: Wanted, notes: Notes) -> Rows:
    """A footer opens with one of the words and names no subject."""
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
    return rows.chosen(~footer)


def _literal(word: str) -> str:
    return "".join(f"\\{c}" if c in r"\.+*?()|[]{}^$#&-~" else c for c in word)


def _without_blank(rows: Rows, subject: str, notes: Notes) -> Rows:
    """A row is blank where every cell that is read is empty; cells that are only the rest of a merged one are empty here."""
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
    return rows.chosen(keep)
