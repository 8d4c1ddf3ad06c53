"""The verb ``up``: the service of a workspace, until it is stopped."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from console.cli.i18n import both, verb
from console.cli.session import session_of

PORT = 8710
PREPARED = (
    "rich.console", "rich.table", "rich.box", "rich.progress", "console.cli.terminal",
    "console.text.candidates", "console.text.holds", "console.text.explanations", "console.text.words",
    "console.api.dispatch", "services.lists.candidates", "services.lists.explanations", "services.policies.preview", "services.results",
)  # fmt: skip
"""Modules that the verbs of every day use, imported once for all of them; none of them may start a thread, for the reader forks."""
Port = Annotated[int, typer.Option("--port", min=0, max=65535, help=both("端口；0 为任一空闲端口", "port; 0: any that is free"))]
Bind = Annotated[
    str,
    typer.Option("--host", metavar="ADDRESS", help=both("监听的地址（默认只限本机）", "address to listen on (default: this machine only)")),
]


def add(app: typer.Typer, run_line: Callable[[Sequence[str]], int]) -> None:
    """Adds the verb.

    Args:
        run_line: runs a line of the command line in a child of the service, and gives its exit code.
    """

    def up(context: typer.Context, port: Port = PORT, host: Bind = "127.0.0.1") -> None:
        from infra.service.processes import start

        session = session_of(context)
        service = start(session.workspace(), lambda line, peer: run_line(line.arguments), prepare)  # before anything is slow or has threads
        from console.api.server import serve

        raise typer.Exit(serve(service, session.settings.workspace, host, port, session.say))

    app.command(
        "up",
        help=verb(
            "启动此工作区的服务，直到停止它：命令行经它立刻作答，HTTP 接口在同一端口；每个命令的结果与没有服务时相同。",
            "Run the service of this workspace until it is stopped: verbs answer through it at once, the HTTP interface is on its port; "
            "each verb gives what it gives without it.",
            "huimin up --workspace putuo",
            "huimin up --port 8800",
        ),
    )(up)


def prepare() -> None:
    """Imports what the reader's children use."""
    for module in PREPARED:
        importlib.import_module(module)
