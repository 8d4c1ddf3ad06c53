"""The file ``deliveries.jsonl`` of a workspace: which file each delivery was, when it came in, and where its rows stand in it.

``services.deliveries`` notes and asks it; ``services.lists.row_places`` asks where a row stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.workspace.lost_state import KNOWN_FILES
from infra.workspace.notes import NoteFile
from policies.values import Text

if TYPE_CHECKING:
    from infra.workspace.workspace import Workspace

KNOWN_FILES_WAY_OUT = Text(
    "它记着每一批交付是哪个文件。请从备份恢复它；没有备份就移走它，以前各批便不再知道文件名，记录和名单不受影响。",
    "It says which file each delivery was. Restore it from a backup; without one, move it away: then the deliveries so far have no "
    "name of a file any more. Records and lists are as they were.",
)


@dataclass(frozen=True, slots=True)
class KnownFile:
    """The file of a delivery, and the day of its receipt.

    Args:
        places: where its data rows stand in it (``connectors.parsing.row_places``); "" where an older version took it in.
    """

    feed: str
    source: int
    id: str
    digest: str
    file: str = ""
    received: str = ""
    places: str = ""


def known_files(workspace: Workspace) -> dict[tuple[str, int, str], KnownFile]:
    """The files this workspace has taken in, by feed, source and id of their delivery.

    Raises:
        DamagedFile: the list of them cannot be read back.
    """
    return {(file.feed, file.source, file.id): file for file in _file_notes(workspace).read()}


def _file_notes(workspace: Workspace) -> NoteFile[KnownFile]:
    return NoteFile(workspace.root / KNOWN_FILES, KnownFile, KNOWN_FILES_WAY_OUT)


def remember_file(workspace: Workspace, file: KnownFile) -> None:
    """From now on the unit's name for a delivery means this file and no other."""
    before = known_files(workspace).get((file.feed, file.source, file.id))
    if before is None or before.digest != file.digest:
        _file_notes(workspace).add(file)
