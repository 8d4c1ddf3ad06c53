"""Tables of text from delivered files: CSV, JSON lines and XLSX, in pieces of bounded memory.

The one idea: every cell arrives as the text that was written, with the number of its row, or the file is refused in one sentence. Bytes are
made UTF-8 before polars sees them, and the shape of every record is checked; nothing is guessed, cut or filled.

Source: RFC 4180 (CSV); JSON lines are in ``connectors.jsonlines``.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from connectors.cells import SPACES
from connectors.decoding import decoded, opened, told, unreadable
from connectors.faults import UnreadableFile
from connectors.records import Shape, plain, scan
from policies.problems import listed, meant

_LONGEST_RECORD = 64 << 20


@dataclass(frozen=True, slots=True)
class Piece:
    """Some rows of a table.

    Args:
        first: the number of the first row, from 1; the header and blank lines have none.
        frame: the columns asked for, all text; null and "" are empty cells; an optional column that the file lacks is not there.
    """

    first: int
    frame: pl.DataFrame


def pieces(path: Path, format: str, encoding: str, columns: Sequence[str], optional: Sequence[str] = ()) -> Iterator[Piece]:
    """The rows of a file.

    Args:
        format: csv, jsonl or xlsx; CSV and JSON lines may be gzipped.
        encoding: utf-8 or gb18030, as the contract says; a UTF-8 byte order mark overrules it.
        columns: what must be there, and is read; other columns are not looked at.
        optional: what is read where it is there.

    Raises:
        UnreadableFile: no such file, another encoding or format, a column missing, a row with too many or too few cells.
    """
    name = path.name
    with told(name):
        if format == "xlsx":
            yield from _sheet(path, columns, optional)
            return
        with opened(path) as file:
            blocks = decoded(file, encoding, name)
            if format == "jsonl":
                from connectors.jsonlines import objects

                yield from (Piece(first, frame) for first, frame in objects(blocks, [*columns, *optional], name))
            else:
                yield from _rows(blocks, columns, optional, name)


def header_of(path: Path, format: str, encoding: str) -> list[str]:
    """The names of a file's columns as they are written; of JSON lines every key there is, in the order of their coming.

    Raises:
        UnreadableFile: as for ``pieces``; a line that is no JSON object is left for that to tell.
    """
    name = path.name
    with told(name):
        if format == "xlsx":
            return [column.strip(SPACES) for column in _loaded(path).columns]
        with opened(path) as file:
            blocks = decoded(file, encoding, name)
            if format == "jsonl":
                from connectors.jsonlines import keys

                return keys(blocks, name)
            carry = b""
            for block in _with_last_newline(blocks):
                header, carry = _header(carry + block, name)
                if header:
                    return header
    raise unreadable(name, "是空的；应有表头和数据", "is empty; expected a header and rows")


def _rows(blocks: Iterable[bytes], columns: Sequence[str], optional: Sequence[str], name: str) -> Iterator[Piece]:
    """CSV blocks, cut where records end."""
    carry, header, row = b"", list[str](), 1
    for block in _with_last_newline(blocks):
        end = block.rfind(b"\n") + 1
        carry, rest = b"".join((carry, memoryview(block)[:end])), block[end:]
        if not header:
            header, carry = _header(carry, name)
            if header:
                places = positions(header, columns, optional, name)
        if header and carry:
            frame, used = _records(carry, header, places, row, name)
            carry = carry[used:]
            if len(carry) > _LONGEST_RECORD:
                raise _unclosed(name, row + len(frame))
            if len(frame):
                yield Piece(row, frame)
            row += len(frame)
        carry += rest
    if not header and not carry.strip():
        raise unreadable(name, "是空的；应有表头和数据", "is empty; expected a header and rows")
    if carry.strip():
        raise _unclosed(name, row)


def _with_last_newline(blocks: Iterable[bytes]) -> Iterator[bytes]:
    last = b"\n"
    for block in blocks:
        last = block or last
        yield block
    if not last.endswith(b"\n"):
        yield b"\n"


def _unclosed(name: str, row: int) -> UnreadableFile:
    return unreadable(name, f"第 {row} 行的引号没有闭合", f"has a quote in row {row} that is never closed")


def _header(block: bytes, name: str) -> tuple[list[str], bytes]:
    """The names of the columns and the rest of the block; no names where the header is not all there yet."""
    data = np.frombuffer(block, np.uint8)
    used, copied, records, fault, _ = scan(data, -1, 1, out := np.empty(len(data), np.uint8))
    if fault:
        raise unreadable(name, "的表头引号有误", "has a misplaced quote in its header")
    if not records:
        return [], block
    text = out[:copied].tobytes().decode("utf-8")
    return [cell.strip(SPACES) for cell in next(csv.reader(io.StringIO(text, newline="")))], block[used:]


def positions(header: Sequence[str], columns: Sequence[str], optional: Sequence[str], name: str) -> dict[str, int | None]:
    """Where each column stands; None for an optional one that is not there.

    Raises:
        UnreadableFile: a column is missing, or there twice.
    """
    missing = [column for column in dict.fromkeys(columns) if column not in header]
    if missing:
        near = meant(missing[0], header)
        words = listed(missing)
        raise unreadable(name, f"缺少列：{words}。{near.zh}", f"has no column {words}" + (f".{near.en}" if near.en else ""))
    wanted = list(dict.fromkeys([*columns, *optional]))
    twice = [column for column in wanted if header.count(column) > 1]
    if twice:
        raise unreadable(name, f"有两列同名：{listed(twice)}", f"has two columns named {listed(twice)}")
    return {column: header.index(column) if column in header else None for column in wanted}


def _records(block: bytes, header: Sequence[str], places: dict[str, int | None], row: int, name: str) -> tuple[pl.DataFrame, int]:
    """The whole records at the head of a block, and how many bytes they take."""
    used = block.rfind(b"\n") + 1
    if used and plain(np.frombuffer(block, np.uint8, used), len(header)):
        try:
            return _parsed(block[:used] if used < len(block) else block, header, places), used
        except pl.exceptions.PolarsError:
            pass  # one row too long and one too short: the walk below finds the first
    data = np.frombuffer(block, np.uint8)
    used, copied, records, fault, cells = scan(data, len(header), -1, out := np.empty(len(data), np.uint8))
    if fault == Shape.CELLS:
        zh = f"第 {row + records} 行有 {cells} 格，表头有 {len(header)} 列"
        raise unreadable(name, zh, f"has {cells} cells in row {row + records}, where the header has {len(header)}")
    if fault == Shape.QUOTE:
        raise unreadable(name, f"第 {row + records} 行的引号位置不对", f"has a misplaced quote in row {row + records}")
    frame = _parsed(out[:copied].tobytes(), header, places)
    if len(frame) != records:
        raise unreadable(name, f"第 {row} 行之后的引号或换行有误", f"has quotes or line ends after row {row} that can be read two ways")
    return frame, used


def _parsed(block: bytes, header: Sequence[str], places: dict[str, int | None]) -> pl.DataFrame:
    names = [f"column_{i + 1}" for i in range(len(header))]  # polars takes no other names here
    there = {column: names[i] for column, i in places.items() if i is not None}
    if not block:
        frame = pl.DataFrame(schema=dict.fromkeys(there.values(), pl.String))
    else:
        frame = pl.read_csv(
            block, has_header=False, schema=dict.fromkeys(names, pl.String), columns=list(there.values()), infer_schema=False,
            empty_string_is_null=False,
        )  # fmt: skip
    return frame.select(pl.col(name).alias(column) for column, name in there.items())


def _sheet(path: Path, columns: Sequence[str], optional: Sequence[str]) -> Iterator[Piece]:
    """The first sheet of a workbook, every cell as text: a date is its ISO form, a number its shortest one."""
    frame = _loaded(path)
    header = [column.strip(SPACES) for column in frame.columns]
    places = positions(header, columns, optional, path.name)
    frame = frame.select(frame.to_series(i).alias(column) for column, i in places.items() if i is not None)
    if len(frame):
        yield Piece(1, frame)


def _loaded(path: Path) -> pl.DataFrame:
    import fastexcel

    with path.open("rb"):
        pass  # fastexcel reports a missing file in its own words
    try:
        return fastexcel.read_excel(path).load_sheet(0, dtypes="string").to_polars()
    except fastexcel.FastExcelError:
        raise unreadable(path.name, "不是 XLSX 工作簿，或第一张表为空", "is no XLSX workbook, or its first sheet is empty") from None
