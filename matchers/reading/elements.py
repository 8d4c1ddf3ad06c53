"""What reading finds: elements of a path, cells, and the coverage that was looked up.

``matchers.reading.rows`` makes them; readings and explanations use them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

Ask = tuple[str | None, str | None]
"""A feed to ask (None: a parameter has no value) and the unit that has it."""
CellKey = tuple[str, int, int, str]
"""A missing cell: feed, subject's row (-1 where there is a record), record (-1 where there is none), field."""


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a path: its subject, and its record (-1 for a subject without one). ``doubt`` has the quarantined records that make
    its presence unknown, its own and those on the path to it; it is empty where the presence is certain."""

    kind: int
    row: int
    feed: str | None
    record: int
    doubt: frozenset[tuple[str, int]] = frozenset()  # (feed, record)


@dataclass(frozen=True, slots=True)
class Lookup:
    """One source's coverage, as it was looked up for one subject whose records of a feed were counted on to be all there.

    Args:
        source: its number within the feed.
        kind, subject: the kind of the subject, and its token.
        place: the division where the subject is placed.
        complete_to: the latest day up to which a statement of the source covers the subject; None where none does.
        listed: that statement names the subject in a list; else it is about a division.
        proves: the statement counts, and so do those of the other sources: what is not there is absent.
    """

    feed: str
    source: int
    unit: str
    kind: int
    subject: int
    place: str
    complete_to: date | None
    listed: bool
    proves: bool


@dataclass(frozen=True, slots=True)
class Elements:
    """The elements of a path; ``asks`` are the units to ask where the set is not complete. ``lookups``: of coverage, for the set."""

    items: tuple[Element, ...]
    complete: bool
    asks: frozenset[Ask]
    lookups: frozenset[Lookup] = frozenset()


@dataclass(frozen=True, slots=True)
class Cell:
    """A field as read: ``value`` is None where it is missing, and ``asks`` are the units to ask; ``record`` is -1 where there is none.
    ``key`` names an empty cell, or a cell of a missing record, also where a value was supplied for it; ``lookups``: of coverage, where
    there is no record and the field has a value for that."""

    value: int | None
    asks: frozenset[Ask]
    feed: str
    record: int
    key: CellKey | None = None
    lookups: frozenset[Lookup] = frozenset()


def without_proof(lookups: Iterable[Lookup]) -> frozenset[Lookup]:
    """Lookups on which no truth rests."""
    return frozenset(replace(lookup, proves=False) for lookup in lookups)
