"""A file that is read more than once and must be the same each time: its name by content, and whether it was touched since.

The one idea: what was counted is what is applied. The place, size and time of change of a file are looked at before its first reading and
again with every piece that is about to be applied; a file that somebody writes to meanwhile is refused. Read by
``connectors.intake.delivery``.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from connectors.parsing.decoding import refuse_special, told, unreadable


class Steady:
    """A delivered file as it is now.

    Raises:
        UnreadableFile: it is not there, or cannot be looked at.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp = self._look()

    def digest(self) -> str:
        """What a delivery of this file is called where its unit gave it no name: BLAKE2b of its bytes, 32 hexadecimal digits.

        Raises:
            UnreadableFile: it cannot be read, or was changed.
        """
        with told(self.path.name), self.path.open("rb") as file:
            digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
        self.check()
        return f"blake2b-{digest}"

    def check(self) -> None:
        """Passes while the file is what it was.

        Raises:
            UnreadableFile: it was changed or replaced meanwhile.
        """
        if self._look() != self._stamp:
            zh, en = (
                "在接收期间被改动；请等它写完，再接收一次",
                "was changed while it was read; wait until it is written, then ingest it again",
            )
            raise unreadable(self.path.name, zh, en)

    def _look(self) -> tuple[int, ...]:
        refuse_special(self.path)
        with told(self.path.name):
            found = self.path.stat()
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
