"""Traces of an erased person taken out of a store's files: the log, its free pages, the snapshots.

The one idea: every place stays and says nothing: a row of a batch is blank and keeps its number, a line is blank and keeps its position, a
message about her alone is replaced by one that does nothing. So offsets, ids and counts are what they were, and the fold of the log, from
wherever it is begun, is the state in which her rows never came. Each part may be done again: whoever is stopped goes on from the start.
Source: docs/en/semantics.md section 16.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from matchers.kernel.batch import RecordBatch
from matchers.matrix.erasure import Last, Trace, latest
from matchers.matrix.identity import Record
from policies.values import Kind
from streams.disk.files import leftovers, remove, sync_folder
from streams.erasure.traces import half_done, of_persons, readable
from streams.language.errors import Damaged, NewerFormat
from streams.language.messages import (
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
from streams.language.ports import Parts
from streams.ledgers.erasures import stand_in, without
from streams.lists.editions import Edition, editions, fold
from streams.lists.lines import lines
from streams.lists.manifests import Manifest, kept, stored
from streams.steps.erasure import entangled, listed_instead, taken_out
from streams.steps.state import State
from streams.store import checkpoints
from streams.store.log import Log
from streams.store.recovery import made, recipe
from streams.store.sqlite_errors import said
from streams.wire import wire


@dataclass(slots=True)
class Scrubbed:
    """What was taken out of the files of a store: inputs and rows of outputs written anew, snapshots written anew and removed; by
    policy, in how many editions she was told of; and files that could not be read or written, which may still hold her."""

    inputs: int = 0
    outputs: int = 0
    snapshots: int = 0
    removed: int = 0
    editions: dict[str, int] = field(default_factory=dict)
    left: list[Path] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Whom:
    """Whom a scrub is about: her token, what stands in its place, the records that were hers with
    the last version that was, and the feeds of persons."""

    person: int
    instead: int
    latest: dict[Record, Last]
    feeds: frozenset[str]


def scrub(log: Log, folder: Path, state: State, person: int, traces: Sequence[Trace]) -> Scrubbed:
    """Takes a person's traces out of a log and the snapshots in a folder, and out of the state in memory.

    Args:
        state: of the log's last message; the erasure is decided.
        person: 0 where nobody knows any more whom the first erasure that is half done was about.
        traces: where her rows came from, as they were known before.

    Raises:
        Busy, NoRoom: not all is out yet. Nor is it where a file is ``left``.
    """
    report, erased = Scrubbed(), half_done(log, state, person)
    if erased is None:
        return report
    whom = _Whom(person, stand_in(erased.digest), latest(traces), of_persons(state.catalogue))
    with said(folder):
        state.matcher.forget(person, traces)
        _snapshots(folder, state, whom, traces, report, log.key)
        with log.rewriting(erased.offset) as db:
            _inputs(db, whom, report)
            _outputs(db, log, state, whom, report)
        log.packed()
        if not report.left:
            log.finished(erased.offset)
    return report


def cleaned(message: Input, whom: _Whom) -> Input:
    """A message without its person; itself where it does not name her."""
    match message:
        case RecordBatch() if message.feed in whom.feeds:
            return without(message, _rows_of_person(message, whom))
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


def _rows_of_person(batch: RecordBatch, whom: _Whom) -> npt.NDArray[np.bool_]:
    """Which rows go: those about her, and what came under a key of hers before them."""
    rows: npt.NDArray[np.bool_] = batch.subject == np.uint64(whom.person)
    keys = {key: last for (feed, source, key), last in whom.latest.items() if (feed, source) == (batch.feed, batch.source)}
    for place in np.flatnonzero(np.isin(batch.key, np.array(list(keys), np.uint64))).tolist():
        version = (int(batch.order[place]), batch.delivery, int(batch.row[place]))
        rows[place] |= keys[int(batch.key[place])].takes(version)
    return rows


def _snapshots(folder: Path, state: State, whom: _Whom, traces: Sequence[Trace], report: Scrubbed, key: bytes) -> None:
    """One of the state as it is first, from which the store can be made again whatever becomes of the others; then each of those anew."""
    checkpoints.write(folder, state.offset, state.meta(), state.arrays(), key)
    for offset in checkpoints.offsets(folder):
        path = checkpoints.place(folder, offset)
        try:
            if offset != state.offset:
                _rewrite_checkpoint(path, offset, state.parts, whom, traces, report, key)
        except (OSError, NewerFormat):
            report.left.append(path)
    for spoilt in (*folder.glob("*.damaged"), *leftovers(folder)):
        try:
            remove(spoilt)
            report.removed += 1
        except OSError:
            report.left.append(spoilt)
    sync_folder(folder)


def _rewrite_checkpoint(path: Path, offset: int, parts: Parts, whom: _Whom, traces: Sequence[Trace], report: Scrubbed, key: bytes) -> None:
    """One snapshot without a person; it goes where none can be made of it."""
    try:
        then = made(recipe(parts), path, key)
    except Damaged:
        path.unlink()
        report.removed += 1
        return
    if not then.begun:
        return
    if entangled(then, whom.person):  # a correction that was taken back since: that state cannot be told without her
        path.unlink()
        report.removed += 1
        return
    _, moved = taken_out(then, whom.person, whom.instead)
    then.book.erase(lines((moved,), offset), whom.person, whom.instead)
    then.matcher.forget(whom.person, traces)
    checkpoints.write(path.parent, offset, then.meta(), then.arrays(), key)
    report.snapshots += 1


def _inputs(db: sqlite3.Connection, whom: _Whom, report: Scrubbed) -> None:
    for offset in _offsets(db, "inputs"):
        body = _body(db, "inputs", offset)
        message = readable(body)
        blank = None if message is None else cleaned(message, whom)
        if blank is not message or (message is None and body):
            db.execute("UPDATE inputs SET body = ? WHERE offset = ?", (b"" if blank is None else wire.encode(blank), offset))
            report.inputs += 1


def _outputs(db: sqlite3.Connection, log: Log, state: State, whom: _Whom, report: Scrubbed) -> None:
    """Lines about her are blank; the manifests of the editions they stood in are kept as they were."""
    anew: list[tuple[bytes, int]] = []
    closed: list[tuple[str, int, str]] = []
    policies: set[str] = set()
    for offset in _offsets(db, "outputs"):
        lines = wire.decode_changes(_body(db, "outputs", offset))
        mine = lines.subject == np.uint64(whom.person)
        if mine.any():
            policies |= {lines.heads[head][0] for head in np.unique(lines.head[mine]).tolist()}
            anew.append((wire.encode_changes(lines.blanked(mine)), offset))
    for policy in sorted(policies):
        rows = ((offset, closes, wire.decode_changes(body)) for offset, closes, body in log.outputs(-1))
        policy_editions = editions(policy, rows, state.registry.told(policy), kept(log.manifests(policy)))
        manifests = list(_as_closed(policy_editions, whom.person))
        closed += [(policy, manifest.last, stored(manifest)) for manifest, _ in manifests]
        report.editions[policy] = sum(hers for _, hers in manifests)
    db.executemany("INSERT OR REPLACE INTO manifests VALUES (?, ?, x'', ?)", closed)  # the links come last (``Log.rewriting``)
    db.executemany("UPDATE outputs SET body = ? WHERE offset = ?", anew)
    report.outputs += len(anew)


def _as_closed(policy_editions: Iterator[Edition], person: int) -> Iterator[tuple[Manifest, bool]]:
    """The manifest of each edition with how much of it will be blank, and whether she was told of in it."""
    listed: dict[int, CandidateChange] = {}
    for edition in policy_editions:
        listed = fold(edition.changes, listed)
        person_lines = sum(change.subject == person for change in edition.changes)
        manifest = edition.manifest
        yield replace(manifest, erased=manifest.erased + person_lines, unlisted=manifest.unlisted + (person in listed)), bool(person_lines)


def _offsets(db: sqlite3.Connection, table: str) -> list[int]:
    return [offset for (offset,) in db.execute(f"SELECT offset FROM {table} ORDER BY offset")]  # a name of ours


def _body(db: sqlite3.Connection, table: str, offset: int) -> bytes:
    body: bytes = db.execute(f"SELECT body FROM {table} WHERE offset = ?", (offset,)).fetchone()[0]  # a name of ours
    return body
