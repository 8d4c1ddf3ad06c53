"""Topics that are kept for good and were written again, because somebody was erased: how they are read.

The one idea: a copy says which is the last of its kind. Copies come in order, but whoever writes on meanwhile may have put new messages
between them, so from the first copy on a reader gathers until it has the last; what it knows already it drops by its number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from streams.wire import decode_edition

REWRITTEN = "ce_rewritten"
NOTHING = b"nothing"
"""The key of a message that means nothing: it begins a segment (``connectors.emptying``)."""


def rewritten(record: Any) -> bytes | None:
    """Of a message that was written again: the key of the last one that was written again with it."""
    found: bytes | None = dict(record.headers).get(REWRITTEN)
    return found


class InOrder:
    """Puts messages in the order of their numbers, where they were written again.

    Copies come in order, but whoever writes on meanwhile may have put new messages between them: from the first copy on all are gathered,
    until the last is there. ``number`` gives the number of a message.
    """

    def __init__(self, number: Callable[[Any], Any]) -> None:
        self._number = number
        self._gathered: list[Any] = []
        self._last: bytes | None = None

    def take(self, record: Any) -> list[tuple[Any, int]]:
        """The messages that are ready now, each with the offset to read on from once it is dealt with."""
        if record.key == NOTHING:
            return []
        if self._last is None:
            self._last = rewritten(record)
        if self._last is None:
            return [(record, record.offset + 1)]
        self._gathered.append(record)
        return self.rest() if rewritten(record) is not None and record.key == self._last else []

    def rest(self) -> list[tuple[Any, int]]:
        """All that is gathered."""
        gathered, self._gathered, self._last = sorted(self._gathered, key=self._number), [], None
        if not gathered:
            return []
        first, behind = min(one.offset for one in gathered), max(one.offset for one in gathered) + 1
        return [*((one, first) for one in gathered[:-1]), (gathered[-1], behind)]


def in_order(records: Iterable[Any], number: Callable[[Any], Any]) -> Iterator[Any]:
    """All messages of a topic in the order of their numbers; those that were written again twice, if they lie there twice."""
    order = InOrder(number)
    for record in records:
        yield from (one for one, _ in order.take(record))
    yield from (one for one, _ in order.rest())


def closing(record: Any) -> tuple[int, str]:
    """The number of an edition among all: the message that closed it, and its policy."""
    edition = decode_edition(record.value or b"")
    return edition.offset, edition.policy
