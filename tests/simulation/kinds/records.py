"""Deliveries of records: new, late, corrected, deleted, quarantined and replaced rows, and moves between households and streets.

A sender only adds deliveries. The next version of a record is a row of a later delivery with other cells; its order may be older.
Source: docs/en/semantics.md §1.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from streams.language.messages import CoverageStated, DeliveryCompleted, DeliveryStarted
from tests.matchers.network import REGISTERS, WorldRow
from tests.simulation.drawing import Drawing, batch, delivery
from tests.simulation.events import EventKind, ScheduleEvent, Telling
from tests.simulation.facts import DeliveryFacts, Facts
from tests.simulation.network import FEEDS
from tests.worlds_feeds import DIVISIONS

IDENTITY = ("key", "source")

# ---- drawing -----------------------------------------------------------------------------------------------------


def new_rows(d: Drawing) -> list[ScheduleEvent]:
    """Some rows of the world that were not sent yet."""
    if not d.unsent_rows:
        return row_corrections(d)
    feed, unit = d.unsent_rows[0].feed, d.unsent_rows[0].source
    rows = [row for row in d.unsent_rows if (row.feed, row.source) == (feed, unit)][: d.rng.choice([1, 2, 5, 20])]
    d.unsent_rows = [row for row in d.unsent_rows if row not in rows]
    return delivery(d, "new", feed, unit, [d.without_delivery(row) for row in rows])


def row_corrections(d: Drawing) -> list[ScheduleEvent]:
    """New versions of rows, with the cells of other rows of their feed; some about another subject, some older than the current version."""
    feed, unit, rows = sent_by(d)
    return delivery(d, "corrected", feed, unit, [_with_cells_of_another(d, row) for row in d.some(rows, 4)]) if rows else []


def tombstones(d: Drawing) -> list[ScheduleEvent]:
    """Tombstones, also of rows that were not sent yet."""
    feed, unit, rows = sent_by(d)
    rows = rows + [row for row in d.unsent_rows if (row.feed, row.source) == (feed, unit)]
    return delivery(d, "deleted", feed, unit, [again(d, row, {"deleted": True}) for row in d.some(rows, 3)]) if rows else []


def full_replacement(d: Drawing) -> list[ScheduleEvent]:
    """A full replacement with most records of a source; the others are withdrawn by it."""
    feed, unit, rows = sent_by(d)
    latest = {row.record["key"]: row for row in rows if not row.record.get("deleted")}
    remaining = [d.without_delivery(row) for row in latest.values() if d.chance(0.7)]
    return delivery(d, "replaced", feed, unit, remaining[:30], replaces=True)


def quarantined_rows(d: Drawing) -> list[ScheduleEvent]:
    """Quarantined rows, some with readable links."""
    feed, unit, rows = sent_by(d)
    links = tuple(FEEDS[feed].get("links", {}))
    doubtful = [
        again(d, row, {"quarantined": True, **{link: row.record.get(link) for link in links if d.chance(0.7)}}) for row in d.some(rows, 3)
    ]
    return delivery(d, "quarantined", feed, unit, doubtful) if rows else []


def unreadable_delivery(d: Drawing) -> list[ScheduleEvent]:
    """A delivery with rows that name nobody: below, at and beyond the contract's share, beyond which its coverage is void.

    The statement that rests on it speaks for everybody and for today: void or not, most verdicts depend on it.
    """
    feed, unit, rows = sent_by(d)
    part = [_with_cells_of_another(d, row) for row in d.some(rows, 6)]
    if not rows:
        return []
    *events, last = delivery(d, "unreadable", feed, unit, part, unplaced=d.rng.choice([0, 1, 3, 4, 6]), stated=0.95)
    if isinstance(last.message, CoverageStated):
        wide = replace(last.message, division="31", subjects=(), complete_to=d.day, rows=None)
        last = replace(last, description=f"{last.description}; no: to {d.day} for 31, whatever its rows", message=wide, payload=())
    return [*events, last]


def repeated_rows(d: Drawing) -> list[ScheduleEvent]:
    """A part of a batch is sent again."""
    batches = [event for event in d.batches if event.payload]
    if not batches:
        return []
    event = d.rng.choice(batches)
    return [batch("resent", [row for row in event.payload if d.chance(0.6)] or event.payload[:1], d.late())]


def placement_change(d: Drawing) -> list[ScheduleEvent]:
    """A person, a household or a dwelling moves: to another division, another home, or both."""
    feed = d.rng.choice(["hukou", "hukou", "household", "dwelling"])
    rows = _register_rows(d, feed)
    if not rows:
        return []
    row = d.rng.choice(rows)
    cells: dict[str, Any] = {}
    link, kind = {"hukou": ("household", "household"), "household": ("registered_at", "dwelling"), "dwelling": ("", "")}[feed]
    if link and d.chance(0.7):
        cells[link] = d.rng.choice([*d.names[kind], f"{kind[0]}9", None])
    if not cells or d.chance(0.5):
        cells["division"] = d.rng.choices([*DIVISIONS, None], [40, 15, 15, 10, 5, 5, 5, 2, 2, 4])[0]
    return delivery(d, "moved", feed, row.source, [_newer_version(d, row, {**cells_of(row), **cells})])


def household_split(d: Drawing) -> list[ScheduleEvent]:
    """Some members of a household form a new one; their rows may come before the new household's."""
    rows = [row for row in _register_rows(d, "hukou") if row.record.get("household")]
    if not rows:
        return []
    old = d.rng.choice(rows).record["household"]
    name = f"h{len(d.names['household'])}"
    d.names["household"].append(name)
    leaving: dict[str, WorldRow] = {row.name: row for row in rows if row.record["household"] == old and d.chance(0.6)}
    like = next((row for row in reversed(d.sent_rows) if row.feed == "household" and row.name == old and "size" in row.record), None)
    events: list[ScheduleEvent] = []
    for unit in sorted({row.source for row in leaving.values()}):
        part = [_newer_version(d, row, {**cells_of(row), "household": name}) for row in leaving.values() if row.source == unit]
        events += delivery(d, "split", "hukou", unit, part)
    cells = cells_of(like) if like else {"division": "310107020", "registered_at": d.rng.choice(d.names["dwelling"])}
    record = {"key": f"{name}-register", "source": "city-psb", **cells, "size": max(1, len(leaving))}
    household_events = delivery(d, "split", "household", "city-psb", [WorldRow("household", name, "household", record)])
    return events + household_events if d.chance(0.6) else household_events + events


# ---- parts -------------------------------------------------------------------------------------------------------


def sent_by(d: Drawing) -> tuple[str, str, list[WorldRow]]:
    """The rows that one source has sent; sources with more rows are drawn more often."""
    row = d.rng.choice(d.sent_rows) if d.sent_rows else d.unsent_rows[0]
    return row.feed, row.source, [other for other in d.sent_rows if (other.feed, other.source) == (row.feed, row.source)]


def _register_rows(d: Drawing, feed: str) -> list[WorldRow]:
    """The last sound register row of each subject."""
    return list({row.name: row for row in d.sent_rows if row.feed == feed and not row.record.keys() & {"deleted", "quarantined"}}.values())


def cells_of(row: WorldRow) -> dict[str, Any]:
    return {
        name: cell for name, cell in row.record.items() if name not in (*IDENTITY, "order", "delivery", "row", "deleted", "quarantined")
    }


def _neighbouring_order(order: Any, by: int) -> Any:
    """An order shifted by ``by``; a row without usable order gets one near the world's days."""
    if order == "none":
        order = dt.date(2026, 8, 1)
    return order + dt.timedelta(by) if isinstance(order, dt.date) else order + by


def again(
    d: Drawing, row: WorldRow, cells: dict[str, Any], owner: WorldRow | None = None, shifts: Sequence[int] = (0, 0, 1, 1, 2, -1)
) -> WorldRow:
    """Another version of a row's record: the same key, and an order a little later, equal or earlier."""
    record = {name: row.record[name] for name in IDENTITY}
    if "order" in row.record:
        record["order"] = _neighbouring_order(row.record["order"], d.rng.choice(shifts))
    owner = owner or row
    return WorldRow(owner.kind, owner.name, row.feed, {**record, **cells})


def _newer_version(d: Drawing, row: WorldRow, cells: dict[str, Any]) -> WorldRow:
    return again(d, row, cells, shifts=(0, 1, 1, 2))


def _with_cells_of_another(d: Drawing, row: WorldRow) -> WorldRow:
    """A version of the record with the cells of another row of its feed."""
    others = [other for other in (*d.sent_rows, *d.unsent_rows) if other.feed == row.feed]
    like = d.rng.choice(others)
    is_handed_over = row.feed not in REGISTERS.values() and d.chance(0.15)
    doubts = {"quarantined": True} if like.record.get("quarantined") else {}
    return again(d, row, {**cells_of(like), **doubts}, like if is_handed_over else row)


# ---- telling -----------------------------------------------------------------------------------------------------


def _deliveries_of(facts: Facts, message: Any) -> dict[str, DeliveryFacts]:
    return facts.deliveries.get((message.feed, message.source), {})


def _may_start(facts: Facts, event: ScheduleEvent) -> bool | None:
    """Whether a start is admitted: the next number, or the same start again. None for a number that leaves a gap: the page does not say."""
    message = event.message
    assert isinstance(message, DeliveryStarted)
    deliveries = _deliveries_of(facts, message)
    if facts.ends is None:
        return False
    if message.id in deliveries:
        return (deliveries[message.id].number, deliveries[message.id].replaces) == (message.delivery, message.replaces)
    numbers = {delivery.number for delivery in deliveries.values()}
    return False if message.delivery in numbers else True if message.delivery == max(numbers, default=0) + 1 else None


def _start_delivery(facts: Facts, event: ScheduleEvent) -> None:
    message = event.message
    assert isinstance(message, DeliveryStarted)
    facts.deliveries.setdefault((message.feed, message.source), {}).setdefault(
        message.id, DeliveryFacts(message.delivery, message.id, message.replaces)
    )


def _delivery_of(facts: Facts, message: Any) -> DeliveryFacts | None:
    return next((delivery for delivery in _deliveries_of(facts, message).values() if delivery.number == message.delivery), None)


def _may_come(facts: Facts, event: ScheduleEvent) -> bool | None:
    """Whether rows are admitted: of a delivery that was started, and if it is complete, only rows it has."""
    delivery = _delivery_of(facts, event.message)
    if delivery is None:
        return False
    return True if delivery.completed is None or {row.record["row"] for row in event.payload} <= delivery.rows else None


def _add_rows(facts: Facts, event: ScheduleEvent) -> None:
    message: Any = event.message
    delivery = _delivery_of(facts, message)
    assert delivery is not None
    for row in event.payload:
        delivery.rows.add(row.record["row"])
        facts.rows[message.feed, message.source, message.delivery, row.record["row"]] = row
    facts.world_changed = True


def _may_complete(facts: Facts, event: ScheduleEvent) -> bool:
    """Whether an end is admitted: when all readable rows are there, or the same end again."""
    message = event.message
    assert isinstance(message, DeliveryCompleted)
    delivery = _deliveries_of(facts, message).get(message.id)
    if delivery is None or delivery.replaces != message.replaces:
        return False
    return delivery.completed == message if delivery.completed else len(delivery.rows) == message.rows - message.unplaced


def _complete_delivery(facts: Facts, event: ScheduleEvent) -> None:
    message = event.message
    assert isinstance(message, DeliveryCompleted)
    _deliveries_of(facts, message)[message.id].completed = message
    facts.world_changed = True


STARTED = Telling(_may_start, _start_delivery, frozenset())
ROWS = Telling(_may_come, _add_rows, frozenset({"record", "evidence"}))
COMPLETED = Telling(_may_complete, _complete_delivery, frozenset({"record", "coverage", "evidence"}))

KINDS = {
    "new": EventKind(6, new_rows),
    "corrected": EventKind(7, row_corrections),
    "deleted": EventKind(3, tombstones),
    "replaced": EventKind(2, full_replacement),
    "quarantined": EventKind(2, quarantined_rows),
    "unreadable": EventKind(2, unreadable_delivery),
    "resent": EventKind(3, repeated_rows),
    "moved": EventKind(5, placement_change),
    "split": EventKind(1, household_split),
}
