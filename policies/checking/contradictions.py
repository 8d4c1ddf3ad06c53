"""Criteria that nobody can meet: two conditions of one conjunction that exclude each other.

Whatever must hold together is collected, through nested all, none, rule and unless. Every two facts about one thing are compared, on each
day on which a parameter changes. A pair is reported only if it is impossible on all of these days.
Source: docs/en/semantics.md section 7.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import TypeAlias

from policies.checking.facts import Among, Fact, Inside, comparable_form, exclude, facts
from policies.language.catalogue import Catalogue
from policies.language.models import PolicyModel
from policies.language.tree import (
    All,
    AnyOf,
    Compare,
    FieldRef,
    Node,
    NoneOf,
    Param,
    Scalar,
    Unless,
    below,
)
from policies.problems.problems import Word
from policies.values import Kind, Text, significant
from policies.yaml.document import Path
from policies.yaml.report import Reporter

Demand: TypeAlias = tuple[Node, bool]
"""A node, and whether it must be true (or false)."""

MAX_DAYS = 60
MAX_TOGETHER = 300


def check_contradictions(
    head: PolicyModel, tree: Node, params: Mapping[str, Param], places: Mapping[str, Path], catalogue: Catalogue, reporter: Reporter
) -> None:
    """Report every pair of criteria that can never both hold, and demands for divisions outside the scope."""
    days = _days(head, params)
    values_by_day = [_param_values_on(params, day) for day in days] if len(days) <= MAX_DAYS else [{}]
    reports = _Reports(places, reporter)
    for together in conjunctions(tree):
        for first, other in _impossible(together[:MAX_TOGETHER], values_by_day, catalogue):
            reports.pair(first, other)
    for node, wanted in _demands(tree, True):
        reports.scope(node, wanted, head, catalogue)


def conjunctions(node: Node) -> Iterator[list[Demand]]:
    """Every list of demands that must hold together: that of the root, and that of each part which is no conjunction with the rest."""
    demands = list(_demands(node, True))
    yield demands
    for part, wanted in demands:
        if not _flat(part, wanted):
            for child in below(part):
                yield from conjunctions(child)


def _demands(node: Node, wanted: bool) -> Iterator[Demand]:
    """The node and all that follows from it being true (or false)."""
    yield node, wanted
    for child, child_wanted in _flat(node, wanted):
        yield from _demands(child, child_wanted)


def _flat(node: Node, wanted: bool) -> list[Demand]:
    match node:
        case All() if wanted:
            return [(child, True) for child in node.children]
        case NoneOf() if wanted:
            return [(child, False) for child in node.children]
        case AnyOf() if not wanted:
            return [(child, False) for child in node.children]
        case Unless() if wanted:
            return [(node.rule, True), (node.unless, False)]
        case All() | AnyOf() | NoneOf() if len(node.children) == 1:
            return [(node.children[0], wanted is not isinstance(node, NoneOf))]
        case _:
            return []


def _days(head: PolicyModel, params: Mapping[str, Param]) -> list[date]:
    """The first day in force, and each day on which a parameter changes after it."""
    last = head.effective.to or date.max
    changes = {start for param in params.values() for start, _ in param.entries if head.effective.from_ < start <= last}
    return [head.effective.from_, *sorted(changes)]


def _param_values_on(params: Mapping[str, Param], day: date) -> dict[str, Scalar]:
    values: dict[str, Scalar] = {}
    for name, param in params.items():
        for start, value in param.entries:
            if start <= day and not isinstance(value, tuple):
                values[name] = value
    return values


def _impossible(together: list[Demand], values_by_day: list[dict[str, Scalar]], catalogue: Catalogue) -> Iterator[tuple[Node, Node]]:
    """The pairs of demands that exclude each other on every day; ``values_by_day`` has the parameters' values of each day."""
    yield from _complements(together)
    surely: set[tuple[int, int]] | None = None
    for values in values_by_day:
        pairs = set(_excluding(together, values, catalogue))
        surely = pairs if surely is None else surely & pairs
    for first, other in sorted(surely or ()):
        yield together[first][0], together[other][0]


def _complements(together: list[Demand]) -> Iterator[tuple[Node, Node]]:
    """Every node that stands beside its own denial."""
    first: dict[Hashable, dict[bool, Node]] = {}
    for node, wanted in together:
        by_wanted = first.setdefault(comparable_form(node), {})
        if wanted not in by_wanted and (not wanted) in by_wanted:  # "the denial, and not yet this"
            yield by_wanted[not wanted], node
        by_wanted.setdefault(wanted, node)


def _excluding(together: list[Demand], param_values: dict[str, Scalar], catalogue: Catalogue) -> Iterator[tuple[int, int]]:
    about: dict[Hashable, list[tuple[int, Fact]]] = {}
    for position, (node, wanted) in enumerate(together):
        for thing, fact in facts(node, wanted, catalogue, param_values):
            about.setdefault(thing, []).append((position, fact))
    for thing, thing_facts in about.items():
        for (first_at, first), (second_at, second) in combinations(thing_facts, 2):
            if first_at != second_at and exclude(first, second):
                yield first_at, second_at
        yield from _enum_conflicts(thing, thing_facts, catalogue)


def _enum_conflicts(thing: Hashable, thing_facts: list[tuple[int, Fact]], catalogue: Catalogue) -> Iterator[tuple[int, int]]:
    """An enum field of which all facts together rule out every value, though no two do."""
    match thing:
        case ("field", FieldRef() as ref):
            left = set(catalogue.feeds[ref.feed].fields[ref.field].codes)
        case _:
            return
    has_codes = bool(left)
    for position, fact in thing_facts:
        if isinstance(fact, Among) and has_codes and left:
            left = left - fact.values if fact.but else left & fact.values
            if not left and position != thing_facts[0][0]:
                yield thing_facts[0][0], position


@dataclass(slots=True)
class _Reports:
    """Reports each pair once, at the later of the two nodes."""

    places: Mapping[str, Path]
    reporter: Reporter

    def pair(self, earlier: Node, later: Node) -> None:
        words: dict[str, Word] = {"first": _name(later), "second": _name(earlier), "line": earlier.meta.line}
        self.reporter.add("contradiction", self._place(later), **words)

    def scope(self, node: Node, wanted: bool, head: PolicyModel, catalogue: Catalogue) -> None:
        """A demand on where the subject is placed that excludes the policy's own scope."""
        register = catalogue.register(Kind(head.subject))
        if register is None or register.division is None or not isinstance(node, Compare) or not wanted:
            return
        if node.ref != FieldRef(register.name, register.division):
            return
        for _, fact in facts(node, wanted, catalogue, {}):
            if isinstance(fact, Inside | Among) and exclude(fact, Inside(significant(head.scope.division))):
                division = fact.prefix if isinstance(fact, Inside) else ", ".join(sorted(map(str, fact.values)))
                self.reporter.add("scope-contradiction", self._place(node), first=_name(node), given=division, scope=head.scope.division)

    def _place(self, node: Node) -> Path:
        return self.places.get(node.meta.path, ("criteria",))


def _name(node: Node) -> Text:
    label = node.meta.label
    return Text(f"“{label.zh}”", f'"{label.en}"') if label else Text(f"“{node.meta.id}”", f'"{node.meta.id}"')
