"""What a correction of identity changes in the matrix: the records that move, and the seeds of the change.

A correction changes records like a delivery does. The subject's records are read again under the decisions now in force, and those whose
cells name another subject are staged with their own versions. So the caller can look at the state before the change. Corrections are rare:
records are visited one by one here, and no kernel is involved. Called by ``matchers.core`` and ``matchers.locate``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from matchers.kernel.batch import DELETED, Int32
from matchers.kernel.kernels.indexes import find_record, source_key
from matchers.kernel.kernels.records import FLAGS, HIDDEN, NEXT, SUBJECT
from matchers.kernel.layout import KINDS, FeedLayout
from matchers.matrix.folders import delivered_key
from matchers.matrix.identity import IdentityCorrection, Source
from matchers.matrix.store import StagedRows, Store


@dataclass(slots=True)
class Restaging:
    """The records that move, by feed, and the seeds of the change: (site, entity) arrays. ``token_notes``: their delivered tokens."""

    parts: list[StagedRows] = field(default_factory=list)
    sites: Int32 = field(default_factory=lambda: np.empty(0, np.int32))
    entities: Int32 = field(default_factory=lambda: np.empty(0, np.int32))
    token_notes: list[tuple[Source, int, dict[int, int]]] = field(default_factory=list)

    def commit(self, store: Store) -> None:
        """Writes the records and their delivered tokens."""
        for part in self.parts:
            store.commit(part)
        for source, key, cells in self.token_notes:
            store.identities.keep(source, key, cells)
        store.identities.forget()


def restage(store: Store, correction: IdentityCorrection) -> Restaging:
    """Puts a correction in force, and returns the records that move by it, not yet written."""
    kind, out = KINDS.index(correction.kind), Restaging()
    before = store.identities.root(kind, correction.subject)
    store.identities.decide(correction)
    if correction.records:
        by_feed = _by_key(store, correction)
        subject_rows: list[int] = []
    else:
        after = store.identities.root(kind, correction.into)
        subject_rows = [int(row) for row in store.entities(kind, np.array([before, after], np.uint64))]
        by_feed = naming(store, kind, subject_rows[0])
    for lay, records in by_feed:
        _read_again(store, kind, lay, records, out)
    seeds = [(part.sites[: part.seeds], part.entities[: part.seeds]) for part in out.parts] + [everywhere(store, kind, subject_rows)]
    out.sites, out.entities = (np.concatenate([seed[i] for seed in seeds]) for i in (0, 1))
    return out


def _by_key(store: Store, correction: IdentityCorrection) -> Iterator[tuple[FeedLayout, list[int]]]:
    """The records in force that a correction names."""
    by_feed: dict[str, list[int]] = {}
    for feed, source, key in correction.records:
        at = store.layout.feeds[feed].position
        slots, arena = store.record_slots[at], store.arenas[at]
        record = int(find_record(slots, len(slots) - 1, np.uint64(source_key(np.uint64(key), source)), arena))
        if record >= 0 and not arena[record, FLAGS] & (DELETED | HIDDEN):
            by_feed.setdefault(feed, []).append(record)
    for feed, records in by_feed.items():
        yield store.layout.feeds[feed], records


def naming(store: Store, kind: int, row: int) -> Iterator[tuple[FeedLayout, list[int]]]:
    """By feed, the records about a subject and those that link to it."""
    for lay in store.layout.feeds.values():
        arena, records = store.arenas[lay.position], list[int]()
        if lay.kind == kind:
            records += _chain(arena, int(store.heads[kind][row, lay.head]), NEXT)
        for name, lane in lay.links.items():
            link = store.layout.links[name]
            if link.target == kind:
                records += _chain(arena, int(store.heads[kind][row, link.head]), lane + 1)
        if records:
            yield lay, records


def _chain(arena: Int32, record: int, lane: int) -> Iterator[int]:
    while record >= 0:
        yield record
        record = int(arena[record, lane])


def _read_again(store: Store, kind: int, lay: FeedLayout, records: Iterable[int], out: Restaging) -> None:
    """Stages those of a feed's records whose cells name another subject now."""
    lanes = [SUBJECT] if lay.kind == kind else []
    lanes += [lane for name, lane in lay.links.items() if store.layout.links[name].target == kind]
    place = np.array(sorted(set(records)), np.int32)
    rows = store.arenas[lay.position][place]
    keys, moving = delivered_key(rows).tolist(), []
    for i, key in enumerate(keys):
        source = (lay.feed.name, int(rows[i, FLAGS]) >> 8)
        cells = dict(store.identities.delivered_tokens.get(source, {}).get(key, {}))
        for lane in lanes:
            if rows[i, lane] < 0:
                continue
            stands = int(store.tokens[kind][rows[i, lane]])
            token = cells.pop(lane, stands)
            names = store.identities.named_token(kind, token, source, key)
            if names != token:
                cells[lane] = token
            if names != stands:
                rows[i, lane] = store.entities(kind, np.array([names], np.uint64))[0]
                moving.append(i)
        out.token_notes.append((source, key, cells))
    if moving:
        moving_rows = np.unique(moving)
        out.parts.append(store.stage_records(lay, np.ascontiguousarray(rows[moving_rows]), place[moving_rows]))


def everywhere(store: Store, kind: int, subject_rows: list[int]) -> tuple[Int32, Int32]:
    """Seeds of all that can be read of some subjects; coverage by lists and answers move with them as well."""
    sites = [lay.position for lay in store.layout.feeds.values() if lay.kind == kind]
    sites += [len(store.arenas) + link.position for link in store.layout.links.values() if link.target == kind]
    rows = sorted(set(subject_rows))
    return np.tile(np.array(sites, np.int32), len(rows)), np.repeat(np.array(rows, np.int32), len(sites))
