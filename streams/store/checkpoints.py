"""Checkpoints of the state on disk: raw arrays behind a JSON header, in files named ``*.snapshot``.

A checkpoint is written under another name, made durable, then renamed. One that does not read back is set aside, and the one before it is
used. ``streams.store.retention`` says which of them stay. Layout: magic, format, length and SHA-256 of these and the header; the header
(meta, and for each array name, type, shape, place, SHA-256); the arrays, each from a multiple of 64. Source: ``streams.disk.files``.
"""

from __future__ import annotations

import errno
import json
import math
import os
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from hashlib import blake2b, sha256
from hmac import compare_digest
from pathlib import Path
from struct import Struct
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from policies.values import Text
from streams.disk.files import remove, remove_leftovers, replacing
from streams.language.errors import DamagedStore, NewerFormat

if TYPE_CHECKING:
    import numpy.typing as npt

    from streams.language.ports import Arrays  # brings the kernels along

FORMAT = 2
"""Version of the layout. The digest covers it, so a changed version number is damage and not a newer program."""
KEPT = 2
_DIGEST = 32
_HEAD = Struct(f"<8sIQ{_DIGEST}s")
_MAGIC = b"HMSNAP\r\n"  # the line end shows a transfer as text
_ALIGNED = 64
_SUFFIX = ".snapshot"
_NAME = re.compile(rf"([0-9]{{20}})\{_SUFFIX}")
_TYPE = re.compile(r"[<>|][?biufSU][0-9]{1,9}")


class Depot(Protocol):
    """Keeps checkpoints for the next holder of a partition: a folder or an object store (``connectors.kafka.depot``)."""

    def newest(self, stage: str) -> int | None: ...
    def fetch(self, stage: str, offset: int, target: Path) -> None: ...
    def keep(self, stage: str, offset: int, source: Path) -> None: ...
    def remove_older(self, stage: str, offset: int) -> None: ...


def offsets(folder: Path) -> list[int]:
    """The offsets of the checkpoints in a folder, newest first."""
    names = (_NAME.fullmatch(entry.name) for entry in folder.iterdir()) if folder.is_dir() else iter(())
    return sorted((int(name[1]) for name in names if name is not None), reverse=True)


def place(folder: Path, offset: int) -> Path:
    return folder / f"{offset:020d}{_SUFFIX}"


def write(folder: Path, offset: int, meta: Mapping[str, Any], arrays: Arrays, key: bytes = b"") -> Path:
    """Writes a checkpoint; it is durable on return.

    Raises:
        OSError: the disk is full or failed; nothing of it is left, and the older checkpoints stay.
    """
    target = place(folder, offset)
    with replacing(target) as aside, aside.open("wb") as file:
        for part in _parts(meta, arrays, key):
            file.write(part)
    return target


def keep(folder: Path, stay: Collection[int]) -> None:
    """Removes all other checkpoints, and leftovers of stopped writers."""
    for offset in offsets(folder):
        if offset not in stay:
            remove(place(folder, offset))
    remove_leftovers(folder)


def head(path: Path, key: bytes = b"") -> dict[str, Any]:
    """The meta of a checkpoint, without its arrays.

    Raises:
        Damaged, NewerFormat: as for ``read``.
    """
    with _open_file(path) as file:
        meta: dict[str, Any] = _header(file, path, key)[0]["meta"]
        return meta


def read(path: Path, key: bytes = b"") -> tuple[dict[str, Any], Arrays]:
    """Meta and arrays of a checkpoint, with every digest checked; the caller may write to the arrays.

    Raises:
        Damaged: it does not read back as written.
        NewerFormat: written by a newer version.
    """
    with _open_file(path) as file:
        header, begin = _header(file, path, key)
        arrays = {name: _array(file, begin, *facts) for name, *facts in header["arrays"]}
        return header["meta"], arrays


def set_aside(path: Path) -> None:
    """Renames a damaged checkpoint, so that it is not used but can still be examined."""
    path.rename(path.with_suffix(".damaged"))


def damaged_checkpoint(path: Path) -> DamagedStore:
    zh, en = f"快照 {path} 已损坏，读不回来。", f"Snapshot {path} is damaged and does not read back."
    return DamagedStore(Text(zh, en))


@contextmanager
def _open_file(path: Path) -> Iterator[BinaryIO]:
    """Opens the file of a checkpoint; any error from its content becomes ``Damaged``."""
    try:
        with path.open("rb") as file:
            yield file
    except (ValueError, LookupError, TypeError, EOFError, RecursionError, IsADirectoryError) as error:
        raise damaged_checkpoint(path) from error
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        raise damaged_checkpoint(path) from error


def _parts(meta: Mapping[str, Any], arrays: Arrays, key: bytes) -> Iterator[bytes | memoryview]:
    import numpy as np  # late, because reading a head does not need it

    facts, bodies, begin = [], [], 0
    for name, array in arrays.items():
        body = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
        facts.append([name, array.dtype.str, list(array.shape), begin, sha256(body).hexdigest()])
        bodies.append(body)
        begin += -(-len(body) // _ALIGNED) * _ALIGNED
    header = json.dumps({"meta": meta, "arrays": facts}, ensure_ascii=False, separators=(",", ":")).encode()
    head = _HEAD.pack(_MAGIC, FORMAT, len(header), b"")[:-_DIGEST]
    yield head + _digest(head + header, key)
    yield header
    yield bytes(-(_HEAD.size + len(header)) % _ALIGNED)
    for body in bodies:
        yield body
        yield bytes(-len(body) % _ALIGNED)


def _header(file: BinaryIO, path: Path, key: bytes) -> tuple[dict[str, Any], int]:
    head = file.read(_HEAD.size)
    if len(head) < _HEAD.size or not head.startswith(_MAGIC):
        raise ValueError("no snapshot")
    _, version, length, digest = _HEAD.unpack(head)
    if length > _size(file):  # before memory is allocated
        raise ValueError("length")
    header = file.read(length)
    if not compare_digest(_digest(head[:-_DIGEST] + header, key), digest):
        raise ValueError("header")
    if version > FORMAT:
        raise NewerFormat(Text(f"快照 {path.name} ", f"Snapshot {path.name}"), version, FORMAT)
    end = _HEAD.size + length
    return json.loads(header), end + -end % _ALIGNED


def _digest(data: bytes, key: bytes) -> bytes:
    return blake2b(data, digest_size=_DIGEST, key=key).digest() if key else sha256(data).digest()


def _array(file: BinaryIO, base: int, dtype: str, shape: list[int], begin: int, digest: str) -> npt.NDArray[Any]:
    import numpy as np

    if not _TYPE.fullmatch(dtype):
        raise ValueError("type")
    kind, count = np.dtype(dtype), math.prod(shape)
    if min(begin, *shape, 0) < 0 or base + begin + count * kind.itemsize > _size(file):
        raise ValueError("place")
    file.seek(base + begin)
    array = np.fromfile(file, kind, count)
    if len(array) != count or sha256(array.view(np.uint8).data).hexdigest() != digest:
        raise ValueError("array")
    return array.reshape(shape)


def _size(file: BinaryIO) -> int:
    return os.fstat(file.fileno()).st_size
