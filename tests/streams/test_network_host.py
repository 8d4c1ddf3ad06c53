"""A host on a network, without a broker: its lines and editions are what the workers say, as far as they and the replica have come.

The one idea: the same run of made-up messages, the workers of the pipeline behind it, and one embedded host to compare with. The replica's
past: ``test_known``.
"""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from random import Random

import pytest

from streams import wire
from streams.editions import Edition, unsound
from streams.errors import Refused
from streams.messages import EditionCut, Tick
from streams.network_host import NetworkHost
from tests.streams.bench import register
from tests.streams.happenings import POLICIES, Happenings
from tests.streams.pipeline import Embedded
from tests.streams.topics import Bodies, Silent, Workers
from tests.streams.world import DAY, network, parts, published

LENGTH, PARTITIONS = 220, 3


class Town:
    """A topic with a run of messages in it, one embedded host that took them, and workers that did not yet."""

    def __init__(self, seed: int) -> None:
        self.inputs, self.embedded = Bodies(), Embedded(PARTITIONS)
        for body in islice(Happenings(Random(seed)).run(), LENGTH):
            self.inputs.append(body)
            self.embedded.take(body)
        self.workers = Workers(self.inputs, PARTITIONS)

    def said(self, policy: str) -> list[Edition]:
        """The editions on the workers' own topic."""
        every = (wire.decode_edition(message.body) for message in self.workers.pipeline.said("editions"))
        return [edition for edition in every if edition.policy == policy]


@pytest.mark.parametrize("seed", [3, 4, 9])
def test_editions_and_lines_are_what_the_workers_say(tmp_path: Path, seed: int) -> None:
    """One chain for each policy, with the digests on the topic of editions and those of an embedded host; lines by their ids."""
    town = Town(seed)
    town.workers.work()

    with NetworkHost(tmp_path, parts(real=True), town.inputs, town.workers) as host:
        for policy in POLICIES:
            found = list(host.editions(policy))
            assert found == town.said(policy) == town.embedded.editions(policy)
            assert list(unsound(found)) == []
        assert sum(len(list(host.editions(policy))) for policy in POLICIES) > 5
        lines = [line for told in town.embedded.told for line in told.lines]
        assert list(host.outputs()) == lines
        for at in (0, len(lines) // 2, len(lines) - 1):
            assert list(host.outputs(lines[at].id)) == lines[at + 1 :]
        assert host.told() == town.workers.last()
        with pytest.raises(Refused):
            host.editions("nobody")


def test_editions_grow_with_the_workers(tmp_path: Path) -> None:
    """As long as they are behind there are fewer, and those are the first of what there will be."""
    town = Town(4)

    with NetworkHost(tmp_path, parts(real=True), town.inputs, town.workers) as host:
        grown = [len(list(host.editions(POLICIES[0])))]
        for upto in range(20, LENGTH + 20, 20):
            town.workers.work(upto)
            found = list(host.editions(POLICIES[0]))
            assert found == town.embedded.editions(POLICIES[0])[: len(found)]
            grown.append(len(found))

    assert grown == sorted(grown)
    assert grown[0] == 0
    assert len(set(grown)) > 3
    assert grown[-1] == len(town.embedded.editions(POLICIES[0]))


def test_editions_go_no_further_than_the_state(tmp_path: Path) -> None:
    """What the workers tell of messages the replica has not come to waits for it: list and editions are of one moment."""
    inputs = Bodies()
    ahead = Workers(inputs, prompt=True)
    with (
        NetworkHost(tmp_path / "a", parts(real=True), inputs, ahead) as host,
        NetworkHost(tmp_path / "b", parts(real=True), inputs, ahead) as other,
    ):
        town = Town(4)
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
    """Submitted, it is in the order; its edition is there when the message is told."""
    inputs = Bodies()
    workers = Workers(inputs)
    with NetworkHost(tmp_path, parts(real=True), inputs, workers) as host:
        host.submit_many([Tick(DAY), network(), published(POLICIES[0])])
        workers.work()
        assert list(host.editions(POLICIES[0])) == []
        host.submit_many(register(1, 2))

        offset = host.submit(EditionCut(POLICIES[0])).offset

        assert list(host.editions(POLICIES[0])) == []
        workers.work()
        assert [edition.offset for edition in host.editions(POLICIES[0])] == [offset]


def test_workers_that_say_nothing_leave_no_edition(tmp_path: Path) -> None:
    """Not even of a policy that the replica knows."""
    town = Town(0)

    with NetworkHost(tmp_path, parts(real=True), town.inputs, Silent()) as host:
        assert host.state.registry.versions.keys() >= {POLICIES[0]}
        assert (list(host.editions(POLICIES[0])), list(host.outputs()), host.told()) == ([], [], -1)
