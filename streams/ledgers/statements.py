"""The ledger of coverage statements: which were made, and which are in effect.

A statement proves absence only once the delivery it names is applied with all the rows it names. Until then it is pending; a delivery with
too many rows that name nobody voids it. A statement that contradicts a complete delivery is refused (``streams.steps.admission``).
Source: docs/en/semantics.md section 3.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Literal, TypeAlias

from matchers.matrix.coverage import Statement
from policies.language.catalogue import Feed
from policies.values import Text, share_words
from streams.language.messages import CoverageStated
from streams.ledgers.deliveries import Deliveries

Standing: TypeAlias = Literal["pending", "in_effect", "rows_differ", "voided", "withdrawn"]
"""``rows_differ``: the complete delivery has another number of rows than the statement names; the statement proves nothing."""


@dataclass(slots=True)
class StatementEntry:
    """A statement and its standing."""

    stated: CoverageStated
    standing: Standing

    @property
    def statement(self) -> Statement:
        s = self.stated
        return Statement(s.feed, s.source, s.division, s.subjects, s.complete_to)


class Statements:
    """Every statement ever made, by id."""

    def __init__(self) -> None:
        self.entries: dict[str, StatementEntry] = {}

    def in_effect(self) -> list[Statement]:
        """The statements for the matcher: for each source and division or list, the one that reaches furthest.

        The others prove nothing more (docs/en/semantics.md, section 3.3), and there may be years of daily statements.
        """
        latest: dict[tuple[str, int, str | None, tuple[int, ...]], Statement] = {}
        for id in sorted(self.entries):
            if self.entries[id].standing == "in_effect":
                statement = self.entries[id].statement
                about = (statement.feed, statement.source, statement.division, statement.subjects)
                if about not in latest or latest[about].complete_to < statement.complete_to:
                    latest[about] = statement
        return list(latest.values())

    def waiting_for(self, feed: str, source: int, delivery: str) -> list[StatementEntry]:
        """The pending statements that name a delivery, in the order of their ids."""
        place = (feed, source, delivery)
        entries = (self.entries[id] for id in sorted(self.entries))
        return [e for e in entries if e.standing == "pending" and (e.stated.feed, e.stated.source, e.stated.delivery) == place]

    def meta(self) -> list[Any]:
        """As JSON."""
        return [[_plain(e.stated), e.standing] for e in self.entries.values()]

    @classmethod
    def restore(cls, meta: list[Any]) -> Statements:
        """The ledger from ``meta``."""
        ledger = cls()
        for facts, standing in meta:
            days = {name: None if facts[name] is None else date.fromisoformat(facts[name]) for name in ("complete_to", "received")}
            message = CoverageStated(**{**facts, "subjects": tuple(facts["subjects"]), **days})
            ledger.entries[message.statement] = StatementEntry(message, standing)
        return ledger


def _plain(message: CoverageStated) -> dict[str, Any]:
    receipt_day = None if message.received is None else message.received.isoformat()
    facts = {**asdict(message), "complete_to": message.complete_to.isoformat(), "received": receipt_day}
    del facts["stamp"]
    return facts


def standing(message: CoverageStated, deliveries: Deliveries) -> Standing:
    """The standing of a statement, from the deliveries alone."""
    if message.delivery is None:
        return "in_effect"
    delivery = deliveries.by_id(message.feed, message.source, message.delivery)
    if delivery is None or not delivery.completed:
        return "pending"
    if not delivery.sound:
        return "voided"
    return "in_effect" if message.rows in (None, delivery.rows) else "rows_differ"


def delivery_problem(message: CoverageStated, feed: Feed, deliveries: Deliveries) -> Text | None:
    """Why the delivery of a statement contradicts it; None if it does not, or is not complete yet."""
    status = standing(message, deliveries)
    delivery = deliveries.by_id(message.feed, message.source, message.delivery or "")
    if delivery is None or status not in ("voided", "rows_differ"):
        return None
    id, name = message.statement, f"{message.feed} {message.delivery}"
    if status == "voided":
        share = share_words(feed.max_unplaced)
        return Text(
            f"覆盖声明 {id} 所依据的交付 {name} 不能证明“没有”：{delivery.rows} 行中 {delivery.unplaced} 行认不出对象，"
            f"超过约定的比例 {share}（max_unplaced）。请单位改正后另行交付，声明改用新的批次。",
            f"Coverage statement {id} rests on delivery {name}, which proves no absence: {delivery.unplaced} of {delivery.rows} "
            f"rows name nobody, more than the contract's share of {share} (max_unplaced). Ask the unit for a mended "
            "delivery, and name that one.",
        )
    return Text(
        f"覆盖声明 {id} 写明交付 {name} 有 {message.rows} 行，实收 {delivery.rows} 行。请核对是否漏送，再用正确的行数声明。",
        f"Coverage statement {id} says that delivery {name} has {message.rows} rows; it has {delivery.rows}. Look whether some were left "
        "out, then state the right number.",
    )
