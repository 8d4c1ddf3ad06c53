"""The topics of a network without somebody who was erased: emptied up to where every stage goes on without them, or written again.

The one idea: Kafka takes nothing out of the middle of a topic, only everything before an offset, and it lets go of a file (a *segment*)
only once all of it lies before. So a message that means nothing begins a new segment in every topic (``rolled``); when every stage has gone
beyond it (``streams.stages.Purged``), everything before is deleted. What is kept for good, changes and editions, is written again first, to
the end of the same topic (``connectors.rewritten``). Each may be done again, from wherever it was stopped. The broker removes the files by
its own checks (``log.retention.check.interval.ms``, ``file.delete.delay.ms``).
Source: Apache Kafka 4.4, "Topic Configs", ``kafka-delete-records``; docs/semantics.md section 16.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing as closing_of
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from connectors.broker import MOST_BYTES, SECONDS, NoAnswer, ProgressTopic, all_records
from connectors.rewritten import NOTHING, REWRITTEN, closing, in_order
from streams.editions import Edition
from streams.lines import lines
from streams.messages import Blank
from streams.orders import Found, Order, encode_found, encode_order
from streams.stages import Purged
from streams.wire import decode_changes, decode_edition, encode, encode_changes, encode_edition

SETTLED_SECONDS = 0.5
"""How long a broker may take to know what it was told of a topic."""
ROLL_MS = "1"
"""Age of the first message of a segment from which on the next message begins a new one, while topics are rolled."""

Anew: TypeAlias = Callable[[Iterator[Any]], Iterator[tuple[Any, bytes]]]
"""Gives each message with the body it is to have."""


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
        shards: partitions of the orders topic.

    Raises:
        NoAnswer: the broker does not answer, or refuses; of every method.
    """

    def __init__(self, client: Mapping[str, Any], prefix: str, shards: int) -> None:
        self._client, self._prefix, self._shards = dict(client), prefix, shards

    @property
    def stages(self) -> tuple[str, ...]:
        """Every stage that must purge."""
        return ("inputs-0", *(f"orders-{shard}" for shard in range(self._shards)), "lines-0")

    def purged(self) -> dict[str, Purged]:
        """By stage, the last purge it told of."""
        return ProgressTopic(self._client, self._prefix).purged()

    def rolled(self) -> dict[str, int]:
        """Begins a new segment in each partition that is emptied later; by partition, the offset of its first message."""
        nothing: dict[tuple[str, int], bytes] = {("inputs", 0): encode(Blank()), ("dead-letters", 0): b""}
        nothing |= {("orders", shard): encode_order(Order(shard, 0, 0, ())) for shard in range(self._shards)}
        nothing["lines", 0] = encode_found(Found(0, 0, lines((), 0)))
        with self._rolling("inputs", "orders", "lines", "dead-letters"), self._producer() as send:
            return {f"{topic}-{partition}": send(topic, partition, NOTHING, body, [])() for (topic, partition), body in nothing.items()}

    def emptied(self, upto: Mapping[str, int], person: int) -> Emptied:
        """Deletes every message of a partition before an offset; and writes changes and editions again without a person."""
        places = {name: name.rpartition("-") for name in upto}
        deleted = self._deleted({(topic, int(partition)): upto[name] for name, (topic, _, partition) in places.items()})
        with self._rolling("changes", "editions"):
            rewritten = self._again("changes", lambda record: int(record.key), lambda records: _changes(records, person))
            rewritten += self._again("editions", closing, lambda records: _editions(records, person))
        return Emptied(deleted, rewritten)

    def _again(self, topic: str, number: Callable[[Any], Any], anew: Anew) -> int:
        """Writes all there is in a topic to its end again, and deletes what lies before."""
        with self._producer() as send:
            begin = send(topic, 0, NOTHING, b"", [(REWRITTEN, b"")])()  # whatever comes behind it stays
            there = {one.key: number(one) for one in self._before(topic, begin)}
            last = max(there, key=lambda key: there[key], default=b"")
            waiting = []
            for record, body in anew(_once(in_order(self._before(topic, begin), number))):
                head = [(name, value) for name, value in record.headers if name != REWRITTEN]
                waiting.append(send(topic, 0, record.key, body, [*head, (REWRITTEN, last)]))
            for acknowledged in waiting:
                acknowledged()
        self._deleted({(topic, 0): begin})
        return len(waiting)

    def _before(self, topic: str, offset: int) -> Iterator[Any]:
        return (one for one in all_records(self._client, self._prefix + topic) if one.offset < offset and one.key != NOTHING)

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
        """While this lasts the next message of a topic begins a new segment."""
        from kafka import KafkaAdminClient
        from kafka.admin import ConfigResource

        def altered(admin: Any, op: str) -> None:
            admin.alter_configs([ConfigResource("TOPIC", self._prefix + topic, {"segment.ms": (op, ROLL_MS)}) for topic in topics])

        with self._told(), closing_of(KafkaAdminClient(**self._client)) as admin:
            altered(admin, "SET")
            try:
                time.sleep(SETTLED_SECONDS)
                yield
            finally:
                altered(admin, "DELETE")

    @contextmanager
    def _producer(self) -> Iterator[Callable[[str, int, bytes, bytes, list[tuple[str, bytes]]], Callable[[], int]]]:
        """What sends a message; what is given waits for the broker and says its offset."""
        from kafka import KafkaProducer

        def send(topic: str, partition: int, key: bytes, body: bytes, head: list[tuple[str, bytes]]) -> Callable[[], int]:
            future = producer.send(self._prefix + topic, value=body, key=key, headers=head, partition=partition)
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


def _once(records: Iterator[Any]) -> Iterator[Any]:
    """Each message once: the first of those with one key."""
    known = set[bytes]()
    for record in records:
        if record.key not in known:
            known.add(record.key)
            yield record


def _changes(records: Iterator[Any], person: int) -> Iterator[tuple[Any, bytes]]:
    """Each message of changes with its lines, hers blank."""
    for record in records:
        found = decode_changes(record.value)
        hers = found.subject == np.uint64(person)
        yield record, encode_changes(found.blanked(hers)) if hers.any() else record.value


def _editions(records: Iterator[Any], person: int) -> Iterator[tuple[Any, bytes]]:
    """Each edition without her lines, and a manifest that says how much of it is missing; its digests are what they were."""
    listed: dict[str, set[int]] = {}
    for record in records:
        edition = decode_edition(record.value)
        on = listed.setdefault(edition.policy, set())
        hers = [change for change in edition.changes if change.subject == person]
        for change in hers:
            (on.discard if change.status is None else on.add)(person)
        said = edition.manifest
        manifest = replace(said, erased=said.erased + len(hers), unlisted=said.unlisted + (person in on))
        yield record, encode_edition(Edition(manifest, tuple(change for change in edition.changes if change.subject != person)))
