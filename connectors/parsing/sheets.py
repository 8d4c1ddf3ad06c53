"""The sheets of a workbook that a contract names, as rows of text with their rows and columns in the sheet.

Called by ``connectors.parsing.tables``. Fastexcel (calamine) reads the values: a date in its ISO form, a number in its shortest form.
Errors, formulas without a stored value, merged cells and rounded numbers are marked by ``connectors.parsing.workbooks``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatchcase
from itertools import product
from pathlib import Path

import numpy as np
import polars as pl

from connectors.limits import MOST_MARKED
from connectors.parsing.archive_parts import damaged_workbook
from connectors.parsing.cells import SPACES, Fault
from connectors.parsing.decoding import unreadable
from connectors.parsing.header_rows import SEARCHED, HeaderLine, header, nearest, positions, refusal
from connectors.parsing.rows import ReadingNotes, Rows, TableHead, TableRequest, UInt8, first_cells
from connectors.parsing.workbooks import SheetPart, Structure, column_letters, marked_all_over, sheet_parts, structure
from policies.problems.problems import comma_list

_NUMBER = re.compile(r"-?\d+\.\d+")


def rows(path: Path, wanted: TableRequest, notes: ReadingNotes) -> Iterator[Rows]:
    """The rows of the selected sheets, one sheet after the other.

    Raises:
        UnreadableFile: no sheet is selected, or the choice is not clear; a sheet lacks columns; Excel has rounded identifiers.
    """
    sheets = _selected_sheets(path, wanted)
    for sheet, facts in sheets:
        prefix, own = "", wanted
        if len(sheets) > 1:
            prefix, own = f"{sheet.name}!", replace(wanted, name=f"{wanted.name}[{sheet.name}]")
        frame = _load(path, sheet, facts)
        at = _header(frame, sheet, own, notes)
        yield _Sheet(prefix, frame.slice(at.line), positions(at.cells or (), own), at.line, facts, own).rows()


def header_names(path: Path, wanted: TableRequest) -> list[str]:
    """The names of the columns of the first selected sheet."""
    sheet, facts = _selected_sheets(path, wanted)[0]
    return _header(_load(path, sheet, facts), sheet, wanted, ReadingNotes()).cells or []


def first_lines(path: Path, wanted: TableRequest) -> list[HeaderLine]:
    """The first lines of the first selected sheet, for a reader that does not know the header yet."""
    return _candidates(_load(path, *_selected_sheets(path, wanted)[0]))


def row_openings(path: Path, wanted: TableRequest) -> Iterator[str]:
    """The first cell that is not empty of each row of the selected sheets."""
    for sheet, facts in _selected_sheets(path, wanted):
        yield from first_cells(_load(path, sheet, facts)).to_list()


def _selected_sheets(path: Path, wanted: TableRequest) -> list[tuple[SheetPart, Structure]]:
    """The sheets of the layout, by name or pattern; without one, the only visible sheet that is not empty."""
    sheets, patterns = sheet_parts(path), wanted.layout.sheets
    names = comma_list([sheet.name for sheet in sheets])
    if patterns:
        parts = [s for s in sheets if s.name in patterns or (s.visible and any(fnmatchcase(s.name, p) for p in patterns))]
        structures = [(sheet, structure(path, sheet.part)) for sheet in parts]
        full = [(sheet, facts) for sheet, facts in structures if facts.first]
        if not full:
            zh = f"没有约定的 sheets 所指的工作表；它的工作表：{names}"
            raise unreadable(path.name, zh, f"has no sheet that the contract's `sheets` means (or it is empty); its sheets: {names}")
        return full
    visible = [(sheet, structure(path, sheet.part)) for sheet in sheets if sheet.visible]
    full = [(sheet, facts) for sheet, facts in visible if facts.first]
    if not full:
        hidden_names = comma_list([sheet.name for sheet in sheets if not sheet.visible])
        zh, en = ("；隐藏的工作表：" + hidden_names, f"; hidden sheets: {hidden_names}") if hidden_names else ("", "")
        raise unreadable(
            path.name, f"可见的工作表是空的；应有表头和数据{zh}", f"is empty; expected a header and rows on a visible sheet{en}"
        )
    if len(full) > 1:
        names = comma_list([sheet.name for sheet, _ in full])
        zh = f"有多张可见的工作表：{names}；请在约定的 delivery 写 sheets: 表名，或 sheets: all"
        raise unreadable(path.name, zh, f"has several visible sheets: {names}; write `sheets: NAME` or `sheets: all` under `delivery`")
    return full


def _load(path: Path, sheet: SheetPart, facts: Structure) -> pl.DataFrame:
    """The sheet as text, from its first row and its leftmost column with a value."""
    import fastexcel

    try:
        frame = fastexcel.read_excel(path).load_sheet(sheet.name, header_row=None, skip_rows=0, dtypes="string").to_polars()
    except fastexcel.FastExcelError:
        raise damaged_workbook(path.name) from None
    if facts.last and frame.width != facts.last - facts.first + 1:
        raise damaged_workbook(path.name)  # the two readers disagree about the columns, so no cell could be named
    return frame


def _header(frame: pl.DataFrame, sheet: SheetPart, wanted: TableRequest, notes: ReadingNotes) -> HeaderLine:
    candidates = _candidates(frame)
    at, like = header(candidates, wanted), nearest(candidates, wanted)
    if like is not None:
        notes.heads.append(TableHead(sheet.name, like.line, tuple(like.cells or ())))
    if at is not None and set(wanted.columns) <= set(at.cells or ()):
        return at
    raise refusal({"": candidates}, wanted)


def _candidates(frame: pl.DataFrame) -> list[HeaderLine]:
    return [
        HeaderLine(line, [(cell or "").strip(SPACES) for cell in cells]) for line, cells in enumerate(frame.head(SEARCHED).iter_rows(), 1)
    ]


class _Sheet:
    """The rows of one sheet below its header."""

    def __init__(
        self, called: str, body: pl.DataFrame, places: dict[str, int | None], above: int, facts: Structure, wanted: TableRequest
    ) -> None:
        self._body, self._above, self._facts, self._wanted = body, above, facts, wanted
        self._at = {column: place for column, place in places.items() if place is not None}
        self._numbers = {facts.first + place: column for column, place in self._at.items()}
        self._places = {column: called + column_letters(facts.first + place) for column, place in self._at.items()}

    def rows(self) -> Rows:
        """The rows with their lines, marks and places."""
        texts = {column: self._texts(column, place) for column, place in self._at.items()}
        lines = np.arange(self._above + 1, self._above + 1 + len(self._body), dtype=np.int32)
        openings = first_cells(self._body) if self._wanted.layout.footer else None
        return Rows(pl.DataFrame(texts), lines, self._marks(), self._places, openings)

    def _texts(self, column: str, place: int) -> pl.Series:
        """The cells of a column; computed numbers have the 15 digits that Excel shows."""
        series, number = self._body.to_series(place).alias(column), self._facts.first + place
        shown_numbers = {row: text for (row, at), text in self._facts.texts.items() if at == number and row > self._above}
        if not shown_numbers:
            return series
        cells: list[str | None] = series.to_list()
        for row, text in shown_numbers.items():
            at = row - self._above - 1
            if at < len(cells) and _NUMBER.fullmatch(cells[at] or ""):  # a date has such a number too, but another text
                cells[at] = text
        return pl.Series(column, cells, pl.String)

    def _marks(self) -> dict[str, UInt8]:
        """The faults of unreadable cells, by column."""
        marks: dict[str, UInt8] = {}

        def mark(row: int, number: int, fault: Fault) -> None:
            at, column = row - self._above - 1, self._numbers.get(number)
            if column is None or not 0 <= at < len(self._body):
                return
            if fault is Fault.ROUNDED and column in self._wanted.identifiers:
                raise self._rounded_number(column, row)
            marks.setdefault(column, np.zeros(len(self._body), np.uint8))[at] = fault

        last, lowest, rest = self._facts.first + self._body.width - 1, self._above + len(self._body), 0
        for top, left, bottom, right in self._facts.merged:
            rows, columns = range(max(top, self._above + 1), min(bottom, lowest) + 1), range(left, min(right, last) + 1)
            rest += len(rows) * len(columns)
            if rest > MOST_MARKED:
                raise marked_all_over(self._wanted.name)
            for row, number in product(rows, columns):
                if (row, number) != (top, left):
                    mark(row, number, Fault.MERGED)
        for (row, number), fault in self._facts.faults.items():
            mark(row, number, fault)
        return marks

    def _rounded_number(self, column: str, row: int) -> Exception:
        place = f"{self._places[column]}{row}"
        return unreadable(
            self._wanted.name,
            f"“{column}”列存成了数字（如 {place}），Excel 只留 15 位，其余已丢失；请把该列设为文本格式，从原系统重新导出",
            f"holds numbers in the column {column!r} (as in {place}): Excel keeps 15 digits, the others are lost; format the column"
            " as text and export it anew from the system it comes from",
        )
