"""Writes lists for agencies as CSV and XLSX that open in Excel as they are meant.

Every cell is a text: a spreadsheet computes no formula of it (``=1+1``), and XLSX rounds no identifier. Nothing of the clock is in a file,
so two exports of one edition are the same bytes.

Sources: OWASP "CSV Injection"; RFC 4180; ECMA-376 (XLSX).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from streams.disk.files import replacing

_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # some readers fold the full-width ones
_BELOW_ZERO = re.compile(r"-\d{1,15}(\.\d+)?")
_SHEET_ROWS = 1_000_000
_CELL = 32_767  # characters a cell of XLSX may have
_MADE = datetime(2000, 1, 1)  # noqa: DTZ001  # xlsxwriter takes no zone; the creation date in the file: fixed, so that equal lists are equal files


@dataclass(frozen=True, slots=True)
class Sheet:
    """A list to write: a header, and rows of as many texts in the order in which they are shown.

    Args:
        above: the number of empty lines above the header.
        between: the delimiter of a CSV.
        name: the name of the sheet in a workbook.
    """

    title: str
    header: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    above: int = 0
    between: str = ","
    name: str | None = None


def write_csv(path: Path, sheet: Sheet) -> None:
    """Write a list as CSV: UTF-8 with a byte order mark, without which Excel would misread Chinese.

    A cell that begins like a formula and is no number gets an apostrophe before it. Excel rounds long numbers when it opens a CSV: give
    people the XLSX where identifiers matter.
    """
    with replacing(path) as part, part.open("w", encoding="utf-8-sig", newline="") as file:
        file.write("\r\n" * sheet.above)
        writer = csv.writer(file, delimiter=sheet.between, lineterminator="\r\n")
        writer.writerow(escape_formulas(sheet.header))
        writer.writerows(escape_formulas(row) for row in sheet.rows)


def write_xlsx(path: Path, sheet: Sheet) -> None:
    """Write a list as XLSX: only text cells, a frozen header, and a new sheet after each million rows."""
    import xlsxwriter  # type: ignore[import-untyped]  # it ships no types

    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with replacing(path) as part, TemporaryDirectory(prefix=f"{part.name}.", dir=part.parent) as aside:
        book = xlsxwriter.Workbook(part, {**options, "tmpdir": aside})
        book.set_properties({"title": sheet.title, "created": _MADE})
        bold, text = book.add_format({"bold": True, "num_format": "@"}), book.add_format({"num_format": "@"})
        for first in range(0, max(len(sheet.rows), 1), _SHEET_ROWS):
            page = book.add_worksheet(None if first else sheet.name)
            page.freeze_panes(sheet.above + 1, 0)
            page.set_column(0, max(len(sheet.header) - 1, 0), 20, text)
            rows: Iterable[tuple[str, ...]] = (sheet.header, *sheet.rows[first : first + _SHEET_ROWS])
            for y, row in enumerate(rows, sheet.above):
                for x, cell in enumerate(row):
                    page.write_string(y, x, cell[:_CELL], text if y > sheet.above else bold)
        book.close()


def escape_formulas(row: Iterable[str]) -> list[str]:
    """The row, with an apostrophe before every cell that a spreadsheet would take for a formula.

    Example:
        >>> guarded(["=1+1", "张三", "-5", "-5+A1"])
        ["'=1+1", '张三', '-5', "'-5+A1"]
    """
    return ["'" + cell if cell.lstrip("'").startswith(_STARTS_A_FORMULA) and not _BELOW_ZERO.fullmatch(cell) else cell for cell in row]


def unescape_formula(cell: str) -> str:
    """A cell as it was before ``guarded``.

    Example:
        >>> unguarded("'-5"), unguarded("'t Hart")
        ('-5', "'t Hart")
    """
    return cell[1:] if cell.startswith("'") and cell.lstrip("'").startswith(_STARTS_A_FORMULA) else cell
