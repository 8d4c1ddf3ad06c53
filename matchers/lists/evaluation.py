"""Judges everybody: many policies about one kind of subject in one pass over all subjects of that kind.

The policies are one program, so a condition that many of them share is evaluated once for a block of subjects, 64 in a word. Where the
rules allow it, a *screen* runs first: a cheaper program of necessary conditions. Only subjects that pass the screen of some policy run
through the full program. ``matchers.lists.verdicts`` and ``matchers.core`` call it for lists, counts, publications, and for days and
coverage that change much.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import numpy.typing as npt

from matchers.kernel.batch import Int32, UInt8
from matchers.kernel.changes import Changes
from matchers.kernel.kernels.indexes import group_rows
from matchers.kernel.kernels.listing import add_verdicts, append_runs, list_chunk
from matchers.kernel.layout import KINDS
from matchers.lists.compare import Candidates, Questions, bits_of, compare, reasons_of
from matchers.matrix.coverage import CoverageTables
from matchers.program.binding import SCAN, Frame, Runner
from matchers.program.compile import compile_policies
from matchers.program.program import Program
from matchers.program.state import MatcherState, in_force
from policies.language.tree import All, Compare, Node, Policy, Quantifier, Sum, Unless, children


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """A day, and the coverage then in effect."""

    day: date
    coverage: CoverageTables


class Sweep:
    """Policies about one kind, to judge every subject.

    Args:
        program: the same policies compiled, where that exists already; else each is compiled as if it were in force.
    """

    def __init__(self, state: MatcherState, policies: Sequence[Policy], program: Program | None = None, *, verdicts: bool = False) -> None:
        self.state, self.policies, self.verdicts = state, policies, verdicts
        self.kind = KINDS.index(policies[0].subject)
        self.scanned = 0  # subjects of the last pass
        self.runner = Runner(program or _program_of(state, policies, verdicts=verdicts), SCAN)
        screens = [] if verdicts else [_screen(policy) for policy in policies]
        self.screen = None
        if screens and all(screens) and any(screen is not policy for screen, policy in zip(screens, policies, strict=True)):
            self.screen = Runner(_program_of(state, [screen for screen in screens if screen], verdicts=True), SCAN)

    def blocks(self, moments: Sequence[Moment]) -> Iterator[tuple[Int32, list[Frame]]]:
        """The subjects that may be listed at any of the moments, block by block, with a frame for each moment.

        Subjects that cannot be listed at a moment are not evaluated there; its frame has them as not listed.
        """
        store, everyone = self.state.store, self._everyone()
        left = np.zeros(len(everyone), np.uint8)  # a bit a moment
        for number, moment in enumerate(moments):
            left[self._may_be_listed(everyone, moment)] |= 1 << number
        sides = [self.state.side(self.runner, moment.day, moment.coverage) for moment in moments]
        asleep = [self._asleep(moment.day) for moment in moments]
        for at in range(1, 1 << len(moments)):
            rows = everyone[left == at]
            for start in range(0, len(rows), SCAN):
                part = rows[start : start + SCAN]
                frames = []
                for number, (side, none) in enumerate(zip(sides, asleep, strict=True)):
                    if at >> number & 1:
                        frame = self.runner.run(number, part, store, side.binding, side.coverage, side.answers)
                        frame.low[none], frame.high[none] = 0, 0
                    else:
                        frame = self.runner.frame(number)
                        frame.low[:], frame.high[:] = 0, 0
                    frames.append(frame)
                yield part, frames

    def _everyone(self) -> Int32:
        rows = self.state.mine(self.kind, np.arange(self.state.store.sizes[self.kind], dtype=np.int32))
        self.scanned = len(rows)
        return rows

    def _asleep(self, day: date) -> npt.NDArray[np.int64]:
        """Numbers of the policies that list nobody on a day."""
        return np.flatnonzero([not self.verdicts and not in_force(policy, day) for policy in self.policies])

    def _may_be_listed(self, rows: Int32, moment: Moment) -> npt.NDArray[np.bool_]:
        """Which of these may be listed at a moment, by the screen; all of them where more than half pass it."""
        if len(self._asleep(moment.day)) == len(self.policies):
            return np.zeros(len(rows), np.bool_)
        sample = rows[:: max(1, len(rows) // SCAN)][:SCAN]
        if self.screen is None or 2 * np.count_nonzero(self._passes_screen(sample, moment)) > len(sample):
            return np.ones(len(rows), np.bool_)
        return np.concatenate(
            [rows[:0] != 0, *(self._passes_screen(rows[start : start + SCAN], moment) for start in range(0, len(rows), SCAN))]
        )

    def _passes_screen(self, part: Int32, moment: Moment) -> npt.NDArray[np.bool_]:
        """Which of these pass the screen of some policy."""
        assert self.screen is not None
        side = self.state.side(self.screen, moment.day, moment.coverage)
        frame = self.screen.run(0, part, self.state.store, side.binding, side.coverage, side.answers)
        maybe = np.bitwise_or.reduce(frame.low[:, : -(-len(part) // 64)], axis=0)  # yes or unknown
        left: npt.NDArray[np.bool_] = bits_of(maybe, len(part)) != 0
        return left


def changes_between(sweep: Sweep, before: Moment, after: Moment) -> Changes:
    """The changes of a sweep's lists between two moments."""
    out = Changes()
    for part, (frame_before, frame_after) in sweep.blocks((before, after)):
        out.add(compare(sweep.runner, frame_before, frame_after, part, sweep.state.store))
    return out


def lists(state: MatcherState, policies: Sequence[Policy], day: date) -> list[Candidates]:
    """The lists of policies on a day, active or not, in their order."""
    by_place: dict[int, Candidates] = {}
    for word in KINDS:
        places = [place for place, policy in enumerate(policies) if policy.subject is word]
        if places:
            sweep = Sweep(state, [policies[place] for place in places])
            by_place |= zip(places, lists_of(sweep, Moment(day, state.coverage())), strict=True)
    return [by_place[place] for place in range(len(policies))]


def lists_of(sweep: Sweep, moment: Moment) -> list[Candidates]:
    """The lists of a sweep's policies."""
    entries, program = sweep.runner.program.entries, sweep.runner.program
    blocks: list[tuple[Int32, Int32, UInt8, Int32]] = []
    none = np.zeros((1, program.mask_words), np.uint64)
    missing, checklist, question_count = [none], [none], 1
    for part, (frame,) in sweep.blocks((moment,)):
        counts, row, status = _block_lists(frame, len(entries), len(part))
        open = np.zeros(len(row), np.int32)
        asking = np.flatnonzero(status >= 2)
        if len(asking):
            policy = np.repeat(np.arange(len(entries), dtype=np.int32), counts)[asking]
            _, *masks = reasons_of(sweep.runner, frame, policy, row[asking])
            group, first = group_rows(np.hstack(masks))
            open[asking] = group + question_count
            question_count += len(first)
            missing.append(masks[0][first])
            checklist.append(masks[1][first])
        blocks.append((counts, part[row], status, open))
    questions = Questions(np.concatenate(missing), np.concatenate(checklist))
    total = sum((counts for counts, *_ in blocks), np.zeros(len(entries), np.int32)).astype(np.int64)
    ends = np.cumsum(total)
    rows, statuses, opens = np.empty(ends[-1], np.int32), np.empty(ends[-1], np.uint8), np.empty(ends[-1], np.int32)
    for place, column in enumerate((rows, statuses, opens), 1):
        at = ends - total
        for block in blocks:
            append_runs(block[0], at, block[place], column)
    tokens, spans = sweep.state.store.tokens[sweep.kind], map(slice, (ends - total).tolist(), ends.tolist())
    return [
        Candidates(entry, tokens, rows[span], statuses[span], opens[span], questions, sweep.scanned)
        for entry, span in zip(entries, spans, strict=True)
    ]


def _block_lists(frame: Frame, policies: int, n: int) -> tuple[Int32, Int32, UInt8]:
    """How many subjects each policy lists in a block; their places in it and statuses, policy by policy."""
    counts, room = np.empty(policies, np.int32), 4096
    while True:
        row, status = np.empty(room, np.int32), np.empty(room, np.uint8)
        count = list_chunk(frame.low, frame.high, n, counts, row, status)
        if count <= room:
            return counts, row[:count], status[:count]
        room = count


def verdict_counts(sweep: Sweep, moment: Moment, place: Int32, places: int) -> npt.NDArray[np.int64]:
    """Counts of verdicts of a sweep for verdicts, int64[policies, places, 3] (yes, no, unknown).

    Args:
        place: int32[subjects of the kind], where each is counted.
    """
    out = np.zeros((len(sweep.policies), places, 3), np.int64)
    for part, (frame,) in sweep.blocks((moment,)):
        add_verdicts(frame.low, frame.high, len(part), place[part], out)
    return out


def scan(state: MatcherState, policy: Policy, day: date) -> Candidates:
    """The list of one policy, active or not."""
    return lists(state, [policy], day)[0]


def _program_of(state: MatcherState, policies: Sequence[Policy], *, verdicts: bool) -> Program:
    kind, entries = KINDS.index(policies[0].subject), [(policy, True) for policy in policies]
    return compile_policies(state.store.layout, kind, entries, state.check_number, state.code_of, verdicts=verdicts)


def _screen(policy: Policy) -> Policy | None:
    """The policy with only its cheap necessary conditions: the policy itself where all are cheap; None where none is."""
    necessary = _must_hold(policy.criteria)
    cheap = tuple(node for node in necessary if _cost(node) <= 3)
    if len(cheap) == len(necessary):
        return policy
    return replace(policy, criteria=All(policy.criteria.meta, cheap), discloses=()) if cheap else None


def _must_hold(node: Node) -> list[Node]:
    """The necessary conditions: where one of them is false, the policy is no."""
    match node:
        case All():
            return [condition for child in node.children for condition in _must_hold(child)]
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
            inner_cost = 1 + _cost(node.where) if node.where is not None else 1
            return inner_cost + 4 * (steps.count("members") + steps.count("inverse")) + (4 if isinstance(node, Sum) else 0)
        case Compare():
            return len(node.ref.links)
        case _:
            return 0
