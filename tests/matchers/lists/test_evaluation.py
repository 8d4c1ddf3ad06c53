"""Judging all policies in one pass gives the same as judging policy by policy, and both ways to apply a day or a statement give the same lines.

A day or a statement that reaches many subjects is applied either to the subjects it concerns or to everybody. The random schedules of
``test_incremental`` drive a matcher that does both. After every message, the lists and counts of all policies from one pass are compared with
programs of one policy each.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from matchers.core import Matcher
from matchers.kernel.changes import STATUSES, Changes, Open
from matchers.kernel.layout import KINDS
from matchers.lists import evaluation as anew
from matchers.lists.compare import verdicts_of
from matchers.lists.criteria import CriteriaReader
from matchers.matrix.coverage import Statement
from matchers.program import closure
from matchers.program.state import in_force
from policies.language.tree import Policy
from streams.language.causes import DayCause
from streams.language.messages import CandidateChange
from streams.lists.lines import Move, lines
from tests.matchers import test_incremental, test_sharded
from tests.matchers.counting import AddCounts, chunks, need
from tests.matchers.network import catalogue

CHUNKS, SCHEDULES, STEPS = 10, 6, 24
RUN = chunks(CHUNKS, (3, 5))
Candidate = tuple[int, int, Open]
"""Token, status, and what is open."""


def lines_of(changes: Changes, day: dt.date) -> list[CandidateChange]:
    """The lines of these changes."""
    return list(lines([Move(day, DayCause(day), changes.columns())], 0))


def one_by_one(matcher: Matcher, policy: Policy, day: dt.date) -> list[Candidate]:
    """A policy's list, by a program of its own over all subjects."""
    kind = KINDS.index(policy.subject)
    rows = matcher.mine(kind, np.arange(matcher.store.sizes[kind], dtype=np.int32))
    read = CriteriaReader(matcher, policy).read(rows, day)
    on = np.flatnonzero(read.status) if in_force(policy, day) else rows[:0]
    return [
        (int(matcher.store.tokens[kind][rows[i]]), int(read.status[i]), read.entry.open(read.missing[i], read.checklist[i]))
        for i in on.tolist()
    ]


def at_once(matcher: Matcher, policies: Sequence[Policy], day: dt.date) -> list[list[Candidate]]:
    """The lists of policies, from one pass."""
    return [
        list(zip(listing.subject.tolist(), listing.status.tolist(), map(listing.words, range(len(listing.row))), strict=True))
        for listing in anew.lists(matcher, policies, day)
    ]


class BothWaysMatcher(Matcher):
    """A matcher that does each day and each statement both ways."""

    went_through: Counter[str]

    def tick(self, day: dt.date) -> Changes:
        return self._both(lambda matcher: Matcher.tick(matcher, day), day)

    def cover(self, statements: Sequence[Statement]) -> Changes:
        return self._both(lambda matcher: Matcher.cover(matcher, statements), self.day)

    def _both(self, change: Callable[[Matcher], Changes], day: dt.date) -> Changes:
        arrays = {name: column.copy() for name, column in self.arrays().items()}
        other = Matcher.restore(catalogue(), arrays, self.meta(), self.policies, self.statements)
        wide_calls: list[int] = []

        def wide(touched: int, of: int, *, linked: bool = False) -> bool:
            wide_calls.extend([touched][: min(touched, 1)])
            return touched > 0

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(closure, "wide", wide)
            everybody = change(other)
            patch.setattr(closure, "wide", lambda touched, of, linked=False: False)
            changes = change(self)
        assert lines_of(everybody, day) == lines_of(changes, day)
        self.went_through["asked of everybody"] += len(wide_calls) > 0
        self.went_through["lines both ways"] += len(changes)
        return changes


class BothWaysSchedule(test_incremental.MessageSchedule):
    """Random messages, done both ways."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.matcher = BothWaysMatcher(catalogue(), self.day)
        self.matcher.went_through = self.counts

    def restore(self) -> list[Changes]:
        super().restore()
        former = self.matcher
        self.matcher = BothWaysMatcher.restore(catalogue(), former.arrays(), former.meta(), former.policies, former.statements)
        assert isinstance(self.matcher, BothWaysMatcher)
        self.matcher.went_through = self.counts
        return []

    def holds(self) -> None:
        super().holds()
        policies = list(self.policies.values())
        for day in (self.matcher.day, self.matcher.day + dt.timedelta(self.rng.choice([-400, 40, 4000]))):
            for policy, listing in zip(policies, at_once(self.matcher, policies, day), strict=True):
                expected = one_by_one(self.matcher, policy, day)
                assert sorted(listing) == sorted(expected), (policy.name, day)
                self.counts["listed anew"] += len(expected)
                self.counts["with something open"] += sum(STATUSES[status] != "eligible" for _, status, _ in expected)
        self.compare_counts(policies)

    def compare_counts(self, policies: list[Policy]) -> None:
        """Compares the counts of one pass with the verdicts of each policy."""
        for policy, counts in zip(policies, self.matcher.counts_of(policies), strict=True):
            kind = KINDS.index(policy.subject)
            rows = np.arange(self.matcher.store.sizes[kind], dtype=np.int32)
            verdict = verdicts_of(self.matcher, [policy], self.matcher.day, rows)[0]
            assert [counts.yes, counts.no, counts.unknown] == [int(np.count_nonzero(verdict == word)) for word in (1, 2, 3)]
            assert np.array(list(counts.by_division.values())).reshape(-1, 3).sum(axis=0).tolist() == [
                counts.yes,
                counts.no,
                counts.unknown,
            ]
            self.counts["counted"] += counts.yes + counts.no + counts.unknown


def run(seed: int) -> Counter[str]:
    """One schedule, checked after every message."""
    schedule = BothWaysSchedule(seed)
    schedule.step(schedule.publish)
    words = (
        [schedule.records, schedule.correct, schedule.answer] * 2
        + [schedule.cover, schedule.tick] * 5
        + [schedule.publish] * 2
        + [schedule.withdraw, schedule.replace, schedule.restore]
    )
    for message in [
        schedule.records,
        schedule.cover,
        schedule.publish,
        schedule.publish,
        schedule.records,
        *schedule.rng.choices(words, k=STEPS),
    ]:
        schedule.step(message)
    return schedule.counts


need(
    "anew", RUN, CHUNKS,
    {"asked of everybody": 80, "lines both ways": 60, "listed anew": 1_500, "with something open": 800, "counted": 3_000},
)  # fmt: skip


@pytest.mark.parametrize("chunk", RUN)
def test_one_pass_says_what_each_policy_says(chunk: int, add_counts: AddCounts, monkeypatch: pytest.MonkeyPatch) -> None:
    """After every message, lists and counts of one pass in blocks of 64 are those of each policy; both ways give the same lines."""
    monkeypatch.setattr(anew, "SCAN", 64)
    counts: Counter[str] = Counter()
    for seed in range(chunk * SCHEDULES, (chunk + 1) * SCHEDULES):
        try:
            counts += run(seed)
        except Exception as error:
            raise AssertionError(f"seed {seed}: {error}") from error
    add_counts("anew", counts)


class PartitionedEvaluationSchedule(test_sharded.PartitionedSchedule):
    """Random messages to shards whose lists together are those of one matcher."""

    def holds(self) -> None:
        super().holds()
        policies, day = list(self.policies.values()), self.matcher.day
        of_shards = [at_once(shard, policies, day) for shard in self.matcher.shards]
        for number, whole in enumerate(at_once(self.matcher, policies, day)):
            assert sorted(candidate for lists in of_shards for candidate in lists[number]) == sorted(whole)


@pytest.mark.parametrize("seed", range(100, 104))
def test_shards_may_choose_otherwise(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shard may judge everybody where the one matcher judges only the subjects concerned, or the other way round."""
    monkeypatch.setattr(closure, "wide", lambda touched, of, linked=False: touched > 0 and (touched * 7 + of) % 3 > 0)
    monkeypatch.setattr(test_sharded, "PartitionedSchedule", PartitionedEvaluationSchedule)

    test_sharded.run(seed, 3)
