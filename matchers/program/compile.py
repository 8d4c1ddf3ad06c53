"""A set of policies about one kind of subject, compiled into a ``Program``.

Each policy is compiled twice over the same shared leaves: once with unanswered checks assumed by the direction of doubt, once with them
unknown. Status, checklist and missing evidence all come from these two. A slot of the logic is used again after its last reader, so a
program's memory depends on its leaves and not on its policies.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from matchers.kernel.batch import Int32
from matchers.kernel.kernels import operations
from matchers.kernel.kernels.opcodes import WIDTH, Operation, row_of
from matchers.kernel.layout import Layout
from matchers.program.leaves import condition, lookup
from matchers.program.program import Builder, CompiledPolicy, Program
from matchers.program.reasons import leaf_reasons
from policies.checking.cost import refuse_too_large
from policies.language.catalogue import FieldType
from policies.language.tree import All, AnyOf, Check, Node, NoneOf, Policy, Unless


def compile_policies(
    layout: Layout,
    kind: int,
    policies: Sequence[tuple[Policy, bool]],
    check_number: Callable[[str, str], int],
    code_of: Callable[[FieldType, str], int],
    *,
    verdicts: bool = False,
) -> Program:
    """Compiles policies about one kind.

    Args:
        policies: each with whether it is in force (may list anyone).
        check_number: the number of (policy, check id), the same for every program of a state.
        code_of: the code of a text or division literal, a new one where it has none.
        verdicts: write yes / no / unknown for everybody with a verdict instead of statuses; no reasons. A node object that several of the
            policies share is then read once.

    Raises:
        TooLarge: a policy is beyond ``policies.limits``.
    """
    feeds = {name: lay.feed for name, lay in layout.feeds.items()}
    for policy, _ in () if verdicts else policies:
        refuse_too_large(policy, feeds)
    b = Builder(layout, kind, check_number, code_of)
    b.trees = {} if verdicts else None
    register = layout.registers[kind]
    present = b.slot(b.root())
    if register is None:
        b.emit(operations.Clear(present, operations.SUBJECTS))
    else:
        b.emit(operations.MarkPresent(present, b.winner(b.root(), register)))
    entries = [_policy(b, number, policy, in_force, present, verdicts) for number, (policy, in_force) in enumerate(policies)]
    return _finish(b, entries)


def _policy(b: Builder, number: int, policy: Policy, in_force: bool, present: int, verdicts: bool) -> CompiledPolicy:
    entry = CompiledPolicy(policy, in_force)
    b.used_constants, b.used_covers, b.used_sites = entry.constants, entry.covers, entry.sites
    burden = policy.direction == "burden"
    assume = 2 if burden else 1
    root = condition(b, policy.criteria, b.root(), policy, assume)
    asked = root if burden or verdicts else condition(b, policy.criteria, b.root(), policy, 0)
    place = b.placement(b.root())
    inside = lookup(b, policy.scope, place, b.root()) >> 1 if place is not None else None
    if (register := b.layout.registers[b.kind]) is not None:
        b.winner(b.root(), register)
    scope = _scope(b, policy.scope, present, inside)
    if verdicts:
        b.emit(operations.WriteVerdict(number, root, scope[1]))
        return entry
    b.emit(operations.WriteStatus(number, root, asked, scope[0], int(burden), int(in_force)))
    entry.leaves[scope[0]] = None
    _nodes(b, policy.criteria, policy, entry, assume, -1, 0)
    for ref in policy.discloses:
        lane = b.layout.feeds[ref.feed].lanes.get(ref.field)
        identity = b.layout.feeds[ref.feed].identity
        at = b.root()
        for name in ref.links:
            at = b.link(at, name, b.root())
        where, wide = lane if lane is not None else (identity, True)
        entry.disclosed.append(b.column(at, ref.feed, where, wide, b.winner(at, ref.feed)))
    return entry


def _scope(b: Builder, scope: str, present: int, inside: int | None) -> tuple[int, int]:
    """Slots of the subjects that may be listed, and of those with a verdict."""
    key = ("scope", scope)
    if key not in b.pairs:
        listed, judged = b.slot(b.root()), b.slot(b.root())
        if inside is None:
            b.emit(operations.Clear(listed, operations.SUBJECTS))
            b.emit(operations.Intersect(judged, operations.SUBJECTS, present, present))
        else:
            b.emit(operations.Intersect(listed, operations.SUBJECTS, present, inside))
            b.emit(operations.Without(judged, operations.SUBJECTS, present, 2 * inside))
        b.pairs[key] = (listed, judged)
    return b.pairs[key]


def _nodes(b: Builder, node: Node, policy: Policy, entry: CompiledPolicy, assume: int, parent: int, negated: int) -> None:
    """The policy's tree as nested conjunctions with negated edges, parents first."""
    me = len(entry.nodes)
    match node:
        case All():
            entry.nodes.append((-1, -1, parent, negated, -1, []))
            below = [(child, 0, 0) for child in node.children]
        case AnyOf():
            entry.nodes.append((-1, -1, parent, negated ^ 1, -1, []))
            below = [(child, 1, 0) for child in node.children]
        case NoneOf():
            entry.nodes.append((-1, -1, parent, negated, -1, []))
            below = [(child, 1, 1) for child in node.children]
        case Unless():
            entry.nodes.append((-1, -1, parent, negated, -1, []))
            below = [(node.rule, 0, 0), (node.unless, 1, 1)]
        case _:
            entry.nodes.append(_leaf_node(b, node, policy, entry, assume, parent, negated))
            return
    for child, edge, flips in below:
        _nodes(b, child, policy, entry, (0, 2, 1)[assume] if flips else assume, me, edge)


def _leaf_node(
    b: Builder, node: Node, policy: Policy, entry: CompiledPolicy, assume: int, parent: int, negated: int
) -> tuple[int, int, int, int, int, list[tuple[int, int]]]:
    ref = condition(b, node, b.root(), policy, assume)
    asked = condition(b, node, b.root(), policy, 0)
    entry.leaves |= dict.fromkeys((ref >> 1, asked >> 1))
    check = -1
    reasons: list[tuple[int, int]] = []
    if isinstance(node, Check):
        if policy.direction == "benefit":
            check = entry.check(node.meta.id)
    elif policy.direction == "benefit":
        for feed, slot in leaf_reasons(b, node, policy).items():  # type: ignore[arg-type]  # not a composite: a leaf
            reasons.append((entry.pair(node.meta.id, feed), slot))
            entry.leaves[slot] = None
    return ref >> 1, asked >> 1, parent, negated ^ (ref & 1), check, reasons


def _finish(b: Builder, entries: list[CompiledPolicy]) -> Program:
    permanent = {slot for entry in entries for slot in entry.leaves}
    place, places = _physical(b, permanent)
    ops = np.array([row_of(op) for op in b.ops], np.int32).reshape(len(b.ops), WIDTH)
    node_off, leaf, asked, parent, negated, check, reason_off, pair, slot = [0], [], [], [], [], [], [0], [], []  # type: ignore[var-annotated]  # lists of int
    for entry in entries:
        base = len(leaf)
        for node in entry.nodes:
            leaf.append(node[0])
            asked.append(node[1])
            parent.append(node[2] + base if node[2] >= 0 else -1)
            negated.append(node[3])
            check.append(node[4])
            pair.extend(p for p, _ in node[5])
            slot.extend(s for _, s in node[5])
            reason_off.append(len(pair))
        node_off.append(len(leaf))
    packed = tuple(np.array(column, np.int32) for column in (node_off, leaf, asked, parent, negated, check, reason_off, pair, slot))
    longest = max((max(len(e.pairs), len(e.checks)) for e in entries), default=1)
    in_root = np.array([int(space == 0) for space in b.spaces], np.int32)
    leaf_off, leaf_slots = _offsets([list(entry.leaves) for entry in entries])
    disclosed_places = {column: at for at, column in enumerate(dict.fromkeys(column for entry in entries for column in entry.disclosed))}
    disclosed_off, disclosed = _offsets([[disclosed_places[column] for column in entry.disclosed] for entry in entries])
    return Program(
        b.kind, entries, ops, np.array(b.references or [0], np.int32), b.tests, b.fixed, b.constants, b.withins, b.covers,
        sorted(set(b.timed)),
        len(b.domains), max(1, b.columns), max(1, b.winners), place, places, in_root, b.rules, b.cover_sites,
        leaf_off, leaf_slots, np.array(list(disclosed_places), np.int32), disclosed_off, disclosed, packed, max(1, -(-longest // 64)),
    )  # fmt: skip


def _offsets(lists: Sequence[Sequence[int]]) -> tuple[Int32, Int32]:
    offsets = np.cumsum([0, *(len(numbers) for numbers in lists)]).astype(np.int32)
    return offsets, np.array([x for numbers in lists for x in numbers], np.int32)


def _physical(b: Builder, permanent: set[int]) -> tuple[Int32, int]:
    """The place of each slot's planes, as a number within its space; conjunctions over the subjects share places after their last use."""
    temporary = {op.slot for op in b.ops if isinstance(op, operations.Conjoin) and op.domain == operations.SUBJECTS} - permanent
    reads = [_conjunctions_read(op, b.references) & temporary for op in b.ops]
    last = {slot: at for at, slots in enumerate(reads) for slot in slots}
    place = np.zeros(len(b.spaces), np.int32)
    used = 0
    for slot in range(len(b.spaces)):
        if slot not in temporary:
            place[slot] = used
            used += 1
    free: list[int] = []
    for at, op in enumerate(b.ops):
        ended = {slot for slot in reads[at] if last[slot] == at}
        if isinstance(op, operations.Conjoin) and op.slot in temporary:
            if not free:
                free.append(used)
                used += 1
            place[op.slot] = free.pop()
            if op.slot not in last:
                ended.add(op.slot)
        free.extend(int(place[slot]) for slot in sorted(ended))
    return place, used


def _conjunctions_read(operation: Operation, references: list[int]) -> set[int]:
    """The slots that an operation reads, where conjunctions over the subjects may be among them."""
    match operation:
        case operations.Conjoin():
            return {reference >> 1 for reference in references[operation.first : operation.first + operation.number]}
        case operations.MarkUnknown():
            return {operation.source}
        case operations.WriteStatus():
            return {operation.root >> 1, operation.asked >> 1}
        case operations.WriteVerdict():
            return {operation.root >> 1}
        case _:
            return set()
