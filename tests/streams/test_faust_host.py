"""The Faust host without a broker: where it reads on, and that no error stays with it. With a broker: ``tests/kafka``.

The one idea: what Faust brings is stood for by a list of messages, and its consumer by one that notes down where it is sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP

from streams.errors import Damaged
from streams.faust_host import FaustHost, make_app
from streams.stages import Stage
from tests.streams.test_stages import make

ORDERS, CHANGES = TP("huimin.orders", 0), TP("huimin.changes", 0)


class Consumer:
    """Notes down from where it is to read on."""

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
            message = SimpleNamespace(topic=ORDERS.topic, partition=ORDERS.partition, offset=offset)
            yield SimpleNamespace(message=message, value=body)


def host_of(root: Path, failed: list[BaseException]) -> FaustHost:
    """A host that sends to nobody."""
    app = make_app("huimin-test", {"broker": "kafka://localhost:1"})
    host = FaustHost(app, root, lambda topic, partition: make, failed.append)

    async def send(stage: Stage, sent: Any) -> list[Any]:
        return []

    host._send = send  # type: ignore[method-assign]  # there is no broker to send to
    return host


async def read(host: FaustHost, messages: Sequence[tuple[int, bytes]]) -> None:
    async for _ in host._agent("orders")(Stream(messages)):
        pass


def test_reads_on_where_the_state_stands_and_not_where_the_broker_says(tmp_path: Path) -> None:
    """At every assignment; a partition taken away is closed, with all that was taken committed, for whoever holds it next."""
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


def test_error_in_a_step_reaches_failed(tmp_path: Path) -> None:
    """And the agent ends with it: nothing behind the error is taken."""
    failed: list[BaseException] = []

    async def go() -> int:
        host = host_of(tmp_path, failed)
        await host._seek(Consumer(ORDERS))
        with pytest.raises(Damaged):
            await read(host, [(0, b"one"), (2, b"three"), (3, b"four")])
        offset = host.held[ORDERS].stage.offset
        await host.stop()
        return offset

    assert asyncio.run(go()) == 0
    assert [type(error) for error in failed] == [Damaged]
    assert "goes on at 2 after 0" in str(failed[0])


def test_error_in_a_commit_reaches_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though it is another task's."""
    failed: list[BaseException] = []

    def full(stage: Stage, taken: object) -> None:
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
