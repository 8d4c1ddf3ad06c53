"""The log of the record of access: lines that are only ever appended, the tree over them, and the side file of shown subjects.

``services.audit.recording`` appends, ``services.audit.verification`` reads. In the folder ``audit`` of a workspace:

    log.jsonl      a line an access, canonical JSON (``connectors.audit.lines``)
    shown          the salted digests of the subjects of lines that showed many
    salts.sqlite   the salts (``connectors.audit.salts``)
    tree           the tree over the lines, as it was some lines ago: where appending goes on
    lock           held by the process that appends

A line has been recorded once it is flushed to disk; ``append`` returns then. A process that stops in the middle leaves a line without its
end: the next one cuts it off, and says so in a line of its own. ``tree`` never runs ahead of the log, so a shorter log was cut.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from connectors.audit.lines import SALTED_BYTES, AccessLine, canonical_bytes, line_of
from connectors.audit.merkle import Frontier, leaf_hash
from connectors.audit.salts import FILE as SALTS
from connectors.audit.salts import Salts
from connectors.audit.side_files import append_block, read_block, read_tree, write_all, write_tree
from policies.values import Text
from streams.disk.files import make_folder, private, sync_folder
from streams.language.errors import DamagedStore

LOG, SHOWN, TREE, LOCK = "log.jsonl", "shown", "tree", "lock"
FEW = 4
"""So many subjects stand in the line itself; more in the side file."""
TREE_EVERY = 64
"""So many lines are appended before ``tree`` is written again."""
LONGEST_LINE = 1 << 20
MakeLine = Callable[[int], AccessLine]
"""Makes a line, given its number."""


class AuditLog:
    """The record of access in a folder. One process appends at a time, any number read.

    Args:
        key: gives the key of the salts; called when subjects are recorded for the first time.
    """

    def __init__(self, folder: Path, key: Callable[[], bytes]) -> None:
        self._folder, self._key = folder, key
        self._tree, self._end, self._noted = Frontier(), 0, 0
        self._salts: Salts | None = None

    @property
    def exists(self) -> bool:
        """Whether anything was ever recorded."""
        return (self._folder / LOG).exists()

    def append(self, line: MakeLine, tokens: Sequence[int] = (), cut: MakeLine | None = None) -> AccessLine:
        """Appends a line about some subjects; it is durable when this returns.

        Args:
            cut: makes the line about what a stopped writer had left.

        Raises:
            OSError, DamagedStore, NoRoom, Busy: it could not be recorded.
        """
        make_folder(self._folder)
        digests = self.salts(create=True).digests(tokens) if tokens else []
        with self._alone() as file:
            left_over = self._catch_up(file)
            if left_over:
                os.ftruncate(file, self._end)
                if cut is not None:
                    self._write(file, replace(cut(self._tree.size), kind="cut", count=left_over))
            entry = self._with_subjects(line(self._tree.size), digests)
            self._write(file, entry)
            self._note_tree()
            return entry

    def lines(self) -> Iterator[AccessLine]:
        """Every line in order. A line that is being written is not there yet.

        Raises:
            DamagedStore: a line is not as one is written.
        """
        for number, data in enumerate(self.raw_lines()):
            try:
                line = line_of(data)
            except ValueError:
                raise self.damage_at(number) from None
            if line.seq != number:
                raise self.damage_at(number)
            yield line

    def raw_lines(self) -> Iterator[bytes]:
        """The bytes of every whole line."""
        try:
            with (self._folder / LOG).open("rb") as file:
                yield from (data[:-1] for data in file if data.endswith(b"\n"))
        except FileNotFoundError:
            return

    def subjects_of(self, line: AccessLine) -> bytes | None:
        """The salted digests of a line's subjects, one after another; None where the side file does not hold them as they were."""
        if line.block is None:
            return b"".join(bytes.fromhex(text) for text in line.persons)
        return read_block(self._folder / SHOWN, line.block, line.count * SALTED_BYTES)

    def standing(self) -> tuple[int, int]:
        """How many lines there are, and how many bytes a stopped writer left behind them.

        Raises:
            DamagedStore: the log is shorter than it was.
        """
        file = os.open(self._folder / LOG, os.O_RDONLY | os.O_CLOEXEC)
        try:
            left_over = self._catch_up(file)
            return self._tree.size, left_over
        finally:
            os.close(file)

    def tree_in_file(self) -> tuple[Frontier, int]:
        """The tree as it was noted last, and the length of the log then (``connectors.audit.side_files``).

        Raises:
            DamagedStore: the file is not as it was written.
        """
        return read_tree(self._folder / TREE)

    def salts(self, create: bool = False) -> Salts:
        """The salts; where they are missing although something was recorded, none are made.

        Raises:
            DamagedStore: they are gone.
        """
        if self._salts is None:
            path = self._folder / SALTS
            if not path.exists() and (not create or (self._folder / SHOWN).exists()):
                zh = f"{path} 不见了。请从备份恢复整个 audit/；没有备份就移走 audit/，从头记录。"
                en = f"{path} is gone. Restore all of audit/ from a backup; without one, move audit/ away and begin anew."
                raise DamagedStore(Text(zh, en))
            make_folder(self._folder)
            self._salts = Salts(path, self._key(), create=True)
        return self._salts

    def has_salts(self) -> bool:
        """Whether a salt was ever made."""
        return (self._folder / SALTS).exists()

    def close(self) -> None:
        """Closes the salts."""
        if self._salts is not None:
            self._salts.close()
            self._salts = None

    def damage_at(self, number: int) -> DamagedStore:
        """The error that a line is not as it was written."""
        path = self._folder / LOG
        zh = f"{path} 第 {number + 1} 行不是写下时的样子。请从备份恢复整个 audit/，并查明是谁改的。"
        en = f"{path} is not as it was written at line {number + 1}. Restore all of audit/ from a backup, and find out who changed it."
        return DamagedStore(Text(zh, en))

    @contextmanager
    def _alone(self) -> Iterator[int]:
        """The log, opened to append; other processes that append wait."""
        lock = os.open(self._folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            is_new = not self.exists
            file = private(self._folder / LOG, os.O_RDWR | os.O_CREAT)
            try:
                if is_new:
                    sync_folder(self._folder)
                yield file
            finally:
                os.close(file)
        finally:
            os.close(lock)

    def _catch_up(self, file: int) -> int:
        """Takes in what other processes have appended; returns how many bytes a stopped writer left without an end of line."""
        if not self._end:
            self._tree, self._end = self.tree_in_file()
            self._noted = self._tree.size
        size = os.fstat(file).st_size
        if size < self._end:
            zh = f"{self._folder / LOG} 比记录过的短：有行被去掉了。请从备份恢复整个 audit/。"
            en = f"{self._folder / LOG} is shorter than it was: lines were taken out. Restore all of audit/ from a backup."
            raise DamagedStore(Text(zh, en))
        while self._end < size:
            data = os.pread(file, max(LONGEST_LINE, 1 << 16), self._end)
            *whole, _ = data.split(b"\n")
            if not whole:
                break
            for line in whole:
                self._tree.append(leaf_hash(line))
                self._end += len(line) + 1
        return size - self._end

    def _with_subjects(self, line: AccessLine, digests: Sequence[bytes]) -> AccessLine:
        if len(digests) <= FEW:
            return replace(line, count=max(line.count, len(digests)), persons=tuple(digest.hex() for digest in digests))
        return replace(line, count=len(digests), block=append_block(self._folder / SHOWN, b"".join(digests)))

    def _write(self, file: int, line: AccessLine) -> None:
        data = canonical_bytes(line)
        os.lseek(file, self._end, os.SEEK_SET)
        write_all(file, data + b"\n")
        os.fsync(file)
        self._tree.append(leaf_hash(data))
        self._end += len(data) + 1

    def _note_tree(self) -> None:
        """Notes the tree now and then; what is not noted is read again from the log."""
        if self._tree.size - self._noted < TREE_EVERY and self._noted:
            return
        write_tree(self._folder / TREE, self._tree, self._end)
        self._noted = self._tree.size
