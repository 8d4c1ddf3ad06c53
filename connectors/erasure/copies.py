"""Scrubs a person out of the files that a workspace keeps beside its state: exports, evidence, quarantine, snapshots for analysts.

``services.erasure.erasing`` calls it; it may be done again. Each kind of file is read by its own reader and written whole or not at all.
Then its bytes are searched, in every layer of packing. A file that still holds the person, or cannot be searched or written, is *left*: it
is named, and the erasure is not complete.
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
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from connectors.analysts.parquet import MANIFEST_FILE
from connectors.analysts.snapshot import scrub_snapshot, snapshot_facts
from connectors.erasure.scrubbing import ErasedPerson, scrub_csv, scrub_json, scrub_json_lines
from connectors.limits import EXPANSION, FREE, read_bounded
from connectors.lists.exports import Sheet, text_columns
from connectors.lists.titles import HIDDEN_TITLES
from connectors.lists.visit_sheets import is_about, is_visit_sheets
from connectors.lists.workbooks import write_xlsx
from connectors.parsing.workbooks import sheet_parts, structure
from streams.disk.files import replacing, write_whole

NOT_COPIES = frozenset(
    {
        "state", "identity", "feeds", "policies", "secret.key", "key.check", "log.head", "version", "units.yaml", "retention", "network",
        "accounts.sqlite", "audit",
    }
)  # fmt: skip
"""What is not searched: documents and accounts, which name no resident; store and vault, which are scrubbed elsewhere; the record of
access, from which the salt is taken."""
_DEEPEST = 5
_XZ_MEMORY = 256 << 20
Rows = list[tuple[str, ...]]
_TITLE = re.compile(rb"<dc:title>([^<]*)</dc:title>")


@dataclass(slots=True)
class ScrubbedCopies:
    """By kind of file, the rows removed and the files rewritten or removed; and the files left, as seen from the workspace."""

    rows: Counter[str] = field(default_factory=Counter)
    files: Counter[str] = field(default_factory=Counter)
    unerased_files: list[str] = field(default_factory=list)


def scrub_copies(root: Path, sought: ErasedPerson) -> ScrubbedCopies:
    """Scrubs a person out of every copy in a workspace's folder."""
    report = ScrubbedCopies()
    for path in sorted(_files(root, report.unerased_files)):
        try:
            clean = _clean(root, path, sought, report)
        except Exception:  # libraries raise errors of any kind; after any of them the file may not be clean
            clean = False
        if not clean:
            report.unerased_files.append(str(path.relative_to(root)))
    return report


def _files(root: Path, left: list[str]) -> Iterator[Path]:
    """Every file and link among the copies, and every snapshot that is a folder; folders that cannot be read are added to ``left``."""

    def unreadable(error: OSError) -> None:
        left.append(os.path.relpath(error.filename, root))

    for entry in root.iterdir():
        if entry.name in NOT_COPIES:
            continue
        if entry.is_symlink() or not entry.is_dir():
            yield entry
            continue
        for folder, folders, files in os.walk(entry, onerror=unreadable):
            if MANIFEST_FILE in files:  # a snapshot of many files is scrubbed as one
                folders.clear()
                yield Path(folder)
                continue
            yield from (path for name in (*folders, *files) if (path := Path(folder, name)).is_symlink() or path.is_file())


def _clean(root: Path, path: Path, sought: ErasedPerson, report: ScrubbedCopies) -> bool:
    """Scrub one file; whether nothing of the person is in it afterwards."""
    if path.is_symlink():  # never followed; a target inside the workspace is a file of its own
        return path.resolve().is_relative_to(root.resolve())
    if path.is_dir():
        return _clean_folder(path, sought, report)
    if not path.stat().st_size:
        return True
    kind = _kind(path)
    try:
        removed = _SCRUBBERS[kind](path, sought) if kind in _SCRUBBERS else 0
    except Exception as error:
        if kind not in _TEXTS or isinstance(error, OSError):
            raise
        removed = 0  # not such a text as its name says, but nothing is packed in it: the search of its bytes is enough
    if removed:
        report.rows[kind] += removed
        report.files[kind] += 1
    if not path.exists():
        return True
    data = path.read_bytes()
    if kind not in _SCRUBBERS and data[8:12] == b"DUCK":
        return False  # a DuckDB file packs its values, and under this name no reader has opened it
    if kind not in _SCRUBBERS and path.suffix.lower() in _PACKED:
        _PACKED[path.suffix.lower()][0](data)  # raises where the file is not packed as its name says: then a search is not enough
    return not any(needle in layer for layer in _layers(data) for needle in sought.needles())


def _clean_folder(path: Path, sought: ErasedPerson, report: ScrubbedCopies) -> bool:
    """Scrub a snapshot that is a folder. It holds verified tables and nothing else, so no search of its packed bytes is needed."""
    removed = _database(path, sought)
    if removed:
        report.rows[path.suffix] += removed
        report.files[path.suffix] += 1
    return True


def _kind(path: Path) -> str:
    """The last suffix of a file; of a packed text its last two."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    is_packed = suffixes[-1:] and suffixes[-1] in _PACKED
    return "".join(suffixes[-2:] if is_packed else suffixes[-1:])


def _text(path: Path, sought: ErasedPerson) -> int:
    """A text, packed or not: rewritten without the person, or removed where nothing else was in it."""
    suffix = path.suffix.lower()
    data = path.read_bytes()
    content = _PACKED[suffix][0](data) if suffix in _PACKED else data
    inner = path.with_suffix("").suffix if suffix in _PACKED else path.suffix
    rest, removed = _TEXTS[inner.lower()](content, sought)
    if removed and rest:
        write_whole(path, _PACKED[suffix][1](rest) if suffix in _PACKED else rest)
    elif removed:
        path.unlink()
    return removed


def _zip(path: Path, sought: ErasedPerson) -> int:
    """An archive of texts; members of other kinds stay as they are."""
    removed = 0
    buffer = io.BytesIO()
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as anew:
        for member in archive.infolist():
            data = _member(archive, member)
            scrub = _TEXTS.get(Path(member.filename).suffix.lower())
            rest, count = scrub(data, sought) if scrub else (data, 0)
            removed += count
            if rest or not count:
                anew.writestr(member, rest, zipfile.ZIP_DEFLATED)
    if removed:
        write_whole(path, buffer.getvalue())
    return removed


def _workbook(path: Path, sought: ErasedPerson) -> int:
    """A workbook such as ``connectors.lists.workbooks`` writes: a header and rows on each visible sheet.

    Afterwards every cell is a text, and there are no drop-downs any more; the list can be exported anew. Sheets of one list, which have one
    header, stay one list; others (what changed, the filter) stay beside it.
    """
    import fastexcel

    parts = sheet_parts(path)
    for sheet in parts:  # held against the limits before the reader allocates
        structure(path, sheet.part)
    with zipfile.ZipFile(path) as archive:
        title = _TITLE.search(archive.read("docProps/core.xml"))
    try:
        reader = fastexcel.read_excel(path)
    except fastexcel.FastExcelError as error:
        raise ValueError("no workbook") from error
    lists, removed = dict[tuple[str, ...], list[tuple[str, Rows]]](), 0
    for sheet in parts:
        rows = reader.load_sheet(sheet.name, header_row=None, dtypes="string").to_polars().fill_null("").rows()
        rest = [row for row in rows if not any(sought.is_named_by(cell) for cell in row)]
        removed += len(rows) - len(rest)
        if sheet.visible and rest:
            lists.setdefault(rest[0], []).append((sheet.name, rest[1:]))
    if removed and not lists:
        path.unlink()
    elif removed:
        name = title[1].decode() if title else path.stem
        first, *others = [_scrubbed_list(name, header, pages) for header, pages in lists.items()]
        write_xlsx(path, first, others)
    return removed


def _scrubbed_list(name: str, header: tuple[str, ...], pages: Sequence[tuple[str, Rows]]) -> Sheet:
    """A list without the person, on its sheets; columns that only programs read stay hidden."""
    columns = tuple(replace(column, visible=column.title not in HIDDEN_TITLES) for column in text_columns(header))
    rows = [row for _, rows in pages for row in rows]
    return Sheet(name, columns, rows, pages=tuple((page, len(rows)) for page, rows in pages))


def _parquet(path: Path, sought: ErasedPerson) -> int:
    frame = pl.read_parquet(path, glob=False)
    matches = pl.Series([any(sought.is_named_by(cell) for cell in row) for row in frame.iter_rows()], dtype=pl.Boolean)
    if matches.any():
        with replacing(path) as part:
            frame.filter(~matches).write_parquet(part)
    return int(matches.sum())


def _database(path: Path, sought: ErasedPerson) -> int:
    """A snapshot: by the person's token in it, or in one of format 2, by that of the network.

    Raises:
        ValueError: its key is not here, so that nobody can tell whether the person is in it.
    """
    name = snapshot_facts(path).get("snapshot")
    if name is not None and name not in sought.released:
        raise ValueError("no key")
    return scrub_snapshot(path, sought.hexadecimal if name is None else f"{sought.released[name]:016x}")


def _visit_sheets(path: Path, sought: ErasedPerson) -> int:
    """Visit sheets with a page about the person are removed: a PDF cannot lose one page's text, and all the others can be written again."""
    if not (is_visit_sheets(path) and is_about(path, sought.token)):
        return 0
    path.unlink()
    return 1


def _layers(data: bytes, depth: int = _DEEPEST) -> Iterator[bytes]:
    """The bytes of a file, and of everything that is packed in it.

    Raises:
        ValueError: it is packed too deeply. Also the errors of readers that cannot open it.
    """
    if depth < 0:
        raise ValueError("packed too deeply")
    yield data
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in archive.infolist():
                yield from _layers(_member(archive, member), depth - 1)
    for mark, open_packed in _MARKS.items():
        if data.startswith(mark):
            yield from _layers(open_packed(data), depth - 1)


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """A member of an archive; ``ValueError`` where it is far longer than its packed bytes."""
    with archive.open(member) as file:
        return read_bounded(file, member.compress_size)


def _gzip_opened(data: bytes) -> bytes:
    with gzip.open(io.BytesIO(data)) as file:
        return read_bounded(file, len(data))


def _bzip2_opened(data: bytes) -> bytes:
    with bz2.open(io.BytesIO(data)) as file:
        return read_bounded(file, len(data))


def _xz_opened(data: bytes) -> bytes:
    reader = lzma.LZMADecompressor(memlimit=_XZ_MEMORY)
    content = reader.decompress(data, max(FREE, EXPANSION * len(data)))
    if not reader.eof or reader.unused_data:
        raise ValueError("unpacks to far more than it is long, or goes on behind its end")
    return content


def _zstd_opened(data: bytes) -> bytes:
    import pyarrow as pa  # type: ignore[import-untyped]  # ships no types

    with pa.input_stream(pa.py_buffer(data), compression="zstd") as stream:
        return read_bounded(stream, len(data))


def _zstd_packed(data: bytes) -> bytes:
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.output_stream(sink, compression="zstd") as stream:
        stream.write(data)
    return bytes(sink.getvalue())


_TEXTS: Mapping[str, Callable[[bytes, ErasedPerson], tuple[bytes, int]]] = {
    ".csv": scrub_csv, ".json": scrub_json, ".jsonl": scrub_json_lines, ".ndjson": scrub_json_lines,
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
"""By first bytes, whatever the file is called: how it is unpacked."""
_SCRUBBERS: Mapping[str, Callable[[Path, ErasedPerson], int]] = {
    **{text + packed: _text for text in _TEXTS for packed in ("", *_PACKED)},
    ".zip": _zip, ".xlsx": _workbook, ".parquet": _parquet, ".duckdb": _database, ".pdf": _visit_sheets,
}  # fmt: skip
"""How each kind of file is scrubbed."""
