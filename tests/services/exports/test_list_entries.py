"""The working state in an exported list: it goes out filled in, and the very file brings back what was changed, and nothing else."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import openpyxl  # type: ignore[import-untyped]  # it ships no types
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.contracts.faults import UnreadableFile
from infra.workspace.workspace import Workspace
from policies.problems.problems import Conflict
from services.exports.candidates import export_candidates
from services.lists.candidates import candidate_list
from services.lists.follow_ups import candidate_history, record_assignment, record_call_again, record_note
from services.lists.returned_lists import ReturnedList, report_returned
from tests.console.town import POLICY, RESIDENTS

CLERK, TODAY, SOON = "王芳", date(2026, 10, 15), date(2026, 10, 20)
COLUMNS = {"zh": ("备注", "再联系日期", "分派给"), "en": ("note", "call again on", "assigned to")}
Cells = tuple[str, str, str]
"""Note, day to call again, person; "" where the cell is empty."""


def subjects(workspace: Workspace) -> list[int]:
    return [candidate.subject for candidate in candidate_list(workspace, POLICY).candidates]


def record(workspace: Workspace) -> tuple[int, int]:
    """Two candidates of whom something is recorded: of the first all three, of the second a note."""
    first, second, *_ = subjects(workspace)
    record_note(workspace, POLICY, first, "旧的一条", CLERK)
    record_note(workspace, POLICY, first, "=1+1\n周六在家", CLERK)
    record_call_again(workspace, POLICY, first, SOON, CLERK)
    record_assignment(workspace, POLICY, first, "李娟", CLERK)
    record_note(workspace, POLICY, second, "'-不在家", CLERK)
    return first, second


def follow_ups(workspace: Workspace) -> int:
    with workspace.reading() as host:
        return len(host.state.follow_ups)


def cells_of(path: Path, language: str) -> dict[int, Cells]:
    """The follow-up cells of a written list, by subject."""
    token = "代号" if language == "zh" else "Token"
    rows: list[Mapping[str, Any]] = []
    if path.suffix == ".csv":
        rows += csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines(keepends=True))
    else:
        values = list(openpyxl.load_workbook(path).worksheets[0].iter_rows(values_only=True))
        rows += (dict(zip(values[0], row, strict=True)) for row in values[1:])
    texts = ({title: cell.date().isoformat() if hasattr(cell, "date") else str(cell or "") for title, cell in row.items()} for row in rows)
    return {int(row[token], 16): tuple(row[title] for title in COLUMNS[language]) for row in texts}  # type: ignore[misc]  # of three


def edit(path: Path, language: str, edits: Mapping[tuple[int, int], Any]) -> None:
    """Change cells as somebody does in a spreadsheet, by subject and column."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows: list[list[Any]] = list(csv.reader(file))
    else:
        book = openpyxl.load_workbook(path)
        rows = [list(row) for row in book.worksheets[0].iter_rows(values_only=True)]
    token = rows[0].index("代号" if language == "zh" else "Token")
    for (subject, column), value in edits.items():
        at = next(at for at, row in enumerate(rows) if row[token] == f"{subject:016x}")
        place = rows[0].index(COLUMNS[language][column])
        rows[at][place] = value
        if path.suffix == ".xlsx":
            cell = book.worksheets[0].cell(at + 1, place + 1)
            cell.value = value
            cell.data_type = "s" if isinstance(value, str) else cell.data_type  # the column is text: no formula
    if path.suffix == ".csv":
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows(rows)
    else:
        book.save(path)


def written_cells(workspace: Workspace, path: Path, language: str) -> dict[int, Cells]:
    path.unlink(missing_ok=True)
    export_candidates(workspace, POLICY, path, language)
    return cells_of(path, language)


def report_back(workspace: Workspace, path: Path) -> ReturnedList:
    return report_returned(workspace, POLICY, path, by="区医保中心")


@pytest.mark.parametrize(("suffix", "language"), [("csv", "zh"), ("xlsx", "en")])
def test_a_list_goes_out_filled_in_and_unchanged_it_records_nothing(
    workspace: Workspace, tmp_path: Path, suffix: str, language: str
) -> None:  # fmt: skip
    """The last note, the day, the person; also where the spreadsheet saves the file, and where it is written over untouched."""
    first, second = record(workspace)
    path = tmp_path / f"list.{suffix}"
    escaped = "'" if suffix == "csv" else ""

    cells = written_cells(workspace, path, language)
    again = export_candidates(workspace, POLICY, path, language)  # nobody has filled it in
    edit(path, language, {})
    report = report_back(workspace, path)

    assert cells[first] == (f"{escaped}=1+1\n周六在家", "2026-10-20", "李娟") and cells[second][1:] == ("", "")
    assert again.rows == RESIDENTS and set(cells.values()) - {cells[first], cells[second]} == {("", "", "")}
    assert (report.rows, report.without_outcome, report.follow_ups, report.known_before) == (RESIDENTS, RESIDENTS, {}, 0)
    assert follow_ups(workspace) == 5


@pytest.mark.parametrize(("suffix", "language"), [("csv", "en"), ("xlsx", "zh")])
def test_a_changed_cell_is_one_event_with_its_author(workspace: Workspace, tmp_path: Path, suffix: str, language: str) -> None:
    """An emptied day or person is none any more; an emptied note says nothing. The file is not written over, and comes back once."""
    first, second = record(workspace)
    third = subjects(workspace)[2]
    path = tmp_path / f"list.{suffix}"
    written_cells(workspace, path, language)
    edit(
        path, language, {(first, 0): "", (first, 1): None, (first, 2): "", (second, 0): "=2", (third, 1): "2026/10/15", (third, 2): "赵敏"}
    )

    with pytest.raises(Conflict):
        export_candidates(workspace, POLICY, path, language)
    report, again = report_back(workspace, path), report_back(workspace, path)

    assert report.follow_ups == {"call_again": 2, "assigned_to": 2, "note": 1} and (report.replaced, report.new) == (0, 0)
    assert again.follow_ups == {} and again.known_before == 5
    state = written_cells(workspace, tmp_path / f"next.{suffix}", language)
    assert state[first][1:] == ("", "") and state[third] == ("", "2026-10-15", "赵敏") and state[second][0].endswith("=2")
    last = candidate_history(workspace, POLICY, first).events[-2:]
    assert [(event.item, event.value, event.by, event.day) for event in last] == [
        ("call_again", None, "区医保中心", TODAY), ("assigned_to", None, "区医保中心", TODAY),
    ]  # fmt: skip


@pytest.mark.parametrize("emptied", [(0, ""), (1, None), (2, ""), (2, "赵敏")])
@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_a_changed_or_emptied_cell_keeps_the_file(workspace: Workspace, tmp_path: Path, suffix: str, emptied: tuple[int, Any]) -> None:
    """Also in the usual place."""
    first, _ = record(workspace)
    path = tmp_path / f"list.{suffix}"
    written_cells(workspace, path, "zh")
    usual = export_candidates(workspace, POLICY).file

    for file in (path, usual):
        edit(file, "zh", {(first, emptied[0]): emptied[1]})
        content = file.read_bytes()
        with pytest.raises(Conflict):
            export_candidates(workspace, POLICY, None if file is usual else file)
        assert file.read_bytes() == content


def test_a_list_of_last_week_takes_nothing_back(workspace: Workspace, tmp_path: Path) -> None:
    """What was recorded since stays where the cell was not changed; a changed cell counts, is told, and counts only once."""
    first, second = record(workspace)
    path = tmp_path / "list.xlsx"
    written_cells(workspace, path, "zh")
    record_assignment(workspace, POLICY, first, "赵敏", CLERK)
    record_assignment(workspace, POLICY, second, "赵敏", CLERK)
    edit(path, "zh", {(second, 2): "钱进"})

    report = report_back(workspace, path)
    record_assignment(workspace, POLICY, second, "孙立", CLERK)
    again = report_back(workspace, path)

    assert report.follow_ups == {"assigned_to": 1} and report.replaced == 1 and (again.follow_ups, again.known_before) == ({}, 1)
    assert {subject: cells[2] for subject, cells in written_cells(workspace, tmp_path / "b.csv", "zh").items() if cells[2]} == {
        first: "赵敏", second: "孙立",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("column", "value", "zh", "en"),
    [
        (0, "长" * 2001, "不超过 2000 字；请写短些", "up to 2000 characters were expected; shorten it"),
        (
            1,
            "2026-10-14",
            "这一天已过，今天是 2026-10-15",
            "that day is over, today is 2026-10-15; give today or a later day, or clear the cell",
        ),
        (1, "soon", "不再联系则请清空", "a date was expected"),
        (2, "…", "应为姓名", "the name of a person was expected"),
        (2, "长" * 201, "不超过 200 字", "up to 200 characters were expected"),
    ],
)
def test_a_mistake_is_named_and_nothing_is_taken(
    workspace: Workspace, tmp_path: Path, column: int, value: str, zh: str, en: str
) -> None:  # fmt: skip
    """By the row of the file, header counted, and the column, without what stands in the cell; the sound rows wait, too."""
    first, *_ = record(workspace)
    path = tmp_path / "list.csv"
    cells = written_cells(workspace, path, "zh")
    sound, *_, wrong = [subject for subject in cells if subject != first]
    edit(path, "zh", {(sound, 0): "一\n二"})
    row = list(cells).index(wrong) + 2  # a note of two lines stands above it, and is one row
    edit(path, "zh", {(wrong, column): value, (sound, 2): "赵敏", (first, 2): ""})

    with pytest.raises(UnreadableFile) as refused:
        report_back(workspace, path)

    text, title = refused.value.text, COLUMNS["zh"][column]
    assert f"row {row}, column {title}: " in text.en and en in text.en
    assert f"第 {row} 行，“{title}”列：" in text.zh and zh in text.zh
    assert value not in text.en + text.zh and follow_ups(workspace) == 5


def test_what_was_overdue_when_the_list_was_written_is_no_mistake(workspace: Workspace, tmp_path: Path) -> None:
    """It was not changed; clearing it, or a later day, is taken."""
    first, _ = record(workspace)
    with workspace.writing() as host:
        from streams.language.messages import Tick

        host.submit(Tick(SOON + timedelta(5)))
    later = Workspace.open(workspace.root, {"HUIMIN_TODAY": str(SOON + timedelta(5))})
    path = tmp_path / "list.xlsx"
    written_cells(later, path, "en")

    unchanged = report_back(later, path)
    edit(path, "en", {(first, 1): SOON + timedelta(9)})
    changed = report_back(later, path)

    assert unchanged.follow_ups == {} and changed.follow_ups == {"call_again": 1}


def test_a_damaged_mark_and_two_words_about_one_subject_are_mistakes(workspace: Workspace, tmp_path: Path) -> None:
    """The mark is hidden, and must come back as it was; a file without marks says what stands in its cells."""
    first, second, *_ = subjects(workspace)
    rows = [["代号", "分派给", "导出时"], [f"{first:016x}", "李娟", "v2 1 - - -"], [f"{second:016x}", "李娟", ""]]
    by_hand = [row[:2] for row in rows]
    path = tmp_path / "back.csv"

    def write(rows: list[list[str]]) -> None:
        path.write_text("".join(",".join(row) + "\n" for row in rows), encoding="utf-8")

    write(rows)
    with pytest.raises(UnreadableFile) as damaged:
        report_back(workspace, path)
    write([*by_hand, [f"{first:016x}", "赵敏"]])
    with pytest.raises(UnreadableFile) as twice:
        report_back(workspace, path)
    write(by_hand)

    assert "row 2, column 导出时: what was exported was expected" in damaged.value.text.en
    assert "row 4, column 分派给: row 2 says otherwise" in twice.value.text.en and follow_ups(workspace) == 0
    assert [report_back(workspace, path).follow_ups for _ in range(2)] == [{"assigned_to": 2}, {}]


def test_without_the_key_a_note_is_an_empty_cell(workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the history: who may not read it gets no text, and the list can be replaced and come back all the same."""
    first, _ = record(workspace)
    monkeypatch.setattr(Workspace, "notes_key", lambda self: b"o" * 32)
    path = tmp_path / "list.csv"

    cells = written_cells(workspace, path, "zh")
    export_candidates(workspace, POLICY, path)

    assert cells[first] == ("", "2026-10-20", "李娟") and report_back(workspace, path).follow_ups == {}
    assert "周六" not in path.read_text(encoding="utf-8-sig")


NOTES = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Cn", "Co"]) | st.sampled_from("\n=+-@'\"一,"), max_size=12
).map(str.strip)  # fmt: skip
PEOPLE = st.sampled_from(["李娟", "赵敏", "Wang Fang", "钱 进", ""])
DAYS = st.dates(TODAY, TODAY + timedelta(400)).map(str) | st.just("")


@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data(), st.sampled_from(["csv", "xlsx"]), st.sampled_from(["zh", "en"]))
def test_the_next_list_shows_exactly_what_was_edited(
    workspace: Workspace, tmp_path: Path, data: st.DataObject, suffix: str, language: str
) -> None:  # fmt: skip
    """Whatever stood there before: changed cells as they were changed, all others as they were, and emptied notes as before."""
    path = tmp_path / f"list.{suffix}"
    before = written_cells(workspace, path, language)
    count = follow_ups(workspace)
    assert report_back(workspace, path).follow_ups == {} and follow_ups(workspace) == count
    rows = data.draw(st.lists(st.sampled_from(sorted(before)), unique=True))
    edits = {
        (row, column): data.draw(values) for row in rows for column, values in enumerate((NOTES, DAYS, PEOPLE)) if data.draw(st.booleans())
    }
    edit(path, language, {at: _entry(value, at[1], suffix) for at, value in edits.items()})

    report = report_back(workspace, path)
    behind = written_cells(workspace, path, language)

    expected = {
        row: tuple(edits.get((row, at), cell) or (cell if at == 0 else "") for at, cell in enumerate(cells))
        for row, cells in before.items()
    }
    assert {row: tuple(map(_plain, cells)) for row, cells in behind.items()} == {
        row: tuple(map(_plain, cells)) for row, cells in expected.items()
    }
    changed = sum(_plain(cell) != _plain(old) for row in before for cell, old in zip(expected[row], before[row], strict=True))
    assert sum(report.follow_ups.values()) == changed == follow_ups(workspace) - count


def _entry(value: str, column: int, suffix: str) -> Any:
    """A value as it is typed: a day as a day, and an empty cell as nothing, where the file knows either."""
    if suffix == "csv" or not value:
        return value or (None if suffix == "xlsx" else "")
    return date.fromisoformat(value) if column == 1 else value


def _plain(text: str) -> str:
    """Without the apostrophes before what looks like a formula."""
    return text.lstrip("'") if text.lstrip("'")[:1] in tuple("=+-@＝＋－＠") else text
