"""The verb ``feed draft``: proposes a contract from a sample file.

Part of ``console.cli.feed``. Without ``--out`` the contract goes to stdout and every sentence about it to stderr.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.i18n import both, verb
from console.cli.session import session_of
from policies.problems.characters import lines
from policies.values import Text

if TYPE_CHECKING:
    from services.feeds.drafting import FeedDraft

File = Annotated[
    Path, typer.Argument(metavar="FILE", help=both("样本文件（CSV、XLSX 或 JSON 行）", "a sample file (CSV, XLSX or JSON lines)"))
]
Name = Annotated[
    str | None, typer.Option("--feed", metavar="NAME", help=both("数据源名；默认取自文件名", "the feed's name; by default from the file's"))
]
Sheets = Annotated[
    list[str] | None,
    typer.Option("--sheet", metavar="NAME", help=both("工作表的名称或样式（可多次）", "a sheet's name or pattern (may be repeated)")),
]
Out = Annotated[
    Path | None, typer.Option("--out", metavar="FILE", help=both("写到这个文件；默认显示", "write it to this file; by default it is shown"))
]


def add(app: typer.Typer) -> None:
    """Add the verb to its group."""
    text = verb(
        "据样本文件起草约定；拿不准的写成问题。不接收任何内容。",
        "Draft a contract from a sample file; what cannot be told is a question in it. Nothing is taken in.",
        "huimin feed draft march.xlsx --feed meal_cards --out meal_cards.yaml",
        "huimin feed draft cards.csv > cards.yaml",
    )
    app.command("draft", help=text)(draft)


def draft(context: typer.Context, file: File, feed: Name = None, sheet: Sheets = None, out: Out = None) -> None:
    from services.feeds.drafting import feed_draft

    session = session_of(context)
    result = feed_draft(session.workspace, file, session.today(), session.language, name=feed, sheets=sheet or (), out=out)
    if session.print_json(result):
        return
    if out is None:
        sys.stdout.write(lines(result.contract.split("\n")))
    for sentence in _sentences(result):
        (session.say if out is not None else session.warn)(sentence)


def _sentences(result: FeedDraft) -> list[Text]:
    """What was drafted, how the sample would be read by it, and what to do next."""
    count, where = len(result.questions), result.out or "-"
    sentences = []
    if result.out is not None:
        sentences.append(
            Text(f"已写 {where}：数据源 {result.feed} 的约定草稿。", f"Wrote {where}, a draft of the contract of {result.feed}.")
        )
    if result.refused is not None:
        zh, en = "按这份草稿，样本会被拒绝：", "By this draft the sample would be refused: "
        sentences.append(Text(zh + result.refused.zh, en + result.refused.en))
    else:
        rows, quarantined, nobody = f"{result.rows:,}", f"{result.quarantined:,}", f"{result.unplaced:,}"
        zh = f"按这份草稿，样本读出 {rows} 行，其中隔离 {quarantined} 行、认不出是谁 {nobody} 行"
        en = f"By this draft {rows} rows of the sample are read, {quarantined} of them quarantined and {nobody} of nobody"
        blank = f"；空行 {result.blank:,}，表尾 {result.footers:,}。", f"; {result.blank:,} blank rows, {result.footers:,} footers."
        sentences.append(Text(zh + blank[0], en + blank[1]))
    zh, en = f"有 {count} 个问题要答：在文件里找“问：”。", f"{count} questions are to be answered: look for QUESTION in it."
    file = result.out or "CONTRACT.yaml"
    next_step = f"huimin feed try {file} {result.file}"
    sentences.append(Text(f"{zh}然后用 {next_step} 试。", f"{en} Then try it with {next_step}."))
    return sentences
