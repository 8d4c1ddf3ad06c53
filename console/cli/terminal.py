"""Where rich writes: every text a person reads passes here, and nothing in it reaches the terminal but letters.

Called by ``console.cli.session`` and by what draws trees and tables, imported only where something is shown. Titles, names, reasons, paths
and cells are other people's: an escape sequence, a line end or a sign that turns the reading direction is shown as it would be written in a
program, and ``[red]`` is no style. A line end that is meant is one of ``policies.problems.characters.lines``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.segment import Segment
from rich.text import Text

from policies.problems.characters import Lines, escaped, lines


class Line(Text):
    """A text with styles, escaped as it is put together."""

    def __init__(self, text: str = "", style: str = "") -> None:
        super().__init__(escaped(text), style)

    def append(self, text: Any, style: Any = None) -> Line:
        super().append(escaped(text) if isinstance(text, str) else text, style)
        return self

    def below(self, text: str, style: str = "") -> Line:
        """The text, on a line of its own."""
        return self.append(Lines(f"\n{escaped(text)}"), style)


class Terminal(Console):
    """Rich's console without markup; what is not text of the program's own making is escaped on its way."""

    def __init__(self, *, stderr: bool, width: int | None) -> None:
        super().__init__(stderr=stderr, width=width, highlight=False, markup=False, emoji=False)

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(escaped(text), **options)

    def render(self, renderable: Any, options: Any = None) -> Iterable[Segment]:
        """The segments of anything; a safety net behind ``Line`` and ``render_str``, for line ends cannot be told apart any more here."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=lines(segment.text.split("\n")))
