"""Anybody whom the broker admits can write to a topic: a message without a member's seal becomes a dead letter and stops no worker.

A worker takes the messages of members and forgeries between them. Its outputs must be those without the forgeries, except for dead letters.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP

from infra.metrics import METRICS, Metrics
from infra.worker import fold_maker
from streams.language.errors import NewerFormat
from streams.language.folds import UNPROVED_BYTES, Outgoing
from streams.language.messages import VERSION, Input, PolicyWithdrawn, Tick
from streams.network import faust_host
from streams.network.faust_host import FaustHost, make_app
from streams.network.stages import MessageOutputs, Stage
from streams.wire import wire
from streams.wire.seal import Seal
from tests.streams.bench import ELDERLY, register
from tests.streams.happenings import erasing
from tests.streams.network.test_faust_host import Consumer
from tests.streams.world import DAY, SEAL, network, parts, publication, stamped_bytes

THEIRS = Seal(b"t" * 32, "a network of tests")
ELSEWHERE = Seal(b"k" * 32, "another network")


@dataclass(frozen=True)
class Record:
    """A message as it lies on a topic."""

    topic: str
    partition: int
    key: bytes
    headers: list[tuple[str, bytes]]
    value: bytes
    offset: int = -1


def record(body: bytes, topic: str = "inputs", seal: Seal | None = SEAL, of: str | None = None, partition: int = 0) -> Record:
    """A message of a topic; ``of`` is the topic of its seal, ``seal`` the key, None without one."""
    head = [("ce_id", b"1"), ("ce_type", b"cn.huimin.input")]
    sealed = head if seal is None else seal.with_seal(of or topic, partition, b"key", head, body)
    return Record(f"huimin.{topic}", 0, b"key", sealed, body)


def withdrawal() -> bytes:
    """A withdrawal, which is admitted wherever its seal is."""
    return stamped_bytes(PolicyWithdrawn(ELDERLY, 1, "author", "approver", "forged"))


def newer(message: Input) -> bytes:
    """A message of a later version."""
    with pytest.MonkeyPatch.context() as later:
        later.setattr(wire, "FIRST_VERSION", VERSION + 1)
        return stamped_bytes(message)


def forgeries() -> Iterator[Record]:
    """One record for every known way of forging."""
    good = withdrawal()
    whole = record(good)
    yield record(good, seal=None)
    yield record(good, seal=THEIRS)
    yield record(good, seal=ELSEWHERE)
    yield record(good, of="orders")
    yield record(good, partition=1)
    yield record(newer(Tick(DAY)), seal=None)
    yield record(newer(Tick(DAY)), seal=THEIRS)
    yield Record(whole.topic, 0, b"another", whole.headers, good)
    yield Record(whole.topic, 0, b"key", [*whole.headers, ("ce_closes", b"x")], good)
    for cut in (0, 1, 30, len(good) - 1):
        yield Record(whole.topic, 0, b"key", whole.headers, good[:cut])
    yield record(b"\0" * 3_000_000, seal=None)


class WatchedWorker:
    """A worker on the topics of inputs and lines, with its outputs and errors."""

    def __init__(self, root: Path) -> None:
        self.failed: list[BaseException] = []
        self.out: list[Outgoing] = []
        self.metrics = Metrics()
        app = make_app("huimin-test", {"broker": "kafka://localhost:1"}, root / "faust")
        self.host = FaustHost(
            app, root, partial(fold_maker, parts(real=True), 2), self.failed.append, SEAL, observe=self.metrics.observe_message
        )
        self.host._send = self._send  # type: ignore[method-assign]  # there is no broker to send to
        self.next: Counter[str] = Counter()

    async def _send(self, stage: Stage, outputs: MessageOutputs) -> list[Any]:
        self.out += outputs.messages
        return []

    async def take(self, *records: Record, topic: str = "inputs") -> None:
        async def events(stream: Any = None) -> Any:
            for incoming in records:
                facts = {"topic": incoming.topic, "partition": 0, "key": incoming.key, "headers": incoming.headers, "value": incoming.value}
                yield SimpleNamespace(message=SimpleNamespace(offset=self.next[topic], **facts), value=incoming.value)
                self.next[topic] += 1

        async for _ in self.host._agent(topic)(SimpleNamespace(events=events)):
            pass

    def count_of(self, name: str, stage: str) -> float:
        return float(self.metrics._of[name].labels(stage)._value.get())


def on(root: Path, *records: Record, topic: str = "inputs") -> WatchedWorker:
    """A worker after these records; it has stopped, with or without errors."""

    async def go() -> WatchedWorker:
        worker = WatchedWorker(root)
        await worker.host._seek(Consumer(TP(f"huimin.{topic}", 0)))
        try:
            async with asyncio.timeout(120):
                await worker.take(*records, topic=topic)
        finally:
            await worker.host.stop()
        return worker

    return asyncio.run(go())


def members() -> list[Record]:
    """The messages of members; they list two persons, which a forged withdrawal would take off."""
    return [record(stamped_bytes(message)) for message in (Tick(DAY), network(), publication(ELDERLY), *register(1, 2))]


def without_letters(out: list[Outgoing]) -> list[tuple[str, int, bytes]]:
    return [(message.topic, message.partition, message.body) for message in out if message.topic == "orders"]


def test_nothing_forged_counts_or_stops_a_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Orders come from members' messages alone; each forgery is counted and becomes a dead letter, cut short, with the reason. However
    many forgeries come, there is room for members' messages after them."""
    monkeypatch.setattr(faust_host, "PENDING_BYTES", 1 << 20)
    honest, wrong = members(), list(forgeries())
    alone = on(tmp_path / "alone", *honest, *([record(b"")] * len(wrong)), *honest[1:2])

    among = on(tmp_path / "among", *honest, *wrong, *honest[1:2])

    assert among.failed == alone.failed == []
    assert without_letters(among.out) == without_letters(alone.out) != []
    letters = {int(letter.facts["offset"]): letter for letter in among.out if letter.topic == "dead-letters"}
    unproved = [letters[offset] for offset in range(len(honest), len(honest) + len(wrong))]
    assert [message.body for message in unproved] == [message.value[:UNPROVED_BYTES] for message in wrong]
    assert all("was not read" in letter.facts["reasonen"] and "没有读取" in letter.facts["reasonzh"] for letter in unproved)
    assert among.count_of("huimin_unproved_total", "inputs") == len(wrong)
    assert len(wrong) > 12


def test_a_state_that_took_forged_messages_opens_again(tmp_path: Path) -> None:
    """The log keeps their places without content; the next message is taken as usual."""
    wrong = list(forgeries())
    on(tmp_path, *members(), *wrong)

    async def go() -> WatchedWorker:
        worker = WatchedWorker(tmp_path)
        await worker.host._seek(Consumer(TP("huimin.inputs", 0)))
        stage = next(iter(worker.host.held_stages.values())).stage
        worker.next["inputs"] = stage.offset + 1
        assert [body for _, body in stage.log.inputs(len(members()) - 1)] == [b""] * len(wrong)
        await worker.take(record(stamped_bytes(PolicyWithdrawn(ELDERLY, 1, "author", "approver", "meant"))))
        await worker.host.stop()
        return worker

    worker = asyncio.run(go())

    assert worker.failed == []
    assert "orders" in [message.topic for message in worker.out]
    assert [message.body for message in worker.out if message.id == f"note.{len(members()) + len(wrong)}"] != []


def test_a_later_version_is_believed_of_a_member_alone(tmp_path: Path) -> None:
    """From a member it ends the worker, with advice; from anybody else it is one more dead letter."""
    with pytest.raises(NewerFormat, match=f"version {VERSION + 1}; this program reads up to version {VERSION}. Upgrade"):
        on(tmp_path / "member", *members(), record(newer(Tick(DAY))))
    stranger = on(tmp_path / "stranger", *members(), record(newer(Tick(DAY)), seal=THEIRS))

    assert stranger.failed == []


def test_what_is_forged_is_not_read_to_see_whom_it_names(tmp_path: Path) -> None:
    """After an erasure, dead letters of forgeries hold nothing; a later version among them does not stop the worker."""
    wrong = list(forgeries())
    worker = on(tmp_path, *members(), record(stamped_bytes(erasing(1))), *wrong)

    letters = [letter for letter in worker.out if letter.topic == "dead-letters"]
    assert worker.failed == []
    assert [letter.body for letter in letters] == [b""] * len(wrong)


def test_reports_that_were_forged_or_come_again_move_nothing(tmp_path: Path) -> None:
    """On the topic of lines: the merger writes what members report, once, whatever else comes."""
    inputs = on(tmp_path / "inputs", *members())
    notes = [record(message.body, "lines") for message in inputs.out if message.topic == "lines"]
    once = on(tmp_path / "once", *notes, topic="lines")

    wrong = [Record(note.topic, 0, note.key, note.headers, note.value[:-1]) for note in notes] + [
        record(note.value, "lines", THEIRS) for note in notes
    ]
    again = on(tmp_path / "again", *wrong, *notes, *wrong, *notes, *reversed(notes), topic="lines")

    def reports(worker: WatchedWorker) -> list[tuple[str, bytes]]:
        return [(message.topic, message.body) for message in worker.out if message.topic in ("changes", "editions")]

    assert again.failed == []
    assert reports(again) == reports(once)
    assert again.count_of("huimin_unproved_total", "lines") == 2 * len(wrong)
    assert again.count_of("huimin_replayed_total", "lines") == 2 * len(notes)


def test_what_is_counted_is_measured() -> None:
    """The counters have metrics that dashboards use."""
    assert {"huimin_unproved_total", "huimin_replayed_total", "huimin_refused_total", "huimin_early_total"} <= METRICS.keys()
