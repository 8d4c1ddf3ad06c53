"""CSV files of numbers that say whose identity to correct, read as tokens.

A steward writes them; ``services.identity.corrections`` reads them. Numbers stand in a file of the steward, so that none is ever part of a
command line or a message.

    subject,into            pairs: the numbers of two persons who are one (``into`` may be empty where a merge is undone)
    feed,unit,key           records: the number by which each unit knows a record
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

import polars as pl

from connectors.contracts.faults import UnreadableFile
from connectors.identity.tokens import Tokens
from connectors.parsing.cells import Fault
from connectors.parsing.decoding import encoding_of
from connectors.parsing.row_place import RowPlace, rows_words
from connectors.parsing.tables import Piece, pieces
from policies.language.catalogue import Catalogue, Feed
from policies.problems.problems import comma_list, suggestion
from policies.values import Kind, Text

_PAIR = ("subject", "into")
_RECORD = ("feed", "unit", "key")
Row = TypeVar("Row")


class Pair(NamedTuple):
    """A row of a file of pairs, as tokens. ``into`` is None where the cell is empty."""

    row: RowPlace
    subject: int
    into: int | None


def pairs(path: Path, kind: Kind, catalogue: Catalogue, tokens: Tokens) -> list[Pair]:
    """The pairs of a file. Its numbers are of the numbering of the kind's register.

    Raises:
        UnreadableFile: it cannot be read, names nobody, or a number is not of its scheme; the error says in which rows.
    """
    register = catalogue.register(kind)
    if register is None:
        zh = f"没有数据源登记 {kind} 一类的对象，无法把号码变为化名；请改用化名。"
        raise UnreadableFile(Text(zh, f"No feed registers any {kind}, so numbers cannot be read; use tokens."))
    result: list[Pair] = []
    wrong: list[RowPlace] = []
    for piece in _csv(path, _PAIR):
        subject, into = (tokens.column(kind, register.identify, piece.frame[name]) for name in _PAIR)
        for at in range(len(subject.tokens)):
            empty = into.faults[at] == Fault.EMPTY
            if subject.faults[at] != Fault.SOUND or (into.faults[at] != Fault.SOUND and not empty):
                wrong.append(piece.place(at))
            else:
                result.append(Pair(piece.place(at), int(subject.tokens[at]), None if empty else int(into.tokens[at])))
    if wrong:
        rows = rows_words(wrong)
        zh = f"{path.name} {rows.zh}的号码无法识别；请核对后重试，尚未更正任何人。"
        raise UnreadableFile(Text(zh, f"{path.name}: no readable number in {rows.en}. Mend them; nobody was corrected yet."))
    return _some(result, path)


def records(path: Path, catalogue: Catalogue, tokens: Tokens) -> tuple[tuple[str, int, int], ...]:
    """The records of a file as (feed, source, key).

    Raises:
        UnreadableFile: it cannot be read, names no record, or a feed, unit or key is not possible; the error says in which row.
    """
    result: list[tuple[str, int, int]] = []
    for place, name, unit, key in _rows(path):
        row = place.words
        feed = catalogue.feeds.get(name)
        if feed is None:
            near = suggestion(name, catalogue.feeds)
            raise UnreadableFile(
                Text(f"{path.name} {row.zh}的数据源不存在。{near.zh}", f"{path.name}, {row.en}: there is no such feed.{near.en}")
            )
        source = feed.source_position(unit)
        if source is None:
            units = comma_list([possible.unit for possible in feed.sources])
            zh = f"{path.name} {row.zh}的单位不是数据源 {name} 的来源；应为 {units}。"
            raise UnreadableFile(Text(zh, f"{path.name}, {row.en}: the unit is no source of feed {name}; expected {units}."))
        key_hash = _key(feed, key, tokens)
        if key_hash is None:
            zh = f"{path.name} {row.zh}的记录号无法识别；请按该单位交付时的写法填写。"
            raise UnreadableFile(Text(zh, f"{path.name}, {row.en}: the key is not readable. Write it as the unit delivers it."))
        result.append((name, source, key_hash))
    return tuple(dict.fromkeys(_some(result, path)))


def _key(feed: Feed, text: str, tokens: Tokens) -> int | None:
    """The hash of a record's key, as intake makes it; where the key is the subject's number, the subject's token."""
    if feed.key == feed.identify.column:
        return tokens.token(feed.subject, feed.identify, text)
    cells = tokens.keys(feed.name, pl.Series([text], dtype=pl.String))
    return int(cells.tokens[0]) if cells.faults[0] == Fault.SOUND else None


def _rows(path: Path) -> Iterator[tuple[RowPlace, str, str, str]]:
    for piece in _csv(path, _RECORD):
        for at, (feed, unit, key) in enumerate(piece.frame.select(_RECORD).fill_null("").iter_rows()):
            yield piece.place(at), feed.strip(), unit.strip(), key


def _csv(path: Path, columns: Sequence[str]) -> Iterator[Piece]:
    return pieces(path, "csv", encoding_of(path), columns)


def _some(rows: list[Row], path: Path) -> list[Row]:
    if not rows:
        raise UnreadableFile(Text(f"{path.name} 中没有任何一行。", f"{path.name} has no row."))
    return rows
