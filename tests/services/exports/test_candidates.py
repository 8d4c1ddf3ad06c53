"""A list for its agency, asked of the service: where it is written, and what it replaces."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest

from infra.workspace.workspace import Workspace
from policies.problems.problems import Conflict, HuiminError
from services.exports.candidates import export_candidates
from services.exports.releases import release_snapshot
from services.exports.snapshots import check_snapshots, snapshots
from tests.console.town import POLICY, RESIDENTS, resident


def header(path: Path) -> list[str]:
    return next(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))


def test_the_usual_file_is_replaced_whatever_columns_it_had(workspace: Workspace) -> None:
    """It is this command's own: in another language, and from before its streets had names."""
    first = export_candidates(workspace, POLICY)
    columns = header(first.file)
    nameless = [line.split(",") for line in first.file.read_text(encoding="utf-8-sig").splitlines()]
    street = columns.index("街镇")
    first.file.write_text("".join(",".join(cells[:street] + cells[street + 1 :]) + "\n" for cells in nameless), encoding="utf-8")
    again = export_candidates(workspace, POLICY, language="en")

    assert first.file == workspace.folder("exports") / f"{POLICY}-2026-10-15.csv" and first == again and first.rows == RESIDENTS
    assert header(first.file) != columns and "Street" in header(first.file) and columns[0] == "身份号码"
    assert resident(0) in first.file.read_text(encoding="utf-8-sig")


@pytest.mark.parametrize("text", ["一封信\n", "身份号码,备注\n1,记得打电话\n", ""])
def test_what_is_somebody_elses_stays(workspace: Workspace, text: str) -> None:
    """Also where the list usually goes; and the list that came back, with columns added behind."""
    usual = export_candidates(workspace, POLICY).file
    returned = "".join(f"{line},反馈\n" for line in usual.read_text(encoding="utf-8-sig").splitlines())
    for content in (text, returned):
        usual.write_text(content, encoding="utf-8")
        with pytest.raises(Conflict):
            export_candidates(workspace, POLICY)
        assert usual.read_text(encoding="utf-8") == content


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
