"""Pseudonymous DuckDB snapshots for analysts: tables of tokens and values, views over them, comments, and a manifest.

``services.exports.snapshots`` writes and verifies them; ``connectors.analysts.parquet`` writes the other format. The manifest holds the
number of rows and a digest of every table, so that a lost or changed row is noticed. A snapshot names nobody.

DuckDB 2 writes a format that older tools cannot open, and downloads extensions by itself; both are switched off. A file to read may be
hostile. It is opened locked: no other file, no extension, no setting. Its catalogue is read by the full names of DuckDB's own functions,
because a file may redefine the short ones. Only tables with names like ours are read. A view is not run, and its columns are not looked at
before its text is one of ours: DuckDB tells the text as it has read it, and tells ours in the same way.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from connectors.analysts.locked_files import CONFIG, comments_in, open_locked, table_in, text_in_duckdb
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
from streams.disk.files import private_umask, replacing

__all__ = ["Aggregate", "scrub_snapshot", "snapshot_facts", "verify_snapshot", "write_snapshot"]

_ADDED = {**dict.fromkeys(("functions", "types", "schemas"), "NOT internal"), "sequences": "true", "indexes": "true"}
"""Kinds of objects that a snapshot never holds, and the condition for the file's own ones in DuckDB's list of that kind."""
_TYPE = r"(?:VARCHAR|BOOLEAN|DATE|DOUBLE|DECIMAL\([0-9]+,[0-9]+\)|U?(?:BIG|SMALL|TINY)?INT(?:EGER)?)"
_PLAIN = re.compile(rf'CREATE TABLE "?[a-z0-9_]+"?\("?[a-z0-9_]+"? {_TYPE}(?:, "?[a-z0-9_]+"? {_TYPE})*\);', re.ASCII)
"""How DuckDB describes a table of ours: columns of plain types, none computed on reading, no defaults, no constraints."""


def write_snapshot(
    path: Path,
    tables: Iterable[tuple[str, pl.DataFrame]],
    aggregates: Mapping[str, Aggregate],
    about: Mapping[str, str],
    comments: Mapping[str, TableComment] | None = None,
    has_views: bool = False,
) -> None:
    """Write a snapshot; it appears whole or not at all.

    Args:
        tables: (name, pseudonymous rows in a total order); each is asked for when the one before it is written.
        aggregates: tables of counts by name; small counts are left out here.
        about: facts for the reader: day, offset, versions; asked for when all tables are written.
        comments: by table.
        has_views: whether the views of ``connectors.analysts.views`` are added whose tables are there.

    Raises:
        ValueError: a name is not of small letters, digits and _, or there twice.
    """
    count_tables = ((name, without_small_counts(aggregate)) for name, aggregate in aggregates.items())
    comments = comments or {}
    with replacing(path) as part, private_umask(), duckdb.connect(":memory:", config={**CONFIG, "temp_directory": f"{part}.tmp"}) as con:
        part.unlink()  # DuckDB takes no empty file
        con.execute(f"ATTACH '{_quote(str(part.absolute()))}' AS snapshot (STORAGE_VERSION 'v1.4.0')")
        con.execute("USE snapshot")
        lines: list[ManifestLine] = []
        columns: dict[str, list[str]] = {}
        for name, frame in chain(tables, count_tables):
            lines.append(_write_table(con, checked_name(name, columns), frame, comment_of(comments, name, frame.columns)))
            columns[name] = frame.columns
        lines.append(_write_table(con, "about", about_frame(about), comment_of(comments, "about", ("key", "value"))))
        views = fitting_views(columns | {"about": ["key", "value"]}) if has_views else []
        lines += [_write_view(con, view) for view in views]
        _write_table(con, "manifest", manifest_frame(lines), MANIFEST_COMMENT)
        con.execute("USE memory")
        con.execute("DETACH snapshot")


def _write_table(con: duckdb.DuckDBPyConnection, name: str, frame: pl.DataFrame, comment: TableComment) -> ManifestLine:
    """Write a table with its comments; returns its line of the manifest."""
    con.register("incoming", frame)
    con.execute(f'CREATE TABLE snapshot."{name}" AS SELECT * FROM incoming')
    con.unregister("incoming")
    _write_comments(con, "TABLE", name, comment)
    return table_line(name, frame, comment)


def _write_view(con: duckdb.DuckDBPyConnection, view: View) -> ManifestLine:
    con.execute(f"CREATE VIEW {view.name} AS {view.sql}")
    _write_comments(con, "VIEW", view.name, view_comment(view))
    return view_line(view)


def _write_comments(con: duckdb.DuckDBPyConnection, kind: str, name: str, comment: TableComment) -> None:
    if comment.text:
        con.execute(f"COMMENT ON {kind} \"{name}\" IS '{_quote(comment.text)}'")
    for column, text in comment.columns.items():
        con.execute(f'COMMENT ON COLUMN "{name}"."{column}" IS \'{_quote(text)}\'')


def scrub_snapshot(path: Path, token: str) -> int:
    """Removes every row with a token from a snapshot of either format, and renews its manifest; returns how many rows.

    Raises:
        DamagedSnapshot: it is no snapshot, or differs from its manifest.
    """
    if path.is_dir():
        from connectors.analysts.parquet import scrub_folder

        return scrub_folder(path, token)
    verify_snapshot(path)
    removed_rows = 0
    with open_locked(path) as con:
        comments = comments_in(con)
        lines = _manifest(con, len(comments))
        names = [line.name for line in lines if line.rows is not None and line.name != "about"]
        about = dict(con.sql("SELECT key, value FROM about").fetchall())
        for name in names:
            frame = table_in(con, name)
            removed_rows += len(frame) - len(of_others(frame, token))
        if removed_rows:
            has_views = any(line.rows is None for line in lines)
            write_snapshot(path, ((name, of_others(table_in(con, name), token)) for name in names), {}, about, comments, has_views)
    return removed_rows


def verify_snapshot(path: Path) -> dict[str, int]:
    """Check a snapshot of either format against its manifest.

    Returns:
        The number of rows of each table, by name.

    Raises:
        DamagedSnapshot: it is no snapshot, or a table, view or comment is missing, added or changed.
    """
    if path.is_dir():
        from connectors.analysts.parquet import verify_folder

        return verify_folder(path)
    try:
        with open_locked(path) as con:
            return _verify(con, path)
    except duckdb.Error:
        raise damaged_snapshot(path, "不是可读的快照", "is not a snapshot that can be read") from None


def _verify(con: duckdb.DuckDBPyConnection, path: Path) -> dict[str, int]:
    statements = dict(con.sql("SELECT table_name, sql FROM system.main.duckdb_tables() WHERE NOT internal").fetchall())
    views = dict(con.sql("SELECT view_name, sql FROM system.main.duckdb_views() WHERE NOT internal").fetchall())
    has_more = any(con.sql(f"SELECT 1 FROM system.main.duckdb_{kind}() WHERE {own} LIMIT 1").fetchall() for kind, own in _ADDED.items())
    is_plain = all(NAME.fullmatch(name) and _PLAIN.fullmatch(text) for name, text in statements.items())
    if "manifest" not in statements or has_more or not is_plain:
        raise damaged_snapshot(path, "含有快照里不该有的内容", "holds what no snapshot has")
    lines = _manifest(con, len(statements) + len(views))
    own_views = {line.name: KNOWN_VIEWS.get((line.name, line.digest)) for line in lines if line.rows is None}
    if (
        any(view is None for view in own_views.values())
        or {name: text_in_duckdb(con, view) for name, view in own_views.items() if view} != views
    ):
        raise damaged_snapshot(path, "的视图与本版本的不同", "has other views than this version writes")
    tables = {line.name: line for line in lines if line.rows is not None}
    if set(statements) != {*tables, "manifest"} or len(lines) != len(tables) + len(own_views):
        raise damaged_snapshot(path, "表与清单不一致", "has other tables than its manifest")
    comments = comments_in(con)
    for name, view in own_views.items():
        if view and comments[name] != view_comment(view):
            raise damaged_snapshot(path, f"视图 {name} 的说明改过", f"has other comments on the view {name}")
    if comments["manifest"] not in (NO_COMMENT, MANIFEST_COMMENT):
        raise damaged_snapshot(path, "含有快照里不该有的内容", "holds what no snapshot has")
    for name, line in tables.items():
        if line != _line_of(con, name, comments[name]):
            raise damaged_snapshot(path, f"表 {name} 与清单不符", f"has a table {name} that is not what its manifest says")
    return {name: line.rows for name, line in tables.items() if line.rows is not None}


def _manifest(con: duckdb.DuckDBPyConnection, most: int) -> list[ManifestLine]:
    """The lines of the manifest, at most so many; of another kind of table, nothing."""
    frame: pl.DataFrame = con.sql("SELECT name, rows, digest FROM main.manifest LIMIT ?", params=[most]).pl()
    return [ManifestLine(*row) for row in frame.rows()] if dict(frame.schema) == MANIFEST else []


def snapshot_facts(path: Path) -> dict[str, str]:
    """What a snapshot says of itself (``about``), and the ``digest`` of its manifest; it is not verified.

    Raises:
        DamagedSnapshot: it is no snapshot.
    """
    if path.is_dir():
        from connectors.analysts.parquet import folder_facts

        return folder_facts(path)
    try:
        with open_locked(path) as con:
            about = con.sql("SELECT key, value FROM main.about LIMIT 1000").fetchall()
            lines = con.sql("SELECT name, rows, digest FROM main.manifest ORDER BY name LIMIT 10000").fetchall()
    except duckdb.Error:
        raise damaged_snapshot(path, "不是可读的快照", "is not a snapshot that can be read") from None
    return facts(dict(about), lines)


def _line_of(con: duckdb.DuckDBPyConnection, name: str, comment: TableComment) -> ManifestLine:
    relation: Any = con.sql(f'SELECT * FROM main."{name}"')  # a name of ours
    batches = relation.to_arrow_reader(SLICE)
    return counted_line(name, batches, batches.schema.empty_table(), comment)


def _quote(text: str) -> str:
    return text.replace("'", "''")
