"""The differences between two versions of a policy, criterion by criterion.

Criteria are paired by the names their author gave them; those without a name by what they test, then by their place. So a criterion put in
front of others is one addition, and not a change of all that follow. ``console.text.rule_differences`` puts them into words.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Literal, TypeAlias

from policies.language.meaning import policy_meaning, rule_meaning
from policies.language.tree import (
    All,
    AnyOf,
    Bounds,
    Meta,
    Node,
    NoneOf,
    Param,
    Policy,
    Quantifier,
    Site,
    Sum,
    Unless,
    children,
    fold,
    walk,
)

Change: TypeAlias = Literal["added", "removed", "changed", "moved"]
_NAMELESS = Meta("", "")


@dataclass(frozen=True, slots=True)
class CriterionChange:
    """One criterion that differs; None where a version does not have it.

    Args:
        parts: what differs, by the names of the node's fields; ``form`` where it is another kind of node, ``label`` and ``cite`` too.
    """

    change: Change
    old: Node | None
    new: Node | None
    parts: tuple[str, ...] = ()

    @property
    def node(self) -> Node:
        """The criterion as it stands now, or stood."""
        node = self.new or self.old
        assert node is not None  # one of the two has it
        return node


@dataclass(frozen=True, slots=True)
class ParamChange:
    """One entry of a dated parameter that differs; a value of None: there is no entry from that day."""

    name: str
    start: date
    old: object
    new: object


@dataclass(frozen=True, slots=True)
class TermChange:
    """One term of the whole policy that differs: scope, direction, a day, evidence, a bound, agency, purpose, disclosed fields, papers."""

    name: str
    old: object
    new: object


@dataclass(frozen=True, slots=True)
class Differences:
    """All that differs between two versions; false where the two are one rule.

    Args:
        wording: all that differs is only for people: both versions mean the same (``policies.language.meaning``).
    """

    old: Policy
    new: Policy
    criteria: tuple[CriterionChange, ...]
    params: tuple[ParamChange, ...]
    terms: tuple[TermChange, ...]
    wording: bool = False

    def __bool__(self) -> bool:
        return bool(self.criteria or self.params or self.terms)


WORDING = frozenset(("label", "cite", "text", "papers"))
"""Parts of a criterion that are only for people."""
TERMS = (
    "direction", "subject", "scope", "effective_from", "effective_to", "apply_by", "agency", "purpose", "evidence", "discloses", "people",
    "papers", "title",
)  # fmt: skip
BOUNDS = tuple(f.name for f in fields(Bounds))


def differences(old: Policy, new: Policy) -> Differences:
    """The differences of a new version from the old one, in the order of the new document; removed criteria come last."""
    criteria, params = tuple(_criteria(old.criteria, new.criteria)), tuple(_params(old, new))
    same = rule_meaning(old) == rule_meaning(new)
    if not same and not params and all(set(change.parts) <= WORDING and change.change == "changed" for change in criteria):
        criteria = (*criteria, CriterionChange("changed", old.criteria, new.criteria, ("form",)))  # the whole, where no part alone tells it
    terms = (*_terms(old, new, TERMS), *(replace(term, name=f"bounds.{term.name}") for term in _terms(old.bounds, new.bounds, BOUNDS)))
    return Differences(old, new, criteria, params, terms, same and policy_meaning(old) == policy_meaning(new))


def _terms(old: object, new: object, names: tuple[str, ...]) -> Iterator[TermChange]:
    for name in names:
        was, now = getattr(old, name), getattr(new, name)
        if was != now:
            yield TermChange(name, was, now)


def _criteria(old: Node, new: Node) -> Iterator[CriterionChange]:
    before, after = list(walk(old, sets=False)), list(walk(new, sets=False))
    partner = _partners(before, after)
    new_id_of = {before[was].node.meta.id: after[now].node.meta.id for now, was in partner.items()}
    for now, place in enumerate(after):
        was = partner.get(now)
        if was is None:
            yield CriterionChange("added", None, place.node)
        elif parts := tuple(_parts(before[was].node, place.node)):
            yield CriterionChange("changed", before[was].node, place.node, parts)
        elif (under := _parent(before[was])) is not None and (
            _parent(place) != new_id_of.get(under, under) or place.is_exception is not before[was].is_exception
        ):
            yield CriterionChange("moved", before[was].node, place.node)
    removed_sites = before if not partner else [place for at, place in enumerate(before) if at not in set(partner.values())]
    for place in removed_sites:
        yield CriterionChange("removed", place.node, None)


def _partners(before: list[Site], after: list[Site]) -> dict[int, int]:
    """By position among the new nodes, the position of the same old one: paired by name, then by what it tests, then by place."""
    partner: dict[int, int] = {}
    free = set(range(len(before)))
    for key in (_name, _content, _place):
        positions_by_key: dict[object, list[int]] = {}
        for at in sorted(free):
            if (node_key := key(before[at].node)) is not None:
                positions_by_key.setdefault(node_key, []).append(at)
        for at, place in enumerate(after):
            node_key = None if at in partner else key(place.node)
            if node_key is not None and positions_by_key.get(node_key):
                partner[at] = positions_by_key[node_key].pop(0)
                free.discard(partner[at])
    return partner


def _parent(site: Site) -> str | None:
    """The name of the node directly above."""
    return None if site.above is None else site.above.node.meta.id


def _name(node: Node) -> object:
    return node.meta.id if node.meta.id != node.meta.path else None


def _content(node: Node) -> object:
    return (type(node), bare(node)) if node.meta.id == node.meta.path else None


def _place(node: Node) -> object:
    return (type(node), node.meta.path) if node.meta.id == node.meta.path else None


def bare(node: Node) -> Node:
    """The node and all below it without what is only for people: names, places, labels."""
    return fold(node, _nameless)


def _nameless(node: Node, below: tuple[Node, ...]) -> Node:
    match node:
        case All() | AnyOf() | NoneOf():
            return replace(node, meta=_NAMELESS, children=below)
        case Unless():
            return replace(node, meta=_NAMELESS, rule=below[0], unless=below[1])
        case Quantifier() | Sum():
            return replace(node, meta=_NAMELESS, where=below[0] if below else None)
        case _:
            return replace(node, meta=_NAMELESS)


def _parts(old: Node, new: Node) -> Iterator[str]:
    """The parts in which two nodes themselves differ; the nodes below them are compared on their own."""
    if type(old) is not type(new):
        yield "form"
        return
    if not children(old):
        plain_old, plain_new = bare(old), bare(new)
        yield from (f.name for f in fields(old) if f.name != "meta" and getattr(plain_old, f.name) != getattr(plain_new, f.name))
    if old.meta.label != new.meta.label:
        yield "label"
    if old.meta.cite != new.meta.cite:
        yield "cite"
    if old.meta.papers != new.meta.papers:
        yield "papers"


def _params(old: Policy, new: Policy) -> Iterator[ParamChange]:
    for name in [*new.params, *(name for name in old.params if name not in new.params)]:
        was, now = _entries(old.params.get(name)), _entries(new.params.get(name))
        for start in sorted(was.keys() | now.keys()):
            if was.get(start) != now.get(start):
                yield ParamChange(name, start, was.get(start), now.get(start))


def _entries(param: Param | None) -> dict[date, object]:
    return {} if param is None else dict(param.entries)
