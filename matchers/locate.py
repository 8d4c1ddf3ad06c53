"""The locator: which partition owns each subject, which partitions hold its folder, and what to send each partition.

The locator holds every record and judges nobody. A subject belongs to the street where the register places it, and to that street's
partition. Its folder goes to every partition that owns a subject within ``depth`` links of it, so that each partition can judge its own
subjects as if it held all records. A partition keeps each folder and gets every change to it. Called by ``streams.network.router``.
Source: docs/en/semantics.md section 3 (placement), and "Known limits".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from matchers.kernel.batch import DELETED, Int32, Int64, RecordBatch, UInt64, latest
from matchers.kernel.kernels.records import SUBJECT
from matchers.kernel.kernels.whereabouts import latest_divisions, mark_winning, spread_partitions
from matchers.kernel.layout import KINDS
from matchers.matrix.erasure import PERSON, commit_erasure, staged_erasure
from matchers.matrix.folders import folders, standing
from matchers.matrix.identity import IdentityCorrection
from matchers.matrix.identity_changes import restage
from matchers.matrix.staging import record_of, replace, replacement, stage
from matchers.program.compile import compile_policies
from matchers.program.state import MatcherState
from policies.language.catalogue import Catalogue
from policies.language.tree import Policy
from policies.problems.problems import HuiminError
from policies.values import Text

PARTITIONS = 64
"""The most partitions there may be: each has one bit of a word."""
DEPTH = 2
"""How many links away a partition holds folders, until a policy reads further."""
UNPLACED = ""
"""Stands for the street of subjects that the register places nowhere."""
_STREET = 9  # digits of a street's code


@dataclass(slots=True)
class PartitionUpdate:
    """What one partition gets, in this order: subjects it no longer owns, folders, rows, subjects it owns from now on."""

    lost: dict[int, UInt64] = field(default_factory=dict)
    folders: list[RecordBatch] = field(default_factory=list)
    rows: RecordBatch | None = None
    gained: dict[int, UInt64] = field(default_factory=dict)


Routes = dict[int, PartitionUpdate]


class Locator(MatcherState):
    """Every record, and the partitions that hold each subject's folder. Its methods return what each partition is to get.

    Args:
        partitions: how many there are, at most ``PARTITIONS``.
    """

    def __init__(self, catalogue: Catalogue, day: date, partitions: int) -> None:
        super().__init__(catalogue, day)
        if not 0 < partitions <= PARTITIONS:
            raise HuiminError(
                Text(
                    f"分片分区数 {partitions} 不在 1 至 {PARTITIONS} 之间。请用 huimin network 另建。",
                    f"There are {partitions} partitions; there may be 1 to {PARTITIONS}. Make the network anew with huimin network.",
                )
            )
        self.partitions = partitions
        self.streets: dict[str, int] = {}  # the partition of each street, in the order of their first records
        self.owner: list[Int32] = [np.empty(0, np.int32) for _ in KINDS]  # number of the street, -1 before any
        self.levels: list[UInt64] = [np.empty((0, DEPTH + 1), np.uint64) for _ in KINDS]
        self.holders: list[UInt64] = [np.empty(0, np.uint64) for _ in KINDS]  # bits of the partitions that hold the folder

    @property
    def depth(self) -> int:
        """How many links away from its own subjects a partition holds folders."""
        return int(self.levels[0].shape[1]) - 1

    def apply(self, batch: RecordBatch) -> Routes:
        """Takes in a batch, and returns what each partition is to get."""
        lay = self.store.layout.feeds[batch.feed]
        at, n = lay.position, len(batch)
        rows = self.store.rows(batch)
        self.store.reserve_records(at, n)
        wins, former = np.empty(n, np.bool_), np.empty(n, np.int32)
        floor = self.store.floors.get((at, batch.source), 0)
        mark_winning(rows, batch.key, batch.source, floor, False, self.store.arenas[at], self.store.record_slots[at], wins, former)
        wins &= latest(batch)  # a partition that got a row beaten by another of the batch would keep it
        self.effects = np.zeros(n, np.uint8)
        staged = stage(self.store, batch, rows, 0, n, self.effects)
        if staged.apart is None:
            self.store.commit(staged)
            return self._routes(batch.where(wins), rows[wins], former[wins])
        wins &= ~staged.apart
        usual = [record_of(self.store, lay, batch.source, key) for key in batch.key[wins].tolist()]
        winning_places = staged.place[staged.count - staged.winners : staged.count]
        place = np.concatenate([np.array(usual, np.int32), winning_places, staged.renewals])
        former = self.store.arenas[at][place, SUBJECT]
        self.store.commit(staged)
        return self._standing(batch.feed, batch.source, place, former)

    def replace(self, feed: str, source: int, delivery: int) -> Routes:
        """A sound full replacement. Every partition does the same; the routes have the records that come in by it."""
        change = replacement(self.store, feed, source, delivery)
        place = np.concatenate([change.staged.place[: change.staged.count], change.staged.renewals])
        former = self.store.arenas[change.staged.lay.position][place, SUBJECT]
        replace(self.store, source, change)
        self.comeback = change.comeback
        return self._standing(feed, source, place, former)

    def _standing(self, feed: str, source: int, place: Int32, former: Int32) -> Routes:
        """Routes of records as they are now. ``former``: the subjects they were about."""
        lay = self.store.layout.feeds[feed]
        if not len(place):
            return {}
        return self._routes(standing(self.store, lay, source, place), self.store.arenas[lay.position][place], former)

    def _routes(self, winners: RecordBatch, rows: Int32, former: Int32) -> Routes:
        """Routes of winning rows. ``rows``: the same with lanes as in the arena; the subject of a deleted record is -1."""
        lay = self.store.layout.feeds[winners.feed]
        subject = rows[:, SUBJECT].copy()
        edges = self._edges(rows, winners.feed, (winners.flags & DELETED) == 0)
        self._reserve()
        holders = self.holders[lay.kind]
        changes_subject = (former >= 0) & (subject >= 0) & (former != subject)
        former_holders = np.where(former >= 0, holders[former], np.uint64(0))
        np.bitwise_or.at(self.levels[lay.kind][:, -1], subject[changes_subject], former_holders[changes_subject])
        routes: Routes = {}
        around = np.concatenate([subject, former[changes_subject | (subject < 0)]])
        grown_subjects = self._place_subjects(lay.kind, around, routes) if lay.feed.registers else _NOBODY
        reached = spread_partitions(
            edges, grown_subjects, tuple(self.levels), self.store.arena_tables, self.store.layout.lays, self.store.head_tables,
            self.store.layout.link_rows,
        )  # fmt: skip
        self._hand_out(np.concatenate([reached, 3 * subject[changes_subject].astype(np.int64) + lay.kind]), routes, winners)
        knows = former_holders | np.where(subject >= 0, holders[subject], np.uint64(0))
        for partition in _bits(np.bitwise_or.reduce(knows, initial=np.uint64(0))):
            partition_rows = winners.where((knows >> np.uint64(partition)) & np.uint64(1) != 0)
            routes.setdefault(partition, PartitionUpdate()).rows = partition_rows
        return routes

    def correct(self, correction: IdentityCorrection) -> Routes:
        """A correction of identity, which every partition makes: the folders it needs before, and the subjects it owns afterwards.

        Where records move between two subjects, a partition that holds one of them gets the other's folder as well.
        """
        restaging, routes = restage(self.store, correction), Routes()
        self._reserve()
        moves = [(part.lay, self.store.arenas[part.lay.position][part.place, SUBJECT], part.rows) for part in restaging.parts]
        for lay, was, rows in moves:
            other = was != rows[:, SUBJECT]
            self._share_folders(lay.kind, was[other], rows[other, SUBJECT], routes)
        restaging.commit(self.store)
        edges = [self._edges(rows, lay.feed.name, np.ones(len(rows), np.bool_)) for lay, _, rows in moves]
        grown_subjects = [
            self._place_subjects(lay.kind, np.concatenate([was, rows[:, SUBJECT]]), routes)
            for lay, was, rows in moves
            if lay.feed.registers
        ]
        reached = spread_partitions(
            np.concatenate([np.empty((0, 2), np.int64), *edges]), np.concatenate([_NOBODY, *grown_subjects]), tuple(self.levels),
            self.store.arena_tables, self.store.layout.lays, self.store.head_tables, self.store.layout.link_rows,
        )  # fmt: skip
        self._hand_out(reached, routes)
        return routes

    def erase(self, person: int, instead: int) -> None:
        """Erases a person with their records. Every partition does the same; no other subject or folder moves."""
        subject = self.store.entity(PERSON, person)
        if subject < 0:
            return
        commit_erasure(self.store, subject, instead, staged_erasure(self.store, subject))
        self._reserve()
        self.owner[PERSON][subject] = -1

    def _share_folders(self, kind: int, first: Int32, second: Int32, routes: Routes) -> None:
        """Gives both folders, as they are now, to every partition that holds one of two subjects' folders."""
        levels, holders = self.levels[kind], self.holders[kind]
        for a, b in sorted(set(zip(first.tolist(), second.tolist(), strict=True))):
            levels[[a, b], -1] |= holders[a] | holders[b]
            self._hand_out(np.array([a, b], np.int64) * 3 + kind, routes)

    def publish(self, policy: Policy) -> Routes:
        """The folders that a policy needs because it reads further than all before it."""
        kind = KINDS.index(policy.subject)
        program = compile_policies(self.store.layout, kind, [(policy, True)], self.check_number, self.code_of)
        feeds = len(self.store.layout.feeds)
        steps = [len(back) + (site >= feeds) for site, back in program.rules] + [len(back) for _, _, back in program.cover_sites]
        routes: Routes = {}
        if (depth := max(steps, default=0)) > self.depth:
            self._reserve()
            everyone = [np.arange(self.store.sizes[kind], dtype=np.int64) * 3 + kind for kind in range(len(KINDS))]
            for kind, levels in enumerate(self.levels):
                wider = np.zeros((len(levels), depth + 1), np.uint64)
                wider[:, 0], wider[:, -1] = levels[:, 0], levels[:, -1]  # the levels between are made anew, for only what grows is spread
                self.levels[kind] = wider
            reached = spread_partitions(
                np.empty((0, 2), np.int64), np.concatenate(everyone), tuple(self.levels), self.store.arena_tables,
                self.store.layout.lays, self.store.head_tables, self.store.layout.link_rows,
            )  # fmt: skip
            self._hand_out(reached, routes)
        return routes

    def upgrade(self, semantics: int) -> None:
        """A later version of the semantics; every partition judges its subjects anew."""
        self.store.follow(semantics)

    def extend(self, catalogue: Catalogue) -> None:
        """The catalogue that follows this one (``policies.contracts.growth``)."""
        self.catalogue = catalogue
        self.store.extend(catalogue)

    def census(self) -> dict[str, tuple[int, tuple[int, int, int]]]:
        """By street, in the order of their codes: its partition, and how many persons, households and dwellings it owns."""
        counts = [np.bincount(owner[owner >= 0], minlength=len(self.streets)) for owner in self.owner]
        return {
            street: (self.streets[street], (int(counts[0][number]), int(counts[1][number]), int(counts[2][number])))
            for street, number in sorted((street, number) for number, street in enumerate(self.streets))
        }

    def _edges(self, rows: Int32, feed: str, wins: npt.NDArray[np.bool_]) -> Int64:
        """Links of the winning rows: int64[m, 2], subjects as row * 3 + kind."""
        lay = self.store.layout.feeds[feed]
        edges = [np.empty((0, 2), np.int64)]
        for name, lane in lay.links.items():
            there = wins & (rows[:, lane] >= 0)
            ends = rows[there][:, [SUBJECT, lane]].astype(np.int64) * 3
            edges.append(ends + np.array([lay.kind, self.store.layout.links[name].target]))
        return np.concatenate(edges)

    def _place_subjects(self, kind: int, subjects: Int32, routes: Routes) -> Int64:
        """Moves subjects to the streets where the register places them now. Returns those whose level 0 has grown."""
        name = self.store.layout.registers[kind]
        assert name is not None
        subjects = np.unique(subjects[subjects >= 0])
        lay = self.store.layout.feeds[name]
        lane = lay.lanes[lay.feed.division][0] if lay.feed.division else -1
        code = np.empty(len(subjects), np.int32)
        latest_divisions(subjects, self.store.arenas[lay.position], self.store.heads[kind], lay.head, lane, code)
        subjects, code = subjects[code > -2], code[code > -2]
        street = np.empty(len(subjects), np.int32)
        for number in np.unique(code).tolist():
            street[code == number] = self._street(self.store.divisions.texts[number][:_STREET] if number >= 0 else UNPLACED)
        was = self.owner[kind][subjects]
        self.owner[kind][subjects] = street
        partition = np.array([*self.streets.values(), -1], np.int64)  # the last for street -1
        before, after = partition[was], partition[street]
        other = before != after
        subjects, before, after = subjects[other], before[other], after[other]
        tokens = self.store.tokens[kind][subjects]
        for number in np.unique(before[before >= 0]).tolist():
            routes.setdefault(number, PartitionUpdate()).lost[kind] = tokens[before == number]
        for number in np.unique(after).tolist():
            routes.setdefault(number, PartitionUpdate()).gained[kind] = tokens[after == number]
        self.levels[kind][subjects, 0] |= np.uint64(1) << after.astype(np.uint64)
        return subjects.astype(np.int64) * 3 + kind

    def _street(self, name: str) -> int:
        """The number of a street; a new one goes to the partition with the fewest."""
        if name not in self.streets:
            self.streets[name] = len(self.streets) % self.partitions
        return list(self.streets).index(name)

    def _hand_out(self, reached: Int64, routes: Routes, rows_too: RecordBatch | None = None) -> None:
        """Adds the folders that a partition is to hold from now on, without the rows ``rows_too``, which it gets besides. So what these
        rows move, they move at once, as on one host."""
        for kind in range(len(KINDS)):
            rows = np.unique(reached[reached % 3 == kind] // 3).astype(np.int32)
            fresh = self.levels[kind][rows, -1] & ~self.holders[kind][rows]
            for partition in _bits(np.bitwise_or.reduce(fresh, initial=np.uint64(0))):
                new_rows = rows[(fresh >> np.uint64(partition)) & np.uint64(1) != 0]
                batches = (_without(folder, rows_too) for folder in folders(self.store, kind, new_rows))
                routes.setdefault(partition, PartitionUpdate()).folders += [folder for folder in batches if len(folder)]
            self.holders[kind][rows] |= fresh

    def _reserve(self) -> None:
        """Room for every subject there is."""
        for kind, tokens in enumerate(self.store.tokens):
            if (more := len(tokens) - len(self.holders[kind])) > 0:
                self.owner[kind] = np.concatenate([self.owner[kind], np.full(more, -1, np.int32)])
                self.levels[kind] = np.concatenate([self.levels[kind], np.zeros((more, self.depth + 1), np.uint64)])
                self.holders[kind] = np.concatenate([self.holders[kind], np.zeros(more, np.uint64)])

    # -- checkpoints -------------------------------------------------------------------------------------------------------

    def arrays(self) -> dict[str, np.ndarray[Any, Any]]:
        self._reserve()
        out = self.store.arrays()
        for kind, word in enumerate(KINDS):
            size = self.store.sizes[kind]
            out |= {
                f"owner.{word}": self.owner[kind][:size],
                f"levels.{word}": self.levels[kind][:size],
                f"told.{word}": self.holders[kind][:size],
            }
        return out

    def meta(self) -> dict[str, Any]:
        checks = [list(key) for key in self.check_numbers]
        return {
            "day": self.day.isoformat(),
            "store": self.store.meta(),
            "checks": checks,
            "streets": self.streets,
            "partitions": self.partitions,
        }

    @classmethod
    def restore(cls, catalogue: Catalogue, arrays: Mapping[str, np.ndarray[Any, Any]], meta: Mapping[str, Any]) -> Locator:
        """The locator that gave these arrays and this meta."""
        locator = cls(catalogue, date.fromisoformat(meta["day"]), meta["partitions"])
        locator.store.restore(arrays, meta["store"])
        locator.check_numbers = {(policy, check): n for n, (policy, check) in enumerate(meta["checks"])}
        locator.streets = dict(meta["streets"])
        for kind, word in enumerate(KINDS):
            locator.owner[kind], locator.levels[kind], locator.holders[kind] = (
                arrays[f"{name}.{word}"] for name in ("owner", "levels", "told")
            )
        return locator


_NOBODY = np.empty(0, np.int64)


def _without(folder: RecordBatch, rows: RecordBatch | None) -> RecordBatch:
    """A folder without the records of some rows."""
    if rows is None or (folder.feed, folder.source) != (rows.feed, rows.source):
        return folder
    return folder.where(~np.isin(folder.key, rows.key))


def _bits(mask: Any) -> Iterator[int]:
    """Positions of the bits set in one word."""
    remaining = int(mask)
    while remaining:
        yield (remaining & -remaining).bit_length() - 1
        remaining &= remaining - 1
