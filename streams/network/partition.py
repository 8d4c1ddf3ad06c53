"""The fold of one partition: carries out the orders of the sequencer on the partition's matcher.

Workers hold one for each partition of the topic of orders. Orders are numbered. An order that comes again is skipped; so is one that comes
too early, because the sender sends everything again from the first order without acknowledgement. Each order has one report with its
lines, even if there are none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, assert_never

from matchers.kernel.changes import Changes
from matchers.locate import PartitionUpdate
from matchers.partition_matcher import PartitionMatcher
from policies.contracts.growth import succeeding
from policies.language.catalogue import Catalogue
from policies.values import Text
from streams.language.errors import InvalidSeal, Unreadable, decoding
from streams.language.folds import Outgoing, dead_letter, refusal_kind
from streams.language.ports import Arrays, Parts
from streams.ledgers.documents import DocumentCache
from streams.lists.lines import Move, lines, sightings
from streams.network.calls import (
    AnswerCall,
    CatalogueCall,
    CorrectCall,
    CoverCall,
    EraseCall,
    ForgetCall,
    PublishCall,
    ReplaceCall,
    RowsCall,
    TickCall,
    UpgradeCall,
    WatchCall,
    WithdrawCall,
    statements_plain,
    statements_read,
)
from streams.network.orders import Order, PartitionLines, RoutedCall, decode_order, encode_partition_lines


class PartitionFold:
    """The fold of one partition of the orders topic.

    Args:
        parts: the ports that read catalogues and policies.
        partition: its number.
    """

    def __init__(self, parts: Parts, partition: int, checkpoint: tuple[dict[str, Any], Arrays] | None = None) -> None:
        self.parts, self.partition = parts, partition
        self.documents = DocumentCache(parts)
        self.offset, self.last_done = -1, 0
        self.erasure_count = 0
        self.counts: Counter[str] = Counter()
        self.catalogues: list[tuple[str, dict[str, str]]] = []
        self.built_catalogues: list[Catalogue] = []
        self.texts: dict[str, tuple[str, int, int]] = {}  # text, version and number of its catalogue, of each policy matched
        self.matcher: PartitionMatcher | None = None
        if checkpoint is not None:
            with decoding(Text("分区的状态", "the state of a partition")):
                self._restore(*checkpoint)

    def take(self, body: bytes, offset: int, seal_error: InvalidSeal | None = None) -> list[Outgoing]:
        self.offset = offset
        try:
            if seal_error is not None:
                raise seal_error
            order = decode_order(body)
        except Unreadable as error:
            self.counts[refusal_kind(error)] += 1
            return [dead_letter(error, body, "orders", self.partition, offset)]
        if order.number != self.last_done + 1:
            self.counts["early" if order.number > self.last_done else "replayed"] += 1
            return []
        self.last_done = order.number
        moves = list(self._moves(order))
        report = PartitionLines(self.partition, order.number, lines(moves, order.offset), sightings(moves))
        return [Outgoing("lines", 0, f"{self.partition}.{order.number}", "found", encode_partition_lines(report))]

    def _moves(self, order: Order) -> Iterator[Move]:
        for routed in order.calls:
            all_changes = self._carry_out(routed)
            self.counts["verdicts"] += 0 if self.matcher is None else self.matcher.due
            for changes in all_changes:
                columns = changes.columns()
                for attribution in routed.attributions:
                    names = attribution.names
                    attributed_columns = columns if names is None else columns.of(set(names), attribution.others)
                    yield Move(attribution.day, attribution.cause, attributed_columns)

    def _carry_out(self, routed: RoutedCall) -> list[Changes]:
        """The changes of the matcher by the routed records and the call."""
        call, matcher = routed.call, self.matcher
        if isinstance(call, CatalogueCall):
            return self._set_catalogue(call)
        assert matcher is not None, "an order before the first catalogue"
        if isinstance(call, CorrectCall):
            return matcher.take(routed.routed or PartitionUpdate(), partial(matcher.correct, call.correction, call.answers))
        if isinstance(call, ReplaceCall):
            return matcher.take_replacement(routed.routed or PartitionUpdate(), call.feed, call.source, call.delivery)
        changes = matcher.take(routed.routed) if routed.routed is not None else []
        match call:
            case RowsCall():
                return changes
            case PublishCall(policy, version, text, catalogue):
                self.texts[policy] = (text, version, catalogue)
                return [*changes, matcher.publish(self.documents.policy(text, f"{policy}@{version}", self.built_catalogues[catalogue]))]
            case UpgradeCall(semantics):
                return [*changes, matcher.upgrade(semantics)]
            case WithdrawCall(policy):
                del self.texts[policy]
                return [*changes, matcher.withdraw(policy)]
            case CoverCall(statements):
                return [*changes, matcher.cover(statements)]
            case AnswerCall(policy, subject, check, answer):
                return [*changes, matcher.answer(policy, subject, check, answer)]
            case EraseCall(person, instead, statements, unanswered):
                self.erasure_count += 1
                return [*changes, matcher.erase(person, instead, statements, [(*answer, None) for answer in unanswered])]
            case ForgetCall(person, traces):
                matcher.forget(person, traces)
                return changes
            case WatchCall(policy, subject, on):
                return [*changes, matcher.watch(policy, subject, on)]
            case TickCall(day):
                return [*changes, matcher.tick(day)]
            case _:
                assert_never(call)

    def _set_catalogue(self, call: CatalogueCall) -> list[Changes]:
        self._build(call.units, call.contracts)
        if self.matcher is not None:
            return [self.matcher.extend(self.built_catalogues[-1], frozenset(call.moving or ()))]
        self.matcher = PartitionMatcher(self.built_catalogues[-1], call.day)
        return []

    def _build(self, units: str, contracts: Mapping[str, str]) -> None:
        self.catalogues.append((units, dict(contracts)))
        self.built_catalogues.append(
            succeeding(self.built_catalogues[-1] if self.built_catalogues else None, self.documents.catalogue(units, contracts))
        )

    # -- keeping -------------------------------------------------------------------------------------------------------

    def arrays(self) -> Arrays:
        return {} if self.matcher is None else self.matcher.arrays()

    def announcements(self) -> tuple[Outgoing, ...]:
        return ()

    def counters(self) -> Counter[str]:
        return self.counts

    def gauges(self) -> dict[tuple[str, ...], float]:
        return {}

    def meta(self) -> dict[str, Any]:
        matcher = None if self.matcher is None else self.matcher.meta()
        statements = [] if self.matcher is None else statements_plain(self.matcher.statements)
        return {
            "offset": self.offset, "done": self.last_done, "erased": self.erasure_count, "catalogues": self.catalogues, "texts": self.texts,
            "documents": self.documents.meta(), "statements": statements, "matcher": matcher,
        }  # fmt: skip

    def _restore(self, meta: dict[str, Any], arrays: Arrays) -> None:
        self.offset, self.last_done, self.erasure_count = meta["offset"], meta["done"], meta["erased"]
        self.documents = DocumentCache(self.parts, meta.get("documents"))
        for units, contracts in meta["catalogues"]:
            self._build(units, contracts)
        self.texts = {name: (text, version, catalogue) for name, (text, version, catalogue) in meta["texts"].items()}
        policies = {
            name: self.documents.policy(text, f"{name}@{version}", self.built_catalogues[catalogue])
            for name, (text, version, catalogue) in self.texts.items()
        }
        if self.built_catalogues:
            self.matcher = PartitionMatcher.restore(
                self.built_catalogues[-1], arrays, meta["matcher"], policies, statements_read(meta["statements"])
            )
