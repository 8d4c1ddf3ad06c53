"""The chain head outside the log: a small file that says how far the log had come.

``streams.store.log`` calls it. A log that was cut, or an older copy of it, is consistent in itself but does not fit a head that is further.
The file may lag behind the log (it is written at a checkpoint, with an edition and at a clean exit), but is never ahead, because it is
written after the log is durable.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from hmac import compare_digest
from pathlib import Path
from typing import Any

from policies.values import Text
from streams.disk.files import text_at, write_whole
from streams.language.errors import DamagedStore
from streams.store.log_chain import ANCHORED, START, End, Ends, link

FORMAT = 1


@dataclass(frozen=True, slots=True)
class LogHead:
    """How far a log had come: how many times it was rewritten, and the last row of its inputs and outputs."""

    rewritten: int
    last: tuple[End, ...]

    def seal(self, key: bytes) -> bytes:
        return link(key, "outside", START, FORMAT, self.rewritten, *(value for end in self.last for value in end))


def write_head(path: Path, ends: Ends, key: bytes) -> None:
    """Writes where a log ends now; the log must be durable up to there."""
    head = LogHead(ends.rewritten, tuple(ends.last[part] for part in ANCHORED))
    facts = {"format": FORMAT, "rewritten": head.rewritten, "last": [[end.offset, end.link.hex()] for end in head.last]}
    write_whole(path, json.dumps({**facts, "seal": head.seal(key).hex()}) + "\n")


def read_head(path: Path, key: bytes) -> LogHead | None:
    """The head in the file; None if there is no file.

    Raises:
        Damaged: it is not as it was written.
    """
    try:
        facts: dict[str, Any] = json.loads(text_at(path))
        head = LogHead(facts["rewritten"], tuple(End(offset, bytes.fromhex(value)) for offset, value in facts["last"]))
        if facts["format"] == FORMAT and len(head.last) == len(ANCHORED) and compare_digest(head.seal(key).hex(), facts["seal"]):
            return head
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        pass
    zh, en = f"{path} 已损坏或不是这里写的。", f"{path} is damaged, or was not written here. "
    raise DamagedStore(Text(zh + "请从备份恢复它（较旧的也可以）。", en + "Restore it from a backup; an older one will do."))


def hold_against(head: LogHead | None, ends: Ends, db: sqlite3.Connection, log: Path, path: Path) -> None:
    """Checks that a log has come at least as far as its head.

    Raises:
        Damaged: it is an older copy, was cut, or is another log; or there is no head, and there was one.
    """
    if head is None:
        if ends.headed:
            zh = f"{path} 不见了；没有它，看不出日志的末尾是否完整。请从备份恢复它（较旧的也可以）。"
            en = f"{path} is gone; without it nobody sees whether the end of the log is missing. "
            raise DamagedStore(Text(zh, en + "Restore it from a backup; an older one will do."))
        return
    for part, end in zip(ANCHORED, head.last, strict=True):
        if head.rewritten > ends.rewritten or end.offset > ends.last[part].offset or not _same(head, part, end, ends, db):
            raise DamagedStore(behind(log, ends.last["inputs"].offset, path, head))


def _same(head: LogHead, part: str, end: End, ends: Ends, db: sqlite3.Connection) -> bool:
    """Is a row the one in the head? True if nobody can tell, because the row was removed or rewritten."""
    if head.rewritten < ends.rewritten or end.offset < ends.anchors[part].offset:
        return True
    if end.offset == ends.anchors[part].offset:
        return end.link == ends.anchors[part].link
    row = db.execute(f"SELECT link FROM {part} WHERE offset = ?", (end.offset,)).fetchone()  # a name of ours
    return row is not None and compare_digest(row[0], end.link)


def behind(log: Path, last: int, path: Path, head: LogHead) -> Text:
    """Why a log that ends at an offset is refused."""
    end = head.last[0].offset
    zh = f"{log} 止于消息 #{last}，而 {path.name} 记得它到过 #{end}：日志的末尾缺失，或是较旧、另一份的副本。"
    en = f"{log} ends at message #{last}, and {path.name} knows that it had come to #{end}: its end is missing, or it is another copy. "
    zh += f"什么都没有做：请从同一份备份恢复全部文件（连同 {path.name}），再重新交付其后的数据。"
    return Text(
        zh, en + f"Nothing was done: restore all files of one backup, {path.name} with them, then deliver again what came after it."
    )
