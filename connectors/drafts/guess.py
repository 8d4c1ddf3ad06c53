"""What a column of a sample seems to hold.

``connectors.drafts.columns`` makes it; ``connectors.drafts.parts`` and ``connectors.drafts.document`` read it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal, TypeAlias

import polars as pl

from connectors.drafts.categories import Values
from connectors.drafts.table import SampleColumn
from connectors.drafts.titles import Part
from connectors.drafts.words import EMPTY_WORDS
from policies.values import Text

Type: TypeAlias = Literal["resident", "date", "int", "decimal", "division", "enum", "text"]
ENOUGH = 0.95
"""The share of the cells that a type must read."""


@dataclass(frozen=True, slots=True)
class ColumnGuess:
    """What a column seems to hold.

    Args:
        part: what its title says it is for.
        why: the reason for the type, without a cell.
        question: what the steward is to decide; None where nothing.
        empty, wrong: empty cells, and cells that its type does not read.
        unique: no cell is empty, and no two are equal.
        low, high: rounded bounds of numbers, and a first day.
        nulls, dates, thousands, currency: what the layout has to say for its cells to be read.
    """

    column: SampleColumn
    type: Type
    why: Text
    part: Part | None
    empty: int
    unique: bool
    wrong: int = 0
    question: Text | None = None
    personal: bool = False
    scale: int = 0
    low: Decimal | date | None = None
    high: Decimal | date | None = None
    values: Values = ()
    nulls: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    thousands: bool = False
    currency: tuple[str, ...] = ()


def without_words(cells: pl.Series, keep: pl.Series) -> tuple[pl.Series, tuple[str, ...]]:
    """The cells without the words for empty cells, and those words, where ``keep`` says that the type does not read them."""
    unread = set(cells.filter(~keep).to_list())
    words = tuple(word for word in EMPTY_WORDS if word in unread)
    return (cells.filter(~cells.is_in(list(words))), words) if words else (cells, ())
