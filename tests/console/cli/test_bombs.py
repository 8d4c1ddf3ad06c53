"""Every verb that reads a file has the same limits: a file beyond them is refused in a sentence, and the workspace stays as it was."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from connectors.limits import LARGEST_DOCUMENT, LARGEST_STATEMENTS
from tests.connectors.bombs import BOMBS
from tests.console.conftest import Run
from tests.console.town import POLICY, tokens

TWO = ("--by", "王芳", "--approved-by", "李强", "--reason", "核对")
LINE = "more than 1 MB in line 1"


def files(folder: Path) -> dict[str, Path]:
    """Files beyond the limits: an endless line, a far cell, large and deep documents."""
    paths = {name: folder / name for name in ("line.csv", "line.csv.gz", "far.xlsx", "s.jsonl", "listed.jsonl", "long.yaml", "deep.yaml")}
    paths["line.csv"].write_bytes(b"a" * (5 << 20))
    paths["line.csv.gz"].write_bytes(gzip.compress(b"a" * (50 << 20), 1))
    BOMBS["a cell at the last place of a sheet"][1](paths["far.xlsx"])
    paths["s.jsonl"].write_bytes(b"a" * (LARGEST_STATEMENTS + 1))
    statement = {"format": 1, "statement": "s", "feed": "hukou", "unit": "putuo-psb", "subjects": "line.csv", "complete_to": "2026-10-14"}
    paths["listed.jsonl"].write_text(json.dumps(statement) + "\n", encoding="utf-8")
    paths["long.yaml"].write_bytes(b"a: b\n" * (LARGEST_DOCUMENT // 5 + 1))
    paths["deep.yaml"].write_bytes(b"[" * 100_000)
    return paths


@pytest.mark.parametrize(
    ("words", "file", "expected"),
    [
        (("ingest", "hukou"), "line.csv", LINE),
        (("ingest", "hukou"), "line.csv.gz", LINE),
        (("ingest", "hukou", "--dry-run"), "line.csv.gz", LINE),
        (("feed", "try", "hukou"), "line.csv.gz", LINE),
        (("candidates", "ack", POLICY, "--by", "张三", "--file"), "line.csv", LINE),
        (("candidates", "ack", POLICY, "--by", "张三", "--file"), "far.xlsx", "column XFD"),
        (("identity", "merge", "person", *TWO, "--file"), "line.csv", LINE),
        (("identity", "split", "person", *TWO, "00000000000000aa", "--records"), "line.csv", LINE),
        (("feed", "coverage"), "s.jsonl", "larger than 8 MB"),
        (("feed", "coverage"), "listed.jsonl", LINE),
        (("policy", "check"), "long.yaml", "has more than 8 MB"),
        (("policy", "check"), "deep.yaml", "deep"),
        (("feed", "check"), "long.yaml", "has more than 8 MB"),
        (("feed", "add"), "deep.yaml", "deep"),
        (("policy", "preview"), "long.yaml", "has more than 8 MB"),
    ],
)
def test_a_way_in_has_the_limits_of_all(run: Run, town: Path, words: tuple[Any, ...], file: str, expected: str) -> None:
    """The exit code is 3, and the lists stay the same."""
    path, before = files(town)[file], tokens(run)

    result = run(*words, path, "--lang", "en")

    assert result.exit_code == 3, result.output
    assert expected in result.output
    assert tokens(run) == before
