"""An event of a schedule, and the rows of the two tables: what can be drawn, and what a message means.

An event carries its message for the host, and the same content by names for the expected side, so that neither is made from the other. A
message that comes twice or too early is an event like any other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from streams.language.messages import Input

if TYPE_CHECKING:
    from tests.simulation.drawing import Drawing
    from tests.simulation.facts import Facts


@dataclass(frozen=True, slots=True)
class Event:
    """One step of a schedule.

    Args:
        kind: its name in the table of kinds.
        said: what happens, for a reader.
        message: what the host is sent; None where the schedule itself acts (a crash, a quiet point).
        told: what the message tells, by names instead of tokens, as its row of ``TELLING`` expects it.
        delay: how many events later than drawn it arrives; below zero earlier.
        again: may it also arrive a second time?
        number: its place in the whole schedule, which it keeps when others are dropped.
    """

    kind: str
    said: str
    message: Input | None = None
    told: Any = None
    delay: int = 0
    again: bool = True
    number: int = -1


@dataclass(frozen=True, slots=True)
class Kind:
    """Something that can happen: how often against the others, and how it is drawn."""

    weight: int
    draw: Callable[[Drawing], list[Event]]


@dataclass(frozen=True, slots=True)
class Telling:
    """What a kind of message means to the expected side.

    Args:
        allowed: must a host accept it now (True), refuse it (False), or may it do either (None)?
        tell: adds what it tells to the facts; called once it is durable.
        causes: the causes of change its lines may have.
    """

    allowed: Callable[[Facts, Event], bool | None]
    tell: Callable[[Facts, Event], None]
    causes: frozenset[str]
