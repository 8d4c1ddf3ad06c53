"""``feed pull``: fetches a feed once, told in the reader's language."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.console.conftest import Run
from tests.console.town import resident

WAYS_IN = """format: 1
pull:
  pension:
    complete: true
    sql: {driver: sqlite, uri: {environment: PENSIONS}, query: SELECT * FROM pensions, watermark: paid_from}
"""


@pytest.fixture
def pensions(town: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database with a pension for one who is on the list of the uninsured without a pension."""
    file = town / "pensions.sqlite"
    with closing(sqlite3.connect(file)) as database:
        database.execute("CREATE TABLE pensions (pension_no, id_number, paid_from, paid_to, amount)")
        database.execute("INSERT INTO pensions VALUES ('P1', ?, '2020-01-01', '', '900')", (resident(1),))
        database.commit()
    monkeypatch.setenv("PENSIONS", str(file))
    (town / "w/ways_in.yaml").write_text(WAYS_IN, encoding="utf-8")
    return file


def test_a_pull_says_what_came_and_who_moved(run: Run, pensions: Path) -> None:
    """And how far the coverage is stated; a second one has nothing new."""
    english, again, chinese = (
        run("--lang", "en", "feed", "pull", "pension"),
        run("--lang", "en", "feed", "pull", "pension"),
        run("feed", "pull", "pension"),
    )

    assert english.exit_code == 0 and "pension-000001.jsonl" in english.output and "Changes of lists" in english.output, english.output
    assert "Nothing is new in pension." in again.output and "pension 没有新的。" in chinese.output
    facts = json.loads(run("feed", "pull", "pension", "--json").stdout)
    assert (facts["feed"], facts["unit"], facts["files"]) == ("pension", "putuo-social-security", [])


def test_a_pull_that_cannot_be_made_says_why(run: Run, pensions: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret that is not set, a database that is not there, a feed that the document does not name."""
    monkeypatch.setenv("PENSIONS", str(pensions.with_name("none.sqlite")))
    unreachable = run("--lang", "en", "feed", "pull", "pension")
    monkeypatch.delenv("PENSIONS")
    unset, unknown = run("--lang", "en", "feed", "pull", "pension"), run("feed", "pull", "hukou")

    assert unreachable.exit_code in (3, 4) and "database" in unreachable.output and not pensions.with_name("none.sqlite").exists()
    assert unset.exit_code == 2 and "PENSIONS is not set" in unset.output
    assert unknown.exit_code == 2 and "没有“hukou”" in unknown.output
