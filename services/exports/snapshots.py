"""Snapshots for analysts: create one, list those of a workspace, check them.

``huimin snapshot`` calls this.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from policies.problems.problems import HuiminError
from services.exports.snapshot_files import SnapshotFormat, size, snapshot_destination, snapshot_paths, write_file
from services.exports.snapshot_tables import snapshot_tables, verdict_counts
from services.results import Sentence

if TYPE_CHECKING:
    from infra.workspace.workspace import Workspace
    from streams.host import Host


@dataclass(frozen=True, slots=True)
class CreatedSnapshot:
    """A snapshot that was written.

    Args:
        tables: its rows, by table.
    """

    file: Path
    tables: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class SnapshotFile:
    """A snapshot of the workspace, by the name of its file."""

    file: str
    bytes: int


@dataclass(frozen=True, slots=True)
class CheckedSnapshot:
    """Whether a snapshot is as its manifest says, and what is wrong if it is not."""

    file: str
    ok: bool
    problem: Sentence | None


def create_snapshot(workspace: Workspace, out: Path | None = None, format: SnapshotFormat = "duckdb") -> CreatedSnapshot:
    """Writes a snapshot; by default into ``snapshots``, under the day and the number of the last message.

    Raises:
        HuiminError: the suffix of the path is not that of the format.
        Conflict: something that is no snapshot is at the path.
    """
    with workspace.reading() as host:
        usual = workspace.folder("snapshots") / f"{host.state.day}-{host.state.offset}"
        path = snapshot_destination(usual, out, format)
        return CreatedSnapshot(path, write_tables(host, path))


def write_tables(host: Host, path: Path) -> dict[str, int]:
    """Writes a snapshot of a host; returns the number of rows by table.

    All of it is of one offset, that of the reader's state, whatever a writer commits meanwhile.

    Args:
        path: where a snapshot may be written (``snapshot_destination``).
    """
    about = {"day": host.state.day.isoformat(), "offset": str(host.state.offset), "format": "2"}
    return write_file(path, snapshot_tables(host), {"verdicts": verdict_counts(host)}, about, has_views=True)


def snapshots(workspace: Workspace) -> list[SnapshotFile]:
    """The snapshots of a workspace."""
    return [SnapshotFile(path.name, size(path)) for path in _paths(workspace)]


def check_snapshots(workspace: Workspace, file: Path | None = None) -> list[CheckedSnapshot]:
    """Compares a snapshot, or all of a workspace, with its manifest."""
    return [_check(path) for path in ([file] if file else _paths(workspace))]


def _check(path: Path) -> CheckedSnapshot:
    from connectors.analysts.snapshot import verify_snapshot

    try:
        verify_snapshot(path)
    except HuiminError as error:
        return CheckedSnapshot(path.name, False, error.text)
    return CheckedSnapshot(path.name, True, None)


def _paths(workspace: Workspace) -> list[Path]:
    workspace.key()  # refuses a folder that is no workspace, or whose key is gone
    return snapshot_paths(workspace.folder("snapshots"))
