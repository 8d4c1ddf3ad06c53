"""Where the data rows of a delivered file stand in it: a short table of runs, from the number of a row to its line and sheet.

Records are stored with the number of their data row, which counts no header, blank row or footer. People look for a row by the number
that their office program shows. ``connectors.parsing.rows`` fills the table while a file is read; ``services.deliveries.delivery`` keeps
its text beside the name of the file, so nothing in the log changes, and a file that came in before has none.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable
from itertools import chain

import numpy as np
import numpy.typing as npt

from connectors.parsing.row_place import RowPlace

MOST_RUNS = 10_000
"""The most runs that are kept; the rows behind them have no known line."""


class RowPlaces:
    """The lines of data rows, as runs of consecutive rows in consecutive lines.

    Example:
        >>> places = RowPlaces()
        >>> places.add(1, np.array([4, 5, 9], np.int32), "")
        >>> places.of(2), places.of(3), places.of(4)
        (RowPlace(line=5, sheet=''), RowPlace(line=9, sheet=''), None)
        >>> RowPlaces.of_text(places.text).of(3)
        RowPlace(line=9, sheet='')
    """

    def __init__(self, runs: Iterable[tuple[int, int, str]] = (), last: int = 0) -> None:
        self._runs = list(runs)
        self._firsts = [first for first, _, _ in self._runs]
        self._last = last

    def add(self, first: int, lines: npt.NDArray[np.int32], sheet: str) -> None:
        """Notes the lines of consecutive rows behind those that were noted before; ``first`` is the number of the first of them."""
        if first != self._last + 1 or not len(lines):
            return
        breaks = np.flatnonzero(np.diff(lines) != 1) + 1
        for at in chain((0,), breaks.tolist()):
            if self._continues(first + at, int(lines[at]), sheet):
                continue
            if len(self._runs) == MOST_RUNS:
                self._last = first + at - 1
                return
            self._runs.append((first + at, int(lines[at]), sheet))
            self._firsts.append(first + at)
        self._last = first + len(lines) - 1

    def _continues(self, row: int, line: int, sheet: str) -> bool:
        """Whether a row goes on where the last run ends."""
        if not self._runs:
            return False
        first, begin, of_sheet = self._runs[-1]
        return of_sheet == sheet and line - begin == row - first

    def of(self, row: int) -> RowPlace | None:
        """The place of a data row; None where it is not known."""
        at = bisect_right(self._firsts, row) - 1
        if at < 0 or row > self._last:
            return None
        first, line, sheet = self._runs[at]
        return RowPlace(line + row - first, sheet)

    @property
    def text(self) -> str:
        """The table as one line of JSON."""
        return json.dumps({"last": self._last, "runs": self._runs}, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def of_text(cls, text: str) -> RowPlaces:
        """The table of a text; an empty one knows of no row.

        Raises:
            ValueError, TypeError, KeyError: the text is no such table.
        """
        if not text:
            return cls()
        table = json.loads(text)
        return cls([(int(first), int(line), str(sheet)) for first, line, sheet in table["runs"]], int(table["last"]))
