"""Copies of lists that a workspace keeps, without one person: exports, evidence, quarantine, snapshots for analysts; packed or not.

The one idea: each kind of file is read by its own reader and written whole or not at all; a file that no reader here knows is looked
through byte by byte, and named where it holds her, for a person to deal with. May be done again.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from connectors.exports import Sheet, write_xlsx
from connectors.faults import DamagedSnapshot
from connectors.files import replaced
from connectors.pruning import Sought, pruned_csv, pruned_json, pruned_lines
from connectors.snapshot import rewritten

NOT_COPIES = frozenset({"state", "identity", "feeds", "policies", "secret.key", "version", "units.yaml", "retention", "network"})
"""What of a workspace holds no list: documents, the store and the vault, which have their own ways."""
_TITLE = re.compile(rb"<dc:title>([^<]*)</dc:title>")


@dataclass(slots=True)
class Copies:
    """What was done: rows taken out by kind of file, files of which nothing stayed, and files that hold her and could not be read."""

    rows: Counter[str] = field(default_factory=Counter)
    files: Counter[str] = field(default_factory=Counter)
    left: list[str] = field(default_factory=list)


def prune(root: Path, sought: Sought) -> Copies:
    """Takes a person out of every copy under a workspace's folder."""
    done = Copies()
    for path in sorted(_files(root)):
        if path.name.endswith(".part"):  # what a stopped writer left
            path.unlink()
            continue
        kind, gone = _kind(path), 0
        try:
            gone = _PRUNED[kind](path, sought) if kind in _PRUNED else 0
        except (ValueError, OSError, csv.Error, DamagedSnapshot, pl.exceptions.PolarsError, zipfile.BadZipFile, EOFError):
            kind = ""
        if gone:
            done.rows[kind] += gone
            done.files[kind] += 1
        if path.exists() and _holds(path, sought):
            done.left.append(str(path.relative_to(root)))
    return done


def _files(root: Path) -> Iterator[Path]:
    for entry in root.iterdir():
        if entry.name not in NOT_COPIES:
            yield from (path for path in (entry.rglob("*") if entry.is_dir() else (entry,)) if path.is_file())


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
        with replaced(path) as part:
            part.write_bytes(_PACKED[packed][1](kept) if packed in _PACKED else kept)
    elif gone:
        path.unlink()
    return gone


def _zip(path: Path, sought: Sought) -> int:
    """An archive of texts; members of other kinds stay as they are."""
    gone = 0
    packed = io.BytesIO()
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as anew:
        for member in archive.infolist():
            data = archive.read(member)
            pruned = _TEXTS.get(Path(member.filename).suffix.lower())
            kept, count = pruned(data, sought) if pruned else (data, 0)
            gone += count
            if kept or not count:
                anew.writestr(member, kept, zipfile.ZIP_DEFLATED)
    if gone:
        with replaced(path) as part:
            part.write_bytes(packed.getvalue())
    return gone


def _workbook(path: Path, sought: Sought) -> int:
    """A workbook as ``connectors.exports`` writes them: one table over its sheets, every cell a text."""
    import fastexcel

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
    frame = pl.read_parquet(path)
    hers = pl.Series([any(sought.is_hers(cell) for cell in row) for row in frame.iter_rows()], dtype=pl.Boolean)
    if hers.any():
        with replaced(path) as part:
            frame.filter(~hers).write_parquet(part)
    return int(hers.sum())


def _database(path: Path, sought: Sought) -> int:
    return rewritten(path, sought.hexadecimal)


def _holds(path: Path, sought: Sought) -> bool:
    """Is she in the bytes of a file, or in those it unpacks to?"""
    data = [path.read_bytes()]
    if path.suffix.lower() in _PACKED:
        with suppress(OSError, EOFError, ValueError):  # where it is not packed as it says, its own bytes are all there is
            data.append(_PACKED[path.suffix.lower()][0](data[0]))
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            data += [archive.read(member) for member in archive.infolist()]
    return any(needle in one for one in data for needle in sought.needles())


def _zstd_opened(data: bytes) -> bytes:
    import pyarrow as pa  # type: ignore[import-untyped]  # ships no types

    with pa.input_stream(pa.py_buffer(data), compression="zstd") as stream:
        opened: bytes = stream.read()
    return opened


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
    ".gz": (gzip.decompress, lambda data: gzip.compress(data, mtime=0)),
    ".zst": (_zstd_opened, _zstd_packed),
}
_PRUNED: Mapping[str, Callable[[Path, Sought], int]] = {
    **{text + packed: _text for text in _TEXTS for packed in ("", *_PACKED)},
    ".zip": _zip, ".xlsx": _workbook, ".parquet": _parquet, ".duckdb": _database,
}  # fmt: skip
"""How each kind of file is pruned."""
