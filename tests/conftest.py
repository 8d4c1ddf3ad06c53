"""The settings of every test run: hypothesis profiles, the skips that are allowed, the folder of files, and the counts of the property tests.

A proof that did not run is not a proof. With ``HUIMIN_REQUIRE_ALL=1`` a skipped test fails, unless the real data are absent. Every skip is
listed with its reason.

Files of tests lie in memory (``/dev/shm``) where there is room: a disk takes ten milliseconds to be sure of a write, and the tests make
hundred thousands of them. ``TMPDIR=/tmp make test`` has them on disk.

    HUIMIN_EXAMPLES=other  a hundred random examples of each property, from the seed on the command line (``make prove SEEDS=…``), instead of
                           the same thirty every time; a property that names its own number has that many
    HUIMIN_SEEDS           how many times all seeds the property tests go through; by default some of them
    HUIMIN_SCHEDULES       how many schedules of the simulator `make prove` goes through (tests/simulation); by default 20,000
    HUIMIN_DATA            the folder of real data
"""

from __future__ import annotations

import gc
import os
import shutil
import sys
import tempfile
from collections.abc import Generator, Mapping
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import settings

from tests import processor_time
from tests.matchers import counting
from tests.matchers.counting import add_counts

__all__ = ["add_counts"]

DATA = Path(os.environ.get("HUIMIN_DATA") or Path(__file__).parents[2] / "shared" / "data")
REQUIRE_ALL = os.environ.get("HUIMIN_REQUIRE_ALL") == "1"
NO_DATA = "real data absent"
"""The reason of a skip contains this if the real data are absent."""

settings.register_profile("same", max_examples=30, derandomize=True, deadline=None, database=None, print_blob=True)
settings.register_profile("other", derandomize=False, deadline=None, database=None, print_blob=True)
settings.load_profile(os.environ.get("HUIMIN_EXAMPLES") or "same")

MEMORY, ROOM = Path("/dev/shm"), 4 << 30
gc.set_threshold(
    100_000, 20, 50
)  # random worlds are many small objects that live long: looking through them as often as usual takes a tenth of the time


def has_room(folder: Path) -> bool:
    """Whether a folder is there with four gigabytes free, and programs can be run in it."""
    if not os.access(folder, os.W_OK | os.X_OK):
        return False
    return shutil.disk_usage(folder).free >= ROOM and not os.statvfs(folder).f_flag & os.ST_NOEXEC


LONG = (
    "tests/benchmarks/test_benchmarks.py",
    "tests/connectors/analysts/test_hostile_snapshots.py",
    "tests/connectors/drafts/test_drawn_files.py",
    "tests/connectors/identity/test_segments.py::test_a_kill_at_any_step_leaves_the_old_or_the_new",
    "tests/connectors/intake/test_delivery.py",
    "tests/connectors/parsing/test_limits.py::test_what_asks_for_too_much_is_refused",
    "tests/console/api/test_a_day.py",
    "tests/console/api/test_following.py",
    "tests/console/cli/test_bombs.py",
    "tests/console/cli/test_contracts.py",
    "tests/console/cli/test_contracts_network.py::test_what_looks_at_a_draft_sends_nothing",
    "tests/console/cli/test_damaged_files.py",
    "tests/console/cli/test_deliveries.py",
    "tests/console/cli/test_delivering.py",
    "tests/console/cli/test_edition_tampering.py",
    "tests/console/cli/test_ending.py",
    "tests/console/cli/test_escapes.py",
    "tests/console/cli/test_full_disk.py",
    "tests/console/cli/test_holds.py",
    "tests/console/cli/test_identity_verbs.py",
    "tests/console/cli/test_keeping.py",
    "tests/console/cli/test_modes.py",
    "tests/console/cli/test_outcome_verbs.py",
    "tests/console/cli/test_side_by_side.py",
    "tests/console/cli/test_up.py",
    "tests/console/cli/test_upgrade.py::test_a_stop_anywhere",
    "tests/console/cli/test_verbs.py",
    "tests/docs/test_pages.py::test_a_page_runs_as_written",
    "tests/examples/test_analyst_notebook.py",
    "tests/examples/test_open_notebook.py",
    "tests/infra/test_test_runs.py",
    "tests/infra/workspace/test_vault.py::test_a_kill_before_the_names_are_written",
    "tests/matchers/kernel/test_bounded.py",
    "tests/matchers/lists/test_evaluation.py::test_shards_may_choose_otherwise",
    "tests/matchers/matrix/test_quarantine_changes.py",
    "tests/matchers/matrix/test_versions.py::test_hundred_thousand_rows_that_lost_come_in_at_once",
    "tests/matchers/program/test_crowds.py",
    "tests/oracles/test_sql.py",
    "tests/oracles/test_worked_cases.py",
    "tests/realdata/test_real_input.py",
    "tests/services/access/test_accounts.py",
    "tests/services/deliveries/test_drop_folder.py",
    "tests/services/deliveries/test_sftp_pulls.py",
    "tests/services/deliveries/test_sql_pulls.py",
    "tests/services/erasure/test_erasing.py",
    "tests/services/erasure/test_erasing_left.py",
    "tests/services/erasure/test_network_erasing.py",
    "tests/services/exports/test_snapshot.py::test_a_snapshot_is_of_one_offset_while_a_writer_works",
    "tests/services/exports/test_snapshot_readers.py",
    "tests/simulation/test_simulation.py::test_a_planted_bug_is_caught",
    "tests/streams/disk/test_files.py::test_a_process_that_is_killed_between_any_two_steps_leaves_the_old_file_or_the_new_one",
    "tests/streams/embedded/test_kill.py",
    "tests/streams/network/test_network_host.py",
    "tests/streams/network/test_orders.py",
    "tests/streams/network/test_pipeline.py",
    "tests/streams/store/test_hostile_checkpoints.py",
    "tests/streams/store/test_point_in_time.py",
)
"""Tests that take more than some seconds. They start first, so that none is left alone at the end; ``make test FAST=1`` leaves them out."""

if "TMPDIR" not in os.environ and has_room(MEMORY):
    os.environ["TMPDIR"] = str(MEMORY)
    tempfile.tempdir = None  # tempfile may have cached another folder


def pytest_configure(config: pytest.Config) -> None:
    """Registers the summaries by hand: under xdist the controller collects nothing."""
    if getattr(config.option, "numprocesses", None) and not hasattr(config, "workerinput"):
        summary = import_module("tests.realdata.conftest")
        if not config.pluginmanager.is_registered(summary):  # it is registered already if the command line named its folder
            config.pluginmanager.register(summary)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Marks tests that go through seeds, of which ``make prove TIMES=…`` runs more, and long tests, which come first."""
    for item in items:
        if "add_counts" in getattr(item, "fixturenames", ()) or "chunk" in getattr(item, "callspec", _Plain).params:
            item.add_marker(pytest.mark.seeds)
        if item.nodeid.startswith(LONG):
            item.add_marker(pytest.mark.long)
        if getattr(config.option, "loadgroup", False) and (group := item.get_closest_marker("xdist_group")):
            _put_in(group.args[0], item)
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


_BEGUN = pytest.StashKey[float]()


class _Plain:
    """The call of a test without parameters."""

    params: Mapping[str, object] = {}


def _put_in(group: str, item: pytest.Item) -> None:
    """Makes a test run in the same process as the others of its group.

    xdist 3.8 reads the group off the end of a test's id, and writes it where pytest 9.2 no longer looks, so that every test goes
    anywhere; here it is written where pytest looks.
    """
    if not item.nodeid.endswith(f"@{group}"):
        item._id = type(item.id).parse(f"{item.nodeid}@{group}")


def pytest_report_header() -> list[str]:
    """The settings that are needed to repeat a failure."""
    examples = os.environ.get("HUIMIN_EXAMPLES") or "same"
    seeds = f"all, x{counting.FACTOR}" if counting.FACTOR else "some"
    data = "present" if DATA.is_dir() else "absent"
    which = "every" if REQUIRE_ALL else "not every"
    return [f"huimin: examples {examples}, seeds {seeds}, real data {data}, {which} test required"]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """A failure is named at once: a run that is ended before its summary still says what failed."""
    counting.collect_counts(report)
    processor_time.collect_seconds(report)
    if report.failed and "PYTEST_XDIST_WORKER" not in os.environ:
        print(f"\nFAILED {report.nodeid} ({report.when})", file=sys.stderr, flush=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints processor seconds by file and the counts of the property tests, over all processes."""
    if terminalreporter.config.option.verbose >= 0 and (seconds := list(processor_time.lines())):
        terminalreporter.section("processor seconds by file")
        terminalreporter.write("\n".join([*seconds, ""]))
    if lines := counting.lines():
        terminalreporter.section("what the property tests went through")
        for line in (*lines, *(f"TOO FEW: {short}" for short in counting.shortages())):
            terminalreporter.write_line(line)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fails a run whose property tests went through too little."""
    if session.exitstatus == pytest.ExitCode.OK and counting.shortages():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def may_skip(reason: str) -> bool:
    """Whether a test may be skipped for this reason although every test is required."""
    return NO_DATA in reason and not DATA.is_dir()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    """Starts the clock of a test, which includes its setup and teardown."""
    item.stash[_BEGUN] = processor_time.processor()
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    try:
        return (yield)
    finally:
        processor_time.note_seconds(item, processor_time.processor() - item.stash[_BEGUN])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turns a skip that is not allowed, or an expected failure, into a failure: neither has shown anything."""
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
    """Turns the skip of a whole module into a failure, too."""
    report = yield
    if REQUIRE_ALL and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"{collector.nodeid} is required (HUIMIN_REQUIRE_ALL=1) and was skipped as a whole"
    return report
