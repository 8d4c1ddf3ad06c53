"""Makes the workspace and the topics of a released version: ``python -m tests.compatibility.make 0.2.0``, run once, by that version.

It builds a small town in which every kind of stored thing has happened, and keeps what every verb that shows one answered.
"""

from __future__ import annotations

import json
import os
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from infra.workspace import workspace as workspaces
from infra.workspace.workspace import Workspace
from streams.store.log import Log
from tests.compatibility import topics
from tests.console.command import run_command
from tests.console.conftest import Run
from tests.console.town import HUKOU, MEDICAL, POLICY, data, ingest_text, register_row, resident, settle_town, tokens

KEPT = Path(__file__).parent
TODAY = "2026-10-15"
PEOPLE = ("--by", "王芳", "--approved-by", "李强")
SHOWN = (
    ("candidates", "list", POLICY),
    ("candidates", "list", POLICY, "--known-at", "2026-10-15"),
    ("candidates", "list", "elderly-allowance"),
    ("candidates", "corrections"),
    ("candidates", "outcomes"),
    ("edition", "list", POLICY),
    ("edition", "show", POLICY, "1"),
    ("edition", "verify", POLICY),
    ("erase", "list"),
    ("feed", "deliveries"),
    ("feed", "history", "pension"),
    ("feed", "quarantine"),
    ("holds", "list"),
    ("identity", "list"),
    ("policy", "history", POLICY),
    ("policy", "list"),
    ("unit", "list"),
)
"""The verbs whose answers are kept."""


def environment(root: Path) -> dict[str, str]:
    return {"HUIMIN_WORKSPACE": str(root), "HUIMIN_TODAY": TODAY, "COLUMNS": "160"}


def running(root: Path) -> Run:
    """Runs ``huimin`` in this workspace."""
    return lambda *words, input=None: run_command(*words, input=input, env=environment(root))


def verb_answers(run: Run) -> dict[str, Any]:
    """The answer of every verb, and the explanation of every candidate."""
    answers = {" ".join(words): data(run(*words, "--json")) for words in SHOWN}
    assert all(answers.values()), answers
    return answers | {f"explain {POLICY} {token}": data(run("explain", POLICY, token, "--json")) for token in tokens(run)}


def build_town(folder: Path) -> None:
    """Builds a town in ``folder / "w"`` in which every kind of stored thing has happened."""
    run = running(folder / "w")
    settle_town(run, folder)
    people = tokens(run)
    data(run("edition", "cut", POLICY, "--json"))
    data(run("candidates", "ack", POLICY, people[0], "declined", "--by", "王芳", "--json"))
    data(run("candidates", "ack", POLICY, people[1], "not_eligible", "--criterion", "resident30", "--by", "王芳", "--json"))
    ingest_text(run, folder, "medical_insurance", MEDICAL + f"E9,{resident(2)},2026-10-01,2026-10-01,,正常,居民\nE10,不是号码,,,,,\n")
    ingest_text(run, folder, "hukou", HUKOU + "".join(register_row(serial, "2026-10-14") for serial in range(8, 30)))
    data(run("identity", "merge", "person", people[3], people[4], *PEOPLE, "--reason", "证件换号", "--json"))
    data(run("erase", "person", people[5], *PEOPLE, "--reason", "R1", "--yes", "--json"))
    contract = folder / "w" / "feeds" / "pension.yaml"
    contract.write_text(contract.read_text(encoding="utf-8").replace("max: 999999.99", "max: 9999999.99"), encoding="utf-8")
    data(run("tick", "--days", "2", "--json"))
    data(run("edition", "cut", POLICY, "--json"))
    half = folder / "half.csv"
    half.write_bytes((HUKOU + "".join(register_row(serial, "2026-10-15") for serial in range(8, 14))).encode("gb18030"))
    data(run("ingest", "hukou", half, "--replace", "--json"))
    (folder / "w" / "retention").write_text("400 16\n", encoding="ascii")


def make(version: str) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        workspaces.CLOSING_ROWS = 1  # every verb leaves a checkpoint
        build_town(folder)
        answers = verb_answers(running(folder / "w"))
        with tarfile.open(KEPT / f"workspace-{version}.tar.xz", "w:xz") as archive:
            archive.add(folder / "w", "w", filter=_nobody)
        workspace = Workspace.open(folder / "w")
        log = Log(workspace.folder("state"), readonly=True, key=workspace.log_key())
        bodies = [body for _, body in log.inputs(-1)]
        assert log.first() == 0
        log.close()
        topics.write(KEPT / f"topics-{version}.jsonl.xz", topics.records_of(bodies))
    (KEPT / f"workspace-{version}.json").write_text(
        json.dumps(answers, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8"
    )


def _nobody(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """The entry of an archive without owner and time; None for a lock file."""
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = ""
    return None if entry.name.endswith(".lock") else entry


if __name__ == "__main__":
    os.environ.pop("HUIMIN_LANG", None)
    make(sys.argv[1])
