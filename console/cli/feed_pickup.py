"""The verb ``feed pickup``: one round over the drop folder.

Part of ``console.cli.feed``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from console.cli.clock import Yes, trust
from console.cli.hold_warnings import hold_warner
from console.cli.i18n import verb
from console.cli.session import Session, session_of
from infra.settings import clock_seconds
from policies.values import Text

if TYPE_CHECKING:
    from services.deliveries.drop_folder import Pickup

COLUMNS = [
    Text("数据源", "feed"), Text("文件", "file"), Text("结果", "outcome"), Text("批次", "delivery"), Text("行数", "rows"),
    Text("隔离", "quarantined"), Text("认不出是谁", "nobody named"),
]  # fmt: skip
OUTCOMES = {"taken_in": Text("已接收", "taken in"), "repeated": Text("早已接收过", "taken in before"), "refused": Text("未接收", "refused")}


def add(app: typer.Typer) -> None:
    """Add the verb to its group."""
    text = verb(
        "接收收件夹里已写完的文件，移到旁边，附上回执。",
        "Take in the finished files of the drop folder; each is put aside with a receipt.",
        "huimin feed pickup",
    )
    app.command("pickup", help=text)(pickup)


def pickup(context: typer.Context, yes: Yes = False) -> None:
    from services.deliveries.drop_folder import pickup as go_round

    session = session_of(context)
    result = go_round(session.workspace(), session.today(), clock_seconds(), trust=trust(session, yes), notify=hold_warner(session))
    if not session.print_json(result):
        _show(session, result)
    if any(file.outcome == "refused" for file in result.files):
        raise typer.Exit(3)


def _show(session: Session, result: Pickup) -> None:
    from console.text.changes import COLUMNS as CHANGE_COLUMNS
    from console.text.changes import change_rows

    language = session.language
    if result.files:
        rows = (
            [f.feed, f.file, OUTCOMES[f.outcome][language], str(f.delivery or ""), f"{f.rows:,}", f"{f.quarantined:,}", f"{f.unplaced:,}"]
            for f in result.files
        )
        session.table(None, COLUMNS, rows, right=(3, 4, 5, 6))
    else:
        session.say(Text(f"{result.folder} 里没有写完的文件。", f"{result.folder} holds no finished file."))
    for file in result.files:
        if file.reason is not None:
            session.warn(file.reason)
    for waiting in result.waiting:
        session.say(Text(f"{waiting.file} 留在原处：{waiting.why.zh}", f"{waiting.file} stays: {waiting.why.en}"))
    if result.changes:
        session.table(
            Text("名单变动", "Changes of lists"), CHANGE_COLUMNS, change_rows(result.changes, result.titles, language), right=(5,)
        )
