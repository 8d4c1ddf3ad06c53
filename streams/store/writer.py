"""Writers of a store: the lock, which one process holds, and a thread that writes one transaction while the next is prepared.

``streams.embedded.host`` and ``streams.network.stages`` hold the lock, for which others wait a while; a host applies a message while the
thread writes the one before.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO, Generic, TypeVar

from policies.values import Text
from streams.disk.files import private
from streams.language.errors import Busy
from streams.store.log import Log, Row

LOCK = "writer.lock"
LOCK_SECONDS = 60
"""So long ``wait_for_lock`` waits."""
NOTICE_SECONDS = 3
"""After so long it says that it waits, and for whom."""
_POLL_SECONDS = 0.1

T = TypeVar("T")


class WriteBehind(Generic[T]):
    """Writes transactions in a thread, one at a time. ``begin`` takes a row and an item that stands for it; ``wait_durable`` gives the item
    once the row is durable, and ``on_durable`` is called with it."""

    def __init__(self, log: Log, on_durable: Callable[[T], None]) -> None:
        self._log, self._on_durable = log, on_durable
        self._writing: tuple[T, Future[None]] | None = None
        self._lost = False
        self._disk = ThreadPoolExecutor(1, "commit")

    def begin(self, stands_for: T, row: Row) -> None:
        """Starts to write a row; nothing else may be being written."""
        self._writing = stands_for, self._disk.submit(self._log.append, (row,))

    def wait_durable(self) -> list[T]:
        """Waits for the transaction under way; gives its item, or nothing if there was none.

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

    def lost_at_close(self) -> bool:
        """Waits for the disk and ends the thread; was a transaction lost?"""
        writing, self._writing = self._writing, None
        self._disk.shutdown()
        if writing is not None and writing[1].exception() is None:
            self._on_durable(writing[0])
        return self._lost or (writing is not None and writing[1].exception() is not None)


class WriterLock:
    """The lock of a store, held by one process until ``release`` or the end of the process.

    Raises:
        Busy: another process holds it.
    """

    def __init__(self, folder: Path, name: str = LOCK) -> None:
        self._file: BinaryIO = open(folder / name, "a+b", opener=private)  # noqa: SIM115  # it is held until ``release``
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._file.close()
            holder = holder_of(folder, name)
            zh = f"另一个进程（{holder}）正在写入 {folder}；请等它结束再试。"
            raise Busy(Text(zh, f"Another process ({holder}) is writing to {folder}; wait for it, then try again.")) from error
        self._file.truncate(0)
        self._file.write(str(os.getpid()).encode())
        self._file.flush()

    def release(self) -> None:
        self._file.close()

    def leave(self) -> None:
        """For the child of a fork: closes its copy of the file. The lock stays with the process that forked."""
        self._file.close()


def holder_of(folder: Path, name: str = LOCK) -> str:
    """The id of the process that holds the lock of a store, or held it last; a question mark where that is not known."""
    try:
        return (folder / name).read_bytes()[:20].decode("ascii", "replace").strip() or "?"
    except OSError:
        return "?"


def wait_for_lock(folder: Path, say: Callable[[Text], None] = lambda text: None, name: str = LOCK) -> WriterLock:
    """The lock of a store, once the process that holds it lets it go; ``say`` gets one sentence where that takes some seconds.

    Raises:
        Busy: another process has held it for ``LOCK_SECONDS``.
    """
    start, is_said = time.monotonic(), False
    while True:
        try:
            return WriterLock(folder, name)
        except Busy:
            waited = time.monotonic() - start
            if waited > LOCK_SECONDS:
                raise
            if waited > NOTICE_SECONDS and not is_said:
                is_said = True
                zh = f"另一个进程（{holder_of(folder, name)}）正在写入，等它结束（最多 {LOCK_SECONDS} 秒）。"
                say(Text(zh, f"Another process ({holder_of(folder, name)}) is writing; waiting for it, {LOCK_SECONDS} seconds at most."))
            time.sleep(_POLL_SECONDS)
