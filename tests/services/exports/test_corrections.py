"""Requests to correct records as files: one for each unit, all or none."""

from __future__ import annotations

from pathlib import Path

import pytest

from policies.problems.problems import Conflict
from services.exports.corrections import write_corrections

HEADER = ("number", "state")
ROWS = {"civil": [("7", "open")], "police": [("8", "closed"), ("9", "open")]}


def test_each_unit_has_its_file(tmp_path: Path) -> None:
    """Named after the unit; with one unit, as it was asked for. The same again replaces it."""
    files = write_corrections(tmp_path / "asked.csv", HEADER, ROWS, one_file=False)
    again = write_corrections(tmp_path / "asked.csv", HEADER, ROWS, one_file=False)
    alone = write_corrections(tmp_path / "one.csv", HEADER, {"civil": ROWS["civil"]}, one_file=True)

    assert files == again == [tmp_path / "asked-civil.csv", tmp_path / "asked-police.csv"] and alone == [tmp_path / "one.csv"]
    assert files[1].read_text(encoding="utf-8-sig").splitlines() == ["number,state", "8,closed", "9,open"]


def test_none_is_written_where_one_cannot_be(tmp_path: Path) -> None:
    """A letter at the place of the second keeps the first from being written."""
    letter = tmp_path / "asked-police.csv"
    letter.write_text("dear", encoding="utf-8")

    with pytest.raises(Conflict):
        write_corrections(tmp_path / "asked.csv", HEADER, ROWS, one_file=False)

    assert letter.read_text(encoding="utf-8") == "dear" and not (tmp_path / "asked-civil.csv").exists()
