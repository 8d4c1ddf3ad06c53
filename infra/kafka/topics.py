"""The topics of a network: declared here, created where they are missing, and compared with those of a Kafka.

A topic that exists is never changed. It may hold what cannot be had again, and whoever runs the Kafka may have had a reason. ``drift`` says
where it differs; a person decides.

Source: Apache Kafka 4.4, "Topic Configs".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from infra.kafka.plan import LARGEST_MESSAGE_BYTES
from infra.kafka.reach import admin, ask
from policies.problems.problems import HuiminError, comma_list
from policies.values import Text
from streams.disk.effects import note_other

if TYPE_CHECKING:
    from infra.kafka.connection import Connection

PREFIX = "huimin."
DAY_MS = 86_400_000
UNLIMITED = -1
MOST_REPLICAS = 3
MADE_SECONDS = 30.0

DriftKind: TypeAlias = Literal["missing", "partitions", "replication", "config"]
Client: TypeAlias = Any
"""kafka-python's ``KafkaAdminClient``, which has no types."""


class MissingTopics(HuiminError):
    """Topics are missing and cannot be made here (operator: see the reason; 1)."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as it should be."""

    name: str
    partitions: int
    replication: int
    config: Mapping[str, str]
    about: Text


@dataclass(frozen=True, slots=True)
class Drift:
    """A difference between a topic and its declaration; ``expected`` and ``found`` as people write them."""

    topic: str
    kind: DriftKind
    what: str
    expected: str
    actual: str

    @property
    def text(self) -> Text:
        match self.kind:
            case "missing":
                return Text(f"缺少主题 {self.topic}（应为 {self.expected}）", f"the topic {self.topic} ({self.expected}) is missing")
            case _:
                return Text(
                    f"主题 {self.topic} 的 {self.what} 是 {self.actual}，应为 {self.expected}",
                    f"the topic {self.topic}: {self.what} is {self.actual}, not {self.expected}",
                )


def topics(shards: int, brokers: int, prefix: str = PREFIX) -> tuple[Topic, ...]:
    """Every topic of a network.

    Args:
        shards: partitions of the orders, one for each shard.
        brokers: their number; up to three hold each topic.

    Example:
        >>> [topic.name for topic in topics(2, 1)][:2]
        ['huimin.inputs', 'huimin.orders']
    """
    replication = min(brokers, MOST_REPLICAS)

    def topic(name: str, partitions: int, days: int, about: Text, **more: str) -> Topic:
        retention = UNLIMITED if days == UNLIMITED else days * DAY_MS
        config = {
            "cleanup.policy": "delete",
            "retention.ms": str(retention),
            "retention.bytes": str(UNLIMITED),
            "max.message.bytes": str(LARGEST_MESSAGE_BYTES),
            "min.insync.replicas": str(max(1, replication - 1)),
            "unclean.leader.election.enable": "false",
        }
        return Topic(prefix + name, partitions, replication, config | {key.replace("_", "."): value for key, value in more.items()}, about)

    return (
        topic("inputs", 1, 30, Text("送来的一切，一个总序", "all that is submitted, in one total order")),
        topic("orders", shards, 7, Text("分给各分片的工作，每片一个总序", "the work of each shard, in one total order a shard")),
        topic("lines", 1, 7, Text("各分片判定的增减", "what each shard's verdicts moved")),
        topic("changes", 1, UNLIMITED, Text("名单的每一次变动，永久保存", "every change of a list, kept for good")),
        topic("editions", 1, UNLIMITED, Text("各期名单的关闭，永久保存", "the closes of editions, kept for good")),
        topic(
            "progress",
            1,
            UNLIMITED,
            Text("各处理到哪里，只留最新", "how far each part has come, the newest only"),
            cleanup_policy="compact",
            segment_ms=str(DAY_MS),
        ),
        topic("dead-letters", 1, 30, Text("未被接受的消息，附原因", "messages that were not admitted, and why")),
    )


def brokers_of(connection: Connection) -> int:
    """The number of brokers of this Kafka.

    Raises:
        Unreachable, Refused: see ``reach``.
    """
    with admin(connection) as client:
        return len(ask(client.describe_cluster)["brokers"])


def network_id(connection: Connection, prefix: str = PREFIX) -> str:
    """The id of these topics. A topic that is made anew under its old name gives another id, and what was stored of the old ones is void.

    Raises:
        NotMade: a topic is missing. Unreachable, Refused: see ``reach``.
    """
    names = [f"{prefix}{name}" for name in ("inputs", "orders", "lines")]
    with admin(connection) as client:
        descriptions = _descriptions(client, names)
    if missing := [name for name in names if name not in descriptions]:
        raise MissingTopics(
            Text(
                f"还没有主题 {missing[0]}：先运行 huimin worker --shards N，或 huimin kafka up。",
                f"There is no topic {missing[0]} yet: run huimin worker --shards N, or huimin kafka up, first.",
            )
        )
    return sha256(" ".join(str(descriptions[name]["topic_id"]) for name in names).encode()).hexdigest()[:12]


def declared_topics(connection: Connection, prefix: str = PREFIX) -> tuple[Topic, ...]:
    """The topics that this Kafka should have, by the number of its brokers and of the partitions of its orders.

    Raises:
        Unreachable, Refused: see ``reach``.
    """
    with admin(connection) as client:
        brokers = len(ask(client.describe_cluster)["brokers"])
        orders = _descriptions(client, [f"{prefix}orders"])
    return topics(max((len(topic["partitions"]) for topic in orders.values()), default=1), brokers, prefix)


def create_topics(connection: Connection, topics: Sequence[Topic]) -> list[str]:
    """Make the topics that are missing, and return their names; existing topics stay as they are.

    Raises:
        NotMade: the Kafka refused a topic. Unreachable, Refused: see ``reach``.
    """
    from kafka.errors import KafkaError, TopicAlreadyExistsError, for_code

    with admin(connection) as client:
        descriptions = _descriptions(client, [topic.name for topic in topics])
        missing = [topic for topic in topics if topic.name not in descriptions]
        if not missing:
            return []
        wanted = {topic.name: _new_topic(topic) for topic in missing}
        try:
            answers = client.create_topics(wanted, raise_errors=False)["topics"]
            codes = {
                answer["name"]: answer["error_code"] for answer in answers if for_code(answer["error_code"]) is not TopicAlreadyExistsError
            }
            failure = next(((name, for_code(code).__name__) for name, code in codes.items() if code), None)
            if failure is not None:
                raise MissingTopics(_not_made(*failure))
            client.wait_for_topics([topic.name for topic in missing], timeout_ms=int(MADE_SECONDS * 1000))
        except KafkaError as error:
            raise MissingTopics(_not_made(", ".join(topic.name for topic in missing), type(error).__name__)) from None
        if codes:
            note_other(Text(f"新建主题 {comma_list(codes)}", f"topics made: {comma_list(codes)}"))
        return list(codes)


def drift(connection: Connection, topics: Sequence[Topic]) -> list[Drift]:
    """The differences between the topics of this Kafka and their declarations, in the order of the topics.

    Raises:
        Unreachable, Refused: see ``reach``.
    """
    with admin(connection) as client:
        descriptions = _descriptions(client, [topic.name for topic in topics])
        configs = _configs(client, descriptions)
    drifts = []
    for topic in topics:
        if topic.name not in descriptions:
            drifts.append(Drift(topic.name, "missing", "topic", _summary(topic), ""))
            continue
        partitions = descriptions[topic.name]["partitions"]
        replicas = sorted({len(partition["replica_nodes"]) for partition in partitions})
        if len(partitions) != topic.partitions:
            drifts.append(Drift(topic.name, "partitions", "partitions", str(topic.partitions), str(len(partitions))))
        if replicas != [topic.replication]:
            drifts.append(Drift(topic.name, "replication", "replication", str(topic.replication), "/".join(map(str, replicas))))
        values = configs[topic.name]
        for key, expected in topic.config.items():
            if values.get(key) != expected:
                drifts.append(Drift(topic.name, "config", key, expected, str(values.get(key))))
    return drifts


def _summary(topic: Topic) -> str:
    """All of a topic's declaration, in a line."""
    return ", ".join([f"partitions={topic.partitions}", f"replication={topic.replication}", *(f"{k}={v}" for k, v in topic.config.items())])


def _new_topic(topic: Topic) -> dict[str, Any]:
    """A topic in the form in which kafka-python creates it."""
    return {"num_partitions": topic.partitions, "replication_factor": topic.replication, "configs": dict(topic.config)}


def _descriptions(client: Client, names: Sequence[str]) -> dict[str, Any]:
    """What Kafka says of the topics of these names that exist, by name."""
    return {topic["name"]: topic for topic in ask(lambda: client.describe_topics(list(names))) if not topic["error_code"]}


def _configs(client: Client, names: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """The settings in force of each topic, the brokers' defaults included."""
    from kafka.admin import ConfigResource

    if not names:
        return {}
    resources = [ConfigResource("TOPIC", name) for name in names]
    configs = ask(lambda: client.describe_configs(resources, config_filter="all"))["topic"]
    return {name: {key: str(entry["value"]) for key, entry in values.items()} for name, values in configs.items()}


def _not_made(name: str, why: str) -> Text:
    return Text(
        f"主题 {name} 没有建成（{why}）。请让管 Kafka 的人允许建立主题，或由他按 huimin doctor 所列建好；已有的未动。",
        f"The topic {name} was not made ({why}). Ask whoever keeps this Kafka to let us make topics, or to make those huimin doctor lists; "
        "what was there was not touched.",
    )
