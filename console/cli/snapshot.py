"""Verbs about snapshots for analysts: create, list, verify, diff."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from console.cli.i18n import both, verb
from console.cli.session import session_of
from console.text.words import STATUSES
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
Earlier = Annotated[Path, typer.Argument(metavar="BEFORE", exists=True, help=both("较早的快照", "the earlier snapshot"))]
Later = Annotated[Path, typer.Argument(metavar="AFTER", exists=True, help=both("较晚的快照", "the later snapshot"))]
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
    app.command(
        "diff",
        help=verb(
            "比较两个快照的名单长度，按政策、街镇和状态。",
            "Compare how long lists are in two snapshots, by policy, street and status.",
            "huimin snapshot diff snapshots/2026-10-15-86.duckdb snapshots/2026-11-15-120.duckdb",
        ),
    )(diff)
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


def diff(context: typer.Context, before: Earlier, after: Later) -> None:
    from services.exports.snapshot_comparison import compare_snapshots

    session = session_of(context)
    comparison = compare_snapshots(before, after)
    if session.print_json(comparison):
        return
    columns = [
        Text("政策", "policy"),
        Text("街镇", "street"),
        Text("状态", "status"),
        Text("先", "before"),
        Text("后", "after"),
        Text("增减", "change"),
    ]
    rows = [
        [
            c.policy,
            c.street or "—",
            STATUSES[c.status][session.language],
            _figure(c.before),
            _figure(c.after),
            "" if c.change is None else f"{c.change:+,}",
        ]
        for c in comparison.cells
    ]
    if rows:
        session.table(None, columns, rows, right=(3, 4, 5))
    session.say(Text(f"相同的格：{comparison.alike}", f"cells that are alike: {comparison.alike}"))


def _figure(figure: int | None) -> str:
    return "·" if figure is None else f"{figure:,}"
