"""The analysts' notebook draws what is in a snapshot: every bar, line and cell is a count of the tables, not of the views it asks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import nbformat
import pytest

from infra.workspace.library import copy_library, example_units
from infra.workspace.workspace import Workspace
from services.exports.releases import write_research_snapshot
from streams.language.messages import Tick
from tests.examples.notebooks import Charts, drawn_once, read_notebook, run_notebook

NOTEBOOK = "analyst.ipynb"
CHARTS = {
    "policy_by_street", "coverage_gaps", "unknowns_by_unit", "take_up_by_month", "days_to_contact", "hit_rates", "equity",
    "entered_and_left", "forecast_by_week",
}  # fmt: skip


@pytest.fixture(scope="module")
def charts(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Charts:
    """What the notebook draws in English; on stderr it says nothing."""
    charts, warnings = drawn_once(tmp_path_factory, NOTEBOOK, folder / "s.duckdb")

    assert "Glyph" not in warnings and "Traceback" not in warnings
    return charts


def rows(folder: Path, query: str) -> list[tuple[Any, ...]]:
    """Counts of the tables of the snapshot; no view is asked."""
    with duckdb.connect(str(folder / "s.duckdb"), read_only=True) as con:
        views = {name for (name,) in con.sql("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()}
        assert not [view for view in views if f" {view} " in f" {query} "]
        return con.sql(query).fetchall()


def numbers(pairs: list[list[Any]]) -> dict[str, float]:
    """The values of bars or points by what stands below them; a bar of nothing is no bar."""
    return {name: value for name, value in pairs if value}


def test_it_is_kept_without_outputs() -> None:
    """No cell has an output or a number, so that nothing about anybody is in the file."""
    notebook = read_notebook(NOTEBOOK)
    nbformat.validate(notebook)

    assert [cell for cell in notebook.cells if cell.cell_type == "code" and (cell.outputs or cell.execution_count)] == []
    assert any("parameters" in cell.metadata.get("tags", []) for cell in notebook.cells)


def test_all_charts_are_drawn(charts: Charts) -> None:
    """Nine charts, and each has a headline and says what was counted."""
    assert set(charts) == CHARTS
    assert all(len(panels[0]["said"]) == 2 and all(panels[0]["said"]) for panels in charts.values())


def test_lists_by_policy_and_street(folder: Path, charts: Charts) -> None:
    """Each cell is the number of candidates of a policy in a street."""
    ((panel),) = charts["policy_by_street"]
    cells = {
        (row, column): count
        for row, line in zip(panel["rows"], panel["cells"][0], strict=True)
        for column, count in zip(panel["columns"], line, strict=True) if count
    }  # fmt: skip

    expected = rows(
        folder,
        "SELECT p.title_en, d.title_en, count(*) FROM candidates AS c JOIN policies AS p USING (policy) "
        "JOIN divisions AS d ON d.division = c.street GROUP BY ALL",
    )
    assert cells == {(policy, street): count for policy, street, count in expected} and len(cells) > 20
    assert panel["texts"] == [f"{count:,.0f}" for line in panel["cells"][0] for count in line]


def test_coverage_gaps_by_unit(folder: Path, charts: Charts) -> None:
    """Each bar is the longest time for which the coverage of a source is too old; a source that never declared says so."""
    (panel,) = charts["coverage_gaps"]
    expected = rows(
        folder,
        "SELECT u.title_en || ' · ' || f.title_en, bool_and(s.last_complete_to IS NULL), coalesce(max(greatest(0, (SELECT value::DATE FROM about "
        "WHERE key = 'day') - s.last_complete_to - regexp_extract(e.max_age, '^P(\\d+)D$', 1)::INTEGER)), 0) "
        "FROM sources AS s JOIN evidence AS e USING (feed) JOIN units AS u USING (unit) JOIN feeds AS f ON f.feed = s.feed GROUP BY ALL",
    )
    ((_, bars),) = panel["bars"]

    assert numbers(bars) == {source: days for source, _, days in expected if days}
    assert {source for source, _ in bars} == {source for source, *_ in expected}
    undeclared = {source for source, text in zip(panel["rows"], panel["texts"], strict=True) if text.startswith("never declared")}
    assert undeclared == {source for source, is_undeclared, _ in expected if is_undeclared} and undeclared and numbers(bars)


def test_unknowns_by_unit_and_criterion(folder: Path, charts: Charts) -> None:
    """Each bar is the number of subjects who lack a unit's evidence for a criterion, of the fifteen most."""
    (panel,) = charts["unknowns_by_unit"]
    expected = rows(
        folder,
        "SELECT u.title_en, p.title_en || ': ' || coalesce(arg_max(k.title_en, k.version), any_value(i.criterion)), count(DISTINCT i.subject) AS n "
        "FROM candidate_items AS i JOIN candidates AS c ON c.policy = i.policy AND c.subject = i.subject JOIN policies AS p ON p.policy = i.policy "
        "LEFT JOIN sources AS s ON s.feed = i.feed AND starts_with(c.street, s.division) LEFT JOIN units AS u ON u.unit = s.unit "
        "LEFT JOIN criteria AS k ON k.policy = i.policy AND k.criterion = i.criterion WHERE i.kind = 'missing' "
        "GROUP BY i.policy, p.title_en, i.criterion, i.feed, s.unit, u.title_en ORDER BY n DESC, i.policy, i.criterion, s.unit, i.feed LIMIT 15",
    )

    on_chart = sorted((unit, name.partition(" (")[0], value) for unit, bars in panel["bars"] for name, value in bars)
    assert on_chart == sorted((unit, name.partition(" (")[0], value) for unit, name, value in expected) and len(on_chart) > 5


def test_take_up_over_time(folder: Path, charts: Charts) -> None:
    """Each point is the number of subjects who had entered, had an outcome, or were enrolled by the end of a month."""
    panels = {panel["title"]: panel["lines"] for panel in charts["take_up_by_month"] if panel["lines"]}
    for word, table, condition in (
        ("entered", "changes", "change = 'entered'"), ("contacted", "outcomes", "true"), ("enrolled", "outcomes", "outcome = 'enrolled'"),
    ):  # fmt: skip
        expected = rows(
            folder,
            f"WITH months AS (SELECT policy, month FROM changes WHERE change = 'entered' UNION SELECT policy, month FROM outcomes) "
            f"SELECT p.title_en, strftime(m.month, '%Y-%m'), count(DISTINCT t.subject) FROM months AS m JOIN policies AS p USING (policy) "
            f"LEFT JOIN {table} AS t ON t.policy = m.policy AND t.month <= m.month AND {condition} GROUP BY ALL",
        )
        on_chart = {
            (policy, month, value)
            for policy, lines in panels.items()
            for label, points in lines
            if label == word
            for month, value in points
        }
        assert on_chart == set(expected) and len(expected) > 10


def test_days_to_first_contact(folder: Path, charts: Charts) -> None:
    """Each bar is the sum of a band over the policies."""
    (panel,) = charts["days_to_contact"]
    words = {"since publication": "publication", "since entry on the list": "entry"}
    on_chart = {(words[label], span, count) for label, bars in panel["bars"] for span, count in bars}

    expected = rows(
        folder,
        "SELECT counted_from, days_from || coalesce('–' || days_to, '+'), sum(subjects)::INTEGER FROM first_contacts GROUP BY ALL",
    )
    assert on_chart == set(expected) and {start for start, *_ in expected} == {"publication", "entry"}


def test_hit_rates(folder: Path, charts: Charts) -> None:
    """Each bar is right over decided: of criteria as the outcomes that count say, of units as they were counted by day."""
    criteria, units = charts["hit_rates"]
    by_criterion = rows(
        folder,
        "WITH latest AS (SELECT * FROM outcomes WHERE is_latest), rights AS (SELECT policy, count(*) FILTER (WHERE outcome IN "
        "('enrolled', 'declined', 'already_receiving')) AS hits FROM latest GROUP BY policy), wrongs AS (SELECT policy, criterion, count(*) AS misses "
        "FROM latest WHERE criterion IS NOT NULL GROUP BY ALL), labels AS (SELECT policy, criterion, arg_max(title_en, version) AS title "
        "FROM criteria GROUP BY ALL) SELECT coalesce(title, w.criterion), hits, hits + misses FROM wrongs AS w JOIN rights USING (policy) "
        "LEFT JOIN labels AS l ON l.policy = w.policy AND l.criterion = w.criterion WHERE hits + misses >= 10 "
        "ORDER BY round(hits / (hits + misses), 4), w.policy, w.criterion LIMIT 15",
    )
    by_unit = rows(folder, "SELECT u.title_en, hits, hits + misses FROM hits_and_misses JOIN units AS u USING (unit) WHERE basis = 'unit'")

    for panel, expected in ((criteria, by_criterion), (units, by_unit)):
        on_chart = sorted((name, round(value, 4)) for _, bars in panel["bars"] for name, value in bars)
        assert on_chart == sorted((name, round(right / decided, 4)) for name, right, decided in expected) and on_chart
        assert sorted(panel["texts"]) == sorted(f"{right / decided:.0%}  ({right:,} / {decided:,})" for _, right, decided in expected)


GROUPS: Mapping[str, tuple[str, str]] = {
    "age band (years)": ("persons", "coalesce(replace(t.age_band, '-', '–'), 'not recorded')"),
    "sex": ("persons", "coalesce(t.sex, 'not recorded')"),
    "street": ("persons", "coalesce((SELECT title_en FROM divisions WHERE division = t.street), t.street, 'not recorded')"),
    "disability": (
        "persons",
        "coalesce('grade ' || (SELECT min(grade) FROM disability AS d WHERE d.subject = t.subject AND d.status = 'valid'), 'no valid certificate on record')",
    ),
}
"""By title of panel: the group of a person."""


@pytest.mark.parametrize("panel", GROUPS)
def test_equity_with_the_unknown_rate_as_a_gap_of_its_own(folder: Path, charts: Charts, panel: str) -> None:
    """Each pair of bars is a group's rate, listed and unknown, less that of everybody in scope, in points."""
    table, group = GROUPS[panel]
    ((policy, scope),) = rows(
        folder,
        "SELECT policy, any_value(p.scope) FROM policies AS p JOIN candidates AS c USING (policy) WHERE p.subject = 'person' "
        "GROUP BY policy ORDER BY count(*) DESC LIMIT 1",
    )
    expected = rows(
        folder,
        f"WITH people AS (SELECT {group} AS name, (c.status IN ('eligible', 'to_check'))::INT AS listed, (c.status = 'needs_evidence')::INT AS unknown "
        f"FROM {table} AS t LEFT JOIN candidates AS c ON c.policy = '{policy}' AND c.subject = t.subject "
        f"WHERE t.registered AND starts_with(t.street, '{scope}')) "
        "SELECT name, count(*), 100 * (sum(coalesce(listed, 0)) / count(*) - (SELECT sum(coalesce(listed, 0)) / count(*) FROM people)), "
        "100 * (sum(coalesce(unknown, 0)) / count(*) - (SELECT sum(coalesce(unknown, 0)) / count(*) FROM people)) FROM people GROUP BY name",
    )
    ((listed, unknown),) = [axes["bars"] for axes in charts["equity"] if axes["title"] == panel]

    assert (listed[0], unknown[0]) == ("listed (eligible or to check)", "needs evidence (unknown)")
    for (_, bars), column in ((listed, 2), (unknown, 3)):
        assert {name: pytest.approx(row[column], abs=0.006) for row in expected for name in [f"{row[0]}  ({row[1]:,})"]} == dict(bars)
        assert len(bars) > 1


CAUSES = {"day": "passing day", "evidence": "changed evidence", "engine": "semantics"}
"""What the chart calls causes, where that is not their own word."""


def test_entered_and_left_by_day_and_cause(folder: Path, charts: Charts) -> None:
    """Each bar is a day's count of a cause, up for entries and down for leavers; decisions stand apart."""
    expected = rows(
        folder,
        "SELECT cause, change, day, sum(CASE change WHEN 'left' THEN -subjects ELSE subjects END)::INTEGER FROM daily_changes "
        "WHERE change <> 'changed' GROUP BY ALL",
    )
    on_chart = {(label, day, count) for axes in charts["entered_and_left"] for label, bars in axes["bars"] for day, count in bars}

    assert on_chart == {(f"{CAUSES.get(cause, cause)}: {change}", day.isoformat(), count) for cause, change, day, count in expected}
    assert {count > 0 for *_, count in expected} == {True, False}
    assert {label for label, _ in charts["entered_and_left"][0]["bars"]} == {"publication: entered"}


def test_forecast(folder: Path, charts: Charts) -> None:
    """Each bar is the number of subjects of a policy who enter or leave in a week."""
    (panel,) = charts["forecast_by_week"]
    on_chart = {(label, week, count) for label, bars in panel["bars"] for week, count in bars}

    expected = rows(
        folder,
        "SELECT p.title_en || CASE change WHEN 'left' THEN ': leave' ELSE ': enter' END, strftime(first_day, '%m-%d') || ' – ' || "
        "strftime(last_day, '%m-%d'), CASE change WHEN 'left' THEN -subjects ELSE subjects END FROM forecast JOIN policies AS p USING (policy) "
        "WHERE change <> 'changed'",
    )
    assert on_chart == set(expected) and on_chart and len(panel["columns"]) == 4


def test_parquet_in_chinese_shows_the_same(folder: Path, charts: Charts, tmp_path: Path) -> None:
    """From the folder of Parquet files the same numbers, with every character in the font; pictures where they are wanted, and nothing else."""
    before = {path: path.stat().st_mtime_ns for path in folder.glob("s.*/*")}
    pictures = tmp_path / "pictures"
    pictures.mkdir()

    chinese, warnings = run_notebook(NOTEBOOK, folder / "s.parquet", tmp_path, HUIMIN_PICTURES=str(pictures))

    assert "Glyph" not in warnings and "findfont" not in warnings
    for name, panels in charts.items():
        values = [sorted(value for axes in which for _, bars in axes["bars"] for _, value in bars) for which in (panels, chinese[name])]
        assert values[0] == pytest.approx(values[1])
    assert {path.stem for path in pictures.iterdir()} == CHARTS and all(
        path.read_bytes().startswith(b"\x89PNG") for path in pictures.iterdir()
    )
    assert {path: path.stat().st_mtime_ns for path in folder.glob("s.*/*")} == before
    assert "名单" in chinese["policy_by_street"][0]["said"][0]


def test_a_snapshot_without_lists_draws_that_there_is_nothing(tmp_path: Path) -> None:
    """Before anything was published, every chart says so."""
    workspace = Workspace.create(tmp_path / "w", example_units())
    copy_library(workspace)
    with workspace.writing() as host:
        host.submit(Tick(date(2026, 10, 15)))
    with workspace.reading() as host:
        write_research_snapshot(host, tmp_path / "s.duckdb", bytes(range(32)))

    charts, _ = run_notebook(NOTEBOOK, tmp_path / "s.duckdb", tmp_path, HUIMIN_LANG="en")

    assert set(charts) == CHARTS and not [bars for panels in charts.values() for axes in panels for bars in axes["bars"]]


def test_an_open_snapshot_is_refused_with_a_sentence(folder: Path, tmp_path: Path) -> None:
    """It has no rows for these charts; the notebook says which snapshot it needs."""
    with pytest.raises(Exception, match="research snapshot"):
        run_notebook(NOTEBOOK, folder / "open.duckdb", tmp_path)
