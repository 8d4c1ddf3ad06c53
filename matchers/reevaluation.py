"""Compiled policies, and what the day and coverage change on the lists while the records stay as they are.

The subjects that a day or a statement can reach are looked up, and evaluated before and after. Where they are many, the policies concerned
judge everybody in one pass instead (``matchers.lists.evaluation``); the lines are the same. ``matchers.core`` builds on this.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from matchers.kernel.batch import Int32
from matchers.kernel.changes import Changes, changes_where
from matchers.kernel.layout import KINDS
from matchers.lists.compare import Candidates, compare
from matchers.lists.evaluation import Moment, Sweep, changes_between, lists_of
from matchers.matrix.coverage import Statement
from matchers.program import closure
from matchers.program.binding import CHUNK, WIDE, Runner, Side
from matchers.program.closure import ReachedSubjects, Rules, flips, moved_intervals
from matchers.program.compile import compile_policies
from matchers.program.state import in_force
from matchers.queries import QueriedState
from matchers.watching import Watch
from policies.language.catalogue import Catalogue
from policies.language.tree import Policy


@dataclass(frozen=True, slots=True)
class Programs:
    """Compiled policies by kind of subject, and the rules by which a change reaches subjects through them."""

    runners: dict[int, Runner]
    rules: Rules
    wide: dict[int, Runner] = field(default_factory=dict)  # the same for larger chunks, made when first needed
    sweeps: dict[int, Sweep] = field(default_factory=dict)  # of everybody

    def runner(self, kind: int, count: int) -> Runner:
        """The runner for this many subjects of a kind."""
        if count <= WIDE:
            return self.runners[kind]
        if kind not in self.wide:
            self.wide[kind] = Runner(self.runners[kind].program, WIDE)
        return self.wide[kind]


class Reevaluation(QueriedState):
    """A matcher's state with compiled policies: their lists, and what days and statements change on them."""

    def __init__(self, catalogue: Catalogue, day: date) -> None:
        super().__init__(catalogue, day)
        self.due = 0
        self.watchlist = Watch()
        self._programs: dict[str | None, Programs] = {}  # for what touches a feed; None: for everything

    def programs(self, feed: str | None = None) -> Programs:
        """One program per kind of subject, for all active policies, or for those that read a feed."""
        programs = self._programs.get(feed)
        if programs is None:
            active = self.policies.values()
            if feed is not None:
                at = self.store.layout.feeds[feed].position
                entries = [entry for runner in self.programs().runners.values() for entry in runner.program.entries]
                active = [entry.policy for entry in entries if at in entry.sites]  # type: ignore[assignment]  # any iterable of policies
            programs = self._programs[feed] = self._compile(list(active))
        return programs

    def _compile(self, active: Sequence[Policy]) -> Programs:
        runners = {}
        for kind, word in enumerate(KINDS):
            policies = [(policy, in_force(policy, self.day)) for policy in active if policy.subject is word]
            if policies:
                runners[kind] = Runner(compile_policies(self.store.layout, kind, policies, self.check_number, self.code_of))
        return Programs(runners, Rules(self.store.layout, [runner.program for runner in runners.values()]))

    def runners(self) -> dict[int, Runner]:
        """The programs of all active policies, by kind."""
        return self.programs().runners

    def rules(self) -> Rules:
        return self.programs().rules

    def lists(self) -> list[Candidates]:
        """The current list of every policy, from one pass over each kind of subject."""
        moment = Moment(self.day, self.coverage())
        return [candidates for kind in self.runners() for candidates in lists_of(self.sweep(kind), moment)]

    # -- coverage, days ------------------------------------------------------------------------------------------------

    def cover(self, statements: Sequence[Statement]) -> Changes:
        """Puts these coverage statements in effect, in place of all others."""
        before, runners = Moment(self.day, self.coverage()), self.runners()
        sides = {kind: self.side(runner) for kind, runner in runners.items()}
        self.statements = tuple(statements)
        self._coverage = None
        after = Moment(self.day, self.coverage())
        now = {kind: self.side(runner) for kind, runner in runners.items()}
        reached = ReachedSubjects(self.store.sizes)
        self.rules().add_coverage_changes(self.store, sides, now, before.coverage, after.coverage, reached)
        out = Changes()
        self._turn(reached, self._wide(reached), (before, sides), (after, now), out)
        return self._with_sightings(out)

    def _wide(self, reached: ReachedSubjects) -> dict[int, set[int]]:
        """By kind, the numbers of the policies that read coverage which differs for many subjects."""
        return {
            kind: {number for number, entry in enumerate(runner.program.entries) if entry.covers & reached.wide[kind]}
            for kind, runner in self.runners().items()
            if reached.wide.get(kind)
        }

    def _turn(
        self, reached: ReachedSubjects, whole: Mapping[int, set[int]], before: tuple[Moment, Mapping[int, Side]],
        after: tuple[Moment, Mapping[int, Side]], out: Changes,
    ) -> None:  # fmt: skip
        """Compares two moments over the same records: for the policies in ``whole`` everybody, for the others the subjects reached."""
        self.due = 0
        for kind, runner in self.runners().items():
            roots = self.mine(kind, reached.rows(kind))
            left = set(range(len(runner.program.entries)))
            numbers = left if closure.wide(len(roots), self.store.sizes[kind]) else whole.get(kind, set())
            if numbers:
                sweep, numbers = self._sweep(kind, numbers, before[0], after[0])
                left -= numbers
                out.extend(changes_between(sweep, before[0], after[0]))
                self.due += sweep.scanned
                for policy in sweep.policies:
                    self.watchlist.touch_all(policy.name)
            if not left:
                continue
            self.due += len(roots)
            self._touch_watched(kind, roots)
            for start in range(0, len(roots), CHUNK):
                part = roots[start : start + CHUNK]
                a, b = before[1][kind], after[1][kind]
                frame_before = runner.run(0, part, self.store, a.binding, a.coverage, a.answers)
                frame_after = runner.run(1, part, self.store, b.binding, b.coverage, b.answers)
                changes = compare(runner, frame_before, frame_after, part, self.store)
                out.add(changes_where(changes, np.isin(changes.policy, list(left))) if numbers else changes)

    def _sweep(self, kind: int, numbers: set[int], before: Moment, after: Moment) -> tuple[Sweep, set[int]]:
        """A sweep of these policies of a kind, or of all of the kind where these are half; and the numbers of its policies."""
        programs = self.programs()
        entries = programs.runners[kind].program.entries
        everyone = 2 * len(numbers) >= len(entries)
        sweep_numbers = set(range(len(entries))) if everyone else numbers
        as_compiled = all(in_force(entry.policy, day.day) == entry.in_force for entry in entries for day in (before, after))
        if everyone and as_compiled:
            return self.sweep(kind), sweep_numbers
        return Sweep(self, [entries[number].policy for number in sorted(sweep_numbers)]), sweep_numbers

    def sweep(self, kind: int) -> Sweep:
        """All active policies about one kind, to judge everybody today."""
        programs = self.programs()
        if kind not in programs.sweeps:
            program = programs.runners[kind].program
            programs.sweeps[kind] = Sweep(self, [entry.policy for entry in program.entries], program)
        return programs.sweeps[kind]

    def tick(self, day: date) -> Changes:
        """Moves the day on, or back; evaluates only the subjects for which it can change something."""
        if day == self.day:
            self.due = 0
            return Changes()
        runners, coverage = self.runners(), self.coverage()
        before = {kind: self.side(runner) for kind, runner in runners.items()}
        after = {kind: self.side(runner, day) for kind, runner in runners.items()}
        reached = flips(self.rules(), self.store, before, after)
        whole = self._wide(reached)
        beginning = False
        for kind, runner in runners.items():
            moved_constants = moved_intervals(runner.program, before[kind].binding, after[kind].binding)
            for number, entry in enumerate(runner.program.entries):
                turns = in_force(entry.policy, self.day) != in_force(entry.policy, day)
                beginning |= turns
                if turns or entry.constants & moved_constants:
                    whole.setdefault(kind, set()).add(number)
        out = Changes()
        self._turn(reached, whole, (Moment(self.day, coverage), before), (Moment(day, coverage), after), out)
        self.day = day
        if beginning:
            self._forget_programs()
        return self._with_sightings(out)

    def _forget_programs(self) -> None:
        """Compiles everything again when it is next needed."""
        self._programs.clear()
        self.watchlist.forget_readers()

    def _touch_watched(self, kind: int, rows: Int32) -> None:
        if self.watchlist:
            self.watchlist.touch(self, self.policies, kind, rows)

    def _with_sightings(self, out: Changes) -> Changes:
        """The changes, with a sighting of each watched subject that was touched."""
        self.watchlist.forget_readings()
        if self.watchlist:
            out.sightings += self.watchlist.look(self, self.policies)
        return out
