"""The Faust host and the embedded host run the same steps: the same messages end in the same lists."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from policies.problems import HuiminError
from streams import wire
from streams.errors import Damaged
from streams.faust_host import FaustHost, make_app
from streams.host import Host
from streams.messages import CandidateChange, CheckAnswered, Input, Tick
from streams.shards import Refusal, Shards
from tests.streams.world import network, parts, published, run

BAD = CheckAnswered("nobody-published-this", 1, "check", True)


def messages() -> list[Input]:
    """The three example policies and some deliveries, with one message that is not admitted."""
    start, setting, *rest = run(120)
    return [start, setting, published("group-rental"), BAD, *rest]


def through_faust(inputs: Sequence[Input]) -> tuple[FaustHost, list[CandidateChange], list[Refusal]]:
    """Puts messages through the agent, without a broker."""
    sent: list[CandidateChange] = []
    refusals: list[Refusal] = []

    async def send(partition: int, changes: Sequence[CandidateChange], /) -> None:
        sent.extend(changes)

    async def go() -> FaustHost:
        host = FaustHost(make_app("huimin-test", "kafka://localhost:1"), parts(real=True), send, refusals.append)
        async with host.agent.test_context() as agent:
            for message in inputs:
                await agent.put(wire.encode(message))
        return host

    return asyncio.run(go()), sent, refusals


def test_same_messages_give_the_same_lists_as_the_embedded_host(tmp_path: Path) -> None:
    """Lines, ids, causes and final lists are equal; a message that is not admitted changes nothing in either."""
    inputs = messages()
    with Host.open(tmp_path / "store", parts(real=True), create=True) as host:
        for message in inputs:
            try:
                host.submit(message)
            except HuiminError:
                host.submit(Tick(host.state.day))  # takes the place of the refused one: a broker's offsets do not close up
        expected = list(host.outputs())
        lists = {name: host.state.matcher.candidates(name) for name in host.state.policies}

    faust_host, sent, refusals = through_faust(inputs)

    state = faust_host.shards.state(0)
    assert sent == expected
    assert expected
    assert {name: state.matcher.candidates(name) for name in state.policies} == lists
    assert [(refusal.partition, refusal.offset) for refusal in refusals] == [(0, 3)]


def test_partitions_have_states_of_their_own() -> None:
    """What one partition was told is not known to another."""
    shards = Shards(parts(), lambda refusal: None)

    shards.take(0, 0, wire.encode(Tick(date(2026, 10, 1))))
    shards.take(1, 0, wire.encode(network()))

    assert not shards.state(0).begun
    assert shards.state(1).begun


def test_message_below_the_own_offset_is_passed_over() -> None:
    """A broker that repeats what was applied changes nothing."""
    shards = Shards(parts(), lambda refusal: None)
    shards.take(0, 0, wire.encode(Tick(date(2026, 10, 1))))

    shards.take(0, 0, wire.encode(Tick(date(2026, 10, 9))))

    assert shards.state(0).day == date(2026, 10, 1)


def test_message_above_the_own_offset_stops_the_line() -> None:
    """A gap means loss: the worker stops and says where."""
    shards = Shards(parts(), lambda refusal: None)
    shards.take(0, 0, wire.encode(Tick(date(2026, 10, 1))))

    with pytest.raises(Damaged, match="Partition 0 goes on at 2 after 0"):
        shards.take(0, 2, wire.encode(Tick(date(2026, 10, 9))))


def test_bytes_that_are_no_message_stop_the_worker() -> None:
    """Going on would leave a hole in the order: the application crashes, and is started again by its supervisor."""

    async def send(partition: int, changes: Sequence[CandidateChange], /) -> None: ...

    async def go() -> bool:
        host = FaustHost(make_app("huimin-test", "kafka://localhost:1"), parts(), send, lambda refusal: None)
        async with host.agent.test_context() as agent:
            await agent.put(wire.encode(Tick(date(2026, 10, 1))))
            await agent.put(b"not one of ours", wait=False)
            for _ in range(100):
                await asyncio.sleep(0.01)
                if host.app.crashed:
                    break
            return bool(host.app.crashed) and host.shards.state(0).offset == 0

    assert asyncio.run(go())
