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
from matchers.matrix.identity import Answer, IdentityCorrection, Record
from policies.language.catalogue import LINKS
from policies.language.tree import Policy
from policies.values import Kind
from tests.matchers import test_incremental
from tests.matchers.network import FEEDS, SECTIONS, WorldData, WorldRow, rows_of

_KINDS = {"p": Kind.PERSON, "h": Kind.HOUSEHOLD, "d": Kind.DWELLING}
Cell = tuple[str, str, str, str]
"""Feed, source, key, and the name that a cell of the record was delivered with (names tell their kind)."""


class Latest(dict[Any, Any]):
    """A dictionary in the order of the last write of each key."""

    def __setitem__(self, key: Any, value: Any) -> None:
        self.pop(key, None)
        super().__setitem__(key, value)


class CorrectionSchedule(test_incremental.MessageSchedule):
    """A schedule with merges and splits among its messages."""

    def prepare(self) -> None:
        """Numbers the rows as in a file, so that no two rows that may be about one subject are equally late."""
        self.rows = rows_of(self.world_data, renumber=True)
        self.pending = list(self.rows)
        self.rng.shuffle(self.pending)
        self.merges: dict[str, str] = {}
        self.handed_cells: dict[Cell, str] = {}
        self.answers = Latest()

    # -- messages ------------------------------------------------------------------------------------------------------

    def merge(self) -> list[Changes]:
        names = list(self.world_data[self.rng.choice(list(SECTIONS.values()))])
        possible = [(a, b) for a in names for b in names if a not in self.merges and self.root(b) != a]
        if not possible:
            return []
        subject, into = self.rng.choice(possible)
        before = self.root(into)
        self.merges[subject] = into
        return self._decide(subject, into, (), {subject, before})

    def undo(self) -> list[Changes]:
        if not self.merges:
            return []
        subject = self.rng.choice(list(self.merges))
        before = self.root(subject)
        del self.merges[subject]
        return self._decide(subject, subject, (), {subject, before})

    def hand(self) -> list[Changes]:
        """Some records of one subject, delivered or not, are given to another subject."""
        cells = [cell for row in self.rows for cell in _cells(row)]
        subject = self.rng.choice(cells)[3]
        mine = [cell for cell in cells if cell[3] == subject]
        sample = self.rng.sample(mine, min(len(mine), self.rng.choice([1, 1, 2, 4])))
        into = self.rng.choice([name for name in self.world_data[SECTIONS[_KINDS[subject[0]]]] if name != subject] or [subject])
        if into == subject:
            return []
        self.handed_cells |= dict.fromkeys(sample, into)
        return self._decide(subject, into, tuple(map(_record, sample)), set())

    def take_back(self) -> list[Changes]:
        if not self.handed_cells:
            return []
        subject = self.rng.choice(list(self.handed_cells))[3]
        mine = [cell for cell in self.handed_cells if cell[3] == subject]
        sample = self.rng.sample(mine, self.rng.randint(1, len(mine)))
        for cell in sample:
            del self.handed_cells[cell]
        return self._decide(subject, subject, tuple(map(_record, sample)), set())

    def _decide(self, subject: str, into: str, records: tuple[Record, ...], subjects: set[str]) -> list[Changes]:
        kind = _KINDS[subject[0]]
        correction = IdentityCorrection(kind, worlds.token(kind, subject), worlds.token(kind, into), tuple(sorted(set(records))))
        return [self.matcher.correct(correction, self.answers_of(kind, subjects))]

    def answers_of(self, kind: Kind, subjects: set[str]) -> list[Answer]:
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
        while name in self.merges:
            name = self.merges[name]
        return name

    def read(self, row: WorldRow) -> WorldRow:
        """A row with each name replaced by the subject it counts as."""
        record = dict(row.record)
        where = (row.feed, row.source, record["key"])
        for link in LINKS.keys() & record.keys():
            if record[link]:
                record[link] = self.root(self.handed_cells.get((*where, record[link]), record[link]))
        return replace(row, name=self.root(self.handed_cells.get((*where, row.name), row.name)), record=record)

    def answers_read(self) -> Latest:
        out = Latest()
        for (policy, name, check), word in self.answers.items():
            out[policy, self.root(name), check] = word
        return out

    def world(self, policy: Policy | None = None) -> WorldData:
        raw, self.rows = self.rows, [self.read(row) for row in self.rows if id(row) in self.delivered_ids]
        seen_ids, self.delivered_ids = self.delivered_ids, {id(row) for row in self.rows}
        try:
            world_data = super().world(policy)
        finally:
            self.rows, self.delivered_ids = raw, seen_ids
        world_data["coverage"] = [self._with_roots(statement) for statement in world_data["coverage"]]
        return world_data

    def _with_roots(self, statement: Mapping[str, Any]) -> dict[str, Any]:
        names = {"subjects": [self.root(name) for name in statement["subjects"]]} if "subjects" in statement else {}
        return {**statement, **names}

    def ends(self) -> None:
        raw, self.answers = self.answers, self.answers_read()
        super().ends()
        self.answers = raw
        self.counts["decisions in force at the end"] += len(self.merges) + len(self.handed_cells)
        decisions = self.matcher.store.identities
        self.counts["cells that count otherwise than delivered"] += sum(
            len(cells) for of in decisions.delivered_tokens.values() for cells in of.values()
        )


def _cells(row: WorldRow) -> list[Cell]:
    """The names in a row, each with its place."""
    names = [row.name, *(row.record[link] for link in sorted(LINKS.keys() & row.record.keys()) if row.record[link])]
    return [(row.feed, row.source, row.record["key"], name) for name in names]


def _record(cell: Cell) -> Record:
    feed, source, key, _ = cell
    number = next(i for i, contract_source in enumerate(FEEDS[feed]["sources"]) if contract_source["unit"] == source)
    return feed, number, worlds.key(key)
