"""A unit's topic into a workspace, and editions out to an agency's topic.

The verbs ``feed listen`` and ``candidates send`` call this.

The broker keeps no position of ours: the state says how far a unit's topic was taken in, and a small file of the workspace how far editions
were sent to an agency.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from policies.problems.problems import HuiminError, suggestion
from policies.values import Text
from services.access.run import enter_source, show
from services.deliveries.clock import Trust, day_of_receipt
from services.deliveries.delivery import source_of
from services.lists.holds import Notify, announce_holds
from services.lookup import feed_named
from services.progress import Progress, silent
from services.results import Hidden, PlainShare
from services.state.as_of import begin_first_day

if TYPE_CHECKING:
    from datetime import date

    from connectors.intake.delivery import DeliveryReport
    from connectors.intake.flaws import Flaw
    from infra.kafka.connection import Connection
    from infra.workspace.workspace import Workspace
    from streams.host import Host
    from streams.lists.editions import Edition
    from streams.wire.seal import Seal


@dataclass(frozen=True, slots=True)
class Until:
    """When to end: when ``stop`` says so, or with ``once`` at the end of the messages that are there now."""

    stop: Callable[[], bool]
    once: bool = False


@dataclass(frozen=True, slots=True)
class TopicDelivery:
    """What was taken in of a partition of a unit's topic, which is one delivery without end.

    Args:
        id, delivery: the name and the number of the delivery.
        unplaced: messages that name nobody.
        resumed_behind: how many had been taken in before.
        changes: how many lines of lists they caused.
        older, same: messages that are older than the stored records; that repeat stored records.
        void: so many messages name nobody that the delivery proves no absence.
    """

    id: str
    feed: str
    unit: str
    delivery: int
    rows: int
    unplaced: int
    quarantined: int
    deleted: int
    resumed_behind: int
    changes: int
    older: int
    same: int
    void: Annotated[bool, Hidden]


@dataclass(frozen=True, slots=True)
class TopicIntake:
    """What was taken in of a unit's topic.

    Args:
        dead_letters: the topic of the messages that name nobody.
        max_unplaced: their largest share that the contract allows.
    """

    topic: str
    deliveries: tuple[TopicDelivery, ...]
    dead_letters: Annotated[str, Hidden]
    max_unplaced: Annotated[PlainShare, Hidden]


@dataclass(frozen=True, slots=True)
class SentEditions:
    """What was sent to an agency's topic.

    Args:
        unproved: messages without the seal of a member; they were not sent.
    """

    topic: str
    agency: str
    editions: int
    lines: int
    unproved: Annotated[int, Hidden]


def take_in_topic(
    workspace: Workspace, name: str, topic: str, until: Until, today: Callable[[], date], *, source: str | None = None,
    trust: Trust | None, notify: Notify, progress: Progress = silent,
) -> TopicIntake:  # fmt: skip
    """Take in a unit's topic, from where the last run ended.

    Args:
        name: of the feed.
        today: gives the day of receipt.
        source: the unit; needed where the feed has several.
        trust: whether a clock far ahead of the state is right (``services.deliveries.clock``); None where it is.

    Raises:
        HuiminError: no such feed or source. Conflict: the clock is not right.
        NoTopic: there is none. LostMessages: some were never taken in and are gone. Unreachable, Refused, NoAnswer: Kafka.
    """
    from infra.kafka.connection import Connection
    from infra.workspace.contracts import deliverable

    connection = Connection.of(workspace.environment)
    contract = feed_named(deliverable(workspace, name), name)
    position = source_of(contract, source)
    enter_source(name, contract.sources[position].unit)
    with workspace.writing() as host, announce_holds(host, notify):
        begin_first_day(host, today())
        day_of_receipt(host, today(), trust)
        with progress(Text(f"接收主题 {topic}", f"Listening to {topic}"), None):
            reports = _listen(workspace, host, connection, name, position, topic, until, lambda: max(today(), host.state.day))
    deliveries = (
        TopicDelivery(
            r.id,
            r.feed,
            r.unit,
            r.number,
            r.rows,
            r.unplaced,
            r.quarantined,
            r.deleted,
            r.resumed_behind,
            r.changes,
            r.older,
            r.same,
            contract.too_many_unplaced(r.unplaced, r.rows),
        )
        for r in reports
    )
    return TopicIntake(topic, tuple(deliveries), f"{_prefix(workspace)}dead-letters", contract.max_unplaced)


def _listen(
    workspace: Workspace, host: Host, connection: Connection, name: str, source: int, topic: str, until: Until, today: Callable[[], date]
) -> list[DeliveryReport]:
    """Takes in a topic; returns a report for each delivery, that is for each partition."""
    from connectors.kafka.topic_deliveries import TopicSource
    from connectors.kafka.topics import SealedWriter, TopicReader, TopicWriter
    from connectors.kafka.unit_topics import Listener
    from connectors.kafka.unit_topics import listen as listen_to
    from services.deliveries.quarantine import Quarantine

    def note(report: DeliveryReport, flaw: Flaw) -> None:
        quarantine.note(report.number, flaw, report.resumed_behind)

    feed, client = host.state.catalogue.feeds[name], connection.client()
    letters, seal = _dead_letters(connection, _prefix(workspace)), _seal(workspace, connection)
    quarantine = Quarantine(workspace, feed, source, topic)
    with closing(TopicReader(client, topic)) as reading, closing(TopicWriter(client, letters)) as plain:
        wanted, dead = TopicSource(topic, feed, source), plain if seal is None else SealedWriter(plain, "dead-letters", seal)
        listener = Listener(host, wanted, workspace.tokens(), workspace.vault(), dead, today, note, quarantine.flush)
        before = {delivery.number: (delivery.older, delivery.same) for delivery in host.state.deliveries.of(name, source)}
        listen_to(reading, listener, until.stop, until.once)
    for delivery in host.state.deliveries.of(name, source):
        for report in listener.reports:
            if report.number == delivery.number:
                older, same = before.get(delivery.number, (0, 0))
                report.older, report.same = delivery.older - older, delivery.same - same
    return listener.reports


def send_editions(workspace: Workspace, agency: str, topic: str, until: Until) -> SentEditions:
    """Send an agency the editions of its policies.

    Raises:
        HuiminError: there is no such agency; or the workspace is not part of a network, or does not know one of its policies.
        NoTopic: there is none. LostEditions: some were never sent and are gone. Unreachable, Refused, NoAnswer: Kafka.
    """
    from connectors.kafka.agency_topics import MarkFile
    from connectors.kafka.agency_topics import send as send_to_agency
    from connectors.kafka.topics import TopicReader, TopicWriter
    from infra.kafka.connection import Connection

    connection = Connection.of(workspace.environment)
    if workspace.network is None:
        raise HuiminError(_ALONE, 2)
    agencies = _Agencies(workspace)
    agencies.known_unit(agency)
    show(None, ())
    _there(connection, topic)
    mark = MarkFile(workspace.folder("exports") / f"{topic}.{agency}.mark.json")
    client, editions, seal = connection.client(), f"{workspace.network}editions", _seal(workspace, connection)
    assert seal is not None
    with closing(TopicReader(client, editions)) as reading, closing(TopicWriter(client, topic)) as writing:
        report = send_to_agency(reading, writing, mark, seal, lambda edition: agencies.of(edition) == agency, until.stop, until.once)
    return SentEditions(topic, agency, report.editions, report.lines, report.unproved)


def _seal(workspace: Workspace, connection: Connection) -> Seal | None:
    """The seal of a workspace's network; None where it is on its own."""
    from infra.kafka.membership import seal_of
    from infra.kafka.topics import network_id

    if (prefix := workspace.network) is None:
        return None
    return seal_of(workspace.environment, connection, prefix, network_id(connection, prefix))


def _prefix(workspace: Workspace) -> str:
    """The prefix of our topics: the network's, or the usual one."""
    from infra.kafka.topics import PREFIX

    return workspace.network or PREFIX


def _dead_letters(connection: Connection, prefix: str) -> str:
    """The topic of dead letters; makes it where it is missing."""
    from infra.kafka.topics import create_topics, declared_topics

    name = f"{prefix}dead-letters"
    create_topics(connection, [topic for topic in declared_topics(connection, prefix) if topic.name == name])
    return name


def _there(connection: Connection, topic: str) -> None:
    """Passes a topic that exists; for a missing one a producer would wait a minute.

    Raises:
        NoTopic: it does not exist. Unreachable, Refused: Kafka.
    """
    from connectors.kafka.topics import NoTopic
    from infra.kafka.reach import admin, ask

    with admin(connection) as client:
        if any(answer["error_code"] for answer in ask(lambda: client.describe_topics([topic]))):
            raise NoTopic(topic)


class _Agencies:
    """The agency of each policy version. For a version that is new here, the state is read again, and closed at once."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace, self._of = workspace, dict[tuple[str, int], str]()
        self._units: list[str] = []
        self._look()

    def known_unit(self, agency: str) -> None:
        """Passes the id of a unit.

        Raises:
            HuiminError: there is no such unit; names a similar one.
        """
        if agency not in self._units:
            near = suggestion(agency, self._units)
            raise HuiminError(Text(f"没有单位“{agency}”。{near.zh}", f"There is no unit {agency!r}.{near.en}"), 2)

    def of(self, edition: Edition) -> str:
        """The agency of the version that made an edition: the newest version among its lines.

        Raises:
            HuiminError: the policy was not published here.
        """
        version = (edition.policy, max(change.version for change in edition.changes))
        if version not in self._of:
            self._look()
        if version not in self._of:
            name = f"{version[0]}@{version[1]}"
            raise HuiminError(
                Text(
                    f"名单 {name} 的政策不在此工作区所属的网络里，没有发送。请核对工作区和 KAFKA_BOOTSTRAP。",
                    f"An edition is of {name}, which the network of this workspace does not know; it was not sent. Look at the workspace "
                    "and KAFKA_BOOTSTRAP.",
                ),
                5,
            )
        return self._of[version]

    def _look(self) -> None:
        with self._workspace.reading() as host:
            state = host.refresh()
            self._units = list(state.catalogue.units) if state.has_catalogue else []
            for name, versions in state.registry.versions.items():
                self._of |= {(name, number): version.policy.agency for number, version in versions.items()}


_ALONE = Text(
    "此工作区不在 Kafka 网络中，没有各期名单的主题可发。请用 huimin kafka join 加入网络；单机的名单用 huimin candidates export 导出。",
    "This workspace is not part of a network on Kafka, so there is no topic of editions to send from. Join one with huimin kafka join; a "
    "list of this machine alone is exported with huimin candidates export.",
)
