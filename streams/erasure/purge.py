"""The purge of a worker: everything older than a checkpoint without the erased persons goes from its files.

Stages call it.

Nothing is written anew. A worker needs nothing of the past; the newest checkpoint holds nothing of those who were erased before it, so
everything from before it is removed, and the log begins there. Each part may be done again after an interruption.
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
"""A snapshot on its way from the depot, in the folder of its stage."""
_STAGE = re.compile(r"(inputs|orders|lines)-\d+")


def keep_only(folder: Path, log: Log, snapshot: int, acknowledged: int) -> None:
    """Leaves in the folder of a stage nothing from before a snapshot, and in the log no output up to the last one acknowledged.

    Raises:
        Busy, NoRoom: not all of it is gone.
    """
    checkpoint_folder = folder / "snapshots"
    checkpoints.keep(checkpoint_folder, [snapshot])
    for spoilt in (*checkpoint_folder.glob("*.damaged"), *folder.glob(FETCHED)):
        remove(spoilt)
    sync_folder(checkpoint_folder)
    with log.rewriting(snapshot) as db:
        db.execute("DELETE FROM inputs WHERE offset < ?", (snapshot,))
        db.execute("INSERT OR REPLACE INTO inputs VALUES (?, x'', x'')", (snapshot,))  # where this log begins
        db.execute("DELETE FROM outputs WHERE offset <= ?", (acknowledged,))
    log.packed()


def note_finished(log: Log, upto: int) -> None:
    """The traces of every erasure up to an offset are out of the files."""
    while (offset := log.unfinished()) is not None and offset <= upto:
        log.finished(offset)


def given_up(root: Path, open_stages: Collection[str], depot: Depot) -> list[str]:
    """Empties the folders of stages that this worker held once and that others have taken further since; gives their names.

    What lies there would be thrown away if the partition came back, and nobody purges it while it does not. That is known from the depot
    alone: without one, or where the depot is behind it, a folder stays, and it is for whoever runs the worker to remove it.

    Args:
        held: names of the stages that are open here. One that another process has open stays as it is.
    """
    names = [folder.name for folder in sorted(root.glob("*-*")) if _STAGE.fullmatch(folder.name) and folder.name not in open_stages]
    return [name for name in names if _left(root / name) and _remove_if_stale(root / name, depot.newest(name))]


def _remove_if_stale(folder: Path, shipped: int | None) -> bool:
    try:
        lock = WriterLock(folder)
    except Busy:
        return False
    try:
        if shipped is None or shipped <= _last(folder):
            return False
        for path in _left(folder):
            remove(path)
        sync_folder(folder)
        return True
    except HuiminError:
        return False  # it cannot be read: opening it says so
    finally:
        lock.release()


def _left(folder: Path) -> list[Path]:
    """What lies in a folder but its lock, which stays: whoever waits for it has it open."""
    return [path for path in folder.iterdir() if path.name != LOCK]


def _last(folder: Path) -> int:
    """The last message its log holds, -1 where there is none."""
    if not exists(folder):
        return -1
    log = Log(folder, readonly=True)
    try:
        return log.last()
    finally:
        log.close()
