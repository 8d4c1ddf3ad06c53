"""Hooks and fixtures of the whole suite: the counts of the property tests, over all processes, at the end of a run."""

from __future__ import annotations

import pytest

from tests.engines import counting
from tests.engines.counting import counted

__all__ = ["counted"]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    counting.gathered(report)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if found := counting.lines():
        terminalreporter.section("what the property tests went through")
        for line in found:
            terminalreporter.line(line)
