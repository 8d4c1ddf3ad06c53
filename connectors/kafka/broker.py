"""The topics of a network, as its clients read and write them: kafka-python behind the ports of ``streams.network.network_host``.

The one idea: the offset the broker gives is the place in the one total order; no other number is made up. A message is acknowledged by
every replica the topic asks for (``acks=all``), and sent once even where an acknowledgement is lost (an idempotent producer).
Source: kafka-python 3.0.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing as closing_of
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connectors.kafka.rewritten_topics import NOTHING, closing, in_order, rewritten
from policies.problems.problems import HuiminError
from policies.values import Text
from streams.language.events import EVENTS, headers
from streams.language.folds import Outgoing
from streams.lists.lines import Lines
from streams.lists.manifests import stored
from streams.network.merger import Progress
from streams.network.sequencer import CENSUS
from streams.network.stages import Purged
from streams.wire.seal import SEAL, Seal
from streams.wire.wire import version_of

MEMBER = b"member:"
MOST_BYTES = 16 << 20
SECONDS = 60


_LOOKED_AT = 10_000
"""Records at the end of a topic among which one of a member is looked for."""


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

        def acknowledged() -> int:
            try:
                return int(future.get(timeout=SECONDS).offset)
            except KafkaError as error:
                raise NoAnswer(self._topic, error) from error

        return acknowledged

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
    """The topic of progress: of each thing the newest word."""

    def __init__(self, client: Mapping[str, Any], prefix: str, seal: Seal) -> None:
        self._client, self._prefix, self._seal = dict(client), prefix, seal

    def progress(self) -> dict[str, Progress]:
        """How far everything has come that people wait for, by its label."""
        found = self._newest("progress", lambda said, _: (said["offset"], said["done"]))
        return {name: Progress(**said) for name, said in found.items()}

    def census(self) -> dict[str, tuple[int, int, int, int]]:
        """By shard ('' for those placed nowhere): partition, persons, households, dwellings."""
        return {
            name: tuple(one)
            for name, one in self._newest("census", lambda _, head: int(head.get("ce_offset", b"-1"))).get(CENSUS, {}).items()
        }

    def purged(self) -> dict[str, Purged]:
        """By stage, what it said last of a purge."""
        found = self._newest("purged", lambda said, _: (said["erased"], said["offset"], said["shipped"]))
        return {name.removeprefix("purged:"): Purged(**said) for name, said in found.items()}

    def members(self) -> set[str]:
        """By what the keys are known with which members began (``infra.keys.check_of``), sealed or not: this is asked about another key."""
        keys = (record.key or b"" for record in all_records(self._client, self._prefix, "progress", None))
        return {key.removeprefix(MEMBER).decode("ascii", "replace") for key in keys if key.startswith(MEMBER)}

    def has_ours(self) -> bool:
        """Did somebody with our key write one of the last records of a topic? Nobody else can, whatever else stands there."""
        for topic in ("progress", "inputs", "changes"):
            with closing_of(all_records(self._client, self._prefix, topic, self._seal, _LOOKED_AT)) as records:
                if next(records, None) is not None:
                    return True
        return False

    def announce(self, check: str) -> None:
        """Says by what our key is known, for whoever comes with another one."""
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
        """Did Huimin 0.1 write the first message there is of the inputs? Its frames were of version 1, and had no seal."""
        with closing_of(all_records(self._client, self._prefix, "inputs", None)) as records:
            first = next(records, None)
        return first is not None and SEAL not in dict(first.headers) and version_of(first.value or b"") == 1

    def _newest(self, event: str, rank: Callable[[Any, Mapping[str, bytes]], Any]) -> dict[str, Any]:
        """Of each thing the last word; an old one that somebody sends again, which ranks lower, takes nothing back.

        Args:
            rank: of a body with its headers.
        """
        wanted = EVENTS[event].type.encode()
        newest: dict[str, tuple[Any, Any]] = {}
        for record in self._records("progress"):
            head = dict(record.headers)
            if head["ce_type"] == wanted:
                name, body = record.key.decode(), json.loads(record.value)
                ranked = rank(body, head)
                if name not in newest or ranked >= newest[name][0]:
                    newest[name] = ranked, body
        return {name: body for name, (_, body) in newest.items()}

    def _records(self, topic: str, last: int | None = None) -> Iterator[Any]:
        return all_records(self._client, self._prefix, topic, self._seal, last)


class ChangesTopic(ProgressTopic):
    """The topic of changes, and how far they have come."""

    def rows(self) -> Iterator[tuple[int, str | None, Lines]]:
        from streams.wire.wire import decode_changes

        told = -1
        for record in in_order(self._records("changes"), lambda record: int(record.key)):
            if int(record.key) > told:
                lines, told = decode_changes(record.value), int(record.key)
                closes = dict(record.headers).get("ce_closes")
                yield told, None if closes is None else closes.decode(), lines

    def manifests(self, policy: str) -> dict[int, str]:
        """Of the editions of a policy that were written again: by their last message, the manifest as it was closed."""
        from streams.wire.wire import decode_edition

        found: dict[int, str] = {}
        for record in in_order(self._records("editions"), closing):
            if rewritten(record) and record.key.decode().rpartition(".")[0] == policy:
                edition = decode_edition(record.value)
                found[edition.offset] = stored(edition.manifest)
        return found

    def last(self) -> int:
        """Behind many copies there may be few messages, or none; behind a message that is no copy none is newer."""
        most, (first, end) = 1, _span(self._client, f"{self._prefix}changes")
        while True:
            found = list(self._records("changes", most))
            told = [int(record.key) for record in found if rewritten(record) is None and record.key != NOTHING]
            if told or most >= end - first:
                return max(told or (int(record.key) for record in found if record.key != NOTHING), default=-1)
            most *= 16


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that was not admitted: when, where it stood, and why; not what it holds."""

    time: datetime
    topic: str
    partition: int
    offset: int
    size: int
    reason: Text


def dead_letters(client: Mapping[str, Any], prefix: str, seal: Seal | None, last: int) -> list[DeadLetter]:
    """The last messages that were not admitted, each once, the newest at the end.

    Args:
        seal: of the network; None where the topics are of none: what a workspace of its own put aside of a unit's topic.

    Raises:
        NoAnswer: the broker does not answer.
    """
    found: dict[tuple[str, int, int], DeadLetter] = {}
    for record in all_records(client, prefix, "dead-letters", seal, last):
        try:
            said = {name: value.decode() for name, value in record.headers}
            place = (said["ce_topic"], int(said["ce_partition"]), int(said["ce_offset"]))
            reason = Text(said["ce_reasonzh"], said["ce_reasonen"])
        except (
            AttributeError,
            LookupError,
            ValueError,
        ):  # nothing, written to begin a new segment (``connectors.kafka.topic_erasure``), or no letter
            continue
        when = datetime.fromtimestamp(record.timestamp / 1000, UTC)
        found.setdefault(place, DeadLetter(when, *place, len(record.value or b""), reason))
    return list(found.values())


def from_member(seal: Seal, topic: str, record: Any) -> bool:
    """Did a member of the network seal this record of a topic (its name without the prefix)?"""
    return seal.problem(topic, record.partition, record.key, record.headers, record.value) is None


def all_records(client: Mapping[str, Any], prefix: str, topic: str, seal: Seal | None, last: int | None = None) -> Generator[Any]:
    """Every record there is in a topic's first partition now, or among the ``last`` few; those that no member sealed are passed over."""
    from kafka.errors import KafkaError

    try:
        consumer, where = _reader(client, prefix + topic)
        try:
            first, end = _ends(consumer, where)
            consumer.seek(where, first if last is None else max(first, end - last))
            while consumer.position(where) < end:
                for records in consumer.poll(timeout_ms=1000).values():
                    yield from (one for one in records if one.offset < end and (seal is None or from_member(seal, topic, one)))
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
    """The first offset there is, and the one behind the last."""
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
