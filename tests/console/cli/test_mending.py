"""Broken rows are copied out for the unit and taken in again: the right rows, for every layout of files."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter  # type: ignore[import-untyped]  # it ships no types

from tests.connectors.samples import resident
from tests.console.conftest import Run

CARDS = """format: 1
feed: cards
sources: [{unit: putuo-civil-affairs, division: "310107"}]
title: {zh: 助餐卡, en: Meal cards}
subject: person
cardinality: many
key: card
order: changed
identify: {person: {column: id_number, scheme: cn-resident-id}}
fields:
  kind: {type: enum, values: {full: 全额, half: 半额}, title: {zh: 种类, en: kind}}
  amount: {type: decimal, scale: 2, min: -100, max: 100, unit: CNY, title: {zh: 金额, en: amount}}
agreement: {purposes: [assistance], discloses: []}
delivery: DELIVERY
"""
HEADER = ["card", "id_number", "changed", "kind", "amount", "by"]


def row(serial: int, kind: str = "全额", amount: str = "-5.50") -> list[str]:
    return [f"C-{serial}", resident(serial), "2026-10-01", kind, amount, ""]


def sheet(path: Path, name: str, rows: list[list[str]]) -> Path:
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet(name)
        for y, cells in enumerate(rows):
            for x, cell in enumerate(cells):
                page.write_string(y, x, cell)
    return path


def lines(path: Path, rows: list[list[str]], between: str = ",", encoding: str = "utf-8") -> Path:
    path.write_bytes("".join(between.join(cells) + "\r\n" for cells in rows).encode(encoding))
    return path


def contract(run: Run, folder: Path, delivery: str) -> None:
    if not (folder / "w").exists():
        assert run("init", "--example").exit_code == 0
    (folder / "w/feeds/cards.yaml").write_text(CARDS.replace("DELIVERY", delivery), encoding="utf-8")


def cards(run: Run, folder: Path, delivery: str, original: Path) -> list[Any]:
    """Take in a file of cards; returns its cells in quarantine."""
    contract(run, folder, delivery)
    assert run("ingest", "cards", original).exit_code == 0
    return open_cells(run)


def open_cells(run: Run) -> list[Any]:
    cells: list[Any] = json.loads(run("feed", "quarantine", "cards", "--json").stdout)
    return cells


ROWS = [HEADER, row(1), row(2, "?"), row(3), row(4, "!")]


@pytest.mark.parametrize(
    ("delivery", "original", "out"),
    [
        ("{format: csv, header_row: 3}", lambda at: lines(at, [["名单"], [], *ROWS]), "mend.csv"),
        ("{format: csv, delimiter: tab}", lambda at: lines(at, ROWS, "\t"), "mend.csv"),
        ('{format: csv, delimiter: ";", encoding: gb18030}', lambda at: lines(at, ROWS, ";", "gb18030"), "mend.csv"),
        ("{format: csv, encoding: auto}", lambda at: lines(at, ROWS, ",", "utf-16"), "mend.csv"),
        ("{format: xlsx, header_row: 3}", lambda at: sheet(at, "名单", [["名单"], [], *ROWS]), "mend.xlsx"),
        ("{format: xlsx, sheets: 名单}", lambda at: sheet(at, "名单", ROWS), "mend.xlsx"),
        ('{format: xlsx, sheets: ["名单*"]}', lambda at: sheet(at, "名单10", ROWS), "mend.xlsx"),
    ],
)
def test_what_goes_out_comes_back_as_the_contract_says(run: Run, tmp_path: Path, delivery: str, original: Any, out: str) -> None:
    """The copy has the layout of the contract; negative amounts stay numbers; the mended rows leave the quarantine."""
    path, mended = original(tmp_path / f"a.{out[5:]}"), tmp_path / out
    before = cards(run, tmp_path, delivery, path)

    result = run("feed", "quarantine", "cards", "--out", mended, "--from", path)
    assert result.exit_code == 0, result.output
    contract(run, tmp_path, delivery.replace("format:", "true: [对], format:"))
    text = (tmp_path / "w/feeds/cards.yaml").read_text("utf-8")  # the contract now knows the wrong words
    (tmp_path / "w/feeds/cards.yaml").write_text(text.replace("half: 半额", 'half: [半额, "?", "!"]'), "utf-8")
    back = run("ingest", "cards", mended, "--json")

    assert [line["row"] for line in before] == [2, 4]
    assert back.exit_code == 0, back.output
    assert json.loads(back.stdout)["deliveries"][0]["rows"] == 2 and open_cells(run) == []


def test_a_row_that_counts_for_nothing_moves_no_other(run: Run, tmp_path: Path) -> None:
    """A row with only a remark in an unread column is blank for the delivery, and for copying rows out."""
    original = lines(tmp_path / "a.csv", [HEADER, row(1), ["", "", "", "", "", "王"], row(2, "?"), row(3)])
    (line,) = cards(run, tmp_path, "{format: csv}", original)

    run("feed", "quarantine", "cards", "--out", tmp_path / "mend.csv", "--from", original)

    assert (line["row"], line["line"]) == (2, 4)
    assert [cells[0] for cells in csv.reader((tmp_path / "mend.csv").open(encoding="utf-8-sig"))] == ["card", "C-2"]


def test_a_contract_that_grew_since_moves_no_row(run: Run, tmp_path: Path) -> None:
    """A footer added to the contract changes the row numbers behind it; rows are still found by their lines."""
    rows = [HEADER, row(1), ["合计", "", "", "", "1", ""], row(2, "?"), row(3)]
    original = lines(tmp_path / "a.csv", rows)
    cards(run, tmp_path, "{format: csv}", original)
    contract(run, tmp_path, "{format: csv, footer: 合计}")

    run("tick", "--days", "1")

    result = run("feed", "quarantine", "cards", "--out", tmp_path / "mend.csv", "--from", original)

    assert result.exit_code == 0 and "另有 1 行" in result.output
    assert [cells[0] for cells in csv.reader((tmp_path / "mend.csv").open(encoding="utf-8-sig"))] == ["card", "C-2"]


def test_rows_that_somebody_may_be_mending_are_not_copied_over(run: Run, tmp_path: Path) -> None:
    """A copy that exists is not overwritten; a second copy needs another name."""
    original = lines(tmp_path / "cards.csv", [HEADER, row(1), row(2, kind="坏")])
    cards(run, tmp_path, "{format: csv, encoding: utf-8}", original)
    out = tmp_path / "mend.csv"
    copy = ("feed", "quarantine", "cards", "--from", original, "--out")
    assert run(*copy, out).exit_code == 0
    out.write_text(out.read_text(encoding="utf-8-sig").replace("坏", "全额"), encoding="utf-8-sig")
    mended = out.read_bytes()

    assert run(*copy, out).exit_code == 5
    assert out.read_bytes() == mended
    assert run(*copy, tmp_path / "again.csv").exit_code == 0
