"""``huimin policy needs``: what a draft will need, what of it is there, and a letter to each unit that still owes something.

The one idea: from the draft alone come feeds, fields and coverage, and with them whom to write to; see ``console.owed``.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from console.letters import write_letters
from console.owed import Standing, UnitNeed, owing, unit_needs, where
from console.session import Session
from console.words import number
from policies.values import Text

if TYPE_CHECKING:
    from policies.catalogue import Catalogue
    from policies.tree import Policy
    from streams.state import State

STANDINGS: dict[Standing, Text] = {
    "unknown": Text("未接入", "no state yet"),
    "covered": Text("已具备", "there"),
    "stale": Text("已过期", "stale"),
    "missing": Text("未声明", "never stated"),
    "not_needed": Text("无需覆盖", "no coverage needed"),
}


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
    session.table(None, COLUMNS, (row(one, catalogue, session.language) for one in found), right=(6,))
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


def row(one: UnitNeed, catalogue: Catalogue, language: str) -> list[str]:
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
    """Where something is missing or stale: the streets concerned, those alike on one line."""
    rows = [
        [
            catalogue.units[one.unit].title[session.language],
            catalogue.feeds[one.need.feed].title[session.language],
            where(places, one)[session.language],
            STANDINGS[places[0].standing][session.language],
            str(places[0].complete_to or "—"),
            number(sum(place.waiting for place in places)),
        ]
        for one in found
        for places in owing(one)
    ]
    if rows:
        columns = [
            Text("单位", "unit"),
            Text("数据源", "feed"),
            Text("街镇", "streets"),
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
