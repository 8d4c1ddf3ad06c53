"""Unusual deliveries: full files with older orders, several open at once, rows without usable order, and contradictions about one delivery.

In every other way these are ordinary deliveries: they come late, twice, in parts and across crashes. Source: docs/en/semantics.md §1.1 and §1.2.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from streams.language.messages import DeliveryCompleted, DeliveryStarted
from tests.matchers.network import WorldRow
from tests.simulation.drawing import Drawing, delivery
from tests.simulation.events import EventKind, ScheduleEvent
from tests.simulation.kinds.records import again, cells_of, sent_by
from tests.simulation.network import FEEDS

EARLIER = (-9, -5, -3, -1, 0, 1)
"""By how much an order in such a full file differs from the order before."""


def backwards(d: Drawing) -> list[ScheduleEvent]:
    """A full file of most records that its source sent, with mostly older orders; sometimes too many of its rows are unreadable."""
    feed, unit, rows = sent_by(d)
    return delivery(d, "backwards", feed, unit, _earlier_rows(d, rows), replaces=True, unplaced=d.rng.choice([0, 0, 0, 4]))


def overlapping_files(d: Drawing) -> list[ScheduleEvent]:
    """Two full files of one source and an ordinary delivery: all start before the first row comes, and they end in any order."""
    feed, unit, rows = sent_by(d)
    parts = [delivery(d, "overlapping", feed, unit, _earlier_rows(d, rows), replaces=full, stated=0.2) for full in (True, False, True)]
    starts = [part.pop(0) for part in parts]
    rest = [event for part in parts for event in part]
    d.rng.shuffle(rest)
    return [*starts, *(replace(event, delay=max(event.delay, d.late(0.3))) for event in rest)]


def rows_without_order(d: Drawing) -> list[ScheduleEvent]:
    """Rows without usable order, and some sound rows beside them."""
    feed, unit, rows = sent_by(d)
    if FEEDS[feed]["order"] == "delivery" or not rows:
        return []
    links = tuple(FEEDS[feed].get("links", {}))
    doubtful = []
    for row in d.some(rows, 4):
        cells: dict[str, Any] = {link: row.record.get(link) for link in links if d.chance(0.7)}
        doubtful.append(again(d, row, {**cells, "order": "none", "quarantined": True}))
    sound = [again(d, row, cells_of(row), shifts=EARLIER) for row in d.some(rows, 3)]
    part = [*doubtful, *sound]
    d.rng.shuffle(part)
    return delivery(d, "unordered", feed, unit, part)


def contrary_message(d: Drawing) -> list[ScheduleEvent]:
    """A start or an end that contradicts whether a delivery is a full file."""
    if not d.starts:
        return []
    start = d.rng.choice(d.starts)
    claim = "no full replacement" if start.replaces else "a full replacement"
    other = replace(start, replaces=not start.replaces)
    ends = DeliveryCompleted(start.feed, start.source, start.delivery, start.id, 1, 0, other.replaces)
    message: DeliveryStarted | DeliveryCompleted = ends if d.chance(0.5) else other
    return [
        ScheduleEvent(
            "contrary", f"delivery {start.delivery} of {start.feed} #{start.source} is said to be {claim}", message, None, d.late()
        )
    ]


def _earlier_rows(d: Drawing, rows: list[WorldRow]) -> list[WorldRow]:
    """A new version of most records, each with the cells of one of its versions and a mostly older order."""
    latest = {row.record["key"]: row for row in rows}
    sample = [row for row in latest.values() if d.chance(0.75)][:30]
    out = []
    for row in sample:
        like = d.rng.choice([version for version in rows if version.record["key"] == row.record["key"]])
        doubts = {word: True for word in ("deleted", "quarantined") if like.record.get(word) and d.chance(0.7)}
        out.append(again(d, row, {**cells_of(like), **doubts}, like, EARLIER))
    return out


KINDS = {
    "backwards": EventKind(2, backwards),
    "overlapping": EventKind(1, overlapping_files),
    "unordered": EventKind(2, rows_without_order),
    "contrary": EventKind(1, contrary_message),
}
