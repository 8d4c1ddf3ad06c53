"""The checked rule tree: what a published policy means, every name resolved against the feed catalogue.

After checking, nothing is looked up by text again: compiler, needs, explanations and differences read these nodes. ``walk`` (or ``leaves``,
``nodes``) visits every node; ``fold`` makes a value from the bottom up; code that treats each form of node differently matches on all of
them. Source: docs/en/semantics.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Literal, TypeAlias, TypeVar

from policies.values import Kind, Period, Text

T = TypeVar("T")
Comparison: TypeAlias = Literal["eq", "ne", "lt", "le", "gt", "ge"]
Scalar: TypeAlias = int | Fraction | str | date  # int, decimal (exact), enum code / text / division, date


@dataclass(frozen=True, slots=True)
class Meta:
    """What every node carries for people. ``id`` is the criterion's name in reasons; ``path`` its place in the document; ``papers`` are
    brought by a subject for whom the criterion is open."""

    id: str
    path: str
    cite: str | None = None
    label: Text | None = None
    line: int = 0
    papers: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class FieldRef:
    """A field to read: follow to-one ``links`` from the subject, then this feed's record.

    ``own`` is True inside ``where`` for a field of the element's own record (then ``links`` is empty).
    """

    feed: str
    field: str
    links: tuple[str, ...] = ()
    own: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a path: ``link`` (to-one, name = link), ``members`` (name = person register's feed),
    ``records`` (name = feed of the subject), ``inverse`` (name = feed whose records link here through ``lives_at``)."""

    kind: Literal["link", "members", "records", "inverse"]
    name: str


@dataclass(frozen=True, slots=True)
class PeopleField:
    """An identity field of the people that a path leads to, such as the names of a household's members. Only a list shows it."""

    path: tuple[Step, ...]
    ref: FieldRef


@dataclass(frozen=True, slots=True)
class Literals:
    """One or more fixed values (several for in / not_in)."""

    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class ParamValue:
    """A dated parameter, times an exact factor, read from a table by a field where ``by`` is set."""

    param: str
    times: Fraction = Fraction(1)
    by: FieldRef | None = None


Value: TypeAlias = Literals | ParamValue


@dataclass(frozen=True, slots=True)
class All:
    meta: Meta
    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    meta: Meta
    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class NoneOf:
    meta: Meta
    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Unless:
    """rule and not unless."""

    meta: Meta
    rule: Node
    unless: Node


@dataclass(frozen=True, slots=True)
class Compare:
    meta: Meta
    ref: FieldRef
    op: Literal["eq", "ne", "lt", "le", "gt", "ge", "in", "not_in", "within"]
    value: Value


@dataclass(frozen=True, slots=True)
class Age:
    """Completed years since a date, at ``at`` or, where None, at as_of."""

    meta: Meta
    ref: FieldRef
    op: Comparison
    value: Value
    at: date | None = None


@dataclass(frozen=True, slots=True)
class DateTest:
    """within_last / at_least_ago carry a period; before / after a date value."""

    meta: Meta
    ref: FieldRef
    op: Literal["within_last", "at_least_ago", "before", "after"]
    period: Period | None = None
    value: Value | None = None


@dataclass(frozen=True, slots=True)
class Quantifier:
    meta: Meta
    kind: Literal["some", "none", "all", "count"]
    path: tuple[Step, ...]
    where: Node | None
    op: Comparison | None = None
    value: Value | None = None
    absence: Literal["coverage", "closed", "open"] = "coverage"


@dataclass(frozen=True, slots=True)
class Sum:
    meta: Meta
    addend: FieldRef
    path: tuple[Step, ...]
    where: Node | None
    op: Comparison
    value: Value
    per: FieldRef | None = None
    absence: Literal["coverage", "closed", "open"] = "coverage"


@dataclass(frozen=True, slots=True)
class Check:
    """Asked of a person; ``meta.id`` is the check's id, one answer per id."""

    meta: Meta
    text: Text


Leaf: TypeAlias = Compare | Age | DateTest | Quantifier | Sum | Check
Node: TypeAlias = All | AnyOf | NoneOf | Unless | Leaf


@dataclass(frozen=True, slots=True)
class Param:
    """Dated values, ascending by ``from``. A table entry maps an enum code, or a closed integer range (None = open), to a value."""

    name: str
    unit: str | None
    entries: tuple[tuple[date, Scalar | tuple[tuple[str | tuple[int | None, int | None], Scalar], ...]], ...]
    cite: str | None = None
    label: Text | None = None


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bounds beyond which nobody is taken off the policy's list before people decide; exact shares between 0 and 1.

    Args:
        moves: of the list, what one delivery may take off; None: what the bounds of its feed say.
        amendment: of the list, what a new version may take off.
        at_least: below so many people nothing is held.
    """

    moves: Fraction | None = None
    amendment: Fraction = Fraction(1, 5)
    at_least: int = 20


@dataclass(frozen=True, slots=True)
class Policy:
    """A checked version of a policy. ``digest`` is the SHA-256 of its canonical document.

    ``apply_by`` is the last day for applications and ``papers`` are what every applicant brings: for people, they change no verdict.
    """

    name: str
    version: int
    direction: Literal["benefit", "burden"]
    subject: Kind
    scope: str
    title: Text
    source: Mapping[str, object]
    agency: str
    purpose: str
    effective_from: date
    effective_to: date | None
    evidence: Mapping[str, Period]
    params: Mapping[str, Param]
    discloses: tuple[FieldRef, ...]
    criteria: Node
    feeds: tuple[str, ...]  # every feed read, sorted: what its agreements must cover
    digest: str = ""
    bounds: Bounds = Bounds()
    apply_by: date | None = None
    papers: tuple[Text, ...] = ()
    people: tuple[PeopleField, ...] = ()  # disclosed, too: whom the list of a household or dwelling names


def shown_refs(policy: Policy) -> tuple[FieldRef, ...]:
    """Every field that the policy's list shows, of the subject and of the people of a household or dwelling."""
    return (*policy.discloses, *(people.ref for people in policy.people))


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below, ``where`` not included."""
    match node:
        case All() | AnyOf() | NoneOf():
            return node.children
        case Unless():
            return (node.rule, node.unless)
        case _:
            return ()


def below(node: Node) -> tuple[Node, ...]:
    """The nodes directly below: children, or the ``where`` of a set."""
    match node:
        case Quantifier() | Sum():
            return () if node.where is None else (node.where,)
        case _:
            return children(node)


@dataclass(frozen=True, slots=True)
class Site:
    """One node where it stands in a tree.

    Args:
        above: the node directly above, where that stands; None at the top.
        level: how many nodes stand above.
        position: of the node among those directly below the one above.
    """

    node: Node
    above: Site | None = None
    level: int = 0
    position: int = 0

    @property
    def is_exception(self) -> bool:
        """Is this the ``unless`` of a rule?"""
        return self.above is not None and isinstance(self.above.node, Unless) and self.position == 1

    @property
    def is_negated(self) -> bool:
        """Does the tree ask for the opposite of this node: below an odd number of ``none`` and ``unless``?"""
        if self.above is None:
            return False
        match self.above.node:
            case NoneOf() | Quantifier(kind="none"):
                return not self.above.is_negated
            case _:
                return self.above.is_negated ^ self.is_exception


def walk(tree: Node, sets: bool = True) -> Iterator[Site]:
    """Every node of a tree in document order; one that is used twice comes twice. It does not recurse, so no tree is too deep.

    Args:
        sets: go into the ``where`` of sets, too.
    """
    stack = [Site(tree)]
    while stack:
        site = stack.pop()
        yield site
        inner = below(site.node) if sets else children(site.node)
        stack.extend(Site(inner[at], site, site.level + 1, at) for at in reversed(range(len(inner))))


def fold(node: Node, combine: Callable[[Node, tuple[T, ...]], T]) -> T:
    """What ``combine`` makes of a node and of what it made of each node directly below (``below``)."""
    return combine(node, tuple(fold(child, combine) for child in below(node)))


def nodes(tree: Node, sets: bool = True) -> Iterator[Node]:
    """Every node in document order, as ``walk`` comes to it."""
    return (site.node for site in walk(tree, sets))


def leaves(tree: Node) -> Iterator[Leaf]:
    """Every leaf outside ``where``, in document order; a definition used twice comes twice."""
    return (site.node for site in walk(tree, sets=False) if isinstance(site.node, Leaf))


def refs_of(leaf: Leaf) -> Iterator[FieldRef]:
    """The fields a leaf itself reads, those of its ``where`` not included."""
    value = getattr(leaf, "value", None)
    for ref in (*(getattr(leaf, name, None) for name in ("ref", "addend", "per")), value.by if isinstance(value, ParamValue) else None):
        if ref is not None:
            yield ref


def params_of(leaf: Leaf) -> frozenset[str]:
    """The parameters a leaf reads, inside its ``where`` too."""
    values = (getattr(node, "value", None) for node in nodes(leaf))
    return frozenset(value.param for value in values if isinstance(value, ParamValue))


def feeds_of(leaf: Leaf) -> frozenset[str]:
    """The feeds whose records a leaf reads, inside its ``where`` too; those that only define a link are left out."""
    feeds: set[str] = set()
    for node in nodes(leaf):
        if isinstance(node, Leaf):
            feeds |= {ref.feed for ref in refs_of(node)} | {step.name for step in getattr(node, "path", ()) if step.kind != "link"}
    return frozenset(feeds)
