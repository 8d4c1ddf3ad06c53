"""The topics of a network as a client sees them: ports of ``NetworkHost``, which ``connectors.kafka.broker`` implements."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from streams.lists.lines import Lines
from streams.network.merger import MessageProgress


class InputsPort(Protocol):
    """Sends messages to the topic of inputs, and reads them by offset (``connectors.kafka.broker``)."""

    def append(self, body: bytes) -> Callable[[], int]:
        """Sends a message; gives a function that waits for the broker and returns the offset."""
        ...

    def read(self, after: int) -> Iterator[tuple[int, bytes]]:
        """(offset, bytes) of the messages behind an offset, as they arrive, without end."""
        ...

    def first(self) -> int:
        """The offset of the oldest message, or of the next one if there is none."""
        ...

    def end(self) -> int:
        """The offset of the last message now; -1 if there is none."""
        ...


class ChangesPort(Protocol):
    """The topic of changes."""

    def rows(self) -> Iterator[tuple[int, str | None, Lines]]:
        """(offset of the message, what it closes, lines) of all records now, each once, in order."""
        ...

    def manifests(self, policy: str) -> Mapping[int, str]:
        """The original manifests of editions with blank lines, by their last message (``streams.lists.manifests``)."""
        ...

    def last(self) -> int:
        """The offset of the last message with outputs; -1 before the first."""
        ...

    def progress(self) -> Mapping[str, MessageProgress]:
        """The progress of the messages that people wait for, by label."""
        ...
