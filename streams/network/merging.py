"""The lines of one message, merged from the lines of each partition.

The merger calls it. A subject that moved between partitions has a line in the old and a line in the new one; here they become one line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from matchers.kernel.batch import Int32, UInt8
from matchers.kernel.changes import Open
from streams.lists.lines import LineHead, Lines, lines
from streams.network.orders import PartitionLines

Ints: TypeAlias = npt.NDArray[np.int64]


def in_order(reports: Sequence[PartitionLines]) -> list[PartitionLines]:
    """Reports in a fixed order: the result is the same whichever came first."""
    return sorted(reports, key=lambda report: (report.partition, report.number))


def merge(reports: Sequence[PartitionLines], offset: int) -> Lines:
    """The lines of one message from the reports of the partitions, in the order of an embedded host."""
    if not reports:
        return lines((), offset)
    reports = in_order(reports)
    heads: dict[LineHead, int] = {}
    opens: dict[Open, int] = {}
    head = np.concatenate([np.array([heads.setdefault(h, len(heads)) for h in f.lines.heads], np.int32)[f.lines.head] for f in reports])
    open = np.concatenate([np.array([opens.setdefault(o, len(opens)) for o in f.lines.opens], np.int32)[f.lines.open] for f in reports])
    was = np.concatenate([_places(f.lines, opens) for f in reports])
    subject, before, after = (np.concatenate([getattr(f.lines, name) for f in reports]) for name in ("subject", "before", "after"))
    shard = np.repeat([f.partition for f in reports], [len(f.lines) for f in reports])
    names = sorted({name for name, *_ in heads})
    day = np.array([d.toordinal() for _, _, d, _ in heads], np.int32)[head]
    policy = np.array([names.index(name) for name, *_ in heads], np.int32)[head]
    order = np.lexsort((shard, subject, policy, day))
    same = (np.diff(subject[order]) == 0) & (np.diff(policy[order]) == 0) & (np.diff(day[order]) == 0)
    if same.any():
        order = _once(order, same, shard, before, after, was)
    columns = (head[order], open[order], subject[order], before[order], after[order], was[order])
    return Lines(offset, list(heads), list(opens), *columns)


def _places(lines: Lines, opens: Mapping[Open, int]) -> Int32:
    """The open items before each exit, as places in ``opens``; -1 for other lines."""
    if lines.was is None:
        return np.full(len(lines), -1, np.int32)
    of = np.array([*(opens[open] for open in lines.opens), -1], np.int32)
    return of[lines.was]


def _once(order: Ints, same: npt.NDArray[np.bool_], shard: Ints, before: UInt8, after: UInt8, was: Int32) -> Ints:
    """One row for each line that was reported several times: by one partition in parts, or by the old and the new partition of a subject.

    The row that stays gets ``before`` and ``was`` of them all.
    """
    merged_rows = []
    for group in np.split(order, np.flatnonzero(~same) + 1):
        rows = group.tolist()
        firsts = [row for place, row in enumerate(rows) if place == 0 or shard[rows[place - 1]] != shard[row]]
        lasts = [row for place, row in enumerate(rows) if place + 1 == len(rows) or shard[rows[place + 1]] != shard[row]]
        first = max(firsts, key=lambda row: int(before[row]))
        stays = max(lasts, key=lambda row: int(after[row]))
        if before[first] or after[stays]:
            before[stays], was[stays] = before[first], was[first] if not after[stays] else -1
            merged_rows.append(stays)
    return np.array(merged_rows, np.int64)
