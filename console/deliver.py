"""Verbs that move a network on: ingest records, tick to a day."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.held import submitting
from console.i18n import both, verb
from console.lookup import named
from console.session import Session, of
from infra.settings import day
from policies.problems import HuiminError
from policies.values import Text

if TYPE_CHECKING:
    from connectors.delivery import DeliveryReport
    from infra.delivery import Delivered
    from streams.host import Host
    from streams.messages import CandidateChange

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
Called = Annotated[
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
        ),
    )(ingest)
    app.command(
        "tick",
        help=verb(
            "推进日期，只重新判断到期的对象。",
            "Move the date on; only those who are due are judged again.",
            "huimin tick",
            "huimin tick --to 2026-11-15",
        ),
    )(tick)


def ingest(
    context: typer.Context, feed: Feed, paths: Paths, source: Source = None, replace: Replace = False, called: Called = None
) -> None:
    from console.changes import as_data, counted
    from infra.delivery import deliver, source_of

    session = of(context)
    if called is not None and len(paths) > 1:
        raise HuiminError(Text("--id 只能用于一个文件。", "--id names one file only."), 2)
    workspace = session.workspace()
    contract = named(workspace.catalogue(), feed)
    position = source_of(contract, source)
    done: list[Delivered] = []
    with submitting(session) as host:
        begin(session, host)
        for path in paths:
            with session.progress(Text(f"接收 {path.name}", f"Taking in {path.name}"), _lines_of(path)) as advance:
                done.append(deliver(workspace, host, feed, position, path, replace, advance, called))
        registry = host.state.registry
    changes = [change for delivered in done for change in delivered.changes]
    if session.data({"deliveries": [d.as_data() for d in done], "changes": [as_data(change) for change in changes]}):
        return
    session.table(
        None,
        COLUMNS,
        (_row(d, session.language) for d in done),
        right=(1, 2, 3, 4),
    )
    for delivered in done:
        _advise(session, delivered, contract.max_unplaced)
    if changes:
        from console.changes import COLUMNS as CHANGE_COLUMNS

        session.table(Text("名单变动", "Changes of lists"), CHANGE_COLUMNS, counted(changes, registry, session.language), right=(5,))


COLUMNS = [
    Text("文件", "file"),
    Text("批次", "delivery"),
    Text("行数", "rows"),
    Text("隔离", "quarantined"),
    Text("无法识别对象", "nobody named"),
    Text("说明", "note"),
]


def _row(delivered: Delivered, language: str) -> list[str]:
    r = delivered.report
    counts = [f"{count:,}" if count else "" for count in (r.rows, r.quarantined, r.unplaced)]
    return [delivered.file, str(r.number), *counts, _note(r)[language]]


def _note(report: DeliveryReport) -> Text:
    if report.already:
        return Text("已接收过，未改动", "taken in before: nothing changed")
    if report.void:
        return Text("无法识别的行过多，不能证明“没有”", "too many rows name nobody: it proves no absence")
    if report.resumed_behind:
        return Text(f"从第 {report.resumed_behind + 1} 行接着做", f"resumed at row {report.resumed_behind + 1}")
    if report.erased:
        return Text(f"{report.erased} 行涉及已删除的人，未保留", f"{report.erased} rows about erased persons: not kept")
    if not report.rows:
        return Text("只有表头，没有一行数据", "a header and no rows")
    return Text("", "")


VOID = Text(
    "{file}：{rows} 行中 {unplaced} 行认不出对象，超过约定的比例 {allowed}（max_unplaced）。"
    "其余各行已收下、照常匹配；但以这一批为依据的覆盖声明不生效，没有记录仍不能证明“没有”。",
    "{file}: {unplaced} of {rows} rows name nobody, more than the contract's share of {allowed} (max_unplaced). "
    "The other rows are taken in and matched; but a coverage statement that rests on this delivery takes no effect.",
)


def _advise(session: Session, delivered: Delivered, allowed: float) -> None:
    """What to do about rows that failed, and what a delivery with too many rows of nobody is still good for."""
    report = delivered.report
    bad = report.quarantined + report.unplaced
    if bad:
        see = f"huimin feed quarantine {report.feed}"
        zh = f"{delivered.file}：{bad} 行未通过校验，已隔离；用 {see} 查看原因，请单位改正后再交付。"
        en = f"{delivered.file}: {bad} rows failed and were put aside; see {see} and ask the unit to mend them."
        session.warn(Text(zh, en))
    if report.void:
        words = {"file": delivered.file, "unplaced": report.unplaced, "rows": report.rows, "allowed": f"{allowed:.4g}"}
        session.warn(Text(VOID.zh.format(**words), VOID.en.format(**words)))


def _lines_of(path: Path) -> int | None:
    """About how many rows a file has, for the bar; None where only reading it would tell."""
    if path.suffix in (".gz", ".xlsx") or path.stat().st_size > 256_000_000:
        return None
    with path.open("rb") as file:
        return max(sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b"")) - 1, 0)


def begin(session: Session, host: Host) -> None:
    """Give a state that has never ticked its first day: today."""
    from streams.messages import Tick
    from streams.state import NO_DAY

    if host.state.day == NO_DAY:
        host.submit(Tick(session.today()))


def tick(context: typer.Context, to: To = None, days: Days = None) -> None:
    from console.changes import told
    from streams.messages import Tick
    from streams.state import NO_DAY

    session = of(context)
    if to is not None and days is not None:
        raise HuiminError(Text("--to 和 --days 只能给一个。", "Give --to or --days, not both."), 2)
    changes: list[CandidateChange] = []
    with submitting(session) as host:
        start = host.state.day
        first = session.today() if start == NO_DAY else start
        last = day(to) if to else first + timedelta(days=days) if days else session.today()
        if last < start:
            session.warn(Text(f"日期由 {start} 退回到 {last}。", f"The date goes back from {start} to {last}."))
        span = max((last - first).days, 1)
        with session.progress(Text("逐日判断", "Day by day"), span) as advance:
            for ahead in range(1, span + 1):
                at = last if last <= first else first + timedelta(days=ahead)
                changes += host.submit(Tick(at)).changes
                advance(1)
        registry = host.state.registry
    if not session.json:
        session.say(Text(f"日期现为 {last}。", f"The day is now {last}."))
    told(session, changes, registry, {"from": None if start == NO_DAY else start.isoformat(), "to": last.isoformat()})
