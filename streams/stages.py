"""A stage: the fold of one partition, kept on the disk of the worker that holds it.

The one idea: per batch one local transaction holds the input, what came out of it and, with them, the next offset; what the broker
remembers is only a hint. What came out is sent after the commit and again after a crash, until it is acknowledged; a snapshot leaves the
worker only when all that came out before it has. The disk is not waited for: inputs are in the topic, and the same inputs give the same
outputs, ids and all.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from policies.problems import HuiminError
from policies.values import Text
from streams import snapshots
from streams.errors import Busy, Damaged
from streams.folds import Fold, MakeFold, Outgoing, decode_outgoing, encode_outgoing
from streams.recovery import Recipe, recovered
from streams.retention import SHORT, Retention, tidy
from streams.storage import FILE, Log, Row, WriterLock, said

LOCK_SECONDS = 60
"""How long to wait for the process that held the partition before."""


class Depot(Protocol):
    """Where snapshots are kept for whoever holds a partition next: a folder or an object store (``connectors.depot``)."""

    def newest(self, stage: str) -> int | None: ...
    def fetch(self, stage: str, offset: int, target: Path) -> None: ...
    def keep(self, stage: str, offset: int, source: Path) -> None: ...
    def only(self, stage: str, offset: int) -> None:
        """Nothing stays of a stage but this snapshot, and what is newer."""
        ...


@dataclass(frozen=True, slots=True)
class StageRule:
    """When a snapshot is written: so many messages, bytes or seconds behind the last. The topics keep messages longer than that.
    ``retention`` is how much of the past stays here: of a worker none."""

    messages: int = 2_000
    bytes: int = 256 << 20
    seconds: float = 6 * 3600.0
    retention: Retention = SHORT


@dataclass(slots=True)
class Sent:
    """What one message gave out."""

    offset: int
    messages: Sequence[Outgoing]


@dataclass(frozen=True, slots=True)
class Purged:
    """Nothing of whom the first ``erased`` decisions were about is left in a stage's files: its oldest snapshot is the one at ``offset``,
    which is ``shipped`` where there is a depot, and the messages up to there are needed no more."""

    erased: int
    offset: int
    shipped: bool


class Stage:
    """One partition's state, open on this worker.

    Args:
        name: of the topic and partition, such as ``orders-3``; its folder below ``root``.
        make: makes the fold.
        depot: where snapshots are shipped to and fetched from, if anywhere.

    Raises:
        Busy: another process has held it for a minute. Damaged, NewerFormat, NoRoom: as for a store.
    """

    def __init__(self, name: str, root: Path, make: MakeFold, depot: Depot | None = None, rule: StageRule = StageRule()) -> None:  # frozen
        self.name, self.folder, self.depot, self.rule = name, root / name, depot, rule
        self.problem: HuiminError | None = None
        (self.folder / "snapshots").mkdir(parents=True, exist_ok=True)
        self._lock = _locked(self.folder)
        self._taken: list[tuple[Row, Sent]] = []
        try:
            self.log = Log(self.folder, readonly=False, durable=False)
            self._prefer_shipped()
            found = recovered(self.log, self.folder / "snapshots", Recipe(make, _again), readonly=False)
        except BaseException:
            self._lock.release()
            raise
        self.fold: Fold = found.state
        self.opened = self.fold.offset
        """The last message taken when the stage was opened."""
        self.behind, self._bytes, self.problem = found.rows, found.bytes, found.problem
        self._acknowledged = self._forgotten = -1
        self.snapped = -1
        """The last message of the snapshot written last, since the stage is open; -1 before one."""
        self._unshipped: int | None = None
        self._undone = self.log.undone()
        self.saved = time.time()
        """When the newest snapshot was written, or the stage opened."""

    @property
    def offset(self) -> int:
        """The last message taken; the next one wanted lies behind it."""
        return self.fold.offset

    def take(self, body: bytes, offset: int) -> bool:
        """Applies the message at an offset, in memory; False where it was applied before.

        Raises:
            Damaged: messages between the last one and this are missing.
        """
        if offset <= self.fold.offset:
            return False
        if offset != self.fold.offset + 1:
            raise Damaged(_gap(self.name, self.fold.offset, offset))
        erased = self.fold.erased
        outputs = self.fold.take(body, offset)
        row = Row(offset, body, None, encode_outgoing(outputs) if outputs else None, self.fold.erased > erased)
        self._taken.append((row, Sent(offset, outputs)))
        self.behind += 1
        self._bytes += len(body)
        return True

    def taken(self) -> list[tuple[Row, Sent]]:
        """What was taken and not yet committed; it is the caller's now."""
        taken, self._taken = self._taken, []
        return taken

    def commit(self, taken: Sequence[tuple[Row, Sent]]) -> None:
        """Writes it down, in one transaction; what was acknowledged is forgotten with it."""
        self.log.append([row for row, _ in taken], self._acknowledged if self._acknowledged > self._forgotten else -1)
        self._forgotten = self._acknowledged
        self._undone += [row.offset for row, _ in taken if row.erases]

    def unsent(self) -> Iterator[Sent]:
        """What came out and was never seen to be acknowledged, in order."""
        for offset, _, body in self.log.outputs(-1):
            yield Sent(offset, decode_outgoing(body))

    def acknowledged(self, offset: int) -> None:
        """All that came out up to an offset is with the broker."""
        self._acknowledged = offset

    @property
    def outbox(self) -> int:
        """Messages taken whose outputs are not known to be acknowledged."""
        return self.fold.offset - self._acknowledged if self._acknowledged >= 0 else self.behind

    @property
    def due(self) -> bool:
        """Is it time for a snapshot?"""
        if self._purges and self._undone and self.snapped < self._undone[-1]:
            return True
        old = self.behind > 0 and time.time() - self.saved >= self.rule.seconds
        return old or self.behind >= self.rule.messages or self._bytes >= self.rule.bytes

    def snapshot(self) -> None:
        """Writes a snapshot of the state, all of which is committed."""
        folder = self.folder / "snapshots"
        with said(folder):
            _synced(self.folder / f"{FILE}-wal")  # or, where the machine stops, the snapshot would be ahead of the log beside it
            snapshots.write(folder, self.fold.offset, self.fold.meta(), self.fold.arrays())
            tidy(folder, self.log, self.rule.retention)
        self.behind = self._bytes = 0
        self.saved = time.time()
        self._unshipped = self.snapped = self.fold.offset

    def settled(self) -> list[tuple[Row, Sent]]:
        """Commits what was taken meanwhile and writes a snapshot behind it, with nothing in between; what it committed."""
        taken = self.taken()
        self.commit(taken)
        self.snapshot()
        return taken

    @property
    def shippable(self) -> bool:
        """Is there a snapshot that nobody else has, and all that came out before it acknowledged?"""
        return self.depot is not None and self._unshipped is not None and self._acknowledged >= self._unshipped

    def ship(self) -> None:
        """Hands the newest snapshot to the depot, where it is ``shippable``."""
        if self.depot is not None and self._unshipped is not None and self.shippable:
            offset, self._unshipped = self._unshipped, None
            self.depot.keep(self.name, offset, snapshots.place(self.folder / "snapshots", offset))

    # -- purging -------------------------------------------------------------------------------------------------------

    @property
    def erasing(self) -> bool:
        """Is the erasure of somebody half done here?"""
        return self.log.unfinished() is not None

    @property
    def _purges(self) -> bool:
        """Whoever keeps the past is rid of somebody in another way (``streams.scrubbing``)."""
        return self.rule.retention.days == 0

    @property
    def purgeable(self) -> bool:
        """Was somebody erased, and is all that lies before the newest snapshot needed no more?"""
        behind = bool(self._undone) and self._undone[-1] <= self.snapped <= self._acknowledged
        return self._purges and behind and (self.depot is None or self._unshipped is None)

    def purge(self) -> None:
        """Leaves nothing of what lies before the newest snapshot, here and in the depot; may be done again, from wherever it stopped."""
        offset = self.snapped
        snapshots.keep(self.folder / "snapshots", [offset])
        for spoilt in (self.folder / "snapshots").glob("*.damaged"):
            spoilt.unlink()
        with self.log.rewriting() as db:
            db.execute("DELETE FROM inputs WHERE offset < ?", (offset,))
            db.execute("UPDATE inputs SET body = x'' WHERE offset = ?", (offset,))  # where this log begins
            db.execute("DELETE FROM outputs WHERE offset <= ?", (offset,))
        self.log.packed()
        if self.depot is not None:
            self.depot.only(self.name, offset)
        for erasure in self._undone:
            self.log.finished(erasure)
        self._undone = []

    def purged(self) -> Purged | None:
        """The purge that is done; None where nobody was erased, or one is to come."""
        if self._undone or not self.fold.erased:
            return None
        shipped = None if self.depot is None else self.depot.newest(self.name)
        kept = snapshots.offsets(self.folder / "snapshots")
        offset = min([*kept, *([] if shipped is None else [shipped])], default=-1)
        return Purged(self.fold.erased, offset, shipped is not None)

    def close(self) -> None:
        self.log.close()
        self._lock.release()

    def _prefer_shipped(self) -> None:
        """Takes the shipped snapshot where it is further than what lies here."""
        shipped = None if self.depot is None else self.depot.newest(self.name)
        if shipped is None or shipped <= self.log.last():
            return
        assert self.depot is not None
        aside = self.folder / "fetched.writing"
        self.depot.fetch(self.name, shipped, aside)
        self.log.close()
        for path in self.folder.glob("log.sqlite*"):
            path.unlink()
        shutil.rmtree(self.folder / "snapshots")
        (self.folder / "snapshots").mkdir()
        aside.rename(snapshots.place(self.folder / "snapshots", shipped))
        self.log = Log(self.folder, readonly=False, durable=False)
        self.log.append([Row(shipped, b"", None, None)])  # where this log begins


def left_behind(folder: Path) -> None:
    """Removes the state of a partition that others hold now, unless it is in use; it lacks nothing that a depot and the topics have not."""
    try:
        lock = WriterLock(folder)
    except (Busy, FileNotFoundError):
        return
    shutil.rmtree(folder, ignore_errors=True)
    lock.release()


def _again(fold: Fold, body: bytes, offset: int) -> int:
    fold.take(body, offset)
    return 1


def _synced(path: Path) -> None:
    """What is in a file is on disk. Not for the database itself: to close it once more would let go of SQLite's own locks on it."""
    if path.exists():
        with path.open("rb") as file:
            os.fsync(file.fileno())


def _locked(folder: Path) -> WriterLock:
    """The right to write here, as soon as whoever held the partition before lets go."""
    until = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            return WriterLock(folder)
        except Busy:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def _gap(name: str, last: int, offset: int) -> Text:
    zh = f"{name} 在 {last} 之后直接到 {offset}，中间的消息缺失；请检查主题的保留期，再从快照恢复。"
    en = f"{name} goes on at {offset} after {last}: messages are missing. Check the topic's retention, then restore a snapshot."
    return Text(zh, en)
