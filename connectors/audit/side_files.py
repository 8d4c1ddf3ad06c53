"""The files beside the log of the record of access: the blocks of shown subjects, and the tree that was noted.

``connectors.audit.log`` writes and reads them, alone at a time.
"""

from __future__ import annotations

import errno
import json
import os
from hashlib import sha256
from pathlib import Path

from connectors.audit.lines import ShownBlock
from connectors.audit.merkle import Frontier
from policies.problems.problems import HuiminError
from policies.values import Text
from streams.disk.effects import account
from streams.disk.files import Unfit, private, sync_folder, text_at, write_whole
from streams.language.errors import DamagedStore


class UnrecordedAccess(HuiminError):
    """An access could not be recorded, so it is refused (operator: see why; 1). Trying again helps once that is mended."""

    def __init__(self, why: Text) -> None:
        zh = f"未予访问：访问记录写不进去，因此什么也没有给出。原因：{why.zh}"
        super().__init__(Text(zh, f"Access refused: the record of access cannot be written, so nothing was shown. Why: {why.en}"), 1)


def append_block(path: Path, data: bytes) -> ShownBlock:
    """Appends the digests of a line's subjects; they are durable when this returns."""
    file = private(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        at = os.fstat(file).st_size
        write_all(file, data)
        os.fsync(file)
    finally:
        os.close(file)
    if not at:
        sync_folder(path.parent)
    return ShownBlock(at, sha256(data).hexdigest())


def read_block(path: Path, block: ShownBlock, length: int) -> bytes | None:
    """A block of digests; None where the file does not hold it as it was."""
    try:
        with path.open("rb") as file:
            file.seek(block.at)
            data = file.read(length)
    except OSError:
        return None
    return data if sha256(data).hexdigest() == block.sha256 else None


def read_tree(path: Path) -> tuple[Frontier, int]:
    """The tree that was noted, and the length of the log then; an empty one where none was.

    Raises:
        DamagedStore: the file is not as it was written.
    """
    try:
        facts = json.loads(text_at(path))
        tree, end = Frontier(int(facts["size"]), [bytes.fromhex(text) for text in facts["peaks"]]), int(facts["end"])
    except FileNotFoundError:
        return Frontier(), 0
    except (Unfit, ValueError, LookupError, TypeError, RecursionError):
        raise _torn_tree(path) from None
    if not tree.is_sound():
        raise _torn_tree(path)
    return tree, end


def write_tree(path: Path, tree: Frontier, end: int) -> None:
    """Notes a tree and the length of the log."""
    facts = {"size": tree.size, "end": end, "peaks": [peak.hex() for peak in tree.peaks]}
    with account():  # no effect that anybody need be told of
        write_whole(path, json.dumps(facts) + "\n")


def write_all(file: int, data: bytes) -> None:
    """Writes all bytes at the place where a file stands.

    Raises:
        OSError: the disk is full, or fails.
    """
    view = memoryview(data)
    while view:
        count = os.write(file, view)
        if not count:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        view = view[count:]


def _torn_tree(path: Path) -> DamagedStore:
    zh = f"{path} 已损坏。请从备份恢复整个 audit/。"
    return DamagedStore(Text(zh, f"{path} is damaged. Restore all of audit/ from a backup."))
