"""The sequencer: takes the one total order apart into orders for each partition.

It runs the steps of the embedded host (admission, deliveries, coverage, versions, days) over a router in place of a matcher. A message that
is not admitted keeps its place in the order, changes nothing, and goes to the dead letters with the reason.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from matchers.kernel.batch import QUARANTINED, RecordBatch
from matchers.kernel.layout import KINDS
from matchers.locate import Locator, PartitionUpdate
from matchers.matrix.coverage import Statement
from policies.language.catalogue import Catalogue
from policies.language.tree import Policy
from policies.problems.problems import Invalid
from policies.values import Text
from streams.language.errors import InvalidSeal, Refusal, Unreadable, decoding
from streams.language.folds import Outgoing, dead_letter, refusal_kind
from streams.language.messages import EditionCut, Input, PolicyPublished, PolicyWithdrawn, Tick
from streams.language.ports import Arrays, Parts
from streams.ledgers.decisions import require_stamp
from streams.lists.editions import closed_by
from streams.lists.instructions import Instruction
from streams.network.calls import RowsCall
from streams.network.orders import Attribution, MessageNote, Order, PublishedVersion, RoutedCall, encode_note, encode_order
from streams.network.router import PendingColumns, Router
from streams.steps.erasure import body_without_erased, message_without_erased
from streams.steps.state import State
from streams.steps.steps import apply_message, skip_message
from streams.wire import wire

CENSUS = "all:census"
"""The key of the census on the topic of progress: no policy's name."""
CENSUS_EVERY = 200
"""After so many messages the census is announced again."""
ORDER_ROWS = 40_000
"""An order with more rows is sent in parts, so that a message on the wire stays below a few megabytes."""


class Sequencer:
    """The fold of the inputs topic.

    Args:
        parts: the ports; here routers replace the matchers.
        partitions: of the orders topic.
    """

    def __init__(self, parts: Parts, partitions: int, checkpoint: tuple[dict[str, Any], Arrays] | None = None) -> None:
        self.partitions = partitions
        self.parts = replace(parts, make_matcher=self._new_router, restore_matcher=self._restore_router)
        self.last_sent = [0] * partitions
        self.counts: Counter[str] = Counter()
        self.shards: dict[str, int] = {}
        self._fresh = False
        self._counted_at = -1  # the message after the last census
        if checkpoint is None:
            self.state = State(self.parts)
        else:
            meta, arrays = checkpoint
            with decoding(Text("定序的状态", "the state of a sequencer")):
                state, self.last_sent, self.shards = meta["state"], list(meta["sent"]), dict(meta["shards"])
            self.state = State.restore(self.parts, state, arrays)

    @property
    def offset(self) -> int:
        return self.state.offset

    def take(self, body: bytes, offset: int, seal_error: InvalidSeal | None = None) -> list[Outgoing]:
        message: Input | None = None
        try:
            if seal_error is not None:
                raise seal_error
            message = wire.decode(body)
            require_stamp(message)
            message = message_without_erased(self.state, message)
            moves, instructions = apply_message(self.state, message, offset)
        except (Unreadable, Refusal, Invalid) as error:
            skip_message(self.state, message, offset)
            self.counts[refusal_kind(error)] += 1
            return [dead_letter(error, self._dead_letter_body(body, seal_error), "inputs", 0, offset), self._note(offset, {})]
        if isinstance(message, RecordBatch):
            self.counts["rows"] += len(message)
            self.counts[f"quarantined_rows:{message.feed}"] += int(np.count_nonzero(message.flags & QUARANTINED))
        attributions: dict[int, list[Attribution]] = {}
        for move in moves:
            pending = move.changes
            assert isinstance(pending, PendingColumns)
            names = None if pending.names is None else tuple(sorted(pending.names))
            attributions.setdefault(pending.number, []).append(Attribution(move.day, move.cause, names, pending.others))
        out, last = [], {}
        for partition, calls in ({} if self.router is None else self.router.take_calls(attributions)).items():
            parts = _in_parts(calls)
            for place, part in enumerate(parts, 1):
                self.last_sent[partition] += 1
                order = Order(partition, self.last_sent[partition], offset, tuple(part), place == len(parts))
                out.append(Outgoing("orders", partition, f"{partition}.{order.number}", "order", encode_order(order)))
            last[partition] = self.last_sent[partition]
        return [*out, self._note(offset, last, message, instructions)]

    @property
    def erasure_count(self) -> int:
        return self.state.erasures.decision_count

    def announcements(self) -> list[Outgoing]:
        """The census of all shards: every so many messages, and when a shard is new."""
        if self.router is None or (self.offset - self._counted_at < CENSUS_EVERY and not self._fresh):
            return []
        self._counted_at, self._fresh = self.offset, False
        census = {shard: [partition, *sizes] for shard, (partition, sizes) in self.router.locator.census().items()}
        return [Outgoing("progress", 0, CENSUS, "census", json.dumps(census).encode(), {"offset": str(self.offset)})]

    def counters(self) -> Counter[str]:
        return self.counts

    def gauges(self) -> dict[tuple[str, ...], float]:
        if self.router is None:
            return {}
        kinds = [str(kind) for kind in KINDS]
        census = self.router.locator.census()
        return {
            ("subjects", shard or "unplaced", kind): count
            for shard, (_, sizes) in census.items()
            for kind, count in zip(kinds, sizes, strict=True)
        }

    def _dead_letter_body(self, body: bytes, unproved: InvalidSeal | None) -> bytes:
        """The body of a dead letter, without erased persons. A message without a valid seal is not read, so it is left out once anybody is
        erased."""
        if unproved is None:
            return body_without_erased(self.state, body)
        return b"" if self.state.erasures else body

    def meta(self) -> dict[str, Any]:
        return {"state": self.state.meta(), "sent": self.last_sent, "shards": self.shards}

    def arrays(self) -> Arrays:
        return self.state.arrays()

    @property
    def router(self) -> Router | None:
        """The router; None before the first catalogue."""
        if not self.state.has_catalogue:
            return None
        router: object = self.state.matcher
        assert isinstance(router, Router)
        return router

    def _new_router(self, catalogue: Catalogue, day: date) -> Router:
        router = Router(Locator(catalogue, day, self.partitions), lambda: self.state)
        router.begin()
        return router

    def _restore_router(
        self, catalogue: Catalogue, arrays: Mapping[str, npt.NDArray[np.generic]], meta: Mapping[str, Any],
        policies: Mapping[str, Policy], statements: Sequence[Statement],
    ) -> Router:  # fmt: skip
        """The port that restores a matcher; policies and coverage are in the partitions."""
        with decoding(Text("定位的状态", "the state of a locator")):
            return Router(Locator.restore(catalogue, arrays, meta), lambda: self.state)

    def _note(self, offset: int, last: dict[int, int], message: Input | None = None, instructions: Sequence[Instruction] = ()) -> Outgoing:
        streets = {} if self.router is None else self.router.locator.streets
        fresh = {name: partition for name, partition in streets.items() if name not in self.shards}
        self.shards |= fresh
        self._fresh = self._fresh or bool(fresh) or (message is not None and label(message) is not None)
        closes = None if message is None else closed_by(message)
        note = MessageNote(
            offset, last, closes, None if message is None else label(message), fresh, self._version(message), tuple(instructions)
        )
        return Outgoing("lines", 0, f"note.{offset}", "note", encode_note(note))

    def _version(self, message: Input | None) -> PublishedVersion | None:
        if not isinstance(message, PolicyPublished):
            return None
        version = self.state.registry.versions[message.policy][message.version]
        return PublishedVersion(message.policy, message.version, version.policy.agency, version.digest)


def label(message: Input) -> str | None:
    """The label of a message that people wait for until every shard has done it; None for other messages."""
    match message:
        case PolicyPublished():
            return f"{message.policy}@{message.version}"
        case PolicyWithdrawn() | EditionCut():
            return message.policy
        case Tick():
            return message.day.isoformat()
        case _:
            return None


def _in_parts(calls: Sequence[RoutedCall]) -> list[list[RoutedCall]]:
    """Calls in parts of at most ``ORDER_ROWS`` rows, if possible; the folders of a call may come in other parts, in their order."""
    parts: list[list[RoutedCall]] = [[]]
    rows = 0
    for call in _small(calls):
        size = 0 if call.routed is None else sum(map(len, call.routed.folders)) + len(call.routed.rows or ())
        if rows + size > ORDER_ROWS and parts[-1]:
            parts.append([])
            rows = 0
        parts[-1].append(call)
        rows += size
    return parts


def _small(calls: Sequence[RoutedCall]) -> list[RoutedCall]:
    """The same calls, but slices of the folders come before a call with many of them."""
    small = []
    for call in calls:
        routed = call.routed
        if routed is None or sum(map(len, routed.folders)) <= ORDER_ROWS:
            small.append(call)
            continue
        small.append(RoutedCall(RowsCall(), PartitionUpdate(lost=routed.lost), call.attributions))
        for folder in routed.folders:
            slices = (folder.slice(start, start + ORDER_ROWS) for start in range(0, len(folder), ORDER_ROWS))
            small += [RoutedCall(RowsCall(), PartitionUpdate(folders=[part]), call.attributions) for part in slices]
        small.append(replace(call, routed=PartitionUpdate(rows=routed.rows, gained=routed.gained)))
    return small
