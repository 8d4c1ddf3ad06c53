"""The topics of a network, as its clients see them, in memory: what is submitted, and what workers say of it.

The one idea: the workers are the pipeline of these tests, and work when they are told to; so a client can be ahead of them, or behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from streams.lists.lines import Lines
from streams.network.merger import Progress
from streams.network.topics import Changes, Inputs
from streams.wire import wire
from tests.streams.pipeline import Pipeline


class Bodies(Inputs):
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


class Silent(Changes):
    """Workers that have said nothing yet."""

    def rows(self) -> Iterator[tuple[int, str | None, Lines]]:
        return iter(())

    def manifests(self, policy: str) -> dict[int, str]:
        return {}

    def last(self) -> int:
        return -1

    def progress(self) -> dict[str, Progress]:
        return {}


class Workers(Changes):
    """What the workers on some partitions say of a topic of inputs.

    Args:
        prompt: they work whenever they are asked; otherwise only when told to (``work``).
    """

    def __init__(self, inputs: Bodies, partitions: int = 3, prompt: bool = False) -> None:
        self.inputs, self.pipeline, self.prompt = inputs, Pipeline(partitions), prompt
        self._position = 0

    def work(self, upto: int | None = None) -> None:
        """Take all there is, or that is in front of an offset, and say everything about it."""
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

    def progress(self) -> dict[str, Progress]:
        self._work_if_prompt()
        merger: Any = self.pipeline.merger.fold
        return {**merger.ended, **merger.waiting()}

    def _work_if_prompt(self) -> None:
        if self.prompt:
            self.work()
