"""What a verb is given: its settings, and how to say things.

The one idea: data goes to stdout, sentences to people; with ``--json`` stdout holds data only and every sentence goes to stderr. Colour,
bars and widths are rich's business, and rich is imported only when something is shown.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, TypeAlias

import typer

from infra.settings import Settings, today
from policies.values import Text

if TYPE_CHECKING:
    from rich.console import Console

    from infra.workspace import Workspace

PIPED_WIDTH = 120
"""Columns of a table that goes into a pipe or file."""

Advance: TypeAlias = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Session:
    """One run of one verb."""

    settings: Settings
    json: bool
    environment: dict[str, str]

    @property
    def language(self) -> str:
        return self.settings.language

    def today(self) -> date:
        """The day it is in Shanghai."""
        return today(self.environment)

    def workspace(self) -> Workspace:
        """The workspace the verb works in; imported late, for it brings the connectors along."""
        from infra.workspace import Workspace

        return Workspace.open(self.settings.workspace, self.environment)

    def console(self, stderr: bool = False) -> Console:
        """A console of rich; prints plain text where nobody watches."""
        from rich.console import Console

        file = sys.stderr if stderr else sys.stdout
        width = None if file.isatty() or "COLUMNS" in self.environment else PIPED_WIDTH
        return Console(stderr=stderr, highlight=False, width=width)

    def say(self, text: Text, style: str = "") -> None:
        """A sentence to the person: stdout, or stderr beside ``--json``."""
        self.console(stderr=self.json).print(text[self.language], style=style or None, markup=False, soft_wrap=True)

    def warn(self, text: Text) -> None:
        """A sentence that must not be lost in a pipe."""
        self.console(stderr=True).print(text[self.language], style="yellow", markup=False, soft_wrap=True)

    def data(self, value: Any) -> bool:
        """Write ``value`` as JSON where ``--json`` asks for it; returns whether it did."""
        if self.json:
            sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=1, default=str) + "\n")
        return self.json

    def table(
        self,
        title: Text | None,
        columns: Sequence[Text],
        rows: Iterable[Sequence[str]],
        right: Sequence[int] = (),
        whole: Sequence[int] = (),
    ) -> None:
        """A table (on stderr beside ``--json``). Cells are shown as they are; columns in ``right`` stand right, the first and those in
        ``whole`` are never broken."""
        from rich import box
        from rich.table import Table
        from rich.text import Text as Cell

        shown = Table(
            title=None if title is None else title[self.language],
            box=box.SIMPLE_HEAD,
            title_justify="left",
            title_style="bold",
            pad_edge=False,
        )
        for i, column in enumerate(columns):
            shown.add_column(
                column[self.language], justify="right" if i in right else "left", overflow="fold", no_wrap=i == 0 or i in whole
            )
        for row in rows:
            shown.add_row(*(Cell(cell) for cell in row))
        self.console(stderr=self.json).print(shown)

    @contextmanager
    def progress(self, label: Text, total: int | None = None) -> Iterator[Advance]:
        """A bar on stderr for what takes longer than a moment; nothing where nobody watches."""
        if not sys.stderr.isatty():
            yield lambda count: None
            return
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self.console(stderr=True), transient=True) as bars:
            task = bars.add_task(label[self.language], total=total)
            yield lambda count: bars.advance(task, count)

    def confirm(self, question: Text) -> bool:
        """Ask; no where nobody can answer."""
        return sys.stdin.isatty() and typer.confirm(question[self.language], err=True)


def of(context: typer.Context) -> Session:
    """The session of a verb's context."""
    found = context.find_object(Session)
    assert found is not None  # the root callback made it
    return found
