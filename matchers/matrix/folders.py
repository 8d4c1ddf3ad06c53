"""Folders: all records about some subjects, as batches that another partition takes in.

A folder has the records in force with their versions and the tokens they were delivered with. So the partition that takes it in knows
exactly as much, and to take it in twice changes nothing. Feeds with links come last, so that a subject is linked to others only when its
other records are there. Made by ``matchers.locate``.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from matchers.kernel.batch import MISSING, OPEN_FROM, OPEN_TO, Int32, Int64, RecordBatch, UInt64, wide
from matchers.kernel.codes import Codes
from matchers.kernel.kernels.records import DELETED, DELIVERY, FLAGS, KEY, MISSING32, ORDER, QUARANTINED, ROW, SUBJECT
from matchers.kernel.kernels.whereabouts import chain_records
from matchers.kernel.layout import FeedLayout
from matchers.matrix.store import Store
from policies.language.catalogue import FieldType

_GOLDEN = 0x9E3779B97F4A7C15
_WORD = 1 << 64
_FACTORS = tuple(pow(factor, -1, _WORD) for factor in (0x94D049BB133111EB, 0xBF58476D1CE4E5B9))


def folders(store: Store, kind: int, subjects: Int32) -> Iterator[RecordBatch]:
    """The records in force of these subjects of a kind: one batch for each feed and source that has any."""
    layouts = [lay for lay in store.layout.feeds.values() if lay.kind == kind]
    for lay in sorted(layouts, key=lambda lay: (bool(lay.links), lay.position)):
        records = _records_of(store, lay, subjects)
        sources = store.arenas[lay.position][records, FLAGS] >> 8
        for source in np.unique(sources).tolist():
            yield standing(store, lay, source, records[sources == source])


def _records_of(store: Store, lay: FeedLayout, subjects: Int32) -> Int32:
    arena = store.arenas[lay.position]
    room = 2 * len(subjects) + 64
    while True:
        out = np.empty(room, np.int32)
        n = chain_records(subjects, arena, store.heads[lay.kind], lay.head, out)
        if n <= room:
            return out[:n]
        room = n


def standing(store: Store, lay: FeedLayout, source: int, records: Int32) -> RecordBatch:
    """Records of one source as they are, as rows of a batch; deleted ones name no subject any more."""
    rows = store.arenas[lay.position][records]
    values, dictionaries, key = {}, {}, delivered_key(rows)
    for name, (lane, is_wide) in lay.lanes.items():
        column = (
            wide(rows[:, lane : lane + 2]) if is_wide else np.where(rows[:, lane] == MISSING32, MISSING, rows[:, lane].astype(np.int64))
        )
        codes = _codes(store, lay.feed.fields[name].type)
        if codes is not None:
            column, dictionaries[name] = _as_texts(column, codes)
        values[name] = column
    valid = [rows[:, lay.valid + end].copy() if lay.valid >= 0 else np.full(len(rows), (OPEN_FROM, OPEN_TO)[end]) for end in (0, 1)]
    return RecordBatch(
        lay.feed.name, source, 0,
        key=key,
        subject=_as_delivered(store, lay, source, key, SUBJECT, _tokens(store, lay.kind, rows[:, SUBJECT])),
        order=wide(rows[:, ORDER : ORDER + 2]),
        row=rows[:, ROW].copy(),
        flags=(rows[:, FLAGS] & (QUARANTINED | DELETED)).astype(np.uint8),
        valid_from=valid[0], valid_to=valid[1],
        links={
            name: _as_delivered(store, lay, source, key, lane, _targets(store, name, rows[:, lane])) for name, lane in lay.links.items()
        },
        values=values, dictionaries=dictionaries,
        identity=wide(rows[:, lay.identity : lay.identity + 2]).view(np.uint64) if lay.identity >= 0 else None,
        deliveries=rows[:, DELIVERY].copy(),
    )  # fmt: skip


def _codes(store: Store, kind: FieldType) -> Codes | None:
    return {FieldType.TEXT: store.texts, FieldType.DIVISION: store.divisions}.get(kind)


def _as_texts(column: Int64, codes: Codes) -> tuple[Int64, tuple[str, ...]]:
    """A column of codes as positions in a dictionary of only the texts that occur in it."""
    there = column != MISSING
    used, place = np.unique(column[there], return_inverse=True)
    out = column.copy()
    out[there] = place
    return out, tuple(codes.texts[code] for code in used.tolist())


def _targets(store: Store, link: str, targets: Int32) -> UInt64:
    return _tokens(store, store.layout.links[link].target, targets)


def _tokens(store: Store, kind: int, rows: Int32) -> UInt64:
    """Tokens of subjects; 0 for row -1."""
    tokens: UInt64 = np.where(rows >= 0, store.tokens[kind][np.maximum(rows, 0)], np.uint64(0))
    return tokens


def _as_delivered(store: Store, lay: FeedLayout, source: int, keys: UInt64, lane: int, tokens: UInt64) -> UInt64:
    """A column of tokens as they were delivered, before corrections of identity."""
    delivered_cells = store.identities.delivered_tokens.get((lay.feed.name, source))
    if not delivered_cells:
        return tokens
    pairs = zip(keys.tolist(), tokens.tolist(), strict=True)
    return np.array([delivered_cells[key].get(lane, token) if key in delivered_cells else token for key, token in pairs], np.uint64)


def delivered_key(rows: Int32) -> UInt64:
    """The keys of records (rows as in the arena) within their sources."""
    sources = (rows[:, FLAGS] >> 8).astype(np.uint64)
    return _unmix_bits(wide(rows[:, KEY : KEY + 2]).view(np.uint64)) - sources * np.uint64(_GOLDEN)


def _unmix_bits(x: UInt64) -> UInt64:
    """The inverse of ``indexes.mix_bits``."""
    first, second = (np.uint64(factor) for factor in _FACTORS)
    x = x ^ (x >> np.uint64(31)) ^ (x >> np.uint64(62))
    x = x * first
    x = x ^ (x >> np.uint64(27)) ^ (x >> np.uint64(54))
    x = x * second
    key: UInt64 = x ^ (x >> np.uint64(30)) ^ (x >> np.uint64(60))
    return key
