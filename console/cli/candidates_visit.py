"""``huimin candidates visit``: visit sheets as PDF, for a candidate, a street or a whole list."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from console.cli.i18n import both, verb
from console.cli.session import session_of
from console.text.words import number, with_noun
from policies.problems.problems import HuiminError
from policies.values import Text

Name = Annotated[str, typer.Argument(metavar="POLICY", help=both("政策代号", "the policy's name"))]
Subject = Annotated[
    str | None, typer.Argument(metavar="[SUBJECT]", help=both("对象化名（16 位十六进制）", "the subject's token (16 hex digits)"))
]
Street = Annotated[
    str | None,
    typer.Option("--street", metavar="CODE", help=both("这一街镇的全部对象：区划代码或名称", "all of a street, by its code or name")),
]
Out = Annotated[
    Path | None, typer.Option("--out", metavar="FILE", help=both("写到这里，.pdf（默认 exports/）", "write here, .pdf (default: exports/)"))
]


def add(app: typer.Typer) -> None:
    app.command(
        "visit",
        help=verb(
            "入户单（PDF）：每个对象一页，写明找谁、为什么、问什么、带什么材料、何时截止。不写对象和街镇则为全部名单。",
            "Visit sheets (PDF), a page each: whom, why, what to ask, which papers, by when. The whole list without a subject or a street.",
            "huimin candidates visit elderly-uninsured 00c0ffee00c0ffee",
            "huimin candidates visit elderly-uninsured --street 310107020 --out yichuan.pdf",
        ),
    )(visit)


def visit(context: typer.Context, policy: Name, subject: Subject = None, street: Street = None, out: Out = None) -> None:
    from services.exports.visit_sheets import write_visits
    from services.lists.candidates import parse_token

    session = session_of(context)
    if subject is not None and street is not None:
        raise HuiminError(Text("请写对象或 --street，只写一个。", "Give a subject or --street, not both."), 2)
    with session.progress(Text("写入户单", "Writing visit sheets")):
        file = write_visits(session.workspace(), policy, None if subject is None else parse_token(subject), street, out, session.language)
    if not session.print_json(file):
        zh = f"已写入 {number(file.sheets)} 份入户单到 {file.file}。内含身份信息，只交给执行机构。"
        en = f"Wrote {with_noun(file.sheets, 'visit sheet')} to {file.file}. They identify people: for the agency only."
        session.say(Text(zh, en))
