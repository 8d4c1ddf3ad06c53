"""Why a leaf is unknown, as bit planes: for each feed to ask, the subjects concerned.

Reasons follow the rule tree from the top down: a leaf counts only where it and all its ancestors are unknown. They are computed in one
pass with the verdicts, and skipped where no subject of the chunk is unknown. Used by ``matchers.program.compile``.
Source: docs/en/semantics.md section 9, ``missing``.
"""

from __future__ import annotations

from collections.abc import Callable

from matchers.kernel.kernels import operations
from matchers.kernel.kernels.arithmetic import LOW
from matchers.kernel.kernels.opcodes import Operation
from matchers.program.leaves import ElementSet, condition, path, tests
from matchers.program.once import gather_true, scatter
from matchers.program.program import Builder, Domain, Reach
from policies.language.tree import (
    Age,
    Check,
    Compare,
    DateTest,
    FieldRef,
    Leaf,
    Node,
    ParamValue,
    Policy,
    Quantifier,
    Sum,
    Value,
    children,
)

Reasons = dict[str | None, int]
"""Feed to ask (None: a parameter has no value) -> slot; its true plane has the subjects concerned."""


def leaf_reasons(b: Builder, leaf: Leaf, policy: Policy) -> Reasons:
    """Slots over the subjects for one leaf outside ``where``."""
    if isinstance(leaf, Check):
        return {}
    ref = condition(b, leaf, b.root(), policy)
    key = ("reasons", ref >> 1, _reads(leaf))
    if key not in b.asked:
        b.asked[key] = _leaf(b, leaf, ref, b.root(), policy, None)
    return b.asked[key]


def _reads(leaf: Leaf) -> object:
    """What distinguishes the reasons of leaves with one slot: they ask different feeds only if they read different fields."""
    return leaf.ref if isinstance(leaf, Compare | Age | DateTest) else None


def _add(b: Builder, into: Reasons, feed: str | None, domain: Domain, slot: int) -> None:
    """Adds a slot to a feed's reasons."""
    if feed not in into:
        into[feed] = _intersection(b, domain, slot, slot)
    else:
        b.emit(operations.Unite(into[feed], domain.number, slot))


def _intersection(b: Builder, domain: Domain, x: int, y: int) -> int:
    slot = b.slot(domain)
    b.emit(operations.Intersect(slot, domain.number, x, y))
    return slot


def _shared_plane(b: Builder, domain: Domain, kind: Callable[..., Operation], *operands: int) -> int:
    """A plane that the reasons of many leaves read: made once, before any operation that may be skipped."""
    key = ("shared", domain.number, kind, operands)
    if key not in b.memo:
        slot = b.slot(domain)
        b.front.append(kind(slot, *operands))
        b.memo[key] = slot
    return b.memo[key]


def _leaf(b: Builder, leaf: Leaf, ref: int, domain: Domain, policy: Policy, mask: int | None) -> Reasons:
    """Reasons of a leaf where it is unknown (and ``mask`` holds)."""
    unknown = b.slot(domain)
    b.emit(operations.MarkUnknown(unknown, domain.number, ref >> 1))
    if mask is not None:
        unknown = _intersection(b, domain, unknown, mask)
    skip = len(b.ops)
    b.emit(operations.SkipIfEmpty(unknown, domain.number, 0))
    before = len(b.spaces)
    out: Reasons = {}
    match leaf:
        case Compare() | Age() | DateTest():
            _reading(b, leaf.ref, domain, policy, unknown, out)
            if isinstance(leaf, Compare) and leaf.op == "within":
                has_value = _shared_plane(b, domain, operations.MarkKnown, domain.number, b.read(leaf.ref, domain, policy)[0])
                _add(b, out, leaf.ref.feed, domain, _intersection(b, domain, has_value, unknown))
            _value(b, leaf.value, leaf, domain, policy, unknown, out)
        case Quantifier() | Sum():
            _elements(b, leaf, domain, policy, unknown, out)
            if isinstance(leaf, Sum) and leaf.per is not None:
                _divisor(b, leaf.per, domain, policy, unknown, out)
            _value(b, leaf.value, leaf, domain, policy, unknown, out)
        case Check():
            pass
    if mask is None and None in out:  # a parameter is a reason only where there is nothing else to ask
        for other in [slot for feed, slot in out.items() if feed is not None]:
            b.emit(operations.Without(out[None], domain.number, out[None], 2 * other + 1))
    # reasons that are skipped must be empty: their slots are cleared before the jump
    front: list[Operation] = [operations.Clear(slot, domain.number) for slot in out.values() if slot >= before]
    if mask is None:
        front, b.front = [*b.front, *front], []
    b.ops[skip:skip] = front
    jump = skip + len(front)
    for at in range(jump + 1, len(b.ops) if front else 0):
        op = b.ops[at]
        if isinstance(op, operations.SkipIfEmpty) and op.target > skip:
            b.ops[at] = op._replace(target=op.target + len(front))
    b.ops[jump] = operations.SkipIfEmpty(unknown, domain.number, len(b.ops))
    return out


def _reading(b: Builder, ref: FieldRef, domain: Domain, policy: Policy, unknown: int, out: Reasons) -> None:
    column, at, hops = b.read(ref, domain, policy)
    for below, parent, feed in hops:
        empty = _shared_plane(b, domain, operations.MarkUnlinked, below.number, parent.number)
        _add(b, out, feed, domain, _intersection(b, domain, empty, unknown))
    missing = _shared_plane(b, domain, operations.MarkMissing, at.number, column)
    _add(b, out, ref.feed, domain, _intersection(b, domain, missing, unknown))


def _divisor(b: Builder, ref: FieldRef, domain: Domain, policy: Policy, unknown: int, out: Reasons) -> None:
    """A divisor is a reason where it is missing or below one."""
    _reading(b, ref, domain, policy, unknown, out)
    column, _, _ = b.read(ref, domain, policy)
    has_value = _shared_plane(b, domain, operations.MarkKnown, domain.number, column)
    small = _shared_plane(b, domain, operations.CompareRange, column, b.constant((int(LOW), 0, 0, 0)), domain.number, has_value)
    _add(b, out, ref.feed, domain, _intersection(b, domain, small, unknown))


def _value(b: Builder, value: Value | None, leaf: Leaf, domain: Domain, policy: Policy, unknown: int, out: Reasons) -> None:
    """A parameter without a value, or a table key that is missing or not in the table."""
    if not isinstance(value, ParamValue):
        return
    at = b.test(tests(b, leaf, policy)[0])
    if value.by is not None:
        _reading(b, value.by, domain, policy, unknown, out)
        slot = _shared_plane(b, domain, operations.MarkOutOfTable, domain.number, b.read(value.by, domain, policy)[0], at)
    else:
        slot = _shared_plane(b, domain, operations.MarkNoValue, domain.number, at)
    _add(b, out, None, domain, _intersection(b, domain, slot, unknown))


def _elements(b: Builder, leaf: Quantifier | Sum, domain: Domain, policy: Policy, unknown: int, out: Reasons) -> None:
    elements = path(b, leaf.path, domain, policy, leaf.absence)
    asked, within = unknown, out
    if elements.numbers >= 0:
        asked, within = scatter(b, elements.start, domain, unknown, elements.numbers), {}
    for link, parent, feed in elements.empties:
        empty = _shared_plane(b, link, operations.MarkUnlinked, link.number, parent.number)
        if link.space == domain.space:
            _add(b, out, feed, domain, _intersection(b, domain, empty, unknown))
        else:
            _add(b, within, feed, elements.start, _intersection(b, elements.start, _lift(b, empty, link, elements.start), asked))
    _within(b, leaf, elements, policy, asked, within)
    if elements.numbers >= 0:
        for feed_asked, slot in within.items():
            _add(b, out, feed_asked, domain, _intersection(b, domain, gather_true(b, domain, slot, elements.numbers), unknown))


def _within(b: Builder, leaf: Quantifier | Sum, elements: ElementSet, policy: Policy, unknown: int, out: Reasons) -> None:
    """Reasons within the sets, over their starts: steps that are not complete, elements with something unknown."""
    domain, below = elements.start, elements.domain
    for at, cover, feed in elements.covers:
        gap = _shared_plane(b, domain, operations.MarkIncomplete, at.number, cover, int(at.space == domain.space), domain.number)
        _add(b, out, feed, domain, _intersection(b, domain, gap, unknown))
    spread = b.slot(below)
    b.emit(operations.Spread(spread, below.number, unknown))
    for feed, slot in _doubts(b, elements.reach):
        _add(b, out, feed, domain, _lift(b, _intersection(b, below, spread, slot), below, domain))
    doubtful = _intersection(b, below, spread, elements.reach.doubt)
    sound = b.slot(below)
    b.emit(operations.Without(sound, below.number, spread, 2 * elements.reach.doubt + 1))
    if leaf.where is not None:
        where = condition(b, leaf.where, below, policy)
        for feed_asked, slot in _where(b, leaf.where, where, below, policy, sound).items():
            _add(b, out, feed_asked, domain, _lift(b, slot, below, domain))
    if isinstance(leaf, Sum):
        counting = sound
        if leaf.where is not None:
            counting = b.slot(below)
            b.emit(operations.Without(counting, below.number, sound, condition(b, leaf.where, below, policy)))
        b.emit(operations.Unite(counting, below.number, doubtful))
        addends: Reasons = {}
        _reading(b, leaf.addend, below, policy, counting, addends)
        for feed_asked, slot in addends.items():
            _add(b, out, feed_asked, domain, _lift(b, slot, below, domain))


def _doubts(b: Builder, reach: Reach) -> list[tuple[str, int]]:
    """For each step, its feed and the elements whose presence is unknown because a record of that step is quarantined."""
    out = [(reach.feed, reach.own)]
    if reach.above is not None:
        at, feed = reach.domain.number, b.layout.feeds[reach.feed].position
        for name, slot in _doubts(b, reach.above):
            operands = (at, reach.parent.number, reach.above.doubt, slot, feed, reach.link, -1)
            out.append((name, _shared_plane(b, reach.domain, operations.MarkDoubtful, *operands)))
    return out


def _lift(b: Builder, slot: int, below: Domain, domain: Domain) -> int:
    """A slot of elements as a slot of starting rows: those with any of the elements."""
    if below.space == domain.space:
        return slot
    lifted = b.slot(domain)
    b.emit(operations.Clear(lifted, domain.number))
    b.emit(operations.Reduce(lifted, below.number, slot))
    return lifted


def _where(b: Builder, node: Node, ref: int, domain: Domain, policy: Policy, mask: int) -> Reasons:
    """Reasons of the leaves of a ``where`` that are unknown with all their ancestors in it."""
    below = children(node)
    if not below:
        return _leaf(b, node, ref, domain, policy, mask)  # type: ignore[arg-type]  # a node without children is a leaf
    unknown = b.slot(domain)
    b.emit(operations.MarkUnknown(unknown, domain.number, ref >> 1))
    chain = _intersection(b, domain, unknown, mask)
    out: Reasons = {}
    for child in below:
        for feed, slot in _where(b, child, condition(b, child, domain, policy), domain, policy, chain).items():
            _add(b, out, feed, domain, slot)
    return out
