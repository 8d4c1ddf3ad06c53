"""The state of one shard, and what programs and readers ask of it.

The one idea: everything that is not a policy is here: records, the day, coverage, answers; what is read from it often is kept in tables
that are made again when what they come from has changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np

from matchers import kernels as k
from matchers.batch import Int32, UInt64
from matchers.binding import Answers, Runner, Side, bind
from matchers.coverage import CoverageTables, Statement, tables
from matchers.erasing import PERSON, Trace, forget, traces
from matchers.identity import Answer
from matchers.layout import KINDS
from matchers.store import Store
from policies.catalogue import Catalogue, FieldType
from policies.tree import Policy
from policies.values import Kind, significant


def in_force(policy: Policy, day: date) -> bool:
    """May the policy list anyone on a day?"""
    return policy.effective_from <= day and (policy.effective_to is None or day <= policy.effective_to)


class Shard:
    """Records, day, coverage and answers."""

    def __init__(self, catalogue: Catalogue, day: date) -> None:
        self.catalogue = catalogue
        self.day = day
        self.store = Store(catalogue)
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
            made = tables(self.catalogue, divisions, self.statements, self.rows_of, KINDS.index)
            self._coverage = (len(divisions), made)
        return self._coverage[1]

    def rows_of(self, kind: Kind, tokens: tuple[int, ...]) -> list[int]:
        """Rows of whom these tokens count as, given to new ones."""
        of, identities = KINDS.index(kind), self.store.identities
        if identities:
            tokens = tuple(identities.root(of, token) for token in tokens)
        rows: list[int] = self.store.entities(of, np.array(tokens, np.uint64)).tolist()
        return rows

    def mine(self, kind: int, rows: Int32) -> Int32:
        """Those of the subjects whose verdicts are made here: all, where there is one shard (see ``matchers.sharded``)."""
        return rows

    def answered(self) -> Answers:
        if self._answers is None:
            keys = np.array([k.subject_key(check, 0, row) for check, row in self.answers], np.uint64)
            self._answers = Answers.of(keys, np.array(list(self.answers.values()), np.uint8))
        return self._answers

    def tell(self, check: int, row: int, answer: bool) -> None:
        """Keep an answer; sides made before see it, too."""
        self._answers = self.answered().told(np.uint64(k.subject_key(check, 0, row)), answer)
        self.answers[check, row] = answer

    def tell_again(self, kind: Kind, answers: Sequence[Answer]) -> None:
        """Keep what some subjects' answers are from now on; those that are None are forgotten."""
        for policy, subject, check, answer in answers:
            key = (self.check_number(policy, check), int(self.store.entities(KINDS.index(kind), np.array([subject], np.uint64))[0]))
            if answer is not None:
                self.answers[key] = answer
            else:
                self.answers.pop(key, None)
        self._answers = None

    def persons(self) -> UInt64:
        """The tokens of every person that was ever named."""
        return self.store.tokens[PERSON][: self.store.sizes[PERSON]]

    def traces(self, person: int) -> list[Trace]:
        """Where the records about a person came from."""
        return traces(self.store, person)

    def forget(self, person: int, seen: Sequence[Trace]) -> None:
        """Empties what stays of a person that was erased; no list depends on it."""
        forget(self.store, person, seen)

    def side(self, runner: Runner, day: date | None = None) -> Side:
        """A program bound to a day, with coverage and answers as they are now."""
        at, found, width = day or self.day, self.coverage(), len(self.store.divisions.texts)
        if runner.bound is None or runner.bound[:2] != (at, width) or runner.bound[2] is not found:
            runner.bound = (at, width, found, bind(runner.program, at, found, self.store.divisions.texts, self.code_of))
        return Side(runner.bound[3], found, self.answered())
