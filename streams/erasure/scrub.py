"""The scrub of a store: the traces of an erased person are removed from the log, its free pages and the checkpoints.

Every place stays and becomes blank: a row of a batch keeps its number, a line keeps its position, and a message about the person alone is
replaced by one that does nothing. So offsets, ids and counts do not change. The fold of the log, from any checkpoint on, is the state in
which the person's rows never came. After an interruption the scrub starts again from the beginning.
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
from matchers.matrix.erasure import LastVersion, Trace, last_versions
from matchers.matrix.identity import Record
from policies.values import Kind
from streams.disk.files import leftovers, remove, sync_folder
from streams.erasure.traces import half_done, of_persons, readable
from streams.language.errors import DamagedStore, NewerFormat
from streams.language.messages import (
    Blank,
    CandidateChange,
    CheckAnswered,
    CoverageStated,
    FollowUpRecorded,
    IdentityMerged,
    IdentitySplit,
    Input,
    OutcomeReported,
    PersonErased,
)
from streams.language.ports import Parts
from streams.ledgers.erasures import stand_in, with_blank_rows
from streams.lists.editions import Edition, editions, fold
from streams.lists.lines import lines
from streams.lists.manifests import Manifest, manifest_for_store, manifests_from_store
from streams.steps.erasure import is_entangled, take_out_person, with_stand_in
from streams.steps.state import State
from streams.store import checkpoints
from streams.store.log import Log
from streams.store.recovery import recipe, state_of_checkpoint
from streams.store.sqlite_errors import as_store_errors
from streams.wire import wire


@dataclass(slots=True)
class ScrubReport:
    """The result of a scrub: how many inputs, rows of outputs and checkpoints were rewritten, and how many checkpoints removed.

    Args:
        editions: by policy, the number of editions with a line of the person.
        left: files that could not be read or written and may still hold the person.
    """

    inputs: int = 0
    outputs: int = 0
    snapshots: int = 0
    removed: int = 0
    editions: dict[str, int] = field(default_factory=dict)
    left: list[Path] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Target:
    """The person to remove: their token, the token that stands in its place, the last version of each record about them, and the feeds
    of persons."""

    person: int
    instead: int
    latest: dict[Record, LastVersion]
    feeds: frozenset[str]


def scrub(log: Log, folder: Path, state: State, person: int, traces: Sequence[Trace]) -> ScrubReport:
    """Removes a person's traces from a log, the checkpoints in a folder and the state in memory.

    Args:
        state: at the log's last message; the erasure is decided.
        person: 0 if the person of the first half-done erasure can no longer be found.
        traces: where their rows came from, as known before the erasure.

    Raises:
        Busy, NoRoom: the scrub is not finished. It is not finished either if a file is ``left``.
    """
    report, entry = ScrubReport(), half_done(log, state, person)
    if entry is None:
        return report
    target = _Target(person, stand_in(entry.digest), last_versions(traces), of_persons(state.catalogue))
    with as_store_errors(folder):
        state.matcher.forget(person, traces)
        _snapshots(folder, state, target, traces, report, log.key)
        with log.rewriting(entry.offset) as db:
            _inputs(db, target, report)
            _outputs(db, log, state, target, report)
        log.pack()
        if not report.left:
            log.finish_erasure(entry.offset)
    return report


def without_person(message: Input, target: _Target) -> Input:
    """A message without the person; the same message if it does not name them."""
    match message:
        case RecordBatch() if message.feed in target.feeds:
            return with_blank_rows(message, _rows_of_person(message, target))
        case CheckAnswered() | OutcomeReported() | FollowUpRecorded() if message.subject == target.person:
            return Blank()
        case PersonErased() if message.traces:
            return replace(message, traces=())
        case CoverageStated():
            return with_stand_in(message, target.person, target.instead)
        case IdentityMerged() | IdentitySplit() if message.kind == Kind.PERSON and target.person in (message.subject, message.into):
            subject, into = (target.instead if token == target.person else token for token in (message.subject, message.into))
            return replace(message, subject=subject, into=into)
        case _:
            return message


def _rows_of_person(batch: RecordBatch, target: _Target) -> npt.NDArray[np.bool_]:
    """The rows to blank: rows about the person, and older rows with the key of a record about them."""
    rows: npt.NDArray[np.bool_] = batch.subject == np.uint64(target.person)
    keys = {key: last for (feed, source, key), last in target.latest.items() if (feed, source) == (batch.feed, batch.source)}
    for place in np.flatnonzero(np.isin(batch.key, np.array(list(keys), np.uint64))).tolist():
        version = (int(batch.order[place]), batch.delivery, int(batch.row[place]))
        rows[place] |= keys[int(batch.key[place])].takes(version)
    return rows


def _snapshots(folder: Path, state: State, target: _Target, traces: Sequence[Trace], report: ScrubReport, key: bytes) -> None:
    """Writes a checkpoint of the present state first, so that the store can be recovered in any case; then rewrites the others."""
    checkpoints.write(folder, state.offset, state.meta(), state.arrays(), key)
    for offset in checkpoints.offsets(folder):
        path = checkpoints.place(folder, offset)
        try:
            if offset != state.offset:
                _rewrite_checkpoint(path, offset, state.parts, target, traces, report, key)
        except (OSError, NewerFormat):
            report.left.append(path)
    for spoilt in (*folder.glob("*.damaged"), *leftovers(folder)):
        try:
            remove(spoilt)
            report.removed += 1
        except OSError:
            report.left.append(spoilt)
    sync_folder(folder)


def _rewrite_checkpoint(
    path: Path, offset: int, parts: Parts, target: _Target, traces: Sequence[Trace], report: ScrubReport, key: bytes
) -> None:
    """Rewrites a checkpoint without the person, or removes it if that is impossible."""
    try:
        then = state_of_checkpoint(recipe(parts), path, key)
    except DamagedStore:
        path.unlink()
        report.removed += 1
        return
    if not then.has_catalogue:
        return
    if is_entangled(then, target.person):  # the correction was taken back later; that state does not exist without the person
        path.unlink()
        report.removed += 1
        return
    _, move = take_out_person(then, target.person, target.instead)
    then.book.erase(lines((move,), offset), target.person, target.instead)
    then.matcher.forget(target.person, traces)
    checkpoints.write(path.parent, offset, then.meta(), then.arrays(), key)
    report.snapshots += 1


def _inputs(db: sqlite3.Connection, target: _Target, report: ScrubReport) -> None:
    for offset in _offsets(db, "inputs"):
        body = _body(db, "inputs", offset)
        message = readable(body)
        blank = None if message is None else without_person(message, target)
        if blank is not message or (message is None and body):
            db.execute("UPDATE inputs SET body = ? WHERE offset = ?", (b"" if blank is None else wire.encode(blank), offset))
            report.inputs += 1


def _outputs(db: sqlite3.Connection, log: Log, state: State, target: _Target, report: ScrubReport) -> None:
    """Blanks the lines about the person; keeps the manifests of their editions as they were closed."""
    anew: list[tuple[bytes, int]] = []
    manifest_rows: list[tuple[str, int, str]] = []
    policies: set[str] = set()
    for offset in _offsets(db, "outputs"):
        lines = wire.decode_changes(_body(db, "outputs", offset))
        mine = lines.subject == np.uint64(target.person)
        if mine.any():
            policies |= {lines.heads[head][0] for head in np.unique(lines.head[mine]).tolist()}
            anew.append((wire.encode_changes(lines.with_blanks(mine)), offset))
    for policy in sorted(policies):
        rows = ((offset, closes, wire.decode_changes(body)) for offset, closes, body in log.outputs(-1))
        policy_editions = editions(policy, rows, state.registry.manifest_versions(policy), manifests_from_store(log.manifests(policy)))
        manifests = list(_manifests_as_closed(policy_editions, target.person))
        manifest_rows += [(policy, manifest.last, manifest_for_store(manifest)) for manifest, _ in manifests]
        report.editions[policy] = sum(has_person for _, has_person in manifests)
    db.executemany("INSERT OR REPLACE INTO manifests VALUES (?, ?, x'', ?)", manifest_rows)  # the links come last (``Log.rewriting``)
    db.executemany("UPDATE outputs SET body = ? WHERE offset = ?", anew)
    report.outputs += len(anew)


def _manifests_as_closed(policy_editions: Iterator[Edition], person: int) -> Iterator[tuple[Manifest, bool]]:
    """The manifest of each edition with the number of lines that become blank, and whether the person has a line in it."""
    list_after: dict[int, CandidateChange] = {}
    for edition in policy_editions:
        list_after = fold(edition.changes, list_after)
        person_lines = sum(change.subject == person for change in edition.changes)
        manifest = edition.manifest
        yield (
            replace(manifest, erased=manifest.erased + person_lines, unlisted=manifest.unlisted + (person in list_after)),
            bool(person_lines),
        )


def _offsets(db: sqlite3.Connection, table: str) -> list[int]:
    return [offset for (offset,) in db.execute(f"SELECT offset FROM {table} ORDER BY offset")]  # a name of ours


def _body(db: sqlite3.Connection, table: str, offset: int) -> bytes:
    body: bytes = db.execute(f"SELECT body FROM {table} WHERE offset = ?", (offset,)).fetchone()[0]  # a name of ours
    return body
