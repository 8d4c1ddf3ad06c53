"""A workspace is made whole, opened with care, and its key guarded."""

from __future__ import annotations

import stat
from datetime import date
from pathlib import Path

import pytest

from infra.keys import UnusableKey
from infra.settings import BadSetting, day, settings, today
from infra.workspace.library import example_units
from infra.workspace.refusals import NewerWorkspace, NoWorkspace, OlderWorkspace, WorkspaceExists
from infra.workspace.texts import DamagedFile
from infra.workspace.versions import VERSION
from infra.workspace.workspace import FOLDERS, Workspace
from policies.problems.problems import HuiminError
from streams.language.messages import Tick


def test_a_new_workspace_has_its_folders_and_a_private_key(tmp_path: Path) -> None:
    """Two workspaces have two keys; the key is for its owner only."""
    first, other = (Workspace.create(tmp_path / name, example_units()) for name in ("a", "b"))

    assert all((first.root / name).is_dir() for name in FOLDERS)
    assert stat.S_IMODE((first.root / "secret.key").stat().st_mode) == 0o600
    assert first.key() != other.key()


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
    workspace = Workspace.create(tmp_path / "a", example_units())
    key = workspace.root / "secret.key"
    match spoil:
        case "gone":
            key.unlink()
        case "short":
            key.write_text("abcd")
        case _:
            key.chmod(0o640)

    with pytest.raises(UnusableKey):
        workspace.key()


@pytest.mark.parametrize(
    ("version", "error", "words"),
    [
        ("1", OlderWorkspace, "written by 0.1 (format 1), which was never released"),
        (str(VERSION + 1), NewerWorkspace, "Upgrade huimin"),
        ("x", DamagedFile, "holds no version"),
    ],
)
def test_another_version_is_refused_with_a_sentence(tmp_path: Path, version: str, error: type[HuiminError], words: str) -> None:
    """And nothing is touched."""
    root = Workspace.create(tmp_path / "a", example_units()).root
    (root / "version").write_text(f"{version}\n")
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}

    with pytest.raises(error) as raised:
        Workspace.open(root)

    assert words in raised.value.text.en
    assert raised.value.exit_code == (1 if error is DamagedFile else 5)
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == before


def test_a_key_may_be_replaced_until_something_was_made_with_it(tmp_path: Path) -> None:
    """As whoever joins a network does; from the first write on every other one is refused, and the check says nothing of the key."""
    workspace = Workspace.create(tmp_path / "a", example_units())
    first = workspace.root / "secret.key"
    with workspace.reading() as host:
        assert host.state.has_catalogue
    assert not (workspace.root / "key.check").exists()
    first.write_text("ab" * 32 + "\n")

    with workspace.writing() as host:
        host.submit(Tick(date(2026, 10, 15)))

    check = workspace.root / "key.check"
    assert stat.S_IMODE(check.stat().st_mode) == 0o600
    assert not any(part in check.read_text() for part in ("abab", str(first.read_text().strip())[:8]))
    for digit in (0, 31, 63):
        first.write_text("".join("c" if place == digit else letter for place, letter in enumerate("ab" * 32)) + "\n")
        for use in (workspace.key, workspace.tokens, workspace.log_key, workspace.catalogue):
            with pytest.raises(UnusableKey, match="is not the key"):
                use()
    first.write_text("AB" * 32)
    assert workspace.key() == bytes.fromhex("ab" * 32), "written in another way it is the same"


def test_an_option_comes_before_the_environment() -> None:
    """And the environment before the default."""
    environment = {"HUIMIN_WORKSPACE": "e", "HUIMIN_LANG": "en_GB.UTF-8"}

    assert settings("o", "zh", environment) == settings("o", None, {})
    assert settings(None, None, environment).language == "en"
    assert str(settings(None, None, {}).workspace) == "huimin-workspace"


def test_the_workspace_around_a_folder_is_used_where_none_is_named(tmp_path: Path) -> None:
    """In its root and below; an option or the environment comes first, and any other folder with a file ``version`` is none."""
    root = Workspace.create(tmp_path / "a", example_units()).root
    (tmp_path / "version").write_text("1\n")
    (root / "policies" / "drafts").mkdir()

    assert settings(None, None, {}, root).workspace == Path()
    assert settings(None, None, {}, root).near
    assert settings(None, None, {}, root / "policies" / "drafts").workspace == root
    assert settings("o", None, {}, root) == settings("o", None, {})
    assert settings(None, None, {"HUIMIN_WORKSPACE": "e"}, root) == settings("e", None, {})
    assert settings(None, None, {}, tmp_path) == settings(None, None, {})


def test_the_clock_may_be_set_for_rehearsals() -> None:
    """HUIMIN_TODAY, in any of three forms; nonsense is refused."""
    assert today({"HUIMIN_TODAY": "20261015"}) == day("2026/10/15") == date(2026, 10, 15)
    with pytest.raises(BadSetting):
        today({"HUIMIN_TODAY": "tomorrow"})
