"""The result of reading a leaf: its truth with all it rests on, and where that can turn as missing cells vary.

``matchers.reading.explain`` shows the first, ``matchers.reading.worstcase`` searches by the second.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction

from matchers.reading.comparisons import Comparison
from matchers.reading.elements import Ask, Cell, CellKey, Lookup, without_proof
from matchers.reading.kleene import Truth


@dataclass(slots=True)
class LeafAnswer:
    """A leaf as it was read."""

    truth: Truth
    asks: set[Ask] = field(default_factory=set)
    records: list[tuple[str, int, str | None]] = field(default_factory=list)  # (feed, record, field read)
    ways: list[tuple[str, int]] = field(default_factory=list)  # (feed, record) of links followed and of placements
    comparison: Comparison | None = None
    gaps: set[CellKey] = field(default_factory=set)  # cells that were missing
    lookups: set[Lookup] = field(default_factory=set)  # of coverage; they prove only where the truth rests on what is not there

    def take(self, cell: Cell, name: str | None) -> None:
        if cell.key is not None and cell.value is None:
            self.gaps.add(cell.key)
        if cell.record >= 0:
            self.records.append((cell.feed, cell.record, name))
        self.asks |= cell.asks
        self.lookups |= cell.lookups

    def as_unknown(self) -> LeafAnswer:
        """Makes the answer unknown, and returns it. A parameter without a value is a reason only where there is no other."""
        if len(self.asks) > 1:
            self.asks.discard((None, None))
        self.truth = None
        self.lookups = set(without_proof(self.lookups))
        return self

    def without_asks(self) -> LeafAnswer:
        """Clears the units to ask, and returns the answer."""
        self.asks.clear()
        return self


@dataclass(slots=True)
class Marks:
    """Where the truth of a leaf can turn as the supplied cells vary.

    Args:
        cuts: at a value of one cell.
        lines: where cells times their weights add up to a number.
        keys: anywhere: cells that are the key of a table or a divisor.
    """

    cuts: set[tuple[CellKey, Fraction]] = field(default_factory=set)
    lines: set[tuple[frozenset[tuple[CellKey, int]], Fraction]] = field(default_factory=set)
    keys: set[CellKey] = field(default_factory=set)

    def cut(self, cell: Cell, *at: Fraction | int) -> None:
        if cell.key is not None:
            self.cuts |= {(cell.key, Fraction(mark)) for mark in at}

    def line(self, weights: Counter[CellKey], total: Fraction) -> None:
        if weights:
            self.lines.add((frozenset(weights.items()), total))
