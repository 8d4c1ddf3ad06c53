"""The verb ``feed pull``: fetches a feed once from the database or server that ``ways_in.yaml`` names.

Part of ``console.cli.feed``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.clock import Yes, trust
from console.cli.feed_pickup import OUTCOMES
from console.cli.hold_warnings import hold_warner
from console.cli.i18n import both, verb
from console.cli.session import Session, session_of
from infra.settings import clock_time
from policies.values import Text

if TYPE_CHECKING:
    from services.deliveries.pulls import FeedPull

Name = Annotated[str, typer.Argument(metavar="FEED", help=both("数据源名", "the feed's name"))]
COLUMNS = [
    Text("文件", "file"), Text("结果", "outcome"), Text("批次", "delivery"), Text("行数", "rows"), Text("相同", "the same"),
    Text("隔离", "quarantined"), Text("认不出是谁", "nobody named"),
]  # fmt: skip


def add(app: typer.Typer) -> None:
    """Add the verb to its group."""
    text = verb(
        "从数据库或文件服务器取一次：先接收上次没收完的，再取新的。",
        "Fetch a feed once from its database or server: what a stopped run left, then what is new.",
        "huimin feed pull pension",
    )
    app.command("pull", help=text)(pull)


def pull(context: typer.Context, feed: Name, yes: Yes = False) -> None:
    from services.deliveries.pulls import pull as fetch

    session = session_of(context)
    result = fetch(session.workspace(), feed, session.today(), clock_time(), trust=trust(session, yes), notify=hold_warner(session))
    if not session.print_json(result):
        _show(session, result)
    if any(file.outcome == "refused" for file in result.files):
        raise typer.Exit(3)


def _show(session: Session, result: FeedPull) -> None:
    from console.text.changes import COLUMNS as CHANGE_COLUMNS
    from console.text.changes import change_rows

    language = session.language
    if result.files:
        rows = (
            [f.file, OUTCOMES[f.outcome][language], str(f.delivery or ""), *(f"{n:,}" for n in (f.rows, f.same, f.quarantined, f.unplaced))]
            for f in result.files
        )
        session.table(None, COLUMNS, rows, right=(2, 3, 4, 5, 6))
    else:
        session.say(Text(f"{result.feed} 没有新的。", f"Nothing is new in {result.feed}."))
    for file in result.files:
        if file.reason is not None:
            session.warn(file.reason)
    if result.waiting:
        names = ", ".join(result.waiting)
        session.say(Text(f"可能还在写，下次再取：{names}", f"May still be written, and wait for the next run: {names}"))
    if result.complete_to is not None:
        zh, en = f"已声明覆盖到 {result.complete_to}。", f"Its coverage is stated up to {result.complete_to}."
        session.say(Text(zh, en))
    if result.changes:
        moves = change_rows(result.changes, result.titles, language)
        session.table(Text("名单变动", "Changes of lists"), CHANGE_COLUMNS, moves, right=(5,))
