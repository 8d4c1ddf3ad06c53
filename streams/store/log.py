"""The log on disk: every input since the oldest checkpoint and every output, in SQLite, with one transaction for each submission.

A message has happened once its transaction, with all its outputs, is durable. In journal mode WAL with ``synchronous=FULL``, ``COMMIT``
returns after fsync, and readers see the last commit at any time. Each row is checked against the chain when it is read
(``streams.store.log_chain``), and the end of the log when it is opened. Writers: ``streams.store.writer``.
Source: https://sqlite.org/wal.html, https://sqlite.org/pragma.html#pragma_synchronous.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from policies.values import Text
from streams.disk.files import private, sync_folder
from streams.language.errors import Busy, DamagedStore, NewerFormat, OlderFormat
from streams.store import log_chain, log_heads
from streams.store.log_chain import Break, Column, End, Ends
from streams.store.sqlite_errors import as_store_errors, not_there, open_database

FORMAT = 3
"""Format of the logs that this program reads and writes."""
FILE = "log.sqlite"
MEMORY = Path(":memory:")
"""Stands for the folder of an empty log in memory."""
LAST = (1 << 63) - 1
"""Greater than every offset."""
_ATTEMPTS = 5
"""How often the head may be written while a reader opens the log."""


@dataclass(frozen=True, slots=True)
class Row:
    """One message as stored. ``closes`` names the policy whose edition it closes, ``*`` for all; ``outputs`` is None without lines.

    ``erases``: it decides an erasure, whose traces are still in the files (``Log.first_unfinished_erasure``).
    """

    offset: int
    input: bytes
    closes: str | None
    outputs: bytes | None
    erases: bool = False


class Log:
    """The log of one store.

    Args:
        folder: ``MEMORY`` for an empty log in memory.
        durable: wait for the disk at every commit. Not needed if the inputs are kept elsewhere.
        key: of the chain. Workers and replicas have none, because their inputs are in the topics; without a key the chain still shows
            damage.
        head: the file with the chain head; None if there is none.

    Raises, from every method:
        NoRoom, Damaged, Busy: an error of SQLite or the system, or a row that is not as it was written.
    """

    def __init__(self, folder: Path, readonly: bool, durable: bool = True, key: bytes = b"", head: Path | None = None) -> None:
        self._durable, self.key, self._head_file = durable, key, head
        self._stale = False
        self.path = folder if folder == MEMORY else folder / FILE
        known_head = None if head is None else log_heads.read_head(head, key)  # read before the log, which may grow meanwhile
        with as_store_errors(self.path):
            if not readonly and folder != MEMORY and not exists(folder):
                os.close(private(self.path, os.O_WRONLY | os.O_CREAT))  # SQLite gives the files beside it the same rights
            self._db = open_database(None if folder == MEMORY else self.path, readonly)  # used by one thread at a time (``WriteBehind``)
            try:
                if self._format() == 0 and head is not None and known_head is not None:
                    raise DamagedStore(log_heads.behind(self.path, -1, head, known_head))
                if not readonly or folder == MEMORY:
                    self._prepare()
                self._ends = self._check_ends(known_head)
                self._ahead = self._ends.last["inputs"].offset >= 0  # it may be ahead of the head outside
            except BaseException:
                self._db.close()
                raise

    def _prepare(self) -> None:
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute(f"PRAGMA synchronous = {'FULL' if self._durable else 'NORMAL'}")
        self._db.execute("PRAGMA wal_autocheckpoint = 4000")  # pages: 16 MB
        if self._format() == 0:
            self._db.execute("BEGIN IMMEDIATE")
            for statement in (*log_chain.TABLES, f"PRAGMA user_version = {FORMAT}"):
                self._db.execute(statement)
            log_chain.write_seal(self._db, log_chain.ends_of(self._db), self.key)
            self._db.execute("COMMIT")
            if self.path.name == FILE:
                sync_folder(self.path.parent)

    def _format(self) -> int:
        version = int(self._db.execute("PRAGMA user_version").fetchone()[0])
        what = Text(f"存储 {self.path} ", f"The store {self.path}")
        if version > FORMAT:
            raise NewerFormat(what, version, FORMAT)
        if 0 < version < FORMAT:
            raise OlderFormat(what, version, FORMAT)
        return version

    def _check_ends(self, known_head: log_heads.LogHead | None) -> Ends:
        """The ends of the log, after a check that they are in order and not behind the head outside."""
        if self._format() == 0:
            raise not_there(self.path.parent)
        for left in reversed(range(_ATTEMPTS)):
            try:
                with self.reading():
                    ends = log_chain.check(self._db, self.path, self.key)
                    if self._head_file is not None:
                        log_heads.hold_against(known_head, ends, self._db, self.path, self._head_file)
                    return ends
            except DamagedStore:
                again = None if self._head_file is None else log_heads.read_head(self._head_file, self.key)
                if not left or again == known_head:  # no process wrote meanwhile
                    raise
                known_head = again
        raise AssertionError("left is 0 once")

    def append(self, rows: Sequence[Row], forget: int = -1) -> None:
        """Writes these rows in one transaction, durable on return; after any error none is written.

        The same transaction removes outputs up to the offset ``forget``.
        """
        with self._transaction():
            for row in rows:
                self._insert("inputs", row.offset, row.input)
                if row.outputs is not None:
                    self._insert("outputs", row.offset, row.closes, row.outputs)
            if erasing := [row.offset for row in rows if row.erases]:
                self._db.executemany("INSERT INTO scrubbing VALUES (?)", [(offset,) for offset in erasing])
                self._ends.undone += tuple(erasing)
            if forget >= 0:
                self._remove("outputs", forget)

    def _insert(self, part: str, offset: int, *columns: Column) -> None:
        value = log_chain.link(self.key, part, self._ends.last[part].link, offset, *columns)
        self._db.execute(f"INSERT INTO {part} VALUES ({', '.join('?' * (2 + len(columns)))})", (offset, value, *columns))  # a name of ours
        self._ends.last[part] = End(offset, value)

    def _remove(self, part: str, upto: int) -> None:
        """Removes the rows up to an offset; an anchor stays in their place."""
        query = f"SELECT offset, link FROM {part} WHERE offset <= ? ORDER BY offset DESC LIMIT 1"  # a name of ours
        if (row := self._db.execute(query, (upto,)).fetchone()) is not None:
            self._db.execute(f"DELETE FROM {part} WHERE offset <= ?", (upto,))
            self._db.execute("INSERT OR REPLACE INTO anchors VALUES (?, ?, ?)", (part, *row))
            self._ends.anchors[part] = End(*row)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """One transaction with a new seal; after any error nothing has changed."""
        with as_store_errors(self.path):
            try:
                self._db.execute("BEGIN IMMEDIATE")
                self._look_up()
                self._stale = True
                yield
                log_chain.write_seal(self._db, self._ends, self.key)
                self._db.execute("COMMIT")
                self._stale, self._ahead = False, True
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def _look_up(self) -> None:
        """Reads the ends of the log again after an error."""
        if self._stale:
            self._ends, self._stale = log_chain.ends_of(self._db), False

    def note_head(self) -> None:
        """Writes the head outside the log, if the log has grown since; does nothing without a head file.

        Raises:
            NoRoom: the head could not be written and lags behind.
        """
        if self._head_file is None or not self._ahead:
            return
        with as_store_errors(self._head_file):
            self._look_up()
            log_heads.write_head(self._head_file, self._ends, self.key)
        if not self._ends.headed:
            with self._transaction():
                self._ends.headed = 1
        self._ahead = False

    @contextmanager
    def reading(self) -> Iterator[int]:
        """One consistent view for all reads inside; gives the last offset, -1 if there is none."""
        with as_store_errors(self.path):
            self._db.execute("BEGIN")
            try:
                yield self.last()
            finally:
                self._db.execute("ROLLBACK")

    def last(self) -> int:
        """The last committed offset; -1 if there is none."""
        query = "SELECT max(ifnull((SELECT max(offset) FROM inputs), -1), ifnull((SELECT max(offset) FROM outputs), -1))"
        with as_store_errors(self.path):
            return int(self._db.execute(query).fetchone()[0])

    def first(self) -> int | None:
        """The offset of the oldest input; None if there is none."""
        with as_store_errors(self.path):
            offset = self._db.execute("SELECT min(offset) FROM inputs").fetchone()[0]
            return None if offset is None else int(offset)

    def inputs(self, after: int, upto: int = LAST) -> Iterator[tuple[int, bytes]]:
        """(offset, bytes) of every input behind an offset, up to another."""
        yield from self._inputs("r.offset > ? AND r.offset <= ?", after, upto)

    def inputs_with(self, after: int, at: int, part: bytes) -> Iterator[tuple[int, bytes]]:
        """The inputs with these bytes at a place near their beginning; SQLite reads no more than that of the others."""
        yield from self._inputs("r.offset > ? AND substr(r.body, ?, ?) = ?", after, at + 1, len(part), part)

    def _inputs(self, where: str, *parameters: Column) -> Iterator[tuple[int, bytes]]:
        with as_store_errors(self.path):
            yield from log_chain.rows(self._db, self.path, self.key, "inputs", where, *parameters)

    def size(self, after: int, upto: int) -> int:
        """Bytes of the inputs behind an offset, up to another."""
        query = "SELECT ifnull(sum(length(body)), 0) FROM inputs WHERE offset > ? AND offset <= ?"
        with as_store_errors(self.path):
            return int(self._db.execute(query, (after, upto)).fetchone()[0])

    def outputs(self, after: int) -> Iterator[tuple[int, str | None, bytes]]:
        """(offset, closes, bytes) of every row of outputs behind an offset."""
        with as_store_errors(self.path):
            yield from log_chain.rows(self._db, self.path, self.key, "outputs", "r.offset > ?", after)

    def prune(self, upto: int) -> None:
        """Removes the inputs up to an offset; outputs stay."""
        with self._transaction():
            self._remove("inputs", upto)

    def unfinished_erasures(self) -> list[int]:
        """The offsets of the erasures that are decided but whose traces may still be in the files."""
        with as_store_errors(self.path):
            return [int(offset) for (offset,) in self._db.execute("SELECT offset FROM scrubbing ORDER BY offset")]

    def first_unfinished_erasure(self) -> int | None:
        """The first offset in ``unfinished_erasures``; None if there is none."""
        return next(iter(self.unfinished_erasures()), None)

    def manifests(self, policy: str) -> dict[int, str]:
        """The original manifests of a policy's editions with blank lines, by their last message."""
        with as_store_errors(self.path):
            rows = log_chain.rows(self._db, self.path, self.key, "manifests")  # all, because a missing row shows in the next one
            return {offset: body for offset, whose, body in rows if whose == policy}

    @contextmanager
    def rewriting(self, erasure_offset: int) -> Iterator[sqlite3.Connection]:
        """One transaction in which rows may be rewritten (``streams.erasure.scrub``); their old content is overwritten on disk.

        The rows are chained again. A row of ``rewritings`` holds the head before and behind, for the erasure decided at an offset.

        Raises:
            Damaged: some row is not as it was written; a new chain would hide that.
        """
        self.note_head()
        with as_store_errors(self.path):
            self._db.execute("PRAGMA secure_delete = ON")
        with self._transaction():
            for damage in log_chain.breaks(self._db, self.key):
                raise log_chain.chain_error(self.path, damage, self.key)
            before = self._ends.head(self.key)
            yield self._db
            log_chain.chain_anew(self._db, self.key)
            self._ends = log_chain.ends_of(self._db)
            self._insert_rewriting(erasure_offset, before)
        self.note_head()

    def _insert_rewriting(self, erasure_offset: int, before: bytes) -> None:
        columns = (self._ends.rewritten, erasure_offset, before, self._ends.head(self.key))
        value = log_chain.link(self.key, "rewritings", self._ends.last["rewritings"].link, *columns)
        self._db.execute("INSERT INTO rewritings (number, offset, before, behind, link) VALUES (?, ?, ?, ?, ?)", (*columns, value))
        self._ends.last["rewritings"] = End(self._ends.rewritten, value)

    def pack(self) -> None:
        """Removes everything from the files except the present rows: free pages and the write-ahead log.

        Raises:
            Busy: another process is reading; the log is whole, but call this again.
            NoRoom: it needs as much free space as the size of the log.
        """
        with as_store_errors(self.path):
            self._db.execute("VACUUM")
            if self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                zh = f"有进程正在读取 {self.path}；请等它结束后再运行同一命令。"
                raise Busy(Text(zh, f"Another process is reading {self.path}; wait for it, then run the same command again."))

    def finish_erasure(self, offset: int) -> None:
        """Notes that the traces of an erasure are out of the files."""
        with self._transaction():
            self._db.execute("DELETE FROM scrubbing WHERE offset = ?", (offset,))
            self._ends.undone = tuple(other for other in self._ends.undone if other != offset)

    def close(self) -> None:
        self._db.close()


def breaks(folder: Path, key: bytes) -> tuple[list[Break], int]:
    """Every place where a log is not as it was written, even if the log cannot be opened; and how often an erasure rewrote it.

    Raises:
        Damaged: it cannot be read at all.
    """
    path = folder / FILE
    with as_store_errors(path), closing(open_database(path, readonly=True)) as db:
        db.execute("BEGIN")
        if db.execute("PRAGMA user_version").fetchone()[0] == 0:
            return [Break("seal", None)], 0
        return list(log_chain.breaks(db, key)), log_chain.ends_of(db).rewritten


def exists(folder: Path) -> bool:
    return (folder / FILE).is_file()
