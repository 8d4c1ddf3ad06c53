"""What is held back, and of whom, as plain facts for tables, snapshots and sentences. Nothing here writes.

The one idea: who is held back is read off the book of lists when asked; a hold of which nobody is left, and which nobody decided, has
dissolved by itself. Source: docs/semantics.md, "Holding back".
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Literal, NamedTuple

from infra.evaluate import divisions
from matchers.changes import STATUSES

if TYPE_CHECKING:
    from streams.deliveries import Delivery
    from streams.overlays import Hold, Overlay
    from streams.state import State

Side = Literal["exits", "entries"]
Standing = Literal["undecided", "rejected", "released", "dissolved"]


class HeldBack(NamedTuple):
    """Somebody who is held back on one list: the status she was told with, and the one the rule finds. None: not listed."""

    policy: str
    subject: int
    told: str | None
    found: str | None

    @property
    def side(self) -> Side:
        """What is held back of her: an entry where she was never told to be listed, else her exit."""
        return "entries" if self.told is None else "exits"


def held_back(state: State) -> dict[str, list[HeldBack]]:
    """Who is held back, by hold; every hold there is, in the order in which they were opened."""
    found: dict[str, list[HeldBack]] = {hold: [] for hold in state.book.holds}
    for policy, of in sorted(state.book.overlays.items()):
        for subject, overlay in sorted(of.items()):
            if overlay.hold is not None:
                found[overlay.hold].append(_held(policy, subject, overlay))
    return found


def held_on(state: State, policy: str) -> dict[int, tuple[Hold, HeldBack]]:
    """Who is held back on one list, with the hold."""
    of = sorted(state.book.on(policy).items())
    return {subject: (state.book.holds[one.hold], _held(policy, subject, one)) for subject, one in of if one.hold is not None}


def _held(policy: str, subject: int, overlay: Overlay) -> HeldBack:
    told, found = (STATUSES[0 if one is None else one[0]] for one in (overlay.told, overlay.found))
    return HeldBack(policy, subject, told, found)


def standing(hold: Hold, people: int) -> Standing:
    """Where a hold stands of which so many are held back."""
    if hold.decision == "release":
        return "released"
    if hold.decision == "reject":
        return "rejected"
    return "undecided" if people else "dissolved"


def placed(state: State, people: list[HeldBack]) -> dict[tuple[str, int], str | None]:
    """The divisions in which they are placed, by policy and subject; None where unplaced."""
    of = {policy: [one.subject for one in people if one.policy == policy] for policy in {one.policy for one in people}}
    return {(policy, subject): at for policy, some in of.items() for subject, at in divisions(state, policy, some).items()}


def delivery_of(hold: Hold) -> tuple[str, str, int]:
    """Feed, unit and number of the delivery a hold of the kind ``record`` is about."""
    feed, unit, number = hold.about.split(" ")
    return feed, unit, int(number)


def deliveries(state: State, hold: Hold) -> tuple[Delivery | None, Delivery | None]:
    """The delivery a hold is about, and the full replacement before it; None where there is none."""
    feed, unit, number = delivery_of(hold)
    position = state.catalogue.feeds[feed].source_position(unit)
    assert position is not None
    before = [one for one in state.deliveries.of(feed, position) if one.number < number and one.completed and one.replaces]
    return state.deliveries.numbered(feed, position, number), before[-1] if before else None


def last_said(state: State, feed: str) -> dict[str, date | None]:
    """By unit, how far each source of a feed has said to be complete; None where it never did."""
    said = [one for one in state.statements.in_effect() if one.feed == feed]
    sources = enumerate(state.catalogue.feeds[feed].sources)
    return {source.unit: max((one.complete_to for one in said if one.source == at), default=None) for at, source in sources}
