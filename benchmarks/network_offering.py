"""Changes offered to a network that is measured: as many as it can take, or so many a second.

The sender does not wait for results. A message counts from the moment it was due, so a network that falls behind cannot hide it.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from benchmarks import rules, world
from benchmarks.measure import median
from benchmarks.network_running import Network, ResourceUse
from matchers.kernel.batch import RecordBatch
from policies.language.catalogue import Catalogue
from streams.language.messages import CatalogueSet, CoverageStated, DeliveryStarted, PolicyPublished, Tick
from streams.wire import wire

BATCH = 10_000


@dataclass(slots=True)
class Point:
    """What was measured at so many partitions and policies."""

    partitions: int
    policies: int
    rates: list[float]
    rows: int
    resources: ResourceUse

    @property
    def rate(self) -> float:
        return median(self.rates)

    def microseconds(self, seconds: float) -> float:
        """Processor seconds as microseconds a row."""
        return 1e6 * seconds / self.rows


@dataclass(slots=True)
class Sender:
    """Sends a district and changes of it to a network."""

    network: Network
    district: world.District
    catalogue: Catalogue = field(default_factory=world.catalogue)
    deliveries: int = 1
    published: int = 0

    def load(self) -> int:
        """The whole district, in batches; how many records it has."""
        network, library = self.network, world.library()
        contracts = {name: (library / "feeds" / f"{name}.yaml").read_text("utf-8") for name in world.FEEDS}
        network.send(CatalogueSet((library / "units.yaml").read_text("utf-8"), contracts))
        network.send(Tick(world.DAY))
        for feed in self.district.columns:
            network.send(DeliveryStarted(feed, 0, 1, f"{feed}-1"))
        rows = 0
        for batch in world.deliveries(self.catalogue, self.district, BATCH):
            network.send(batch)
            rows += len(batch)
        for number, statement in enumerate(world.statements(self.catalogue)):
            network.send(CoverageStated(f"s{number}", statement.feed, statement.source, statement.division, (), statement.complete_to))
        return rows

    def publish(self, upto: int) -> None:
        for policy in rules.many(upto)[self.published :]:
            self.network.send(PolicyPublished(policy.name, 1, policy.name, policy.digest, "wang", "li"))
        self.published = upto

    def changes(self, count: int, size: int) -> list[RecordBatch]:
        """Batches of random changes, every feed in turn; each a delivery that is begun."""
        base = random.randrange(1_000_000)
        batches = []
        for number in range(count):
            self.deliveries += 1
            batches.append(world.changes(self.catalogue, self.district, size, self.deliveries, 8 * (base + number) + number % 8))
            self.network.send(DeliveryStarted(batches[-1].feed, 0, self.deliveries, f"{batches[-1].feed}-{self.deliveries}"))
        return batches

    def stream(self, count: int, size: int) -> list[RecordBatch]:
        """Batches of random changes, as many messages of one delivery of each feed."""
        progress: dict[str, tuple[int, int]] = {}
        batches = []
        for batch in self.changes(8, 1):
            progress[batch.feed] = batch.delivery, 1
        base = random.randrange(1_000_000)
        for number in range(count):
            batch = world.changes(self.catalogue, self.district, size, self.deliveries, 8 * (base + number) + number % 8)
            delivery, rows = progress[batch.feed]
            progress[batch.feed] = delivery, rows + size
            batches.append(replace(batch, delivery=delivery, row=batch.row + rows))
        return batches


def point(sender: Sender, partitions: int, groups: int, size: int) -> Point:
    """Measure changes a second: from the first message of a group to the close of the edition behind it."""
    network = sender.network
    for batch in sender.changes(3 * size, BATCH):  # every feed, for its program; and the broker, for its compiler
        network.send(batch)
    network.close_edition("p0")
    parts = [sender.changes(size, BATCH) for _ in range(groups)]
    network.close_edition("p0")
    before, rates = network.resource_use(), list[float]()
    for part in parts:
        start = time.perf_counter()
        for batch in part:
            network.send(batch)
        rates.append(size * BATCH / (network.close_edition("p0") - start))
    return Point(partitions, sender.published, rates, groups * size * BATCH, network.resource_use().since(before))


@dataclass(slots=True)
class Delays:
    """Seconds from the moment a message was due to its result, ascending; how many had none; the resources used."""

    seconds: list[float]
    silent: int
    resources: ResourceUse
    late: float

    def at(self, share: float) -> float:
        return self.seconds[int(share * (len(self.seconds) - 1))]

    def summary(self) -> str:
        p50, p99, most = (1e3 * self.at(share) for share in (0.5, 0.99, 1.0))
        return f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, most {most:.0f} ms"

    def load(self, seconds: float) -> str:
        return ", ".join(f"{name} {100 * busy / seconds:.0f} %" for name, busy in self.resources.processes.items())


def offer(network: Network, batches: Sequence[RecordBatch], rate: float, policy: str) -> Delays:
    """Send batches of one size at so many rows a second, without waiting for results; the delays."""
    network.close_edition(policy)
    size = len(batches[0])
    before, already = network.resource_use(), len(network.listener.messages)
    start, due, acknowledged, late = time.perf_counter() + 0.1, [], [], 0.0
    for number, batch in enumerate(batches):
        due.append(start + number * size / rate)
        time.sleep(max(0.0, due[-1] - time.perf_counter()))
        late = max(late, time.perf_counter() - due[-1])
        acknowledged.append(network.send(batch))
    network.close_edition(policy)
    resources = network.resource_use().since(before)
    at = {wire.decode_changes(message.value).offset: message.at for message in network.listener.messages[already:]}
    due_of_offset = {offset(): then for offset, then in zip(acknowledged, due, strict=True)}
    delays = sorted(at[offset] - then for offset, then in due_of_offset.items() if offset in at)
    return Delays(delays, len(due_of_offset) - len(delays), resources, late)
