"""The log of a workspace, read from end to end: ``doctor --deep`` and ``edition verify`` call this."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra.workspace.workspace import Workspace
    from streams.store.log_chain import Break


def breaks(workspace: Workspace) -> tuple[list[Break], int]:
    """Every place where the log of a workspace is not as it was written, and how often an erasure rewrote it.

    Reads the whole log; on a network that of the replica.
    """
    from streams.store import log as storage

    alone, state = workspace.network is None, workspace.folder("state")
    if alone and workspace.empty:
        return [], 0
    folders = [state] if alone else [path.parent for path in sorted(state.glob(f"*/*/{storage.FILE}"))]
    walks = [storage.breaks(folder, workspace.log_key() if alone else b"") for folder in folders]
    return [place for places, _ in walks for place in places], sum(rewritten for _, rewritten in walks)
