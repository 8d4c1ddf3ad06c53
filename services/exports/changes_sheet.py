"""What changed on a list, as a sheet: in a file of its own, or beside the list in a workbook.

``huimin candidates changes --out`` and ``candidates export --changes-since`` call this.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from infra.workspace.destination import destination, has_columns
from policies.problems.problems import HuiminError
from policies.values import Text
from services.exports.list_changes import KINDS, ChangesSince, changes_since

if TYPE_CHECKING:
    from connectors.lists.exports import Sheet
    from infra.workspace.workspace import Workspace


@dataclass(frozen=True, slots=True)
class WrittenChanges:
    """Changes that were written into a file, with their number by kind."""

    file: Path
    counts: Mapping[str, int]


def write_changes(workspace: Workspace, policy: str, since: str, out: Path, language: str = "zh") -> WrittenChanges:
    """Writes the changes as a workbook or CSV. Raises: as for ``changes_since``; Conflict: something else is at the path."""
    from connectors.lists.exports import write_csv
    from connectors.lists.workbooks import write_xlsx

    if out.suffix.lower() not in (".csv", ".xlsx"):
        raise HuiminError(Text(f"{out.name}：只能导出 .csv 或 .xlsx。", f"{out.name}: only .csv and .xlsx can be written."), 2)
    result = changes_since(workspace, policy, since)
    sheet = changes_sheet(result, language)
    (write_xlsx if out.suffix.lower() == ".xlsx" else write_csv)(destination(out, has_columns(sheet.header)), sheet)
    return WrittenChanges(out, result.counts)


def changes_sheet(result: ChangesSince, language: str) -> Sheet:
    """The changes as a sheet."""
    from connectors.lists.exports import Column, ColumnKind, Sheet
    from connectors.lists.titles import CHANGES_SHEET, PERSON_TOKENS, STATUS, TOKEN

    titles = (
        Text("变动", "Change"), Text("号码", "Number"), Text("姓名", "Name"), Text("街镇", "Street"), Text("原状态", "Before"),
        Text("现状态", "Now"), Text("理由", "Why"), Text("日期", "Day"), Text("起因", "Event"), TOKEN,
    )  # fmt: skip
    with_people = any(c.people for c in result.changes)
    rows = [
        (
            KINDS[c.change][language], c.number, c.name, c.street[language], STATUS[c.before][language] if c.before else "",
            STATUS[c.status][language] if c.status else "", c.reason[language], c.day, c.event[language], f"{c.subject:016x}",
            *((c.people,) if with_people else ()),
        )
        for c in result.changes
    ]  # fmt: skip
    day = titles[7]
    columns = [Column(t[language], ColumnKind.DATE if t is day else ColumnKind.TEXT, visible=t is not TOKEN) for t in titles]
    if with_people:
        columns.append(Column(PERSON_TOKENS[language], visible=False))
    since = Text(f"自 {result.since} 以来", f"since {result.since}")
    if result.since.isdigit():
        since = Text(f"自第 {result.since} 期以来", f"since edition {result.since}")
    return Sheet(f"{result.title[language]} · {since[language]}", tuple(columns), rows, pages=((CHANGES_SHEET[language], len(rows)),))
