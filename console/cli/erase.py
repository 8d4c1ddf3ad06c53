"""Verbs that erase a person: erase person, finish, list.

An erasure cannot be undone: two people decide it and give a reason. The report says how many rows were erased and where. ``-`` reads the
identity number from the input, so that it does not stand in the history of the shell.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.i18n import both, verb
from console.cli.session import Session, session_of
from console.text.words import STATUSES, number
from policies.problems.problems import Conflict
from policies.values import Text

if TYPE_CHECKING:
    from services.erasure.erasure import Erasure

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
    from services.erasure.erasing import erase_person, token_of

    session = session_of(context)
    workspace = session.workspace()
    token = token_of(workspace, sys.stdin.readline() if who == "-" else who)
    if not yes and not session.confirm(QUESTION):
        raise Conflict(UNASKED)
    with session.progress(Text("删除", "Erasing")):
        erasure = erase_person(workspace, token, by, approved_by, reason)
    _show(session, erasure)


def finish(context: typer.Context) -> None:
    from services.erasure.erasing import finish_erasure as finish_erasure
    from services.erasure.erasure import NothingUnfinished

    session = session_of(context)
    with session.progress(Text("删除", "Erasing")):
        erasure = finish_erasure(session.workspace())
    if erasure is not None:
        _show(session, erasure)
    elif not session.print_json(NothingUnfinished()):
        session.say(Text("没有未做完的删除。", "No erasure is half done."))


def show(context: typer.Context) -> None:
    from services.erasure.erasure import ErasureEntry, erasures

    session = session_of(context)
    entries = erasures(session.workspace())
    if session.print_json(entries, list[ErasureEntry]):
        return
    columns = [Text("日期", "day"), Text("消息", "message"), Text("原因", "reason"), Text("决定与批准", "decided and approved")]
    session.table(None, columns, ([str(e.day), f"#{e.message}", e.reason, f"{e.by}, {e.approved_by}"] for e in entries))


def _show(session: Session, erasure: Erasure) -> None:
    """Print what was done.

    Raises:
        ErasureIncomplete: some files still hold the person.
    """
    from services.erasure.erasure import ErasureIncomplete

    if not session.print_json(erasure):
        _say(session, erasure)
    if erasure.left:
        raise ErasureIncomplete(erasure.left)


def _say(session: Session, erasure: Erasure) -> None:
    if erasure.already:
        session.say(Text(f"此人已于 {erasure.day} 删除，未再作改动。", f"Erased on {erasure.day} already; nothing was done."))
        return
    if erasure.left:
        zh = f"已于 {erasure.day} 决定删除，名单中不再有此人；文件还没有删净。"
        en = f"The erasure was decided on {erasure.day}, and no list has the person; not all files are without them yet."
        session.say(Text(zh, en), "bold")
    else:
        session.say(Text(f"已于 {erasure.day} 删除。", f"Erased on {erasure.day}."), "bold")
    rows = [
        (Text("身份库的行", "rows of the vault"), erasure.vault),
        (Text("日志的输入", "inputs of the log"), erasure.inputs),
        (Text("日志的输出", "outputs of the log"), erasure.outputs),
        (Text("改写的状态快照", "snapshots of the state, rewritten"), erasure.snapshots),
        (Text("去除的状态快照", "snapshots of the state, removed"), erasure.removed),
    ]
    if erasure.network is not None:
        rows += [
            (Text("主题中清除的消息", "messages deleted from topics"), erasure.network.deleted),
            (Text("主题中重写的消息", "messages of topics, written again"), erasure.network.rewritten),
        ]
    rows += [(Text(f"副本 {kind}：行", f"copies {kind}: rows"), count) for kind, count in sorted(erasure.copies.items())]
    session.table(None, [Text("何处", "where"), Text("数量", "how many")], ([t[session.language], number(n)] for t, n in rows), right=(1,))
    if erasure.released:
        zh, en = "、".join(erasure.released), ", ".join(erasure.released)
        session.warn(
            Text(
                f"以下研究快照交出过，工作区以外的副本擦不到：{zh}。请告知持有者销毁（经办人见 huimin snapshot list）。",
                f"These research snapshots were released; copies outside the workspace cannot be scrubbed: {en}. Ask those who hold them "
                "to destroy them (huimin snapshot list names who released them).",
            )
        )
    for policy in sorted({*erasure.lists, *(name for name, count in erasure.editions.items() if count)}):
        status, editions = STATUSES[erasure.lists.get(policy)][session.language], erasure.editions.get(policy, 0)
        zh = f"{policy}：{status or '不在名单上'}；{editions} 期名单曾列出，请通知经办单位删除其副本。"
        en = f"{policy}: {status or 'not on the list'}; told in {editions} editions: ask the agency to erase its copies."
        session.say(Text(zh, en))
