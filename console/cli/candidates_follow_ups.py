"""Verbs about the work on a list: candidates note, call-again, assign, history."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.i18n import both, verb
from console.cli.session import Session, session_of
from policies.values import Text

if TYPE_CHECKING:
    from services.lists.follow_ups import HistoryEvent

Policy = Annotated[str, typer.Argument(metavar="POLICY", help=both("政策代号", "the policy's name"))]
Subject = Annotated[str, typer.Argument(metavar="SUBJECT", help=both("对象化名（16 位十六进制）", "the subject's token (16 hex digits)"))]
Note = Annotated[
    str,
    typer.Argument(
        metavar="TEXT",
        help=both("备注；写 - 则从标准输入读（不留在命令历史中）", "the note; - reads it from standard input (no shell keeps it)"),
    ),
]
Day = Annotated[str, typer.Argument(metavar="DATE|NEVER", help=both("日期；never 或“不再”则取消", "the day; never takes it back"))]
Name = Annotated[str, typer.Argument(metavar="NAME|NOBODY", help=both("姓名；nobody 或“无”则取消", "the person; nobody takes it back"))]
By = Annotated[str, typer.Option("--by", metavar="NAME", help=both("谁记下的", "who says it"))]


def add(app: typer.Typer) -> None:
    app.command(
        "note",
        help=verb(
            "给候选对象写一条备注：封存后记下，不进入快照和日志。",
            "Write a note about a candidate: it is sealed, and in no snapshot or log.",
            "huimin candidates note elderly-uninsured 00c0ffee00c0ffee 女儿周六在家 --by 王芳",
            "huimin candidates note elderly-uninsured 00c0ffee00c0ffee - --by 王芳 < note.txt",
        ),
    )(note)
    app.command(
        "call-again",
        help=verb(
            "记下哪天再联系。",
            "Say on which day to call again.",
            "huimin candidates call-again elderly-uninsured 00c0ffee00c0ffee 2026-11-03 --by 王芳",
        ),
    )(call_again)
    app.command(
        "assign",
        help=verb(
            "记下分派给谁办理。",
            "Say to whom a candidate is assigned.",
            "huimin candidates assign elderly-uninsured 00c0ffee00c0ffee 王芳 --by 李娟",
        ),
    )(assign)
    app.command(
        "history",
        help=verb(
            "一个候选对象的经过：备注、再联系、分派、核实、反馈，各是谁在哪天记下的。",
            "What was said of a candidate: notes, days to call again, assignments, answers, the outcome; by whom, and when.",
            "huimin candidates history elderly-uninsured 00c0ffee00c0ffee",
        ),
    )(history)


def note(context: typer.Context, policy: Policy, subject: Subject, text: Note, by: By) -> None:
    from services.lists.candidates import parse_token
    from services.lists.follow_ups import record_note

    session = session_of(context)
    _show(session, record_note(session.workspace(), policy, parse_token(subject), sys.stdin.read() if text == "-" else text, by))


def call_again(context: typer.Context, policy: Policy, subject: Subject, on: Day, by: By) -> None:
    from infra.settings import day
    from services.lists.candidates import parse_token
    from services.lists.follow_ups import record_call_again

    session = session_of(context)
    when = None if on in ("never", "不再") else day(on)
    _show(session, record_call_again(session.workspace(), policy, parse_token(subject), when, by))


def assign(context: typer.Context, policy: Policy, subject: Subject, name: Name, by: By) -> None:
    from services.lists.candidates import parse_token
    from services.lists.follow_ups import record_assignment

    session = session_of(context)
    assigned = None if name in ("nobody", "无") else name
    _show(session, record_assignment(session.workspace(), policy, parse_token(subject), assigned, by))


def _show(session: Session, event: HistoryEvent) -> None:
    from console.text.follow_ups import recorded_sentence

    if not session.print_json(event):
        session.say(recorded_sentence(event))


def history(context: typer.Context, policy: Policy, subject: Subject) -> None:
    from console.text.follow_ups import COLUMNS, history_rows
    from services.lists.candidates import parse_token
    from services.lists.follow_ups import candidate_history

    session = session_of(context)
    past = candidate_history(session.workspace(), policy, parse_token(subject))
    if session.print_json(past):
        return
    if not past.events:
        session.say(Text("还没有记下什么。", "Nothing was recorded yet."))
        return
    session.table(past.title, COLUMNS, history_rows(past, session.language))
