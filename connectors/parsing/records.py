"""Compiled checks of the shape of CSV records, and of the cells in a sheet's XML.

``connectors.parsing.delimited_text`` checks every block before polars reads it, because polars fills short rows with nulls and keeps blank
lines as rows. In a block without quotes it is enough to count delimiters; any other block is walked byte by byte.

Source: RFC 4180; a quote inside a cell without quotes, and text behind a closing quote, are refused as polars refuses them.
"""

from __future__ import annotations

from enum import IntEnum

from connectors.parsing.hashing import Int64, UInt8, kernel


class RecordShape(IntEnum):
    """What may be wrong with the shape of a record."""

    SOUND = 0
    CELLS = 1  # more or fewer cells than the header
    QUOTE = 2  # a quote where none may be
    SWALLOWED = 3  # a quoted cell that holds the ends of whole records


@kernel
def scan(data: UInt8, delimiter: int, columns: int, limit: int, out: UInt8, lines: Int64) -> tuple[int, int, int, int, int, int, int]:
    """Walk the whole records at the head of a block, and copy those that are not blank.

    A stray quote swallows everything up to the next one: the rest of one record, whole records, and the beginning of another. A cell whose
    lines look so is refused, because its rows would be lost.

    Args:
        delimiter: the byte between two cells.
        columns: the cells that a record must have; -1 for any number.
        limit: stop after this many records; -1 for no limit.
        out: gets the records without blank lines; as long as ``data``.
        lines: gets the number of line ends before each copied record; as long as ``data`` has line ends.

    Returns:
        Bytes walked, bytes copied and records copied; the fault (``RecordShape``) of the record behind them, and its cells; the line ends
        among the bytes walked, and those before the last opening quote.
    """
    i, start, copied, records, cells = 0, 0, 0, 0, 1
    quoted, at_start, closed = False, True, False
    end = len(data)
    stop, line, walked, opened, before, inner, inner_lines, alike = 0, 0, 0, 0, 0, 0, 0, False
    while i < end and records != limit:
        c = data[i]
        if quoted:
            if c == 34:
                if i + 1 == end:
                    break  # the next block decides whether this quote closes the cell
                if data[i + 1] == 34:
                    i += 1
                else:
                    quoted, closed = False, True
                    if inner_lines and alike and inner == before:
                        return stop, copied, records, 3, cells, walked, opened
            elif c == 10:
                alike = alike and inner == columns - 1 - (0 if inner_lines else before)
                line += 1
                inner_lines += 1
                inner = 0
            elif c == delimiter:
                inner += 1
            i += 1
            continue
        if c == 34:
            if not at_start:
                return stop, copied, records, 2, cells, walked, opened if closed else line
            quoted, at_start = True, False
            opened, before, inner, inner_lines, alike = line, cells - 1, 0, 0, columns > 1
        elif c == delimiter:
            cells += 1
            at_start, closed = True, False
        elif c == 10:
            blank = i == start or (i == start + 1 and data[start] == 13)
            if not blank:
                if columns >= 0 and cells != columns:
                    return stop, copied, records, 1, cells, walked, opened
                for j in range(start, i + 1):
                    out[copied] = data[j]
                    copied += 1
                lines[records] = walked
                records += 1
            line += 1
            walked = line
            start = stop = i + 1
            cells, at_start, closed = 1, True, False
        elif closed and c != 13:
            return stop, copied, records, 2, cells, walked, opened
        else:
            at_start = False
        i += 1
    return stop, copied, records, 0, cells, walked, opened


@kernel
def plain(data: UInt8, delimiter: int, columns: int) -> bool:
    """Whether a block of whole lines has no quotes and no blank lines, and as many delimiters as its rows must have."""
    between, lines, quotes = 0, 0, 0
    for i in range(len(data)):  # the compiler vectorizes these sums
        between += data[i] == delimiter
        lines += data[i] == 10
        quotes += data[i] == 34
    if quotes or between != lines * (columns - 1) or data[0] == 10 or data[0] == 13:
        return False
    blank = 0
    for i in range(1, len(data)):
        blank += (data[i - 1] == 10) & ((data[i] == 10) | (data[i] == 13))
    return blank == 0


@kernel
def measure(data: UInt8, stop: int, extent: Int64) -> bool:
    """Walk the XML of a sheet to measure its extent; False where a cell may say more than its value.

    These are errors and formulas. XML that plain writers do not use (comments, single quotes, prefixes, cells that do not begin with their
    place) gives False too.

    Args:
        stop: where to end; eight more bytes can be read behind it.
        extent: gets the greatest column and row, and the number of cells.
    """
    i = 0
    while i < stop:
        c = data[i]
        if c == 39:
            return False
        if c == 116 and data[i + 1] == 61 and data[i + 2] == 34 and data[i + 3] == 101 and data[i + 4] == 34:  # t="e"
            return False
        if c != 60 and c != 58:
            i += 1
            continue
        first, second = data[i + 1], data[i + 2]
        if first == 33 or (first == 102 and (second <= 32 or second == 47 or second == 62)):  # <! and <f
            return False
        if first != 99 or (second > 32 and second != 47 and second != 62):  # no <c
            i += 1
            continue
        if c != 60 or second != 32 or data[i + 3] != 114 or data[i + 4] != 61 or data[i + 5] != 34:  # <c r="
            return False
        i += 6
        column, row, letters, digits = 0, 0, 0, 0
        while i < stop and letters < 4 and 65 <= data[i] <= 90:
            column, letters, i = column * 26 + data[i] - 64, letters + 1, i + 1
        while i < stop and digits < 8 and 48 <= data[i] <= 57:
            row, digits, i = row * 10 + data[i] - 48, digits + 1, i + 1
        if letters == 0 or digits == 0 or data[i] != 34:
            return False
        extent[0], extent[1], extent[2] = max(extent[0], column), max(extent[1], row), extent[2] + 1
    return True
