"""What a service reports while it works: a bar on a terminal, a line in a log, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TypeAlias

from policies.values import Text

Advance: TypeAlias = Callable[[int], None]
"""Is told how many more are done."""


class Progress(Protocol):
    """Begins a piece of work that has a name, and ends with it."""

    def __call__(self, label: Text, total: int | None) -> AbstractContextManager[Advance]: ...


@contextmanager
def silent(label: Text, total: int | None) -> Iterator[Advance]:
    """Reports nothing."""
    yield lambda count: None
