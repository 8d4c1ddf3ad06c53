"""The table of roles in words, for the terminal and for docs.

Run ``python -m console.text.roles`` after the table changes; a test compares docs/en/roles.md and docs/zh/roles.md with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from connectors.accounts.grants import TITLES, Role
from policies.values import Text
from services.access.page import TableRow, table_rows
from services.access.table import Scope

MARKS = {
    Scope.ANY: Text("全部", "any"),
    Scope.OWN_AGENCY: Text("本机构", "own agency"),
    Scope.OWN_UNIT: Text("本单位", "own unit"),
    Scope.OWN_DIVISION: Text("本街镇", "own street"),
    Scope.NONE: Text("", ""),
}
"""What stands in a cell."""
PAGES = {"en": Path("docs/en/roles.md"), "zh": Path("docs/zh/roles.md")}
BEGIN = "<!-- table -->"
"""Behind this line a page is written by the program."""


def role_columns() -> list[Text]:
    """The head of the table: the action, then the roles."""
    return [Text("操作", "action"), *(TITLES[role] for role in Role)]


def role_rows(rows: list[TableRow], language: str) -> Iterator[tuple[Text, list[list[str]]]]:
    """Each group of actions with its lines."""
    for group, members in groupby(rows, lambda row: row.group):
        yield group, [[row.title[language], *(MARKS[Scope(row.roles[role])][language] for role in Role)] for row in members]


def page_table(language: str) -> str:
    """The table as it stands in docs: a section a group, with the codes of actions."""
    rows = table_rows()
    codes = {row.title[language]: row.action for row in rows}
    head = [column[language] for column in role_columns()]
    parts = []
    for group, lines in role_rows(rows, language):
        cells = [[f"{line[0]} `{codes[line[0]]}`", *line[1:]] for line in lines]
        table = [head, ["---"] * len(head), *cells]
        parts += [f"### {group[language]}", "", *(f"| {' | '.join(line)} |" for line in table), ""]
    return "\n".join(parts)


def whole_page(language: str) -> str:
    """A page with its table written anew."""
    text = PAGES[language].read_text(encoding="utf-8")
    return text[: text.index(BEGIN)] + BEGIN + "\n\n" + page_table(language)


if __name__ == "__main__":
    for name, path in PAGES.items():
        path.write_text(whole_page(name), encoding="utf-8")
