"""The Faust host, first form: the same steps, fed by the partitions of a topic.

The one idea: Faust brings bytes and partitions, nothing else. One agent reads raw bytes with concurrency 1 (more loses data), uses no
Table and no ``take`` (an exception silences it), and any error ends the process, so that a supervisor starts it again where its state
stands. States live in memory here; what keeps them through a restart comes with the outbox. Source: ARCHITECTURE.md, "Streams on Kafka";
faust-streaming 0.15.3.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import faust

from streams.ports import Parts, SendOutputs
from streams.shards import Refusal, Shards

INPUTS = "huimin-inputs"
OUTPUTS = "huimin-outputs"


class FaustHost:
    """An application whose one agent applies the messages of the inputs topic.

    Args:
        app: a Faust application; where it connects and how it stores is for ``infra`` to say.
        parts: the ports each partition's state is made with.
        send: hands on the lines that come out of each message, before the next is read.
        refused: is told of messages that were not admitted.
        topic: the inputs topic.
    """

    def __init__(self, app: Any, parts: Parts, send: SendOutputs, refused: Callable[[Refusal], None], topic: str = INPUTS) -> None:
        self.app, self.send = app, send
        self.shards = Shards(parts, refused)
        inputs = app.topic(topic, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")
        self.agent = app.agent(inputs, concurrency=1, name=f"{topic}-steps")(self._steps)

    async def _steps(self, stream: Any) -> AsyncIterator[int]:
        """The offset of each message, once it is applied and its lines are handed on."""
        async for event in stream.events():
            message = event.message
            try:
                changes = self.shards.take(message.partition, message.offset, event.value)
                if changes:
                    await self.send(message.partition, changes)
            except BaseException as error:
                await self.app.crash(error)
                raise
            yield message.offset


def to_topic(app: Any, topic: str = OUTPUTS) -> SendOutputs:
    """The port that sends lines to a topic: one message for each input, in the partition of the input."""
    from streams.wire import encode_changes

    outputs = app.topic(topic, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")

    async def send(partition: int, changes: Any, /) -> None:
        sent = await outputs.send(value=encode_changes(changes), partition=partition)
        await sent  # acknowledged by the broker

    return send


def make_app(name: str, broker: str) -> Any:
    """A Faust application as this host needs it."""
    return faust.App(name, broker=broker, store="memory://", web_enabled=False, topic_disable_leader=True, stream_wait_empty=False)
