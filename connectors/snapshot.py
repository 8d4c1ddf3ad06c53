"""Pseudonymous DuckDB snapshots for analysts: tables of tokens and values, counts with small cells left out, and a manifest.

The one idea: the file says of itself what is in it. The manifest holds rows and a digest of every table, so a copy that lost or changed
something is found; nothing in it names anybody, and no count below five can be told.

DuckDB 2 writes a format older tools cannot open unless told otherwise, and fetches extensions by itself unless forbidden.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from connectors.faults import DamagedSnapshot
from connectors.files import replaced
from policies.values import Text

SMALLEST = 5
"""Counts of one to four people are null."""
_CONFIG: dict[str, Any] = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
_NAME = re.compile(r"[a-z][a-z0-9_]*")
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
    with replaced(path) as part, duckdb.connect(":memory:", config=_CONFIG) as con:
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
    return name, len(frame), _digest(frame)


def rewritten(path: Path, token: str) -> int:
    """Takes every row that names a token out of a snapshot, and makes its manifest anew; returns how many rows.

    Raises:
        DamagedSnapshot: it is none of ours, or not what its manifest says.
    """
    verify_snapshot(path)
    gone = 0
    with duckdb.connect(str(path), read_only=True, config=_CONFIG) as con:
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
        with duckdb.connect(str(path), read_only=True, config=_CONFIG) as con:
            manifest = {name: (rows, digest) for name, rows, digest in con.sql("SELECT name, rows, digest FROM manifest").fetchall()}
            there = {name for (name,) in con.sql("SELECT table_name FROM duckdb_tables() WHERE NOT internal").fetchall()}
            if there != {*manifest, "manifest"}:
                raise _damaged(path, "表与清单不一致", "has other tables than its manifest")
            for name, (rows, digest) in manifest.items():
                frame = _table(con, name)
                if len(frame) != rows or _digest(frame) != digest:
                    raise _damaged(path, f"表 {name} 与清单不符", f"has a table {name} that is not what its manifest says")
    except duckdb.Error:
        raise _damaged(path, "不是可读的快照", "is not a snapshot that can be read") from None
    return {name: rows for name, (rows, _) in manifest.items()}


def suppressed(aggregate: Aggregate) -> pl.DataFrame:
    """The counts with those of one to four people null; a zero tells of nobody and stays.

    Example:
        >>> suppressed(Aggregate(pl.DataFrame({"n": [0, 4, 5]}), ("n",)))["n"].to_list()
        [0, None, 5]
    """
    small = [pl.when(pl.col(c).is_between(1, SMALLEST - 1)).then(None).otherwise(pl.col(c)).alias(c) for c in aggregate.counts]
    return aggregate.frame.with_columns(small)


def _digest(frame: pl.DataFrame) -> str:
    """BLAKE2b of a table as CSV, in the order in which it lies."""
    digest = hashlib.blake2b(str(frame.schema).encode(), digest_size=16)
    for start in range(0, len(frame), _SLICE):
        text = io.BytesIO()
        frame.slice(start, _SLICE).write_csv(text, null_value="\x00")
        digest.update(text.getbuffer())
    return digest.hexdigest()


def _table(con: duckdb.DuckDBPyConnection, name: str) -> pl.DataFrame:
    frame: pl.DataFrame = con.sql(f'SELECT * FROM "{name}"').pl()
    return frame


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _damaged(path: Path, zh: str, en: str) -> DamagedSnapshot:
    return DamagedSnapshot(Text(f"快照 {path.name} {zh}；请重新生成。", f"The snapshot {path.name} {en}; make a new one."))
