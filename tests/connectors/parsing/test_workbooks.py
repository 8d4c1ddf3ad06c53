"""Workbooks: nothing that cannot be read reads as empty, and every flaw has the cell of the sheet."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.contracts.faults import UnreadableFile
from connectors.parsing import workbooks
from matchers.kernel.batch import OPEN_TO, QUARANTINED
from tests.connectors.files import COLUMNS, batch_of, cards, edit_workbook, flaws_of, row, table, whole, workbook

XLSX = cards("{format: xlsx}")
SHOWN = datetime.fromisoformat("2026-10-01 08:30:01")
SHEET = "xl/worksheets/sheet1.xml"


def refusal_of(path: Path, delivery: str = "{format: xlsx}") -> str:
    with pytest.raises(UnreadableFile) as raised:
        whole(cards(delivery), path)
    assert raised.value.text.zh
    return raised.value.text.en


@pytest.mark.parametrize("error", ["#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?"])
@pytest.mark.parametrize(("letter", "at"), [("E", 4), ("G", 6), ("H", 7)])
def test_an_error_is_no_empty_cell(tmp_path: Path, error: str, letter: str, at: int) -> None:
    """In a validity end, a number or a text: the row is put aside, with the cell of the sheet."""

    def fill(book: Any, page: Any) -> None:
        table(page, [row(1), row(2)])
        page.write_formula(2, at, "=NA()", None, error)

    path = workbook(tmp_path / "a.xlsx", fill)

    assert flaws_of(XLSX, path) == [(f"{letter}3", COLUMNS[at], "ERROR_CELL")]
    (parcel,), _ = whole(XLSX, path)
    assert parcel.batch.flags.tolist() == [0, QUARANTINED]


def test_an_error_in_an_identifier_names_nobody(tmp_path: Path) -> None:
    """The row is counted, and the cell told."""

    def fill(book: Any, page: Any) -> None:
        table(page, [row(1), row(2), row(3)])
        page.write_formula(2, 1, "=NA()", None, "#N/A")
        page.write_formula(3, 0, "=NA()", None, "#N/A")

    (parcel,), _ = whole(XLSX, workbook(tmp_path / "a.xlsx", fill))

    assert (parcel.rows, parcel.unplaced) == (3, 2)
    assert [(flaw.cell.en, flaw.rule.name) for flaw in parcel.flaws] == [("B3", "ERROR_CELL"), ("A4", "ERROR_CELL")]


def test_a_formula_without_a_stored_value_is_no_empty_cell(tmp_path: Path) -> None:
    """Whoever wrote the file never computed it. A formula whose stored value is an empty text is empty."""

    def fill(book: Any, page: Any) -> None:
        table(page, [row(1), row(2), row(3)])
        page.write_formula(1, 4, '=IF(1,"","x")', None, "SENTINEL")
        page.write_formula(2, 4, "=TODAY()", None, "")
        page.write_formula(3, 6, "=1+1", None, "")

    path = edit_workbook(workbook(tmp_path / "a.xlsx", fill), SHEET, "<v>SENTINEL</v>", "<v></v>")
    path = edit_workbook(path, SHEET, "<f>1+1</f><v></v>", "<f>1+1</f>")

    assert flaws_of(XLSX, path) == [("E3", "止", "FORMULA"), ("G4", "金额", "FORMULA")]
    (parcel,), _ = whole(XLSX, path)
    assert parcel.batch.valid_to.tolist()[0] == OPEN_TO


@pytest.mark.parametrize("walked", [False, True])
def test_only_the_corner_of_a_merged_cell_has_its_value(tmp_path: Path, walked: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are not empty; a merged title above the header, or a merged blank row below, is nobody's."""

    def fill(book: Any, page: Any) -> None:
        table(page, [row(1), row(2), row(3)], top=1)
        page.merge_range(0, 0, 0, 7, "助餐卡名单")
        page.merge_range(2, 4, 4, 4, "2026-06-30")
        page.merge_range(6, 0, 7, 7, "")

    path = workbook(tmp_path / "a.xlsx", fill)
    if walked:  # as where a sheet holds formulas
        monkeypatch.setattr(workbooks, "_plain", lambda file: None)

    assert flaws_of(cards("{format: xlsx, header: find}"), path) == [("E4", "止", "MERGED"), ("E5", "止", "MERGED")]


def test_an_identifier_stored_as_a_number_refuses_its_column(tmp_path: Path) -> None:
    """Excel keeps 15 digits: no check digit decides by chance which rows are read."""

    def fill(book: Any, page: Any) -> None:
        table(page, [row(1), row(2)])
        page.write_number(2, 1, 310107195001010000)

    assert "column '身份证号' (as in B3)" in refusal_of(workbook(tmp_path / "a.xlsx", fill))


def test_a_long_record_number_is_refused_too(tmp_path: Path) -> None:
    """Sixteen digits of a card's number; a value of so many digits is put aside by itself."""
    key = workbook(tmp_path / "a.xlsx", lambda book, page: table(page, [row(1, 卡号=6222021001116245)]))
    note = workbook(tmp_path / "b.xlsx", lambda book, page: table(page, [row(1, 备注=6222021001116245, 卡号=123456789012345)]))

    assert "column '卡号' (as in A2)" in refusal_of(key)
    assert flaws_of(XLSX, note) == [("H2", "备注", "ROUNDED")]


def test_a_computed_number_is_what_excel_shows(tmp_path: Path) -> None:
    """0.1 + 0.2 is 0.3 to fifteen digits, and dates with a time of day stay dates."""

    def fill(book: Any, page: Any) -> None:
        table(page, [row(1)])
        page.write_formula(1, 6, "=0.1+0.2", None, 0.3)
        page.write_datetime(1, 2, SHOWN, book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}))

    path = edit_workbook(workbook(tmp_path / "a.xlsx", fill), SHEET, "<v>0.3</v>", "<v>0.30000000000000004</v>")

    batch = batch_of(XLSX, path)
    assert batch.values["amount"].tolist() == [30]
    assert batch.order.tolist() == [int(SHOWN.replace(tzinfo=UTC).timestamp()) * 1_000_000]


def test_places_are_those_of_the_sheet(tmp_path: Path) -> None:
    """A table that begins in column C of row 3, with blank rows between its rows."""

    def fill(book: Any, page: Any) -> None:
        table(page, [row(1), [""] * 8, row(2, 金额="x"), [" "] * 8], top=2, left=2)

    (parcel,), notes = whole(XLSX, workbook(tmp_path / "a.xlsx", fill))

    (flaw,) = parcel.flaws
    assert (flaw.row, flaw.line, flaw.place, flaw.cell.zh) == (2, 6, "I", "I6")
    assert (parcel.rows, notes.blank, notes.heads[0].line) == (2, 2, 3)


def test_the_visible_sheet_is_read(tmp_path: Path) -> None:
    """A hidden sheet in front and an empty one behind are no reason to ask; two with rows are."""

    def one_full_sheet(book: Any, page: Any) -> None:
        table(page, [row(1)])
        page.hide()
        visible = book.add_worksheet("十月")
        table(visible, [row(2), row(3)])
        visible.activate()
        book.add_worksheet("Sheet3")

    def two_full_sheets(book: Any, page: Any) -> None:
        table(page, [row(1)])
        table(book.add_worksheet("十月"), [row(2)])

    (parcel,), notes = whole(XLSX, workbook(tmp_path / "a.xlsx", one_full_sheet))
    assert parcel.rows == 2 and notes.heads[0].sheet == "十月"
    assert "several visible sheets: 名单, 十月" in refusal_of(workbook(tmp_path / "b.xlsx", two_full_sheets))


def test_a_contract_says_which_sheets(tmp_path: Path) -> None:
    """By name, by pattern, or all of them one after the other; flaws then name the sheet. Row numbers go on."""

    def fill(book: Any, page: Any) -> None:
        table(page, [row(1)])
        table(book.add_worksheet("九月"), [row(2), row(3, 金额="x")])
        table(book.add_worksheet("十月"), [row(4)])
        hidden_sheet = book.add_worksheet("八月")
        table(hidden_sheet, [row(5)])
        hidden_sheet.hide()

    def explain(book: Any, page: Any) -> None:
        table(page, [row(1)])
        book.add_worksheet("说明").write(0, 0, "请勿改动表头")

    (tmp_path / "b").mkdir()
    path, explained = workbook(tmp_path / "a.xlsx", fill), workbook(tmp_path / "b" / "a.xlsx", explain)

    def serials(sheets: str) -> int:
        return sum(parcel.rows for parcel in whole(cards(f"{{format: xlsx, sheets: {sheets}}}"), path)[0])

    assert [serials(s) for s in ("九月", '"*月"', "[名单, 九月]", "all", "八月")] == [2, 3, 3, 4, 1]
    assert "a.xlsx[说明] has no column" in refusal_of(explained, "{format: xlsx, sheets: all}")
    assert "its sheets: 名单, 九月, 十月, 八月" in refusal_of(path, "{format: xlsx, sheets: 七月}")
    parcels, _ = whole(cards("{format: xlsx, sheets: all}"), path)
    assert [(flaw.row, flaw.cell.en) for parcel in parcels for flaw in parcel.flaws] == [(3, "九月!G3")]


def test_a_workbook_of_another_writer_is_read_alike(tmp_path: Path) -> None:
    """XML with a prefix and cells without references, as other programs write it."""

    def fill(book: Any, page: Any) -> None:
        table(page, [row(1), row(2)])
        page.write_formula(2, 4, "=NA()", None, "#N/A")

    path = workbook(tmp_path / "a.xlsx", fill)
    for old, new in (('<c r="[AB]3"', "<c"), ("<(/?)([a-zA-Z])", r"<\1x:\2"), ("xmlns=", "xmlns:x=")):
        path = edit_workbook(path, SHEET, old, new, pattern=True)

    assert flaws_of(XLSX, path) == [("E3", "止", "ERROR_CELL")]


@pytest.mark.parametrize("cut", [10, 200, 3000])
def test_a_workbook_cut_short_is_refused(tmp_path: Path, cut: int) -> None:
    """In one sentence."""
    path = workbook(tmp_path / "a.xlsx", lambda book, page: table(page, [row(1)]))
    path.write_bytes(path.read_bytes()[:cut])

    assert "XLSX" in refusal_of(path)
