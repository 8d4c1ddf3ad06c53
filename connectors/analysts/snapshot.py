"""Pseudonymous DuckDB snapshots for analysts: tables of tokens and values, counts with small cells left out, and a manifest.

The one idea: the file says of itself what is in it. The manifest holds rows and a digest of every table, so a copy that lost or changed
something is found; nothing in it names anybody, and no count below five can be told.

DuckDB 2 writes a format older tools cannot open unless told otherwise, and fetches extensions by itself unless forbidden. A file that is
read may be anybody's: it is opened locked (no file but itself, no extension, no setting), its catalogue is asked for by the full name of
DuckDB's own functions, which a file may define anew, and only what bears a name of ours is read.
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
from streams.disk.files import private_umask, replaced

SMALLEST = 5
"""Counts of one to four people are null."""
_CONFIG: dict[str, Any] = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
_LOCKED: dict[str, Any] = {
    **_CONFIG, "enable_external_access": "false", "allow_community_extensions": "false", "python_enable_replacements": "false",
    "lock_configuration": "true",
}  # fmt: skip
_ADDED = {**dict.fromkeys(("views", "functions", "types", "schemas"), "NOT internal"), "sequences": "true", "indexes": "true"}
"""What else a DuckDB file may hold, and a snapshot does not: which rows of DuckDB's lists are the file's own."""
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_TYPE = r"(?:VARCHAR|BOOLEAN|DATE|DOUBLE|DECIMAL\([0-9]+,[0-9]+\)|U?(?:BIG|SMALL|TINY)?INT(?:EGER)?)"
_PLAIN = re.compile(rf'CREATE TABLE "?[a-z0-9_]+"?\("?[a-z0-9_]+"? {_TYPE}(?:, "?[a-z0-9_]+"? {_TYPE})*\);', re.ASCII)
"""How DuckDB tells a table of ours: columns of plain types, none of which is computed when it is read, no defaults, no constraints."""
_OWN = ("manifest", "about")
_SLICE = 100_000


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A table of counts: its frame and which columns count people."""

    frame: pl.DataFrame
    counts: tuple[str, ...]


def write_snapshot(
    path: Path, tables: Iterable[tuple[str, pl.DataFrame]], aggregates: Mapping[str, Aggregate], about: Mapping[str, str]
) -> None:
    """Write a snapshot; it appears whole or not at all.

    Args:
        tables: (name, table of pseudonymous rows in a total order), each taken when the one before is written.
        aggregates: by name, tables of counts; small cells are suppressed here.
        about: what the reader should know: day, offset, versions.

    Raises:
        ValueError: a name is not of small letters, digits and _, or taken.
    """
    counted = ((name, suppressed(aggregate)) for name, aggregate in aggregates.items())
    told = pl.DataFrame({"key": list(about), "value": list(about.values())}, schema={"key": pl.String, "value": pl.String})
    with replaced(path) as part, private_umask(), duckdb.connect(":memory:", config={**_CONFIG, "temp_directory": f"{part}.tmp"}) as con:
        part.unlink()  # DuckDB takes no empty file
        con.execute(f"ATTACH '{_quoted(part)}' AS snapshot (STORAGE_VERSION 'v1.4.0')")
        lines: list[tuple[str, int, str]] = []
        for name, frame in chain(tables, counted):
            if not _NAME.fullmatch(name) or name in _OWN or any(name == written for written, _, _ in lines):
                raise ValueError(f"not a name for a table of a snapshot: {name!r}")
            lines.append(_written(con, name, frame))
        lines.append(_written(con, "about", told))
        con.register("incoming", pl.DataFrame(lines, schema={"name": pl.String, "rows": pl.Int64, "digest": pl.String}, orient="row"))
        con.execute("CREATE TABLE snapshot.manifest AS SELECT * FROM incoming")
        con.execute("DETACH snapshot")


def _written(con: duckdb.DuckDBPyConnection, name: str, frame: pl.DataFrame) -> tuple[str, int, str]:
    """Write a table; returns its line of the manifest: what should be there, for the file to be held against."""
    con.register("incoming", frame)
    con.execute(f'CREATE TABLE snapshot."{name}" AS SELECT * FROM incoming')
    con.unregister("incoming")
    return name, len(frame), _digest(frame.schema, (frame.slice(start, _SLICE) for start in range(0, len(frame), _SLICE)))


def rewritten(path: Path, token: str) -> int:
    """Takes every row that names a token out of a snapshot, and makes its manifest anew; returns how many rows.

    Raises:
        DamagedSnapshot: it is none of ours, or not what its manifest says.
    """
    verify_snapshot(path)
    gone = 0
    with _opened(path) as con:
        names = [name for (name,) in con.sql("SELECT name FROM manifest").fetchall() if name != "about"]
        about = dict(con.sql("SELECT key, value FROM about").fetchall())
        for name in names:
            frame = _table(con, name)
            gone += len(frame) - len(_of_others(frame, token))
        if gone:
            write_snapshot(path, ((name, _of_others(_table(con, name), token)) for name in names), {}, about)
    return gone


def _of_others(frame: pl.DataFrame, token: str) -> pl.DataFrame:
    texts = [name for name, type_ in frame.schema.items() if type_ == pl.String]
    return frame.filter(~pl.any_horizontal(pl.col(texts) == token).fill_null(False)) if texts else frame


def verify_snapshot(path: Path) -> dict[str, int]:
    """Hold a snapshot against its manifest.

    Returns:
        By table, its number of rows.

    Raises:
        DamagedSnapshot: not a snapshot, or a table is missing, added or other than the manifest says.
    """
    try:
        with _opened(path) as con:
            made = dict(con.sql("SELECT table_name, sql FROM system.main.duckdb_tables() WHERE NOT internal").fetchall())
            there = set(made)
            added = any(
                con.sql(f"SELECT 1 FROM system.main.duckdb_{kind}() WHERE {own} LIMIT 1").fetchall() for kind, own in _ADDED.items()
            )
            plain = all(_NAME.fullmatch(name) and _PLAIN.fullmatch(text) for name, text in made.items())
            if "manifest" not in there or added or not plain:
                raise _damaged(path, "含有快照里不该有的内容", "holds what no snapshot has")
            lines = con.execute("SELECT name, rows, digest FROM manifest LIMIT ?", [len(there)]).fetchall()
            manifest = {name: (rows, digest) for name, rows, digest in lines}
            if there != {*manifest, "manifest"} or len(lines) != len(manifest):
                raise _damaged(path, "表与清单不一致", "has other tables than its manifest")
            for name, (rows, digest) in manifest.items():
                if (rows, digest) != _measured(con, name):
                    raise _damaged(path, f"表 {name} 与清单不符", f"has a table {name} that is not what its manifest says")
    except duckdb.Error:
        raise _damaged(path, "不是可读的快照", "is not a snapshot that can be read") from None
    return {name: rows for name, (rows, _) in manifest.items()}


def _opened(path: Path) -> duckdb.DuckDBPyConnection:
    """A snapshot to read; whatever stands in it reaches nothing but itself."""
    return duckdb.connect(str(path.absolute()), read_only=True, config=_LOCKED)  # absolute: no name of a service


def suppressed(aggregate: Aggregate) -> pl.DataFrame:
    """The counts with those of one to four people null; a zero tells of nobody and stays.

    Example:
        >>> suppressed(Aggregate(pl.DataFrame({"n": [0, 4, 5]}), ("n",)))["n"].to_list()
        [0, None, 5]
    """
    small = [pl.when(pl.col(c).is_between(1, SMALLEST - 1)).then(None).otherwise(pl.col(c)).alias(c) for c in aggregate.counts]
    return aggregate.frame.with_columns(small)


def _digest(schema: pl.Schema, slices: Iterable[pl.DataFrame]) -> str:
    """BLAKE2b of a table as CSV, in the order in which it lies, each slice with its header."""
    digest = hashlib.blake2b(str(schema).encode(), digest_size=16)
    for frame in slices:
        text = io.BytesIO()
        frame.write_csv(text, null_value="\x00")
        digest.update(text.getbuffer())
    return digest.hexdigest()


def _measured(con: duckdb.DuckDBPyConnection, name: str) -> tuple[int, str]:
    """The rows of a table and their digest, taken slice by slice: a file can hold far more than it is long."""
    relation: Any = con.sql(f'SELECT * FROM main."{name}"')  # a name of ours
    batches = relation.to_arrow_reader(_SLICE)
    left, rows = pl.DataFrame(pl.from_arrow(batches.schema.empty_table())), 0
    schema = left.schema

    def slices() -> Iterator[pl.DataFrame]:
        nonlocal rows, left
        for batch in batches:  # as many rows as it likes
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
    """A table of ours, by a name that ``verify_snapshot`` found to be one."""
    frame: pl.DataFrame = con.sql(f'SELECT * FROM main."{name}"').pl()
    return frame


def _quoted(path: Path) -> str:
    return str(path.absolute()).replace("'", "''")


def _damaged(path: Path, zh: str, en: str) -> DamagedSnapshot:
    return DamagedSnapshot(Text(f"快照 {path.name} {zh}；请重新生成。", f"The snapshot {path.name} {en}; make a new one."))
