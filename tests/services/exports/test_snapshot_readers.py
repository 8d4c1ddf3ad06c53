"""Snapshots of both grades and formats are read alike by DuckDB, polars, pandas and ibis."""

from __future__ import annotations

import struct
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import ibis  # type: ignore[import-untyped]  # ships no types
import pandas as pd  # type: ignore[import-untyped]  # ships no types
import polars as pl
import pytest

from connectors.analysts.snapshot import scrub_snapshot, verify_snapshot
from infra.workspace.library import copy_library, example_units
from infra.workspace.workspace import Workspace
from services.exports.snapshots import create_open_snapshot
from tests.services.exports.test_open_snapshot import PEOPLE, register_people
from tests.services.exports.test_snapshot import INCOME, KEY, deliver_text, publish_policy, query_file, resident, snapshot
from tests.shared_worlds import built_once

MAGIC, VERSION_OF_1_4 = b"DUCK", 67
"""What stands at byte 8 of a DuckDB file, and the number behind it. Source: DuckDB, ``src/storage/version_map.json``, "v1.4.0"."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four snapshots of one workspace with a list of 120 people: ``research`` and ``open``, ``.duckdb`` and ``.parquet``; only to be read."""
    return built_once(tmp_path_factory, "readers", write_snapshots)


def write_snapshots(folder: Path) -> None:
    """Writes the workspace and its four snapshots."""
    workspace = Workspace.create(folder / "w", example_units())
    copy_library(workspace)
    register_people(workspace, folder, range(PEOPLE))
    publish_policy(workspace)
    rows = "".join(f"{resident(serial)},{1234 + serial}.56,2026-09-01\n" for serial in range(30))
    deliver_text(workspace, "income", folder / "income.csv", INCOME + rows)
    for suffix in ("duckdb", "parquet"):
        snapshot(workspace, folder / f"research.{suffix}", KEY)
        create_open_snapshot(workspace, folder / f"open.{suffix}", "parquet" if suffix == "parquet" else "duckdb")


Reader = Callable[[Path, str], list[tuple[Any, ...]]]


def by_duckdb(path: Path, table: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as con:
        if path.is_dir():
            return con.read_parquet(str(path / f"{table}.parquet")).fetchall()
    return query_file(path, f'SELECT * FROM "{table}"')


def by_polars(path: Path, table: str) -> list[tuple[Any, ...]]:
    if path.is_dir():
        return pl.read_parquet(path / f"{table}.parquet").rows()
    with duckdb.connect(str(path), read_only=True) as con:
        return pl.read_database(f'SELECT * FROM "{table}"', con).rows()


def by_pandas(path: Path, table: str) -> list[tuple[Any, ...]]:
    if path.is_dir():
        return list(pd.read_parquet(path / f"{table}.parquet").itertuples(index=False, name=None))
    with duckdb.connect(str(path), read_only=True) as con:
        return list(con.table(table).df().itertuples(index=False, name=None))


def by_ibis(path: Path, table: str) -> list[tuple[Any, ...]]:
    con = ibis.duckdb.connect() if path.is_dir() else ibis.duckdb.connect(str(path), read_only=True)
    try:
        relation = con.read_parquet(str(path / f"{table}.parquet")) if path.is_dir() else con.table(table)
        assert relation.count().execute() == len(relation.to_polars())
        return list(relation.to_polars().rows())
    finally:
        con.disconnect()


READERS: dict[str, Reader] = {"duckdb": by_duckdb, "polars": by_polars, "pandas": by_pandas, "ibis": by_ibis}


@pytest.mark.parametrize("name", ["research.duckdb", "research.parquet", "open.duckdb", "open.parquet"])
@pytest.mark.parametrize("reader", READERS)
def test_every_table_has_the_rows_of_its_manifest(folder: Path, reader: str, name: str) -> None:
    """Every reader finds as many rows as the manifest says, and the same subjects."""
    counts = verify_snapshot(folder / name)

    assert {table: len(READERS[reader](folder / name, table)) for table in counts} == counts
    assert counts.get("persons", PEOPLE) == PEOPLE and len(counts) >= 5
    if "persons" in counts:
        subjects = {row[0] for row in READERS[reader](folder / name, "persons")}
        assert subjects == {subject for (subject,) in query_file(folder / "research.duckdb", "SELECT subject FROM persons")}


@pytest.mark.parametrize("reader", READERS)
def test_amounts_and_days_are_read_alike(folder: Path, reader: str) -> None:
    """Exact amounts and days have the same values for every reader, in both formats."""
    expected = query_file(folder / "research.duckdb", "SELECT sum(monthly_income), count(*) FROM income")

    for name in ("research.duckdb", "research.parquet"):
        columns = pl.read_parquet(folder / "research.parquet" / "income.parquet").columns
        amounts = [row[columns.index("monthly_income")] for row in READERS[reader](folder / name, "income")]
        assert [(round(sum(float(amount) for amount in amounts), 2), len(amounts))] == [(float(expected[0][0]), expected[0][1])]
        months = {str(row[-1])[:10] for row in READERS[reader](folder / name, "changes")}
        assert months == {"2026-10-01"}


@pytest.mark.parametrize("name", ["research.duckdb", "open.duckdb"])
def test_the_file_says_that_duckdb_1_4_reads_it(folder: Path, tmp_path: Path, name: str) -> None:
    """Its header has the storage version of DuckDB 1.4, also after somebody was taken out of it."""
    path = tmp_path / name
    path.write_bytes((folder / name).read_bytes())

    assert storage_version(path) == VERSION_OF_1_4
    if name == "research.duckdb":
        ((token,),) = query_file(path, "SELECT min(subject) FROM persons")
        assert scrub_snapshot(path, token) > 0
        assert storage_version(path) == VERSION_OF_1_4


def storage_version(path: Path) -> int:
    header = path.read_bytes()[8:20]
    assert header[:4] == MAGIC
    return int(struct.unpack("<Q", header[4:])[0])


def test_the_formats_of_an_open_snapshot_say_the_same(folder: Path) -> None:
    """The four tables, cell by cell; and neither has a row about anybody."""
    tables = set(verify_snapshot(folder / "open.duckdb"))

    assert tables == set(verify_snapshot(folder / "open.parquet"))
    for table in tables - {"about"}:
        assert by_duckdb(folder / "open.duckdb", table) == by_duckdb(folder / "open.parquet", table)
    assert "subject" not in {column for table in tables for column in pl.read_parquet(folder / "open.parquet" / f"{table}.parquet").columns}
    assert date.fromisoformat(dict(by_duckdb(folder / "open.parquet", "about"))["day"]) == date(2026, 10, 15)
