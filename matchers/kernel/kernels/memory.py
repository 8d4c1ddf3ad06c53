"""What a running program reads and writes, as named tuples of arrays; ``interpreter`` makes them for the operations."""

from __future__ import annotations

from typing import NamedTuple

from matchers.kernel.batch import Int32, Int64, UInt8, UInt64


class Planes(NamedTuple):
    """Slots: the true plane of slot s begins at ``off[s]``, its false plane ``stride[s]`` words further."""

    bits: UInt64
    off: Int64
    stride: Int32


class Domains(NamedTuple):
    """Rows by (domain, number): subject (-1 none), own record (-1 none), row where its path starts; and rows in each domain."""

    subject: Int32
    record: Int32
    start: Int32
    size: Int64


class Values(NamedTuple):
    """Columns and winners by (number, row); constants and prefix tables of the day."""

    columns: Int64
    winners: Int32
    constants: Int64
    prefixes: UInt8


class Matrix(NamedTuple):
    """The records, and the day on which they are read."""

    arenas: Int64
    lays: Int32
    heads: Int64
    link_rows: Int32
    day: int


class Covers(NamedTuple):
    """Coverage on the day (``matchers.matrix.coverage``): answers by (cover, division), and the tables behind them."""

    answers: UInt8
    feeds: Int32
    cuts: Int32
    responsible_from: Int32
    responsible: Int32
    said_to: Int32
    slots: Int32
    keys: UInt64
    to: Int32


class CheckAnswers(NamedTuple):
    """Answered checks as an index by (check, subject)."""

    slots: Int32
    keys: UInt64
    values: UInt8
