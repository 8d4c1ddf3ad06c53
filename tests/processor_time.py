"""Processor seconds of every test file, its ended child processes included, summed over all processes and printed after a run.

``tests/conftest.py`` gives these hooks to pytest. Processor seconds, because the length of a run says more about the machine than about the
tests. Brokers and other processes that outlive a test are not included.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator

import pytest

PROPERTY = "processor"
SHOWN = 30

_SPENT: defaultdict[str, float] = defaultdict(float)


def processor() -> float:
    """Processor seconds of this process and of the child processes it has waited for."""
    return sum(os.times()[:4])


def note_seconds(item: pytest.Item, seconds: float) -> None:
    """Adds the seconds of a test to its report."""
    item.user_properties.append((PROPERTY, seconds))


def collect_seconds(report: pytest.TestReport) -> None:
    """Adds the seconds in a test's report to its file."""
    if report.when == "teardown":
        path = report.nodeid.split("::", 1)[0]
        _SPENT[path] += sum(seconds for name, seconds in report.user_properties if name == PROPERTY and isinstance(seconds, float))


def lines() -> Iterator[str]:
    """The sum of all files, and the files that took most."""
    if _SPENT:
        yield f"{sum(_SPENT.values()):>9,.0f} s  in all"
    most = sorted(_SPENT.items(), key=lambda entry: -entry[1])[:SHOWN]
    yield from (f"{seconds:>9,.1f} s  {path}" for path, seconds in most if seconds >= 1)
