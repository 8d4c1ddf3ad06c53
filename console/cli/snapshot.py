"""Verbs about snapshots for analysts: create, list, verify, diff."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from console.cli.i18n import both, verb
from console.cli.session import Session, session_of
from console.text.words import STATUSES
from policies.values import Text

if TYPE_CHECKING:
    from services.exports.snapshot_files import SnapshotFormat
    from services.exports.snapshots import CreatedSnapshot, ReleasedRows

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
Grade = Annotated[
    Literal["open", "research"],
    typer.Option(
        "--grade",
        metavar="open|research",
        help=both("open：只有人群的数字；research：一条记录一行", "open: figures about groups of people; research: a row for each record"),
    ),
]
By = Annotated[str, typer.Option("--by", metavar="PERSON", help=both("research：经办人", "research: who releases it"))]
Approved = Annotated[
    str,
    typer.Option("--approved-by", metavar="PERSON", help=both("research：批准人，须为另一人", "research: who approves, another person")),
]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help=both("research：交出的理由", "research: why it is released"))]
File = Annotated[
    Path | None,
    typer.Argument(metavar="[FILE]", exists=True, help=both("快照文件；不给则检查全部", "a snapshot; without it, all of them")),
]


def group() -> typer.Typer:
    app = typer.Typer(no_args_is_help=True, help=both("快照：供分析用，不含姓名。", "Snapshots for analysts, without names."))
    app.command(
        "create",
        help=verb(
            "生成快照，服务照常运行；research 须两人决定，并登记。",
            "Write a snapshot while the service works; two people release one of grade research, on record.",
            "huimin snapshot create",
            "huimin snapshot create --format parquet",
            "huimin snapshot create --grade research --by 王芳 --approved-by 李强 --reason 低保覆盖面研究",
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


def create(
    context: typer.Context,
    grade: Grade = "open",
    by: By = "",
    approved_by: Approved = "",
    reason: Reason = "",
    format: Format = "duckdb",
    out: Out = None,
) -> None:
    session = session_of(context)
    with session.progress(Text("生成快照", "Writing the snapshot")):
        created = _write_graded(session, grade, (by, approved_by, reason), format, out)
    if not session.print_json(created):
        session.say(Text(f"已生成 {created.file}", f"Wrote {created.file}"))
        if created.released is not None:
            _say_released(session, created.released)


def _write_graded(session: Session, grade: str, words: tuple[str, str, str], format: SnapshotFormat, out: Path | None) -> CreatedSnapshot:
    if grade == "open":
        from services.exports.snapshots import create_open_snapshot

        return create_open_snapshot(session.workspace(), out, format)
    from services.exports.releases import release_snapshot

    by, approved_by, reason = words
    return release_snapshot(session.workspace(), by, approved_by, reason, session.today(), out, format)


def _say_released(session: Session, released: ReleasedRows) -> None:
    """Print what is on record about a snapshot with rows about people."""
    session.say(Text(f"登记为 {released.snapshot}，摘要 {released.digest}", f"On record as {released.snapshot}, digest {released.digest}"))
    k = released.anonymity
    if k.persons:
        names, share = ", ".join(k.identifiers), f"{100 * k.under_5:.1f} %"
        zh = f"按 {names} 分组，最小的组 {k.smallest} 人；{share} 的人在不足 5 人的组里。"
        session.say(Text(zh, f"By {names}, the smallest class is of {k.smallest}; {share} of the people are in classes of fewer than 5."))
    else:
        zh = "没有衡量任何人：没有人，或没有一个登记单位的协议许可分析。"
        session.say(Text(zh, "Nobody was measured: there is nobody, or no register's agreement allows analysis."))
    if released.left_out:
        zh, en = "、".join(released.left_out), ", ".join(released.left_out)
        session.say(Text(f"协议不许可分析而略去：{zh}", f"Left out, because their agreements do not allow analysis: {en}"))
    if not released.can_be_scrubbed:
        zh = "它不在工作区内：以后删除个人时擦不到它，它的密钥也不保留。"
        session.warn(Text(zh, "It lies outside the workspace: when a person is erased it cannot be scrubbed, and its key is not kept."))


def show(context: typer.Context) -> None:
    from services.exports.snapshots import SnapshotFile, snapshots

    session = session_of(context)
    files = snapshots(session.workspace())
    if session.print_json(files, list[SnapshotFile]):
        return
    columns = [
        Text("文件", "file"), Text("大小", "size"), Text("交出日", "released"), Text("经办与批准", "released and approved"),
        Text("理由", "reason"), Text("摘要", "digest"),
    ]  # fmt: skip
    rows = (
        [file.file, "—" if file.bytes is None else f"{file.bytes / 1e6:.1f} MB", r.on, f"{r.by}, {r.approved_by}", r.reason, r.digest]
        if (r := file.release)
        else [file.file, "—" if file.bytes is None else f"{file.bytes / 1e6:.1f} MB", "", "", "", ""]
        for file in files
    )
    session.table(None, columns, rows, right=(1,))


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
