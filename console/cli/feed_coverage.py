"""The verb ``feed coverage``: takes in coverage statements, or lists those in effect."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.clock import Yes, trust
from console.cli.hold_warnings import hold_warner
from console.cli.i18n import both, verb
from console.cli.session import Session, session_of
from console.text.words import place
from policies.values import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.deliveries.coverage import CoverageStatement

STANDINGS = {
    "in_effect": Text("有效", "in effect"),
    "pending": Text("等待批次到齐", "waiting for its delivery"),
    "rows_differ": Text("行数不符", "rows differ"),
    "voided": Text("作废：无法识别的行过多", "void: too many unreadable rows"),
    "withdrawn": Text("已撤回", "withdrawn"),
}
OneFeed = Annotated[str | None, typer.Option("--feed", metavar="FEED", help=both("只看这个数据源", "only this feed"))]
Statements = Annotated[
    Path | None,
    typer.Argument(
        metavar="[FILE]",
        exists=True,
        help=both("覆盖声明文件；不给则列出现有声明", "a file of statements; without it, lists those in effect"),
    ),
]


def add(app: typer.Typer) -> None:
    app.command(
        "coverage",
        help=verb(
            "登记覆盖声明，或列出现有声明及其日期。",
            "Take in coverage statements, or list those in effect.",
            "huimin feed coverage statements.jsonl",
            "huimin feed coverage --feed medical_insurance",
        ),
    )(coverage)


def coverage(context: typer.Context, file: Statements = None, only: OneFeed = None, yes: Yes = False) -> None:
    session = session_of(context)
    if file is None:
        _statements(session, only)
        return
    from console.cli.changes import show_changes
    from services.deliveries.coverage import take_in_coverage

    intake = take_in_coverage(session.workspace(), file, session.today(), trust(session, yes), hold_warner(session))
    show_changes(session, intake)
    for waiting in intake.waiting:
        zh = f"声明 {waiting.statement} 在等批次 {waiting.delivery} 收齐，届时生效或作废。"
        session.say(
            Text(
                zh,
                f"Statement {waiting.statement} waits for delivery {waiting.delivery}; once that is complete it takes effect or is void.",
            )
        )


def _statements(session: Session, only: str | None) -> None:
    from services.deliveries.coverage import CoverageStatement
    from services.deliveries.coverage import coverage_statements as statements
    from services.lookup import division_names

    listed = statements(session.workspace(), only)
    if session.print_json(listed, list[CoverageStatement]):
        return
    places = division_names(session.workspace)
    columns = [
        Text("数据源", "feed"),
        Text("单位", "unit"),
        Text("范围", "about"),
        Text("完整至", "complete to"),
        Text("生效", "in effect"),
        Text("声明", "statement"),
    ]
    session.table(None, columns, (_row(statement, places, session.language) for statement in listed))


def _row(statement: CoverageStatement, places: Mapping[str, Text], language: str) -> list[str]:
    about = statement.division or Text(f"{statement.subjects} 个对象", f"{statement.subjects} subjects")[language]
    feed, unit, standing = statement.feed_title[language], statement.unit_title[language], STANDINGS[statement.standing][language]
    return [feed, unit, place(about, places, language), str(statement.complete_to), standing, statement.statement]
