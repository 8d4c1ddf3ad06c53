"""Files that stopped writers left in a workspace: people may be in them, and nobody reads them.

That is a part of a file beside the whole one (``streams.disk.files``), and the folder of a finished upgrade. ``services.erasure.erasing``
removes all of it, ``services.health.examination`` what no process is writing any more.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from streams.disk.files import LEFT, remove

UPGRADE = "upgrade"
"""The folder in which ``infra.workspace.upgrading`` works; in a workspace of the newest format it is a leftover."""
OF_AN_UPGRADE = frozenset({"new", "old", "ready"})
"""The names that an upgrade makes there."""


def leftovers(root: Path, of_the_living: bool = True) -> Iterator[Path]:
    """Every leftover file or folder of a workspace. Links are not followed.

    Args:
        of_the_living: also files that a process is writing now.
    """
    if is_of_an_upgrade(root / UPGRADE):
        yield root / UPGRADE
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            if (left := LEFT.fullmatch(name)) and (of_the_living or not _alive(int(left["process"]))):
                yield Path(folder, name)


def remove_leftovers(root: Path, of_the_living: bool = True) -> list[str]:
    """Removes the leftovers; returns those that could not be removed, as seen from the workspace.

    Args:
        of_the_living: also files that a process is writing now: it ends with an error.
    """
    left = []
    for path in leftovers(root, of_the_living):
        try:
            remove(path)
        except OSError:
            left.append(str(path.relative_to(root)))
    return left


def is_of_an_upgrade(folder: Path) -> bool:
    """Whether an upgrade made this folder. A folder that holds anything else is somebody's own."""
    return folder.is_dir() and not folder.is_symlink() and OF_AN_UPGRADE.issuperset(os.listdir(folder))


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
