"""The matching core of one shard: records, policies, coverage, answers and the day, and what each change of them does to the lists.

The one idea: every change is *evaluate before, change, evaluate after, compare*, over just the subjects it can reach. Before and after each
use their own policies, coverage and day. Source: docs/semantics.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

import numpy as np

from matchers.asked import Asked
from matchers.batch import Int32, RecordBatch
from matchers.binding import CHUNK, Runner, Side
from matchers.changes import Changes
from matchers.closure import Rules, flips, moved_intervals
from matchers.compare import Candidates, compare, net, scan
from matchers.compile import compile_policies
from matchers.coverage import Statement
from matchers.erasing import PERSON, Trace, leaving, left
from matchers.identity import Answer, Correction
from matchers.layout import KINDS
from matchers.restage import restage
from matchers.shard import in_force
from matchers.watching import Watch
from policies.catalogue import Catalogue
from policies.tree import Policy
from policies.values import Kind

SLICE = 1000
"""Rows of a batch that are evaluated together: enough to fill words, few enough to stay in cache."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Programs:
    """Compiled policies by kind of subject, and whom a change reaches through them."""

    runners: dict[int, Runner]
    rules: Rules


class Matcher(Asked):
    """A shard with its policies. Every method that changes it returns the changes of the lists; ``due`` tells how many
    subjects the last one re-evaluated."""

    def __init__(self, catalogue: Catalogue, day: date) -> None:
        super().__init__(catalogue, day)
        self.due = 0
        self.watched = Watch()
        self._programs: dict[str | None, Programs] = {}  # for what touches a feed; None: for everything

    def programs(self, feed: str | None = None) -> Programs:
        """One program per kind of subject, for all active policies, or for those that read a feed."""
        found = self._programs.get(feed)
        if found is None:
            active = self.policies.values()
            if feed is not None:
                at = self.store.layout.feeds[feed].position
                entries = [entry for runner in self.programs().runners.values() for entry in runner.program.entries]
                active = [entry.policy for entry in entries if at in entry.sites]  # type: ignore[assignment]  # any iterable of policies
            found = self._programs[feed] = self._compiled(list(active))
        return found

    def _compiled(self, active: Sequence[Policy]) -> Programs:
        runners = {}
        for kind, word in enumerate(KINDS):
            chosen = [(policy, in_force(policy, self.day)) for policy in active if policy.subject is word]
            if chosen:
                runners[kind] = Runner(compile_policies(self.store.layout, kind, chosen, self.check_number, self.code_of))
        return Programs(runners, Rules(self.store.layout, [runner.program for runner in runners.values()]))

    def runners(self) -> dict[int, Runner]:
        """The programs of all active policies, by kind."""
        return self.programs().runners

    def rules(self) -> Rules:
        return self.programs().rules

    # -- records -------------------------------------------------------------------------------------------------------

    def apply(self, batch: RecordBatch) -> Changes:
        """Rows of a delivery; any order, duplication or replay of them ends in the same state."""
        out = Changes()
        self.due = 0
        rows = self.store.rows(batch)
        for start in range(0, len(batch), SLICE):
            staged = self.store.stage(batch, rows, start, start + SLICE)
            if staged.count:
                self._around(batch.feed, staged.sites, staged.entities, staged.seeds, partial(self.store.commit, staged), out)
        return self._looked(out)

    def replace(self, feed: str, source: int, delivery: int) -> Changes:
        """A full replacement: withdraws the source's records whose winning version is older than the delivery."""
        at = self.store.layout.feeds[feed].position
        found, count = self.store.older(at, source, delivery, dry=True)
        out = Changes()
        self.due = 0
        sites, entities, n = self.store.standing(at, found, count)
        self._around(feed, sites, entities, n, partial(self.store.older, at, source, delivery, dry=False), out)
        return self._looked(out)

    def correct(self, correction: Correction, answers: Sequence[Answer] = ()) -> Changes:
        """A correction of identity. The decision is in force at once, and records move to whom they name now.

        Args:
            answers: what the answers of those concerned are from now on.
        """
        sides = {kind: self.side(runner) for kind, runner in self.runners().items()}
        found, out = restage(self.store, correction), Changes()
        self.due = 0

        def change() -> None:
            found.commit(self.store)
            self._coverage = None  # lists name people, too
            if answers:
                self.tell_again(correction.kind, answers)

        self._around(None, found.sites, found.entities, len(found.sites), change, out, sides)
        return self._looked(out)

    def erase(self, person: int, instead: int, statements: Sequence[Statement], answers: Sequence[Answer] = ()) -> Changes:
        """A person goes, with her records; in the changes her token is ``instead``, which is nobody's.

        Args:
            statements: all coverage statements in effect, with lists that do not name her.
            answers: hers, all None.
        """
        sides = {kind: self.side(runner) for kind, runner in self.runners().items()}
        subject, out = self.store.entity(PERSON, person), Changes()
        self.due = 0

        def change() -> None:
            self.statements, self._coverage = tuple(statements), None
            if subject >= 0:
                self.tell_again(Kind.PERSON, answers)
                left(self.store, subject, instead, leaves)

        if subject < 0:
            change()
            return out
        leaves = leaving(self.store, subject)
        self._around(None, leaves.sites, leaves.entities, len(leaves.sites), change, out, sides)
        return out

    def forget(self, person: int, seen: Sequence[Trace]) -> None:
        super().forget(person, seen)
        self._programs.clear()  # texts have new codes

    def _around(
        self, feed: str | None, sites: Int32, entities: Int32, n: int, change: Callable[[], object], out: Changes,
        sides: Mapping[int, Side] | None = None,
    ) -> None:  # fmt: skip
        """Evaluate whom the seeds reach, make the change, evaluate again, compare; before it under ``sides``, where they are given."""
        programs = self.programs(feed)
        roots = programs.rules.reach(self.store, sites, entities, n)
        before: list[tuple[Runner, Int32, int]] = []
        for kind, runner in programs.runners.items():
            chosen = self.mine(kind, roots[kind])
            self.due += len(chosen)
            if len(chosen):
                self._touched(kind, chosen)
                side = self.side(runner) if sides is None else sides[kind]
                for number, start in enumerate(range(0, len(chosen), CHUNK)):
                    runner.run(number, chosen[start : start + CHUNK], self.store, side.binding, side.coverage, side.answers)
                before.append((runner, chosen, -(-len(chosen) // CHUNK)))
        change()
        for runner, chosen, chunks in before:
            side = self.side(runner)
            for number, start in enumerate(range(0, len(chosen), CHUNK)):
                part = chosen[start : start + CHUNK]
                after = runner.run(chunks, part, self.store, side.binding, side.coverage, side.answers)
                out.add(compare(runner, runner.frames[number], after, part, self.store))

    # -- an eye on some ------------------------------------------------------------------------------------------------

    def watch(self, policy: str, subject: int, on: bool) -> Changes:
        """Keeps an eye on somebody, or does no longer; moves nobody, and says how she stands."""
        self.watched.put(policy, subject, on)
        return self._looked(Changes())

    def _touched(self, kind: int, rows: Int32) -> None:
        if self.watched:
            self.watched.touch(self, self.policies, kind, rows)

    def _looked(self, out: Changes) -> Changes:
        """With how those stand who are watched and were touched."""
        if self.watched:
            out.seen += self.watched.look(self, self.policies)
        return out

    # -- policies ------------------------------------------------------------------------------------------------------

    def publish(self, policy: Policy, progress: Progress | None = None) -> Changes:
        """A new policy, or the next version of one: net changes of its list."""
        old = self.policies.get(policy.name)
        before = self._scan(old, progress) if old is not None else None
        after = self._scan(policy, progress)
        self.policies[policy.name] = policy
        self._programs.clear()
        self.due = after.scanned
        self.watched.publish(policy)
        return self._looked(self._net(before, after))

    def withdraw(self, name: str) -> Changes:
        """The policy's list is emptied."""
        before = self._scan(self.policies[name])
        del self.policies[name]
        self._programs.clear()
        return self._net(before, None)

    def _scan(self, policy: Policy, progress: Progress | None = None, day: date | None = None) -> Candidates:
        return scan(self, policy, day or self.day, progress)

    def _net(self, before: Candidates | None, after: Candidates | None) -> Changes:
        return net(before, after)

    # -- coverage, answers, days ---------------------------------------------------------------------------------------

    def cover(self, statements: Sequence[Statement]) -> Changes:
        """All coverage statements now in effect."""
        old = self.coverage()
        runners = self.runners()
        sides = {kind: self.side(runner) for kind, runner in runners.items()}
        self.statements = tuple(statements)
        self._coverage = None
        new = self.coverage()
        after = {kind: self.side(runner) for kind, runner in runners.items()}
        out = Changes()
        reached = self.rules().covered(self.store, sides, after, old, new)
        self._turn(reached, sides, after, out)
        return self._looked(out)

    def answer(self, policy: str, subject: int, check: str, answer: bool) -> Changes:
        """A check answered of one subject."""
        asked = self.policies[policy]
        roots = np.array(self.rows_of(asked.subject, (subject,)), np.int32)
        runner = self.runners()[KINDS.index(asked.subject)]
        side, out = self.side(runner), Changes()
        before = runner.run(0, roots, self.store, side.binding, side.coverage, side.answers)
        self.tell(self.check_number(policy, check), int(roots[0]), answer)
        side = self.side(runner)
        after = runner.run(1, roots, self.store, side.binding, side.coverage, side.answers)
        self.due = len(self.mine(KINDS.index(asked.subject), roots))
        if self.due:
            self._touched(KINDS.index(asked.subject), roots)
            out.add(compare(runner, before, after, roots, self.store))
        return self._looked(out)

    def _turn(self, reached: Mapping[int, Int32], before: Mapping[int, Side], after: Mapping[int, Side], out: Changes) -> None:
        """Compare two sides over the same matrix."""
        reached = {kind: self.mine(kind, roots) for kind, roots in reached.items()}
        self.due = sum(map(len, reached.values()))
        for kind, roots in reached.items():
            self._touched(kind, roots)
            runner = self.runners()[kind]
            for start in range(0, len(roots), CHUNK):
                part = roots[start : start + CHUNK]
                a, b = before[kind], after[kind]
                one = runner.run(0, part, self.store, a.binding, a.coverage, a.answers)
                two = runner.run(1, part, self.store, b.binding, b.coverage, b.answers)
                if one.room != two.room:
                    one = runner.run(0, part, self.store, a.binding, a.coverage, a.answers)
                out.add(compare(runner, one, two, part, self.store))

    def tick(self, day: date) -> Changes:
        """The day is now ``day``, earlier or later; only who is due is evaluated."""
        if day == self.day:
            self.due = 0
            return Changes()
        runners = self.runners()
        old_day = self.day
        before = {kind: self.side(runner) for kind, runner in runners.items()}
        after = {kind: self.side(runner, day) for kind, runner in runners.items()}
        whole = {
            entry.policy.name: entry.policy
            for kind, runner in runners.items()
            for entry in runner.program.entries
            if in_force(entry.policy, old_day) != in_force(entry.policy, day)
            or entry.constants & moved_intervals(runner.program, before[kind].binding, after[kind].binding)
        }
        was = {name: self._scan(policy) for name, policy in whole.items()}
        out = Changes()
        reached = flips(self.rules(), self.store, before, after)
        self._turn(reached, before, after, out)
        due = self.due
        self.day = day
        if any(in_force(p, old_day) != in_force(p, day) for p in whole.values()):
            self._programs.clear()
        if whole:
            out = out.without(set(whole))
            for name, policy in whole.items():
                now = self._scan(policy)
                due += now.scanned
                self.watched.touch_all(name)
                out.extend(self._net(was[name], now))
        self.due = due
        return self._looked(out)

    def extend(self, catalogue: Catalogue) -> None:
        """Feeds and units added at the end of the catalogue."""
        self.catalogue = catalogue
        self.store.extend(catalogue)
        self._programs.clear()
        self._coverage = None

    # -- keeping -------------------------------------------------------------------------------------------------------

    def arrays(self) -> dict[str, np.ndarray[Any, Any]]:
        return self.store.arrays()

    def meta(self) -> dict[str, Any]:
        return {
            "day": self.day.isoformat(),
            "store": self.store.meta(),
            "checks": [list(key) for key in self.check_numbers],
            "answers": [[check, row, answer] for (check, row), answer in self.answers.items()],
        } | self.watched.meta()

    @classmethod
    def restore(
        cls,
        catalogue: Catalogue,
        arrays: Mapping[str, np.ndarray[Any, Any]],
        meta: Mapping[str, Any],
        policies: Mapping[str, Policy],
        statements: Sequence[Statement] = (),
    ) -> Matcher:
        """The matcher that gave these arrays and this meta, under the statements then in effect."""
        made = cls(catalogue, date.fromisoformat(meta["day"]))
        made.store.restore(arrays, meta["store"])
        made.check_numbers = {(policy, check): n for n, (policy, check) in enumerate(meta["checks"])}
        made.answers = {(check, row): answer for check, row, answer in meta["answers"]}
        made.policies = dict(policies)
        made.statements = tuple(statements)
        made.watched = Watch.restored(meta)
        return made
