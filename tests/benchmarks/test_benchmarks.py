"""The benchmarks run to their end at small sizes, with their answers checked as at full size."""

from __future__ import annotations

from pathlib import Path

from benchmarks.chain import chaining
from benchmarks.measure import Table
from benchmarks.run import delivering, keeping, of_a_district, starting
from benchmarks.sealing import sealing

RESIDENTS = 40_000


def test_district(tmp_path: Path) -> None:
    """Publishing, comparing versions, changes, coverage and days, memory and restart."""
    table = Table()

    host = of_a_district(table, tmp_path / "state", RESIDENTS, [(50, 1), (150, 1)])
    keeping(table, host, tmp_path / "state", RESIDENTS)

    words = [figure.what for figure in table.figures]
    assert sum(what.startswith("durable changes") for what in words) == 2
    assert {"a day's tick", "restart to the first list"} <= set(words)
    assert all(figure.measured for figure in table.figures)


def test_files(tmp_path: Path) -> None:
    """Delivered files in both encodings, beside polars."""
    table = Table()

    delivering(table, tmp_path, 3_000)

    assert [figure.what.split(",")[1].strip() for figure in table.figures] == ["utf-8", "gb18030"]


def test_chain(tmp_path: Path) -> None:
    """Changes with the chain of the log and without: the same lines."""
    table = Table()

    chaining(table, tmp_path, 2_000, turns=2)

    assert [figure.what.split(",")[1].strip() for figure in table.figures] == [
        "durable changes in batches of 10",
        "durable changes in batches of 100",
    ]


def test_cold_starts(tmp_path: Path) -> None:
    """Whole processes of the command line."""
    table = Table()

    starting(table, tmp_path, 1)

    assert len(table.figures) == 3


def test_seals() -> None:
    """Records through the stages of a network with seals and without."""
    table = Table()

    sealing(table, 3_000, 1)

    assert [figure.target for figure in table.figures] == ["≤ 5%"]
