"""The messages between the sequencer, the partitions and the merger: orders, the lines of a partition, and notes.

One message of the total order becomes orders for the partitions that it concerns. The orders of a partition are numbered without a gap, so
a receiver recognises orders that come twice or early. Source: ARCHITECTURE.md, "Streams on Kafka".
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace
from datetime import date
from struct import Struct
from typing import Any

import numpy as np

from matchers.kernel.batch import RecordBatch
from matchers.kernel.changes import Sighting
from matchers.locate import PartitionUpdate
from policies.values import Text
from streams.language.causes import Cause, cause_of
from streams.language.errors import Unreadable, decoding
from streams.lists.instructions import Instruction, instructions_plain, instructions_read
from streams.lists.lines import Lines, Sightings
from streams.network.calls import PartitionCall, call_plain, call_read
from streams.wire import wire
from streams.wire.columns import pack, unpack

ORDER, FOUND, NOTE = 0x101, 0x102, 0x103
"""Kinds of frames (``streams.wire.wire``)."""
_COUNT = Struct("<I")


@dataclass(frozen=True, slots=True)
class Attribution:
    """Day and cause of the changes of a call in some policies: ``names``, or all ``others``, or all if ``names`` is None."""

    day: date
    cause: Cause
    names: tuple[str, ...] | None = None
    others: bool = False

    def plain(self) -> list[Any]:
        return [self.day.isoformat(), self.cause.kind, self.cause.detail, self.names, self.others]

    @classmethod
    def read(cls, day: str, kind: str, detail: str, names: list[str] | None, others: bool) -> Attribution:
        return cls(date.fromisoformat(day), cause_of(kind, detail), None if names is None else tuple(names), others)


@dataclass(frozen=True, slots=True)
class RoutedCall:
    """One call on a partition's matcher: the records routed to it, which are applied first, the call, and the causes of its changes."""

    call: PartitionCall
    routed: PartitionUpdate | None = None
    attributions: tuple[Attribution, ...] = ()


@dataclass(frozen=True, slots=True)
class Order:
    """The calls for one partition from one message. ``number`` counts from 1; ``last`` marks the last order of the message."""

    partition: int
    number: int
    offset: int
    calls: tuple[RoutedCall, ...]
    last: bool = True


@dataclass(frozen=True, slots=True)
class PartitionLines:
    """The lines of one partition from one order, and the evidence about the subjects that it watches."""

    partition: int
    number: int
    lines: Lines
    sightings: Sightings = ()


@dataclass(frozen=True, slots=True)
class PublishedVersion:
    """A published version of a policy, as the merger needs it for manifests."""

    policy: str
    number: int
    agency: str
    digest: str


@dataclass(frozen=True, slots=True)
class MessageNote:
    """What the merger needs to know of one message: the number of its last order for each partition concerned, and what it closes.

    ``label`` names a message that people wait for (a publication, a day); ``shards`` has the partition of each new street; ``instructions``
    are for the list stage.
    """

    offset: int
    last: Mapping[int, int]
    closes: str | None = None
    label: str | None = None
    shards: Mapping[str, int] = field(default_factory=dict)
    version: PublishedVersion | None = None
    instructions: tuple[Instruction, ...] = ()


def encode_order(order: Order) -> bytes:
    bodies: list[bytes | memoryview] = []
    calls = [
        [
            routed.call.word,
            call_plain(routed.call),
            _routed_plain(routed.routed, bodies),
            [attribution.plain() for attribution in routed.attributions],
        ]
        for routed in order.calls
    ]
    return wire.frame(ORDER, _bundle([order.partition, order.number, order.offset, order.last, calls], bodies))


def decode_order(data: wire.Bytes) -> Order:
    """Raises:
    NewerFormat, Unreadable: as for ``wire.decode``.
    """
    body = _of_kind(data, ORDER)
    with decoding(Text("指令", "an order")):
        (partition, number, offset, last, plain), bodies = _unbundle(body)
        remaining = iter(bodies)
        calls = [
            RoutedCall(call_read(word, facts), _read_routed(routed, remaining), tuple(Attribution.read(*fields) for fields in attributions))
            for word, facts, routed, attributions in plain
        ]
        return Order(_number(partition), _number(number), _number(offset), tuple(calls), last)


def encode_partition_lines(report: PartitionLines) -> bytes:
    lines = report.lines
    was = [] if lines.was is None else [[place, open] for place, open in enumerate(lines.was.tolist()) if open >= 0]
    sightings = [[day.isoformat(), *sighting] for day, sighting in report.sightings]
    return wire.frame(FOUND, _bundle([report.partition, report.number, was, sightings], [wire.encode_changes(lines)]))


def encode_note(note: MessageNote) -> bytes:
    version = None if note.version is None else astuple(note.version)
    instructions = instructions_plain(note.instructions)
    facts = [note.offset, sorted(note.last.items()), note.closes, note.label, dict(note.shards), version, instructions]
    return wire.frame(NOTE, _bundle(facts, []))


def decode_report(data: wire.Bytes) -> PartitionLines | MessageNote:
    """A message to the merger: the lines of a partition, or a note.

    Raises:
        NewerFormat, Unreadable: as for ``wire.decode``.
    """
    kind, body = wire.unframe(data)
    if kind not in (FOUND, NOTE):
        raise _other(NOTE, kind)
    with decoding(Text("报告", "a report")):
        if kind == FOUND:
            (partition, number, was, sightings), (lines,) = _unbundle(body)
            read_sightings = tuple(_read_seen(*sighting) for sighting in sightings)
            return PartitionLines(_number(partition), _number(number), _read_lines(lines, was), read_sightings)
        (offset, last, closes, label, shards, version, instructions), _ = _unbundle(body)
        orders = {_number(partition): _number(number) for partition, number in last}
        places = {name: _number(partition) for name, partition in shards.items()}
        published_version = None if version is None else _read_version(*version)
        return MessageNote(_number(offset), orders, closes, label, places, published_version, instructions_read(instructions))


def _routed_plain(routed: PartitionUpdate | None, bodies: list[bytes | memoryview]) -> list[Any] | None:
    if routed is None:
        return None
    lists = (routed.lost, routed.gained)
    batches: list[RecordBatch] = [*routed.folders, *([] if routed.rows is None else [routed.rows])]
    bodies += [np.ascontiguousarray(tokens, np.uint64).tobytes() for by_kind in lists for tokens in by_kind.values()]
    bodies += [pack(batch) for batch in batches]
    return [list(routed.lost), list(routed.gained), len(routed.folders), routed.rows is not None]


def _read_routed(plain: list[Any] | None, bodies: Any) -> PartitionUpdate | None:
    if plain is None:
        return None
    lost, gained, folders, rows = plain
    by_kind = [{kind: np.frombuffer(next(bodies), np.uint64) for kind in kinds} for kinds in (lost, gained)]
    batches = [unpack(next(bodies)) for _ in range(folders)]
    return PartitionUpdate(by_kind[0], batches, unpack(next(bodies)) if rows else None, by_kind[1])


def _read_version(policy: str, number: int, agency: str, digest: str) -> PublishedVersion:
    return PublishedVersion(str(policy), _number(number), str(agency), str(digest))


def _read_lines(body: memoryview, was: Sequence[Sequence[int]]) -> Lines:
    lines = wire.decode_changes(body)
    column = np.full(len(lines), -1, np.int32)
    for place, open in was:
        column[place] = open
    return replace(lines, was=column)


def _read_seen(day: str, policy: str, subject: int, mark: str, fresh: bool, status: int, open: Sequence[Any]) -> tuple[date, Sighting]:
    return date.fromisoformat(day), Sighting(policy, subject, mark, fresh, status, wire.read_open(open))


def _of_kind(data: wire.Bytes, expected_kind: int) -> memoryview:
    kind, body = wire.unframe(data)
    if kind != expected_kind:
        raise _other(expected_kind, kind)
    return body


def _other(expected_kind: int, kind: int) -> Unreadable:
    return Unreadable(Text(f"消息种类应为 {expected_kind}，实为 {kind}。", f"This is a message of kind {kind}, not {expected_kind}."))


def _number(value: Any) -> int:
    """A number from 0."""
    if type(value) is not int or value < 0:
        raise ValueError("a number from 0 expected")
    return value


def _bundle(facts: Any, bodies: Sequence[bytes | memoryview]) -> bytes:
    head = json.dumps([facts, [len(body) for body in bodies]], ensure_ascii=False, separators=(",", ":")).encode()
    return b"".join((_COUNT.pack(len(head)), head, *bodies))


def _unbundle(data: memoryview) -> tuple[Any, list[memoryview]]:
    (length,) = _COUNT.unpack_from(data)
    facts, lengths = json.loads(bytes(data[_COUNT.size : _COUNT.size + length]))
    at, bodies = _COUNT.size + length, []
    for size in lengths:
        bodies.append(data[at : at + size])
        at += size
    return facts, bodies
