"""The analysts' page fits a snapshot of the demonstration: its tables exist, and its queries give rows."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from tests.console.conftest import RESEARCH, Run

PAGE = Path(__file__).parents[3] / "docs" / "en" / "analysts.md"
QUERIES = re.findall(r"^```sql\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def snapshot_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("snapshots") / "s.duckdb"


@pytest.fixture
def snapshot(snapshot_path: Path, run: Run, district: Path) -> Path:
    """A snapshot of the district, written and verified by the command line."""
    if not snapshot_path.exists():
        result = run(*RESEARCH, "--out", snapshot_path, "--workspace", district)
        assert result.exit_code == 0, result.output
    assert run("snapshot", "verify", snapshot_path, "--workspace", district).exit_code == 0
    return snapshot_path


@pytest.mark.parametrize("query", QUERIES, ids=range(len(QUERIES)))
def test_a_query_of_the_page_answers(snapshot: Path, query: str) -> None:
    """Every query gives rows, and no row is empty."""
    with duckdb.connect(str(snapshot), read_only=True) as con:
        rows = con.sql(query).fetchall()

    assert rows and all(any(cell is not None for cell in row) for row in rows)


def test_the_tables_of_the_page_are_there(snapshot: Path) -> None:
    """The snapshot has them, and a table for every feed; no count of people lies between one and four."""
    with duckdb.connect(str(snapshot), read_only=True) as con:
        tables = {name for (name,) in con.sql("SELECT table_name FROM duckdb_tables()").fetchall()}
        small = con.sql(
            "SELECT count(*) FROM verdicts WHERE yes BETWEEN 1 AND 4 OR no BETWEEN 1 AND 4 OR unknown BETWEEN 1 AND 4"
        ).fetchall()

    listed = PAGE.read_text(encoding="utf-8").split("| table |")[1].split("\n\n")[0]
    named = {name for row in listed.splitlines() for name in re.findall(r"`([a-z_]+)`", row.split("|")[1] if "|" in row else "")}
    assert named <= tables and {"hukou", "income", "medical_insurance"} <= tables and small == [(0,)]


def test_a_snapshot_in_which_nobody_could_be_measured_says_so(run: Run, tmp_path: Path) -> None:
    """An empty district has no classes of people, so no smallest one."""
    place = tmp_path / "empty"
    assert run("init", place, "--example").exit_code == 0
    run("tick", "--workspace", place)

    result = run(*RESEARCH, "--out", tmp_path / "s.duckdb", "--workspace", place)

    assert result.exit_code == 0 and "没有衡量任何人" in result.output and "最小的组" not in result.output
