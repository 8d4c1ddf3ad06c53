"""The ledger of deliveries: which deliveries each source has begun, which of their rows are applied, which deliveries are complete.

A delivery is whole when every row it claims has been applied. Its batches may come several times and in any order, so the applied rows are
kept as disjoint spans of row numbers, not as a count. An interrupted intake resumes behind the highest applied row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from matchers.kernel.batch import Int32

TOPIC_SCHEME = "kafka:"
"""The prefix of the id of a delivery from a topic (``connectors.kafka.topic_deliveries``)."""
Span = tuple[int, int]  # first and last row, both included


@dataclass(slots=True)
class Delivery:
    """One delivery of one source. ``rows`` and ``unplaced`` are the numbers that its completion claimed.

    Args:
        replaces: it is a full replacement.
        sound: it is complete, and few enough of its rows name nobody.
        older: how many of its rows were ignored because a newer version was there. Rows that a full replacement brought back later are
            not counted.
        same: how many of its rows changed nothing.
        against: for a sound full replacement, the number with which its readable rows are compared: those of the last full replacement
            or, for the first one, the records that were there.
    """

    number: int
    id: str
    spans: list[Span] = field(default_factory=list)
    completed: bool = False
    rows: int = 0
    unplaced: int = 0
    replaces: bool = False
    sound: bool = False
    older: int = 0
    same: int = 0
    against: int = 0

    @property
    def readable(self) -> int:
        """How many of its rows name a subject, once it is complete."""
        return self.rows - self.unplaced

    @property
    def mark(self) -> int:
        """The highest row applied; 0 before the first."""
        return self.spans[-1][1] if self.spans else 0

    @property
    def applied_rows(self) -> int:
        """How many distinct rows have been applied."""
        return sum(last - first + 1 for first, last in self.spans)

    def fresh(self, rows: Int32) -> npt.NDArray[np.bool_]:
        """A mask of the rows that have not been applied yet; of equal row numbers only the first."""
        if not len(rows) or (int(rows[0]) > self.mark and bool((np.diff(rows) > 0).all())):
            return np.ones(len(rows), np.bool_)
        first = np.zeros(len(rows), np.bool_)
        first[np.unique(rows, return_index=True)[1]] = True
        for begin, end in self.spans:
            first &= (rows < begin) | (rows > end)
        return first

    def add(self, rows: Int32) -> None:
        """Notes that these rows are applied."""
        if not len(rows):
            return
        first, last = int(rows[0]), int(rows[-1])
        if last - first + 1 == len(rows) and first > self.mark and bool((np.diff(rows) == 1).all()):
            joins = bool(self.spans) and first == self.mark + 1
            self.spans[-1:] = [(self.spans[-1][0], last)] if joins else [*self.spans[-1:], (first, last)]
        else:
            self.spans = list(_merged_spans(sorted([*self.spans, *_runs(rows)])))


def _runs(rows: Int32) -> Iterator[Span]:
    numbers = np.unique(rows)
    cuts = np.flatnonzero(np.diff(numbers) != 1) + 1
    for run in np.split(numbers, cuts):
        yield int(run[0]), int(run[-1])


def _merged_spans(spans: list[Span]) -> Iterator[Span]:
    first, last = spans[0]
    for begin, end in spans[1:]:
        if begin <= last + 1:
            last = max(last, end)
        else:
            yield first, last
            first, last = begin, end
    yield first, last


class Deliveries:
    """Every delivery, by feed, source and number."""

    def __init__(self) -> None:
        self._of: dict[tuple[str, int], dict[int, Delivery]] = {}

    def number(self, feed: str, source: int, id: str) -> tuple[int, int, bool]:
        """(number, highest row applied, completed) of a delivery; a new id gets the next free number."""
        delivery = self.by_id(feed, source, id)
        if delivery is not None:
            return delivery.number, delivery.mark, delivery.completed
        return self.last(feed, source) + 1, 0, False

    def by_number(self, feed: str, source: int, number: int) -> Delivery | None:
        return self._of.get((feed, source), {}).get(number)

    def by_id(self, feed: str, source: int, id: str) -> Delivery | None:
        return next((d for d in self._of.get((feed, source), {}).values() if d.id == id), None)

    def begin(self, feed: str, source: int, number: int, id: str, replaces: bool = False) -> None:
        self._of.setdefault((feed, source), {})[number] = Delivery(number, id, replaces=replaces)

    def last(self, feed: str, source: int) -> int:
        """The greatest number begun; 0 before the first."""
        return max(self._of.get((feed, source), {}), default=0)

    def of(self, feed: str, source: int) -> list[Delivery]:
        """A source's deliveries by number."""
        deliveries = self._of.get((feed, source), {})
        return [deliveries[number] for number in sorted(deliveries)]

    def replacement(self, feed: str, source: int) -> Delivery | None:
        """The last sound full replacement of a source."""
        return next((d for d in reversed(self.of(feed, source)) if d.sound and d.replaces), None)

    def meta(self) -> list[Any]:
        """As JSON."""
        return [
            [feed, source, d.number, d.id, d.spans, d.completed, d.rows, d.unplaced, d.replaces, d.sound, d.older, d.same, d.against]
            for feed, source in sorted(self._of)
            for d in self.of(feed, source)
        ]

    @classmethod
    def restore(cls, meta: list[Any]) -> Deliveries:
        """The ledger from ``meta``."""
        ledger = cls()
        for feed, source, number, id, spans, *facts in meta:
            if len(facts) == 4:  # from a version in which every complete full replacement counted as sound
                facts.append(facts[0])
            delivery = Delivery(number, id, [(first, last) for first, last in spans], *facts)
            ledger._of.setdefault((feed, source), {})[number] = delivery
        return ledger
