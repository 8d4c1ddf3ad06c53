"""Verbs about changes of feed contracts: check, history.

Both call ``services.feeds.growth``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.i18n import both, verb
from console.cli.session import session_of
from policies.values import Text

if TYPE_CHECKING:
    from console.cli.session import Session
    from services.feeds.growth import ContractAddition

Contracts = Annotated[
    list[Path], typer.Argument(metavar="FILE…", exists=True, dir_okay=False, help=both("要检查的约定", "contracts to check"))
]
Name = Annotated[str, typer.Argument(metavar="FEED", help=both("数据源名", "the feed's name"))]


def add(app: typer.Typer) -> None:
    app.command(
        "check",
        help=verb(
            "检查约定：列出所有问题；没有问题的，说明下次写入时会增加什么、多少政策读它。",
            "Check contracts: every problem; where there is none, what they will add at the next write, and how many policies read them.",
            "huimin feed check contracts/pension.yaml",
        ),
    )(check)
    app.command(
        "history",
        help=verb(
            "一个数据源的约定是怎么变过来的：哪天起增加了什么。",
            "How a feed's contract came to be what it is: what was added, from which day on.",
            "huimin feed history pension",
        ),
    )(history)


def check(context: typer.Context, files: Contracts) -> None:
    from policies.problems.problems import Invalid
    from services.feeds.growth import ContractAddition, contract_additions
    from services.problems import ReportedProblem, reported_problems

    session = session_of(context)
    try:
        additions = contract_additions(session.workspace(), files)
    except Invalid as error:
        session.print_json(reported_problems(error.problems), list[ReportedProblem])
        raise
    if session.print_json(additions, list[ContractAddition]):
        return
    session.say(Text("没有发现问题。", "No problems found."), "green")
    for name in dict.fromkeys(addition.feed for addition in additions):
        _show(session, name, [addition for addition in additions if addition.feed == name])


def _show(session: Session, feed: str, additions: Sequence[ContractAddition]) -> None:
    """What a contract will add to its feed at the next write, and who reads it."""
    readers, count = additions[0].readers, len(additions)
    zh, en = f"{feed}：下次写入时生效 {count} 处改动", f"{feed}: {count} {'change' if count == 1 else 'changes'} from the next write on"
    who = Text(f"{readers} 项政策读此数据源", f"{readers} {'policy reads' if readers == 1 else 'policies read'} this feed")
    session.say(Text(f"{zh}；{who.zh}。", f"{en}; {who.en}."))
    for addition in additions:
        session.say(Text(f"  · {addition.message.zh}", f"  · {addition.message.en}"))


def history(context: typer.Context, name: Name) -> None:
    from services.feeds.growth import ContractChange, contract_history

    session = session_of(context)
    feed = contract_history(session.workspace(), name)
    if not feed.changes:
        session.say(Text(f"数据源 {name} 从下一次写入起生效。", f"The feed {name} takes effect at the next write."))
    if session.print_json(feed.changes, tuple[ContractChange, ...]) or not feed.changes:
        return
    rows = (["—" if change.day is None else str(change.day), change.message[session.language], change.by or "—"] for change in feed.changes)
    columns = [Text("日期", "day"), Text("改动", "change"), Text("由谁", "by")]
    session.table(Text(f"{feed.title.zh}（{name}）", f"{feed.title.en} ({name})"), columns, rows)
