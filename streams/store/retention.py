"""Retention: which checkpoints stay, and from where on inputs stay.

Any moment within the retention can be made from a checkpoint at or before it and the inputs behind. So the inputs stay from one *start* on,
and some checkpoints stay to keep a replay short. The rule, applied after every checkpoint:

1. the newest two always stay (recovery needs them);
2. the start is the newest checkpoint from before the retention: the clock had not yet reached the first day of the retention;
3. between them at most six stay: while there are more, the one whose neighbours are nearest to each other is removed;
4. if the past (inputs up to the second newest checkpoint, and older checkpoints) is larger than its bound, the start moves forward.

Zero days is the short rule for a worker's stages: the newest two, and the inputs behind the older one.
Source: docs/en/semantics.md section 13.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from streams.language.errors import DamagedStore, NewerFormat
from streams.store import checkpoints
from streams.store.log import Log

BETWEEN = 6
"""The most checkpoints between the start and the newest two."""
_LONG_AGO = date(1, 1, 1)


@dataclass(frozen=True, slots=True)
class Retention:
    """How many days of the state's clock can be asked about, and how many bytes that may take beyond the needs of recovery."""

    days: int = 400
    bytes: int = 16 << 30


SHORT = Retention(0)
"""Only what recovery needs."""
USUAL = Retention()
"""A year, and some weeks to ask about its last month."""


@dataclass(frozen=True, slots=True)
class CheckpointMark:
    """A checkpoint: ``day`` of its clock, ``furthest`` day that the clock had reached, ``bytes`` of its size."""

    offset: int
    day: date
    furthest: date
    bytes: int


def tidy(folder: Path, log: Log, retention: Retention) -> None:
    """Removes checkpoints that need not stay and leftovers of stopped writers, then inputs that are not needed.

    After an interruption more than needed is left, never less.
    """
    offsets = checkpoints.offsets(folder)
    stay, prune_to = offsets[: checkpoints.KEPT], None
    if len(offsets) >= checkpoints.KEPT:
        prune_to = offsets[checkpoints.KEPT - 1]
        if retention.days > 0:
            marks = [mark(checkpoints.place(folder, offset), offset, log.key) for offset in reversed(offsets)]
            readable = [each for each in marks if each is not None]
            older, prune_to = past(readable, log.first() or 0, retention, lambda after: log.size(after, offsets[checkpoints.KEPT - 1]))
            stay += older
    checkpoints.keep(folder, stay)
    if prune_to is not None:
        log.prune(prune_to)


def mark(path: Path, offset: int, key: bytes = b"") -> CheckpointMark | None:
    """The mark in the head of a checkpoint; None if it cannot be read."""
    try:
        meta, size = checkpoints.head(path, key), path.stat().st_size
        return CheckpointMark(offset, date.fromisoformat(meta["day"]), date.fromisoformat(meta.get("furthest", meta["day"])), size)
    except (DamagedStore, NewerFormat, FileNotFoundError, KeyError):
        return None


def past(marks: Sequence[CheckpointMark], first: int, retention: Retention, size: Callable[[int], int]) -> tuple[list[int], int | None]:
    """The checkpoints that stay beside the newest two, and the offset up to which no input is needed (None: all are needed).

    Args:
        marks: of all checkpoints, oldest first.
        first: offset of the oldest input.
        size: bytes of the inputs behind an offset, up to the second newest checkpoint.
    """
    if len(marks) < checkpoints.KEPT:
        return [], None
    *older, second, newest = marks
    beginning = CheckpointMark(-1, _LONG_AGO, _LONG_AGO, 0)
    starts = [beginning, *older, second] if first == 0 else [*older, second]
    horizon = _before(newest.day, retention.days)
    while len(starts) > 1 and starts[1].furthest < horizon:
        starts.pop(0)
    while True:
        start, between = starts[0], _thin(starts[0].offset, starts[1:-1], second.offset)
        survivors = [checkpoint for checkpoint in (start, *between) if checkpoint is not second]
        if start is second or size(start.offset) + sum(checkpoint.bytes for checkpoint in survivors) <= retention.bytes:
            stay = [checkpoint.offset for checkpoint in survivors if checkpoint is not beginning]
            return stay, None if start is beginning else start.offset
        starts.pop(0)


def _thin(start: int, between: Sequence[CheckpointMark], second: int) -> list[CheckpointMark]:
    """Those checkpoints between two others that stay."""
    stay = list(between)
    while len(stay) > BETWEEN:
        ends = [start, *(checkpoint.offset for checkpoint in stay), second]
        stay.pop(min(range(len(stay)), key=lambda place: ends[place + 2] - ends[place]))
    return stay


def _before(day: date, days: int) -> date:
    return _LONG_AGO if days >= day.toordinal() else day - timedelta(days)
