"""Two small workspaces for the services of lists, made once and copied: one with settled lists, one in which exits are held back."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from infra.workspace.workspace import Workspace
from tests.console import holding as held_back
from tests.console.command import run_command
from tests.console.conftest import Run, build_town
from tests.shared_worlds import built_once

TODAY = "2026-10-15"


def _run(folder: Path) -> Run:
    env = {"HUIMIN_WORKSPACE": str(folder / "w"), "HUIMIN_TODAY": TODAY, "COLUMNS": "160"}
    return lambda *words: run_command(*words, env=env)


@pytest.fixture(scope="package")
def settled_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six residents on the list of the uninsured; all are to be asked whether they claim the allowance."""
    return built_once(tmp_path_factory, "town", build_town)


@pytest.fixture(scope="package")
def holding_town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty people on a list, thirty of whom were missing from the last full delivery."""

    def build(folder: Path) -> None:
        place = held_back.town(_run(folder), folder)
        place.run_ok(*place.roll("half.csv", [*range(1, 31), 61]))

    return built_once(tmp_path_factory, "holding", build)


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
