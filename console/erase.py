"""Verbs that erase a person: erase person, finish, list.

The one idea: what cannot be taken back is a decision of two people with a reason, and says afterwards what went where, by counts. A number
need not stand on a line that was typed: ``-`` reads it from the input.
"""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.i18n import both, verb
from console.session import Session, of
from console.words import STATUSES, number, token
from policies.problems import HuiminError
from policies.values import Text

if TYPE_CHECKING:
    from infra.erasing import Erasure
    from streams.state import State

Who = Annotated[
    str,
    typer.Argument(metavar="NUMBER|TOKEN|-", help=both("身份号码或化名；- 从标准输入读", "a number or token; - reads it from the input")),
]
By = Annotated[str, typer.Option("--by", metavar="PERSON", help=both("决定人", "who decides"))]
Approved = Annotated[str, typer.Option("--approved-by", metavar="PERSON", help=both("批准人，须为另一人", "who approves: another person"))]
Reason = Annotated[
    str,
    typer.Option("--reason", metavar="CODE", help=both("原因代码（不写身份信息）", "the reason's code (nothing that names anybody)")),
]
Yes = Annotated[bool, typer.Option("--yes", help=both("不再询问", "do not ask"))]

QUESTION = Text(
    "删除后无法恢复，也不能再接收此人的记录。确定吗？", "This cannot be undone, and no record of this person is taken in again. Go on?"
)
UNASKED = Text(
    "删除无法恢复：请加 --yes 确认。尚未删除任何内容。", "An erasure cannot be undone: confirm it with --yes. Nothing was erased."
)


def group() -> typer.Typer:
    app = typer.Typer(
        no_args_is_help=True,
        help=both(
            "删除个人：状态、日志、名单和所存副本中不留可读内容。",
            "Erase a person: nothing readable stays in state, log, lists and copies.",
        ),
    )
    app.command(
        "person",
        help=verb(
            "删除一个人的全部资料。须两人决定；无法恢复。",
            "Erase everything about a person. Two people decide; it cannot be undone.",
            "huimin erase person - --by 王芳 --approved-by 李强 --reason R1 --yes",
            "huimin erase person 00c0ffee00c0ffee --by 王芳 --approved-by 李强 --reason R1",
        ),
    )(person)
    app.command("finish", help=verb("做完一次中断的删除。", "Finish an erasure that was stopped.", "huimin erase finish"))(finish)
    app.command("list", help=verb("列出已作的删除，不含是谁。", "The erasures made, not of whom.", "huimin erase list"))(show)
    return app


def person(context: typer.Context, who: Who, by: By, approved_by: Approved, reason: Reason, yes: Yes = False) -> None:
    from infra.erasing import erase, token_of

    session = of(context)
    workspace = session.workspace()
    whom = token_of(workspace, sys.stdin.readline() if who == "-" else who)
    if not yes and not session.confirm(QUESTION):
        raise HuiminError(UNASKED, 2)
    with session.progress(Text("删除", "Erasing")):
        done = erase(workspace, whom, by, approved_by, reason)
    _told(session, done)


def finish(context: typer.Context) -> None:
    from infra.erasing import finish as finished

    session = of(context)
    with session.progress(Text("删除", "Erasing")):
        done = finished(session.workspace())
    if done is not None:
        _told(session, done)
    elif not session.data({"finished": False}):
        session.say(Text("没有未做完的删除。", "No erasure is half done."))


def show(context: typer.Context) -> None:
    session = of(context)
    with session.workspace().reading() as host:
        found = list(host.state.erasures)
    rows = [{"day": e.day.isoformat(), "message": e.offset, "reason": e.reason, "by": e.by, "approved_by": e.approved_by} for e in found]
    if session.data(rows):
        return
    columns = [Text("日期", "day"), Text("消息", "message"), Text("原因", "reason"), Text("决定与批准", "decided and approved")]
    session.table(None, columns, ([str(e.day), f"#{e.offset}", e.reason, f"{e.by}, {e.approved_by}"] for e in found))


def said_erased(session: Session, state: State, subject: int) -> bool:
    """Says that a person was erased, and when; False of anybody else. Asked of the state as it is, whatever moment is looked at."""
    erased = state.erasures.of(subject)
    if erased is None:
        return False
    if not session.data({"subject": token(subject), "erased": erased.day.isoformat(), "reason": erased.reason}):
        zh = f"此人的资料已于 {erased.day} 删除（原因 {erased.reason}），以前和以后的名单都不再说明。"
        session.say(Text(zh, f"Erased on {erased.day} (reason {erased.reason}): nothing is told of this person, then or now."))
    return True


def since(session: Session, state: State, offset: int) -> None:
    """Says how many persons were erased since a moment: they are missing from a list as it was then."""
    count = sum(erased.offset > offset for erased in state.erasures)
    if count:
        zh = f"在那之后有 {count} 人的资料被删除，不在此列，也不说明当时是否在列。"
        session.warn(Text(zh, f"{count} persons were erased since: they are not shown, and whether they were on it is not told."))


def _told(session: Session, done: Erasure) -> None:
    if not session.data(_as_data(done)):
        _said(session, done)
    if done.copies is not None and done.copies.left:
        files = ", ".join(done.copies.left)
        zh = f"这些文件里还有此人，程序读不懂，请自行处理：{files}"
        session.warn(Text(zh, f"These files hold the person and cannot be read here; deal with them: {files}"))


def _as_data(done: Erasure) -> dict[str, Any]:
    facts: dict[str, Any] = {"erased": done.day.isoformat(), "already": done.already, "lists": done.lists}
    if done.copies is not None and done.store is not None:
        s = done.store
        facts |= {
            "copies": dict(done.copies.rows), "files": dict(done.copies.files), "left": done.copies.left, "vault": done.vault,
            "network": None if done.network is None else asdict(done.network),
            "inputs": s.inputs, "outputs": s.outputs, "snapshots": s.snapshots, "removed": s.removed, "editions": s.editions,
        }  # fmt: skip
    return facts


def _said(session: Session, done: Erasure) -> None:
    if done.already or done.copies is None or done.store is None:
        session.say(Text(f"此人已于 {done.day} 删除，未再作改动。", f"Erased on {done.day} already; nothing was done."))
        return
    session.say(Text(f"已于 {done.day} 删除。", f"Erased on {done.day}."), "bold")
    s, packed = done.store, done.copies
    rows = [
        (Text("身份库的行", "rows of the vault"), done.vault),
        (Text("日志的输入", "inputs of the log"), s.inputs),
        (Text("日志的输出", "outputs of the log"), s.outputs),
        (Text("改写的状态快照", "snapshots of the state, rewritten"), s.snapshots),
        (Text("去除的状态快照", "snapshots of the state, removed"), s.removed),
        *(
            ()
            if done.network is None
            else (
                (Text("主题中清除的消息", "messages deleted from topics"), done.network.deleted),
                (Text("主题中重写的消息", "messages of topics, written again"), done.network.rewritten),
            )
        ),
        *((Text(f"副本 {kind}：行", f"copies {kind}: rows"), count) for kind, count in sorted(packed.rows.items())),
    ]
    session.table(None, [Text("何处", "where"), Text("数量", "how many")], ([t[session.language], number(n)] for t, n in rows), right=(1,))
    for policy in sorted({*done.lists, *(name for name, count in s.editions.items() if count)}):
        status, told = STATUSES[done.lists.get(policy)][session.language], s.editions.get(policy, 0)
        zh = f"{policy}：{status or '不在名单上'}；{told} 期名单曾列出，请通知经办单位删除其副本。"
        en = f"{policy}: {status or 'not on the list'}; told in {told} editions: ask the agency to erase its copies."
        session.say(Text(zh, en))
