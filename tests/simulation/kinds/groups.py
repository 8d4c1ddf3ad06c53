"""Messages sent in groups: all in one transaction, or streamed, each in its own transaction while the next is applied.

A marker says how many of the messages behind it form the group, and how the process ends meanwhile. The group is smaller where messages are
dropped or another event comes first. ``running`` sends the group.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.simulation.drawing import Drawing
from tests.simulation.events import EventKind, ScheduleEvent

ENDS = {
    "": "",
    "before commit": "; it is killed before the commit",
    "after commit": "; it is killed after the commit, before it says so",
    "stopped": "; the sender stops listening",
}
"""How the process ends over a group; the sender can stop listening only to a streamed group."""


@dataclass(frozen=True, slots=True)
class MessageGroup:
    """How many messages, how the process ends over them, and at which message if they are streamed."""

    size: int
    end: str
    at: int


def group_at_once(d: Drawing) -> list[ScheduleEvent]:
    """Some messages in one transaction."""
    return [_marker(d, "together", "in one transaction", ["", "", "before commit", "after commit"])]


def streamed_group(d: Drawing) -> list[ScheduleEvent]:
    """Some messages streamed, without waiting for the disk."""
    return [_marker(d, "streamed", "without waiting", list(ENDS))]


def _marker(d: Drawing, kind: str, how: str, ends: list[str]) -> ScheduleEvent:
    size, end = d.rng.choice([2, 3, 4, 6, 9]), d.rng.choice(ends)
    return ScheduleEvent(
        kind, f"the next {size} messages are sent {how}{ENDS[end]}", None, MessageGroup(size, end, d.rng.randrange(size)), again=False
    )


KINDS = {"together": EventKind(3, group_at_once), "streamed": EventKind(3, streamed_group)}
