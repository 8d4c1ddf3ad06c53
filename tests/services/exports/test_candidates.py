"""A list for its agency, asked of the service: where it is written, and what it replaces."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import openpyxl  # type: ignore[import-untyped]  # it ships no types
import pytest

from infra.workspace.workspace import Workspace
from policies.problems.problems import Conflict, HuiminError
from services.exports.candidates import export_candidates
from services.exports.releases import release_snapshot
from services.exports.snapshots import check_snapshots, snapshots
from tests.console.town import POLICY, RESIDENTS, resident


def sheets(path: Path) -> dict[str, list[tuple[str, ...]]]:
    """The texts of every visible sheet of a workbook."""
    book = openpyxl.load_workbook(path)
    return {
        page.title: [tuple(str(cell or "") for cell in row) for row in page.iter_rows(values_only=True)]
        for page in book.worksheets
        if page.sheet_state == "visible"
    }


def test_the_usual_file_is_a_workbook_and_is_replaced_whatever_columns_it_had(workspace: Workspace) -> None:
    """It is this command's own, also in another language."""
    first = export_candidates(workspace, POLICY)
    ((_, chinese),) = sheets(first.file).items()
    again = export_candidates(workspace, POLICY, language="en")
    ((_, english),) = sheets(first.file).items()

    assert first.file == workspace.folder("exports") / f"{POLICY}-2026-10-15.xlsx" and first == again and first.rows == RESIDENTS
    assert chinese[0][0] == "身份号码" and english[0][0] == "Resident number" and len(english) == RESIDENTS + 1
    assert resident(0) in {row[0] for row in english}


def test_a_workbook_may_have_a_sheet_for_each_street(workspace: Workspace, tmp_path: Path) -> None:
    """Named after it; a CSV has no sheets."""
    export_candidates(workspace, POLICY, tmp_path / "list.xlsx", by_street=True)
    pages = sheets(tmp_path / "list.xlsx")

    assert sum(len(rows) - 1 for rows in pages.values()) == RESIDENTS and len({rows[0] for rows in pages.values()}) == 1
    street = pages[next(iter(pages))][0].index("登记所在街镇")
    assert all({row[street] for row in rows[1:]} == {name} for name, rows in pages.items())
    with pytest.raises(HuiminError, match="by-street"):
        export_candidates(workspace, POLICY, tmp_path / "list.csv", by_street=True)


def test_two_exports_are_the_same_bytes(workspace: Workspace, tmp_path: Path) -> None:
    """Nothing of the clock is in a list."""
    for name in ("a.xlsx", "b.xlsx", "a.csv", "b.csv"):
        export_candidates(workspace, POLICY, tmp_path / name)

    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_a_list_that_somebody_has_begun_to_fill_in_stays(workspace: Workspace) -> None:
    """Also where the list usually goes: an outcome that was typed is not lost."""
    usual = export_candidates(workspace, POLICY).file
    book = openpyxl.load_workbook(usual)
    page = book.worksheets[0]
    page.cell(2, [cell.value for cell in page[1]].index("反馈") + 1).value = "已办理"
    book.save(usual)
    content = usual.read_bytes()

    with pytest.raises(Conflict):
        export_candidates(workspace, POLICY)
    assert usual.read_bytes() == content


@pytest.mark.parametrize("text", ["一封信\n", "身份号码,备注\n1,记得打电话\n", ""])
def test_what_is_somebody_elses_stays(workspace: Workspace, tmp_path: Path, text: str) -> None:
    """Also a list with a column added behind."""
    out = tmp_path / "list.csv"
    export_candidates(workspace, POLICY, out)
    extended = "".join(f"{line},备注\n" for line in out.read_text(encoding="utf-8-sig").splitlines())
    for content in (text, extended):
        out.write_text(content, encoding="utf-8")
        with pytest.raises(Conflict):
            export_candidates(workspace, POLICY, out)
        assert out.read_text(encoding="utf-8") == content


def test_a_named_file_is_replaced_only_where_the_columns_are_the_same(workspace: Workspace, tmp_path: Path) -> None:
    """Somebody named it, so it may be another list; and no other kind of file is written."""
    out = tmp_path / "list.csv"
    export_candidates(workspace, POLICY, out)

    assert export_candidates(workspace, POLICY, out).rows == RESIDENTS
    with pytest.raises(Conflict):
        export_candidates(workspace, POLICY, out, language="en")
    with pytest.raises(HuiminError):
        export_candidates(workspace, POLICY, tmp_path / "list.txt")


def test_snapshots_are_written_listed_and_checked(workspace: Workspace) -> None:
    """One that was cut short is told from one that is whole."""
    created = release_snapshot(workspace, "王芳", "李强", "研究", date(2026, 10, 15))
    (whole,) = check_snapshots(workspace)
    created.file.write_bytes(created.file.read_bytes()[:5000])
    (cut,) = check_snapshots(workspace, created.file)

    assert created.tables["candidates"] > RESIDENTS and created.file.parent == workspace.folder("snapshots")
    assert [snapshot.file for snapshot in snapshots(workspace)] == [created.file.name]
    assert whole.ok and whole.problem is None and not cut.ok and cut.problem is not None
