"""Kafka end to end: changes a second, how long one takes, and a plain Faust agent beside it, on a real broker on this machine.

The one idea: everything runs here: broker, workers, whoever sends and whoever listens share the same cores. A list is the sum of what was
told; for a sample of policies it is compared with everyone judged anew, in one process, on the same records.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks import rules, world
from benchmarks.deciding import anew, moved
from benchmarks.measure import Table
from benchmarks.network_beside import beside
from benchmarks.network_offering import BATCH, Point, Sender, offered, point
from benchmarks.network_processes import Kafka, kafka
from benchmarks.network_running import Network
from connectors.contracts import read_catalogue
from infra.kafka.jars import NoRuntime
from matchers.core import Matcher
from streams.messages import EditionCut, PolicyPublished
from streams.ports import Parts
from streams.state import State
from streams.steps import step

PARTITIONS, POLICIES, WORKERS = (1, 2, 4), (10, 100, 1_000), 2
"""The network of the targets comes last: a broker takes a minute or two to compile itself."""
MAIN = (4, 100)
"""Partitions and policies of the targets."""
GROUPS, GROUP = 5, 24
TARGET, RATE, SECONDS, P99_SECONDS = 100_000, 10_000, 15.0, 0.250
RESIDENTS = 200_000


def measuring(table: Table, folder: Path, residents: int = RESIDENTS, *, curve: bool = True) -> None:
    """All figures; a line that says why where there is no Kafka on this machine."""
    try:
        with kafka(folder) as broker:
            points = []
            for partitions in PARTITIONS if curve else MAIN[:1]:
                points += _network(table, broker, residents, partitions, POLICIES if curve else MAIN[1:])
            if curve:
                _curve(table, points)
            beside(table, broker)
    except NoRuntime as error:
        table.add("Kafka end to end", "not measured", against=error.text.en)


def _network(table: Table, broker: Kafka, residents: int, partitions: int, policies: tuple[int, ...]) -> list[Point]:
    """The points of one network, fewer policies first; those the targets are about in full."""
    points = []
    with Network(broker, f"p{partitions}.", partitions, min(partitions, WORKERS)) as network:
        sender = Sender(network, world.make(residents))
        for count in policies:
            rows = sender.load() if not sender.published else 0
            sender.publish(count)
            network.told("p0")
            full = (partitions, count) == MAIN
            points.append(point(sender, partitions, GROUPS if full else 3, GROUP if full else 16))
            print(said(points[-1]), flush=True)
            if full:
                _full(table, sender, points[-1], rows, residents)
    return points


def _full(table: Table, sender: Sender, found: Point, rows: int, residents: int) -> None:
    """Pace and delays, each checked."""
    judged = _same_lists(sender)
    what = f"{found.policies} policies, {found.partitions} partitions, {WORKERS} workers and the broker on the same cores"
    table.add(
        f"Kafka end to end: changes of {residents:,} residents told, {what}, batches of {BATCH:,}",
        f"{found.rate:,.0f}/s ({min(found.rates):,.0f}–{max(found.rates):,.0f})", f"≥ {TARGET:,}/s", met=found.rate >= TARGET,
        against=f"the same lists as everyone judged anew, {judged} policies; processor: {_processes(found)}",
    )  # fmt: skip
    table.add("Kafka: bytes a row by topic", _written(found), against=f"memory: {_memory(found)}; loaded {rows:,} records")
    for size in (100, 1_000):
        delays = offered(sender.network, sender.stream(int(RATE * SECONDS / size), size), RATE, "p0")
        table.add(
            f"Kafka: a change to what it moved on a list, {RATE:,} changes/s offered for {SECONDS:.0f} s in messages of {size:,} rows",
            delays.said(), f"p99 ≤ {1e3 * P99_SECONDS:.0f} ms", met=delays.at(0.99) <= P99_SECONDS,
            against=f"{delays.silent:,} of {delays.silent + len(delays.seconds):,} messages moved nothing; processor: {delays.load(SECONDS)}",
        )  # fmt: skip
    _same_lists(sender)


def _same_lists(sender: Sender) -> int:
    """Compares lists of a sample of policies with everyone judged anew on the same records; how many it compared."""
    state = State(Parts(read_catalogue))
    for offset, message in enumerate(one for one in sender.network.sent if not isinstance(one, PolicyPublished | EditionCut)):
        step(state, message, offset)
    matcher = state.matcher
    assert isinstance(matcher, Matcher)
    sample = rules.many(sender.published)[:: max(1, sender.published // 20)]
    expected, _ = anew(matcher, sample)
    told = moved({}, sample, (line for lines in sender.network.lines() for line in lines))
    assert told == expected, f"what was told ({len(told)}) and everyone judged anew ({len(expected)}) agree"
    return len(sample)


def _curve(table: Table, points: list[Point]) -> None:
    """One line of the table for each number of policies, and the paper model beside it."""
    for policies in POLICIES:
        of = sorted((p for p in points if p.policies == policies), key=lambda p: p.partitions)
        table.add(
            f"Kafka: changes/s at {policies:,} policies, {' / '.join(str(p.partitions) for p in of)} partitions",
            " / ".join(f"{p.rate:,.0f}" for p in of),
            against=f"on paper: {' / '.join(f'{predicted(p.partitions, p.policies):,.0f}' for p in of)}",
        )


def predicted(partitions: int, policies: int) -> float:
    """Changes a second by the formulas of ``infra.sizing``: where its busiest worker is busy all the time, none missing."""
    from infra.sizing import LINES_PER_CHANGE_AND_POLICY, Chosen, Measured

    cost, workers = Measured(), min(partitions, WORKERS)
    front = cost.sequencer_ns + LINES_PER_CHANGE_AND_POLICY * policies * cost.merger_ns
    share = -(-partitions // workers) / partitions
    copies = Chosen().copies if partitions > 1 else 1.0
    return 1e9 / (front + share * copies * cost.shard_ns)


def said(found: Point) -> str:
    """What a point took: microseconds a row of each process and fold, bytes a row of each topic, memory."""
    stages = ", ".join(f"{topic} {found.microseconds(found.spent.stage(topic)):.2f}" for topic in ("inputs", "orders", "lines"))
    rates = " ".join(f"{rate:,.0f}" for rate in found.rates)
    return (
        f"{found.partitions} partitions, {found.policies} policies: {rates} changes/s; {_processes(found)}; "
        f"of it folds: {stages}; bytes a row: {_written(found)}; {_memory(found)}"
    )


def _processes(found: Point) -> str:
    return ", ".join(f"{name} {found.microseconds(seconds):.1f}" for name, seconds in found.spent.processes.items()) + " µs a row"


def _written(found: Point) -> str:
    return ", ".join(f"{topic} {count / found.rows:.1f}" for topic, count in found.spent.written.items())


def _memory(found: Point) -> str:
    return ", ".join(f"{name} {count / 1e6:,.0f} MB" for name, count in found.spent.memory.items())
