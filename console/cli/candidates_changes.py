"""``huimin candidates changes``: what changed on a list since an edition or a day, by name and with the reason."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from console.cli.i18n import both, verb
from console.cli.session import session_of
from console.text.changes import SINCE, changes_in_all, since_row
from console.text.words import number
from policies.values import Text

Name = Annotated[str, typer.Argument(metavar="POLICY", help=both("政策代号", "the policy's name"))]
Since = Annotated[
    str,
    typer.Option("--since", metavar="EDITION|DATE", help=both("自这一期或这一天之后", "since the end of an edition or a day")),
]
Limit = Annotated[int, typer.Option(min=0, help=both("表中最多几行（0 为全部）", "rows in the table at most (0: all)"))]
Out = Annotated[Path | None, typer.Option("--out", metavar="FILE", help=both("写到这里，.xlsx 或 .csv", "write here, .xlsx or .csv"))]


def add(app: typer.Typer) -> None:
    app.command(
        "changes",
        help=verb(
            "自某一期或某一天以来名单的净变动：谁进入、离开、变化，为什么。含身份信息，只交给执行机构。",
            "What changed on a list since an edition or a day: who entered, left or changed, and why. For the agency: it names people.",
            "huimin candidates changes elderly-uninsured --since 3",
            "huimin candidates changes dibao --since 2026-10-15 --out changes.xlsx",
        ),
    )(changes)


def changes(context: typer.Context, policy: Name, since: Since, limit: Limit = 40, out: Out = None) -> None:
    from services.exports.changes_sheet import write_changes
    from services.exports.list_changes import changes_since

    session = session_of(context)
    if out is not None:
        file = write_changes(session.workspace(), policy, since, out, session.language)
        if not session.print_json(file):
            count = number(sum(file.counts.values()))
            session.say(
                Text(
                    f"已写入 {count} 行变动到 {file.file}。内含身份信息，只交给执行机构。",
                    f"Wrote {count} changes to {file.file}. They identify people: for the agency only.",
                )
            )
        return
    result = changes_since(session.workspace(), policy, since)
    if session.print_json(result):
        return
    rows = result.changes[: limit or None]
    session.table(result.title, SINCE, (since_row(change, session.language) for change in rows))
    session.say(changes_in_all(result), "bold")
    if len(rows) < len(result.changes):
        session.say(Text(f"只显示前 {limit} 行；--limit 0 显示全部。", f"Only the first {limit} are shown; --limit 0 shows all."), "dim")
