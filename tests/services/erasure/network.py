"""A network without a broker: topics in memory, and stages with their files that work when they are called.

Folds, stages and depot are the real ones. In the place of Kafka there is a list for each partition, with the offset at which it begins.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from connectors.kafka.depot import FsspecDepot
from connectors.kafka.topic_erasure import TopicErasure, _changes, _editions
from infra.worker import fold_maker
from infra.workspace.ports import parts
from infra.workspace.workspace import Workspace
from streams.language.folds import Outgoing
from streams.language.messages import Blank
from streams.lists.lines import Lines, lines
from streams.lists.manifests import manifest_for_store
from streams.network.merger import MessageProgress
from streams.network.network_host import NetworkHost
from streams.network.orders import Order, PartitionLines, encode_order, encode_partition_lines
from streams.network.stages import PurgeReport, Stage, StageRule
from streams.network.topics import ChangesPort, InputsPort
from streams.store import checkpoints
from streams.store.checkpoints import Depot
from streams.wire.wire import decode_changes, decode_edition, encode
from tests.streams.world import SEAL

SHARDS = 2
NOTHING = "nothing"
SNAPSHOT_EVERY = 15
"""Messages: often enough that snapshots with somebody in them are in the depot."""
_ANEW = {"changes": _changes, "editions": _editions}


@dataclass(slots=True)
class TopicRecord:
    offset: int
    key: str
    type: str
    value: bytes
    facts: Mapping[str, str]
    rewritten: bool = False


@dataclass(slots=True)
class Partition:
    """The records of a partition, and the offset of the next."""

    records: list[TopicRecord] = field(default_factory=list)
    next: int = 0

    def put(self, key: str, type: str, value: bytes, facts: Mapping[str, str] | None = None, rewritten: bool = False) -> int:
        self.records.append(TopicRecord(self.next, key, type, value, facts or {}, rewritten))
        self.next += 1
        return self.next - 1

    @property
    def first(self) -> int:
        return self.records[0].offset if self.records else self.next

    def empty(self, before: int) -> int:
        """Removes the records before an offset; returns their number."""
        count = len(self.records)
        self.records = [record for record in self.records if record.offset >= before]
        return count - len(self.records)


class MemoryNetwork(InputsPort, ChangesPort):
    """A network: the topics of its clients (``InputsPort``, ``ChangesPort``, ``services.erasure.network_erasing.NetworkTopics``), and its workers.

    Args:
        folder: of the workers' states and of the depot.
        partitions: the first content of the topics; copied. ``running``: whether the workers work when they are called.
    """

    def __init__(self, folder: Path, partitions: Mapping[tuple[str, int], Partition] | None = None) -> None:
        self.folder, self.running, self.depot = folder, True, FsspecDepot(str(folder / "depot"), SEAL)
        self.partitions = dict(deepcopy(partitions) if partitions else {})
        self.open: list[Stage] = []
        self.start(self.depot)

    def start(self, depot: Depot | None) -> None:
        """Starts the workers anew."""
        self.stop()
        for name in self.stages:
            topic, _, partition = name.rpartition("-")
            make = fold_maker(parts(), SHARDS, topic, int(partition))
            self.open.append(Stage(name, self.folder / "worker", make, depot, StageRule(messages=SNAPSHOT_EVERY)))

    def stop(self) -> None:
        while self.open:
            self.open.pop().close()

    def of(self, topic: str, partition: int = 0) -> Partition:
        return self.partitions.setdefault((topic, partition), Partition())

    def work(self) -> None:
        """Works until nothing is left to do."""
        while self.running and sum(self._work_stage(stage) for stage in self.open):
            pass

    def client(self, workspace: Workspace, depot: bool = True) -> NetworkHost:
        folder = workspace.folder("state") / "memory"
        return NetworkHost(folder, parts(), self, self, workspace.retention(), self.depot if depot else None)

    # -- what a client sees --------------------------------------------------------------------------------------------

    def append(self, body: bytes) -> Callable[[], int]:
        offset = self.of("inputs").put("client", "input", body)
        return lambda: offset

    def read(self, after: int) -> Iterator[tuple[int, bytes]]:
        while (message := next((record for record in self.of("inputs").records if record.offset > after), None)) is not None:
            after = message.offset
            yield message.offset, message.value

    def first(self) -> int:
        return self.of("inputs").first

    def end(self) -> int:
        return self.of("inputs").next - 1

    def rows(self) -> Iterator[tuple[int, str | None, Lines]]:
        self.work()
        for record in self.of("changes").records:
            yield int(record.key), record.facts.get("closes"), decode_changes(record.value)

    def manifests(self, policy: str) -> dict[int, str]:
        closed = (decode_edition(record.value) for record in self.of("editions").records if record.rewritten)
        return {edition.offset: manifest_for_store(edition.manifest) for edition in closed if edition.policy == policy}

    def last(self) -> int:
        return max((offset for offset, _, _ in self.rows()), default=-1)

    def progress(self) -> dict[str, MessageProgress]:
        self.work()
        return {
            record.key: MessageProgress(**json.loads(record.value)) for record in self.of("progress").records if record.type == "progress"
        }

    # -- the topics, to whoever erases ---------------------------------------------------------------------------------

    @property
    def stages(self) -> tuple[str, ...]:
        return ("inputs-0", *(f"orders-{shard}" for shard in range(SHARDS)), "lines-0")

    def purge_reports(self) -> dict[str, PurgeReport]:
        self.work()
        return {stage.name: report for stage in self.open if (report := stage.purge_report) is not None}

    def begin_segments(self) -> dict[str, int]:
        bodies = {
            ("inputs", 0): encode(Blank()),
            ("dead-letters", 0): b"",
            ("lines", 0): encode_partition_lines(PartitionLines(0, 0, lines((), 0))),
        }
        bodies |= {("orders", shard): encode_order(Order(shard, 0, 0, ())) for shard in range(SHARDS)}
        return {f"{topic}-{place}": self.of(topic, place).put(NOTHING, NOTHING, body) for (topic, place), body in bodies.items()}

    def erase_person(self, upto: Mapping[str, int], person: int) -> TopicErasure:
        deleted = [self.of(name.rpartition("-")[0], int(name.rpartition("-")[2])).empty(before) for name, before in upto.items()]
        rewritten = 0
        for topic, anew in _ANEW.items():
            old, begin = self.of(topic), self.of(topic).next
            for record, body in list(anew(iter(list(old.records)), person)):
                old.put(record.key, record.type, body, record.facts, True)
                rewritten += 1
            old.empty(begin)
        return TopicErasure(sum(deleted), rewritten)

    # -- the workers ---------------------------------------------------------------------------------------------------

    def _work_stage(self, stage: Stage) -> bool:
        topic, _, partition = stage.name.rpartition("-")
        for record in [record for record in self.of(topic, int(partition)).records if record.offset > stage.offset]:
            stage.take(record.value, record.offset)
        outputs = stage.take_uncommitted()
        stage.commit(outputs)
        if due := stage.due:
            stage.commit_and_write_checkpoint()
        for _, output in outputs:
            self._put_all(output.messages)
        self._put_all(stage.fold.announcements())
        stage.note_acknowledged(stage.offset)
        if stage.shippable:
            stage.ship()
        if purge := stage.purgeable:
            stage.purge()
        return bool(outputs) or due or purge

    def _put_all(self, messages: Sequence[Outgoing]) -> None:
        for message in messages:
            self.of(message.topic, message.partition).put(message.id, message.type, message.body, message.facts)


def search_network(network: MemoryNetwork, sought: Mapping[str, bytes]) -> set[str]:
    """The places of a network with a trace of a person: topics, ``worker``, ``depot``."""
    places = {
        topic
        for (topic, _), of in network.partitions.items()
        if any(_in(record.value + record.key.encode(), sought) for record in of.records)
    }
    for place in ("worker", "depot"):
        if any(_in(data, sought) for path in (network.folder / place).rglob("*") if path.is_file() for data in layers(path)):
            places.add(place)
    return places


def _in(data: bytes, sought: Mapping[str, bytes]) -> bool:
    return any(needle in data for needle in sought.values())


def layers(path: Path) -> Iterator[bytes]:
    """The bytes of a file; of a checkpoint also those of its meta data and arrays."""
    yield path.read_bytes()
    if path.suffix == ".snapshot":
        meta, arrays = checkpoints.read(path)
        yield json.dumps(meta, ensure_ascii=False).encode()
        yield b"\n".join(np.ascontiguousarray(array).tobytes() for array in arrays.values())
