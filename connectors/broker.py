"""The topics of a network, as its clients read and write them: kafka-python behind the ports of ``streams.network_host``.

The one idea: the offset the broker gives is the place in the one total order; no other number is made up. A message is acknowledged by
every replica the topic asks for (``acks=all``), and sent once even where an acknowledgement is lost (an idempotent producer).
Source: kafka-python 3.0.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connectors.rewritten import NOTHING, closing, in_order, rewritten
from policies.problems import HuiminError
from policies.values import Text
from streams.events import EVENTS, headers
from streams.folds import Outgoing
from streams.lines import Lines
from streams.manifests import stored
from streams.merging import Progress
from streams.sequencer import CENSUS
from streams.stages import Purged

MOST_BYTES = 16 << 20
SECONDS = 60


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
    """

    def __init__(self, client: Mapping[str, Any], prefix: str) -> None:
        from kafka import KafkaProducer

        self._client, self._topic = dict(client), f"{prefix}inputs"
        self._producer: Any = KafkaProducer(**self._client, acks="all", enable_idempotence=True, max_request_size=MOST_BYTES, linger_ms=2)

    def append(self, body: bytes) -> Callable[[], int]:
        from kafka.errors import KafkaError

        id = uuid.uuid4().hex
        head = headers(Outgoing("inputs", 0, id, "input", body), "client")
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
                        yield record.offset, record.value
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

    def __init__(self, client: Mapping[str, Any], prefix: str) -> None:
        self._client, self._prefix = dict(client), prefix

    def progress(self) -> dict[str, Progress]:
        """How far everything has come that people wait for, by its label."""
        return {name: Progress(**said) for name, said in self._newest("progress").items()}

    def census(self) -> dict[str, tuple[int, int, int, int]]:
        """By shard ('' for those placed nowhere): partition, persons, households, dwellings."""
        return {name: tuple(one) for name, one in self._newest("census").get(CENSUS, {}).items()}

    def purged(self) -> dict[str, Purged]:
        """By stage, what it said last of a purge."""
        return {name.removeprefix("purged:"): Purged(**said) for name, said in self._newest("purged").items()}

    def _newest(self, event: str) -> dict[str, Any]:
        wanted = EVENTS[event].type.encode()
        found = (record for record in all_records(self._client, f"{self._prefix}progress") if dict(record.headers)["ce_type"] == wanted)
        return {record.key.decode(): json.loads(record.value) for record in found}


class ChangesTopic(ProgressTopic):
    """The topic of changes, and how far they have come."""

    def rows(self) -> Iterator[tuple[int, str | None, Lines]]:
        from streams.wire import decode_changes

        told = -1
        for record in in_order(all_records(self._client, f"{self._prefix}changes"), lambda record: int(record.key)):
            if int(record.key) > told:
                lines, told = decode_changes(record.value), int(record.key)
                closes = dict(record.headers).get("ce_closes")
                yield told, None if closes is None else closes.decode(), lines

    def manifests(self, policy: str) -> dict[int, str]:
        """Of the editions of a policy that were written again: by their last message, the manifest as it was closed."""
        from streams.wire import decode_edition

        found: dict[int, str] = {}
        for record in in_order(all_records(self._client, f"{self._prefix}editions"), closing):
            if rewritten(record) and record.key.decode().rpartition(".")[0] == policy:
                edition = decode_edition(record.value)
                found[edition.offset] = stored(edition.manifest)
        return found

    def last(self) -> int:
        """Behind many copies there may be few messages, or none; behind a message that is no copy none is newer."""
        most = 1
        while True:
            found = list(all_records(self._client, f"{self._prefix}changes", most))
            told = [int(record.key) for record in found if rewritten(record) is None]
            if told or len(found) < most:
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


def dead_letters(client: Mapping[str, Any], prefix: str, last: int) -> list[DeadLetter]:
    """The last messages that were not admitted, each once, the newest at the end.

    Raises:
        NoAnswer: the broker does not answer.
    """
    found: dict[tuple[str, int, int], DeadLetter] = {}
    for record in all_records(client, f"{prefix}dead-letters", last):
        said = {name: value.decode() for name, value in record.headers}
        if "ce_topic" not in said:  # nothing, written to begin a new segment (``connectors.emptying``)
            continue
        place = (said["ce_topic"], int(said["ce_partition"]), int(said["ce_offset"]))
        when = datetime.fromtimestamp(record.timestamp / 1000, UTC)
        found.setdefault(place, DeadLetter(when, *place, len(record.value or b""), Text(said["ce_reasonzh"], said["ce_reasonen"])))
    return list(found.values())


def all_records(client: Mapping[str, Any], topic: str, last: int | None = None) -> Iterator[Any]:
    """Every record there is in a topic's first partition now, or the ``last`` few of them."""
    from kafka.errors import KafkaError

    try:
        consumer, where = _reader(client, topic)
        try:
            first, end = _ends(consumer, where)
            consumer.seek(where, first if last is None else max(first, end - last))
            while consumer.position(where) < end:
                for records in consumer.poll(timeout_ms=1000).values():
                    yield from (record for record in records if record.offset < end)
        finally:
            consumer.close()
    except KafkaError as error:
        raise NoAnswer(topic, error) from error


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
