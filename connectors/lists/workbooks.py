"""Writes lists as XLSX workbooks that can be worked in and printed: frozen header, filters, drop-downs, landscape pages of full width.

Services call ``write_xlsx`` with a ``connectors.lists.exports.Sheet``. Identifiers and other texts are text cells: a spreadsheet computes
no formula of them, and rounds no number. What may be chosen stands on a hidden sheet, because Excel takes at most 255 characters otherwise.

Source: ECMA-376 (XLSX).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from connectors.lists.exports import Cell, Column, ColumnKind, Sheet, cell_text
from streams.disk.files import replacing

_SHEET_ROWS = 1_000_000
_HEADER = 240  # characters of a printed header; Excel takes 255 with the marks in it
_CELL = 32_767  # characters a cell of XLSX may have
_DIGITS = 15  # of a number that a spreadsheet keeps
_MADE = datetime(2000, 1, 1)  # noqa: DTZ001  # xlsxwriter takes no zone; the creation date in the file: fixed, so that equal lists are equal files
_FIRST_DAY = date(2000, 1, 1)  # of the days that may be entered
_NARROWEST, _WIDEST, _WIDEST_TITLE = 6, 36, 12
_UNSEEN = 1e6  # the width of a hidden column, whose texts make no row higher
_LINE, _MOST_LINES = 16.5, 24  # points, a line of Chinese; Excel has no row of more than 409
_CHOICES = "_"
_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\']")
_A4 = 9
_FORMATS = {ColumnKind.TEXT: "@", ColumnKind.DATE: "yyyy-mm-dd"}


def write_xlsx(path: Path, sheet: Sheet, others: Sequence[Sheet] = ()) -> None:
    """Write a list as XLSX; a sheet with more than a million rows goes on on the next.

    Args:
        others: what stands beside the list, on sheets of their own.
    """
    import xlsxwriter  # type: ignore[import-untyped]  # it ships no types

    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with replacing(path) as part, TemporaryDirectory(prefix=f"{part.name}.", dir=part.parent) as aside:
        book = xlsxwriter.Workbook(part, {**options, "tmpdir": aside})
        book.set_properties({"title": sheet.title, "created": _MADE})
        reserved = {name.lower() for other in others for name, _ in other.pages}
        _write_pages(book, sheet, reserved)
        for other in others:
            _write_pages(book, other, set())
        _write_choices(book, sheet)
        book.close()


def _write_pages(book: Any, sheet: Sheet, names: set[str]) -> None:
    """Writes a list on its sheets, none of which gets one of these names."""
    formats = [_Formats(book, column) for column in sheet.columns]
    widths = [_width(sheet, at) for at in range(len(sheet.columns))]
    for name, rows in _pages(sheet, names):
        page = book.add_worksheet(name)
        _lay_out(page, sheet, len(rows), widths, formats)
        _write_rows(page, sheet, rows, widths, formats)


class _Formats:
    """The formats of one column: of its title, and of its cells."""

    def __init__(self, book: Any, column: Column) -> None:
        number = "0." + "0" * column.places if column.places else "0"
        shape = {"num_format": _FORMATS.get(column.kind, number), "valign": "top", "border": 4, "border_color": "#999999"}
        tint = {"bg_color": "#FFF8DC"} if column.entry else {}
        # texts wrap; a number or a day that does not fit would be shown as ###
        self.cells = book.add_format({**shape, **tint, "text_wrap": column.kind is ColumnKind.TEXT})
        head_tint = {"bg_color": "#F3DFA2" if column.entry else "#DDE6F0"}
        self.title = book.add_format({**shape, **head_tint, "num_format": "@", "bold": True, "text_wrap": True})


def _pages(sheet: Sheet, names: set[str]) -> Iterator[tuple[str | None, Sequence[tuple[Cell, ...]]]]:
    """The name and the rows of each sheet of the list. No two names, and none of ``names``, are equal without regard to case."""
    first = 0
    for title, count in sheet.pages or (("", len(sheet.rows)),):
        for at in range(first, max(first + count, first + 1), _SHEET_ROWS):
            yield _name(title, names), sheet.rows[at : min(at + _SHEET_ROWS, first + count)]
        first += count


def _name(title: str, names: set[str]) -> str | None:
    """A name that Excel takes (31 characters, some of them never) and that is not among ``names``, to which it is added."""
    stem = _NOT_IN_NAMES.sub("", title).strip()[:27]
    if not stem:
        return None
    name, number = stem, 1
    while name.lower() in names or name == _CHOICES:
        number += 1
        name = f"{stem} {number}"
    names.add(name.lower())
    return name


def _lay_out(page: Any, sheet: Sheet, count: int, widths: Sequence[float], formats: Sequence[_Formats]) -> None:
    """Sets what a sheet looks like on the screen and on paper, and what may be entered."""
    last, top = max(len(sheet.columns) - 1, 0), sheet.above
    for x, column in enumerate(sheet.columns):
        page.set_column(x, x, widths[x], formats[x].cells, {"hidden": not column.visible})
        if column.entry and count:
            _validate(page, sheet, x, count)
    page.freeze_panes(top + 1, 0)
    page.autofilter(top, 0, top + count, last)
    page.set_landscape()
    page.set_paper(_A4)
    page.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.6)
    page.fit_to_pages(1, 0)
    page.repeat_rows(top)
    title = _fitting(sheet.title, _HEADER).replace("&", "&&")
    page.set_header(f"&L{title}&R&A" if len(sheet.pages) > 1 else f"&L{title}")
    page.set_footer("&C&P / &N")


def _validate(page: Any, sheet: Sheet, x: int, count: int) -> None:
    """Lets only choices, days, or short texts be entered in the cells of a column."""
    column, first = sheet.columns[x], sheet.above + 1
    if column.choices:
        source = f"='{_CHOICES}'!{_range(x, len(column.choices))}"
        page.data_validation(first, x, sheet.above + count, x, {"validate": "list", "source": source, "show_error": not column.others})
    elif column.kind is ColumnKind.DATE:
        rule = {"validate": "date", "criteria": ">=", "value": column.earliest or _FIRST_DAY}
        page.data_validation(first, x, sheet.above + count, x, rule)
    elif column.longest is not None:
        rule = {"validate": "length", "criteria": "<=", "value": column.longest}
        page.data_validation(first, x, sheet.above + count, x, rule)


def _write_rows(
    page: Any, sheet: Sheet, rows: Sequence[tuple[Cell, ...]], widths: Sequence[float], formats: Sequence[_Formats]
) -> None:  # fmt: skip
    widths = [width if column.visible else _UNSEEN for column, width in zip(sheet.columns, widths, strict=True)]
    page.set_row(sheet.above, _height(sheet.header, widths))
    for x, column in enumerate(sheet.columns):
        page.write_string(sheet.above, x, column.title[:_CELL], formats[x].title)
    cell_formats = [format.cells for format in formats]
    for y, row in enumerate(rows, sheet.above + 1):
        page.set_row(y, _height(row, widths))
        for x, (cell, format) in enumerate(zip(row, cell_formats, strict=True)):
            if isinstance(cell, date):
                page.write_datetime(y, x, cell, format)
            elif isinstance(cell, str):
                page.write_string(y, x, cell[:_CELL], format) if cell else page.write_blank(y, x, None, format)
            elif len(Decimal(cell).as_tuple().digits) > _DIGITS:
                page.write_string(y, x, cell_text(cell), format)
            else:
                page.write_number(y, x, cell, format)


def _height(row: Sequence[Cell], widths: Sequence[float]) -> float:
    """The height of a row whose texts wrap, in points; not every spreadsheet finds it by itself."""
    lines = 1
    for cell, width in zip(row, widths, strict=True):
        if isinstance(cell, str) and (len(cell) * 2 > width or "\n" in cell):
            lines = max(lines, sum(-(-_length(line) // int(width)) or 1 for line in cell.split("\n")))
    return min(lines, _MOST_LINES) * _LINE


def _write_choices(book: Any, sheet: Sheet) -> None:
    """Writes what may be chosen on a hidden sheet, in the columns for which it is."""
    longest = max((len(column.choices) for column in sheet.columns), default=0)
    if not longest:
        return
    page = book.add_worksheet(_CHOICES)
    page.hide()
    for y in range(longest):
        for x, column in enumerate(sheet.columns):
            if y < len(column.choices):
                page.write_string(y, x, column.choices[y])


def _range(x: int, count: int) -> str:
    from xlsxwriter.utility import xl_range_abs  # type: ignore[import-untyped]  # it ships no types

    return str(xl_range_abs(0, x, count - 1, x))


def _width(sheet: Sheet, x: int) -> float:
    """The width of a column, in characters of a digit's width; a Chinese character has two."""
    column = sheet.columns[x]
    title = min(_length(column.title), _WIDEST_TITLE)
    if column.width is not None:
        return max(column.width, _NARROWEST)
    lines = {line for cell in {row[x] for row in sheet.rows} for line in cell_text(cell).split("\n")}
    content = max(map(_length, lines), default=0)
    return min(max(content, title, _NARROWEST), _WIDEST) + 1.5


def _fitting(text: str, most: int) -> str:
    """The text, cut with an ellipsis where it is longer."""
    return text if len(text) + text.count("&") <= most else text[: most - 1 - text.count("&")] + "…"


def _length(text: str) -> int:
    return len(text.encode("gb18030", "replace"))
