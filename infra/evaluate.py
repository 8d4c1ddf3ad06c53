"""The state as of another day, to look at only.

The one idea: what ``--as-of`` shows is what a tick to that day would decide, because it is that tick, applied to the reader's own copy
and thrown away with it.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from matchers.core import Matcher
    from streams.host import Host
    from streams.state import State


def as_of(host: Host, day: date | None) -> State:
    """The state of a reading host on ``day``; as it is where that is None."""
    state: State = host.state
    if day is not None and day != state.day:
        from streams.messages import Tick
        from streams.steps import step

        step(state, Tick(day), state.offset)
    return state


def core(state: State) -> Matcher:
    """The matching core of a state: what a person asks of it, beyond what the steps call through their port."""
    return cast("Matcher", state.matcher)
