"""The part of an erasure that a network adds: every worker purges, and every topic is emptied.

``services.erasure.erasing`` calls this. A topic deletes whole files only, so a new file is begun in each topic, and the decision is sent
once more behind that. Once every stage has purged up to there, nobody needs what lies before. Each step may be done again.

    workers purged → segments begun → decision again → workers purged → replica shipped → topics emptied

Source: docs/en/semantics.md section 16; ARCHITECTURE.md, "Streams on Kafka".
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from policies.problems.problems import HuiminError
from policies.values import Text
from streams.language.errors import Refusal

if TYPE_CHECKING:
    from connectors.kafka.topic_erasure import TopicErasure
    from infra.workspace.workspace import Workspace
    from streams.language.messages import PersonErased
    from streams.network.network_host import NetworkHost
    from streams.network.stages import PurgeReport

WAIT_SECONDS = 60.0
"""The time that all workers have to purge; after that the erasure ends unfinished, and is to be finished later."""
NO_DEPOT = Text(
    "网络上删除个人须有快照库：主题清空后，新的工作进程和工作区从那里开始。请设 HUIMIN_DEPOT（同工作进程的 --depot），再试一次。",
    "To erase somebody on a network a depot is needed: once the topics are emptied, new workers and workspaces begin from there. "
    "Set HUIMIN_DEPOT (to what the workers' --depot is), then try again.",
)


class NetworkTopics(Protocol):
    """The topics of a network (``connectors.kafka.topic_erasure``)."""

    @property
    def stages(self) -> tuple[str, ...]: ...
    def purge_reports(self) -> Mapping[str, PurgeReport]: ...
    def begin_segments(self) -> dict[str, int]: ...
    def erase_person(self, upto: Mapping[str, int], person: int) -> TopicErasure: ...


def network_host(host: object) -> NetworkHost:
    """The host of a network, with a depot.

    Raises:
        Refused: it has no depot.
    """
    from streams.network.network_host import NetworkHost

    assert isinstance(host, NetworkHost)
    if not host.ships:
        raise Refusal(NO_DEPOT)
    return host


def topics_of(workspace: Workspace) -> NetworkTopics:
    """The topics of a workspace's network."""
    from connectors.kafka.topic_erasure import ClusterTopics as KafkaTopics
    from infra.kafka.connection import Connection
    from infra.kafka.membership import seal_of
    from infra.kafka.topics import declared_topics, network_id

    connection, prefix = Connection.of(workspace.environment), workspace.network
    assert prefix is not None
    seal = seal_of(workspace.environment, connection, prefix, network_id(connection, prefix))
    shards = next(topic.partitions for topic in declared_topics(connection, prefix) if topic.name == f"{prefix}orders")
    return KafkaTopics(connection.client(), prefix, seal, shards)


def erase_from_network(
    topics: NetworkTopics, host: NetworkHost, message: PersonErased, person: int, seconds: float = WAIT_SECONDS
) -> TopicErasure:
    """Takes a person out of workers and topics, after the decision was submitted and the replica scrubbed.

    Raises:
        HuiminError: not every stage has purged in time, or a stage has no depot; to be done again when that is mended.
        NoAnswer: the broker.
    """
    _all_purged(topics, host.refresh().erasures.decision_count, seconds)
    starts = topics.begin_segments()
    host.submit(replace(message, traces=()))
    purged = _all_purged(topics, host.state.erasures.decision_count, seconds)
    if alone := [name for name in topics.stages if not purged[name].shipped]:
        raise HuiminError(_alone(alone), 1)
    host.refresh()
    host.ship()
    upto = {name: purged[name].offset + 1 for name in topics.stages}
    return topics.erase_person({"dead-letters-0": starts["dead-letters-0"], **upto}, person)


def _all_purged(topics: NetworkTopics, asked: int, seconds: float) -> Mapping[str, PurgeReport]:
    """The reports of all stages, once each has carried out this number of decisions."""
    until = time.monotonic() + seconds
    while True:
        purged = topics.purge_reports()
        late = [name for name in topics.stages if name not in purged or purged[name].erased < asked]
        if not late:
            return purged
        if time.monotonic() > until:
            raise HuiminError(_late(late), 1)
        time.sleep(0.2)


def _late(stages: list[str]) -> Text:
    names = ", ".join(stages)
    return Text(
        f"已删除，名单中不再有此人；但这些阶段还没有清除旧数据：{names}。请等它们做完，或启动缺少的工作进程，再运行 huimin erase finish。",
        f"The decision counts, and no list has this person; but these stages have not purged what lies behind: {names}. "
        "Wait for them, or start the workers that are missing, then run huimin erase finish.",
    )


def _alone(stages: list[str]) -> Text:
    names = ", ".join(stages)
    return Text(
        f"这些阶段没有快照库：{names}；主题因此不能清空。请用 --depot 启动工作进程，再运行 huimin erase finish。",
        f"The snapshots of these stages are in no depot: {names}; so the topics cannot be emptied. Start the workers with --depot, "
        "then run huimin erase finish.",
    )
