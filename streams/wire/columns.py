"""A record batch as Arrow IPC: integers as narrow as possible, an empty cell as null, a column of one value as metadata.

Digest, log and network cost by the byte, so the stream is kept small: a day, for example, fits in two bytes. Any Arrow reader can read the
columns; the rest is JSON in the schema's metadata under ``huimin``. If no column is left, as in a batch of one row, that JSON is the whole
message: 8 µs instead of 100.
Source: the Arrow columnar format 1.5 (validity bitmaps, IPC streams).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from matchers.kernel.batch import MISSING, RecordBatch
from policies.values import Text
from streams.language.errors import Unreadable

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]  # ships no types; loaded late, it takes a quarter of a second

FIXED: Mapping[str, type[np.generic]] = {
    "key": np.uint64,
    "subject": np.uint64,
    "order": np.int64,
    "row": np.int32,
    "flags": np.uint8,
    "valid_from": np.int32,
    "valid_to": np.int32,
}
"""The columns every batch has, and their types in memory. Links are ``link.<name>`` in uint64, values ``value.<name>`` in int64."""

_NARROW = (np.int8, np.int16, np.int32)
_SERIAL = "row"  # the column that usually counts up
_ROWS = 100_000  # rows that a batch may have beyond its number of bytes: rows of different records take at least eight bytes each
_SHORT = 64  # so many rows are faster as JSON than as an Arrow stream


def pack(batch: RecordBatch) -> memoryview:
    """The batch as an Arrow IPC stream of one record batch; as JSON alone where every column is constant."""
    rows = len(batch)
    constant: dict[str, int] = {}
    varying: dict[str, npt.NDArray[Any]] = {}
    for name, column in _columns(batch):
        value = _constant_value(name, column)
        if value is None:
            varying[name] = column
        else:
            constant[name] = value
    facts = {
        "feed": batch.feed, "source": batch.source, "delivery": batch.delivery, "rows": rows, "constant": constant,
        "links": list(batch.links), "values": list(batch.values), "dictionaries": batch.dictionaries,
        "identity": batch.identity is not None, "deliveries": batch.deliveries is not None,
    }  # fmt: skip
    text = _text(facts)
    return _stream(text, varying) if varying else memoryview(text)


def pack_columns(facts: Mapping[str, Any], columns: Mapping[str, npt.NDArray[Any]]) -> memoryview:
    """Facts and columns as an Arrow IPC stream, or as JSON alone if the columns are short."""
    if all(len(column) <= _SHORT for column in columns.values()):
        return memoryview(_text({**facts, "columns": {name: column.tolist() for name, column in columns.items()}}))
    return _stream(_text(facts), columns)


def unpack_columns(data: memoryview, columns: Mapping[str, type[np.generic]]) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """Facts and columns from ``pack_columns``, each column in its type."""
    if bytes(data[:1]) == b"{":
        facts = json.loads(bytes(data))
        return facts, {name: np.array(facts["columns"][name], kind) for name, kind in columns.items()}
    facts, arrays = _read_stream(data)
    return facts, {name: _values(arrays[name], len(arrays[name]), kind) for name, kind in columns.items()}


def _text(facts: Mapping[str, Any]) -> bytes:
    return json.dumps(facts, ensure_ascii=False, separators=(",", ":")).encode()


def _stream(facts: bytes, columns: Mapping[str, npt.NDArray[Any]]) -> memoryview:
    import pyarrow as pa

    arrays = [_array(column) for column in columns.values()]
    schema = pa.schema([pa.field(name, array.type) for name, array in zip(columns, arrays, strict=True)], {b"huimin": facts})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as stream:
        stream.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
    return memoryview(sink.getvalue())


_TORN = (OSError, StopIteration, ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError)
"""The errors of a stream that is not ours. Want of memory is not among them, because it is not the sender's fault."""


def unpack(data: memoryview) -> RecordBatch:
    """The batch in an Arrow IPC stream written by ``pack``.

    Raises:
        Unreadable: it is no such stream.
    """
    try:
        facts, arrays = (json.loads(bytes(data)), {}) if bytes(data[:1]) == b"{" else _read_stream(data)
        return _batch(facts, arrays, len(data))
    except _TORN as error:
        zh, en = "无法读取这批记录，请从来源重新获取。", f"This batch of records cannot be read ({type(error).__name__}); fetch it again."
        raise Unreadable(Text(zh, en)) from error


def _read_stream(data: memoryview) -> tuple[dict[str, Any], dict[str, pa.Array]]:
    import pyarrow as pa

    try:
        stream = pa.ipc.open_stream(data)
        batch = stream.read_next_batch()
        batch.validate(full=True)
    except pa.ArrowException as error:  # also if the stream claims too much memory: ours are not compressed
        raise ValueError("no stream") from error
    return json.loads(stream.schema.metadata[b"huimin"]), {n: batch.column(i) for i, n in enumerate(stream.schema.names)}


def _batch(facts: Mapping[str, Any], arrays: Mapping[str, pa.Array], byte_count: int) -> RecordBatch:
    rows, constant = int(facts["rows"]), facts["constant"]
    if not 0 <= rows <= _ROWS + byte_count:
        raise ValueError("more rows than it has room to tell apart")

    def column(name: str, dtype: type[np.generic]) -> npt.NDArray[Any]:
        if name not in constant:
            return _values(arrays[name], rows, dtype)
        first = constant[name]
        if name != _SERIAL:
            return np.full(rows, first, dtype)
        if rows and first + rows - 1 > np.iinfo(np.int32).max:  # would not fit the type
            raise ValueError("rows beyond the last")
        return np.arange(first, first + rows, dtype=dtype)

    return RecordBatch(
        facts["feed"],
        facts["source"],
        facts["delivery"],
        **{name: column(name, dtype) for name, dtype in FIXED.items()},
        links={name: column("link." + name, np.uint64) for name in facts["links"]},
        values={name: column("value." + name, np.int64) for name in facts["values"]},
        dictionaries={name: tuple(texts) for name, texts in facts["dictionaries"].items()},
        identity=column("identity", np.uint64) if facts["identity"] else None,
        deliveries=column("deliveries", np.int32) if facts["deliveries"] else None,
    )


def _columns(batch: RecordBatch) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    for name in FIXED:
        yield name, getattr(batch, name)
    for name, link in batch.links.items():
        yield "link." + name, link
    for name, column in batch.values.items():
        yield "value." + name, column
    if batch.identity is not None:
        yield "identity", batch.identity
    if batch.deliveries is not None:
        yield "deliveries", batch.deliveries


def _constant_value(name: str, column: npt.NDArray[Any]) -> int | None:
    """The value of a constant column, or the first of a serial one; None for a column that must be written."""
    if not len(column):
        return 0
    first = int(column[0])
    if len(column) == 1:
        return first
    if name == _SERIAL:
        serial = int(column[-1]) - first == len(column) - 1 and bool((column[1:] - column[:-1] == 1).all())
        return first if serial else None
    return first if column[-1] == column[0] and bool((column == column[0]).all()) else None


def _array(column: npt.NDArray[Any]) -> pa.Array:
    """A column as Arrow, signed integers narrowed; MISSING becomes null."""
    if column.dtype.kind == "u":
        return _arrow(np.ascontiguousarray(column), None)
    low, high = int(column.min()), int(column.max())
    if low != MISSING or column.dtype != np.int64:
        return _arrow(np.ascontiguousarray(column.astype(_narrowest(low, high, column.dtype), copy=False)), None)
    # MISSING is the least integer: shifted by one, modulo 2**64, it becomes the greatest and leaves the minimum alone.
    shift = np.uint64(2**63 - 1)
    low = int((column.view(np.uint64) + shift).min()) - int(shift)
    present = np.packbits(column != MISSING, bitorder="little")
    return _arrow(column.astype(_narrowest(low, high, column.dtype)), present)


def _narrowest(low: int, high: int, own: np.dtype[Any]) -> np.dtype[Any]:
    return next((np.dtype(t) for t in _NARROW if np.iinfo(t).min <= low and high <= np.iinfo(t).max), own)


def _arrow(column: npt.NDArray[Any], present: npt.NDArray[np.uint8] | None) -> pa.Array:
    import pyarrow as pa

    validity = None if present is None else pa.py_buffer(present)
    return pa.Array.from_buffers(pa.from_numpy_dtype(column.dtype), len(column), [validity, pa.py_buffer(column)])


def _values(array: pa.Array, rows: int, dtype: type[np.generic]) -> npt.NDArray[Any]:
    if len(array) != rows:
        raise ValueError("a column of another length")
    validity, data = array.buffers()
    column = np.frombuffer(data, array.type.to_pandas_dtype(), rows).astype(dtype)  # always a copy: writable, aligned
    if validity is not None:
        absent = np.unpackbits(np.frombuffer(validity, np.uint8), count=rows, bitorder="little") == 0
        column[absent] = MISSING
    return column
