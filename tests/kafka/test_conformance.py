"""The output of a network is that of one embedded host, with any number of workers and brokers.

The same messages go through an embedded host and through networks of one, two and four workers, on one broker and on three. Lists, editions,
lines, dead letters and ids are those of the host; between networks every byte of the lists' topic is the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from hashlib import sha256
from itertools import islice
from pathlib import Path

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary
from cloudevents.core.formats.json import JSONFormat

from infra.kafka.cluster import Cluster
from infra.kafka.jars import Runtime
from tests.console.command import run_command
from tests.kafka.moving import Moving, Sizes
from tests.kafka.network import NetworkUnderTest, WorkerNursery, running_network
from tests.matchers.counting import AddCounts, need
from tests.streams.world import publication, run, stamped_bytes

pytestmark = [pytest.mark.kafka, pytest.mark.xdist_group("kafka")]

TITLE = "networks on Kafka that say what one embedded host says"
LENGTH = 150
WORKERS = (1, 2, 4)
need(TITLE, range(4), 4, {"networks": 8, "lines": 800, "moves between partitions": 500, "dead letters": 40, "editions": 60})


def plain() -> Iterator[bytes]:
    """The run of the other tests as it is, with the third policy."""
    start, setting, *rest = run(LENGTH)
    yield from map(stamped_bytes, (start, setting, publication("group-rental"), *rest))


def other() -> Iterator[bytes]:
    """Another seed, fewer people, nothing refused."""
    yield from islice(iter(Moving(Sizes(11, 8, 20, 15), garbage=False)), LENGTH)


def moving() -> Iterator[bytes]:
    """Persons and households that move, and messages that are not admitted."""
    yield from islice(iter(Moving()), LENGTH)


DIGESTS: dict[str, str] = {}
"""The digest of the output of each scenario's first network."""


def agrees(network: NetworkUnderTest, scenario: str, add_counts: AddCounts) -> None:
    """Checks that the output of a network is that of the host, as CloudEvents, and the same bytes as that of the networks before."""
    network.settle()
    counts = network.check()
    for topic, head, body in network.reader.events:
        a_cloud_event(topic, head, body)
    digest = sha256(b"".join(body for topic, _, body in network.reader.events if topic == "changes")).hexdigest()
    if not network.reader.repeated:
        assert DIGESTS.setdefault(scenario, digest) == digest
    assert network.end() == [0] * len(network.workers)
    add_counts(TITLE, {"networks": 1, **counts, "CloudEvents": len(network.reader.events)})


@pytest.mark.parametrize("brokers", [1, 3])
def test_any_number_of_workers_and_brokers(
    brokers: int, request: pytest.FixtureRequest, nursery: WorkerNursery, tmp_path: Path, add_counts: AddCounts
) -> None:
    """One, two or four workers on one broker or three: the same lists, editions, lines and dead letters, byte for byte."""
    cluster: Cluster = request.getfixturevalue("cluster" if brokers == 1 else "cluster3")

    with ExitStack() as stack:
        networks = [
            stack.enter_context(running_network(nursery, cluster.connection(), tmp_path / str(count), moving())) for count in WORKERS
        ]
        for network, count in zip(networks, WORKERS, strict=True):
            network.add(count)
            network.send(LENGTH)
        for network in networks:
            network.working()
        for network in networks:
            agrees(network, "moving", add_counts)


@pytest.mark.parametrize("scenario", [plain, other])
def test_other_runs(
    scenario: Callable[[], Iterator[bytes]], nursery: WorkerNursery, cluster: Cluster, tmp_path: Path, add_counts: AddCounts
) -> None:
    """The runs of the embedded host's own tests."""
    bodies = list(scenario())

    with running_network(nursery, cluster.connection(), tmp_path, bodies) as network:
        network.add(2)
        network.send(len(bodies))

        agrees(network, scenario.__name__, add_counts)


def test_the_demonstration(runtime: Runtime, tmp_path: Path) -> None:
    """A district of 2,000 residents, from files through contracts to lists, on a broker and two workers of its own.

    The workers' lists of every policy are those of one process, and the broker does not outlive it.
    """
    words = ["demo", "--residents", "2000", "--kafka", "2", "--keep", str(tmp_path / "putuo"), "--json"]

    result = run_command(*words, env={"COLUMNS": "120", "HUIMIN_LANG": "en"})

    assert result.exit_code == 0, result.output[-3000:]
    assert json.loads(result.stdout)["same_lists"] is True
    assert [broker.pid for broker in Cluster(tmp_path / "putuo" / "kafka", runtime).status()] == [None]


ATTRIBUTE = re.compile(r"ce_[a-z0-9]{1,20}")


def a_cloud_event(topic: str, head: list[tuple[str, bytes]], body: bytes) -> None:
    """Source: CloudEvents 1.0.2, "Context Attributes"; Kafka Protocol Binding 1.0.2, 3.2 (binary mode)."""
    names = [name for name, _ in head]
    assert len(set(names)) == len(names), f"{topic}: a header stands there twice: {names}"
    text = {name: value.decode("utf-8") for name, value in head}
    assert all(ATTRIBUTE.fullmatch(name) for name in names if name != "content-type"), names
    assert all(text[name] for name in ("ce_id", "ce_source", "ce_type")), head
    assert text["ce_specversion"] == "1.0"
    assert re.fullmatch(r"[\w.+-]+/[\w.+-]+", text["content-type"])
    assert not any(character < " " for value in text.values() for character in value), "control characters"
    if "ce_time" in text:
        assert datetime.fromisoformat(text["ce_time"]).tzinfo is not None
    judge(head, body)


def judge(head: list[tuple[str, bytes]], body: bytes) -> None:
    """The CNCF's own library reads it."""
    event = from_binary(KafkaMessage(headers=dict(head), key=None, value=body), JSONFormat())
    assert event.get_specversion() == "1.0"
    assert not body or event.get_data() is not None
