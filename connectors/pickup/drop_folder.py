"""A drop folder: which of its files are finished, and where they go once they were taken in or refused.

Called by ``services.deliveries.drop_folder``. A file is finished when it has not changed for a while and nobody has it open to write. What
was taken in lies in ``done``, what was refused in ``refused``, both beside where it lay. Nothing is deleted or written over.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from policies.values import Text
from streams.disk.files import PRIVATE_FILE, make_folder, sync_folder

DONE, REFUSED = "done", "refused"
UNFINISHED = (".part", ".tmp", ".temp", ".filepart", ".crdownload", ".download", ".swp", ".lock", "~")
"""The ends of names that programs give to files they are still writing."""
_WRITES = os.O_WRONLY | os.O_RDWR


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file in a drop folder.

    Args:
        waits: why it is not taken in yet; None where it is finished.
    """

    path: Path
    waits: Text | None


def arrivals(folder: Path, now: float, quiet: float) -> list[Arrival]:
    """The files of a folder, the oldest first; without hidden ones, and those whose names say that they are being written.

    Args:
        now: the seconds of the clock by which files are stamped.
        quiet: the seconds without a change after which a file is finished.
    """
    stamped: list[tuple[float, str, Arrival]] = []
    for entry in os.scandir(folder) if folder.is_dir() else ():
        if is_unfinished(entry.name) or entry.is_dir(follow_symlinks=False):
            continue
        path = Path(entry.path)
        with suppress(FileNotFoundError):  # whoever put it there took it away again
            status = entry.stat(follow_symlinks=False)
            stamped.append((status.st_mtime, entry.name, Arrival(path, _waits(entry, status, now, quiet))))
    return [arrival for _, _, arrival in sorted(stamped, key=lambda stamp: stamp[:2])]


def is_unfinished(name: str) -> bool:
    """Whether a name says that the file is hidden, or still being written.

    Example:
        >>> [is_unfinished(name) for name in (".a.csv", "a.csv.part", "~$a.xlsx", "a.csv")]
        [True, True, True, False]
    """
    return name.startswith((".", "~$")) or name.lower().endswith(UNFINISHED)


def _waits(entry: os.DirEntry[str], status: os.stat_result, now: float, quiet: float) -> Text | None:
    if entry.is_symlink() or not entry.is_file(follow_symlinks=False):
        return Text("是链接或设备，不是文件；请放文件本身", "is a link or a device; put the file itself there")
    # the time of change cannot be set by a program; a copy may keep the time at which its original was written
    last = max((stamp for stamp in (status.st_ctime, status.st_mtime) if stamp <= now), default=now)
    if now - last < quiet:
        return Text("可能还在写：刚有变化", "may still be written: it changed just now")
    if has_writer(status):
        return Text("还有程序打开着它在写", "a program has it open to write")
    return None


def has_writer(status: os.stat_result) -> bool:
    """Whether a process that can be looked into has the file open to write. Elsewhere than on Linux nobody knows, and this is False."""
    me = str(os.getpid())
    for process in filter(str.isdigit, os.listdir("/proc")) if os.path.isdir("/proc/self/fd") else ():
        with suppress(OSError):
            for descriptor in os.listdir(f"/proc/{process}/fd"):
                with suppress(OSError):
                    there = os.stat(f"/proc/{process}/fd/{descriptor}")
                    same = (there.st_dev, there.st_ino) == (status.st_dev, status.st_ino)
                    if same and process != me and _flags(process, descriptor) & _WRITES:
                        return True
    return False


def _flags(process: str, descriptor: str) -> int:
    with open(f"/proc/{process}/fdinfo/{descriptor}", encoding="ascii") as file:
        return next((int(line.split()[1], 8) for line in file if line.startswith("flags:")), 0)


def free_name(path: Path, folder: Path) -> Path:
    """Where a file may go in a folder: under its own name, or with a number where that is in use.

    Example:
        >>> free_name(Path("a.csv"), Path("/nowhere"))
        PosixPath('/nowhere/a.csv')
    """
    target, number = folder / path.name, 1
    while target.exists() or target.is_symlink():
        number += 1
        target = folder / f"{path.name.removesuffix(''.join(path.suffixes))}.{number}{''.join(path.suffixes)}"
    return target


def put_away(path: Path, target: Path) -> None:
    """Moves a file to a free place on the same disk; durable.

    Raises:
        FileExistsError: something is there.
    """
    make_folder(target.parent)
    if target.exists() or target.is_symlink():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    with suppress(PermissionError):  # of another owner, who decides
        path.chmod(PRIVATE_FILE)
    path.rename(target)
    sync_folder(target.parent)
    sync_folder(path.parent)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Waits until nobody else goes through this folder, and keeps others waiting meanwhile."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
