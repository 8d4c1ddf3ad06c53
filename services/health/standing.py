"""How a workspace stands while nobody looks at it: what a service watches by itself.

``console.api.schedule`` asks again and again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from services.deliveries.clock import is_far
from services.health.late_feeds import overdue, stale
from services.lists.holds import undecided_holds
from streams.steps.state import NO_DAY

if TYPE_CHECKING:
    from infra.workspace.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Standing:
    """How a workspace stands.

    Args:
        day: of the state; None where it has none yet.
        days_behind: the clock's day is so many days ahead.
        is_far: so many that a person has to confirm them.
        late_feeds: feeds of which a delivery or statement is overdue.
        undecided_holds: holds that wait for two people.
    """

    offset: int
    day: date | None
    days_behind: int
    is_far: bool
    late_feeds: int
    undecided_holds: int


def standing(workspace: Workspace, today: date) -> Standing:
    """How the workspace stands today."""
    with workspace.reading() as host:
        state = host.state
        day = None if state.day == NO_DAY else state.day
        behind = 0 if day is None else (today - day).days
        far = day is not None and is_far(day, today)
        late = 0 if day is None else len({(feed, unit) for feed, unit, _ in (*overdue(state), *stale(state))})
        return Standing(state.offset, day, behind, far, late, len(undecided_holds(state)))
