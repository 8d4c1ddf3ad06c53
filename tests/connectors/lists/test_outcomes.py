"""A list that comes back: whose row it is, what it tells, and every mistake in it, said without a cell of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from connectors.contracts.faults import UnreadableFile
from connectors.identity.vault import Vault
from connectors.lists.disclosures import Disclosure
from connectors.lists.feedback import feedback_columns
from connectors.lists.lists import list_sheet
from connectors.lists.mistakes import SHOWN
from connectors.lists.outcome_form import OutcomeForm
from connectors.lists.outcomes import KnownSubjects, OutcomeRow, read_outcome_rows
from connectors.parsing.row_place import RowPlace
from policies.language.tree import All, Check, Meta, Policy
from policies.values import Kind, Text
from tests.connectors.files import workbook
from tests.connectors.lists.test_exports import POLICY, Candidate
from tests.connectors.samples import TOKENS, catalogue, resident

TODAY = date(2026, 10, 15)
WILLING = Check(Meta("willing", "criteria.all[0]"), Text("愿意", "is willing"))
ALONE = Check(Meta("alone", "criteria.all[1]", label=Text("独居", "Lives alone")), Text("是否独居", "lives alone?"))
ASKED: Policy = replace(POLICY, discloses=(), criteria=All(Meta("all", "criteria"), (WILLING, ALONE)))
NUMBERS = [resident(serial) for serial in range(1, 5)]
PEOPLE = [int(token) for token in TOKENS.person(NUMBERS)]
MERGED = {PEOPLE[3]: PEOPLE[0]}


def known_subjects(on: date | None = None) -> KnownSubjects:
    """Four people, of whom the last counts as the first."""
    return KnownSubjects(lambda subject: subject in PEOPLE, lambda subject: MERGED.get(subject, subject), TODAY, on)


def read(path: Path, rows: Sequence[Sequence[str]], on: date | None = None, policy: Policy = ASKED) -> tuple[list[OutcomeRow], int]:
    path.write_text("".join(",".join(row) + "\r\n" for row in rows), encoding="utf-8-sig", newline="")
    return read_outcome_rows(path, OutcomeForm([policy], catalogue()), TOKENS, known_subjects(on))


def token_text(subject: int) -> str:
    return f"{subject:016x}"


def wrong(tmp_path: Path, rows: Sequence[Sequence[str]], on: date | None = None) -> UnreadableFile:
    with pytest.raises(UnreadableFile) as error:
        read(tmp_path / "back.csv", rows, on)
    assert error.value.exit_code == 3
    return error.value


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_exported_columns_name_whom_a_row_is_about(tmp_path: Path, language: str) -> None:
    """Both headers that an export has are understood in its language, with the columns that are filled in."""
    entries = feedback_columns(OutcomeForm([ASKED], catalogue()), language)
    candidates, vault = [Candidate(person) for person in PEOPLE[:2]], Vault(tmp_path / "identity", bytes(32))
    sheet = list_sheet(ASKED, candidates, Disclosure(), catalogue(), vault, TODAY, language, entries)
    filled_in = {entries[0].title: entries[0].choices[1], entries[1].title: "2026-10-14"}
    rows = [
        sheet.header,
        *([filled_in.get(title) or str(cell) for title, cell in zip(sheet.header, row, strict=True)] for row in sheet.rows),
    ]

    outcomes, silent = read(tmp_path / "back.csv", rows)

    assert {outcome.subject for outcome in outcomes} == set(PEOPLE[:2]) and silent == 0


@pytest.mark.parametrize("header", ["身份号码", "Resident number", "id_number"])
def test_a_number_is_read_as_a_token(tmp_path: Path, header: str) -> None:
    """Under any of its names; where the token stands beside it both are one, of somebody merged, too."""
    alone, _ = read(tmp_path / "back.csv", [[header, "反馈", "日期"], [NUMBERS[1].lower(), "enrolled", "2026-10-14"]])
    beside, _ = read(
        tmp_path / "back.csv", [[header, "Token", "反馈", "日期"], [NUMBERS[3], token_text(PEOPLE[0]), "enrolled", "2026-10-14"]]
    )

    assert [outcome.subject for outcome in (*alone, *beside)] == [PEOPLE[1], PEOPLE[0]]


@pytest.mark.parametrize("column", [0, 2])
def test_an_error_of_a_workbook_is_no_empty_cell(tmp_path: Path, column: int) -> None:
    """Whom a row is about, or on which day: a mistake, and not a row that tells nothing."""

    def fill(book: Any, page: Any) -> None:
        page.write_row(0, 0, ["id_number", "outcome", "on"])
        page.write_row(1, 0, [NUMBERS[1], "enrolled", "2026-10-14"])
        page.write_formula(1, column, "=NA()", None, "#N/A")

    with pytest.raises(UnreadableFile) as error:
        read_outcome_rows(workbook(tmp_path / "back.xlsx", fill), OutcomeForm([ASKED], catalogue()), TOKENS, known_subjects())
    assert "an error is no empty cell" in error.value.text.en


def test_words_are_understood_in_both_languages(tmp_path: Path) -> None:
    """Outcomes, days, criteria by id and by what the list calls them, answers; a row nobody filled in tells nothing."""
    rows = [
        ["代号", "反馈", "日期", "条件", "是否独居", "willing"],
        [token_text(PEOPLE[0]), "不符合条件", "2026年10月1日", "独居", "", ""],
        [token_text(PEOPLE[1]).upper(), "NOT  eligible", "20261002", "ALONE", "是", "No"],
        [token_text(PEOPLE[2]), "", "", "", "", ""],
        [token_text(PEOPLE[2]), "", "", "", "否", ""],
    ]

    outcomes, silent = read(tmp_path / "back.csv", rows)

    assert silent == 1
    assert outcomes == [
        OutcomeRow(RowPlace(2), PEOPLE[0], "not_eligible", date(2026, 10, 1), "alone", ()),
        OutcomeRow(RowPlace(3), PEOPLE[1], "not_eligible", date(2026, 10, 2), "alone", (("willing", False), ("alone", True))),
        OutcomeRow(RowPlace(5), PEOPLE[2], None, None, None, (("alone", False),)),
    ]


def test_rows_without_a_day_are_of_the_day_that_was_given(tmp_path: Path) -> None:
    """Where one was; else each of them is a mistake, for the same file must mean the same tomorrow."""
    rows = [["代号", "反馈"], [token_text(PEOPLE[0]), "moved"]]

    outcomes, _ = read(tmp_path / "back.csv", rows, on=date(2026, 10, 3))

    assert outcomes[0].on == date(2026, 10, 3)
    assert "row 2, column 反馈日期: an empty cell; it does not say on which day" in wrong(tmp_path, rows).text.en


def test_a_workbook_is_read_with_dates_as_a_spreadsheet_keeps_them(tmp_path: Path) -> None:
    """A cell that is a date, not a text."""
    frame = pl.DataFrame({"代号": [token_text(PEOPLE[0])], "反馈": ["已去世"], "日期": [date(2026, 10, 14)]})
    frame.write_excel(tmp_path / "back.xlsx")

    outcomes, _ = read_outcome_rows(tmp_path / "back.xlsx", OutcomeForm([ASKED], catalogue()), TOKENS, known_subjects())

    assert outcomes == [OutcomeRow(RowPlace(2), PEOPLE[0], "deceased", date(2026, 10, 14), None, ())]


def test_json_lines_may_leave_keys_out(tmp_path: Path) -> None:
    """Answers may be true and false."""
    lines = [
        {"subject": token_text(PEOPLE[0]), "outcome": "moved", "on": "2026-10-14"},
        {"subject": token_text(PEOPLE[1]), "willing": True},
    ]
    (tmp_path / "back.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")

    outcomes, _ = read_outcome_rows(tmp_path / "back.jsonl", OutcomeForm([ASKED], catalogue()), TOKENS, known_subjects())

    assert [(outcome.outcome, outcome.answers) for outcome in outcomes] == [("moved", ()), (None, (("willing", True),))]


GOOD = (token_text(PEOPLE[0]), NUMBERS[0], "enrolled", "2026-10-14", "", "")


@pytest.mark.parametrize(
    ("cells", "column", "en"),
    [
        ({2: "gone"}, "反馈", "text of 4 characters; one of contacted,"),
        ({2: ""}, "反馈", "an empty cell; one of contacted,"),
        ({2: "enroled"}, "反馈", "Did you mean enrolled?"),
        ({3: "soon"}, "日期", "text of 4 characters; a date was expected"),
        ({3: "2026-10-16"}, "日期", "that day is still to come; today is 2026-10-15"),
        ({4: "alone"}, "条件", "only where the outcome is not_eligible"),
        ({2: "not_eligible"}, "条件", "an empty cell; the criterion that was wrong"),
        ({2: "not_eligible", 4: "aloen"}, "条件", "Did you mean alone?"),
        ({5: "maybe"}, "愿意", "text of 5 characters; yes or no was expected"),
        ({0: "00c0ffee00c0ffee", 1: ""}, "代号", "nobody is known by it"),
        ({0: "1.23457E+15", 1: ""}, "代号", "16 hex digits were expected; a spreadsheet may have rewritten it"),
        ({0: "", 1: ""}, "代号", "it does not say who this is"),
        ({1: NUMBERS[1]}, "代号", "not whom the number of this row names"),
        ({1: NUMBERS[0][:-1]}, "身份号码", "of the wrong length"),
        ({0: "", 1: NUMBERS[0][:-1] + ("0" if NUMBERS[0][-1] != "0" else "1")}, "身份号码", "check character"),
        ({0: "", 1: resident(77)}, "身份号码", "nobody is known by it"),
    ],
)
def test_a_mistake_names_row_and_column_and_nothing_of_the_cell(tmp_path: Path, cells: dict[int, str], column: str, en: str) -> None:
    """In both languages; numbers and tokens of the row are nowhere in it."""
    row = tuple(cells.get(at, cell) for at, cell in enumerate(GOOD))
    rows = [("代号", "身份号码", "反馈", "日期", "条件", "愿意"), GOOD, row]

    error = wrong(tmp_path, rows)

    assert f"row 3, column {column}: " in error.text.en and en in error.text.en
    assert f"第 3 行，“{column}”列：" in error.text.zh
    texts = error.text.en + error.text.zh
    assert not any(cell in texts for cell in (*row[:2], *NUMBERS) if cell) and "back.csv has 1 mistake," in texts


def test_one_day_says_one_thing_of_a_subject(tmp_path: Path) -> None:
    """Two days may say two; the same row twice is no contradiction."""
    header, row = ["代号", "反馈", "日期", "willing"], [token_text(PEOPLE[0]), "moved", "2026-10-14", "yes"]

    outcomes, _ = read(tmp_path / "back.csv", [header, row, row, [token_text(PEOPLE[3]), "enrolled", "2026-10-13", ""]])
    outcome = wrong(tmp_path, [header, row, [token_text(PEOPLE[3]), "enrolled", "2026-10-14", ""]])
    answer = wrong(tmp_path, [header, row, [token_text(PEOPLE[3]), "enrolled", "2026-10-13", "no"]])

    assert len(outcomes) == 3 and {row_outcome.subject for row_outcome in outcomes} == {PEOPLE[0]}
    assert "row 3, column 反馈: row 2 says otherwise of the same subject" in outcome.text.en
    assert "row 3, column willing: row 2 says otherwise of the same subject" in answer.text.en


def test_very_many_mistakes_are_counted(tmp_path: Path) -> None:
    """The first hundred are told, of the others how many."""
    rows = [["代号", "反馈"], *[[token_text(PEOPLE[0]), "gone"]] * (SHOWN + 7)]

    error = wrong(tmp_path, rows, TODAY)

    assert error.text.en.endswith("And 7 more.") and error.text.en.count("row ") == SHOWN


@pytest.mark.parametrize(
    ("name", "header", "en"),
    [
        ("a.csv", "反馈,日期", "has no column that says who it is; expected Token or Resident number"),
        ("a.csv", "代号,日期", "has no column `outcome`, none of a check, and none of a note"),
        ("a.csv", "代号,outcom", "Did you mean outcom?"),
        ("a.csv", "代号,反馈,outcome", "has several columns for one thing: 反馈, outcome"),
        ("a.csv", "代号,反馈,反馈", "has two columns named 反馈"),
        ("a.csv", "", "is empty"),
        ("a.txt", "代号,反馈", "is to be a .csv or .xlsx or .jsonl file"),
    ],
)
def test_a_file_that_is_no_such_list_is_one_sentence(tmp_path: Path, name: str, header: str, en: str) -> None:
    """What was expected; nothing is read."""
    (tmp_path / name).write_text(f"{header}\n" if header else "", encoding="utf-8")

    with pytest.raises(UnreadableFile, match=en):
        read_outcome_rows(tmp_path / name, OutcomeForm([ASKED], catalogue()), TOKENS, known_subjects())


def test_words_of_an_older_version_are_understood_but_the_newest_decides(tmp_path: Path) -> None:
    """A label that now means another criterion means that; one that two criteria have means none, and is asked for by id."""
    older = replace(ASKED, criteria=All(Meta("all", "criteria"), (WILLING, replace(ALONE, meta=replace(ALONE.meta, id="single")))))
    twins = All(Meta("all", "criteria"), tuple(replace(ALONE, meta=replace(ALONE.meta, id=id)) for id in ("first", "second")))

    form, ambiguous = OutcomeForm([older, ASKED], catalogue()), OutcomeForm([ASKED, replace(ASKED, criteria=twins)], catalogue())

    assert (form.criterion("独居"), form.criterion("single"), form.criterion("愿意")) == ("alone", "single", "willing")
    assert (ambiguous.criterion("是否独居"), ambiguous.criterion("second"), ambiguous.criterion("alone")) == (None, "second", "alone")
    assert form.kind is Kind.PERSON


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_row_of_a_csv_is_the_one_that_the_spreadsheet_shows(tmp_path: Path, end: str) -> None:
    """A cell of several lines is one row, whatever the encoding and the ends of lines."""
    rows = [["代号", "愿意", "反馈"], [token_text(PEOPLE[0]), "是", '"一' + end + '二"'], [token_text(PEOPLE[1]), "也许", ""]]
    path = tmp_path / "back.csv"
    path.write_bytes(end.join(",".join(row) for row in rows).replace("一", "已联系").encode("gb18030"))

    with pytest.raises(UnreadableFile) as error:
        read_outcome_rows(path, OutcomeForm([ASKED], catalogue()), TOKENS, known_subjects())

    assert "row 2, column 反馈" in error.value.text.en and "row 3, column 愿意" in error.value.text.en
