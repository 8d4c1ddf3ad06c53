"""Whole columns of the matrix, for the analysts' snapshot: all records in force, and all subjects.

A column is one array of encoded integers and a mask of the cells that have a value. Nothing becomes text or objects here, so that a
district of a million residents is read in a second. The meaning of a value is in its field; people are tokens. Used by
``connectors.analysts``.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from matchers.kernel.batch import MISSING, OPEN_FROM, OPEN_TO, Int32, Int64, UInt64, wide
from matchers.kernel.kernels.records import DELETED, DELIVERY, FLAGS, HIDDEN, HOLE, KEY, MISSING32, QUARANTINED, ROW, SUBJECT
from matchers.kernel.layout import KINDS, FeedLayout
from matchers.matrix.store import Store
from policies.language.catalogue import Field, FieldType
from policies.values import Kind

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class TokenColumn:
    """Subjects by token. ``there`` is False where a link is empty; the token is then 0."""

    values: UInt64
    there: Bools


@dataclass(frozen=True, slots=True, eq=False)
class EncodedColumn:
    """A field as ``policies.language.catalogue`` encodes it. Where ``there`` is False the value has no meaning.

    ``texts`` holds what the values of an enum, text or division field index; it is empty for other types.
    """

    field: Field
    values: Int64
    there: Bools
    texts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Records:
    """The records in force of one feed, ordered by subject, then by key, so that the same records always give the same table.

    Args:
        source: int32[n], position in the contract's list of sources.
        delivery: int32[n], the source's delivery number, from 1.
        valid_from, valid_to: int32[n] days since 1970-01-01 with masks of the ends that are not open; None without validity.
        quarantined: bool[n]; of such a record only its existence is known.
    """

    subject: TokenColumn
    source: Int32
    delivery: Int32
    valid_from: tuple[Int32, Bools] | None
    valid_to: tuple[Int32, Bools] | None
    quarantined: Bools
    links: dict[str, TokenColumn]
    fields: dict[str, EncodedColumn]


@dataclass(frozen=True, slots=True, eq=False)
class Subjects:
    """Every subject of a kind that was ever named, ordered by token.

    Args:
        division: int32[n], position in ``texts``; -1 where the register does not place the subject, -2 where it does not know it.
    """

    token: TokenColumn
    division: Int32
    texts: tuple[str, ...]


def records(store: Store, feed: str) -> Records:
    """The records in force of a feed: neither deleted nor withdrawn by a full replacement.

    A record outside its validity interval on the state's day is in force as well; its days are in the table.
    """
    lay = store.layout.feeds[feed]
    arena = store.arenas[lay.position][: store.counts[lay.position]]
    rows = arena[_in_force(store, lay, arena)]
    flags = rows[:, FLAGS]
    quarantined = (flags & QUARANTINED) != 0
    sound = ~quarantined
    start, end = _validity(lay, rows, sound)
    return Records(
        TokenColumn(store.tokens[lay.kind][rows[:, SUBJECT]], np.ones(len(rows), np.bool_)),
        flags >> 8,
        rows[:, DELIVERY],
        start,
        end,
        quarantined,
        {name: _link(store, name, rows[:, lane], sound) for name, lane in lay.links.items()},
        {name: _field(store, lay, name, rows, sound) for name in lay.lanes},
    )


def rows_in_force(store: Store, feed: str, cited: Collection[tuple[int, int, int]]) -> set[tuple[int, int, int]]:
    """Those of some rows of deliveries (source, delivery, row) that are still the record in force."""
    lay = store.layout.feeds[feed]
    arena = store.arenas[lay.position][: store.counts[lay.position]]
    not_in_force = DELETED | HIDDEN | HOLE
    numbers = [delivery for _, delivery, _ in cited]
    rows = arena[((arena[:, FLAGS] & not_in_force) == 0) & np.isin(arena[:, DELIVERY], numbers)]
    versions = zip((rows[:, FLAGS] >> 8).tolist(), rows[:, DELIVERY].tolist(), rows[:, ROW].tolist(), strict=True)
    return set(cited) & set(versions)


def subjects(store: Store, kind: Kind, day: int) -> Subjects:
    """The subjects of a kind, with where the register places them on a day (days since 1970-01-01)."""
    at = KINDS.index(kind)
    tokens = store.tokens[at][: store.sizes[at]]
    order = np.argsort(tokens)
    placements = store.placements(at, day)
    return Subjects(TokenColumn(tokens[order], np.ones(len(order), np.bool_)), placements[order], tuple(store.divisions.texts))


def own_field(store: Store, feed: str, name: str) -> EncodedColumn:
    """A field of the one record that counts of each subject, in the order of ``subjects``; for a feed with one record a subject."""
    lay = store.layout.feeds[feed]
    order = np.argsort(store.tokens[lay.kind][: store.sizes[lay.kind]])
    numbers = store.heads[lay.kind][order, lay.head]
    arena = store.arenas[lay.position]
    rows = arena[np.maximum(numbers, 0)] if len(arena) else np.zeros((len(numbers), arena.shape[1]), np.int32)
    sound = (numbers >= 0) & ((rows[:, FLAGS] & (DELETED | HIDDEN | HOLE | QUARANTINED)) == 0)
    return _field(store, lay, name, rows, sound)


def _in_force(store: Store, lay: FeedLayout, arena: Int32) -> npt.NDArray[np.int64]:
    """Numbers of the records in force, ordered by the subject's token, then by the key's hash."""
    numbers = np.flatnonzero((arena[:, FLAGS] & (DELETED | HIDDEN)) == 0)
    tokens = store.tokens[lay.kind][arena[numbers, SUBJECT]]
    order = np.argsort(tokens)  # twice as fast as a sort by both: few subjects have several records
    numbers, tokens = numbers[order], tokens[order]
    same = np.flatnonzero(tokens[1:] == tokens[:-1])
    several = np.union1d(same, same + 1)
    keys = wide(arena[numbers[several], KEY : KEY + 2]).view(np.uint64)
    numbers[several] = numbers[several[np.lexsort((keys, tokens[several]))]]
    return numbers


def _validity(lay: FeedLayout, rows: Int32, sound: Bools) -> tuple[Any, Any]:
    if lay.valid < 0:
        return None, None
    start, end = rows[:, lay.valid], rows[:, lay.valid + 1]
    return (start, sound & (start != OPEN_FROM)), (end, sound & (end != OPEN_TO))


def _link(store: Store, name: str, targets: Int32, sound: Bools) -> TokenColumn:
    there = sound & (targets >= 0)
    kind = store.layout.links[name].target
    return TokenColumn(np.where(there, store.tokens[kind][np.where(there, targets, 0)], np.uint64(0)), there)


def _field(store: Store, lay: FeedLayout, name: str, rows: Int32, sound: Bools) -> EncodedColumn:
    field, (lane, double) = lay.feed.fields[name], lay.lanes[name]
    values = wide(rows[:, lane : lane + 2]) if double else rows[:, lane].astype(np.int64)
    there = sound & (values != (MISSING if double else MISSING32))
    return EncodedColumn(field, np.where(there, values, 0), there, _texts(store, field))


def _texts(store: Store, field: Field) -> tuple[str, ...]:
    match field.type:
        case FieldType.ENUM:
            return field.codes
        case FieldType.TEXT:
            return tuple(store.texts.texts)
        case FieldType.DIVISION:
            return tuple(store.divisions.texts)
        case FieldType.INT | FieldType.DECIMAL | FieldType.DATE:
            return ()
