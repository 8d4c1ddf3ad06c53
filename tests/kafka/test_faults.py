"""Whatever happens to workers, brokers, disks and readers: nothing acknowledged is lost, every line is told once, and the lists are right.

One network lives through many faults in a row, each while messages are on their way and people move between partitions. After each fault
more is told than before, and all that was ever told is the output of one embedded host for the messages in the topic.
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
from tests.kafka.network import SHARDS, ListReader, NetworkUnderTest, WorkerNursery, WorkerProcess, running_network, wipe_state
from tests.matchers.counting import FACTOR, AddCounts, need
from tests.streams.world import SEAL, parts

pytestmark = [pytest.mark.kafka, pytest.mark.xdist_group("kafka-faults")]

TITLE = "faults of a network on Kafka"
KILLS = 75 * FACTOR or 15
"""Of workers in a row; `make prove` has some hundred."""
CHANGES = 10
MORE = 60
"""Messages sent into a fault."""
SESSION_SECONDS = 10.0
need(
    TITLE,
    range(15),
    15,
    {
        "workers killed": KILLS,
        "  of them while messages waited in inputs": KILLS // 10,
        "lines told": 500,
        "moves between partitions": 1000,
    },
)


@pytest.fixture(scope="module")
def living() -> Iterator[dict[str, NetworkUnderTest]]:
    """Networks that live through many faults."""
    networks: dict[str, NetworkUnderTest] = {}
    yield networks
    for network in networks.values():
        network.close()


@pytest.fixture
def network(
    living: dict[str, NetworkUnderTest], nursery: WorkerNursery, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> NetworkUnderTest:
    """A network of two workers on one broker, with a depot; a new one where the last was left broken."""
    if "one" not in living:
        folder = tmp_path_factory.mktemp("network")
        living["one"] = NetworkUnderTest(nursery, cluster.connection(), folder, Moving(), depot=folder / "depot")
        living["one"].add(2)
    return living["one"]


@pytest.fixture
def suffers(living: dict[str, NetworkUnderTest], add_counts: AddCounts) -> Callable[..., Any]:
    """A context in which a network has a fault: messages are on their way; afterwards all output is right, and more is told."""

    @contextmanager
    def suffering(network: NetworkUnderTest, fault: str, allowed: tuple[int, ...] = ()) -> Iterator[Counter[str]]:
        network.working()
        counts: Counter[str] = Counter()
        before = _standing(network)
        try:
            network.send(MORE)
            yield counts
            during = network.reader.lines
            network.send(MORE)
            network.until_more_told(during, "more is told after the fault")
            network.settle()
            after = network.check()
            assert network.exits.keys() <= {0, -signal.SIGKILL, *allowed}, network.exits
        except BaseException:
            print(network.state())
            for name in [name for name, other in living.items() if other is network]:
                living.pop(name).close()
            raise
        add_counts(TITLE, {"faults": 1, f"fault: {fault}": 1, **counts, **_increase(before, after)})

    return suffering


_COUNT_NAMES = ("lines told", "messages", "told again", "dead letters", "moves between partitions")


def _standing(network: NetworkUnderTest) -> Counter[str]:
    return Counter(
        {
            "lines told": network.reader.lines,
            "messages": len(network.expected.bodies),
            "told again": sum(network.reader.repeated.values()),
            "dead letters": len(network.reader.dead),
            "moves between partitions": sum(map(len, network.expected.movers)),
        }
    )


def _increase(before: Counter[str], after: Counter[str]) -> dict[str, int]:
    names = {"lines told": "lines", "told again": "repeated"}
    return {name: after[names.get(name, name)] - before[name] for name in _COUNT_NAMES}


def kill_worker(network: NetworkUnderTest, worker: WorkerProcess, counts: Counter[str], wait: bool = False) -> None:
    """Kills a worker; counts what it held and had not taken a moment before, by its own metrics."""
    lags = worker.lags()
    counts["workers killed"] += 1
    counts["  of them while something was to be told"] += network.lag > 0 or any(lags.values())
    for stage in STAGES:
        here = [lag for (topic, _), lag in lags.items() if topic == stage]
        counts[f"  of them while messages waited in {stage}"] += any(here)
    counts["  of them while it held nothing yet"] += not lags
    worker.kill()
    if not wait:
        network.forget(worker)


def pause(network: NetworkUnderTest, seconds: float) -> None:
    """Tends for this time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        network.tend()


def test_workers_killed_at_any_moment(network: NetworkUnderTest, suffers: Any) -> None:
    """SIGKILL again and again, of one or both, while they work, start or are given partitions; now and then its session has to run out."""
    moments = random.Random(5)
    with suffers(network, "workers killed") as counts:
        while counts["workers killed"] < KILLS:
            before = network.reader.lines
            network.send(MORE // 2)
            pause(network, moments.uniform(0.0, 0.4))
            victims = network.workers if moments.random() < 0.3 else [moments.choice(network.workers)]
            for victim in victims:
                kill_worker(network, victim, counts, wait=counts["workers killed"] % 15 == 14)
            network.tend()
            if moments.random() < 0.25:
                pause(network, moments.uniform(0.1, 1.0))
                victim = moments.choice([worker for worker in network.workers if worker.pid is not None])
                kill_worker(network, victim, counts)
            network.until_more_told(before, "more is told after a kill")
    assert counts["  of them while something was to be told"] >= KILLS // 2


END_CODES = (0, -signal.SIGTERM)
"""The exit codes of a worker that is asked to end; the second where it was asked before it listened."""


def test_workers_join_and_leave(network: NetworkUnderTest, suffers: Any) -> None:
    """Every few seconds one comes or goes; whoever is asked to go ends with 0."""
    with suffers(network, "workers joined and left", allowed=END_CODES) as counts:
        guests: list[WorkerProcess] = []
        for change in range(CHANGES):
            before = network.reader.lines
            network.send(MORE // 3)
            if change % 4 < 2:
                guests += network.add()
            else:
                assert guests.pop(0).end() in END_CODES
            counts["workers joined or left"] += 1
            pause(network, 1.5)
            network.until_more_told(before, "more is told after a change")
        for guest in guests:
            assert guest.end() in END_CODES
        assert network.exits[0] > 0
        network.workers[:] = network.workers[:2]


@pytest.mark.parametrize("stage", ["lines", pytest.param("orders", marks=pytest.mark.prove)])
def test_a_worker_that_sleeps_beyond_its_session(network: NetworkUnderTest, suffers: Any, stage: str) -> None:
    """Others take over meanwhile; what it still sends when it wakes does no harm."""
    with suffers(network, "a worker slept beyond its session and woke") as counts:
        sleeper = network.holder(stage)
        other = next(worker for worker in network.workers if worker is not sleeper)
        network.until(lambda: network.lag > 0 or network.reader.mark >= network.expected.last, "something is on its way", 60)
        sleeper.signal(signal.SIGSTOP)
        try:
            network.send(MORE)
            network.until(lambda: (stage, 0) in other.lags(), "the other takes over")
            before = network.reader.lines
            network.until_more_told(before, "more is told meanwhile")
        finally:
            sleeper.signal(signal.SIGCONT)
        network.send(MORE)
        counts["zombies"] += 1


@pytest.mark.parametrize("depot", [True, False])
def test_wiped_disks(network: NetworkUnderTest, suffers: Any, depot: bool) -> None:
    """With a depot they go on from what was shipped; without one they read the topics from the start, and tell everything again."""
    with suffers(network, f"disks wiped, {'with' if depot else 'without'} a depot") as counts:
        assert network.depot is not None
        if depot:
            network.until(lambda: "lines-0" in _newest_in_depot(network), "a snapshot is shipped")
        for worker in network.workers:
            worker.wanted = False
            kill_worker(network, worker, counts)
            wipe_state(worker)
        if not depot:
            shutil.rmtree(network.depot, ignore_errors=True)
        network.drain_reader()
        told_before, repeated = len(network.reader.told_lines), network.reader.repeated["changes"]
        for worker in network.workers:
            worker.wanted = True
        network.settle()
        again = network.reader.repeated["changes"] - repeated
        counts["disks wiped"] += len(network.workers)
        assert again < told_before // 2 if depot else again >= told_before


def _newest_in_depot(network: NetworkUnderTest) -> dict[str, int]:
    """The newest snapshot in the depot, of each stage."""
    from connectors.kafka.depot import FsspecDepot

    depot = FsspecDepot(str(network.depot), SEAL)
    names = ["inputs-0", "lines-0", *(f"orders-{shard}" for shard in range(SHARDS))]
    return {name: newest for name in names if (newest := depot.newest(name)) is not None}


def test_a_stale_state(network: NetworkUnderTest, suffers: Any) -> None:
    """A state copied back from an earlier moment: it takes again what it took since, and says the same again."""
    with suffers(network, "a state copied back from an earlier moment") as counts:
        network.settle()
        victim, copy = network.holder("lines"), network.folder / "copy"
        victim.signal(signal.SIGSTOP)
        shutil.copytree(victim.state, copy)
        victim.signal(signal.SIGCONT)
        assert network.depot is not None
        network.send(MORE)
        network.settle()
        network.send(MORE)
        kill_worker(network, victim, counts)
        wipe_state(victim)
        shutil.rmtree(network.depot, ignore_errors=True)
        shutil.move(copy, victim.state)
        counts["states copied back"] += 1


@pytest.mark.parametrize("committed", ["ahead", "absent", pytest.param("behind", marks=pytest.mark.prove)])
def test_what_the_broker_remembers_is_only_a_hint(network: NetworkUnderTest, suffers: Any, committed: str) -> None:
    """The group's committed offsets are put ahead, behind, or removed; each stage reads on where its state stands."""
    from kafka import KafkaConsumer, TopicPartition
    from kafka.structs import OffsetAndMetadata

    with suffers(network, f"committed offsets {committed}") as counts:
        for worker in network.workers:
            assert worker.end() == 0
        network.send(MORE)
        network.acknowledge()
        places = [TopicPartition(network.prefix + name, part) for name in STAGES for part in range(SHARDS if name == "orders" else 1)]
        group = f"{network.prefix}workers"
        consumer = KafkaConsumer(**network.connection.client(), enable_auto_commit=False)
        ends = consumer.end_offsets(places)
        consumer.close()
        with admin(network.connection) as client:
            assert client.list_group_offsets(group)
            if committed == "absent":
                client.delete_group_offsets(group, places)
            else:
                to = {place: OffsetAndMetadata(ends[place] if committed == "ahead" else 0, "", -1) for place in places}
                client.alter_group_offsets(group, to)
        counts["committed offsets changed"] += len(places)
        for worker in network.workers:
            worker.wanted = True


def test_messages_sent_again(network: NetworkUnderTest, suffers: Any) -> None:
    """Whole deliveries again; orders and lines again, late; and orders and lines that come before their turn."""
    from kafka import KafkaConsumer, TopicPartition

    with suffers(network, "messages sent again") as counts:
        network.settle()
        for body in network.expected.bodies[-MORE:]:
            network.put(body)
            counts["inputs sent again"] += 1
        consumer = KafkaConsumer(**network.connection.client(), enable_auto_commit=False, fetch_max_wait_ms=50)
        for name, partition in (("orders", 0), ("orders", 1), ("lines", 0)):
            place = TopicPartition(network.prefix + name, partition)
            consumer.assign([place])
            end = consumer.end_offsets([place])[place]
            consumer.seek(place, max(0, end - MORE))
            for record in _upto(consumer, place, end):
                network._producer.send(record.topic, value=record.value, key=record.key, headers=record.headers, partition=partition)
                counts[f"{name} sent again"] += 1
        consumer.close()


def _upto(consumer: Any, place: Any, end: int) -> list[Any]:
    """The messages before an offset."""
    messages: list[Any] = []
    until = time.monotonic() + 20
    while consumer.position(place) < end and time.monotonic() < until:
        messages += [record for records in consumer.poll(timeout_ms=50).values() for record in records]
    return messages


GARBAGE = (b"", None, b"{}", b"\x00" * 64, bytes(range(256)))


def test_garbage(network: NetworkUnderTest, suffers: Any) -> None:
    """Bytes that are no message, nothing at all, in every topic that is read: put aside with the reason, and on it goes."""
    with suffers(network, "garbage in every topic") as counts:
        dead = len(network.reader.dead)
        for body in GARBAGE:
            network.put(body)
            network.send(3)
            for name, partition in (("orders", 0), ("orders", SHARDS - 1), ("lines", 0)):
                network._producer.send(network.prefix + name, value=body, key=b"garbage", partition=partition)
                counts["garbage in orders and lines"] += 1
            counts["garbage in inputs"] += 1
        network.settle()
        network.until(lambda: len(network.reader.dead) >= dead + 4 * len(GARBAGE), "all of it is put aside", 90)


def test_a_slow_reader(network: NetworkUnderTest, suffers: Any) -> None:
    """Ten times slower than what is told, it falls behind and loses nothing."""
    from kafka import KafkaConsumer, TopicPartition

    with suffers(network, "a reader ten times slower") as counts:
        place, slow = TopicPartition(network.prefix + "changes", 0), ListReader()
        consumer = KafkaConsumer(**network.connection.client(), enable_auto_commit=False, max_poll_records=1, fetch_max_wait_ms=50)
        consumer.assign([place])
        consumer.seek(place, network.position("changes"))  # from where the quick one stands: it need not have read all that is there
        slow.mark = network.reader.mark
        first, behind = network.reader.mark, 0
        network.send(3 * MORE)
        network.acknowledge()
        while network.lag or len(network.expected.bodies) <= max(network.acknowledged):
            before = network.reader.lines
            network.tend()
            for _ in range((len(network.reader.told_lines) - before) // 10):
                _slowly(consumer, slow)
            behind = max(behind, network.reader.mark - slow.mark)
        network.until(lambda: _slowly(consumer, slow) and slow.mark >= network.reader.mark, "the slow one has everything", 60)
        consumer.close()
        expected = {offset: list(lines) for offset, (_, lines) in network.reader.told_lines.items() if offset > first}
        assert {offset: list(lines) for offset, (_, lines) in slow.told_lines.items()} == expected
        counts["messages the slow reader was behind"] += behind
        assert behind > 0


def _slowly(consumer: Any, reader: ListReader) -> bool:
    for records in consumer.poll(timeout_ms=20).values():
        for record in records:
            reader.take("changes", record)
    return True


def test_snapshots_are_written_while_messages_keep_coming(network: NetworkUnderTest, suffers: Any) -> None:
    """Work that never pauses does not keep a stage from its snapshots."""
    with suffers(network, "no pause between messages") as counts:
        holder = network.holder("inputs")
        folder = holder.state / "inputs-0" / "snapshots"
        before = max(offsets(folder), default=-1)
        network.send(6 * network.snapshot)
        snapshots = set[int]()

        def all_told() -> bool:
            if network.lag > 0:
                snapshots.update(offset for offset in offsets(folder) if offset > before)
            return (
                bool(network.expected.bodies) and network.lag == 0 and len(network.expected.bodies) > max(network.acknowledged, default=0)
            )

        network.acknowledge()
        network.until(all_told, "all is told")
        counts["snapshots written under load"] += len(snapshots)
        assert len(snapshots) >= 2  # two are kept at a time, and who looks may be slow


def test_the_only_broker_restarts(network: NetworkUnderTest, cluster: Cluster, suffers: Any) -> None:
    """Killed, and started again: what it acknowledged is there, and the workers go on."""
    with suffers(network, "the only broker killed and started again") as counts:
        network.acknowledge()
        cluster.kill(1)
        counts["brokers killed"] += 1
        network.send(MORE // 4)
        pause(network, 1.0)
        cluster.start(1)
        before = network.reader.lines
        network.until_more_told(before, "more is told by the new broker")


def test_a_send_that_fails(network: NetworkUnderTest, suffers: Any) -> None:
    """The broker refuses what is to be told: the worker ends with 1 and its reason, until it is let in."""
    with suffers(network, "a send that fails", allowed=(1,)) as counts:
        network.settle()
        _limit(network, "changes", 100)
        failed = network.exits[1]
        network.send(MORE)
        network.until(lambda: network.exits[1] > failed, "the worker ends with 1")
        assert any("MessageSizeTooLarge" in worker.output for worker in network.workers)
        _limit(network, "changes", 16 << 20)
        counts["workers that ended with 1"] += network.exits[1] - failed
        network.working()
    network.exits.pop(1)


def _limit(network: NetworkUnderTest, topic: str, size: int) -> None:
    from kafka.admin import ConfigResource

    with admin(network.connection) as client:
        client.alter_configs([ConfigResource("TOPIC", network.prefix + topic, {"max.message.bytes": str(size)})])
    time.sleep(1.0)


def test_a_damaged_state_ends_the_worker(network: NetworkUnderTest, suffers: Any) -> None:
    """A log that cannot be read is said, with exit code 1; with the disk wiped it goes on."""
    with suffers(network, "a damaged state", allowed=(1,)) as counts:
        network.settle()
        victim = network.holder("lines")
        kill_worker(network, victim, counts)
        for path in (victim.state / "lines-0").glob("log.sqlite*"):
            path.write_bytes(b"damaged" * 1000)
        network.send(MORE)
        other = next(worker for worker in network.workers if worker is not victim)
        other.wanted = False
        kill_worker(network, other, counts)
        failed = network.exits[1]
        network.until(lambda: network.exits[1] > failed, "it ends with 1", 60)
        assert "lines-0/log.sqlite" in victim.output
        victim.wanted = False
        victim.kill()
        network.forget(victim)
        wipe_state(victim)
        victim.wanted = other.wanted = True
        counts["workers that ended with 1"] += network.exits[1] - failed
    network.exits.pop(1)


@pytest.mark.xdist_group("kafka")
def test_leaders_killed(nursery: WorkerNursery, cluster3: Cluster, tmp_path: Path, suffers: Any) -> None:
    """The leader of the inputs, then that of the orders; two brokers of three go on at once."""
    with running_network(nursery, cluster3.connection(), tmp_path, Moving()) as network:
        network.add(2)
        with suffers(network, "leaders killed") as counts:
            for topic in ("inputs", "orders") if FACTOR > 1 else ("orders",):
                network.acknowledge()
                network.send(MORE)
                leader = cluster3.leader(network.prefix + topic)
                assert leader is not None
                cluster3.kill(leader)
                counts["brokers killed"] += 1
                try:
                    before = network.reader.lines
                    network.send(MORE // 2)
                    network.until_more_told(before, "more is told without the leader")
                    network.acknowledge()
                finally:
                    cluster3.start(leader)
                network.until(lambda: _in_sync(network) == 3, "all brokers have all", 60)
        assert network.end() == [0, 0]


def _in_sync(network: NetworkUnderTest) -> int:
    """On how many brokers all of every partition is, at least."""
    with admin(network.connection) as client:
        descriptions = client.describe_topics([network.prefix + name for name in STAGES])
        return min(len(partition["isr_nodes"]) for topic in descriptions for partition in topic["partitions"])


def test_workers_that_share_a_folder(nursery: WorkerNursery, cluster: Cluster, tmp_path: Path, suffers: Any) -> None:
    """Two or three on one folder of states: whoever is given a partition waits until the other has let go."""
    with running_network(nursery, cluster.connection(), tmp_path, Moving()) as network:
        network.add(2, root=tmp_path / "shared")
        with suffers(network, "workers that share a folder") as counts:
            for change in range(3):
                before = network.reader.lines
                network.send(MORE // 2)
                guest = network.add(1, root=tmp_path / "shared")[0]
                network.until_more_told(before, "more is told after a change")
                network.working()
                if change == 1:
                    kill_worker(network, network.workers[0], counts)
                    network.tend()
                assert guest.end() == 0
                counts["workers joined or left a shared folder"] += 2
        assert sorted(path.name for path in (tmp_path / "shared").iterdir()) == [
            "faust", "inputs-0", "lines-0", "orders-0", "orders-1", "orders-2", "orders-3",
        ]  # fmt: skip
        assert set(network.end()) == {0}


def test_more_workers_than_partitions(nursery: WorkerNursery, cluster: Cluster, tmp_path: Path, suffers: Any) -> None:
    """Those left over hold nothing, let go of what they held, and step in when another goes."""
    with running_network(nursery, cluster.connection(), tmp_path, Moving()) as network:
        network.add(1, root=tmp_path / "shared")
        with suffers(network, "more workers than partitions") as counts:
            network.add(SHARDS + 2, root=tmp_path / "shared")
            network.send(MORE)
            network.working(120)
            idle = [worker for worker in network.workers if not worker.lags()]
            assert idle
            counts["workers without a partition"] += len(idle)
            kill_worker(network, network.holder("lines"), counts)
            network.tend()
        assert set(network.end()) == {0}


@pytest.mark.prove
def test_a_worker_asked_to_end_while_no_broker_answers(
    nursery: WorkerNursery, cluster: Cluster, tmp_path: Path, add_counts: AddCounts
) -> None:
    """It cannot send what it has taken, and says so: it ends in time, with 1, and the next one goes on."""
    with running_network(nursery, cluster.connection(), tmp_path, Moving()) as network:
        worker = network.add()[0]
        network.working()
        network.send(2 * MORE)
        network.acknowledge()
        network.until(lambda: network.reader.lines > 0, "something is told")
        cluster.kill(1)
        try:
            code = worker.end()
        finally:
            cluster.start(1)
        assert code in (0, 1)
        worker.wanted = True
        network.settle()
        add_counts(TITLE, {"faults": 1, "fault: no broker while a worker ends": 1, **_increase(Counter(), network.check())})
        assert network.end() == [0]


@pytest.mark.prove
def test_an_error_within_faust_ends_the_worker(nursery: WorkerNursery, cluster: Cluster, tmp_path: Path, add_counts: AddCounts) -> None:
    """One that no stage sees: the worker does not stay behind as a process that does nothing."""
    with running_network(nursery, cluster.connection(), tmp_path, Moving()) as network:
        worker = network.add(is_broken=True)[0]
        network.until(lambda: network.exits[1] > 0, "it ends with 1", 90)
        assert "broken for a test" in worker.output
        worker.words["broken"] = False
        network.send(MORE)
        network.settle()
        add_counts(TITLE, {"faults": 1, "fault: an error within Faust": 1, **_increase(Counter(), network.check())})
        assert network.end() == [0]


def test_asked_again_where_to_read_on_while_a_stage_opens(tmp_path: Path) -> None:
    """Faust asks twice at a time, and gives up waiting: each stage is opened once, and nobody waits for their own lock."""
    from faust.types import TP

    from infra.worker import fold_maker

    failed: list[BaseException] = []
    places = {TP("x.lines", 0), TP("x.orders", 1)}
    sought: list[dict[Any, int]] = []

    async def seek_wait(wanted: dict[Any, int]) -> None:
        sought.append(wanted)

    async def go() -> None:
        consumer = SimpleNamespace(assignment=lambda: places, seek_wait=seek_wait, _read_offset={}, _committed_offset={})
        app = make_app("x", {"broker": "kafka://127.0.0.1:1"}, tmp_path / "faust")
        host = FaustHost(app, tmp_path, partial(fold_maker, parts(real=True), 2), failed.append, SEAL, "x.")
        given_up = asyncio.ensure_future(host._seek(consumer))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        given_up.cancel()
        await asyncio.wait_for(asyncio.gather(host._seek(consumer), host._seek(consumer)), 20)
        assert set(host.held_stages) == places
        places.clear()
        await asyncio.wait_for(host._left_with_nothing(SimpleNamespace(consumer=consumer)), 20)
        assert not host.held_stages

    asyncio.run(go())

    assert not failed
    assert sought == [{TP("x.lines", 0): 0, TP("x.orders", 1): 0}] * 2
