"""The releases of a workspace: which snapshots with rows about people were given out, by whom and why; and the keys of their tokens.

    releases.jsonl            a note for each event: a snapshot was released, or a person was scrubbed out of it
    releases/<snapshot>.key   the key of one snapshot, encrypted as the vault is

A key serves one purpose: to find an erased person in the snapshot. Only snapshots inside the workspace have one here, because no other can
be scrubbed; it goes when the snapshot goes. Called by ``services.exports.releases`` and ``services.erasure.erasing``.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from infra.keys import derived_key
from infra.workspace.notes import NoteFile
from policies.values import Text
from streams.disk.files import sync_folder, write_whole

if TYPE_CHECKING:
    from infra.workspace.workspace import Workspace

REGISTER, FOLDER, SUFFIX = "releases.jsonl", "releases", ".key"
RELEASED, SCRUBBED = "released", "scrubbed"
_WAY_OUT = Text(
    "请从备份恢复这个文件；没有备份的，移走它，已交出的快照须另行登记。",
    "Restore the file from a backup; without one, move it away, and keep another record of the snapshots that were given out.",
)


@dataclass(frozen=True, slots=True)
class ReleaseNote:
    """An event of a snapshot.

    Args:
        event: ``released`` or ``scrubbed``: rows of an erased person were taken out of it, so that it has another digest.
        snapshot: its name, which it tells of itself.
        file: its path, in the workspace as seen from there.
        day, offset: of the state that it shows.
        on: the day of the event.
        digest: of its manifest.
    """

    event: str
    snapshot: str
    grade: str
    file: str
    day: str
    offset: int
    by: str
    approved_by: str
    reason: str
    on: str
    digest: str


def register(workspace: Workspace) -> NoteFile[ReleaseNote]:
    """The register of releases; it only grows."""
    return NoteFile(workspace.root / REGISTER, ReleaseNote, _WAY_OUT)


def path_in_register(workspace: Workspace, path: Path) -> str:
    """A path as the register writes it: from the workspace on where it lies inside, else the whole."""
    whole, root = path.resolve(), workspace.root.resolve()
    return str(whole.relative_to(root)) if whole.is_relative_to(root) else str(whole)


def is_inside(workspace: Workspace, path: Path) -> bool:
    """Whether a path lies in the workspace, where an erasure reaches it."""
    return path.resolve().is_relative_to(workspace.root.resolve())


def write_release_key(workspace: Workspace, snapshot: str, key: bytes) -> None:
    """Stores the key of a snapshot, encrypted."""
    from connectors.identity.segments import seal

    name = snapshot + SUFFIX
    write_whole(workspace.make_folder(FOLDER) / name, seal(derived_key(workspace.key(), FOLDER), name, key))


def release_keys(workspace: Workspace) -> dict[str, bytes]:
    """The keys of the snapshots of a workspace, by the snapshot's name; one that cannot be opened is not there."""
    from connectors.identity.segments import unseal

    keys = {}
    for path in sorted(workspace.folder(FOLDER).glob(f"*{SUFFIX}")):
        with suppress(OSError, ValueError):  # an erasure then names the snapshot as one that it cannot scrub
            keys[path.name.removesuffix(SUFFIX)] = unseal(derived_key(workspace.key(), FOLDER), path.name, path.read_bytes())
    return keys


def forget_release_key(workspace: Workspace, snapshot: str) -> None:
    """Removes the key of a snapshot that is gone."""
    folder = workspace.folder(FOLDER)
    (folder / f"{snapshot}{SUFFIX}").unlink(missing_ok=True)
    sync_folder(folder)
