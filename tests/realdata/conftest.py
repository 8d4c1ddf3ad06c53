"""Folders that are absent are skipped with the reason, and the counts of every policy are printed at the end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from _pytest.terminal import TerminalReporter

from tests.realdata.plan import DATA, FOLDERS


def absent(folder: str) -> str | None:
    """Why a folder cannot be tested, if so."""
    files = [DATA / folder / f"{name}.csv.gz" for name in ("persons", "households")]
    missing = [str(file) for file in files if not file.is_file()]
    return f"real data absent: no {', '.join(missing)} (HUIMIN_DATA may name its folder)" if missing else None


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """The table of counts, and what could not be tested."""
    reasons = [reason for folder in FOLDERS if (reason := absent(folder))]
    lines = list(_lines(terminalreporter))
    if lines or reasons:
        terminalreporter.section("real people and households")
    for line in [*reasons, *lines]:
        terminalreporter.write_line(line)


def _lines(reporter: TerminalReporter) -> Iterator[str]:
    tests = [r for word in ("passed", "failed") for r in reporter.getreports(word) if isinstance(r, pytest.TestReport) and r.when == "call"]
    test_of_text = {text: (name, r.nodeid) for r in tests for name, text in r.user_properties if name in ("real-fact", "real-counts")}
    yield from sorted(str(text) for text, (name, _) in test_of_text.items() if name == "real-fact")
    counted = sorted(str(text) for text, (name, _) in test_of_text.items() if name == "real-counts")
    if counted:
        yield f"{'folder':8} {'policy':28} {'subject':9} {'yes':>7} {'no':>7} {'unknown':>7} {'listed':>7}"
    yield from counted
