"""``huimin explain POLICY SUBJECT``: why somebody is, or is not, on a list."""

from __future__ import annotations

from typing import Annotated

import typer

from console.cli.i18n import both, verb
from console.cli.moments import AsOf, KnownAt, as_of, known_at
from console.cli.session import argument_or_stdin, session_of

Policy = Annotated[str, typer.Argument(metavar="POLICY", help=both("政策代号", "the policy's name"))]
Subject = Annotated[
    str,
    typer.Argument(
        metavar="SUBJECT",
        help=both(
            "对象化名（16 位十六进制）或号码，户和住房也可写其中一人的号码；- 从标准输入读",
            "the subject's token (16 hex digits) or number, of a household or dwelling also of a person in it; - reads it from stdin",
        ),
    ),
]


def add(app: typer.Typer) -> None:
    app.command(
        "explain",
        help=verb(
            "逐条说明判定：条文、结论、依据的记录，还缺什么、向谁要。",
            "Why, criterion by criterion: article, verdict, record; what is missing and who holds it.",
            "huimin explain elderly-uninsured 00c0ffee00c0ffee",
            "huimin explain elderly-uninsured 00c0ffee00c0ffee --known-at 2026-10-03",
            "huimin explain elderly-uninsured -",
        ),
    )(explain)


def explain(context: typer.Context, policy: Policy, subject: Subject, at: AsOf = None, moment: KnownAt = None) -> None:
    from console.cli.reasons import show_explanation
    from services.lists.explanations import explain_subject as explained
    from services.lists.people import subject_of

    session = session_of(context)
    workspace = session.workspace()
    day, cut = as_of(at), known_at(moment)
    token = subject_of(workspace, policy, argument_or_stdin(subject), day, cut)
    show_explanation(session, explained(workspace, policy, token, day, cut))
