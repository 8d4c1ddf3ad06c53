"""The Kafka of this machine: start it, stop it, look at it.

The verbs ``kafka up``, ``down`` and ``status`` call this.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from infra.settings import NETWORK_KEY, BadSetting, cache_folder
from policies.values import Text
from services.progress import Progress, silent
from services.results import Hidden, Key, Sentence
from streams.disk.effects import note_other

if TYPE_CHECKING:
    from infra.kafka.cluster import Cluster
    from infra.kafka.topics import Drift, Topic

FOLDER = "kafka-local"


@dataclass(frozen=True, slots=True)
class TopicDrift:
    """A difference between a topic and its declaration.

    Args:
        kind: the topic is missing, or what differs.
        what: the setting that differs.
    """

    topic: str
    kind: str
    what: str
    expected: str
    actual: Annotated[str, Key("found")]
    text: Annotated[Text, Hidden]


@dataclass(frozen=True, slots=True)
class StartedCluster:
    """A cluster that was started.

    Args:
        environment: the variables by which the other verbs find it.
        created: the topics that were made.
    """

    folder: str
    environment: Mapping[str, str]
    created: tuple[str, ...]
    drift: tuple[TopicDrift, ...]
    bootstrap: Annotated[str, Hidden]


@dataclass(frozen=True, slots=True)
class StoppedCluster:
    """A cluster that was stopped: how many brokers; their data stay."""

    folder: str
    stopped: int


@dataclass(frozen=True, slots=True)
class ClusterBroker:
    """A broker of the cluster.

    Args:
        pid: of its process; null: it does not run.
        ready: it answers.
    """

    broker: int
    port: int
    pid: int | None
    ready: bool


@dataclass(frozen=True, slots=True)
class ClusterTopic:
    """A topic that is there, and what it holds."""

    topic: str
    partitions: int
    about: Sentence


@dataclass(frozen=True, slots=True)
class ClusterStatus:
    """The brokers and topics of the cluster; without topics while no broker is ready."""

    folder: str
    bootstrap: str
    brokers: tuple[ClusterBroker, ...]
    topics: tuple[ClusterTopic, ...]
    drift: tuple[TopicDrift, ...]

    @property
    def ready(self) -> bool:
        """Whether every broker answers."""
        return all(broker.ready for broker in self.brokers)


def start_cluster(
    environment: Mapping[str, str], folder: Path | None, brokers: int | None, shards: int, progress: Progress = silent
) -> StartedCluster:
    """Start Kafka, after a first download, and make the topics that are missing.

    Raises:
        BadSetting: the number of brokers is not 1 or 3. HuiminError: Java or Maven are missing, or Kafka does not start.
    """
    from infra.kafka.membership import own_key
    from infra.kafka.topics import create_topics, drift, topics

    if brokers not in (None, 1, 3):
        raise BadSetting(Text("--brokers 应为 1 或 3。", "--brokers must be 1 or 3."))
    cluster = _cluster(environment, folder, brokers)
    with progress(Text("下载 Kafka（只此一次）", "Fetching Kafka, this once"), None):
        cluster.runtime.jars()
    with progress(Text("启动 Kafka", "Starting Kafka"), None):
        connection = cluster.up()
        note_other(Text("Kafka 已启动", "Kafka is started"))
        wanted = topics(shards, len(connection.servers))
        created, drifts = create_topics(connection, wanted), drift(connection, wanted)
    variables = {**connection.environment(), NETWORK_KEY: str(own_key(cluster.folder.absolute()))}
    return StartedCluster(str(cluster.folder), variables, tuple(created), _drifts(drifts), connection.bootstrap)


def stop_cluster(environment: Mapping[str, str], folder: Path | None, progress: Progress = silent) -> StoppedCluster:
    """Stop Kafka; its data stay."""
    cluster = _cluster(environment, folder, None)
    with progress(Text("停止 Kafka", "Stopping Kafka"), None):
        stopped = cluster.down()
        note_other(Text("Kafka 已停止", "Kafka is stopped"))
    return StoppedCluster(str(cluster.folder), stopped)


def cluster_status(environment: Mapping[str, str], folder: Path | None) -> ClusterStatus:
    """The brokers, and the topics that exist."""
    from infra.kafka.topics import declared_topics, drift

    cluster = _cluster(environment, folder, None)
    brokers, connection = cluster.status(), cluster.connection()
    topics: tuple[Topic, ...] = ()
    drifts: list[Drift] = []
    if any(broker.ready for broker in brokers):
        topics = declared_topics(connection)
        drifts = drift(connection, topics)
    missing = {drift.topic for drift in drifts if drift.kind == "missing"}
    return ClusterStatus(
        str(cluster.folder),
        connection.bootstrap,
        tuple(ClusterBroker(broker.number, broker.port, broker.pid, broker.ready) for broker in brokers),
        tuple(ClusterTopic(topic.name, topic.partitions, topic.about) for topic in topics if topic.name not in missing),
        _drifts(drifts),
    )


def _cluster(environment: Mapping[str, str], folder: Path | None, brokers: int | None) -> Cluster:
    from infra.kafka.cluster import Cluster
    from infra.kafka.jars import Runtime

    return Cluster(folder or cache_folder(environment) / FOLDER, Runtime.of(environment), brokers)


def _drifts(drifts: Iterable[Drift]) -> tuple[TopicDrift, ...]:
    return tuple(TopicDrift(drift.topic, drift.kind, drift.what, drift.expected, drift.actual, drift.text) for drift in drifts)
