"""Where the records of a CSV block end, and whether each has as many cells as the header, compiled.

The one idea: polars fills short rows with nulls and keeps blank lines as rows, so the shape of every record is checked before polars
sees the block; a block without quotes needs its commas counted, any other is walked byte by byte.

Source: RFC 4180; a quote inside a cell without quotes, and text behind a closing quote, are refused as polars refuses them.
"""

from __future__ import annotations

from enum import IntEnum

from connectors.hashing import UInt8, compiled


class Shape(IntEnum):
    """What may be wrong with the shape of a record."""

    SOUND = 0
    CELLS = 1  # more or fewer cells than the header
    QUOTE = 2  # a quote where none may be


@compiled
def scan(data: UInt8, columns: int, limit: int, out: UInt8) -> tuple[int, int, int, int, int]:
    """Walk the whole records at the head of a block, and copy those that are not blank.

    Args:
        columns: cells a record must have; -1 for any number.
        limit: stop after so many records; -1 for no limit.
        out: as long as ``data``; gets the records without blank lines.

    Returns:
        Bytes walked, bytes copied, records copied, the fault (``Shape``) of the record behind them if it is unsound, and its cells.
    """
    i, start, copied, records, cells = 0, 0, 0, 0, 1
    quoted, at_start, closed = False, True, False
    end = len(data)
    stop = 0
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
            i += 1
            continue
        if c == 34:
            if not at_start:
                return stop, copied, records, 2, cells
            quoted, at_start = True, False
        elif c == 44:
            cells += 1
            at_start, closed = True, False
        elif c == 10:
            blank = i == start or (i == start + 1 and data[start] == 13)
            if not blank:
                if columns >= 0 and cells != columns:
                    return stop, copied, records, 1, cells
                for j in range(start, i + 1):
                    out[copied] = data[j]
                    copied += 1
                records += 1
            start = stop = i + 1
            cells, at_start, closed = 1, True, False
        elif closed and c != 13:
            return stop, copied, records, 2, cells
        else:
            at_start = False
        i += 1
    return stop, copied, records, 0, cells


@compiled
def plain(data: UInt8, columns: int) -> bool:
    """Is this block of whole lines free of quotes and blank lines, with as many commas as so many rows must have?"""
    commas, lines, quotes = 0, 0, 0
    for i in range(len(data)):  # three sums that the compiler runs sixteen bytes at a time
        commas += data[i] == 44
        lines += data[i] == 10
        quotes += data[i] == 34
    if quotes or commas != lines * (columns - 1) or data[0] == 10 or data[0] == 13:
        return False
    blank = 0
    for i in range(1, len(data)):
        blank += (data[i - 1] == 10) & ((data[i] == 10) | (data[i] == 13))
    return blank == 0
