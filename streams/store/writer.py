"""Whoever writes to a store: the right to, held by one process, and transactions written by a thread, one behind.

``streams.embedded.host`` and ``streams.network.stages`` hold the right; a host writes one message while the next is applied.
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


class Behind(Generic[T]):
    """Transactions written by a thread, one behind: each ``begin`` with what it stands for, which ``settled`` gives once it is durable;
    ``stored`` is told of each then."""

    def __init__(self, log: Log, stored: Callable[[T], None]) -> None:
        self._log, self._on_durable = log, stored
        self._writing: tuple[T, Future[None]] | None = None
        self._lost = False
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
        (stands_for, future), self._writing = self._writing, None
        self._lost = future.exception() is not None
        future.result()
        self._on_durable(stands_for)
        return [stands_for]

    def failed(self) -> bool:
        """Waits for the disk, for the last time: could something not be written?"""
        writing, self._writing = self._writing, None
        self._disk.shutdown()
        if writing is not None and writing[1].exception() is None:
            self._on_durable(writing[0])
        return self._lost or (writing is not None and writing[1].exception() is not None)


class WriterLock:
    """The right to write to a store, held by one process until ``release`` or its end.

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
