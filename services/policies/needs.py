"""What a policy needs from each unit: the records of a feed, and the coverage of each division in which it has subjects.

The rule says in advance which records it needs, so this works for a draft. The state, if there is one, adds what is missing or stale,
where, and how many subjects wait for it. The verb ``policy needs`` and its letters call this.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal, TypeAlias

from policies.checking.needs import FeedRequirement, requirements
from policies.language.catalogue import Catalogue
from policies.language.tree import Check, Policy, leaves
from policies.values import Period, significant, within
from services.results import Internal, PlainPeriod, Sentence

if TYPE_CHECKING:
    from infra.workspace.workspace import Workspace
    from matchers.core import Matcher
    from streams.steps.state import State

CoverageStanding: TypeAlias = Literal["unknown", "covered", "stale", "missing", "not_needed"]
WORST_FIRST: tuple[CoverageStanding, ...] = ("missing", "stale", "unknown", "covered", "not_needed")
OPEN_STANDINGS: tuple[CoverageStanding, ...] = ("missing", "stale")
NOTICE = timedelta(days=7)
"""The least time that a unit has to answer."""


@dataclass(frozen=True, slots=True)
class PlaceCoverage:
    """The coverage of one source in one division.

    Args:
        waiting: how many subjects are undecided there without this feed.
    """

    division: str
    standing: CoverageStanding
    complete_to: date | None
    waiting: int


@dataclass(frozen=True, slots=True)
class UnitNeed:
    """What a policy needs from one unit for one feed.

    Args:
        links: the kinds of link of the feed that are followed.
        discloses: fields that the list shows.
        max_age: the greatest age of the coverage; None where no coverage is needed.
        criteria: the criteria that read the feed; cites: the article of each.
        agreed: the agreement is for this purpose, and still runs when the policy begins.
        standing: the worst of its places; unknown where there is no state.
    """

    feed: str
    unit: str
    fields: tuple[str, ...]
    links: tuple[str, ...]
    discloses: tuple[str, ...]
    max_age: PlainPeriod | None
    criteria: tuple[str, ...]
    cites: tuple[str | None, ...]
    agreed: bool
    agreed_until: date | None
    standing: CoverageStanding
    waiting: int
    places: tuple[PlaceCoverage, ...]

    @property
    def open(self) -> bool:
        """Whether the unit still owes anything."""
        return not self.agreed or self.standing in (*OPEN_STANDINGS, "unknown")


@dataclass(frozen=True, slots=True)
class Question:
    """A criterion that no record answers, and the question to ask."""

    criterion: str
    text: Sentence


@dataclass(frozen=True, slots=True)
class PolicyNeeds:
    """The needs of a policy.

    Args:
        due: the day by which the records must be there.
        checks: the questions that a person has to ask.
    """

    policy: str
    due: date
    needs: list[UnitNeed]
    checks: list[Question]
    definition: Internal[Policy]
    catalogue: Internal[Catalogue]

    def letters(self) -> dict[str, list[UnitNeed]]:
        """The units to write to, each with all that it still owes."""
        units: dict[str, list[UnitNeed]] = {}
        for need in self.needs:
            if need.open:
                units.setdefault(need.unit, []).append(need)
        return units


def needs_in(workspace: Workspace | None, policy: Policy, catalogue: Catalogue, day: date | None, today: date) -> PolicyNeeds:
    """The needs of a draft on a day, with their standing in a workspace, if there is one with a state."""
    from services.state.as_of import state_on

    if workspace is None or workspace.empty:
        return policy_needs(policy, catalogue, None, day or today)
    with workspace.trying() as host:
        state = state_on(host, day)
        return policy_needs(policy, host.state.catalogue, state, day or state.day)


def policy_needs(policy: Policy, catalogue: Catalogue, state: State | None, day: date) -> PolicyNeeds:
    """The needs of a policy, with their standing where there is a state."""
    questions = {leaf.meta.id: leaf.text for leaf in leaves(policy.criteria) if isinstance(leaf, Check)}
    asked = sorted({check.criterion for check in requirements(policy, catalogue).checks})
    return PolicyNeeds(
        policy.name, max(policy.effective_from, day + NOTICE), unit_needs(policy, catalogue, state),
        [Question(criterion, questions[criterion]) for criterion in asked], policy, catalogue,
    )  # fmt: skip


def unit_needs(policy: Policy, catalogue: Catalogue, state: State | None) -> list[UnitNeed]:
    """What a policy needs from each unit, by feed, with the standing where there is a state."""
    from services.state.as_of import core

    matcher = None if state is None else core(state)
    waiting = {} if matcher is None else _waiting(policy, matcher)
    divisions = [] if matcher is None else sorted(place for place in matcher.counts(policy).by_division if place)
    needs = []
    for need in requirements(policy, catalogue).feeds:
        for position, source in enumerate(catalogue.feeds[need.feed].sources):
            here = [place for place in divisions if within(place, source.division)]
            places = () if state is None else _places(need, position, here, state, waiting)
            needs.append(_unit_need(need, source.unit, policy, catalogue, places))
    return needs


def _waiting(policy: Policy, matcher: Matcher) -> Mapping[tuple[str, str], int]:
    """How many subjects are undecided without a feed, by feed and division."""
    candidates = matcher.preview(policy)
    return Counter((feed, c.division) for c in candidates if c.division for feed in {feed for _, feed in c.missing if feed is not None})


def _unit_need(need: FeedRequirement, unit: str, policy: Policy, catalogue: Catalogue, places: tuple[PlaceCoverage, ...]) -> UnitNeed:
    agreement = catalogue.feeds[need.feed].agreement
    agreed = policy.purpose in agreement.purposes and (agreement.until is None or agreement.until >= policy.effective_from)
    return UnitNeed(
        need.feed, unit, need.fields, need.links, need.discloses, need.max_age,
        tuple(reason.criterion for reason in need.why), tuple(reason.cite for reason in need.why),
        agreed, agreement.until,
        min((place.standing for place in places), key=WORST_FIRST.index, default="unknown"), sum(place.waiting for place in places),
        places,
    )  # fmt: skip


def _places(
    need: FeedRequirement, source: int, divisions: list[str], state: State, waiting: Mapping[tuple[str, str], int]
) -> tuple[PlaceCoverage, ...]:
    statements = [
        (significant(s.division), s.complete_to)
        for s in state.statements.in_effect()
        if (s.feed, s.source) == (need.feed, source) and s.division is not None
    ]
    places = []
    for division in divisions:
        last = max((day for covered, day in statements if division.startswith(covered)), default=None)
        places.append(PlaceCoverage(division, _standing(need.max_age, last, state.day), last, waiting.get((need.feed, division), 0)))
    return tuple(places)


def _standing(max_age: Period | None, last: date | None, day: date) -> CoverageStanding:
    if max_age is None:
        return "not_needed"
    if last is None:
        return "missing"
    return "covered" if day <= max_age.after(last) else "stale"
