"""A unit's topic into a workspace, and editions out to an agency's topic: where the ports of both meet a broker.

The one idea: nothing of this is kept with the broker. How far a unit's topic was taken in stands in the state; how far an agency was sent,
in one small file of the workspace.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from policies.problems import HuiminError, meant
from policies.values import Text

if TYPE_CHECKING:
    from connectors.delivery import DeliveryReport
    from connectors.flaws import Flaw
    from connectors.topics_out import SentReport
    from infra.kafka.connection import Connection
    from infra.workspace import Workspace
    from policies.catalogue import Feed
    from streams.editions import Edition
    from streams.host import Host


@dataclass(frozen=True, slots=True)
class Until:
    """When to end: when told, or (``once``) at the end of what is there now."""

    stop: Callable[[], bool]
    once: bool = False


def listen(
    workspace: Workspace, host: Host, connection: Connection, name: str, source: int, topic: str, until: Until
) -> list[DeliveryReport]:
    """Take in a unit's topic.

    Args:
        name: of the feed.

    Returns:
        What came of it, a report for each delivery (each partition).

    Raises:
        NoTopic: there is none. LostMessages: some were never taken in and are gone. Unreachable, Refused, NoAnswer: Kafka.
    """
    from connectors.topic_deliveries import Wanted
    from connectors.topics import TopicReader, TopicWriter
    from connectors.topics_in import Listener
    from connectors.topics_in import listen as listened

    feed, client = host.state.catalogue.feeds[name], connection.client()
    letters = _dead_letters(connection, prefix_of(workspace))
    quarantine = _Quarantine(workspace, feed, source)
    with closing(TopicReader(client, topic)) as reading, closing(TopicWriter(client, letters)) as dead:
        wanted = Wanted(topic, feed, source)
        listener = Listener(host, wanted, workspace.tokens(), workspace.vault(), dead, quarantine.note, quarantine.flush)
        listened(reading, listener, until.stop, until.once)
    return listener.reports


def send(workspace: Workspace, connection: Connection, agency: str, topic: str, until: Until) -> SentReport:
    """Send an agency the editions of its policies.

    Raises:
        HuiminError: no such agency; the workspace is not part of a network, or does not know a policy of it.
        NoTopic: there is none. LostEditions: some were never sent and are gone. Unreachable, Refused, NoAnswer: Kafka.
    """
    from connectors.topics import TopicReader, TopicWriter
    from connectors.topics_out import MarkFile
    from connectors.topics_out import send as sent

    if workspace.network is None:
        raise HuiminError(_ALONE, 2)
    agencies = _Agencies(workspace)
    agencies.known_unit(agency)
    _there(connection, topic)
    mark = MarkFile(workspace.folder("exports") / f"{topic}.{agency}.mark.json")
    client, editions = connection.client(), f"{workspace.network}editions"
    with closing(TopicReader(client, editions)) as reading, closing(TopicWriter(client, topic)) as writing:
        return sent(reading, writing, mark, lambda edition: agencies.of(edition) == agency, until.stop, until.once)


def prefix_of(workspace: Workspace) -> str:
    """How the names of our topics begin: as the network says, or as usual."""
    from infra.kafka.topics import PREFIX

    return workspace.network or PREFIX


def _dead_letters(connection: Connection, prefix: str) -> str:
    """The topic of dead letters, made where it is missing."""
    from infra.kafka.topics import create, declared

    name = f"{prefix}dead-letters"
    create(connection, [one for one in declared(connection, prefix) if one.name == name])
    return name


def _there(connection: Connection, topic: str) -> None:
    """Passes a topic that is there: a producer would wait for it for a minute.

    Raises:
        NoTopic: it is not. Unreachable, Refused: Kafka.
    """
    from connectors.topics import NoTopic
    from infra.kafka.reach import admin, asked

    with admin(connection) as client:
        if any(one["error_code"] for one in asked(lambda: client.describe_topics([topic]))):
            raise NoTopic(topic)


class _Agencies:
    """Which agency carries out each version; the state is looked at again where a version is new to us, and let go at once."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace, self._of = workspace, dict[tuple[str, int], str]()
        self._units: list[str] = []
        self._look()

    def known_unit(self, agency: str) -> None:
        """Passes the id of a unit.

        Raises:
            HuiminError: there is none; says which is near.
        """
        if agency not in self._units:
            near = meant(agency, self._units)
            raise HuiminError(Text(f"没有单位“{agency}”。{near.zh}", f"There is no unit {agency!r}.{near.en}"), 2)

    def of(self, edition: Edition) -> str:
        """The agency of the version that made an edition: the newest of its lines.

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
            self._units = list(state.catalogue.units) if state.begun else []
            for name, versions in state.registry.versions.items():
                self._of |= {(name, number): version.policy.agency for number, version in versions.items()}


class _Quarantine:
    """The reports of the deliveries of a topic: a line for each broken cell, on the disk before its row is submitted."""

    def __init__(self, workspace: Workspace, feed: Feed, source: int) -> None:
        self._folder, self._stem = workspace.folder("quarantine"), f"{feed.name}.{feed.sources[source].unit}"
        self._facts = {"feed": feed.name, "unit": feed.sources[source].unit}
        self._lines: dict[int, list[str]] = {}
        self._begun: set[int] = set()

    def note(self, report: DeliveryReport, flaw: Flaw) -> None:
        if report.number not in self._begun:
            self._begun.add(report.number)
            self._without_those_behind(report)
        self._lines.setdefault(report.number, []).append(json.dumps(self._line(report, flaw), ensure_ascii=False) + "\n")

    def flush(self) -> None:
        for number, lines in self._lines.items():
            with self._path(number).open("a", encoding="utf-8") as file:
                file.writelines(lines)
        self._lines = {}

    def _without_those_behind(self, report: DeliveryReport) -> None:
        """Rows that were told and then not submitted come again."""
        path = self._path(report.number)
        if path.exists():
            lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
            whole = (line for line in lines if line.endswith("}\n"))  # the last one may have been cut by a crash
            path.write_text("".join(line for line in whole if json.loads(line)["row"] <= report.resumed_behind), encoding="utf-8")

    def _line(self, report: DeliveryReport, flaw: Flaw) -> dict[str, Any]:
        from connectors.flaws import EXPECTED

        expected = EXPECTED[flaw.rule]
        words = {"expected": {"zh": expected.zh, "en": expected.en}, "found": {"zh": flaw.found.zh, "en": flaw.found.en}}
        return {**self._facts, "delivery": report.number, "row": flaw.row, "column": flaw.column, "rule": flaw.rule.name.lower(), **words}

    def _path(self, number: int) -> Path:
        return self._folder / f"{self._stem}.{number}.jsonl"


_ALONE = Text(
    "此工作区不在 Kafka 网络中，没有各期名单的主题可发。请用 huimin kafka join 加入网络；单机的名单用 huimin candidates export 导出。",
    "This workspace is not part of a network on Kafka, so there is no topic of editions to send from. Join one with huimin kafka join; a "
    "list of this machine alone is exported with huimin candidates export.",
)
