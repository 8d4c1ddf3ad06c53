"""The topics of a network as a client sees them: ports of ``NetworkHost``, which ``connectors.kafka.broker`` implements."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from streams.lists.lines import Lines
from streams.network.merger import Progress


class Inputs(Protocol):
    """The topic of inputs, as a client sees it (``connectors.kafka.broker``)."""

    def append(self, body: bytes) -> Callable[[], int]:
        """Sends a message; what is given waits for the broker and says its offset."""
        ...

    def read(self, after: int) -> Iterator[tuple[int, bytes]]:
        """(offset, bytes) of the messages behind an offset, as they come, without end."""
        ...

    def first(self) -> int:
        """The offset of the oldest message that is still there, or of the next one."""
        ...

    def end(self) -> int:
        """The offset of the last message there is now, -1 where there is none."""
        ...


class Changes(Protocol):
    """The topic of changes, as a client sees it."""

    def rows(self) -> Iterator[tuple[int, str | None, Lines]]:
        """(message, what it closes, lines) of all there is now, each once, in order."""
        ...

    def manifests(self, policy: str) -> Mapping[int, str]:
        """Of editions closed before somebody was erased: by their last message, the manifest as it was (``streams.lists.manifests``)."""
        ...

    def last(self) -> int:
        """The message told last; -1 before the first."""
        ...

    def progress(self) -> Mapping[str, Progress]:
        """How far everything has come that people wait for, by its label."""
        ...
