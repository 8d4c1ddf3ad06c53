"""Copies of lists that a workspace keeps, without one person: exports, evidence, quarantine, snapshots for analysts; packed or not.

Each kind of file is read by its own reader and written whole or not at all. What is in it then is looked through byte by byte, whatever it
is packed in. A file that still holds the person, or that cannot be looked through or written, is *left*: it is named, and the erasure is
not done. ``services.erasure.erasing`` calls this; it may be done again.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from connectors.analysts.snapshot import rewritten
from connectors.erasure.pruning import Sought, pruned_csv, pruned_json, pruned_lines
from connectors.limits import EXPANSION, FREE, bounded
from connectors.lists.exports import Sheet, write_xlsx
from connectors.parsing.workbooks import sheet_parts, structure
from streams.disk.files import replaced, write_whole

NOT_COPIES = frozenset(
    {"state", "identity", "feeds", "policies", "secret.key", "key.check", "log.head", "version", "units.yaml", "retention", "network"}
)
"""What of a workspace holds no list: documents, the store and the vault, which have their own ways."""
_DEEPEST = 5
_XZ_MEMORY = 256 << 20
_TITLE = re.compile(rb"<dc:title>([^<]*)</dc:title>")


@dataclass(slots=True)
class Copies:
    """What was done: rows taken out and files written anew or removed, by kind of file; and what is left, as seen from the workspace."""

    rows: Counter[str] = field(default_factory=Counter)
    files: Counter[str] = field(default_factory=Counter)
    left: list[str] = field(default_factory=list)


def prune(root: Path, sought: Sought) -> Copies:
    """Takes a person out of every copy under a workspace's folder."""
    done = Copies()
    for path in sorted(_files(root, done.left)):
        try:
            clean = _clean(root, path, sought, done)
        except Exception:  # readers of others raise what they like; whatever it is, nobody can say that the file is clean
            clean = False
        if not clean:
            done.left.append(str(path.relative_to(root)))
    return done


def _files(root: Path, left: list[str]) -> Iterator[Path]:
    """Every file and link among the copies; folders that cannot be read are left."""

    def unreadable(error: OSError) -> None:
        left.append(os.path.relpath(error.filename, root))

    for entry in root.iterdir():
        if entry.name in NOT_COPIES:
            continue
        if entry.is_symlink() or not entry.is_dir():
            yield entry
            continue
        for folder, folders, files in os.walk(entry, onerror=unreadable):
            yield from (path for name in (*folders, *files) if (path := Path(folder, name)).is_symlink() or path.is_file())


def _clean(root: Path, path: Path, sought: Sought, done: Copies) -> bool:
    """Is nothing of the person in a file, now that its own reader has taken out what it found?"""
    if path.is_symlink():  # nothing is read, written or removed through it; where it leads to a place in here, that is looked at itself
        return path.resolve().is_relative_to(root.resolve())
    if not path.stat().st_size:
        return True
    kind = _kind(path)
    try:
        gone = _PRUNED[kind](path, sought) if kind in _PRUNED else 0
    except Exception as error:
        if kind not in _TEXTS or isinstance(error, OSError):
            raise
        gone = 0  # no such text as its name says; but nothing is packed in it, so its bytes are all there is
    if gone:
        done.rows[kind] += gone
        done.files[kind] += 1
    if not path.exists():
        return True
    data = path.read_bytes()
    if kind not in _PRUNED and data[8:12] == b"DUCK":
        return False  # DuckDB packs what it holds, and by this name nobody opened it
    if kind not in _PRUNED and path.suffix.lower() in _PACKED:
        _PACKED[path.suffix.lower()][0](data)  # what is not packed as its name says cannot be opened: its bytes do not tell all
    return not any(needle in layer for layer in _layers(data) for needle in sought.needles())


def _kind(path: Path) -> str:
    """The last suffix; of a packed text that of the text before it."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    packed = suffixes[-1:] and suffixes[-1] in _PACKED
    return "".join(suffixes[-2:] if packed else suffixes[-1:])


def _text(path: Path, sought: Sought) -> int:
    """A text, packed or not: written anew where she is in it, gone where nothing else was."""
    packed = path.suffix.lower()
    data = path.read_bytes()
    opened = _PACKED[packed][0](data) if packed in _PACKED else data
    inner = path.with_suffix("").suffix if packed in _PACKED else path.suffix
    kept, gone = _TEXTS[inner.lower()](opened, sought)
    if gone and kept:
        write_whole(path, _PACKED[packed][1](kept) if packed in _PACKED else kept)
    elif gone:
        path.unlink()
    return gone


def _zip(path: Path, sought: Sought) -> int:
    """An archive of texts; members of other kinds stay as they are."""
    gone = 0
    packed = io.BytesIO()
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as anew:
        for member in archive.infolist():
            data = _member(archive, member)
            pruned = _TEXTS.get(Path(member.filename).suffix.lower())
            kept, count = pruned(data, sought) if pruned else (data, 0)
            gone += count
            if kept or not count:
                anew.writestr(member, kept, zipfile.ZIP_DEFLATED)
    if gone:
        write_whole(path, packed.getvalue())
    return gone


def _workbook(path: Path, sought: Sought) -> int:
    """A workbook as ``connectors.lists.exports`` writes them: one table over its sheets, every cell a text."""
    import fastexcel

    for sheet in sheet_parts(path):  # before the reader makes room for what it says
        structure(path, sheet.part)
    with zipfile.ZipFile(path) as archive:
        title = _TITLE.search(archive.read("docProps/core.xml"))
    try:
        reader = fastexcel.read_excel(path)
    except fastexcel.FastExcelError as error:
        raise ValueError("no workbook") from error
    header: tuple[str, ...] = ()
    rows: list[tuple[str, ...]] = []
    for name in reader.sheet_names:
        first, *rest = reader.load_sheet(name, header_row=None, dtypes="string").to_polars().fill_null("").rows()
        header = first
        rows += rest
    kept = [row for row in rows if not any(sought.is_hers(cell) for cell in row)]
    if len(kept) < len(rows):
        write_xlsx(path, Sheet(title[1].decode() if title else path.stem, header, kept))
    return len(rows) - len(kept)


def _parquet(path: Path, sought: Sought) -> int:
    frame = pl.read_parquet(path, glob=False)
    hers = pl.Series([any(sought.is_hers(cell) for cell in row) for row in frame.iter_rows()], dtype=pl.Boolean)
    if hers.any():
        with replaced(path) as part:
            frame.filter(~hers).write_parquet(part)
    return int(hers.sum())


def _database(path: Path, sought: Sought) -> int:
    return rewritten(path, sought.hexadecimal)


def _layers(data: bytes, depth: int = _DEEPEST) -> Iterator[bytes]:
    """The bytes of a file, and those of all that is packed in it.

    Raises:
        ValueError: it is packed too deeply; and whatever a reader says of what it cannot open.
    """
    if depth < 0:
        raise ValueError("packed too deeply")
    yield data
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in archive.infolist():
                yield from _layers(_member(archive, member), depth - 1)
    for mark, opened in _MARKS.items():
        if data.startswith(mark):
            yield from _layers(opened(data), depth - 1)


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """A member of an archive; ``ValueError`` where it is far longer than what it was packed into."""
    with archive.open(member) as file:
        return bounded(file, member.compress_size)


def _gzip_opened(data: bytes) -> bytes:
    with gzip.open(io.BytesIO(data)) as file:
        return bounded(file, len(data))


def _bzip2_opened(data: bytes) -> bytes:
    with bz2.open(io.BytesIO(data)) as file:
        return bounded(file, len(data))


def _xz_opened(data: bytes) -> bytes:
    reader = lzma.LZMADecompressor(memlimit=_XZ_MEMORY)
    opened = reader.decompress(data, max(FREE, EXPANSION * len(data)))
    if not reader.eof or reader.unused_data:
        raise ValueError("unpacks to far more than it is long, or goes on behind its end")
    return opened


def _zstd_opened(data: bytes) -> bytes:
    import pyarrow as pa  # type: ignore[import-untyped]  # ships no types

    with pa.input_stream(pa.py_buffer(data), compression="zstd") as stream:
        return bounded(stream, len(data))


def _zstd_packed(data: bytes) -> bytes:
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.output_stream(sink, compression="zstd") as stream:
        stream.write(data)
    return bytes(sink.getvalue())


_TEXTS: Mapping[str, Callable[[bytes, Sought], tuple[bytes, int]]] = {
    ".csv": pruned_csv, ".json": pruned_json, ".jsonl": pruned_lines, ".ndjson": pruned_lines,
}  # fmt: skip
_PACKED: Mapping[str, tuple[Callable[[bytes], bytes], Callable[[bytes], bytes]]] = {
    ".gz": (_gzip_opened, lambda data: gzip.compress(data, mtime=0)),
    ".zst": (_zstd_opened, _zstd_packed),
}
_MARKS: Mapping[bytes, Callable[[bytes], bytes]] = {
    b"\x1f\x8b": _gzip_opened, b"\x28\xb5\x2f\xfd": _zstd_opened, b"\xfd7zXZ\x00": _xz_opened,
    **{b"BZh%d1AY&SY" % level: _bzip2_opened for level in range(1, 10)},
    b"PAR1": lambda data: str(pl.read_parquet(data).rows()).encode(),
}  # fmt: skip
"""By what the first bytes say, whatever a file is called: how it is opened."""
_PRUNED: Mapping[str, Callable[[Path, Sought], int]] = {
    **{text + packed: _text for text in _TEXTS for packed in ("", *_PACKED)},
    ".zip": _zip, ".xlsx": _workbook, ".parquet": _parquet, ".duckdb": _database,
}  # fmt: skip
"""How each kind of file is pruned."""
