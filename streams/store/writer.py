"""Writers of a store: the lock, which one process holds, and a thread that writes one transaction while the next is prepared.

``streams.embedded.host`` and ``streams.network.stages`` hold the lock; a host applies a message while the thread writes the one before.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO, Generic, TypeVar

from policies.values import Text
from streams.disk.files import private
from streams.language.errors import Busy
from streams.store.log import Log, Row

LOCK = "writer.lock"

T = TypeVar("T")
_MOST_ROWS, _MOST_BYTES = 500, 8 << 20
"""What may wait for the disk, in messages and in bytes."""


class WriteBehind(Generic[T]):
    """Writes transactions in a thread, one at a time. ``put`` takes a row and an item that stands for it; ``take_durable`` and
    ``wait_durable`` give the items whose rows are durable, in their order, and ``on_durable`` is called with each. Rows that come while the
    disk is at work wait for it, and go into one transaction: the disk is asked as often as it can answer."""

    def __init__(self, log: Log, on_durable: Callable[[T], None]) -> None:
        self._log, self._on_durable = log, on_durable
        self._waiting: list[tuple[T, Row]] = []
        self._bytes = 0
        self._writing: tuple[list[T], Future[None]] | None = None
        self._lost = False
        self._disk = ThreadPoolExecutor(1, "commit")

    def put(self, stands_for: T, row: Row) -> None:
        """Takes a row, to be written as soon as the disk is free."""
        self._waiting.append((stands_for, row))
        self._bytes += len(row.input) + len(row.outputs or b"")

    def take_durable(self) -> list[T]:
        """The items that have become durable; waits only where too much would lie in memory, and lets the disk go on.

        Raises:
            As for ``Log.append``.
        """
        if self._writing is not None and not self._writing[1].done() and self._bytes < _MOST_BYTES and len(self._waiting) < _MOST_ROWS:
            return []
        items = self._end_writing()
        self._begin_writing()
        return items

    def wait_durable(self) -> list[T]:
        """Waits until everything is durable; gives the items that were not given before.

        Raises:
            As for ``Log.append``.
        """
        items = self._end_writing()
        while self._waiting:
            self._begin_writing()
            items += self._end_writing()
        return items

    def lost_at_close(self) -> bool:
        """Writes what still waits, and ends the thread; was a transaction lost?"""
        try:
            self.wait_durable()
        except Exception:  # it is told by ``_lost``
            self._lost = True
        self._disk.shutdown()
        return self._lost

    def _begin_writing(self) -> None:
        if self._lost or not self._waiting:
            return
        waiting, self._waiting, self._bytes = self._waiting, [], 0
        future = self._disk.submit(self._log.append, [row for _, row in waiting])
        self._writing = [stands_for for stands_for, _ in waiting], future

    def _end_writing(self) -> list[T]:
        if self._writing is None:
            return []
        (items, future), self._writing = self._writing, None
        if future.exception() is not None:
            self._lost, self._waiting = True, []
        future.result()
        for item in items:
            self._on_durable(item)
        return items


class WriterLock:
    """The lock of a store, held by one process until ``release`` or the end of the process.

    Raises:
        Busy: another process holds it.
    """

    def __init__(self, folder: Path) -> None:
        self._file: BinaryIO = open(folder / LOCK, "a+b", opener=private)  # noqa: SIM115  # it is held until ``release``
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
