"""Coverage statements as they are cited: behind an absence that an explanation proves, or in a correction request.

``services.lists.explanations``, ``services.lists.evidence`` and ``services.lists.outcome_reports`` ask which statement is behind a lookup.
Of each source and place the matcher knows only how far the statements reach; the ledger knows the statements.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from policies.values import significant

if TYPE_CHECKING:
    from matchers.reading.elements import Lookup
    from matchers.reading.explain import Criterion
    from streams.ledgers.statements import StatementEntry
    from streams.steps.state import State


@dataclass(frozen=True, slots=True)
class CitedStatement:
    """A coverage statement on which an absence rests: its unit said that every record is there.

    Args:
        division: the place it is about; None where it names its subjects in a list.
        complete_to: the day up to which it holds.
        delivery: the number of the delivery it rests on; None where it names none.
    """

    statement: str
    feed: str
    unit: str
    division: str | None
    complete_to: date
    delivery: int | None


class StatementsInEffect:
    """The statements in effect of a state, to find those behind lookups."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._by_reach: dict[tuple[str, int, date], list[StatementEntry]] = {}
        for _, entry in sorted(state.statements.entries.items()):
            if entry.standing == "in_effect":
                stated = entry.stated
                self._by_reach.setdefault((stated.feed, stated.source, stated.complete_to), []).append(entry)

    def behind(self, lookup: Lookup) -> str | None:
        """The id of the statement behind a lookup: of those that reach as far, the first by id; None where no statement is."""
        if lookup.complete_to is None:
            return None
        entries = self._by_reach.get((lookup.feed, lookup.source, lookup.complete_to), ())
        return next((entry.stated.statement for entry in entries if self._covers(entry, lookup)), None)

    def _covers(self, entry: StatementEntry, lookup: Lookup) -> bool:
        from matchers.kernel.layout import KINDS

        stated = entry.stated
        if stated.division is not None:
            return not lookup.listed and significant(lookup.place).startswith(significant(stated.division))
        kind = KINDS[lookup.kind]
        return lookup.listed and any(self._state.identities.root(kind, subject) == lookup.subject for subject in stated.subjects)

    def behind_all(self, lookups: Iterable[Lookup]) -> tuple[str, ...]:
        """The ids of the statements behind those of some lookups that prove an absence, each once."""
        ids = dict.fromkeys(self.behind(lookup) for lookup in lookups if lookup.proves)
        return tuple(id for id in ids if id is not None)

    def statements_of(self, criterion: Criterion) -> tuple[CitedStatement, ...]:
        """The statements that prove an absence on which a criterion rests."""
        return tuple(cited_statement(self._state, id) for id in self.behind_all(criterion.lookups))


def cited_statement(state: State, id: str) -> CitedStatement:
    """A statement of the ledger, as it is cited."""
    stated = state.statements.entries[id].stated
    delivery = state.deliveries.by_id(stated.feed, stated.source, stated.delivery or "")
    unit = state.catalogue.feeds[stated.feed].sources[stated.source].unit
    return CitedStatement(id, stated.feed, unit, stated.division, stated.complete_to, None if delivery is None else delivery.number)
