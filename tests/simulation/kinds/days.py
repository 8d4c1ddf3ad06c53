"""Ticks: by one day, past a month's end, over many days, to 29 February, and sometimes back.

A tick tells the day and nothing else. Source: docs/en/semantics.md §9 (until).
"""

from __future__ import annotations

import datetime as dt

from streams.language.messages import Tick
from tests.simulation.drawing import Drawing
from tests.simulation.events import EventKind, ScheduleEvent, Telling
from tests.simulation.facts import Facts

STEPS = (1, 1, 1, 1, 1, 2, 2, 3, 5, 7, -1, -1, -2, -7)
MONTHS = (28, 30, 31, 35, 36, -31)
YEARS = (365, 366, -31, -366)


def next_day(d: Drawing) -> list[ScheduleEvent]:
    """A few days on, sometimes a few days back."""
    return _tick_to(d, d.day + dt.timedelta(d.rng.choice(STEPS)))


def far(d: Drawing) -> list[ScheduleEvent]:
    """About a month on; seldom to the days around the next 29 February, or a year on or back (the host passes each day in between)."""
    if d.chance(0.9):
        return _tick_to(d, d.day + dt.timedelta(d.rng.choice(MONTHS)))
    leap = next(year for year in range(d.day.year, d.day.year + 9) if year % 4 == 0 and dt.date(year, 2, 29) > d.day)
    turn = dt.date(leap, 2, 29) + dt.timedelta(d.rng.choice([-1, 0, 0, 1]))
    return _tick_to(d, turn if (turn - d.day).days < 600 and d.chance(0.5) else d.day + dt.timedelta(d.rng.choice(YEARS)))


def same(d: Drawing) -> list[ScheduleEvent]:
    """The same day again."""
    return _tick_to(d, d.day)


def _tick_to(d: Drawing, day: dt.date) -> list[ScheduleEvent]:
    d.day = day
    return [ScheduleEvent("day", f"the day is {day}", Tick(day), again=False)]


def _move_day(facts: Facts, event: ScheduleEvent) -> None:
    assert isinstance(event.message, Tick)
    facts.day = event.message.day
    for outcome in facts.outcomes.values():
        outcome.over |= outcome.until <= facts.day  # for good: a clock put back does not suppress anybody again


TICKED = Telling(lambda facts, event: True, _move_day, frozenset({"day", "publication", "amendment", "agreement", "evidence", "outcome"}))

KINDS = {"next day": EventKind(8, next_day), "far": EventKind(1, far), "same day": EventKind(1, same)}
