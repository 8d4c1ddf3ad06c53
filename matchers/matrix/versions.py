"""Versions of records that are needed besides those in force: they lost, but may count later.

There are two reasons. Once an open full replacement (begun, not complete) is complete, only versions with its delivery number or a greater
one count. And a row without a usable order hides the versions before it until a sound row comes after it. ``winner_and_needed`` is the
whole rule; ``Versions`` keeps the versions that it needs. Both cases are rare: where no row comes out of order, nothing is kept. Called by
``matchers.matrix.staging``. Source: docs/en/semantics.md sections 1.1 and 1.2.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from matchers.kernel.batch import NO_ORDER, QUARANTINED, Int32, UInt64
from matchers.kernel.kernels.records import DELIVERY, FLAGS, ORDER, ROW, read_wide
from matchers.kernel.layout import FeedLayout
from matchers.matrix.relayout import laid_anew

Place: TypeAlias = tuple[int, int]
"""Position of a feed, and of one of its sources."""
LOST = 16
"""A flag of a kept row: when it came, it was counted as older than its record."""


class RecordVersion(NamedTuple):
    """A version of a record, as far as it decides which version counts."""

    order: int
    delivery: int
    row: int
    flags: int

    @property
    def came(self) -> tuple[int, int]:
        return self.delivery, self.row

    @property
    def usable(self) -> bool:
        return self.order != int(NO_ORDER)

    @property
    def sound(self) -> bool:
        return self.usable and not self.flags & int(QUARANTINED)


def version(row: Int32) -> RecordVersion:
    """The version of a row with lanes as in the arena."""
    return RecordVersion(int(read_wide(row, ORDER)), int(row[DELIVERY]), int(row[ROW]), int(row[FLAGS]))


def winner_and_needed(versions: Sequence[RecordVersion], floor: int, open: Iterable[int] = ()) -> tuple[int, set[int]]:
    """The positions of the winner among one record's versions (-1: none), and of the other versions needed.

    Args:
        floor: only versions with this delivery number or a greater one count.
        open: replacing deliveries that are not complete; each may become the floor.
    """
    counting = [i for i, v in enumerate(versions) if v.delivery >= floor]
    sound = max((i for i in counting if versions[i].sound), key=lambda i: versions[i].came, default=-1)
    without = max((i for i in counting if not versions[i].usable), key=lambda i: versions[i].came, default=-1)
    if without >= 0 and sound >= 0 and versions[sound].came > versions[without].came:
        without = -1
    needed, best = {sound, without}, -1
    usable = [i for i in counting if versions[i].usable]
    for bottom in sorted({floor, *(number for number in open if number > floor)}, reverse=True):
        best = max((i for i in usable if versions[i].delivery >= bottom), key=lambda i: versions[i][:3], default=-1)
        needed.add(best)
    winner = without if without >= 0 else best
    return winner, needed - {winner, -1}


class Versions:
    """The needed versions of every source, by record, and the open replacing deliveries.

    A row here is as delivered: its subject and links are those of its delivered tokens. So a correction of identity does not concern it
    until it wins.
    """

    def __init__(self) -> None:
        self.rows: dict[Place, dict[int, Int32]] = {}  # by the record's key: int32[m, width]
        self._open: dict[Place, set[int]] = {}

    def open_delivery(self, place: Place, delivery: int) -> None:
        self._open.setdefault(place, set()).add(delivery)

    def close_delivery(self, place: Place, delivery: int) -> None:
        self._open.get(place, set()).discard(delivery)

    def open_deliveries(self, place: Place) -> Collection[int]:
        return self._open.get(place, ())

    def among(self, place: Place, keys: UInt64) -> npt.NDArray[np.bool_]:
        """Which of these records have kept versions."""
        by_key = self.rows.get(place)
        if not by_key:
            return np.zeros(len(keys), np.bool_)
        return np.fromiter((key in by_key for key in keys.tolist()), np.bool_, len(keys))

    def of(self, place: Place, key: int) -> Int32 | tuple[()]:
        return self.rows.get(place, {}).get(key, ())

    def of_feed(self, feed: int) -> list[Int32]:
        """All kept rows of a feed."""
        return [rows for (of, _), by_key in self.rows.items() if of == feed for rows in by_key.values()]

    def keep(self, place: Place, key: int, rows: Sequence[Int32]) -> None:
        """Keeps these versions of a record, and no others."""
        if rows:
            self.rows.setdefault(place, {})[key] = np.array(rows, np.int32)
        elif place in self.rows:
            self.rows[place].pop(key, None)

    def laid_anew(self, was: FeedLayout, now: FeedLayout) -> None:
        """Moves the rows of a feed whose contract has grown into its new lanes (``matchers.matrix.relayout``)."""
        for (feed, _), by_key in self.rows.items():
            if feed == was.position:
                for key, rows in by_key.items():
                    by_key[key] = laid_anew(rows, len(rows), was, now)

    def arrays(self, names: Sequence[str]) -> dict[str, npt.NDArray[Any]]:
        """The kept rows by feed, and the key of each."""
        out: dict[str, npt.NDArray[Any]] = {}
        for at, name in enumerate(names):
            keyed_rows = [
                (key, rows) for (feed, _), by_key in sorted(self.rows.items()) if feed == at for key, rows in sorted(by_key.items())
            ]
            if keyed_rows:
                out[f"versions.{name}"] = np.concatenate([rows for _, rows in keyed_rows])
                out[f"version_keys.{name}"] = np.array([key for key, rows in keyed_rows for _ in rows], np.uint64)
        return out

    def meta(self) -> list[Any]:
        return [[*place, sorted(numbers)] for place, numbers in sorted(self._open.items()) if numbers]

    @classmethod
    def restore(cls, names: Sequence[str], arrays: Mapping[str, npt.NDArray[Any]], meta: Sequence[Any]) -> Versions:
        """The versions that gave these ``arrays`` and ``meta``."""
        versions = cls()
        versions._open = {(feed, source): set(numbers) for feed, source, numbers in meta}
        for at, name in enumerate(names):
            if f"versions.{name}" not in arrays:
                continue
            rows, grouped = arrays[f"versions.{name}"], dict[tuple[Place, int], list[Int32]]()
            sources = (rows[:, FLAGS] >> 8).tolist()
            for source, key, row in zip(sources, arrays[f"version_keys.{name}"].tolist(), rows, strict=True):
                grouped.setdefault(((at, source), key), []).append(row)
            for (place, key), record_rows in grouped.items():
                versions.keep(place, key, record_rows)
        return versions
