"""A snapshot is somebody's file: what stands in it, names included, is never carried out, and whatever was added is noticed."""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl
import pytest

from connectors.analysts.manifest import TableComment
from connectors.analysts.snapshot import scrub_snapshot, verify_snapshot, write_snapshot
from connectors.contracts.faults import DamagedSnapshot

SECRET = "the key of the workspace"
TOKEN = "00000000000000aa"

PERSONS = pl.DataFrame({"subject": [TOKEN, "00000000000000bb"], "street": ["310107020"] * 2, "registered": [True] * 2})
COMMENT = TableComment("人 · people", {"street": "街镇 · the resident's street"})


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    """A snapshot of one table, and beside it a file that nobody may read or write through it."""
    (tmp_path / "secret.key").write_text(SECRET)
    path = tmp_path / "s.duckdb"
    write_snapshot(path, [("persons", PERSONS)], {}, {"day": "2026-10-15"}, {"persons": COMMENT}, has_views=True)
    return path


def run_statements(path: Path, *statements: str) -> Path:
    """The same file after whoever had it ran these."""
    with duckdb.connect(str(path)) as con:
        for statement in statements:
            con.execute(statement)
    return path


def table(name: str, of: str = "SELECT 1 AS a") -> tuple[str, ...]:
    """A table of any name, and its line in the manifest."""
    quoted, text = name.replace('"', '""'), name.replace("'", "''")
    return f'CREATE TABLE "{quoted}" AS {of}', f"INSERT INTO manifest VALUES ('{text}', 1, 'x')"


def attacks(folder: Path) -> dict[str, tuple[str, ...]]:
    stolen, log = folder / "stolen", folder / "secret.key"
    return {
        "a statement for a name": table(f"persons\" ; COPY (SELECT content FROM read_text('{log}')) TO '{stolen}' --"),
        "a name that ends the quotes": table(f"persons\"; COPY (SELECT 1) TO '{log}'; SELECT * FROM \"persons"),
        "a file for a name": table(str(log)),
        "a view for a table": ("DROP TABLE persons", f"CREATE VIEW persons AS SELECT content AS subject FROM read_text('{log}')"),
        "a view for the manifest": ("ALTER TABLE manifest RENAME TO m", f"CREATE VIEW manifest AS SELECT content AS name, 1 AS rows, '' AS digest FROM read_text('{log}')"),
        "one more view": (f"CREATE VIEW more AS SELECT * FROM read_text('{log}')",),
        "a view of ours with another text": ("CREATE OR REPLACE VIEW residents_by_street AS SELECT street, count(*) + 1 AS residents FROM persons WHERE registered GROUP BY street",),
        "a view of ours that is gone": ("DROP VIEW residents_by_street",),
        "a view of ours that reads a file": (f"CREATE OR REPLACE VIEW residents_by_street AS SELECT content AS street, 1 AS residents FROM read_text('{log}')",),
        "a view of ours for a table that is gone": ("DROP TABLE persons",),
        "a view with a line of the manifest": (
            f"CREATE VIEW more AS SELECT * FROM read_text('{log}')",
            "INSERT INTO manifest SELECT 'more', NULL, digest FROM manifest WHERE name = 'residents_by_street'",
        ),
        "a comment on a table": ("COMMENT ON TABLE persons IS 'x'",),
        "a comment on a column": ("COMMENT ON COLUMN persons.subject IS 'x'",),
        "a comment that is gone": ("COMMENT ON COLUMN persons.street IS NULL",),
        "a comment on the manifest": ("COMMENT ON TABLE manifest IS 'x'",),
        "a comment on a view": ("COMMENT ON VIEW residents_by_street IS 'x'",),
        "a comment on a column of a view": ("COMMENT ON COLUMN residents_by_street.street IS NULL",),
        "a macro that gives a table": (f"CREATE MACRO more() AS TABLE SELECT * FROM read_text('{log}')",),
        "a macro in the place of DuckDB's own list": (
            "CREATE MACRO duckdb_tables() AS TABLE SELECT 'persons' AS table_name, false AS internal",
            "CREATE TABLE hidden (a INT)",
        ),
        "a macro": ("CREATE MACRO count_star() AS 1",),
        "a sequence": ("CREATE SEQUENCE s",),
        "a type": ("CREATE TYPE t AS ENUM ('a')",),
        "a schema": ("CREATE SCHEMA other", "CREATE TABLE other.persons AS SELECT 1 AS a"),
        "one more table": ("CREATE TABLE more AS SELECT 1 AS a",),
        "a column that is computed": (*table("more"), "DROP TABLE more", "CREATE TABLE more (a INT, b AS (repeat('x', 99)))"),
        "a column of lists": table("more", "SELECT [1, 2] AS a"),
        "a column of any kind": table("more", "SELECT {'a': union_value(b := 1)} AS a"),
        "a column by a name of no kind": table("more", 'SELECT 1 AS "a""; DROP"'),
        "a default": ("DROP TABLE persons", "CREATE TABLE persons (subject VARCHAR DEFAULT 'x')"),
        "a constraint": ("DROP TABLE persons", "CREATE TABLE persons (subject VARCHAR CHECK (subject > ''))"),
        "a manifest of numbers": ("DROP TABLE manifest", "CREATE TABLE manifest AS SELECT 1 AS name, 1 AS rows, 1 AS digest"),
        "a manifest of lists": ("DROP TABLE manifest", "CREATE TABLE manifest AS SELECT [1] AS name, 1 AS rows, 1 AS digest"),
        "a manifest of other columns": ("DROP TABLE manifest", "CREATE TABLE manifest AS SELECT 1 AS other"),
        "a line twice": ("INSERT INTO manifest SELECT * FROM manifest",),
        "a manifest without end": ("INSERT INTO manifest SELECT 'persons', 1, 'x' FROM range(10000000)",),
        "a table without end": ("DROP TABLE persons", "CREATE TABLE persons AS SELECT 'x' AS subject FROM range(20000000)", "UPDATE manifest SET rows = 2"),
        "a row less": ("DELETE FROM persons",),
        "a row changed": ("UPDATE persons SET subject = 'x'",),
    }  # fmt: skip


@pytest.mark.parametrize("attack", attacks(Path()))
def test_nothing_in_a_file_is_carried_out(snapshot: Path, attack: str) -> None:
    """Verifying it, and taking somebody out of it, say that it is not as written; no other file is read, written or made."""
    folder = snapshot.parent
    run_statements(snapshot, *attacks(folder)[attack])
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    with pytest.raises(DamagedSnapshot) as raised:
        verify_snapshot(snapshot)
    with pytest.raises(DamagedSnapshot):
        scrub_snapshot(snapshot, TOKEN)

    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert SECRET not in raised.value.text.zh + raised.value.text.en


def test_a_snapshot_as_written_is_read(snapshot: Path) -> None:
    """The lock keeps nobody from what is there."""
    assert verify_snapshot(snapshot) == {"persons": 2, "about": 1}
    assert scrub_snapshot(snapshot, TOKEN) == 1
    assert verify_snapshot(snapshot) == {"persons": 1, "about": 1}
