"""Messages sent in groups: all in one transaction, or streamed, each in its own transaction while the next is applied.

A marker says how many of the messages behind it form the group, and how the process ends meanwhile. The group is smaller where messages are
dropped or another event comes first. ``running`` sends the group.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.simulation.drawing import Drawing
from tests.simulation.events import Event, Kind

ENDS = {
    "": "",
    "before commit": "; it is killed before the commit",
    "after commit": "; it is killed after the commit, before it says so",
    "stopped": "; the sender stops listening",
}
"""How the process ends over a group; the sender can stop listening only to a streamed group."""


@dataclass(frozen=True, slots=True)
class Group:
    """How many messages, how the process ends over them, and at which message if they are streamed."""

    size: int
    end: str
    at: int


def together(d: Drawing) -> list[Event]:
    """Some messages in one transaction."""
    return [_marker(d, "together", "in one transaction", ["", "", "before commit", "after commit"])]


def streamed(d: Drawing) -> list[Event]:
    """Some messages streamed, without waiting for the disk."""
    return [_marker(d, "streamed", "without waiting", list(ENDS))]


def _marker(d: Drawing, kind: str, how: str, ends: list[str]) -> Event:
    size, end = d.rng.choice([2, 3, 4, 6, 9]), d.rng.choice(ends)
    return Event(kind, f"the next {size} messages are sent {how}{ENDS[end]}", None, Group(size, end, d.rng.randrange(size)), again=False)


KINDS = {"together": Kind(3, together), "streamed": Kind(3, streamed)}
