"""``feed pickup``: one round over the drop folder, told in the reader's language."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.console.conftest import Run
from tests.console.town import HUKOU, register_row


@pytest.fixture
def folder_in_use(town: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the register in the drop folder of the small town, with a sound and a wrong file that were finished a minute ago."""
    monkeypatch.setattr("console.cli.feed_pickup.clock_seconds", lambda: time.time() + 60)
    (town / "w/ways_in.yaml").write_text("format: 1\ndrop: {}\n", encoding="utf-8")
    folder = town / "w/drop/hukou"
    folder.mkdir(parents=True)
    (folder / "a.csv").write_bytes((HUKOU + register_row(40, "2026-10-01")).encode("gb18030"))
    (folder / "b.csv").write_text("x,y\n1,2\n", encoding="utf-8")
    return folder


def test_a_round_says_what_became_of_each_file(run: Run, folder_in_use: Path) -> None:
    """A file that was refused makes the exit code 3; the others are taken in, and lists change."""
    result = run("--lang", "en", "feed", "pickup")

    assert result.exit_code == 3
    assert "taken in" in result.output and "has no column" in result.stderr
    assert "Enrolment of uninsured elderly residents" in result.output and "entered" in result.output
    assert sorted(path.name for path in folder_in_use.rglob("*.csv")) == ["a.csv", "b.csv"] and not (folder_in_use / "a.csv").exists()


def test_a_round_without_files_says_so(run: Run, folder_in_use: Path) -> None:
    """In both languages; in JSON the lists are empty."""
    run("feed", "pickup")

    assert "没有写完的文件" in run("feed", "pickup").output and "holds no finished file" in run("feed", "pickup", "--lang", "en").output
    facts = json.loads(run("feed", "pickup", "--json").stdout)
    assert (facts["files"], facts["waiting"], facts["changes"]) == ([], [], [])


def test_a_document_with_a_problem_is_refused_at_its_line(run: Run, town: Path) -> None:
    """Exit code 3; nothing is made."""
    (town / "w/ways_in.yaml").write_text("format: 1\ndrop: {foldr: x}\n", encoding="utf-8")

    result = run("--lang", "en", "feed", "pickup")

    assert result.exit_code == 3 and "ways_in.yaml:2:8" in result.output and "Did you mean folder" in result.output
