"""The version of a workspace's format, of this program and of a folder.

``infra.workspace.workspace`` opens this version only; ``infra.workspace.upgrading`` upgrades an older one.
"""

from __future__ import annotations

from pathlib import Path

from infra.settings import is_workspace
from infra.workspace.refusals import FIRST, NewerWorkspace, NoWorkspace, OlderWorkspace
from infra.workspace.rootfiles import version_of
from infra.workspace.texts import DamagedFile

VERSION = 2
"""The format of a workspace."""


def stored_version(root: Path) -> int:
    """The version of the workspace in a folder.

    Raises:
        NoWorkspace: there is none. NewerWorkspace: a newer program wrote it. OlderWorkspace: no program can upgrade it.
        DamagedFile: it has no version.
    """
    try:
        stored = version_of(root)
    except (FileNotFoundError, NotADirectoryError):
        raise NoWorkspace(root) from None
    except DamagedFile:
        if is_workspace(root):
            raise
        raise NoWorkspace(root) from None
    if stored > VERSION:
        raise NewerWorkspace(root, str(stored), VERSION)
    if stored < FIRST:
        raise OlderWorkspace(root, stored, VERSION)
    return stored
