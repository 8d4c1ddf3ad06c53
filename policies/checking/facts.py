"""What a criterion says for sure where it must hold, or must not: facts about single-valued things, and when two exclude each other.

A fact is an interval, a set or a prefix about one *thing* (a field, an age, a count, a sum). A leaf that says nothing for sure yields no
fact, so nothing is called contradictory that is not. Source: docs/en/semantics.md section 5.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import TypeAlias

from policies.language.catalogue import Catalogue, FieldType
from policies.language.measures import NUMBERS, number
from policies.language.tree import (
    Age,
    All,
    AnyOf,
    Check,
    Compare,
    DateTest,
    Literals,
    Node,
    NoneOf,
    Quantifier,
    Scalar,
    Sum,
    Unless,
    Value,
)
from policies.values import Period, significant

COMPLEMENT = {"eq": "ne", "ne": "eq", "lt": "ge", "ge": "lt", "le": "gt", "gt": "le", "in": "not_in", "not_in": "in"}
OPPOSED = {("ge", "lt"), ("gt", "le"), ("gt", "lt"), ("eq", "ne"), ("eq", "lt"), ("eq", "gt")}
"""Comparisons with the very same value that cannot both hold."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Between two bounds; None is unbounded."""

    low: Fraction | None = None
    low_open: bool = False
    high: Fraction | None = None
    high_open: bool = False


@dataclass(frozen=True, slots=True)
class Among:
    """One of these, or (``but``) none of these."""

    values: frozenset[Scalar]
    but: bool = False


@dataclass(frozen=True, slots=True)
class Inside:
    """A division inside a prefix."""

    prefix: str


@dataclass(frozen=True, slots=True)
class Same:
    """A comparison with a value not known here (a table), compared only with itself."""

    op: str
    value: Value


@dataclass(frozen=True, slots=True)
class ElapsedTime:
    """At least (or, with ``within``, at most; with ``short``, less than) this long since the date."""

    period: Period
    within: bool = False
    short: bool = False


Fact: TypeAlias = Interval | Among | Inside | Same | ElapsedTime
About: TypeAlias = tuple[Hashable, Fact]


def facts(leaf: Node, wanted: bool, catalogue: Catalogue, param_values: dict[str, Scalar]) -> Iterator[About]:
    """The facts that follow where a leaf is true (``wanted``) or false.

    Args:
        leaf: outside or inside ``where``.
        param_values: of the parameters, on one day.
    """
    match leaf:
        case Compare():
            yield from _comparison_facts(leaf, wanted, catalogue, param_values)
        case Age():
            yield from _number_facts(("age", leaf.ref, leaf.at), _op(leaf.op, wanted), leaf.value, Fraction(1), param_values)
        case DateTest():
            yield from _date_facts(leaf, wanted, param_values)
        case Sum():
            thing = ("sum", leaf.addend, leaf.path, leaf.where and comparable_form(leaf.where), leaf.per)
            yield from _number_facts(thing, _op(leaf.op, wanted), leaf.value, None, param_values)
        case Quantifier():
            yield from _count_facts(leaf, wanted, param_values)
        case All() | AnyOf() | NoneOf() | Unless() | Check():
            pass


def exclude(fact: Fact, other: Fact) -> bool:
    """Can two facts about one thing not both hold?"""
    for first, second in ((fact, other), (other, fact)):
        match first, second:
            case Interval(), Interval():
                if _apart(first, second):
                    return True
            case Among(but=False), Interval():
                if all(not _holds(value, second) for value in first.values):
                    return True
            case Among(but=False), Among():
                if not (first.values - second.values if second.but else first.values & second.values):
                    return True
            case Inside(), Inside():
                if not (first.prefix.startswith(second.prefix) or second.prefix.startswith(first.prefix)):
                    return True
            case Among(but=False), Inside():
                if all(not significant(str(value)).startswith(second.prefix) for value in first.values):
                    return True
            case Same(), Same():
                if first.value == second.value and (first.op, second.op) in OPPOSED:
                    return True
            case ElapsedTime(within=False, short=False), ElapsedTime():
                if _too_long(first.period, second):
                    return True
    return False


def comparable_form(node: Node) -> Hashable:
    """A node without what it carries for people; nodes that mean the same are equal."""
    match node:
        case All() | AnyOf() | NoneOf():
            return (type(node).__name__, tuple(comparable_form(child) for child in node.children))
        case Unless():
            return ("Unless", comparable_form(node.rule), comparable_form(node.unless))
        case Check():
            return ("Check", node.meta.id, node.text)
        case Quantifier():
            return (node.kind, node.path, node.where and comparable_form(node.where), node.op, node.value)
        case Sum():
            return ("Sum", node.addend, node.path, node.where and comparable_form(node.where), node.op, node.value, node.per)
        case Compare():
            return ("Compare", node.ref, node.op, node.value)
        case Age():
            return ("Age", node.ref, node.op, node.value, node.at)
        case DateTest():
            return ("DateTest", node.ref, node.op, node.period, node.value)


def _op(op: str, wanted: bool) -> str:
    return op if wanted else COMPLEMENT[op]


def _comparison_facts(leaf: Compare, wanted: bool, catalogue: Catalogue, param_values: dict[str, Scalar]) -> Iterator[About]:
    field = catalogue.feeds[leaf.ref.feed].fields[leaf.ref.field]
    thing = ("field", leaf.ref)
    if leaf.op == "within":
        prefix = _value(leaf.value, param_values)
        if wanted and isinstance(prefix, str):
            yield thing, Inside(significant(prefix))
        return
    op = _op(leaf.op, wanted)
    if field.type in (*NUMBERS, FieldType.DATE) and op not in ("in", "not_in"):
        yield from _number_facts(thing, op, leaf.value, Fraction(1, 10**field.scale), param_values)
        return
    values = leaf.value.values if isinstance(leaf.value, Literals) else [v for v in (_value(leaf.value, param_values),) if v is not None]
    if values:
        yield thing, Among(frozenset(values), but=op in ("ne", "not_in"))


def _number_facts(thing: Hashable, op: str, value: Value, step: Fraction | None, param_values: dict[str, Scalar]) -> Iterator[About]:
    """A comparison on the number line; on a grid of ``step``, so "above 5 and below 6" is empty for whole numbers."""
    scalar = _value(value, param_values)
    threshold = None if scalar is None else number(scalar)
    if threshold is None:
        yield thing, Same(op, value)
    elif op == "ne":
        yield thing, Among(frozenset([scalar if scalar is not None else threshold]), but=True)
    else:
        span = {"eq": Interval(threshold, False, threshold), "lt": Interval(high=threshold, high_open=True), "le": Interval(high=threshold),
                "gt": Interval(threshold, True), "ge": Interval(threshold)}[op]  # fmt: skip
        yield thing, span if step is None else _on_grid(span, step)


def _date_facts(leaf: DateTest, wanted: bool, param_values: dict[str, Scalar]) -> Iterator[About]:
    if leaf.value is not None:
        op = {("before", True): "lt", ("before", False): "ge", ("after", True): "gt", ("after", False): "le"}[(leaf.op, wanted)]
        yield from _number_facts(("field", leaf.ref), op, leaf.value, Fraction(1), param_values)
    elif leaf.period is not None and (wanted or leaf.op == "at_least_ago"):
        yield ("elapsed", leaf.ref), ElapsedTime(leaf.period, within=leaf.op == "within_last", short=not wanted)


def _count_facts(leaf: Quantifier, wanted: bool, param_values: dict[str, Scalar]) -> Iterator[About]:
    thing = ("count", leaf.path, leaf.where and comparable_form(leaf.where))
    thing_facts: list[tuple[Hashable, Fact]]
    match leaf.kind:
        case "some" | "none":
            thing_facts = [(thing, Interval(Fraction(1)) if (leaf.kind == "some") is wanted else Interval(high=Fraction(0)))]
        case "count" if leaf.op is not None and leaf.value is not None:
            thing_facts = list(_number_facts(thing, _op(leaf.op, wanted), leaf.value, Fraction(1), param_values))
        case _:
            thing_facts = []
    for about, fact in thing_facts:
        yield about, fact
        if leaf.where is not None and isinstance(fact, Interval) and fact.low is not None:  # as many of the whole set, at least
            yield ("count", leaf.path, None), Interval(fact.low, fact.low_open)


def _value(value: Value, param_values: dict[str, Scalar]) -> Scalar | None:
    if isinstance(value, Literals):
        return value.values[0] if len(value.values) == 1 else None
    scalar = param_values.get(value.param) if value.by is None else None
    return scalar if scalar is None or isinstance(scalar, str) or not isinstance(scalar, int | Fraction) else scalar * value.times


def _on_grid(span: Interval, step: Fraction) -> Interval:
    low, high = span.low, span.high
    if low is not None:
        low = step * (floor(low / step) + 1 if span.low_open else ceil(low / step))
    if high is not None:
        high = step * (ceil(high / step) - 1 if span.high_open else floor(high / step))
    return Interval(low, False, high, False)


def _apart(span: Interval, other: Interval) -> bool:
    if span.low is None or other.high is None:
        return False
    return span.low > other.high or (span.low == other.high and (span.low_open or other.high_open))


def _holds(value: Scalar, span: Interval) -> bool:
    point = number(value)
    return point is None or not (_apart(Interval(point, False, point), span) or _apart(span, Interval(point, False, point)))


def _too_long(longest: Period, other: ElapsedTime) -> bool:
    """Is "at least this long ago" beyond what the other allows? Sure only where months and days agree."""
    beyond = longest.months >= other.period.months and longest.days >= other.period.days
    if other.short:
        return beyond
    return other.within and beyond and longest != other.period
