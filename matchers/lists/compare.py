"""Lists: who is on one now, and what differs between two evaluations.

The computed list is never stored: it is evaluated from the state, and a change of it is the difference between two evaluations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from matchers.kernel.batch import Int32, UInt8, UInt64
from matchers.kernel.changes import Changes, ChunkChanges, Open, OpenBefore, changes_where
from matchers.kernel.kernels.listing import find_differences, read_reasons
from matchers.kernel.layout import KINDS
from matchers.matrix.store import Store
from matchers.program.binding import SCAN, Frame, Runner
from matchers.program.compile import compile_policies
from matchers.program.program import CompiledPolicy
from matchers.program.state import MatcherState
from policies.language.tree import Policy


def reasons_of(runner: Runner, frame: Frame, policy: Int32, row: Int32) -> tuple[UInt8, UInt64, UInt64]:
    """Statuses, and bit sets of missing pairs and open checks, of (policy, row) pairs."""
    program = runner.program
    n = len(policy)
    status = np.empty(n, np.uint8)
    missing, checklist = (np.empty((n, program.mask_words), np.uint64) for _ in range(2))
    read_reasons(n, policy, row, frame.low, frame.high, frame.bits, runner.off, runner.stride, *program.nodes, status, missing, checklist)
    return status, missing, checklist


def compare(runner: Runner, before: Frame, after: Frame, roots: Int32, store: Store) -> ChunkChanges:
    """The changes between two frames over the same subjects: of status, checklist, missing pairs, disclosed values."""
    program = runner.program
    room = 4096
    while True:
        policy, row = np.empty(room, np.int32), np.empty(room, np.int32)
        disclosed_differs = np.empty(room, np.bool_)
        n = find_differences(
            len(program.entries), before.low, before.high, after.low, after.high, before.bits, after.bits,
            runner.off, runner.stride, len(roots),
            program.leaf_off, program.leaf_slots, program.disclosed_off, program.disclosed,
            before.disclosed_values, after.disclosed_values, policy, row, disclosed_differs,
        )  # fmt: skip
        if n <= room:
            break
        room = n
    policy, row, disclosed_differs = policy[:n], row[:n], disclosed_differs[:n]
    was, was_missing, was_open = reasons_of(runner, before, policy, row)
    now, missing, still_open = reasons_of(runner, after, policy, row)
    differs = (was != now) | disclosed_differs | (was_missing != missing).any(axis=1) | (was_open != still_open).any(axis=1)
    then = OpenBefore(program.entries, was_missing, was_open, disclosed_differs)
    part = ChunkChanges(program.entries, policy, store.tokens[program.kind][roots[row]], was, now, missing, still_open, then)
    return part if differs.all() else changes_where(part, differs)


@dataclass(frozen=True, slots=True, eq=False)
class Questions:
    """What is open for subjects on lists, each combination once: bit sets over a policy's pairs and checks, uint64[n, words]."""

    missing: UInt64
    checklist: UInt64


@dataclass(slots=True)
class Candidates:
    """One policy's list: rows of its candidates, statuses, and places in ``questions`` of what is open.

    Args:
        tokens: of all subjects of the kind, by row.
        scanned: how many subjects were judged.
    """

    entry: CompiledPolicy
    tokens: UInt64
    row: Int32
    status: UInt8
    open: Int32
    questions: Questions
    scanned: int

    @property
    def subject(self) -> UInt64:
        """Tokens of the candidates."""
        return self.tokens[self.row]

    @property
    def missing(self) -> UInt64:
        """Missing pairs, uint64[n, words]."""
        return self.questions.missing[self.open]

    @property
    def checklist(self) -> UInt64:
        """Open checks, uint64[n, words]."""
        return self.questions.checklist[self.open]

    def words(self, i: int) -> Open:
        """What is open for one candidate, in words, for bit positions differ between versions."""
        place = self.open[i]
        return self.entry.open(self.questions.missing[place], self.questions.checklist[place])


def bits_of(words: UInt64, n: int) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    return np.unpackbits(words.view(np.uint8), bitorder="little")[:n]


def rows_with_verdict(state: MatcherState, policy: Policy, day: date, rows: Int32 | None = None) -> tuple[Int32, UInt8]:
    """Rows with a verdict, and the verdict: 1 yes, 2 no, 3 unknown."""
    kind = KINDS.index(policy.subject)
    subjects = state.mine(kind, np.arange(state.store.sizes[kind], dtype=np.int32)) if rows is None else rows
    verdict = verdicts_of(state, [policy], day, subjects)[0]
    return subjects[verdict > 0], verdict[verdict > 0]


def verdict_runner(state: MatcherState, policies: Sequence[Policy]) -> Runner:
    """A runner for the verdicts of policies about one kind."""
    kind = KINDS.index(policies[0].subject)
    program = compile_policies(
        state.store.layout, kind, [(policy, True) for policy in policies], state.check_number, state.code_of, verdicts=True
    )
    return Runner(program, SCAN)


def verdicts_of(state: MatcherState, policies: Sequence[Policy], day: date, rows: Int32) -> UInt8:
    """Verdicts of policies about one kind, uint8[policies, rows]: 0 none, 1 yes, 2 no, 3 unknown."""
    return run_verdicts(state, verdict_runner(state, policies), day, rows)


def run_verdicts(state: MatcherState, runner: Runner, day: date, rows: Int32) -> UInt8:
    """Verdicts of the policies of a runner, as ``verdicts_of`` gives them."""
    store, count = state.store, len(runner.program.entries)
    side = state.side(runner, day)
    verdict = np.zeros((count, len(rows)), np.uint8)
    for start in range(0, len(rows), SCAN):
        part = rows[start : start + SCAN]
        frame = runner.run(0, part, store, side.binding, side.coverage, side.answers)
        for number in range(count):
            low, high = bits_of(frame.low[number], len(part)), bits_of(frame.high[number], len(part))
            verdict[number, start : start + SCAN] = low + 2 * high  # 1 yes = low alone, 2 no = high alone, 3 unknown = both
    return verdict


def net(before: Candidates | None, after: Candidates | None) -> Changes:
    """The changes between two lists of one policy (two versions, or two days)."""
    out = Changes()
    old = {} if before is None else {int(token): i for i, token in enumerate(before.subject.tolist())}
    if after is not None:
        place_before = np.full(len(after.row), -1, np.int64)  # place in the list before, -1 none
        keep = np.ones(len(after.row), np.bool_)
        if before is not None:
            for i, token in enumerate(after.subject.tolist()):
                j = old.pop(token, None)
                if j is not None:
                    place_before[i] = j
                    keep[i] = before.status[j] != after.status[i] or before.words(j) != after.words(i)
        zero = np.zeros(len(place_before), np.int32)
        was = np.zeros(len(place_before), np.uint8)
        then = _open_at(before or after, place_before)
        if before is not None:
            was[place_before >= 0] = before.status[place_before[place_before >= 0]]
        part = ChunkChanges([after.entry], zero, after.subject, was, after.status, after.missing, after.checklist, then)
        out.add(part if keep.all() else changes_where(part, keep))
    if before is not None and old:
        left_places = np.array(sorted(old.values()), np.int64)
        none = np.zeros((len(left_places), before.questions.missing.shape[1]), np.uint64)
        zero, off = np.zeros(len(left_places), np.int32), np.zeros(len(left_places), np.uint8)
        then = _open_at(before, left_places)
        out.add(ChunkChanges([before.entry], zero, before.subject[left_places], before.status[left_places], off, none, none, then))
    return out


def _open_at(before: Candidates, place: npt.NDArray[np.int64]) -> OpenBefore:
    """What was open for the candidates at these places of a list; nothing at -1."""
    there = place >= 0
    missing, checklist = (np.zeros((len(place), before.questions.missing.shape[1]), np.uint64) for _ in range(2))
    missing[there], checklist[there] = before.missing[place[there]], before.checklist[place[there]]
    return OpenBefore([before.entry], missing, checklist, np.zeros(len(place), np.bool_))
