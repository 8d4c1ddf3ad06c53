"""The table in a sample file: its format, encoding and layout, where its header stands, and its columns as text.

Called by ``connectors.drafts.proposal``. Rows are read by the readers of deliveries (``connectors.parsing.tables``), so a cell is what it
will be when the file is delivered. The header is the line most like one: many titles that differ, no numbers or days.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from connectors.contracts.layouts import FIND
from connectors.drafts.titles import known_title
from connectors.drafts.words import FOOTERS, may_be_name, may_be_number
from connectors.parsing.cells import SPACES
from connectors.parsing.decoding import unreadable
from connectors.parsing.header_rows import HeaderLine
from connectors.parsing.tables import ReadingNotes, first_lines, header_of, pieces, row_openings
from policies.language.catalogue import FileLayout

MOST_SAMPLED = 200_000
"""Rows that guesses rest on; the trial of the proposal reads all."""
_NUMBER = re.compile(r"[+-]?[\d,.，．%０-９]+|\d{4}[-/年.]\d{1,2}[-/月.]\d{1,2}日?.*")


@dataclass(frozen=True, slots=True)
class SampleColumn:
    """A column of the sample.

    Args:
        position: from 1, in the file.
        title: as it is written, without outer spaces.
        cells: its texts without outer spaces, "" where empty; no blank rows and footers.
    """

    position: int
    title: str
    cells: pl.Series


@dataclass(frozen=True, slots=True)
class SampleSheet:
    """The table of a sample file.

    Args:
        encoding: as a contract says it; "" for a workbook.
        header_line: where the header stands; None in JSON lines.
        rows: as many as were read, at most ``MOST_SAMPLED``.
        untitled: positions of columns that no contract can name: they have no title, or one of several lines.
        twice: titles of several columns.
    """

    format: str
    encoding: str
    layout: FileLayout
    header_line: int | None
    columns: tuple[SampleColumn, ...]
    rows: int
    untitled: tuple[int, ...]
    twice: tuple[str, ...]


def sample_sheet(path: Path, sheets: Sequence[str] = ()) -> SampleSheet:
    """The table of a file.

    Args:
        sheets: names or patterns of the sheets of a workbook; none for the only visible one.

    Raises:
        UnreadableFile: it is no table that a contract could describe, or its header cannot be told.
    """
    format = _format(path)
    if format == "jsonl":
        return _columns(path, format, FileLayout(), None, header_of(path, format, "auto"))
    layout = FileLayout(sheets=tuple(sheets))
    lines_by_delimiter = first_lines(path, format, layout)
    if not any(any(line.cells or ()) for lines in lines_by_delimiter.values() for line in lines):
        raise unreadable(path.name, "是空的；应有表头和数据", "is empty; expected a header and rows")
    delimiter = max(lines_by_delimiter, key=lambda between: _likeness(best_header(lines_by_delimiter[between])))
    header = best_header(lines_by_delimiter[delimiter])
    if header is None:
        zh = "前 100 行里认不出表头（一行互不相同的列名）；请在数据上方加一行列名，再试"
        en = "has no header that can be told in its first 100 lines; put a line of titles, each another, above the rows and try again"
        raise unreadable(path.name, zh, en)
    first = next(line for line in lines_by_delimiter[delimiter] if line.cells is None or any(line.cells))
    layout = replace(layout, delimiter=delimiter or ",", header=None if header is first else FIND)
    words = _footers(row_openings(path, format, layout), header.cells or ())
    return _columns(path, format, replace(layout, footer=words), header, header.cells or ())


def _format(path: Path) -> str:
    """The format of a file by its name, as units name files; the readers refuse one that is something else."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes[-1:] == [".gz"]:
        suffixes.pop()
    last = suffixes[-1] if suffixes else ""
    return "xlsx" if last in (".xlsx", ".xlsm") else "jsonl" if last in (".jsonl", ".ndjson", ".json") else "csv"


def best_header(lines: Sequence[HeaderLine]) -> HeaderLine | None:
    """The line most like a header; the first of several."""
    best = max(lines, key=_likeness, default=None)
    return best if best is not None and _likeness(best) > 0 else None


def _likeness(line: HeaderLine | None) -> int:
    """How like a header a line is: its titles, those that are usual twice; 0 for a line that may be a row or a title of the table."""
    titles = [cell for cell in (line.cells if line else None) or () if cell]
    usual = sum(known_title(title) is not None for title in titles)
    if not titles or any(_NUMBER.fullmatch(title) or may_be_number(title) for title in titles):
        return 0
    if not usual and any(may_be_name(title) for title in titles):
        return 0
    if len(titles) == 1 and not usual:
        return 0
    return len(set(titles)) + usual


def _footers(openings: Iterable[str], titles: Sequence[str]) -> tuple[str, ...]:
    """The usual words with which rows of the file begin; not those that begin its header."""
    first = next((title for title in titles if title), "")
    words = tuple(word for word in FOOTERS if not first.startswith(word))
    counts = Counter(next(word for word in words if opening.startswith(word)) for opening in openings if opening.startswith(words))
    return tuple(word for word in words if counts[word])


def _columns(path: Path, format: str, layout: FileLayout, header: HeaderLine | None, titles: Sequence[str]) -> SampleSheet:
    counts = Counter(titles)
    untitled = tuple(at for at, title in enumerate(titles, 1) if not title or "\n" in title or "\r" in title)
    named = {title: at for at, title in enumerate(titles, 1) if counts[title] == 1 and at not in untitled}
    notes, frames, rows = ReadingNotes(), list[pl.DataFrame](), 0
    for piece in pieces(path, format, "auto", list(named), layout=layout, notes=notes):
        frames.append(piece.frame.select(list(named)))
        rows += len(piece.frame)
        if rows >= MOST_SAMPLED:
            break
    frame = pl.concat(frames) if frames else pl.DataFrame(schema=dict.fromkeys(named, pl.String))
    frame = frame.head(MOST_SAMPLED).select(pl.all().fill_null("").str.strip_chars(SPACES))
    if named:
        frame = frame.filter(~pl.all_horizontal(pl.all() == ""))
    encoding = "" if format == "xlsx" else "auto" if notes.encoding == "utf-16" else notes.encoding or "utf-8"
    columns = tuple(SampleColumn(at, title, frame[title]) for title, at in named.items())
    twice = tuple(title for title, count in counts.items() if count > 1 and title)
    return SampleSheet(format, encoding, layout, None if header is None else header.line, columns, len(frame), untitled, twice)
