"""Erases a person from the topics of a distributed host: old messages are deleted, permanent topics are rewritten.

Called by ``services.erasure.network_erasing``. Kafka deletes only everything before an offset, and removes a file (a *segment*) only when
all of it is before. So a message without meaning begins a new segment in every topic (``rolled``). When every stage has purged beyond it
(``streams.network.stages.PurgeReport``), everything before it is deleted. Changes and editions are permanent: their topics are rewritten
(``connectors.kafka.rewritten_topics``). Every step may be repeated. The broker removes files in its own time
(``log.retention.check.interval.ms``, ``file.delete.delay.ms``).
Source: Apache Kafka 4.4, "Topic Configs", ``kafka-delete-records``; docs/en/semantics.md section 16.
"""

from __future__ import annotations

import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing as closing_of
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from connectors.kafka.broker import MOST_BYTES, SECONDS, NoAnswer, ProgressTopic, all_records
from connectors.kafka.rewritten_topics import NOTHING, REWRITTEN, distinct_messages, edition_order, in_order, run_label
from policies.problems.problems import Conflict, HuiminError
from policies.values import Text
from streams.language.messages import Blank
from streams.lists.editions import Edition
from streams.lists.lines import lines
from streams.network.orders import Order, PartitionLines, encode_order, encode_partition_lines
from streams.network.stages import PurgeReport
from streams.wire.cloudevents import DIGEST
from streams.wire.seal import Seal
from streams.wire.wire import decode_changes, decode_edition, encode, encode_changes, encode_edition

SETTLED_SECONDS = 0.5
"""How long a broker may take to apply a changed setting of a topic."""
SEGMENT_AGE = "segment.ms"
ROLL_MS = "1"
"""Age of a segment after which the next message begins a new one, while topics are rolled."""

TIMES = 5
"""How often a topic is rewritten at most, where others rewrite it meanwhile."""
WINDOW = 10_000
"""Copies without acknowledgement after which the first is waited for."""

Anew: TypeAlias = Callable[[Iterator[Any], int], Iterator[tuple[Any, bytes]]]
"""Gives each message of a topic in order, with its new body without a person."""


class TopicConfigRefusal(HuiminError):
    """The operator's: Kafka does not let us set the age of a topic's segments; 1."""

    def __init__(self, topic: str, why: str) -> None:
        super().__init__(
            Text(
                f"主题 {topic} 的 {SEGMENT_AGE} 无法设置（{why}），旧数据因此留在磁盘上。请让管 Kafka 的人授予 AlterConfigs，再试一次。",
                f"{SEGMENT_AGE} of the topic {topic} cannot be set ({why}), so what was deleted would stay on the disk. Ask whoever keeps "
                "this Kafka for AlterConfigs, then try again.",
            ),
            1,
        )


class StillThere(Conflict):
    """The operator's: others rewrite the same topic; trying again helps; 5."""

    def __init__(self, topic: str) -> None:
        super().__init__(
            Text(
                f"主题 {topic} 正被别处同时重写，未能清除。请等那边的删除做完，再运行 huimin erase finish。",
                f"Others are writing the topic {topic} again at the same time, so it is not clean. Wait until their erasure is done, "
                "then run huimin erase finish.",
            )
        )


@dataclass(frozen=True, slots=True)
class TopicErasure:
    """Messages deleted from topics that are not permanent, and rewritten in those that are."""

    deleted: int = 0
    rewritten: int = 0


class ClusterTopics:
    """The topics of a distributed host.

    Args:
        client: the arguments of every kafka-python client (``infra.kafka.connection``).
        prefix: of the topics' names.
        seal: of the network, for rewritten messages.
        partitions: partitions of the orders topic.

    Raises:
        NoAnswer: the broker does not answer, or refuses; every method may raise it.
    """

    def __init__(self, client: Mapping[str, Any], prefix: str, seal: Seal, partitions: int) -> None:
        self._client, self._prefix, self._seal, self._partitions = dict(client), prefix, seal, partitions

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages that must purge."""
        return ("inputs-0", *(f"orders-{partition}" for partition in range(self._partitions)), "lines-0")

    def purge_reports(self) -> dict[str, PurgeReport]:
        """The last purge of each stage, by stage."""
        return ProgressTopic(self._client, self._prefix, self._seal).purge_reports()

    def begin_segments(self) -> dict[str, int]:
        """Begins a new segment in each partition that is emptied later; returns the offset of its first message, by partition."""
        nothing: dict[tuple[str, int], bytes] = {("inputs", 0): encode(Blank()), ("dead-letters", 0): b""}
        nothing |= {("orders", partition): encode_order(Order(partition, 0, 0, ())) for partition in range(self._partitions)}
        nothing["lines", 0] = encode_partition_lines(PartitionLines(0, 0, lines((), 0)))
        with self._rolling("inputs", "orders", "lines", "dead-letters"), self._producer() as send:
            return {f"{topic}-{partition}": send(topic, partition, NOTHING, body, [])() for (topic, partition), body in nothing.items()}

    def erase_person(self, upto: Mapping[str, int], person: int) -> TopicErasure:
        """Deletes the messages of partitions before an offset, and rewrites changes and editions without a person."""
        places = {name: name.rpartition("-") for name in upto}
        deleted = self._delete_before({(topic, int(partition)): upto[name] for name, (topic, _, partition) in places.items()})
        # editions first: their manifests must be there when changes have blank lines (``ChangesTopic.manifests``)
        return TopicErasure(deleted, self._without("editions", person) + self._without("changes", person))

    def _without(self, topic: str, person: int) -> int:
        """Rewrites a topic until no message names a person; returns how many were written."""
        count, names_person = 0, _MENTIONS[topic]
        for _ in range(TIMES):
            if not any(names_person(record.value, person) for record in self._records(topic) if record.key != NOTHING):
                return count
            count += self._again(topic, person)
        raise StillThere(self._prefix + topic)

    def _again(self, topic: str, person: int) -> int:
        """Copies all messages of a topic to its end, and deletes those before; returns how many were written."""
        number, anew = _REWRITERS[topic]
        run, first = uuid.uuid4().hex[:12], self._first(topic)
        with self._producer() as send:
            with self._rolling(topic):  # no longer, or each message would begin a segment
                begin = send(topic, 0, NOTHING, b"", [(REWRITTEN, run_label(run))])()  # everything behind it stays
            last = b""
            for original in distinct_messages(in_order(self._before(topic, begin), number)):
                last = original.key
            waiting: deque[Callable[[], int]] = deque()
            count = 0
            for record, body in anew(distinct_messages(in_order(self._before(topic, begin), number)), person):
                head = [(name, _digest(body) if name == "ce_digest" else value) for name, value in record.headers if name != REWRITTEN]
                waiting.append(send(topic, 0, record.key, body, [*head, (REWRITTEN, run_label(run, last))]))
                count += 1
                if len(waiting) > WINDOW:
                    waiting.popleft()()
            for wait in waiting:
                wait()
        if self._first(topic) == first:  # else others deleted messages that were not copied yet, and this run is ignored
            self._delete_before({(topic, 0): begin})
        return count

    def _before(self, topic: str, offset: int) -> Iterator[Any]:
        return (record for record in self._records(topic) if record.offset < offset and record.key != NOTHING)

    def _records(self, topic: str) -> Iterator[Any]:
        """The messages of members in a topic; those of others are not copied, and are deleted with the originals."""
        return all_records(self._client, self._prefix, topic, self._seal)

    def _first(self, topic: str) -> int:
        """The first offset of a topic."""
        from kafka import KafkaConsumer, TopicPartition

        where = TopicPartition(self._prefix + topic, 0)
        with self._broker_errors(), closing_of(KafkaConsumer(**self._client)) as consumer:
            return int(consumer.beginning_offsets([where])[where])

    def _delete_before(self, before: Mapping[tuple[str, int], int]) -> int:
        """Deletes the messages of partitions before an offset; returns how many."""
        from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition

        wanted = {TopicPartition(self._prefix + topic, partition): offset for (topic, partition), offset in before.items()}
        with (
            self._broker_errors(),
            closing_of(KafkaConsumer(**self._client)) as consumer,
            closing_of(KafkaAdminClient(**self._client)) as admin,
        ):
            first = consumer.beginning_offsets(list(wanted))
            ahead = {where: offset for where, offset in wanted.items() if offset > first[where]}
            if ahead:
                admin.delete_records(ahead)
        return sum(offset - first[where] for where, offset in ahead.items())

    @contextmanager
    def _rolling(self, *topics: str) -> Iterator[None]:
        """In its block each message of the topics begins a new segment; afterwards their setting is as before."""
        from kafka import KafkaAdminClient
        from kafka.admin import ConfigResource

        names = [self._prefix + topic for topic in topics]

        def set_ages(admin: Any, values: Mapping[str, tuple[str, str]]) -> None:
            answers = admin.alter_configs([ConfigResource("TOPIC", name, {SEGMENT_AGE: values[name]}) for name in names])["topic"]
            for name, answer in answers.items():
                if answer != "OK":
                    raise TopicConfigRefusal(name, answer)

        with self._broker_errors(), closing_of(KafkaAdminClient(**self._client)) as admin:
            there = admin.describe_configs([ConfigResource("TOPIC", name, [SEGMENT_AGE]) for name in names])["topic"]
            ages = {name: there.get(name, {}).get(SEGMENT_AGE, {}).get("value") for name in names}
            before = {name: ("DELETE", "") if age in (None, ROLL_MS) else ("SET", str(age)) for name, age in ages.items()}
            set_ages(admin, dict.fromkeys(names, ("SET", ROLL_MS)))
            try:
                time.sleep(SETTLED_SECONDS)
                yield
            finally:
                set_ages(admin, before)

    @contextmanager
    def _producer(self) -> Iterator[Callable[[str, int, bytes, bytes, list[tuple[str, bytes]]], Callable[[], int]]]:
        """A function that sends a message, and returns one that waits for its offset."""
        from kafka import KafkaProducer

        def send(topic: str, partition: int, key: bytes, body: bytes, head: list[tuple[str, bytes]]) -> Callable[[], int]:
            sealed = self._seal.with_seal(topic, partition, key, head, body)
            future = producer.send(self._prefix + topic, value=body, key=key, headers=sealed, partition=partition)
            return lambda: int(future.get(timeout=SECONDS).offset)

        with self._broker_errors(), closing_of(
            KafkaProducer(**self._client, acks="all", enable_idempotence=True, max_request_size=MOST_BYTES)
        ) as producer:  # fmt: skip
            yield send

    @contextmanager
    def _broker_errors(self) -> Iterator[None]:
        from kafka.errors import KafkaError

        try:
            yield
        except KafkaError as error:
            raise NoAnswer(self._prefix, error) from error


def _digest(body: bytes) -> bytes:
    """The digest of a frame, as in its headers (``streams.wire.cloudevents``)."""
    return body[DIGEST].hex().encode()


def _changes(records: Iterator[Any], person: int) -> Iterator[tuple[Any, bytes]]:
    """Each message of changes, with the person's lines blank."""
    for record in records:
        lines_of_message = decode_changes(record.value)
        matches = lines_of_message.subject == np.uint64(person)
        yield record, encode_changes(lines_of_message.with_blanks(matches)) if matches.any() else record.value


def _editions(records: Iterator[Any], person: int) -> Iterator[tuple[Any, bytes]]:
    """Each edition without the person's lines; its manifest counts what is missing, and keeps its digests.

    Missing are the lines, and the list's candidates, that the edition was closed with and does not hold any more.
    """
    subjects: dict[str, set[int]] = {}
    for record in records:
        edition = decode_edition(record.value)
        on = subjects.setdefault(edition.policy, set())
        others = tuple(change for change in edition.changes if change.subject != person)
        for change in others:
            (on.discard if change.status is None else on.add)(change.subject)
        manifest = edition.manifest
        erased_lines = manifest.entered + manifest.left + manifest.changed - len(others)
        unlisted = sum(count for _, count in manifest.listed) - len(on)
        yield record, encode_edition(Edition(replace(manifest, erased=erased_lines, unlisted=unlisted), others))


def _lines_of(body: bytes, person: int) -> bool:
    return bool((decode_changes(body).subject == np.uint64(person)).any())


def _edition_of(body: bytes, person: int) -> bool:
    return any(change.subject == person for change in decode_edition(body).changes)


_REWRITERS: Mapping[str, tuple[Callable[[Any], Any], Anew]] = {
    "changes": (lambda record: int(record.key), _changes),
    "editions": (edition_order, _editions),
}
"""The permanent topics: the number of a message, and how their messages are rewritten."""
_MENTIONS: Mapping[str, Callable[[bytes, int], bool]] = {"changes": _lines_of, "editions": _edition_of}
"""Whether a message of a permanent topic names a person."""
