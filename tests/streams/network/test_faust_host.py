"""The Faust host without a broker: where it continues reading, and that every error reaches the worker. With a broker: ``tests/kafka``.

A list of messages stands for the stream of Faust, and a fake consumer notes the offsets it must seek.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from sqlite3 import ProgrammingError
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP

from connectors.kafka.depot import FsspecDepot
from streams.language.errors import DamagedStore, InvalidSeal
from streams.language.folds import Outgoing
from streams.network import faust_host
from streams.network.faust_host import FaustHost, make_app
from streams.network.stages import MessageOutputs, PurgeReport, Stage, StageRule, purge_message
from tests.streams.erasure import test_purge as purging
from tests.streams.network.test_stages import Tally, make
from tests.streams.world import SEAL

ORDERS, CHANGES = TP("huimin.orders", 0), TP("huimin.changes", 0)


class Consumer:
    """A fake consumer that notes the offsets it must seek."""

    def __init__(self, *assigned: TP) -> None:
        self.assigned = set(assigned)
        self.sought: dict[TP, int] = {}
        self._read_offset: dict[TP, int | None] = {}
        self._committed_offset: dict[TP, int | None] = {}

    def assignment(self) -> set[TP]:
        return self.assigned

    async def seek_wait(self, wanted: dict[TP, int]) -> None:
        self.sought |= wanted


class Stream:
    """Messages as Faust brings them."""

    def __init__(self, messages: Sequence[tuple[int, bytes]]) -> None:
        self.messages = messages

    async def events(self) -> AsyncIterator[Any]:
        for offset, body in self.messages:
            head = SEAL.with_seal("orders", ORDERS.partition, b"key", [("ce_id", b"1")], body)
            of = {"topic": ORDERS.topic, "partition": ORDERS.partition, "key": b"key", "headers": head, "value": body}
            yield SimpleNamespace(message=SimpleNamespace(offset=offset, **of), value=body)


def host_of(root: Path, failed: list[BaseException], rule: StageRule | None = None) -> FaustHost:
    """A host that sends to nobody."""
    app = make_app("huimin-test", {"broker": "kafka://localhost:1"}, root / "faust")
    host = FaustHost(app, root, lambda topic, partition: make, failed.append, SEAL, rule=rule)

    async def send(stage: Stage, outputs: Any) -> list[Any]:
        return []

    host._send = send  # type: ignore[method-assign]  # there is no broker to send to
    return host


async def read(host: FaustHost, messages: Sequence[tuple[int, bytes]]) -> None:
    async for _ in host._agent("orders")(Stream(messages)):
        pass


def test_reads_on_where_the_state_stands_and_not_where_the_broker_says(tmp_path: Path) -> None:
    """This holds at every assignment; a revoked partition is closed and its messages are committed for the next holder."""
    failed: list[BaseException] = []

    async def go() -> tuple[Consumer, Consumer]:
        host, first = host_of(tmp_path, failed), Consumer(ORDERS, CHANGES)
        await host._seek(first)
        await read(host, [(0, b"one"), (1, b"two"), (2, b"three")])
        await host._seek(Consumer())
        other, second = host_of(tmp_path, failed), Consumer(ORDERS)
        second._committed_offset[ORDERS] = 77
        await other._seek(second)
        await other.stop()
        return first, second

    first, second = asyncio.run(go())

    assert first.sought == {ORDERS: 0}
    assert second.sought == second._read_offset == second._committed_offset == {ORDERS: 3}
    assert failed == []


def test_asked_to_end_while_partitions_are_taken_away(tmp_path: Path) -> None:
    """Revocation and stop close the same stages; each stage closes once, and all are closed when the worker ends."""
    failed: list[BaseException] = []
    places = [TP("huimin.orders", partition) for partition in range(4)]

    async def go() -> list[Stage]:
        host = host_of(tmp_path, failed)
        await host._seek(Consumer(*places))
        stages = [holding.stage for holding in host.held_stages.values()]
        revocation = asyncio.create_task(host._seek(Consumer()))
        await asyncio.sleep(0)
        await host.stop()
        for stage in stages:
            with pytest.raises(ProgrammingError):
                stage.log._db.execute("SELECT 1")
        await revocation
        return stages

    assert len(asyncio.run(go())) == 4
    assert failed == []


def test_nothing_is_left_where_it_was_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Faust makes a folder when it starts; it lies beside the states."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)

    app = make_app("huimin-test", {"broker": "kafka://localhost:1"}, tmp_path / "state" / "faust")

    assert app.conf.datadir == tmp_path / "state" / "faust"
    assert list(here.iterdir()) == []


def test_error_in_a_step_reaches_failed(tmp_path: Path) -> None:
    """The agent ends, too: it takes no message after the error."""
    failed: list[BaseException] = []

    async def go() -> int:
        host = host_of(tmp_path, failed)
        await host._seek(Consumer(ORDERS))
        with pytest.raises(DamagedStore):
            await read(host, [(0, b"one"), (2, b"three"), (3, b"four")])
        offset = host.held_stages[ORDERS].stage.offset
        await host.stop()
        return offset

    assert asyncio.run(go()) == 0
    assert [type(error) for error in failed] == [DamagedStore]
    assert "goes on at 2 after 0" in str(failed[0])


@pytest.mark.parametrize("due", [False, True])
def test_partition_that_memory_is_not_enough_for_stands_still(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, due: bool) -> None:
    """The worker does not end, for it would meet the message again. The state stays as before the message, also where a snapshot was due;
    other partitions continue; and the partition starts again from that message at the next assignment."""
    failed: list[BaseException] = []
    take, wanted, once = Tally.take, TP("huimin.lines", 0), [b"too much"]

    def take_or_fail(self: Tally, body: bytes, offset: int, unproved: InvalidSeal | None = None) -> Sequence[Outgoing]:
        out = take(self, body, offset, unproved)
        if body in once:
            raise MemoryError("half done")
        return out

    async def go() -> tuple[Any, ...]:
        monkeypatch.setattr(Tally, "take", take_or_fail)
        host = host_of(tmp_path, failed, StageRule(messages=1 if due else 1000))
        await host._seek(Consumer(ORDERS, wanted))
        await read(host, [(0, b"one"), (1, b"too much"), (2, b"three")])
        still, others = dict(host.still), set(host.held_stages)
        once.clear()
        again = Consumer(ORDERS, wanted)
        await host._seek(again)
        await read(host, [(1, b"too much"), (2, b"three")])
        fold, left = host.held_stages[ORDERS].stage.fold, dict(host.still)
        await host.stop()
        assert isinstance(fold, Tally)
        return still, others, again.sought[ORDERS], left, (fold.offset, fold.total)

    still, others, sought, left, state = asyncio.run(go())

    assert failed == []
    assert still == {ORDERS: 1} and others == {wanted}
    assert sought == 1
    assert (left, state) == ({}, (2, len(b"one" + b"too much" + b"three")))


def test_error_in_a_commit_reaches_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commit runs in another task."""
    failed: list[BaseException] = []

    def full(stage: Stage, rows: object) -> None:
        raise OSError("no room")

    async def go() -> None:
        host = host_of(tmp_path, failed)
        await host._seek(Consumer(ORDERS))
        monkeypatch.setattr(Stage, "commit", full)
        await read(host, [(0, b"one")])
        for _ in range(200):
            if failed:
                return
            await asyncio.sleep(0.01)

    asyncio.run(go())

    assert [str(error) for error in failed] == ["no room"]


# -- erasure -----------------------------------------------------------------------------------------------------


class Broker:
    """A host of stages that store names, and the messages it sends; they are acknowledged while ``answers`` is set."""

    def __init__(self, root: Path, depot: FsspecDepot | None, failed: list[BaseException]) -> None:
        app = make_app("huimin-test", {"broker": "kafka://localhost:1"}, root / "faust")
        self.host = FaustHost(app, root, lambda topic, partition: purging.make, failed.append, SEAL, depot=depot)
        self.answers = asyncio.Event()
        self.answers.set()
        self.messages: list[Outgoing] = []
        self.host._send = self._send  # type: ignore[method-assign]  # there is no broker to send to

    async def _send(self, stage: Stage, outputs: MessageOutputs) -> list[Any]:
        self.messages += outputs.messages
        return [asyncio.ensure_future(self.answers.wait()) for _ in outputs.messages]

    @property
    def purge_messages(self) -> list[Outgoing]:
        return [message for message in self.messages if message.type == "purged"]

    async def until_purged(self, times: int = 1) -> None:
        async with asyncio.timeout(20):
            while len(self.purge_messages) < times:
                await asyncio.sleep(0.01)


@pytest.mark.parametrize("with_depot", [True, False])
def test_purges_once_all_is_acknowledged_and_says_so(tmp_path: Path, with_depot: bool) -> None:
    """No purge and no report comes before that; then no file here or in the depot holds the person, and the next host reports it again."""
    depot, failed = FsspecDepot(str(tmp_path / "depot"), SEAL) if with_depot else None, list[BaseException]()

    async def go() -> tuple[list[str], list[Outgoing], list[Outgoing], list[str]]:
        broker = Broker(tmp_path / "here", depot, failed)
        await broker.host._seek(Consumer(ORDERS))
        broker.answers.clear()
        await read(broker.host, list(enumerate(purging.ALL)))
        await asyncio.sleep(0.3)
        waiting = [message.type for message in broker.purge_messages] or purging.files_with_canary(tmp_path)
        broker.answers.set()
        await broker.until_purged()
        first, left = broker.purge_messages, purging.files_with_canary(tmp_path)
        await broker.host.stop()
        again = Broker(tmp_path / "here", depot, failed)
        await again.host._seek(Consumer(ORDERS))
        await again.until_purged()
        await again.host.stop()
        return waiting, first, again.purge_messages, left

    waiting, first, again, left = asyncio.run(go())

    assert [name for name in waiting if name.startswith("log.sqlite")]
    assert left == []
    assert len(first) == 1
    assert first[0] in [purge_message("orders-0", PurgeReport(1, offset, with_depot)) for offset in (4, 5, 6)]
    assert again == first
    assert failed == []


def test_goes_on_with_a_purge_that_was_stopped(tmp_path: Path) -> None:
    """Killed right after the erasure is in the log, with no message to come: snapshot, purge and report follow at once."""
    depot, failed = FsspecDepot(str(tmp_path / "depot"), SEAL), list[BaseException]()
    stage = purging.full(tmp_path / "here", depot)
    purging.take_messages(stage, 5)
    purging.kill(stage)

    async def go() -> list[Outgoing]:
        broker = Broker(tmp_path / "here", depot, failed)
        await broker.host._seek(Consumer(ORDERS))
        await broker.until_purged()
        await broker.host.stop()
        return broker.purge_messages

    assert faust_host.IDLE_SECONDS > 20
    assert asyncio.run(go()) == [purge_message("orders-0", PurgeReport(1, 4, True))]
    assert purging.files_with_canary(tmp_path) == []
    assert failed == []


def test_what_lies_here_of_a_partition_that_went_elsewhere_goes(tmp_path: Path) -> None:
    """It goes with the next assignment, once the worker that holds the partition is further."""
    depot, failed = FsspecDepot(str(tmp_path / "depot"), SEAL), list[BaseException]()
    purging.kill(purging.full(tmp_path / "here", depot))

    async def go() -> list[str]:
        broker = Broker(tmp_path / "here", depot, failed)
        await broker.host._seek(Consumer())
        before = purging.files_with_canary(tmp_path / "here")
        purging.elsewhere(depot, tmp_path / "elsewhere")
        await broker.host._seek(Consumer(TP("huimin.orders", 1)))
        await broker.host.stop()
        return before

    assert len(asyncio.run(go())) >= 4
    assert purging.files_with_canary(tmp_path) == []
    assert failed == []


def test_what_is_taken_while_the_unsent_is_sent_again_is_not_taken_for_acknowledged(tmp_path: Path) -> None:
    """Its outputs stay in the log until the broker has them, although everything before them is acknowledged."""
    failed = list[BaseException]()
    stage = purging.open_stage(tmp_path)
    purging.take_messages(stage, 2)
    purging.kill(stage)

    async def go() -> list[int]:
        broker = Broker(tmp_path, None, failed)
        sending, again = asyncio.Event(), asyncio.Event()

        async def send(stage: Stage, outputs: MessageOutputs) -> list[Any]:
            if outputs.offset >= 2 and outputs.messages:
                return [asyncio.ensure_future(broker.answers.wait())]
            sending.set()
            await again.wait()
            return []

        broker.host._send = send  # type: ignore[method-assign]  # there is no broker to send to
        broker.answers.clear()
        await broker.host._seek(Consumer(ORDERS))
        await sending.wait()
        await read(broker.host, [(2, purging.ALL[2]), (3, purging.ALL[3])])
        again.set()
        stage = broker.host.held_stages[ORDERS].stage
        async with asyncio.timeout(20):
            while stage.committed < 3:
                await asyncio.sleep(0.01)
        unsent_offsets = [outputs.offset for outputs in stage.unsent()]
        broker.answers.set()
        await broker.host.stop()
        return unsent_offsets

    assert {2, 3} <= set(asyncio.run(go()))
    assert failed == []
