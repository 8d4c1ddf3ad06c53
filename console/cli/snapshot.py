"""Verbs about snapshots for analysts: create, list, verify."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from console.cli.i18n import both, verb
from console.cli.session import Session, session_of
from policies.values import Text

if TYPE_CHECKING:
    from services.exports.snapshots import ReleasedRows

Out = Annotated[
    Path | None,
    typer.Option(
        "--out", metavar="FILE", help=both("写到这里（默认 snapshots/日期.duckdb）", "write here (default: snapshots/DAY.duckdb)")
    ),
]
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
            "huimin snapshot create --grade research --by 王芳 --approved-by 李强 --reason 低保覆盖面研究",
        ),
    )(create)
    app.command("list", help=verb("列出快照。", "List the snapshots.", "huimin snapshot list"))(show)
    app.command(
        "verify", help=verb("核对快照与其清单是否一致。", "Check that snapshots are what their manifests say.", "huimin snapshot verify")
    )(verify)
    return app


def create(
    context: typer.Context, out: Out = None, grade: Grade = "open", by: By = "", approved_by: Approved = "", reason: Reason = ""
) -> None:
    from services.exports.releases import release_snapshot
    from services.exports.snapshots import create_open_snapshot

    session = session_of(context)
    with session.progress(Text("生成快照", "Writing the snapshot")):
        if grade == "open":
            created = create_open_snapshot(session.workspace(), out)
        else:
            created = release_snapshot(session.workspace(), by, approved_by, reason, session.today(), out)
    if not session.print_json(created):
        session.say(Text(f"已生成 {created.file}", f"Wrote {created.file}"))
        if created.released is not None:
            _say_released(session, created.released)


def _say_released(session: Session, released: ReleasedRows) -> None:
    """Print what is on record about a snapshot with rows about people."""
    session.say(Text(f"登记为 {released.snapshot}，摘要 {released.digest}", f"On record as {released.snapshot}, digest {released.digest}"))
    k = released.anonymity
    names, share = ", ".join(k.identifiers), f"{100 * k.under_5:.1f} %"
    zh = f"按 {names} 分组，最小的组 {k.smallest} 人；{share} 的人在不足 5 人的组里。"
    session.say(Text(zh, f"By {names}, the smallest class is of {k.smallest}; {share} of the people are in classes of fewer than 5."))
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
