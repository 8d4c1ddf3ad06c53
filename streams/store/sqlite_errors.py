"""Opening a database, and errors of SQLite or the system as errors that a person can act on.

``streams.store.log`` and modules that write beside a log call it.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from policies.values import Text
from streams.language.errors import Busy, DamagedStore, NoRoom, NotThere

WAIT_SECONDS = 10.0
"""How long to wait for a process that locks the database."""


def not_there(folder: Path) -> NotThere:
    return NotThere(Text(f"{folder} 中没有惠民的存储；请先创建。", f"There is no Huimin store in {folder}; create one first."))


@contextmanager
def as_store_errors(path: Path) -> Iterator[None]:
    """Turns an error of SQLite or the system into an error that a person can act on."""
    try:
        yield
    except sqlite3.Error as error:
        raise _error_for(path, error) from error
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        raise no_room(path) from error


_FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_TRUNCATE, sqlite3.SQLITE_IOERR_SHMSIZE}
"""A write cut short by a file size limit is reported by SQLite as an I/O error, not as a full disk."""


def _error_for(path: Path, error: sqlite3.Error) -> Exception:
    code = getattr(error, "sqlite_errorcode", 0)
    if code in _FULL:
        return no_room(path)
    if _is_in_use(error):
        return Busy(Text(f"{path} 正被占用，请稍后再试。", f"{path} is in use; try again shortly."))
    if code & 0xFF == sqlite3.SQLITE_CANTOPEN:
        return NotThere(Text(f"无法打开 {path}：{error}。", f"{path} cannot be opened: {error}."))
    zh = f"{path} 已损坏或无法读写（{error}）；请从副本恢复，不要删除其旁的文件。"
    return DamagedStore(
        Text(zh, f"{path} is damaged or cannot be read or written ({error}); restore a copy, and keep the files beside it.")
    )


def _is_in_use(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def no_room(path: Path) -> NoRoom:
    zh = f"无法写入 {path.parent}：磁盘已满，或超过允许的大小。已确认的内容都在；请腾出空间后再试。"
    en = (
        f"Cannot write to {path.parent}: the disk is full, or a size limit was met. All that was acknowledged is kept; "
        f"free space, then try again."
    )
    return NoRoom(Text(zh, en))


def open_database(path: Path | None, readonly: bool) -> sqlite3.Connection:
    """A connection to a log; None for one in memory.

    A reader cannot always make the index that SQLite keeps beside a log (on a disk that is full or read-only). If no writer has left a
    write-ahead log there either, only the file itself is read, because nobody can be writing to it.
    """
    if path is None:
        return sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    mode = "ro" if readonly else "rwc"
    db = _connection(path, mode)
    try:
        if readonly:
            db.execute("PRAGMA user_version").fetchone()
    except sqlite3.OperationalError as error:
        db.close()
        beside = path.with_name(f"{path.name}-wal")
        if _is_in_use(error) or (beside.exists() and beside.stat().st_size):
            raise
        return _connection(path, f"{mode}&immutable=1")
    return db


def _connection(path: Path, mode: str) -> sqlite3.Connection:
    place = f"{path.absolute().as_uri()}?mode={mode}"
    return sqlite3.connect(place, uri=True, isolation_level=None, timeout=WAIT_SECONDS, check_same_thread=False)
