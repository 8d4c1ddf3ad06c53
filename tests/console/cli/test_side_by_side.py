"""Several people work at once: real processes, each a verb that writes, in one workspace."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from infra.workspace.workspace import Workspace
from policies.values import Text
from services.lists.candidates import candidate_list
from services.lists.follow_ups import candidate_history
from services.units import units
from streams.language.errors import Busy
from streams.store import writer
from streams.store.writer import WriterLock, wait_for_lock
from tests.console.town import POLICY

CLERKS = ("王芳", "李娟", "张敏")


def start(folder: Path, *words: str) -> subprocess.Popen[str]:
    """A verb as a process of its own, in the workspace of a town."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HUIMIN_")}
    environment |= {"HUIMIN_WORKSPACE": str(folder / "w"), "HUIMIN_TODAY": "2026-10-15", "HUIMIN_LANG": "en"}
    line = [str(Path(sys.executable).parent / "huimin"), *words]
    return subprocess.Popen(line, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")


def test_three_people_report_side_by_side(town: Path) -> None:
    """Three outcomes, and three notes about one candidate, all at the same moment, all succeed and all count."""
    workspace = Workspace.open(town / "w")
    first, *rest = (f"{row.subject:016x}" for row in candidate_list(workspace, POLICY).candidates[:4])

    processes = [
        *(start(town, "candidates", "ack", POLICY, who, "contacted", "--by", by) for who, by in zip(rest, CLERKS, strict=True)),
        *(start(town, "candidates", "note", POLICY, first, "called", "--by", by) for by in CLERKS),
    ]
    ends = [(process.communicate(timeout=300), process.returncode) for process in processes]

    assert [code for _, code in ends] == [0] * 6, ends
    assert {row.outcome for row in candidate_list(workspace, POLICY).candidates if f"{row.subject:016x}" in rest} == {"contacted"}
    events = candidate_history(workspace, POLICY, int(first, 16)).events
    assert {(event.item, event.value, event.by) for event in events} == {("note", "called", by) for by in CLERKS}


def test_units_added_side_by_side_are_all_there(town: Path) -> None:
    """Each reads the document behind the one before."""
    words = ("--zh", "新", "--en", "New", "--division", "310107")

    processes = [start(town, "unit", "add", f"unit-{number}", *words) for number in range(3)]
    ends = [(process.communicate(timeout=300), process.returncode) for process in processes]

    assert [code for _, code in ends] == [0] * 3, ends
    assert {f"unit-{number}" for number in range(3)} <= {unit.id for unit in units(Workspace.open(town / "w"))}


def test_who_waits_says_so_and_not_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence after a while, with the process that writes; then the error, with the same."""
    monkeypatch.setattr(writer, "NOTICE_SECONDS", 0.1)
    monkeypatch.setattr(writer, "LOCK_SECONDS", 0.6)
    sentences: list[Text] = []
    lock, start = WriterLock(tmp_path), time.monotonic()

    with pytest.raises(Busy, match=str(os.getpid())):
        wait_for_lock(tmp_path, sentences.append)

    assert time.monotonic() - start > 0.6
    assert len(sentences) == 1 and str(os.getpid()) in sentences[0].en and "waiting" in sentences[0].en
    lock.release()
    wait_for_lock(tmp_path, sentences.append).release()
    assert len(sentences) == 1
