"""The progress that a service reports while it works: a bar on a terminal, a line in a log, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TypeAlias

from policies.values import Text

Advance: TypeAlias = Callable[[int], None]
"""Called with the number of items done since the last call."""


class Progress(Protocol):
    """A context for a named piece of work, for its whole time."""

    def __call__(self, label: Text, total: int | None) -> AbstractContextManager[Advance]: ...


@contextmanager
def silent(label: Text, total: int | None) -> Iterator[Advance]:
    """Reports nothing."""
    yield lambda count: None
