"""The notebook of an open snapshot draws the published figures as they stand in its tables, and a cell without one as none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import nbformat
import pytest

from tests.examples.notebooks import Charts, drawn_once, read_notebook, run_notebook

NOTEBOOK = "open.ipynb"
STATUSES = {"eligible": "eligible", "to_check": "to check", "needs_evidence": "needs evidence"}


@pytest.fixture(scope="module")
def charts(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Charts:
    """What the notebook draws in English."""
    charts, warnings = drawn_once(tmp_path_factory, NOTEBOOK, folder / "open.duckdb")

    assert "Glyph" not in warnings
    return charts


def rows(folder: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(folder / "open.duckdb"), read_only=True) as con:
        return con.sql(query).fetchall()


def cells(panel: dict[str, Any]) -> set[tuple[str, str, float]]:
    """The figures of a panel by row and column; every other cell shows a dash."""
    texts = iter(panel["texts"])
    figures = set()
    for row, line in zip(panel["rows"], panel["cells"][0], strict=True):
        for column, figure in zip(panel["columns"], line, strict=True):
            assert next(texts) == (f"{figure:,.0f}" if figure else "–")
            if figure:
                figures.add((row, column, figure))
    return figures


def test_it_is_kept_without_outputs() -> None:
    """No cell has an output or a number."""
    notebook = read_notebook(NOTEBOOK)
    nbformat.validate(notebook)

    assert [cell for cell in notebook.cells if cell.cell_type == "code" and (cell.outputs or cell.execution_count)] == []


def test_lists_by_status_policy_and_street(folder: Path, charts: Charts) -> None:
    """Each cell is a published figure; one that is not published is a dash, and no zero."""
    figures = {(status, *cell) for panel in charts["candidates_by_street"] for status in [panel["title"]] for cell in cells(panel)}

    expected = rows(folder, "SELECT status, policy, street, candidates FROM candidates_by_street")
    assert figures == {(STATUSES[status], policy, street, count) for status, policy, street, count in expected} and len(figures) > 10
    assert any("–" in panel["texts"] for panel in charts["candidates_by_street"])


def test_lists_by_age_and_sex(folder: Path, charts: Charts) -> None:
    """Each cell is the figure of a policy, an age band and a sex."""
    (panel,) = charts["candidates_by_age_and_sex"]

    expected = rows(folder, "SELECT policy, age_band || ' ' || sex, candidates FROM candidates_by_age_and_sex")
    assert cells(panel) == set(expected) and expected


def test_changes_by_month(folder: Path, charts: Charts) -> None:
    """Each bar is the sum of a cause over the policies in a month."""
    (panel,) = charts["changes_by_month"]
    bars = {(cause, month, count) for cause, of_cause in panel["bars"] for month, count in of_cause if count}

    expected = rows(folder, "SELECT cause, month, sum(changes)::INTEGER FROM changes_by_month GROUP BY ALL")
    assert bars == set(expected) and {month for _, month, _ in expected} == {"2026-10", "2026-11"}


def test_coverage_and_who_waits(folder: Path, charts: Charts) -> None:
    """Each bar is who waits for a source, where that is published; a source without a statement in effect says so."""
    (panel,) = charts["coverage_by_unit"]
    ((_, bars),) = panel["bars"]

    expected = rows(folder, "SELECT unit || ' · ' || feed, coalesce(waiting, 0), declared, waiting IS NULL FROM coverage_by_unit")
    assert dict(bars) == {source: waiting for source, waiting, _, _ in expected} and any(count for _, count in bars)
    words = dict(zip(panel["rows"], panel["texts"], strict=True))
    assert {source for source, text in words.items() if "no statement" in text} == {
        source for source, _, declared, _ in expected if not declared
    }
    assert {source for source, text in words.items() if text.startswith("–")} == {
        source for source, _, _, is_hidden in expected if is_hidden
    }


def test_a_research_snapshot_is_refused_with_a_sentence(folder: Path, tmp_path: Path) -> None:
    """It has rows about people; the notebook says which snapshot it needs."""
    with pytest.raises(Exception, match="open snapshot"):
        run_notebook(NOTEBOOK, folder / "s.duckdb", tmp_path)
