"""How many people are unique, before and after: by hand over a few, and by the program as it is called."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from benchmarks.uniqueness import lines, uniqueness
from infra.workspace.library import copy_library, example_units
from infra.workspace.workspace import Workspace
from streams.language.messages import Tick
from tests.docs.pages import ROOT
from tests.services.exports.test_snapshot import HUKOU, deliver_text, register

ALIKE = 12
"""People of one class in a snapshot, born on two days of which each is of six."""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Twelve alike but for the day of birth; four born on days of their own in one band; one alone; one differs in a field called quasi."""
    workspace = Workspace.create(tmp_path / "w", example_units())
    copy_library(workspace)
    with workspace.writing() as host:
        host.submit(Tick(date(2026, 10, 15)))
    alike = [{"born": f"1950-01-0{1 + serial % 2}"} for serial in range(ALIKE)]
    band = [{"born": f"1990-0{month}-01", "sex": "男"} for month in range(1, 5)]
    alone = [{"division": "310107021"}]
    quasi = [{"born": "1950-01-01", "kind": "非本市户籍"}]
    rows = "".join(register(serial, **cells) for serial, cells in enumerate([*alike, *band, *alone, *quasi]))
    deliver_text(workspace, "hukou", tmp_path / "hukou.csv", HUKOU + rows)
    return workspace


def test_before_and_after_by_hand(workspace: Workspace, tmp_path: Path) -> None:
    """On record six of eighteen are unique, in the snapshot two: those whose street, or quasi field, is theirs alone."""
    with workspace.reading() as host:
        measured = uniqueness(host, tmp_path)

    before, after = measured.on_record, measured.in_snapshot
    assert (before.persons, before.smallest, before.unique, before.under_5) == (18, 1, round(6 / 18, 4), round(6 / 18, 4))
    assert before.under_10 == 1.0, "six share a day of birth"
    assert (after.persons, after.smallest, after.unique, after.under_5, after.under_10) == (
        18,
        1,
        round(2 / 18, 4),
        round(6 / 18, 4),
        round(6 / 18, 4),
    )
    assert before.identifiers == ("birth date", "sex", "division", "hukou.hukou_kind")
    assert after.identifiers == ("age_band", "sex", "street", "hukou.hukou_kind")


def test_it_prints_both_and_leaves_nothing(workspace: Workspace, tmp_path: Path) -> None:
    """Called for a workspace it prints the two lines; no snapshot and no release stays."""
    before = sorted(workspace.root.rglob("*.duckdb"))

    process = subprocess.run(
        [sys.executable, "-m", "benchmarks.uniqueness", "--workspace", str(workspace.root)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    with workspace.reading() as host:
        expected = list(lines(uniqueness(host, tmp_path)))
    assert process.stdout.splitlines() == expected and "33.33%" in expected[1] and "11.11%" in expected[2]
    assert sorted(workspace.root.rglob("*.duckdb")) == before and not (workspace.root / "releases.jsonl").exists()
