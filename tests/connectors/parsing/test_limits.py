"""Files made to cost memory or time are refused with the limit, the place and the way out, before room is made for them."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]  # ships no types
import pytest

from connectors import limits
from connectors.contracts.faults import UnreadableFile
from connectors.erasure.copies import scrub_copies
from connectors.erasure.scrubbing import ErasedPerson
from connectors.limits import LONGEST_LINE, overlong
from connectors.parsing.decoding import encoding_of
from connectors.parsing.jsonlines import NoRecord, record
from connectors.parsing.steady import Steady
from connectors.parsing.tables import pieces
from policies.cases.file import MAX_CASES_CHARACTERS
from policies.limits import CHARACTERS
from tests.connectors.bombs import BOMBS
from tests.connectors.samples import INSURANCE_HEADER, insurance_row
from tests.shared_worlds import built_once

ROOT = Path(__file__).parents[3]
SAID = "said.jsonl"


@pytest.fixture(scope="session")
def refusals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What a process says of each file that has 200 MB beyond what it had before; asked once a run."""
    folder = built_once(tmp_path_factory, "bombs", meet_bombs)
    return {line["name"]: line for line in map(json.loads, (folder / SAID).read_text(encoding="utf-8").splitlines())}


def meet_bombs(folder: Path) -> None:
    """Writes what a process says of each file."""
    one_pool = {"POLARS_MAX_THREADS": "1", "_RJEM_MALLOC_CONF": "narenas:1", "MALLOC_ARENA_MAX": "1"}  # pools keep room that nobody uses
    words = [sys.executable, "-m", "tests.connectors.bombs", str(folder)]
    child = subprocess.run(words, cwd=ROOT, env=os.environ | one_pool, capture_output=True, text=True, check=False, timeout=500)
    assert child.returncode == 0, child.stdout[-500:] + child.stderr[-2000:]
    (folder / SAID).write_text(child.stdout, encoding="utf-8")


@pytest.mark.parametrize("name", BOMBS)
def test_what_asks_for_too_much_is_refused(refusals: dict[str, dict[str, Any]], name: str) -> None:
    """In 200 MB of memory, and in seconds that its length does not decide."""
    refusal = refusals[name]

    assert BOMBS[name][2] in refusal["said"], refusal
    assert refusal["seconds"] < 20, refusal


def test_a_real_file_is_far_below(tmp_path: Path) -> None:
    """Two hundred thousand rows, packed to a tenth or less."""
    text = (INSURANCE_HEADER + "".join(insurance_row(serial) for serial in range(200_000))).encode()
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(text, 9))

    read = sum(len(piece.frame) for piece in pieces(path, "csv", "utf-8", ["enrolment_no", "id_number"]))

    assert read == 200_000
    assert len(text) / path.stat().st_size > 4


@pytest.mark.parametrize("length", [LONGEST_LINE, LONGEST_LINE + 1])
@pytest.mark.parametrize("before", [0, 3, 400_000])
@pytest.mark.parametrize("end", ["\n", ""])
def test_the_longest_line_is_read_wherever_it_stands(tmp_path: Path, length: int, before: int, end: str) -> None:
    """And the one that is a byte longer is refused, by its number."""
    path = tmp_path / "a.csv"
    path.write_text("a,b\n" + "1,2345678\n" * before + "1," + "x" * (length - 2) + end, encoding="ascii")

    if length == LONGEST_LINE:
        assert sum(len(piece.frame) for piece in pieces(path, "csv", "utf-8", ["a"])) == before + 1
    else:
        with pytest.raises(UnreadableFile, match=f"more than 1 MB in line {before + 2},"):
            list(pieces(path, "csv", "utf-8", ["a"]))


def test_a_record_that_comes_alone_has_the_same_bounds() -> None:
    """A message of a topic is a record without a file around it."""
    with pytest.raises(NoRecord, match="more than 1 MB"):
        record('{"a": "' + "x" * LONGEST_LINE + '"}', ["a"])
    with pytest.raises(NoRecord, match="nested too deeply"):
        record("[" * 100_000 + "]" * 100_000, ["a"])


def test_copies_that_unpack_to_far_more_are_left_for_a_person(tmp_path: Path) -> None:
    """An erasure looks through them as far as they go, says which they are, and makes no room for what they say of themselves."""
    exports = tmp_path / "exports"
    exports.mkdir()
    bomb = b"a,b\n" * (40 << 18)
    (exports / "a.csv.gz").write_bytes(gzip.compress(bomb, 9))
    (exports / "b.csv.zst").write_bytes(pa.compress(bomb, codec="zstd", asbytes=True))
    with zipfile.ZipFile(exports / "c.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", bomb)
    BOMBS["a cell at the last place of a sheet"][1](exports / "d.xlsx")
    (exports / "e.csv.gz").write_bytes(gzip.compress(b"n\n1\n" * 1000, 9))
    before = {path.name: path.read_bytes() for path in exports.iterdir()}

    report = scrub_copies(tmp_path, ErasedPerson(0xAB, ("310107195001011234",)))

    assert {name for name in report.unerased_files if name != "exports/d.xlsx"} == {
        "exports/a.csv.gz",
        "exports/b.csv.zst",
        "exports/c.zip",
    }
    assert {path.name: path.read_bytes() for path in exports.iterdir()} == before


def test_a_star_in_a_name_is_no_pattern(tmp_path: Path) -> None:
    """A file of such a name is that file, and no other."""
    exports = tmp_path / "exports"
    exports.mkdir()
    pl.DataFrame({"n": [0xAB]}, schema={"n": pl.UInt64}).write_parquet(exports / "a.parquet")
    pl.DataFrame({"n": [7]}, schema={"n": pl.UInt64}).write_parquet(exports / "[a]*.parquet")

    report = scrub_copies(tmp_path, ErasedPerson(0xAB, ()))

    assert (dict(report.rows), report.unerased_files) == ({".parquet": 1}, [])
    assert pl.read_parquet(exports / "a.parquet", glob=False)["n"].to_list() == []
    assert pl.read_parquet(exports / "[a]*.parquet", glob=False)["n"].to_list() == [7]


def test_overlong_lines_are_found_across_blocks() -> None:
    """By where the first of them begins."""
    line = b"x" * LONGEST_LINE

    assert overlong(b"") == overlong(line) == overlong(line + b"\n" + line) == -1
    assert overlong(line + b"x") == 0
    assert overlong(line + b"\n" + line + b"xy\n") == LONGEST_LINE + 1


@pytest.mark.parametrize("format", ["csv", "jsonl", "xlsx"])
def test_what_has_no_end_is_no_file(tmp_path: Path, format: str) -> None:
    """A device, and a pipe that nobody writes to."""
    os.mkfifo(tmp_path / "pipe")

    for path in (Path("/dev/zero"), tmp_path / "pipe"):
        with pytest.raises(UnreadableFile, match="is a device or a pipe"):
            list(pieces(path, format, "utf-8", ["a"]))
        with pytest.raises(UnreadableFile, match="is a device or a pipe"):
            Steady(path)
        with pytest.raises(UnreadableFile, match="is a device or a pipe"):
            encoding_of(path)


def test_the_limits_are_told_to_whoever_makes_files() -> None:
    """The page on feeds has the figures that hold; in both languages, for both have the same figures."""
    page = (ROOT / "docs" / "zh" / "feeds.md").read_text(encoding="utf-8")
    figures = {
        f"{limits.LONGEST_LINE >> 20} MB", f"{limits.MOST_COLUMNS:,}", f"{limits.MOST_ROWS:,}", f"{limits.EXPANSION} 倍", f"{limits.FREE >> 20} MB",
        f"{limits.MOST_SHEETS} 张", f"{limits.MOST_CELLS:,}", f"1/{limits.SPARSE}", f"{limits.FEW_CELLS:,}", f"{limits.MOST_MARKED:,}",
        f"{limits.LARGEST_SHEET >> 30} GB", f"{limits.LARGEST_STRINGS >> 20} MB", f"{limits.LARGEST_STATEMENTS >> 20} MB",
        f"{CHARACTERS:,}", f"{MAX_CASES_CHARACTERS:,}",
    }  # fmt: skip

    assert {figure for figure in figures if figure not in page} == set()
