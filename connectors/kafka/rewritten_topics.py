"""Reads permanent topics that were rewritten after an erasure.

``connectors.kafka.topic_erasure`` rewrites them. A *run* copies all messages to the end of the same topic, behind a message without
meaning; when the run is complete, everything before that message is deleted. So there are two cases. Either the topic begins with a
complete run: then the copies are read, and messages that others wrote among them come after the last copy. Or the originals are still
there: then copies are ignored. Copies of incomplete runs, and of two runs at once, are ignored too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from streams.wire.wire import decode_edition

REWRITTEN = "ce_rewritten"
NOTHING = b"nothing"
"""The key of a message without meaning: it begins a segment (``connectors.kafka.topic_erasure``), and with a label a run."""


def run_label(run: str, last: bytes = b"") -> bytes:
    """The label of a copy: its run, and the key of the run's last copy."""
    return run.encode() + b"/" + last


def label_of(record: Any) -> bytes | None:
    """The label (``run_label``) of a copy, or of the message that begins a run; None for any other message."""
    label: bytes | None = dict(record.headers).get(REWRITTEN)
    return label


def begins_run(record: Any) -> bool:
    """Whether this message begins a run; a topic that begins with it holds copies of everything before."""
    return record.key == NOTHING and label_of(record) is not None


class InOrder:
    """Puts the messages of a topic in the order of their numbers; some may come twice, as after a worker's restart.

    Args:
        number: gives the number of a message.
        first: whether the first message that is taken is the first of the topic.
    """

    def __init__(self, number: Callable[[Any], Any], first: bool = True) -> None:
        self._number, self._first = number, first
        self._run: bytes | None = None
        self._run_offset = -1
        self._waiting: list[Any] = []

    def take(self, record: Any) -> list[tuple[Any, int]]:
        """The messages that are ready now, each with the next offset to read once it is handled."""
        label = label_of(record)
        if self._first and begins_run(record) and label is not None:
            self._run, self._run_offset = label.partition(b"/")[0], record.offset
        self._first = False
        if record.key == NOTHING:
            return []
        if label is None and self._run is None:
            return [(record, record.offset + 1)]
        if label is None:
            self._waiting.append(record)
            return []
        run, _, last = label.partition(b"/")
        if run != self._run:
            return []
        if record.key != last:
            return [(record, self._run_offset)]
        *ready, newest = [record, *self.rest()]
        return [*((ready_record, self._run_offset) for ready_record in ready), (newest, record.offset + 1)]

    def rest(self) -> list[Any]:
        """The messages that others wrote among the copies; this ends the run."""
        waiting, self._waiting, self._run = sorted(self._waiting, key=self._number), [], None
        return waiting


def in_order(records: Iterable[Any], number: Callable[[Any], Any]) -> Iterator[Any]:
    """All messages of a topic, read from its beginning, in the order of their numbers."""
    order = InOrder(number)
    for record in records:
        yield from (ready_record for ready_record, _ in order.take(record))
    yield from order.rest()


def distinct_messages(records: Iterable[Any]) -> Iterator[Any]:
    """The first message of each key."""
    keys = set[bytes]()
    for record in records:
        if record.key not in keys:
            keys.add(record.key)
            yield record


def edition_order(record: Any) -> tuple[int, str]:
    """The place of an edition in the order of all: the message that closed it, and its policy."""
    edition = decode_edition(record.value or b"")
    return edition.offset, edition.policy
