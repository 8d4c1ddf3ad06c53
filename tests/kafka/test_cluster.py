"""Brokers come up, stay, end and come back, with their ports and their data; nobody else's process is touched."""

from __future__ import annotations

import socket
import uuid
from pathlib import Path

import pytest

from infra.kafka.cluster import Cluster
from infra.kafka.jars import Runtime
from infra.kafka.launch import BrokerDown
from infra.kafka.plan import HEAP_MEGABYTES, HOST, NoCluster, OtherCluster
from tests.kafka.clients import a_topic, eventually, in_sync, read, send_records

pytestmark = [pytest.mark.kafka, pytest.mark.xdist_group("kafka")]


def test_brokers_are_shared_by_one_process(request: pytest.FixtureRequest) -> None:
    """Where tests are spread over processes, those that need brokers stay together."""
    if getattr(request.config.option, "loadgroup", False):
        assert request.node.nodeid.endswith("@kafka")


def test_up_is_up_and_may_be_asked_again(cluster: Cluster) -> None:
    """A second ``up`` starts nothing and gives the same connection; so does one from elsewhere that knows only the folder."""
    before = cluster.status()

    again = Cluster(cluster.folder, cluster.runtime).up()

    assert [(broker.number, broker.ready) for broker in before] == [(1, True)]
    assert cluster.status() == before
    assert again == cluster.connection()


def test_down_is_down_and_what_was_there_comes_back(cluster: Cluster) -> None:
    """``down`` ends the broker, and only once; ``up`` brings it back where it was, with what it held."""
    before, topic = cluster.connection(), a_topic(cluster.connection())
    send_records(before, topic, [b"1", b"2"])

    assert cluster.down() == 1
    assert [(broker.pid, broker.ready) for broker in cluster.status()] == [(None, False)]
    assert cluster.down() == 0

    assert cluster.up() == before
    assert read(before, topic, 2) == [b"1", b"2"]


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_broker_started_again_has_its_port_and_its_data(cluster: Cluster, how: str) -> None:
    """Whether it was asked to end or killed."""
    topic = a_topic(cluster.connection())
    send_records(cluster.connection(), topic, [b"before"])
    (was,) = cluster.status()

    getattr(cluster, how)(1)
    assert cluster.status()[0].pid is None
    cluster.start(1)

    (now,) = cluster.status()
    assert now.port == was.port and now.pid != was.pid and now.ready
    send_records(cluster.connection(), topic, [b"after"])
    assert read(cluster.connection(), topic, 2) == [b"before", b"after"]


def test_a_port_that_was_taken_meanwhile_is_named(cluster: Cluster) -> None:
    """The broker is not started, and comes back once the port is free."""
    port = cluster.status()[0].port
    cluster.stop(1)

    with socket.create_server((HOST, port)), pytest.raises(BrokerDown, match=f"Port {port} of broker 1"):
        cluster.start(1)
    cluster.start(1)

    assert cluster.status()[0].ready


def test_another_kind_of_cluster_is_not_made_in_the_same_folder(cluster: Cluster) -> None:
    """One broker stays one broker."""
    with pytest.raises(OtherCluster, match="brokers: 1, secured listener"):
        Cluster(cluster.folder, cluster.runtime, 3).up()

    assert len(cluster.status()) == 1


def test_a_broker_that_ends_at_once_says_where_to_look(runtime: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No wait until the time is over; nothing is left running."""
    monkeypatch.setitem(HEAP_MEGABYTES, 1, 1)
    cluster = Cluster(tmp_path, runtime)

    with pytest.raises(BrokerDown, match=r"broker-1 ended again\. .*broker-1/logs/broker\.log"):
        cluster.up()

    assert cluster.status()[0].pid is None


def test_a_folder_without_kafka_is_told(runtime: Runtime, tmp_path: Path) -> None:
    """With the way to make one."""
    for verb in ("down", "status", "connection"):
        with pytest.raises(NoCluster, match="huimin kafka up"):
            getattr(Cluster(tmp_path / "none", runtime), verb)()


def test_three_brokers_outlive_the_kill_of_a_leader(cluster3: Cluster) -> None:
    """What all in-sync replicas acknowledged is there, once and in order, and sending goes on; the killed one catches up."""
    connection = cluster3.connection()
    topic = a_topic(connection, replication=3, least=2)
    first, second = ([b"%d-%d" % (part, i) for i in range(200)] for part in (1, 2))
    send_records(connection, topic, first)
    leader = cluster3.leader(topic)
    assert leader is not None

    cluster3.kill(leader)
    send_records(connection, topic, second)

    assert read(connection, topic, 400) == [*first, *second]
    assert cluster3.leader(topic) not in (None, leader)
    cluster3.start(leader)
    assert eventually(lambda: in_sync(connection, topic) == 3)
    assert all(broker.ready for broker in cluster3.status())


def test_an_id_may_begin_with_a_dash(runtime: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One in sixty-four does; to a program it looks like an option."""
    monkeypatch.setattr("infra.kafka.plan.uuid.uuid4", lambda: uuid.UUID(int=0xF8 << 120))
    cluster = Cluster(tmp_path, runtime, 1)
    try:
        assert cluster.up().servers
    finally:
        cluster.down()
