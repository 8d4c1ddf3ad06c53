"""Where a record's row stands in the unit's own file, for whoever is asked to look at it.

``services.lists.correction_requests`` calls this. The place is known of files that this workspace took in; a row of a topic, of another
workspace of the network, or of a file from before places were noted keeps the number of its data row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.workspace.known_files import KNOWN_FILES_WAY_OUT, known_files
from infra.workspace.lost_state import KNOWN_FILES
from infra.workspace.texts import DamagedFile
from policies.values import Text

if TYPE_CHECKING:
    from connectors.parsing.row_place import RowPlace
    from connectors.parsing.row_places import RowPlaces
    from infra.workspace.workspace import Workspace
    from streams.steps.state import State

_UNREADABLE = Text("其中一个文件的行位置无法读出", "has unreadable places of rows for one of its files")


class DeliveredRows:
    """The places of the rows of every file that a workspace took in.

    Raises:
        DamagedFile: the list of these files cannot be read back.
    """

    def __init__(self, workspace: Workspace, state: State) -> None:
        self._path, self._state, self._files = workspace.root / KNOWN_FILES, state, known_files(workspace)
        self._tables: dict[str, RowPlaces] = {}

    def place(self, feed: str, source: int, delivery: int, row: int) -> RowPlace | None:
        """The place of a data row; None where it is not known.

        Raises:
            DamagedFile: the noted places cannot be read back.
        """
        from connectors.parsing.row_places import RowPlaces

        delivered = self._state.deliveries.by_number(feed, source, delivery)
        file = None if delivered is None else self._files.get((feed, source, delivered.id))
        if file is None:
            return None
        if file.places not in self._tables:
            try:
                self._tables[file.places] = RowPlaces.of_text(file.places)
            except (ValueError, TypeError, KeyError):
                raise DamagedFile(self._path, _UNREADABLE, KNOWN_FILES_WAY_OUT) from None
        return self._tables[file.places].of(row)
