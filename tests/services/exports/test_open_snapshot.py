"""An open snapshot tells of groups of people only, and says the same thing twice."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from connectors.analysts.disclosure import WITHHELD, K, SecretOrder, figure_of
from infra.keys import derived_key
from infra.workspace.library import copy_library, example_units
from infra.workspace.open_figures import LostFigures, open_figures
from infra.workspace.texts import DamagedFile
from infra.workspace.workspace import Workspace
from services.exports.open_counts import BY_AGE_AND_SEX, BY_MONTH, BY_STREET, BY_UNIT
from services.exports.snapshots import check_snapshots, create_open_snapshot
from services.state.as_of import materialized_lists
from streams.language.messages import Tick
from tests.services.exports.test_snapshot import HUKOU, deliver_text, publish_policy, register

TABLES = (BY_STREET, BY_AGE_AND_SEX, BY_MONTH, BY_UNIT)
STREETS = ("310107020", "310107021")
BIRTHS = ("1950-01-01", "1940-01-01")
PEOPLE = 120


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A list of 120 people: 60 in each of two streets, 60 of each of two ages."""
    workspace = Workspace.create(tmp_path / "w", example_units())
    copy_library(workspace)
    register_people(workspace, tmp_path, range(PEOPLE))
    publish_policy(workspace)
    return workspace


def register_people(workspace: Workspace, folder: Path, serials: range, **cells: str) -> None:
    rows = (register(serial, **{"division": STREETS[serial % 2], "born": BIRTHS[serial // 2 % 2], **cells}) for serial in serials)
    deliver_text(workspace, "hukou", folder / f"hukou-{serials.start}-{len(cells)}.csv", HUKOU + "".join(rows))


def tables(path: Path) -> dict[str, list[Any]]:
    with duckdb.connect(str(path), read_only=True) as con:
        names = [name for (name,) in con.sql("SELECT table_name FROM duckdb_tables()").fetchall()]
        return {name: con.sql(f'SELECT * FROM "{name}"').fetchall() for name in names}


def figures(workspace: Workspace, path: Path) -> dict[str, list[Any]]:
    """The four tables of a new open snapshot."""
    create_open_snapshot(workspace, path)
    content = tables(path)
    return {name: content[name] for name in TABLES}


def test_an_open_snapshot_has_four_tables_of_figures(workspace: Workspace, tmp_path: Path) -> None:
    """Of two streets, and of two ages, one cell is shown; no sum of either can be known. No row is about anybody."""
    path = create_open_snapshot(workspace).file

    content = tables(path)
    assert set(content) == {*TABLES, "about", "manifest"} and path.name.endswith("-open.duckdb")
    ((policy, street, status, candidates),) = content[BY_STREET]
    ((of, band, sex, people),) = content[BY_AGE_AND_SEX]
    assert (policy, of, status, sex, candidates, people) == ("elders", "elders", "eligible", "female", 60, 60)
    assert street in STREETS and band in ("75-79", "85+")
    assert content[BY_MONTH] == [], "the month is not over"
    assert len(content[BY_UNIT]) > 10 and not any(declared for _, _, declared, *_ in content[BY_UNIT])
    assert all(check.ok for check in check_snapshots(workspace))


def test_nothing_of_a_register_is_told_whose_agreement_lacks_analysis(workspace: Workspace, tmp_path: Path) -> None:
    """The list is the network's own and is counted; street, age and sex are the register's."""
    hukou = workspace.folder("feeds") / "hukou.yaml"
    hukou.write_text(hukou.read_text(encoding="utf-8").replace("inspection, analysis]", "inspection]"), encoding="utf-8")
    publish_policy(workspace, 2)

    content = figures(workspace, tmp_path / "s.duckdb")

    assert {street for _, street, *_ in content[BY_STREET]} | {cell for row in content[BY_AGE_AND_SEX] for cell in row[1:3]} <= {"unknown"}


def test_a_month_is_counted_once_it_is_over(workspace: Workspace, tmp_path: Path) -> None:
    """Its changes are published with the first snapshot of a later month: twice as many as the secret half has."""
    with workspace.writing() as host:
        host.submit(Tick(date(2026, 11, 2)))

    with workspace.reading() as host:
        on_list = [candidate.subject for _, candidates in materialized_lists(host.state) for candidate in candidates]
    half = sum(map(SecretOrder(derived_key(workspace.key(), "open figures")).in_half, on_list))
    assert len(on_list) == PEOPLE and 40 < half < 80
    assert figures(workspace, tmp_path / "s.duckdb")[BY_MONTH] == [("elders", "publication", "2026-10", figure_of(2 * half))]


def test_two_snapshots_of_one_state_are_the_same(workspace: Workspace, tmp_path: Path) -> None:
    """Whoever makes them: cell by cell, and to the digest of every table."""
    first, second = (create_open_snapshot(workspace, tmp_path / f"{name}.duckdb").file for name in "ab")

    assert tables(first) == tables(second)


def test_a_cell_repeats_its_figure_until_ten_have_come(workspace: Workspace, tmp_path: Path) -> None:
    """Four more in each cell change nothing, six more on top change both."""
    before = figures(workspace, tmp_path / "a.duckdb")

    register_people(workspace, tmp_path, range(PEOPLE, PEOPLE + 8))
    soon = figures(workspace, tmp_path / "b.duckdb")
    register_people(workspace, tmp_path, range(PEOPLE + 8, PEOPLE + 20))
    later = figures(workspace, tmp_path / "c.duckdb")

    assert soon == before
    assert [row[-1] for name in (BY_STREET, BY_AGE_AND_SEX) for row in later[name]] == [70, 70]


def test_figures_are_durable_before_the_file_is_there(workspace: Workspace, tmp_path: Path) -> None:
    """A snapshot that could not be written has fixed its figures: the next one, of a list six people longer, repeats them."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(NotADirectoryError):
        create_open_snapshot(workspace, tmp_path / "file" / "s.duckdb")

    with open_figures(workspace.root) as ledger:
        fixed = dict(ledger.figures)
    register_people(workspace, tmp_path, range(PEOPLE, PEOPLE + 12))

    assert sorted(fixed.values()) == [WITHHELD, WITHHELD, 60, 60]
    assert [row[-1] for row in figures(workspace, tmp_path / "s.duckdb")[BY_STREET]] == [60]


def test_a_place_that_is_taken_fixes_no_figure(workspace: Workspace, tmp_path: Path) -> None:
    """A refused path is refused before the ledger changes."""
    (tmp_path / "s.duckdb").write_text("somebody's")

    with pytest.raises(Exception, match="a file is there"):
        create_open_snapshot(workspace, tmp_path / "s.duckdb")
    with open_figures(workspace.root) as ledger:
        assert not ledger.figures


def test_a_lost_or_damaged_ledger_is_refused(workspace: Workspace) -> None:
    """Without what was published before nothing is published; the message says what to restore."""
    create_open_snapshot(workspace)
    ledger = workspace.root / "open.figures"
    content = ledger.read_bytes()

    ledger.write_bytes(content.replace(b"60", b"61"))
    with pytest.raises(DamagedFile, match="Restore it from a backup"):
        create_open_snapshot(workspace)
    ledger.unlink()
    with pytest.raises(LostFigures, match="Restore it from a backup"):
        create_open_snapshot(workspace)
    ledger.write_bytes(content)

    assert create_open_snapshot(workspace).tables[BY_STREET] == 1


def test_a_published_cell_never_disappears(workspace: Workspace, tmp_path: Path) -> None:
    """When the people of the cell have moved away, its figure is the least there is; who left last cannot be seen."""
    ((_, street, _, _),) = figures(workspace, tmp_path / "a.duckdb")[BY_STREET]
    other = next(code for code in STREETS if code != street)

    register_people(workspace, tmp_path, range(PEOPLE), division=other, changed="2026-09-02")

    assert figures(workspace, tmp_path / "b.duckdb")[BY_STREET] == [("elders", street, "eligible", K)]
