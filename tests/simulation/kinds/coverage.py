"""Coverage statements of units: for a division or a list, at once or once a delivery is complete, and withdrawn.

The naive evaluator works out what the statements in effect prove. Source: docs/en/semantics.md §3.
"""

from __future__ import annotations

from streams.language.messages import CoverageStated, CoverageWithdrawn
from tests.simulation.drawing import Drawing, stating
from tests.simulation.events import EventKind, ScheduleEvent, Telling
from tests.simulation.facts import Facts, StatementFacts
from tests.simulation.network import FEEDS, MAX_UNPLACED

# ---- drawing -----------------------------------------------------------------------------------------------------


def statements(d: Drawing) -> list[ScheduleEvent]:
    """Statements that take effect at once, of one source or of all sources of a feed; mostly a feed that policies read."""
    feed = d.rng.choice(d.feeds_read() if d.chance(0.8) else list(FEEDS))
    units = [source["unit"] for source in FEEDS[feed]["sources"]]
    return [stating(d, "stated", feed, unit, delay=d.late()) for unit in (units if d.chance(0.6) else [d.unit(feed)])]


def conditional_statement(d: Drawing) -> list[ScheduleEvent]:
    """A statement about a delivery that is complete, is not complete yet, or never comes."""
    if not d.deliveries:
        return statements(d)
    feed, unit, id, rows = d.rng.choice(d.deliveries)
    id = f"{feed}-{unit}-{d.numbers[feed, unit] + 1}" if d.chance(0.2) else id
    return [stating(d, "waiting", feed, unit, id, rows, d.late())]


def statement_withdrawal(d: Drawing) -> list[ScheduleEvent]:
    """A statement is withdrawn; sometimes one that nobody made."""
    if not d.statements:
        return statements(d)
    statement = d.rng.choice(d.statements) if d.chance(0.95) else "nobody-said-this"
    return [ScheduleEvent("taken back", f"{statement} is withdrawn", CoverageWithdrawn(statement), None, d.late())]


# ---- telling -----------------------------------------------------------------------------------------------------


def _may_state(facts: Facts, event: ScheduleEvent) -> bool:
    """Whether a statement is admitted: new or repeated unchanged, about no future day, and in agreement with its delivery."""
    message = event.message
    assert isinstance(message, CoverageStated) and message.received is not None
    statement = facts.statements.get(message.statement)
    if facts.ends is None or statement is not None:
        return statement is not None and statement.message == message
    return message.complete_to <= message.received and _agrees_with_delivery(facts, message)


def _agrees_with_delivery(facts: Facts, message: CoverageStated) -> bool:
    """Whether the delivery is open, or has the stated rows and few enough rows that name nobody. Source: docs/en/semantics.md §3.0."""
    delivery = facts.deliveries.get((message.feed, message.source), {}).get(message.delivery or "")
    completion = None if delivery is None else delivery.completed
    return completion is None or (message.rows in (None, completion.rows) and completion.unplaced <= MAX_UNPLACED * completion.rows)


def _add_statement(facts: Facts, event: ScheduleEvent) -> None:
    message = event.message
    assert isinstance(message, CoverageStated)
    facts.statements.setdefault(message.statement, StatementFacts(message, event.payload))
    facts.world_changed = True


def _may_withdraw(facts: Facts, event: ScheduleEvent) -> bool:
    message = event.message
    assert isinstance(message, CoverageWithdrawn)
    return message.statement in facts.statements


def _withdraw_statement(facts: Facts, event: ScheduleEvent) -> None:
    message = event.message
    assert isinstance(message, CoverageWithdrawn)
    facts.statements[message.statement].withdrawn = True
    facts.world_changed = True


STATED = Telling(_may_state, _add_statement, frozenset({"coverage", "evidence"}))
WITHDRAWN = Telling(_may_withdraw, _withdraw_statement, frozenset({"coverage", "evidence"}))

KINDS = {
    "stated": EventKind(6, statements),
    "waiting": EventKind(2, conditional_statement),
    "taken back": EventKind(5, statement_withdrawal),
}
