"""The erasure of a person where files cannot be read or written: all else is done, the unerased files are named, and later it is finished."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import services.erasure.erasing as erasing
from connectors.contracts.faults import DamagedVault
from connectors.identity.segments import Segments
from infra.workspace.erasing_note import NOTE, has_unfinished_erasure
from infra.workspace.leftovers import leftovers, remove_leftovers
from infra.workspace.workspace import Workspace
from policies.problems.problems import HuiminError
from policies.values import Kind
from services.erasure.erasure import Erasure
from streams.store import checkpoints
from tests.console.command import run_command
from tests.services.erasure import canary
from tests.shared_worlds import built_once

PEOPLE = ("王芳", "李强", "R1")
ENDED = 4_000_000
"""No process has this number: it is above the most that Linux gives."""


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return Workspace.open(built_once(tmp_path_factory, "canary", canary.build) / "w")


@pytest.fixture
def workspace(original: Workspace, tmp_path: Path) -> Workspace:
    """A copy to erase the person from, without a snapshot."""
    return canary.copy_of(original, tmp_path / "w")


def erase_canary(workspace: Workspace) -> Erasure:
    return erasing.erase_person(workspace, canary.token_of(workspace), *PEOPLE)


def segment(workspace: Workspace, feed: str = "hukou") -> Path:
    (path,) = (workspace.root / "identity" / "person" / feed).iterdir()
    return path


def oldest(workspace: Workspace) -> Path:
    folder = workspace.root / "state" / "snapshots"
    return checkpoints.place(folder, checkpoints.offsets(folder)[-1])


def _damage(data: bytes, suffix: str) -> bytes:
    """Broken near its middle. A zstd frame without a checksum may hide changed bytes, so it is cut off there."""
    middle = len(data) // 2
    if suffix == ".zst":
        return data[:middle]
    return data[:middle] + bytes(byte ^ 0xFF for byte in data[middle : middle + 40]) + data[middle + 40 :]


BROKEN: dict[str, Callable[[Workspace], Path]] = {
    "gz": lambda w: w.root / "exports" / "list.csv.gz",
    "zst": lambda w: w.root / "exports" / "list.csv.zst",
    "zip": lambda w: w.root / "exports" / "list.zip",
    "xlsx": lambda w: w.root / "exports" / "list.xlsx",
    "parquet": lambda w: w.root / "exports" / "list.parquet",
    "duckdb": lambda w: w.root / "snapshots" / "one.duckdb",
    "segment": segment,
}
"""Files that hold the person, and whose bytes do not show it once they are damaged."""


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_file_is_left_and_finished_when_it_is_mended(original: Workspace, workspace: Workspace, what: str) -> None:
    """It is named, not taken for clean; all else is without the person; once it is whole again, ``finish`` ends the erasure."""
    if what in ("duckdb", "segment"):
        canary.add_snapshot(original, workspace)
    sought, path = canary.needles(workspace), BROKEN[what](workspace)
    whole = path.read_bytes()
    path.write_bytes(_damage(whole, path.suffix))

    erasure = erase_canary(workspace)

    assert erasure.left == (str(path.relative_to(workspace.root)),)
    assert has_unfinished_erasure(workspace)
    path.rename(workspace.root.parent / "aside")
    remaining = canary.search(workspace, sought)
    assert remaining.keys() <= {"vault opened"}, "but for the note"

    path.write_bytes(whole)
    again = erasing.finish_erasure(workspace)

    assert again is not None and again.left == () and not has_unfinished_erasure(workspace)
    assert canary.search(workspace, sought) == {}
    assert erasing.finish_erasure(workspace) is None


@pytest.mark.parametrize("what", ["snapshot", "segment"])
def test_a_file_that_cannot_be_opened_is_left(workspace: Workspace, what: str) -> None:
    """A folder lies in the place of a snapshot of the state, or of a segment of the vault; the file comes back, and it is finished."""
    sought = canary.needles(workspace)
    path = oldest(workspace) if what == "snapshot" else segment(workspace)
    aside = workspace.root.parent / "aside"
    path.rename(aside)
    path.mkdir()

    erasure = erase_canary(workspace)

    assert erasure.left == (str(path.relative_to(workspace.root)),)
    with workspace.reading() as host:
        assert host.erasing == (what == "snapshot")
    path.rmdir()
    aside.rename(path)
    again = erasing.finish_erasure(workspace)
    assert again is not None and again.left == ()
    assert canary.search(workspace, sought) == {}


@pytest.mark.parametrize("where", ["exports/list.csv", "exports/list.csv.gz", "snapshots/one.duckdb", "segment", "snapshot"])
@pytest.mark.parametrize("how", ["read", "write"])
def test_what_cannot_be_read_or_written_is_left(
    original: Workspace, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, where: str, how: str
) -> None:
    """The system refuses to read or write one file: it is named, every other file is without the person; later it is finished."""
    if where in ("snapshots/one.duckdb", "snapshot"):
        canary.add_snapshot(original, workspace)
    sought = canary.needles(workspace)
    path = {"segment": segment, "snapshot": oldest}.get(where, lambda w: w.root / where)(workspace)
    real_replace, real_open = Path.replace, Path.open

    def refuse(name: Any) -> None:
        if Path(name).name == path.name:
            raise PermissionError(13, "Permission denied", str(name))

    def opens(self: Path, mode: str = "r", *more: Any, **named: Any) -> Any:
        refuse(self)
        return real_open(self, mode, *more, **named)

    def replaces(self: Path, target: Any) -> Any:
        refuse(target)
        return real_replace(self, target)

    with monkeypatch.context() as patch:
        if how == "read":
            patch.setattr(Path, "open", opens)
            patch.setattr(Path, "read_bytes", lambda self: opens(self, "rb").read())
            patch.setattr("duckdb.connect", _no_duckdb)
        else:
            patch.setattr(Path, "replace", replaces)
        erasure = erase_canary(workspace)

    assert str(path.relative_to(workspace.root)) in erasure.left
    assert set(erasure.left) <= {str(path.relative_to(workspace.root)), "snapshots/one.duckdb"}
    again = erasing.finish_erasure(workspace)
    assert again is not None and again.left == ()
    assert canary.search(workspace, sought) == {}


def _no_duckdb(*_: Any, **__: Any) -> Any:
    raise PermissionError(13, "Permission denied")


def test_copies_nobody_here_reads_are_looked_through(original: Workspace, workspace: Workspace) -> None:
    """Packed twice, under another name, in another encoding, in a folder of somebody's own: left, and clean once they are removed."""
    snapshot = canary.add_snapshot(original, workspace)
    exports, number = workspace.root / "exports", canary.CANARY
    own = workspace.root / "office" / "letters"
    own.mkdir(parents=True)
    with zipfile.ZipFile(own / "all.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(exports / "list.xlsx", "list.xlsx")
        archive.writestr("a.csv.gz", gzip.compress(number.encode()))
    (own / "packed.bin").write_bytes(gzip.compress(gzip.compress(number.encode())))
    (own / "table.dat").write_bytes((exports / "list.parquet").read_bytes())
    (own / "base.db").write_bytes(snapshot.read_bytes())
    (own / "letter.txt").write_text(number, encoding="utf-16-be")
    (own / "nobody.txt").write_text("PK is no archive")
    (own / "cut.jsonl").write_text(f'{{"subject": "{canary.token_of(workspace):016x}", "st\n{{"subject": "1"}}\n')
    (own / "nobody.json").write_text("{")
    expected = [f"office/letters/{name}" for name in ("all.zip", "base.db", "letter.txt", "packed.bin", "table.dat")]

    erasure = erase_canary(workspace)

    assert erasure.left == tuple(expected)
    assert (own / "cut.jsonl").read_text() == '{"subject": "1"}\n'
    for name in expected:
        (workspace.root / name).unlink()
    again = erasing.finish_erasure(workspace)
    assert again is not None and again.left == () and (own / "nobody.txt").exists()


def test_links_are_told_where_they_lead_out(workspace: Workspace) -> None:
    """One that leads to a place in the workspace is nothing: what lies there is looked at itself."""
    (workspace.root / "exports" / "latest.csv").symlink_to("list.csv")
    (workspace.root / "exports" / "outside").symlink_to(workspace.root.parent)

    erasure = erase_canary(workspace)

    assert erasure.left == ("exports/outside",)


def test_what_stopped_writers_left_is_removed(workspace: Workspace) -> None:
    """Parts of every writer, wherever they are, and what DuckDB makes beside its own; no file of anybody else."""
    sought, data = canary.needles(workspace), canary.CANARY.encode()
    parts = [
        f"snapshots/.k.duckdb.{ENDED}.part", f"snapshots/.k.duckdb.{ENDED}.part.wal", f"snapshots/.k.duckdb.{ENDED}.part.tmp/spilt.tmp",
        f"identity/person/hukou/.0.1.0.sealed.{ENDED}.part", f"identity/.manifest.sealed.{ENDED}.part", f".deliveries.jsonl.{ENDED}.part",
        f"state/snapshots/.00000000000000000007.snapshot.{ENDED}.part", f"exports/.list.xlsx.{os.getpid()}.part", f"policies/.a.{ENDED}.part",
        f"exports/.list.xlsx.{ENDED}.part.k2_x/sheet1.xml", f"exports/.b.csv.{2**70}.part",
    ]  # fmt: skip
    for name in parts:
        (workspace.root / name).parent.mkdir(exist_ok=True)
        (workspace.root / name).write_bytes(data)
    (workspace.root / "exports" / ".x.part").write_text("theirs")

    assert len(list(leftovers(workspace.root))) == len(parts)
    assert remove_leftovers(workspace.root, of_the_living=False) == []
    assert [path.name for path in leftovers(workspace.root)] == [f".list.xlsx.{os.getpid()}.part"], "somebody is writing it"
    erasure = erase_canary(workspace)

    assert erasure.left == () and list(leftovers(workspace.root)) == []
    assert canary.search(workspace, sought) == {}
    assert (workspace.root / "exports" / ".x.part").exists()


def test_what_an_upgrade_left_is_removed(workspace: Workspace) -> None:
    """The old files of one that was stopped at its very end hold everybody; a folder of somebody's own with that name stays."""
    old = workspace.root / "upgrade" / "old"
    (old / "state").mkdir(parents=True)
    (old / "state" / "log.sqlite").write_bytes(canary.CANARY.encode())

    erasure = erase_canary(workspace)

    assert erasure.left == () and not old.parent.exists()
    old.mkdir(parents=True)
    (old.parent / "plan.txt").write_text("theirs")
    assert list(leftovers(workspace.root)) == []


@pytest.mark.parametrize("name", ["exports/.list.csv", "identity/person/hukou/.0.1.0.sealed", "state/snapshots/.7.snapshot"])
def test_a_part_that_cannot_be_removed_is_left(workspace: Workspace, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """It is named, and stops nothing; once it can be removed, it goes."""
    name = f"{name}.{ENDED}.part"
    (workspace.root / name).write_bytes(canary.CANARY.encode())

    unlink = Path.unlink

    def refuse_unlink(self: Path, missing_ok: bool = False) -> None:
        if self.name.endswith(f".{ENDED}.part"):
            raise PermissionError(13, "Permission denied")
        unlink(self, missing_ok)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refuse_unlink)
        erasure = erase_canary(workspace)

    assert erasure.left == (name,) and erasure.vault
    again = erasing.finish_erasure(workspace)
    assert again is not None and again.left == () and not (workspace.root / name).exists()


def test_the_verb_ends_with_one_and_says_what_is_left(workspace: Workspace) -> None:
    """Exit code 1 in both languages and with --json, doctor tells it, another erasure waits; mended, `erase finish` ends with 0."""
    path = workspace.root / "exports" / "list.csv.gz"
    whole = path.read_bytes()
    path.write_bytes(_damage(whole, path.suffix))
    w = ["--workspace", str(workspace.root)]
    words = ["--by", "王芳", "--approved-by", "李强", "--reason", "R1", "--yes"]

    first = run_command(*w, "--lang", "en", "erase", "person", "-", *words, input=canary.CANARY)
    second = run_command(*w, "--json", "erase", "finish")
    waits = run_command(*w, "erase", "person", canary.resident(5), *words)
    examination = run_command(*w, "--json", "doctor")

    assert (first.exit_code, second.exit_code, waits.exit_code) == (1, 1, 5)
    assert "exports/list.csv.gz" in first.stderr and "erase finish" in first.stderr and canary.CANARY not in first.output
    assert json.loads(second.stdout)["left"] == ["exports/list.csv.gz"] and "exports/list.csv.gz" in second.stderr
    assert any(finding["code"] == "erasing" for finding in json.loads(examination.stdout))
    path.write_bytes(whole)
    last = run_command(*w, "erase", "finish")
    assert last.exit_code == 0, last.output
    assert canary.search(workspace, canary.needles(workspace)) == {}


def test_what_a_backup_brings_back_goes_with_the_same_again(workspace: Workspace) -> None:
    """Exports and vault of before are put back: the same erasure again takes the person out of them, and a third time does nothing."""
    sought = canary.needles(workspace)
    for name in ("exports", "identity"):
        shutil.copytree(workspace.root / name, workspace.root.parent / name)
    erase_canary(workspace)
    for name in ("exports", "identity"):
        shutil.rmtree(workspace.root / name)
        shutil.copytree(workspace.root.parent / name, workspace.root / name)
    assert canary.search(workspace, sought)

    again, third = erase_canary(workspace), erase_canary(workspace)

    assert not again.already and again.vault > 0 and third.already
    assert canary.search(workspace, sought) == {}


def test_an_old_file_of_the_vault_brings_nobody_back(workspace: Workspace) -> None:
    """Put back after an erasure, it is not what the manifest knows: that is an error, and the person has no name again."""
    path, token = segment(workspace), canary.token_of(workspace)
    old = path.read_bytes()
    erase_canary(workspace)
    assert path.read_bytes() != old

    path.write_bytes(old)

    with pytest.raises(DamagedVault, match="not what was written"):
        workspace.vault().who(Kind.PERSON, [token])


def test_a_note_that_is_damaged_says_how_to_go_on(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is sealed; damaged, it names the way out, and the way leads there."""
    sought = canary.needles(workspace)
    with monkeypatch.context() as patch:
        patch.setattr("connectors.erasure.copies.scrub_copies", _no_duckdb)
        with pytest.raises(PermissionError):
            erase_canary(workspace)
    note = workspace.root / "identity" / NOTE
    assert not any(needle in note.read_bytes() for needle in sought.values())
    note.write_bytes(_damage(note.read_bytes(), note.suffix))

    with pytest.raises(HuiminError) as raised:
        erasing.finish_erasure(workspace)

    assert f"identity/{NOTE}" in raised.value.text.en and "erase finish" in raised.value.text.zh
    note.unlink()
    erasing.finish_erasure(workspace)
    erase_canary(workspace)
    assert canary.search(workspace, sought) == {}


def test_a_vault_without_its_manifest_is_left_as_a_whole(workspace: Workspace) -> None:
    """Nothing of it can be trusted, so nothing of it is erased, and that is told."""
    sought = canary.needles(workspace)
    manifest = Segments(workspace.root / "identity", bytes(32)).place("manifest")
    manifest.rename(workspace.root.parent / "aside")

    erasure = erase_canary(workspace)

    assert erasure.left == ("identity/manifest.sealed",)
    (workspace.root.parent / "aside").rename(manifest)
    assert erasing.finish_erasure(workspace) is not None
    assert canary.search(workspace, sought) == {}
