"""The size of a network on Kafka: brokers, shards, workers, memory and disk, from a few counts and measured costs.

Every figure is a short formula over what was counted (``Need``), measured (``MeasuredCosts``) and chosen (``SizingChoices``), so each
can be traced to its factors. The plan allows for one missing worker: workers are alike, and the stages of a lost one go to the others.

    changes/s            R                rows a second on each topic       R, copies·R, lines·R
    front of a network   R·(sequencer + lines·merger)                      one process; nothing shares it
    shards a worker      ceil(N ÷ (W − 1))                                 N shards, W workers, one of them lost
    share of a worker    min(1, skew·shards ÷ N)                           of all that shards do
    load of a worker     front + share·copies·R·shard                      ≤ busy, of a core
    records              residents·(resident + records·record)             bytes
    memory of a worker   process + room·(records + 1.76·residents·locator + residents·on lists·listed + share·copies·records)
    publish              share, with all there, ·residents·publish         seconds a policy

Run: ``python -m infra.sizing`` prints the table of docs/zh/deployment.md and docs/en/deployment.md.
Source: docs/benchmarks.md for what is measured; infra/kafka/topics.py for how long topics keep.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from policies.problems.problems import HuiminError
from policies.values import Text

GB = 1e9
MOST_SHARDS = 64
SUBJECTS_PER_RESIDENT = 1.76
"""Persons, households and dwellings: 1.35 M, 500,000 and 520,000 in the district of docs/benchmarks.md."""
LINES_PER_CHANGE_AND_POLICY = 0.0006
"""0.06 lines a change at 100 policies, 3.23 at 5,000 (docs/benchmarks.md)."""


class NetworkTooLarge(HuiminError):
    """One network cannot carry this (planner: split it, as a country into cities; 3). Trying again does not help."""

    def __init__(self, need: Need) -> None:
        super().__init__(
            Text(
                f"一个网络承担不了 {need.residents:,} 名居民、每秒 {need.changes_per_second:,.0f} 条变动：按城市拆成几个网络。",
                f"One network cannot carry {need.residents:,} residents and {need.changes_per_second:,.0f} changes a second: split it, "
                "a network a city.",
            ),
            3,
        )


@dataclass(frozen=True, slots=True)
class Need:
    """The load of one network, of ``networks`` that are alike.

    Args:
        records_per_resident: over all feeds, the register included.
        listed_per_resident: on all lists together.
        changes_per_second: in the busy hours of a day.
        retention_days: how long the inputs topic keeps its messages.
    """

    residents: int
    records_per_resident: float = 4.0
    listed_per_resident: float = 0.1
    changes_per_second: float = 500.0
    policies: int = 100
    retention_days: int = 30
    networks: int = 1


@dataclass(frozen=True, slots=True)
class MeasuredCosts:
    """Measured costs, on one core of the machine of docs/benchmarks.md.

    Args:
        sequencer_ns: a changed row, in the sequencer. shard_ns: a row sent to a shard. merger_ns: a line, in the merger.
        publish_ns: a resident, judged anew by one policy. pass_ns, judge_ns: by all policies: a resident, and besides each policy.
        resident_bytes, record_bytes: in memory, wherever a record is held. locator_bytes: a subject, more, in the sequencer.
        wire_bytes: a row in a topic.
    """

    sequencer_ns: float = 1_500
    shard_ns: float = 2_500
    merger_ns: float = 500
    publish_ns: float = 60
    pass_ns: float = 270
    judge_ns: float = 0.5
    resident_bytes: float = 150
    record_bytes: float = 60
    locator_bytes: float = 32
    listed_bytes: float = 850
    wire_bytes: float = 40


@dataclass(frozen=True, slots=True)
class SizingChoices:
    """What is decided, not measured.

    Args:
        copies: shards that get a row: its subject's own and those within two links: 1.4 to 2.1 (ARCHITECTURE.md). skew: the largest shard
        over the average.
        busy: how much of a core a worker may use when one is missing. room: memory over what the records take, to grow and to write
        snapshots. process_bytes: a worker that holds nothing. worker_bytes: the most memory a worker may have.
        shards_per_worker: so that a network can grow without new topics. publish_seconds: the longest a publication may take.
        busy_hours: of a day, at ``changes_per_second``. orders_days: how long orders and lines are kept; changes are kept for good (a
        year of them is counted). snapshots: kept of each stage. backlog_bytes: of a stage's log between two of them.
        brokers: at least so many; replicas: of each topic. broker_bytes, broker_bytes_per_second: what one holds and takes.
    """

    copies: float = 2.0
    skew: float = 1.5
    busy: float = 0.6
    room: float = 1.5
    process_bytes: float = 0.4 * GB
    worker_bytes: float = 64 * GB
    shards_per_worker: int = 4
    publish_seconds: float = 5.0
    busy_hours: float = 8.0
    orders_days: int = 7
    snapshots: int = 2
    backlog_bytes: float = 0.5 * GB
    brokers: int = 3
    replicas: int = 3
    broker_bytes: float = 2_000 * GB
    broker_bytes_per_second: float = 50e6


@dataclass(frozen=True, slots=True)
class NetworkSize:
    """The resources of one network.

    Args:
        load: of a core, the busiest worker when one is missing.
        worker_bytes, worker_disk_bytes: of each worker. broker_disk_bytes: of all brokers, replicas included.
        depot_bytes: of all snapshots.
        publish_seconds: one policy, all workers there. judge_seconds: every policy anew, in one pass.
    """

    brokers: int
    shards: int
    workers: int
    load: float
    worker_bytes: float
    worker_disk_bytes: float
    broker_disk_bytes: float
    depot_bytes: float
    publish_seconds: float
    judge_seconds: float


def smallest_network(need: Need, cost: MeasuredCosts = MeasuredCosts(), choice: SizingChoices = SizingChoices()) -> NetworkSize:  # frozen
    """The smallest network, of two workers or more, that carries this load with one worker missing.

    Raises:
        TooLarge: no number of workers carries it: the front of the network is one process, and there are at most 64 shards.

    Example:
        >>> sized(Need(1_350_000)).workers
        2
    """
    for workers in range(2, MOST_SHARDS + 2):
        size = _of(workers, need, cost, choice)
        if size.load <= choice.busy and size.worker_bytes <= choice.worker_bytes and size.publish_seconds <= choice.publish_seconds:
            return size
    raise NetworkTooLarge(need)


def _of(workers: int, need: Need, cost: MeasuredCosts, choice: SizingChoices) -> NetworkSize:
    """The resources of a network with this number of workers, whether or not they are enough."""
    shards = min(MOST_SHARDS, choice.shards_per_worker * workers)
    shards_each = ceil(shards / (workers - 1))
    share, share_there = (min(1.0, choice.skew * of / shards) for of in (shards_each, ceil(shards / workers)))
    lines = LINES_PER_CHANGE_AND_POLICY * need.policies
    front = need.changes_per_second * (cost.sequencer_ns + lines * cost.merger_ns)
    shard_load = need.changes_per_second * choice.copies * share * cost.shard_ns
    everything = need.residents * (cost.resident_bytes + need.records_per_resident * cost.record_bytes)
    locator = everything + need.residents * SUBJECTS_PER_RESIDENT * cost.locator_bytes
    front_bytes = locator + need.residents * need.listed_per_resident * cost.listed_bytes
    state = front_bytes + share * choice.copies * everything
    broker_disk = _topics_bytes(need, cost, choice, lines)
    broker_intake = need.changes_per_second * (1 + choice.copies + 2 * lines) * cost.wire_bytes * choice.replicas
    scan = need.residents * cost.publish_ns / 1e9 * share_there
    everything_anew = need.residents * (cost.pass_ns + need.policies * cost.judge_ns) / 1e9 * share_there
    return NetworkSize(
        brokers=max(choice.brokers, ceil(broker_disk / choice.broker_bytes), ceil(broker_intake / choice.broker_bytes_per_second)),
        shards=shards,
        workers=workers,
        load=(front + shard_load) / 1e9,
        worker_bytes=choice.process_bytes + choice.room * state,
        worker_disk_bytes=(choice.snapshots + 1) * state + (shards_each + 2) * choice.backlog_bytes,
        broker_disk_bytes=broker_disk,
        depot_bytes=choice.snapshots * (front_bytes + choice.copies * everything),
        publish_seconds=scan,
        judge_seconds=everything_anew,
    )


def _topics_bytes(need: Need, cost: MeasuredCosts, choice: SizingChoices, lines: float) -> float:
    """The bytes of the topics, replicas included: the first load, the rows that are kept for days, and a year of changes."""
    a_day = need.changes_per_second * choice.busy_hours * 3_600
    loaded_rows = need.residents * need.records_per_resident * (1 + choice.copies)
    stored_rows = a_day * (need.retention_days + (choice.copies + lines) * choice.orders_days + lines * 365)
    return (loaded_rows + stored_rows) * cost.wire_bytes * choice.replicas


PLACES = (
    (Text("区，135 万人", "district, 1.35 M"), Need(1_350_000, changes_per_second=500)),
    (Text("市，2,500 万人", "city, 25 M"), Need(25_000_000, changes_per_second=10_000, policies=300)),
    (
        Text("全国，14 亿人，60 个市", "country, 1.4 bn, 60 cities"),
        Need(1_400_000_000 // 60, changes_per_second=10_000, policies=300, networks=60),
    ),
)
Row = tuple[Text, Callable[[Need, NetworkSize], str]]
ROWS: tuple[Row, ...] = (
    (Text("网络", "networks"), lambda need, size: f"{need.networks:,}"),
    (Text("忙时每秒变动", "changes a second, busy hours"), lambda need, size: f"{need.networks * need.changes_per_second:,.0f}"),
    (Text("政策", "policies, a network"), lambda need, size: f"{need.policies:,}"),
    (Text("broker", "brokers"), lambda need, size: f"{need.networks * size.brokers:,}"),
    (Text("`orders` 的分区", "partitions of `orders`"), lambda need, size: f"{need.networks * size.shards:,}"),
    (Text("工作进程", "workers"), lambda need, size: f"{need.networks * size.workers:,}"),
    (Text("最忙者占核", "load of the busiest, of a core"), lambda need, size: f"{size.load:.2f}"),
    (Text("每个工作进程内存", "memory a worker"), lambda need, size: _gb(size.worker_bytes)),
    (Text("每个工作进程磁盘", "disk a worker"), lambda need, size: _gb(size.worker_disk_bytes)),
    (Text("broker 磁盘合计", "disk of all brokers"), lambda need, size: _gb(need.networks * size.broker_disk_bytes)),
    (Text("快照库", "depot"), lambda need, size: _gb(need.networks * size.depot_bytes)),
    (Text("发布一项政策", "publishing one policy"), lambda need, size: _seconds(size.publish_seconds)),
    (Text("全部政策重判一遍", "every policy judged anew"), lambda need, size: _seconds(size.judge_seconds)),
)


def table(language: str) -> str:
    """The table of the deployment page: three places side by side, each the sum over its networks unless a row says otherwise."""
    sizes = [(need, smallest_network(need)) for _, need in PLACES]
    lines = [f"| | {' | '.join(place[language] for place, _ in PLACES)} |", "|---|" + "---:|" * len(PLACES)]
    lines += [f"| {name[language]} | " + " | ".join(figure(need, size) for need, size in sizes) + " |" for name, figure in ROWS]
    return "\n".join(lines) + "\n"


def _gb(count: float) -> str:
    if count >= 1_000 * GB:
        return f"{count / GB / 1_000:,.1f} TB"
    return f"{count / GB:,.0f} GB" if count >= 10 * GB else f"{count / GB:.1f} GB"


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


if __name__ == "__main__":
    print(table("zh"), table("en"), sep="\n", end="")
