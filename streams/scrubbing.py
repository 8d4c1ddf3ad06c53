"""Traces of an erased person taken out of a store's files: the log, its free pages, the snapshots.

The one idea: every place stays and says nothing: a row of a batch is blank and keeps its number, a line is blank and keeps its position, a
message about her alone is replaced by one that does nothing. So offsets, ids and counts are what they were, and the fold of the log, from
wherever it is begun, is the state in which her rows never came. Each part may be done again: whoever is stopped goes on from the start.
Source: docs/semantics.md section 16.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from matchers.batch import RecordBatch, UInt64
from matchers.erasing import TOKENS, Trace, Version, latest
from matchers.identity import Record
from policies.catalogue import Catalogue
from policies.values import Kind
from streams import snapshots, wire
from streams.editions import Edition, editions, fold
from streams.erasing import entangled, listed_instead, taken_out
from streams.erasures import Erased, stand_in, without
from streams.errors import Damaged, Unreadable
from streams.lines import lines
from streams.manifests import Manifest, kept, stored
from streams.messages import (
    Blank,
    CandidateChange,
    CheckAnswered,
    CoverageStated,
    IdentityMerged,
    IdentitySplit,
    Input,
    OutcomeReported,
    PersonErased,
)
from streams.state import State
from streams.storage import Log


@dataclass(slots=True)
class Scrubbed:
    """What was taken out of the files of a store: inputs and rows of outputs written anew, snapshots written anew and removed; and, by
    policy, in how many editions she was told of."""

    inputs: int = 0
    outputs: int = 0
    snapshots: int = 0
    removed: int = 0
    editions: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Whom:
    """Whom a scrub is about: her token, what stands in its place, the records that were hers with
    the greatest version that was, and the feeds of persons."""

    person: int
    instead: int
    latest: dict[Record, Version]
    feeds: frozenset[str]


def scrub(log: Log, folder: Path, state: State, person: int, traces: Sequence[Trace]) -> Scrubbed:
    """Takes a person's traces out of a log and the snapshots in a folder, and out of the state in memory.

    Args:
        state: of the log's last message; the erasure is decided.
        person: 0 where nobody knows any more whom the first erasure that is half done was about.
        traces: where her rows came from, as they were known before.

    Raises:
        Busy, NoRoom: not all is out yet.
    """
    done, erased = Scrubbed(), half_done(log, state, person)
    if erased is None:
        return done
    whom = _Whom(person, stand_in(erased.digest), latest(traces), _of_persons(state.catalogue))
    state.matcher.forget(person, traces)
    _snapshots(folder, state, whom, traces, done)
    with log.rewriting() as db:
        _inputs(db, whom, done)
        _outputs(db, log, state, whom, done)
    log.packed()
    log.finished(erased.offset)
    return done


def half_done(log: Log, state: State, person: int = 0) -> Erased | None:
    """The first erasure that is decided, and whose traces may still be in the files; a person's, where there may be several."""
    undone, hers = set(log.undone()), state.erasures.of(person) if person else None
    return next((erased for erased in state.erasures if erased.offset in undone and hers in (None, erased)), None)


def named(log: Log, folder: Path) -> Iterator[UInt64]:
    """Every token by which a log, or a snapshot in a folder, may name a person."""
    for _, body in log.inputs(-1):
        match message := _read(body):
            case RecordBatch():
                yield message.subject
            case CheckAnswered() | OutcomeReported():
                yield np.array([message.subject], np.uint64)
            case CoverageStated():
                yield np.array(message.subjects, np.uint64)
            case IdentityMerged() | IdentitySplit():
                yield np.array([message.subject, message.into], np.uint64)
            case _:
                pass
    for offset in snapshots.offsets(folder):
        with suppress(Damaged):
            yield snapshots.read(snapshots.place(folder, offset))[1].get(TOKENS, np.empty(0, np.uint64))


def logged(log: Log, catalogue: Catalogue, person: int) -> Iterator[Trace]:
    """Where the rows about a person that are in a log came from."""
    feeds = _of_persons(catalogue)
    for _, body in log.inputs(-1):
        message = _read(body)
        if isinstance(message, RecordBatch) and message.feed in feeds:
            mine = np.flatnonzero(message.subject == np.uint64(person))
            columns = (message.key[mine].tolist(), message.order[mine].tolist(), message.row[mine].tolist())
            for key, order, row in zip(*columns, strict=True):
                yield Trace(message.feed, message.source, key, order, message.delivery, row)


def cleaned(message: Input, whom: _Whom) -> Input:
    """A message without its person; itself where it does not name her."""
    match message:
        case RecordBatch() if message.feed in whom.feeds:
            return without(message, _hers(message, whom))
        case CheckAnswered() | OutcomeReported() if message.subject == whom.person:
            return Blank()
        case PersonErased() if message.traces:
            return replace(message, traces=())
        case CoverageStated():
            return listed_instead(message, whom.person, whom.instead)
        case IdentityMerged() | IdentitySplit() if message.kind == Kind.PERSON and whom.person in (message.subject, message.into):
            subject, into = (whom.instead if token == whom.person else token for token in (message.subject, message.into))
            return replace(message, subject=subject, into=into)
        case _:
            return message


def _read(body: bytes) -> Input | None:
    """A message; None where it cannot be read, as a network may hold some: they change nothing, and become empty."""
    try:
        return wire.decode(body)
    except Unreadable:
        return None


def _hers(batch: RecordBatch, whom: _Whom) -> npt.NDArray[np.bool_]:
    """Which rows go: those about her, and what came under a key of hers before them."""
    rows: npt.NDArray[np.bool_] = batch.subject == np.uint64(whom.person)
    keys = {key: version for (feed, source, key), version in whom.latest.items() if (feed, source) == (batch.feed, batch.source)}
    for place in np.flatnonzero(np.isin(batch.key, np.array(list(keys), np.uint64))).tolist():
        version = (int(batch.order[place]), batch.delivery, int(batch.row[place]))
        rows[place] |= version <= keys[int(batch.key[place])]
    return rows


def _of_persons(catalogue: Catalogue) -> frozenset[str]:
    return frozenset(name for name, feed in catalogue.feeds.items() if feed.subject is Kind.PERSON)


def _snapshots(folder: Path, state: State, whom: _Whom, traces: Sequence[Trace], done: Scrubbed) -> None:
    """One of the state as it is first, from which the store can be made again whatever becomes of the others; then each of those anew."""
    snapshots.write(folder, state.offset, state.meta(), state.arrays())
    for offset in snapshots.offsets(folder):
        path = snapshots.place(folder, offset)
        if offset == state.offset:
            continue
        try:
            then = State.restored(state.parts, *snapshots.read(path))
        except Damaged:
            path.unlink()
            done.removed += 1
            continue
        if not then.begun:
            continue
        if entangled(then, whom.person):  # a correction that was taken back since: that state cannot be told without her
            path.unlink()
            done.removed += 1
            continue
        _, moved = taken_out(then, whom.person, whom.instead)
        then.book.erased(lines((moved,), offset), whom.person, whom.instead)
        then.matcher.forget(whom.person, traces)
        snapshots.write(folder, offset, then.meta(), then.arrays())
        done.snapshots += 1
    for spoilt in (*folder.glob("*.damaged"), *folder.glob("*.writing")):
        spoilt.unlink()
        done.removed += 1
    snapshots.sync_folder(folder)


def _inputs(db: sqlite3.Connection, whom: _Whom, done: Scrubbed) -> None:
    for offset in _offsets(db, "inputs"):
        body = _body(db, "inputs", offset)
        message = _read(body)
        blank = None if message is None else cleaned(message, whom)
        if blank is not message or (message is None and body):
            db.execute("UPDATE inputs SET body = ? WHERE offset = ?", (b"" if blank is None else wire.encode(blank), offset))
            done.inputs += 1


def _outputs(db: sqlite3.Connection, log: Log, state: State, whom: _Whom, done: Scrubbed) -> None:
    """Lines about her are blank; the manifests of the editions they stood in are kept as they were."""
    anew: list[tuple[bytes, int]] = []
    policies: set[str] = set()
    for offset in _offsets(db, "outputs"):
        lines = wire.decode_changes(_body(db, "outputs", offset))
        mine = lines.subject == np.uint64(whom.person)
        if mine.any():
            policies |= {lines.heads[head][0] for head in np.unique(lines.head[mine]).tolist()}
            anew.append((wire.encode_changes(lines.blanked(mine)), offset))
    for policy in sorted(policies):
        rows = ((offset, closes, wire.decode_changes(body)) for offset, closes, body in log.outputs(-1))
        found = editions(policy, rows, state.registry.told(policy), kept(log.manifests(policy)))
        manifests = list(_as_closed(found, whom.person))
        told = [(policy, manifest.last, stored(manifest)) for manifest, _ in manifests]
        db.executemany("INSERT OR REPLACE INTO manifests VALUES (?, ?, ?)", told)
        done.editions[policy] = sum(hers for _, hers in manifests)
    db.executemany("UPDATE outputs SET body = ? WHERE offset = ?", anew)
    done.outputs += len(anew)


def _as_closed(found: Iterator[Edition], person: int) -> Iterator[tuple[Manifest, bool]]:
    """The manifest of each edition with how much of it will be blank, and whether she was told of in it."""
    listed: dict[int, CandidateChange] = {}
    for edition in found:
        listed = fold(edition.changes, listed)
        hers = sum(change.subject == person for change in edition.changes)
        said = edition.manifest
        yield replace(said, erased=said.erased + hers, unlisted=said.unlisted + (person in listed)), bool(hers)


def _offsets(db: sqlite3.Connection, table: str) -> list[int]:
    return [offset for (offset,) in db.execute(f"SELECT offset FROM {table} ORDER BY offset")]  # a name of ours


def _body(db: sqlite3.Connection, table: str, offset: int) -> bytes:
    found: bytes = db.execute(f"SELECT body FROM {table} WHERE offset = ?", (offset,)).fetchone()[0]  # a name of ours
    return found
