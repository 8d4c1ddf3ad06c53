"""``huimin candidates visit``: visit sheets as PDF, for a candidate, a part of a list or a whole list."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from console.cli.i18n import both, verb
from console.cli.list_filters import Assigned, NewSince, Outcome, Status, Street, list_filter
from console.cli.session import argument_or_stdin, session_of
from console.text.words import number, with_noun
from policies.problems.problems import HuiminError
from policies.values import Text

Name = Annotated[str, typer.Argument(metavar="POLICY", help=both("政策代号", "the policy's name"))]
Subject = Annotated[
    str | None,
    typer.Argument(
        metavar="[SUBJECT]",
        help=both(
            "对象化名（16 位十六进制）或号码，户和住房也可写其中一人的号码；- 从标准输入读",
            "the subject's token (16 hex digits) or number, of a household or dwelling also of a person in it; - reads it from stdin",
        ),
    ),
]
Out = Annotated[
    Path | None, typer.Option("--out", metavar="FILE", help=both("写到这里，.pdf（默认 exports/）", "write here, .pdf (default: exports/)"))
]


def add(app: typer.Typer) -> None:
    app.command(
        "visit",
        help=verb(
            "入户单（PDF）：每个对象一页，写明找谁、为什么、问什么、带什么材料、何时截止。不写对象和筛选则为全部名单。",
            "Visit sheets (PDF), a page each: whom, why, what to ask, which papers, by when. The whole list without a subject or a filter.",
            "huimin candidates visit elderly-uninsured 00c0ffee00c0ffee",
            "huimin candidates visit elderly-uninsured --street 310107020 --outcome none --out yichuan.pdf",
        ),
    )(visit)


def visit(
    context: typer.Context, policy: Name, subject: Subject = None, street: Street = None, status: Status = None, outcome: Outcome = None,
    assigned: Assigned = None, new_since: NewSince = None, out: Out = None,
) -> None:  # fmt: skip
    from services.exports.visit_sheets import write_visits
    from services.lists.filters import EVERYBODY
    from services.lists.people import subject_of

    session, wanted = session_of(context), list_filter(street, status, outcome, assigned, new_since)
    if subject is not None and wanted != EVERYBODY:
        zh = "请写对象，或写 --street 等筛选，二者之一。"
        raise HuiminError(Text(zh, "Give a subject, or --street and the other filters, not both."), 2)
    workspace = session.workspace()
    token = None if subject is None else subject_of(workspace, policy, argument_or_stdin(subject))
    with session.progress(Text("写入户单", "Writing visit sheets")):
        file = write_visits(workspace, policy, token, wanted, out, session.language)
    if not session.print_json(file):
        zh = f"已写入 {number(file.sheets)} 份入户单到 {file.file}。内含身份信息，只交给执行机构。"
        en = f"Wrote {with_noun(file.sheets, 'visit sheet')} to {file.file}. They identify people: for the agency only."
        session.say(Text(zh, en))
