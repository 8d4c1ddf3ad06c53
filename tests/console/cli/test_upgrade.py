"""A workspace of an older format is upgraded as a whole or not at all, wherever the program is stopped."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.links import ForbiddenLink
from infra.workspace import upgrading, versions
from infra.workspace import workspace as workspaces
from infra.workspace.refusals import OlderWorkspace
from infra.workspace.upgrading import FailedUpgrade, upgrade
from infra.workspace.versions import VERSION
from infra.workspace.workspace import Workspace
from policies.problems.problems import Conflict
from streams.disk.files import write_whole
from streams.language.errors import Busy
from tests.console.conftest import Run

NEXT = VERSION + 1


class ProgramStop(BaseException):
    """Ends the program, in a test."""


def next_format_step(root: Path) -> None:
    """The step to a made-up next format: it renames a folder, adds a file, and changes a document."""
    (root / "quarantine").rename(root / "aside")
    (root / "inventory").write_text("of the next format\n", encoding="ascii")
    (root / "units.yaml").write_bytes((root / "units.yaml").read_bytes() + b"# of the next format\n")


@pytest.fixture
def next_format(town: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The workspace of the small town, in a program of the next format."""
    for module in (versions, workspaces):
        monkeypatch.setattr(module, "VERSION", NEXT)
    monkeypatch.setattr(upgrading, "VERSION", NEXT)
    monkeypatch.setattr(upgrading, "STEPS", {VERSION: next_format_step})
    return town / "w"


def workspace_files(root: Path) -> dict[str, bytes]:
    """The contents of all files of a workspace, without locks and SQLite's files beside the log."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not path.name.endswith((".lock", "-wal", "-shm"))
    }


def test_nothing_to_do(town: Path, run: Run) -> None:
    """A workspace of the newest format stays as it is, and the verb says so."""
    before = workspace_files(town / "w")

    result = run("upgrade", "--lang", "en")

    assert result.exit_code == 0
    assert f"format {VERSION} already" in result.stdout
    assert workspace_files(town / "w") == before


def test_an_older_one_is_refused_by_every_verb_and_brought_on(next_format: Path, run: Run) -> None:
    """After the upgrade the lists are the same, and the copy is removed."""
    refused = run("candidates", "list", "elderly-uninsured", "--lang", "en")
    assert refused.exit_code == 5
    assert "huimin upgrade" in refused.output

    assert run("upgrade", "--lang", "en").exit_code == 0

    assert (next_format / "inventory").exists() and not (next_format / "quarantine").exists()
    assert (next_format / "aside").is_dir()
    assert not (next_format / "upgrade").exists()
    assert (next_format / "version").read_text() == f"{NEXT}\n"
    listed = run("candidates", "list", "elderly-uninsured", "--json")
    assert listed.exit_code == 0
    assert len(json.loads(listed.stdout)) == 6


@pytest.mark.parametrize("fault", ["step", "document", "disk"])
def test_one_that_fails_leaves_it_as_it_was(next_format: Path, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    """A failing step, an unreadable result or a full disk: the workspace is the same, byte for byte, and can be upgraded later."""

    def failing_step(root: Path) -> None:
        next_format_step(root)
        match fault:
            case "step":
                raise KeyError("person 310107")
            case "document":
                (root / "state" / "log.sqlite").write_bytes(b"nothing")
            case _:
                raise OSError(28, os.strerror(28))

    monkeypatch.setattr(upgrading, "STEPS", {VERSION: failing_step})
    before = workspace_files(next_format)

    with pytest.raises(FailedUpgrade) as refused:
        upgrade(next_format)

    assert "310107" not in refused.value.text.en
    assert workspace_files(next_format) == before
    monkeypatch.setattr(upgrading, "STEPS", {VERSION: next_format_step})
    assert upgrade(next_format).after == NEXT


def stop_at(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Stop the program before the rename or flush with this number."""
    count = 0

    def stopping(real: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **words: object) -> object:
            nonlocal count
            if count == number:
                raise ProgramStop
            count += 1
            return real(*arguments, **words)

        return call

    monkeypatch.setattr(Path, "rename", stopping(Path.rename))
    monkeypatch.setattr(Path, "replace", stopping(Path.replace))
    monkeypatch.setattr(os, "fsync", stopping(os.fsync))


def test_a_stop_anywhere(next_format: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a stop the workspace is refused as older, and unchanged until the copy is ready; the next upgrade ends as one without a stop."""
    aside, before, stopped, half = next_format.parent / "aside", workspace_files(next_format), 0, 0
    shutil.copytree(next_format, aside)
    upgrade(next_format)
    wanted = workspace_files(next_format)
    while True:
        shutil.rmtree(next_format)
        shutil.copytree(aside, next_format)
        with monkeypatch.context() as patch:
            stop_at(patch, stopped)
            try:
                upgrade(next_format)
            except ProgramStop:
                stopped += 1
            else:
                break
        if (next_format / "version").read_text() != f"{NEXT}\n":
            with pytest.raises(OlderWorkspace):
                Workspace.open(next_format)
            if (next_format / "upgrade" / "ready").exists():
                half += 1
            else:
                assert {place: workspace_files(next_format)[place] for place in before} == before
        upgrade(next_format)
        assert workspace_files(next_format) == wanted
    print(f"stopped at {stopped} places, {half} of them while the copy took its place")
    assert half > 15


def test_one_that_fails_says_that_nothing_has_changed(next_format: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files written into the copy do not count as work done."""

    def writes(root: Path) -> None:
        write_whole(root / "units.yaml", "of the next format\n")
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(upgrading, "STEPS", {VERSION: writes})

    refused = run("upgrade", "--lang", "en")

    assert refused.exit_code == 1
    assert "as before" in refused.output and "Done before" not in refused.output and "upgrade/new" not in refused.output


def test_what_lies_in_the_place_of_the_copy(next_format: Path) -> None:
    """Another folder or a link in that place stays as it is."""
    place, own = next_format / "upgrade", next_format.parent / "own"
    place.mkdir()
    (place / "plan.txt").write_text("theirs")
    with pytest.raises(Conflict):
        upgrade(next_format)
    place.rename(own)
    place.symlink_to(own)

    with pytest.raises(ForbiddenLink):
        upgrade(next_format)

    assert [path.name for path in own.iterdir()] == ["plan.txt"]
    place.unlink()
    assert upgrade(next_format).after == NEXT


def test_the_copy_that_stays_is_told(next_format: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The copy holds personal data: where it cannot be removed, the upgrade fails, and the next one removes it."""

    def refuse(path: Path) -> None:
        raise PermissionError(13, os.strerror(13), str(path))

    with monkeypatch.context() as patch:
        patch.setattr(upgrading, "remove", refuse)
        with pytest.raises(PermissionError):
            upgrade(next_format)

    assert (next_format / "upgrade").exists()
    assert upgrade(next_format).before == NEXT
    assert not (next_format / "upgrade").exists()


def test_somebody_who_writes(next_format: Path) -> None:
    """An upgrade is refused while another process writes."""
    from streams.store.writer import WriterLock

    lock = WriterLock(next_format / "state")
    with pytest.raises(Busy):
        upgrade(next_format)
    lock.release()
