"""Verbs about what feeds prove and what was wrong with them: coverage, quarantine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from console.held import submitting
from console.i18n import both, verb
from console.lookup import named
from console.session import Session, of
from console.words import place
from policies.values import Text

OneFeed = Annotated[str | None, typer.Option("--feed", metavar="FEED", help=both("只看这个数据源", "only this feed"))]
Statements = Annotated[
    Path | None,
    typer.Argument(
        metavar="[FILE]",
        exists=True,
        help=both("覆盖声明文件；不给则列出现有声明", "a file of statements; without it, lists those in effect"),
    ),
]
Some = Annotated[str | None, typer.Argument(metavar="[FEED]", help=both("数据源名", "the feed's name"))]
Limit = Annotated[int, typer.Option(metavar="N", min=1, help=both("最多列出几行", "rows to list at most"))]


def add(app: typer.Typer) -> None:
    for name, function, text in (
        (
            "coverage",
            coverage,
            verb(
                "登记覆盖声明，或列出现有声明及其日期。",
                "Take in coverage statements, or list those in effect.",
                "huimin feed coverage statements.jsonl",
                "huimin feed coverage --feed medical_insurance",
            ),
        ),
        (
            "quarantine",
            quarantine,
            verb(
                "列出未通过校验的行：行号、规则、值的类型（不显示内容）。",
                "List rows that failed: number, rule, class of value (never the value).",
                "huimin feed quarantine hukou --limit 20",
            ),
        ),
    ):
        app.command(name, help=text)(function)


def coverage(context: typer.Context, file: Statements = None, only: OneFeed = None) -> None:
    session = of(context)
    if file is None:
        _coverage_in_effect(session, only)
        return
    from infra.delivery import state_coverage

    with submitting(session) as host:
        changes = state_coverage(session.workspace(), host, file)
        registry = host.state.registry
    from console.changes import told

    told(session, changes, registry)


SHOWN = 5
"""Numbers of rows on a line of the quarantine."""


def _coverage_in_effect(session: Session, only: str | None) -> None:
    from infra.reading import statements_in_effect  # late: it brings the state along

    with session.workspace().reading() as host:
        found = [s for s in statements_in_effect(host) if only in (None, s.feed)]
    if session.data([s.as_data() for s in found]):
        return
    columns = [
        Text("数据源", "feed"),
        Text("单位", "unit"),
        Text("范围", "about"),
        Text("完整至", "complete to"),
        Text("生效", "in effect"),
        Text("声明", "statement"),
    ]
    rows = [s.as_row(session.language) for s in found]
    session.table(None, columns, ([*row[:2], place(row[2], session.language), *row[3:]] for row in rows))


def quarantine(context: typer.Context, name: Some = None, limit: Limit = 50) -> None:
    from infra.delivery import quarantined

    session = of(context)
    workspace = session.workspace()
    if name is not None:
        named(workspace.catalogue(), name)
    rows = list(quarantined(workspace, name))
    if session.data(rows[:limit]):
        return
    columns = [
        Text("数据源", "feed"),
        Text("单位", "unit"),
        Text("批次", "delivery"),
        Text("行", "row"),
        Text("列", "column"),
        Text("规则", "rule"),
        Text("值的类型", "class of value"),
    ]
    session.table(None, columns, _alike(rows, session.language)[:limit], right=(2, 3))
    broken = len({(r["feed"], r["unit"], r["delivery"], r["row"]) for r in rows})
    session.say(Text(f"共 {broken} 行待修正后重新交付。", f"{broken} rows to be mended and delivered again."))


def _alike(rows: Iterable[dict[str, Any]], language: str) -> list[list[str]]:
    """Rows that break the same rule in the same way, as one line: the first of them by number, and how many there are."""
    found: dict[tuple[str, ...], list[int]] = {}
    for r in rows:
        key = (r["feed"], r["unit"], str(r["delivery"]), r["column"], r["expected"][language], r["found"][language])
        found.setdefault(key, []).append(r["row"])
    return [[*key[:3], _numbers(numbers, language), *key[3:]] for key, numbers in found.items()]


def _numbers(numbers: Sequence[int], language: str) -> str:
    """Row numbers, the first five of them.

    Example:
        >>> _numbers([3], "en"), _numbers(range(1, 100), "zh")
        ('3', '1, 2, 3, 4, 5 … 共 99 行')
    """
    first = ", ".join(map(str, numbers[:SHOWN]))
    return first if len(numbers) <= SHOWN else first + Text(f" … 共 {len(numbers)} 行", f" … {len(numbers)} rows")[language]
