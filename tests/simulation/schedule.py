"""A seed becomes a schedule: how a small district begins, what happens to it, and in which order that arrives.

Everything is drawn first and then put in order, with late, early and repeated arrivals. So a schedule can be cut anywhere and still be run.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from streams.language.messages import Tick
from tests.matchers.network import REGISTERS
from tests.simulation.drawing import Drawing, delivery, stating
from tests.simulation.events import ScheduleEvent
from tests.simulation.kinds import KINDS
from tests.simulation.kinds.policies import publication
from tests.simulation.network import FEEDS, catalogue_set

QUIET = "quiet"
LENGTHS = (60, 70, 80, 100)
TWICE = 0.06
"""The numbers of events drawn after the beginning, and the share of events that arrive twice."""


@dataclass(frozen=True, slots=True)
class SimulatedSchedule:
    """The events of a seed, in the order of arrival."""

    seed: int
    events: tuple[ScheduleEvent, ...]


def schedule(seed: int) -> SimulatedSchedule:
    """The schedule of a seed: the same every time."""
    d = Drawing(seed)
    names, weights = list(KINDS), [kind.weight for kind in KINDS.values()]
    events = [*_beginning(d)]
    length = len(events) + d.rng.choice(LENGTHS)
    while len(events) < length:
        events += KINDS[d.rng.choices(names, weights)[0]].draw(d)
    arrivals = _arriving(d, events)
    for _ in range(d.rng.choice([2, 3, 3, 4])):
        arrivals.insert(d.rng.randint(len(arrivals) // 5, len(arrivals)), _quiet())
    arrivals.append(_quiet())
    return SimulatedSchedule(seed, tuple(replace(event, number=number) for number, event in enumerate(arrivals)))


def _beginning(d: Drawing) -> list[ScheduleEvent]:
    """The day and the catalogue; then the first deliveries, statements and policies in any order."""
    first = [
        ScheduleEvent("day", f"the day is {d.day}", Tick(d.day), again=False),
        ScheduleEvent("catalogue", "the network's catalogue", catalogue_set({}, d.late_after), {}, again=False),
    ]
    parts: list[list[ScheduleEvent]] = []
    sources = sorted({(row.feed, row.source) for row in d.unsent_rows})
    for feed, unit in sources:
        if feed not in REGISTERS.values() and d.chance(0.3):
            continue  # it comes later
        rows = [row for row in d.unsent_rows if (row.feed, row.source) == (feed, unit) and d.chance(0.75)]
        ids = {id(row) for row in rows}
        d.unsent_rows = [row for row in d.unsent_rows if id(row) not in ids]
        if rows:
            parts.append(delivery(d, "new", feed, unit, [d.without_delivery(row) for row in rows], stated=0.15))
    parts += [publication(d) for _ in range(d.rng.choice([2, 3]))]
    parts += [[stating(d, "stated", feed, source["unit"])] for feed in d.feeds_read() for source in FEEDS[feed]["sources"] if d.chance(0.9)]
    d.rng.shuffle(parts)
    return first + [event for part in parts for event in part]


def _arriving(d: Drawing, events: list[ScheduleEvent]) -> list[ScheduleEvent]:
    """The events in the order of arrival: some late, some early, some twice."""
    arrivals = [(place + event.delay, place, event) for place, event in enumerate(events)]
    for place, event in enumerate(events):
        if event.again and event.message is not None and d.chance(TWICE):
            arrivals.append((place + max(event.delay, 0) + d.rng.choice([1, 1, 2, 5, 20, 60]), place, event))
    arrivals.sort(key=lambda arrival: arrival[:2])
    return [event for _, _, event in arrivals]


def _quiet() -> ScheduleEvent:
    return ScheduleEvent(QUIET, "a quiet point: everything is compared", again=False)
