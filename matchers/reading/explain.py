"""Explains a verdict: its criteria, the records they rest on, what is missing and which unit has it, and until when it holds.

The rule tree is read again for one subject, from the same matrix as the compiled program; tests compare the two.
Source: docs/en/semantics.md sections 5 to 9.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from matchers.kernel.kernels.records import DELIVERY, ORDER, ROW, read_wide
from matchers.kernel.thresholds import day_of, days
from matchers.program.state import MatcherState, in_force
from matchers.reading.comparisons import Comparison
from matchers.reading.elements import Ask, Element, Lookup
from matchers.reading.kleene import Truth, invert
from matchers.reading.reading import PolicyReading, subject
from matchers.reading.rows import InputReader
from policies.language.tree import (
    All,
    AnyOf,
    Check,
    Leaf,
    Meta,
    Node,
    NoneOf,
    Policy,
    Unless,
    children,
    leaves,
)
from policies.values import within


@dataclass(frozen=True, slots=True)
class Fact:
    """A record that a criterion rests on: its unit, version, validity, and the fields that were read; never its key."""

    feed: str
    unit: str
    delivery: int
    order: int
    valid_from: date | None
    valid_to: date | None
    quarantined: bool
    fields: tuple[tuple[str, str], ...]
    row: int = 0  # within the delivery


@dataclass(frozen=True, slots=True)
class Criterion:
    """A node as read for one subject. ``matters``: it makes the verdict what it is. ``ways``: records of links that were followed, and
    records that place a subject whose coverage was looked up; with ``facts`` they are all records that the node rests on. ``lookups``: of
    coverage; those that prove something are what an absence rests on."""

    meta: Meta
    form: str  # all, any, none, unless, or the leaf's kind
    truth: Truth
    matters: bool
    negated: bool  # below an odd number of none / unless
    asks: tuple[Ask, ...]
    facts: tuple[Fact, ...]
    comparison: Comparison | None  # of a leaf, what was compared
    children: tuple[Criterion, ...]
    ways: tuple[Fact, ...] = ()
    lookups: tuple[Lookup, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """A verdict with its reasons. ``missing`` is (criterion, feed, unit)."""

    verdict: str | None
    status: str | None
    checklist: tuple[str, ...]
    failed: tuple[str, ...]
    missing: tuple[tuple[str, str | None, str | None], ...]
    until: date | None


@dataclass(frozen=True, slots=True)
class Explanation:
    policy: Policy
    subject: int
    day: date
    division: str | None
    verdict: Verdict
    criteria: Criterion
    register: tuple[Fact, ...] = ()  # the record by which the subject is registered and placed


def _deciding_leaves(reading: PolicyReading, node: Node, assume: Truth, wanted: bool) -> set[str]:
    """The leaves that make a node false (wanted=False) or true."""
    truth = reading.truth(node, assume)
    if truth is not wanted:
        return set()
    match node:
        case All() | AnyOf():
            return {leaf for child in node.children for leaf in _deciding_leaves(reading, child, assume, wanted)}
        case NoneOf():
            return {leaf for child in node.children for leaf in _deciding_leaves(reading, child, invert(assume), not wanted)}
        case Unless():
            return _deciding_leaves(reading, node.rule, assume, wanted) | _deciding_leaves(reading, node.unless, invert(assume), not wanted)
        case _:
            return {node.meta.id}


def _unknown_leaves(reading: PolicyReading, node: Node, assume: Truth) -> list[Leaf]:
    """The leaves that are unknown with all their ancestors."""
    if reading.truth(node, assume) is not None:
        return []
    match node:
        case All() | AnyOf():
            return [leaf for child in node.children for leaf in _unknown_leaves(reading, child, assume)]
        case NoneOf():
            return [leaf for child in node.children for leaf in _unknown_leaves(reading, child, invert(assume))]
        case Unless():
            return [*_unknown_leaves(reading, node.rule, assume), *_unknown_leaves(reading, node.unless, invert(assume))]
        case _:
            return [node]


_MOST_ELEMENTS = 200_000
"""Elements of sets that the search for ``until`` may read; beyond, the next day on which anything could change is taken."""


def _until(state: MatcherState, policy: Policy, root: Element, day: date, first: PolicyReading) -> date | None:
    """The next day on which the truth of any leaf differs, or the policy comes into force or is no longer in force."""
    edges = [policy.effective_from] + ([day_of(days(policy.effective_to) + 1)] if policy.effective_to else [])
    edge = min((turn for turn in edges if turn > day), default=None)
    today = [first.answer(leaf).truth for leaf in leaves(policy.criteria)]
    at, elements_met = first.rows.next_day(), first.rows.elements_met
    while at is not None and (edge is None or at < edge):
        if elements_met > _MOST_ELEMENTS:
            return at
        reading = PolicyReading(state, policy, root, at)
        if [reading.answer(leaf).truth for leaf in leaves(policy.criteria)] != today:
            return at
        at, elements_met = reading.rows.next_day(), elements_met + reading.rows.elements_met
    return edge


def verdict(state: MatcherState, policy: Policy, token: int, day: date) -> Verdict:
    """The verdict of one subject, with all its reasons."""
    return _judge(state, policy, subject(state, policy, token), day)[0]


def _judge(state: MatcherState, policy: Policy, root: Element, day: date) -> tuple[Verdict, PolicyReading, str | None]:
    reading = PolicyReading(state, policy, root, day)
    code = reading.rows.placement(root.kind, root.row)
    division = None if code < 0 else state.store.divisions.texts[code]
    inside = None if division is None else within(division, policy.scope)
    for leaf in leaves(policy.criteria):
        reading.answer(leaf)
    until = _until(state, policy, root, day, reading)
    if code == -2 or inside is False:
        return Verdict(None, None, (), (), (), until), reading, division
    benefit = policy.direction == "benefit"
    truth = reading.truth(policy.criteria, benefit)
    word = {True: "yes", False: "no", None: "unknown"}[truth]
    checklist: tuple[str, ...] = ()
    if benefit and truth is not False:
        checklist = tuple(sorted({leaf.meta.id for leaf in _unknown_leaves(reading, policy.criteria, None) if isinstance(leaf, Check)}))
    failed = tuple(sorted(_deciding_leaves(reading, policy.criteria, benefit, False))) if truth is False else ()
    missing: set[tuple[str, str | None, str | None]] = set()
    if truth is None:
        for leaf in _unknown_leaves(reading, policy.criteria, benefit):
            missing |= {(leaf.meta.id, feed, unit) for feed, unit in reading.answer(leaf).asks}
    status = None
    if inside and in_force(policy, day):
        if truth:
            status = "to_check" if checklist else "eligible"
        elif truth is None and benefit:
            status = "needs_evidence"
    ordered = tuple(sorted(missing, key=lambda reason: tuple(part or "" for part in reason)))
    return Verdict(word, status, checklist, failed, ordered, until), reading, division


def explain(state: MatcherState, policy: Policy, token: int, day: date) -> Explanation:
    """A verdict with every criterion as it was read."""
    root = subject(state, policy, token)
    subject_verdict, reading, division = _judge(state, policy, root, day)
    name = reading.rows.layout.registers[root.kind]
    register = () if name is None or root.row < 0 else _facts(reading.rows, [(name, reading.rows.winner(name, root.row), None)])
    criteria = _criterion(reading, policy.criteria, policy.direction == "benefit", False, True)
    return Explanation(policy, token, day, division, subject_verdict, criteria, register)


def read_criterion(state: MatcherState, policy: Policy, token: int, day: date, id: str) -> list[Criterion]:
    """The leaves of a policy with this id, as they are read for one subject."""
    reading = PolicyReading(state, policy, subject(state, policy, token), day)
    assume = policy.direction == "benefit"
    return [_criterion(reading, leaf, assume, False, True) for leaf in leaves(policy.criteria) if leaf.meta.id == id]


def _criterion(reading: PolicyReading, node: Node, assume: Truth, negated: bool, matters: bool) -> Criterion:
    truth = reading.truth(node, assume)
    form = {All: "all", AnyOf: "any", NoneOf: "none", Unless: "unless"}.get(type(node), type(node).__name__.lower())
    below = []
    for position, child in enumerate(children(node)):
        is_inverted = isinstance(node, NoneOf) or (isinstance(node, Unless) and position == 1)
        guess = invert(assume) if is_inverted else assume
        operand = invert(reading.truth(child, guess)) if is_inverted else reading.truth(child, guess)
        below.append(_criterion(reading, child, guess, negated ^ is_inverted, matters and operand is truth))
    asks: tuple[Ask, ...] = ()
    facts: tuple[Fact, ...] = ()
    ways: tuple[Fact, ...] = ()
    comparison = None
    lookups: tuple[Lookup, ...] = ()
    if not children(node):
        answer = reading.answer(node)  # type: ignore[arg-type]  # a node without children is a leaf
        asks = tuple(sorted(answer.asks, key=lambda ask: (ask[0] or "", ask[1] or "")))
        facts = _facts(reading.rows, answer.records)
        read = {(feed, record) for feed, record, _ in answer.records}
        ways = _facts(reading.rows, [(feed, record, None) for feed, record in answer.ways if (feed, record) not in read])
        comparison = answer.comparison
        lookups = tuple(sorted(answer.lookups, key=lambda lookup: (lookup.feed, lookup.source, lookup.kind, lookup.subject)))
    return Criterion(node.meta, form, truth, matters, negated, asks, facts, comparison, tuple(below), ways, lookups)


def _facts(rows: InputReader, records: Iterable[tuple[str, int, str | None]]) -> tuple[Fact, ...]:
    by_record: dict[tuple[str, int], dict[str, None]] = {}
    for feed, record, name in records:
        if record >= 0:
            by_record.setdefault((feed, record), {})
            if name is not None and name in rows.layout.feeds[feed].lanes:
                by_record[feed, record][name] = None
    out = []
    for (feed, record), names in by_record.items():
        lay = rows.layout.feeds[feed]
        row = rows.store.arenas[lay.position][record]
        ends = [int(row[lay.valid]), int(row[lay.valid + 1])] if lay.valid >= 0 else [-(2**31) + 1, 2**31 - 1]
        cells = tuple((name, rows.text(lay.feed.fields[name], rows.raw(feed, record, name))) for name in names)
        out.append(
            Fact(
                feed,
                rows.unit(feed, record),
                int(row[DELIVERY]),
                int(read_wide(row, ORDER)),
                day_of(ends[0]) if abs(ends[0]) < 2**30 else None,
                day_of(ends[1]) if abs(ends[1]) < 2**30 else None,
                rows.is_quarantined(feed, record),
                cells,
                int(row[ROW]),
            )
        )
    return tuple(out)
