"""A snapshot of Parquet files: read by everybody's tools, and whatever somebody adds or changes is noticed without being run."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path

import duckdb
import pandas as pd  # type: ignore[import-untyped]  # pandas ships no types here
import polars as pl
import pytest

from connectors.analysts.manifest import TableComment
from connectors.analysts.parquet import write_folder
from connectors.analysts.snapshot import scrub_snapshot, verify_snapshot
from connectors.contracts.faults import DamagedSnapshot
from tests.connectors.analysts.test_hostile_snapshots import COMMENT, PERSONS, TOKEN


def snapshot_folder(path: Path, comment: TableComment = COMMENT) -> Path:
    write_folder(path, [("persons", PERSONS)], {}, {"day": "2026-10-15"}, {"persons": comment}, has_views=True)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return snapshot_folder(tmp_path / "s.parquet")


def test_polars_pandas_and_duckdb_read_it(folder: Path) -> None:
    """Each file by itself; and all of it with views and comments, by the statements beside the files."""
    assert pl.read_parquet(folder / "persons.parquet").equals(PERSONS)
    assert pd.read_parquet(folder / "persons.parquet")["street"].tolist() == ["310107020"] * 2
    with chdir(folder), duckdb.connect() as con:
        con.execute((folder / "views.sql").read_text(encoding="utf-8"))
        assert con.sql("FROM residents_by_street").fetchall() == [("310107020", 2)]
        comments = con.sql("SELECT comment FROM duckdb_columns() WHERE table_name = 'persons' AND column_name = 'street'").fetchall()
    assert comments == [("街镇 · the resident's street",)]


def test_a_person_is_taken_out(folder: Path) -> None:
    """The row goes, the manifest is renewed, and the rest is as it was; a second time there is nothing to take out."""
    assert verify_snapshot(folder) == {"persons": 2, "about": 1}

    assert (scrub_snapshot(folder, TOKEN), scrub_snapshot(folder, TOKEN)) == (1, 0)

    assert verify_snapshot(folder) == {"persons": 1, "about": 1}
    assert not any(TOKEN.encode() in file.read_bytes() for file in folder.iterdir())
    assert [path.name for path in folder.parent.iterdir()] == ["s.parquet"]


def _wider(path: Path) -> None:
    PERSONS.with_columns(more=pl.lit(1)).write_parquet(path / "persons.parquet")


ATTACKS: dict[str, Callable[[Path], object]] = {
    "a file more": lambda path: (path / "more.parquet").write_bytes((path / "persons.parquet").read_bytes()),
    "a hidden file": lambda path: (path / ".hidden").touch(),
    "a folder": lambda path: (path / "more").mkdir(),
    "a file less": lambda path: (path / "persons.parquet").unlink(),
    "no manifest": lambda path: (path / "manifest.parquet").unlink(),
    "a row less": lambda path: PERSONS[:1].write_parquet(path / "persons.parquet"),
    "a value changed": lambda path: PERSONS.with_columns(street=pl.lit("x")).write_parquet(path / "persons.parquet"),
    "no comments": lambda path: PERSONS.write_parquet(path / "persons.parquet"),
    "comments of another kind": lambda path: PERSONS.write_parquet(path / "persons.parquet", metadata={"comments": '{"a": 1}'}),
    "a column more": _wider,
    "a column of lists": lambda path: pl.DataFrame({"a": [[1]]}).write_parquet(path / "persons.parquet"),
    "rows without end": lambda path: pl.DataFrame({"subject": pl.repeat("x", 5_000_000, eager=True)}).write_parquet(path / "persons.parquet"),
    "another statement": lambda path: (path / "views.sql").open("a").write("COPY (SELECT 1) TO 'stolen';\n"),
    "no statement": lambda path: (path / "views.sql").write_text(""),
    "a manifest of other columns": lambda path: PERSONS.write_parquet(path / "manifest.parquet"),
    "a manifest that is none": lambda path: (path / "manifest.parquet").write_bytes(b"PAR1"),
    "a line twice": lambda path: pl.concat([pl.read_parquet(path / "manifest.parquet")] * 2).write_parquet(path / "manifest.parquet"),
    "a view less": lambda path: pl.read_parquet(path / "manifest.parquet").filter(pl.col("rows").is_not_null()).write_parquet(path / "manifest.parquet"),
}  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_whatever_is_changed_is_noticed(folder: Path, attack: str) -> None:
    """Verifying it and taking somebody out of it say so, and change nothing."""
    ATTACKS[attack](folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}

    with pytest.raises(DamagedSnapshot):
        verify_snapshot(folder)
    with pytest.raises(DamagedSnapshot):
        scrub_snapshot(folder, TOKEN)

    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before


def test_a_link_is_not_followed(folder: Path, tmp_path: Path) -> None:
    """A link in the place of a file is refused, though what it leads to is the very file."""
    shutil.move(folder / "persons.parquet", tmp_path / "elsewhere")
    (folder / "persons.parquet").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(DamagedSnapshot):
        verify_snapshot(folder)


def test_a_folder_is_replaced_whole(folder: Path) -> None:
    """Another snapshot takes the place of the first; where writing fails, the first stays."""
    snapshot_folder(folder, TableComment("other"))
    assert verify_snapshot(folder)

    with pytest.raises(ValueError, match="not a name"):
        write_folder(folder, [("Persons", PERSONS)], {}, {})

    assert verify_snapshot(folder) == {"persons": 2, "about": 1}
    assert [path.name for path in folder.parent.iterdir()] == ["s.parquet"]
