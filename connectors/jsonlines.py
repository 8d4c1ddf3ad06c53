"""JSON lines as columns of text, numbers as they were written.

The one idea: Python's ``json`` hands over the text of each number, where polars would give its nearest double; slower (about 2 µs a
row), and exact. A key that is not there is an empty cell. Source: RFC 8259; jsonlines.org.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

import polars as pl

from connectors.faults import UnreadableFile
from policies.problems import HuiminError
from policies.values import Text

_ROWS = 10_000
_LONGEST_LINE = 16 << 20


class NoRecord(HuiminError):
    """One JSON text that is no record: the unit's; it says why without a cell of it."""


def objects(blocks: Iterable[bytes], columns: Sequence[str], name: str) -> Iterator[tuple[int, pl.DataFrame]]:
    """Frames of at most 10,000 objects with the number of their first row.

    Raises:
        UnreadableFile: a line is no JSON object, names a key twice, or has a list or object in a column that is read.
    """
    wanted = list(dict.fromkeys(columns))
    rows: list[list[str | None]] = []
    first = 1
    for line in _lines(blocks, name):
        number = first + len(rows)
        rows.append(_row(line, wanted, number, name))
        if len(rows) == _ROWS:
            yield first, frame(rows, wanted)
            first, rows = first + len(rows), []
    if rows:
        yield first, frame(rows, wanted)
    elif first == 1:
        raise _bad(name, 1, "文件是空的", "the file is empty")


def _lines(blocks: Iterable[bytes], name: str) -> Iterator[bytes]:
    carry = b""
    for block in blocks:
        *whole, carry = (carry + block).split(b"\n")
        if len(carry) > _LONGEST_LINE:
            raise UnreadableFile(Text(f"文件 {name} 有过长的行。", f"The file {name} has a line that is too long."))
        yield from (line for line in whole if line.strip())
    if carry.strip():
        yield carry


def keys(blocks: Iterable[bytes], name: str) -> list[str]:
    """Every key of the objects of a file, in the order of their coming; lines that are no objects have none."""
    found: dict[str, None] = {}
    for line in _lines(blocks, name):
        try:
            data = json.loads(line, parse_int=str, parse_float=str, parse_constant=str)
        except (ValueError, RecursionError):
            continue
        found |= dict.fromkeys(data if isinstance(data, dict) else ())
    return list(found)


def record(text: str | bytes, columns: Sequence[str]) -> list[str | None]:
    """The cells of one JSON object, as they were written.

    Raises:
        NoRecord: it is no JSON object, names a key twice, or has a list or object in a column that is read.

    Example:
        >>> record('{"a": 1.50, "b": null, "c": true, "d": "x"}', ["a", "b", "c", "e"])
        ['1.50', None, 'true', None]
    """
    try:
        data = json.loads(text, parse_int=str, parse_float=str, parse_constant=str, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise NoRecord(Text("不是 JSON 对象，或有重复的键", "no JSON object, or a key is there twice")) from None
    if not isinstance(data, dict):
        raise NoRecord(Text("应为 JSON 对象", "expected a JSON object"))
    return [_cell(data.get(column), column) for column in columns]


def _row(line: bytes, columns: Sequence[str], number: int, name: str) -> list[str | None]:
    try:
        return record(line, columns)
    except NoRecord as error:
        raise _bad(name, number, error.text.zh, error.text.en) from None


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    data = dict(pairs)
    if len(data) < len(pairs):
        raise ValueError("a key is there twice")
    return data


def _cell(value: object, column: str) -> str | None:
    if value is None or isinstance(value, bool):
        return None if value is None else str(value).lower()
    if not isinstance(value, str):
        raise NoRecord(Text(f"“{column}”里是列表或对象，应为文字或数", f"{column!r} holds a list or an object; expected text or a number"))
    if any("\ud800" <= c <= "\udfff" for c in value):
        raise NoRecord(Text(f"“{column}”里有不成对的代理字符", f"{column!r} holds half a surrogate pair"))
    return value


def frame(rows: list[list[str | None]], columns: Sequence[str]) -> pl.DataFrame:
    """Rows of cells as columns of text."""
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")


def _bad(name: str, number: int, zh: str, en: str) -> UnreadableFile:
    return UnreadableFile(Text(f"文件 {name} 第 {number} 行：{zh}。", f"The file {name}, row {number}: {en}."))
