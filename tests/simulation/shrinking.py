"""Shortens a schedule that fails: drops events, many at first and then one by one, while it still fails.

An event looks up what it needs when it is run, so any part of a schedule is a schedule; a message that lost its ground is refused.
Source: Zeller and Hildebrandt, Simplifying and isolating failure-inducing input (2002), the complement half of ddmin.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.simulation.events import ScheduleEvent
from tests.simulation.running import Failure, run

MOST = 600
"""The most runs that a shrinking may take."""


def failure(events: Sequence[ScheduleEvent], seed: int) -> Failure | None:
    """What does not hold when these events are run; None if everything holds."""
    try:
        run(events, seed)
    except Failure as error:
        return error
    return None


def short_schedule(
    events: Sequence[ScheduleEvent], seed: int, failing: Callable[[Sequence[ScheduleEvent], int], Failure | None] = failure
) -> list[ScheduleEvent]:
    """A short part of a failing schedule that fails with the same sort of failure; the same every time.

    Args:
        events: of a schedule in which something does not hold.
        failing: gives what does not hold; ``failure`` except in tests.
    """
    first_failure = failing(events, seed)
    assert first_failure is not None, "nothing fails here"
    left = _up_to(list(events), first_failure)
    runs, size = 0, max(1, len(left) // 2)
    while True:
        place, dropped = 0, False
        while place < len(left) and runs < MOST:
            fewer = left[:place] + left[place + size :]
            runs += 1
            again = failing(fewer, seed) if fewer else None
            if again is None or again.sort != first_failure.sort:
                place += size
            else:
                left, dropped = _up_to(fewer, again), True
        if runs >= MOST or (size == 1 and not dropped):
            return left
        size = max(1, size // 2)


def _up_to(events: list[ScheduleEvent], error: Failure) -> list[ScheduleEvent]:
    """The events up to the one that failed."""
    last = max((place for place, event in enumerate(events) if event.number == error.number), default=len(events) - 1)
    return events[: last + 1]
