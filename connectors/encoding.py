"""Columns of a feed's fields become encoded integers with faults, whole columns at a time.

The one idea: few texts repeat often. Enums, divisions and text are looked up once for each distinct cell of a batch; dates and numbers go
through the kernels of ``connectors.cells``. An empty cell is MISSING and no fault.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from connectors.cells import MISSING, SPACES, Fault, dates, numbers
from connectors.hashing import Int64, UInt8
from connectors.tokens import arrow_bytes
from policies.catalogue import Field, FieldType
from policies.values import is_division, significant

_LOW, _HIGH = -(2**62), 2**62
_NARROW = str.maketrans("０１２３４５６７８９", "0123456789")
_FLAGS = {"1": 1, "true": 1, "是": 1, "0": 0, "false": 0, "否": 0, "": 0}
_LONGEST_TEXT = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """A column: int64[n] values, uint8[n] faults and, for text and divisions, the texts the values index."""

    values: Int64
    faults: UInt8
    dictionary: tuple[str, ...] | None = None


def encoded(field: Field, cells: pl.Series) -> Encoded:
    """The cells of a field by its type."""
    match field.type:
        case FieldType.DATE:
            return _bounded(field, *dates(*arrow_bytes(cells)))
        case FieldType.INT | FieldType.DECIMAL:
            low = _LOW if field.min is None else field.min
            high = _HIGH if field.max is None else field.max
            return Encoded(*numbers(*arrow_bytes(cells), field.scale, low, high))
        case FieldType.ENUM:
            return _enum(field, cells)
        case FieldType.DIVISION:
            return _named(cells, _division, Fault.DIVISION)
        case FieldType.TEXT:
            return _named(cells, lambda text: text if len(text) <= _LONGEST_TEXT else None, Fault.LENGTH)


def flags(cells: pl.Series) -> Encoded:
    """0 or 1 for a column of yes and no; an empty cell is 0."""
    return _distinct(cells, lambda text: _FLAGS.get(text.lower()), Fault.FLAG, empty=0)


def _bounded(field: Field, values: Int64, faults: UInt8) -> Encoded:
    for wrong, fault in ((_below(values, field.min), Fault.BELOW), (_above(values, field.max), Fault.ABOVE)):
        faults[wrong & (faults == Fault.SOUND)] = fault
    values[faults != Fault.SOUND] = MISSING
    return Encoded(values, faults)


def _below(values: Int64, bound: int | None) -> np.typing.NDArray[np.bool_]:
    return np.zeros(len(values), bool) if bound is None else values < bound


def _above(values: Int64, bound: int | None) -> np.typing.NDArray[np.bool_]:
    return np.zeros(len(values), bool) if bound is None else values > bound


def _enum(field: Field, cells: pl.Series) -> Encoded:
    positions = {text: i for i, both in enumerate(field.values) for text in both}
    return _distinct(cells, positions.get, Fault.VALUE, empty=MISSING)


def _division(text: str) -> str | None:
    """The significant form of a code; None for a name or any other text."""
    code = text.translate(_NARROW)
    return significant(code) if is_division(code) and not code.startswith("00") else None


def _named(cells: pl.Series, canonical: Callable[[str], str | None], fault: Fault) -> Encoded:
    """Values that index a dictionary of canonical texts, in the order of their first row."""
    dictionary: dict[str, int] = {}

    def position(text: str) -> int | None:
        name = canonical(text)
        return None if name is None else dictionary.setdefault(name, len(dictionary))

    column = _distinct(cells, position, fault, empty=MISSING)
    return Encoded(column.values, column.faults, tuple(dictionary))


def _distinct(cells: pl.Series, value_of: Callable[[str], int | None], fault: Fault, empty: int) -> Encoded:
    """Look every distinct cell up once, without its outer spaces."""
    array = cells.to_arrow(compat_level=pl.CompatLevel.oldest())
    coded = (array.fill_null("") if array.null_count else array).dictionary_encode()
    texts = coded.dictionary.to_pylist()
    values, faults = np.full(len(texts), MISSING, np.int64), np.zeros(len(texts), np.uint8)
    for i, text in enumerate(texts):
        text = text.strip(SPACES)
        if not text:
            values[i], faults[i] = empty, Fault.EMPTY
        elif (value := value_of(text)) is None:
            faults[i] = fault
        else:
            values[i] = value
    positions = coded.indices.to_numpy(zero_copy_only=False)
    return Encoded(values[positions], faults[positions])
