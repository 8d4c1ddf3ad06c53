"""Says of an exported list with which filter it was made: on a sheet of its own, and in a column that only programs read.

``services.exports.candidates`` adds both. The column stands in a CSV, too. By it, lists of different filters have different columns,
so that none takes the place of another one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from connectors.lists.exports import Cell, Column, Sheet
from connectors.lists.titles import ABOUT_SHEET, FILTER
from policies.values import Text

_COLUMNS = Text("项目", "item"), Text("内容", "content")
_LIST, _DAY, _ROWS = Text("名单", "list"), Text("日期", "day"), Text("行数", "rows")
_ONLY = Text("只含符合下列筛选的人，不是整份名单", "only those whom the filter below wants; this is not the whole list")


def filter_column(words: Text, language: str) -> Column:
    """The column whose title says the filter; its cells are empty."""
    return Column(f"{FILTER[language]}{words[language]}", visible=False)


def about_sheet(title: str, day: date, count: int, values: Sequence[tuple[Text, Sequence[Text]]], language: str) -> Sheet:
    """The sheet about a filtered list.

    Args:
        count: of rows.
        values: each filter with its values.
    """
    rows: list[tuple[Cell, ...]] = [
        (_LIST[language], title),
        ("", _ONLY[language]),
        *((f"{FILTER[language]}{name[language]}", "\n".join(text[language] for text in texts)) for name, texts in values),
        (_DAY[language], day.isoformat()),
        (_ROWS[language], str(count)),
    ]
    columns = tuple(Column(word[language]) for word in _COLUMNS)
    return Sheet(title, columns, rows, pages=((ABOUT_SHEET[language], len(rows)),))
