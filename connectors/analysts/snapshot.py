"""Pseudonymous DuckDB snapshots for analysts: tables of tokens and values, counts without small ones, and a manifest.

``services.exports.snapshots`` writes and verifies them. The manifest holds the number of rows and a digest of every table, so that a lost
or changed row is noticed. A snapshot names nobody, and shows no count of one to four people.

DuckDB 2 writes a format that older tools cannot open, and downloads extensions by itself; both are switched off. A file to read may be
hostile. It is opened locked: no other file, no extension, no setting. Its catalogue is read by the full names of DuckDB's own functions,
because a file may redefine the short ones. Only tables with names like ours are read.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from connectors.contracts.faults import DamagedSnapshot
from policies.values import Text
from streams.disk.files import private_umask, replacing

SMALLEST = 5
"""Counts of one to four people are null."""
_CONFIG: dict[str, Any] = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
_LOCKED: dict[str, Any] = {
    **_CONFIG, "enable_external_access": "false", "allow_community_extensions": "false", "python_enable_replacements": "false",
    "lock_configuration": "true",
}  # fmt: skip
_ADDED = {**dict.fromkeys(("views", "functions", "types", "schemas"), "NOT internal"), "sequences": "true", "indexes": "true"}
"""Kinds of objects that a snapshot never holds, and the condition for the file's own ones in DuckDB's list of that kind."""
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_TYPE = r"(?:VARCHAR|BOOLEAN|DATE|DOUBLE|DECIMAL\([0-9]+,[0-9]+\)|U?(?:BIG|SMALL|TINY)?INT(?:EGER)?)"
_PLAIN = re.compile(rf'CREATE TABLE "?[a-z0-9_]+"?\("?[a-z0-9_]+"? {_TYPE}(?:, "?[a-z0-9_]+"? {_TYPE})*\);', re.ASCII)
"""How DuckDB describes a table of ours: columns of plain types, none computed on reading, no defaults, no constraints."""
_OWN = ("manifest", "about")
_SLICE = 100_000


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A table of counts: its frame, and the columns that count people."""

    frame: pl.DataFrame
    counts: tuple[str, ...]


def write_snapshot(
    path: Path, tables: Iterable[tuple[str, pl.DataFrame]], aggregates: Mapping[str, Aggregate], about: Mapping[str, str]
) -> None:
    """Write a snapshot; it appears whole or not at all.

    Args:
        tables: (name, pseudonymous rows in a total order); each is asked for when the one before it is written.
        aggregates: tables of counts by name; small counts are left out here.
        about: facts for the reader: day, offset, versions; asked for when all tables are written.

    Raises:
        ValueError: a name is not of small letters, digits and _, or there twice.
    """
    count_tables = ((name, without_small_counts(aggregate)) for name, aggregate in aggregates.items())
    with replacing(path) as part, private_umask(), duckdb.connect(":memory:", config={**_CONFIG, "temp_directory": f"{part}.tmp"}) as con:
        part.unlink()  # DuckDB takes no empty file
        con.execute(f"ATTACH '{_quote_path(part)}' AS snapshot (STORAGE_VERSION 'v1.4.0')")
        lines: list[tuple[str, int, str]] = []
        for name, frame in chain(tables, count_tables):
            if not _NAME.fullmatch(name) or name in _OWN or any(name == earlier for earlier, _, _ in lines):
                raise ValueError(f"not a name for a table of a snapshot: {name!r}")
            lines.append(_write_table(con, name, frame))
        about_frame = pl.DataFrame({"key": list(about), "value": list(about.values())}, schema={"key": pl.String, "value": pl.String})
        lines.append(_write_table(con, "about", about_frame))
        con.register("incoming", pl.DataFrame(lines, schema={"name": pl.String, "rows": pl.Int64, "digest": pl.String}, orient="row"))
        con.execute("CREATE TABLE snapshot.manifest AS SELECT * FROM incoming")
        con.execute("DETACH snapshot")


def _write_table(con: duckdb.DuckDBPyConnection, name: str, frame: pl.DataFrame) -> tuple[str, int, str]:
    """Write a table; returns its line of the manifest: name, rows and digest."""
    con.register("incoming", frame)
    con.execute(f'CREATE TABLE snapshot."{name}" AS SELECT * FROM incoming')
    con.unregister("incoming")
    return name, len(frame), _digest(frame.schema, (frame.slice(start, _SLICE) for start in range(0, len(frame), _SLICE)))


def scrub_snapshot(path: Path, token: str) -> int:
    """Removes every row with a token from a snapshot, and renews its manifest; returns how many rows.

    Raises:
        DamagedSnapshot: it is no snapshot, or differs from its manifest.
    """
    verify_snapshot(path)
    removed_rows = 0
    with _open_locked(path) as con:
        names = [name for (name,) in con.sql("SELECT name FROM manifest").fetchall() if name != "about"]
        about = dict(con.sql("SELECT key, value FROM about").fetchall())
        for name in names:
            frame = _table(con, name)
            removed_rows += len(frame) - len(_of_others(frame, token))
        if removed_rows:
            write_snapshot(path, ((name, _of_others(_table(con, name), token)) for name in names), {}, about)
    return removed_rows


def _of_others(frame: pl.DataFrame, token: str) -> pl.DataFrame:
    texts = [name for name, type_ in frame.schema.items() if type_ == pl.String]
    return frame.filter(~pl.any_horizontal(pl.col(texts) == token).fill_null(False)) if texts else frame


def verify_snapshot(path: Path) -> dict[str, int]:
    """Check a snapshot against its manifest.

    Returns:
        The number of rows of each table, by name.

    Raises:
        DamagedSnapshot: it is no snapshot, or a table is missing, added or changed.
    """
    try:
        with _open_locked(path) as con:
            statements = dict(con.sql("SELECT table_name, sql FROM system.main.duckdb_tables() WHERE NOT internal").fetchall())
            there = set(statements)
            has_more = any(
                con.sql(f"SELECT 1 FROM system.main.duckdb_{kind}() WHERE {own} LIMIT 1").fetchall() for kind, own in _ADDED.items()
            )
            is_plain = all(_NAME.fullmatch(name) and _PLAIN.fullmatch(text) for name, text in statements.items())
            if "manifest" not in there or has_more or not is_plain:
                raise _damaged_snapshot(path, "含有快照里不该有的内容", "holds what no snapshot has")
            lines = con.execute("SELECT name, rows, digest FROM manifest LIMIT ?", [len(there)]).fetchall()
            manifest = {name: (rows, digest) for name, rows, digest in lines}
            if there != {*manifest, "manifest"} or len(lines) != len(manifest):
                raise _damaged_snapshot(path, "表与清单不一致", "has other tables than its manifest")
            for name, (rows, digest) in manifest.items():
                if (rows, digest) != _count_and_digest(con, name):
                    raise _damaged_snapshot(path, f"表 {name} 与清单不符", f"has a table {name} that is not what its manifest says")
    except duckdb.Error:
        raise _damaged_snapshot(path, "不是可读的快照", "is not a snapshot that can be read") from None
    return {name: rows for name, (rows, _) in manifest.items()}


def snapshot_facts(path: Path) -> dict[str, str]:
    """What a snapshot says of itself (``about``), and the ``digest`` of its manifest; it is not verified.

    Raises:
        DamagedSnapshot: it is no snapshot.
    """
    try:
        with _open_locked(path) as con:
            about = con.sql("SELECT key, value FROM main.about LIMIT 1000").fetchall()
            lines = con.sql("SELECT name, rows, digest FROM main.manifest ORDER BY name LIMIT 10000").fetchall()
    except duckdb.Error:
        raise _damaged_snapshot(path, "不是可读的快照", "is not a snapshot that can be read") from None
    return {**dict(about), "digest": hashlib.blake2b(repr(lines).encode(), digest_size=16).hexdigest()}


def _open_locked(path: Path) -> duckdb.DuckDBPyConnection:
    """A connection to a snapshot; nothing in the file can reach outside it."""
    return duckdb.connect(str(path.absolute()), read_only=True, config=_LOCKED)  # absolute, since a bare name may be that of a service


def without_small_counts(aggregate: Aggregate) -> pl.DataFrame:
    """The counts, null where they are of one to four people; zero stays, because it is about nobody.

    Example:
        >>> suppressed(Aggregate(pl.DataFrame({"n": [0, 4, 5]}), ("n",)))["n"].to_list()
        [0, None, 5]
    """
    small = [pl.when(pl.col(c).is_between(1, SMALLEST - 1)).then(None).otherwise(pl.col(c)).alias(c) for c in aggregate.counts]
    return aggregate.frame.with_columns(small)


def _digest(schema: pl.Schema, slices: Iterable[pl.DataFrame]) -> str:
    """BLAKE2b of a table as CSV, in its order, each slice with a header."""
    digest = hashlib.blake2b(str(schema).encode(), digest_size=16)
    for frame in slices:
        text = io.BytesIO()
        frame.write_csv(text, null_value="\x00")
        digest.update(text.getbuffer())
    return digest.hexdigest()


def _count_and_digest(con: duckdb.DuckDBPyConnection, name: str) -> tuple[int, str]:
    """The number of rows of a table and their digest, read in slices: a small file can hold very many rows."""
    relation: Any = con.sql(f'SELECT * FROM main."{name}"')  # a name of ours
    batches = relation.to_arrow_reader(_SLICE)
    left, rows = pl.DataFrame(pl.from_arrow(batches.schema.empty_table())), 0
    schema = left.schema

    def slices() -> Iterator[pl.DataFrame]:
        nonlocal rows, left
        for batch in batches:  # DuckDB decides how many rows each has
            left = pl.concat([left, pl.DataFrame(pl.from_arrow(batch))])
            while len(left) >= _SLICE:
                rows += _SLICE
                yield left.slice(0, _SLICE)
                left = left.slice(_SLICE)
        rows += len(left)
        if len(left):
            yield left

    digest = _digest(schema, slices())
    return rows, digest


def _table(con: duckdb.DuckDBPyConnection, name: str) -> pl.DataFrame:
    """A table of a snapshot; ``verify_snapshot`` has checked its name."""
    frame: pl.DataFrame = con.sql(f'SELECT * FROM main."{name}"').pl()
    return frame


def _quote_path(path: Path) -> str:
    return str(path.absolute()).replace("'", "''")


def _damaged_snapshot(path: Path, zh: str, en: str) -> DamagedSnapshot:
    return DamagedSnapshot(Text(f"快照 {path.name} {zh}；请重新生成。", f"The snapshot {path.name} {en}; make a new one."))
