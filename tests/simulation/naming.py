"""The identity decisions in force, and rows read under them.

Rows are kept as they were delivered. A decision is a rule for reading them, so undoing it removes the rule. This is the expected side's own
reading of docs/en/semantics.md §15, by names; it uses nothing of the matcher.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from tests.matchers.network import WorldRow
from tests.oracles.naive_records import LINK_KINDS

Record: TypeAlias = tuple[str, str, str]
"""Feed, unit and the record's key there."""


@dataclass(frozen=True, slots=True)
class IdentityDecision:
    """A correction by names: ``name`` counts as ``into``, everywhere or in some records. Where both are the same, that is taken back."""

    kind: str
    name: str
    into: str
    records: tuple[Record, ...] = ()


@dataclass(slots=True)
class Naming:
    """The decisions in force."""

    merges: dict[tuple[str, str], str] = field(default_factory=dict)
    handed_records: dict[tuple[Record, str, str], str] = field(default_factory=dict)

    def put(self, decision: IdentityDecision) -> None:
        """Adds a decision, or takes one back."""
        back = decision.into == decision.name
        if not decision.records:
            if back:
                self.merges.pop((decision.kind, decision.name), None)
            else:
                self.merges[decision.kind, decision.name] = decision.into
        for record in decision.records:
            if back:
                self.handed_records.pop((record, decision.kind, decision.name), None)
            else:
                self.handed_records[record, decision.kind, decision.name] = decision.into

    def counts_as(self, kind: str, name: str) -> str:
        """The subject that a name counts as: merges are followed to their end."""
        while (kind, name) in self.merges:
            name = self.merges[kind, name]
        return name

    def read(self, row: WorldRow) -> WorldRow:
        """A row with each name replaced by the subject it counts as: first by a given record, then by merges."""
        where = (row.feed, row.source, str(row.record["key"]))
        record = dict(row.record)
        for link in LINK_KINDS.keys() & record.keys():
            if record[link]:
                record[link] = self._cell(where, LINK_KINDS[link], record[link])
        return replace(row, name=self._cell(where, row.kind, row.name), record=record)

    def in_force(self, decision: IdentityDecision) -> int:
        """How many of the decisions that this one takes back are in force."""
        if not decision.records:
            return int((decision.kind, decision.name) in self.merges)
        return sum((record, decision.kind, decision.name) in self.handed_records for record in decision.records)

    def _cell(self, where: Record, kind: str, name: str) -> str:
        return self.counts_as(kind, self.handed_records.get((where, kind, name), name))


def naming(row: WorldRow) -> Iterable[tuple[str, str]]:
    """Kind and name of every subject in a row: its own, and those of its links."""
    yield row.kind, row.name
    for link in sorted(LINK_KINDS.keys() & row.record.keys()):
        if row.record[link]:
            yield LINK_KINDS[link], row.record[link]
