"""Delimited text (CSV and its kin): blocks of UTF-8 become rows of text, each with its line in the file.

Called by ``connectors.parsing.tables``. ``connectors.parsing.records`` checks the shape of every record in a block; then polars splits the
cells. Source: RFC 4180.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import numpy as np
import polars as pl

from connectors.contracts.faults import UnreadableFile
from connectors.limits import LONGEST_LINE, MOST_COLUMNS, overlong
from connectors.parsing.cells import SPACES
from connectors.parsing.decoding import too_long, too_wide, unreadable
from connectors.parsing.header_rows import DELIMITERS, SEARCHED, HeaderLine, header, nearest, positions, refusal
from connectors.parsing.records import RecordShape, plain, scan
from connectors.parsing.rows import ReadingNotes, Rows, TableHead, TableRequest, first_cells, is_footer

_HEAD = 1 << 18
"""Bytes that are searched for the header."""


def rows(blocks: Iterable[bytes], wanted: TableRequest, notes: ReadingNotes) -> Iterator[Rows]:
    """The rows of a file below its header.

    Raises:
        UnreadableFile: no header, a missing column, a record with too many or too few cells, a quote that is misplaced or never closed.
    """
    blocks = _with_last_newline(blocks)
    start = _start(blocks)
    delimiter, at = _header(start, wanted, notes)
    assert at.cells is not None
    table = _DelimitedTable(at.cells, delimiter, positions(at.cells, wanted), at.end[1], wanted, notes)
    for block in chain([start[at.end[0] :]], blocks):
        yield from table.take(block)
    table.finish()


def header_names(blocks: Iterable[bytes], wanted: TableRequest) -> list[str]:
    """The names of the columns, as they are written."""
    return _header(_start(_with_last_newline(blocks)), wanted, ReadingNotes())[1].cells or []


def first_lines(blocks: Iterable[bytes], delimiters: Sequence[str]) -> dict[str, list[HeaderLine]]:
    """The first records of a file by delimiter, for a reader that does not know the header yet."""
    start = _start(_with_last_newline(blocks))
    return {between: _candidates(start, between) for between in delimiters}


def _start(blocks: Iterator[bytes]) -> bytes:
    """Blocks enough to hold the header."""
    read, size = [], 0
    for block in blocks:
        read.append(block)
        size += len(block)
        if size >= _HEAD:
            break
    return b"".join(read)


def _with_last_newline(blocks: Iterable[bytes]) -> Iterator[bytes]:
    last = b"\n"
    for block in blocks:
        last = block or last
        yield block
    if not last.endswith(b"\n"):
        yield b"\n"


def _header(start: bytes, wanted: TableRequest, notes: ReadingNotes) -> tuple[str, HeaderLine]:
    """The delimiter and the header."""
    if not start.strip():
        raise unreadable(wanted.name, "是空的；应有表头和数据", "is empty; expected a header and rows")
    if (long := overlong(start)) >= 0:
        raise too_long(wanted.name, 1 + start.count(b"\n", 0, long))
    own, lines_by_delimiter = wanted.layout.delimiter, dict[str, list[HeaderLine]]()
    for between in [own] if own else DELIMITERS:
        lines_by_delimiter[between] = _candidates(start, between)
        at = header(lines_by_delimiter[between], wanted)
        if at is not None and at.cells is not None and set(wanted.columns) <= set(at.cells):
            notes.delimiter = between
            notes.heads.append(TableHead("", at.line, tuple(at.cells)))
            return between, at
    start[: start.rfind(b"\n")].decode("utf-8")  # raises where the encoding is wrong, which would also hide the columns
    if any(line.wide for line in lines_by_delimiter[own or ","]):
        raise too_wide(wanted.name)
    lines_by_delimiter |= {between: _candidates(start, between) for between in DELIMITERS if between not in lines_by_delimiter}
    like = nearest(lines_by_delimiter[own or ","], wanted)
    if like is not None and like.cells is not None:
        notes.heads.append(TableHead("", like.line, tuple(like.cells)))
    raise refusal(lines_by_delimiter, wanted)


def _candidates(start: bytes, delimiter: str) -> list[HeaderLine]:
    """The first records, each with its line."""
    out: list[HeaderLine] = []
    offset, line = 0, 1
    while offset < len(start) and len(out) < SEARCHED:
        data = np.frombuffer(start, np.uint8, offset=offset)
        copy, before = np.empty(min(len(data), _HEAD), np.uint8), np.zeros(1, np.int64)
        used, copied, records, fault, _, walked, _ = scan(data[:_HEAD], ord(delimiter), -1, 1, copy, before)
        if fault or not records:
            stop = start.find(b"\n", offset + used) + 1
            if not stop:
                break
            longer = not fault and stop - offset > _HEAD
            out.append(HeaderLine(line + walked, [] if longer else None, wide=longer))
            offset, line = stop, line + walked + 1
            continue
        text = copy[:copied].tobytes().decode("utf-8", "replace")
        try:
            cells = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
        except csv.Error:  # a cell longer than any name of a column
            cells = []
        offset, first, line, wide = offset + used, line + int(before[0]), line + walked, len(cells) > MOST_COLUMNS
        out.append(HeaderLine(first, [] if wide else [cell.strip(SPACES) for cell in cells], (offset, line), wide))
    return out


class _DelimitedTable:
    """Reads the blocks of one table."""

    def __init__(
        self, names: Sequence[str], delimiter: str, places: dict[str, int | None], line: int, wanted: TableRequest, notes: ReadingNotes
    ) -> None:
        self._count, self._delimiter, self._line, self._wanted, self._notes = len(names), delimiter, line, wanted, notes
        polars_names = [f"column_{i + 1}" for i in range(len(names))]  # polars takes no other names here
        self._there = {column: polars_names[i] for column, i in places.items() if i is not None}
        self._places = {column: str(i + 1) for column, i in places.items() if i is not None}
        self._polars_names, self._carry, self._quote_line = polars_names, b"", line

    def take(self, block: bytes) -> Iterator[Rows]:
        """The records that end in a block."""
        end = block.rfind(b"\n") + 1
        self._carry, rest = b"".join((self._carry, memoryview(block)[:end])), block[end:]
        self._refuse_long()
        more = bool(self._carry)
        while more:
            records, used, more = self._records(self._carry)
            self._carry = self._carry[used:]
            if len(records.frame):
                yield records
        if len(self._carry) > LONGEST_LINE:
            raise self._unclosed_quote()
        self._carry += rest
        self._refuse_long()

    def _refuse_long(self) -> None:
        if (at := overlong(self._carry)) >= 0:
            raise too_long(self._wanted.name, self._line + self._carry.count(b"\n", 0, at))

    def finish(self) -> None:
        if self._carry.strip():
            raise self._unclosed_quote()

    def _records(self, block: bytes) -> tuple[Rows, int, bool]:
        """The whole records at the head of a block, their bytes, and whether more may follow behind a footer."""
        used = block.rfind(b"\n") + 1
        if used and plain(np.frombuffer(block, np.uint8, used), ord(self._delimiter), self._count):
            try:
                frame, openings = self._parse(block[:used] if used < len(block) else block)
            except pl.exceptions.PolarsError:
                pass  # one row is too long and another too short: the walk below finds the first
            else:
                lines = np.arange(self._line, self._line + len(frame), dtype=np.int32)
                self._line += len(frame)
                return Rows(frame, lines, {}, self._places, openings), used, False
        data = np.frombuffer(block, np.uint8)
        lines_before = np.empty(block.count(b"\n") + 1, np.int64)
        used, copied, records, fault, cells, walked, opened = scan(
            data, ord(self._delimiter), self._count, -1, out := np.empty(len(data), np.uint8), lines_before
        )
        self._quote_line = self._line + opened
        if fault:
            used = self._passed_over(block, used, self._line + walked, fault, cells)
        frame, openings = self._parse(out[:copied].tobytes())
        if len(frame) != records:
            zh, en = f"第 {self._line} 行之后的引号或换行有误", f"has quotes or line ends after line {self._line} that can be read two ways"
            raise unreadable(self._wanted.name, zh, en)
        lines = (self._line + lines_before[:records]).astype(np.int32)
        self._line += walked + (1 if fault else 0)
        return Rows(frame, lines, {}, self._places, openings), used, fault != RecordShape.SOUND and used < len(block)

    def _passed_over(self, block: bytes, at: int, line: int, fault: int, cells: int) -> int:
        """The end of a footer that has more or fewer cells than the header.

        Raises:
            UnreadableFile: it is no footer.
        """
        stop = block.index(b"\n", at) + 1
        text = block[at:stop].decode("utf-8").strip(SPACES + self._delimiter + '"')
        if fault == RecordShape.CELLS and is_footer(text, self._wanted.layout.footer):
            self._notes.passed_over += 1
            return stop
        raise self._misshapen(fault, line, cells)

    def _misshapen(self, fault: int, line: int, cells: int) -> UnreadableFile:
        name, count = self._wanted.name, self._count
        if fault == RecordShape.CELLS:
            zh, en = f"第 {line} 行有 {cells} 格，表头有 {count} 列", f"has {cells} cells in line {line}, where the header has {count}"
            if cells < count:
                zh += "；若是合计、制表人之类的表尾，请把开头的词写进约定的 footer"
                en += "; if the line is a footer such as 合计, name its first word in the contract's `footer`"
            return unreadable(name, zh, en)
        opened = self._quote_line
        if fault == RecordShape.SWALLOWED:
            return unreadable(
                name,
                f"第 {opened} 行的引号吞掉了后面的行；请删去多余的引号（格内确有换行时，请改为空格）",
                f"has a quote in line {opened} that swallows the lines behind it; delete it (or write spaces for line ends that are meant)",
            )
        return unreadable(
            name,
            f"第 {opened} 行的引号位置不对；请删去多余的引号（格内确有引号时，写成两个，整格再加引号）",
            f"has a misplaced quote in line {opened}; delete it (or, where it is meant, write it twice and put the whole cell in quotes)",
        )

    def _unclosed_quote(self) -> UnreadableFile:
        line = self._quote_line
        return unreadable(
            self._wanted.name,
            f"第 {line} 行的引号没有闭合；请删去它，或补上后一个引号",
            f"has a quote in line {line} that is never closed; delete it, or close it",
        )

    def _parse(self, block: bytes) -> tuple[pl.DataFrame, pl.Series | None]:
        """The cells of whole records; with footers in the layout also the first cell of each record that is not empty."""
        all_columns = bool(self._wanted.layout.footer)
        read = self._polars_names if all_columns else list(self._there.values())
        if not block:
            frame = pl.DataFrame(schema=dict.fromkeys(read, pl.String))
        else:
            frame = pl.read_csv(
                block, has_header=False, schema=dict.fromkeys(self._polars_names, pl.String), columns=read, infer_schema=False,
                empty_string_is_null=False, separator=self._delimiter,
            )  # fmt: skip
        openings = first_cells(frame) if all_columns else None
        return frame.select(pl.col(name).alias(column) for column, name in self._there.items()), openings
