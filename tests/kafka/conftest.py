"""Real brokers on loopback, started when a test first asks and ended with the run.

They are shared by the tests of one group, which run in one process. There are two, of about the same length, so that two processes have a
broker each: the faults and the benchmark (``xdist_group("kafka-faults")``), and all others (``xdist_group("kafka")``). A test that stops a
broker starts it again. Brokers that nobody asks take some hundredths of a processor each: where tests are spread over processes, three
brokers end after their last test, for their tests come first in the group, and one broker ends with the group.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest

from infra.kafka.cluster import Cluster
from infra.kafka.jars import NoRuntime, Runtime
from tests.kafka.network import WorkerNursery

QUICK = "-XX:TieredStopAtLevel=1"
"""Brokers under test live for a minute: the second compiler would take more of the processor than it saves."""


@pytest.fixture(scope="session")
def runtime() -> Runtime:
    """What brokers run on; fetched the first time."""
    os.environ["JAVA_TOOL_OPTIONS"] = f"{os.environ.get('JAVA_TOOL_OPTIONS', '')} {QUICK}".strip()
    runtime = Runtime.of(os.environ)
    try:
        runtime.java()
        runtime.jars()
    except NoRuntime as why:
        pytest.skip(f"no Kafka: {why}")
    return runtime


@pytest.fixture(scope="session")
def cluster(runtime: Runtime, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One broker, with a secured listener beside the plain one, in a folder whose name is not ASCII."""
    yield from _running(Cluster(tmp_path_factory.mktemp("kafka") / "本机 broker", runtime, 1, secured=True), "one")


@pytest.fixture(scope="session")
def cluster3(runtime: Runtime, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Three brokers, of which one may fail."""
    yield from _running(Cluster(tmp_path_factory.mktemp("kafka3"), runtime, 3), "three")


@pytest.fixture(scope="session")
def nursery() -> Iterator[WorkerNursery]:
    """What makes the workers of networks under test."""
    nursery = WorkerNursery()
    yield nursery
    nursery.end()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests of three brokers come before the others with a broker."""
    places = [place for place, item in enumerate(items) if item.get_closest_marker("kafka")]
    ordered = sorted((items[place] for place in places), key=lambda item: not _needs_three(item))
    for place, item in zip(places, ordered, strict=True):
        items[place] = item


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Brings back brokers that were ended too early: another group is run by this process."""
    if item.get_closest_marker("kafka"):
        for name in _clusters_of(item) & _ENDED.keys():
            _ENDED.pop(name).up()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Ends the brokers that the next test does not ask for, where groups are run as a whole."""
    if getattr(item.config.option, "loadgroup", False) and nextitem is not None and item.get_closest_marker("kafka"):
        asked_for = _clusters_of(nextitem) if nextitem.get_closest_marker("kafka") else set()
        for name in _RUNNING.keys() - asked_for - _ENDED.keys():
            _ENDED[name] = _RUNNING[name]
            _ENDED[name].down()


def _clusters_of(item: pytest.Item) -> set[str]:
    return {"one", "three"} if _needs_three(item) else {"one"}


def _needs_three(item: pytest.Item) -> bool:
    brokers = item.callspec.params.get("brokers") if isinstance(item, pytest.Function) and hasattr(item, "callspec") else None
    return brokers == 3 or "cluster3" in getattr(item, "fixturenames", ())


_RUNNING: dict[str, Cluster] = {}
_ENDED: dict[str, Cluster] = {}
"""Those of the former that are down until a test asks for them."""


def _running(cluster: Cluster, name: str) -> Iterator[Cluster]:
    """The cluster while it runs; its logs stay for whoever looks into a failure, its data do not."""
    try:
        cluster.up()
        _RUNNING[name] = cluster
        yield cluster
    finally:
        _RUNNING.pop(name, None)
        if (cluster.folder / "plan.json").exists():
            cluster.down()
        for data in cluster.folder.glob("broker-*/data"):
            shutil.rmtree(data)
