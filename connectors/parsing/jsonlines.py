"""JSON lines as columns of text, with numbers as they were written.

Called by ``connectors.parsing.tables`` and, for messages, ``connectors.kafka.unit_topics``. Python's ``json`` gives the exact text of a
number, where polars would give the nearest double; it is slower, at about 2 µs a row. An absent key is an empty cell, and the absent keys
are counted, for they may be a mistake. Sources: RFC 8259; jsonlines.org.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import polars as pl

from connectors.contracts.faults import UnreadableFile
from connectors.limits import LONGEST_LINE, MOST_COLUMNS
from connectors.parsing.decoding import too_long, too_wide
from connectors.parsing.header_rows import missing
from connectors.parsing.rows import ReadingNotes, Rows, TableHead, TableRequest
from policies.problems.problems import HuiminError
from policies.values import Text

_ROWS = 10_000
_TOGETHER = 16 << 20
"""Bytes of lines that become one frame."""


class NoRecord(HuiminError):
    """One JSON text that is no record: the unit's fault. The message says why, without a cell."""


def rows(blocks: Iterable[bytes], wanted: TableRequest, notes: ReadingNotes) -> Iterator[Rows]:
    """The rows of a file, in frames of at most 10,000.

    Raises:
        UnreadableFile: a line is no JSON object, repeats a key, or has a list or object in a column that is read. At the end of the file:
            no object has a column, and not all objects are deletions.
    """
    columns = list(dict.fromkeys([*wanted.columns, *wanted.optional]))
    unseen, cells, lines = dict.fromkeys(wanted.columns), list[list[str | None]](), list[int]()
    names: dict[str, None] = {}
    only_deletions, together, all_of_them = True, 0, frozenset(wanted.columns)
    for line, text in _lines(blocks, wanted.name):
        try:
            data = _object(text)
            cells.append([_cell(data.get(column), column) for column in columns])
        except NoRecord as error:
            raise _bad(wanted.name, line, error.text.zh, error.text.en) from None
        if not all_of_them <= data.keys() and not _is_deletion(data, wanted):
            notes.lacking.update(all_of_them - data.keys())
        if unseen:
            only_deletions = only_deletions and _is_deletion(data, wanted)
            names |= dict.fromkeys(data)
            if len(names) > MOST_COLUMNS:
                raise too_wide(wanted.name)
            for column in [column for column in unseen if column in data]:
                del unseen[column]
        lines.append(line)
        together += len(text)
        if len(cells) == _ROWS or together > _TOGETHER:
            yield _frame(cells, lines, columns)
            cells, lines, together = [], [], 0
    if not cells and not names and len(unseen) == len(wanted.columns):
        raise _bad(wanted.name, 1, "文件是空的", "the file is empty")
    notes.heads.append(TableHead("", 0, tuple(names)))
    if cells:
        yield _frame(cells, lines, columns)
    if unseen and not (only_deletions and unseen.keys().isdisjoint(wanted.identifiers[:2])):
        raise missing(list(names), wanted)


def _is_deletion(data: dict[str, object], wanted: TableRequest) -> bool:
    """Whether a record is a deletion; then it needs only the columns that identify the record."""
    value = next((data[column] for column in wanted.optional if column in data), None)
    return value not in (None, False, "", "0", "false", "否", *wanted.layout.false)


def _frame(cells: list[list[str | None]], lines: list[int], columns: list[str]) -> Rows:
    return Rows(frame(cells, columns), np.array(lines, np.int32))


def _lines(blocks: Iterable[bytes], name: str) -> Iterator[tuple[int, bytes]]:
    """The lines that are not blank, each with its number."""
    carry, number = b"", 0
    for block in blocks:
        *whole, carry = (carry + block).split(b"\n")
        for i, line in enumerate((*whole, carry), 1):
            if len(line) > LONGEST_LINE:
                raise too_long(name, number + i)
            if i <= len(whole) and line.strip():
                yield number + i, line
        number += len(whole)
    if carry.strip():
        yield number + 1, carry


def keys(blocks: Iterable[bytes], name: str) -> list[str]:
    """The keys of all objects in a file, in their first order; other lines are ignored."""
    names: dict[str, None] = {}
    for _, line in _lines(blocks, name):
        try:
            data = json.loads(line, parse_int=str, parse_float=str, parse_constant=str)
        except (ValueError, RecursionError):
            continue
        names |= dict.fromkeys(data if isinstance(data, dict) else ())
        if len(names) > MOST_COLUMNS:
            raise too_wide(name)
    return list(names)


def record(text: str | bytes, columns: Sequence[str]) -> list[str | None]:
    """The cells of one JSON object, as they were written.

    Raises:
        NoRecord: it is no JSON object, repeats a key, or has a list or object in a column that is read.

    Example:
        >>> record('{"a": 1.50, "b": null, "c": true, "d": "x"}', ["a", "b", "c", "e"])
        ['1.50', None, 'true', None]
    """
    data = _object(text)
    return [_cell(data.get(column), column) for column in columns]


def _object(text: str | bytes) -> dict[str, object]:
    if len(text) > LONGEST_LINE:
        size = f"{LONGEST_LINE >> 20} MB"
        raise NoRecord(Text(f"超过 {size}（一条记录的上限）", f"more than {size}, the most a record may have"))
    try:
        data = json.loads(text, parse_int=str, parse_float=str, parse_constant=str, object_pairs_hook=_once)
    except RecursionError:
        raise NoRecord(Text("嵌套过深；应为只有一层的 JSON 对象", "nested too deeply; expected a JSON object of one level")) from None
    except ValueError:
        raise NoRecord(Text("不是 JSON 对象，或有重复的键", "no JSON object, or a key is there twice")) from None
    if not isinstance(data, dict):
        raise NoRecord(Text("应为 JSON 对象", "expected a JSON object"))
    return data


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
    return UnreadableFile(Text(f"文件 {name} 第 {number} 行：{zh}。", f"The file {name}, line {number}: {en}."))
