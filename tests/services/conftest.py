"""A workspace with the library's documents, and nothing taken in yet."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.workspace.library import copy_library, example_units
from infra.workspace.workspace import Workspace


@pytest.fixture
def example(tmp_path: Path) -> Workspace:
    """The library's units, feeds and policies."""
    workspace = Workspace.create(tmp_path / "w", example_units())
    copy_library(workspace)
    return workspace
