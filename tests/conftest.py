"""What every test is run with: the profiles of hypothesis, the real data, and which skips are allowed.

The one idea: a proof that did not run is not a proof. With ``HUIMIN_REQUIRE_ALL=1`` a skipped test fails, unless it is marked ``kafka``
(there is no broker), or ``realdata`` while the folder of real data is absent; whatever is skipped is listed with its reason.

    HUIMIN_EXAMPLES=other  random examples from the seed on the command line (``make prove``), instead of the same ones every time
    HUIMIN_SEED            the seed of tests that draw their own worlds (``seed``); 0 unless said
    HUIMIN_DATA            the folder of real data
"""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import settings

DATA = Path(os.environ.get("HUIMIN_DATA") or Path(__file__).parents[2] / "shared" / "data")
SEED = int(os.environ.get("HUIMIN_SEED") or 0)
REQUIRE_ALL = os.environ.get("HUIMIN_REQUIRE_ALL") == "1"
NO_DATA = "the folder of real data is absent"

settings.register_profile("same", derandomize=True, deadline=None, database=None, print_blob=True)
settings.register_profile("other", derandomize=False, deadline=None, database=None, print_blob=True)
settings.load_profile(os.environ.get("HUIMIN_EXAMPLES") or "same")


def pytest_report_header() -> list[str]:
    """What a failure needs to be repeated."""
    examples = os.environ.get("HUIMIN_EXAMPLES") or "same"
    data = "present" if DATA.is_dir() else "absent"
    return [f"huimin: examples {examples}, seed {SEED}, real data {data}, {'every' if REQUIRE_ALL else 'not every'} test required"]


@pytest.fixture
def seed() -> int:
    """The seed of a test that draws its own worlds."""
    return SEED


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data; skips where it is absent."""
    if not DATA.is_dir():
        pytest.skip(NO_DATA)
    return DATA


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of real data are skipped, with the reason, where there is none."""
    for item in items:
        if item.get_closest_marker("realdata") and not DATA.is_dir():
            item.add_marker(pytest.mark.skip(reason=NO_DATA))


def may_skip(item: pytest.Item) -> bool:
    """May this test be skipped where every test is required?"""
    of_real_data = item.get_closest_marker("realdata") or "real_data" in getattr(item, "fixturenames", ())
    return bool(item.get_closest_marker("kafka")) or (bool(of_real_data) and not DATA.is_dir())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A skip that is not allowed is a failure, and so is an expected failure: neither has shown anything."""
    report = yield
    if REQUIRE_ALL and report.skipped and not may_skip(item):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else getattr(report, "wasxfail", "") or "no reason given"
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
