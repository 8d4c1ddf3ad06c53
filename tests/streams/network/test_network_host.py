"""The distributed host without a broker: its lines and editions are those of the workers, as far as both they and the replica have come.

The tests use a run of random messages, workers in memory, and an embedded host to compare with. For the past of the replica see
``tests/streams/store/test_point_in_time.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from itertools import islice
from pathlib import Path
from random import Random

import pytest

from matchers.kernel.batch import RecordBatch
from policies.values import Text
from streams.disk.effects import account
from streams.language.errors import InvalidSeal, NoRoom, Refusal
from streams.language.folds import Outgoing
from streams.language.messages import EditionCut, Input, Notice, Tick
from streams.ledgers.decisions import with_stamp
from streams.lists.editions import Edition, edition_problems
from streams.network.network_host import CLOSING_MESSAGES, NetworkHost
from streams.network.replica import Replica
from streams.steps.state import NO_DAY
from streams.wire import wire
from tests.streams.bench import register
from tests.streams.happenings import POLICIES, Happenings
from tests.streams.pipeline import Embedded
from tests.streams.topics import Bodies, Silent, Workers
from tests.streams.world import DAY, network, parts, publication

LENGTH, PARTITIONS = 220, 3


@cache
def run_of_messages(seed: int) -> tuple[tuple[bytes, ...], Embedded]:
    """A run of messages, and an embedded host that has taken them; only to be read."""
    bodies, host = tuple(islice(Happenings(Random(seed)).run(), LENGTH)), Embedded(PARTITIONS)
    for body in bodies:
        host.take(body)
    return bodies, host


class NetworkTown:
    """A topic with a run of messages, an embedded host that has taken them, and workers that have not."""

    def __init__(self, seed: int) -> None:
        self.inputs = Bodies()
        bodies, self.embedded = run_of_messages(seed)
        for body in bodies:
            self.inputs.append(body)
        self.workers = Workers(self.inputs, PARTITIONS)

    def topic_editions(self, policy: str) -> list[Edition]:
        """The editions on the topic of the workers."""
        every = (wire.decode_edition(message.body) for message in self.workers.pipeline.messages_on("editions"))
        return [edition for edition in every if edition.policy == policy]


@pytest.mark.parametrize("seed", [4, pytest.param(3, marks=pytest.mark.prove), pytest.param(9, marks=pytest.mark.prove)])
def test_editions_and_lines_are_what_the_workers_say(tmp_path: Path, seed: int) -> None:
    """Each policy has one chain, which equals that of the topic of editions and of the embedded host; so do the lines."""
    town = NetworkTown(seed)
    town.workers.work()

    with NetworkHost(tmp_path, parts(real=True), town.inputs, town.workers) as host:
        for policy in POLICIES:
            editions = list(host.editions(policy))
            assert editions == town.topic_editions(policy) == town.embedded.editions(policy)
            assert list(edition_problems(editions)) == []
        assert sum(len(list(host.editions(policy))) for policy in POLICIES) > 5
        lines = [line for result in town.embedded.results for line in result.lines]
        assert list(host.outputs()) == lines
        for at in (0, len(lines) // 2, len(lines) - 1):
            assert list(host.outputs(lines[at].id)) == lines[at + 1 :]
        assert host.last_told() == town.workers.last()
        with pytest.raises(Refusal):
            host.editions("nobody")


def test_editions_grow_with_the_workers(tmp_path: Path) -> None:
    """While the workers are behind, the host has the first of the editions."""
    town = NetworkTown(4)

    with NetworkHost(tmp_path, parts(real=True), town.inputs, town.workers) as host:
        counts = [len(list(host.editions(POLICIES[0])))]
        for upto in range(20, LENGTH + 20, 20):
            town.workers.work(upto)
            editions = list(host.editions(POLICIES[0]))
            assert editions == town.embedded.editions(POLICIES[0])[: len(editions)]
            counts.append(len(editions))

    assert counts == sorted(counts)
    assert counts[0] == 0
    assert len(set(counts)) > 3
    assert counts[-1] == len(town.embedded.editions(POLICIES[0]))


def test_editions_go_no_further_than_the_state(tmp_path: Path) -> None:
    """Changes of later messages wait for the replica: list and editions are of one moment."""
    inputs = Bodies()
    ahead = Workers(inputs, prompt=True)
    with (
        NetworkHost(tmp_path / "a", parts(real=True), inputs, ahead) as host,
        NetworkHost(tmp_path / "b", parts(real=True), inputs, ahead) as other,
    ):
        town = NetworkTown(4)
        for body in town.inputs.bodies[: LENGTH // 2]:
            inputs.append(body)
        host.refresh()
        before = list(host.editions(POLICIES[0]))
        for body in town.inputs.bodies[LENGTH // 2 :]:
            inputs.append(body)
        other.refresh()

        assert list(host.editions(POLICIES[0])) == before
        assert len(list(other.editions(POLICIES[0]))) > len(before) > 0
        host.refresh()
        assert list(host.editions(POLICIES[0])) == list(other.editions(POLICIES[0]))


def test_a_cut_closes_an_edition_once_the_workers_have_come_to_it(tmp_path: Path) -> None:
    """The cut is submitted at once; its edition comes when the workers have handled it."""
    inputs = Bodies()
    workers = Workers(inputs)
    with NetworkHost(tmp_path, parts(real=True), inputs, workers) as host:
        host.submit_many([Tick(DAY), network(), publication(POLICIES[0])])
        workers.work()
        assert list(host.editions(POLICIES[0])) == []
        host.submit_many(register(1, 2))

        offset = host.submit(EditionCut(POLICIES[0])).offset

        assert list(host.editions(POLICIES[0])) == []
        workers.work()
        assert [edition.offset for edition in host.editions(POLICIES[0])] == [offset]


def test_workers_that_say_nothing_leave_no_edition(tmp_path: Path) -> None:
    """This holds also for a policy that the replica knows."""
    town = NetworkTown(0)

    with NetworkHost(tmp_path, parts(real=True), town.inputs, Silent()) as host:
        assert host.state.registry.versions.keys() >= {POLICIES[0]}
        assert (list(host.editions(POLICIES[0])), list(host.outputs()), host.last_told()) == ([], [], -1)


def test_what_memory_was_not_enough_for_is_in_no_snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory ends in the middle of a message; closing writes nothing of it, and the next run applies the whole message."""
    inputs = Bodies()

    def fail_half_way(self: Replica, body: bytes, offset: int, unproved: InvalidSeal | None = None) -> list[Outgoing]:
        self.state.notices.append(Notice("moved", "half done", "", DAY))
        raise MemoryError("half done")

    with NetworkHost(tmp_path, parts(real=True), inputs, Silent()) as host:
        host.submit_many([Tick(DAY), network(), publication(POLICIES[0]), *[EditionCut(POLICIES[0])] * CLOSING_MESSAGES])
        with monkeypatch.context() as patch:
            patch.setattr(Replica, "take", fail_half_way)
            with pytest.raises(MemoryError):
                host.submit(Tick(DAY + timedelta(days=3)))

    with NetworkHost(tmp_path, parts(real=True), inputs, Silent()) as again:
        assert again.state.notices == []
        assert again.state.day == DAY + timedelta(days=3)


def test_a_replica_reads_nothing_that_no_member_sealed() -> None:
    """As in the sequencer, such a message takes its offset and changes nothing."""
    replica = Replica(parts())

    replica.take(wire.encode(with_stamp(Tick(DAY), -1)), 0, InvalidSeal(Text("", "")))

    assert (replica.offset, replica.state.day) == (0, NO_DAY)
    assert isinstance(replica.last_result, InvalidSeal)


def test_receipts_of_all_that_was_sent_come_before_an_error(tmp_path: Path) -> None:
    """A file breaks off: its batches before that are in the topic, and each has a receipt."""
    offsets, inputs = list[int](), Bodies()
    batches = [message for message in register(1, 2, 3) if isinstance(message, RecordBatch)]

    def failing() -> Iterator[Input]:
        yield from batches
        raise ValueError("a torn file")

    with NetworkHost(tmp_path, parts(real=True), inputs, Silent()) as host:
        host.submit_many([Tick(DAY), network(), *register(4)])
        before = inputs.end()
        with pytest.raises(ValueError, match="torn"):
            offsets.extend(receipt.offset for receipt in host.submit_each(failing()))

    assert batches and offsets == list(range(before + 1, inputs.end() + 1))


def test_what_was_sent_counts_as_stored_where_the_replica_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The topic has every batch that was on its way, so the account of effects must count them."""
    inputs = Bodies()
    with NetworkHost(tmp_path, parts(real=True), inputs, Silent()) as host:
        started, batch, *_ = register(1, 9)
        assert isinstance(batch, RecordBatch)
        host.submit_many([Tick(DAY), network(), started])
        batches = [batch.slice(at, at + 1) for at in range(3)]
        before = len(inputs.bodies)
        monkeypatch.setattr(host._stage, "commit", _no_room)

        with account() as effects, pytest.raises(NoRoom):
            list(host.submit_each(batches))

    assert len(inputs.bodies) == before + 3
    assert effects.offsets == [before, before + 1, before + 2]


def _no_room(rows: object) -> None:
    raise NoRoom(Text("磁盘已满。", "The disk is full."), 1)
