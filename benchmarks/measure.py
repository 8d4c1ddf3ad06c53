"""Timing and the table: medians of several runs, the spread beside them, and what a figure is held against."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path


@dataclass(slots=True)
class Figure:
    """One line of the table."""

    what: str
    value: str
    target: str
    result: str  # met, missed, or '' where there is no target
    against: str = ""


@dataclass(slots=True)
class Table:
    figures: list[Figure] = field(default_factory=list)

    def add(self, what: str, measured: str, target: str = "", *, is_met: bool | None = None, against: str = "") -> None:
        result = "" if is_met is None else ("met" if is_met else "**missed**")
        self.figures.append(Figure(what, measured, target, result, against))
        print(f"{what}: {measured}  [{target}] {result}  {against}", flush=True)

    def markdown(self) -> str:
        rows = ["| what | measured | target | | against, in the same run |", "|---|---|---|---|---|"]
        rows += [f"| {f.what} | {f.value} | {f.target} | {f.result} | {f.against} |" for f in self.figures]
        return "\n".join(rows) + "\n"


def runs(work: Callable[[], object], times: int = 7) -> list[float]:
    """Seconds of each run, after one that is not counted."""
    work()
    out = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        out.append(time.perf_counter() - start)
    return out


def median(seconds: list[float]) -> float:
    return statistics.median(seconds)


def spread(seconds: list[float]) -> str:
    """Median and range in milliseconds."""
    return f"{1e3 * median(seconds):.1f} ms ({1e3 * min(seconds):.1f}–{1e3 * max(seconds):.1f})"


def machine() -> str:
    """What it ran on, in a line."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "numba", "polars", "duckdb", "pyarrow"))
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}, {packages}"


def cold(arguments: list[str], environment: dict[str, str], times: int = 5) -> list[float]:
    """Seconds of whole processes, their modules compiled by the run before, as in any installation that may write bytecode."""
    command = [sys.executable, "-m", "console.cli.main", *arguments]
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return runs(lambda: subprocess.run(command, env={**inherited, **environment}, check=True, capture_output=True), times)
