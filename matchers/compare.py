"""Lists: who is on one now, and what differs between two evaluations.

The one idea: a list is never stored; it is what the state says, and a change is the difference of two such answers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from matchers import kernels as k
from matchers.batch import Int32, UInt8, UInt64
from matchers.binding import SCAN, Frame, Runner
from matchers.changes import Changes, Open, Part, Was, picked
from matchers.compile import compile_policies
from matchers.layout import KINDS
from matchers.program import Entry
from matchers.shard import Shard, in_force
from matchers.store import Store
from policies.tree import All, Compare, Node, Policy, Quantifier, Sum, Unless, children


def reasons_of(runner: Runner, frame: Frame, policy: Int32, row: Int32) -> tuple[UInt8, UInt64, UInt64]:
    """Statuses, missing and open-check bit sets of (policy, row) pairs."""
    program = runner.program
    n = len(policy)
    status = np.empty(n, np.uint8)
    missing, checklist = (np.empty((n, program.mask_words), np.uint64) for _ in range(2))
    k.reasons(n, policy, row, frame.low, frame.high, frame.bits, frame.off, frame.stride, *program.nodes, status, missing, checklist)
    return status, missing, checklist


def compare(runner: Runner, before: Frame, after: Frame, roots: Int32, store: Store) -> Part:
    """What differs between two frames over the same subjects: status, checklist, missing set, disclosed values."""
    program = runner.program
    room = 4096
    while True:
        policy, row = np.empty(room, np.int32), np.empty(room, np.int32)
        shown = np.empty(room, np.bool_)
        n = k.differences(
            len(program.entries), before.low, before.high, after.low, after.high, before.bits, after.bits,
            after.off, after.stride, len(roots),
            program.leaf_off, program.leaf_slots, program.disclosed_off, program.disclosed, before.cols, after.cols, policy, row, shown,
        )  # fmt: skip
        if n <= room:
            break
        room = n
    policy, row, shown = policy[:n], row[:n], shown[:n]
    was, was_missing, was_open = reasons_of(runner, before, policy, row)
    now, missing, still_open = reasons_of(runner, after, policy, row)
    differs = (was != now) | shown | (was_missing != missing).any(axis=1) | (was_open != still_open).any(axis=1)
    then = Was(program.entries, was_missing, was_open, shown)
    part = Part(program.entries, policy, store.tokens[program.kind][roots[row]], was, now, missing, still_open, then)
    return part if differs.all() else picked(part, differs)


@dataclass(slots=True)
class Candidates:
    """One policy's list: rows and tokens of its candidates, statuses and open questions; ``scanned`` subjects were evaluated."""

    entry: Entry
    row: Int32
    subject: UInt64
    status: UInt8
    missing: UInt64
    checklist: UInt64
    scanned: int


def scan(shard: Shard, policy: Policy, day: date, progress: Callable[[int, int], None] | None = None) -> Candidates:
    """Evaluate a policy, active or not, over every subject of its kind.

    Conditions that need no member's or record's detail are asked first; only whom they leave goes through the rest.
    """
    kind = KINDS.index(policy.subject)
    store = shard.store
    runner = Runner(compile_policies(store.layout, kind, [(policy, in_force(policy, day))], shard.check_number, shard.code_of), SCAN)
    rows = shard.mine(kind, np.arange(store.sizes[kind], dtype=np.int32))
    if in_force(policy, day):
        rows = _screened(shard, policy, day, rows)
    else:
        rows = rows[:0]
    side = shard.side(runner, day)
    found: list[tuple[Int32, UInt8, UInt64, UInt64]] = []
    for start in range(0, len(rows), SCAN):
        part = rows[start : start + SCAN]
        frame = runner.run(0, part, store, side.binding, side.coverage, side.answers)
        on = np.flatnonzero(bits_of(frame.low[0] | frame.high[0], len(part))).astype(np.int32)
        if len(on):
            found.append((part[on], *reasons_of(runner, frame, np.zeros(len(on), np.int32), on)))
        if progress is not None:
            progress(min(start + SCAN, len(rows)), len(rows))
    words = runner.program.mask_words
    empty = (np.empty(0, np.int32), np.empty(0, np.uint8), np.empty((0, words), np.uint64), np.empty((0, words), np.uint64))
    row, status, missing, checklist = (np.concatenate(columns) for columns in zip(empty, *found, strict=True))
    return Candidates(runner.program.entries[0], row, store.tokens[kind][row], status, missing, checklist, store.sizes[kind])


def bits_of(words: UInt64, n: int) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    return np.unpackbits(words.view(np.uint8), bitorder="little")[:n]


def _must_hold(node: Node) -> list[Node]:
    """Conditions each of which alone makes the policy no where it is no."""
    match node:
        case All():
            return [one for child in node.children for one in _must_hold(child)]
        case Unless():
            return _must_hold(node.rule)
        case _:
            return [node]


def _cost(node: Node) -> int:
    """How far a condition reaches: 0 reads the subject's own fields, 1 a link or records, more for members."""
    if (below := children(node)) != ():
        return max(_cost(child) for child in below)
    match node:
        case Quantifier() | Sum():
            steps = [step.kind for step in node.path]
            nested = 1 + _cost(node.where) if node.where is not None else 1
            return nested + 4 * (steps.count("members") + steps.count("inverse")) + (4 if isinstance(node, Sum) else 0)
        case Compare():
            return len(node.ref.links)
        case _:
            return 0


def _screened(shard: Shard, policy: Policy, day: date, rows: Int32) -> Int32:
    """The rows that no cheap necessary condition rules out."""
    necessary = _must_hold(policy.criteria)
    cheap = [node for node in necessary if _cost(node) <= 3]
    if len(cheap) == len(necessary) or not cheap:
        return rows
    from dataclasses import replace

    screen = replace(policy, criteria=All(policy.criteria.meta, tuple(cheap)), discloses=())
    kind = KINDS.index(policy.subject)
    program = compile_policies(shard.store.layout, kind, [(screen, True)], shard.check_number, shard.code_of, verdicts=True)
    runner = Runner(program, SCAN)
    side = shard.side(runner, day)
    kept = []
    for start in range(0, len(rows), SCAN):
        part = rows[start : start + SCAN]
        frame = runner.run(0, part, shard.store, side.binding, side.coverage, side.answers)
        if frame.low[0].any():  # yes or unknown
            kept.append(part[bits_of(frame.low[0], len(part)) != 0])
    return np.concatenate(kept) if kept else rows[:0]


def judged(shard: Shard, policy: Policy, day: date, rows: Int32 | None = None) -> tuple[Int32, UInt8]:
    """Rows with a verdict, and the verdict: 1 yes, 2 no, 3 unknown."""
    kind = KINDS.index(policy.subject)
    asked = shard.mine(kind, np.arange(shard.store.sizes[kind], dtype=np.int32)) if rows is None else rows
    verdict = verdicts_of(shard, [policy], day, asked)[0]
    return asked[verdict > 0], verdict[verdict > 0]


def verdicts_of(shard: Shard, policies: Sequence[Policy], day: date, rows: Int32) -> UInt8:
    """Verdicts of policies about one kind, uint8[policies, rows]: 0 none, 1 yes, 2 no, 3 unknown."""
    kind, store = KINDS.index(policies[0].subject), shard.store
    program = compile_policies(store.layout, kind, [(one, True) for one in policies], shard.check_number, shard.code_of, verdicts=True)
    runner = Runner(program, SCAN)
    side = shard.side(runner, day)
    verdict = np.zeros((len(policies), len(rows)), np.uint8)
    for start in range(0, len(rows), SCAN):
        part = rows[start : start + SCAN]
        frame = runner.run(0, part, store, side.binding, side.coverage, side.answers)
        for number in range(len(policies)):
            low, high = bits_of(frame.low[number], len(part)), bits_of(frame.high[number], len(part))
            verdict[number, start : start + SCAN] = low + 2 * high  # 1 yes = low alone, 2 no = high alone, 3 unknown = both
    return verdict


def net(before: Candidates | None, after: Candidates | None) -> Changes:
    """Entered, left and changed between two lists of one policy (two versions, or two days)."""
    out = Changes()
    old = {} if before is None else {int(token): i for i, token in enumerate(before.subject.tolist())}
    if after is not None:
        stood = np.full(len(after.subject), -1, np.int64)  # her place in the list before
        keep = np.ones(len(after.subject), np.bool_)
        if before is not None:
            for i, token in enumerate(after.subject.tolist()):
                j = old.pop(token, None)
                if j is not None:
                    stood[i] = j
                    keep[i] = before.status[j] != after.status[i] or _open(before, j) != _open(after, i)
        zero = np.zeros(len(stood), np.int32)
        was = np.zeros(len(stood), np.uint8)
        then = _stood(before or after, stood)
        if before is not None:
            was[stood >= 0] = before.status[stood[stood >= 0]]
        part = Part([after.entry], zero, after.subject, was, after.status, after.missing, after.checklist, then)
        out.add(part if keep.all() else picked(part, keep))
    if before is not None and old:
        gone = np.array(sorted(old.values()), np.int64)
        none = np.zeros((len(gone), before.missing.shape[1]), np.uint64)
        zero, off = np.zeros(len(gone), np.int32), np.zeros(len(gone), np.uint8)
        then = _stood(before, gone)
        out.add(Part([before.entry], zero, before.subject[gone], before.status[gone], off, none, none, then))
    return out


def _stood(before: Candidates, place: npt.NDArray[np.int64]) -> Was:
    """What was open of those at these places of a list; nothing of those at -1."""
    there = place >= 0
    missing, checklist = (np.zeros((len(place), before.missing.shape[1]), np.uint64) for _ in range(2))
    missing[there], checklist[there] = before.missing[place[there]], before.checklist[place[there]]
    return Was([before.entry], missing, checklist, np.zeros(len(place), np.bool_))


def _open(found: Candidates, i: int) -> Open:
    """What is missing and which checks are open, in words: bit positions differ between versions."""
    return found.entry.open(found.missing[i], found.checklist[i])
