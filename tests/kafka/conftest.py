"""Real brokers on loopback, started when a test first asks and ended with the run.

They are shared by the tests of one group, which run in one process. There are two, of about the same length, so that two processes have a
broker each: the faults and the benchmark (``xdist_group("kafka-faults")``), and all others (``xdist_group("kafka")``). A test that stops a
broker starts it again.
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
    yield from _running(Cluster(tmp_path_factory.mktemp("kafka") / "本机 broker", runtime, 1, secured=True))


@pytest.fixture(scope="session")
def cluster3(runtime: Runtime, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Three brokers, of which one may fail."""
    yield from _running(Cluster(tmp_path_factory.mktemp("kafka3"), runtime, 3))


@pytest.fixture(scope="session")
def nursery() -> Iterator[WorkerNursery]:
    """What makes the workers of networks under test."""
    nursery = WorkerNursery()
    yield nursery
    nursery.end()


def _running(cluster: Cluster) -> Iterator[Cluster]:
    """The cluster while it runs; its logs stay for whoever looks into a failure, its data do not."""
    try:
        cluster.up()
        yield cluster
    finally:
        if (cluster.folder / "plan.json").exists():
            cluster.down()
        for data in cluster.folder.glob("broker-*/data"):
            shutil.rmtree(data)
