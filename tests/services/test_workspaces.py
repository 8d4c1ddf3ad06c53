"""Workspaces made and upgraded."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.workspace.refusals import WorkspaceExists
from infra.workspace.versions import VERSION
from services.workspaces import UpgradedWorkspace, make_workspace, upgrade_workspace


def test_an_example_has_the_documents_of_the_library(tmp_path: Path) -> None:
    """It says how many, and which file is the key; without the example there are none."""
    example, empty = make_workspace(tmp_path / "a", {}, example=True), make_workspace(tmp_path / "b", {}, example=False)

    assert example.copied["feeds"] == len(list((tmp_path / "a/feeds").iterdir())) > 0
    assert empty.copied == {} and (tmp_path / "b" / empty.key).is_file()


def test_what_is_there_stays(tmp_path: Path) -> None:
    """No workspace is made in a folder with something in it; one of this version needs no upgrade."""
    make_workspace(tmp_path / "a", {}, example=False)

    with pytest.raises(WorkspaceExists):
        make_workspace(tmp_path / "a", {}, example=False)

    assert upgrade_workspace(tmp_path / "a", {}) == UpgradedWorkspace(VERSION, VERSION)
