"""A network on Kafka: make its key, join it, list its shards and refused messages, run one of its workers.

The verbs ``kafka key``, ``join``, ``shards`` and ``dead-letters``, and ``worker`` call this.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from infra.settings import DEPOT, SHANGHAI, BadSetting
from policies.values import Text
from services.progress import Progress, silent
from services.results import Key, Sentence

if TYPE_CHECKING:
    from infra.kafka.connection import Connection
    from infra.worker import WorkerSettings
    from infra.workspace.workspace import Workspace
    from streams.host import Host
    from streams.wire.seal import Seal

MATCHING_SECONDS = 600.0
MATCHING_EVERY = 0.3


@dataclass(frozen=True, slots=True)
class NetworkKeyFile:
    """The file of a new network's key."""

    file: Annotated[str, Key("key")]


@dataclass(frozen=True, slots=True)
class NetworkMember:
    """A workspace that is part of a network now.

    Args:
        prefix: of the names of its topics.
    """

    workspace: str
    prefix: str
    bootstrap: str


@dataclass(frozen=True, slots=True)
class PlacedShard:
    """A street or town: the partition that judges it, and the number of subjects placed there.

    Args:
        shard: its division; null for the subjects placed nowhere.
    """

    shard: str | None
    partition: int
    persons: int
    households: int
    dwellings: int


@dataclass(frozen=True, slots=True)
class RefusedMessage:
    """A message that was not admitted, without its content.

    Args:
        time: in Shanghai.
        place: topic, partition and offset.
    """

    time: str
    place: str
    bytes: int
    reason: Sentence


@dataclass(frozen=True, slots=True)
class MatchedStreets:
    """How many streets have done a submitted message; ``of`` is None before the first report, and 0 where nobody lives anywhere yet."""

    done_count: int
    of: int | None

    @property
    def complete(self) -> bool:
        """Whether all of them have."""
        return self.done_count == self.of


def write_key(file: Path) -> NetworkKeyFile:
    """Make the key of a new network, in a file of its own.

    Raises:
        HuiminError: something is there already.
    """
    from infra.kafka.membership import write_network_key

    write_network_key(file)
    return NetworkKeyFile(str(file.absolute()))


def join_network(workspace: Workspace, environment: Mapping[str, str], prefix: str) -> NetworkMember:
    """Make a new workspace part of a network.

    Raises:
        HuiminError: there is no Kafka or no topics, the key is not of this network, or the workspace is not new.
    """
    connection = _connection(environment)
    _seal(environment, connection, prefix)
    workspace.join(prefix)
    return NetworkMember(str(workspace.root), prefix, connection.bootstrap)


def placed_shards(environment: Mapping[str, str], prefix: str) -> list[PlacedShard]:
    """Every shard of a network, with the last counts of its workers."""
    from connectors.kafka.broker import ProgressTopic

    connection = _connection(environment)
    census = ProgressTopic(connection.client(), prefix, _seal(environment, connection, prefix)).census()
    return [PlacedShard(name or None, *counts) for name, counts in census.items()]


def refused_messages(environment: Mapping[str, str], prefix: str, last: int) -> list[RefusedMessage]:
    """The last messages that were not admitted, the newest last."""
    from connectors.kafka.broker import dead_letters
    from infra.kafka.topics import MissingTopics

    connection, seal = _connection(environment), None
    with suppress(MissingTopics):  # no network; a workspace of its own has listened to a unit's topic
        seal = _seal(environment, connection, prefix)
    return [
        RefusedMessage(
            f"{letter.time.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}",
            f"{letter.topic} {letter.partition}:{letter.offset}",
            letter.size,
            letter.reason,
        )
        for letter in dead_letters(connection.client(), prefix, seal, last)
    ]


def worker_settings(
    environment: Mapping[str, str],
    state: Path,
    *,
    shards: int | None = None,
    depot: str | None = None,
    web_port: int | None = None,
    bind: str = "127.0.0.1",
    prefix: str = "huimin.",
    key: Path | None = None,
) -> WorkerSettings:
    """The settings of a worker of a network; makes the topics where ``shards`` is given.

    Args:
        state: the worker's own folder.
        shards: their number, where the topics may have to be made.
        depot: of checkpoints; None: as the environment says.

    Raises:
        BadSetting: the topics have another number of shards.
        HuiminError: there is no Kafka or no topics, or the key is not of this network.
    """
    from infra.kafka.membership import seal_of
    from infra.kafka.topics import brokers_of, create_topics, declared_topics, network_id, topics
    from infra.worker import WorkerSettings
    from infra.workspace.ports import depot_of

    connection = _connection(environment)
    if shards is not None:
        create_topics(connection, topics(shards, brokers_of(connection), prefix))
    partitions = {topic.name: topic.partitions for topic in declared_topics(connection, prefix)}[f"{prefix}orders"]
    if shards not in (None, partitions):
        zh = f"主题 {prefix}orders 有 {partitions} 个分区，不是 {shards}；分片数定下后不能改。"
        raise BadSetting(Text(zh, f"The topic {prefix}orders has {partitions} partitions, not {shards}; the number of shards stays."))
    network = network_id(connection, prefix)
    url = depot or environment.get(DEPOT)
    seal = seal_of(environment, connection, prefix, network, state / network, key)
    checkpoints = depot_of(url, network, seal) if url else None
    return WorkerSettings(connection, state / network, partitions, seal, prefix, web_port, bind, checkpoints)


def matched_streets(host: Host, label: str, offset: int, progress: Progress = silent) -> MatchedStreets | None:
    """Waits until every street has done a publication, a withdrawal or a day, at most ten minutes; None where there is no network.

    The network has the message already: to stop waiting changes nothing.

    Args:
        label: as in the notes (``streams.network.sequencer.label``).
        offset: of the message.
    """
    from streams.network.network_host import NetworkHost

    if not isinstance(host, NetworkHost):
        return None
    streets, until = MatchedStreets(0, None), time.monotonic() + MATCHING_SECONDS
    with progress(Text("各街镇匹配", "Streets matched"), None) as advance:
        while not streets.complete and time.monotonic() < until:
            if (news := host.progress(label, offset)) is not None:
                advance(news.done - streets.done_count)
                streets = MatchedStreets(news.done, news.of)
            if not streets.complete:
                time.sleep(MATCHING_EVERY)
    return streets


def run_worker(settings: WorkerSettings) -> int:
    """Run a worker until it is stopped; returns the exit code of its process."""
    from infra.worker import work
    from infra.workspace.ports import parts

    return work(settings, parts())


def _connection(environment: Mapping[str, str]) -> Connection:
    from infra.kafka.connection import Connection

    return Connection.of(environment)


def _seal(environment: Mapping[str, str], connection: Connection, prefix: str) -> Seal:
    from infra.kafka.membership import seal_of
    from infra.kafka.topics import network_id

    return seal_of(environment, connection, prefix, network_id(connection, prefix))
