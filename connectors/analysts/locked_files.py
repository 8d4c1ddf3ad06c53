"""Opens DuckDB files of snapshots, which may be hostile, and reads tables, comments and the text of views from them.

``connectors.analysts.snapshot`` verifies by it. A file is opened locked: it can reach no other file, extension or setting.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from connectors.analysts.manifest import TableComment
from connectors.analysts.views import View

CONFIG: dict[str, Any] = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
_LOCKED: dict[str, Any] = {
    **CONFIG, "enable_external_access": "false", "allow_community_extensions": "false", "python_enable_replacements": "false",
    "lock_configuration": "true",
}  # fmt: skip


def open_locked(path: Path) -> duckdb.DuckDBPyConnection:
    """A connection to a snapshot; nothing in the file can reach outside it."""
    return duckdb.connect(str(path.absolute()), read_only=True, config=_LOCKED)  # absolute, since a bare name may be that of a service


def frame_in_file(path: Path, name: str) -> pl.DataFrame:
    """A table of a DuckDB snapshot that was verified."""
    with open_locked(path) as con:
        return table_in(con, name)


def table_in(con: duckdb.DuckDBPyConnection, name: str) -> pl.DataFrame:
    """A table of a snapshot; ``verify_snapshot`` has checked its name."""
    frame: pl.DataFrame = con.sql(f'SELECT * FROM main."{name}"').pl()
    return frame


def comments_in(con: duckdb.DuckDBPyConnection) -> dict[str, TableComment]:
    """The comments of all tables and views; only asked for once the views are known to be ours."""
    texts = dict(
        con.sql(
            "SELECT table_name, comment FROM system.main.duckdb_tables() WHERE NOT internal "
            "UNION ALL SELECT view_name, comment FROM system.main.duckdb_views() WHERE NOT internal"
        ).fetchall()
    )
    rows = con.sql(
        "SELECT table_name, column_name, comment FROM system.main.duckdb_columns() WHERE NOT internal AND comment IS NOT NULL"
    ).fetchall()
    columns: dict[str, dict[str, str]] = {name: {} for name in texts}
    for name, column, comment in rows:
        columns[name][column] = comment
    return {name: TableComment(text or "", columns[name]) for name, text in texts.items()}


def text_in_duckdb(con: duckdb.DuckDBPyConnection, view: View) -> str:
    """A view of ours as DuckDB tells its text."""
    query = "SELECT system.main.json_deserialize_sql(system.main.json_serialize_sql(?))"
    ((text,),) = con.sql(query, params=[view.sql]).fetchall()
    return f"CREATE VIEW {view.name} AS {text};"
