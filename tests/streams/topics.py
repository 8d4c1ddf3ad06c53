"""The topics of a distributed host in memory, as its clients see them: the inputs, and the changes that workers send.

The workers are the pipeline of ``tests.streams.pipeline``. They work only when a test says so, so a client can be ahead of them or behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from streams.lists.lines import Lines
from streams.network.merger import MessageProgress
from streams.network.topics import ChangesPort, InputsPort
from streams.wire import wire
from tests.streams.pipeline import Pipeline


class Bodies(InputsPort):
    """A topic of inputs in memory."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    def append(self, body: bytes) -> Callable[[], int]:
        self.bodies.append(body)
        offset = len(self.bodies) - 1
        return lambda: offset

    def read(self, after: int) -> Iterator[tuple[int, bytes]]:
        place = after + 1
        while place < len(self.bodies):
            yield place, self.bodies[place]
            place += 1

    def first(self) -> int:
        return 0

    def end(self) -> int:
        return len(self.bodies) - 1


class Silent(ChangesPort):
    """The topic of changes before any worker has sent one."""

    def rows(self) -> Iterator[tuple[int, str | None, Lines]]:
        return iter(())

    def manifests(self, policy: str) -> dict[int, str]:
        return {}

    def last(self) -> int:
        return -1

    def progress(self) -> dict[str, MessageProgress]:
        return {}


class Workers(ChangesPort):
    """The changes that workers on some partitions send for a topic of inputs.

    Args:
        prompt: they work whenever a client reads; otherwise only when ``work`` is called.
    """

    def __init__(self, inputs: Bodies, partitions: int = 3, prompt: bool = False) -> None:
        self.inputs, self.pipeline, self.prompt = inputs, Pipeline(partitions), prompt
        self._position = 0

    def work(self, upto: int | None = None) -> None:
        """Handles all inputs, or those before an offset, to the end."""
        bodies = self.inputs.bodies[self._position : upto]
        for body in bodies:
            self.pipeline.put(body)
        self._position += len(bodies)
        self.pipeline.drain()

    def rows(self) -> Iterator[tuple[int, str | None, Lines]]:
        self._work_if_prompt()
        for message in self.pipeline.messages_on("changes"):
            yield int(message.id), message.facts.get("closes"), wire.decode_changes(message.body)

    def manifests(self, policy: str) -> dict[int, str]:
        return {}

    def last(self) -> int:
        return max((offset for offset, _, _ in self.rows()), default=-1)

    def progress(self) -> dict[str, MessageProgress]:
        self._work_if_prompt()
        merger: Any = self.pipeline.merger.fold
        return {**merger.ended, **merger.waiting()}

    def _work_if_prompt(self) -> None:
        if self.prompt:
            self.work()
