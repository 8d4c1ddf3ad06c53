"""The verb ``up``: the service of a workspace, until it is stopped."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from console.cli.i18n import both, verb
from console.cli.session import session_of
from policies.problems.problems import HuiminError
from policies.values import Text

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
Certificate = Annotated[
    Path | None,
    typer.Option("--tls-cert", metavar="FILE", exists=True, dir_okay=False, help=both("TLS 证书（PEM）", "TLS certificate (PEM)")),
]
Key = Annotated[
    Path | None,
    typer.Option("--tls-key", metavar="FILE", exists=True, dir_okay=False, help=both("TLS 私钥（PEM）", "TLS private key (PEM)")),
]


def add(app: typer.Typer, run_line: Callable[[Sequence[str]], int]) -> None:
    """Adds the verb.

    Args:
        run_line: runs a line of the command line in a child of the service, and gives its exit code.
    """

    def up(
        context: typer.Context, port: Port = PORT, host: Bind = "127.0.0.1", certificate: Certificate = None, key: Key = None,
    ) -> None:  # fmt: skip
        from infra.service.processes import start

        session = session_of(context)
        if (certificate is None) != (key is None):
            zh = "--tls-cert 和 --tls-key 要一起给。"
            raise HuiminError(Text(zh, "--tls-cert and --tls-key go together."), 2)
        service = start(session.workspace(), lambda line, peer: run_line(line.arguments), prepare)  # before anything is slow or has threads
        from console.api.server import serve

        tls = None if certificate is None or key is None else (certificate, key)
        raise typer.Exit(serve(service, session.settings.workspace, (host, port), tls, session.say))

    app.command(
        "up",
        help=verb(
            "启动此工作区的服务，直到停止它：命令行经它立刻作答，HTTP 接口在同一端口；每个命令的结果与没有服务时相同。",
            "Run the service of this workspace until it is stopped: verbs answer through it at once, the HTTP interface is on its port; "
            "each verb gives what it gives without it.",
            "huimin up --workspace putuo",
            "huimin up --host 10.1.2.3 --tls-cert huimin.pem --tls-key huimin.key",
        ),
    )(up)


def prepare() -> None:
    """Imports what the reader's children use."""
    for module in PREPARED:
        importlib.import_module(module)
