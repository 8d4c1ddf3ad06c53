"""Lists to write for people: columns with a kind, rows of cells, and the CSV that opens in Excel as it is meant.

``connectors.lists.workbooks`` writes the same lists as XLSX. No file is ever computed from a cell: what begins like a formula (``=1+1``) is
a text. Nothing of the clock is in a file, so two exports of one edition are the same bytes.

Sources: OWASP "CSV Injection"; RFC 4180.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

from streams.disk.files import replacing

Cell: TypeAlias = str | int | Decimal | date
"""The content of a cell; "" where it is empty. Several people or things stand in one text, a line each."""

_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # some readers fold the full-width ones
_BELOW_ZERO = re.compile(r"-\d{1,15}(\.\d+)?")


class ColumnKind(StrEnum):
    """How a workbook holds the cells of a column. Identifiers are texts: as numbers they would lose digits."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a list.

    Args:
        places: decimal places of its numbers.
        width: in characters of a digit's width; None: as its content needs.
        choices: what may be chosen for a cell; () where anything may be written.
        others: anything else than the choices may be written, too.
        earliest: the first day that may be entered; None: any of this century.
        longest: the most characters that may be entered; None: as many as a cell has.
        entry: the agency fills it in; whoever writes the list leaves it empty, or carries over what was filled in before.
        visible: False where it is only for the program that reads the list back; neither screen nor paper shows it then.
    """

    title: str
    kind: ColumnKind = ColumnKind.TEXT
    places: int = 0
    width: int | None = None
    choices: tuple[str, ...] = ()
    others: bool = False
    earliest: date | None = None
    longest: int | None = None
    entry: bool = False
    visible: bool = True


@dataclass(frozen=True, slots=True)
class Sheet:
    """A list to write: columns, and rows of as many cells in the order in which they are shown.

    Args:
        above: the number of empty lines above the header.
        between: the delimiter of a CSV.
        pages: the sheets of a workbook, each with its name and the number of its rows; () where one sheet holds all rows.
    """

    title: str
    columns: tuple[Column, ...]
    rows: Sequence[tuple[Cell, ...]]
    above: int = 0
    between: str = ","
    pages: tuple[tuple[str, int], ...] = ()

    @property
    def header(self) -> tuple[str, ...]:
        """The titles of the columns."""
        return tuple(column.title for column in self.columns)


def text_columns(titles: Iterable[str]) -> tuple[Column, ...]:
    """Columns of texts."""
    return tuple(map(Column, titles))


def cell_text(cell: Cell) -> str:
    """A cell as text: a day as ISO 8601, a number with all its places."""
    return cell if isinstance(cell, str) else f"{cell:f}" if isinstance(cell, Decimal) else str(cell)


def write_csv(path: Path, sheet: Sheet) -> None:
    """Write a list as CSV: UTF-8 with a byte order mark, without which Excel would misread Chinese.

    A cell that begins like a formula and is no number gets an apostrophe before it. Excel rounds long numbers when it opens a CSV: give
    people the XLSX where identifiers matter.
    """
    with replacing(path) as part, part.open("w", encoding="utf-8-sig", newline="") as file:
        file.write("\r\n" * sheet.above)
        writer = csv.writer(file, delimiter=sheet.between, lineterminator="\r\n")
        writer.writerow(escape_formulas(sheet.header))
        writer.writerows(escape_formulas(map(cell_text, row)) for row in sheet.rows)


def escape_formulas(row: Iterable[str]) -> list[str]:
    """The row, with an apostrophe before every cell that a spreadsheet would take for a formula.

    Example:
        >>> escape_formulas(["=1+1", "张三", "-5", "-5+A1"])
        ["'=1+1", '张三', '-5', "'-5+A1"]
    """
    return ["'" + cell if cell.lstrip("'").startswith(_STARTS_A_FORMULA) and not _BELOW_ZERO.fullmatch(cell) else cell for cell in row]


def unescape_formula(cell: str) -> str:
    """A cell as it was before ``escape_formulas``.

    Example:
        >>> unescape_formula("'-5"), unescape_formula("'t Hart")
        ('-5', "'t Hart")
    """
    return cell[1:] if cell.startswith("'") and cell.lstrip("'").startswith(_STARTS_A_FORMULA) else cell
