"""Why a leaf is unknown, as bit planes: for each feed one would have to ask, the subjects for whom.

The one idea: reasons follow the same tree from the top down; a leaf counts only where it and all its ancestors are unknown.
They are computed in one pass with the verdicts, and skipped where no subject of the chunk is unknown.
Source: docs/semantics.md section 9, ``missing``.
"""

from __future__ import annotations

from matchers import kernels as k
from matchers.leaves import condition, path, tests
from matchers.program import Builder, Domain, Reach
from policies.tree import (
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
"""Feed to ask (None: a parameter has no value) -> slot whose true plane says for whom."""


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
    """Two leaves of one slot may ask different feeds only if they read different fields; equal reads share their reasons."""
    return leaf.ref if isinstance(leaf, Compare | Age | DateTest) else None


def _add(b: Builder, into: Reasons, feed: str | None, domain: Domain, slot: int) -> None:
    """Unite a slot into a feed's reasons."""
    if feed not in into:
        into[feed] = b.slot(domain)
        b.emit(k.BOTH, into[feed], domain.number, slot, slot, 0)
    else:
        b.emit(k.BOTH, into[feed], domain.number, slot, slot, 1)


def _masked(b: Builder, domain: Domain, x: int, y: int) -> int:
    slot = b.slot(domain)
    b.emit(k.BOTH, slot, domain.number, x, y, 0)
    return slot


def _shared(b: Builder, domain: Domain, code: int, *words: int) -> int:
    """A plane that many leaves' reasons read, made once, in front of whatever may be skipped."""
    key = ("shared", domain.number, code, words)
    if key not in b.memo:
        slot = b.slot(domain)
        b.front.append([code, slot, *words, *([0] * (10 - len(words)))])
        b.memo[key] = slot
    return b.memo[key]


def _leaf(b: Builder, leaf: Leaf, ref: int, domain: Domain, policy: Policy, mask: int | None) -> Reasons:
    """Reasons of a leaf where it is unknown (and ``mask`` holds)."""
    unknown = b.slot(domain)
    b.emit(k.IS_U, unknown, domain.number, ref >> 1)
    if mask is not None:
        unknown = _masked(b, domain, unknown, mask)
    skip = len(b.ops)
    b.emit(k.SKIP_ZERO, unknown, domain.number, 0)
    before = len(b.spaces)
    out: Reasons = {}
    match leaf:
        case Compare() | Age() | DateTest():
            _reading(b, leaf.ref, domain, policy, unknown, out)
            if isinstance(leaf, Compare) and leaf.op == "within":
                known = _shared(b, domain, k.WITHIN_U, domain.number, b.read(leaf.ref, domain, policy)[0])
                _add(b, out, leaf.ref.feed, domain, _masked(b, domain, known, unknown))
            _value(b, leaf.value, leaf, domain, policy, unknown, out)
        case Quantifier() | Sum():
            _elements(b, leaf, domain, policy, unknown, out)
            if isinstance(leaf, Sum) and leaf.per is not None:
                _divisor(b, leaf.per, domain, policy, unknown, out)
            _value(b, leaf.value, leaf, domain, policy, unknown, out)
        case Check():
            pass
    if mask is None and None in out:  # a parameter is listed only where nothing else is to be asked
        for other in [slot for feed, slot in out.items() if feed is not None]:
            b.emit(k.BUT_NOT_F, out[None], domain.number, out[None], 2 * other + 1)
    # whatever is skipped must read as nobody: zero the reasons' slots in front of the jump
    zeros = [[k.ZERO, slot, domain.number, *([0] * 9)] for slot in out.values() if slot >= before]
    if mask is None:
        zeros, b.front = [*b.front, *zeros], []
    if zeros:
        b.ops[skip:skip] = zeros
        for op in b.ops[skip + len(zeros) + 1 :]:
            if op[0] == k.SKIP_ZERO and op[3] > skip:
                op[3] += len(zeros)
    b.ops[skip + len(zeros)][3] = len(b.ops)
    return out


def _reading(b: Builder, ref: FieldRef, domain: Domain, policy: Policy, unknown: int, out: Reasons) -> None:
    column, at, hops = b.read(ref, domain, policy)
    for below, parent, feed in hops:
        empty = _shared(b, domain, k.EMPTY, below.number, parent.number)
        _add(b, out, feed, domain, _masked(b, domain, empty, unknown))
    missing = _shared(b, domain, k.MISS, at.number, column)
    _add(b, out, ref.feed, domain, _masked(b, domain, missing, unknown))


def _divisor(b: Builder, ref: FieldRef, domain: Domain, policy: Policy, unknown: int, out: Reasons) -> None:
    """A divisor is a reason where it is missing or below one."""
    _reading(b, ref, domain, policy, unknown, out)
    column, _, _ = b.read(ref, domain, policy)
    small = _shared(b, domain, k.RANGE, column, b.constant((int(k.LOW), 0, 0, 0)), domain.number)
    _add(b, out, ref.feed, domain, _masked(b, domain, small, unknown))


def _value(b: Builder, value: Value | None, leaf: Leaf, domain: Domain, policy: Policy, unknown: int, out: Reasons) -> None:
    """A parameter without a value, or a table key that is missing or not in the table."""
    if not isinstance(value, ParamValue):
        return
    at = b.test(tests(b, leaf, policy)[0])
    if value.by is not None:
        _reading(b, value.by, domain, policy, unknown, out)
        slot = _shared(b, domain, k.OUT_OF_TABLE, domain.number, b.read(value.by, domain, policy)[0], at)
    else:
        slot = _shared(b, domain, k.NO_VALUE, domain.number, at)
    _add(b, out, None, domain, _masked(b, domain, slot, unknown))


def _elements(b: Builder, leaf: Quantifier | Sum, domain: Domain, policy: Policy, unknown: int, out: Reasons) -> None:
    found = path(b, leaf.path, domain, policy, leaf.absence)
    below = found.domain
    for link_domain, parent, feed in found.empties:
        empty = _shared(b, link_domain, k.EMPTY, link_domain.number, parent.number)
        lifted = _lift(b, empty, link_domain, domain)
        _add(b, out, feed, domain, _masked(b, domain, lifted, unknown))
    for at, cover, feed in found.covers:
        gap = _shared(b, domain, k.INCOMPLETE, at.number, cover, int(at.space == domain.space), domain.number)
        _add(b, out, feed, domain, _masked(b, domain, gap, unknown))
    spread = b.slot(below)
    b.emit(k.SPREAD, spread, below.number, unknown)
    for feed, slot in _doubts(b, found.reach):
        _add(b, out, feed, domain, _lift(b, _masked(b, below, spread, slot), below, domain))
    doubtful = _masked(b, below, spread, found.reach.doubt)
    sound = b.slot(below)
    b.emit(k.BUT_NOT_F, sound, below.number, spread, 2 * found.reach.doubt + 1)
    if leaf.where is not None:
        where = condition(b, leaf.where, below, policy)
        for feed_asked, slot in _where(b, leaf.where, where, below, policy, sound).items():
            _add(b, out, feed_asked, domain, _lift(b, slot, below, domain))
    if isinstance(leaf, Sum):
        kept = sound
        if leaf.where is not None:
            kept = b.slot(below)
            b.emit(k.BUT_NOT_F, kept, below.number, sound, condition(b, leaf.where, below, policy))
        b.emit(k.BOTH, kept, below.number, doubtful, doubtful, 1)
        addends: Reasons = {}
        _reading(b, leaf.addend, below, policy, kept, addends)
        for feed_asked, slot in addends.items():
            _add(b, out, feed_asked, domain, _lift(b, slot, below, domain))


def _doubts(b: Builder, reach: Reach) -> list[tuple[str, int]]:
    """For each step, its feed and the elements whose presence is unknown by a quarantined record of that step."""
    out = [(reach.feed, reach.own)]
    if reach.above is not None:
        at, feed = reach.domain.number, b.layout.feeds[reach.feed].position
        for name, slot in _doubts(b, reach.above):
            words = (at, reach.parent.number, reach.above.doubt, slot, feed, reach.link, -1)
            out.append((name, _shared(b, reach.domain, k.REACHED, *words)))
    return out


def _lift(b: Builder, slot: int, below: Domain, domain: Domain) -> int:
    """A slot on elements, united over each starting row's."""
    if below.space == domain.space:
        return slot
    lifted = b.slot(domain)
    b.emit(k.ZERO, lifted, domain.number)
    b.emit(k.REDUCE, lifted, below.number, slot)
    return lifted


def _where(b: Builder, node: Node, ref: int, domain: Domain, policy: Policy, mask: int) -> Reasons:
    """Reasons of the unknown leaves of a ``where`` whose chain within it is unknown."""
    below = children(node)
    if not below:
        return _leaf(b, node, ref, domain, policy, mask)  # type: ignore[arg-type]  # a node without children is a leaf
    unknown = b.slot(domain)
    b.emit(k.IS_U, unknown, domain.number, ref >> 1)
    chain = _masked(b, domain, unknown, mask)
    out: Reasons = {}
    for child in below:
        for feed, slot in _where(b, child, condition(b, child, domain, policy), domain, policy, chain).items():
            _add(b, out, feed, domain, slot)
    return out
