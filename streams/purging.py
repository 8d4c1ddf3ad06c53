"""Who is erased taken out of the files of a worker: all that is older than a snapshot without her goes.

The one idea: nothing is written anew. A worker needs nothing of the past; the newest snapshot says nothing of who was erased before it, so
everything from before it is removed, and the log begins there. Each part may be done again: whoever is stopped goes on from the start.
Source: https://sqlite.org/pragma.html#pragma_secure_delete, https://sqlite.org/lang_vacuum.html.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from policies.problems import HuiminError
from streams import snapshots
from streams.errors import Busy
from streams.storage import LOCK, Log, WriterLock, exists

if TYPE_CHECKING:
    from streams.stages import Depot

FETCHED = "fetched.writing"
"""A snapshot on its way from the depot, in the folder of its stage."""
_STAGE = re.compile(r"(inputs|orders|lines)-\d+")


def emptied(folder: Path, log: Log, snapshot: int, acknowledged: int) -> None:
    """Leaves in the folder of a stage nothing from before a snapshot, and in the log no output up to the last one acknowledged.

    Raises:
        Busy, NoRoom: not all of it is gone.
    """
    kept = folder / "snapshots"
    snapshots.keep(kept, [snapshot])
    for spoilt in (*kept.glob("*.damaged"), *folder.glob(FETCHED)):
        spoilt.unlink()
    snapshots.sync_folder(kept)
    with log.rewriting() as db:
        db.execute("DELETE FROM inputs WHERE offset < ?", (snapshot,))
        db.execute("INSERT OR REPLACE INTO inputs VALUES (?, x'')", (snapshot,))  # where this log begins
        db.execute("DELETE FROM outputs WHERE offset <= ?", (acknowledged,))
    log.packed()


def finished(log: Log, upto: int) -> None:
    """The traces of every erasure up to an offset are out of the files."""
    while (offset := log.unfinished()) is not None and offset <= upto:
        log.finished(offset)


def given_up(root: Path, held: Collection[str], depot: Depot) -> list[str]:
    """Empties the folders of stages that this worker held once and that others have taken further since; gives their names.

    What lies there would be thrown away if the partition came back, and nobody purges it while it does not. That is known from the depot
    alone: without one, or where the depot is behind it, a folder stays, and it is for whoever runs the worker to remove it.

    Args:
        held: names of the stages that are open here. One that another process has open stays as it is.
    """
    names = [folder.name for folder in sorted(root.glob("*-*")) if _STAGE.fullmatch(folder.name) and folder.name not in held]
    return [name for name in names if _left(root / name) and _given_up(root / name, depot.newest(name))]


def _given_up(folder: Path, shipped: int | None) -> bool:
    try:
        lock = WriterLock(folder)
    except Busy:
        return False
    try:
        if shipped is None or shipped <= _last(folder):
            return False
        for path in _left(folder):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
        snapshots.sync_folder(folder)
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
