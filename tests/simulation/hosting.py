"""A host on a folder, and every way in which its process ends and another one starts.

A stopped machine leaves the log, its WAL and the checkpoints. A process that opens a copy of them must find everything that was acknowledged,
and besides that only messages that were durable and not yet acknowledged.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

from streams.embedded.host import CheckpointRule, EmbeddedHost
from streams.store import checkpoints
from streams.store.log import FILE
from tests.simulation.kinds.crashes import CRASHES
from tests.simulation.network import parts

RULES = (1_000, 1_000, 2_500, 10**9)
"""After how many rows a checkpoint is made (a message without rows counts 100): every 10 or 25 messages, or only when the schedule says so."""


class ProcessKilled(Exception):
    """The process is gone."""


class DyingLog:
    """A log that ends the process at one of its next appends, before or after the append is durable.

    Args:
        at: how many appends succeed before it.
    """

    def __init__(self, log: Any, after: bool, at: int = 0) -> None:
        self._log, self._after, self._left = log, after, at

    def append(self, rows: Sequence[Any], forget: int = -1) -> None:
        last = self._left == 0
        self._left -= 1
        if not last or self._after:
            self._log.append(rows, forget)
        if last:
            raise ProcessKilled

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)


class DyingHost:
    """A host and the last offset it acknowledged."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.seed, self.base, self.copies = seed, folder, 0
        self.counts: Counter[str] = Counter()
        self.offset = -1
        self.rule = CheckpointRule(rows=RULES[seed % len(RULES)], closing_rows=RULES[seed % len(RULES)])
        self.host = EmbeddedHost.open(folder / "0", parts(), create=True, rule=self.rule)

    def close(self) -> None:
        self.host.close()

    def dying(self, after: bool, at: int = 0) -> None:
        """Makes the process end at an append of its log."""
        self.host._log = DyingLog(self.host._log, after, at)  # type: ignore[assignment]  # the process ends there

    def crash(self, how: str, ahead: Sequence[int] = (0,)) -> int:
        """The process ends, and another one opens the files that are left.

        Args:
            ahead: how many messages may be durable behind what was acknowledged.

        Returns:
            How many messages are.
        """
        assert how in CRASHES
        self.counts["crashes"] += 1
        if how == "closed":
            self.host.close()
            return self._open(self.host.folder, ahead)
        if how in ("snapshot", "damaged"):
            self.host.write_checkpoint()
        old, self.copies = self.host.folder, self.copies + 1
        new = self.base / str(self.copies)
        _copy_durable_files(old, new)
        self.host.close()
        shutil.rmtree(old)
        if how == "torn":
            with (new / f"{FILE}-wal").open("ab") as file:
                file.write(Random(self.offset).randbytes(3000))
        if how == "half snapshot":
            (new / "snapshots" / f".{self.offset:020d}.snapshot.1.part").write_bytes(b"HMSNAP\r\n half")
        if how == "damaged":
            _flip_a_bit(checkpoints.place(new / "snapshots", checkpoints.offsets(new / "snapshots")[0]), self.offset)
        return self._open(new, ahead)

    def ahead(self, allowed: Sequence[int]) -> int:
        """How many messages are durable behind the last acknowledged one; must be one of ``allowed``."""
        count = self.host.state.offset - self.offset
        assert count in allowed, f"it stands at offset {self.offset + count}; {self.offset} was acknowledged, durable are {allowed} more"
        return count

    def _open(self, folder: Path, ahead: Sequence[int]) -> int:
        self.host = EmbeddedHost.open(folder, parts(), rule=self.rule)
        return self.ahead(ahead)


def _copy_durable_files(old: Path, new: Path) -> None:
    """Copies the files that a stopped machine leaves: the log, its WAL and the checkpoints."""
    (new / "snapshots").mkdir(parents=True)
    for name in (FILE, f"{FILE}-wal"):
        if (old / name).exists():
            shutil.copyfile(old / name, new / name)
    for path in (old / "snapshots").iterdir():
        shutil.copyfile(path, new / "snapshots" / path.name)


def _flip_a_bit(path: Path, seed: int) -> None:
    """Flips one bit of a file."""
    content = bytearray(path.read_bytes())
    at = Random(seed).randrange(len(content))
    content[at] ^= 1
    path.write_bytes(content)
