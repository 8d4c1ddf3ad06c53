"""Verbs about snapshots for analysts: create, list, verify."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from console.cli.i18n import both, verb
from console.cli.session import session_of
from policies.values import Text

Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="FILE",
        help=both("写到这里（默认在 snapshots 下，以日期命名）", "write here (default: in snapshots, under the day)"),
    ),
]
Format = Annotated[
    Literal["duckdb", "parquet"],
    typer.Option(
        "--format",
        metavar="duckdb|parquet",
        help=both("一个 DuckDB 文件，或一个 Parquet 文件夹", "one DuckDB file, or a folder of Parquet files"),
    ),
]
File = Annotated[
    Path | None,
    typer.Argument(metavar="[FILE]", exists=True, help=both("快照文件；不给则检查全部", "a snapshot; without it, all of them")),
]


def group() -> typer.Typer:
    app = typer.Typer(
        no_args_is_help=True, help=both("快照：供分析的 DuckDB 副本，只有化名。", "Snapshots: pseudonymous DuckDB copies for analysts.")
    )
    app.command(
        "create",
        help=verb(
            "生成快照，服务照常运行。",
            "Write a snapshot while the service works.",
            "huimin snapshot create",
            "huimin snapshot create --format parquet",
        ),
    )(create)
    app.command("list", help=verb("列出快照。", "List the snapshots.", "huimin snapshot list"))(show)
    app.command(
        "verify", help=verb("核对快照与其清单是否一致。", "Check that snapshots are what their manifests say.", "huimin snapshot verify")
    )(verify)
    return app


def create(context: typer.Context, out: Out = None, format: Format = "duckdb") -> None:
    from services.exports.snapshots import create_snapshot

    session = session_of(context)
    with session.progress(Text("生成快照", "Writing the snapshot")):
        created = create_snapshot(session.workspace(), out, format=format)
    if not session.print_json(created):
        session.say(Text(f"已生成 {created.file}", f"Wrote {created.file}"))


def show(context: typer.Context) -> None:
    from services.exports.snapshots import SnapshotFile, snapshots

    session = session_of(context)
    files = snapshots(session.workspace())
    if session.print_json(files, list[SnapshotFile]):
        return
    columns = [Text("文件", "file"), Text("大小", "size")]
    session.table(None, columns, ([file.file, f"{file.bytes / 1e6:.1f} MB"] for file in files), right=(1,))


def verify(context: typer.Context, file: File = None) -> None:
    from services.exports.snapshots import CheckedSnapshot, check_snapshots

    session = session_of(context)
    checks = check_snapshots(session.workspace(), file)
    if not session.print_json(checks, list[CheckedSnapshot]):
        for check in checks:
            bad = check.problem
            zh, en = (bad.zh, bad.en) if bad else ("完好", "as written")
            session.say(
                Text(f"{'✗' if bad else '✓'} {check.file} {zh}", f"{'✗' if bad else '✓'} {check.file} {en}"), "red" if bad else "green"
            )
    if not all(check.ok for check in checks):
        raise typer.Exit(3)
