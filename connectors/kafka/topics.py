"""Topics of units and agencies: kafka-python behind two small ports.

The caller always says where to read: there is no consumer group, and nothing is committed to the broker. Looking for a topic does not make
it. Messages are sent when ``flush`` returns: then all are acknowledged. Aborted transactions are not read. Source: kafka-python 3.0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Protocol

from connectors.kafka.broker import MOST_BYTES, SECONDS, NoAnswer
from policies.problems.problems import HuiminError
from policies.values import Text
from streams.wire.seal import Seal

WAIT_MS = 100
UNACKNOWLEDGED = 10_000
"""Messages without acknowledgement after which ``send`` waits."""
Headers = list[tuple[str, bytes]]


class OffsetSpan(NamedTuple):
    """The offsets of a partition: the first one, and the one behind the last."""

    first: int
    end: int


@dataclass(frozen=True, slots=True)
class Message:
    """One message that was read from a topic."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Post:
    """One message to write to a topic; without a partition its key decides."""

    key: bytes
    value: bytes
    headers: Headers
    partition: int | None = None


class Reading(Protocol):
    """A topic to read from (``TopicReader``, or a list in a test)."""

    @property
    def name(self) -> str: ...

    def spans(self) -> Mapping[int, OffsetSpan]:
        """The offsets of each partition now."""
        ...

    def begin(self, offsets: Mapping[int, int]) -> None:
        """Starts to read these partitions at these offsets."""
        ...

    def poll(self, seconds: float, most: int) -> Sequence[Message]:
        """The next messages, in the order of each partition; none after this many seconds."""
        ...

    def positions(self) -> Mapping[int, int]:
        """The next offset of each partition."""
        ...


class Writing(Protocol):
    """A topic to write to (``TopicWriter``, or a list in a test)."""

    @property
    def name(self) -> str: ...

    def send(self, post: Post) -> None: ...

    def flush(self) -> None:
        """Returns when all sent messages are acknowledged."""
        ...


class NoTopic(HuiminError):
    """The operator's, or the topic owner's: the topic is not there, or we may not see it; 2."""

    def __init__(self, name: str) -> None:
        super().__init__(
            Text(
                f"Kafka 上没有主题 {name}，或无权查看。请核对名称，或请对方建立主题并授权。",
                f"There is no topic {name} at this Kafka, or we may not see it. Check the name, or ask its owner to make it and let us in.",
            ),
            2,
        )


class TopicReader:
    """A topic of a broker, to read from.

    Args:
        client: the arguments of every kafka-python client (``infra.kafka.connection``).
    """

    def __init__(self, client: Mapping[str, Any], name: str) -> None:
        from kafka import KafkaConsumer

        self.name = name
        with _broker_errors(name):
            self._consumer: Any = KafkaConsumer(
                **client, enable_auto_commit=False, auto_offset_reset="none", isolation_level="read_committed",
                allow_auto_create_topics=False, max_partition_fetch_bytes=MOST_BYTES, fetch_max_bytes=4 * MOST_BYTES,
                fetch_max_wait_ms=WAIT_MS,
            )  # fmt: skip

    def spans(self) -> dict[int, OffsetSpan]:
        from kafka import TopicPartition

        with _broker_errors(self.name):
            there = [TopicPartition(self.name, partition) for partition in sorted(self._consumer.partitions_for_topic(self.name) or ())]
            if not there:
                raise NoTopic(self.name)
            firsts, ends = self._consumer.beginning_offsets(there), self._consumer.end_offsets(there)
        return {where.partition: OffsetSpan(int(firsts[where]), int(ends[where])) for where in there}

    def begin(self, offsets: Mapping[int, int]) -> None:
        from kafka import TopicPartition

        self._consumer.assign([TopicPartition(self.name, partition) for partition in offsets])
        for partition, offset in offsets.items():
            self._consumer.seek(TopicPartition(self.name, partition), offset)

    def poll(self, seconds: float, most: int) -> list[Message]:
        with _broker_errors(self.name):
            records_by_partition = self._consumer.poll(timeout_ms=max(1, int(seconds * 1000)), max_records=most)
        return [
            Message(where.partition, record.offset, record.key, record.value, record.headers)
            for where, records in records_by_partition.items()
            for record in records
        ]

    def positions(self) -> dict[int, int]:
        with _broker_errors(self.name):
            return {where.partition: int(self._consumer.position(where)) for where in self._consumer.assignment()}

    def close(self) -> None:
        self._consumer.close()


class TopicWriter:
    """A topic of a broker, to write to; all required replicas acknowledge, and a lost acknowledgement makes no second message."""

    def __init__(self, client: Mapping[str, Any], name: str) -> None:
        from kafka import KafkaProducer

        self.name = name
        with _broker_errors(name):
            self._producer: Any = KafkaProducer(
                **client, acks="all", enable_idempotence=True, allow_auto_create_topics=False, max_request_size=MOST_BYTES, linger_ms=5,
                max_block_ms=SECONDS * 1000,
            )  # fmt: skip
        self._waiting: list[Any] = []

    def send(self, post: Post) -> None:
        with _broker_errors(self.name):
            self._waiting.append(
                self._producer.send(self.name, value=post.value, key=post.key, headers=post.headers, partition=post.partition)
            )
        if len(self._waiting) >= UNACKNOWLEDGED:
            self.flush()

    def flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        with _broker_errors(self.name):
            if waiting:
                self._producer.flush(timeout=SECONDS)
            for future in waiting:
                future.get(timeout=SECONDS)

    def close(self) -> None:
        self._producer.close(timeout=5)


class SealedWriter:
    """A topic of our network to write to; it seals every message.

    Args:
        topic: its name without the prefix.
    """

    def __init__(self, writing: Writing, topic: str, seal: Seal) -> None:
        self.name, self._writing, self._topic, self._seal = writing.name, writing, topic, seal

    def send(self, post: Post) -> None:
        assert post.partition is not None
        self._writing.send(replace(post, headers=self._seal.with_seal(self._topic, post.partition, post.key, post.headers, post.value)))

    def flush(self) -> None:
        self._writing.flush()


@contextmanager
def _broker_errors(name: str) -> Iterator[None]:
    """Errors of kafka-python in its block become ``NoTopic`` or ``NoAnswer``."""
    from kafka.errors import KafkaError, UnknownTopicOrPartitionError

    try:
        yield
    except UnknownTopicOrPartitionError:
        raise NoTopic(name) from None
    except KafkaError as error:
        raise NoAnswer(name, error) from None
