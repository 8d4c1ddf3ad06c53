"""The topics of a network without somebody who was erased: emptied up to where every stage goes on without them, or written again.

The one idea: Kafka takes nothing out of the middle of a topic, only everything before an offset, and it lets go of a file (a *segment*)
only once all of it lies before. So a message that means nothing begins a new segment in every topic (``rolled``); when every stage has gone
beyond it (``streams.network.stages.Purged``), everything before is deleted. What is kept for good, changes and editions, is written again
first, to the end of the same topic (``connectors.kafka.rewritten_topics``). Each may be done again, from wherever it was stopped. The
broker removes the files by its own checks (``log.retention.check.interval.ms``, ``file.delete.delay.ms``).
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
from connectors.kafka.rewritten_topics import NOTHING, REWRITTEN, closing, in_order, once, word
from policies.problems.problems import Conflict, HuiminError
from policies.values import Text
from streams.language.events import DIGEST
from streams.language.messages import Blank
from streams.lists.editions import Edition
from streams.lists.lines import lines
from streams.network.orders import Order, PartitionLines, encode_order, encode_partition_lines
from streams.network.stages import Purged
from streams.wire.seal import Seal
from streams.wire.wire import decode_changes, decode_edition, encode, encode_changes, encode_edition

SETTLED_SECONDS = 0.5
"""How long a broker may take to know what it was told of a topic."""
SEGMENT_AGE = "segment.ms"
ROLL_MS = "1"
"""Age of the first message of a segment from which on the next message begins a new one, while topics are rolled."""

TIMES = 5
"""How often a topic is written again at most, where others write it again meanwhile."""
WINDOW = 10_000
"""Copies on their way, from which on the first is waited for."""

Anew: TypeAlias = Callable[[Iterator[Any], int], Iterator[tuple[Any, bytes]]]
"""Gives each message of a topic, in order, with the body it is to have without a person."""


class NotAltered(HuiminError):
    """The operator's: the Kafka does not let us set for how long a topic writes to one file; 1."""

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
    """The operator's: others write the same topic again; trying again helps; 5."""

    def __init__(self, topic: str) -> None:
        super().__init__(
            Text(
                f"主题 {topic} 正被别处同时重写，未能清除。请等那边的删除做完，再运行 huimin erase finish。",
                f"Others are writing the topic {topic} again at the same time, so it is not clean. Wait until their erasure is done, "
                "then run huimin erase finish.",
            )
        )


@dataclass(frozen=True, slots=True)
class Emptied:
    """What was done: messages deleted from the topics that are not kept for good, and written again of those that are."""

    deleted: int = 0
    rewritten: int = 0


class Topics:
    """The topics of a network.

    Args:
        client: the arguments of every kafka-python client (``infra.kafka.connection``).
        prefix: of the topics' names.
        seal: of the network; what is written again is sealed anew.
        shards: partitions of the orders topic.

    Raises:
        NoAnswer: the broker does not answer, or refuses; of every method.
    """

    def __init__(self, client: Mapping[str, Any], prefix: str, seal: Seal, shards: int) -> None:
        self._client, self._prefix, self._seal, self._shards = dict(client), prefix, seal, shards

    @property
    def stages(self) -> tuple[str, ...]:
        """Every stage that must purge."""
        return ("inputs-0", *(f"orders-{shard}" for shard in range(self._shards)), "lines-0")

    def purged(self) -> dict[str, Purged]:
        """By stage, the last purge it told of."""
        return ProgressTopic(self._client, self._prefix, self._seal).purged()

    def rolled(self) -> dict[str, int]:
        """Begins a new segment in each partition that is emptied later; by partition, the offset of its first message."""
        nothing: dict[tuple[str, int], bytes] = {("inputs", 0): encode(Blank()), ("dead-letters", 0): b""}
        nothing |= {("orders", shard): encode_order(Order(shard, 0, 0, ())) for shard in range(self._shards)}
        nothing["lines", 0] = encode_partition_lines(PartitionLines(0, 0, lines((), 0)))
        with self._rolling("inputs", "orders", "lines", "dead-letters"), self._producer() as send:
            return {f"{topic}-{partition}": send(topic, partition, NOTHING, body, [])() for (topic, partition), body in nothing.items()}

    def emptied(self, upto: Mapping[str, int], person: int) -> Emptied:
        """Deletes every message of a partition before an offset; and writes changes and editions again without a person."""
        places = {name: name.rpartition("-") for name in upto}
        deleted = self._deleted({(topic, int(partition)): upto[name] for name, (topic, _, partition) in places.items()})
        # editions first: what they say of themselves must be there when changes have blank lines (``ChangesTopic.manifests``)
        return Emptied(deleted, self._without("editions", person) + self._without("changes", person))

    def _without(self, topic: str, person: int) -> int:
        """Writes a topic again until nothing in it names a person; how many messages."""
        written, named = 0, _NAMED[topic]
        for _ in range(TIMES):
            if not any(named(record.value, person) for record in self._records(topic) if record.key != NOTHING):
                return written
            written += self._again(topic, person)
        raise StillThere(self._prefix + topic)

    def _again(self, topic: str, person: int) -> int:
        """Writes all there is in a topic to its end again, and deletes what lies before."""
        number, anew = _KEPT[topic]
        run, first = uuid.uuid4().hex[:12], self._first(topic)
        with self._producer() as send:
            with self._rolling(topic):  # not longer: each message would begin a segment
                begin = send(topic, 0, NOTHING, b"", [(REWRITTEN, word(run))])()  # whatever comes behind it stays
            last = b""
            for one in once(in_order(self._before(topic, begin), number)):
                last = one.key
            waiting: deque[Callable[[], int]] = deque()
            written = 0
            for record, body in anew(once(in_order(self._before(topic, begin), number)), person):
                head = [(name, _digest(body) if name == "ce_digest" else value) for name, value in record.headers if name != REWRITTEN]
                waiting.append(send(topic, 0, record.key, body, [*head, (REWRITTEN, word(run, last))]))
                written += 1
                if len(waiting) > WINDOW:
                    waiting.popleft()()
            for acknowledged in waiting:
                acknowledged()
        if self._first(topic) == first:  # or others deleted what was still to be copied: all of this run is passed over
            self._deleted({(topic, 0): begin})
        return written

    def _before(self, topic: str, offset: int) -> Iterator[Any]:
        return (one for one in self._records(topic) if one.offset < offset and one.key != NOTHING)

    def _records(self, topic: str) -> Iterator[Any]:
        """All that members wrote to a topic; what others wrote is not copied, and goes with what lies before the copies."""
        return all_records(self._client, self._prefix, topic, self._seal)

    def _first(self, topic: str) -> int:
        """The first offset of a topic."""
        from kafka import KafkaConsumer, TopicPartition

        where = TopicPartition(self._prefix + topic, 0)
        with self._told(), closing_of(KafkaConsumer(**self._client)) as consumer:
            return int(consumer.beginning_offsets([where])[where])

    def _deleted(self, before: Mapping[tuple[str, int], int]) -> int:
        """Deletes the messages of partitions before an offset; how many there were."""
        from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition

        wanted = {TopicPartition(self._prefix + topic, partition): offset for (topic, partition), offset in before.items()}
        with self._told(), closing_of(KafkaConsumer(**self._client)) as consumer, closing_of(KafkaAdminClient(**self._client)) as admin:
            first = consumer.beginning_offsets(list(wanted))
            ahead = {where: offset for where, offset in wanted.items() if offset > first[where]}
            if ahead:
                admin.delete_records(ahead)
        return sum(offset - first[where] for where, offset in ahead.items())

    @contextmanager
    def _rolling(self, *topics: str) -> Iterator[None]:
        """While this lasts the next message of a topic begins a new segment; then the topic is set as it was."""
        from kafka import KafkaAdminClient
        from kafka.admin import ConfigResource

        names = [self._prefix + topic for topic in topics]

        def altered(admin: Any, values: Mapping[str, tuple[str, str]]) -> None:
            said = admin.alter_configs([ConfigResource("TOPIC", name, {SEGMENT_AGE: values[name]}) for name in names])["topic"]
            for name, answer in said.items():
                if answer != "OK":
                    raise NotAltered(name, answer)

        with self._told(), closing_of(KafkaAdminClient(**self._client)) as admin:
            there = admin.describe_configs([ConfigResource("TOPIC", name, [SEGMENT_AGE]) for name in names])["topic"]
            ages = {name: there.get(name, {}).get(SEGMENT_AGE, {}).get("value") for name in names}
            before = {name: ("DELETE", "") if age in (None, ROLL_MS) else ("SET", str(age)) for name, age in ages.items()}
            altered(admin, dict.fromkeys(names, ("SET", ROLL_MS)))
            try:
                time.sleep(SETTLED_SECONDS)
                yield
            finally:
                altered(admin, before)

    @contextmanager
    def _producer(self) -> Iterator[Callable[[str, int, bytes, bytes, list[tuple[str, bytes]]], Callable[[], int]]]:
        """What sends a message; what is given waits for the broker and says its offset."""
        from kafka import KafkaProducer

        def send(topic: str, partition: int, key: bytes, body: bytes, head: list[tuple[str, bytes]]) -> Callable[[], int]:
            sealed = self._seal.with_seal(topic, partition, key, head, body)
            future = producer.send(self._prefix + topic, value=body, key=key, headers=sealed, partition=partition)
            return lambda: int(future.get(timeout=SECONDS).offset)

        with self._told(), closing_of(
            KafkaProducer(**self._client, acks="all", enable_idempotence=True, max_request_size=MOST_BYTES)
        ) as producer:  # fmt: skip
            yield send

    @contextmanager
    def _told(self) -> Iterator[None]:
        from kafka.errors import KafkaError

        try:
            yield
        except KafkaError as error:
            raise NoAnswer(self._prefix, error) from error


def _digest(body: bytes) -> bytes:
    """The digest of a frame, as its headers tell it (``streams.language.events``)."""
    return body[DIGEST].hex().encode()


def _changes(records: Iterator[Any], person: int) -> Iterator[tuple[Any, bytes]]:
    """Each message of changes with its lines, hers blank."""
    for record in records:
        found = decode_changes(record.value)
        hers = found.subject == np.uint64(person)
        yield record, encode_changes(found.blanked(hers)) if hers.any() else record.value


def _editions(records: Iterator[Any], person: int) -> Iterator[tuple[Any, bytes]]:
    """Each edition without her lines, and a manifest that says how much of it is missing; its digests are what they were.

    How much: of the counts it was closed with, what its lines, and the list they lead to, do not come to any more.
    """
    listed: dict[str, set[int]] = {}
    for record in records:
        edition = decode_edition(record.value)
        on = listed.setdefault(edition.policy, set())
        kept = tuple(change for change in edition.changes if change.subject != person)
        for change in kept:
            (on.discard if change.status is None else on.add)(change.subject)
        said = edition.manifest
        erased = said.entered + said.left + said.changed - len(kept)
        unlisted = sum(count for _, count in said.listed) - len(on)
        yield record, encode_edition(Edition(replace(said, erased=erased, unlisted=unlisted), kept))


def _lines_of(body: bytes, person: int) -> bool:
    return bool((decode_changes(body).subject == np.uint64(person)).any())


def _edition_of(body: bytes, person: int) -> bool:
    return any(change.subject == person for change in decode_edition(body).changes)


_KEPT: Mapping[str, tuple[Callable[[Any], Any], Anew]] = {
    "changes": (lambda record: int(record.key), _changes),
    "editions": (closing, _editions),
}
"""The topics that are kept for good: the number of a message, and how it is written again."""
_NAMED: Mapping[str, Callable[[bytes, int], bool]] = {"changes": _lines_of, "editions": _edition_of}
"""Does a message of theirs name a person?"""
