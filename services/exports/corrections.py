"""Requests to correct records, as CSV files for the units that hold them.

``huimin candidates corrections --out`` calls this.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from infra.workspace.destination import destination, has_columns


def write_corrections(out: Path, header: tuple[str, ...], rows: Mapping[str, Sequence[tuple[str, ...]]], one_file: bool) -> list[Path]:
    """Writes the requests of each unit into a file of its own, named after ``out`` and the unit's id; returns the files.

    Args:
        rows: by unit.
        one_file: there is at most one unit, and its file is ``out``.

    Raises:
        Conflict: something else is at one of the paths; nothing was written.
    """
    from connectors.lists.exports import Sheet, text_columns, write_csv

    files = {unit: out if one_file else out.with_name(f"{out.stem}-{unit}{out.suffix}") for unit in rows}
    for path in files.values():  # all, or none
        destination(path, has_columns(header))
    for unit, path in files.items():
        write_csv(path, Sheet("", text_columns(header), rows[unit]))
    return list(files.values())
