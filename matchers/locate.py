"""Locate: which shard owns whom, who else must hold her folder, and what each shard is to be told of a batch.

The one idea: one locator holds every record, but judges nobody. A subject is owned where the register places it; its folder goes to every
shard that owns anybody within ``depth`` links of it, so that each shard can judge its own as if it held everything. A shard that was
once given a folder is kept up to date for ever: nothing it holds is ever stale, and nobody has to be taken away again. Shards are streets
and towns; several share a partition. Source: docs/semantics.md section 3 (placement), and "Known limits".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from matchers import kernels as k
from matchers.batch import DELETED, Int32, Int64, RecordBatch, UInt64, latest
from matchers.compile import compile_policies
from matchers.erasing import PERSON, leaving, left
from matchers.folders import folders
from matchers.identity import Correction
from matchers.layout import KINDS
from matchers.restage import restage
from matchers.shard import Shard
from policies.catalogue import Catalogue
from policies.tree import Policy

PARTITIONS = 64
"""The most there may be: one bit each."""
DEPTH = 2
"""How many links away a shard holds folders before any policy asks for more."""
UNPLACED = ""
"""The shard of those whom the register places nowhere."""
_STREET = 9  # digits of a street's code


@dataclass(slots=True)
class Routed:
    """What one partition is told: in this order, whom it owns no more, folders, rows, whom it owns from now on."""

    lost: dict[int, UInt64] = field(default_factory=dict)
    folders: list[RecordBatch] = field(default_factory=list)
    rows: RecordBatch | None = None
    gained: dict[int, UInt64] = field(default_factory=dict)


Routes = dict[int, Routed]


class Locator(Shard):
    """Every record, and where each subject's folder is held. Its methods say what each partition is to be told.

    Args:
        partitions: how many there are, at most ``PARTITIONS``.
    """

    def __init__(self, catalogue: Catalogue, day: date, partitions: int) -> None:
        super().__init__(catalogue, day)
        self.partitions = partitions
        self.streets: dict[str, int] = {}  # the partition of each shard, in the order they were met
        self.owner: list[npt.NDArray[np.int16]] = [np.empty(0, np.int16) for _ in KINDS]  # number of the street, -1 before any
        self.levels: list[UInt64] = [np.empty((0, DEPTH + 1), np.uint64) for _ in KINDS]
        self.told: list[UInt64] = [np.empty(0, np.uint64) for _ in KINDS]  # partitions that hold the folder

    @property
    def depth(self) -> int:
        """How many links away from those it owns a shard holds folders."""
        return int(self.levels[0].shape[1]) - 1

    def apply(self, batch: RecordBatch) -> Routes:
        """Takes in a batch and says who is to know of it."""
        lay = self.store.layout.feeds[batch.feed]
        at, n = lay.position, len(batch)
        rows = self.store.rows(batch)
        self.store.reserve_records(at, n)
        wins, former = np.empty(n, np.bool_), np.empty(n, np.int32)
        k.winning(rows, batch.key, batch.source, self.store.arenas[at], self.store.record_slots[at], wins, former)
        wins &= latest(batch)  # whoever is told of a row that another one of the batch beats would be left with it
        subject = rows[:, k.SUBJECT].copy()
        edges = self._edges(rows, batch.feed, wins & ((batch.flags & DELETED) == 0))
        self.store.commit(self.store.stage(batch, rows, 0, n))
        self._reserve()
        told = self.told[lay.kind]
        changed = wins & (former >= 0) & (former != subject)
        held = np.where(wins & (former >= 0), told[former], np.uint64(0))
        np.bitwise_or.at(self.levels[lay.kind][:, -1], subject[changed], held[changed])
        routes: Routes = {}
        moved = self._placed(lay.kind, np.concatenate([subject[wins], former[changed]]), routes) if lay.feed.registers else _NOBODY
        reached = k.spread(
            edges, moved, tuple(self.levels), self.store.arena_tables, self.store.layout.lays, self.store.head_tables,
            self.store.layout.link_rows,
        )  # fmt: skip
        winners = batch.chosen(wins)
        self._hand_out(np.concatenate([reached, 3 * subject[changed].astype(np.int64) + lay.kind]), routes, winners)
        knows = held[wins] | told[subject[wins]]
        for partition in _bits(np.bitwise_or.reduce(knows, initial=np.uint64(0))):
            chosen = winners.chosen((knows >> np.uint64(partition)) & np.uint64(1) != 0)
            routes.setdefault(partition, Routed()).rows = chosen
        return routes

    def correct(self, correction: Correction) -> Routes:
        """A correction of identity, which every partition makes: what it must hold before that, and whom it owns from then on.

        Who holds one of two subjects between whom records move is given the other one's folder as well.
        """
        found, routes = restage(self.store, correction), Routes()
        self._reserve()
        moves = [(part.lay, self.store.arenas[part.lay.position][part.place, k.SUBJECT], part.rows) for part in found.parts]
        for lay, was, rows in moves:
            other = was != rows[:, k.SUBJECT]
            self._shared(lay.kind, was[other], rows[other, k.SUBJECT], routes)
        found.commit(self.store)
        edges = [self._edges(rows, lay.feed.name, np.ones(len(rows), np.bool_)) for lay, _, rows in moves]
        placed = [
            self._placed(lay.kind, np.concatenate([was, rows[:, k.SUBJECT]]), routes) for lay, was, rows in moves if lay.feed.registers
        ]
        reached = k.spread(
            np.concatenate([np.empty((0, 2), np.int64), *edges]), np.concatenate([_NOBODY, *placed]), tuple(self.levels),
            self.store.arena_tables, self.store.layout.lays, self.store.head_tables, self.store.layout.link_rows,
        )  # fmt: skip
        self._hand_out(reached, routes)
        return routes

    def erase(self, person: int, instead: int) -> None:
        """A person goes, with her records; every partition is to do the same. Nobody else is owned or held elsewhere for it."""
        subject = self.store.entity(PERSON, person)
        if subject < 0:
            return
        left(self.store, subject, instead, leaving(self.store, subject))
        self._reserve()
        self.owner[PERSON][subject] = -1

    def _shared(self, kind: int, one: Int32, other: Int32, routes: Routes) -> None:
        """Whoever holds either of two subjects' folders holds both; they are handed out as they are now."""
        levels, told = self.levels[kind], self.told[kind]
        for a, b in sorted(set(zip(one.tolist(), other.tolist(), strict=True))):
            levels[[a, b], -1] |= told[a] | told[b]
            self._hand_out(np.array([a, b], np.int64) * 3 + kind, routes)

    def replace(self, feed: str, source: int, delivery: int) -> None:
        """A full replacement; every partition is to do the same."""
        self.store.older(self.store.layout.feeds[feed].position, source, delivery, dry=False)

    def publish(self, policy: Policy) -> Routes:
        """Folders that a policy needs because it reads further than any before it."""
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
                wider[:, 0], wider[:, -1] = levels[:, 0], levels[:, -1]  # those between are made anew: only what grows is spread
                self.levels[kind] = wider
            reached = k.spread(
                np.empty((0, 2), np.int64), np.concatenate(everyone), tuple(self.levels), self.store.arena_tables,
                self.store.layout.lays, self.store.head_tables, self.store.layout.link_rows,
            )  # fmt: skip
            self._hand_out(reached, routes)
        return routes

    def extend(self, catalogue: Catalogue) -> None:
        """Feeds and units added at the end of the catalogue."""
        self.catalogue = catalogue
        self.store.extend(catalogue)

    def census(self) -> dict[str, tuple[int, tuple[int, int, int]]]:
        """By shard, in the order of their codes: its partition, and how many persons, households and dwellings it owns."""
        found = [np.bincount(owner[owner >= 0], minlength=len(self.streets)) for owner in self.owner]
        return {
            street: (self.streets[street], (int(found[0][number]), int(found[1][number]), int(found[2][number])))
            for street, number in sorted((street, number) for number, street in enumerate(self.streets))
        }

    def _edges(self, rows: Int32, feed: str, wins: npt.NDArray[np.bool_]) -> Int64:
        """Links of the winning rows: int64[m, 2], subjects as row * 3 + kind."""
        lay = self.store.layout.feeds[feed]
        found = [np.empty((0, 2), np.int64)]
        for name, lane in lay.links.items():
            there = wins & (rows[:, lane] >= 0)
            ends = rows[there][:, [k.SUBJECT, lane]].astype(np.int64) * 3
            found.append(ends + np.array([lay.kind, self.store.layout.links[name].target]))
        return np.concatenate(found)

    def _placed(self, kind: int, subjects: Int32, routes: Routes) -> Int64:
        """Gives subjects to the shards the register places them in now; those whose level 0 has grown by it."""
        name = self.store.layout.registers[kind]
        assert name is not None
        subjects = np.unique(subjects[subjects >= 0])
        lay = self.store.layout.feeds[name]
        lane = lay.lanes[lay.feed.division][0] if lay.feed.division else -1
        code = np.empty(len(subjects), np.int32)
        k.registered(subjects, self.store.arenas[lay.position], self.store.heads[kind], lay.head, lane, code)
        subjects, code = subjects[code > -2], code[code > -2]
        street = np.empty(len(subjects), np.int16)
        for one in np.unique(code).tolist():
            street[code == one] = self._street(self.store.divisions.texts[one][:_STREET] if one >= 0 else UNPLACED)
        was = self.owner[kind][subjects]
        self.owner[kind][subjects] = street
        partition = np.array([*self.streets.values(), -1], np.int64)  # the last for street -1
        before, after = partition[was], partition[street]
        other = before != after
        subjects, before, after = subjects[other], before[other], after[other]
        tokens = self.store.tokens[kind][subjects]
        for one in np.unique(before[before >= 0]).tolist():
            routes.setdefault(one, Routed()).lost[kind] = tokens[before == one]
        for one in np.unique(after).tolist():
            routes.setdefault(one, Routed()).gained[kind] = tokens[after == one]
        self.levels[kind][subjects, 0] |= np.uint64(1) << after.astype(np.uint64)
        return subjects.astype(np.int64) * 3 + kind

    def _street(self, name: str) -> int:
        """The number of a shard; a new one goes to the partition with the fewest."""
        if name not in self.streets:
            held = list(self.streets.values())
            self.streets[name] = min(range(self.partitions), key=lambda partition: (held.count(partition), partition))
        return list(self.streets).index(name)

    def _hand_out(self, reached: Int64, routes: Routes, rows_too: RecordBatch | None = None) -> None:
        """The folders of those whom a partition holds from now on, as they were before the rows that it is told besides: what these move,
        they move all at once, as in one host."""
        for kind in range(len(KINDS)):
            rows = np.unique(reached[reached % 3 == kind] // 3).astype(np.int32)
            fresh = self.levels[kind][rows, -1] & ~self.told[kind][rows]
            for partition in _bits(np.bitwise_or.reduce(fresh, initial=np.uint64(0))):
                chosen = rows[(fresh >> np.uint64(partition)) & np.uint64(1) != 0]
                found = (_without(folder, rows_too) for folder in folders(self.store, kind, chosen))
                routes.setdefault(partition, Routed()).folders += [folder for folder in found if len(folder)]
            self.told[kind][rows] |= fresh

    def _reserve(self) -> None:
        """Room for every subject there is."""
        for kind, tokens in enumerate(self.store.tokens):
            if (more := len(tokens) - len(self.told[kind])) > 0:
                self.owner[kind] = np.concatenate([self.owner[kind], np.full(more, -1, np.int16)])
                self.levels[kind] = np.concatenate([self.levels[kind], np.zeros((more, self.depth + 1), np.uint64)])
                self.told[kind] = np.concatenate([self.told[kind], np.zeros(more, np.uint64)])

    # -- keeping -------------------------------------------------------------------------------------------------------

    def arrays(self) -> dict[str, np.ndarray[Any, Any]]:
        self._reserve()
        out = self.store.arrays()
        for kind, word in enumerate(KINDS):
            size = self.store.sizes[kind]
            out |= {
                f"owner.{word}": self.owner[kind][:size],
                f"levels.{word}": self.levels[kind][:size],
                f"told.{word}": self.told[kind][:size],
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
        made = cls(catalogue, date.fromisoformat(meta["day"]), meta["partitions"])
        made.store.restore(arrays, meta["store"])
        made.check_numbers = {(policy, check): n for n, (policy, check) in enumerate(meta["checks"])}
        made.streets = dict(meta["streets"])
        for kind, word in enumerate(KINDS):
            made.owner[kind], made.levels[kind], made.told[kind] = (arrays[f"{name}.{word}"] for name in ("owner", "levels", "told"))
        return made


_NOBODY = np.empty(0, np.int64)


def _without(folder: RecordBatch, rows: RecordBatch | None) -> RecordBatch:
    """A folder but for the records of some rows."""
    if rows is None or (folder.feed, folder.source) != (rows.feed, rows.source):
        return folder
    return folder.chosen(~np.isin(folder.key, rows.key))


def _bits(mask: Any) -> Iterator[int]:
    """Positions of the bits set in one word."""
    left = int(mask)
    while left:
        yield (left & -left).bit_length() - 1
        left &= left - 1
