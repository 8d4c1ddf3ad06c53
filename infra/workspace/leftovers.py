"""What writers that were stopped left in a workspace: it may hold people, and nobody reads it.

That is a part of a file beside the place of the whole one (``streams.disk.files``), and the folder of an upgrade that was done.
``services.erasure.erasing`` removes it all, ``console.cli.doctor`` what no process is writing any more.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from streams.disk.files import LEFT, remove

UPGRADE = "upgrade"
"""Where ``infra.workspace.upgrading`` works. In a workspace that opens, of the newest format, it is done, and this is left of it."""
OF_AN_UPGRADE = frozenset({"new", "old", "ready"})
"""What it makes there."""


def leftovers(root: Path, of_the_living: bool = True) -> Iterator[Path]:
    """Every file or folder that was left in a workspace. Links are not followed.

    Args:
        of_the_living: also what a process is writing just now.
    """
    if is_of_an_upgrade(root / UPGRADE):
        yield root / UPGRADE
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            if (left := LEFT.fullmatch(name)) and (of_the_living or not _alive(int(left["process"]))):
                yield Path(folder, name)


def remove_leftovers(root: Path, of_the_living: bool = True) -> list[str]:
    """Removes them; gives those that could not be removed, as seen from the workspace.

    Args:
        of_the_living: also what a process is writing just now: it ends with an error.
    """
    left = []
    for path in leftovers(root, of_the_living):
        try:
            remove(path)
        except OSError:
            left.append(str(path.relative_to(root)))
    return left


def is_of_an_upgrade(folder: Path) -> bool:
    """Did an upgrade make this folder? One that holds anything else is somebody's own."""
    return folder.is_dir() and not folder.is_symlink() and OF_AN_UPGRADE.issuperset(os.listdir(folder))


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
