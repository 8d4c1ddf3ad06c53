"""What each unit owes a policy: the records of a feed, and the coverage of each division in which the policy has subjects.

The one idea: the rules tell in advance which records will be needed. The state, where there is one, adds what is missing or stale, where,
and how many hang on it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Literal, TypeAlias

from console.words import street
from policies.values import Text

if TYPE_CHECKING:
    from policies.catalogue import Catalogue
    from policies.needs import FeedNeed
    from policies.tree import Policy
    from streams.state import State

Standing: TypeAlias = Literal["unknown", "covered", "stale", "missing", "not_needed"]


@dataclass(frozen=True, slots=True)
class Place:
    """How the coverage of one source stands in one division, and how many are undecided there for want of this feed."""

    division: str
    standing: Standing
    complete_to: date | None
    waiting: int


@dataclass(frozen=True, slots=True)
class UnitNeed:
    """What one unit is asked for one feed."""

    unit: str
    need: FeedNeed
    agreed: bool
    agreed_until: date | None
    places: tuple[Place, ...] = field(default=())

    @property
    def standing(self) -> Standing:
        """The worst of its places."""
        order: tuple[Standing, ...] = ("missing", "stale", "unknown", "covered", "not_needed")
        return min((place.standing for place in self.places), key=order.index, default="unknown")

    @property
    def waiting(self) -> int:
        return sum(place.waiting for place in self.places)

    @property
    def open(self) -> bool:
        """Is anything still owed?"""
        return not self.agreed or self.standing in ("missing", "stale", "unknown")


def unit_needs(policy: Policy, catalogue: Catalogue, state: State | None) -> list[UnitNeed]:
    """What each unit is asked, by feed; with how it stands where there is a state."""
    from policies.needs import requirements

    waiting = _waiting(policy, state)
    here = [] if state is None else divisions(policy, state)
    found = []
    for need in requirements(policy, catalogue).feeds:
        agreement = catalogue.feeds[need.feed].agreement
        agreed = policy.purpose in agreement.purposes and (agreement.until is None or agreement.until >= policy.effective_from)
        for position, source in enumerate(catalogue.feeds[need.feed].sources):
            places = () if state is None else _places(need, position, source.division, here, state, waiting)
            found.append(UnitNeed(source.unit, need, agreed, agreement.until, places))
    return found


def _waiting(policy: Policy, state: State | None) -> Mapping[tuple[str, str], int]:
    """How many subjects are undecided for want of a feed, by feed and division."""
    from infra.evaluate import core

    if state is None:
        return {}
    listed = core(state).preview(policy)
    return Counter((feed, c.division) for c in listed if c.division for feed in {feed for _, feed in c.missing if feed is not None})


def _places(
    need: FeedNeed, source: int, division: str, here: list[str], state: State, waiting: Mapping[tuple[str, str], int]
) -> tuple[Place, ...]:
    from policies.values import within

    return tuple(_place(need, source, place, state, waiting.get((need.feed, place), 0)) for place in here if within(place, division))


def divisions(policy: Policy, state: State) -> list[str]:
    """The divisions in which the policy has subjects."""
    from infra.evaluate import core

    counts = core(state).counts(policy)
    return sorted(place for place in counts.by_division if place)


def _place(need: FeedNeed, source: int, place: str, state: State, waiting: int) -> Place:
    from policies.values import significant

    reaching = [
        s.complete_to
        for s in state.statements.in_effect()
        if (s.feed, s.source) == (need.feed, source) and s.division is not None and place.startswith(significant(s.division))
    ]
    last = max(reaching, default=None)
    if need.max_age is None:
        return Place(place, "not_needed", last, waiting)
    standing: Standing = "missing" if last is None else "covered" if state.day <= need.max_age.after(last) else "stale"
    return Place(place, standing, last, waiting)


def owing(one: UnitNeed) -> list[tuple[Place, ...]]:
    """The places of a unit for which its statement is missing or stale, those alike together."""
    alike: dict[tuple[Standing, date | None], list[Place]] = {}
    for place in one.places:
        if place.standing in ("missing", "stale"):
            alike.setdefault((place.standing, place.complete_to), []).append(place)
    return [tuple(places) for places in alike.values()]


def where(owed: Iterable[Place], one: UnitNeed) -> Text:
    """Streets by name; "all" of them where nothing is left of several.

    Example:
        >>> places = tuple(Place(code, "stale", None, 0) for code in ("310107005", "310107014"))
        >>> where(places, UnitNeed("u", None, True, None, places)).en, where(places[:1], UnitNeed("u", None, True, None, places)).en
        ('all 2 streets', 'Caoyang')
    """
    codes = [place.division for place in owed]
    if len(codes) == len(one.places) > 1:
        return Text(f"全部 {len(codes)} 个街镇", f"all {len(codes)} streets")
    return Text("、".join(street(code, "zh") for code in codes), ", ".join(street(code, "en") for code in codes))
