"""What every test is run with: the profiles of hypothesis, which skips are allowed, and what the property tests went through.

The one idea: a proof that did not run is not a proof. With ``HUIMIN_REQUIRE_ALL=1`` a skipped test fails, unless the real data are
absent; whatever is skipped is listed with its reason.

    HUIMIN_EXAMPLES=other  random examples from the seed on the command line (``make prove SEEDS=…``), instead of the same ones every time
    HUIMIN_SEEDS           how many times the seeds of the normal run the property tests go through; 1 unless said
    HUIMIN_SCHEDULES       how many schedules of the simulator `make prove` goes through; 20,000 unless said (tests/simulation)
    HUIMIN_DATA            the folder of real data
"""

from __future__ import annotations

import os
from collections.abc import Generator
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import settings

from tests.engines import counting
from tests.engines.counting import counted

__all__ = ["counted"]

DATA = Path(os.environ.get("HUIMIN_DATA") or Path(__file__).parents[2] / "shared" / "data")
REQUIRE_ALL = os.environ.get("HUIMIN_REQUIRE_ALL") == "1"
NO_DATA = "real data absent"
"""How the reason of a skip begins where there are none."""

settings.register_profile("same", derandomize=True, deadline=None, database=None, print_blob=True)
settings.register_profile("other", derandomize=False, deadline=None, database=None, print_blob=True)
settings.load_profile(os.environ.get("HUIMIN_EXAMPLES") or "same")


def pytest_configure(config: pytest.Config) -> None:
    """Under xdist the controller collects nothing, so the summaries it is to write are named here."""
    if getattr(config.option, "numprocesses", None) and not hasattr(config, "workerinput"):
        summary = import_module("tests.realdata.conftest")
        if not config.pluginmanager.is_registered(summary):  # it is where the folder was named on the command line
            config.pluginmanager.register(summary)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests that count what they went through go through seeds, and through more of them in ``make prove TIMES=…``."""
    for item in items:
        if "counted" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.seeds)
        if getattr(config.option, "loadgroup", False) and (group := item.get_closest_marker("xdist_group")):
            _put_in(group.args[0], item)


def _put_in(group: str, item: pytest.Item) -> None:
    """Have a test run in the same process as the others of its group.

    xdist 3.8 reads the group off the end of a test's id, and writes it where pytest 9.2 no longer looks, so that every test goes
    anywhere; here it is written where pytest looks.
    """
    if not item.nodeid.endswith(f"@{group}"):
        item._id = type(item.id).parse(f"{item.nodeid}@{group}")


def pytest_report_header() -> list[str]:
    """What a failure needs to be repeated."""
    examples = os.environ.get("HUIMIN_EXAMPLES") or "same"
    data = "present" if DATA.is_dir() else "absent"
    required = "every" if REQUIRE_ALL else "not every"
    return [f"huimin: examples {examples}, seeds x{counting.FACTOR}, real data {data}, {required} test required"]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    counting.gathered(report)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What the property tests went through, over all processes."""
    if found := counting.lines():
        terminalreporter.section("what the property tests went through")
        for line in (*found, *(f"TOO FEW: {short}" for short in counting.shortages())):
            terminalreporter.write_line(line)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A run whose property tests went through too little has not shown what it should."""
    if session.exitstatus == pytest.ExitCode.OK and counting.shortages():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def may_skip(reason: str) -> bool:
    """May a test be skipped, for this reason, where every test is required?"""
    return NO_DATA in reason and not DATA.is_dir()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A skip that is not allowed is a failure, and so is an expected failure: neither has shown anything."""
    report = yield
    if REQUIRE_ALL and report.skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else getattr(report, "wasxfail", "") or "no reason given"
        if not may_skip(reason):
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid} is required (HUIMIN_REQUIRE_ALL=1) and did not run: {reason}"
            if hasattr(report, "wasxfail"):
                del report.wasxfail
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A module that skips itself as a whole is a failure too."""
    report = yield
    if REQUIRE_ALL and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"{collector.nodeid} is required (HUIMIN_REQUIRE_ALL=1) and was skipped as a whole"
    return report
