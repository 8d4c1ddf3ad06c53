"""The ledger of open figures: what was ever published in snapshots of the open grade, so that a cell repeats its figure.

A lost line would let a cell be published twice, differently. So the ledger is a file beside the state, written whole and durable before
the snapshot itself; one process at a time may publish. Cells name streets, ages and months, never a person.
``services.exports.open_snapshot`` calls this.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from infra.workspace.notes import read_line, sealed_lines, write_sealed_lines
from policies.problems.problems import HuiminError
from policies.values import Text
from streams.disk.files import make_folder

NAME = "open.figures"
SUFFIX = "-open.duckdb"
"""The end of the name of an open snapshot in the workspace."""
_WAY_OUT = Text(
    "它记着公开快照里公布过的数字；没有它，同一格会以不同数字公布两次。请从备份恢复它。",
    "It says which figures were published; without it a cell would be published twice, differently. Restore it from a backup.",
)


class LostFigures(HuiminError):
    """Open snapshots are there, and the ledger of their figures is not (operator: restore it; 1)."""

    def __init__(self, path: Path) -> None:
        zh = f"{path} 不见了，而 snapshots/ 里有公开快照。{_WAY_OUT.zh}若确已丢失，请移走这些公开快照后再生成，并勿再公布旧的。"
        en = f"{path} is missing, and there are open snapshots in snapshots/. {_WAY_OUT.en} If it is lost for good, move those snapshots "
        super().__init__(Text(zh, f"{en}away before you make another, and publish none of the old ones again."), 1)


class OpenFigures:
    """The ledger, while its lock is held.

    Args:
        path: of its file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.figures: dict[tuple[str, ...], int] = {}
        for number, line in enumerate(sealed_lines(path, _WAY_OUT), 1):
            cell, figure = read_line(path, number, line, _entry, _WAY_OUT)
            self.figures[cell] = figure

    def add(self, figures: Mapping[tuple[str, ...], int]) -> None:
        """Adds and changes figures; they are durable when this returns. The first call makes the file, also for none."""
        if figures or not self._path.exists():
            self.figures |= figures
            lines = [json.dumps({"cell": cell, "figure": self.figures[cell]}, ensure_ascii=False) for cell in sorted(self.figures)]
            write_sealed_lines(self._path, [f"{line}\n".encode() for line in lines])


@contextmanager
def open_figures(root: Path) -> Iterator[OpenFigures]:
    """The ledger of a workspace, for one process at a time; another waits.

    Raises:
        DamagedFile: the ledger cannot be read back. LostFigures: it is gone.
    """
    folder = root / "snapshots"
    make_folder(folder)
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if not (root / NAME).exists() and any(folder.glob("*-open.*")):
            raise LostFigures(root / NAME)
        yield OpenFigures(root / NAME)
    finally:
        os.close(handle)


def _entry(cell: Any, figure: Any) -> tuple[tuple[str, ...], int]:
    if not isinstance(cell, list) or not all(isinstance(part, str) for part in cell) or not isinstance(figure, int):
        raise TypeError("cell")
    return tuple(cell), figure
