"""The Faust host: the stages of the partitions that this worker holds; Faust reads their messages from Kafka.

Faust only brings bytes and partitions. Agents are simple loops over raw bytes with concurrency 1 (more loses data); there is no Table, no
``take`` (it swallows exceptions) and no Kafka transaction. The stage, not the broker, says where to read on: Faust calls ``perform_seek``
at every assignment. An error ends the process, and a supervisor starts it again from its state. Want of memory for a message would come
again, so then only its partition stands still, with an error in the log, until the next assignment; the others go on.
Source: faust-streaming 0.15.3, ``transport/consumer.py`` and ``tables/recovery.py``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import faust
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer, Transport
from faust.types import TP

from streams.erasure.purge import remove_stale_stages
from streams.language.folds import MakeFold
from streams.network.stages import MessageOutputs, PurgeReport, Stage, StageRule, purge_message
from streams.store.checkpoints import Depot
from streams.wire.cloudevents import headers
from streams.wire.seal import Seal

logger = logging.getLogger(__name__)
INPUTS, ORDERS, LINES = "inputs", "orders", "lines"
STAGES = (INPUTS, ORDERS, LINES)
PENDING_BYTES = 64 << 20
"""With so many uncommitted bytes a stage waits for the disk."""
FETCH_WAIT_MS = 20
"""How long a broker may wait for a message. Faust's 1,500 would delay partitions with messages because of those without."""
GATHER_SECONDS = 0.002
"""How long a commit waits for further messages."""
LEAVE_SECONDS = 5.0
"""How long a worker that ends waits for a partition assignment under way."""
IDLE_SECONDS = 60.0
"""How often a stage without messages looks whether a checkpoint is due."""
RAW = {"key_type": bytes, "value_type": bytes, "key_serializer": "raw", "value_serializer": "raw"}
Observe = Callable[[str, Stage, float, Mapping[str, int]], None]
"""Called after each message: topic, stage, seconds that the message took, counters of the fold before it."""


@dataclass(slots=True)
class HeldStage:
    """A stage, and the task that commits its messages and sends its outputs."""

    stage: Stage
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    pending: int = 0
    room: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None
    sending: asyncio.Task[None] | None = None
    closing: bool = False
    announced_purge: PurgeReport | None = None
    """The purge that was announced last."""


class FaustHost:
    """A worker's application and the stages it holds.

    Args:
        app: made by ``make_app``.
        root: the folder of this worker's stages.
        make: makes the fold of a topic and partition.
        seal: makes and checks the seals of the network's messages.
        prefix: of the topics' names.
        on_failure: called with the first error; the process must then end.
    """

    def __init__(
        self,
        app: Any,
        root: Path,
        make: Callable[[str, int], MakeFold],
        on_failure: Callable[[BaseException], None],
        seal: Seal,
        prefix: str = "huimin.",
        depot: Depot | None = None,
        rule: StageRule | None = None,
        observe: Observe = lambda topic, stage, seconds, before: None,
    ) -> None:
        self.app, self.root, self.make, self.on_failure, self.prefix, self.depot = app, root, make, on_failure, prefix, depot
        self.rule, self.observe, self._seal = rule or StageRule(), observe, seal
        self.held_stages: dict[TP, HeldStage] = {}
        self.ready = False
        """Are partitions assigned and their stages open?"""
        self.still: dict[TP, int] = {}
        """Partitions that stand still, each with the offset of the message for which there is not enough memory."""
        self._holding = asyncio.Lock()
        self._changes: set[asyncio.Task[None]] = set()
        app.transport = _transport(app, self._seek)
        app.on_rebalance_complete.connect(self._left_with_nothing, weak=False)
        self._topics: dict[str, Any] = {}
        for topic in STAGES:
            channel = app.topic(prefix + topic, **RAW)
            app.agent(channel, concurrency=1, name=f"{topic}-steps")(self._agent(topic))

    def _agent(self, topic: str) -> Callable[[Any], AsyncIterator[int]]:
        async def steps(stream: Any) -> AsyncIterator[int]:
            async for event in stream.events():
                message = event.message
                held_stage = self.held_stages.get(TP(message.topic, message.partition))
                if held_stage is not None and not held_stage.closing:
                    try:
                        await self._take(topic, held_stage, message)
                    except asyncio.CancelledError:
                        raise
                    except MemoryError:
                        await self._stand_still(TP(message.topic, message.partition), message.offset)
                    except BaseException as error:
                        self.on_failure(error)
                        raise
                yield message.offset

        return steps

    async def _stand_still(self, tp: TP, offset: int) -> None:
        """Stops a partition before a message: the messages before it are committed and their outputs sent."""
        self.still[tp] = offset
        logger.error(_stand_still_text(tp, offset))
        async with self._holding:
            await self._close(tp)

    async def _take(self, topic: str, held_stage: HeldStage, message: Any) -> None:
        start, before = perf_counter(), dict(held_stage.stage.fold.counters())
        body: bytes = message.value or b""
        unproved = self._seal.problem(topic, message.partition, message.key, message.headers, message.value)
        if not held_stage.stage.take(body, message.offset, unproved):
            return
        self.observe(topic, held_stage.stage, perf_counter() - start, before)
        held_stage.pending += 0 if unproved else len(body)  # as in the log
        held_stage.wake.set()
        if held_stage.pending > PENDING_BYTES:
            held_stage.room.clear()
            await held_stage.room.wait()
        await asyncio.sleep(0)  # lets the commits run

    async def _seek(self, consumer: Any) -> None:
        """Seeks to the message behind the last one of each stage. Faust may call it again meanwhile, or stop waiting for it."""
        change = asyncio.create_task(self._guard(self._hold(consumer)))
        self._changes.add(change)
        change.add_done_callback(self._changes.discard)
        await asyncio.shield(change)  # a stage half open would stay locked
        offsets = {tp: held_stage.stage.offset + 1 for tp, held_stage in self.held_stages.items() if tp in consumer.assignment()}
        if offsets:
            await consumer.seek_wait(offsets)
        for tp, offset in offsets.items():
            consumer._read_offset[tp] = offset or None
            consumer._committed_offset[tp] = offset or None

    async def _hold(self, consumer: Any) -> None:
        """Opens the stages of the assigned partitions, closes the others, and removes stale ones."""
        async with self._holding:
            assignment = {tp for tp in consumer.assignment() if tp.topic.removeprefix(self.prefix) in STAGES}
            for tp in set(self.held_stages) - assignment:
                await self._close(tp)
            for tp in set(self.still) - assignment:
                del self.still[tp]
            for tp in sorted(assignment - set(self.held_stages)):
                name = tp.topic.removeprefix(self.prefix)
                stage = await asyncio.to_thread(
                    Stage, f"{name}-{tp.partition}", self.root, self.make(name, tp.partition), self.depot, self.rule
                )
                held_stage = self.held_stages[tp] = HeldStage(stage)
                self.still.pop(tp, None)
                held_stage.task = asyncio.create_task(self._guard(self._run(held_stage)))
            self.ready = True
            await self._remove_stale_stages()

    async def _remove_stale_stages(self) -> None:
        """Removes the files of partitions that other workers have continued."""
        if self.depot is not None:
            names = [held_stage.stage.name for held_stage in self.held_stages.values()]
            await asyncio.to_thread(remove_stale_stages, self.root, names, self.depot)

    async def _left_with_nothing(self, app: Any, **facts: Any) -> None:
        """Closes the stages when no partition is assigned: Faust does not call ``perform_seek`` then, and their next worker waits."""
        if not app.consumer.assignment():
            await self._seek(app.consumer)

    async def _run(self, held_stage: HeldStage) -> None:
        """Commits messages, sends outputs, writes checkpoints and purges; one after the other, because all use one log."""
        stage = held_stage.stage
        window: asyncio.Queue[tuple[MessageOutputs, list[Any]] | None] = asyncio.Queue(256)
        held_stage.sending = asyncio.create_task(self._guard(self._acknowledge(held_stage, window)))
        beginning = MessageOutputs(stage.committed, ())
        for outputs in list(stage.unsent()):
            await window.put((outputs, await self._send(stage, outputs)))
        await window.put((beginning, []))  # notes that all is acknowledged, even if there is nothing to send
        if stage.due:
            held_stage.wake.set()
        while True:
            try:
                await asyncio.wait_for(held_stage.wake.wait(), IDLE_SECONDS)
            except TimeoutError:
                await self._remove_stale_stages()
            if not held_stage.closing:
                await asyncio.sleep(GATHER_SECONDS)
            held_stage.wake.clear()
            if stage.purgeable:
                await asyncio.to_thread(stage.purge)
            await self._tell(held_stage)
            uncommitted = stage.take_uncommitted()
            if uncommitted or stage.due:
                await asyncio.to_thread(stage.commit, uncommitted)
                if settling := stage.due:
                    uncommitted += stage.commit_and_write_checkpoint()
                held_stage.pending = max(0, held_stage.pending - sum(len(row.input) for row, _ in uncommitted))
                held_stage.room.set()
                for _, outputs in uncommitted:
                    await window.put((outputs, await self._send(stage, outputs)))
                if settling:
                    await window.put((MessageOutputs(stage.committed, ()), []))  # ships the checkpoint, even without further outputs
                if not stage.broken:
                    await self._send(stage, MessageOutputs(stage.offset, stage.fold.announcements()))
            if held_stage.closing and not held_stage.wake.is_set():
                await window.put(None)
                await held_stage.sending
                return

    async def _send(self, stage: Stage, outputs: MessageOutputs) -> list[Any]:
        out = []
        for message in outputs.messages:
            key = message.id.encode()
            head = self._seal.with_seal(message.topic, message.partition, key, headers(message, stage.name), message.body)
            future = await self._topic(message.topic).send(key=key, value=message.body, partition=message.partition, headers=head)
            out.append(future)
        return out

    async def _tell(self, held_stage: HeldStage) -> None:
        """Announces a purge that was not announced yet; the broker has it on return."""
        report = held_stage.stage.purge_report
        if report is not None and report != held_stage.announced_purge:
            for future in await self._send(
                held_stage.stage, MessageOutputs(held_stage.stage.offset, [purge_message(held_stage.stage.name, report)])
            ):
                await future
            held_stage.announced_purge = report

    async def _acknowledge(self, held_stage: HeldStage, window: asyncio.Queue[tuple[MessageOutputs, list[Any]] | None]) -> None:
        stage = held_stage.stage
        while (next_one := await window.get()) is not None:
            outputs, futures = next_one
            for future in futures:
                await future
            stage.note_acknowledged(outputs.offset)
            if stage.shippable:
                await asyncio.to_thread(stage.ship)
            if stage.purgeable or stage.purge_report not in (None, held_stage.announced_purge):
                held_stage.wake.set()

    async def _close(self, tp: TP) -> None:
        held_stage = self.held_stages.pop(tp, None)
        if held_stage is None:  # another task closes it
            return
        held_stage.closing = True
        held_stage.wake.set()
        if held_stage.task is not None:
            await held_stage.task
        await asyncio.to_thread(held_stage.stage.close)

    def standing(self) -> list[tuple[str, int, Stage, int]]:
        """Topic, partition, stage and number of waiting messages, for each partition held."""
        consumer = self.app.consumer
        out = []
        for tp, held_stage in sorted(self.held_stages.items()):
            end = consumer.highwater(tp) or 0
            out.append((tp.topic.removeprefix(self.prefix), tp.partition, held_stage.stage, max(0, end - held_stage.stage.offset - 1)))
        return out

    async def stop(self) -> None:
        """Commits and sends everything, then closes the stages."""
        for tp in list(self.held_stages):
            await self._close(tp)
        if self._changes:  # an assignment is under way
            await asyncio.wait(self._changes, timeout=LEAVE_SECONDS)

    async def _guard(self, work: Awaitable[None]) -> None:
        try:
            await work
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            self.on_failure(error)
            raise

    def _topic(self, name: str) -> Any:
        if name not in self._topics:
            self._topics[name] = self.app.topic(self.prefix + name, **RAW)
        return self._topics[name]


def _stand_still_text(tp: TP, offset: int) -> str:
    return (
        f"{tp.topic} 的分区 {tp.partition} 停在消息 {offset} 之前：内存不够。请给这个工作进程更多内存并重启；其他分区照常。"
        f" Partition {tp.partition} of {tp.topic} stands still before message {offset}: there is not enough memory for it."
        " Give this worker more memory and start it again; other partitions go on."
    )


def _transport(app: Any, seek: Callable[[Any], Awaitable[None]]) -> Any:
    """Faust's Kafka transport, with a consumer that calls ``seek``."""

    class Prompt(AIOKafkaConsumerThread):
        def _create_worker_consumer(self, transport: Any) -> Any:
            consumer = super()._create_worker_consumer(transport)
            consumer._fetch_max_wait_ms = FETCH_WAIT_MS
            return consumer

    class OwnOffsets(Consumer):
        def _new_consumer_thread(self) -> Any:
            return Prompt(self, loop=self.loop, beacon=self.beacon)

        async def perform_seek(self) -> None:
            await seek(self)

    class OwnTransport(Transport):
        pass

    OwnTransport.Consumer = OwnOffsets
    return OwnTransport(app.conf.broker_consumer, app)


def make_app(name: str, settings: Mapping[str, Any], folder: Path, web_port: int | None = None, bind: str = "127.0.0.1") -> Any:
    """The Faust application for this host.

    Args:
        settings: ``broker`` and, if needed, ``broker_credentials``.
        folder: for Faust's own files, which we do not use.
        web_port, bind: where health and metrics are served; None for nowhere.
    """
    more: dict[str, Any] = {
        "web_enabled": web_port is not None,
        "web_port": web_port or 6066,
        "web_bind": bind,
        "web_host": bind,
        **settings,
    }
    return faust.App(
        name, datadir=str(folder), store="memory://", topic_disable_leader=True, stream_wait_empty=False, topic_allow_declare=False,
        broker_session_timeout=10.0, broker_heartbeat_interval=2.0, broker_max_poll_interval=600.0, broker_commit_interval=5.0,
        broker_request_timeout=120.0, consumer_auto_offset_reset="earliest", consumer_max_fetch_size=16 << 20,
        producer_acks=-1, producer_max_request_size=16 << 20, producer_linger=0.005, stream_buffer_maxsize=256, **more,
    )  # fmt: skip
