"""Two small workspaces for the services of lists, made once and copied: one with settled lists, one in which exits are held back."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from console.cli.main import application
from infra.workspace.workspace import Workspace
from tests.console import holding as held_back
from tests.console import town as settling
from tests.console.conftest import Run

TODAY = "2026-10-15"


def _run(folder: Path) -> Run:
    env = {"HUIMIN_WORKSPACE": str(folder / "w"), "HUIMIN_TODAY": TODAY, "COLUMNS": "160"}
    return lambda *words: CliRunner().invoke(application(), [str(word) for word in words], env=env)


@pytest.fixture(scope="package")
def settled_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six residents on the list of the uninsured; all are to be asked whether they claim the allowance."""
    folder = tmp_path_factory.mktemp("settled")
    settling.settle_town(_run(folder), folder)
    return folder


@pytest.fixture(scope="package")
def holding_town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty people on a list, thirty of whom were missing from the last full delivery."""
    folder = tmp_path_factory.mktemp("holding")
    place = held_back.town(_run(folder), folder)
    place.run_ok(*place.roll("half.csv", [*range(1, 31), 61]))
    return folder


@pytest.fixture
def workspace(settled_folder: Path, tmp_path: Path) -> Workspace:
    """The settled workspace, to do with as one likes."""
    return _copy(settled_folder, tmp_path)


@pytest.fixture
def holding(holding_town: Path, tmp_path: Path) -> Workspace:
    """The workspace with a hold, likewise."""
    return _copy(holding_town, tmp_path)


def _copy(folder: Path, to: Path) -> Workspace:
    shutil.copytree(folder, to, dirs_exist_ok=True)
    return Workspace.open(to / "w", {"HUIMIN_TODAY": TODAY})
