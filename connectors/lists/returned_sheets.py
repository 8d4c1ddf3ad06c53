"""Which sheets of an exported workbook are the list, and which only tell about it.

``connectors.lists.outcomes`` and ``connectors.lists.existing_lists`` read the sheets of the list: every visible one but those of
changes and of the filter.
"""

from __future__ import annotations

from pathlib import Path

from connectors.lists.titles import OTHER_SHEETS
from connectors.parsing.decoding import file_errors
from connectors.parsing.file_formats import refuse_workbook
from connectors.parsing.tables import ALL_SHEETS
from connectors.parsing.workbooks import sheet_parts
from policies.language.catalogue import FileLayout


def list_layout(path: Path) -> FileLayout:
    """The layout by which the rows of a list are read; of another file than a workbook that of its one table.

    Raises:
        UnreadableFile: it cannot be read.
    """
    if path.suffix.lower() != ".xlsx":
        return ALL_SHEETS
    with file_errors(path.name, path):
        refuse_workbook(path)
        names = tuple(sheet.name for sheet in sheet_parts(path) if sheet.visible and sheet.name not in OTHER_SHEETS)
    return FileLayout(sheets=names) if names else ALL_SHEETS
