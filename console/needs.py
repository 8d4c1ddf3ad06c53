"""``huimin policy needs``: what a draft will need, what of it is there, and a letter to each unit that still owes something.

The one idea: the rules tell in advance which records will be needed. From the draft alone come feeds, fields and coverage; the state,
where there is one, adds what is missing or stale, in which street, and how many people hang on it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from console.letters import write_letters
from console.session import Session
from console.words import number, street
from policies.values import Text

if TYPE_CHECKING:
    from policies.catalogue import Catalogue
    from policies.needs import FeedNeed
    from policies.tree import Policy
    from streams.state import State

Standing: TypeAlias = Literal["unknown", "covered", "stale", "missing", "not_needed"]
STANDINGS: dict[Standing, Text] = {
    "unknown": Text("未接入", "no state yet"),
    "covered": Text("已具备", "there"),
    "stale": Text("已过期", "stale"),
    "missing": Text("未声明", "never stated"),
    "not_needed": Text("无需覆盖", "no coverage needed"),
}


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


def show_needs(session: Session, policy: Policy, catalogue: Catalogue, letters: bool, at: date | None) -> None:
    """The needs as a table, JSON or letters."""
    from infra.evaluate import as_of
    from infra.workspace import NoWorkspace

    try:
        workspace = session.workspace()
    except NoWorkspace:
        _show(session, policy, catalogue, letters, None, at)
        return
    if workspace.empty:
        _show(session, policy, catalogue, letters, None, at)
        return
    with workspace.reading() as host:
        _show(session, policy, catalogue, letters, as_of(host, at), at)


def _show(session: Session, policy: Policy, catalogue: Catalogue, letters: bool, state: State | None, at: date | None) -> None:
    with session.progress(Text("查看现有数据", "Looking at what is there")):
        found = unit_needs(policy, catalogue, state)
    today = at or (state.day if state else session.today())
    due = max(policy.effective_from, today + timedelta(days=7))
    if session.data({"policy": policy.name, "due": due, "needs": [_as_data(one, session.language) for one in found]}):
        return
    if letters:
        write_letters(session, policy, catalogue, found, due)
        return
    session.say(Text(f"{policy.title.zh} 需要的记录（{due} 前）", f"{policy.title.en}: the records it needs (by {due})"), "bold")
    session.table(None, COLUMNS, (_row(one, catalogue, session.language) for one in found), right=(6,))
    if state is not None:
        _show_streets(session, found, catalogue)
    _show_checks(session, policy, catalogue)


COLUMNS = [
    Text("数据源", "feed"),
    Text("单位", "unit"),
    Text("字段", "fields"),
    Text("用于", "for"),
    Text("时效", "age"),
    Text("现状", "standing"),
    Text("待定", "waiting"),
]


def _row(one: UnitNeed, catalogue: Catalogue, language: str) -> list[str]:
    feed = catalogue.feeds[one.need.feed]
    fields = ("、" if language == "zh" else ", ").join(feed.fields[name].title[language] for name in one.need.fields)
    reasons = " ".join(dict.fromkeys(reason.cite or reason.criterion for reason in one.need.why))
    standing = STANDINGS[one.standing][language] if one.agreed else Text("用途未约定", "not agreed")[language]
    age = "" if one.need.max_age is None else f"≤ {one.need.max_age}"
    return [
        feed.title[language],
        catalogue.units[one.unit].title[language],
        fields,
        reasons,
        age,
        standing,
        number(one.waiting) if one.waiting else "",
    ]


def _show_streets(session: Session, found: list[UnitNeed], catalogue: Catalogue) -> None:
    """Where something is missing or stale, street by street."""
    rows = [
        [
            catalogue.units[one.unit].title[session.language],
            catalogue.feeds[one.need.feed].title[session.language],
            street(place.division, session.language),
            STANDINGS[place.standing][session.language],
            str(place.complete_to or "—"),
            number(place.waiting),
        ]
        for one in found
        for place in one.places
        if place.standing in ("missing", "stale")
    ]
    if rows:
        columns = [
            Text("单位", "unit"),
            Text("数据源", "feed"),
            Text("街镇", "street"),
            Text("现状", "standing"),
            Text("完整至", "complete to"),
            Text("待定人（户、套）数", "undecided"),
        ]
        session.table(Text("还缺的覆盖声明", "Coverage still missing"), columns, rows, right=(5,))


def _show_checks(session: Session, policy: Policy, catalogue: Catalogue) -> None:
    from policies.needs import requirements
    from policies.tree import Check, leaves

    asked = {check.criterion for check in requirements(policy, catalogue).checks}
    texts = {leaf.meta.id: leaf.text for leaf in leaves(policy.criteria) if isinstance(leaf, Check)}
    for criterion in sorted(asked):
        text = texts[criterion]
        session.say(Text(f"没有记录能回答、须人工核实：{text.zh}", f"No record answers this, a person must ask: {text.en}"))


def _as_data(one: UnitNeed, language: str) -> dict[str, Any]:
    return {
        "feed": one.need.feed,
        "unit": one.unit,
        "fields": list(one.need.fields),
        "links": list(one.need.links),
        "discloses": list(one.need.discloses),
        "max_age": str(one.need.max_age) if one.need.max_age else None,
        "criteria": [reason.criterion for reason in one.need.why],
        "agreed": one.agreed,
        "agreed_until": one.agreed_until,
        "standing": one.standing,
        "waiting": one.waiting,
        "places": [
            {"division": p.division, "standing": p.standing, "complete_to": p.complete_to, "waiting": p.waiting} for p in one.places
        ],
    }
