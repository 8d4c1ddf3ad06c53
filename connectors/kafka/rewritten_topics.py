"""Topics that are kept for good and were written again, because somebody was erased: how they are read.

The one idea: a *run* writes all there is again, to the end of the same topic, behind a message that means nothing; once it is whole, all
before that message is deleted. So a topic either begins with a whole run, or whoever reads it from its beginning meets the originals of
every copy. In the first case copies are read, and what others wrote among them comes behind the run's last one; in the second copies are
passed over, and so are those of runs that were stopped, or that two did at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from streams.wire.wire import decode_edition

REWRITTEN = "ce_rewritten"
NOTHING = b"nothing"
"""The key of a message that means nothing: it begins a segment (``connectors.kafka.topic_erasure``), and a run where it says so."""


def word(run: str, last: bytes = b"") -> bytes:
    """What a copy says of itself: its run, and the key of the last copy of that."""
    return run.encode() + b"/" + last


def rewritten(record: Any) -> bytes | None:
    """What a message that was written again says of itself (``word``), or the message that begins a run."""
    found: bytes | None = dict(record.headers).get(REWRITTEN)
    return found


def begins_run(record: Any) -> bool:
    """Does this message begin a run? A topic that begins with it holds all that was ever there, written again."""
    return record.key == NOTHING and rewritten(record) is not None


class InOrder:
    """Puts the messages of a topic in the order of their numbers; some may come twice, as they do when a worker begins again.

    Args:
        number: gives the number of a message.
        first: is the first message taken the first of the topic?
    """

    def __init__(self, number: Callable[[Any], Any], first: bool = True) -> None:
        self._number, self._first = number, first
        self._run: bytes | None = None
        self._begun = -1
        self._held: list[Any] = []

    def take(self, record: Any) -> list[tuple[Any, int]]:
        """The messages that are ready now, each with the offset to read on from once it is dealt with."""
        said = rewritten(record)
        if self._first and begins_run(record) and said is not None:
            self._run, self._begun = said.partition(b"/")[0], record.offset
        self._first = False
        if record.key == NOTHING:
            return []
        if said is None and self._run is None:
            return [(record, record.offset + 1)]
        if said is None:
            self._held.append(record)
            return []
        run, _, last = said.partition(b"/")
        if run != self._run:
            return []
        if record.key != last:
            return [(record, self._begun)]
        *ready, newest = [record, *self.rest()]
        return [*((one, self._begun) for one in ready), (newest, record.offset + 1)]

    def rest(self) -> list[Any]:
        """What others wrote among the copies; the run is over."""
        held, self._held, self._run = sorted(self._held, key=self._number), [], None
        return held


def in_order(records: Iterable[Any], number: Callable[[Any], Any]) -> Iterator[Any]:
    """All messages of a topic, read from its beginning, in the order of their numbers."""
    order = InOrder(number)
    for record in records:
        yield from (one for one, _ in order.take(record))
    yield from order.rest()


def once(records: Iterable[Any]) -> Iterator[Any]:
    """Each message once: the first of those with one key."""
    known = set[bytes]()
    for record in records:
        if record.key not in known:
            known.add(record.key)
            yield record


def closing(record: Any) -> tuple[int, str]:
    """The number of an edition among all: the message that closed it, and its policy."""
    edition = decode_edition(record.value or b"")
    return edition.offset, edition.policy
