"""Verbs about snapshots for analysts: create, list, verify."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from console.i18n import both, verb
from console.session import of
from policies.problems import HuiminError
from policies.values import Text

Out = Annotated[
    Path | None,
    typer.Option(
        "--out", metavar="FILE", help=both("写到这里（默认 snapshots/日期.duckdb）", "write here (default: snapshots/DAY.duckdb)")
    ),
]
File = Annotated[
    Path | None, typer.Argument(metavar="[FILE]", exists=True, help=both("快照文件；不给则检查全部", "a snapshot; without it, all of them"))
]


def group() -> typer.Typer:
    app = typer.Typer(
        no_args_is_help=True, help=both("快照：供分析的 DuckDB 副本，只有化名。", "Snapshots: pseudonymous DuckDB copies for analysts.")
    )
    app.command("create", help=verb("生成快照，服务照常运行。", "Write a snapshot while the service works.", "huimin snapshot create"))(
        create
    )
    app.command("list", help=verb("列出快照。", "List the snapshots.", "huimin snapshot list"))(show)
    app.command(
        "verify", help=verb("核对快照与其清单是否一致。", "Check that snapshots are what their manifests say.", "huimin snapshot verify")
    )(verify)
    return app


def create(context: typer.Context, out: Out = None) -> None:
    from infra.exporting import make_snapshot

    session = of(context)
    workspace = session.workspace()
    with workspace.reading() as host, session.progress(Text("生成快照", "Writing the snapshot")):
        path = out or workspace.folder("snapshots") / f"{host.state.day}-{host.state.offset}.duckdb"
        facts = make_snapshot(host, path)
    if not session.data({"file": str(path), "tables": facts}):
        session.say(Text(f"已生成 {path}", f"Wrote {path}"))


def show(context: typer.Context) -> None:
    session = of(context)
    rows = [_facts(path) for path in sorted(session.workspace().folder("snapshots").glob("*.duckdb"))]
    if session.data(rows):
        return
    columns = [Text("文件", "file"), Text("大小", "size")]
    session.table(None, columns, ([row["file"], f"{row['bytes'] / 1e6:.1f} MB"] for row in rows), right=(1,))


def _facts(path: Path) -> dict[str, Any]:
    return {"file": path.name, "bytes": path.stat().st_size}


def verify(context: typer.Context, file: File = None) -> None:
    from infra.exporting import verified

    session = of(context)
    paths = [file] if file else sorted(session.workspace().folder("snapshots").glob("*.duckdb"))
    problems: dict[str, str] = {}
    for path in paths:
        try:
            verified(path)
        except HuiminError as error:
            problems[path.name] = error.text[session.language]
    if not session.data([{"file": path.name, "ok": path.name not in problems, "problem": problems.get(path.name)} for path in paths]):
        for path in paths:
            bad = problems.get(path.name)
            session.say(
                Text(f"{'✗' if bad else '✓'} {path.name} {bad or '完好'}", f"{'✗' if bad else '✓'} {path.name} {bad or 'as written'}"),
                "red" if bad else "green",
            )
    if problems:
        raise typer.Exit(3)
