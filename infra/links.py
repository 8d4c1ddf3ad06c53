"""Symbolic links in the folders that the machine keeps: refused before anything is read, rewritten or deleted there.

Called by ``infra.workspace.workspace`` and ``infra.worker``. The target of a link may lie anywhere and belong to anybody: an erasure that
followed the link would rewrite it, a writer would overwrite it. To have a folder on another disk, mount it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from policies.problems.problems import HuiminError
from policies.values import Text

PROGRAM_FOLDERS = ("state", "identity", "quarantine", "releases", "pulls", "audit")
"""The folders of a workspace in which only the program writes."""


class ForbiddenLink(HuiminError):
    """A link in the place of the program's own files (operator: replace it; 1). Trying again does not help."""


def refuse_links(folder: Path, *, below: bool, itself: bool = True) -> None:
    """Passes a folder that holds files and folders only, or does not exist.

    Args:
        below: check everything under the folder, too.
        itself: the folder must not be a link, either.

    Raises:
        Linked: names the first link.
    """
    link = folder if itself and folder.is_symlink() else next(_links(folder), None) if below else None
    if link is not None:
        raise ForbiddenLink(
            Text(
                f"{link} 是符号链接，链接所指的内容不读、不改、不删，什么也没有做。请换成真正的文件或目录（要放在别的磁盘上，请用挂载）。",
                f"{link} is a symbolic link. What it leads to is not read, rewritten or deleted, and nothing was done. Put the file or"
                " folder itself there (to keep it on another disk, mount it).",
            )
        )


def _links(folder: Path) -> Iterator[Path]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in entries:
        if entry.is_symlink():
            yield Path(entry.path)
        elif entry.is_dir(follow_symlinks=False):
            yield from _links(Path(entry.path))
