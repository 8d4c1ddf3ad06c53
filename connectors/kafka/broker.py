"""The topics of a distributed host for its clients: kafka-python behind the ports of ``streams.network.network_host``.

The offset that the broker gives is the message's place in the total order. A message is acknowledged by all replicas that the topic
requires (``acks=all``); the producer is idempotent, so a lost acknowledgement makes no second message. Source: kafka-python 3.0.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing as closing_of
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connectors.kafka.rewritten_topics import NOTHING, edition_order, in_order, label_of
from policies.problems.problems import HuiminError
from policies.values import Text
from streams.language.folds import Outgoing
from streams.lists.lines import Lines
from streams.lists.manifests import manifest_for_store
from streams.network.merger import MessageProgress
from streams.network.sequencer import CENSUS
from streams.network.stages import PurgeReport
from streams.wire.cloudevents import EVENTS, headers
from streams.wire.seal import SEAL, Seal
from streams.wire.wire import version_of

MEMBER = b"member:"
MOST_BYTES = 16 << 20
SECONDS = 60


_LAST_FEW = 10_000
"""Records at the end of a topic that are searched for one of a member."""


class NoAnswer(HuiminError):
    """The operator's: the broker does not answer, or refuses; trying again may help; 1."""

    def __init__(self, topic: str, error: BaseException | None) -> None:
        why = "" if error is None else type(error).__name__
        super().__init__(
            Text(
                f"主题 {topic} 没有回应（{why}）。请用 huimin kafka status 查看，稍后再试。",
                f"The topic {topic} does not answer ({why}). Look at huimin kafka status, then try again.",
            ),
            1,
        )


class InputsTopic:
    """The topic of inputs.

    Args:
        client: the arguments of every kafka-python client (``infra.kafka.connection``).
        prefix: of the topics' names.
        seal: of the network.
    """

    def __init__(self, client: Mapping[str, Any], prefix: str, seal: Seal) -> None:
        from kafka import KafkaProducer

        self._client, self._topic, self._seal = dict(client), f"{prefix}inputs", seal
        self._producer: Any = KafkaProducer(**self._client, acks="all", enable_idempotence=True, max_request_size=MOST_BYTES, linger_ms=2)

    def append(self, body: bytes) -> Callable[[], int]:
        from kafka.errors import KafkaError

        id = uuid.uuid4().hex
        head = self._seal.with_seal("inputs", 0, id.encode(), headers(Outgoing("inputs", 0, id, "input", body), "client"), body)
        try:
            future = self._producer.send(self._topic, value=body, key=id.encode(), headers=head, partition=0)
        except KafkaError as error:
            raise NoAnswer(self._topic, error) from error

        def wait_for_offset() -> int:
            try:
                return int(future.get(timeout=SECONDS).offset)
            except KafkaError as error:
                raise NoAnswer(self._topic, error) from error

        return wait_for_offset

    def read(self, after: int) -> Iterator[tuple[int, bytes]]:
        from kafka.errors import KafkaError

        try:
            consumer, where = _reader(self._client, self._topic)
            consumer.seek(where, max(after + 1, consumer.beginning_offsets([where])[where]))
            while True:
                for records in consumer.poll(timeout_ms=1000).values():
                    for record in records:
                        yield record.offset, record.value if from_member(self._seal, "inputs", record) else b""
        except KafkaError as error:
            raise NoAnswer(self._topic, error) from error

    def first(self) -> int:
        return _span(self._client, self._topic)[0]

    def end(self) -> int:
        return _span(self._client, self._topic)[1] - 1

    def close(self) -> None:
        self._producer.close()


class ProgressTopic:
    """The topic of progress; the newest message of each key counts."""

    def __init__(self, client: Mapping[str, Any], prefix: str, seal: Seal) -> None:
        self._client, self._prefix, self._seal = dict(client), prefix, seal

    def progress(self) -> dict[str, MessageProgress]:
        """The progress of each task that people wait for, by its label."""
        newest = self._newest("progress", lambda body, _: (body["offset"], body["done"]))
        return {name: MessageProgress(**body) for name, body in newest.items()}

    def census(self) -> dict[str, tuple[int, int, int, int]]:
        """By street ('' for subjects placed nowhere): partition, persons, households, dwellings."""
        return {
            name: tuple(counts)
            for name, counts in self._newest("census", lambda _, head: int(head.get("ce_offset", b"-1"))).get(CENSUS, {}).items()
        }

    def purge_reports(self) -> dict[str, PurgeReport]:
        """The last purge of each stage, by stage."""
        newest = self._newest("purged", lambda body, _: (body["erased"], body["offset"], body["shipped"]))
        return {name.removeprefix("purged:"): PurgeReport(**body) for name, body in newest.items()}

    def members(self) -> set[str]:
        """The checks of the keys of members (``infra.keys.check_of``), sealed or not, since they may be of another key."""
        keys = (record.key or b"" for record in all_records(self._client, self._prefix, "progress", None))
        return {key.removeprefix(MEMBER).decode("ascii", "replace") for key in keys if key.startswith(MEMBER)}

    def has_ours(self) -> bool:
        """Whether one of the last records of a topic is sealed with our key."""
        for topic in ("progress", "inputs", "changes"):
            with closing_of(all_records(self._client, self._prefix, topic, self._seal, _LAST_FEW)) as records:
                if next(records, None) is not None:
                    return True
        return False

    def announce(self, check: str) -> None:
        """Writes the check of our key, so that a client with another key notices."""
        from kafka import KafkaProducer
        from kafka.errors import KafkaError

        key, body = MEMBER + check.encode(), b"{}"
        head = self._seal.with_seal("progress", 0, key, headers(Outgoing("progress", 0, key.decode(), "member", body), "member"), body)
        try:
            with closing_of(KafkaProducer(**self._client, acks="all")) as producer:
                producer.send(f"{self._prefix}progress", value=body, key=key, headers=head, partition=0).get(timeout=SECONDS)
        except KafkaError as error:
            raise NoAnswer(f"{self._prefix}progress", error) from error

    def of_old(self) -> bool:
        """Whether Huimin 0.1 wrote the first input that is there: its frames were of version 1, without a seal."""
        with closing_of(all_records(self._client, self._prefix, "inputs", None)) as records:
            first = next(records, None)
        return first is not None and SEAL not in dict(first.headers) and version_of(first.value or b"") == 1

    def _newest(self, event: str, rank: Callable[[Any, Mapping[str, bytes]], Any]) -> dict[str, Any]:
        """The newest body of each key; an old one that is sent again ranks lower, and is ignored.

        Args:
            rank: gives the rank of a body with its headers.
        """
        wanted = EVENTS[event].type.encode()
        newest: dict[str, tuple[Any, Any]] = {}
        for record in self._records("progress"):
            head = dict(record.headers)
            if head["ce_type"] == wanted:
                name, body = record.key.decode(), json.loads(record.value)
                rank_of_record = rank(body, head)
                if name not in newest or rank_of_record >= newest[name][0]:
                    newest[name] = rank_of_record, body
        return {name: body for name, (_, body) in newest.items()}

    def _records(self, topic: str, last: int | None = None) -> Iterator[Any]:
        return all_records(self._client, self._prefix, topic, self._seal, last)


class ChangesTopic(ProgressTopic):
    """The topic of changes, with that of progress."""

    def rows(self) -> Iterator[tuple[int, str | None, Lines]]:
        from streams.wire.wire import decode_changes

        last_offset = -1
        for record in in_order(self._records("changes"), lambda record: int(record.key)):
            if int(record.key) > last_offset:
                lines, last_offset = decode_changes(record.value), int(record.key)
                closes = dict(record.headers).get("ce_closes")
                yield last_offset, None if closes is None else closes.decode(), lines

    def manifests(self, policy: str) -> dict[int, str]:
        """The manifests of a policy's rewritten editions, as they were closed, by the offset of their last message."""
        from streams.wire.wire import decode_edition

        manifests: dict[int, str] = {}
        for record in in_order(self._records("editions"), edition_order):
            if label_of(record) and record.key.decode().rpartition(".")[0] == policy:
                edition = decode_edition(record.value)
                manifests[edition.offset] = manifest_for_store(edition.manifest)
        return manifests

    def last(self) -> int:
        """The last message with changes. Copies may stand at the end, so more and more records are read until one is no copy."""
        most, (first, end) = 1, _span(self._client, f"{self._prefix}changes")
        while True:
            records = list(self._records("changes", most))
            offsets = [int(record.key) for record in records if label_of(record) is None and record.key != NOTHING]
            if offsets or most >= end - first:
                return max(offsets or (int(record.key) for record in records if record.key != NOTHING), default=-1)
            most *= 16


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that was not admitted: its time, place, size and reason, without its content."""

    time: datetime
    topic: str
    partition: int
    offset: int
    size: int
    reason: Text


def dead_letters(client: Mapping[str, Any], prefix: str, seal: Seal | None, last: int) -> list[DeadLetter]:
    """The last messages that were not admitted, each once, the newest at the end.

    Args:
        seal: of the network; None for the dead letters of a workspace without one.

    Raises:
        NoAnswer: the broker does not answer.
    """
    letters: dict[tuple[str, int, int], DeadLetter] = {}
    for record in all_records(client, prefix, "dead-letters", seal, last):
        try:
            headers_by_name = {name: value.decode() for name, value in record.headers}
            place = (headers_by_name["ce_topic"], int(headers_by_name["ce_partition"]), int(headers_by_name["ce_offset"]))
            reason = Text(headers_by_name["ce_reasonzh"], headers_by_name["ce_reasonen"])
        except (
            AttributeError,
            LookupError,
            ValueError,
        ):  # nothing, written to begin a new segment (``connectors.kafka.topic_erasure``), or no letter
            continue
        when = datetime.fromtimestamp(record.timestamp / 1000, UTC)
        letters.setdefault(place, DeadLetter(when, *place, len(record.value or b""), reason))
    return list(letters.values())


def from_member(seal: Seal, topic: str, record: Any) -> bool:
    """Whether a member of the network sealed this record; ``topic`` is its name without the prefix."""
    return seal.problem(topic, record.partition, record.key, record.headers, record.value) is None


def all_records(client: Mapping[str, Any], prefix: str, topic: str, seal: Seal | None, last: int | None = None) -> Generator[Any]:
    """The records in a topic's first partition, or its ``last`` few; with a seal only those that a member sealed."""
    from kafka.errors import KafkaError

    try:
        consumer, where = _reader(client, prefix + topic)
        try:
            first, end = _ends(consumer, where)
            consumer.seek(where, first if last is None else max(first, end - last))
            while consumer.position(where) < end:
                for records in consumer.poll(timeout_ms=1000).values():
                    yield from (record for record in records if record.offset < end and (seal is None or from_member(seal, topic, record)))
        finally:
            consumer.close()
    except KafkaError as error:
        raise NoAnswer(prefix + topic, error) from error


def _reader(client: Mapping[str, Any], topic: str) -> tuple[Any, Any]:
    from kafka import KafkaConsumer, TopicPartition

    where = TopicPartition(topic, 0)
    consumer = KafkaConsumer(
        **client, enable_auto_commit=False, auto_offset_reset="none", max_partition_fetch_bytes=MOST_BYTES, fetch_max_bytes=4 * MOST_BYTES,
        fetch_max_wait_ms=50,
    )  # fmt: skip
    consumer.assign([where])
    return consumer, where


def _ends(consumer: Any, where: Any) -> tuple[int, int]:
    """The first offset, and the one behind the last."""
    return int(consumer.beginning_offsets([where])[where]), int(consumer.end_offsets([where])[where])


def _span(client: Mapping[str, Any], topic: str) -> tuple[int, int]:
    from kafka.errors import KafkaError

    try:
        consumer, where = _reader(client, topic)
        try:
            return _ends(consumer, where)
        finally:
            consumer.close()
    except KafkaError as error:
        raise NoAnswer(topic, error) from error
