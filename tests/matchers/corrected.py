"""Random corrections of identity for the schedules of the property tests.

The schedule keeps rows, lists and answers as they were delivered, and the decisions in force beside them. Every engine is compared with the
same world in which each name is replaced by the subject it counts as.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from matchers import worlds
from matchers.kernel.changes import Changes
from matchers.matrix.identity import Answer, Correction, Record
from policies.language.catalogue import LINKS
from policies.language.tree import Policy
from policies.values import Kind
from tests.matchers import test_incremental
from tests.matchers.network import FEEDS, SECTIONS, Given, Row, rows_of

_KINDS = {"p": Kind.PERSON, "h": Kind.HOUSEHOLD, "d": Kind.DWELLING}
Cell = tuple[str, str, str, str]
"""Feed, source, key, and the name that a cell of the record was delivered with (names tell their kind)."""


class Latest(dict[Any, Any]):
    """A dictionary in the order of the last write of each key."""

    def __setitem__(self, key: Any, value: Any) -> None:
        self.pop(key, None)
        super().__setitem__(key, value)


class Corrected(test_incremental.Schedule):
    """A schedule with merges and splits among its messages."""

    def prepared(self) -> None:
        """Numbers the rows as in a file, so that no two rows that may be about one subject are equally late."""
        self.rows = rows_of(self.given, renumber=True)
        self.pending = list(self.rows)
        self.rng.shuffle(self.pending)
        self.merged: dict[str, str] = {}
        self.handed: dict[Cell, str] = {}
        self.answers = Latest()

    # -- messages ------------------------------------------------------------------------------------------------------

    def merge(self) -> list[Changes]:
        names = list(self.given[self.rng.choice(list(SECTIONS.values()))])
        possible = [(a, b) for a in names for b in names if a not in self.merged and self.root(b) != a]
        if not possible:
            return []
        subject, into = self.rng.choice(possible)
        before = self.root(into)
        self.merged[subject] = into
        return self._decide(subject, into, (), {subject, before})

    def undo(self) -> list[Changes]:
        if not self.merged:
            return []
        subject = self.rng.choice(list(self.merged))
        before = self.root(subject)
        del self.merged[subject]
        return self._decide(subject, subject, (), {subject, before})

    def hand(self) -> list[Changes]:
        """Some records of one subject, delivered or not, are given to another subject."""
        cells = [cell for row in self.rows for cell in _cells(row)]
        subject = self.rng.choice(cells)[3]
        mine = [cell for cell in cells if cell[3] == subject]
        sample = self.rng.sample(mine, min(len(mine), self.rng.choice([1, 1, 2, 4])))
        into = self.rng.choice([name for name in self.given[SECTIONS[_KINDS[subject[0]]]] if name != subject] or [subject])
        if into == subject:
            return []
        self.handed |= dict.fromkeys(sample, into)
        return self._decide(subject, into, tuple(map(_record, sample)), set())

    def take_back(self) -> list[Changes]:
        if not self.handed:
            return []
        subject = self.rng.choice(list(self.handed))[3]
        mine = [cell for cell in self.handed if cell[3] == subject]
        sample = self.rng.sample(mine, self.rng.randint(1, len(mine)))
        for cell in sample:
            del self.handed[cell]
        return self._decide(subject, subject, tuple(map(_record, sample)), set())

    def _decide(self, subject: str, into: str, records: tuple[Record, ...], subjects: set[str]) -> list[Changes]:
        kind = _KINDS[subject[0]]
        correction = Correction(kind, worlds.token(kind, subject), worlds.token(kind, into), tuple(sorted(set(records))))
        return [self.matcher.correct(correction, self.retold(kind, subjects))]

    def retold(self, kind: Kind, subjects: set[str]) -> list[Answer]:
        """The answers that hold for some subjects after a decision."""
        answers = self.answers_read()
        policies_and_checks = {(policy, check) for policy, name, check in self.answers if self.root(name) in subjects}
        words = [
            (policy, name, check, answers.get((policy, name, check)))
            for policy, check in sorted(policies_and_checks)
            for name in sorted(subjects)
        ]
        return [(policy, worlds.token(kind, name), check, None if word is None else word == "yes") for policy, name, check, word in words]

    # -- as it reads ---------------------------------------------------------------------------------------------------

    def root(self, name: str) -> str:
        while name in self.merged:
            name = self.merged[name]
        return name

    def read(self, row: Row) -> Row:
        """A row with each name replaced by the subject it counts as."""
        record = dict(row.record)
        where = (row.feed, row.source, record["key"])
        for link in LINKS.keys() & record.keys():
            if record[link]:
                record[link] = self.root(self.handed.get((*where, record[link]), record[link]))
        return replace(row, name=self.root(self.handed.get((*where, row.name), row.name)), record=record)

    def answers_read(self) -> Latest:
        out = Latest()
        for (policy, name, check), word in self.answers.items():
            out[policy, self.root(name), check] = word
        return out

    def world(self, policy: Policy | None = None) -> Given:
        raw, self.rows = self.rows, [self.read(row) for row in self.rows if id(row) in self.seen]
        seen_ids, self.seen = self.seen, {id(row) for row in self.rows}
        try:
            world_data = super().world(policy)
        finally:
            self.rows, self.seen = raw, seen_ids
        world_data["coverage"] = [self._with_roots(statement) for statement in world_data["coverage"]]
        return world_data

    def _with_roots(self, statement: Mapping[str, Any]) -> dict[str, Any]:
        names = {"subjects": [self.root(name) for name in statement["subjects"]]} if "subjects" in statement else {}
        return {**statement, **names}

    def ends(self) -> None:
        raw, self.answers = self.answers, self.answers_read()
        super().ends()
        self.answers = raw
        self.counts["decisions in force at the end"] += len(self.merged) + len(self.handed)
        decisions = self.matcher.store.identities
        self.counts["cells that count otherwise than delivered"] += sum(
            len(cells) for of in decisions.delivered.values() for cells in of.values()
        )


def _cells(row: Row) -> list[Cell]:
    """The names in a row, each with its place."""
    names = [row.name, *(row.record[link] for link in sorted(LINKS.keys() & row.record.keys()) if row.record[link])]
    return [(row.feed, row.source, row.record["key"], name) for name in names]


def _record(cell: Cell) -> Record:
    feed, source, key, _ = cell
    number = next(i for i, contract_source in enumerate(FEEDS[feed]["sources"]) if contract_source["unit"] == source)
    return feed, number, worlds.key(key)
