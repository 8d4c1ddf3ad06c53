"""Snapshots as a folder of Parquet files: one for each table, the manifest, and ``views.sql``, by which DuckDB opens the whole.

``services.exports.snapshots`` writes them; ``connectors.analysts.snapshot`` hands folders to verify or to scrub on to here. Comments are in
the metadata of each file and in ``views.sql``, which follows from the other files and is compared word for word.

A folder to read may be hostile. Only plain files with names like ours are opened, of columns of plain types; rows are counted by the file's
own word before the first is read, and then read in slices. ``views.sql`` is compared, never run.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]  # pyarrow ships no types
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from connectors.analysts.manifest import (
    KNOWN_VIEWS,
    MANIFEST,
    MANIFEST_COMMENT,
    NAME,
    NO_COMMENT,
    SLICE,
    Aggregate,
    ManifestLine,
    TableComment,
    about_frame,
    checked_name,
    comment_of,
    counted_line,
    damaged_snapshot,
    facts,
    fitting_views,
    manifest_frame,
    of_others,
    table_line,
    view_comment,
    view_line,
    without_small_counts,
)
from connectors.analysts.views import View
from streams.disk.files import bytes_at, private_umask, replacing_folder

SUFFIX = ".parquet"
MANIFEST_FILE = "manifest.parquet"
SCRIPT = "views.sql"
_COMMENTS = "comments"
"""The key of a file's comments in its metadata."""
_MOST_TABLES = 10_000
_UNREADABLE = (OSError, ValueError, RecursionError, pa.ArrowException, pl.exceptions.PolarsError)
_PLAIN = (
    pl.String,
    pl.Boolean,
    pl.Date,
    pl.Float64,
    pl.Decimal,
    pl.Int8,
    pl.Int16,
    pl.Int32,
    pl.Int64,
    pl.UInt8,
    pl.UInt16,
    pl.UInt32,
    pl.UInt64,
)


def write_folder(
    path: Path,
    tables: Iterable[tuple[str, pl.DataFrame]],
    aggregates: Mapping[str, Aggregate],
    about: Mapping[str, str],
    comments: Mapping[str, TableComment] | None = None,
    has_views: bool = False,
) -> None:
    """Write a snapshot as a folder; it appears whole or not at all. Args and Raises: as for ``write_snapshot``."""
    count_tables = ((name, without_small_counts(aggregate)) for name, aggregate in aggregates.items())
    comments = comments or {}
    with replacing_folder(path) as part, private_umask():
        lines: list[ManifestLine] = []
        columns: dict[str, list[str]] = {}
        fitting_comments: dict[str, TableComment] = {}
        for name, frame in chain(tables, count_tables):
            fitting_comments[name] = comment_of(comments, name, frame.columns)
            lines.append(_write_table(part, checked_name(name, columns), frame, fitting_comments[name]))
            columns[name] = frame.columns
        fitting_comments["about"] = comment_of(comments, "about", ("key", "value"))
        lines.append(_write_table(part, "about", about_frame(about), fitting_comments["about"]))
        views = fitting_views(columns | {"about": ["key", "value"]}) if has_views else []
        lines += [view_line(view) for view in views]
        _write_table(part, "manifest", manifest_frame(lines), MANIFEST_COMMENT)
        (part / SCRIPT).write_text(_script(fitting_comments, views), encoding="utf-8")


def verify_folder(path: Path) -> dict[str, int]:
    """Check a snapshot of Parquet files against its manifest; returns the number of rows of each table.

    Raises:
        DamagedSnapshot: it is no snapshot, or something is missing, added or changed.
    """
    try:
        return _verify(path)
    except _UNREADABLE:
        raise damaged_snapshot(path, "不是可读的快照", "is not a snapshot that can be read") from None


def folder_facts(path: Path) -> dict[str, str]:
    """What a snapshot says of itself, and the ``digest`` of its manifest; it is not verified.

    Raises:
        DamagedSnapshot: it is no snapshot.
    """
    try:
        lines = sorted((line.name, line.rows, line.digest) for line in _manifest(path))
        about = frame_in_folder(path, "about")
        if about.columns != ["key", "value"]:
            raise ValueError("another kind of table")
    except _UNREADABLE:
        raise damaged_snapshot(path, "不是可读的快照", "is not a snapshot that can be read") from None
    return facts(dict(about.rows()), lines)


def scrub_folder(path: Path, token: str) -> int:
    """Removes every row with a token from a snapshot of Parquet files, and renews its manifest; returns how many rows.

    Raises:
        DamagedSnapshot: it is no snapshot, or differs from its manifest.
    """
    verify_folder(path)
    lines = _manifest(path)
    names = [line.name for line in lines if line.rows is not None and line.name != "about"]
    about = dict(frame_in_folder(path, "about").rows())
    comments = {name: _comment(_file(path, name)) for name in (*names, "about")}
    removed_rows = sum(len(frame) - len(of_others(frame, token)) for frame in (frame_in_folder(path, name) for name in names))
    if removed_rows:
        has_views = any(line.rows is None for line in lines)
        write_folder(path, ((name, of_others(frame_in_folder(path, name), token)) for name in names), {}, about, comments, has_views)
    return removed_rows


def _write_table(folder: Path, name: str, frame: pl.DataFrame, comment: TableComment) -> ManifestLine:
    text = json.dumps([comment.text, dict(comment.columns)], ensure_ascii=False)
    frame.write_parquet(folder / f"{name}{SUFFIX}", metadata={_COMMENTS: text} if comment else {})
    return table_line(name, frame, comment)


def _verify(path: Path) -> dict[str, int]:
    lines = _manifest(path)
    tables = {line.name: line for line in lines if line.rows is not None}
    views = [KNOWN_VIEWS.get((line.name, line.digest)) for line in lines if line.rows is None]
    known_views = [view for view in views if view is not None]
    if not all(NAME.fullmatch(name) for name in tables) or len(lines) != len({line.name for line in lines}):
        raise damaged_snapshot(path, "含有快照里不该有的内容", "holds what no snapshot has")
    if len(known_views) != len(views):
        raise damaged_snapshot(path, "的视图与本版本的不同", "has other views than this version writes")
    expected = {f"{name}{SUFFIX}" for name in tables} | {MANIFEST_FILE, SCRIPT}
    if {entry.name for entry in path.iterdir()} != expected or "manifest" in tables:
        raise damaged_snapshot(path, "文件与清单不一致", "has other files than its manifest")
    for name, line in tables.items():
        file = _file(path, name)
        if file.metadata.num_rows != line.rows or line != counted_line(
            name, _batches(file), file.schema_arrow.empty_table(), _comment(file)
        ):
            raise damaged_snapshot(path, f"表 {name} 与清单不符", f"has a table {name} that is not what its manifest says")
    script = _script({name: _comment(_file(path, name)) for name in tables}, known_views).encode()
    if bytes_at(path / SCRIPT, len(script)) != script:
        raise damaged_snapshot(path, f"的 {SCRIPT} 与本版本的不同", f"has another {SCRIPT} than this version writes")
    return {name: line.rows for name, line in tables.items() if line.rows is not None}


def _manifest(path: Path) -> list[ManifestLine]:
    file = _file(path, "manifest")
    if file.metadata.num_rows > _MOST_TABLES:
        raise ValueError("a manifest of too many lines")
    frame = frame_in_folder(path, "manifest")
    if dict(frame.schema) != MANIFEST or _comment(file) not in (NO_COMMENT, MANIFEST_COMMENT):
        raise ValueError("another kind of manifest")
    return [ManifestLine(*row) for row in frame.rows()]


def _file(path: Path, name: str) -> Any:
    """An opened file of the folder.

    Raises:
        ValueError: it is a link or no file, or has columns that no table of ours has.
    """
    file = path / f"{name}{SUFFIX}"
    if file.is_symlink() or not file.is_file():
        raise ValueError("no file")
    opened = pq.ParquetFile(file)
    columns = pl.DataFrame(pl.from_arrow(opened.schema_arrow.empty_table())).schema
    if not all(NAME.fullmatch(column) and isinstance(type_, _PLAIN) for column, type_ in columns.items()):
        raise ValueError("columns of another kind")
    return opened


def _batches(file: Any) -> Iterator[Any]:
    return (pa.Table.from_batches([batch]) for batch in file.iter_batches(SLICE))


def frame_in_folder(path: Path, name: str) -> pl.DataFrame:
    """A table of a snapshot of Parquet files."""
    return pl.DataFrame(pl.from_arrow(_file(path, name).read()))


def _comment(file: Any) -> TableComment:
    """The comments in a file's metadata.

    Raises:
        ValueError: they are of another kind.
    """
    data = (file.metadata.metadata or {}).get(_COMMENTS.encode())
    if data is None:
        return NO_COMMENT
    match json.loads(data):
        case [str(text), dict(columns)] if all(isinstance(value, str) for value in columns.values()) and columns.keys() <= set(
            file.schema_arrow.names
        ):
            return TableComment(text, columns)
    raise ValueError("comments of another kind")


def _script(comments: Mapping[str, TableComment], views: Iterable[View]) -> str:
    """The statements that open the folder in DuckDB: ``duckdb -init views.sql`` inside it."""
    statements = [f"CREATE VIEW \"{name}\" AS FROM read_parquet('{name}{SUFFIX}')" for name in sorted({*comments, "manifest"})]
    statements += [f'CREATE VIEW "{view.name}" AS {view.sql}' for view in views]
    for name, comment in [*sorted(comments.items()), *((view.name, view_comment(view)) for view in views)]:
        if comment.text:
            statements.append(f"COMMENT ON VIEW \"{name}\" IS '{_quote(comment.text)}'")
        statements += [f'COMMENT ON COLUMN "{name}"."{column}" IS \'{_quote(text)}\'' for column, text in comment.columns.items()]
    return "".join(f"{statement};\n" for statement in statements)


def _quote(text: str) -> str:
    return text.replace("'", "''")
