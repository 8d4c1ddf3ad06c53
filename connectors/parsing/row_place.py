"""The place of a row in its file, as the people who keep the file see it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from policies.problems.problems import comma_list
from policies.values import Text


class RowPlace(NamedTuple):
    """Where a row stands in its file: the line, header and blank lines counted, and the sheet where a workbook has several."""

    line: int
    sheet: str = ""

    @property
    def words(self) -> Text:
        """The place in the words of people."""
        if self.sheet:
            return Text(f"工作表“{self.sheet}”第 {self.line} 行", f"sheet {self.sheet}, row {self.line}")
        return Text(f"第 {self.line} 行", f"row {self.line}")


def rows_words(places: Iterable[RowPlace]) -> Text:
    """Several places of one file in words.

    Example:
        >>> rows_words([RowPlace(2), RowPlace(5)])
        Text(zh='第 2, 5 行', en='rows 2, 5')
    """
    sheets: dict[str, list[int]] = {}
    for place in places:
        sheets.setdefault(place.sheet, []).append(place.line)
    zh = [(f"工作表“{sheet}”" if sheet else "") + f"第 {comma_list(lines)} 行" for sheet, lines in sheets.items()]
    en = [(f"sheet {sheet}, " if sheet else "") + f"rows {comma_list(lines)}" for sheet, lines in sheets.items()]
    return Text("，".join(zh), "; ".join(en))
