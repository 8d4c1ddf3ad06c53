"""Damaged files of a workspace: verbs that need the file name it, and all other verbs go on."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.erasure import erasing
from streams.store.checkpoints import offsets, place
from tests.console.conftest import Run, invoke
from tests.console.town import HUKOU, PENSION, POLICY, ingest_text, register_row, resident, tokens
from tests.shared_worlds import built_once

VERBS: dict[str, tuple[str, ...]] = {
    "candidates list": ("candidates", "list", POLICY, "--json"),
    "policy list": ("policy", "list", "--json"),
    "policy check": ("policy", "check", "w/policies/elderly-allowance.yaml"),
    "feed list": ("feed", "list", "--json"),
    "unit list": ("unit", "list", "--json"),
    "feed deliveries": ("feed", "deliveries", "--json"),
    "feed quarantine": ("feed", "quarantine", "--json"),
    "doctor": ("doctor", "--json"),
    "ingest": ("ingest", "pension", "more.csv", "--json"),
    "ingest named": ("ingest", "pension", "third.csv", "--id", "third", "--json"),
    "tick": ("tick", "--to", "2026-10-16", "--json"),
    "erase finish": ("erase", "finish", "--json"),
}
"""Verbs that read lists, documents and deliveries, and verbs that write."""
READS = ("candidates list", "policy list", "feed list", "unit list")
"""The verbs whose output must stay the same."""
EVERY = frozenset(VERBS)
DELIVERIES, QUARANTINE, CLOSED, NOTE = (
    "deliveries.jsonl",
    "quarantine/pension.putuo-social-security.2.jsonl",
    "quarantine/closed.jsonl",
    "identity/erasing.sealed",
)
TAKES = frozenset({"ingest", "ingest named"})
NEEDS: dict[str, frozenset[str]] = {
    "units.yaml": frozenset(),
    "feeds/elderly_allowance.yaml": frozenset(),
    "feeds/pension.yaml": TAKES,
    "policies/elderly-allowance.yaml": frozenset({"policy check"}),
    "retention": frozenset({"tick", "erase finish"}) | TAKES,
    "network": EVERY,
    "version": EVERY,
    DELIVERIES: frozenset({"feed deliveries", "doctor"}) | TAKES,
    QUARANTINE: frozenset({"feed deliveries", "feed quarantine", "doctor"}),
    CLOSED: frozenset({"feed deliveries", "feed quarantine", "doctor"}),
    NOTE: frozenset({"erase finish"}),
    "secret.key": TAKES,
    "key.check": TAKES,
    "log.head": TAKES,
    "newest snapshot": frozenset(),
    "older snapshot": frozenset(),
}
"""For each file, the verbs that need it."""


def _cut(share: float) -> Callable[[bytes], bytes]:
    return lambda data: data[: max(1, int(len(data) * share) - 1)]


DAMAGES: dict[str, Callable[[bytes], bytes | None]] = {
    "empty": lambda data: b"",
    "cut short": _cut(0.1),
    "cut": _cut(0.6),
    "cut at its end": _cut(1.0),
    "not UTF-8": lambda data: b"\xff\xfe" + data[: len(data) // 2] + b"\x80\xfa" + data[len(data) // 2 :],
    "zeros": lambda data: bytes(len(data)),
    "nonsense": lambda data: b"}{][ !!\x07 : - \xe6\x83\xa0\n\n@@@ 9e999",
    "other JSON": lambda data: b'["[", {"row": []}, 1e999]\n',
    "without its last line": lambda data: b"".join(data.splitlines(keepends=True)[:-1]),
    "a folder": lambda data: None,
}


HARMLESS = {("version", "cut"), ("version", "cut at its end"), ("version", "cut short"), ("secret.key", "cut at its end"), ("key.check", "cut at its end"), ("log.head", "cut at its end"),
            ("retention", "cut"), ("retention", "cut at its end"), ("retention", "cut short"), ("network", "cut"), ("network", "cut at its end"), ("network", "cut short"),
            *((file, damage) for damage in ("cut at its end", "without its last line") for file in NEEDS if file.endswith(".yaml"))}  # fmt: skip
"""Damages that leave the file as it was, or another valid file."""


@pytest.fixture(scope="module")
def lived_in(settled_town: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small town with rows in quarantine, some of them closed, an unfinished erasure, and two checkpoints."""
    return built_once(tmp_path_factory, "lived", lambda folder: _live_in(settled_town, folder / "t")) / "t"


def _live_in(settled_town: Path, folder: Path) -> None:
    from infra.workspace.workspace import Workspace

    shutil.copytree(settled_town, folder)
    env = {"HUIMIN_WORKSPACE": str(folder / "w"), "HUIMIN_TODAY": "2026-10-15", "COLUMNS": "160"}

    def run(*words: object) -> Any:
        return invoke(*words, env=env)

    rows = f"P1,{resident(1)},2020-01-01,,x\nP2,nobody,2020-01-01,,100\n"
    ingest_text(run, folder, "pension", PENSION + rows)
    assert run("feed", "quarantine", "pension", "--close", "2", "--by", "王芳").exit_code == 0
    with Workspace.open(folder / "w").writing() as host:
        host.write_checkpoint()
    ingest_text(run, folder, "hukou", HUKOU + register_row(3, "2026-10-02"))
    with Workspace.open(folder / "w").writing() as host:
        host.write_checkpoint()
    (folder / "more.csv").write_bytes((PENSION + f"P3,{resident(2)},2020-01-01,,50\n").encode("gb18030"))
    (folder / "third.csv").write_bytes((PENSION + f"P4,{resident(4)},2020-01-01,,50\n").encode("gb18030"))
    (folder / "w/retention").write_text("400 16\n")
    (folder / "network").write_text("huimin.\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(erasing, "_finish", lambda workspace: None)
        with pytest.raises(AssertionError):  # stopped after its note was written
            erasing.erase_person(Workspace.open(folder / "w"), int(tokens(run)[0], 16), "王芳", "李强", "R1")
    (folder / "w" / NOTE).rename(folder / "erasing.sealed")


def damage_file(town: Path, file: str, damage: str) -> Path:
    """Damage one file of the workspace, after putting it there if it is missing; returns its path."""
    snapshots = town / "w/state/snapshots"
    match file:
        case "newest snapshot":
            path = place(snapshots, offsets(snapshots)[0])
        case "older snapshot":
            path = place(snapshots, offsets(snapshots)[1])
        case _:
            path = town / "w" / file
            if not path.exists():
                (town / path.name).rename(path)
    data = DAMAGES[damage](path.read_bytes())
    if data is None:
        path.unlink()
        path.mkdir(mode=0o700)
        (path / "something").write_text("x")
    else:
        path.write_bytes(data)
    return path


CASES = [(file, damage) for file in NEEDS for damage in DAMAGES if (file, damage) not in HARMLESS]


def verbs_to_try(file: str, damage: str) -> list[str]:
    """The verbs that need a file, the doctor, and a third of the others; over all damages every verb is tried."""
    turn = list(DAMAGES).index(damage)
    return [verb for place, verb in enumerate(VERBS) if verb in NEEDS[file] or verb == "doctor" or (place + turn) % 3 == 0]


@pytest.mark.parametrize(("file", "damage"), CASES)
def test_damage_is_told_by_name_and_stops_nobody_else(
    lived_in: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, damage: str
) -> None:
    """A verb that needs the file names it and the reason, in both languages; the other verbs give the same output as before."""
    town = tmp_path / "t"
    shutil.copytree(lived_in, town)
    monkeypatch.setenv("HUIMIN_WORKSPACE", str(town / "w"))
    monkeypatch.chdir(town)
    before = {verb: run(*VERBS[verb]).stdout for verb in READS if verb in verbs_to_try(file, damage) and verb not in NEEDS[file]}
    path, mentions = damage_file(town, file, damage), ""

    for verb in verbs_to_try(file, damage):
        for language in ("zh", "en") if verb in NEEDS[file] else ("zh",):
            result = run(*VERBS[verb], "--lang", language)

            assert not any(word in result.output for word in ("内部错误", "Internal error", "Traceback")), (verb, result.output)
            assert result.exception is None or isinstance(result.exception, SystemExit), verb
            if verb in NEEDS[file]:
                assert result.exit_code in (1, 2, 3, 5), (verb, result.output)
                assert path.name in result.output, (verb, result.output)
            elif file in ("secret.key", "key.check", "log.head"):  # other verbs may read it, too
                assert result.exit_code == 0 or path.name in result.output, (verb, result.output)
            elif verb in READS:
                assert result.exit_code == 0, (verb, result.output)
                assert result.stdout == before[verb], verb
            elif verb != "doctor":
                assert result.exit_code == 0, (verb, result.output)
            mentions += result.output if path.name in result.output else ""
    assert mentions or file in ("older snapshot", "newest snapshot")


def test_a_document_that_is_gone_stops_nobody_else(lived_in: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without units.yaml the last units stay in effect, and every verb that reads them warns."""
    town = tmp_path / "t"
    shutil.copytree(lived_in, town)
    monkeypatch.setenv("HUIMIN_WORKSPACE", str(town / "w"))
    before = run("unit", "list", "--json", "--lang", "en").stdout
    (town / "w/units.yaml").unlink()

    result = run("unit", "list", "--json", "--lang", "en")

    assert (result.exit_code, result.stdout) == (0, before)
    assert "units.yaml is not in effect; the one that held last stays in effect: The file is gone." in result.output
    assert run("tick", "--to", "2026-10-16").exit_code == 0
