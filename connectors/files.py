"""Files that are there whole or not at all, and readable by their owner only.

The one idea: write beside, flush to the disk, rename; a reader sees the old file or the new one. Source: POSIX ``rename``; a rename is
durable once its folder is flushed too.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """A path to write to; it becomes ``path`` when the block ends well, and goes when it does not."""
    path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.unlink(missing_ok=True)
    try:
        yield part
        part.chmod(PRIVATE_FILE)
        _flush(part)
        part.replace(path)
        _flush(path.parent)
    finally:
        part.unlink(missing_ok=True)


def content_hash(path: Path) -> str:
    """A delivery's name where the unit gave none: BLAKE2b of the file's bytes, 32 hexadecimal digits."""
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return f"blake2b-{digest.hexdigest()}"


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
