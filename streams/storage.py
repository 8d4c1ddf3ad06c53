"""The log on disk: every input since the oldest snapshot and every output, one transaction for each submission, in SQLite.

The one idea: a message has happened when its transaction is durable, together with all that came out of it. Journal mode WAL with
``synchronous=FULL`` makes ``COMMIT`` return after fsync, and lets readers see the last commit at any time.
Source: https://sqlite.org/wal.html, https://sqlite.org/pragma.html#pragma_synchronous.
"""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Generic, TypeVar

from policies.values import Text
from streams.errors import Busy, Damaged, NewerFormat, NoRoom, NotThere
from streams.snapshots import sync_folder

FORMAT = 2
"""Of the logs this program reads. A log is of format 1 until somebody is erased from it: an older program would not know a blank row."""
FILE = "log.sqlite"
LOCK = "writer.lock"
LAST = (1 << 63) - 1
"""Behind every offset."""
_SCHEMA = (
    "CREATE TABLE inputs (offset INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT",
    "CREATE TABLE outputs (offset INTEGER PRIMARY KEY, closes TEXT, body BLOB NOT NULL) STRICT",
    "PRAGMA user_version = 1",
)
_ERASING = (
    "CREATE TABLE IF NOT EXISTS manifests (policy TEXT, offset INTEGER, body TEXT NOT NULL, PRIMARY KEY (policy, offset)) STRICT",
    "CREATE TABLE IF NOT EXISTS scrubbing (offset INTEGER PRIMARY KEY) STRICT",
    "PRAGMA user_version = 2",
)
"""What is added with the first erasure: manifests as they were closed, and the erasures whose traces are not out of the files yet."""


@dataclass(frozen=True, slots=True)
class Row:
    """One message as stored. ``closes`` names the policy whose edition it ends, ``*`` for all; ``outputs`` is None without lines.
    ``erases``: it decides an erasure, whose traces are still to be taken out (``Log.unfinished``)."""

    offset: int
    input: bytes
    closes: str | None
    outputs: bytes | None
    erases: bool = False


class Log:
    """The log of one store.

    Args:
        durable: wait for the disk at every commit. Not needed where the inputs are kept elsewhere and the outputs come out the same again.

    Raises, from every method:
        NoRoom, Damaged, Busy: what SQLite or the system said, as a sentence.
    """

    def __init__(self, folder: Path, readonly: bool, durable: bool = True) -> None:
        self._durable = durable
        self.path = folder / FILE
        with said(self.path):
            mode = "ro" if readonly else "rwc"
            # one connection, used by one thread at a time (``Behind``)
            self._db = sqlite3.connect(
                f"{self.path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None, timeout=10, check_same_thread=False
            )
            if readonly:
                self._check_format()
            else:
                self._prepare()

    def _prepare(self) -> None:
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute(f"PRAGMA synchronous = {'FULL' if self._durable else 'NORMAL'}")
        self._db.execute("PRAGMA wal_autocheckpoint = 4000")  # pages: 16 MB
        if self._check_format() == 0:
            self._db.execute("BEGIN IMMEDIATE")
            for statement in _SCHEMA:
                self._db.execute(statement)
            self._db.execute("COMMIT")
            sync_folder(self.path.parent)

    def _check_format(self) -> int:
        version = int(self._db.execute("PRAGMA user_version").fetchone()[0])
        if version > FORMAT:
            raise NewerFormat(Text(f"存储 {self.path} ", f"The store {self.path}"), version, FORMAT)
        return version

    def append(self, rows: Sequence[Row], forget: int = -1) -> None:
        """Writes these rows in one transaction, durable when this returns; after any error none is written.

        Outputs up to the offset ``forget`` are removed with it.
        """
        with said(self.path):
            try:
                self._db.execute("BEGIN IMMEDIATE")
                self._db.executemany("INSERT INTO inputs VALUES (?, ?)", [(r.offset, r.input) for r in rows])
                out = [(r.offset, r.closes, r.outputs) for r in rows if r.outputs is not None]
                if out:
                    self._db.executemany("INSERT INTO outputs VALUES (?, ?, ?)", out)
                if any(r.erases for r in rows):
                    for statement in _ERASING:
                        self._db.execute(statement)
                    self._db.executemany("INSERT INTO scrubbing VALUES (?)", [(r.offset,) for r in rows if r.erases])
                if forget >= 0:
                    self._db.execute("DELETE FROM outputs WHERE offset <= ?", (forget,))
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def reading(self) -> Iterator[int]:
        """One consistent view for all that is read inside; gives the last offset, -1 where there is none."""
        with said(self.path):
            self._db.execute("BEGIN")
            try:
                yield self.last()
            finally:
                self._db.execute("ROLLBACK")

    def last(self) -> int:
        """The last offset committed; -1 where there is none."""
        query = "SELECT max(ifnull((SELECT max(offset) FROM inputs), -1), ifnull((SELECT max(offset) FROM outputs), -1))"
        with said(self.path):
            return int(self._db.execute(query).fetchone()[0])

    def first(self) -> int | None:
        """The offset of the oldest input that is still there."""
        with said(self.path):
            found = self._db.execute("SELECT min(offset) FROM inputs").fetchone()[0]
            return None if found is None else int(found)

    def inputs(self, after: int, upto: int = LAST) -> Iterator[tuple[int, bytes]]:
        """(offset, bytes) of every input behind an offset, up to another."""
        with said(self.path):
            yield from self._db.execute("SELECT offset, body FROM inputs WHERE offset > ? AND offset <= ? ORDER BY offset", (after, upto))

    def short_inputs(self, after: int, most: int) -> Iterator[tuple[int, bytes]]:
        """Those of at most so many bytes. SQLite knows how long a body is without reading it, so batches cost nothing here."""
        query = "SELECT offset, body FROM inputs WHERE offset > ? AND length(body) <= ? ORDER BY offset"
        with said(self.path):
            yield from self._db.execute(query, (after, most))

    def size(self, after: int, upto: int) -> int:
        """Bytes of the inputs behind an offset, up to another."""
        query = "SELECT ifnull(sum(length(body)), 0) FROM inputs WHERE offset > ? AND offset <= ?"
        with said(self.path):
            return int(self._db.execute(query, (after, upto)).fetchone()[0])

    def outputs(self, after: int) -> Iterator[tuple[int, str | None, bytes]]:
        """(offset, closes, bytes) of every row of outputs behind an offset."""
        with said(self.path):
            rows = self._db.execute("SELECT offset, closes, body FROM outputs WHERE offset > ? ORDER BY offset", (after,))
            for row in rows:  # noqa: UP028  `yield from`, left half-read, closes the cursor, which a closed log refuses
                yield row

    def prune(self, upto: int) -> None:
        """Removes the inputs up to an offset; outputs stay."""
        with said(self.path):
            self._db.execute("DELETE FROM inputs WHERE offset <= ?", (upto,))

    def undone(self) -> list[int]:
        """The offsets of the erasures that are decided, and whose traces may still be in the files."""
        with said(self.path):
            rows = self._db.execute("SELECT offset FROM scrubbing ORDER BY offset") if self._check_format() >= 2 else ()
            return [int(offset) for (offset,) in rows]

    def unfinished(self) -> int | None:
        """The first of them."""
        return next(iter(self.undone()), None)

    def manifests(self, policy: str) -> dict[int, str]:
        """Of the editions of a policy that were closed before somebody was erased: by their last message, the manifest as it was."""
        with said(self.path):
            if self._check_format() < 2:
                return {}
            return dict(self._db.execute("SELECT offset, body FROM manifests WHERE policy = ?", (policy,)))

    @contextmanager
    def rewriting(self) -> Iterator[sqlite3.Connection]:
        """One transaction in which rows that are there may be written anew (``streams.scrubbing``); what they held is overwritten."""
        with said(self.path):
            self._db.execute("PRAGMA secure_delete = ON")
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            finally:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")

    def packed(self) -> None:
        """Leaves nothing in the files but the rows there are: no free page, nothing in the write-ahead log.

        Raises:
            Busy: somebody is reading; the log is whole, and this is to be done again.
            NoRoom: it needs as much room again as the log has.
        """
        with said(self.path):
            self._db.execute("VACUUM")
            if self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                zh = f"有进程正在读取 {self.path}；请等它结束后再运行同一命令。"
                raise Busy(Text(zh, f"Another process is reading {self.path}; wait for it, then run the same command again."))

    def finished(self, offset: int) -> None:
        """The traces of an erasure are out of the files."""
        with said(self.path):
            self._db.execute("DELETE FROM scrubbing WHERE offset = ?", (offset,))

    def close(self) -> None:
        self._db.close()


T = TypeVar("T")


class Behind(Generic[T]):
    """Transactions written by a thread, one behind: each ``begin`` with what it stands for, which ``settled`` gives once it is durable."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._writing: tuple[T, Future[None]] | None = None
        self._disk = ThreadPoolExecutor(1, "commit")

    def begin(self, stands_for: T, row: Row) -> None:
        """Start to write; only when nothing is being written."""
        self._writing = stands_for, self._disk.submit(self._log.append, (row,))

    def settled(self) -> list[T]:
        """What was being written, now durable; nothing where nothing was.

        Raises:
            As for ``Log.append``.
        """
        if self._writing is None:
            return []
        (stands_for, written), self._writing = self._writing, None
        written.result()
        return [stands_for]

    def failed(self) -> bool:
        """Waits for the disk, for the last time: could what was being written not be written?"""
        writing, self._writing = self._writing, None
        self._disk.shutdown()
        return writing is not None and writing[1].exception() is not None


class WriterLock:
    """The right to write to a store, held by one process until ``release`` or its end.

    Raises:
        Busy: another process holds it.
    """

    def __init__(self, folder: Path) -> None:
        self._file: BinaryIO = (folder / LOCK).open("a+b")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._file.seek(0)
            holder = self._file.read(20).decode("ascii", "replace").strip() or "?"
            self._file.close()
            zh = f"另一个进程（{holder}）正在写入 {folder}；请等它结束，或以只读方式打开。"
            raise Busy(Text(zh, f"Another process ({holder}) is writing to {folder}; wait for it, or open it read-only.")) from error
        self._file.truncate(0)
        self._file.write(str(os.getpid()).encode())
        self._file.flush()

    def release(self) -> None:
        self._file.close()


def exists(folder: Path) -> bool:
    return (folder / FILE).is_file()


def not_there(folder: Path) -> NotThere:
    return NotThere(Text(f"{folder} 中没有惠民的存储；请先创建。", f"There is no Huimin store in {folder}; create one first."))


@contextmanager
def said(path: Path) -> Iterator[None]:
    """Turns what SQLite or the system says into an error a person can act on."""
    try:
        yield
    except sqlite3.Error as error:
        raise _meant(path, error) from error
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        raise no_room(path) from error


_FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_TRUNCATE, sqlite3.SQLITE_IOERR_SHMSIZE}
"""A write cut short by a file size limit is reported by SQLite as an I/O error, not as a full disk."""


def _meant(path: Path, error: sqlite3.Error) -> Exception:
    code = getattr(error, "sqlite_errorcode", 0)
    if code in _FULL:
        return no_room(path)
    if code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return Busy(Text(f"{path} 正被占用，请稍后再试。", f"{path} is in use; try again shortly."))
    if code & 0xFF == sqlite3.SQLITE_CANTOPEN:
        return NotThere(Text(f"无法打开 {path}：{error}。", f"{path} cannot be opened: {error}."))
    zh = f"{path} 已损坏或无法读写（{error}）；请从副本恢复，不要删除其旁的文件。"
    return Damaged(Text(zh, f"{path} is damaged or cannot be read or written ({error}); restore a copy, and keep the files beside it."))


def no_room(path: Path) -> NoRoom:
    zh = f"无法写入 {path.parent}：磁盘已满，或超过允许的大小。已确认的内容都在；请腾出空间后再试。"
    en = (
        f"Cannot write to {path.parent}: the disk is full, or a size limit was met. All that was acknowledged is kept; "
        f"free space, then try again."
    )
    return NoRoom(Text(zh, en))
