"""The sequencer: the one total order, taken apart into orders for each partition.

The one idea: it runs the very steps of the embedded host (admission, deliveries, coverage, versions, days) over a router in place of a
matcher. What is not admitted goes to the dead letters with the reason, takes its place in the order, and changes nothing.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np

from matchers.batch import QUARANTINED, RecordBatch
from matchers.layout import KINDS
from matchers.locate import Locator, Routed
from policies.catalogue import Catalogue
from policies.problems import Invalid
from streams import wire
from streams.editions import closed_by
from streams.erasing import cleared, without_erased
from streams.errors import Refused, Unreadable
from streams.folds import Outgoing, dead
from streams.instructions import Instruction
from streams.messages import (
    CatalogueSet,
    EditionCut,
    Input,
    PolicyPublished,
    PolicyWithdrawn,
    Tick,
)
from streams.orders import Note, Order, Step, Told, encode_note, encode_order
from streams.ports import Arrays, Parts
from streams.routing import Call, Router
from streams.state import State
from streams.steps import moved

CENSUS = "all:census"
"""The key of the census on the topic of progress: no policy's name."""
CENSUS_EVERY = 200
"""Messages from which on it is told again who is where."""
ORDER_ROWS = 40_000
"""Rows from which on an order is sent in parts: a message on the wire stays below a few megabytes."""


class Sequencer:
    """The fold of the inputs topic.

    Args:
        parts: the ports; those that make matchers are replaced by routers here.
        partitions: of the orders topic.
    """

    def __init__(self, parts: Parts, partitions: int, kept: tuple[dict[str, Any], Arrays] | None = None) -> None:
        self.partitions = partitions
        self.parts = replace(parts, make_matcher=self._router, restore_matcher=Router.restore)
        self.sent = [0] * partitions
        self.counts: Counter[str] = Counter()
        self.shards: dict[str, int] = {}
        self._fresh = False
        self._counted_at = -1  # the message after which the census was told last
        if kept is None:
            self.state = State(self.parts)
        else:
            meta, arrays = kept
            self.state = State.restored(self.parts, meta["state"], arrays)
            self.sent, self.shards = list(meta["sent"]), dict(meta["shards"])

    @property
    def offset(self) -> int:
        return self.state.offset

    def take(self, body: bytes, offset: int) -> list[Outgoing]:
        try:
            message = cleared(self.state, wire.decode(body))
            moves, instructions = moved(self.state, message, offset)
        except (Unreadable, Refused, Invalid) as error:
            self.state.offset = offset
            self.counts["refused"] += 1
            return [dead(error, without_erased(self.state, body), "inputs", 0, offset), self._note(offset, {})]
        if isinstance(message, RecordBatch):
            self.counts["rows"] += len(message)
            self.counts[f"quarantined_rows:{message.feed}"] += int(np.count_nonzero(message.flags & QUARANTINED))
        told: dict[int, list[Told]] = {}
        for move in moves:
            call = move.changes
            assert isinstance(call, Call)
            names = None if call.names is None else tuple(sorted(call.names))
            told.setdefault(call.number, []).append(Told(move.day, move.cause, names, call.others))
        steps = self._router_steps(message, told)
        out, last = [], {}
        for partition, ordered in steps.items():
            parts = _in_parts(ordered)
            for place, part in enumerate(parts, 1):
                self.sent[partition] += 1
                order = Order(partition, self.sent[partition], offset, tuple(part), place == len(parts))
                out.append(Outgoing("orders", partition, f"{partition}.{order.number}", "order", encode_order(order)))
            last[partition] = self.sent[partition]
        return [*out, self._note(offset, last, message, instructions)]

    @property
    def erased(self) -> int:
        return self.state.erasures.asked

    def passing(self) -> list[Outgoing]:
        """Who is where, every so many messages and whenever a shard is new."""
        if self.router is None or (self.offset - self._counted_at < CENSUS_EVERY and not self._fresh):
            return []
        self._counted_at, self._fresh = self.offset, False
        census = {shard: [partition, *owned] for shard, (partition, owned) in self.router.locator.census().items()}
        return [Outgoing("progress", 0, CENSUS, "census", json.dumps(census).encode())]

    def counted(self) -> Counter[str]:
        return self.counts

    def gauged(self) -> dict[tuple[str, ...], float]:
        if self.router is None:
            return {}
        kinds = [str(kind) for kind in KINDS]
        census = self.router.locator.census()
        return {
            ("subjects", shard or "unplaced", kind): count
            for shard, (_, owned) in census.items()
            for kind, count in zip(kinds, owned, strict=True)
        }

    def meta(self) -> dict[str, Any]:
        return {"state": self.state.meta(), "sent": self.sent, "shards": self.shards}

    def arrays(self) -> Arrays:
        return self.state.arrays()

    @property
    def router(self) -> Router | None:
        """Who is where; None before the first catalogue."""
        if not self.state.begun:
            return None
        found: object = self.state.matcher
        assert isinstance(found, Router)
        return found

    def _router(self, catalogue: Catalogue, day: date) -> Router:
        return Router(Locator(catalogue, day, self.partitions))

    def _router_steps(self, message: Input, told: dict[int, list[Told]]) -> dict[int, list[Step]]:
        """What each partition does; with the texts a shard needs to do it."""
        if self.router is None:
            return {}
        steps = self.router.taken(told)
        for ordered in steps.values():
            ordered[:] = [self._published(step) if step.name == "publish" else step for step in ordered]
        if isinstance(message, CatalogueSet):
            facts = {"units": message.units, "contracts": dict(message.contracts), "day": self.state.day.isoformat()}
            for partition in range(self.partitions):
                steps.setdefault(partition, []).insert(0, Step("catalogue", facts))
        return steps

    def _published(self, step: Step) -> Step:
        version = self.state.registry.versions[step.facts["policy"]][step.facts["version"]]
        return replace(step, facts={**step.facts, "text": version.text, "catalogue": version.catalogue})

    def _note(self, offset: int, last: dict[int, int], message: Input | None = None, instructions: Sequence[Instruction] = ()) -> Outgoing:
        streets = {} if self.router is None else self.router.locator.streets
        fresh = {name: partition for name, partition in streets.items() if name not in self.shards}
        self.shards |= fresh
        self._fresh = self._fresh or bool(fresh) or (message is not None and label(message) is not None)
        closes = None if message is None else closed_by(message)
        note = Note(offset, last, closes, None if message is None else label(message), fresh, self._version(message), tuple(instructions))
        return Outgoing("lines", 0, f"note.{offset}", "note", encode_note(note))

    def _version(self, message: Input | None) -> tuple[str, int, str, str] | None:
        """What the merger is to know of a version that was published."""
        if not isinstance(message, PolicyPublished):
            return None
        version = self.state.registry.versions[message.policy][message.version]
        return message.policy, message.version, version.policy.agency, version.digest


def label(message: Input) -> str | None:
    """What people wait for until every shard has done it."""
    match message:
        case PolicyPublished():
            return f"{message.policy}@{message.version}"
        case PolicyWithdrawn() | EditionCut():
            return message.policy
        case Tick():
            return message.day.isoformat()
        case _:
            return None


def _in_parts(steps: Sequence[Step]) -> list[list[Step]]:
    """Steps in parts of so many rows; a step's folders may be told apart from the rest of it, in their order."""
    parts: list[list[Step]] = [[]]
    rows = 0
    for step in _apart(steps):
        size = 0 if step.routed is None else sum(map(len, step.routed.folders)) + len(step.routed.rows or ())
        if rows + size > ORDER_ROWS and parts[-1]:
            parts.append([])
            rows = 0
        parts[-1].append(step)
        rows += size
    return parts


def _apart(steps: Sequence[Step]) -> list[Step]:
    out = []
    for step in steps:
        routed = step.routed
        if routed is None or sum(map(len, routed.folders)) <= ORDER_ROWS:
            out.append(step)
            continue
        out.append(Step("rows", {}, Routed(lost=routed.lost), step.told))
        for folder in routed.folders:
            slices = (folder.slice(start, start + ORDER_ROWS) for start in range(0, len(folder), ORDER_ROWS))
            out += [Step("rows", {}, Routed(folders=[one]), step.told) for one in slices]
        out.append(replace(step, routed=Routed(rows=routed.rows, gained=routed.gained)))
    return out
