"""Exported lists as a clerk meets them: what the verbs say of filter, changes and follow-ups, and the days left in JSON and file."""

from __future__ import annotations

import csv
from pathlib import Path

import openpyxl  # type: ignore[import-untyped]  # it ships no types
import pytest

from tests.console.conftest import Run
from tests.console.town import POLICY, RESIDENTS, data, export_list, tokens, write_returned_list

SAID = {
    "zh": ("只含：街镇 宜川路；反馈 无。", "另有一张表列出变动：进入 0，离开 1，变化 0。", "行 5，新记反馈 0，备注 1，再联系 1，分派给 1，无新内容 4。"),
    "en": (
        "Only: street Yichuan Road; outcome none.", "A sheet of its own holds the changes: 0 entered, 1 left, 0 changed.",
        "Rows 5, new outcomes 0, note 1, call again 1, assigned to 1, with nothing new 4.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_verbs_say_what_is_in_the_file_and_what_came_back(run: Run, town: Path, language: str) -> None:
    """In the reader's language; the history has the author, and the list shows what was entered."""
    leaver = tokens(run)[0]
    run("candidates", "ack", POLICY, leaver, "declined", "--by", "王芳")
    file, words = town / "list.xlsx", ("--lang", language)
    filters = ("--street", "宜川路", "--outcome", "none", "--changes-since", "1")

    output = run("candidates", "export", POLICY, "--out", file, *filters, *words).output
    book = openpyxl.load_workbook(file)
    page = book.worksheets[0]
    at = {cell.value: cell.column for cell in page[1]}
    note, day, person, token = (
        ("备注", "再联系日期", "分派给", "代号") if language == "zh" else ("note", "call again on", "assigned to", "Token")
    )
    for title, value in ((note, "三楼"), (day, "2026-10-20"), (person, "李娟")):
        page.cell(3, at[title]).value = value
    book.save(file)
    back = run("candidates", "ack", POLICY, "--file", file, "--by", "赵敏", *words)
    subject = page.cell(3, at[token]).value
    history = data(run("candidates", "history", POLICY, subject, "--json"))["events"]

    assert all(sentence in output for sentence in SAID[language][:2]) and SAID[language][2] in back.stdout
    assert [(event["item"], event["value"], event["by"]) for event in history] == [
        ("note", "三楼", "赵敏"), ("call_again", "2026-10-20", "赵敏"), ("assigned_to", "李娟", "赵敏"),
    ]  # fmt: skip
    assert data(run("candidates", "list", POLICY, "--assigned", "李娟", "--json"))[0]["subject"] == subject


def test_a_mistake_is_said_in_both_languages_and_nothing_is_recorded(run: Run, town: Path) -> None:
    """By row, column, reason and way out."""
    rows = export_list(run, town)
    rows[1]["再联系日期"] = "2026-10-14"
    rows[2]["分派给"] = "李娟"
    file = write_returned_list(town / "back.csv", rows)

    english, chinese = (run("candidates", "ack", POLICY, "--file", file, "--lang", language) for language in ("en", "zh"))

    assert "row 3, column 再联系日期: text of 10 characters; that day is over, today is 2026-10-15; give today" in english.output
    assert "第 3 行，“再联系日期”列：10 个字符的文字；这一天已过，今天是 2026-10-15；请改为今天或以后" in chinese.output
    assert {english.exit_code, chinese.exit_code} == {3}
    assert all(row["assigned_to"] is None for row in data(run("candidates", "list", POLICY, "--json")))


def test_lists_count_the_days_left(run: Run, town: Path) -> None:
    """In the JSON of the list and of the export, and as a column of the file; the day of an earlier list counts from that day."""
    draft = (town / f"w/policies/{POLICY}.yaml").read_text(encoding="utf-8")
    draft = draft.replace("version: 1", "version: 2").replace("discloses:", "apply_by: 2026-10-20\ndiscloses:")
    (town / "draft.yaml").write_text(draft, encoding="utf-8")
    assert run("policy", "publish", town / "draft.yaml", "--by", "王芳", "--approved-by", "李强", "--yes").exit_code == 0

    listed = data(run("candidates", "list", POLICY, "--json"))
    export = data(run("candidates", "export", POLICY, "--out", town / "list.csv", "--json"))
    run("tick", "--to", "2026-10-22")
    closed = data(run("candidates", "list", POLICY, "--json"))
    with (town / "list.csv").open(encoding="utf-8-sig", newline="") as file:
        days = [row["申请截止"] for row in csv.DictReader(file)]

    assert {(row["apply_by"], row["days_left"]) for row in listed} == {("2026-10-20", 5)} and len(listed) == RESIDENTS
    assert (export["apply_by"], export["days_left"], days) == ("2026-10-20", 5, ["2026-10-20"] * RESIDENTS)
    assert {row["days_left"] for row in closed} == {-2}


def test_a_sheet_of_changes_needs_a_workbook(run: Run, town: Path) -> None:
    """A CSV has none; a filter or an edition that is none is named, and nothing is export."""
    csv_file = run("candidates", "export", POLICY, "--out", town / "a.csv", "--changes-since", "1", "--lang", "en")
    edition = run("candidates", "export", POLICY, "--out", town / "a.xlsx", "--changes-since", "7")
    street = run("candidates", "export", POLICY, "--out", town / "a.xlsx", "--street", "宜川", "--lang", "en")

    assert (csv_file.exit_code, edition.exit_code, street.exit_code) == (2, 2, 2)
    assert "Write .xlsx" in csv_file.output and "没有第 7 期" in edition.output and "There is no street '宜川'" in street.output
    assert not list(town.glob("a.*"))
