"""Columns of the matrix as columns of a research snapshot: with real types, coarser than on record, tokens as 16 hexadecimal digits.

``services.exports.research_tables`` writes them into snapshots. Each column becomes one Arrow buffer of the whole array, with no loop over
rows; what is made coarser, and how, is in ``connectors.analysts.coarse``.
Source: Arrow columnar format, 1.4, "Variable-size Binary Layout" and "Fixed-Size Primitive Layout".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]  # pyarrow ships no types

from connectors.analysts.coarse import age_bands, months, streets, two_digits, with_common_ends
from connectors.analysts.release_tokens import ReleaseTokens
from matchers.matrix.frames import EncodedColumn, Records, TokenColumn
from policies.language.catalogue import LINKS, Feed, Field, FieldType
from policies.values import Kind

HEX_DIGITS = 16
NARROW = 18
"""Digits of a decimal that DuckDB stores in 64 bits; for a field whose bounds in the contract fit."""
WIDEST = 38
GRADES = 20
"""A whole number of fewer values, by the bounds of its contract, is a grade and stays as it is."""
_OWN = ("subject", "unit", "valid_from", "valid_to", "quarantined")


@dataclass(frozen=True, slots=True)
class Treatment:
    """How the values of a field are coarser in a snapshot than on record.

    Args:
        kind: ``as_recorded``, ``month``, ``age_band``, ``street`` or ``two_digits``.
        top, bottom: the value that stands for itself and all beyond; None where there is none.
    """

    kind: Literal["as_recorded", "month", "age_band", "street", "two_digits"]
    top: float | None = None
    bottom: float | None = None


def records_frame(
    records: Records, feed: Feed, fields: Sequence[Field], tokens: ReleaseTokens, day: date
) -> tuple[pl.DataFrame, dict[str, Treatment]]:
    """The records of a feed as a table of a research snapshot, and how each column of a field was treated.

    The rows are in the order of their contents, so that the order tells nothing of how they came.

    Args:
        fields: those that may be in the table; all links are.
        day: of the snapshot, for ages.
    """
    units, names = [source.unit for source in feed.sources], record_columns(feed)
    columns = {
        "subject": subject_series(feed.subject, records.subject, tokens),
        "unit": text_series(records.source.astype(np.int64), np.ones(len(records.source), np.bool_), units),
    }
    if records.valid_from is not None and records.valid_to is not None:
        columns["valid_from"], columns["valid_to"] = (months(date_series(*ends)) for ends in (records.valid_from, records.valid_to))
    columns["quarantined"] = pl.Series(records.quarantined)
    columns |= {names["link", name]: subject_series(LINKS[name].target, links, tokens) for name, links in records.links.items()}
    treatments = {}
    for field in fields:
        name = names["field", field.name]
        columns[name], treatments[name] = coarse_series(records.fields[field.name], day)
    frame = pl.DataFrame(columns)
    return frame.sort(frame.columns, nulls_last=True), treatments


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


def subject_series(kind: Kind, subjects: TokenColumn, tokens: ReleaseTokens) -> pl.Series:
    """The tokens of subjects in this snapshot; null where there is none."""
    return token_series(TokenColumn(tokens.column(kind, subjects.values), subjects.there))


def coarse_series(column: EncodedColumn, day: date) -> tuple[pl.Series, Treatment]:
    """A field's values as a research snapshot shows them, and how they were treated.

    Dates become months, or an age band where the contract says ``sensitivity: quasi``; divisions streets; amounts two digits with a
    common top. Codes stay.
    """
    field = column.field
    match field.type:
        case FieldType.DATE:
            days = field_series(column)
            return (age_bands(days, day), Treatment("age_band")) if field.quasi else (months(days), Treatment("month"))
        case FieldType.DIVISION:
            return streets(field_series(column)), Treatment("street")
        case FieldType.INT | FieldType.DECIMAL if not _is_scale_of_few(field):
            values, top, bottom = with_common_ends(two_digits(column.values), column.there)
            ends = (None if end is None else end / 10**field.scale for end in (top, bottom))
            return field_series(replace(column, values=values)), Treatment("two_digits", *ends)
        case FieldType.ENUM | FieldType.TEXT | FieldType.INT | FieldType.DECIMAL:
            return field_series(column), Treatment("as_recorded")


def _is_scale_of_few(field: Field) -> bool:
    """Whether a whole number is a grade: one of so few values that it is no amount."""
    return field.type is FieldType.INT and field.min is not None and field.max is not None and field.max - field.min < GRADES


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
