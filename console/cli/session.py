"""The session of one run of a verb: its settings, and its output as sentences, tables, bars or JSON.

With ``--json`` stdout holds data only and every sentence goes to stderr. rich does colours, bars and widths; it is imported only when
something is shown. Text from documents and people is shown escaped (``console.cli.terminal``); in JSON it keeps its value, in JSON's own
escapes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, is_dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, TypeAlias

import typer

from infra.settings import Settings, today
from policies.problems.characters import escaped_json, escaped_text
from policies.values import Text

if TYPE_CHECKING:
    from rich.console import Console

    from infra.workspace.workspace import Workspace

PIPED_WIDTH = 120
"""Columns of a table that goes into a pipe or file."""

Advance: TypeAlias = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Session:
    """One run of one verb."""

    settings: Settings
    json: bool
    environment: dict[str, str]
    shown_warnings: set[Text] = field(default_factory=set)

    @property
    def language(self) -> str:
        return self.settings.language

    def today(self) -> date:
        """The date of today in Shanghai."""
        return today(self.environment)

    def workspace(self) -> Workspace:
        """The workspace of this run; its module is imported here, for it imports the connectors."""
        from infra.workspace.workspace import Workspace
        from services.access.run import current_run

        run = current_run()
        author = None if run is None or run.actor.is_owner else run.actor.name
        return Workspace.open(self.settings.workspace, self.environment, self.warn_once, author)

    def console(self, stderr: bool = False) -> Console:
        """A console of rich; it prints plain text where no terminal is."""
        from console.cli.terminal import Terminal

        file = sys.stderr if stderr else sys.stdout
        width = None if file.isatty() or "COLUMNS" in self.environment else PIPED_WIDTH
        return Terminal(stderr=stderr, width=width)

    def say(self, text: Text, style: str = "") -> None:
        """Print a sentence: on stdout, or on stderr with ``--json``."""
        self.console(stderr=self.json).print(text[self.language], style=style or None, soft_wrap=True)

    def heading(self, text: Text, aside: str) -> None:
        """Print a heading as a line across the screen, with a dim word behind it."""
        from console.cli.terminal import EscapedText

        console = self.console(stderr=self.json)
        console.print()
        console.rule(EscapedText(f"{text[self.language]}  ").append(aside, style="dim"), align="left", style="cyan")

    def warn(self, text: Text) -> None:
        """Print a sentence on stderr, so that no pipe swallows it; a stderr that cannot be written is no error."""
        with suppress(OSError):
            self.console(stderr=True).print(text[self.language], style="yellow", soft_wrap=True)

    def warn_once(self, text: Text) -> None:
        """The same, but each text only once in a run."""
        if text not in self.shown_warnings:
            self.shown_warnings.add(text)
            self.warn(text)

    def print_json(self, result: Any, kind: Any = None) -> bool:
        """Write what a service returned as JSON where ``--json`` asks for it; returns whether it did.

        Args:
            kind: the type of the result, where it is no dataclass: ``list[Finding]``.
        """
        if self.json:
            if kind is not None or is_dataclass(result):
                from services.results import plain

                result = plain(result, self.language, kind)
            sys.stdout.write(as_json(result) + "\n")
        return self.json

    def table(
        self,
        title: Text | None,
        columns: Sequence[Text],
        rows: Iterable[Sequence[str]],
        right: Sequence[int] = (),
        whole: Sequence[int] = (),
    ) -> None:
        """Print a table (on stderr with ``--json``).

        Args:
            right: positions of the columns that are aligned to the right.
            whole: positions of the columns that are never wrapped; the first never is."""
        from rich import box
        from rich.table import Table

        from console.cli.terminal import EscapedText

        table = Table(
            title=None if title is None else title[self.language],
            box=box.SIMPLE_HEAD,
            title_justify="left",
            title_style="bold",
            pad_edge=False,
        )
        for i, column in enumerate(columns):
            table.add_column(
                column[self.language], justify="right" if i in right else "left", overflow="fold", no_wrap=i == 0 or i in whole
            )
        for row in rows:
            table.add_row(*(EscapedText(cell) for cell in row))
        self.console(stderr=self.json).print(table)

    @contextmanager
    def progress(self, label: Text, total: int | None = None) -> Iterator[Advance]:
        """A progress bar on stderr; nothing where stderr is no terminal."""
        if not sys.stderr.isatty():
            yield lambda count: None
            return
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self.console(stderr=True), transient=True) as bars:
            task = bars.add_task(escaped_text(label[self.language]), total=total)
            yield lambda count: bars.advance(task, count)

    def confirm(self, question: Text) -> bool:
        """Ask until the answer is yes or no, in either language; no without a terminal, and no for an empty answer."""
        asked = f"{escaped_text(question[self.language])} {Text('[是/否，直接回车为否]', '[y/N]')[self.language]}"
        while sys.stdin.isatty():
            answer = yes_or_no(typer.prompt(asked, default="n", show_default=False, err=True))
            if answer is not None:
                return answer
        return False


def as_json(value: Any, indent: int = 1) -> str:
    """A value as JSON; in ASCII where the standard output is not Unicode."""
    unicode = (sys.stdout.encoding or "").casefold().replace("-", "").startswith("utf")
    return escaped_json(json.dumps(value, ensure_ascii=not unicode, indent=indent, default=str))


def yes_or_no(text: str) -> bool | None:
    """An answer as a Boolean; None where it is neither yes nor no.

    Example:
        >>> yes_or_no("是"), yes_or_no("N"), yes_or_no("perhaps")
        (True, False, None)
    """
    word = text.strip().casefold()
    return True if word in ("是", "y", "yes") else False if word in ("否", "n", "no") else None


def session_of(context: typer.Context) -> Session:
    """The session of a verb's context."""
    session = context.find_object(Session)
    assert session is not None  # the root callback creates it
    return session


def argument_or_stdin(text: str) -> str:
    """What a person typed, read from standard input where it is ``-``: a number on the command line stays in the shell's history."""
    return sys.stdin.readline().strip() if text == "-" else text
