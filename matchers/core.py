"""The matching core: records, policies, coverage, answers and the day, and what each change of them does to the lists.

A change has four steps: evaluate the subjects that it can reach, make it, evaluate them again, compare. Each evaluation uses the policies,
coverage and day of its time. The steps of ``streams`` call ``Matcher`` through ``MatcherPort``. Source: docs/en/semantics.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any

import numpy as np

from matchers.kernel.batch import Int32, RecordBatch
from matchers.kernel.changes import Changes
from matchers.kernel.layout import KINDS
from matchers.lists.compare import compare, net
from matchers.lists.evaluation import lists, scan
from matchers.matrix.coverage import Statement
from matchers.matrix.erasure import PERSON, Trace, commit_erasure, staged_erasure
from matchers.matrix.identity import Answer, IdentityCorrection
from matchers.matrix.identity_changes import restage
from matchers.matrix.staging import replace, replacement, stage
from matchers.program.binding import Runner, Side
from matchers.reevaluation import Reevaluation
from matchers.watching import Watch
from policies.language.catalogue import Catalogue
from policies.language.tree import Policy
from policies.values import Kind

SLICE, CROWD = 1000, 8
"""Rows of a batch that are evaluated together: enough to fill words, few enough to stay in the cache. Rows that reach more than eight
subjects each reach the same ones again and again: then four times as many rows are taken."""


class Matcher(Reevaluation):
    """A matcher's state with its policies. Every method that changes it returns the changes of the lists; ``due`` is the number of
    subjects that the last one evaluated again."""

    # -- records -------------------------------------------------------------------------------------------------------

    def apply(self, batch: RecordBatch) -> Changes:
        """Rows of a delivery; any order, duplication or replay of them ends in the same state."""
        out, self.due = Changes(), 0
        rows = self.store.rows(batch)
        self.effects = np.zeros(len(batch), np.uint8)
        start, size = 0, SLICE
        while start < len(batch):
            end, due = min(start + size, len(batch)), self.due
            staged = stage(self.store, batch, rows, start, end, self.effects[start:end])
            if staged.count:
                self._around(batch.feed, staged.sites, staged.entities, staged.seeds, partial(self.store.commit, staged), out)
            start, size = end, size if self.due - due <= CROWD * size else 4 * size
        return self._with_sightings(out)

    def replace(self, feed: str, source: int, delivery: int, rows: RecordBatch | None = None) -> Changes:
        """A sound full replacement: only deliveries from its number on count now. ``rows``: what comes in, if the locator sends it."""
        change = replacement(self.store, feed, source, delivery, rows)
        out, self.due, self.comeback = Changes(), 0, change.comeback
        self._around(feed, change.sites, change.entities, len(change.sites), partial(replace, self.store, source, change), out)
        return self._with_sightings(out)

    def correct(self, correction: IdentityCorrection, answers: Sequence[Answer] = ()) -> Changes:
        """A correction of identity. It is in force at once, and records move to the subjects that they name now.

        Args:
            answers: the answers of the subjects concerned from now on.
        """
        sides = {kind: self.side(runner) for kind, runner in self.runners().items()}
        restaging, out, self.due = restage(self.store, correction), Changes(), 0

        def change() -> None:
            restaging.commit(self.store)
            self._coverage = None  # lists name people, too
            if answers:
                self.tell_again(correction.kind, answers)

        self._around(None, restaging.sites, restaging.entities, len(restaging.sites), change, out, sides)
        return self._with_sightings(out)

    def erase(self, person: int, instead: int, statements: Sequence[Statement], answers: Sequence[Answer] = ()) -> Changes:
        """Erases a person with their records. In the changes their token is ``instead``, which is nobody's.

        Args:
            statements: all coverage statements in effect, with lists that do not name the person.
            answers: the person's, all None.
        """
        sides = {kind: self.side(runner) for kind, runner in self.runners().items()}
        subject, out = self.store.entity(PERSON, person), Changes()
        self.due = 0
        self.watchlist.forget_readings()

        def change() -> None:
            self.statements, self._coverage = tuple(statements), None
            if subject >= 0:
                self.tell_again(Kind.PERSON, answers)
                commit_erasure(self.store, subject, instead, restaging)

        if subject < 0:
            change()
            return out
        restaging = staged_erasure(self.store, subject)
        self._around(None, restaging.sites, restaging.entities, len(restaging.sites), change, out, sides)
        return out

    def forget(self, person: int, traces: Sequence[Trace]) -> None:
        super().forget(person, traces)
        self._forget_programs()  # texts have new codes

    def _around(
        self, feed: str | None, sites: Int32, entities: Int32, n: int, change: Callable[[], object], out: Changes,
        sides: Mapping[int, Side] | None = None,
    ) -> None:  # fmt: skip
        """Evaluates the subjects that the seeds reach (under ``sides``, where given), makes the change, evaluates again and compares."""
        programs = self.programs(feed)
        roots = programs.rules.reach(self.store, sites, entities, n)
        before: list[tuple[Runner, Int32, int]] = []
        for kind in programs.runners:
            rows = self.mine(kind, roots[kind])
            self.due += len(rows)
            if len(rows):
                self._touch_watched(kind, rows)
                runner = programs.runner(kind, len(rows))
                side = self.side(runner) if sides is None else sides[kind]
                for number, start in enumerate(range(0, len(rows), runner.chunk)):
                    runner.run(number, rows[start : start + runner.chunk], self.store, side.binding, side.coverage, side.answers)
                before.append((runner, rows, -(-len(rows) // runner.chunk)))
        change()
        for runner, rows, chunks in before:
            side = self.side(runner)
            for number, start in enumerate(range(0, len(rows), runner.chunk)):
                part = rows[start : start + runner.chunk]
                after = runner.run(chunks, part, self.store, side.binding, side.coverage, side.answers)
                out.add(compare(runner, runner.frame(number), after, part, self.store))
            runner.forget()

    def watch(self, policy: str, subject: int, on: bool) -> Changes:
        """Watches a subject for a policy, or stops watching. No list changes; the result has a sighting of the subject."""
        self.watchlist.put(policy, subject, on)
        return Changes(sightings=self.watchlist.look(self, self.policies))

    def read_ahead(self, policy: str, subjects: Sequence[int]) -> None:
        """Reads the evidence about subjects that will be watched next, all at once; it counts until anything else changes."""
        if policy in self.policies:
            self.watchlist.read_ahead(self, self.policies[policy], subjects)

    # -- policies ------------------------------------------------------------------------------------------------------

    def publish(self, policy: Policy) -> Changes:
        """A new policy, or the next version of one: the net changes of its list."""
        return self.publish_all([policy])[0]

    def publish_all(self, policies: Sequence[Policy]) -> list[Changes]:
        """New policies, or the next versions of some, each name once: the net changes of each list."""
        old = [self.policies[policy.name] for policy in policies if policy.name in self.policies]
        before = {policy.name: candidates for policy, candidates in zip(old, lists(self, old, self.day), strict=True)}
        after = lists(self, policies, self.day)
        self.due = sum({policy.subject: candidates.scanned for policy, candidates in zip(policies, after, strict=True)}.values())
        self.policies |= {policy.name: policy for policy in policies}
        self._forget_programs()
        out = [net(before.get(policy.name), candidates) for policy, candidates in zip(policies, after, strict=True)]
        for policy in policies:
            self.watchlist.publish(policy)
        self._with_sightings(out[0])
        return out

    def withdraw(self, name: str) -> Changes:
        """Takes a policy away: everybody leaves its list."""
        before = scan(self, self.policies[name], self.day)
        del self.policies[name]
        self._forget_programs()
        return net(before, None)

    def upgrade(self, semantics: int) -> Changes:
        """Judges everybody anew by a later version of docs/en/semantics.md."""
        policies = list(self.policies.values())
        before = lists(self, policies, self.day)
        self.store.follow(semantics)
        self._forget_programs()
        after = lists(self, policies, self.day)
        out, self.due = Changes(), sum(candidates.scanned for candidates in after)
        for policy, was, now in zip(policies, before, after, strict=True):
            self.watchlist.touch_all(policy.name)
            out.extend(net(was, now))
        return self._with_sightings(out)

    def answer(self, policy: str, subject: int, check: str, answer: bool) -> Changes:
        """An answer to a check of one subject."""
        judged_policy = self.policies[policy]
        roots = np.array(self.rows_of(judged_policy.subject, (subject,)), np.int32)
        runner = self.runners()[KINDS.index(judged_policy.subject)]
        side, out = self.side(runner), Changes()
        before = runner.run(0, roots, self.store, side.binding, side.coverage, side.answers)
        self.tell(self.check_number(policy, check), int(roots[0]), answer)
        side = self.side(runner)
        after = runner.run(1, roots, self.store, side.binding, side.coverage, side.answers)
        self.due = len(self.mine(KINDS.index(judged_policy.subject), roots))
        if self.due:
            self._touch_watched(KINDS.index(judged_policy.subject), roots)
            out.add(compare(runner, before, after, roots, self.store))
        return self._with_sightings(out)

    def extend(self, catalogue: Catalogue, moving: frozenset[str] = frozenset()) -> Changes:
        """The catalogue that follows this one (``policies.contracts.growth``). Policies that read one of the feeds ``moving`` are judged
        anew."""
        reading = [policy for policy in self.policies.values() if not moving.isdisjoint(policy.feeds)]
        was = lists(self, reading, self.day)
        self.catalogue, self._coverage = catalogue, None
        self.store.extend(catalogue)
        self._forget_programs()
        now = lists(self, reading, self.day)
        out, self.due = Changes(), sum(candidates.scanned for candidates in now)
        for policy, before, after in zip(reading, was, now, strict=True):
            self.watchlist.touch_all(policy.name)
            out.extend(net(before, after))
        return self._with_sightings(out)

    # -- checkpoints -------------------------------------------------------------------------------------------------------

    def arrays(self) -> dict[str, np.ndarray[Any, Any]]:
        return self.store.arrays()

    def meta(self) -> dict[str, Any]:
        return {
            "day": self.day.isoformat(),
            "store": self.store.meta(),
            "checks": [list(key) for key in self.check_numbers],
            "answers": [[check, row, answer] for (check, row), answer in self.answers.items()],
        } | self.watchlist.meta()

    @classmethod
    def restore(
        cls,
        catalogue: Catalogue,
        arrays: Mapping[str, np.ndarray[Any, Any]],
        meta: Mapping[str, Any],
        policies: Mapping[str, Policy],
        statements: Sequence[Statement] = (),
    ) -> Matcher:
        """The matcher that gave these arrays and this meta, with the coverage statements in effect then."""
        matcher = cls(catalogue, date.fromisoformat(meta["day"]))
        matcher.store.restore(arrays, meta["store"])
        matcher.check_numbers = {(policy, check): n for n, (policy, check) in enumerate(meta["checks"])}
        matcher.answers = {(check, row): answer for check, row, answer in meta["answers"]}
        matcher.policies = dict(policies)
        matcher.statements = tuple(statements)
        matcher.watchlist = Watch.restore(meta)
        return matcher
