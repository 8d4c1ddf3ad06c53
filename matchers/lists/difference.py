"""Two versions of a policy over the same records on one day: whom each lists, who moves, and which criterion decides.

Both versions judge everybody as if they were in force. Only subjects with different results are read leaf by leaf, and equal reasons are
stored once. The state does not change. Used by ``services.policies.comparison``. Source: docs/en/semantics.md section 12.6.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from matchers.kernel.batch import Int32, Int64, UInt8, UInt64
from matchers.kernel.changes import STATUSES
from matchers.kernel.layout import KINDS
from matchers.lists.compare import verdicts_of
from matchers.lists.criteria import CriteriaReader, CriteriaReadings, patterns
from matchers.lists.evaluation import scan
from matchers.lists.verdicts import divisions_of
from matchers.program.state import MatcherState
from policies.language.tree import Check, Policy
from policies.values import Kind

MOVES = ("entered", "left", "changed", "unknown")
"""How a subject moves: onto the list, off it, to another status on it; or, on neither list, from a known verdict to an unknown one."""
_ENTERED, _LEFT, _CHANGED, _UNKNOWN = range(4)
SCOPE = None
"""In the place of a criterion: the placement of the subject decides, or that it is not registered."""

Why: TypeAlias = tuple[int, tuple[str | None, ...]]
"""The version that decides (0 old, 1 new), and the criteria by which it does."""


class OtherKind(ValueError):
    """The two versions are about different kinds of subject."""

    def __init__(self, old: Kind, new: Kind) -> None:
        super().__init__(f"{old} and {new}")
        self.old, self.new = old, new


@dataclass(frozen=True, slots=True)
class Mover:
    """A subject that moves; verdicts are yes, no, unknown or None."""

    subject: int
    move: str
    before: str | None
    after: str | None
    verdict_before: str | None
    verdict_after: str | None
    division: str | None
    version: int
    criteria: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Decider:
    """A criterion of one version (0 old, 1 new), and how many move because of it; for ``alone`` of these it is the only reason."""

    move: str
    version: int
    criterion: str | None
    people: int
    alone: int


@dataclass(frozen=True, slots=True, eq=False)
class Difference:
    """The difference between two versions for everybody; n subjects move.

    Args:
        verdicts: int64[4, 4], subjects by verdict under the old and the new version, by place in ``verdicts.WORDS``.
        statuses: the same by status, by place in ``changes.STATUSES``.
        subject: uint64[n], tokens.
        move: uint8[n], places in ``MOVES``.
        before, after: uint8[n], places in ``changes.STATUSES``.
        verdict_before, verdict_after: uint8[n], places in ``verdicts.WORDS``.
        division: where each is placed.
        whys: the distinct reasons.
        why: int32[n], places in ``whys``.
    """

    old: Policy
    new: Policy
    day: date
    verdicts: Int64
    statuses: Int64
    subject: UInt64
    move: UInt8
    before: UInt8
    after: UInt8
    verdict_before: UInt8
    verdict_after: UInt8
    division: list[str | None]
    whys: list[Why]
    why: Int32

    def count(self, move: str) -> int:
        """How many subjects move in this way."""
        return int(np.count_nonzero(self.move == MOVES.index(move)))

    @property
    def turned_unknown(self) -> int:
        """How many subjects turn from a known verdict to an unknown one, on a list or not."""
        return int(self.verdicts[1:3, 3].sum())

    def movers(self) -> Iterator[Mover]:
        """The subjects that move, by token."""
        from matchers.lists.verdicts import WORDS

        for at in np.argsort(self.subject, kind="stable").tolist():
            version, criteria = self.whys[int(self.why[at])]
            yield Mover(
                int(self.subject[at]), MOVES[int(self.move[at])], STATUSES[int(self.before[at])], STATUSES[int(self.after[at])],
                WORDS[int(self.verdict_before[at])], WORDS[int(self.verdict_after[at])], self.division[at], version, criteria,
            )  # fmt: skip

    def deciders(self) -> list[Decider]:
        """The criteria that decide, by move; first those that move most people."""
        people: dict[tuple[int, int, str | None], list[int]] = {}
        both = self.move.astype(np.int64) * max(1, len(self.whys)) + self.why
        for key, count in zip(*(part.tolist() for part in np.unique(both, return_counts=True)), strict=True):
            move, why = divmod(key, max(1, len(self.whys)))
            version, criteria = self.whys[why]
            for criterion in criteria:
                tally = people.setdefault((move, version, criterion), [0, 0])
                tally[0] += count
                tally[1] += count * (len(criteria) == 1)
        order = sorted(people.items(), key=lambda item: (item[0][0], -item[1][0], item[0][1], item[0][2] or ""))
        return [Decider(MOVES[move], version, criterion, *counts) for (move, version, criterion), counts in order]

    def streets(self) -> dict[str | None, dict[str, int]]:
        """How many move, by division and move."""
        out: dict[str | None, dict[str, int]] = {}
        for place, move in zip(self.division, self.move.tolist(), strict=True):
            here = out.setdefault(place, dict.fromkeys(MOVES, 0))
            here[MOVES[move]] += 1
        return dict(sorted(out.items(), key=lambda item: item[0] or ""))


def as_if_in_force(policy: Policy) -> Policy:
    """The same rule, in force on every day."""
    return replace(policy, effective_from=date.min, effective_to=None)


def difference(state: MatcherState, old: Policy, new: Policy, day: date) -> Difference:
    """The difference between the old and the new version for everybody, on one day, both as if in force.

    Raises:
        OtherKind: the two are about different kinds of subject.
    """
    if old.subject is not new.subject:
        raise OtherKind(old.subject, new.subject)
    policies = (as_if_in_force(old), as_if_in_force(new))
    kind = KINDS.index(old.subject)
    everybody = state.mine(kind, np.arange(state.store.sizes[kind], dtype=np.int32))
    was, now = (_statuses(state, policy, day, everybody) for policy in policies)
    verdict_was, verdict_now = verdicts_of(state, policies, day, everybody)
    move = np.full(len(everybody), len(MOVES), np.uint8)
    move[(verdict_was != 0) & (verdict_was != 3) & (verdict_now == 3)] = _UNKNOWN
    move[was != now] = _CHANGED
    move[(was == 0) & (now != 0)] = _ENTERED
    move[(was != 0) & (now == 0)] = _LEFT
    at = np.flatnonzero(move < len(MOVES))
    rows = everybody[at]
    whys, why = _whys(state, policies, day, rows, move[at], (was[at], now[at]), (verdict_was[at], verdict_now[at]))
    return Difference(
        old, new, day, _matrix(verdict_was, verdict_now), _matrix(was, now), state.store.tokens[kind][rows], move[at], was[at], now[at],
        verdict_was[at], verdict_now[at], divisions_of(state, kind, day, rows), whys, why,
    )  # fmt: skip


def _statuses(state: MatcherState, policy: Policy, day: date, everybody: Int32) -> UInt8:
    candidates = scan(state, replace(policy, discloses=()), day)
    status = np.zeros(state.store.sizes[KINDS.index(policy.subject)], np.uint8)
    status[candidates.row] = candidates.status
    return status[everybody]


def _matrix(before: UInt8, after: UInt8) -> Int64:
    """How many subjects have each pair of two codes below four."""
    return np.bincount(before.astype(np.int64) * 4 + after, minlength=16).reshape(4, 4)


def _whys(
    state: MatcherState,
    policies: tuple[Policy, Policy],
    day: date,
    rows: Int32,
    move: UInt8,
    status: tuple[UInt8, UInt8],
    verdict: tuple[UInt8, UInt8],
) -> tuple[list[Why], Int32]:
    """For each of these subjects, the version that decides, and by which criteria.

    The old version kept a subject off that enters; the new one keeps a subject off that leaves. For the others that version decides
    under which something is open.
    """
    open_now = (verdict[1] == 3) | (status[1] == STATUSES.index("to_check"))
    by_new = (move == _LEFT) | (move == _UNKNOWN) | ((move == _CHANGED) & open_now)
    whys: dict[Why, int] = {}
    why = np.zeros(len(rows), np.int32)
    for version, places in enumerate((np.flatnonzero(~by_new), np.flatnonzero(by_new))):
        if not len(places):
            continue
        readings = CriteriaReader(state, policies[version]).read(rows[places], day)
        names = sorted({leaf.meta.id for leaf in readings.leaves})
        flags = _flags(readings, names, status[version][places], verdict[version][places], move[places] == _UNKNOWN)
        group, first = patterns(flags)
        group_whys = [(version, tuple(names[i] for i in np.flatnonzero(flags[:, column]).tolist()) or (SCOPE,)) for column in first]
        why[places] = np.array([whys.setdefault(group_why, len(whys)) for group_why in group_whys], np.int32)[group]
    return list(whys), why


def _flags(readings: CriteriaReadings, names: list[str], status: UInt8, verdict: UInt8, unlisted: npt.NDArray[np.bool_]) -> UInt8:
    """Which criteria decide, uint8[names, n]. None does where the placement decides: the subject has no verdict, or one that would list it
    inside the scope. For subjects on neither list (``unlisted``) the placement decides nothing."""
    flags = np.zeros((len(names), len(status)), np.uint8)
    is_to_check = status == STATUSES.index("to_check")
    lists = (verdict == 1) | ((verdict == 3) & (readings.entry.policy.direction == "benefit"))
    by_criteria = (verdict != 0) & ~(lists & (status == 0) & ~unlisted)
    for leaf, decides in zip(readings.leaves, readings.decides, strict=True):
        at = names.index(leaf.meta.id)
        flags[at] |= (decides & by_criteria & ~is_to_check).astype(np.uint8)
        if isinstance(leaf, Check) and leaf.meta.id in readings.entry.checks:
            number = readings.entry.checks.index(leaf.meta.id)
            still_open = (readings.checklist[:, number >> 6] >> np.uint64(number & 63)) & np.uint64(1)
            flags[at] |= (is_to_check & (still_open != 0)).astype(np.uint8)
    return flags
