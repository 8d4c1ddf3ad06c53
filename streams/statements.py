"""The coverage ledger: which statements were made, and which are in effect.

The one idea: a statement proves absence only once the delivery it names is wholly applied with the rows it names; until then it is
pending, and a delivery with too many rows that name nobody voids it. Source: docs/semantics.md section 3, design "coverage".
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Literal, TypeAlias

from matchers.coverage import Statement
from policies.catalogue import Feed
from streams.deliveries import Deliveries
from streams.messages import CoverageStated

Standing: TypeAlias = Literal["pending", "in_effect", "rows_differ", "voided", "withdrawn"]
"""``rows_differ``: the delivery is complete with another number of rows than the statement names; like pending, it proves nothing."""


@dataclass(slots=True)
class Entry:
    """A statement and where it stands."""

    stated: CoverageStated
    standing: Standing

    @property
    def statement(self) -> Statement:
        s = self.stated
        return Statement(s.feed, s.source, s.division, s.subjects, s.complete_to)


class Statements:
    """Every statement ever made, by id."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}

    def in_effect(self) -> list[Statement]:
        """What the matcher is given: of all that a source said about the same division or list, what reaches furthest.

        The rest proves nothing more (docs/semantics.md, section 3.3), and years of daily statements would be told again with every new one.
        """
        latest: dict[tuple[str, int, str | None, tuple[int, ...]], Statement] = {}
        for id in sorted(self.entries):
            if self.entries[id].standing == "in_effect":
                one = self.entries[id].statement
                about = (one.feed, one.source, one.division, one.subjects)
                if about not in latest or latest[about].complete_to < one.complete_to:
                    latest[about] = one
        return list(latest.values())

    def waiting_for(self, feed: str, source: int, delivery: str) -> list[Entry]:
        """The pending statements that name a delivery, in the order of their ids."""
        wanted = (feed, source, delivery)
        found = (self.entries[id] for id in sorted(self.entries))
        return [e for e in found if e.standing == "pending" and (e.stated.feed, e.stated.source, e.stated.delivery) == wanted]

    def meta(self) -> list[Any]:
        """As JSON."""
        return [[{**asdict(e.stated), "complete_to": e.stated.complete_to.isoformat()}, e.standing] for e in self.entries.values()]

    @classmethod
    def restored(cls, meta: list[Any]) -> Statements:
        """What ``meta`` described."""
        ledger = cls()
        for facts, standing in meta:
            day = date.fromisoformat(facts["complete_to"])
            stated = CoverageStated(**{**facts, "subjects": tuple(facts["subjects"]), "complete_to": day})
            ledger.entries[stated.statement] = Entry(stated, standing)
        return ledger


def standing(stated: CoverageStated, feed: Feed, deliveries: Deliveries) -> Standing:
    """Where a statement stands, from the deliveries alone."""
    if stated.delivery is None:
        return "in_effect"
    delivery = deliveries.named(stated.feed, stated.source, stated.delivery)
    if delivery is None or not delivery.completed:
        return "pending"
    if delivery.unplaced > feed.max_unplaced * delivery.rows:
        return "voided"
    return "in_effect" if stated.rows in (None, delivery.rows) else "rows_differ"
