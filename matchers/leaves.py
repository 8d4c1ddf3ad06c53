"""Conditions as operations: each leaf of the rule tree becomes a slot with a true and a false plane.

The one idea: one function a node type, closed with ``assert_never``; what a leaf is about (subject, record, member) is only the
domain it is compiled over, so ``where`` and the top of a policy are the same code. Source: docs/semantics.md sections 4 to 8.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import assert_never

from matchers import kernels as k
from matchers.program import Builder, Domain, Reach
from matchers.thresholds import Test, make_test
from policies.catalogue import Field
from policies.tree import (
    Age,
    All,
    AnyOf,
    Check,
    Compare,
    DateTest,
    Leaf,
    Literals,
    Node,
    NoneOf,
    ParamValue,
    Policy,
    Quantifier,
    Step,
    Sum,
    Unless,
    Value,
)


@dataclass(frozen=True, slots=True)
class Set:
    """A compiled path: its elements, which starting rows' sets are complete, and what each step needed."""

    reach: Reach
    complete: int  # slot; -1 never
    covers: tuple[tuple[Domain, int, str], ...] = field(default=())  # (domain, slot, feed)
    empties: tuple[tuple[Domain, Domain, str], ...] = field(default=())  # (link domain, parent, defining feed)

    @property
    def domain(self) -> Domain:
        return self.reach.domain


def path(b: Builder, steps: tuple[Step, ...], start: Domain, policy: Policy, absence: str) -> Set:
    """Compile the steps of an ``over`` path from a domain."""
    at, reach = start, None
    covers: list[tuple[Domain, int, str]] = []
    empties: list[tuple[Domain, Domain, str]] = []
    for step in steps:
        if step.kind == "link":
            below = b.link(at, step.name, start)
            empties.append((below, at, list(b.layout.feeds)[b.layout.links[step.name].feed]))
            at = below
            continue
        age = policy.evidence.get(step.name)
        if absence == "coverage":
            covers.append((at, b.cover(at, step.name, age) if age is not None else never(b, at), step.name))
        elif absence == "open":
            covers.append((at, never(b, at), step.name))
        reach = b.expand(at, step, start, reach)
        at = reach.domain
    complete = -1 if absence == "open" else _complete(b, start, covers, empties)
    assert reach is not None, "a path ends in a set"
    return Set(reach, complete, tuple(covers), tuple(empties))


def never(b: Builder, domain: Domain) -> int:
    """A slot true nowhere."""
    key = ("never", domain.number)
    if key not in b.memo:
        slot = b.slot(domain)
        b.emit(k.ZERO, slot, domain.number)
        b.memo[key] = slot
    return b.memo[key]


def _complete(b: Builder, start: Domain, covers: list[tuple[Domain, int, str]], empties: list[tuple[Domain, Domain, str]]) -> int:
    key = ("complete", start.number, tuple((d.number, s) for d, s, _ in covers), tuple(d.number for d, _, _ in empties))
    if key not in b.memo:
        slot = b.slot(start)
        b.emit(k.ONES, slot, start.number)
        for below, _, _ in empties:
            b.emit(k.CLEAR_EMPTY, slot, below.number)
        for domain, cover, _ in covers:
            b.emit(k.CLEAR_BY, slot, domain.number, cover, int(domain.space == start.space))
        b.memo[key] = slot
    return b.memo[key]


def by_field(b: Builder, value: Value | None) -> Field | None:
    return b.field_of(value.by) if isinstance(value, ParamValue) and value.by is not None else None


def tests(b: Builder, leaf: Leaf, policy: Policy) -> list[Test]:
    """What a leaf compares with: one test, or one a literal of a list."""
    params = dict(policy.params)
    match leaf:
        case Compare():
            op = "eq" if leaf.op in ("in", "not_in") else leaf.op
            return make_test("compare", op, b.field_of(leaf.ref), leaf.value, params, by_field(b, leaf.value))
        case Age():
            found = make_test("age", leaf.op, None, leaf.value, params, by_field(b, leaf.value))
            return [replace(test, at=leaf.at) for test in found]
        case DateTest():
            if leaf.period is not None:
                return [Test(leaf.op, "", None, None, None, Fraction(1), leaf.period)]  # type: ignore[arg-type]  # the ops with a period
            op = "lt" if leaf.op == "before" else "gt"
            return make_test("compare", op, b.field_of(leaf.ref), leaf.value, params, by_field(b, leaf.value))
        case Quantifier():
            return make_test("compare", leaf.op or "eq", None, leaf.value, params, by_field(b, leaf.value))
        case Sum():
            return make_test("sum", "", b.field_of(leaf.addend), leaf.value, params, by_field(b, leaf.value))
        case Check():
            return []
        case _:
            assert_never(leaf)


def ranged(b: Builder, found: list[Test], column: int, domain: Domain, value: Value | None, policy: Policy, *, negate: bool) -> int:
    """Slot reference: a column lies in any of the tests' intervals."""
    refs = []
    for test in found:
        at = b.test(test)
        keys = -1
        if isinstance(value, ParamValue) and value.by is not None:
            keys = b.read(value.by, domain, policy)[0]
        key = ("range", column, at, domain.number, keys)
        if key not in b.memo:
            slot = b.slot(domain)
            if keys >= 0:
                b.emit(k.RANGE_BY, slot, column, at, domain.number, 0, keys)
            else:
                b.emit(k.RANGE, slot, column, at, domain.number, 0)
            b.memo[key] = slot
        refs.append(2 * b.memo[key])
    ref = refs[0] if len(refs) == 1 else b.either(domain, refs)
    return ref ^ 1 if negate else ref


def condition(b: Builder, node: Node, domain: Domain, policy: Policy, assume: int = 0) -> int:
    """Slot reference of a node over a domain.

    Args:
        assume: what an unanswered check is taken for: 0 unknown, 1 true, 2 false (swapped under a negation).
    """
    flipped = (0, 2, 1)[assume]
    match node:
        case All():
            return b.both(domain, [condition(b, child, domain, policy, assume) for child in node.children])
        case AnyOf():
            return b.either(domain, [condition(b, child, domain, policy, assume) for child in node.children])
        case NoneOf():
            return b.both(domain, [condition(b, child, domain, policy, flipped) ^ 1 for child in node.children])
        case Unless():
            rule = condition(b, node.rule, domain, policy, assume)
            return b.both(domain, [rule, condition(b, node.unless, domain, policy, flipped) ^ 1])
        case Compare():
            return compare(b, node, domain, policy)
        case Age() | DateTest():
            return dated(b, node, domain, policy)
        case Quantifier():
            return quantifier(b, node, domain, policy)
        case Sum():
            return total(b, node, domain, policy)
        case Check():
            return check(b, node, policy, assume)
        case _:
            assert_never(node)


def check(b: Builder, node: Check, policy: Policy, assume: int) -> int:
    number = b.check_number(policy.name, node.meta.id)
    key = ("check", number, assume)
    if key not in b.memo:
        slot = b.slot(b.root())
        b.emit(k.CHECK, slot, 0, number, assume)
        b.memo[key] = slot
    return 2 * b.memo[key]


def compare(b: Builder, node: Compare, domain: Domain, policy: Policy) -> int:
    column, _, _ = b.read(node.ref, domain, policy)
    if node.op == "within":
        assert isinstance(node.value, Literals)
        return b.either(domain, [lookup(b, str(value), column, domain) for value in node.value.values])
    return ranged(b, tests(b, node, policy), column, domain, node.value, policy, negate=node.op in ("ne", "not_in"))


def lookup(b: Builder, prefix: str, column: int, domain: Domain) -> int:
    """Slot reference: a division column lies within a prefix; unknown where it is coarser."""
    key = ("within", column, prefix, domain.number)
    if key not in b.memo:
        if prefix not in b.withins:
            b.withins.append(prefix)
        slot = b.slot(domain)
        b.emit(k.LOOKUP, slot, column, b.withins.index(prefix), domain.number, 0)
        b.memo[key] = slot
    return 2 * b.memo[key]


def dated(b: Builder, node: Age | DateTest, domain: Domain, policy: Policy) -> int:
    column, _, _ = b.read(node.ref, domain, policy)
    lane = b.layout.feeds[node.ref.feed].lanes[node.ref.field][0]
    found = tests(b, node, policy)
    for test in found:
        if not test.keys:
            b.timed.append((b.layout.feeds[node.ref.feed].position, lane, b.test(test)))
    return ranged(b, found, column, domain, node.value, policy, negate=isinstance(node, Age) and node.op == "ne")


def quantifier(b: Builder, node: Quantifier, domain: Domain, policy: Policy) -> int:
    found = path(b, node.path, domain, policy, node.absence)
    where = condition(b, node.where, found.domain, policy) if node.where is not None else -1
    match node.kind:
        case "some":
            return some(b, domain, found, where)
        case "none":
            return some(b, domain, found, where) ^ 1
        case "all":
            return some(b, domain, found, where ^ 1) ^ 1
        case "count":
            return settled(b, node, domain, bounds(b, domain, found, where), policy)


def some(b: Builder, domain: Domain, found: Set, where: int) -> int:
    key = ("some", domain.number, found.domain.number, where, found.complete)
    if key not in b.memo:
        slot = b.slot(domain)
        b.emit(k.SOME, slot, domain.number, found.domain.number, where, found.complete, found.reach.doubt)
        b.memo[key] = slot
    return 2 * b.memo[key]


def bounds(b: Builder, domain: Domain, found: Set, where: int, addend: int = -1, limits: tuple[int, int] | None = None) -> tuple[int, int]:
    """Columns of the least and the greatest number of elements, or of what their addends come to."""
    key = ("bounds", domain.number, found.domain.number, where, found.complete, addend, limits)
    if key not in b.pairs:
        low = b.columns
        b.columns += 2
        at = b.constant((*limits, 0, 0)) if limits is not None else -1
        code = k.COUNT if limits is None else k.SUM
        b.emit(code, low, low + 1, domain.number, found.domain.number, where, found.complete, found.reach.doubt, addend, at)
        b.pairs[key] = (low, low + 1)
    return b.pairs[key]


def settled(b: Builder, node: Quantifier | Sum, domain: Domain, ends: tuple[int, int], policy: Policy) -> int:
    """Slot reference: the comparison holds whatever the number between the ends is."""
    assert node.op is not None and node.value is not None
    at = b.test(tests(b, node, policy)[0])
    keys = b.read(node.value.by, domain, policy)[0] if isinstance(node.value, ParamValue) and node.value.by is not None else -1
    divisor, op = -1, -1
    if isinstance(node, Sum):
        divisor = b.read(node.per, domain, policy)[0] if node.per is not None else -1
        op = {"lt": k.LT, "le": k.LE, "gt": k.GT, "ge": k.GE}.get(node.op, k.EQ)
    key = ("settle", domain.number, ends, at, keys, divisor, op)
    if key not in b.memo:
        slot = b.slot(domain)
        b.emit(k.SETTLE, slot, domain.number, *ends, at, keys, divisor, op)
        b.memo[key] = slot
    return (2 * b.memo[key]) ^ int(node.op == "ne")


def total(b: Builder, node: Sum, domain: Domain, policy: Policy) -> int:
    found = path(b, node.path, domain, policy, node.absence)
    where = condition(b, node.where, found.domain, policy) if node.where is not None else -1
    of = b.field_of(node.addend)
    addend = b.read(node.addend, found.domain, policy)[0]
    limits = (int(k.LOW) if of.min is None else of.min, int(k.HIGH) if of.max is None else of.max)
    return settled(b, node, domain, bounds(b, domain, found, where, addend, limits), policy)
