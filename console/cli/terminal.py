"""The terminal output through rich: every text that is shown passes here, and control characters are escaped.

``console.cli.session`` and the modules that draw trees and tables call it; it is imported only where something is shown. Titles, names,
reasons, paths and cells are written by other people. An escape sequence, a line end or a mark that changes the reading direction is shown
as an escape, as in source code, and ``[red]`` is no style. Only line ends of ``policies.problems.characters.lines`` are kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.segment import Segment
from rich.text import Text

from policies.problems.characters import EscapedLines, escaped_text, lines


class EscapedText(Text):
    """A text with styles; every part is escaped when it is added."""

    def __init__(self, text: str = "", style: str = "") -> None:
        super().__init__(escaped_text(text), style)

    def append(self, text: Any, style: Any = None) -> EscapedText:
        super().append(escaped_text(text) if isinstance(text, str) else text, style)
        return self

    def below(self, text: str, style: str = "") -> EscapedText:
        """The same object, with this text on a line of its own added."""
        return self.append(EscapedLines(f"\n{escaped_text(text)}"), style)


class Terminal(Console):
    """Rich's console without markup; strings are escaped."""

    def __init__(self, *, stderr: bool, width: int | None) -> None:
        super().__init__(stderr=stderr, width=width, highlight=False, markup=False, emoji=False)

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(escaped_text(text), **options)

    def render(self, renderable: Any, options: Any = None) -> Iterable[Segment]:
        """The segments of anything, escaped again in case a text bypassed ``EscapedText`` and ``render_str``; line ends are kept."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=lines(segment.text.split("\n")))
