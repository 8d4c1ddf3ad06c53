"""The meaning of a policy as a value to compare: versions with one meaning give the same verdicts and lists in every world.

What applicants must know (papers, the last day for applications) counts. Left out is what is
only wording: titles, labels, citations, ids (but for those of checks, to which answers refer), the names and the order of parameters. Equal
are also: children of a group in another order, a group in a group of its kind, a group of one, and ``unless`` beside the same under
``none``. Other rules that happen to say the same count as different. ``policies.language.differences`` calls it.
Source: docs/en/semantics.md sections 5 to 9.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import astuple
from typing import assert_never

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
    Param,
    Policy,
    Quantifier,
    Sum,
    Unless,
    Value,
    fold,
    nodes,
)
from policies.values import significant


def rule_meaning(policy: Policy) -> Hashable:
    """What the criteria of a version ask, with the values of their parameters."""
    return node_meaning(policy.criteria, policy.params)


def policy_meaning(policy: Policy) -> Hashable:
    """What the whole version says: its criteria, every term that decides verdicts and lists, and what applicants must know."""
    return (
        rule_meaning(policy), policy.direction, policy.subject, significant(policy.scope), policy.effective_from, policy.effective_to,
        frozenset(policy.evidence.items()), frozenset(policy.discloses), frozenset(policy.people), policy.agency,
        policy.purpose, astuple(policy.bounds),
        policy.apply_by, policy.papers, tuple(node.meta.papers for node in nodes(policy.criteria) if node.meta.papers),
    )  # fmt: skip


def node_meaning(node: Node, params: Mapping[str, Param]) -> Hashable:
    """What a node and all below it ask."""
    return fold(node, lambda part, below: _meaning(part, below, params))


def _meaning(node: Node, below: tuple[Hashable, ...], params: Mapping[str, Param]) -> Hashable:
    match node:
        case All():
            return _group("all", below)
        case AnyOf():
            return _group("any", below)
        case NoneOf():
            return _not(_group("any", below))
        case Unless():
            return _group("all", (below[0], _not(below[1])))
        case Compare():
            return _comparison(node, params)
        case Age():
            return ("age", node.ref, node.op, _value(node.value, params), node.at)
        case DateTest() if node.value is not None:
            return ("compare", node.ref, "lt" if node.op == "before" else "gt", _value(node.value, params))
        case DateTest():
            return ("since", node.ref, node.op, node.period)
        case Quantifier() | Sum():
            return _over(node, below[0] if below else None, params)
        case Check():
            return ("check", node.meta.id)
        case _:
            assert_never(node)


def _group(kind: str, below: tuple[Hashable, ...]) -> Hashable:
    parts: set[Hashable] = set()
    for part in below:
        parts |= part[1] if isinstance(part, tuple) and part[0] == kind else {part}
    return (kind, frozenset(parts)) if len(parts) != 1 else parts.pop()


def _not(part: Hashable) -> Hashable:
    return part[1] if isinstance(part, tuple) and part[0] == "not" else ("not", part)


def _comparison(node: Compare, params: Mapping[str, Param]) -> Hashable:
    op, value = node.op, node.value
    if isinstance(value, Literals):
        if op == "within":
            value = Literals(tuple(significant(str(division)) for division in value.values))
        elif op in ("in", "not_in") and len(value.values) == 1:
            op = "eq" if op == "in" else "ne"
    return ("compare", node.ref, op, _value(value, params))


def _over(node: Quantifier | Sum, where: Hashable, params: Mapping[str, Param]) -> Hashable:
    value = None if node.value is None else _value(node.value, params)
    asked: tuple[Hashable, ...] = ("set", node.kind) if isinstance(node, Quantifier) else ("sum", node.addend, node.per)
    return (*asked, node.path, where, node.op, value, node.absence)


def _value(value: Value, params: Mapping[str, Param]) -> Hashable:
    if isinstance(value, Literals):
        return frozenset(value.values)
    param = params.get(value.param)
    entries = value.param if param is None else tuple((start, _entry(entry)) for start, entry in param.entries)
    return (entries, value.times, value.by)


def _entry(entry: object) -> Hashable:
    return frozenset(entry) if isinstance(entry, tuple) else entry
