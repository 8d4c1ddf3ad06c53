"""Snapshots for analysts: the list of those of a workspace with their releases, and whether they are as they were written.

``huimin snapshot`` calls this; they are written by ``services.exports.releases``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.analysts.anonymity import Anonymity
from infra.keys import derived_key
from infra.workspace.releases import RELEASED, path_in_register, register
from policies.problems.problems import HuiminError
from services.access.run import show
from services.exports.snapshot_comments import open_comments
from services.exports.snapshot_files import SnapshotFormat, size, snapshot_destination, snapshot_paths, write_file
from services.results import Sentence

if TYPE_CHECKING:
    from infra.workspace.workspace import Workspace


@dataclass(frozen=True, slots=True)
class ReleasedRows:
    """What is on record about a snapshot with rows about people.

    Args:
        snapshot: its name, which it tells of itself.
        digest: of its manifest.
        anonymity: how many people share what may identify them together.
        left_out: the feeds of which nothing is in it, because their agreements do not have the purpose.
        can_be_scrubbed: whether it lies in the workspace, where an erasure reaches it.
    """

    snapshot: str
    digest: str
    anonymity: Anonymity
    left_out: tuple[str, ...]
    can_be_scrubbed: bool


@dataclass(frozen=True, slots=True)
class CreatedSnapshot:
    """A snapshot that was written.

    Args:
        tables: its rows, by table.
        released: of one with rows about people.
    """

    file: Path
    tables: Mapping[str, int]
    released: ReleasedRows | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """Who gave out a snapshot with rows about people, and why.

    Args:
        snapshot: its name, which it tells of itself.
        on: the day.
        digest: of its manifest now: that of the release, or of the last erasure that took somebody out.
    """

    snapshot: str
    by: str
    approved_by: str
    on: str
    reason: str
    digest: str


@dataclass(frozen=True, slots=True)
class SnapshotFile:
    """A snapshot of the workspace, or one that was released from it.

    Args:
        file: its name in ``snapshots``, or the path where it was released to.
        bytes: its size; None where it is not in ``snapshots`` any more, or never was.
        release: of a snapshot with rows about people.
    """

    file: str
    bytes: int | None
    release: Release | None


@dataclass(frozen=True, slots=True)
class CheckedSnapshot:
    """Whether a snapshot is as its manifest says, and what is wrong if it is not."""

    file: str
    ok: bool
    problem: Sentence | None


def create_open_snapshot(workspace: Workspace, out: Path | None = None, format: SnapshotFormat = "duckdb") -> CreatedSnapshot:
    """Writes an open snapshot; its figures are durable in the ledger before the file is there.

    Args:
        out: by default in ``snapshots``, under the day and the number of the last message.

    Raises:
        HuiminError: the suffix of the path is not that of the format.
        Conflict: something that is no snapshot is at the path.
        DamagedFile, LostFigures: the ledger of open figures cannot be read, so nothing is written.
    """
    from connectors.analysts.disclosure import K
    from infra.workspace.open_figures import SUFFIX, open_figures
    from services.exports.open_tables import open_tables

    workspace.folder("snapshots")
    with open_figures(workspace.root) as ledger, workspace.reading() as host:
        usual = workspace.folder("snapshots") / f"{host.state.day}-{host.state.offset}{SUFFIX.removesuffix('.duckdb')}"
        path = snapshot_destination(usual, out, format)
        show(None, ())
        about = {"grade": "open", "day": host.state.day.isoformat(), "k": str(K), "format": "1"}
        tables = open_tables(host, ledger, derived_key(workspace.key(), "open figures"))
        return CreatedSnapshot(path, write_file(path, tables, {}, about, open_comments()))


def snapshots(workspace: Workspace) -> list[SnapshotFile]:
    """The snapshots of a workspace by name; behind them, the released ones that are not in ``snapshots``."""
    released = _releases(workspace)
    files = []
    for path in _paths(workspace):
        files.append(SnapshotFile(path.name, size(path), released.pop(path_in_register(workspace, path), None)))
    return files + [SnapshotFile(file, None, release) for file, release in released.items()]


def _releases(workspace: Workspace) -> dict[str, Release]:
    """The last release to each file."""
    releases: dict[str, Release] = {}
    for note in register(workspace).read():
        if note.event == RELEASED:
            releases.pop(note.file, None)
            releases[note.file] = Release(note.snapshot, note.by, note.approved_by, note.on, note.reason, note.digest)
        elif note.file in releases:
            releases[note.file] = replace(releases[note.file], digest=note.digest)
    return releases


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
