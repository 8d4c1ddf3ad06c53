"""``huimin access table``: the table of roles, printed from the code that decides."""

from __future__ import annotations

import typer

from console.cli.i18n import both, verb
from console.cli.session import session_of


def group() -> typer.Typer:
    app = typer.Typer(no_args_is_help=True, help=both("权限：谁可以做什么。", "Access: who may do what."))
    app.command(
        "table",
        help=verb(
            "列出各角色可以做什么；即程序据以决定的那张表。",
            "What each role may do: the very table by which the program decides.",
            "huimin access table",
            "huimin access table --json",
        ),
    )(table)
    # One verb alone would make the group itself that verb.
    app.callback()(lambda: None)
    return app


def table(context: typer.Context) -> None:
    from console.text.roles import role_columns, role_rows
    from services.access.page import TableRow, table_rows

    session = session_of(context)
    rows = table_rows()
    if session.print_json(rows, list[TableRow]):
        return
    for title, lines in role_rows(rows, session.language):
        session.table(title, role_columns(), lines)
