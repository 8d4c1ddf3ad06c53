"""Snapshots of the state on disk: raw arrays behind a JSON header, whole or not there.

The one idea: a snapshot is written aside, made durable, and only then given its name; one that does not read back is put aside for the one
before it. Which of them stay: ``streams.retention``. Layout: magic, format, length and SHA-256 of the header; the header (meta, and for
each array name, type, shape, place, SHA-256); the arrays, each from a multiple of 64. Source: POSIX rename(2), fsync(2) of the directory.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from struct import Struct
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from policies.values import Text
from streams.errors import Damaged, NewerFormat
from streams.ports import Arrays

FORMAT = 1
KEPT = 2
_HEAD = Struct("<8sIQ32s")
_MAGIC = b"HMSNAP\r\n"  # the line end shows a transfer as text
_ALIGNED = 64
_SUFFIX = ".snapshot"


def offsets(folder: Path) -> list[int]:
    """The offsets of the snapshots there are, newest first."""
    names = (entry.name for entry in folder.iterdir() if entry.name.endswith(_SUFFIX)) if folder.is_dir() else iter(())
    return sorted((int(name.removesuffix(_SUFFIX)) for name in names), reverse=True)


def place(folder: Path, offset: int) -> Path:
    return folder / f"{offset:020d}{_SUFFIX}"


def write(folder: Path, offset: int, meta: Mapping[str, Any], arrays: Arrays) -> Path:
    """Writes a snapshot; when this returns it is durable.

    Raises:
        OSError: the disk is full or failed; nothing is left of it, and the older ones stay.
    """
    target = place(folder, offset)
    aside = target.with_suffix(".writing")
    try:
        with aside.open("wb") as file:
            for part in _parts(meta, arrays):
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        aside.rename(target)
    except OSError:
        aside.unlink(missing_ok=True)
        raise
    sync_folder(folder)
    return target


def keep(folder: Path, stay: Collection[int]) -> None:
    """Removes all snapshots but these, and what a stopped writer left."""
    for offset in offsets(folder):
        if offset not in stay:
            place(folder, offset).unlink()
    for left in folder.glob("*.writing"):
        left.unlink()


def head(path: Path) -> dict[str, Any]:
    """The meta of a snapshot, without its arrays.

    Raises:
        Damaged, NewerFormat: as for ``read``.
    """
    try:
        with path.open("rb") as file:
            meta: dict[str, Any] = _header(file, path)[0]["meta"]
            return meta
    except (ValueError, KeyError, TypeError, EOFError) as error:
        raise damaged(path) from error


def read(path: Path) -> tuple[dict[str, Any], Arrays]:
    """Meta and arrays of a snapshot, every digest checked; the arrays are the reader's own.

    Raises:
        Damaged: it does not read back as written.
        NewerFormat: written by a newer version.
    """
    try:
        with path.open("rb") as file:
            header, begin = _header(file, path)
            arrays = {name: _array(file, begin, *facts) for name, *facts in header["arrays"]}
            return header["meta"], arrays
    except (ValueError, KeyError, TypeError, EOFError) as error:
        raise damaged(path) from error


def set_aside(path: Path) -> None:
    """Renames a damaged snapshot, so that it counts no more but can still be looked at."""
    path.rename(path.with_suffix(".damaged"))


def damaged(path: Path) -> Damaged:
    zh, en = f"快照 {path.name} 已损坏，读不回来。", f"Snapshot {path.name} is damaged and does not read back."
    return Damaged(Text(zh, en))


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _parts(meta: Mapping[str, Any], arrays: Arrays) -> Iterator[bytes | memoryview]:
    facts, bodies, begin = [], [], 0
    for name, array in arrays.items():
        body = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
        facts.append([name, array.dtype.str, list(array.shape), begin, sha256(body).hexdigest()])
        bodies.append(body)
        begin += -(-len(body) // _ALIGNED) * _ALIGNED
    header = json.dumps({"meta": meta, "arrays": facts}, ensure_ascii=False, separators=(",", ":")).encode()
    yield _HEAD.pack(_MAGIC, FORMAT, len(header), sha256(header).digest())
    yield header
    yield bytes(-(_HEAD.size + len(header)) % _ALIGNED)
    for body in bodies:
        yield body
        yield bytes(-len(body) % _ALIGNED)


def _header(file: BinaryIO, path: Path) -> tuple[dict[str, Any], int]:
    head = file.read(_HEAD.size)
    if len(head) < _HEAD.size or not head.startswith(_MAGIC):
        raise ValueError("no snapshot")
    _, version, length, digest = _HEAD.unpack(head)
    if version > FORMAT:
        raise NewerFormat(Text(f"快照 {path.name} ", f"Snapshot {path.name}"), version, FORMAT)
    header = file.read(length)
    if sha256(header).digest() != digest:
        raise ValueError("header")
    end = _HEAD.size + length
    return json.loads(header), end + -end % _ALIGNED


def _array(file: BinaryIO, base: int, dtype: str, shape: list[int], begin: int, digest: str) -> npt.NDArray[Any]:
    file.seek(base + begin)
    count = int(np.prod(shape, dtype=np.int64))
    array = np.fromfile(file, np.dtype(dtype), count)
    if len(array) != count or sha256(array.view(np.uint8).data).hexdigest() != digest:
        raise ValueError("array")
    return array.reshape(shape)
