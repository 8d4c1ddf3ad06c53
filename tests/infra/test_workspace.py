"""A workspace is made whole, opened with care, and its key guarded."""

from __future__ import annotations

import stat
from datetime import date
from pathlib import Path

import pytest

from infra.library import example_units
from infra.settings import BadSetting, day, settings, today
from infra.workspace import FOLDERS, BrokenWorkspace, NoWorkspace, Workspace, WorkspaceExists


def test_a_new_workspace_has_its_folders_and_a_private_key(tmp_path: Path) -> None:
    """Two workspaces have two keys; the key is for its owner only."""
    one, other = (Workspace.create(tmp_path / name, example_units()) for name in ("a", "b"))

    assert all((one.root / name).is_dir() for name in FOLDERS)
    assert stat.S_IMODE((one.root / "secret.key").stat().st_mode) == 0o600
    assert one.key() != other.key()


def test_a_workspace_is_not_made_twice(tmp_path: Path) -> None:
    """The first one's key stays."""
    key = Workspace.create(tmp_path / "a", example_units()).key()

    with pytest.raises(WorkspaceExists):
        Workspace.create(tmp_path / "a", example_units())

    assert Workspace.open(tmp_path / "a").key() == key


def test_a_folder_without_version_is_no_workspace(tmp_path: Path) -> None:
    """Nor is a folder that is not there."""
    for root in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(NoWorkspace):
            Workspace.open(root)


@pytest.mark.parametrize("spoil", ["gone", "short", "open"])
def test_a_spoilt_key_is_refused(tmp_path: Path, spoil: str) -> None:
    """Gone, cut short or readable by others: never a new one in its place."""
    made = Workspace.create(tmp_path / "a", example_units())
    key = made.root / "secret.key"
    match spoil:
        case "gone":
            key.unlink()
        case "short":
            key.write_text("abcd")
        case _:
            key.chmod(0o640)

    with pytest.raises(BrokenWorkspace):
        made.key()


def test_an_option_comes_before_the_environment() -> None:
    """And the environment before the default."""
    environment = {"HUIMIN_WORKSPACE": "e", "HUIMIN_LANG": "en_GB.UTF-8"}

    assert settings("o", "zh", environment) == settings("o", None, {})
    assert settings(None, None, environment).language == "en"
    assert str(settings(None, None, {}).workspace) == "huimin-workspace"


def test_the_clock_may_be_set_for_rehearsals() -> None:
    """HUIMIN_TODAY, in any of three forms; nonsense is refused."""
    assert today({"HUIMIN_TODAY": "20261015"}) == day("2026/10/15") == date(2026, 10, 15)
    with pytest.raises(BadSetting):
        today({"HUIMIN_TODAY": "tomorrow"})
