"""The screen on which the demonstration is shown, and the figures that it prints with ``--json``.

The command line passes its session as the screen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Annotated, Any, Protocol

from policies.values import Text
from services.results import OmittedWhenEmpty


class Screen(Protocol):
    """Prints sentences, tables, headings and bars; with ``json`` none of them goes to stdout."""

    @property
    def language(self) -> str: ...
    @property
    def json(self) -> bool: ...
    @property
    def environment(self) -> dict[str, str]: ...
    def say(self, text: Text, style: str = "") -> None: ...
    def heading(self, text: Text, aside: str) -> None: ...
    def table(
        self, title: Text | None, columns: Sequence[Text], rows: Iterable[Sequence[str]], right: Sequence[int] = ()
    ) -> None: ...  # fmt: skip
    def progress(self, label: Text, total: int | None = None) -> AbstractContextManager[Callable[[int], None]]: ...
    def print_json(self, result: Any) -> bool: ...


@dataclass(frozen=True, slots=True)
class DemoFigures:
    """The figures of a demonstration.

    Args:
        files: how many the units delivered on the first day.
        rows_3, rows_8: rows of the files that steps 3 and 8 took in.
        lists: by policy, how many candidates of each status there are when it is published.
        day_changes, coverage_changes, month_changes: lines of lists that moved on the next day, by the late statement, in the month.
        month_judged: subjects who were judged again in the month.
        same_lists: the workers told the same lists as one process.
        seconds: from beginning to end.
    """

    files: int
    rows_3: int
    lists: Mapping[str, Mapping[str, int]]
    rows_8: int
    day_changes: int
    coverage_changes: int
    month_changes: int
    month_judged: int
    seconds: float
    same_lists: Annotated[bool, OmittedWhenEmpty] = False
