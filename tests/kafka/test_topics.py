"""Topics are made where they are missing, left where they are, and compared."""

from __future__ import annotations

import pytest

from infra.kafka.cluster import Cluster
from infra.kafka.topics import MissingTopics, Topic, create_topics, declared_topics, drift, topics
from policies.values import Text

NAMES = ["inputs", "orders", "lines", "changes", "editions", "progress", "dead-letters"]
broker = [pytest.mark.kafka, pytest.mark.xdist_group("kafka")]


@pytest.mark.parametrize(("brokers", "replication", "least"), [(1, 1, "1"), (2, 2, "1"), (3, 3, "2"), (6, 3, "2")])
def test_topics_are_held_by_up_to_three_brokers(brokers: int, replication: int, least: str) -> None:
    """And one of them may be away."""
    for topic in topics(4, brokers):
        assert (topic.replication, topic.config["min.insync.replicas"]) == (replication, least)


def test_the_topics_are_those_of_the_design() -> None:
    """Only the orders have a partition a shard; changes and editions are kept for good, progress by its newest."""
    by_name = {topic.name.removeprefix("p."): topic for topic in topics(4, 1, "p.")}

    assert list(by_name) == NAMES
    assert {name: topic.partitions for name, topic in by_name.items() if topic.partitions != 1} == {"orders": 4}
    assert [name for name, topic in by_name.items() if topic.config["retention.ms"] == "-1"] == ["changes", "editions", "progress"]
    assert [name for name, topic in by_name.items() if topic.config["cleanup.policy"] == "compact"] == ["progress"]
    assert by_name["inputs"].config["retention.ms"] == str(30 * 24 * 60 * 60 * 1000)


class TestAtABroker:
    pytestmark = broker

    def test_what_is_missing_is_found_and_made(self, cluster: Cluster) -> None:
        """First all are missing; then none, and nothing is made twice."""
        connection, wanted = cluster.connection(), topics(3, 1, "made.")

        assert [(difference.topic, difference.kind) for difference in drift(connection, wanted)] == [
            (topic.name, "missing") for topic in wanted
        ]
        assert create_topics(connection, wanted) == [topic.name for topic in wanted]
        assert drift(connection, wanted) == []
        assert create_topics(connection, wanted) == []
        assert declared_topics(connection, "made.") == wanted

    def test_what_differs_is_found_and_left(self, cluster: Cluster) -> None:
        """Another number of partitions, another setting; both stay, the rest is made."""
        connection, wanted = cluster.connection(), topics(3, 1, "drifted.")
        other = [Topic("drifted.orders", 2, 1, {**wanted[1].config, "retention.ms": "1000"}, Text("", ""))]
        create_topics(connection, other)

        new_names = create_topics(connection, wanted)

        assert new_names == [topic.name for topic in wanted if topic.name != "drifted.orders"]
        differences = [
            (difference.topic, difference.kind, difference.what, difference.expected, difference.actual)
            for difference in drift(connection, wanted)
        ]
        assert differences == [
            ("drifted.orders", "partitions", "partitions", "3", "2"),
            ("drifted.orders", "config", "retention.ms", "604800000", "1000"),
        ]
        assert drift(connection, topics(2, 1, "drifted."))[0].text.en == "the topic drifted.orders: retention.ms is 1000, not 604800000"

    def test_other_replication_is_found(self, cluster3: Cluster) -> None:
        """A topic made for one broker is not held by three."""
        connection = cluster3.connection()
        create_topics(connection, topics(1, 1, "once."))

        differences = {
            (difference.kind, difference.what, difference.expected, difference.actual)
            for difference in drift(connection, topics(1, 3, "once."))
        }

        assert differences == {("replication", "replication", "3", "1"), ("config", "min.insync.replicas", "2", "1")}

    def test_a_topic_that_kafka_refuses_is_told(self, cluster: Cluster) -> None:
        """More replicas than brokers."""
        with pytest.raises(MissingTopics, match=r"huge\.inputs was not made \(InvalidReplicationFactorError\)"):
            create_topics(cluster.connection(), topics(1, 3, "huge.")[:1])
