"""The subjects that a change can reach: from changed records, divisions and days back to the subjects of policies.

A program knows the links along which each of its parts is read. To walk these steps backwards from the change, in the state before it,
finds every subject concerned. The state before is enough: where a link itself changed, its owner and both its targets are seeds, and the
steps nearer to the subject did not change. Called by ``matchers.core`` and ``matchers.reevaluation``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from matchers.kernel.batch import Int32
from matchers.kernel.kernels.reach import reach_roots, records_between
from matchers.kernel.layout import Layout
from matchers.matrix.coverage import CoverageTables
from matchers.matrix.store import Store, tables
from matchers.program.binding import Binding, Side
from matchers.program.program import Program

Steps = tuple[tuple[int, int], ...]

WIDE, WIDE_LINKED = 0.6, 0.2
"""Where this share of a kind's subjects is concerned, and at least 10,000, the policies judge everybody anew
(``matchers.lists.evaluation``). The second share is for subjects at the end of links, where to walk back costs more. Measured with 3 and
with 100 policies."""


def wide(touched: int, of: int, *, linked: bool = False) -> bool:
    """Whether everybody is judged anew where the coverage of so many subjects of a kind differs. The lines are the same either way."""
    return touched >= max((WIDE_LINKED if linked else WIDE) * of, 10_000)


class ReachedSubjects:
    """The subjects that a change can reach, by kind. ``wide``: by kind of policy, covers that differ for so many that all are judged anew.

    Args:
        sizes: how many subjects there are of each kind.
    """

    def __init__(self, sizes: Sequence[int]) -> None:
        self.sizes = sizes
        self.wide: dict[int, set[int]] = {}
        self._marks: dict[int, npt.NDArray[np.bool_]] = {}

    def add(self, kind: int, rows: Int32) -> None:
        if len(rows):
            if kind not in self._marks:
                self._marks[kind] = np.zeros(self.sizes[kind], np.bool_)
            self._marks[kind][rows] = True

    def rows(self, kind: int) -> Int32:
        """In ascending order."""
        marks = self._marks.get(kind)
        return np.empty(0, np.int32) if marks is None else np.flatnonzero(marks).astype(np.int32)


class Rules:
    """Reverse steps by site. A site is a feed (its records of a subject) or, numbered after the feeds, a link (the records that link to a
    target)."""

    def __init__(self, layout: Layout, programs: Sequence[Program]) -> None:
        self.programs = programs
        self.sites = len(layout.feeds) + len(layout.links)
        by_site: list[list[tuple[int, Steps]]] = [[] for _ in range(self.sites)]
        for program in programs:
            for site, back in sorted(program.rules):
                by_site[site].append((program.kind, back))
        self.table, self.off = _table(by_site)

    def read(self, site: int) -> bool:
        """Whether any policy reads what changes at a site."""
        return bool(self.off[site + 1] > self.off[site])

    def reach(self, store: Store, sites: Int32, entities: Int32, n: int) -> list[Int32]:
        """Rows of the subjects reached, by kind, each once."""
        return self._walk(store, sites, entities, n, self.table, self.off)

    def back(self, store: Store, kind: int, back: Steps, rows: Int32) -> Int32:
        """The subjects of a kind from which these rows are read along these steps."""
        if not back:
            return rows
        table, off = _table([[(kind, back)]])
        return self._walk(store, np.zeros(len(rows), np.int32), rows, len(rows), table, off)[kind]

    def _walk(self, store: Store, sites: Int32, entities: Int32, n: int, table: Int32, off: Int32) -> list[Int32]:
        out = [np.empty(len(stamps), np.int32) if n else np.empty(0, np.int32) for stamps in store.stamps]
        room = max(4096, n)
        while n:
            epoch, mark = store.next_epoch(), store.next_marks(table.size)
            fill = np.zeros(len(out), np.int64)
            missing = reach_roots(
                sites, entities, n, table, off, len(store.arenas), store.arena_tables, store.layout.lays, store.head_tables,
                store.layout.link_rows, store.stamp_tables, epoch, store.mark_tables, mark, tables(out), fill,
                np.empty(room, np.int32), np.empty(room, np.int32),
            )  # fmt: skip
            if missing == 0:
                return [rows[:count] for rows, count in zip(out, fill.tolist(), strict=True)]
            room = int(missing) * 2
        return out

    def add_coverage_changes(
        self,
        store: Store,
        before: Mapping[int, Side],
        after: Mapping[int, Side],
        old: CoverageTables,
        new: CoverageTables,
        out: ReachedSubjects,
    ) -> None:
        """Adds the subjects whose coverage differs between two sides, for any feed that is read."""
        places: dict[int, Int32] = {}
        for program in self.programs:
            a, b = before[program.kind].binding, after[program.kind].binding
            for row, kind, back in sorted(program.cover_sites):
                flipped, single_subjects = _covered_otherwise(a, b, row), _single_subjects(program, row, kind, old, new)
                if not flipped.any() and not single_subjects:
                    continue
                if kind not in places:
                    places[kind] = store.placements(kind, a.day)
                place = places[kind]
                changed_rows = np.flatnonzero(flipped[np.where(place >= 0, place, len(flipped) - 1)]).astype(np.int32)
                if wide(len(changed_rows), len(place), linked=back != ()):
                    out.wide.setdefault(program.kind, set()).add(row)
                    continue
                for rows in (changed_rows, _singles(program, row, kind, a, b, old, new, place) if single_subjects else changed_rows[:0]):
                    if len(rows):
                        out.add(program.kind, self.back(store, program.kind, back, rows))


def _table(by_site: Sequence[Sequence[tuple[int, Steps]]]) -> tuple[Int32, Int32]:
    longest = max((len(back) for rules in by_site for _, back in rules), default=0)
    rows = [[kind, len(back), *(x for step in back for x in step)] for rules in by_site for kind, back in rules]
    table = np.full((max(1, len(rows)), 2 + 2 * max(1, longest)), -1, np.int32)
    for i, row in enumerate(rows):
        table[i, : len(row)] = row
    return table, np.cumsum([0, *(len(rules) for rules in by_site)]).astype(np.int32)


def _covered_otherwise(a: Binding, b: Binding, row: int) -> npt.NDArray[np.bool_]:
    """By division code, whether coverage differs between two bindings; False in the last place, which is for unplaced subjects."""
    width = min(a.cover.shape[1], b.cover.shape[1])
    flipped = np.zeros(max(a.cover.shape[1], b.cover.shape[1]) + 1, np.bool_)
    flipped[:width] = a.cover[row, :width] != b.cover[row, :width]
    flipped[width:-1] = True
    return flipped


def _single_subjects(program: Program, row: int, kind: int, old: CoverageTables, new: CoverageTables) -> set[int]:
    """Rows of the single subjects that statements about the feed of a cover name on either side."""
    feed = program.covers[row][0]
    return {subject for side in (old, new) for (of, subject, _) in side.singles.get(feed, {}) if of == kind}


def _singles(
    program: Program, row: int, kind: int, a: Binding, b: Binding, old: CoverageTables, new: CoverageTables, place: Int32
) -> Int32:
    """Rows of single subjects whose own statements differ or cross the age limit, or that are placed where those of some source do: one
    source may cover a subject by a list, another by its division, and only both together make it covered."""
    feed = program.covers[row][0]
    was, now = old.singles.get(feed, {}), new.singles.get(feed, {})
    low, high = int(a.cover_cut[row]), int(b.cover_cut[row])
    rows = {
        subject
        for (subject_kind, subject, source) in was.keys() | now.keys()
        if subject_kind == kind
        and ((was.get((subject_kind, subject, source), low - 1) >= low) != (now.get((subject_kind, subject, source), high - 1) >= high))
    }
    crosses_age = _current_on_one_side(feed, old, new, low, high)
    others = _single_subjects(program, row, kind, old, new) - rows
    rows |= {
        subject for subject in others if subject < len(place) and place[subject] >= 0 and crosses_age[place[subject]]
    }  # the unplaced are never covered
    return np.array(sorted(rows), np.int32)


def _current_on_one_side(
    feed: int, old: CoverageTables, new: CoverageTables, low: int, high: int
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """By division code, whether the statement of any source of the feed is current on one side only."""
    numbers = [side.resp[side.resp_off[feed, 0] : side.resp_off[feed, -1]] for side in (old, new)]
    sources = np.unique(np.concatenate(numbers))
    sources = sources[sources >= 0]
    width = min(old.div_of.shape[1], new.div_of.shape[1])
    out = np.ones(max(old.div_of.shape[1], new.div_of.shape[1]), np.bool_)  # a code only one side knows: as if it crossed
    out[:width] = ((old.div_of[sources, :width] >= low) != (new.div_of[sources, :width] >= high)).any(axis=0)
    return out


def moved_intervals(program: Program, a: Binding, b: Binding) -> set[int]:
    """First constants of tests that differ between two days and whose columns cannot be searched for the subjects that flip."""
    timed = {constant for _, _, constant in program.timed}
    constants = set()
    for at, test in program.tests:
        rows = len(test.keys) + 1 if test.keys else 1
        if (a.consts[at : at + rows] != b.consts[at : at + rows]).any():
            searchable = at in timed and a.consts[at, 3] == 0 and b.consts[at, 3] == 0
            if not searchable:
                constants.add(at)
    return constants


def _between(low_a: int, high_a: int, low_b: int, high_b: int) -> list[tuple[int, int]]:
    """Intervals of the values inside exactly one of two intervals (a superset where these do not overlap)."""
    if low_a > high_a or low_b > high_b:
        return [(min(low_a, low_b), max(high_a, high_b))]
    out = []
    if low_a != low_b:
        out.append((min(low_a, low_b), max(low_a, low_b) - 1))
    if high_a != high_b:
        out.append((min(high_a, high_b) + 1, max(high_a, high_b)))
    return out


def flips(rules: Rules, store: Store, before: Mapping[int, Side], after: Mapping[int, Side]) -> ReachedSubjects:
    """The subjects for which a step from one day to another can change anything: dates, validity, age of coverage."""
    intervals: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for program in rules.programs:
        a, b = before[program.kind].binding, after[program.kind].binding
        for feed, lane, constant in program.timed:
            if a.consts[constant, 3] == 0 and b.consts[constant, 3] == 0:
                x, y = a.consts[constant], b.consts[constant]
                intervals.setdefault((feed, lane), []).extend(_between(int(x[0]), int(x[1]), int(y[0]), int(y[1])))
    if before:
        any_kind = next(iter(before))
        low, high = sorted((before[any_kind].binding.day, after[any_kind].binding.day))
        for lay in store.layout.feeds.values():
            links = [len(store.arenas) + li.position for li in store.layout.links.values() if li.feed == lay.position]
            if lay.valid >= 0 and any(rules.read(site) for site in (lay.position, *links)):
                intervals.setdefault((lay.position, lay.valid), []).append((low + 1, high))
                intervals.setdefault((lay.position, lay.valid + 1), []).append((low, high - 1))
    reached = ReachedSubjects(store.sizes)
    for (feed, lane), ranges in sorted(intervals.items()):
        if not ranges:
            continue
        starts, ends = (np.array(side, np.int64) for side in zip(*sorted(set(ranges)), strict=True))
        records = np.empty(store.counts[feed], np.int32)
        n = records_between(store.arenas[feed], store.counts[feed], lane, 0, starts, ends, records)
        if n:
            sites, entities, seeds = store.standing(feed, records, n)
            for kind, rows in enumerate(rules.reach(store, sites, entities, seeds)):
                reached.add(kind, rows)
    for side in list(before.values())[:1]:
        rules.add_coverage_changes(store, before, after, side.coverage, side.coverage, reached)
    return reached
