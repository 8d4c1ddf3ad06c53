"""k-anonymity: how many people in a snapshot share what may identify them together.

A class is all people with the same values of the quasi-identifiers. Who is alone in a class can be picked out by somebody who knows these
values of them. ``services.exports.research_tables`` measures every research snapshot and writes the figures into it.
Source: Sweeney, "k-anonymity: a model for protecting privacy", 2002.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

THRESHOLDS = (5, 10)


@dataclass(frozen=True, slots=True)
class Anonymity:
    """The classes of the people in a table.

    Args:
        identifiers: the quasi-identifiers.
        persons: the number of people.
        smallest: people in the smallest class; 0 where there is nobody.
        unique, under_5, under_10: the share of people who are alone in their class, or in one of fewer than five, or ten.
    """

    identifiers: tuple[str, ...]
    persons: int
    smallest: int
    unique: float
    under_5: float
    under_10: float


def anonymity(people: pl.DataFrame, identifiers: Sequence[str]) -> Anonymity:
    """The classes of the people of a table, one row a person; an empty cell is a value of its own."""
    import polars as pl

    sizes = people.group_by(list(identifiers)).len("size")["size"] if len(people) else pl.Series("size", [], pl.UInt32)

    def share(below: int) -> float:
        return round(int(sizes.filter(sizes < below).sum()) / len(people), 4) if len(people) else 0.0

    smallest = sizes.min()
    return Anonymity(tuple(identifiers), len(people), smallest if isinstance(smallest, int) else 0, share(2), *map(share, THRESHOLDS))
