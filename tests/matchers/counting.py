"""Counts of what the property tests went through, and the least of each that a run must reach.

A test hands over its counts with its report, so that they add up under pytest-xdist too. ``tests/conftest.py`` gives these hooks to pytest
and prints the counts at the end.

The seeds of a test lie in chunks. The normal run goes through some of the chunks, which are chosen so that between them every count is reached,
in proportion to their number; HUIMIN_SEEDS=1 goes through all chunks, HUIMIN_SEEDS=10 through ten times as many.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from fractions import Fraction
from math import ceil

import pytest

AddCounts = Callable[[str, Mapping[str, int]], None]

PROPERTY = "counts"
FACTOR = int(os.environ.get("HUIMIN_SEEDS") or 0)
"""How many times all seeds; 0 in the normal run, which goes through some of the chunks."""

_TOTAL: dict[str, Counter[str]] = {}
_CHUNKS: Counter[str] = Counter()
_NEEDED: dict[str, tuple[int, Mapping[str, int]]] = {}


def chunks(all: int, normal: Iterable[int]) -> list[int]:
    """The chunks of seeds of a test in this run. Each chunk is a test of its own, so that xdist can spread them.

    Args:
        all: how many there are.
        normal: the numbers of those that the normal run goes through.
    """
    return list(range(all * FACTOR) if FACTOR else normal)


@pytest.fixture
def add_counts(request: pytest.FixtureRequest) -> Iterator[AddCounts]:
    """A function that adds to the counts of a title. A test that adds to a title is one of its chunks."""
    totals: dict[str, Counter[str]] = {}

    def add(title: str, counts: Mapping[str, int]) -> None:
        totals.setdefault(title, Counter()).update(counts)

    yield add
    needs = {title: _NEEDED[title] for title in totals if title in _NEEDED}
    request.node.user_properties.append((PROPERTY, json.dumps([totals, needs])))


def collect_counts(report: pytest.TestReport) -> None:
    """Adds the counts in a test's report to the totals."""
    if report.when != "teardown":
        return
    for name, value in report.user_properties:
        if name == PROPERTY:
            totals, needs = json.loads(str(value))
            _NEEDED.update(needs)
            for title, counts in totals.items():
                _TOTAL.setdefault(title, Counter()).update(counts)
                _CHUNKS[title] += 1


def need(title: str, chunks: Collection[int], all: int, least: Mapping[str, int], tests: int = 1) -> None:
    """Requires the least counts of a title, once all its chunks have run.

    Args:
        chunks: those of this run.
        all: the number of chunks for which ``least`` stands; fewer must reach as much a chunk, rounded up.
        tests: how many tests add to the title for each chunk.
    """
    share = min(Fraction(len(chunks), all), Fraction(1))
    _NEEDED[title] = len(chunks) * tests, {name: ceil(count * share) for name, count in least.items()}


def shortages() -> list[str]:
    """The counts that are too low although every chunk ran: the generators no longer reach what they should."""
    out = []
    for title, (chunks, least) in _NEEDED.items():
        if _CHUNKS[title] >= chunks:
            out += [
                f"{title}: {_TOTAL[title][name]:,} of at least {count:,} {name}"
                for name, count in least.items()
                if _TOTAL[title][name] < count
            ]
    return out


def lines() -> list[str]:
    """The counts as a table."""
    out = []
    for title, counts in sorted(_TOTAL.items()):
        out.append(f"{title} ({_CHUNKS[title]} chunks)")
        out += [f"  {count:>9,}  {name}" for name, count in sorted(counts.items())]
    return out
