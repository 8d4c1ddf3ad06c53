"""Copies of every kind lose one person's rows, and keep every other byte; a file that cannot be read is named."""

from __future__ import annotations

import gzip
import json
import zipfile
from hashlib import sha256
from pathlib import Path

import openpyxl  # type: ignore[import-untyped]  # it ships no types
import polars as pl
import pytest

from connectors.erasure.copies import scrub_copies
from connectors.erasure.scrubbing import ErasedPerson, scrub_csv, scrub_json, scrub_json_lines
from connectors.lists.exports import Sheet, text_columns
from connectors.lists.workbooks import write_xlsx

TOKEN = 0x0123456789ABCDEF
NUMBER = "11010519491231002X"
PERSON = ErasedPerson(TOKEN, (NUMBER,), frozenset({("hukou", "psb", 2, 7)}))
HEX = PERSON.hexadecimal


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"号码,姓名\r\n{NUMBER},甲\r\n1,甲\r\n", "号码,姓名\r\n1,甲\r\n"),
        (f'a,b\n\'{NUMBER.lower()},x\n 2 ,"y\nz"\n', 'a,b\n 2 ,"y\nz"\n'),
        (f"token\n{HEX.upper()}\n{HEX}0\n", f"token\n{HEX}0\n"),
        (f"token\n{TOKEN}\n{TOKEN}1\n", f"token\n{TOKEN}1\n"),
        ("a,b\n1,2\n", "a,b\n1,2\n"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_rows_of_a_csv(text: str, left: str, encoding: str) -> None:
    """A cell that is the person's number or token, in any writing, removes its row; one that only contains it, or a name, does not."""
    rest, removed = scrub_csv(text.encode(encoding), PERSON)

    assert rest == left.encode(encoding)
    assert removed == (text != left)


@pytest.mark.parametrize(
    ("value", "left"),
    [
        ([{"subject": HEX}, {"subject": "0" * 16}], [{"subject": "0" * 16}]),
        ({"rows": [{"change": "left", "subjects": [HEX, "1"]}]}, {"rows": [{"change": "left", "subjects": ["1"]}]}),
        ({"changes": [["7.0", "p", 1, TOKEN, "entered"], ["7.1", "p", 1, 5, "left"]]}, {"changes": [["7.1", "p", 1, 5, "left"]]}),
        ([{"edition": 1, "changes": [{"subject": HEX, "why": [1]}]}], [{"edition": 1, "changes": []}]),
        ({HEX: 1, "x": 2}, {"x": 2}),
        ([{"person": {"token": HEX}}, True], [True]),
    ],
)
def test_what_goes_of_a_json_text(value: object, left: object) -> None:
    """An element of a list that is about the person, a row of cells as a whole; nothing around it."""
    rest, removed = scrub_json(json.dumps(value).encode(), PERSON)

    assert json.loads(rest) == left
    assert removed == 1


def test_a_json_text_about_one_person_alone_is_gone() -> None:
    """A text without the person stays byte for byte."""
    other = b'{ "subject" :"0"}'

    assert scrub_json(json.dumps({"subject": HEX, "status": "eligible"}).encode(), PERSON) == (b"", 1)
    assert scrub_json(other, PERSON) == (other, 0)


def test_lines_and_their_seal() -> None:
    """The person's lines go, by token or by delivered row; the head's count and the digest are those of the rest."""
    lines = [json.dumps(content).encode() + b"\n" for content in ({"format": 1, "candidates": 2}, {"subject": HEX}, {"subject": "1"})]
    sealed = [*lines, json.dumps({"sha256": sha256(b"".join(lines)).hexdigest()}).encode() + b"\n"]
    quarantine = [json.dumps({"feed": "hukou", "unit": "psb", "delivery": 2, "row": row, "rule": "empty"}) for row in (6, 7)]

    rest, removed = scrub_json_lines(b"".join(sealed), PERSON)
    open_lines, rows = scrub_json_lines("\n".join(quarantine).encode(), PERSON)

    head, candidate, seal = rest.splitlines(keepends=True)
    assert (json.loads(head)["candidates"], json.loads(candidate), removed) == (1, {"subject": "1"}, 1)
    assert json.loads(seal) == {"sha256": sha256(head + candidate).hexdigest()}
    assert [json.loads(line)["row"] for line in open_lines.splitlines()] == [6] and rows == 1


def test_a_folder_of_copies(tmp_path: Path) -> None:
    """Counted by kind; documents, store and vault stay; a file of an unknown kind is named where the person is in it; twice is once."""
    exports = tmp_path / "exports"
    exports.mkdir()
    text = f"n\n{NUMBER}\n1\n"
    (exports / "a.csv").write_text(text)
    (exports / "a.csv.gz").write_bytes(gzip.compress(text.encode()))
    with zipfile.ZipFile(exports / "a.zip", "w") as archive:
        archive.writestr("in/a.csv", text)
        archive.writestr("note.txt", "nobody")
    write_xlsx(exports / "a.xlsx", Sheet("题", text_columns(["n"]), [(NUMBER,), ("1",)]))
    pl.DataFrame({"n": [TOKEN, 1]}, schema={"n": pl.UInt64}).write_parquet(exports / "a.parquet")
    (exports / "letter.txt").write_text(f"about {NUMBER}")
    (exports / "other.txt").write_text("about nobody")
    (exports / "broken.json").write_text(f'{{"subject": "{HEX}"')
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "a.csv").write_text(text)

    first, second = scrub_copies(tmp_path, PERSON), scrub_copies(tmp_path, PERSON)

    assert dict(first.rows) == {".csv": 1, ".csv.gz": 1, ".zip": 1, ".xlsx": 1, ".parquet": 1}
    assert first.unerased_files == second.unerased_files == ["exports/broken.json", "exports/letter.txt"]
    assert dict(second.rows) == {}
    assert gzip.decompress((exports / "a.csv.gz").read_bytes()) == (exports / "a.csv").read_bytes() == b"n\n1\n"
    with zipfile.ZipFile(exports / "a.zip") as archive:
        assert (archive.read("in/a.csv"), archive.read("note.txt")) == (b"n\n1\n", b"nobody")
    assert pl.read_parquet(exports / "a.parquet")["n"].to_list() == [1]
    assert pl.read_excel(exports / "a.xlsx", engine="calamine")["n"].to_list() == ["1"]
    assert (exports / "other.txt").exists()
    assert (tmp_path / "policies" / "a.csv").read_text() == text


def test_links_are_not_followed(tmp_path: Path) -> None:
    """A link in a folder of copies is named and left; its target stays as it is, a folder with everything in it."""
    root, outside = tmp_path / "w", tmp_path / "outside"
    (root / "exports").mkdir(parents=True)
    outside.mkdir()
    for name in ("list.csv", "other.csv"):
        (outside / name).write_text(f"token\n{HEX}\n0\n")
    (root / "exports" / "list.csv").symlink_to(outside / "list.csv")
    (root / "linked").symlink_to(outside)
    (root / "exports" / "left.part").symlink_to(outside / "other.csv")

    report = scrub_copies(root, PERSON)

    assert sorted(report.unerased_files) == ["exports/left.part", "exports/list.csv", "linked"]
    assert not report.rows
    assert {path.read_text() for path in outside.iterdir()} == {f"token\n{HEX}\n0\n"}


def test_a_workbook_keeps_its_sheets(tmp_path: Path) -> None:
    """The pages of a list stay one list, and what stands beside it keeps its own header; the token stays hidden."""
    exports = tmp_path / "exports"
    exports.mkdir()
    rows = [("甲", HEX), ("乙", "1"), ("丙", "2")]
    beside = Sheet("题", text_columns(["变动", "代号"]), [("离开", HEX), ("进入", "2")], pages=(("变动", 2),))
    write_xlsx(exports / "a.xlsx", Sheet("题", text_columns(["n", "代号"]), rows, pages=(("东街", 1), ("西街", 2))), [beside])

    report = scrub_copies(tmp_path, PERSON)

    book = openpyxl.load_workbook(exports / "a.xlsx")
    assert {page.title: list(page.iter_rows(values_only=True)) for page in book.worksheets} == {
        "东街": [("n", "代号")],
        "西街": [("n", "代号"), ("乙", "1"), ("丙", "2")],
        "变动": [("变动", "代号"), ("进入", "2")],
    }
    assert all(page.column_dimensions["B"].hidden for page in book.worksheets) and dict(report.rows) == {".xlsx": 2}


def test_what_came_in_unattended_is_scrubbed(tmp_path: Path) -> None:
    """A unit's own files in the drop folder, taken in or waiting, and the file of a pull that stopped; the others' rows stay."""
    rows = f"号码,姓名\n{NUMBER},甲\n1,乙\n".encode("gb18030")
    files = {"drop/hukou/a.csv": rows, "drop/hukou/done/b.csv": rows, "drop/hukou/refused/c.csv": rows}
    files["pulls/hukou/hukou-000001.jsonl"] = f'{{"号码": "{NUMBER}", "姓名": "甲"}}\n{{"号码": "1", "姓名": "乙"}}\n'.encode()
    for name, data in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)

    report = scrub_copies(tmp_path, PERSON)

    assert report.unerased_files == [] and report.rows == {".csv": 3, ".jsonl": 1}
    assert all(NUMBER.encode() not in (tmp_path / name).read_bytes() for name in files)
    assert (tmp_path / "drop/hukou/done/b.csv").read_bytes() == "号码,姓名\n1,乙\n".encode("gb18030")
