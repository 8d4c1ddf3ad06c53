"""A delivered file that is read twice and must not change between: its digest, and a check for changes.

``connectors.intake.delivery`` counts a file and then applies it. Place, size and time of change are noted before the first reading, and
compared before each piece is applied; a file that was written to meanwhile is refused.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from connectors.parsing.decoding import file_errors, refuse_special, unreadable


class Steady:
    """A delivered file, as it is when this is made.

    Raises:
        UnreadableFile: it is not there, or may not be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp = self._look()

    def digest(self) -> str:
        """The name of a delivery of this file where its unit gave none: BLAKE2b of its bytes, 32 hexadecimal digits.

        Raises:
            UnreadableFile: it cannot be read, or was changed.
        """
        with file_errors(self.path.name), self.path.open("rb") as file:
            digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
        self.check()
        return f"blake2b-{digest}"

    def check(self) -> None:
        """Refuses the file if it has changed.

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
        with file_errors(self.path.name):
            status = self.path.stat()
        return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
