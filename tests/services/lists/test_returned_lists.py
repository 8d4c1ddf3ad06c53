"""A list that comes back from its agency, asked of the service: what it tells is noted once."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import openpyxl  # type: ignore[import-untyped]  # it ships no types
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
    path = workspace.folder("exports") / "list.csv"
    export_candidates(workspace, POLICY, path)
    return list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))


def test_what_a_list_tells_is_noted_once(workspace: Workspace, tmp_path: Path) -> None:
    """Two outcomes, four rows that say nothing yet; the agency reports, and the same file again changes nothing."""
    rows = rows_of(workspace)
    for row, outcome in zip(rows, ("已办理", "declined"), strict=False):
        row |= {"反馈": outcome, "反馈日期": "2026-10-14"}
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
    rows[0] |= {"反馈": "declined", "反馈日期": "2026-10-14"}
    rows[1] |= {"反馈": "gone", "反馈日期": "2026-10-14"}

    with pytest.raises(UnreadableFile) as refused:
        report_returned(workspace, POLICY, write_returned_list(tmp_path / "back.csv", rows))

    assert "row 3" in refused.value.text.en and "gone" not in refused.value.text.en and outcome_tallies(workspace) == []


@pytest.mark.parametrize(("language", "by_street"), [("zh", False), ("en", True)])
def test_the_very_workbook_comes_back_filled_in(workspace: Workspace, tmp_path: Path, language: str, by_street: bool) -> None:
    """What may be chosen is what is understood, days are days, and a mistake is named by the row that the spreadsheet shows."""
    path = tmp_path / "list.xlsx"
    export_candidates(workspace, POLICY, path, language, by_street)
    book = openpyxl.load_workbook(path)
    page, choices = book.worksheets[0], book.worksheets[-1]
    at = {cell.value: cell.column for cell in page[1]}
    outcome = at["反馈" if language == "zh" else "outcome"]
    lists = [rule for rule in page.data_validations.dataValidation if rule.type == "list"]
    for row, choice in ((2, 2), (3, 3)):
        page.cell(row, outcome).value = choices.cell(choice, outcome).value
        page.cell(row, outcome + 1).value = date(2026, 10, 14)
    book.save(path)

    returned = report_returned(workspace, POLICY, path)
    page.cell(3, outcome + 1).value = date(2027, 1, 1)
    book.save(path)
    with pytest.raises(UnreadableFile) as refused:
        report_returned(workspace, POLICY, path)

    assert choices.sheet_state == "hidden" and len(lists) == 2
    assert (returned.rows, returned.outcomes) == (RESIDENTS, {"enrolled": 1, "declined": 1})
    assert "row 3" in refused.value.text.en
