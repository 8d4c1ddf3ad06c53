"""The benchmarks run to their end at small sizes, with their answers checked as at full size."""

from __future__ import annotations

from pathlib import Path

from benchmarks.chain import chaining
from benchmarks.measure import Table
from benchmarks.returning import returning
from benchmarks.run import delivering, keeping, of_a_district, starting
from benchmarks.sealing import sealing

RESIDENTS = 40_000


def test_district(tmp_path: Path) -> None:
    """The benchmark of a district: publication, comparison, changes, coverage, days, memory and restart."""
    table = Table()

    host = of_a_district(table, tmp_path / "state", RESIDENTS, [(50, 1), (150, 1)])
    keeping(table, host, tmp_path / "state", RESIDENTS)

    words = [figure.what for figure in table.figures]
    assert sum(what.startswith("durable changes") for what in words) == 2
    assert {"a day's tick", "restart to the first list"} <= set(words)
    assert all(figure.value for figure in table.figures)


def test_files(tmp_path: Path) -> None:
    """Delivered files in both encodings, compared with polars."""
    table = Table()

    delivering(table, tmp_path, 3_000)

    assert [figure.what.split(",")[1].strip() for figure in table.figures] == ["utf-8", "gb18030"]


def test_chain(tmp_path: Path) -> None:
    """Changes with and without the chain of the log give the same lines."""
    table = Table()

    chaining(table, tmp_path, 2_000, turns=2)

    assert [figure.what.split(",")[1].strip() for figure in table.figures] == [
        "durable changes in batches of 10",
        "durable changes in batches of 100",
    ]


def test_cold_starts(tmp_path: Path) -> None:
    """Cold starts of whole processes of the command line."""
    table = Table()

    starting(table, tmp_path, 1)

    assert len(table.figures) == 3


def test_returned_lists(tmp_path: Path) -> None:
    """A file of outcomes; the list behind it is that worked out by hand."""
    table = Table()

    returning(table, tmp_path, 1_500, 200)

    assert [figure.what for figure in table.figures] == ["a returned list, 200 outcomes, 1,500 residents"]


def test_seals() -> None:
    """Records go through the stages of a network with and without seals."""
    table = Table()

    sealing(table, 3_000, 1)

    assert [figure.target for figure in table.figures] == ["≤ 5%"]
