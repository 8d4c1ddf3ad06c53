"""A list for some candidates only, and what changed, on sheets of their own: what the file says of itself, and how it comes back."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl  # type: ignore[import-untyped]  # it ships no types
import pytest

from connectors.lists.exports import Sheet
from infra.workspace.workspace import Workspace
from policies.problems.problems import Conflict, HuiminError
from policies.values import Text
from services.exports.candidates import export_candidates
from services.exports.changes_sheet import changes_sheet
from services.exports.list_changes import ChangedCandidate, ChangesSince
from services.lists.candidates import candidate_list
from services.lists.changes import ChangeCause
from services.lists.filters import ListFilter
from services.lists.follow_ups import record_assignment, record_call_again, record_note
from services.lists.outcome_reports import report_outcome
from services.lists.returned_lists import report_returned
from tests.console.town import POLICY, RESIDENTS
from tests.services.exports.test_list_entries import CLERK, SOON, subjects

MINE = ListFilter(streets=("宜川路",), assigned=("李娟",))


def sheets(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    return {page.title: list(page.iter_rows(values_only=True)) for page in openpyxl.load_workbook(path).worksheets}


def assign(workspace: Workspace) -> int:
    """The one candidate who is assigned to 李娟."""
    first = subjects(workspace)[0]
    record_assignment(workspace, POLICY, first, "李娟", CLERK)
    return first


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_filtered_list_says_so_and_comes_back(workspace: Workspace, tmp_path: Path, language: str) -> None:
    """On a sheet that nobody reads back, above every printed page, and in the name of the usual file."""
    first = assign(workspace)
    words = {"zh": "街镇 宜川路；分派给 李娟", "en": "street Yichuan Road; assigned to 李娟"}[language]

    listing = export_candidates(workspace, POLICY, None, language, wanted=MINE)
    pages = sheets(listing.file)
    report = report_returned(workspace, POLICY, listing.file)
    book = openpyxl.load_workbook(listing.file)

    assert (listing.rows, listing.filter[language]) == (1, words) and listing.file.name == f"{POLICY}-2026-10-15-310107020-李娟.xlsx"
    about = pages["说明" if language == "zh" else "About"]
    assert [row[1] for row in about[3:5]] == [
        words.split("；" if language == "zh" else "; ")[at].split(" ", 1 + at * (language == "en"))[-1] for at in (0, 1)
    ]
    assert words in book.worksheets[0].oddHeader.left.text and (report.rows, report.without_outcome) == (1, 1)
    header, row = pages[book.worksheets[0].title]
    assert f"{first:016x}" in row and any(words in str(title) for title in header)


def test_a_filtered_csv_says_so_in_its_header(workspace: Workspace, tmp_path: Path) -> None:
    """It comes back, too; and a file of another filter is another list, which a named file does not become."""
    assign(workspace)
    path = tmp_path / "list.csv"

    export_candidates(workspace, POLICY, path, wanted=MINE)
    header = next(csv.reader(path.open(encoding="utf-8-sig", newline="")))
    again = export_candidates(workspace, POLICY, path, wanted=MINE)

    assert header[-1] == "筛选：街镇 宜川路；分派给 李娟" and again.rows == 1
    assert report_returned(workspace, POLICY, path).rows == 1
    for other in (ListFilter(), ListFilter(streets=("宜川路",))):
        with pytest.raises(Conflict):
            export_candidates(workspace, POLICY, path, wanted=other)


def test_a_filter_that_wants_nobody_writes_an_empty_list(workspace: Workspace, tmp_path: Path) -> None:
    """And one that nobody could mean is refused, like an edition that is none; nothing is listing."""
    empty = export_candidates(workspace, POLICY, tmp_path / "list.xlsx", wanted=ListFilter(statuses=("to_check",)), changes_since="1")

    assert empty.rows == 0 and report_returned(workspace, POLICY, tmp_path / "list.xlsx").rows == 0
    for wanted, since in ((ListFilter(streets=("月球",)), None), (ListFilter(), "9"), (ListFilter(), "yesterday")):
        with pytest.raises(HuiminError):
            export_candidates(workspace, POLICY, tmp_path / "other.xlsx", wanted=wanted, changes_since=since)
    with pytest.raises(HuiminError, match="candidates changes"):
        export_candidates(workspace, POLICY, tmp_path / "other.csv", changes_since="1")
    assert {path.name for path in tmp_path.glob("other.*")} == set()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_changed_is_a_sheet_of_its_own(workspace: Workspace, tmp_path: Path, language: str) -> None:
    """Leavers with name, reason and event; the list beside it comes back filled in as ever, and is replaced where nobody did."""
    who = subjects(workspace)[0]
    report_outcome(workspace, POLICY, who, "declined", CLERK)
    path = tmp_path / "list.xlsx"

    listing = export_candidates(workspace, POLICY, path, language, changes_since="1")
    again = export_candidates(workspace, POLICY, path, language, changes_since="1")
    header, row = sheets(path)["变动" if language == "zh" else "Changes"]
    of = dict(zip(header, row, strict=True))

    assert listing.rows == again.rows == RESIDENTS - 1 and listing.changes == {"entered": 0, "left": 1, "changed": 0}
    assert of["代号" if language == "zh" else "Token"] == f"{who:016x}" and str(of["姓名" if language == "zh" else "Name"]).startswith(
        "居民"
    )
    assert of["理由" if language == "zh" else "Why"] == ("反馈“不愿办理”" if language == "zh" else 'outcome "declined"')
    book = openpyxl.load_workbook(path)
    page = book.worksheets[0]
    page.cell(2, [cell.value for cell in page[1]].index("备注" if language == "zh" else "note") + 1).value = "三楼"
    book.save(path)
    with pytest.raises(Conflict):
        export_candidates(workspace, POLICY, path, language, changes_since="1")
    assert report_returned(workspace, POLICY, path).follow_ups == {"note": 1}


def test_changes_are_those_of_the_streets_and_persons(workspace: Workspace, tmp_path: Path) -> None:
    """A street's sheet names nobody of another street; what work is left to do takes no leaver out of it."""
    first = assign(workspace)
    report_outcome(workspace, POLICY, first, "declined", CLERK)
    record_assignment(workspace, POLICY, subjects(workspace)[0], CLERK, CLERK)

    def changes(**filters: tuple[str, ...]) -> int:
        wanted = ListFilter(**filters)  # type: ignore[arg-type]  # new_since is not among them
        listing = export_candidates(workspace, POLICY, tmp_path / f"{len(list(tmp_path.iterdir()))}.xlsx", wanted=wanted, changes_since="1")
        return sum((listing.changes or {}).values())

    assert changes(streets=("宜川路",), statuses=("to_check",)) == changes(outcomes=("none",)) == changes(assigned=("李娟",)) == 1
    assert changes(streets=("310107014",)) == changes(assigned=(CLERK,)) == 0


def test_the_workbook_is_made_for_the_screen_and_for_paper(workspace: Workspace, tmp_path: Path) -> None:
    """Frozen header, filter, titles on every page, widths; days, names and lengths are checked where they are entered; marks are hidden."""
    first, second, *_ = subjects(workspace)
    record_assignment(workspace, POLICY, first, "李娟", CLERK)
    record_assignment(workspace, POLICY, second, "赵敏", CLERK)
    record_call_again(workspace, POLICY, first, SOON, CLERK)
    record_note(workspace, POLICY, first, "女儿周六在家，先打电话再上门，带上申请表和户口簿复印件", CLERK)
    path = tmp_path / "list.xlsx"
    export_candidates(workspace, POLICY, path, wanted=ListFilter(streets=("宜川路",)), changes_since="2026-10-14")

    book = openpyxl.load_workbook(path)
    page, changes, about, choices = book.worksheets
    at = {cell.value: cell.column_letter for cell in page[1]}
    rules = {str(rule.sqref): rule for rule in page.data_validations.dataValidation}

    for sheet in (page, changes, about):
        assert sheet.freeze_panes == "A2" and sheet.auto_filter.ref.startswith("A1:") and sheet.print_title_rows == "$1:$1"
        assert sheet.page_setup.orientation == "landscape" and sheet.sheet_state == "visible"
    assert [page.title, changes.title, about.title] == [page.title, "变动", "说明"] and choices.sheet_state == "hidden"
    assert [page.column_dimensions[at[title]].width for title in ("备注", "再联系日期", "分派给")] == pytest.approx(
        [24.71, 11.71, 10.71], abs=1
    )
    day, person, note = (rules[f"{at[title]}2:{at[title]}{RESIDENTS + 1}"] for title in ("再联系日期", "分派给", "备注"))
    assert (day.type, day.operator, int(day.formula1)) == ("date", "greaterThanOrEqual", 46310)  # 2026-10-15
    assert (person.type, person.showErrorMessage) == ("list", False) and (note.type, note.formula1) == ("textLength", "2000")
    assert [cell.value for cell in choices[at["分派给"]][:2]] == ["李娟", "赵敏"]
    assert all(page.column_dimensions[at[title]].hidden for title in ("代号", "导出时", "筛选：街镇 宜川路"))
    row = next(row for row in page.iter_rows(min_row=2) if row[0].row and "女儿" in str([cell.value for cell in row]))
    assert page.row_dimensions[row[0].row].height > 15
    assert candidate_list(workspace, POLICY).total == RESIDENTS


def test_changes_of_households_name_their_people_by_token() -> None:
    """In a hidden column, so that an erasure of one of them finds the row; of persons there is none."""
    change = ChangedCandidate(
        255, "H-1", "甲、乙", Text("宜川路", "Yichuan Road"), "left", "eligible", None, Text("因", "why"), SOON, ChangeCause("day", ""),
        Text("日期推进", "the day came"), "310107020", "00000000000000aa\n00000000000000bb",
    )  # fmt: skip

    def sheet(people: str) -> Sheet:
        changes = (replace(change, people=people),)
        return changes_sheet(ChangesSince(POLICY, Text("题", "title"), "2", SOON, {"entered": 0, "left": 1, "changed": 0}, changes), "en")

    with_people, without = sheet(change.people), sheet("")

    assert (with_people.columns[-1].title, with_people.columns[-1].visible) == ("Tokens of the people", False)
    assert with_people.rows[0][-1] == change.people and with_people.title == "title · since edition 2"
    assert "Tokens of the people" not in without.header and len(without.rows[0]) == len(without.columns)
