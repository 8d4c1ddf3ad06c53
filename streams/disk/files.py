"""Files that are written whole or not at all, and that only their owner can read.

This layer and all layers above write through this module: to a temporary file beside the target, which is flushed and then renamed. So a
reader sees the old file or the new one. The temporary file is private before its first byte. A file that is read again (``text_at``) may
still hold anything, because an editor or another disk may have changed it. Source: POSIX ``rename``; a rename is durable once its folder
is flushed too.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_ISREG

from policies.values import Text
from streams.disk.effects import note_file

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700
PRIVATE_UMASK = 0o077
LONGEST = 1 << 20
"""The most bytes that a small file of our own may have."""
PART = ".part"
"""The suffix of a temporary file. If no writer is at work, it was left by a stopped writer."""
LEFT = re.compile(rf"\..+\.(?P<process>[0-9]+)\{PART}(\..+)?")
"""The name of a temporary file: the target, the process that writes, and what a library appends."""


class Unfit(ValueError):
    """The content at a path is not of the expected kind; ``why`` is the end of a sentence about the file."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.why = Text(zh, en)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Gives a temporary path to write to. It replaces ``path`` if the block succeeds, and is removed if the block fails.

    An empty private file is there to be overwritten. A library that wants no file there removes it, inside ``private_umask``.

    Raises:
        OSError: with ``path`` as its file. Nothing can be written there, or a folder or a device lies there.
    """
    if path.exists() and not path.is_file():
        code, why = (errno.EISDIR, os.strerror(errno.EISDIR)) if path.is_dir() else (errno.EEXIST, "Not a regular file")
        raise OSError(code, why, str(path))
    make_folder(path.parent)
    part = path.with_name(f".{path.name}.{os.getpid()}{PART}")
    try:
        try:
            part.unlink(missing_ok=True)
            os.close(private(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
        except OSError as error:
            error.filename = str(path)
            raise
        yield part
        if part.is_symlink():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(part))  # somebody put a link in its place
        part.chmod(PRIVATE_FILE)
        sync(part)
        part.replace(path)
        note_file(path)
        sync_folder(path.parent)
    finally:
        with suppress(OSError):
            part.unlink()


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Gives a private empty folder to fill. It takes the place of ``path``, and of a folder there, if the block succeeds.

    A folder is replaced in two renames: a kill between them leaves no folder at the path, and both beside it.

    Raises:
        OSError: with ``path`` as its file. Nothing can be written there, or something that is no folder lies there.
    """
    if path.is_symlink() or (path.exists() and not path.is_dir()):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
    make_folder(path.parent)
    part = path.with_name(f".{path.name}.{os.getpid()}{PART}")
    old = part.with_name(f"{part.name}.old")
    try:
        try:
            remove(part)
            part.mkdir(mode=PRIVATE_FOLDER)
        except OSError as error:
            error.filename = str(path)
            raise
        yield part
        for file in part.iterdir():
            file.chmod(PRIVATE_FILE)
            sync(file)
        sync_folder(part)
        if path.exists():
            path.rename(old)
        part.rename(path)
        note_file(path)
        sync_folder(path.parent)
    finally:
        with suppress(OSError):
            if old.exists() and not path.exists():
                old.rename(path)
            remove(part)
            remove(old)


def put_in_place(source: Path, path: Path) -> None:
    """Gives a whole file or folder beside it the name ``path``, in place of a file or folder there; durable."""
    old = path.with_name(f".{path.name}.{os.getpid()}{PART}.old")
    try:
        if path.is_dir():
            path.rename(old)
        source.replace(path)
    finally:
        if old.exists() and not path.exists():
            old.rename(path)
        with suppress(OSError):
            remove(old)
    sync_folder(path.parent)


def write_whole(path: Path, content: str | bytes) -> None:
    """Writes a small file: a text in UTF-8, or bytes."""
    with replacing(path) as part:
        part.write_bytes(content.encode() if isinstance(content, str) else content)


def text_at(path: Path) -> str:
    """The text of a small file of our own, such as ``write_whole`` writes.

    Raises:
        FileNotFoundError: there is none.
        Unfit: a folder lies there, or the content is empty, not UTF-8 or far too long.
    """
    data = bytes_at(path, LONGEST)
    if not data.strip(b"\0 \t\r\n"):
        raise Unfit("是空的", "is empty") if b"\0" not in data else Unfit("只有零字节", "holds nothing but zero bytes")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise Unfit("不是 UTF-8 文本", "is not UTF-8 text") from None
    if "\0" in text:
        raise Unfit("含有零字节", "holds zero bytes")
    return text


def bytes_at(path: Path, most: int) -> bytes:
    """The bytes of a file with at most ``most`` of them.

    Raises:
        FileNotFoundError: there is none. Unfit: no file lies there, or a larger one.
    """
    if not S_ISREG(path.stat().st_mode):
        raise Unfit("不是文件" if not path.is_dir() else "是一个目录", "is a folder" if path.is_dir() else "is no file")
    with path.open("rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise Unfit(f"超过 {most:,} 字节", f"is larger than {most:,} bytes")
    return data


def private(path: str | Path, flags: int) -> int:
    """An opener for ``open``; a file that it makes is private to its owner."""
    return os.open(path, flags | os.O_CLOEXEC, PRIVATE_FILE)


@contextmanager
def private_umask() -> Iterator[None]:
    """For files that a library makes itself: each file made inside, by any thread, is private to its owner."""
    before = os.umask(PRIVATE_UMASK)
    try:
        yield
    finally:
        os.umask(before)


def leftovers(folder: Path) -> Iterator[Path]:
    """The files that stopped writers, and their libraries, left in a folder. Only call it if nobody else writes there."""
    return (path for path in folder.glob(f".*{PART}*") if LEFT.fullmatch(path.name))


def remove_leftovers(folder: Path) -> int:
    """Removes the leftovers in a folder; gives their number."""
    paths = list(leftovers(folder))
    for left in paths:
        remove(left)
    return len(paths)


def remove(path: Path) -> None:
    """Removes a file, a link or a whole folder, whichever lies there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    """Makes a folder and its missing parents, durable and private to their owner."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder durable."""
    sync(folder)


def sync(path: Path) -> None:
    """Makes the bytes of a file durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
