"""What each verb takes as a whole process, on the demonstration's workspace: seconds and processor seconds. ``make bench`` and
``python -m benchmarks.verbs`` call it; with ``--residents 1350000 --only snapshot`` it measures the snapshots of a whole district.

The yardstick is a process that imports the state's modules, opens the same workspace and leaves. The answers are held against each other:
list, export, working state, edition and open snapshot must count the same candidates.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import openpyxl  # type: ignore[import-untyped]  # it ships no types
import polars as pl

from benchmarks.measure import Table

POLICY, DAY = "dibao", "2026-11-20"
TWO_PEOPLE = ("--by", "王芳", "--approved-by", "李强")
OPENING = "from pathlib import Path; from infra.workspace.workspace import Workspace; import sys\n" + (
    "with Workspace.open(Path(sys.argv[1]), {}).reading() as host: print(len(host.state.policies))"
)


@dataclass(frozen=True, slots=True)
class Took:
    """Of one process: seconds, processor seconds, and its standard output."""

    seconds: float
    processor: float
    output: str

    def __str__(self) -> str:
        return f"{self.seconds:.2f} s; {self.processor:.2f} s of processor"


class MeasuredWorkspace:
    """A workspace whose verbs are measured into a table."""

    def __init__(self, table: Table, place: Path, residents: int) -> None:
        self.table, self.place, self.residents = table, place, residents
        self.opened: Took | None = None

    def huimin(self, *words: str, measured: bool = True, changes: bool = False, what: str = "") -> str:
        """The standard output of a verb.

        Args:
            words: its words; those of the workspace are added.
            changes: it changes something, so that it runs once; else the faster of two runs counts.
            what: what the row says beside the words.

        Raises:
            AssertionError: it ended with an error.
        """
        command = [sys.executable, "-m", "console.cli.main", *words, "--workspace", str(self.place)]
        took = min((self._process(command) for _ in range(1 if changes or not measured else 2)), key=lambda took: took.processor)
        if measured:
            shown_words = " ".join(word if "/" not in word else Path(word).name for word in words)
            opened = self.opened
            ratio = (
                "" if opened is None else f"opened alone: {opened.processor:.2f} s of processor, {took.processor / opened.processor:.1f}×"
            )
            self.table.add(f"`huimin {shown_words}`{what}", str(took), against=ratio)
        return took.output

    def open_alone(self) -> None:
        """Measures the yardstick."""
        command = [sys.executable, "-c", OPENING, str(self.place)]
        self.opened = min((self._process(command) for _ in range(3)), key=lambda took: took.processor)
        self.table.add(f"the workspace of {self.residents:,} residents opened alone, whole process", str(self.opened))

    @staticmethod
    def _process(command: Sequence[str]) -> Took:
        inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
            start = time.perf_counter()
            process = subprocess.Popen(command, env=inherited | {"HUIMIN_LANG": "en"}, stdout=out, stderr=errors)
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - start
            process.returncode = os.waitstatus_to_exitcode(status)
            out.seek(0)
            errors.seek(0)
            assert process.returncode == 0, errors.read().decode()
            return Took(seconds, usage.ru_utime + usage.ru_stime, out.read().decode())


def verbs(table: Table, folder: Path, residents: int, only: str = "") -> None:
    """Measures the verbs.

    Args:
        folder: an empty folder, or one to make, for the workspace.
        only: measure only the verbs whose words begin so; all without it.
    """
    folder.mkdir(exist_ok=True)
    at = MeasuredWorkspace(table, folder / "district", residents)
    command = [sys.executable, "-m", "console.cli.main", "demo", "--seed", "310107", "--residents", str(residents), "--keep", str(at.place)]
    table.add(f"`huimin demo --residents {residents}`", str(at._process(command)))
    at.open_alone()
    for name, measure in {"candidates": lists, "explain": people, "policy": policies, "snapshot": snapshots}.items():
        if name.startswith(only or name):
            measure(at, folder)


def lists(at: MeasuredWorkspace, folder: Path) -> None:
    """Lists, exports, working state, editions: each must count the candidates that the list has."""
    listed = json.loads(at.huimin("candidates", "list", POLICY, "--json"))
    at.huimin("candidates", "list", POLICY)
    sheet, text, sheets = folder / "list.xlsx", folder / "list.csv", folder / "visits.pdf"
    at.huimin("candidates", "export", POLICY, "--out", str(sheet), changes=True, what=f", {len(listed):,} rows")
    at.huimin("candidates", "export", POLICY, "--out", str(text), changes=True, what=f", {len(listed):,} rows")
    assert openpyxl.load_workbook(sheet, read_only=True).worksheets[0].max_row == len(listed) + 1, "a row a candidate, and the header"
    assert len(pl.read_csv(text, infer_schema=False)) == len(listed)
    streets = sorted({candidate["division"] for candidate in listed if candidate["division"]})
    at.huimin("candidates", "visit", POLICY, "--street", streets[0], "--out", str(sheets), changes=True,
              what=f", {sum(candidate['division'] == streets[0] for candidate in listed):,} sheets")  # fmt: skip
    subject = listed[0]["subject"]
    at.huimin("candidates", "note", POLICY, subject, "到访，无人在家", "--by", "王芳", changes=True)
    at.huimin("candidates", "assign", POLICY, subject, "王芳", "--by", "李强", changes=True)
    at.huimin("candidates", "history", POLICY, subject)
    at.huimin("candidates", "changes", POLICY, "--since", "2026-11-01")
    at.huimin("candidates", "outcomes", POLICY)
    at.huimin("candidates", "corrections")
    at.huimin("edition", "cut", POLICY, changes=True)
    at.huimin("edition", "list", POLICY)
    cut = json.loads(at.huimin("edition", "list", POLICY, "--json", measured=False))[-1]
    assert sum(cut["listed"].values()) == len(listed), cut
    at.huimin("edition", "verify", POLICY)
    at.huimin("edition", "evidence", POLICY, str(cut["edition"]), "--out", str(folder / "evidence.jsonl"), changes=True)


def people(at: MeasuredWorkspace, folder: Path) -> None:
    """One person: why."""
    subject = json.loads(at.huimin("candidates", "list", POLICY, "--json", measured=False))[0]["subject"]
    at.huimin("explain", POLICY, subject)
    at.huimin("explain", POLICY, subject, "--as-of", DAY)


def policies(at: MeasuredWorkspace, folder: Path) -> None:
    """Policies, feeds and the day."""
    draft = str(at.place / "policies" / f"{POLICY}.yaml")
    for words in (
        ("policy", "check", draft), ("policy", "preview", draft), ("policy", "needs", draft), ("policy", "list"),
        ("policy", "history", POLICY), ("forecast", POLICY, "--days", "30"), ("feed", "list"), ("feed", "coverage"), ("feed", "quarantine"),
        ("doctor",),
    ):  # fmt: skip
        at.huimin(*words)
    at.huimin("tick", "--to", "2026-12-01", "--yes", "--by", "王芳", changes=True)


def snapshots(at: MeasuredWorkspace, folder: Path) -> None:
    """A snapshot of each grade, and its size."""
    listed = len(json.loads(at.huimin("candidates", "list", POLICY, "--json", measured=False)))
    for grade, words in (("open", ()), ("research", (*TWO_PEOPLE, "--reason", "measured"))):
        out = folder / f"{grade}.duckdb"
        at.huimin("snapshot", "create", "--grade", grade, *words, "--out", str(out), changes=True)
        at.huimin("snapshot", "verify", str(out), what=f", {grade}, {out.stat().st_size / 1e6:,.1f} MB")
        if grade == "research":
            with duckdb.connect(str(out), read_only=True) as database:
                counted = database.execute("select count(*) from candidates where policy = ?", [POLICY]).fetchone()
            assert counted == (listed,), (counted, listed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--residents", type=int, default=200_000)
    parser.add_argument("--only", default="", help="only verbs that begin with this word")
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="huimin-verbs-"))
    try:
        verbs(Table(), folder, asked.residents, asked.only)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
