"""The database of accounts: one private SQLite file, its tables, and transactions of several processes.

``connectors.accounts.store`` and its siblings use it. A file that is written whole each time would lose a failed attempt, or a used link,
where two processes write at once; SQLite gives each a turn. Journal mode DELETE keeps everything in the one file between transactions, so a
backup copies one file; removed rows are overwritten (``secure_delete``).
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from policies.values import Text
from streams.disk.files import private, sync_folder
from streams.language.errors import DamagedStore, NewerFormat
from streams.store.sqlite_errors import as_store_errors, open_database

FILE = "accounts.sqlite"
FORMAT = 1
TABLES = (
    """CREATE TABLE accounts (name TEXT PRIMARY KEY, person TEXT NOT NULL UNIQUE, title TEXT NOT NULL, created INTEGER NOT NULL,
       digest TEXT, subject TEXT UNIQUE, disabled INTEGER NOT NULL DEFAULT 0) STRICT""",
    """CREATE TABLE os_users (user TEXT PRIMARY KEY, account TEXT NOT NULL REFERENCES accounts) STRICT""",
    """CREATE TABLE grants (account TEXT NOT NULL REFERENCES accounts, role TEXT NOT NULL, division TEXT NOT NULL, unit TEXT NOT NULL,
       PRIMARY KEY (account, role, division, unit)) STRICT""",
    """CREATE TABLE tokens (id TEXT PRIMARY KEY, account TEXT NOT NULL REFERENCES accounts, title TEXT NOT NULL,
       digest BLOB NOT NULL UNIQUE, actions TEXT NOT NULL, feeds TEXT, created INTEGER NOT NULL, expires INTEGER NOT NULL,
       revoked INTEGER NOT NULL DEFAULT 0) STRICT""",
    """CREATE TABLE links (digest BLOB PRIMARY KEY, account TEXT NOT NULL, purpose TEXT NOT NULL,
       expires INTEGER NOT NULL) STRICT""",
    """CREATE TABLE sessions (digest BLOB PRIMARY KEY, account TEXT NOT NULL REFERENCES accounts, csrf TEXT NOT NULL,
       created INTEGER NOT NULL, seen INTEGER NOT NULL, expires INTEGER NOT NULL) STRICT""",
    """CREATE TABLE attempts (kind TEXT NOT NULL, about BLOB NOT NULL, failures INTEGER NOT NULL, last INTEGER NOT NULL, until INTEGER,
       PRIMARY KEY (kind, about)) STRICT""",
    "CREATE TABLE keys (name TEXT PRIMARY KEY, key BLOB NOT NULL) STRICT",
    "INSERT INTO keys VALUES ('sources', randomblob(32))",
    "CREATE VIEW known_accounts AS SELECT name, title, created, subject, disabled, digest IS NOT NULL, person FROM accounts",
    """CREATE VIEW of_users AS SELECT name, title, created, subject, disabled, digest IS NOT NULL, person, user
       FROM accounts JOIN os_users ON account = name""",
    "PRAGMA user_version = 1",
)
"""``attempts.about``: a digest of the name that was typed, or of the source's address. ``grants.unit``: "" for none.
``links.account``: "" for the first account, which the link makes."""


class AccountDatabase:
    """The file of accounts. Threads and processes may share it: each takes its turn.

    Args:
        create: make the file where there is none.

    Raises, from every method:
        DamagedStore, NoRoom, Busy: an error of SQLite or the system. NewerFormat: a newer version wrote the file.
    """

    def __init__(self, path: Path, create: bool = False) -> None:
        self.path, self._turn = path, threading.RLock()
        with as_store_errors(path):
            if create and not path.exists():
                os.close(private(path, os.O_WRONLY | os.O_CREAT))  # SQLite gives its journal the same rights
                sync_folder(path.parent)
            self._db = open_database(path, readonly=False)
            try:
                self._db.execute("PRAGMA synchronous = FULL")
                self._db.execute("PRAGMA secure_delete = ON")
                self._db.execute("PRAGMA foreign_keys = ON")
                self._prepare()
            except BaseException:
                self._db.close()
                raise

    def _prepare(self) -> None:
        if self._format() == FORMAT:
            return
        self._db.execute("BEGIN IMMEDIATE")
        try:
            if self._format() == 0:  # another process may have been first
                for statement in TABLES:
                    self._db.execute(statement)
            self._db.execute("COMMIT")
        except BaseException:
            self._db.execute("ROLLBACK")
            raise

    def _format(self) -> int:
        version = int(self._db.execute("PRAGMA user_version").fetchone()[0])
        if version > FORMAT:
            raise NewerFormat(Text(f"账号 {self.path} ", f"The accounts {self.path}"), version, FORMAT)
        return version

    @contextmanager
    def change(self) -> Iterator[None]:
        """A transaction: durable when the block ends, and undone if it fails. A transaction inside is part of it."""
        with self._turn, as_store_errors(self.path):
            inside = self._db.in_transaction
            if inside:
                yield
                return
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def write(self, statement: str, *values: Any) -> int:
        """Runs a statement; returns how many rows it changed."""
        with self.change():
            try:
                return self._db.execute(statement, values).rowcount
            except sqlite3.IntegrityError as error:
                if error.sqlite_errorcode in (sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY):
                    raise NotUnique(str(error)) from error
                raise

    def rows(self, query: str, *values: Any) -> Sequence[tuple[Any, ...]]:
        """All rows of a query."""
        with self._turn, as_store_errors(self.path):
            return self._db.execute(query, values).fetchall()

    def check(self) -> None:
        """Reads the whole file.

        Raises:
            DamagedStore: something in it is not in order.
        """
        problems = [*(row[0] for row in self.rows("PRAGMA integrity_check") if row[0] != "ok"), *self.rows("PRAGMA foreign_key_check")]
        if problems:
            zh = f"{self.path} 已损坏。请从备份恢复这个文件；名单和记录不受影响。"
            raise DamagedStore(Text(zh, f"{self.path} is damaged. Restore this file from a backup; lists and records are as they were."))

    def close(self) -> None:
        self._db.close()


class NotUnique(Exception):
    """A row that there can be only once is there already."""


def seconds(moment: datetime) -> int:
    """A moment as it is stored."""
    return int(moment.timestamp())


def moment_of(stored: int) -> datetime:
    """A stored moment."""
    return datetime.fromtimestamp(stored, UTC)
