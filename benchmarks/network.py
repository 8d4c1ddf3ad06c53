"""Kafka end to end: changes a second, how long one takes, and a plain Faust agent beside it, on a real broker on this machine.

Everything runs here: broker, workers, sender and listener share the same cores. A list is the sum of the lines that were told; for a
sample of policies it is compared (``benchmarks.network_comparing``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import rules, world
from benchmarks.measure import Table
from benchmarks.network_beside import Beside, beside
from benchmarks.network_comparing import compare_lists
from benchmarks.network_offering import BATCH, Point, Sender, offer, point
from benchmarks.network_processes import Kafka, kafka
from benchmarks.network_running import Network
from infra.kafka.jars import NoRuntime

WORKERS = 2
TARGET, P99_SECONDS = 100_000, 0.250


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured.

    Args:
        main: partitions and policies of the targets.
        partitions, policies: of the curve; ``main`` comes last: a broker takes a minute or two to compile itself.
        groups, group: of how many messages each pace is the median, and how many are in a group.
        rate, seconds: changes a second that are offered, and for how long.
        beside: residents and changes beside a plain Faust agent, and for how many seconds its delays are taken.
    """

    residents: int
    main: tuple[int, int] = (4, 100)
    partitions: tuple[int, ...] = (1, 2, 4)
    policies: tuple[int, ...] = (10, 100, 1_000)
    groups: int = 5
    group: int = 24
    rate: int = 10_000
    seconds: float = 15.0
    beside: Beside = field(default_factory=Beside)


def measuring(table: Table, folder: Path, size: Size) -> None:
    """All figures; a line that says why where there is no Kafka on this machine."""
    try:
        with kafka(folder) as broker:
            measure_all(table, broker, size)
    except NoRuntime as error:
        table.add("Kafka end to end", "not measured", against=error.text.en)


def measure_all(table: Table, broker: Kafka, size: Size) -> None:
    """All figures on a broker that runs."""
    points = []
    for partitions in size.partitions:
        points += _network(table, broker, size, partitions)
    _curve(table, points, size)
    beside(table, broker, size.beside)


def _network(table: Table, broker: Kafka, size: Size, partitions: int) -> list[Point]:
    """The points of one network, fewer policies first; the size of the targets is measured in full."""
    points = []
    with Network(broker, f"p{partitions}.", partitions, min(partitions, WORKERS)) as network:
        sender = Sender(network, world.make(size.residents))
        rows = sender.load()
        for count in size.policies:
            sender.publish(count)
            network.close_edition("p0")
            full = (partitions, count) == size.main
            share = (size.groups, size.group) if full else (-(-size.groups * 3 // 5), -(-size.group * 2 // 3))
            points.append(point(sender, partitions, *share))
            print(point_summary(points[-1]), flush=True)
            if full:
                _full(table, sender, points[-1], rows, size)
    return points


def _full(table: Table, sender: Sender, measurement: Point, rows: int, size: Size) -> None:
    """Pace and delays, each checked."""
    sample = rules.many(sender.published)[:: max(1, sender.published // 20)]
    same = compare_lists(sender.network, sample)[0]
    what = f"{measurement.policies} policies, {measurement.partitions} partitions, {WORKERS} workers and the broker on the same cores"
    table.add(
        f"Kafka end to end: changes of {size.residents:,} residents told, {what}, batches of {BATCH:,}",
        f"{measurement.rate:,.0f}/s ({min(measurement.rates):,.0f}–{max(measurement.rates):,.0f})", f"≥ {TARGET:,}/s", is_met=measurement.rate >= TARGET,
        against=f"the same lists as one process, and as everyone judged anew: {same.summary()}; processor: {_processes(measurement)}",
    )  # fmt: skip
    table.add(
        "Kafka: bytes a row by topic", _bytes_by_topic(measurement), against=f"memory: {_memory(measurement)}; loaded {rows:,} records"
    )
    for rows in (100, 1_000):
        delays = offer(sender.network, sender.stream(int(size.rate * size.seconds / rows), rows), size.rate, "p0")
        table.add(
            f"Kafka: a change to what it moved on a list, {size.rate:,} changes/s offered for {size.seconds:.0f} s in messages of {rows:,} rows",
            delays.summary(), f"p99 ≤ {1e3 * P99_SECONDS:.0f} ms", is_met=delays.at(0.99) <= P99_SECONDS,
            against=f"{delays.silent:,} of {delays.silent + len(delays.seconds):,} messages moved nothing; processor: {delays.load(size.seconds)}",
        )  # fmt: skip
    compare_lists(sender.network, sample)


def _curve(table: Table, points: list[Point], size: Size) -> None:
    """One line of the table for each number of policies, and the paper model beside it."""
    for policies in size.policies:
        of = sorted((p for p in points if p.policies == policies), key=lambda p: p.partitions)
        table.add(
            f"Kafka: changes/s at {policies:,} policies, {' / '.join(str(p.partitions) for p in of)} partitions, {size.residents:,} residents",
            " / ".join(f"{p.rate:,.0f}" for p in of),
            against=f"on paper: {' / '.join(f'{predicted_rate(p.partitions, p.policies):,.0f}' for p in of)}",
        )


def predicted_rate(partitions: int, policies: int) -> float:
    """Changes a second by the formulas of ``infra.sizing``, with the busiest worker busy all the time and no worker missing."""
    from infra.sizing import LINES_PER_CHANGE_AND_POLICY, MeasuredCosts, SizingChoices

    cost, workers = MeasuredCosts(), min(partitions, WORKERS)
    front = cost.sequencer_ns + LINES_PER_CHANGE_AND_POLICY * policies * cost.merger_ns
    share = -(-partitions // workers) / partitions
    copies = SizingChoices().copies if partitions > 1 else 1.0
    return 1e9 / (front + share * copies * cost.shard_ns)


def point_summary(measurement: Point) -> str:
    """What a point took: microseconds a row of each process and fold, bytes a row of each topic, memory."""
    stages = ", ".join(
        f"{topic} {measurement.microseconds(measurement.resources.stage(topic)):.2f}" for topic in ("inputs", "orders", "lines")
    )
    rates = " ".join(f"{rate:,.0f}" for rate in measurement.rates)
    return (
        f"{measurement.partitions} partitions, {measurement.policies} policies: {rates} changes/s; {_processes(measurement)}; "
        f"of it folds: {stages}; bytes a row: {_bytes_by_topic(measurement)}; {_memory(measurement)}"
    )


def _processes(measurement: Point) -> str:
    return (
        ", ".join(f"{name} {measurement.microseconds(seconds):.1f}" for name, seconds in measurement.resources.processes.items())
        + " µs a row"
    )


def _bytes_by_topic(measurement: Point) -> str:
    return ", ".join(f"{topic} {count / measurement.rows:.1f}" for topic, count in measurement.resources.bytes_written.items())


def _memory(measurement: Point) -> str:
    return ", ".join(f"{name} {count / 1e6:,.0f} MB" for name, count in measurement.resources.memory.items())
