"""A file tried against a contract."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from infra.workspace.library import library
from infra.workspace.workspace import Workspace
from policies.problems.problems import HuiminError
from services.feeds.file_trial import FileTrial, file_trial
from tests.console.town import PENSION, resident

DAY = date(2026, 10, 15)


def try_text(example: Workspace, file: Path, text: str, contract: str = "pension") -> FileTrial:
    file.write_bytes(text.encode("gb18030"))
    return file_trial(lambda: example, contract, file, DAY)


def test_faults_are_counted_and_the_first_are_placed(example: Workspace, tmp_path: Path) -> None:
    """A wrong amount, and a row of nobody; nothing is taken in."""
    rows = f"P1,{resident(1)},2020-01-01,,x\nP2,{resident(2)},2020-01-01,,9\nP3,nobody,2020-01-01,,9\n"

    trial = try_text(example, tmp_path / "p.csv", PENSION + rows)

    assert (trial.rows, trial.quarantined, trial.unplaced, trial.refused) == (3, 1, 1, None)
    assert [(rule.column, rule.cells) for rule in trial.broken] == [("amount", 1), ("id_number", 1)]
    assert [(fault.line, fault.column) for fault in trial.first] == [(2, "amount"), (4, "id_number")]
    assert example.empty


def test_a_file_that_is_refused_says_why(example: Workspace, tmp_path: Path) -> None:
    """And which columns it lacks; by the file of a contract as by its name."""
    contract = str(library() / "feeds" / "pension.yaml")
    trials = [try_text(example, tmp_path / "p.csv", "pension_no,id_number\nP1,x\n", name) for name in ("pension", contract)]

    assert trials[0] == trials[1] and trials[0].refused is not None
    assert trials[0].tables[0].missing == ("paid_from", "paid_to", "amount")
    with pytest.raises(HuiminError, match="no-such"):
        try_text(example, tmp_path / "p.csv", PENSION, "no-such.yaml")
