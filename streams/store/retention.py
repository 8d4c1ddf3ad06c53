"""How much of the past is kept: which snapshots stay, and from where on inputs are needed.

The one idea: any moment within the retention is one snapshot at or before it and the inputs behind; so the inputs stay from one *start* on,
and of the snapshots those that keep a replay short. The rule, looked at after every snapshot:

1. the newest two always stay (recovery needs them);
2. the start is the newest snapshot from before the retention: the clock had never yet come to its first day;
3. between them stay at most six: while there are more, the one goes whose neighbours are nearest to each other;
4. where the past (inputs up to the second newest snapshot, snapshots older than it) is larger than its bound, the start moves forward.

No days at all is the short rule of a worker's stages: the newest two, and the inputs behind the older.
Source: docs/en/semantics.md section 13.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from streams.language.errors import Damaged, NewerFormat
from streams.store import checkpoints
from streams.store.log import Log

BETWEEN = 6
"""Snapshots between the start and the newest two, at most."""
_LONG_AGO = date(1, 1, 1)


@dataclass(frozen=True, slots=True)
class Retention:
    """How many days of the state's clock stay askable, and how many bytes that may take beyond what recovery needs."""

    days: int = 400
    bytes: int = 16 << 30


SHORT = Retention(0)
"""Nothing but what recovery needs."""
USUAL = Retention()
"""A year, and the weeks in which its last month is looked at."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A snapshot there is: ``day`` is where the clock stood, ``furthest`` the greatest day it had come to, ``bytes`` its size."""

    offset: int
    day: date
    furthest: date
    bytes: int


def tidy(folder: Path, log: Log, retention: Retention) -> None:
    """Removes the snapshots that need not stay and what a stopped writer left, then the inputs nothing needs.

    Whoever is stopped in between leaves more than is needed, never less.
    """
    offsets = checkpoints.offsets(folder)
    stay, needed = offsets[: checkpoints.KEPT], None
    if len(offsets) >= checkpoints.KEPT:
        needed = offsets[checkpoints.KEPT - 1]
        if retention.days > 0:
            marks = [readable_mark for offset in reversed(offsets) if (readable_mark := mark(checkpoints.place(folder, offset), offset, log.key)) is not None]
            older, needed = past(marks, log.first() or 0, retention, lambda after: log.size(after, offsets[checkpoints.KEPT - 1]))
            stay += older
    checkpoints.keep(folder, stay)
    if needed is not None:
        log.prune(needed)


def mark(path: Path, offset: int, key: bytes = b"") -> Mark | None:
    """What the head of a snapshot says of it; None where it cannot be read."""
    try:
        meta, size = checkpoints.head(path, key), path.stat().st_size
        return Mark(offset, date.fromisoformat(meta["day"]), date.fromisoformat(meta.get("furthest", meta["day"])), size)
    except (Damaged, NewerFormat, FileNotFoundError, KeyError):
        return None


def past(marks: Sequence[Mark], first: int, retention: Retention, size: Callable[[int], int]) -> tuple[list[int], int | None]:
    """The snapshots beside the newest two that stay, and the offset up to which no input is needed (None: all of them are).

    Args:
        marks: of all snapshots, oldest first.
        first: the oldest input there is.
        size: bytes of the inputs behind an offset, up to the second newest snapshot.
    """
    if len(marks) < checkpoints.KEPT:
        return [], None
    *older, second, newest = marks
    beginning = Mark(-1, _LONG_AGO, _LONG_AGO, 0)
    starts = [beginning, *older, second] if first == 0 else [*older, second]
    horizon = _before(newest.day, retention.days)
    while len(starts) > 1 and starts[1].furthest < horizon:
        starts.pop(0)
    while True:
        start, between = starts[0], _thin(starts[0].offset, starts[1:-1], second.offset)
        survivors = [checkpoint for checkpoint in (start, *between) if checkpoint is not second]
        if start is second or size(start.offset) + sum(checkpoint.bytes for checkpoint in survivors) <= retention.bytes:
            return [checkpoint.offset for checkpoint in survivors if checkpoint is not beginning], None if start is beginning else start.offset
        starts.pop(0)


def _thin(start: int, between: Sequence[Mark], second: int) -> list[Mark]:
    """Of the snapshots between two, those that stay."""
    stay = list(between)
    while len(stay) > BETWEEN:
        ends = [start, *(checkpoint.offset for checkpoint in stay), second]
        stay.pop(min(range(len(stay)), key=lambda place: ends[place + 2] - ends[place]))
    return stay


def _before(day: date, days: int) -> date:
    return _LONG_AGO if days >= day.toordinal() else day - timedelta(days)
