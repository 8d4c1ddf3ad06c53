"""Verbs that move a network on: ingest records, tick to a day."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.clock import By, Yes, confirm, trust
from console.cli.hold_warnings import hold_warner
from console.cli.i18n import both, verb
from console.cli.session import Session, session_of
from console.text.deliveries import COLUMNS, TRIAL_COLUMNS, advice, file_row, lacking, trial_row, void
from console.text.holds import notice
from infra.settings import day
from policies.values import Text

if TYPE_CHECKING:
    from services.lists.changes import WithChanges

Feed = Annotated[str, typer.Argument(metavar="FEED", help=both("数据源名", "the feed's name"))]
Paths = Annotated[
    list[Path],
    typer.Argument(
        metavar="PATH…", exists=True, dir_okay=False, help=both("交付的文件，每个文件一批", "the files delivered, each a delivery")
    ),
]
Source = Annotated[
    str | None,
    typer.Option(
        "--source",
        metavar="UNIT",
        help=both("交付单位；数据源有多个来源时必填", "the unit that delivers; needed where the feed has several"),
    ),
]
Replace = Annotated[
    bool,
    typer.Option(
        "--replace", help=both("全量替换：早先交付而这次没有的记录作废", "a full replacement: older records that are not in it are gone")
    ),
]
DeliveryId = Annotated[
    str | None,
    typer.Option(
        "--id",
        metavar="NAME",
        help=both(
            "单位给这一批的名称，供覆盖声明引用（只能有一个文件）",
            "the unit's name for the delivery, for its coverage statements (one file only)",
        ),
    ),
]
Dry = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        help=both(
            "只说会怎样：新增、变化、撤下、隔离，谁会变动；不接收", "say only what it would do, and whom it would move; take nothing in"
        ),
    ),
]
To = Annotated[
    str | None,
    typer.Option("--to", metavar="DATE", help=both("推进到这一天（默认今天，上海时间）", "move to this day (default: today in Shanghai)")),
]
Days = Annotated[int | None, typer.Option("--days", min=1, max=36600, help=both("推进几天", "move on by so many days"))]


def add(app: typer.Typer) -> None:
    app.command(
        "ingest",
        help=verb(
            "接收一个单位交付的文件。中断后再次运行会接着做；同一文件交付两次不起作用。",
            "Take in the files a unit delivers. Run again after an interruption to go on; the same file twice changes nothing.",
            "huimin ingest hukou hukou-2026-10-15.csv",
            "huimin ingest occupancy part.csv --source yichuan-street --replace",
            "huimin ingest hukou hukou-2026-10-15.csv --dry-run",
        ),
    )(ingest)
    app.command(
        "tick",
        help=verb(
            "推进日期，只重新判断到期的对象。",
            "Move the date on; only those who are due are judged again.",
            "huimin tick",
            "huimin tick --to 2026-11-15",
            "huimin tick --to 2027-06-01 --yes --by 王芳",
        ),
    )(tick)


def ingest(
    context: typer.Context, feed: Feed, paths: Paths, source: Source = None, replace: Replace = False, called: DeliveryId = None,
    dry: Dry = False, yes: Yes = False,
) -> None:  # fmt: skip
    from services.deliveries.ingest import ingest as take_in

    session = session_of(context)
    if dry:
        _try(session, feed, paths, source, replace, called)
        return
    intake = take_in(
        session.workspace(), feed, paths, session.today(), source=source, replaces=replace, called=called,
        trust=trust(session, yes), notify=hold_warner(session), progress=session.progress,
    )  # fmt: skip
    if intake.deliveries and not session.print_json(intake):
        session.table(None, COLUMNS, (file_row(file, session.language) for file in intake.deliveries), right=(1, 2, 3, 4))
        for file in intake.deliveries:
            for sentence in advice(file):
                (session.warn if sentence.urgent else session.say)(sentence.text)
        _show_moves(session, intake)
    if intake.refusal is not None:  # the files before it were taken in
        raise intake.refusal


def _try(session: Session, feed: str, paths: list[Path], source: str | None, replaces: bool, called: str | None) -> None:
    from services.deliveries.ingest import ingest_trial

    trial = ingest_trial(session.workspace(), feed, paths, session.today(), source=source, replaces=replaces, called=called)
    if trial.deliveries and not session.print_json(trial):
        session.table(None, TRIAL_COLUMNS, (trial_row(file, session.language) for file in trial.deliveries), right=tuple(range(1, 10)))
        for file in trial.deliveries:
            if file.lacking:
                session.warn(lacking(file.file, file.lacking, file.open_ends))
            if file.void:
                session.warn(void(file))
        _show_moves(session, trial)
        if not trial.changes:
            session.say(Text("没有人会变动。", "Nobody would move."))
        for hold in trial.opened:
            text = notice(hold)
            session.warn(Text("届时" + text.zh, "Then: " + text.en))
        session.say(Text("这是试算：什么也没有接收。", "A dry run: nothing was taken in."))
    if trial.refusal is not None:
        raise trial.refusal


def _show_moves(session: Session, result: WithChanges) -> None:
    from console.text.changes import COLUMNS as CHANGE_COLUMNS
    from console.text.changes import change_rows

    if result.changes:
        rows = change_rows(result.changes, result.titles, session.language)
        session.table(Text("名单变动", "Changes of lists"), CHANGE_COLUMNS, rows, right=(5,))


def tick(context: typer.Context, to: To = None, days: Days = None, yes: Yes = False, by: By = "") -> None:
    from console.cli.changes import show_changes
    from infra.settings import operator
    from services.deliveries.clock import move_day

    session = session_of(context)
    move = move_day(
        session.workspace(), session.today(), to=None if to is None else day(to), days=days, by=by.strip() or operator(),
        confirm=None if yes else confirm(session), notify=hold_warner(session), progress=session.progress,
    )  # fmt: skip
    if not session.json:
        session.say(Text(f"日期现为 {move.day}。", f"The day is now {move.day}."))
    show_changes(session, move)
