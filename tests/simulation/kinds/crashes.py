"""The ways in which the process ends and starts again from what was durable.

These events act on the host from outside: ``hosting`` and ``running`` do what each word says.
"""

from __future__ import annotations

from tests.simulation.drawing import Drawing
from tests.simulation.events import EventKind, ScheduleEvent

CRASHES = {
    "killed": "the process is killed; another opens a copy of what was committed",
    "torn": "it is killed while it writes: behind the last commit lies half a frame",
    "before commit": "it is killed while it handles the next message, before the commit",
    "after commit": "it is killed after the commit of the next message, before it says so",
    "closed": "it is closed and opened again",
    "snapshot": "it writes a snapshot and is killed",
    "damaged": "it writes a snapshot, is killed, and the snapshot does not read back",
    "half snapshot": "it is killed while it writes a snapshot",
}


def crash(d: Drawing) -> list[ScheduleEvent]:
    """One of the ways to end."""
    how = d.rng.choice(list(CRASHES))
    return [ScheduleEvent(how, CRASHES[how], again=False)]


KINDS = {"crash": EventKind(10, crash)}
