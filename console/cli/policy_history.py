"""``huimin policy history POLICY``: the events of every version, with their days and the people responsible."""

from __future__ import annotations

from typing import Annotated

import typer

from console.cli.i18n import both, verb
from console.cli.session import session_of
from policies.values import Text

Name = Annotated[str, typer.Argument(metavar="POLICY", help=both("政策代号", "the policy's name"))]


def add(app: typer.Typer) -> None:
    app.command(
        "history",
        help=verb(
            "一份政策各版本的经过：发布、施行、接替、到期、暂停、撤销，哪一天，谁经办。",
            "What became of every version of a policy: published, in force, superseded, expired, suspended, withdrawn; when, and by whom.",
            "huimin policy history dibao",
        ),
    )(history)


def history(context: typer.Context, name: Name) -> None:
    from console.text.policies import HISTORY_COLUMNS, history_row
    from services.policies.versions import PolicyEvent, policy_history

    session = session_of(context)
    past = policy_history(session.workspace(), name)
    if not session.print_json(past.events, list[PolicyEvent]):
        title = Text(f"{past.title.zh}（{name}）", f"{past.title.en} ({name})")
        rows = (history_row(event, session.language) for event in past.events)
        session.table(title, HISTORY_COLUMNS, rows, right=(0,), whole=(1,))
