"""Counts of what the property tests went through, and the least of each that a run must reach.

A test hands over its counts with its report, so that they add up under pytest-xdist too. ``tests/conftest.py`` gives these hooks to pytest
and prints the counts at the end. HUIMIN_SEEDS=10 runs ten times the seeds.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

import pytest

AddCounts = Callable[[str, Mapping[str, int]], None]

PROPERTY = "counts"
FACTOR = int(os.environ.get("HUIMIN_SEEDS", "1"))
"""How many times the seeds of the normal run."""

_TOTAL: dict[str, Counter[str]] = {}
_CHUNKS: Counter[str] = Counter()
_NEEDED: dict[str, tuple[int, Mapping[str, int]]] = {}


def chunks(number: int) -> range:
    """The chunks of seeds of a test. Each chunk is a test of its own, so that xdist can spread them."""
    return range(number * FACTOR)


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


def need(title: str, chunks: int, least: Mapping[str, int]) -> None:
    """Requires at least these counts of a title, once all its chunks have run."""
    _NEEDED[title] = chunks, least


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
