"""The deliveries ledger: which deliveries each source has begun, which rows of them are applied, which are complete.

The one idea: a delivery is whole when every row it claims has been applied once, however often or in whatever order its batches came;
rows are therefore kept as disjoint spans of row numbers, not as a sum. An interrupted intake resumes behind the highest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from matchers.batch import Int32

Span = tuple[int, int]  # first and last row, both included


@dataclass(slots=True)
class Delivery:
    """One delivery of one source. ``rows`` and ``unplaced`` are what its completion claimed."""

    number: int
    id: str
    spans: list[Span] = field(default_factory=list)
    completed: bool = False
    rows: int = 0
    unplaced: int = 0
    replaces: bool = False

    @property
    def mark(self) -> int:
        """The highest row applied; 0 before the first."""
        return self.spans[-1][1] if self.spans else 0

    @property
    def applied(self) -> int:
        """How many distinct rows have been applied."""
        return sum(last - first + 1 for first, last in self.spans)

    def add(self, rows: Int32) -> None:
        """Counts these rows in, once each."""
        if not len(rows):
            return
        first, last = int(rows[0]), int(rows[-1])
        if last - first + 1 == len(rows) and first > self.mark and bool((np.diff(rows) == 1).all()):
            joins = bool(self.spans) and first == self.mark + 1
            self.spans[-1:] = [(self.spans[-1][0], last)] if joins else [*self.spans[-1:], (first, last)]
        else:
            self.spans = list(_joined(sorted([*self.spans, *_runs(rows)])))


def _runs(rows: Int32) -> Iterator[Span]:
    numbers = np.unique(rows)
    cuts = np.flatnonzero(np.diff(numbers) != 1) + 1
    for run in np.split(numbers, cuts):
        yield int(run[0]), int(run[-1])


def _joined(spans: list[Span]) -> Iterator[Span]:
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
        """(number, highest row applied, completed) of a delivery; the next free number where its id is new."""
        known = self.named(feed, source, id)
        if known is not None:
            return known.number, known.mark, known.completed
        return max(self._of.get((feed, source), {0: None})) + 1, 0, False

    def numbered(self, feed: str, source: int, number: int) -> Delivery | None:
        return self._of.get((feed, source), {}).get(number)

    def named(self, feed: str, source: int, id: str) -> Delivery | None:
        return next((d for d in self._of.get((feed, source), {}).values() if d.id == id), None)

    def begin(self, feed: str, source: int, number: int, id: str) -> None:
        self._of.setdefault((feed, source), {})[number] = Delivery(number, id)

    def of(self, feed: str, source: int) -> list[Delivery]:
        """A source's deliveries by number."""
        known = self._of.get((feed, source), {})
        return [known[number] for number in sorted(known)]

    def replacement(self, feed: str, source: int) -> Delivery | None:
        """The last completed full replacement of a source."""
        return next((d for d in reversed(self.of(feed, source)) if d.completed and d.replaces), None)

    def meta(self) -> list[Any]:
        """As JSON."""
        return [
            [feed, source, d.number, d.id, d.spans, d.completed, d.rows, d.unplaced, d.replaces]
            for feed, source in sorted(self._of)
            for d in self.of(feed, source)
        ]

    @classmethod
    def restored(cls, meta: list[Any]) -> Deliveries:
        """What ``meta`` described."""
        ledger = cls()
        for feed, source, number, id, spans, completed, rows, unplaced, replaces in meta:
            delivery = Delivery(number, id, [(first, last) for first, last in spans], completed, rows, unplaced, replaces)
            ledger._of.setdefault((feed, source), {})[number] = delivery
        return ledger
