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
class ScheduleEvent:
    """One step of a schedule.

    Args:
        kind: its name in the table of kinds.
        description: a description for a reader.
        message: the message to the host; None where the schedule itself acts (a crash, a quiet point).
        payload: the content of the message by names instead of tokens, in the form that its row of ``TELLING`` expects.
        delay: how many events after its place it arrives; below zero before it.
        again: whether it may arrive a second time.
        number: its place in the whole schedule; it stays when other events are dropped.
    """

    kind: str
    description: str
    message: Input | None = None
    payload: Any = None
    delay: int = 0
    again: bool = True
    number: int = -1


@dataclass(frozen=True, slots=True)
class EventKind:
    """Something that can happen: its weight among all kinds, and how it is drawn."""

    weight: int
    draw: Callable[[Drawing], list[ScheduleEvent]]


@dataclass(frozen=True, slots=True)
class Telling:
    """What a kind of message means to the expected side.

    Args:
        allowed: whether a host must accept it now (True), must refuse it (False), or may do either (None).
        tell: adds it to the facts, once it is durable.
        causes: the causes that its lines may have.
    """

    allowed: Callable[[Facts, ScheduleEvent], bool | None]
    tell: Callable[[Facts, ScheduleEvent], None]
    causes: frozenset[str]
