"""JSON lines as columns of text, numbers as they were written.

The one idea: Python's ``json`` hands over the text of each number, where polars would give its nearest double; slower (about 2 µs a
row), and exact. A key that is not there is an empty cell. Source: RFC 8259; jsonlines.org.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

import polars as pl

from connectors.faults import UnreadableFile
from policies.values import Text

_ROWS = 10_000
_LONGEST_LINE = 16 << 20


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
            yield first, _frame(rows, wanted)
            first, rows = first + len(rows), []
    if rows:
        yield first, _frame(rows, wanted)
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


def _row(line: bytes, columns: Sequence[str], number: int, name: str) -> list[str | None]:
    try:
        data = json.loads(line, parse_int=str, parse_float=str, parse_constant=str, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise _bad(name, number, "不是 JSON 对象，或有重复的键", "no JSON object, or a key is there twice") from None
    if not isinstance(data, dict):
        raise _bad(name, number, "应为 JSON 对象", "expected a JSON object")
    return [_cell(data.get(column), column, number, name) for column in columns]


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    data = dict(pairs)
    if len(data) < len(pairs):
        raise ValueError("a key is there twice")
    return data


def _cell(value: object, column: str, number: int, name: str) -> str | None:
    if value is None or isinstance(value, bool):
        return None if value is None else str(value).lower()
    if not isinstance(value, str):
        raise _bad(
            name, number, f"“{column}”里是列表或对象，应为文字或数", f"{column!r} holds a list or an object; expected text or a number"
        )
    if any("\ud800" <= c <= "\udfff" for c in value):
        raise _bad(name, number, f"“{column}”里有不成对的代理字符", f"{column!r} holds half a surrogate pair")
    return value


def _frame(rows: list[list[str | None]], columns: Sequence[str]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")


def _bad(name: str, number: int, zh: str, en: str) -> UnreadableFile:
    return UnreadableFile(Text(f"文件 {name} 第 {number} 行：{zh}。", f"The file {name}, row {number}: {en}."))
