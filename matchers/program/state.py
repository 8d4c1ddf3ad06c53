"""The state of a matcher without its policies: records, day, coverage and answers.

Tables that programs and readers read often are cached, and made again when their sources change.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np

from matchers.kernel.batch import Int32, UInt8, UInt64
from matchers.kernel.kernels.indexes import subject_key
from matchers.kernel.layout import KINDS
from matchers.matrix.coverage import CoverageTables, Statement, tables
from matchers.matrix.erasure import PERSON, Trace, forget, traces
from matchers.matrix.identity import Answer
from matchers.matrix.relayout import extremes
from matchers.matrix.staging import abandon
from matchers.matrix.store import Store
from matchers.program.binding import Answers, Runner, Side, bind
from policies.language.catalogue import Catalogue, FieldType
from policies.language.tree import Policy
from policies.values import Kind, significant


def in_force(policy: Policy, day: date) -> bool:
    """Whether the policy may list anyone on a day."""
    return policy.effective_from <= day and (policy.effective_to is None or day <= policy.effective_to)


class MatcherState:
    """What verdicts are made from, except the policies: the records (``store``), the day, the coverage statements and the answers to
    checks."""

    def __init__(self, catalogue: Catalogue, day: date) -> None:
        self.catalogue = catalogue
        self.day = day
        self.store = Store(catalogue)
        self.effects: UInt8 = np.zeros(0, np.uint8)
        """What each row of the last batch did: ``staging.NEWS``, ``SAME`` or ``OLDER``."""
        self.comeback: dict[int, tuple[int, int]] = {}
        """By delivery: how many of its ``OLDER`` rows the last full replacement brought in, and how many of these are ``SAME``."""
        self.statements: tuple[Statement, ...] = ()
        self.answers: dict[tuple[int, int], bool] = {}  # (check number, row of the subject)
        self.check_numbers: dict[tuple[str, str], int] = {}
        self._coverage: tuple[int, CoverageTables] | None = None
        self._answers: Answers | None = None

    def check_number(self, policy: str, check: str) -> int:
        return self.check_numbers.setdefault((policy, check), len(self.check_numbers))

    def code_of(self, kind: FieldType, text: str) -> int:
        if kind is FieldType.DIVISION:
            return self.store.divisions.code(significant(text))
        return self.store.texts.code(text)

    def coverage(self) -> CoverageTables:
        divisions = self.store.divisions.texts
        if self._coverage is None or self._coverage[0] != len(divisions):
            coverage_tables = tables(self.catalogue, divisions, self.statements, self.rows_of, KINDS.index)
            self._coverage = (len(divisions), coverage_tables)
        return self._coverage[1]

    def rows_of(self, kind: Kind, tokens: tuple[int, ...]) -> list[int]:
        """Rows of the subjects that these tokens count as; a new token gets a new row."""
        of, identities = KINDS.index(kind), self.store.identities
        if identities:
            tokens = tuple(identities.root(of, token) for token in tokens)
        rows: list[int] = self.store.entities(of, np.array(tokens, np.uint64)).tolist()
        return rows

    def mine(self, kind: int, rows: Int32) -> Int32:
        """The subjects that are judged here: all, except in a partition (``matchers.partition_matcher``)."""
        return rows

    def answer_table(self) -> Answers:
        if self._answers is None:
            keys = np.array([subject_key(check, 0, row) for check, row in self.answers], np.uint64)
            self._answers = Answers.of(keys, np.array(list(self.answers.values()), np.uint8))
        return self._answers

    def tell(self, check: int, row: int, answer: bool) -> None:
        """Keeps an answer; a ``Side`` made before sees it as well."""
        self._answers = self.answer_table().with_answer(np.uint64(subject_key(check, 0, row)), answer)
        self.answers[check, row] = answer

    def tell_again(self, kind: Kind, answers: Sequence[Answer]) -> None:
        """Keeps the answers of some subjects from now on, and forgets those that are None."""
        for policy, subject, check, answer in answers:
            key = (self.check_number(policy, check), int(self.store.entities(KINDS.index(kind), np.array([subject], np.uint64))[0]))
            if answer is not None:
                self.answers[key] = answer
            else:
                self.answers.pop(key, None)
        self._answers = None

    def extremes(self, feed: str, field: str) -> tuple[int, int] | None:
        """The least and the greatest value of a field in records and in versions that may count later; None where there is none."""
        lay, store = self.store.layout.feeds[feed], self.store
        return extremes(
            np.concatenate([store.arenas[lay.position][: store.counts[lay.position]], *store.versions.of_feed(lay.position)]), lay, field
        )

    def open(self, feed: str, source: int, delivery: int) -> None:
        """Begins a replacing delivery: until it is complete, rows that lose to older deliveries are kept."""
        self.store.versions.open_delivery((self.store.layout.feeds[feed].position, source), delivery)

    def abandon(self, feed: str, source: int, delivery: int) -> None:
        """Ends a replacing delivery that replaces nothing."""
        abandon(self.store, feed, source, delivery)

    @property
    def semantics(self) -> int:
        """The version of docs/en/semantics.md that judges everybody."""
        return self.store.layout.semantics

    def record_count(self, feed: str, source: int) -> int:
        """How many records of a source are in force."""
        return self.store.record_count(self.store.layout.feeds[feed].position, source)

    def persons(self) -> UInt64:
        """The tokens of all persons that any record ever named."""
        return self.store.tokens[PERSON][: self.store.sizes[PERSON]]

    def traces(self, person: int) -> list[Trace]:
        """Traces of the records about a person."""
        return traces(self.store, person)

    def forget(self, person: int, traces: Sequence[Trace]) -> None:
        """Empties what is left of an erased person; no list depends on it."""
        forget(self.store, person, traces)

    def side(self, runner: Runner, day: date | None = None, coverage: CoverageTables | None = None) -> Side:
        """A program bound to a day and coverage (by default those of now), with the answers."""
        at, in_effect, width = day or self.day, coverage or self.coverage(), len(self.store.divisions.texts)
        if runner.bound is None or runner.bound[:2] != (at, width) or runner.bound[2] is not in_effect:
            runner.bound = (at, width, in_effect, bind(runner.program, at, in_effect, self.store.divisions.texts, self.code_of))
        return Side(runner.bound[3], in_effect, self.answer_table())
