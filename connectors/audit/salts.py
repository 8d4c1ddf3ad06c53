"""Salts of persons: by its own random salt each token has a digest in the record of access, and without it the digest is anybody's.

``connectors.audit.log`` asks for digests; erasing a person removes their salt, so that no line can be told to be about them any more. The
file names nobody: a salt stands under a keyed number of its token.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

from connectors.audit.lines import SALTED_BYTES
from streams.disk.files import private, sync_folder
from streams.store.sqlite_errors import as_store_errors, open_database

FILE = "salts.sqlite"
SALT_BYTES = 16
_SIGN = 1 << 63


class Salts:
    """The salts of a workspace. Several processes may use them.

    Args:
        key: of the numbers under which salts stand.
        create: make the file where there is none.

    Raises, from every method:
        DamagedStore, NoRoom, Busy: an error of SQLite or the system.
    """

    def __init__(self, path: Path, key: bytes, create: bool) -> None:
        self._path, self._key = path, key
        with as_store_errors(path):
            if create and not path.exists():
                os.close(private(path, os.O_WRONLY | os.O_CREAT))
                sync_folder(path.parent)
            self._db = open_database(path, readonly=not create)
            try:
                if create:
                    self._db.execute("PRAGMA synchronous = FULL")
                    self._db.execute("PRAGMA secure_delete = ON")
                    self._db.execute("CREATE TABLE IF NOT EXISTS salts (number INTEGER PRIMARY KEY, salt BLOB NOT NULL) STRICT")
            except BaseException:
                self._db.close()
                raise

    def digests(self, tokens: Sequence[int]) -> list[bytes]:
        """The digest of each token; a token without a salt gets one, durable when this returns."""
        numbers = [self._number(token) for token in tokens]
        salts = self._salts(numbers)
        missing = {number for number in numbers if number not in salts}
        if missing:
            with as_store_errors(self._path):
                self._db.execute("BEGIN IMMEDIATE")
                try:
                    fresh = secrets.token_bytes(SALT_BYTES * len(missing))
                    salted = ((number, fresh[at * SALT_BYTES : (at + 1) * SALT_BYTES]) for at, number in enumerate(sorted(missing)))
                    self._db.executemany("INSERT INTO salts VALUES (?, ?) ON CONFLICT DO NOTHING", salted)
                    self._db.execute("COMMIT")
                except BaseException:
                    self._db.execute("ROLLBACK")
                    raise
            salts |= self._salts(sorted(missing))
        return [_digest(salts[number], token) for number, token in zip(numbers, tokens, strict=True)]

    def digest(self, token: int) -> bytes | None:
        """The digest of a token; None where it never stood in the record, or its person was erased."""
        number = self._number(token)
        salt = self._salts([number]).get(number)
        return None if salt is None else _digest(salt, token)

    def forget(self, tokens: Sequence[int]) -> int:
        """Removes the salts of tokens; how many there were. Their bytes are overwritten."""
        with as_store_errors(self._path):
            return sum(self._db.execute("DELETE FROM salts WHERE number = ?", (self._number(token),)).rowcount for token in tokens)

    def count(self) -> int:
        """How many salts there are, after a check of the file."""
        with as_store_errors(self._path):
            return int(self._db.execute("SELECT count(*) FROM salts").fetchone()[0])

    def is_whole(self) -> bool:
        """Whether SQLite finds its file in order."""
        with as_store_errors(self._path):
            return self._db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]

    def close(self) -> None:
        self._db.close()

    def _salts(self, numbers: Sequence[int]) -> dict[int, bytes]:
        """The salts that are there. Many are read in one pass of a table of the numbers."""
        with as_store_errors(self._path):
            if len(numbers) <= 64:
                rows = (self._db.execute("SELECT salt FROM salts WHERE number = ?", (number,)).fetchone() for number in numbers)
                return {number: row[0] for number, row in zip(numbers, rows, strict=True) if row is not None}
            self._db.execute("CREATE TEMP TABLE IF NOT EXISTS wanted (number INTEGER PRIMARY KEY)")
            self._db.execute("BEGIN")
            try:
                self._db.execute("DELETE FROM wanted")
                self._db.executemany("INSERT INTO wanted VALUES (?) ON CONFLICT DO NOTHING", ((number,) for number in numbers))
                return dict(self._db.execute("SELECT number, salt FROM wanted JOIN salts USING (number)").fetchall())
            finally:
                self._db.execute("COMMIT")

    def _number(self, token: int) -> int:
        keyed = blake2b(token.to_bytes(8, "big"), digest_size=8, key=self._key, person=b"huimin salts").digest()
        return int.from_bytes(keyed, "big") - _SIGN


def _digest(salt: bytes, token: int) -> bytes:
    return blake2b(token.to_bytes(8, "big"), digest_size=SALTED_BYTES, key=salt, person=b"huimin access").digest()
