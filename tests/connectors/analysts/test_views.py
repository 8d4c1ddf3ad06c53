"""The answers of a research snapshot, each counted by hand on a handful of rows; and each of them on a snapshot without rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from connectors.analysts.manifest import fitting_views
from connectors.analysts.snapshot import verify_snapshot, write_snapshot
from connectors.analysts.views import VIEWS

SCHEMAS = {
    "persons": "subject street registered:b age_band sex",
    "households": "subject street registered:b",
    "dwellings": "subject street registered:b",
    "candidates": "policy subject status street is_contacted:b months_since_contact:i call_again:d",
    "candidate_items": "policy subject kind criterion feed",
    "changes": "policy version:i subject change before status cause detail month:d",
    "outcomes": "policy subject outcome month:d criterion kept_off:b is_latest:b",
    "verdicts": "policy street yes:i no:i unknown:i",
    "sources": "feed unit division declared:b last_complete_to:d",
    "evidence": "policy feed max_age",
    "policies": "policy version:i title_zh title_en subject scope apply_by:d in_force:b",
    "criteria": "policy version:i criterion kind article title_zh title_en",
    "units": "unit kind division title_zh title_en",
    "divisions": "division title_zh title_en",
    "feeds": "feed title_zh title_en subject",
    "disability": "subject quarantined:b grade:i status",
    "daily_changes": "policy day:d change cause subjects:i",
    "first_contacts": "policy counted_from days_from:i days_to:i subjects:i",
    "hits_and_misses": "policy basis criterion unit hits:i misses:i",
    "forecast": "policy first_day:d last_day:d change subjects:i",
}
TYPES = {"": pl.String, "i": pl.Int64, "d": pl.Date, "b": pl.Boolean}
A, B = "310107020", "310107101"
AUGUST, SEPTEMBER, OCTOBER = (date(2026, month, 1) for month in (8, 9, 10))
ROWS: Mapping[str, list[tuple[Any, ...]]] = {
    "persons": [
        ("p1", A, True, "70-74", "female"), ("p2", A, True, "70-74", "male"), ("p3", B, True, "0-4", "female"),
        ("p4", B, True, None, "male"), ("p5", None, True, "0-4", "male"), ("p6", B, False, "0-4", "male"),
    ],
    "households": [("h1", A, True), ("h2", B, True)],
    "candidates": [
        ("grant", "p1", "eligible", A, True, 1, None), ("grant", "p2", "needs_evidence", A, True, 0, OCTOBER),
        ("grant", "p3", "to_check", B, False, None, OCTOBER), ("home", "h1", "eligible", A, False, None, None),
    ],
    "candidate_items": [
        ("grant", "p2", "missing", "uninsured", "insurance"), ("grant", "p2", "missing", "poor", "income"),
        ("grant", "p3", "check", "lives_alone", None),
    ],
    "changes": [
        ("grant", 1, "p1", "entered", None, "eligible", "publication", None, AUGUST),
        ("grant", 1, "p2", "entered", None, "eligible", "publication", None, AUGUST),
        ("grant", 1, "p2", "left", "eligible", None, "record", None, SEPTEMBER),
        ("grant", 1, "p2", "entered", None, "needs_evidence", "day", None, OCTOBER),
        ("grant", 1, "p3", "entered", None, "to_check", "record", None, SEPTEMBER),
        ("grant", 1, "p4", "entered", None, "eligible", "record", None, SEPTEMBER),
    ],
    "outcomes": [
        ("grant", "p1", "contacted", SEPTEMBER, None, False, False), ("grant", "p1", "enrolled", OCTOBER, None, True, True),
        ("grant", "p2", "not_eligible", OCTOBER, "poor", True, True),
    ],
    "verdicts": [("grant", A, 20, 70, 10), ("grant", B, None, 50, 10)],
    "sources": [
        ("insurance", "centre", "310107", True, date(2026, 10, 1)), ("income", "bureau", "310107", False, None),
        ("income", "street-b", B, True, date(2026, 8, 31)),
    ],
    "evidence": [("grant", "insurance", "P14D"), ("grant", "income", "P1M")],
    "policies": [
        ("grant", 2, "补助", "Grant", "person", "310107", date(2026, 12, 31), True), ("home", 1, "住房", "Home", "household", "310107", None, True),
        ("old", 1, "旧", "Old", "person", "310107", None, False),
    ],
    "criteria": [
        ("grant", 1, "poor", "record", "1", "旧名", "old name"), ("grant", 2, "poor", "record", "1", "低收入", "low income"),
        ("grant", 2, "uninsured", "record", "2", "未参保", "uninsured"),
    ],
    "units": [("centre", "", "310107", "医保中心", "Centre"), ("bureau", "", "310107", "局", "Bureau"), ("street-b", "", B, "街道", "Street B")],
    "divisions": [(A, "甲街道", "Street A"), (B, "乙镇", "Town B")],
    "feeds": [("insurance", "医保", "Insurance", "person"), ("income", "收入", "Income", "person")],
    "disability": [("p1", False, 2, "valid"), ("p2", False, 1, "cancelled"), ("p3", True, None, None)],
    "daily_changes": [("grant", date(2026, 8, 3), "entered", "publication", 12)],
    "first_contacts": [("grant", "entry", 0, 7, 30), ("grant", "entry", 181, None, 10), ("grant", "publication", 8, 14, 11)],
    "hits_and_misses": [("grant", "policy", None, None, 3, 1), ("grant", "criterion", "poor", None, 3, 2), ("grant", "unit", None, "bureau", 0, 0)],
    "forecast": [("grant", date(2026, 10, 16), date(2026, 10, 22), "left", 14)],
}  # fmt: skip
NAMES = ("grant", "补助", "Grant")
CENTRE, BUREAU, STREET_B = ("centre", "医保中心", "Centre"), ("bureau", "局", "Bureau"), ("street-b", "街道", "Street B")
INSURANCE, INCOME = ("insurance", "医保", "Insurance"), ("income", "收入", "Income")
ANSWERS: dict[str, set[tuple[Any, ...]]] = {
    "residents_by_street": {(A, 2), (B, 2), (None, 1)},
    "policy_by_street": {
        (*NAMES, A, "甲街道", "Street A", 2, 1, 0, 1), (*NAMES, B, "乙镇", "Town B", 1, 0, 1, 0),
        ("home", "住房", "Home", A, "甲街道", "Street A", 1, 1, 0, 0),
    },
    "verdicts_by_street": {(*NAMES, A, "甲街道", "Street A", 20, 70, 10, 0.1), (*NAMES, B, "乙镇", "Town B", None, 50, 10, None)},
    "coverage_gaps": {
        (*CENTRE, *INSURANCE, "310107", *NAMES, "P14D", date(2026, 10, 1), date(2026, 10, 15), "none", None, 1),
        (*BUREAU, *INCOME, "310107", *NAMES, "P1M", None, None, "never_declared", None, 1),
        (*STREET_B, *INCOME, B, *NAMES, "P1M", date(2026, 8, 31), date(2026, 9, 30), "too_old", 15, 1),
    },
    "unknowns_by_unit": {
        (*CENTRE, *INSURANCE, *NAMES, "uninsured", "未参保", "uninsured", 1),
        (*BUREAU, *INCOME, *NAMES, "poor", "低收入", "low income", 1),
    },
    "take_up_by_month": {
        (*NAMES, AUGUST, 2, 0, 0, 2, 0, 0, 0.0, 0.0), (*NAMES, SEPTEMBER, 2, 1, 0, 4, 1, 0, 0.25, 0.0),
        (*NAMES, OCTOBER, 0, 1, 1, 4, 2, 1, 0.5, 0.25),
    },
    "days_to_contact": {(*NAMES, "entry", 0, 7, 30, 0.75), (*NAMES, "entry", 181, None, 10, 0.25), (*NAMES, "publication", 8, 14, 11, 1.0)},
    "contact_progress": {
        (*NAMES, date(2026, 12, 31), "eligible", 1, 1, 0, 0), (*NAMES, date(2026, 12, 31), "needs_evidence", 1, 1, 1, 0),
        (*NAMES, date(2026, 12, 31), "to_check", 1, 0, 1, 0), ("home", "住房", "Home", None, "eligible", 1, 0, 0, 1),
    },
    "hit_rates": {
        (*NAMES, "policy", None, None, None, None, None, None, 3, 1, 0.75),
        (*NAMES, "criterion", "poor", "低收入", "low income", None, None, None, 3, 2, 0.6),
        (*NAMES, "unit", None, None, None, *BUREAU, 0, 0, None),
    },
    "entered_and_left": {(*NAMES, date(2026, 8, 3), "entered", "publication", 12)},
    "monthly_changes": {
        (*NAMES, AUGUST, "entered", "publication", 2), (*NAMES, SEPTEMBER, "entered", "record", 2), (*NAMES, SEPTEMBER, "left", "record", 1),
        (*NAMES, OCTOBER, "entered", "day", 1),
    },
    "forecast_by_week": {(*NAMES, date(2026, 10, 16), date(2026, 10, 22), "left", 14)},
    "subject_groups": {
        *((kind, subject, street, "street", street) for kind, subject, street in (
            ("person", "p1", A), ("person", "p2", A), ("person", "p3", B), ("person", "p4", B), ("person", "p5", None),
            ("household", "h1", A), ("household", "h2", B),
        )),
        *(("person", subject, street, "sex", sex) for subject, street, sex in (
            ("p1", A, "female"), ("p2", A, "male"), ("p3", B, "female"), ("p4", B, "male"), ("p5", None, "male"),
        )),
        *(("person", subject, street, "age_band", band) for subject, street, band in (
            ("p1", A, "70-74"), ("p2", A, "70-74"), ("p3", B, "0-4"), ("p4", B, None), ("p5", None, "0-4"),
        )),
        ("person", "p1", A, "disability", "grade 2"), ("person", "p2", A, "disability", "no valid certificate on record"),
        ("person", "p3", B, "disability", "unreadable record"), ("person", "p4", B, "disability", "no valid certificate on record"),
        ("person", "p5", None, "disability", "no valid certificate on record"),
    },
    "equity": {
        (*NAMES, "street", A, 2, 1, 1, 0.5, 0.5, 0.0, 0.25), (*NAMES, "street", B, 2, 1, 0, 0.5, 0.0, 0.0, -0.25),
        (*NAMES, "sex", "female", 2, 2, 0, 1.0, 0.0, 0.5, -0.25), (*NAMES, "sex", "male", 2, 0, 1, 0.0, 0.5, -0.5, 0.25),
        (*NAMES, "age_band", "70-74", 2, 1, 1, 0.5, 0.5, 0.0, 0.25), (*NAMES, "age_band", "0-4", 1, 1, 0, 1.0, 0.0, 0.5, -0.25),
        (*NAMES, "age_band", None, 1, 0, 0, 0.0, 0.0, -0.5, -0.25),
        (*NAMES, "disability", "grade 2", 1, 1, 0, 1.0, 0.0, 0.5, -0.25),
        (*NAMES, "disability", "no valid certificate on record", 2, 0, 1, 0.0, 0.5, -0.5, 0.25),
        (*NAMES, "disability", "unreadable record", 1, 1, 0, 1.0, 0.0, 0.5, -0.25),
        ("home", "住房", "Home", "street", A, 1, 1, 0, 1.0, 0.0, 0.5, 0.0), ("home", "住房", "Home", "street", B, 1, 0, 0, 0.0, 0.0, -0.5, 0.0),
    },
}  # fmt: skip


def frame(name: str, rows: list[tuple[Any, ...]]) -> pl.DataFrame:
    parts = [column.partition(":") for column in SCHEMAS[name].split()]
    return pl.DataFrame(rows, schema={column: TYPES[kind] for column, _, kind in parts}, orient="row")


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("views") / "s.duckdb"
    write_snapshot(path, ((name, frame(name, ROWS.get(name, []))) for name in SCHEMAS), {}, {"day": "2026-10-15"}, has_views=True)
    return path


@pytest.fixture(scope="module")
def con(snapshot: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(snapshot), read_only=True) as connection:
        yield connection


@pytest.mark.parametrize("view", ANSWERS)
def test_an_answer_is_as_counted_by_hand(con: duckdb.DuckDBPyConnection, view: str) -> None:
    """The rows of the view are those worked out by hand from ROWS."""
    rows = con.table(view).fetchall()

    assert len(rows) == len(set(rows))
    assert set(rows) == ANSWERS[view]


def test_every_view_is_answered_and_every_column_named(con: duckdb.DuckDBPyConnection) -> None:
    """All views stand in this test; each has the columns that its titles say, with comments."""
    assert {view.name for view in VIEWS} == set(ANSWERS)
    for view in fitting_views(
        {name: [column.partition(":")[0] for column in text.split()] for name, text in SCHEMAS.items()} | {"about": ["key", "value"]}
    ):
        assert con.table(view.name).columns == view.titles.split()


def test_a_snapshot_without_rows_has_every_view(tmp_path: Path) -> None:
    """Every view runs and is empty; the snapshot verifies."""
    path = tmp_path / "s.duckdb"
    write_snapshot(path, ((name, frame(name, [])) for name in SCHEMAS), {}, {"day": "2026-10-15"}, has_views=True)

    with duckdb.connect(str(path), read_only=True) as connection:
        assert [name for name in ANSWERS if connection.table(name).fetchall()] == []
    assert verify_snapshot(path)["persons"] == 0


def test_views_of_missing_tables_are_left_out() -> None:
    """Without a table on disability its group is missing, and equity still answers; without persons there is neither."""
    columns = {name: [column.partition(":")[0] for column in text.split()] for name, text in SCHEMAS.items()}
    without = {name: names for name, names in columns.items() if name != "disability"}

    names = [view.name for view in fitting_views(without)]
    assert "equity" in names and "coverage_gaps" not in names, "the day is missing"
    assert "'disability'" not in next(view.sql for view in fitting_views(without) if view.name == "subject_groups")
    assert {"subject_groups", "equity"}.isdisjoint(
        view.name for view in fitting_views({k: v for k, v in without.items() if k != "persons"})
    )
