"""Readers for the fields of a message from JSON, by their declared types; and which fields a version of the format has.

``streams.wire.wire`` uses them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import date
from typing import Any, TypeAlias

from streams.language.messages import (
    VERSION,
    CatalogueSet,
    CheckAnswered,
    CorrectionAnswered,
    CoverageStated,
    CoverageWithdrawn,
    EditionCut,
    FollowUpRecorded,
    Input,
    OutcomeReported,
    Stamp,
    Tick,
)

WORD_CHARACTERS = 32
"""The longest word of a stamp; bounded, because the state keeps many (``streams.ledgers.decisions``)."""
NONE: frozenset[str] = frozenset()
LATER: Mapping[type[Input], frozenset[str]] = {
    **dict.fromkeys((CatalogueSet, CoverageStated, CoverageWithdrawn, CheckAnswered, Tick, EditionCut), frozenset({"by"})),
    OutcomeReported: frozenset({"statements", "content"}),
    FollowUpRecorded: NONE,
    CorrectionAnswered: NONE,
}
"""The kinds that version 2 does not have (without fields here), and the fields that it lacks in others; such a field may be missing."""
Reader: TypeAlias = Callable[[Any], Any]


def _is(*types: type) -> Reader:
    def read(value: Any) -> Any:
        if type(value) not in types:
            raise ValueError(f"{' or '.join(t.__name__ for t in types)} expected")
        return value

    return read


def _texts(value: Any) -> dict[str, str]:
    return {_is(str)(key): _is(str)(text) for key, text in _is(dict)(value).items()}


def _tokens(value: Any) -> tuple[int, ...]:
    return tuple(_is(int)(token) for token in _is(list)(value))


def _records(value: Any) -> tuple[tuple[str, int, int], ...]:
    return tuple((_is(str)(feed), _is(int)(source), _is(int)(key)) for feed, source, key in map(_is(list), _is(list)(value)))


def _rows(value: Any) -> tuple[tuple[str, int, int, int], ...]:
    rows = [_is(list)(row) for row in _is(list)(value)]
    return tuple((_is(str)(feed), _is(int)(source), _is(int)(delivery), _is(int)(row)) for feed, source, delivery, row in rows)


def _traces(value: Any) -> tuple[tuple[str, int, int, int, int, int], ...]:
    traces = []
    for feed, *rest in map(_is(list), _is(list)(value)):
        source, key, order, delivery, row = map(_is(int), rest)
        traces.append((_is(str)(feed), source, key, order, delivery, row))
    return tuple(traces)


def _words(value: Any) -> tuple[str, ...]:
    return tuple(_is(str)(word) for word in _is(list)(value))


def _stamp(value: Any) -> Stamp | None:
    if value is None:
        return None
    at, word = _is(list)(value)
    if type(at) is not int or not -1 <= at < 1 << 63 or type(word) is not str or len(word) > WORD_CHARACTERS:
        raise ValueError("a stamp expected")
    return Stamp(at, word)


BY_TYPE: Mapping[str, Reader] = {
    "str": _is(str),
    "int": _is(int),
    "bool": _is(bool),
    "date": date.fromisoformat,
    "date | None": lambda value: None if value is None else date.fromisoformat(value),
    "str | None": _is(str, type(None)),
    "int | None": _is(int, type(None)),
    "tuple[int, ...]": _tokens,
    "tuple[str, ...]": _words,
    "tuple[tuple[str, int, int], ...]": _records,
    "tuple[tuple[str, int, int, int], ...]": _rows,
    "tuple[tuple[str, int, int, int, int, int], ...]": _traces,
    "Mapping[str, str]": _texts,
    "Stamp | None": _stamp,
}
"""The reader for each declared type of a field."""


def needed_version(message: Input) -> tuple[int | None, frozenset[str]]:
    """The version that a message needs, None for the first; and the fields it leaves out: later ones in which nothing stands."""
    later = LATER.get(type(message))
    if later is None:
        return None, NONE
    omitted = frozenset(f.name for f in fields(message) if f.name in later and getattr(message, f.name) == f.default)
    return (None if later and later == omitted else VERSION), omitted
