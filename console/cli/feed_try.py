"""The verb ``feed try``: reads a file by a contract, and takes nothing in.

Part of ``console.cli.feed``.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.i18n import both, verb
from console.cli.session import Session, session_of
from console.text.deliveries import lacking
from policies.values import Text

if TYPE_CHECKING:
    from services.feeds.file_trial import FileTable, FileTrial

Contract = Annotated[
    str, typer.Argument(metavar="FEED", help=both("数据源名，或约定的文件（.yaml）", "the feed's name, or a contract's file (.yaml)"))
]
File = Annotated[Path, typer.Argument(metavar="FILE", help=both("要试的文件", "the file to try"))]
_DELIMITERS = {",": Text("逗号", "comma"), "\t": Text("制表符", "tab"), ";": Text("分号", "semicolon"), "|": Text("竖线", "bar")}


def add(app: typer.Typer) -> None:
    """Add the verb to its group."""
    text = verb(
        "拿一个文件试约定，不接收任何内容。", "Try a file against a contract; nothing is taken in.", "huimin feed try pension march.xlsx"
    )
    app.command("try", help=text)(try_file)


def try_file(context: typer.Context, feed: Contract, file: File) -> None:
    from connectors.contracts.faults import UnreadableFile
    from services.feeds.file_trial import file_trial

    session = session_of(context)
    trial = file_trial(session.workspace, feed, file, session.today())
    if trial.refused is not None:
        session.warn(trial.refused)  # first: the columns below it are those of a line that may be no header
    if not session.print_json(trial):
        _show_trial(session, trial)
    if trial.refused is not None:
        raise typer.Exit(UnreadableFile(trial.refused).exit_code)


def _show_trial(session: Session, trial: FileTrial) -> None:
    language, name = session.language, trial.file
    session.say(
        Text(f"{name}，按约定 {trial.feed}（{trial.title.zh}）", f"{name}, by the contract {trial.feed} ({trial.title.en})"), "bold"
    )
    if trial.encoding:
        between = Text("", "")
        if trial.delimiter:
            delimiter = _DELIMITERS.get(trial.delimiter, Text(trial.delimiter, trial.delimiter))
            between = Text(f"，以{delimiter.zh}分隔", f", {delimiter.en} between cells")
        session.say(Text(f"编码 {trial.encoding}{between.zh}", f"Encoding {trial.encoding}{between.en}"))
    for table in trial.tables:
        _show_table(session, table)
    if trial.refused is not None and not trial.rows:
        return
    counts = (trial.rows, trial.blank, trial.footers, trial.deleted, trial.quarantined, trial.unplaced)
    columns = [
        Text("行数", "rows"),
        Text("空行", "blank"),
        Text("表尾", "footers"),
        Text("删除", "deletions"),
        Text("隔离", "quarantined"),
        Text("认不出是谁", "nobody named"),
    ]
    session.table(None, columns, [[f"{count:,}" for count in counts]], right=tuple(range(6)))
    if trial.lacking:
        session.warn(lacking(name, trial.lacking, trial.open_ends))
    if trial.first:
        session.table(
            Text("前几处问题", "First faults"),
            [Text("位置", "place"), Text("列", "column"), Text("是什么", "what stands there"), Text("规则", "rule")],
            ([fault.cell[language], fault.column, fault.value[language], fault.expected[language]] for fault in trial.first),
        )
        session.table(
            Text("按规则", "By rule"),
            [Text("列", "column"), Text("规则", "rule"), Text("格数", "cells")],
            ([rule.column, rule.expected[language], f"{rule.cells:,}"] for rule in sorted(trial.broken, key=lambda rule: -rule.cells)),
            right=(2,),
        )
    session.say(Text("没有接收任何内容。", "Nothing was taken in."))


def _show_table(session: Session, table: FileTable) -> None:
    sheet = Text(f"工作表 {table.sheet}，", f"Sheet {table.sheet}, ") if table.sheet else Text("", "")
    if table.header:
        session.say(
            Text(f"{sheet.zh}表头在第 {table.header} 行", (f"{sheet.en}header" if table.sheet else "Header") + f" in line {table.header}")
        )
    for zh, en, columns in (
        ("读的列", "Columns that are read", table.columns),
        ("缺的列", "Missing columns", table.missing),
        ("不读的列", "Columns that are not read", table.unused),
    ):
        if columns:
            session.say(Text(f"{zh}：{'、'.join(columns)}", f"{en}: {', '.join(columns)}"))
