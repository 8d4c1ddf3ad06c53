"""Of whom something else is told than is found, what is held back, and the lines the list stage adds of its own.

The one idea: plain facts, written as JSON and read back; what becomes of them is decided in ``streams.book``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from matchers.changes import Open
from streams.lines import Head, Lines

Content: TypeAlias = tuple[int, Open]
"""How somebody stands on a list: a place in ``STATUSES``, and what is open."""
Key: TypeAlias = tuple[str, int]
"""Policy and subject."""


@dataclass(slots=True)
class Overlay:
    """Somebody of whom something else is told than is found. None: not listed."""

    found: Content | None
    told: Content | None
    outcome: str | None = None
    """What keeps her off the list."""
    mark: str | None = None
    """What the rule read of her then (``matchers.changes.Sighting``)."""
    hold: str | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """Something that is held back: why (the cause's kind, what it is about), since when, and what was decided."""

    id: str
    kind: str
    about: str
    day: date
    decision: str | None = None
    by: str = ""
    approved_by: str = ""
    reason: str = ""


class Told(NamedTuple):
    """A line of the book's own."""

    head: Head
    subject: int
    before: Content | None
    after: Content | None


def content(plain: Sequence[Any] | None) -> Content | None:
    if plain is None:
        return None
    status, (checks, missing) = plain
    return status, (tuple(checks), tuple((criterion, feed) for criterion, feed in missing))


def was(found: Lines, row: int) -> Open:
    """What was open of somebody before her line."""
    place = -1 if found.was is None else int(found.was[row])
    return found.opens[place] if place >= 0 else ((), ())


def joined(found: Lines, keep: npt.NDArray[np.bool_], told: Sequence[Told]) -> Lines:
    """The lines that pass and those of the list stage, in the order of ``streams.lines``: by day, policy and subject."""
    heads: dict[Head, int] = {head: at for at, head in enumerate(found.heads)}
    opens: dict[Open, int] = {open: at for at, open in enumerate(found.opens)}
    rows = []
    for one in told:
        head = heads.setdefault(one.head, len(heads))
        open = opens.setdefault(((), ()) if one.after is None else one.after[1], len(opens))
        rows.append((head, open, one.subject, one.before[0] if one.before else 0, one.after[0] if one.after else 0))
    types = (np.int32, np.int32, np.uint64, np.uint8, np.uint8)
    names = ("head", "open", "subject", "before", "after")
    columns = [
        np.concatenate([getattr(found, name)[keep], np.array([row[at] for row in rows], kind)])
        for at, (name, kind) in enumerate(zip(names, types, strict=True))
    ]
    policies = sorted({name for name, *_ in heads})
    days = sorted({day for _, _, day, _ in heads})
    place = np.array([(days.index(day), policies.index(name)) for name, _, day, _ in heads], np.int32).reshape(-1, 2)
    order = np.lexsort((columns[2], place[columns[0], 1], place[columns[0], 0]))
    return Lines(found.offset, list(heads), list(opens), *(column[order] for column in columns))
