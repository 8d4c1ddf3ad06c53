"""The lines of one message, from the changes that the matcher made.

There is one line for each day, policy and subject that the message changed, however many calls changed it, and none if they lead back to
the beginning. Lines are numbered in a total order, so the same message at the same offset always gives the same ids. They are kept as
columns until somebody reads them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias, overload

import numpy as np
import numpy.typing as npt

from matchers.kernel.batch import Int32, UInt8, UInt64
from matchers.kernel.changes import STATUSES, Columns, Open, Sighting
from streams.language.causes import Cause
from streams.language.messages import CandidateChange
from streams.lists.instructions import Instruction


@dataclass(frozen=True, slots=True)
class Move:
    """The changes of one call on the matcher, with their day and cause."""

    day: date
    cause: Cause
    changes: Columns


Moves: TypeAlias = Iterable[Move | Instruction]
"""The result of a step: changes by the matcher, and instructions to the list stage."""
Sightings: TypeAlias = tuple[tuple[date, Sighting], ...]
"""The evidence about watched subjects, each with its day."""
LineHead: TypeAlias = tuple[str, int, date, Cause]
"""Policy, version, day and cause."""


@dataclass(frozen=True, slots=True, eq=False)
class Lines(Sequence[CandidateChange]):
    """The n lines of the message at ``offset``; heads and open items that many lines share are stored once.

    Args:
        heads: each distinct policy, version, day and cause.
        opens: each distinct pair of open checks and missing fields.
        head, open: int32[n], places in ``heads`` and ``opens``.
        subject: uint64[n], tokens; 0 in the blank line of an erased person, which keeps its position and is told to nobody.
        before, after: uint8[n], places in ``STATUSES``.
        was: int32[n], place in ``opens`` of the open items before an exit; -1 for other lines, or if it is unknown. For the list stage;
            it is not written.
    """

    offset: int
    heads: Sequence[LineHead]
    opens: Sequence[Open]
    head: Int32
    open: Int32
    subject: UInt64
    before: UInt8
    after: UInt8
    was: Int32 | None = None

    def __len__(self) -> int:
        return len(self.head)

    def __iter__(self) -> Iterator[CandidateChange]:
        return self._changes_at(np.flatnonzero(self.subject))

    def of(self, policy: str) -> Iterator[CandidateChange]:
        """The lines of one policy."""
        of = np.array([name == policy for name, *_ in self.heads], np.bool_)[self.head]
        return self._changes_at(np.flatnonzero(of & (self.subject != 0)))

    def with_blanks(self, subjects: npt.NDArray[np.bool_]) -> Lines:
        """The lines with these blank; open items of the blank lines alone are removed."""
        used_opens = np.unique(self.open[~subjects])
        opens = [open if place in used_opens else ((), ()) for place, open in enumerate(self.opens)]
        subject, before, after = (np.where(subjects, c.dtype.type(0), c) for c in (self.subject, self.before, self.after))
        return Lines(self.offset, self.heads, opens, self.head, self.open, subject, before, after)

    def without(self, subject: int) -> Lines:
        """The lines of all other subjects; open items of this subject alone are removed."""
        keep = self.subject != np.uint64(subject)
        used_opens = set(np.unique(self.open[keep]).tolist())
        opens = [open if place in used_opens else ((), ()) for place, open in enumerate(self.opens)]
        others, before, after = self.subject[keep], self.before[keep], self.after[keep]
        was = None if self.was is None else self.was[keep]
        return Lines(self.offset, self.heads, opens, self.head[keep], self.open[keep], others, before, after, was)

    def _changes_at(self, positions: npt.NDArray[np.int64]) -> Iterator[CandidateChange]:
        columns = (positions, *(column[positions] for column in (self.head, self.open, self.subject, self.before, self.after)))
        for position, head, open, subject, before, after in zip(*(column.tolist() for column in columns), strict=True):
            policy, version, day, cause = self.heads[head]
            checklist, missing = self.opens[open]
            kind = "entered" if before == 0 else "left" if after == 0 else "changed"
            now, was = STATUSES[after], STATUSES[before]
            id = f"{self.offset}.{position}"
            yield CandidateChange(id, policy, version, subject, kind, now, was, checklist, missing, cause, day)

    @overload
    def __getitem__(self, index: int) -> CandidateChange: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[CandidateChange]: ...
    def __getitem__(self, index: int | slice) -> CandidateChange | Sequence[CandidateChange]:
        return list(self)[index]


def sightings(moves: Iterable[Move]) -> Sightings:
    """The sightings in these moves, in their order."""
    return tuple((move.day, sighting) for move in moves for sighting in move.changes.sightings)


def lines(moves: Iterable[Move], offset: int) -> Lines:
    """The lines of one message: by day in the order of the moves, then by policy and subject; ids ``offset.position`` from 0."""
    by_day: dict[date, list[tuple[Cause, Columns]]] = {}
    for move in moves:
        if len(move.changes):
            by_day.setdefault(move.day, []).append((move.cause, move.changes))
    if not by_day:
        return no_lines(offset)
    heads: dict[LineHead, int] = {}
    opens: dict[Open, int] = {}
    day_columns = [_net(day, of_day, heads, opens) for day, of_day in by_day.items()]
    types: tuple[type[np.generic], ...] = (np.int32, np.int32, np.uint64, np.uint8, np.uint8, np.int32)
    columns = (_concatenate([net[i] for net in day_columns], kind) for i, kind in enumerate(types))
    return Lines(offset, list(heads), list(opens), *columns)


def no_lines(offset: int) -> Lines:
    """No lines of the message at an offset."""
    none = np.empty(0, np.int32)
    return Lines(offset, [], [], none, none, np.empty(0, np.uint64), np.empty(0, np.uint8), np.empty(0, np.uint8), none)


def _net(
    day: date, moves: Sequence[tuple[Cause, Columns]], heads: dict[LineHead, int], opens: dict[Open, int]
) -> tuple[Int32, Int32, UInt64, UInt8, UInt8, Int32]:
    """The columns of one day's lines, by policy and subject: the status before the first change, and all else from the last.

    A subject that came and went, or that is on the list as before, has no line.
    """
    names = sorted({name for _, columns in moves for name, _ in columns.policies})
    rank = {name: place for place, name in enumerate(names)}
    all_heads = [(name, version, day, cause) for cause, columns in moves for name, version in columns.policies]
    starts = np.cumsum([0, *(len(columns.policies) for _, columns in moves)]).tolist()
    head = _concatenate([columns.policy + start for (_, columns), start in zip(moves, starts, strict=False)], np.int32)
    words: dict[Open, int] = {}
    open_places = [np.array([words.setdefault(open, len(words)) for open in columns.opens] + [-1], np.int32) for _, columns in moves]
    open = _concatenate([places[columns.open] for (_, columns), places in zip(moves, open_places, strict=True)], np.int32)
    was = _concatenate([places[_places_before(columns)] for (_, columns), places in zip(moves, open_places, strict=True)], np.int32)
    subject, before, after = (
        _concatenate([getattr(columns, name) for _, columns in moves], kind)
        for name, kind in (("subject", np.uint64), ("before", np.uint8), ("after", np.uint8))
    )
    policy = np.array([rank[name] for name, *_ in all_heads], np.int32)[head]
    order = np.lexsort((subject, policy))  # stable: changes of a subject stay in their order
    differs = (policy[order][1:] != policy[order][:-1]) | (subject[order][1:] != subject[order][:-1])
    first = order[np.concatenate([[True], differs])]
    last = order[np.concatenate([differs, [True]])]
    came_and_went = (before[first] | after[last]) == 0
    starts_at = np.flatnonzero(np.concatenate([[True], differs]))
    known_before = np.logical_and.reduceat(was[order] >= 0, starts_at) & (last != first)
    as_it_was = known_before & (before[first] == after[last]) & (was[first] == open[last])
    stays = ~(came_and_went | as_it_was)
    first, last = first[stays], last[stays]
    place, answer = np.zeros(len(all_heads), np.int32), np.zeros(len(words), np.int32)
    for number in np.unique(head[last]).tolist():
        place[number] = heads.setdefault(all_heads[number], len(heads))
    distinct_opens = list(words)
    left = np.where((after[last] == 0) & (before[first] != 0), was[first], -1)
    for number in np.unique(np.concatenate([open[last], left[left >= 0]])).tolist():
        answer[number] = opens.setdefault(distinct_opens[number], len(opens))
    open_before = np.where(left >= 0, answer[left], -1).astype(np.int32)
    return place[head[last]], answer[open[last]], subject[last], before[first], after[last], open_before


def _places_before(columns: Columns) -> Int32:
    """The places of the open items before; -1 where they are unknown."""
    return np.full(len(columns), -1, np.int32) if columns.open_before is None else columns.open_before


def _concatenate(parts: Sequence[npt.NDArray[Any]], kind: type[np.generic]) -> npt.NDArray[Any]:
    return np.concatenate([np.empty(0, kind), *parts])
