"""Snapshots for analysts: create one, list those of a workspace, check them.

``huimin snapshot`` calls this.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from infra.keys import derived_key
from infra.workspace.destination import destination, is_snapshot
from policies.problems.problems import HuiminError
from services.exports.snapshot_tables import snapshot_tables, verdict_counts
from services.results import Sentence

if TYPE_CHECKING:
    from infra.workspace.workspace import Workspace
    from streams.host import Host

Grade: TypeAlias = Literal["open", "research"]
"""``open``: figures about groups of people. ``research``: a row for each record."""


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


def create_snapshot(workspace: Workspace, out: Path | None = None, grade: Grade = "open") -> CreatedSnapshot:
    """Writes a snapshot; by default into ``snapshots``, under the day and the number of the last message.

    Raises:
        Conflict: something that is no snapshot is at the path.
        DamagedFile, LostFigures: the ledger of open figures cannot be read, so no open snapshot is written.
    """
    if grade == "open":
        return _create_open(workspace, out)
    with workspace.reading() as host:
        path = out or workspace.folder("snapshots") / f"{host.state.day}-{host.state.offset}.duckdb"
        return CreatedSnapshot(path, write_tables(host, path))


def write_tables(host: Host, path: Path) -> dict[str, int]:
    """Writes a snapshot of a host; returns the number of rows by table.

    All of it is of one offset, that of the reader's state, whatever a writer commits meanwhile.

    Raises:
        Conflict: something that is no snapshot is at the path.
    """
    from connectors.analysts.snapshot import verify_snapshot, write_snapshot

    about = {"day": host.state.day.isoformat(), "offset": str(host.state.offset), "format": "2"}
    destination(path, is_snapshot)
    write_snapshot(path, snapshot_tables(host), {"verdicts": verdict_counts(host)}, about)
    return verify_snapshot(path)


def _create_open(workspace: Workspace, out: Path | None) -> CreatedSnapshot:
    """Writes an open snapshot; its figures are durable in the ledger before the file is there."""
    from connectors.analysts.disclosure import K
    from connectors.analysts.snapshot import verify_snapshot, write_snapshot
    from infra.workspace.open_figures import SUFFIX, open_figures
    from services.exports.open_tables import open_tables

    workspace.folder("snapshots")
    with open_figures(workspace.root) as ledger, workspace.reading() as host:
        path = out or workspace.folder("snapshots") / f"{host.state.day}-{host.state.offset}{SUFFIX}"
        destination(path, is_snapshot)
        about = {"grade": "open", "day": host.state.day.isoformat(), "k": str(K), "format": "1"}
        write_snapshot(path, open_tables(host, ledger, derived_key(workspace.key(), "open figures")), {}, about)
    return CreatedSnapshot(path, verify_snapshot(path))


def snapshots(workspace: Workspace) -> list[SnapshotFile]:
    """The snapshots of a workspace."""
    return [SnapshotFile(path.name, path.stat().st_size) for path in _paths(workspace)]


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
    return sorted(workspace.folder("snapshots").glob("*.duckdb"))
