"""``--out`` never overwrites a file that the verb did not write."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from tests.console.conftest import RESEARCH, Run
from tests.console.town import POLICY

EVIDENCE = ("edition", "evidence", POLICY, "1")
VERBS = {
    "snapshot": (*RESEARCH, "--out", "{0}/a.duckdb"),
    "csv": ("candidates", "export", POLICY, "--out", "{0}/a.csv"),
    "xlsx": ("candidates", "export", POLICY, "--out", "{0}/a.xlsx"),
    "evidence": (*EVIDENCE, "--out", "{0}/a.jsonl"),
    "schema": ("policy", "schema", "--out", "{0}/s"),
}
"""Verbs that write a file of their own."""
FILES = {"snapshot": "a.duckdb", "csv": "a.csv", "xlsx": "a.xlsx", "evidence": "a.jsonl", "schema": "s/cases.schema.json"}


def letter(path: Path) -> None:
    path.write_text("一封信\n", encoding="utf-8")


def table(path: Path) -> None:
    path.write_text("身份号码,备注\n1,记得打电话\n", encoding="utf-8")


def database(path: Path) -> None:
    with duckdb.connect(str(path)) as con:
        con.execute("CREATE TABLE notes AS SELECT 1 AS n")


def nested_brackets(path: Path) -> None:
    path.write_text("[" * 100_000)


def empty(path: Path) -> None:
    path.touch()


def folder(path: Path) -> None:
    path.mkdir()


def link(path: Path) -> None:
    (path.parent / "elsewhere").write_text("mine")
    path.symlink_to(path.parent / "elsewhere")


def dangling(path: Path) -> None:
    path.symlink_to(path.parent / "nowhere")


def contents(root: Path) -> dict[str, bytes | None]:
    """Every path below a folder; of a file its bytes."""
    return {str(path): path.read_bytes() if path.is_file() else None for path in sorted(root.rglob("*"))}


@pytest.mark.parametrize("verb", VERBS)
def test_whatever_else_is_there_stays(run: Run, town: Path, verb: str) -> None:
    """Exit code 5 and a sentence with the path; nothing in the folder changes. The verb's own file is overwritten."""
    for there in (letter, table, database, nested_brackets, empty, folder, link, dangling):
        place = town / there.__name__
        path = place / FILES[verb]
        path.parent.mkdir(parents=True)
        there(path)
        before = contents(place)

        result = run(*(word.format(place) for word in VERBS[verb]), "--lang", "en")

        assert result.exit_code == 5, (there.__name__, result.output)
        assert str(path) in result.stderr and "was not written" in result.stderr
        assert contents(place) == before

    assert [run(*(word.format(town) for word in VERBS[verb])).exit_code for _ in range(2)] == [0, 0]


@pytest.mark.parametrize("name", ["a.csv", "a.xlsx"])
def test_a_list_to_which_an_agency_has_added_stays(run: Run, town: Path, name: str) -> None:
    """An export with an added column is not overwritten."""
    import polars as pl

    path = town / name
    assert run("candidates", "export", POLICY, "--out", path).exit_code == 0
    if name == "a.csv":
        head, *rows = path.read_text(encoding="utf-8-sig").splitlines()
        path.write_text("\n".join([head + ",结果", *(row + ",已办" for row in rows)]), encoding="utf-8-sig")
    else:
        pl.read_excel(path).with_columns(pl.lit("已办").alias("结果")).write_excel(path)
    before = path.read_bytes()

    assert run("candidates", "export", POLICY, "--out", path).exit_code == 5
    assert path.read_bytes() == before


def test_of_several_files_none_is_written_where_one_may_not_be(run: Run, tmp_path: Path) -> None:
    """Either all schemas are written, or none."""
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "units.schema.json").write_text(json.dumps({"mine": True}))

    result = run("policy", "schema", "--out", tmp_path / "s")

    assert result.exit_code == 5
    assert [path.name for path in (tmp_path / "s").iterdir()] == ["units.schema.json"]
