"""A workspace with the small world of ``tests.streams.calendar``: two policies, one of them in two versions, on 10 February 2026."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from infra.workspace.workspace import Workspace
from streams.language.messages import CatalogueSet
from tests.streams.calendar import messages


@pytest.fixture(scope="session")
def calendar_workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the workspace; only to be read."""
    first, network, *others = messages()
    assert isinstance(network, CatalogueSet)
    workspace = Workspace.create(tmp_path_factory.mktemp("calendar") / "w", network.units)
    for name, contract in network.contracts.items():
        (workspace.folder("feeds") / f"{name}.yaml").write_text(contract, encoding="utf-8")
    with workspace.writing() as host:
        for message in (first, *others):
            host.submit(message)
    return workspace.root


@pytest.fixture
def workspace(calendar_workspace: Path, tmp_path: Path) -> Workspace:
    """A copy of it, to do with as one likes."""
    shutil.copytree(calendar_workspace, tmp_path / "w")
    return Workspace.open(tmp_path / "w")
