"""The row of a CSV that a spreadsheet shows, from the line of its text: a cell with several lines is one row.

``connectors.lists.outcomes`` names rows by it, because the people who keep a list see it in a spreadsheet.
"""

from __future__ import annotations

import csv
from bisect import bisect_right
from pathlib import Path

from connectors.parsing.row_place import RowPlace


class SpreadsheetRows:
    """The rows of one file; those of a workbook or of JSON lines are their lines.

    Args:
        encoding: of a CSV.
    """

    def __init__(self, path: Path, encoding: str) -> None:
        self._begins = _begins(path, encoding) if path.suffix == ".csv" else []

    def of(self, place: RowPlace) -> RowPlace:
        """The place of a row as a spreadsheet shows it."""
        return RowPlace(bisect_right(self._begins, place.line), place.sheet) if self._begins else place


def _begins(path: Path, encoding: str) -> list[int]:
    """The line in which each row begins, blank rows counted; [] where the reader of this module takes the file for something else."""
    begins = [1]
    try:
        with path.open(encoding="utf-8-sig" if encoding == "utf-8" else encoding, newline="") as file:
            rows = csv.reader(file)
            begins += (rows.line_num + 1 for _ in rows)
    except (csv.Error, UnicodeDecodeError):
        return []
    return begins
