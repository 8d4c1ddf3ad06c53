"""Topics that are lists, and a host that keeps its ledger: what is needed to try a stream without a broker."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from connectors.kafka.topics import Message, OffsetSpan, Post
from matchers.kernel.batch import RecordBatch
from streams.language.messages import DeliveryCompleted, DeliveryStarted, Input
from streams.ledgers.deliveries import Deliveries
from tests.connectors.samples import Reply, resident


@dataclass
class ListTopic:
    """A topic to read from: partitions of (key, value), perhaps with headers; ``most`` messages a poll at most."""

    partitions: dict[int, list[tuple[Any, ...]]]
    name: str = "unit.hukou"
    first: dict[int, int] = field(default_factory=dict)
    most: int = 1_000
    at: dict[int, int] = field(default_factory=dict)

    def spans(self) -> dict[int, OffsetSpan]:
        return {p: OffsetSpan(self.first.get(p, 0), self.first.get(p, 0) + len(messages)) for p, messages in self.partitions.items()}

    def begin(self, offsets: Mapping[int, int]) -> None:
        self.at = dict(offsets)

    def poll(self, seconds: float, most: int) -> list[Message]:
        result: list[Message] = []
        for partition, messages in self.partitions.items():
            start, first = self.at[partition], self.first.get(partition, 0)
            stop = min(first + len(messages), start + min(most, self.most) - len(result))
            result += [Message(partition, offset, *messages[offset - first]) for offset in range(start, stop)]
            self.at[partition] = max(start, stop)
        return result

    def positions(self) -> dict[int, int]:
        return dict(self.at)


@dataclass
class KeptTopic:
    """A topic to write to. ``posts`` are those acknowledged; after ``fail_after`` of them the broker is gone."""

    name: str = "huimin.dead-letters"
    posts: list[Post] = field(default_factory=list)
    waiting: list[Post] = field(default_factory=list)
    fail_after: int | None = None

    def send(self, post: Post) -> None:
        self.waiting.append(post)

    def flush(self) -> None:
        for post in self.waiting:
            if self.fail_after is not None and len(self.posts) >= self.fail_after:
                raise ConnectionError("the broker went away")
            self.posts.append(post)
        self.waiting = []


class Crash(Exception):
    """The process ends."""


@dataclass
class LedgerHost:
    """A host that keeps its messages and their ledger, and crashes before or behind some of them."""

    messages: list[Input] = field(default_factory=list)
    deliveries: Deliveries = field(default_factory=Deliveries)
    crashes: list[str] = field(default_factory=list)
    """What happens to the next batches: ``before``, ``behind`` or anything else for nothing."""

    @property
    def state(self) -> LedgerHost:
        return self

    def are_erased(self, tokens: Any) -> Any:
        return np.zeros(len(tokens), np.bool_)

    def submit_each(self, messages: Iterable[Input]) -> Iterator[Reply]:
        for message in messages:
            what = self.crashes.pop(0) if self.crashes and isinstance(message, RecordBatch) else ""
            if what == "before":
                raise Crash
            self._apply(message)
            if what == "behind":
                raise Crash
            yield Reply()

    def file(self, feed: str, rows: int = 1, replaces: bool = False) -> None:
        """Somebody delivers a file."""
        id = f"file-{len(self.messages)}"
        number, _, _ = self.deliveries.number(feed, 0, id)
        self._apply(DeliveryStarted(feed, 0, number, id, replaces))
        self._apply(DeliveryCompleted(feed, 0, number, id, rows, 0, replaces))

    def _apply(self, message: Input) -> None:
        self.messages.append(message)
        if isinstance(message, DeliveryStarted):
            assert self.deliveries.number(message.feed, message.source, message.id)[0] == message.delivery
            self.deliveries.begin(message.feed, message.source, message.delivery, message.id, message.replaces)
        if isinstance(message, RecordBatch):
            delivery = self.deliveries.by_number(message.feed, message.source, message.delivery)
            assert delivery is not None
            delivery.add(message.row)
        if isinstance(message, DeliveryCompleted):
            delivery = self.deliveries.by_number(message.feed, message.source, message.delivery)
            assert delivery is not None
            delivery.completed = delivery.sound = True

    def batches(self) -> list[RecordBatch]:
        return [message for message in self.messages if isinstance(message, RecordBatch)]

    def rows(self) -> list[tuple[int, int]]:
        """(delivery, row) of all that was applied, as often as it was."""
        return [(batch.delivery, row) for batch in self.batches() for row in batch.row.tolist()]


def hukou(serial: int, **cells: Any) -> dict[str, Any]:
    """A sound record of the register, but for the cells given."""
    sound = {
        "id_number": resident(serial), "household_no": f"H{serial // 3}", "changed_at": "2026-09-01", "出生日期": "1950-01-01",
        "sex": "男", "division": "310107020000", "name": f"居民{serial}",
    }  # fmt: skip
    return {**sound, **cells}


def messages(records: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Records as messages; bytes stay as they are."""
    return [(None, content if isinstance(content, bytes) else json.dumps(content, ensure_ascii=False).encode()) for content in records]
