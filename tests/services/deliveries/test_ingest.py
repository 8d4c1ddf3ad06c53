"""Files taken in and tried; what of them is in quarantine, and closed."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from infra.workspace.workspace import Workspace
from policies.problems.problems import HuiminError
from services.deliveries.ingest import Ingest, ingest, ingest_trial
from services.deliveries.mending import copy_broken_rows
from services.deliveries.open_cells import close_rows, open_cells
from services.deliveries.statuses import deliveries_of
from services.results import plain
from tests.console.town import PENSION, resident

DAY = date(2026, 10, 15)
SOUND = "".join(f"P{serial},{resident(serial)},2020-01-01,,900\n" for serial in range(3))
BROKEN = f"Q1,{resident(4)},2020-01-01,,x\nQ2,nobody,2020-01-01,,9\n"


def pensions(folder: Path, name: str, rows: str) -> Path:
    path = folder / name
    path.write_bytes((PENSION + rows).encode("gb18030"))
    return path


def take_in(workspace: Workspace, *paths: Path, today: date = DAY) -> Ingest:
    return ingest(workspace, "pension", paths, today, trust=lambda today, day: False, notify=lambda hold: None)


def test_files_are_deliveries_in_their_order(example: Workspace, tmp_path: Path) -> None:
    """The same file again is known; JSON has a line a file and the changes, nothing of the screen's."""
    file = pensions(tmp_path, "a.csv", SOUND)

    result = take_in(example, file, pensions(tmp_path, "b.csv", BROKEN), file)

    assert [(file.file, file.delivery, file.rows, file.repeated) for file in result.deliveries] == [
        ("a.csv", 1, 3, False), ("b.csv", 2, 2, False), ("a.csv", 1, 0, True),
    ]  # fmt: skip
    assert (result.changes, result.refusal) == ((), None)
    assert plain(result, "en").keys() == {"deliveries", "changes"}
    assert [(delivery.number, delivery.file, delivery.broken, delivery.nobody_open, delivery.stage) for delivery in deliveries_of(example)] == [
        (1, "a.csv", 0, 0, "complete"), (2, "b.csv", 1, 1, "void"),
    ]  # fmt: skip


def test_what_stands_before_a_refused_file_is_taken_in(example: Workspace, tmp_path: Path) -> None:
    """And the refusal is part of the result; so it is of a trial, which takes nothing in."""
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("a,b\n1,2\n", encoding="utf-8")
    files = [pensions(tmp_path, "a.csv", SOUND), wrong, pensions(tmp_path, "c.csv", BROKEN)]

    trial = ingest_trial(example, "pension", files, DAY)
    assert example.empty
    result = take_in(example, *files)

    assert [file.file for file in trial.deliveries] == [file.file for file in result.deliveries] == ["a.csv"]
    assert trial.deliveries[0].records.new == 3 and (trial.dry_run, trial.holds) == (True, ())
    assert trial.refusal is not None and result.refusal is not None and trial.refusal.text == result.refusal.text


def test_a_clock_far_ahead_is_asked_about(example: Workspace, tmp_path: Path) -> None:
    """Nothing is taken in where nobody trusts it; the same day needs no question."""
    take_in(example, pensions(tmp_path, "a.csv", SOUND))

    with pytest.raises(HuiminError) as raised:
        take_in(example, pensions(tmp_path, "b.csv", BROKEN), today=date(2027, 10, 15))

    assert raised.value.exit_code == 5 and len(deliveries_of(example)) == 1


def test_what_cannot_be_asked_is_refused(example: Workspace, tmp_path: Path) -> None:
    """No such feed, a source that is none of the feed's, one name for two files."""
    file = pensions(tmp_path, "a.csv", SOUND)
    for feed, paths, source, called in (
        ("pensions", [file], None, None),
        ("pension", [file], "putuo-psb", None),
        ("pension", [file, file], None, "x"),
    ):
        with pytest.raises(HuiminError) as raised:
            ingest_trial(example, feed, paths, DAY, source=source, called=called)
        assert raised.value.exit_code == 2


def test_broken_rows_go_back_to_the_unit(example: Workspace, tmp_path: Path) -> None:
    """Two cells are open; their rows are copied out of the original; the one of nobody is closed by somebody, once."""
    original = pensions(tmp_path, "b.csv", BROKEN)
    take_in(example, original)

    cells = open_cells(example, "pension")
    copied = copy_broken_rows(example, "pension", original, tmp_path / "mend.csv", "en")
    closing = close_rows(example, "pension", None, 1, " 王芳 ", DAY)

    assert [(cell.row, cell.line, cell.column, cell.nobody) for cell in cells] == [(1, 2, "amount", False), (2, 3, "id_number", True)]
    assert (copied.rows, copied.left, (tmp_path / "mend.csv").exists()) == (2, 0, True)
    assert (closing.rows, closing.by) == (1, "王芳")
    assert [cell.row for cell in open_cells(example)] == [1]
    for by in ("", "王芳"):
        with pytest.raises(HuiminError):
            close_rows(example, "pension", None, 1, by, DAY)
