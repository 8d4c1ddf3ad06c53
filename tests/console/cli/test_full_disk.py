"""On a full disk, verbs that only show rules, feeds and units still work, and they create nothing."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from pathlib import Path

import pytest

from tests.console.conftest import Run
from tests.console.forking import fork_huimin
from tests.console.town import ALLOWANCE, POLICY

LOOKS = (
    ("policy", "check", f"w/policies/{POLICY}.yaml"), ("policy", "show", f"w/policies/{POLICY}.yaml"), ("policy", "list"), ("feed", "list"),
    ("feed", "show", "hukou"), ("feed", "check", "w/feeds/hukou.yaml"), ("unit", "list"), ("policy", "schema"), ("snapshot", "list"), ("doctor",),
)  # fmt: skip
SETTLED = (
    ("policy", "show", ALLOWANCE),
    ("policy", "history", ALLOWANCE),
    ("feed", "deliveries"),
    ("feed", "coverage"),
    ("feed", "quarantine"),
)


def full(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command without the right to make any file longer."""
    environment = os.environ | {"HUIMIN_WORKSPACE": "w", "HUIMIN_TODAY": "2026-10-15"}
    return fork_huimin(*words, "--lang", "en", folder=folder, environment=environment, may_grow_files=False)


def modification_times(folder: Path) -> dict[str, int]:
    """The modification times in a workspace, without the files that SQLite makes while a log is read."""
    return {
        str(path): path.stat().st_mtime_ns
        for path in folder.rglob("*")
        if not path.name.endswith(("-wal", "-shm")) and path.name != "state"
    }


@pytest.mark.parametrize("is_settled", [False, True], ids=["new", "settled"])
def test_who_only_looks_needs_no_room(run: Run, request: pytest.FixtureRequest, tmp_path: Path, is_settled: bool) -> None:
    """Each verb succeeds, but the doctor may end with 1 for the full disk. A tick is refused in a sentence."""
    if is_settled:
        request.getfixturevalue("town")
        with sqlite3.connect(tmp_path / "w/state/log.sqlite") as db:  # as the last writer leaves it
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.close()
        assert not (tmp_path / "w/state/log.sqlite-wal").exists()
    else:
        assert run("init", "--example").exit_code == 0
    before = modification_times(tmp_path / "w")

    for words in LOOKS + (SETTLED if is_settled else ()):
        result = full(tmp_path, *words)
        assert result.returncode == 0 or (words == ("doctor",) and "GB of disk are free" in result.stdout), (words, result.stderr)
        assert "Internal error" not in result.stdout + result.stderr
    assert modification_times(tmp_path / "w") == before
    refused = full(tmp_path, "tick", "--days", "1")
    assert refused.returncode == 1 and "disk is full" in refused.stderr
