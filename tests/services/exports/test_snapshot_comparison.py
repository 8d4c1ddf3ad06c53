"""Two snapshots set against each other: list lengths by cell, small ones not told, and never rows of two snapshots joined."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest

from connectors.analysts.parquet import write_folder
from connectors.analysts.snapshot import write_snapshot
from policies.problems.problems import Conflict
from services.exports.snapshot_comparison import ComparedCell, SnapshotComparison, compare_snapshots

A, B = "310107020", "310107101"


def with_rows(path: Path, counts: Mapping[tuple[str, str | None, str], int]) -> Path:
    """A snapshot with as many rows in each cell, each with a token that no other snapshot has."""
    rows = [
        (policy, f"{abs(hash((path.name, policy, street, status, n))):016x}", status, street)
        for (policy, street, status), count in counts.items()
        for n in range(count)
    ]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(("policy", "subject", "status", "street"), pl.String), orient="row")
    (write_folder if path.suffix == ".parquet" else write_snapshot)(path, [("candidates", frame)], {}, {})
    return path


def with_figures(path: Path, figures: Mapping[tuple[str, str, str], int]) -> Path:
    frame = pl.DataFrame(
        [(*cell, figure) for cell, figure in figures.items()], schema=["policy", "street", "status", "candidates"], orient="row"
    )
    write_snapshot(path, [("candidates_by_street", frame)], {}, {})
    return path


def test_cells_that_differ_are_told_but_for_small_ones(tmp_path: Path) -> None:
    """Of rows: 12 to 15, nobody to 11, 4 (not told) to 20; what is alike is only counted, two small cells not at all."""
    cells = (
        ("grant", A, "eligible"),
        ("grant", B, "eligible"),
        ("grant", None, "to_check"),
        ("home", A, "eligible"),
        ("home", B, "eligible"),
    )
    before = with_rows(tmp_path / "a.duckdb", dict(zip(cells, (12, 0, 4, 10, 3), strict=True)))
    after = with_rows(tmp_path / "b.parquet", dict(zip(cells, (15, 11, 20, 10, 9), strict=True)))

    assert compare_snapshots(before, after) == SnapshotComparison(
        "a.duckdb",
        "b.parquet",
        (
            ComparedCell("grant", None, "to_check", None, 20, None),
            ComparedCell("grant", A, "eligible", 12, 15, 3),
            ComparedCell("grant", B, "eligible", 0, 11, 11),
        ),
        1,
    )


def test_published_figures_are_taken_as_they_are(tmp_path: Path) -> None:
    """A cell that one of them withholds has no change."""
    before = with_figures(tmp_path / "a.duckdb", {("grant", A, "eligible"): 30})
    after = with_figures(tmp_path / "b.duckdb", {("grant", A, "eligible"): 50, ("grant", B, "eligible"): 10})

    assert compare_snapshots(before, after).cells == (
        ComparedCell("grant", A, "eligible", 30, 50, 20),
        ComparedCell("grant", B, "eligible", None, 10, None),
    )


def test_two_grades_are_not_compared(tmp_path: Path) -> None:
    """Published figures may lag behind rows."""
    figures = with_figures(tmp_path / "a.duckdb", {("grant", A, "eligible"): 30})

    with pytest.raises(Conflict, match="one grade"):
        compare_snapshots(figures, with_rows(tmp_path / "b.duckdb", {("grant", A, "eligible"): 30}))
