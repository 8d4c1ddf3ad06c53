"""Erases a person from the matrix: their records, their token, their answers, and texts that no other record uses.

The person's records in force leave like deleted ones, so that the caller can compare the lists before and after; then their slots are
holes, which nothing reads. A gone record has no subject any more: it is found by where it came from (its *trace*), and the bodies of all
gone records are emptied. The person's row number stays, because others follow it, with a token that is nobody's. Called by
``matchers.core`` and ``matchers.locate``. Source: docs/en/semantics.md section 16.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from matchers.kernel.batch import DELETED, NO_ORDER, Int32, wide
from matchers.kernel.kernels.indexes import index_entities, index_records
from matchers.kernel.kernels.records import BODY, DELIVERY, FLAGS, HIDDEN, HOLE, NEXT, ORDER, ROW, SUBJECT
from matchers.kernel.layout import KINDS, FeedLayout
from matchers.matrix.folders import delivered_key
from matchers.matrix.identity import Record
from matchers.matrix.identity_changes import Restaging, everywhere, naming
from matchers.matrix.staging import record_of
from matchers.matrix.store import Store
from policies.language.catalogue import FieldType
from policies.values import Kind

PERSON = KINDS.index(Kind.PERSON)
TOKENS = f"tokens.{Kind.PERSON}"
"""The name of the persons' tokens among the arrays of a matrix (``Store.arrays``)."""
_GONE = int(DELETED) | HIDDEN

VersionKey: TypeAlias = tuple[int, int, int]
"""Order, delivery and row."""


class Trace(NamedTuple):
    """Where one row about a person came from, and its version. All rows of that key up to that version are erased with it."""

    feed: str
    source: int
    key: int
    order: int
    delivery: int
    row: int

    @property
    def version(self) -> VersionKey:
        return self.order, self.delivery, self.row


class LastVersion(NamedTuple):
    """The last version of a record that was about a person: the last one with a usable order, and the last without."""

    usable: VersionKey = (-(2**63), 0, 0)
    without: tuple[int, int] = (0, 0)

    def takes(self, version: VersionKey) -> bool:
        """Whether a version of the record, whatever subject it names, is erased with them."""
        return version <= self.usable or version[1:] <= self.without


def last_versions(person_traces: Iterable[Trace]) -> dict[Record, LastVersion]:
    """By record, the last version that was about the person."""
    out: dict[Record, LastVersion] = {}
    for trace in person_traces:
        record = (trace.feed, trace.source, trace.key)
        last = out.get(record, LastVersion())
        usable = trace.order != int(NO_ORDER)
        out[record] = (
            LastVersion(max(trace.version, last.usable), last.without) if usable else LastVersion(last.usable, max(trace[4:], last.without))
        )
    return out


def traces(store: Store, person: int) -> list[Trace]:
    """Traces of the records about a person: those in force, and gone ones whose key is the person's own token."""
    subject = store.entity(PERSON, person)
    standing = {} if subject < 0 else {lay.feed.name: list(records) for lay, records in naming(store, PERSON, subject)}
    out: list[Trace] = []
    for lay in _of_persons(store):
        rows = store.arenas[lay.position][sorted({*standing.get(lay.feed.name, ()), *_gone_numbered(store, lay, person)})]
        columns = (rows[:, FLAGS] >> 8, delivered_key(rows), wide(rows[:, ORDER : ORDER + 2]), rows[:, DELIVERY], rows[:, ROW])
        out += [Trace(lay.feed.name, *facts) for facts in zip(*(column.tolist() for column in columns), strict=True)]
        out += _versions_about(store, lay, subject) if subject >= 0 else []
    return out


def _versions_about(store: Store, lay: FeedLayout, subject: int) -> list[Trace]:
    """Traces of versions about a person that are not in force but may count later."""
    places = [(source, by_key) for (feed, source), by_key in store.versions.rows.items() if feed == lay.position]
    rows = (
        (source, key, row) for source, by_key in places for key, versions in by_key.items() for row in versions if row[SUBJECT] == subject
    )
    return [Trace(lay.feed.name, source, key, *_version(row)) for source, key, row in rows]


def staged_erasure(store: Store, subject: int) -> Restaging:
    """The records about a person (row ``subject``) as deleted ones, staged with the seeds of the change."""
    out = Restaging()
    for lay, records in naming(store, PERSON, subject):
        place = np.array(sorted(records), np.int32)
        out.parts.append(store.stage_records(lay, _as_deleted(store.arenas[lay.position][place]), place))
    seeds = [(part.sites[: part.seeds], part.entities[: part.seeds]) for part in out.parts] + [everywhere(store, PERSON, [subject])]
    out.sites, out.entities = (np.concatenate([seed[i] for seed in seeds]) for i in (0, 1))
    return out


def commit_erasure(store: Store, subject: int, instead: int, restaging: Restaging) -> None:
    """Writes what ``staged_erasure`` gave, makes the slots holes, and gives the subject a token that is nobody's."""
    for part in restaging.parts:
        rows = store.arenas[part.lay.position][part.place]
        for source, key in zip((rows[:, FLAGS] >> 8).tolist(), delivered_key(rows).tolist(), strict=True):
            store.versions.keep((part.lay.position, source), key, [])  # it lost to the person's record
        store.commit(part)
        _empty_slots(store, part.lay, part.place)
    for lay in _of_persons(store):
        _drop_versions(store, _versions_about(store, lay, subject))
    store.tokens[PERSON][subject] = instead
    index_entities(store.entity_slots[PERSON], store.tokens[PERSON], store.sizes[PERSON])


def _drop_versions(store: Store, person_traces: Iterable[Trace]) -> None:
    """Drops, of every record in the traces, the versions up to the last that was about the person."""
    for (feed, source, key), last in last_versions(person_traces).items():
        if (lay := store.layout.feeds.get(feed)) is not None:
            place = (lay.position, source)
            store.versions.keep(place, key, [row for row in store.versions.of(place, key) if not last.takes(_version(row))])


def forget(store: Store, person: int, person_traces: Iterable[Trace]) -> None:
    """Empties the slots of a person's gone records, and of earlier versions with their keys; then the texts that no record uses."""
    places: dict[str, set[int]] = {lay.feed.name: set(_gone_numbered(store, lay, person)) for lay in _of_persons(store)}
    for (feed, source, key), last in last_versions(person_traces).items():
        if (lay := store.layout.feeds.get(feed)) is None:
            continue
        record = record_of(store, lay, source, key)
        if record >= 0 and last.takes(_version(store.arenas[lay.position][record])):
            places[feed].add(record)
    _drop_versions(store, person_traces)
    for lay in _of_persons(store):
        arena = store.arenas[lay.position][: store.counts[lay.position]]
        place = np.array(sorted(places[lay.feed.name]), np.int32)
        standing = place[(arena[place, FLAGS] & _GONE) == 0]
        if len(standing):
            store.commit(store.stage_records(lay, _as_deleted(arena[standing]), standing))
        gone_places = np.flatnonzero(arena[:, FLAGS] & _GONE)
        arena[gone_places, BODY : lay.link0] = 0
        arena[gone_places, lay.link0 + 3 * len(lay.links) :] = 0
        _empty_slots(store, lay, place)
    _unused_texts(store)


def _of_persons(store: Store) -> list[FeedLayout]:
    return [lay for lay in store.layout.feeds.values() if lay.kind == PERSON]


def _gone_numbered(store: Store, lay: FeedLayout, person: int) -> list[int]:
    """Gone records whose key is the person's token, in feeds whose key is the subject's number."""
    if lay.feed.key != lay.feed.identify.column:
        return []
    records = {record_of(store, lay, source, person) for source in range(len(lay.feed.sources))}
    return [record for record in records if record >= 0 and store.arenas[lay.position][record, FLAGS] & _GONE]


def _as_deleted(rows: Int32) -> Int32:
    rows = rows.copy()
    rows[:, FLAGS] |= int(DELETED)
    return rows


def _version(row: Int32) -> VersionKey:
    return int(wide(row[ORDER : ORDER + 2])[0]), int(row[DELIVERY]), int(row[ROW])


def _empty_slots(store: Store, lay: FeedLayout, place: Int32 | Sequence[int]) -> None:
    """Makes slots holes: empty, in no chain and in no index."""
    if not len(place):
        return
    at = lay.position
    arena = store.arenas[at]
    arena[place] = 0
    arena[place, SUBJECT] = -1
    arena[place, NEXT] = -1
    arena[place, FLAGS] = HIDDEN | HOLE
    index_records(store.record_slots[at], arena, store.counts[at])


def _unused_texts(store: Store) -> None:
    """Empties the texts that no record uses. Literals of policies get new codes when the policies are compiled again."""
    used = np.zeros(len(store.texts.texts), np.bool_)
    for lay in store.layout.feeds.values():
        arena = store.arenas[lay.position][: store.counts[lay.position]]
        there = np.concatenate([arena[(arena[:, FLAGS] & HOLE) == 0], *store.versions.of_feed(lay.position)])
        for name, (lane, _) in lay.lanes.items():
            if lay.feed.fields[name].type is FieldType.TEXT:
                codes = there[:, lane]
                used[codes[(codes >= 0) & (codes < len(used))]] = True
    for code in np.flatnonzero(~used).tolist():
        store.texts.empty(code)
