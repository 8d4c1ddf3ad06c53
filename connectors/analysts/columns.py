"""Columns of the matrix as table columns with real types: dates, exact decimals, codes as text, tokens as 16 hexadecimal digits.

``services.exports.snapshot_tables`` writes them into snapshots. Each column becomes one Arrow buffer of the whole array, with no loop over
rows.
Source: Arrow columnar format, 1.4, "Variable-size Binary Layout" and "Fixed-Size Primitive Layout".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]  # pyarrow ships no types

from matchers.matrix.frames import EncodedColumn, Records, Subjects, TokenColumn
from policies.language.catalogue import Feed, Field, FieldType

HEX_DIGITS = 16
NARROW = 18
"""Digits of a decimal that DuckDB stores in 64 bits; for a field whose bounds in the contract fit."""
WIDEST = 38
_OWN = ("subject", "unit", "delivery", "valid_from", "valid_to", "quarantined")


def records_frame(records: Records, feed: Feed) -> pl.DataFrame:
    """The records of a feed as a table: subject, unit, delivery, validity, links and fields; names as in ``record_columns``."""
    units = [source.unit for source in feed.sources]
    columns = {
        "subject": token_series(records.subject),
        "unit": text_series(records.source.astype(np.int64), np.ones(len(records.source), np.bool_), units),
        "delivery": pl.Series(records.delivery),
    }
    if records.valid_from is not None and records.valid_to is not None:
        columns["valid_from"], columns["valid_to"] = date_series(*records.valid_from), date_series(*records.valid_to)
    columns["quarantined"] = pl.Series(records.quarantined)
    names = record_columns(feed)
    columns |= {names["link", name]: token_series(tokens) for name, tokens in records.links.items()}
    columns |= {names["field", name]: field_series(column) for name, column in records.fields.items()}
    return pl.DataFrame(columns)


def record_columns(feed: Feed) -> dict[tuple[str, str], str]:
    """The names of the columns of a feed's table, by ("link", name) and ("field", name).

    A name that another column has gets an underscore behind it; case does not count, as in DuckDB.
    """
    used_names, out = set(_OWN), dict[tuple[str, str], str]()
    sources = [("link", name) for name in feed.links] + [("field", field.name) for field in feed.matrix_fields()]
    for what, name in sources:
        free = name
        while free.casefold() in used_names:
            free += "_"
        used_names.add(free.casefold())
        out[what, name] = free
    return out


def subjects_frame(subjects: Subjects) -> pl.DataFrame:
    """Subjects as a table: token, division, and whether the register has them on the state's day."""
    division = subjects.division.astype(np.int64)
    return pl.DataFrame(
        {
            "subject": token_series(subjects.token),
            "division": text_series(division, division >= 0, subjects.texts),
            "registered": pl.Series(division != -2),
        }
    )


def token_series(tokens: TokenColumn) -> pl.Series:
    """Tokens as 16 hexadecimal digits; null where there is none.

    Example:
        >>> hexadecimal(Tokens(np.array([255, 0], np.uint64), np.array([True, False]))).to_list()
        ['00000000000000ff', None]
    """
    n = len(tokens.values)
    digits = tokens.values.astype(">u8").tobytes().hex().encode()
    offsets = np.arange(0, HEX_DIGITS * (n + 1), HEX_DIGITS, dtype=np.int64)
    return _series(pa.large_utf8(), n, [_bits(tokens.there), pa.py_buffer(offsets), pa.py_buffer(digits)])


def field_series(column: EncodedColumn) -> pl.Series:
    """A field's values with their real type; null where one is missing."""
    match column.field.type:
        case FieldType.ENUM | FieldType.TEXT | FieldType.DIVISION:
            return text_series(column.values, column.there, column.texts)
        case FieldType.DATE:
            return date_series(column.values.astype(np.int32), column.there)
        case FieldType.DECIMAL:
            return _decimal(column)
        case FieldType.INT:
            return _series(pa.int64(), len(column.values), [_bits(column.there), pa.py_buffer(np.ascontiguousarray(column.values))])


def date_series(days: npt.NDArray[np.int32], there: npt.NDArray[np.bool_]) -> pl.Series:
    """Days since 1970-01-01 as dates."""
    return _series(pa.date32(), len(days), [_bits(there), pa.py_buffer(np.ascontiguousarray(days))])


def text_series(positions: npt.NDArray[np.int64], there: npt.NDArray[np.bool_], texts: Sequence[str]) -> pl.Series:
    """The texts at these positions; null where there is none.

    Example:
        >>> chosen(np.array([1, 0, 1]), np.array([True, True, False]), ("a", "b")).to_list()
        ['b', 'a', None]
    """
    among = pl.Series([*texts, None], dtype=pl.String)
    return among.gather(np.where(there, positions, len(texts)))


def precision(field: Field) -> int:
    """Digits of a decimal column: 18 where the contract's bounds fit, else DuckDB's maximum."""
    fits = field.min is not None and field.max is not None and max(abs(field.min), abs(field.max)) < 10**NARROW
    return NARROW if fits else WIDEST


def _decimal(column: EncodedColumn) -> pl.Series:
    """Scaled integers as decimals of 128 bits, the lower half first."""
    halves = np.empty((len(column.values), 2), np.int64)
    halves[:, 0], halves[:, 1] = column.values, column.values >> 63
    type_ = pa.decimal128(precision(column.field), column.field.scale)
    return _series(type_, len(halves), [_bits(column.there), pa.py_buffer(halves)])


def _bits(there: npt.NDArray[np.bool_]) -> Any:
    """A mask as Arrow stores it: one bit a value, the lowest first."""
    return pa.py_buffer(np.packbits(there, bitorder="little"))


def _series(type_: Any, n: int, buffers: list[Any]) -> pl.Series:
    series = pl.from_arrow(pa.Array.from_buffers(type_, n, buffers))
    assert isinstance(series, pl.Series)
    return series
