"""Verbs about the record of access: list, show, verify, checkpoint, proof, person."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.i18n import both, verb
from console.cli.session import Session, session_of
from policies.problems.problems import HuiminError
from policies.values import Text

if TYPE_CHECKING:
    from services.audit.listing import RecordedAccess

VALIDATION = 3
Who = Annotated[str | None, typer.Option("--who", metavar="NAME", help=both("只看此人的", "of this account or user alone"))]
Policy = Annotated[str | None, typer.Option("--policy", metavar="POLICY", help=both("只看这份政策的", "about this policy alone"))]
Code = Annotated[
    str | None,
    typer.Option("--action", metavar="ACTION", help=both("只看这种操作，如 list.read", "of this action alone: list.read, say")),
]
Since = Annotated[str | None, typer.Option("--since", metavar="DATE", help=both("自这一天起", "from this day on"))]
Denied = Annotated[bool, typer.Option("--denied", help=both("只看被拒绝的", "what was denied alone"))]
Limit = Annotated[int, typer.Option("--limit", metavar="N", min=0, help=both("最多几行，取最新的（0 为全部）", "the newest (0: all)"))]
Number = Annotated[int, typer.Argument(metavar="LINE", min=0, help=both("行号，从 0 起", "the line's number, from 0"))]
Earlier = Annotated[
    Path | None,
    typer.Option(
        "--checkpoint",
        metavar="FILE",
        exists=True,
        dir_okay=False,
        help=both("与这份较早的检查点核对", "hold it against an earlier checkpoint"),
    ),
]
PublicKey = Annotated[
    str | None,
    typer.Option("--key", metavar="KEY", help=both("检查点的公钥（默认本工作区的）", "its public key (default: this workspace's)")),
]
Out = Annotated[Path | None, typer.Option("--out", metavar="FILE", help=both("写到这里", "write it here"))]
Line = Annotated[int | None, typer.Argument(metavar="[LINE]", min=0, help=both("证明这一行在其中", "prove that this line is in it"))]
Size = Annotated[
    int | None,
    typer.Option("--since-size", metavar="N", min=1, help=both("证明前 N 行仍如当时", "prove that the first N lines are as they were")),
]
Person = Annotated[
    str,
    typer.Argument(
        metavar="NUMBER|TOKEN", help=both("身份号码或化名；- 从标准输入读", "the resident's number or token; - reads it from stdin")
    ),
]


def group() -> typer.Typer:
    app = typer.Typer(no_args_is_help=True, help=both("访问记录：谁看过什么，为什么。", "The record of access: who looked at what, why."))
    for name, function, text in (
        ("list", show_all, verb(
            "列出访问记录。", "List the accesses on record.",
            "huimin audit list --limit 20", "huimin audit list --denied --since 2026-10-01",
        )),
        ("show", show, verb("看一行。", "Show a line.", "huimin audit show 17")),
        ("verify", verify, verb(
            "通读访问记录，核对它是否如写下时一样；可与较早的检查点核对。",
            "Read all of the record and check that it is as it was written; also against an earlier checkpoint.",
            "huimin audit verify",
            "huimin audit verify --checkpoint october.txt",
        )),
        ("checkpoint", checkpoint, verb(
            "给出一份签名的检查点，由审计员另存：以后可证明其前各行都在、未改。",
            "A signed checkpoint for an auditor to keep: it proves later that all lines up to it are there, unchanged.",
            "huimin audit checkpoint --out october.txt",
        )),
        ("proof", proof, verb(
            "某一行在记录中的证明，或记录前若干行未变的证明（RFC 6962）。",
            "A proof that a line is in the record, or that its first lines are as they were (RFC 6962).",
            "huimin audit proof 17 --json",
            "huimin audit proof --since-size 1000 --json",
        )),
        ("person", person, verb(
            "谁看过某位居民的记录，何时，为什么，依据哪份协议；不显示其他人的事。",
            "Who looked at a resident's records, when, why and by which agreement; without anybody else's business.",
            "huimin audit person -",
            "huimin audit person 00c0ffee00c0ffee",
        )),
    ):  # fmt: skip
        app.command(name, help=text)(function)
    return app


def show_all(
    context: typer.Context, who: Who = None, policy: Policy = None, action: Code = None, since: Since = None, denied: Denied = False,
    limit: Limit = 40,
) -> None:  # fmt: skip
    from infra.settings import day
    from services.audit.listing import AccessFilter, RecordedAccess, recorded_accesses

    session = session_of(context)
    wanted = AccessFilter(who, policy, action, None if since is None else day(since).isoformat(), denied)
    lines = recorded_accesses(session.workspace(), wanted, limit or None)
    if not session.print_json(lines, list[RecordedAccess]):
        _table(session, lines)


def show(context: typer.Context, line: Number) -> None:
    from services.audit.listing import line_numbered

    session = session_of(context)
    recorded = line_numbered(session.workspace(), line)
    if not session.print_json(recorded):
        _table(session, [recorded])
        agreements = ", ".join(recorded.agreements)
        if agreements:
            session.say(Text(f"依据的协议：{agreements}", f"By the agreements: {agreements}"))


def _table(session: Session, lines: list[RecordedAccess]) -> None:
    from console.text.accesses import COLUMNS, access_row

    session.table(None, COLUMNS, (access_row(line, session.language) for line in lines), right=(0, 7))


def verify(context: typer.Context, checkpoint: Earlier = None, key: PublicKey = None) -> None:
    from infra.workspace.texts import text_of
    from services.audit.verification import verify as verify_record

    session = session_of(context)
    check = verify_record(session.workspace(), None if checkpoint is None else text_of(checkpoint), key)
    if not session.print_json(check):
        for problem in check.problems:
            session.say(Text(f"✗ {problem.zh}", f"✗ {problem.en}"), "red")
        if check.ok:
            zh, en = f"✓ {check.lines} 行都如写下时一样。", f"✓ All {check.lines} lines are as they were written."
            if check.checkpoint is not None:
                zh, en = f"{zh}前 {check.checkpoint} 行与检查点相符。", f"{en} The first {check.checkpoint} fit the checkpoint."
            session.say(Text(zh, en), "green")
    if not check.ok:
        raise typer.Exit(VALIDATION)


def checkpoint(context: typer.Context, out: Out = None) -> None:
    from infra.workspace.destination import destination
    from services.audit.verification import signed_now
    from streams.disk.files import write_whole

    session = session_of(context)
    signed = signed_now(session.workspace())
    if out is not None:
        write_whole(destination(out), signed.text)
    if session.print_json(signed):
        return
    if out is None:
        session.say(Text(signed.text, signed.text))
    else:
        session.say(Text(f"已写入 {out}：共 {signed.size} 行。", f"Wrote {out}: {signed.size} lines so far."))
    session.say(Text(f"公钥：{signed.key}", f"Public key: {signed.key}"), "dim")


def proof(context: typer.Context, line: Line = None, size: Size = None) -> None:
    from services.audit.verification import consistency, inclusion

    session = session_of(context)
    if line is not None and size is None:
        proved = inclusion(session.workspace(), line)
        about = Text(f"第 {line} 行", f"Line {line}")
    elif size is not None and line is None:
        proved = consistency(session.workspace(), size)
        about = Text(f"前 {size} 行", f"The first {size} lines")
    else:
        raise HuiminError(Text("请写行号，或 --since-size，二者之一。", "Give a line, or --since-size, not both."), 2)
    if session.print_json(proved):
        return
    zh, en = f"{about.zh}在 {proved.size} 行之中，根为 {proved.root}：", f"{about.en} of {proved.size}, whose root is {proved.root}:"
    session.say(Text(zh, en))
    for node in proved.path:
        session.say(Text(node, node))


def person(context: typer.Context, who: Person) -> None:
    from console.text.accesses import PERSON_COLUMNS, person_row
    from services.access.run import show as tell
    from services.audit.persons import AccessToPerson, accesses_to
    from services.erasure.erasing import token_of

    session = session_of(context)
    workspace = session.workspace()
    token = token_of(workspace, sys.stdin.readline() if who == "-" else who)
    accesses = accesses_to(workspace, token)
    tell(None, [token] if accesses else ())  # one who was erased gets no salt again
    if session.print_json(accesses, list[AccessToPerson]):
        return
    if not accesses:
        session.say(Text("没有访问过此人记录的登记。", "No access to this person's records is on record."))
        return
    session.table(None, PERSON_COLUMNS, (person_row(access, session.language) for access in accesses))
