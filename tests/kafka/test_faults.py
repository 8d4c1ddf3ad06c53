"""Whatever happens to workers, brokers, disks and readers: nothing acknowledged is lost, every line is told once, and the lists are right.

The one idea: one network lives through many faults in a row, each while messages are on their way and people move between partitions. After each
fault more is told than before, and all that was ever told is what one embedded host says to the messages in the topic.
"""

from __future__ import annotations

import asyncio
import random
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from infra.kafka.cluster import Cluster
from infra.kafka.reach import admin
from streams.network.faust_host import STAGES, FaustHost, make_app
from streams.store.checkpoints import offsets
from tests.kafka.moving import Moving
from tests.kafka.network import SHARDS, Network, Nursery, Reader, Worker, network, wiped
from tests.matchers.counting import FACTOR, Counted, need
from tests.streams.world import SEAL, parts

pytestmark = [pytest.mark.kafka, pytest.mark.xdist_group("kafka-faults")]

TITLE = "faults of a network on Kafka"
KILLS = 30 if FACTOR == 1 else 75 * FACTOR
CHANGES = 10
MORE = 60
"""Messages sent into a fault."""
SESSION_SECONDS = 10.0
need(TITLE, 15, {"workers killed": 30, "  of them while messages waited in inputs": 3, "lines told": 500, "moves between partitions": 1000})

Made = Callable[..., Network]


@pytest.fixture(scope="module")
def living() -> Iterator[dict[str, Network]]:
    """Networks that live through many faults."""
    found: dict[str, Network] = {}
    yield found
    for made in found.values():
        made.close()


@pytest.fixture
def one(living: dict[str, Network], nursery: Nursery, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Network:
    """A network of two workers on one broker, with a depot; a new one where the last was left broken."""
    if "one" not in living:
        folder = tmp_path_factory.mktemp("network")
        living["one"] = Network(nursery, cluster.connection(), folder, Moving(), depot=folder / "depot")
        living["one"].add(2)
    return living["one"]


@pytest.fixture
def suffers(living: dict[str, Network], counted: Counted) -> Callable[..., Any]:
    """Has a network suffer a fault: messages are on their way, and afterwards everything is right and more is told."""

    @contextmanager
    def suffering(made: Network, fault: str, allowed: tuple[int, ...] = ()) -> Iterator[Counter[str]]:
        made.working()
        found: Counter[str] = Counter()
        before = _standing(made)
        try:
            made.send(MORE)
            yield found
            during = made.reader.lines
            made.send(MORE)
            made.more_told(during, "more is told after the fault")
            made.settle()
            after = made.right()
            assert made.exits.keys() <= {0, -signal.SIGKILL, *allowed}, made.exits
        except BaseException:
            print(made.state())
            for name in [name for name, network in living.items() if network is made]:
                living.pop(name).close()
            raise
        counted(TITLE, {"faults": 1, f"fault: {fault}": 1, **found, **_told(before, after)})

    return suffering


_COUNTED = ("lines told", "messages", "told again", "dead letters", "moves between partitions")


def _standing(made: Network) -> Counter[str]:
    return Counter(
        {
            "lines told": made.reader.lines,
            "messages": len(made.expected.bodies),
            "told again": sum(made.reader.repeated.values()),
            "dead letters": len(made.reader.dead),
            "moves between partitions": sum(map(len, made.expected.movers)),
        }
    )


def _told(before: Counter[str], after: Counter[str]) -> dict[str, int]:
    names = {"lines told": "lines", "told again": "repeated"}
    return {name: after[names.get(name, name)] - before[name] for name in _COUNTED}


def killed(made: Network, worker: Worker, found: Counter[str], wait: bool = False) -> None:
    """SIGKILL, with what the worker said it held and had not taken a moment before."""
    lags = worker.lags()
    found["workers killed"] += 1
    found["  of them while something was to be told"] += made.lag > 0 or any(lags.values())
    for stage in STAGES:
        here = [lag for (topic, _), lag in lags.items() if topic == stage]
        found[f"  of them while messages waited in {stage}"] += any(here)
    found["  of them while it held nothing yet"] += not lags
    worker.kill()
    if not wait:
        made.forgotten(worker)


def pause(made: Network, seconds: float) -> None:
    """Tends for so long."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        made.tend()


def test_workers_killed_at_any_moment(one: Network, suffers: Any) -> None:
    """SIGKILL again and again, of one or both, while they work, start or are given partitions; now and then its session has to run out."""
    moments = random.Random(5)
    with suffers(one, "workers killed") as found:
        while found["workers killed"] < KILLS:
            before = one.reader.lines
            one.send(MORE // 2)
            pause(one, moments.uniform(0.0, 0.4))
            victims = one.workers if moments.random() < 0.3 else [moments.choice(one.workers)]
            for victim in victims:
                killed(one, victim, found, wait=found["workers killed"] % 15 == 14)
            one.tend()
            if moments.random() < 0.25:
                pause(one, moments.uniform(0.1, 1.0))
                victim = moments.choice([worker for worker in one.workers if worker.pid is not None])
                killed(one, victim, found)
            one.more_told(before, "more is told after a kill")
    assert found["  of them while something was to be told"] >= KILLS // 2


WENT = (0, -signal.SIGTERM)
"""How a worker goes that is asked to; the second where it was asked before it had begun to listen."""


def test_workers_join_and_leave(one: Network, suffers: Any) -> None:
    """Every few seconds one comes or goes; whoever is asked to go ends with 0."""
    with suffers(one, "workers joined and left", allowed=WENT) as found:
        guests: list[Worker] = []
        for change in range(CHANGES):
            before = one.reader.lines
            one.send(MORE // 3)
            if change % 4 < 2:
                guests += one.add()
            else:
                assert guests.pop(0).end() in WENT
            found["workers joined or left"] += 1
            pause(one, 1.5)
            one.more_told(before, "more is told after a change")
        for guest in guests:
            assert guest.end() in WENT
        assert one.exits[0] > 0
        one.workers[:] = one.workers[:2]


@pytest.mark.parametrize("stage", ["lines", pytest.param("orders", marks=pytest.mark.prove)])
def test_a_worker_that_sleeps_beyond_its_session(one: Network, suffers: Any, stage: str) -> None:
    """Others take over meanwhile; what it still sends when it wakes does no harm."""
    with suffers(one, "a worker slept beyond its session and woke") as found:
        sleeper = one.holder(stage)
        other = next(worker for worker in one.workers if worker is not sleeper)
        one.until(lambda: one.lag > 0 or one.reader.mark >= one.expected.last, "something is on its way", 60)
        sleeper.signal(signal.SIGSTOP)
        try:
            one.send(MORE)
            one.until(lambda: (stage, 0) in other.lags(), "the other takes over")
            before = one.reader.lines
            one.more_told(before, "more is told meanwhile")
        finally:
            sleeper.signal(signal.SIGCONT)
        one.send(MORE)
        found["zombies"] += 1


@pytest.mark.parametrize("depot", [True, False])
def test_wiped_disks(one: Network, suffers: Any, depot: bool) -> None:
    """With a depot they go on from what was shipped; without one they read the topics from the start, and tell everything again."""
    with suffers(one, f"disks wiped, {'with' if depot else 'without'} a depot") as found:
        assert one.depot is not None
        if depot:
            one.until(lambda: "lines-0" in _shipped(one), "a snapshot is shipped")
        for worker in one.workers:
            worker.wanted = False
            killed(one, worker, found)
            wiped(worker)
        if not depot:
            shutil.rmtree(one.depot, ignore_errors=True)
        one.settled_reader()
        told, repeated = len(one.reader.told), one.reader.repeated["changes"]
        for worker in one.workers:
            worker.wanted = True
        one.settle()
        again = one.reader.repeated["changes"] - repeated
        found["disks wiped"] += len(one.workers)
        assert again < told // 2 if depot else again >= told


def _shipped(made: Network) -> dict[str, int]:
    """The newest snapshot in the depot, of each stage."""
    from connectors.kafka.depot import FsspecDepot

    depot = FsspecDepot(str(made.depot), SEAL)
    names = ["inputs-0", "lines-0", *(f"orders-{one}" for one in range(SHARDS))]
    return {name: newest for name in names if (newest := depot.newest(name)) is not None}


def test_a_stale_state(one: Network, suffers: Any) -> None:
    """A state copied back from an earlier moment: it takes again what it took since, and says the same again."""
    with suffers(one, "a state copied back from an earlier moment") as found:
        one.settle()
        victim, copy = one.holder("lines"), one.folder / "copy"
        victim.signal(signal.SIGSTOP)
        shutil.copytree(victim.state, copy)
        victim.signal(signal.SIGCONT)
        assert one.depot is not None
        one.send(MORE)
        one.settle()
        one.send(MORE)
        killed(one, victim, found)
        wiped(victim)
        shutil.rmtree(one.depot, ignore_errors=True)
        shutil.move(copy, victim.state)
        found["states copied back"] += 1


@pytest.mark.parametrize("committed", ["ahead", "absent", pytest.param("behind", marks=pytest.mark.prove)])
def test_what_the_broker_remembers_is_only_a_hint(one: Network, suffers: Any, committed: str) -> None:
    """The group's committed offsets are put ahead, behind, or removed; each stage reads on where its state stands."""
    from kafka import KafkaConsumer, TopicPartition
    from kafka.structs import OffsetAndMetadata

    with suffers(one, f"committed offsets {committed}") as found:
        for worker in one.workers:
            assert worker.end() == 0
        one.send(MORE)
        one.acknowledge()
        places = [TopicPartition(one.prefix + name, part) for name in STAGES for part in range(SHARDS if name == "orders" else 1)]
        group = f"{one.prefix}workers"
        consumer = KafkaConsumer(**one.connection.client(), enable_auto_commit=False)
        ends = consumer.end_offsets(places)
        consumer.close()
        with admin(one.connection) as client:
            assert client.list_group_offsets(group)
            if committed == "absent":
                client.delete_group_offsets(group, places)
            else:
                to = {place: OffsetAndMetadata(ends[place] if committed == "ahead" else 0, "", -1) for place in places}
                client.alter_group_offsets(group, to)
        found["committed offsets changed"] += len(places)
        for worker in one.workers:
            worker.wanted = True


def test_messages_sent_again(one: Network, suffers: Any) -> None:
    """Whole deliveries again; orders and lines again, late; and orders and lines that come before their turn."""
    from kafka import KafkaConsumer, TopicPartition

    with suffers(one, "messages sent again") as found:
        one.settle()
        for body in one.expected.bodies[-MORE:]:
            one.put(body)
            found["inputs sent again"] += 1
        consumer = KafkaConsumer(**one.connection.client(), enable_auto_commit=False, fetch_max_wait_ms=50)
        for name, partition in (("orders", 0), ("orders", 1), ("lines", 0)):
            place = TopicPartition(one.prefix + name, partition)
            consumer.assign([place])
            end = consumer.end_offsets([place])[place]
            consumer.seek(place, max(0, end - MORE))
            for record in _upto(consumer, place, end):
                one._producer.send(record.topic, value=record.value, key=record.key, headers=record.headers, partition=partition)
                found[f"{name} sent again"] += 1
        consumer.close()


def _upto(consumer: Any, place: Any, end: int) -> list[Any]:
    """What lies before an offset."""
    found: list[Any] = []
    until = time.monotonic() + 20
    while consumer.position(place) < end and time.monotonic() < until:
        found += [record for records in consumer.poll(timeout_ms=50).values() for record in records]
    return found


GARBAGE = (b"", None, b"{}", b"\x00" * 64, bytes(range(256)))


def test_garbage(one: Network, suffers: Any) -> None:
    """Bytes that are no message, nothing at all, in every topic that is read: put aside with the reason, and on it goes."""
    with suffers(one, "garbage in every topic") as found:
        dead = len(one.reader.dead)
        for body in GARBAGE:
            one.put(body)
            one.send(3)
            for name, partition in (("orders", 0), ("orders", SHARDS - 1), ("lines", 0)):
                one._producer.send(one.prefix + name, value=body, key=b"garbage", partition=partition)
                found["garbage in orders and lines"] += 1
            found["garbage in inputs"] += 1
        one.settle()
        one.until(lambda: len(one.reader.dead) >= dead + 4 * len(GARBAGE), "all of it is put aside", 90)


def test_a_slow_reader(one: Network, suffers: Any) -> None:
    """Ten times slower than what is told, it falls behind and loses nothing."""
    from kafka import KafkaConsumer, TopicPartition

    with suffers(one, "a reader ten times slower") as found:
        place, slow = TopicPartition(one.prefix + "changes", 0), Reader()
        consumer = KafkaConsumer(**one.connection.client(), enable_auto_commit=False, max_poll_records=1, fetch_max_wait_ms=50)
        consumer.assign([place])
        consumer.seek(place, one.position("changes"))  # from where the quick one stands: it need not have read all that is there
        slow.mark = one.reader.mark
        first, behind = one.reader.mark, 0
        one.send(3 * MORE)
        one.acknowledge()
        while one.lag or len(one.expected.bodies) <= max(one.acknowledged):
            before = one.reader.lines
            one.tend()
            for _ in range((len(one.reader.told) - before) // 10):
                _slowly(consumer, slow)
            behind = max(behind, one.reader.mark - slow.mark)
        one.until(lambda: _slowly(consumer, slow) and slow.mark >= one.reader.mark, "the slow one has everything", 60)
        consumer.close()
        told = {offset: list(said) for offset, (_, said) in one.reader.told.items() if offset > first}
        assert {offset: list(said) for offset, (_, said) in slow.told.items()} == told
        found["messages the slow reader was behind"] += behind
        assert behind > 0


def _slowly(consumer: Any, reader: Reader) -> bool:
    for records in consumer.poll(timeout_ms=20).values():
        for record in records:
            reader.take("changes", record)
    return True


def test_snapshots_are_written_while_messages_keep_coming(one: Network, suffers: Any) -> None:
    """Work that never pauses does not keep a stage from its snapshots."""
    with suffers(one, "no pause between messages") as found:
        holder = one.holder("inputs")
        folder = holder.state / "inputs-0" / "snapshots"
        before = max(offsets(folder), default=-1)
        one.send(6 * one.snapshot)
        seen = set[int]()

        def done() -> bool:
            if one.lag > 0:
                seen.update(offset for offset in offsets(folder) if offset > before)
            return bool(one.expected.bodies) and one.lag == 0 and len(one.expected.bodies) > max(one.acknowledged, default=0)

        one.acknowledge()
        one.until(done, "all is told")
        found["snapshots written under load"] += len(seen)
        assert len(seen) >= 2  # two are kept at a time, and who looks may be slow


def test_the_only_broker_restarts(one: Network, cluster: Cluster, suffers: Any) -> None:
    """Killed, and started again: what it acknowledged is there, and the workers go on."""
    with suffers(one, "the only broker killed and started again") as found:
        one.acknowledge()
        cluster.kill(1)
        found["brokers killed"] += 1
        one.send(MORE // 4)
        pause(one, 1.0)
        cluster.start(1)
        before = one.reader.lines
        one.more_told(before, "more is told by the new broker")


def test_a_send_that_fails(one: Network, suffers: Any) -> None:
    """The broker refuses what is to be told: the worker ends with 1 and its reason, until it is let in."""
    with suffers(one, "a send that fails", allowed=(1,)) as found:
        one.settle()
        _limit(one, "changes", 100)
        failed = one.exits[1]
        one.send(MORE)
        one.until(lambda: one.exits[1] > failed, "the worker ends with 1")
        assert any("MessageSizeTooLarge" in worker.said for worker in one.workers)
        _limit(one, "changes", 16 << 20)
        found["workers that ended with 1"] += one.exits[1] - failed
        one.working()
    one.exits.pop(1)


def _limit(made: Network, topic: str, size: int) -> None:
    from kafka.admin import ConfigResource

    with admin(made.connection) as client:
        client.alter_configs([ConfigResource("TOPIC", made.prefix + topic, {"max.message.bytes": str(size)})])
    time.sleep(1.0)


def test_a_damaged_state_ends_the_worker(one: Network, suffers: Any) -> None:
    """A log that cannot be read is said, with exit code 1; with the disk wiped it goes on."""
    with suffers(one, "a damaged state", allowed=(1,)) as found:
        one.settle()
        victim = one.holder("lines")
        killed(one, victim, found)
        for path in (victim.state / "lines-0").glob("log.sqlite*"):
            path.write_bytes(b"damaged" * 1000)
        one.send(MORE)
        other = next(worker for worker in one.workers if worker is not victim)
        other.wanted = False
        killed(one, other, found)
        failed = one.exits[1]
        one.until(lambda: one.exits[1] > failed, "it ends with 1", 60)
        assert "lines-0/log.sqlite" in victim.said
        victim.wanted = False
        victim.kill()
        one.forgotten(victim)
        wiped(victim)
        victim.wanted = other.wanted = True
        found["workers that ended with 1"] += one.exits[1] - failed
    one.exits.pop(1)


@pytest.mark.xdist_group("kafka")
def test_leaders_killed(nursery: Nursery, cluster3: Cluster, tmp_path: Path, suffers: Any) -> None:
    """The leader of the inputs, then that of the orders; two brokers of three go on at once."""
    with network(nursery, cluster3.connection(), tmp_path, Moving()) as made:
        made.add(2)
        with suffers(made, "leaders killed") as found:
            for topic in ("inputs", "orders") if FACTOR > 1 else ("orders",):
                made.acknowledge()
                made.send(MORE)
                leader = cluster3.leader(made.prefix + topic)
                assert leader is not None
                cluster3.kill(leader)
                found["brokers killed"] += 1
                try:
                    before = made.reader.lines
                    made.send(MORE // 2)
                    made.more_told(before, "more is told without the leader")
                    made.acknowledge()
                finally:
                    cluster3.start(leader)
                made.until(lambda: _in_sync(made) == 3, "all brokers have all", 60)
        assert made.end() == [0, 0]


def _in_sync(made: Network) -> int:
    """On how many brokers all of every partition is, at least."""
    with admin(made.connection) as client:
        found = client.describe_topics([made.prefix + name for name in STAGES])
        return min(len(one["isr_nodes"]) for topic in found for one in topic["partitions"])


def test_workers_that_share_a_folder(nursery: Nursery, cluster: Cluster, tmp_path: Path, suffers: Any) -> None:
    """Two or three on one folder of states: whoever is given a partition waits until the other has let go."""
    with network(nursery, cluster.connection(), tmp_path, Moving()) as made:
        made.add(2, root=tmp_path / "shared")
        with suffers(made, "workers that share a folder") as found:
            for change in range(3):
                before = made.reader.lines
                made.send(MORE // 2)
                guest = made.add(1, root=tmp_path / "shared")[0]
                made.more_told(before, "more is told after a change")
                made.working()
                if change == 1:
                    killed(made, made.workers[0], found)
                    made.tend()
                assert guest.end() == 0
                found["workers joined or left a shared folder"] += 2
        assert sorted(path.name for path in (tmp_path / "shared").iterdir()) == [
            "faust", "inputs-0", "lines-0", "orders-0", "orders-1", "orders-2", "orders-3",
        ]  # fmt: skip
        assert set(made.end()) == {0}


def test_more_workers_than_partitions(nursery: Nursery, cluster: Cluster, tmp_path: Path, suffers: Any) -> None:
    """Those left over hold nothing, let go of what they held, and step in when another goes."""
    with network(nursery, cluster.connection(), tmp_path, Moving()) as made:
        made.add(1, root=tmp_path / "shared")
        with suffers(made, "more workers than partitions") as found:
            made.add(SHARDS + 2, root=tmp_path / "shared")
            made.send(MORE)
            made.working(120)
            idle = [worker for worker in made.workers if not worker.lags()]
            assert idle
            found["workers without a partition"] += len(idle)
            killed(made, made.holder("lines"), found)
            made.tend()
        assert set(made.end()) == {0}


@pytest.mark.prove
def test_a_worker_asked_to_end_while_no_broker_answers(nursery: Nursery, cluster: Cluster, tmp_path: Path, counted: Counted) -> None:
    """It cannot send what it has taken, and says so: it ends in time, with 1, and the next one goes on."""
    with network(nursery, cluster.connection(), tmp_path, Moving()) as made:
        worker = made.add()[0]
        made.working()
        made.send(2 * MORE)
        made.acknowledge()
        made.until(lambda: made.reader.lines > 0, "something is told")
        cluster.kill(1)
        try:
            code = worker.end()
        finally:
            cluster.start(1)
        assert code in (0, 1)
        worker.wanted = True
        made.settle()
        counted(TITLE, {"faults": 1, "fault: no broker while a worker ends": 1, **_told(Counter(), made.right())})
        assert made.end() == [0]


@pytest.mark.prove
def test_an_error_within_faust_ends_the_worker(nursery: Nursery, cluster: Cluster, tmp_path: Path, counted: Counted) -> None:
    """One that no stage sees: the worker does not stay behind as a process that does nothing."""
    with network(nursery, cluster.connection(), tmp_path, Moving()) as made:
        worker = made.add(broken=True)[0]
        made.until(lambda: made.exits[1] > 0, "it ends with 1", 90)
        assert "broken for a test" in worker.said
        worker.words["broken"] = False
        made.send(MORE)
        made.settle()
        counted(TITLE, {"faults": 1, "fault: an error within Faust": 1, **_told(Counter(), made.right())})
        assert made.end() == [0]


def test_asked_again_where_to_read_on_while_a_stage_opens(tmp_path: Path) -> None:
    """Faust asks twice at a time, and gives up waiting: each stage is opened once, and nobody waits for his own lock."""
    from faust.types import TP

    from infra.worker import folds

    failed: list[BaseException] = []
    places = {TP("x.lines", 0), TP("x.orders", 1)}
    sought: list[dict[Any, int]] = []

    async def seek_wait(wanted: dict[Any, int]) -> None:
        sought.append(wanted)

    async def go() -> None:
        consumer = SimpleNamespace(assignment=lambda: places, seek_wait=seek_wait, _read_offset={}, _committed_offset={})
        app = make_app("x", {"broker": "kafka://127.0.0.1:1"}, tmp_path / "faust")
        host = FaustHost(app, tmp_path, partial(folds, parts(real=True), 2), failed.append, SEAL, "x.")
        given_up = asyncio.ensure_future(host._seek(consumer))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        given_up.cancel()
        await asyncio.wait_for(asyncio.gather(host._seek(consumer), host._seek(consumer)), 20)
        assert set(host.held) == places
        places.clear()
        await asyncio.wait_for(host._left_with_nothing(SimpleNamespace(consumer=consumer)), 20)
        assert not host.held

    asyncio.run(go())

    assert not failed
    assert sought == [{TP("x.lines", 0): 0, TP("x.orders", 1): 0}] * 2
