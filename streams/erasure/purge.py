"""The purge of a worker: everything older than a checkpoint without the erased persons is removed from its files.

Stages call it. A worker does not need the past, and the newest checkpoint holds nothing of persons who were erased before it. So
everything before that checkpoint is removed, nothing is rewritten, and the log begins there. Each part may be done again after an
interruption.
Source: https://sqlite.org/pragma.html#pragma_secure_delete, https://sqlite.org/lang_vacuum.html.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from policies.problems.problems import HuiminError
from streams.disk.files import remove, sync_folder
from streams.language.errors import Busy
from streams.store import checkpoints
from streams.store.checkpoints import Depot
from streams.store.log import Log, exists
from streams.store.writer import LOCK, WriterLock

FETCHED = "fetched.writing"
"""A checkpoint on its way from the depot, in the folder of its stage."""
_STAGE = re.compile(r"(inputs|orders|lines)-\d+")


def keep_only(folder: Path, log: Log, snapshot: int, last_acknowledged: int) -> None:
    """Removes everything before a checkpoint from the folder of a stage, and all acknowledged outputs from its log.

    Raises:
        Busy, NoRoom: something is left.
    """
    checkpoint_folder = folder / "snapshots"
    checkpoints.keep(checkpoint_folder, [snapshot])
    for spoilt in (*checkpoint_folder.glob("*.damaged"), *folder.glob(FETCHED)):
        remove(spoilt)
    sync_folder(checkpoint_folder)
    with log.rewriting(snapshot) as db:
        db.execute("DELETE FROM inputs WHERE offset < ?", (snapshot,))
        db.execute("INSERT OR REPLACE INTO inputs VALUES (?, x'', x'')", (snapshot,))  # where this log begins
        db.execute("DELETE FROM outputs WHERE offset <= ?", (last_acknowledged,))
    log.pack()


def note_finished(log: Log, upto: int) -> None:
    """Notes in the log that every erasure up to an offset is finished: its traces are out of the files."""
    while (offset := log.first_unfinished_erasure()) is not None and offset <= upto:
        log.finish_erasure(offset)


def remove_stale_stages(root: Path, open_stages: Collection[str], depot: Depot) -> list[str]:
    """Empties the folders of stages that this worker held once and that another worker has continued; gives their names.

    Nobody would purge these files, and they would be thrown away if the partition came back. Only the depot shows that another worker is
    further. Without a depot, or if it is behind, the folder stays; the operator may remove it.

    Args:
        open_stages: names of the stages that are open here. A stage that another process has open stays as it is.
    """
    names = [folder.name for folder in sorted(root.glob("*-*")) if _STAGE.fullmatch(folder.name) and folder.name not in open_stages]
    return [name for name in names if _left(root / name) and _remove_if_stale(root / name, depot.newest(name))]


def _remove_if_stale(folder: Path, depot_offset: int | None) -> bool:
    try:
        lock = WriterLock(folder)
    except Busy:
        return False
    try:
        if depot_offset is None or depot_offset <= _last(folder):
            return False
        for path in _left(folder):
            remove(path)
        sync_folder(folder)
        return True
    except HuiminError:
        return False  # unreadable; whoever opens it gets the error
    finally:
        lock.release()


def _left(folder: Path) -> list[Path]:
    """All files in a folder except the lock, which a waiting process may have open."""
    return [path for path in folder.iterdir() if path.name != LOCK]


def _last(folder: Path) -> int:
    """The offset of the last message in its log; -1 if there is no log."""
    if not exists(folder):
        return -1
    log = Log(folder, readonly=True)
    try:
        return log.last()
    finally:
        log.close()
