"""A list that comes back from its agency, asked of the service: what it tells is noted once."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from connectors.contracts.faults import UnreadableFile
from infra.workspace.workspace import Workspace
from services.exports.candidates import export_candidates
from services.lists.candidates import candidate_list
from services.lists.outcomes import outcome_tallies
from services.lists.returned_lists import report_returned
from tests.console.town import POLICY, RESIDENTS, write_returned_list


def rows_of(workspace: Workspace) -> list[dict[str, str]]:
    """The list as the agency was given it."""
    return list(csv.DictReader(export_candidates(workspace, POLICY).file.read_text(encoding="utf-8-sig").splitlines()))


def test_what_a_list_tells_is_noted_once(workspace: Workspace, tmp_path: Path) -> None:
    """Two outcomes, four rows that say nothing yet; the agency reports, and the same file again changes nothing."""
    rows = rows_of(workspace)
    for row, outcome in zip(rows, ("已办理", "declined"), strict=False):
        row |= {"反馈": outcome, "日期": "2026-10-14"}
    file, stored = write_returned_list(tmp_path / "back.csv", rows), list[int]()

    first = report_returned(workspace, POLICY, file, advance=stored.append)
    again = report_returned(workspace, POLICY, file)

    assert (first.rows, first.without_outcome, first.new, first.outcomes) == (RESIDENTS, RESIDENTS - 2, 2, {"enrolled": 1, "declined": 1})
    assert sum(stored) == 2 and {line.change for line in first.changes} == {"left"} and len(first.changes) == 2
    assert (again.new, again.known_before, again.changes) == (0, 2, ())
    assert outcome_tallies(workspace)[0].kept_off == 2 and candidate_list(workspace, POLICY).total == RESIDENTS - 2


def test_a_file_with_a_mistake_tells_nothing(workspace: Workspace, tmp_path: Path) -> None:
    """Every mistake is named by row and column, and what was right beside it is not noted either."""
    rows = rows_of(workspace)
    rows[0] |= {"反馈": "declined", "日期": "2026-10-14"}
    rows[1] |= {"反馈": "gone", "日期": "2026-10-14"}

    with pytest.raises(UnreadableFile) as refused:
        report_returned(workspace, POLICY, write_returned_list(tmp_path / "back.csv", rows))

    assert "row 2" in refused.value.text.en and "gone" not in refused.value.text.en and outcome_tallies(workspace) == []
