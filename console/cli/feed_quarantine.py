"""Verbs about deliveries and their broken rows: feed deliveries, feed quarantine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.i18n import both, verb
from console.cli.session import Session, session_of
from policies.problems.characters import lines
from policies.problems.problems import HuiminError
from policies.values import Text

if TYPE_CHECKING:
    from services.deliveries.quarantine import BrokenCell
    from services.deliveries.statuses import DeliveryStatus

Some = Annotated[str | None, typer.Argument(metavar="[FEED]", help=both("数据源名", "the feed's name"))]
Limit = Annotated[
    int, typer.Option(metavar="N", min=1, help=both("最多列出几行（--json 总是全部）", "rows to list at most (--json: always all)"))
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="FILE",
        help=both(
            "把待修正的行从原文件抄到这里（.xlsx 或 .csv）",
            "copy the rows to be mended out of the original into this (.xlsx, .csv)",
        ),
    ),
]
From = Annotated[
    Path | None,
    typer.Option(
        "--from",
        metavar="ORIGINAL",
        exists=True,
        dir_okay=False,
        help=both("单位交付的原文件（惠民不留内容）", "the file as the unit delivered it (Huimin keeps no contents)"),
    ),
]
Close = Annotated[
    int | None,
    typer.Option("--close", metavar="DELIVERY", min=1, help=both("关闭这一批认不出对象的行", "close the rows of nobody of this delivery")),
]
By = Annotated[str, typer.Option("--by", metavar="NAME", help=both("由谁关闭，记录在案", "who closes them, on record"))]
Unit = Annotated[
    str | None,
    typer.Option(
        "--source", metavar="UNIT", help=both("交付单位；--close 且有多个来源时必填", "the unit, for --close where there are several")
    ),
]

STAGES = {
    "open": Text("未收完", "open"),
    "topic": Text("主题，持续接收", "a topic, goes on"),
    "complete": Text("已收齐", "complete"),
    "void": Text("作废：认不出的行过多", "void: too many of nobody"),
}
SHOWN = 5
"""The most cells and records that one line of the table names."""


def add(app: typer.Typer) -> None:
    for name, function, text in (
        (
            "deliveries",
            deliveries,
            verb(
                "列出每一批交付：文件、行数、隔离、相同、较旧、是否收齐。",
                "List every delivery: file, rows, quarantined, the same, older, whether it is complete.",
                "huimin feed deliveries",
                "huimin feed deliveries hukou --json",
            ),
        ),
        (
            "quarantine",
            quarantine,
            verb(
                "列出待修正的行：位置、规则、值的类型（不显示内容）；抄出来改，或关闭认不出对象的行。",
                "List the rows to be mended: place, rule, class of value (never the value); copy them out, or close those of nobody.",
                "huimin feed quarantine hukou --limit 20",
                "huimin feed quarantine hukou --out mend.xlsx --from hukou-2026-10-15.csv",
                "huimin feed quarantine hukou --close 3 --by 王芳",
            ),
        ),
    ):
        app.command(name, help=text)(function)


def deliveries(context: typer.Context, name: Some = None) -> None:
    from services.deliveries.statuses import DeliveryStatus, deliveries_of

    session = session_of(context)
    every = deliveries_of(session.workspace(), name)
    if session.print_json(every, list[DeliveryStatus]):
        return
    columns = [
        Text("数据源", "feed"),
        Text("单位", "unit"),
        Text("批次", "delivery"),
        Text("文件", "file"),
        Text("收到", "received"),
        Text("行数", "rows"),
        Text("认不出", "nobody"),
        Text("待修正", "to mend"),
        Text("已修正", "mended"),
        Text("相同", "same"),
        Text("较旧", "older"),
        Text("状态", "state"),
    ]
    session.table(None, columns, (_row(delivery, session.language) for delivery in every), right=(2, 5, 6, 7, 8, 9, 10))
    for delivery in every:
        if delivery.stage == "open":
            session.warn(half_done(delivery.feed, delivery.file or delivery.id, delivery.rows))


def half_done(feed: str, file: str, rows: int) -> Text:
    """The warning about a delivery that was interrupted, and how to go on."""
    return Text(
        f"{feed}：{file} 只收了 {rows:,} 行就中断了，这一批还不能证明“没有”。再运行一次同样的 huimin ingest，会接着收完。",
        f"{feed}: {file} stopped after {rows:,} rows, and proves no absence yet. Run the same huimin ingest again: it goes on to the end.",
    )


def _row(delivery: DeliveryStatus, language: str) -> list[str]:
    full = Text("（全量）", " (full)")[language] if delivery.full else ""
    counts = [
        f"{count:,}" if count else ""
        for count in (delivery.rows, delivery.unplaced, delivery.broken, delivery.mended, delivery.same, delivery.older)
    ]
    return [
        delivery.feed,
        delivery.unit,
        str(delivery.number),
        delivery.file or delivery.id,
        delivery.received,
        *counts,
        STAGES[delivery.stage][language] + full,
    ]


def quarantine(
    context: typer.Context, name: Some = None, limit: Limit = 50, out: Out = None, original: From = None, close: Close = None,
    by: By = "", source: Unit = None,
) -> None:  # fmt: skip
    from services.deliveries.open_cells import open_cells
    from services.deliveries.quarantine import BrokenCell

    session = session_of(context)
    if out is not None or original is not None:
        _copy_out(session, name, out, original)
        return
    if close is not None:
        _close(session, name, source, close, by)
        return
    cells = open_cells(session.workspace(), name)
    if session.print_json(cells, list[BrokenCell]):
        return
    columns = [
        Text("数据源、单位", "feed, unit"),
        Text("批次、文件", "delivery, file"),
        Text("位置", "place"),
        Text("列", "column"),
        Text("记录", "record"),
        Text("规则", "rule"),
        Text("值的类型", "class of value"),
    ]
    session.table(None, columns, _alike(cells, session.language)[:limit])
    somebody, nobody = (len({cell.row_id for cell in cells if cell.nobody is of_nobody}) for of_nobody in (False, True))
    session.say(Text(f"共 {somebody + nobody} 行待修正后重新交付。", f"{somebody + nobody} rows to be mended and delivered again."))
    if nobody:
        zh = f"其中 {nobody} 行认不出对象：改正后的行无从对应，由后来的完整全量关闭，或用 --close 批次 --by 姓名 关闭。"
        en = f"{nobody} of them name nobody, so no later row tells that they are mended: "
        en += "a sound full file closes them, or --close DELIVERY --by NAME."
        session.say(Text(zh, en))


def _copy_out(session: Session, name: str | None, out: Path | None, original: Path | None) -> None:
    from services.deliveries.mending import copy_broken_rows

    if name is None or out is None or original is None:
        raise HuiminError(Text("请同时给出数据源、--out 和 --from。", "Give the feed, --out and --from together."), 2)
    copy = copy_broken_rows(session.workspace(), name, original, out, session.language)
    if session.print_json(copy):
        return
    zh = f"已把 {copy.rows} 行抄到 {out}，最后一列是原因。文件里有身份信息，只交给 {copy.unit}；改好后用 huimin ingest {name} 收回。"
    en = (
        f"Copied {copy.rows} rows to {out}; the last column says why. It identifies people: give it to {copy.unit} alone. Once mended, "
        f"take it in with huimin ingest {name}."
    )
    session.say(Text(zh, en))
    if copy.left:
        zh = f"另有 {copy.left} 行按现在的约定不再读（例如已列入 footer 的表尾），没有抄。"
        session.warn(Text(zh, f"{copy.left} rows were not copied: the contract does not read them any more (footers it names since, say)."))
    suffix = "xlsx" if copy.format == "xlsx" else "csv"
    if out.suffix.lower() != f".{suffix}" or copy.format == "jsonl":
        zh = f"约定要求 {copy.format}：单位交回时须是这种格式。"
        session.warn(Text(zh, f"The contract asks for {copy.format}: that is what the unit has to send back."))


def _close(session: Session, name: str | None, unit: str | None, delivery: int, by: str) -> None:
    from services.deliveries.open_cells import close_rows

    if name is None:
        raise HuiminError(Text("请给出数据源。", "Name the feed."), 2)
    closing = close_rows(session.workspace(), name, unit, delivery, by, session.today())
    if not session.print_json(closing):
        zh = f"已关闭 {closing.feed} 第 {closing.delivery} 批认不出对象的 {closing.rows} 行（{closing.by}，{closing.day}）。"
        en = f"Closed {closing.rows} rows of nobody of delivery {closing.delivery} of {closing.feed} ({closing.by}, {closing.day})."
        session.say(Text(zh, en))


def _alike(cells: Iterable[BrokenCell], language: str) -> list[list[str]]:
    """Table rows: cells that break the same rule in the same way are one row, with the first places and their count."""
    alike: dict[tuple[str, ...], list[BrokenCell]] = {}
    for cell in cells:
        where = cell.feed, cell.unit, str(cell.delivery), cell.file, cell.column
        alike.setdefault((*where, cell.expected[language], cell.found[language]), []).append(cell)
    return [
        [
            lines([feed, unit]),
            lines([delivery, file]),
            _places(some, language),
            column,
            _records(some, language),
            *rule,
        ]
        for (feed, unit, delivery, file, column, *rule), some in alike.items()
    ]


def _records(cells: Sequence[BrokenCell], language: str) -> str:
    """The keys of the records of some cells, at most five; a word where the rows name no subject."""
    if cells[0].nobody:
        return Text("认不出对象", "of nobody")[language]
    keys = [cell.key for cell in cells if cell.key is not None]
    return ", ".join(keys[:SHOWN]) + (" …" if len(keys) > SHOWN else "")


def _places(cells: Sequence[BrokenCell], language: str) -> str:
    """Where cells stand in the unit's file, at most five: cells of a workbook, else lines of the file."""
    places = [f"{cell.place}{cell.line}" if cell.line and not cell.place.isdigit() else str(cell.line or cell.row) for cell in cells]
    first = ", ".join(places[:SHOWN])
    return first if len(places) <= SHOWN else first + Text(f" … 共 {len(places)} 行", f" … {len(places)} rows")[language]
