"""A district whose lists were worked, with its snapshots, for the tests of all notebooks."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.workspace.workspace import Workspace
from services.exports.releases import release_snapshot
from services.exports.snapshots import create_open_snapshot
from tests.examples.worked_district import TODAY, build_worked_district
from tests.shared_worlds import built_once


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the workspace ``w`` and its snapshots ``s.duckdb``, ``s.parquet`` and ``open.duckdb``; only to be read."""

    def build(folder: Path) -> None:
        build_worked_district(folder)
        workspace = Workspace.open(folder / "w")
        release_snapshot(workspace, "王芳", "李强", "研究", TODAY, folder / "s.duckdb")
        release_snapshot(workspace, "王芳", "李强", "研究", TODAY, folder / "s.parquet", "parquet")
        create_open_snapshot(workspace, folder / "open.duckdb")

    return built_once(tmp_path_factory, "worked-district", build)
