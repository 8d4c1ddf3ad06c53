"""Stages rows: compares versions, keeps losing versions that are still needed, and prepares what changes in the matrix.

Usually one kernel does this for many rows. Where versions of a record come out of order (``records.is_entangled``), or some are kept, its
rows are decided one by one (``matchers.matrix.versions``). The core, the locator and the partitions' matchers call it: they stage, look at
the state before, and commit. A partition's store is *trusted*: it gets only winners, for the locator has compared the versions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from matchers.kernel.batch import DELETED, Int32, RecordBatch, UInt8, latest
from matchers.kernel.kernels.indexes import find_record, source_key
from matchers.kernel.kernels.records import DELIVERY, FLAGS, HIDDEN, KEY, L_HEAD, L_ONE, NEXT, ORDER, ROW, SUBJECT, same_content
from matchers.kernel.kernels.staging import NEWS, ODD, OLDER, SAME, stage_rows
from matchers.kernel.kernels.whereabouts import mark_winning
from matchers.kernel.layout import FeedLayout
from matchers.matrix.store import StagedRows, Store
from matchers.matrix.versions import LOST, version, winner_and_needed

_GONE = int(DELETED) | HIDDEN


@dataclass(slots=True)
class Replacement:
    """What a sound full replacement does: records of deliveries below ``floor`` go, and the staged ones come in.

    ``comeback``: by delivery, how many rows that were counted as older come in, and how many of them say the same as before.
    """

    staged: StagedRows
    floor: int
    sites: Int32
    entities: Int32
    comeback: dict[int, tuple[int, int]] = field(default_factory=dict)


def stage(store: Store, batch: RecordBatch, rows: Int32, start: int, stop: int, effects: UInt8) -> StagedRows:
    """Compares the versions of some of a batch's ``rows``, and drops rows that change nothing. The others wait for ``Store.commit``.

    Args:
        effects: written with what each of the rows does: ``staging.NEWS``, ``SAME`` or ``OLDER``.
    """
    lay, batch, rows = store.layout.feeds[batch.feed], batch.slice(start, stop), rows[start:stop]
    store.reserve_records(lay.position, len(rows))
    apart = store.versions.among((lay.position, batch.source), batch.key)
    while (staged := _stage_usual(store, lay, batch, rows, apart, effects)) is None:
        apart |= np.isin(batch.key, batch.key[effects == ODD])
    if apart.any():
        apart_rows = np.flatnonzero(apart)
        more, place, renewals = _decide_one_by_one(
            store, lay, batch.where(apart), rows[apart_rows], (answers := np.zeros(len(apart_rows), np.uint8))
        )
        effects[apart_rows] = answers
        staged = _both(staged, more, place)
        staged.apart, staged.winners, staged.renewals = apart, len(more), np.array(renewals, np.int32)
    return store.with_seeds(staged)


def _stage_usual(
    store: Store, lay: FeedLayout, batch: RecordBatch, rows: Int32, apart: npt.NDArray[np.bool_], effects: UInt8
) -> StagedRows | None:
    """Stages all rows but those ``apart`` by the kernel; None, and nothing changes, where some are ``staging.ODD``."""
    at, usual = lay.position, None if not apart.any() else np.flatnonzero(~apart)
    if usual is not None:
        batch, rows = batch.where(~apart), rows[usual]
    picked, place, answers = np.empty(len(rows), np.int32), np.empty(len(rows), np.int32), np.empty(len(rows), np.uint8)
    floor = store.floors.get((at, batch.source), 0)
    token_notes = _otherwise(store, lay, batch, rows, floor) if store.identities else {}
    store.counts[at], count = stage_rows(
        rows, batch.key, batch.source, floor, lay.feed.order is not None and not store.trusted, store.trusted, store.arenas[at],
        store.record_slots[at], store.counts[at], picked, place, answers, store.layout.lays[at], store.heads[lay.kind],
    )  # fmt: skip
    effects[slice(None) if usual is None else usual] = answers
    if count < 0:
        return None
    for key, cells in token_notes.items():
        store.identities.keep((lay.feed.name, batch.source), key, cells)
    return StagedRows(lay, rows, picked, place, count, rows[:0, 0], rows[:0, 0], 0)


def _otherwise(store: Store, lay: FeedLayout, batch: RecordBatch, rows: Int32, floor: int) -> dict[int, dict[int, int]]:
    """By key, of rows that will win: the delivered tokens, by lane, of cells that count as another subject."""
    at = lay.position
    wins, former = np.empty(len(rows), np.bool_), np.empty(len(rows), np.int32)
    mark_winning(rows, batch.key, batch.source, floor, store.trusted, store.arenas[at], store.record_slots[at], wins, former)
    wins &= latest(batch)
    there = (rows[:, FLAGS] & DELETED) == 0
    cells = [(SUBJECT, lay.kind, batch.subject)]
    cells += [(lane, store.layout.links[name].target, batch.links[name]) for name, lane in lay.links.items()]
    otherwise: dict[int, dict[int, int]] = {}
    for lane, kind, tokens in cells:
        differs = wins & there & (tokens != 0) & (store.tokens[kind][rows[:, lane]] != tokens)
        for place in np.flatnonzero(differs).tolist():
            otherwise.setdefault(int(batch.key[place]), {})[lane] = int(tokens[place])
    delivered_cells = store.identities.delivered_tokens.get((lay.feed.name, batch.source), {})
    keys = batch.key.tolist()
    return {key: otherwise.get(key, {}) for place, key in enumerate(keys) if wins[place] and (key in otherwise or key in delivered_cells)}


# -- one record at a time --------------------------------------------------------------------------------------------------


def _decide_one_by_one(
    store: Store, lay: FeedLayout, batch: RecordBatch, rows: Int32, effects: UInt8
) -> tuple[list[Int32], list[int], list[int]]:
    """Decides rows whose records have several versions.

    Returns the new winners (rows as in the arena), the records of each, and the records whose winner says the same as the one before
    (``_renew_version``)."""
    rows, place = _as_delivered(store, lay, batch, rows), (lay.position, batch.source)
    floor, open = store.floors.get(place, 0), store.versions.open_deliveries(place)
    of_key: dict[int, list[int]] = {}
    for i, key in enumerate(batch.key.tolist()):
        of_key.setdefault(key, []).append(i)
    winners: list[Int32] = []
    records: list[int] = []
    renewals: list[int] = []
    for key, numbers in of_key.items():
        record = record_of(store, lay, batch.source, key)
        version_rows = _versions_of(store, lay, batch.source, key, record)
        versions = [version(row) for row in version_rows]
        winner, _ = winner_and_needed(versions, floor, open)
        first = version_rows[winner] if winner >= 0 else None
        for i in numbers:
            new_version = version(rows[i])
            if new_version.delivery < floor or any(new_version[:3] == other[:3] for other in versions):
                effects[i] = OLDER if new_version.delivery < floor else SAME
                continue
            was = version_rows[winner] if winner >= 0 else None
            version_rows, versions = [*version_rows, rows[i]], [*versions, new_version]
            winner, needed = winner_and_needed(versions, floor, open)
            new = winner == len(version_rows) - 1
            effects[i] = OLDER if not new else SAME if _alike(rows[i], was, lay) else NEWS
            if not new:
                version_rows[-1] = rows[i].copy()
                version_rows[-1][FLAGS] |= LOST
            keep = [winner, *sorted(needed)] if winner >= 0 else sorted(needed)
            version_rows, versions, winner = [version_rows[n] for n in keep], [versions[n] for n in keep], 0 if winner >= 0 else -1
        rest = [row for n, row in enumerate(version_rows) if n != winner]
        store.versions.keep(place, key, rest)
        if winner >= 0 and (first is None or version(version_rows[winner])[:3] != version(first)[:3]):
            row = _as_named(store, lay, batch.source, key, version_rows[winner], record)
            if first is not None and _renew_version(store, lay, row, record):
                renewals.append(record)
                continue
            winners.append(row)
            records.append(record)
    return winners, records, renewals


def _versions_of(store: Store, lay: FeedLayout, source: int, key: int, record: int) -> list[Int32]:
    """All versions of a record, as delivered: the one in force first, then those kept."""
    place, arena = (lay.position, source), store.arenas[lay.position]
    other_rows = list(store.versions.of(place, key))
    if arena[record, FLAGS] & HIDDEN:
        return other_rows
    row = arena[record].copy()
    for lane, token in store.identities.delivered_tokens.get((lay.feed.name, source), {}).get(key, {}).items():
        row[lane] = store.entities(_kind(store, lay, lane), np.array([token], np.uint64))[0]
    return [row, *other_rows]


def _as_delivered(store: Store, lay: FeedLayout, batch: RecordBatch, rows: Int32) -> Int32:
    """Rows by their delivered tokens, before corrections of identity."""
    if not store.identities:
        return rows
    rows = rows.copy()
    rows[:, SUBJECT] = store.entities(lay.kind, batch.subject)
    for name, lane in lay.links.items():
        rows[:, lane] = store.entities(store.layout.links[name].target, batch.links[name])
    return rows


def _as_named(store: Store, lay: FeedLayout, source: int, key: int, row: Int32, record: int) -> Int32:
    """An incoming row by the decisions in force; the delivered tokens that they change are kept."""
    row = row.copy()
    row[FLAGS] &= ~LOST
    row[KEY : KEY + 2] = store.arenas[lay.position][record, KEY : KEY + 2]
    if not store.identities:
        return row
    cells: dict[int, int] = {}
    for lane in [SUBJECT, *lay.links.values()] if not row[FLAGS] & DELETED else []:
        if row[lane] >= 0:
            kind = _kind(store, lay, lane)
            token = int(store.tokens[kind][row[lane]])
            names = store.identities.named_token(kind, token, (lay.feed.name, source), key)
            if names != token:
                cells[lane] = token
                row[lane] = store.entities(kind, np.array([names], np.uint64))[0]
    store.identities.keep((lay.feed.name, source), key, cells)
    return row


def _kind(store: Store, lay: FeedLayout, lane: int) -> int:
    return lay.kind if lane == SUBJECT else next(store.layout.links[name].target for name, at in lay.links.items() if at == lane)


def _renew_version(store: Store, lay: FeedLayout, row: Int32, record: int) -> bool:
    """Writes the new version at once where a record in force changes nothing else, as ``staging.stage_rows`` does; whether it did."""
    arena, lanes = store.arenas[lay.position], store.layout.lays[lay.position]
    current = arena[record]
    alone = not lanes[L_ONE] or (store.heads[lay.kind][current[SUBJECT], lanes[L_HEAD]] == record and current[NEXT] < 0)
    if (row[FLAGS] | current[FLAGS]) & _GONE or not alone:
        return False
    if not same_content(row, current, lay.valid, lay.link0, len(lay.links), lay.width):
        return False
    arena[record, ORDER : ROW + 1] = row[ORDER : ROW + 1]
    return True


def _alike(row: Int32, was: Int32 | None, lay: FeedLayout) -> bool:
    """Whether a version says the same as the one in force; also where both say that there is no record."""
    if was is None or (row[FLAGS] | was[FLAGS]) & _GONE:
        return bool(row[FLAGS] & _GONE) and (was is None or bool(was[FLAGS] & _GONE))
    row, was = row.copy(), was.copy()
    row[FLAGS] &= ~LOST
    was[FLAGS] &= ~LOST
    return bool(same_content(row, was, lay.valid, lay.link0, len(lay.links), lay.width))


def record_of(store: Store, lay: FeedLayout, source: int, key: int) -> int:
    """The number of a record; negative where there is none."""
    slots, arena = store.record_slots[lay.position], store.arenas[lay.position]
    return int(find_record(slots, len(slots) - 1, np.uint64(source_key(np.uint64(key), source)), arena))


def _both(staged: StagedRows, rows: Sequence[Int32], place: Sequence[int]) -> StagedRows:
    """The staged rows and more of the same feed."""
    if not rows:
        return staged
    picked = np.arange(len(staged.rows), len(staged.rows) + len(rows), dtype=np.int32)
    staged.rows = np.ascontiguousarray(np.concatenate([staged.rows, np.array(rows, np.int32)]))
    staged.picked = np.concatenate([staged.picked[: staged.count], picked])
    staged.place = np.concatenate([staged.place[: staged.count], np.array(place, np.int32)])
    staged.count += len(rows)
    return staged


# -- full replacements -----------------------------------------------------------------------------------------------------


def replacement(store: Store, feed: str, source: int, delivery: int, rows: RecordBatch | None = None) -> Replacement:
    """The records of a source that a full replacement withdraws, and the kept versions that become records in their place; ``replace``
    writes both.

    Args:
        rows: in a partition, the new records that the locator sends; otherwise they are found among the versions kept here.
    """
    lay = store.layout.feeds[feed]
    place, comeback = (lay.position, source), Counter[int]()
    same = Counter[int]()
    floor = max(delivery, store.floors.get(place, 0))
    winners: list[Int32] = []
    records: list[int] = []
    renewals: list[int] = []
    nothing = np.empty((0, lay.width), np.int32)
    staged = StagedRows(lay, nothing, nothing[:, 0], nothing[:, 0], 0, nothing[:, 0], nothing[:, 0], 0)
    if rows is not None and len(rows):
        store.reserve_records(lay.position, len(rows))
        trusted_rows = _stage_usual(store, lay, rows, store.rows(rows), np.zeros(len(rows), np.bool_), np.empty(len(rows), np.uint8))
        assert trusted_rows is not None, "what is trusted is never odd"
        staged = trusted_rows
    for key in sorted(store.versions.rows.get(place, ())):  # sorted as after a restart, for chains have the order in which rows come in
        record = record_of(store, lay, source, key)
        version_rows = _versions_of(store, lay, source, key, record)
        winner, needed = winner_and_needed([version(row) for row in version_rows], floor, store.versions.open_deliveries(place))
        store.versions.keep(place, key, [version_rows[n] for n in sorted(needed)])
        is_hidden = bool(store.arenas[lay.position][record, FLAGS] & HIDDEN)
        if winner >= (0 if is_hidden else 1):
            if version_rows[winner][FLAGS] & LOST:
                number = int(version_rows[winner][DELIVERY])
                comeback[number] += 1
                same[number] += _alike(version_rows[winner], None if is_hidden else version_rows[0], lay)
            row = _as_named(store, lay, source, key, version_rows[winner], record)
            if not is_hidden and _renew_version(store, lay, row, record):
                renewals.append(record)
                continue
            winners.append(row)
            records.append(record)
    staged = store.with_seeds(_both(staged, winners, records))
    staged.renewals = np.array(renewals, np.int32)
    older_records, count = store.older(lay.position, source, floor, dry=True)
    sites, entities, seeds = store.standing(lay.position, older_records, count)
    return Replacement(
        staged, floor, np.concatenate([staged.sites[: staged.seeds], sites[:seeds]]),
        np.concatenate([staged.entities[: staged.seeds], entities[:seeds]]), {number: (n, same[number]) for number, n in comeback.items()},
    )  # fmt: skip


def replace(store: Store, source: int, change: Replacement) -> None:
    """Writes a replacement: older records go, kept ones come in, and the floor is raised."""
    place = (change.staged.lay.position, source)
    store.older(*place, change.floor, dry=False)
    store.commit(change.staged)
    for number in [number for number in store.versions.open_deliveries(place) if number <= change.floor]:
        store.versions.close_delivery(place, number)


def abandon(store: Store, feed: str, source: int, delivery: int) -> None:
    """Ends a replacing delivery that replaces nothing: versions kept only for it go."""
    lay = store.layout.feeds[feed]
    place = (lay.position, source)
    store.versions.close_delivery(place, delivery)
    floor = store.floors.get(place, 0)
    for key in list(store.versions.rows.get(place, ())):
        version_rows = _versions_of(store, lay, source, key, record_of(store, lay, source, key))
        _, needed = winner_and_needed([version(row) for row in version_rows], floor, store.versions.open_deliveries(place))
        store.versions.keep(place, key, [version_rows[n] for n in sorted(needed)])
