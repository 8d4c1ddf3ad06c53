"""The length of each list in a snapshot, by policy, street and status, whichever grade and format it has; never a row about anybody.

``services.exports.snapshot_comparison`` sets those of two snapshots against each other. Only tables of a verified file are read, by name.
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import polars as pl

from connectors.analysts.locked_files import frame_in_file
from connectors.analysts.parquet import frame_in_folder
from connectors.analysts.snapshot import verify_snapshot

Cell: TypeAlias = tuple[str, str | None, str]
"""Policy, street and status."""
OPEN = "candidates_by_street"
_CELL = ("policy", "street", "status")


def list_figures(path: Path) -> tuple[bool, dict[Cell, int]]:
    """Whether a snapshot holds published figures only, and the number of candidates in each cell it has.

    Raises:
        DamagedSnapshot: it is no snapshot, or differs from its manifest.
    """
    is_open = OPEN in verify_snapshot(path)
    table = OPEN if is_open else "candidates"
    frame = frame_in_folder(path, table) if path.is_dir() else frame_in_file(path, table)
    if "division" in frame.columns:  # of an older version
        frame = frame.rename({"division": "street"})
    counts = frame if is_open else frame.group_by(_CELL).agg(pl.len().cast(pl.Int64).alias("candidates"))
    return is_open, {
        (policy, street, status): n for policy, street, status, n in counts.select(*_CELL, "candidates").rows() if n is not None
    }
