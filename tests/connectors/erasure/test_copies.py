"""One person out of copies of every kind: her rows and nobody else's, every other byte as it was; what cannot be read is named."""

from __future__ import annotations

import gzip
import json
import zipfile
from hashlib import sha256
from pathlib import Path

import polars as pl
import pytest

from connectors.erasure.copies import prune
from connectors.erasure.pruning import Sought, pruned_csv, pruned_json, pruned_lines
from connectors.lists.exports import Sheet, write_xlsx

TOKEN = 0x0123456789ABCDEF
NUMBER = "11010519491231002X"
HERS = Sought(TOKEN, (NUMBER,), frozenset({("hukou", "psb", 2, 7)}))
HEX = HERS.hexadecimal


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
    """A cell that is her number or token, however written, takes its row along; one that only contains it, or a name, does not."""
    kept, gone = pruned_csv(text.encode(encoding), HERS)

    assert kept == left.encode(encoding)
    assert gone == (text != left)


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
    """The element of a list that is about her; a line as a row of cells as a whole; nothing around it."""
    kept, gone = pruned_json(json.dumps(value).encode(), HERS)

    assert json.loads(kept) == left
    assert gone == 1


def test_a_json_text_about_her_alone_is_gone() -> None:
    """And one in which she is not stays byte for byte."""
    other = b'{ "subject" :"0"}'

    assert pruned_json(json.dumps({"subject": HEX, "status": "eligible"}).encode(), HERS) == (b"", 1)
    assert pruned_json(other, HERS) == (other, 0)


def test_lines_and_their_seal() -> None:
    """Her lines go, by token or by the row they came from; the head's count and the seal are those of what stays."""
    lines = [json.dumps(one).encode() + b"\n" for one in ({"format": 1, "candidates": 2}, {"subject": HEX}, {"subject": "1"})]
    sealed = [*lines, json.dumps({"sha256": sha256(b"".join(lines)).hexdigest()}).encode() + b"\n"]
    quarantine = [json.dumps({"feed": "hukou", "unit": "psb", "delivery": 2, "row": row, "rule": "empty"}) for row in (6, 7)]

    kept, gone = pruned_lines(b"".join(sealed), HERS)
    put_aside, rows = pruned_lines("\n".join(quarantine).encode(), HERS)

    head, one, seal = kept.splitlines(keepends=True)
    assert (json.loads(head)["candidates"], json.loads(one), gone) == (1, {"subject": "1"}, 1)
    assert json.loads(seal) == {"sha256": sha256(head + one).hexdigest()}
    assert [json.loads(line)["row"] for line in put_aside.splitlines()] == [6] and rows == 1


def test_a_folder_of_copies(tmp_path: Path) -> None:
    """Counted by kind; documents, store and vault are left alone; a file nobody here reads is named where she is in it; twice is once."""
    exports = tmp_path / "exports"
    exports.mkdir()
    text = f"n\n{NUMBER}\n1\n"
    (exports / "a.csv").write_text(text)
    (exports / "a.csv.gz").write_bytes(gzip.compress(text.encode()))
    with zipfile.ZipFile(exports / "a.zip", "w") as archive:
        archive.writestr("in/a.csv", text)
        archive.writestr("note.txt", "nobody")
    write_xlsx(exports / "a.xlsx", Sheet("题", ("n",), [(NUMBER,), ("1",)]))
    pl.DataFrame({"n": [TOKEN, 1]}, schema={"n": pl.UInt64}).write_parquet(exports / "a.parquet")
    (exports / "letter.txt").write_text(f"about {NUMBER}")
    (exports / "other.txt").write_text("about nobody")
    (exports / "broken.json").write_text(f'{{"subject": "{HEX}"')
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "a.csv").write_text(text)

    first, second = prune(tmp_path, HERS), prune(tmp_path, HERS)

    assert dict(first.rows) == {".csv": 1, ".csv.gz": 1, ".zip": 1, ".xlsx": 1, ".parquet": 1}
    assert first.left == second.left == ["exports/broken.json", "exports/letter.txt"]
    assert dict(second.rows) == {}
    assert gzip.decompress((exports / "a.csv.gz").read_bytes()) == (exports / "a.csv").read_bytes() == b"n\n1\n"
    with zipfile.ZipFile(exports / "a.zip") as archive:
        assert (archive.read("in/a.csv"), archive.read("note.txt")) == (b"n\n1\n", b"nobody")
    assert pl.read_parquet(exports / "a.parquet")["n"].to_list() == [1]
    assert pl.read_excel(exports / "a.xlsx", engine="calamine")["n"].to_list() == ["1"]
    assert (exports / "other.txt").exists()
    assert (tmp_path / "policies" / "a.csv").read_text() == text


def test_links_are_not_followed(tmp_path: Path) -> None:
    """A link in a folder of copies is told and left; what it leads to, and what lies in a folder it leads to, stays as it is."""
    root, outside = tmp_path / "w", tmp_path / "outside"
    (root / "exports").mkdir(parents=True)
    outside.mkdir()
    for name in ("list.csv", "other.csv"):
        (outside / name).write_text(f"token\n{HEX}\n0\n")
    (root / "exports" / "list.csv").symlink_to(outside / "list.csv")
    (root / "linked").symlink_to(outside)
    (root / "exports" / "left.part").symlink_to(outside / "other.csv")

    done = prune(root, HERS)

    assert sorted(done.left) == ["exports/left.part", "exports/list.csv", "linked"]
    assert not done.rows
    assert {path.read_text() for path in outside.iterdir()} == {f"token\n{HEX}\n0\n"}
