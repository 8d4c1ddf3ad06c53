"""The high-water mark of a consumer of the outputs, on disk.

Ids of lines are unique and ordered, so one id says what was handled. A consumer that keeps its effects elsewhere moves the mark after each
effect, and may meet the last line again after a crash. To meet each line exactly once, it stores the id and the effect in one transaction
of its own instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from policies.values import Text
from streams.disk.files import Unfit, text_at, write_whole
from streams.host import Host
from streams.language.errors import DamagedStore
from streams.language.messages import CandidateChange

_ID = re.compile(r"[0-9]{1,19}\.[0-9]{1,19}")


class Cursor:
    """The id of the last line a consumer has handled, in a file of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def after(self) -> str | None:
        """The last id handled; None before the first.

        Raises:
            Damaged: the file holds no id.
        """
        try:
            text = text_at(self.path).strip()
        except FileNotFoundError:
            return None
        except Unfit:
            text = ""
        if not _ID.fullmatch(text):
            zh = f"游标 {self.path} 已损坏；请写入最后处理过的编号，或删除它以从头开始。"
            raise DamagedStore(
                Text(zh, f"The cursor {self.path} is damaged; write the last id handled into it, or remove it to begin again.")
            )
        return text

    def advance(self, id: str) -> None:
        """Stores that the line with this id and all lines before it are handled; durable on return."""
        write_whole(self.path, id)

    def waiting(self, host: Host) -> Iterator[CandidateChange]:
        """The lines not handled yet, in order."""
        return host.outputs(self.after)
