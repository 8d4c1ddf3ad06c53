"""Make a workspace, and upgrade one to the formats of this version.

The verbs ``init`` and ``upgrade`` call this.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from services.results import Hidden


@dataclass(frozen=True, slots=True)
class NewWorkspace:
    """A workspace that was made.

    Args:
        copied: the number of documents of the example, by kind.
        key: the file of the key that makes its tokens.
    """

    workspace: str
    copied: Mapping[str, int]
    key: Annotated[str, Hidden]


@dataclass(frozen=True, slots=True)
class UpgradedWorkspace:
    """The format of a workspace before and now."""

    before: int
    after: int


def make_workspace(root: Path, environment: Mapping[str, str], example: bool) -> NewWorkspace:
    """Make a workspace in a folder.

    Args:
        example: with the library's units, feeds and policies.

    Raises:
        WorkspaceExists: the folder holds something already.
    """
    from infra.keys import key_path
    from infra.workspace.library import EMPTY_UNITS, copy_library, example_units
    from infra.workspace.workspace import Workspace

    workspace = Workspace.create(root, example_units() if example else EMPTY_UNITS, environment)
    key = key_path(root, environment)
    return NewWorkspace(str(workspace.root), dict(copy_library(workspace)) if example else {}, str(key.name if key.parent == root else key))


def upgrade_workspace(root: Path, environment: Mapping[str, str]) -> UpgradedWorkspace:
    """Upgrade a workspace of an older version to the formats of this one: whole, or not at all.

    Raises:
        NotUpgraded: a step failed; the workspace is as before.
    """
    from infra.workspace.upgrading import upgrade

    upgraded = upgrade(root, environment)
    return UpgradedWorkspace(upgraded.before, upgraded.after)
