"""What travels between the sequencer, the shards and the merger: orders, lines found, and notes.

The one idea: one message of the total order becomes at most one order for each partition; orders of a partition are numbered without a gap,
so whoever receives them twice, or late, can tell. Source: ARCHITECTURE.md, "Streams on Kafka".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from struct import Struct, error
from typing import Any

import numpy as np

from matchers.batch import RecordBatch
from matchers.changes import Sighting
from matchers.coverage import Statement
from matchers.locate import Routed
from policies.values import Text
from streams import wire
from streams.columns import pack, unpack
from streams.errors import Unreadable
from streams.instructions import Instruction, instructions_plain, instructions_read
from streams.lines import Lines, Seen
from streams.messages import Cause

ORDER, FOUND, NOTE = 0x101, 0x102, 0x103
"""Kinds of frames (``streams.wire``)."""
_COUNT = Struct("<I")


@dataclass(frozen=True, slots=True)
class Told:
    """Of which policies (``names``, or all ``others``; None: of all) the changes of a step are told, on which day and why."""

    day: date
    cause: Cause
    names: tuple[str, ...] | None = None
    others: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One call on a shard's matcher: first what is routed to it, then the call ``name`` with its ``facts``."""

    name: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    routed: Routed | None = None
    told: tuple[Told, ...] = ()


@dataclass(frozen=True, slots=True)
class Order:
    """The steps one message means for one partition. ``number`` counts from 1; ``last`` where no more follow of this message."""

    partition: int
    number: int
    offset: int
    steps: tuple[Step, ...]
    last: bool = True


@dataclass(frozen=True, slots=True)
class Found:
    """What one order moved in one partition, and how those stand whom it watches."""

    partition: int
    number: int
    lines: Lines
    seen: Seen = ()


@dataclass(frozen=True, slots=True)
class Note:
    """What became of one message: the number of the last order it meant for each partition concerned, and what it closes.

    ``label`` names what people wait for (a publication, a day); ``shards`` the partition of each shard, where one is new;
    ``version`` the policy, number, agency and digest of what it published; ``instructions`` what the list stage is to do.
    """

    offset: int
    last: Mapping[int, int]
    closes: str | None = None
    label: str | None = None
    shards: Mapping[str, int] = field(default_factory=dict)
    version: tuple[str, int, str, str] | None = None
    instructions: tuple[Instruction, ...] = ()


def encode_order(order: Order) -> bytes:
    bodies: list[bytes | memoryview] = []
    steps = [[step.name, dict(step.facts), _routed(step.routed, bodies), [_told(one) for one in step.told]] for step in order.steps]
    return wire.frame(ORDER, _bundle([order.partition, order.number, order.offset, order.last, steps], bodies))


def decode_order(data: wire.Bytes) -> Order:
    """Raises:
    NewerFormat, Unreadable: as for ``wire.decode``.
    """
    body = _of_kind(data, ORDER)
    with _readable("an order", "指令"):
        (partition, number, offset, last, steps), bodies = _unbundle(body)
        taken = iter(bodies)
        made = [
            Step(name, facts, _read_routed(routed, taken), tuple(_read_told(*one) for one in told)) for name, facts, routed, told in steps
        ]
        return Order(_number(partition), _number(number), _number(offset), tuple(made), last)


def encode_found(found: Found) -> bytes:
    lines = found.lines
    was = [] if lines.was is None else [[place, open] for place, open in enumerate(lines.was.tolist()) if open >= 0]
    seen = [[day.isoformat(), *one] for day, one in found.seen]
    return wire.frame(FOUND, _bundle([found.partition, found.number, was, seen], [wire.encode_changes(lines)]))


def encode_note(note: Note) -> bytes:
    told = instructions_plain(note.instructions)
    facts = [note.offset, sorted(note.last.items()), note.closes, note.label, dict(note.shards), note.version, told]
    return wire.frame(NOTE, _bundle(facts, []))


def decode_report(data: wire.Bytes) -> Found | Note:
    """What the merger reads: lines found, or a note.

    Raises:
        NewerFormat, Unreadable: as for ``wire.decode``.
    """
    kind, body = wire.unframe(data)
    if kind not in (FOUND, NOTE):
        raise _other(NOTE, kind)
    with _readable("a report", "报告"):
        if kind == FOUND:
            (partition, number, was, seen), (lines,) = _unbundle(body)
            return Found(_number(partition), _number(number), _read_lines(lines, was), tuple(_read_seen(*one) for one in seen))
        (offset, last, closes, label, shards, version, told), _ = _unbundle(body)
        orders = {_number(partition): _number(number) for partition, number in last}
        places = {name: _number(partition) for name, partition in shards.items()}
        made = None if version is None else _read_version(*version)
        return Note(_number(offset), orders, closes, label, places, made, instructions_read(told))


def statements_plain(statements: Sequence[Statement]) -> list[list[Any]]:
    """Coverage statements as JSON."""
    return [[s.feed, s.source, s.division, list(s.subjects), s.complete_to.isoformat()] for s in statements]


def statements_read(plain: Sequence[Sequence[Any]]) -> list[Statement]:
    """What ``statements_plain`` was given."""
    return [Statement(feed, source, place, tuple(subjects), date.fromisoformat(day)) for feed, source, place, subjects, day in plain]


def _routed(routed: Routed | None, bodies: list[bytes | memoryview]) -> list[Any] | None:
    if routed is None:
        return None
    lists = (routed.lost, routed.gained)
    batches: list[RecordBatch] = [*routed.folders, *([] if routed.rows is None else [routed.rows])]
    bodies += [np.ascontiguousarray(tokens, np.uint64).tobytes() for owned in lists for tokens in owned.values()]
    bodies += [pack(batch) for batch in batches]
    return [list(routed.lost), list(routed.gained), len(routed.folders), routed.rows is not None]


def _read_routed(plain: list[Any] | None, bodies: Any) -> Routed | None:
    if plain is None:
        return None
    lost, gained, folders, rows = plain
    owned = [{kind: np.frombuffer(next(bodies), np.uint64) for kind in kinds} for kinds in (lost, gained)]
    batches = [unpack(next(bodies)) for _ in range(folders)]
    return Routed(owned[0], batches, unpack(next(bodies)) if rows else None, owned[1])


def _told(told: Told) -> list[Any]:
    return [told.day.isoformat(), told.cause.kind, told.cause.detail, told.names, told.others]


def _read_told(day: str, kind: str, detail: str, names: list[str] | None, others: bool) -> Told:
    return Told(date.fromisoformat(day), Cause(kind, detail), None if names is None else tuple(names), others)


def _read_version(policy: str, number: int, agency: str, digest: str) -> tuple[str, int, str, str]:
    return str(policy), _number(number), str(agency), str(digest)


def _read_lines(body: memoryview, was: Sequence[Sequence[int]]) -> Lines:
    lines = wire.decode_changes(body)
    column = np.full(len(lines), -1, np.int32)
    for place, open in was:
        column[place] = open
    return replace(lines, was=column)


def _read_seen(day: str, policy: str, subject: int, mark: str, fresh: bool, status: int, open: Sequence[Any]) -> tuple[date, Sighting]:
    return date.fromisoformat(day), Sighting(policy, subject, mark, fresh, status, wire.read_open(open))


def _of_kind(data: wire.Bytes, wanted: int) -> memoryview:
    kind, body = wire.unframe(data)
    if kind != wanted:
        raise _other(wanted, kind)
    return body


def _other(wanted: int, kind: int) -> Unreadable:
    return Unreadable(Text(f"消息种类应为 {wanted}，实为 {kind}。", f"This is a message of kind {kind}, not {wanted}."))


@contextmanager
def _readable(en: str, zh: str) -> Iterator[None]:
    """Whatever a body is that another program wrote, it is no more than unreadable."""
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, OSError, RuntimeError, StopIteration, TypeError, ValueError, error) as problem:
        said = f"This is not {en} ({type(problem).__name__}). Look at what else writes to the topic."
        raise Unreadable(Text(f"这不是{zh}（{type(problem).__name__}）；请查明还有谁在写这个主题。", said)) from problem


def _number(found: Any) -> int:
    """A number from 0."""
    if type(found) is not int or found < 0:
        raise ValueError("a number from 0 expected")
    return found


def _bundle(facts: Any, bodies: Sequence[bytes | memoryview]) -> bytes:
    head = json.dumps([facts, [len(body) for body in bodies]], ensure_ascii=False, separators=(",", ":")).encode()
    return b"".join((_COUNT.pack(len(head)), head, *bodies))


def _unbundle(data: memoryview) -> tuple[Any, list[memoryview]]:
    (length,) = _COUNT.unpack_from(data)
    facts, lengths = json.loads(bytes(data[_COUNT.size : _COUNT.size + length]))
    at, bodies = _COUNT.size + length, []
    for one in lengths:
        bodies.append(data[at : at + one])
        at += one
    return facts, bodies
