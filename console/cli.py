"""``huimin``: every verb, and what happens around them.

The one idea: the verbs import nothing heavy until they run, so that ``--help`` answers at once. Global options may stand anywhere on
the line. Exit codes: 0 ok, 1 failure, 2 usage, 3 validation, 4 unreachable, 5 conflict; a person's mistake never shows a traceback.
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import typer

from console import (
    ack,
    candidates,
    deliver,
    edition,
    erase,
    explain,
    feed,
    forecast,
    holds,
    identity,
    kafka,
    policy,
    publish,
    snapshot,
    start,
    unit,
    worker,
)
from console.i18n import both, localised
from console.session import Session
from console.usage import Family, is_usage, sentence, valueless
from infra.settings import settings
from policies.problems import HuiminError
from policies.values import Text

TAKES_VALUE = ("--workspace", "--lang")
FLAGS = ("--json",)
LINE = "huimin.line"
"""Where the context keeps the line that was typed."""
CANCELLED = Text("已取消。", "Cancelled.")
GONE = Text("状态目录不可写或不可读：{path}（{why}）。", "Cannot read or write {path} ({why}).")
FULL = Text(
    "磁盘已满，本次操作未生效，原有数据未动。清出空间后重试。", "The disk is full: nothing was changed. Free some space and try again."
)
OURS = Text(
    "内部错误（{kind}，{place}）：不是您的操作问题，数据未动。请把这一行报给维护者；HUIMIN_DEBUG=1 显示细节。",
    "Internal error ({kind} at {place}): not your mistake, and nothing was changed. Report this line; HUIMIN_DEBUG=1 shows more.",
)


def hoisted(arguments: Sequence[str]) -> list[str]:
    """The line with global options first, wherever they stood; what follows ``--`` is left alone.

    Raises:
        HuiminError: one that takes a value is the last word.

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


class Root(Family):
    """The root of the command tree: global options anywhere, errors as sentences."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        ctx.meta[LINE] = tuple(args)
        try:
            return super().parse_args(ctx, hoisted(args))
        except HuiminError as error:
            raise _told(error.text, error.exit_code, ctx) from None
        except Exception as error:
            raise _mistaken(error, ctx) from None

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except HuiminError as error:
            raise _told(error.text, error.exit_code, ctx) from None
        except BrokenPipeError:
            raise typer.Exit(0) from None
        except OSError as error:
            raise _told(_sentence(error), 1, ctx) from None
        except typer.Abort:
            raise _told(CANCELLED, 1, ctx) from None
        except (typer.Exit, KeyboardInterrupt):
            raise
        except Exception as error:
            if is_usage(error):
                raise _mistaken(error, ctx) from None
            if os.environ.get("HUIMIN_DEBUG"):
                raise
            raise _told(_ours(error), 1, ctx) from None


def _mistaken(error: Exception, ctx: Any) -> Exception:
    """The end of a run whose line was mistaken; what is no mistake stays as it is."""
    said = sentence(error) if is_usage(error) else None
    return error if said is None else _told(said.text, said.exit_code, ctx)


def _told(text: Text, code: int, ctx: Any) -> typer.Exit:
    """Say why, on stderr, and end with this code."""
    session = ctx.obj if isinstance(ctx.obj, Session) else None
    language = session.language if session else start_language(ctx.meta.get(LINE, ()), os.environ)
    typer.secho(text[language], err=True, fg="red")
    return typer.Exit(code)


def _sentence(error: OSError) -> Text:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return FULL
    words = {"path": error.filename or "?", "why": error.strerror or type(error).__name__}
    return Text(GONE.zh.format(**words), GONE.en.format(**words))


def _ours(error: Exception) -> Text:
    """Where an unexpected error came from. Not what it says: that may quote a record."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    words = {"kind": type(error).__name__, "place": f"{os.path.basename(last.filename)}:{last.lineno}"}
    return Text(OURS.zh.format(**words), OURS.en.format(**words))


def application() -> typer.Typer:
    """Every verb of the command line."""
    app = typer.Typer(
        name="huimin",
        cls=Root,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
        help=both("惠民：政策找人。规则定义与各单位记录匹配，名单长期保持准确。", "Huimin: policies find people, and the lists stay true."),
    )
    app.callback()(_root)
    for module in (start, deliver, explain, forecast, worker):
        module.add(app)
    for name, group in (
        ("unit", unit.group()), ("feed", feed.group()), ("policy", policy.group()),
        ("candidates", candidates.group()), ("holds", holds.group()), ("edition", edition.group()), ("identity", identity.group()),
        ("snapshot", snapshot.group()), ("erase", erase.group()), ("kafka", kafka.group()),
    ):  # fmt: skip
        if name == "policy":
            publish.add(group)
        if name == "candidates":
            ack.add(group)
        app.add_typer(group, name=name, cls=Family)
    return app


def _root(
    context: typer.Context,
    workspace: Annotated[
        str | None,
        typer.Option(metavar="DIR", help=both("工作区目录（默认 HUIMIN_WORKSPACE）", "workspace folder (default: HUIMIN_WORKSPACE)")),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help=both("标准输出只有 JSON 数据", "stdout holds JSON data only"))] = False,
    lang: Annotated[
        str | None,
        typer.Option(metavar="zh|en", help=both("语言（默认 HUIMIN_LANG，否则中文）", "language (default: HUIMIN_LANG, else Chinese)")),
    ] = None,
) -> None:
    context.obj = Session(settings(workspace, lang, os.environ), json, dict(os.environ))


def start_language(arguments: Sequence[str], environment: Any) -> str:
    """The language of help texts, known before options are read."""
    words = list(arguments)
    after = [words[i + 1] for i, word in enumerate(words[:-1]) if word == "--lang"]
    joined = [word.partition("=")[2] for word in words if word.startswith("--lang=")]
    name = (after + joined + [environment.get("HUIMIN_LANG") or "zh"])[0]
    return "en" if name[:2].lower() == "en" else "zh"


def command(language: str) -> Any:
    """The command tree, its help in one language."""
    return localised(typer.main.get_command(application()), language)


def main() -> None:
    """Entry point ``huimin``."""
    command(start_language(sys.argv, os.environ)).main(prog_name="huimin")


if __name__ == "__main__":
    main()
