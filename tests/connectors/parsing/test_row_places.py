"""The places of data rows: the number of a row that the office program shows, in every format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xlsxwriter  # type: ignore[import-untyped]  # it ships no types

from connectors.parsing.row_place import RowPlace
from connectors.parsing.row_places import MOST_RUNS, RowPlaces
from connectors.parsing.tables import ALL_SHEETS, ReadingNotes, pieces
from policies.language.catalogue import PLAIN_LAYOUT, FileLayout


def text(content: str) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_text(content, encoding="utf-8")

    return write


def book(*sheets: tuple[str, list[list[str]]]) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with xlsxwriter.Workbook(path) as workbook:
            for name, rows in sheets:
                page = workbook.add_worksheet(name)
                for line, cells in enumerate(rows):
                    page.write_row(line, 0, cells)

    return write


ROWS = [["id", "name"], ["1", "a"], ["", ""], ["2", "b"], ["3", "c"]]
FILES: dict[str, tuple[str, FileLayout, Callable[[Path], None], list[RowPlace]]] = {
    "csv": ("csv", PLAIN_LAYOUT, text("id,name\n1,a\n\n2,b\n3,c\n"), [RowPlace(2), RowPlace(4), RowPlace(5)]),
    "csv below titles": (
        "csv", FileLayout(header=3), text("the roll of March,\n,\nid,name\n1,a\n2,b\n合计,\n3,c\n"),
        [RowPlace(4), RowPlace(5), RowPlace(6), RowPlace(7)],
    ),
    "header in row 3": (
        "xlsx", FileLayout(header=3), book(("名册", [["roll", ""], ["of March", ""], *ROWS])), [RowPlace(4), RowPlace(6), RowPlace(7)],
    ),
    "two sheets": (
        "xlsx", ALL_SHEETS, book(("东片", ROWS), ("西片", ROWS[:2])),
        [RowPlace(2, "东片"), RowPlace(4, "东片"), RowPlace(5, "东片"), RowPlace(2, "西片")],
    ),
    "json lines": (
        "jsonl", PLAIN_LAYOUT, text('{"id": "1", "name": "a"}\n\n{"id": "2", "name": "b"}\n'), [RowPlace(1), RowPlace(3)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FILES)
def test_the_row_of_the_file_is_known(tmp_path: Path, case: str) -> None:
    """Titles, header and blank rows are counted; the sheet is named where several are read; its text gives the same table."""
    format, layout, write, expected = FILES[case]
    path, notes = tmp_path / f"file.{format}", ReadingNotes()
    write(path)

    read = list(pieces(path, format, "utf-8", ["id", "name"], layout=layout, identifiers=["id"], notes=notes))
    count = sum(len(piece.frame) for piece in read)

    assert [notes.places.of(row) for row in range(1, count + 1)] == expected
    assert [piece.place(at) for piece in read for at in range(len(piece.frame))] == expected
    again = RowPlaces.of_text(notes.places.text)
    assert [again.of(row) for row in range(1, count + 1)] == expected and again.of(count + 1) is again.of(0) is None


def test_a_file_with_endless_gaps_is_known_at_its_head() -> None:
    """The table is bounded: rows behind the bound have no known line, never a wrong one."""
    places, lines = RowPlaces(), np.arange(2, 2 * MOST_RUNS + 12, 2, dtype=np.int32)

    places.add(1, lines, "")
    places.add(len(lines) + 1, np.array([int(lines[-1]) + 1], np.int32), "")

    assert places.of(MOST_RUNS) == RowPlace(2 * MOST_RUNS)
    assert places.of(MOST_RUNS + 1) is None and places.of(len(lines) + 1) is None
