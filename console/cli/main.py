"""The entry point ``huimin``: the tree of all verbs, the global options, and the language.

A verb imports heavy modules only when it runs, so that ``--help`` is fast. Global options may stand anywhere on the line. Exit codes:
0 ok, 1 failure, 2 usage, 3 validation, 4 unreachable, 5 conflict, 6 done but not reported (``console.cli.ending``). A mistake of the
user never shows a traceback.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from console.cli import (
    access,
    account,
    audit,
    candidates,
    edition,
    erase,
    explain,
    feed,
    forecast,
    holds,
    identity,
    kafka,
    policy,
    snapshot,
    start,
    unit,
    up,
    worker,
)
from console.cli import (
    candidates_ack as ack,
)
from console.cli import (
    ingest as deliver,
)
from console.cli import (
    policy_publish as publish,
)
from console.cli.ending import CANCELLED, open_outputs, report_on_stderr, run, warn_of_encoding
from console.cli.i18n import both, localise
from console.cli.session import Session
from console.cli.usage import VerbGroup, valueless
from infra.logs import log_plainly
from infra.settings import settings
from policies.problems.problems import HuiminError
from streams.disk.files import PRIVATE_UMASK

TAKES_VALUE = ("--workspace", "--lang")
FLAGS = ("--json",)
LINE = "huimin.line"
"""The key under which the context keeps the arguments as typed."""


def global_options_first(arguments: Sequence[str]) -> list[str]:
    """The arguments with global options first; what follows ``--`` stays in its place.

    Raises:
        HuiminError: a global option lacks its value.

    Example:
        >>> hoisted(["tick", "--json", "--lang", "en"])
        ['--json', '--lang', 'en', 'tick']
    """
    front, rest, words = [], [], iter(arguments)
    for word in words:
        if word == "--":
            rest += [word, *words]
        elif word in FLAGS or word.startswith(tuple(f"{name}=" for name in TAKES_VALUE)):
            front.append(word)
        elif word in TAKES_VALUE:
            front += [word, _next(words, word)]
        else:
            rest.append(word)
    return front + rest


def _next(words: Iterator[str], option: str) -> str:
    following = next(words, None)
    if following is None:
        raise HuiminError(valueless(option), 2)
    return following


class RootGroup(VerbGroup):
    """The root of the command tree: global options anywhere, errors as sentences."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        ctx.meta[LINE] = tuple(args)
        left: list[str] = self._to_its_end(lambda: super(RootGroup, self).parse_args(ctx, global_options_first(args)), ctx)
        return left

    def invoke(self, ctx: Any) -> Any:
        value = self._to_its_end(lambda: super(RootGroup, self).invoke(ctx), ctx)
        warn_of_encoding(_language(ctx))
        return value

    def _to_its_end(self, part: Callable[[], Any], ctx: Any) -> Any:
        return run(part, lambda: _language(ctx), lambda: _workspace(ctx))


def _language(ctx: Any) -> str:
    return ctx.obj.language if isinstance(ctx.obj, Session) else start_language(ctx.meta.get(LINE, ()), os.environ)


def _workspace(ctx: Any) -> Path | None:
    return ctx.obj.settings.workspace if isinstance(ctx.obj, Session) else None


def application() -> typer.Typer:
    """Every verb of the command line."""
    app = typer.Typer(
        name="huimin",
        cls=RootGroup,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
        help=both("惠民：政策找人。规则定义与各单位记录匹配，名单长期保持准确。", "Huimin: policies find people, and the lists stay true."),
    )
    app.callback()(_root)
    for module in (start, deliver, explain, forecast, worker):
        module.add(app)
    up.add(app, run_line)
    for name, group in (
        ("unit", unit.group()), ("feed", feed.group()), ("policy", policy.group()),
        ("candidates", candidates.group()), ("holds", holds.group()), ("edition", edition.group()), ("identity", identity.group()),
        ("snapshot", snapshot.group()), ("erase", erase.group()), ("access", access.group()), ("account", account.group()),
        ("audit", audit.group()),
        ("kafka", kafka.group()),
    ):  # fmt: skip
        if name == "policy":
            publish.add(group)
        if name == "candidates":
            ack.add(group)
        app.add_typer(group, name=name, cls=VerbGroup)
    return app


def _root(
    context: typer.Context,
    workspace: Annotated[
        str | None,
        typer.Option(
            metavar="DIR",
            help=both(
                "工作区目录（默认 HUIMIN_WORKSPACE，否则为所在的工作区）",
                "workspace folder (default: HUIMIN_WORKSPACE, else the workspace you are in)",
            ),
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help=both("标准输出只有 JSON 数据", "stdout holds JSON data only"))] = False,
    lang: Annotated[
        str | None,
        typer.Option(metavar="zh|en", help=both("语言（默认 HUIMIN_LANG，否则中文）", "language (default: HUIMIN_LANG, else Chinese)")),
    ] = None,
) -> None:
    context.obj = Session(settings(workspace, lang, os.environ, _here()), json, dict(os.environ))


def _here() -> Path | None:
    """The current folder; None where it was removed."""
    try:
        return Path.cwd()
    except OSError:
        return None


def start_language(arguments: Sequence[str], environment: Any) -> str:
    """The language of help texts, found before the options are parsed."""
    words = list(arguments)
    after = [words[i + 1] for i, word in enumerate(words[:-1]) if word == "--lang"]
    with_equals = [word.partition("=")[2] for word in words if word.startswith("--lang=")]
    name = (after + with_equals + [environment.get("HUIMIN_LANG") or "zh"])[0]
    return "en" if name[:2].lower() == "en" else "zh"


def command(language: str) -> Any:
    """The command tree, its help in one language."""
    return localise(typer.main.get_command(application()), language)


def main() -> None:
    """Entry point ``huimin``. Only the owner can read the files that it or a library makes."""
    os.umask(PRIVATE_UMASK)
    log_plainly()
    open_outputs()
    command(start_language(sys.argv, os.environ)).main(prog_name="huimin")


def refuse_while_up() -> int:
    """Says that the service has to be stopped first; returns the exit code."""
    from infra.service.processes import BUSY

    open_outputs()
    return report_on_stderr(BUSY, 5, start_language(sys.argv, os.environ)).exit_code


def run_line(arguments: Sequence[str]) -> int:
    """Runs a line in a child of a service; returns its exit code."""
    os.umask(PRIVATE_UMASK)
    open_outputs()
    language = start_language(arguments, os.environ)
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # an interrupt that came before waits until here
        command(language).main(args=list(arguments), prog_name="huimin")
    except KeyboardInterrupt:
        return report_on_stderr(CANCELLED, 1, language).exit_code
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    return 0


if __name__ == "__main__":
    main()
