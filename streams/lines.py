"""Lines of an edition, from what the matcher moved.

The one idea: one line for each day, policy and subject that one message moved, whatever number of steps moved it inside; numbered in a
total order, so the same message in the same place always gives the same ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from streams.messages import CandidateChange, Cause
from streams.ports import ChangeLike


@dataclass(frozen=True, slots=True)
class Moved:
    """What one call on the matcher moved, why, and on which day."""

    day: date
    cause: Cause
    changes: Sequence[ChangeLike]


Moves: TypeAlias = Iterable[Moved]


def lines(moves: Moves, offset: int) -> list[CandidateChange]:
    """The lines of one message: by day in the order passed, then by policy and subject; ids ``offset.position`` from 0."""
    by_day: dict[date, list[Moved]] = {}
    for moved in moves:
        by_day.setdefault(moved.day, []).append(moved)
    found: list[CandidateChange] = []
    for day, of_day in by_day.items():
        for before, last, cause in _net(of_day):
            found.append(_line(f"{offset}.{len(found)}", day, before, last, cause))
    return found


def _net(moves: Sequence[Moved]) -> Iterator[tuple[str | None, ChangeLike, Cause]]:
    """(status before, last change, its cause) of each policy and subject, but for those that came and went, in order."""
    merged: dict[tuple[str, int], tuple[str | None, ChangeLike, Cause]] = {}
    for moved in moves:
        for change in moved.changes:
            key = (change.policy, change.subject)
            known = merged.get(key)
            merged[key] = (change.before if known is None else known[0], change, moved.cause)
    for key in sorted(merged):
        before, last, cause = merged[key]
        if before is not None or last.after is not None:
            yield before, last, cause


def _line(id: str, day: date, before: str | None, last: ChangeLike, cause: Cause) -> CandidateChange:
    kind = "entered" if before is None else "left" if last.after is None else "changed"
    checklist, missing = tuple(last.checklist), tuple(last.missing)
    return CandidateChange(id, last.policy, last.version, last.subject, kind, last.after, before, checklist, missing, cause, day)
