"""The vault of a workspace: what is damaged, missing or older is never a wrong or empty name on a list, and there is a way out of it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from connectors.contracts.faults import DamagedVault
from infra.settings import KEY_FILE
from infra.workspace.library import copy_library, example_units
from infra.workspace.workspace import Workspace
from policies.problems.problems import HuiminError
from policies.values import Kind
from services.deliveries.delivery import deliver
from services.exports.candidates import write_list
from tests.console.command import run_command
from tests.services.erasure import canary
from tests.services.erasure.canary import ALLOWANCE, HUKOU, PEOPLE, register, resident
from tests.shared_worlds import built_once
from tests.streams.world import child_environment

RECEIVED = date(2026, 10, 15)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """With two deliveries of the register."""

    def build(folder: Path) -> None:
        workspace = canary.workspace_with_person(folder)
        with workspace.writing() as host:
            canary.deliver_text(workspace, host, folder, "hukou", HUKOU + register(40))

    return Workspace.open(built_once(tmp_path_factory, "vault", build) / "w")


@pytest.fixture
def workspace(original: Workspace, tmp_path: Path) -> Workspace:
    shutil.copytree(original.root.parent, tmp_path / "town")
    (tmp_path / "town" / "w" / "secret.key").chmod(0o600)
    return Workspace.open(tmp_path / "town" / "w")


def list_text(workspace: Workspace) -> str:
    """The list as its agency gets it."""
    path = workspace.root / "exports" / "list.csv"
    with workspace.reading() as host:
        write_list(workspace, host, ALLOWANCE, path, "en")
    return path.read_text(encoding="utf-8-sig")


def again(workspace: Workspace) -> int:
    """Delivers the register's first file once more; gives how many identities were written again."""
    path = workspace.root.parent / "hukou.csv"
    with workspace.writing() as host:
        path.write_bytes((HUKOU + "".join(map(register, range(PEOPLE)))).encode(host.state.catalogue.feeds["hukou"].encoding))
        offset = host.state.offset
        intake = deliver(workspace, host, "hukou", 0, path, RECEIVED)
        assert intake.report.already and host.state.offset == offset
    return intake.report.named_again


def segment(workspace: Workspace) -> Path:
    return workspace.root / "identity" / "person" / "hukou" / "0.1.0.sealed"


def _flip_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def _copy_over(path: Path) -> None:
    shutil.copy(path.with_name("0.2.0.sealed"), path)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


DAMAGE: dict[str, Callable[[Path], object]] = {
    "flipped": _flip_bit, "missing": Path.unlink, "empty": lambda path: path.write_bytes(b""), "copied over": _copy_over, "a folder": _folder,
}  # fmt: skip


@pytest.mark.parametrize("how", DAMAGE)
def test_no_list_leaves_with_a_wrong_or_empty_name(workspace: Workspace, how: str) -> None:
    """Nothing is written, the list of before stays; every reader says so; the file delivered again writes the names again."""
    before, path, tokens = list_text(workspace), segment(workspace), [canary.token_of(workspace)]
    assert canary.NAME in str(workspace.vault().look_up(workspace.catalogue().feeds["hukou"], tokens, ["name"]).rows())

    DAMAGE[how](path)

    vault, feed = workspace.vault(), workspace.catalogue().feeds["hukou"]
    readers: tuple[Callable[[], object], ...] = (
        lambda: list_text(workspace), lambda: vault.who(Kind.PERSON, tokens), lambda: vault.look_up(feed, tokens, ["name"]),
        lambda: vault.tokens(Kind.PERSON),
    )  # fmt: skip
    for reads in readers:
        with pytest.raises(DamagedVault) as raised:
            reads()
        assert "identity/person/hukou/0.1.0.sealed" in raised.value.text.zh and "huimin ingest hukou" in raised.value.text.en
    assert (workspace.root / "exports" / "list.csv").read_text(encoding="utf-8-sig") == before
    if how == "a folder":
        path.rmdir()
    assert again(workspace) == PEOPLE
    assert list_text(workspace) == before and again(workspace) == 0


def test_another_delivery_is_refused_before_anything_of_it_is_applied(workspace: Workspace) -> None:
    """Whether two people share a token cannot be said while part of the vault is unreadable."""
    _flip_bit(segment(workspace))
    with workspace.writing() as host:
        offset = host.state.offset

        with pytest.raises(DamagedVault):
            canary.deliver_text(workspace, host, workspace.root.parent, "hukou", HUKOU + register(41))

        assert host.state.offset == offset


def test_an_older_vault_put_back_is_noticed(workspace: Workspace) -> None:
    """With its own manifest it is whole in itself; but the state knows of a delivery it has nobody of. That file writes it again."""
    older = workspace.root.parent / "older"
    shutil.copytree(workspace.root / "identity", older)
    path = workspace.root.parent / "later.csv"
    with workspace.writing() as host:
        path.write_bytes((HUKOU + register(50)).encode(host.state.catalogue.feeds["hukou"].encoding))
        deliver(workspace, host, "hukou", 0, path, RECEIVED)
    whole = list_text(workspace)
    shutil.rmtree(workspace.root / "identity")
    shutil.copytree(older, workspace.root / "identity")

    with pytest.raises(DamagedVault, match=r"delivery 3 of hukou \(later\.csv\)"):
        list_text(workspace)

    with workspace.writing() as host:
        assert deliver(workspace, host, "hukou", 0, path, RECEIVED).report.named_again == 1
    assert list_text(workspace) == whole


def test_a_vault_that_is_gone_is_not_a_new_one(workspace: Workspace) -> None:
    """All of identity/, or its manifest alone: no list, no delivery, no empty vault in its place."""
    for name in ("identity", "identity/manifest.sealed"):
        place = workspace.root / name
        place.rename(workspace.root.parent / "aside")
        for does in (lambda: list_text(workspace), lambda: again(workspace)):
            with pytest.raises(DamagedVault, match=r"manifest\.sealed"):
                does()
        if place.is_dir():
            assert not [path for path in place.rglob("*") if path.is_file()]
            shutil.rmtree(place)
        (workspace.root.parent / "aside").rename(place)
    list_text(workspace)


CHILD = """
import os, sys
from datetime import date
from pathlib import Path
import connectors.identity.vault as vault
from services.deliveries.delivery import deliver
from infra.workspace.workspace import Workspace
def ends(*_): os._exit(9)
vault.write_segment = ends
workspace = Workspace.open(Path(sys.argv[1]))
with workspace.writing() as host:
    deliver(workspace, host, "hukou", 0, Path(sys.argv[2]), date(2026, 10, 15))
"""


def test_a_kill_before_the_names_are_written(workspace: Workspace) -> None:
    """The rows are applied and nobody knows whom they are about: the list is refused, with the file to deliver again; then it is whole."""
    with workspace.writing() as host:
        encoding = host.state.catalogue.feeds["hukou"].encoding
    path = workspace.root.parent / "killed.csv"
    path.write_bytes((HUKOU + register(60) + register(61)).encode(encoding))
    line = [sys.executable, "-c", CHILD, str(workspace.root), str(path)]
    assert subprocess.run(line, env=child_environment(), check=False, capture_output=True).returncode == 9

    with pytest.raises(HuiminError, match="2 have no number in the vault"):
        list_text(workspace)

    with workspace.writing() as host:
        assert deliver(workspace, host, "hukou", 0, path, RECEIVED).report.rows == 2
    assert all(resident(serial) in list_text(workspace) for serial in (60, 61))


def test_doctor_opens_every_file(workspace: Workspace) -> None:
    """What is wrong with the vault is told file by file; who was erased and is in it again; leftovers are removed, and told."""

    def doctor_findings() -> dict[str, list[str]]:
        run = run_command("--workspace", str(workspace.root), "--json", "--lang", "en", "doctor")
        messages: dict[str, list[str]] = {}
        for finding in json.loads(run.stdout):
            messages.setdefault(f"{finding['code']} {finding['level']}", []).append(finding["message"])
        return messages

    part = workspace.root / "snapshots" / ".k.duckdb.4000000.part.wal"
    part.write_bytes(canary.CANARY.encode())
    whole, is_removed = doctor_findings(), not part.exists()
    _flip_bit(segment(workspace))
    segment(workspace).with_name("0.2.0.sealed").unlink()
    spoilt = doctor_findings()

    assert "vault ok" in whole and "leftovers warning" in whole and is_removed
    assert len(spoilt["vault error"]) == 2 and "leftovers warning" not in spoilt
    assert any("hukou/0.1.0" in message for message in spoilt["vault error"])


def test_nobody_is_in_the_clear(workspace: Workspace) -> None:
    """No name, number or token of anybody stands in a file of the vault."""
    sought = canary.needles(workspace)
    files = [path for path in (workspace.root / "identity").rglob("*") if path.is_file()]

    assert len(files) == 3
    assert not [path for path in files for needle in sought.values() if needle in path.read_bytes()]


def test_the_key_may_lie_outside_the_folder(tmp_path: Path) -> None:
    """``HUIMIN_KEY_FILE`` names it, for the first time and ever after; nothing in the folder opens the vault without it."""
    key, root = tmp_path / "safe" / "huimin.key", tmp_path / "w"
    key.parent.mkdir()
    environment = {KEY_FILE: str(key)}

    workspace = Workspace.create(root, example_units(), environment)
    copy_library(workspace)
    with workspace.writing() as host:
        canary.deliver_text(workspace, host, tmp_path, "hukou", HUKOU + register(1))

    assert key.stat().st_mode & 0o777 == 0o600 and not (root / "secret.key").exists()
    reopened, tokens = Workspace.open(root, environment), workspace.tokens().person([resident(1)])
    feed = reopened.catalogue().feeds["hukou"]
    assert reopened.key() == workspace.key() and len(reopened.vault().look_up(feed, tokens, ["name"])) == 1
    for other in ({}, {KEY_FILE: str(tmp_path / "nowhere")}):
        with pytest.raises(HuiminError, match="restore a backup"):
            Workspace.open(root, other).vault()
    key.chmod(0o644)
    with pytest.raises(HuiminError, match="chmod 600"):
        Workspace.open(root, environment).key()
    key.write_text("00" * 32)
    key.chmod(0o600)
    with pytest.raises(HuiminError):
        Workspace.open(root, environment).vault().look_up(feed, tokens, ["name"])


def test_a_second_workspace_begins_with_a_key_that_is_there(tmp_path: Path) -> None:
    """That of a network, say; one that cannot be used is refused, and none is made in its place."""
    key = tmp_path / "huimin.key"
    environment = {KEY_FILE: str(key)}
    first, second = (Workspace.create(tmp_path / name, example_units(), environment) for name in ("a", "b"))
    key.write_text("nonsense")

    assert first.root != second.root
    with pytest.raises(HuiminError):
        Workspace.create(tmp_path / "c", example_units(), environment)
    assert key.read_text() == "nonsense" and not (tmp_path / "c").exists()
