"""``huimin explain POLICY SUBJECT``: why somebody is, or is not, on a list."""

from __future__ import annotations

from typing import Annotated

import typer

from console.i18n import both, verb
from console.session import as_of, of

Policy = Annotated[str, typer.Argument(metavar="POLICY", help=both("政策代号", "the policy's name"))]
Subject = Annotated[str, typer.Argument(metavar="SUBJECT", help=both("对象化名（16 位十六进制）", "the subject's token (16 hex digits)"))]
AsOf = Annotated[str | None, typer.Option("--as-of", metavar="DATE", help=both("按这一天判断", "judge as of this day"))]


def add(app: typer.Typer) -> None:
    app.command(
        "explain",
        help=verb(
            "逐条说明判定：条文、结论、依据的记录，还缺什么、向谁要。",
            "Why, criterion by criterion: article, verdict, record; what is missing and who holds it.",
            "huimin explain elderly-uninsured 00c0ffee00c0ffee",
        ),
    )(explain)


def explain(context: typer.Context, policy: Policy, subject: Subject, at: AsOf = None) -> None:
    from console.candidates import matched, subject_of
    from console.reasons import explanation_data, show_explanation
    from infra.evaluate import as_of as state_on

    session = of(context)
    who = subject_of(subject)
    with session.workspace().reading() as host:
        state = state_on(host, as_of(at))
        definition = matched(state, policy)
        if not session.data(explanation_data(state, definition, who, session.language)):
            show_explanation(session, state, definition, who)
