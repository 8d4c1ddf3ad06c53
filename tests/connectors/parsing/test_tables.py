"""Files: every cell as written with its row's number, or one clear error; never a traceback."""

from __future__ import annotations

import csv
import gzip
import io
from contextlib import suppress
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter  # type: ignore[import-untyped]  # it ships no types
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.contracts.faults import UnreadableFile
from connectors.parsing import decoding
from connectors.parsing.tables import pieces
from tests.connectors.samples import write_text_file

ONE_FILE = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
COLUMNS = ["id", "名"]


def read(path: Path, format: str = "csv", encoding: str = "utf-8", columns: list[str] = COLUMNS) -> list[tuple[str | None, ...]]:
    """All rows, after seeing that their numbers follow each other."""
    rows: list[tuple[str | None, ...]] = []
    for piece in pieces(path, format, encoding, columns):
        assert piece.first == len(rows) + 1
        rows += piece.frame.select(columns).rows()
    return rows


def refusal_of(path: Path, format: str = "csv", encoding: str = "utf-8") -> str:
    with pytest.raises(UnreadableFile) as raised:
        read(path, format, encoding)
    assert raised.value.exit_code == 3 and raised.value.text.zh
    return raised.value.text.en


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_text_arrives_as_written(tmp_path: Path, encoding: str) -> None:
    """Quotes, commas, line ends inside quotes, blank lines, leading zeros, both encodings."""
    path = write_text_file(tmp_path / "a.csv", 'x,名,id\r\n1,"张, ""三""\n𠀀",007\r\n\r\n2,李四, 8 \r\n3,,""\r\n\r\n', encoding)

    assert read(path, encoding=encoding) == [("007", '张, "三"\n𠀀'), (" 8 ", "李四"), ("", "")]


def test_a_byte_order_mark_and_gzip_change_nothing(tmp_path: Path) -> None:
    """A marked file is UTF-8 whatever the contract says; gzip is seen by its first bytes."""
    text = "id,名\n1,张\n2,李"
    with_mark = write_text_file(tmp_path / "a.csv", "\ufeff" + text)
    gzip_file = tmp_path / "b.csv"
    gzip_file.write_bytes(gzip.compress(text.encode("gb18030")))

    assert read(with_mark, encoding="gb18030") == read(gzip_file, encoding="gb18030") == [("1", "张"), ("2", "李")]


@pytest.mark.parametrize(
    ("content", "encoding", "words"),
    [
        (b"", "utf-8", "is empty"),
        (b"\n\n", "utf-8", "is empty"),
        ("id,名字\n".encode(), "utf-8", "has no column 名"),
        (b"id;x\n1;2\n", "utf-8", "has no column"),
        ("id,名,id\n1,2,3\n".encode(), "utf-8", "two columns named id; rename or delete one"),
        ("id,名\n1,张\n2\n".encode(), "utf-8", "1 cells in line 3"),
        ("id,名\n1,张\n2,李,x\n".encode(), "utf-8", "3 cells in line 3"),
        ("id,名\n1,张,x\n2\n".encode(), "utf-8", "3 cells in line 2"),
        ('id,名\n1,张\n2,"李\n'.encode(), "utf-8", "never closed; delete it, or close it"),
        ('id,名\n1,张"三"\n'.encode(), "utf-8", "misplaced quote in line 2; delete it"),
        ('id,名\n1,"张"三\n'.encode(), "utf-8", "misplaced quote in line 2; delete it"),
        ("id,名\n1,张\n".encode("gb18030"), "utf-8", "is not utf-8"),
        ("id,名\n1,张\n".encode(), "gb18030", "is UTF-8"),
        ("id,名\n1,张\n".encode("utf-16"), "utf-8", "UTF-16"),
        ("id,名\n1,".encode("gb18030") + b"\xff\xff\n", "gb18030", "is not gb18030 in line 2"),
        (gzip.compress(b"id\n1\n" * 100, mtime=0)[:-9], "utf-8", "gzip"),
    ],
)
def test_a_file_that_is_something_else_is_one_sentence(tmp_path: Path, content: bytes, encoding: str, words: str) -> None:
    """What is wrong, and where, in one error."""
    path = tmp_path / "a.csv"
    path.write_bytes(content)

    assert words in refusal_of(path, encoding=encoding)


def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    """A folder, and nothing at all."""
    for format in ("csv", "jsonl", "xlsx"):
        assert "folder" in refusal_of(tmp_path, format)
        assert "not exist" in refusal_of(tmp_path / "none", format)


@ONE_FILE
@given(
    st.lists(st.tuples(*[st.text(st.sampled_from('ab,"\n 张\t'), max_size=6)] * 2).filter(lambda r: any(r)), min_size=1, max_size=30),
    st.integers(1, 40),
)
def test_any_table_written_by_csv_is_read_back(tmp_path: Path, rows: list[tuple[str, str]], block: int) -> None:
    """Whatever Python's csv writes is read back, wherever the blocks are cut."""
    text = io.StringIO()
    csv.writer(text).writerows([COLUMNS, *rows])
    path = write_text_file(tmp_path / "a.csv", text.getvalue())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoding, "BLOCK", block)
        try:
            assert read(path) == rows
        except UnreadableFile:  # a cell that is cut like the rows of this table
            assert any("," in cell and "\n" in cell for row in rows for cell in row)
            assert "swallows" in refusal_of(path)


@ONE_FILE
@given(st.binary(max_size=200), st.sampled_from(["csv", "jsonl", "xlsx"]), st.sampled_from(["utf-8", "gb18030"]), st.booleans())
def test_any_bytes_are_read_or_refused(tmp_path: Path, content: bytes, format: str, encoding: str, header: bool) -> None:
    """No bytes lead to anything but rows or an UnreadableFile."""
    path = tmp_path / "a"
    path.write_bytes(("id,名\n".encode(encoding) if header else b"") + content)

    with suppress(UnreadableFile):
        read(path, format, encoding)


def test_json_numbers_keep_their_text(tmp_path: Path) -> None:
    """12.10 stays 12.10 and long numbers keep every digit; true is text; a missing key is empty."""
    lines = '{"id": 310107195001011234, "名": 12.10}\n\n{"id": true}\n{"id": "x", "名": null, "other": [1]}'

    assert read(write_text_file(tmp_path / "a.jsonl", lines), "jsonl") == [("310107195001011234", "12.10"), ("true", None), ("x", None)]


@pytest.mark.parametrize("line", ["[1]", "{", '{"id": 1, "id": 2}', '{"id": [1]}', '{"id": "\\ud800"}', "[" * 100_000])
def test_a_line_that_is_no_flat_object_is_refused(tmp_path: Path, line: str) -> None:
    """With the number of its row."""
    assert "line 2" in refusal_of(write_text_file(tmp_path / "a.jsonl", '{"id": "1"}\n' + line), "jsonl")


def test_a_workbook_is_read_as_text(tmp_path: Path) -> None:
    """Text cells keep their zeros, numbers their shortest form."""
    path = tmp_path / "a.xlsx"
    book = xlsxwriter.Workbook(path)
    page = book.add_worksheet()
    page.write_row(0, 0, COLUMNS)
    page.write_string(1, 0, "007")
    page.write_number(1, 1, 12.35)
    book.close()

    assert read(path, "xlsx") == [("007", "12.35")]


def test_pieces_are_bounded(tmp_path: Path) -> None:
    """A file larger than a block comes in several pieces."""
    path = write_text_file(tmp_path / "a.csv", "id,名\n" + "".join(f"{i},{'x' * 100}\n" for i in range(100_000)))

    parts = list(pieces(path, "csv", "utf-8", ["id"]))

    assert len(parts) > 1 and pl.concat(p.frame for p in parts)["id"].to_list() == [str(i) for i in range(100_000)]
