"""Conditions as operations: each leaf of the rule tree becomes a slot with a true and a false plane.

There is one function for each node type. A leaf is compiled over a domain (subjects, records, members), so ``where`` and the top of a
policy share the code. Source: docs/en/semantics.md sections 4 to 8.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import assert_never

from matchers.kernel.kernels import operations
from matchers.kernel.kernels.arithmetic import EQ, GE, GT, HIGH, LE, LOW, LT
from matchers.kernel.thresholds import Test, make_test
from matchers.program.once import gather, gather_ends, starts
from matchers.program.program import Builder, Domain, Reach
from policies.language.catalogue import Field
from policies.language.tree import (
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
class ElementSet:
    """A compiled path: its elements, which starting rows' sets are complete, and what each step needs.

    A set depends only on the subject where its steps start. So it is made once for each such subject (``start``), however many rows of the
    domain lead there: a household's members once for all of them. ``numbers`` says to which start each row leads; -1: the rows of the
    domain are the starts.
    """

    reach: Reach
    start: Domain
    numbers: int
    complete: int  # slot; -1 never
    covers: tuple[tuple[Domain, int, str], ...] = field(default=())  # (domain, slot, feed)
    empties: tuple[tuple[Domain, Domain, str], ...] = field(default=())  # (link domain, parent, defining feed)

    @property
    def domain(self) -> Domain:
        return self.reach.domain


def path(b: Builder, steps: tuple[Step, ...], start: Domain, policy: Policy, absence: str) -> ElementSet:
    """Compiles the steps of an ``over`` path from a domain."""
    at, reach = start, None
    covers: list[tuple[Domain, int, str]] = []
    empties: list[tuple[Domain, Domain, str]] = []
    numbers, outside = -1, 0
    for step in steps:
        if step.kind == "link":
            below = b.link(at, step.name, start)
            empties.append((below, at, list(b.layout.feeds)[b.layout.links[step.name].feed]))
            at = below
            continue
        if reach is None and not at.unique:
            start, numbers = starts(b, at)
            at, outside = start, len(empties)
        if absence != "closed":
            covers.append((at, _step(b, step, at, policy, absence), step.name))
        reach = b.expand(at, step, start, reach)
        at = reach.domain
    ever = all(slot != b.memo.get(("never", domain.number)) for domain, slot, _ in covers)
    complete = _complete(b, start, covers, empties[outside:]) if ever else -1
    assert reach is not None, "a path ends in a set"
    return ElementSet(reach, start, numbers, complete, tuple(covers), tuple(empties))


def _step(b: Builder, step: Step, at: Domain, policy: Policy, absence: str) -> int:
    """Slot: the subjects for which a to-many step is complete. In a feed with one record for each subject, that record is enough."""
    age = policy.evidence.get(step.name) if absence == "coverage" else None
    is_single = step.kind == "records" and not b.layout.feeds[step.name].feed.many and b.layout.semantics > 1
    if age is not None:
        covered = b.cover(at, step.name, age)
        return b.step_complete(at, step.name, covered) if is_single else covered
    return b.step_complete(at, step.name, -1) if is_single else never(b, at)


def never(b: Builder, domain: Domain) -> int:
    """A slot true nowhere."""
    key = ("never", domain.number)
    if key not in b.memo:
        slot = b.slot(domain)
        b.emit(operations.Clear(slot, domain.number))
        b.memo[key] = slot
    return b.memo[key]


def _complete(b: Builder, start: Domain, covers: list[tuple[Domain, int, str]], empties: list[tuple[Domain, Domain, str]]) -> int:
    key = ("complete", start.number, tuple((d.number, s) for d, s, _ in covers), tuple(d.number for d, _, _ in empties))
    if key not in b.memo:
        slot = b.slot(start)
        b.emit(operations.FillTrue(slot, start.number))
        for below, _, _ in empties:
            b.emit(operations.ClearUnlinked(slot, below.number))
        for domain, cover, _ in covers:
            b.emit(operations.ClearUncovered(slot, domain.number, cover, int(domain.space == start.space)))
        b.memo[key] = slot
    return b.memo[key]


def by_field(b: Builder, value: Value | None) -> Field | None:
    return b.field_of(value.by) if isinstance(value, ParamValue) and value.by is not None else None


def tests(b: Builder, leaf: Leaf, policy: Policy) -> list[Test]:
    """The tests of a leaf: one, or one for each literal of a list."""
    params = dict(policy.params)
    match leaf:
        case Compare():
            op = "eq" if leaf.op in ("in", "not_in") else leaf.op
            return make_test("compare", op, b.field_of(leaf.ref), leaf.value, params, by_field(b, leaf.value))
        case Age():
            choices = make_test("age", leaf.op, None, leaf.value, params, by_field(b, leaf.value))
            return [replace(test, at=leaf.at) for test in choices]
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


def interval_test(
    b: Builder, choices: list[Test], column: int, domain: Domain, value: Value | None, policy: Policy, *, negate: bool
) -> int:
    """Slot reference: a column lies in any of the tests' intervals."""
    refs = []
    for test in choices:
        at = b.test(test)
        keys = -1
        if isinstance(value, ParamValue) and value.by is not None:
            keys = b.read(value.by, domain, policy)[0]
        key = ("range", column, at, domain.number, keys)
        if key not in b.memo:
            slot = b.slot(domain)
            if keys >= 0:
                b.emit(operations.CompareRangeByKey(slot, column, at, domain.number, keys))
            else:
                b.emit(operations.CompareRange(slot, column, at, domain.number, b.has_value(domain, column)))
            b.memo[key] = slot
        refs.append(2 * b.memo[key])
    ref = refs[0] if len(refs) == 1 else b.either(domain, refs)
    return ref ^ 1 if negate else ref


def condition(b: Builder, node: Node, domain: Domain, policy: Policy, assume: int = 0) -> int:
    """Slot reference of a node over a domain.

    Args:
        assume: the truth assumed of an unanswered check: 0 unknown, 1 true, 2 false (swapped under a negation).
    """
    if b.trees is None:
        return _condition(b, node, domain, policy, assume)
    key = (id(node), domain.number, policy.name, id(policy.params), id(policy.evidence), assume)
    if key not in b.trees:
        b.trees[key] = _condition(b, node, domain, policy, assume)
    return b.trees[key]


def _condition(b: Builder, node: Node, domain: Domain, policy: Policy, assume: int) -> int:
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
            return date_test(b, node, domain, policy)
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
        b.emit(operations.ReadAnswers(slot, number, assume))
        b.memo[key] = slot
    return 2 * b.memo[key]


def compare(b: Builder, node: Compare, domain: Domain, policy: Policy) -> int:
    column, _, _ = b.read(node.ref, domain, policy)
    if node.op == "within":
        assert isinstance(node.value, Literals)
        return b.either(domain, [lookup(b, str(value), column, domain) for value in node.value.values])
    return interval_test(b, tests(b, node, policy), column, domain, node.value, policy, negate=node.op in ("ne", "not_in"))


def lookup(b: Builder, prefix: str, column: int, domain: Domain) -> int:
    """Slot reference: a division column lies within a prefix; unknown where it is coarser."""
    key = ("within", column, prefix, domain.number)
    if key not in b.memo:
        slot = b.slot(domain)
        b.emit(operations.MatchDivision(slot, column, b.place_in(b.withins, prefix), domain.number))
        b.memo[key] = slot
    return 2 * b.memo[key]


def date_test(b: Builder, node: Age | DateTest, domain: Domain, policy: Policy) -> int:
    column, _, _ = b.read(node.ref, domain, policy)
    lane = b.layout.feeds[node.ref.feed].lanes[node.ref.field][0]
    choices = tests(b, node, policy)
    for test in choices:
        if not test.keys:
            b.timed.append((b.layout.feeds[node.ref.feed].position, lane, b.test(test)))
    return interval_test(b, choices, column, domain, node.value, policy, negate=isinstance(node, Age) and node.op == "ne")


def quantifier(b: Builder, node: Quantifier, domain: Domain, policy: Policy) -> int:
    elements = path(b, node.path, domain, policy, node.absence)
    where = condition(b, node.where, elements.domain, policy) if node.where is not None else -1
    match node.kind:
        case "some":
            return some(b, domain, elements, where)
        case "none":
            return some(b, domain, elements, where) ^ 1
        case "all":
            return some(b, domain, elements, where ^ 1) ^ 1
        case "count":
            return comparison(b, node, domain, bounds(b, domain, elements, where), policy)


def some(b: Builder, domain: Domain, elements: ElementSet, where: int) -> int:
    start = elements.start
    key = ("some", start.number, elements.domain.number, where, elements.complete)
    if key not in b.memo:
        slot = b.slot(start)
        b.emit(operations.Exists(slot, start.number, elements.domain.number, where, elements.complete, elements.reach.doubt))
        b.memo[key] = slot
    return 2 * (b.memo[key] if elements.numbers < 0 else gather(b, domain, b.memo[key], elements.numbers))


def bounds(
    b: Builder, domain: Domain, elements: ElementSet, where: int, addend: int = -1, limits: tuple[int, int] | None = None
) -> tuple[int, int]:
    """Columns of the least and the greatest number of elements, or of the sums of their addends."""
    start = elements.start
    key = ("bounds", start.number, elements.domain.number, where, elements.complete, addend, limits)
    if key not in b.pairs:
        at = b.constant((*limits, 0, 0)) if limits is not None else -1
        low, high = b.pairs[key] = b.two_columns()
        b.emit(
            operations.Total(low, high, start.number, elements.domain.number, where, elements.complete, elements.reach.doubt, addend, at)
        )
    if elements.numbers < 0:
        return b.pairs[key]
    return gather_ends(b, domain, b.pairs[key], elements.numbers, below=limits is not None and limits[0] < 0)


def comparison(b: Builder, node: Quantifier | Sum, domain: Domain, ends: tuple[int, int], policy: Policy) -> int:
    """Slot reference: the comparison holds for every number between the ends."""
    assert node.op is not None and node.value is not None
    at = b.test(tests(b, node, policy)[0])
    keys = b.read(node.value.by, domain, policy)[0] if isinstance(node.value, ParamValue) and node.value.by is not None else -1
    divisor, op = -1, -1
    if isinstance(node, Sum):
        divisor = b.read(node.per, domain, policy)[0] if node.per is not None else -1
        op = {"lt": LT, "le": LE, "gt": GT, "ge": GE}.get(node.op, EQ)
    key = ("settle", domain.number, ends, at, keys, divisor, op)
    if key not in b.memo:
        slot = b.slot(domain)
        b.emit(operations.CompareBounds(slot, domain.number, *ends, at, keys, divisor, op))
        b.memo[key] = slot
    return (2 * b.memo[key]) ^ int(node.op == "ne")


def total(b: Builder, node: Sum, domain: Domain, policy: Policy) -> int:
    elements = path(b, node.path, domain, policy, node.absence)
    where = condition(b, node.where, elements.domain, policy) if node.where is not None else -1
    of = b.field_of(node.addend)
    addend = b.read(node.addend, elements.domain, policy)[0]
    limits = (int(LOW) if of.min is None else of.min, int(HIGH) if of.max is None else of.max)
    return comparison(b, node, domain, bounds(b, domain, elements, where, addend, limits), policy)
