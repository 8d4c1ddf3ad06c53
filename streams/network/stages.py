"""A stage: the fold of one partition with its log and checkpoints, on the disk of the worker that holds it.

One local transaction stores some inputs with their outputs, and thereby the next offset; the offset of the broker is only a hint. Outputs
are sent after the commit, and again after a crash, until they are acknowledged (the outbox). A checkpoint goes to the depot only after all
outputs before it are acknowledged. Commits do not wait for the disk: inputs are in the topic, and the same inputs give the same outputs
with the same ids.

A message that erases a person takes them out of the state; a checkpoint follows at once. When all outputs before it are acknowledged and
the depot has it, everything older is purged, here and in the depot (``streams.erasure.purge``). After an interruption the log shows that
the purge is not done.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from policies.problems.problems import HuiminError
from policies.values import Text
from streams.disk.files import make_folder, sync
from streams.erasure import purge
from streams.language.errors import DamagedStore, InvalidSeal
from streams.language.folds import Fold, MakeFold, Outgoing, decode_outgoing, encode_outgoing
from streams.language.ports import Arrays
from streams.store import checkpoints
from streams.store.checkpoints import Depot
from streams.store.log import FILE, Log, Row
from streams.store.recovery import Recipe, recover
from streams.store.retention import SHORT, Retention, tidy
from streams.store.sqlite_errors import as_store_errors
from streams.store.writer import wait_for_lock


@dataclass(frozen=True, slots=True)
class StageRule:
    """When to write a checkpoint: so many messages, bytes or seconds behind the last. The topics keep messages longer than that.

    ``retention`` is how much of the past stays; a worker keeps none. ``purges``: erasures are carried out by a purge; a replica is scrubbed
    instead (``streams.erasure.scrub``).
    """

    messages: int = 2_000
    bytes: int = 256 << 20
    seconds: float = 6 * 3600.0
    retention: Retention = SHORT
    purges: bool = True


@dataclass(slots=True)
class MessageOutputs:
    """The outputs of one message."""

    offset: int
    messages: Sequence[Outgoing]


@dataclass(frozen=True, slots=True)
class PurgeReport:
    """The announcement of a purge: so many erasures are carried out, and nothing is left from before the checkpoint at ``offset``.

    ``shipped``: the depot has that checkpoint. The fields are JSON keys.
    """

    erased: int
    offset: int
    shipped: bool


def purge_message(stage: str, report: PurgeReport) -> Outgoing:
    """The announcement as a message on the topic of progress; for each stage the last one counts.

    Example:
        >>> telling("lines-0", Purged(1, 7, True)).body
        b'{"erased": 1, "offset": 7, "shipped": true}'
    """
    return Outgoing("progress", 0, f"purged:{stage}", "purged", json.dumps(asdict(report)).encode())


class Stage:
    """One partition's state, open on this worker.

    Args:
        name: topic and partition, such as ``orders-3``; also its folder below ``root``.
        make: makes the fold.
        depot: where checkpoints are shipped to and fetched from, if anywhere.
        say: gets the sentence that it waits for another process.

    Raises:
        Busy: another process has held it for a minute. Damaged, NewerFormat, NoRoom: as for a store.
    """

    def __init__(
        self, name: str, root: Path, make: MakeFold, depot: Depot | None = None, rule: StageRule = StageRule(),  # frozen
        say: Callable[[Text], None] = lambda text: None,
    ) -> None:  # fmt: skip
        self.name, self.folder, self.depot, self.rule = name, root / name, depot, rule
        self.problem: HuiminError | None = None
        make_folder(self.folder / "snapshots")
        self._lock = wait_for_lock(self.folder, say)
        self.broken = False
        """Did a message fail half-way? Then the state in memory must not be written."""
        self._uncommitted: list[tuple[Row, MessageOutputs]] = []
        self._shipped = self._covered = -1  # the newest checkpoint in the depot; how many erasures are in the newest one here

        def make_fold(checkpoint: tuple[dict[str, Any], Arrays] | None) -> Fold:
            fold = make(checkpoint)
            self._covered = fold.erasure_count
            return fold

        try:
            self.log = Log(self.folder, readonly=False, durable=False)
            self._prefer_shipped()
            recovery = recover(self.log, self.folder / "snapshots", Recipe(make_fold, _take_again), readonly=False)
        except BaseException:
            self._lock.release()
            raise
        self.fold: Fold = recovery.state
        self.behind, self._bytes, self.problem = recovery.rows, recovery.bytes, recovery.problem
        self.committed = recovery.state.offset
        """The offset of the last message in the log."""
        self._acknowledged = self._forgotten = -1
        self._newest = next(iter(checkpoints.offsets(self.folder / "snapshots")), -1)
        self._unshipped: int | None = self._newest if depot is not None and self._newest > self._shipped else None
        self.purging = self._half_purged()
        """May an erased person still be in the files, here or in the depot?"""
        self.saved = time.time()
        """When the newest checkpoint was written, or the stage opened."""

    @property
    def offset(self) -> int:
        """The offset of the last message taken."""
        return self.fold.offset

    def take(self, body: bytes, offset: int, seal_error: InvalidSeal | None = None) -> bool:
        """Applies the message at an offset, in memory; False if it was applied before. The log keeps no body of an ``seal_error`` message.

        Raises:
            Damaged: messages before this one are missing.
        """
        if offset <= self.fold.offset:
            return False
        if offset != self.fold.offset + 1:
            raise DamagedStore(_gap(self.name, self.fold.offset, offset))
        erasures_before = self.fold.erasure_count
        self.broken = True
        outputs = self.fold.take(body, offset, seal_error)
        row = Row(
            offset,
            b"" if seal_error else body,
            None,
            encode_outgoing(outputs) if outputs else None,
            self.fold.erasure_count > erasures_before,
        )
        self._uncommitted.append((row, MessageOutputs(offset, outputs)))
        self.broken = False
        self.behind += 1
        self._bytes += len(body)
        return True

    def take_uncommitted(self) -> list[tuple[Row, MessageOutputs]]:
        """Hands over the messages that are taken and not yet committed."""
        uncommitted, self._uncommitted = self._uncommitted, []
        return uncommitted

    def commit(self, uncommitted: Sequence[tuple[Row, MessageOutputs]]) -> None:
        """Writes messages in one transaction, and removes acknowledged outputs."""
        self.log.append([row for row, _ in uncommitted], self._acknowledged if self._acknowledged > self._forgotten else -1)
        self._forgotten = self._acknowledged
        if uncommitted:
            self.committed = uncommitted[-1][0].offset
            self.purging |= self.rule.purges and any(row.erases for row, _ in uncommitted)

    def unsent(self) -> Iterator[MessageOutputs]:
        """The outputs without acknowledgement, in order."""
        for offset, _, body in self.log.outputs(-1):
            yield MessageOutputs(offset, decode_outgoing(body))

    def note_acknowledged(self, offset: int) -> None:
        """Notes that the broker has all outputs up to an offset."""
        self._acknowledged = offset

    @property
    def outbox(self) -> int:
        """The number of messages whose outputs are not known to be acknowledged."""
        return self.fold.offset - self._acknowledged if self._acknowledged >= 0 else self.behind

    @property
    def due(self) -> bool:
        """Is it time for a checkpoint? After an erasure one is due at once."""
        if self.broken:
            return False
        if self.purging and self._covered < self.fold.erasure_count:
            return True
        old = self.behind > 0 and time.time() - self.saved >= self.rule.seconds
        return old or self.behind >= self.rule.messages or self._bytes >= self.rule.bytes

    def write_checkpoint(self) -> None:
        """Writes a checkpoint of the state; all messages must be committed."""
        folder = self.folder / "snapshots"
        with as_store_errors(folder):
            if (wal := self.folder / f"{FILE}-wal").exists():  # not the database: closing it here would release SQLite's locks
                sync(wal)  # else the checkpoint could be ahead of the log when the machine stops
            checkpoints.write(folder, self.fold.offset, self.fold.meta(), self.fold.arrays())
            tidy(folder, self.log, self.rule.retention)
        self.behind = self._bytes = 0
        self.saved = time.time()
        self._unshipped = self._newest = self.fold.offset
        self._covered = self.fold.erasure_count

    @property
    def whole(self) -> bool:
        """Is the state in memory that of the last message in the log?"""
        return not self.broken and self.fold.offset == self.committed

    def commit_and_write_checkpoint(self) -> list[tuple[Row, MessageOutputs]]:
        """Commits the messages taken meanwhile and writes a checkpoint directly behind them; gives these messages."""
        uncommitted = self.take_uncommitted()
        self.commit(uncommitted)
        self.write_checkpoint()
        return uncommitted

    @property
    def shippable(self) -> bool:
        """Is there a checkpoint that the depot does not have, with all outputs before it acknowledged?"""
        return self.depot is not None and self._unshipped is not None and self._acknowledged >= self._unshipped

    def ship(self) -> None:
        """Puts the newest checkpoint into the depot, if it is ``shippable``."""
        if self.depot is not None and self._unshipped is not None and self.shippable:
            offset, self._unshipped = self._unshipped, None
            self.depot.keep(self.name, offset, checkpoints.place(self.folder / "snapshots", offset))
            self._shipped = offset

    @property
    def purgeable(self) -> bool:
        """Is a purge to be done, and is nothing before the newest checkpoint, which is without the erased persons, needed any more?"""
        without = self.purging and self._covered >= self.fold.erasure_count
        return without and self._acknowledged >= self._newest and (self.depot is None or self._shipped >= self._newest)

    def purge(self) -> PurgeReport:
        """Removes everything before the newest checkpoint; the stage must be ``purgeable``, and no commit may run.

        Raises:
            NoRoom, Busy, and the errors of the depot: the purge is not finished; call it again, now or after opening the stage again.
        """
        last_acknowledged = self._acknowledged
        with as_store_errors(self.folder):
            purge.keep_only(self.folder, self.log, self._newest, last_acknowledged)
            if self.depot is not None:
                self.depot.remove_older(self.name, self._newest)
            purge.note_finished(self.log, self._newest)
        self._forgotten, self.purging = last_acknowledged, False
        return PurgeReport(self._covered, self._newest, self.depot is not None)

    @property
    def purge_report(self) -> PurgeReport | None:
        """The announcement of the last purge; None if there was none, one is under way, or the depot lacks the newest checkpoint.

        After the stage is opened it is announced again, perhaps with a later checkpoint, for those who missed it.
        """
        no_erasures = not self.rule.purges or self._covered <= 0
        if no_erasures or self.purging or (self.depot is not None and self._shipped < self._newest):
            return None
        return PurgeReport(self._covered, self._newest, self.depot is not None)

    def close(self) -> None:
        self.log.close()
        self._lock.release()

    def _half_purged(self) -> bool:
        """Does the log say that a purge is to be done? Without an erased person it is done at once."""
        if not self.rule.purges or self.log.first_unfinished_erasure() is None:
            return False
        if self.fold.erasure_count == 0:
            purge.note_finished(self.log, self.fold.offset)
        return self.fold.erasure_count > 0

    def _prefer_shipped(self) -> None:
        """If the depot has a checkpoint further than the files here, takes that one and removes the files."""
        aside = self.folder / purge.FETCHED
        aside.unlink(missing_ok=True)  # left by an interrupted fetch
        depot_offset = None if self.depot is None else self.depot.newest(self.name)
        self._shipped = -1 if depot_offset is None else depot_offset
        if depot_offset is None or depot_offset <= self.log.last():
            return
        assert self.depot is not None
        self.depot.fetch(self.name, depot_offset, aside)
        self.log.close()
        for path in self.folder.glob("log.sqlite*"):
            path.unlink()
        shutil.rmtree(self.folder / "snapshots")
        make_folder(self.folder / "snapshots")
        aside.rename(checkpoints.place(self.folder / "snapshots", depot_offset))
        self.log = Log(self.folder, readonly=False, durable=False)
        # this log begins here; the worker that shipped it may have stopped before it purged the depot
        self.log.append([Row(depot_offset, b"", None, None, erases=self.rule.purges)])


def _take_again(fold: Fold, body: bytes, offset: int) -> int:
    fold.take(body, offset)
    return 1


def _gap(name: str, last: int, offset: int) -> Text:
    zh = f"{name} 在 {last} 之后直接到 {offset}，中间的消息缺失；请检查主题的保留期，再从快照恢复。"
    en = f"{name} goes on at {offset} after {last}: messages are missing. Check the topic's retention, then restore a snapshot."
    return Text(zh, en)
