"""Anybody who reaches the broker writes to the topics of a network under test: workers go on, and lists are what members sent."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from random import Random

import pytest

from infra.kafka.cluster import Cluster
from streams.language.messages import PolicyWithdrawn, Tick
from tests.kafka.network import NetworkUnderTest, WorkerNursery, running_network
from tests.streams.happenings import POLICIES, Happenings
from tests.streams.network.test_forged import THEIRS, newer
from tests.streams.world import DAY, SEAL, stamped_bytes

pytestmark = [pytest.mark.kafka, pytest.mark.xdist_group("kafka")]

LENGTH = 120


def among(network: NetworkUnderTest, rng: Random, honest: list[bytes]) -> int:
    """One forged message or another, behind what was sent so far; gives 1 where it is not one that members sent before."""
    withdrawal = stamped_bytes(PolicyWithdrawn(rng.choice(POLICIES), 1, "author", "approver", "forged"))
    match rng.randrange(7):
        case 0:
            network.put(withdrawal, THEIRS)
        case 1:
            network.put(withdrawal, None)
        case 2:
            network.put(withdrawal, SEAL, "orders")
        case 3:
            network.put(newer(Tick(DAY)), rng.choice([None, THEIRS]))
        case 4:
            network.put(rng.randbytes(rng.choice([0, 30, 5_000])), None)
        case 5:
            network.put(None, None)
        case _:
            network.put(rng.choice(honest))  # whoever copied it has its seal as well
            return 0
    return 1


def test_workers_go_on_whatever_others_write(cluster: Cluster, nursery: WorkerNursery, tmp_path: Path) -> None:
    """To inputs, and to the topics between the stages, which are read in the same way; no worker ends, and everything told is right."""
    rng, honest = Random(11), list(islice(Happenings(Random(11)).run(), LENGTH))
    with running_network(nursery, cluster.connection(), tmp_path, ()) as network:
        network.add(2)
        network.working()
        forged = 0
        for place, body in enumerate(honest):
            network.put(body)
            if place % 3 == 2:
                forged += among(network, rng, honest[: place + 1])
            if place % 20 == 19:
                for topic in ("orders", "lines", "changes", "editions", "progress", "dead-letters"):
                    network._producer.send(
                        f"{network.prefix}{topic}", value=newer(Tick(DAY)), key=b"1", headers=[("ce_type", b"x")], partition=0
                    )
        network.settle()

        counts = network.check()
        measured = "".join(worker.page("metrics") or "" for worker in network.workers)
        assert not any(worker.has_ended() for worker in network.workers) and not network.exits, "a worker was stopped"

    assert counts["lines"] > 30 and counts["dead letters"] > forged > 20
    assert f'huimin_unproved_total{{stage="inputs"}} {forged}.0' in measured
    assert 'huimin_replayed_total{stage="inputs"}' in measured
