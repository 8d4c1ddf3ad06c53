"""Columns of a feed's fields become encoded integers with faults, whole columns at a time.

Called by ``connectors.intake.intake``. Enums, divisions and texts repeat, so they are looked up once for each distinct cell of a batch.
Dates and numbers go through the kernels of ``connectors.parsing.cells``. An empty cell is MISSING, and no fault.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from connectors.identity.tokens import arrow_bytes
from connectors.intake.wordings import plain_amount, plain_date, read_again, without_nulls
from connectors.parsing.cells import ERROR, MISSING, SPACES, Fault, dates, numbers
from connectors.parsing.hashing import Int64, UInt8
from policies.language.catalogue import PLAIN_LAYOUT, Field, FieldType, FileLayout
from policies.values import is_division, significant

_LOW, _HIGH = -(2**62), 2**62
_NARROW = str.maketrans("０１２３４５６７８９", "0123456789")
_FLAGS = {"1": 1, "true": 1, "是": 1, "0": 0, "false": 0, "否": 0, "": 0}
_LONGEST_TEXT = 1000


@dataclass(frozen=True, slots=True, eq=False)
class EncodedCells:
    """A column: int64[n] values, uint8[n] faults and, for text and divisions, the texts that the values index."""

    values: Int64
    faults: UInt8
    dictionary: tuple[str, ...] | None = None


def encoded_cells(field: Field, cells: pl.Series, layout: FileLayout = PLAIN_LAYOUT) -> EncodedCells:
    """The cells of a field, encoded by its type."""
    if layout.nulls:
        cells = without_nulls(cells, layout.nulls, _meanings(field))
    match field.type:
        case FieldType.DATE:
            return _within_bounds(field, *days(cells, layout))
        case FieldType.INT | FieldType.DECIMAL:
            return _number(field, cells, layout)
        case FieldType.ENUM:
            return _distinct(cells, _meanings(field).get, Fault.VALUE, empty=MISSING)
        case FieldType.DIVISION:
            return _dictionary_cells(cells, _division, Fault.DIVISION)
        case FieldType.TEXT:
            return _dictionary_cells(cells, lambda text: text if len(text) <= _LONGEST_TEXT else None, Fault.LENGTH)


def days(cells: pl.Series, layout: FileLayout) -> tuple[Int64, UInt8]:
    """Days since 1970-01-01 and faults; dates may have the usual forms and those of the layout."""
    values, faults = dates(*arrow_bytes(cells))
    if layout.dates:
        read_again(cells, values, faults, Fault.DATE, plain_date(layout), dates)
    return values, faults


def _number(field: Field, cells: pl.Series, layout: FileLayout) -> EncodedCells:
    low = _LOW if field.min is None else field.min
    high = _HIGH if field.max is None else field.max

    def read(data: UInt8, offsets: Int64) -> tuple[Int64, UInt8]:
        values, faults = numbers(data, offsets, field.scale, low, high)
        return values, faults

    values, faults = read(*arrow_bytes(cells))
    if layout.thousands or layout.currency:
        read_again(cells, values, faults, Fault.NUMBER, plain_amount(layout), read)
    return EncodedCells(values, faults)


def flags(cells: pl.Series, layout: FileLayout = PLAIN_LAYOUT) -> EncodedCells:
    """A column of yes and no as 1 and 0; an empty cell is 0."""
    words = _FLAGS | {word.lower(): 0 for word in layout.false} | {word.lower(): 1 for word in layout.true}
    return _distinct(cells, lambda text: words.get(text.lower()), Fault.FLAG, empty=0)


def _within_bounds(field: Field, values: Int64, faults: UInt8) -> EncodedCells:
    for wrong, fault in ((_below(values, field.min), Fault.BELOW), (_above(values, field.max), Fault.ABOVE)):
        faults[wrong & (faults == Fault.SOUND)] = fault
    values[faults != Fault.SOUND] = MISSING
    return EncodedCells(values, faults)


def _below(values: Int64, bound: int | None) -> np.typing.NDArray[np.bool_]:
    return np.zeros(len(values), bool) if bound is None else values < bound


def _above(values: Int64, bound: int | None) -> np.typing.NDArray[np.bool_]:
    return np.zeros(len(values), bool) if bound is None else values > bound


def _meanings(field: Field) -> dict[str, int]:
    """The texts that the cells of an enum may hold, each with the position of its code."""
    positions = {text: i for i, both in enumerate(field.values) for text in both}
    return positions | {text: positions[code] for text, code in field.synonyms}


def _division(text: str) -> str | None:
    """The significant form of a code; None for a name or any other text."""
    code = text.translate(_NARROW)
    return significant(code) if is_division(code) else None


def _dictionary_cells(cells: pl.Series, canonical: Callable[[str], str | None], fault: Fault) -> EncodedCells:
    """Values that index the canonical texts of the cells, in the order of their first rows."""
    dictionary: dict[str, int] = {}

    def position(text: str) -> int | None:
        name = canonical(text)
        return None if name is None else dictionary.setdefault(name, len(dictionary))

    column = _distinct(cells, position, fault, empty=MISSING)
    return EncodedCells(column.values, column.faults, tuple(dictionary))


def _distinct(cells: pl.Series, value_of: Callable[[str], int | None], fault: Fault, empty: int) -> EncodedCells:
    """The values of cells, looked up once for each distinct text without its outer spaces."""
    array = cells.to_arrow(compat_level=pl.CompatLevel.oldest())
    coded = (array.fill_null("") if array.null_count else array).dictionary_encode()
    texts = coded.dictionary.to_pylist()
    values, faults = np.full(len(texts), MISSING, np.int64), np.zeros(len(texts), np.uint8)
    for i, text in enumerate(texts):
        text = text.strip(SPACES)
        if not text:
            values[i], faults[i] = empty, Fault.EMPTY
        elif ERROR.fullmatch(text):
            faults[i] = Fault.ERROR_CELL
        elif (value := value_of(text)) is None:
            faults[i] = fault
        else:
            values[i] = value
    positions = coded.indices.to_numpy(zero_copy_only=False)
    return EncodedCells(values[positions], faults[positions])
