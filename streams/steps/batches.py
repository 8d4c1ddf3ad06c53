"""Checks of a record batch before the matcher gets it.

The matcher's kernels trust their columns. So a batch with a wrong name, shape, type or range is refused here as a whole, with a message
that names the feed and the column. Source: ``matchers.kernel.batch`` (the columns), docs/en/semantics.md section 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from matchers.kernel.batch import MISSING, NO_ORDER, QUARANTINED, RecordBatch
from policies.language.catalogue import Feed, FieldType
from policies.values import Text
from streams.language.errors import Refusal

_FIXED = (
    ("key", np.dtype(np.uint64)), ("subject", np.dtype(np.uint64)), ("order", np.dtype(np.int64)), ("row", np.dtype(np.int32)),
    ("flags", np.dtype(np.uint8)), ("valid_from", np.dtype(np.int32)), ("valid_to", np.dtype(np.int32)),
)  # fmt: skip
_UINT64 = np.dtype(np.uint64)
_INT64 = np.dtype(np.int64)
_LISTED = (FieldType.TEXT, FieldType.DIVISION)


def admit(batch: RecordBatch, feed: Feed) -> None:
    """Checks that a batch fits its feed contract.

    Raises:
        Refused: names the first column that does not fit, and what was expected.
    """
    values = {field.name: field for field in feed.matrix_fields()}
    _same_names(feed, "links", batch.links.keys(), feed.links.keys())
    _same_names(feed, "values", batch.values.keys(), values.keys())
    for name, column, dtype in _columns(batch):
        if column.dtype != dtype or column.shape != (len(batch),):
            raise _refusal(feed.name, name, f"{dtype}[{len(batch)}]", f"{column.dtype}{list(column.shape)}")
    if batch.deliveries is not None:
        raise _refusal(feed.name, "deliveries", "none", "some")
    if not len(batch):
        return
    if not (batch.subject.all() or _blank(batch, batch.subject == 0)):
        raise _refusal(feed.name, "subject", "tokens", "0")
    if int(batch.row.min()) < 1:
        raise _refusal(feed.name, "row", "1..", str(int(batch.row.min())))
    if bool(((batch.order == NO_ORDER) & ((batch.flags != QUARANTINED) | (feed.order is None))).any()):
        raise _refusal(feed.name, "order", "an order, or QUARANTINED", "none")
    for name, field in values.items():
        if field.type in _LISTED:
            _in_range(feed, name, batch.values[name], len(batch.dictionaries.get(name, ())))
        elif field.type is FieldType.ENUM:
            _in_range(feed, name, batch.values[name], len(field.values))


def with_added_fields(batch: RecordBatch, earlier: Iterable[Feed], feed: Feed) -> RecordBatch:
    """A batch that was made under an earlier contract of its feed, with empty cells for the fields that were added later."""
    field_names = [field.name for field in feed.matrix_fields()]
    if len(batch.values) == len(field_names):
        return batch
    if all(batch.values.keys() != {field.name for field in contract.matrix_fields()} for contract in earlier):
        return batch
    missing = np.full(len(batch), MISSING, np.int64)
    return replace(batch, values={**batch.values, **{name: missing for name in field_names if name not in batch.values}})


def _blank(batch: RecordBatch, rows: npt.NDArray[np.bool_]) -> bool:
    """Are these rows blank in every column (``matchers.kernel.batch.RecordBatch.with_blanks``)?"""
    numbers = (batch.key, batch.order, batch.flags, *batch.links.values(), *(() if batch.identity is None else (batch.identity,)))
    return not any(column[rows].any() for column in numbers) and all(bool((v[rows] == MISSING).all()) for v in batch.values.values())


def _columns(batch: RecordBatch) -> Iterator[tuple[str, npt.NDArray[Any], np.dtype[Any]]]:
    for name, dtype in _FIXED:
        yield name, getattr(batch, name), dtype
    for name, link in batch.links.items():
        yield name, link, _UINT64
    for name, column in batch.values.items():
        yield name, column, _INT64
    if batch.identity is not None:
        yield "identity", batch.identity, _UINT64


def _same_names(feed: Feed, what: str, actual: Any, expected: Any) -> None:
    if actual != expected:
        raise _refusal(feed.name, what, ", ".join(sorted(expected)) or "none", ", ".join(sorted(actual)) or "none")


def _in_range(feed: Feed, name: str, column: npt.NDArray[np.int64], size: int) -> None:
    """Checks that codes are positions below ``size``, or MISSING. As unsigned integers, negative codes are the greatest."""
    codes = column.view(np.uint64)
    if int(codes.max()) < size:
        return
    outside = (codes >= size) & (column != MISSING)
    if outside.any():
        raise _refusal(feed.name, name, f"0..{size - 1}", str(int(column[outside][0])))


def _refusal(feed: str, column: str, expected: str, actual: str) -> Refusal:
    zh = f"数据源 {feed} 的一批记录未被接受：{column} 应为 {expected}，实为 {actual}。请按数据源契约重新生成。"
    en = f"A batch of feed {feed} was refused: {column} should be {expected}, found {actual}. Build it again from the feed contract."
    return Refusal(Text(zh, en), 3)
