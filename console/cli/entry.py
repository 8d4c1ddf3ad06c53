"""The program ``huimin``: lets a running service do the work, or does it here.

Python and this module take a few hundredths of a second; everything heavier is imported only where no service runs. What is looked at here
is read again, and checked, by whoever runs the line.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

HERE = {("init",), ("bench",), ("up",), ("worker",), ("kafka",)}
"""Verbs that no service runs: they are not about its workspace, or are the service."""
STOPPED = {("demo",), ("upgrade",), ("erase", "finish")}
"""Verbs that need the service stopped; ``doctor --deep`` does too."""


def words_of(arguments: Sequence[str]) -> tuple[str | None, list[str]]:
    """The workspace that a line names, and its other words without the global options.

    Example:
        >>> words_of(["candidates", "--workspace", "w", "list", "dibao", "--json"])
        ('w', ['candidates', 'list', 'dibao'])
    """
    workspace, words, coming = None, list[str](), iter(arguments)
    for word in coming:
        if word == "--":
            words += [word, *coming]
        elif word in ("--workspace", "--lang"):
            value = next(coming, None)
            workspace = value if word == "--workspace" else workspace
        elif word.startswith("--workspace="):
            workspace = word.partition("=")[2]
        elif word != "--json" and not word.startswith("--lang="):
            words.append(word)
    return workspace, words


def main() -> None:
    """Entry point ``huimin``."""
    arguments = sys.argv[1:]
    workspace, words = words_of(arguments)
    if not words or "--help" in words or (words[0],) in HERE:
        return _here()
    root = _root(workspace)
    if root is None or not (root / "service").is_dir():
        return _here()
    from infra.service.verbs import VERBS, relay

    path = root / "service" / VERBS
    if (words[0],) in STOPPED or tuple(words[:2]) in STOPPED or (words[0] == "doctor" and "--deep" in words):
        return _refuse_or_here(path)
    code = relay(path, arguments)
    if code is None:
        return _here()
    sys.exit(code)


def _root(workspace: str | None) -> Path | None:
    from infra.settings import WORKSPACE, settings

    try:
        here = None if workspace or os.environ.get(WORKSPACE) else Path.cwd()
        return settings(workspace, None, {**os.environ, "HUIMIN_LANG": "zh"}, here).workspace
    except OSError:
        return None


def _refuse_or_here(path: Path) -> None:
    from streams.served.channel import connect

    if (sock := connect(path)) is None:
        return _here()
    sock.close()
    from console.cli.main import refuse_while_up

    sys.exit(refuse_while_up())


def _here() -> None:
    from console.cli.main import main as run

    run()


if __name__ == "__main__":
    main()
