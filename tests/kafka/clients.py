"""Plain clients for tests: what was sent is what is read, bounded in time."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from infra.kafka.connection import Connection
from infra.kafka.reach import admin
from infra.kafka.topics import Topic, create_topics
from policies.values import Text

SECONDS = 30.0


def a_topic(connection: Connection, replication: int = 1, least: int = 1) -> str:
    """A new topic of one partition, with a name nobody else has."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    create_topics(connection, [Topic(name, 1, replication, {"min.insync.replicas": str(least)}, Text("", ""))])
    return name


def send_records(connection: Connection, topic: str, values: Sequence[bytes]) -> None:
    """Send with kafka-python, and wait until all in-sync replicas have them."""
    from kafka import KafkaProducer

    producer = KafkaProducer(**connection.client(), acks="all", enable_idempotence=True, max_block_ms=int(SECONDS * 1000))
    try:
        futures = [producer.send(topic, value) for value in values]
        for future in futures:
            future.get(timeout=SECONDS)
    finally:
        producer.close(timeout=5)


def read(connection: Connection, topic: str, count: int) -> list[bytes]:
    """The first records of a topic of one partition, with kafka-python."""
    from kafka import KafkaConsumer, TopicPartition

    consumer = KafkaConsumer(**connection.client(), enable_auto_commit=False)
    try:
        partition = TopicPartition(topic, 0)
        consumer.assign([partition])
        consumer.seek_to_beginning(partition)
        values: list[bytes] = []
        until = time.monotonic() + SECONDS
        while len(values) < count and time.monotonic() < until:
            values += [record.value for records in consumer.poll(timeout_ms=500).values() for record in records]
        return values
    finally:
        consumer.close()


def records(connection: Connection, topic: str, partition: int = 0) -> list[bytes]:
    """The bytes of all there is in a partition now: key, headers and value of each record."""
    from kafka import KafkaConsumer, TopicPartition

    consumer = KafkaConsumer(**connection.client(), enable_auto_commit=False)
    try:
        where = TopicPartition(topic, partition)
        consumer.assign([where])
        consumer.seek_to_beginning(where)
        end, until, bodies = consumer.end_offsets([where])[where], time.monotonic() + SECONDS, list[bytes]()
        while consumer.position(where) < end:
            assert time.monotonic() < until
            for some in consumer.poll(timeout_ms=500).values():
                bodies += [b" ".join([record.key or b"", *(value for _, value in record.headers), record.value or b""]) for record in some]
        return bodies
    finally:
        consumer.close()


def round_trip(words: dict[str, Any], topic: str, value: bytes) -> bytes:
    """Send and read one record with aiokafka, given the arguments of its clients."""
    from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

    async def echo() -> bytes:
        async with AIOKafkaProducer(**words, acks="all") as producer:
            await producer.send_and_wait(topic, value)
        async with AIOKafkaConsumer(topic, **words, auto_offset_reset="earliest") as consumer:
            return bytes((await consumer.getone()).value)

    return asyncio.run(asyncio.wait_for(echo(), SECONDS))


def in_sync(connection: Connection, topic: str) -> int:
    """How many brokers hold all of a topic's only partition."""
    with admin(connection) as client:
        return len(client.describe_topics([topic])[0]["partitions"][0]["isr_nodes"])


def eventually(true: Callable[[], bool], seconds: float = SECONDS) -> bool:
    """Does it come true in so many seconds?"""
    until = time.monotonic() + seconds
    while not true():
        if time.monotonic() > until:
            return False
        time.sleep(0.2)
    return True
