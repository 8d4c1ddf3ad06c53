"""Upgrades a workspace of an older version to the formats of this one: whole, or not at all.

The workspace's own files are copied, steps work on the copy, and the copy is opened; only then it takes the place of the originals. The
file ``version`` is written last. Until then every verb refuses the workspace as older, so nobody reads a mixture; after a stop the same
verb goes on. ``services.workspaces`` calls it.

    upgrade/new      the copy, on which steps work
    upgrade/ready    written when the copy is complete and sound: from then on it replaces the originals, also after a stop
    upgrade/old      the replaced originals; removed at the end
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISSOCK
from typing import TypeAlias

from infra.links import PROGRAM_FOLDERS, refuse_links
from infra.workspace.leftovers import UPGRADE, is_of_an_upgrade
from infra.workspace.texts import DamagedFile
from infra.workspace.versions import VERSION, stored_version
from infra.workspace.workspace import Workspace
from policies.problems.problems import Conflict, HuiminError
from policies.values import Text
from streams.disk.effects import account
from streams.disk.files import make_folder, remove, sync, sync_folder, text_at, write_whole
from streams.store.writer import LOCK, WriterLock

UpgradeStep: TypeAlias = Callable[[Path], None]
"""Turns a workspace of one format, in this folder, into one of the next. It may raise anything: nobody works in that folder."""
STEPS: Mapping[int, UpgradeStep] = {}
"""The steps by the format that they begin with. Format 2, of 0.2.0, is the first that can be upgraded."""
NEW, READY, OLD = "new", "ready", "old"
"""Names in the folder ``UPGRADE``."""
NOT_COPIED = ("exports", "snapshots", UPGRADE, "version")
"""Names that are not copied: they are made from the rest, or are no part of it."""


class FailedUpgrade(HuiminError):
    """The workspace could not be upgraded (operator: mend the cause and try again, or restore a backup; 1). It is as before."""


@dataclass(frozen=True, slots=True)
class FormatUpgrade:
    """The format before and after, equal where there was nothing to do. ``resumed``: an earlier run had stopped at the end."""

    before: int
    after: int
    resumed: bool = False


def upgrade(root: Path, environment: Mapping[str, str] | None = None) -> FormatUpgrade:
    """Upgrades the workspace in this folder to the formats of this version.

    Raises:
        NoWorkspace, NewerWorkspace, OlderWorkspace, DamagedFile: there is no workspace that can be upgraded.
        Linked: a link is in it. Conflict: something else lies in the place of the copy.
        Busy: another process writes to it.
        NotUpgraded: a step failed, or the disk is too small for the copy; the workspace is as before.
    """
    before, place = stored_version(root), root / UPGRADE
    for name in (UPGRADE, *PROGRAM_FOLDERS):
        refuse_links(root / name, below=name in PROGRAM_FOLDERS)
    if place.exists() and not is_of_an_upgrade(place):
        zh, en = f"{place} 里是别的内容，没有动。请先移走它。", f"{place} holds something else and was left as it is. Move it away first."
        raise Conflict(Text(zh, en))
    with _alone(root):
        resumed = before < VERSION and (place / READY).exists()
        if before < VERSION:
            if not resumed:
                with account():  # an account of its own: a discarded copy is no effect
                    _prepare(root, environment or {}, before)
            _take_place(root)
        remove(place)  # also the rest of a finished run that was stopped; people are in it
    return FormatUpgrade(before, VERSION, resumed)


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    with ExitStack() as locks:
        for folder in {root / "state", *(lock.parent for lock in (root / "state").rglob(LOCK))}:
            if folder.is_dir():
                locks.callback(WriterLock(folder).release)
        yield


def _prepare(root: Path, environment: Mapping[str, str], before: int) -> None:
    """Makes the copy, and marks it as ready."""
    place, parts = root / UPGRADE, _parts(root)
    shutil.rmtree(place, ignore_errors=True)
    try:
        make_folder(place / NEW)
        for name in parts:
            if (root / name).is_dir():
                shutil.copytree(root / name, place / NEW / name, symlinks=True, ignore=_sockets)
            else:
                shutil.copy2(root / name, place / NEW / name, follow_symlinks=False)
        for version in range(before, VERSION):
            STEPS[version](place / NEW)
        write_whole(place / NEW / "version", f"{VERSION}\n")
        with Workspace.open(place / NEW, environment).trying():
            pass
        for path in (place / NEW).rglob("*"):
            if not path.is_symlink():
                sync(path)
        write_whole(place / READY, json.dumps({"old": parts, "new": _parts(place / NEW)}))
    except Exception as error:
        shutil.rmtree(place, ignore_errors=True)
        raise _not_upgraded(error) from error


def _take_place(root: Path) -> None:
    """Replaces each part by a rename; after a stop it goes on where it stopped."""
    place = root / UPGRADE
    (before, after), new, old = _ready(place / READY), place / NEW, place / OLD
    make_folder(old)
    for name in before:
        if not (old / name).exists():
            (root / name).rename(old / name)
    for name in after:
        if (new / name).exists():
            (new / name).rename(root / name)
    sync_folder(root)
    write_whole(root / "version", f"{VERSION}\n")


def _ready(path: Path) -> tuple[list[str], list[str]]:
    """The parts that are replaced, and those that replace them."""
    try:
        names = json.loads(text_at(path))
        return [Path(name).name for name in names["old"]], [Path(name).name for name in names["new"]]
    except (ValueError, LookupError, TypeError, RecursionError):
        why = Text("已损坏", "is damaged")
        raise DamagedFile(path, why, Text("请从备份恢复整个工作区。", "Restore the whole workspace from a backup.")) from None


def _parts(root: Path) -> list[str]:
    return sorted(path.name for path in root.iterdir() if path.name not in NOT_COPIED)


def _sockets(folder: str, names: list[str]) -> list[str]:
    """Sockets that a service left, which cannot be copied."""
    return [name for name in names if S_ISSOCK(os.lstat(os.path.join(folder, name)).st_mode)]


def _not_upgraded(error: Exception) -> FailedUpgrade:
    why = error.text if isinstance(error, HuiminError) else Text(*(f"{type(error).__name__}",) * 2)
    if isinstance(error, OSError):
        why = Text(*(error.strerror or type(error).__name__,) * 2)
    return FailedUpgrade(
        Text(
            f"没有升级，工作区和原来一样。原因：{why.zh}\n解决后再运行 huimin upgrade；或继续用原来的版本。",
            f"Not upgraded; the workspace is as before. Why: {why.en}\nMend that and run huimin upgrade again, or go on with the version "
            f"of before.",
        )
    )
