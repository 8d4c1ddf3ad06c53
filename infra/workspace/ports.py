"""What the streams layer is given by the layers around it: its ports, and the depot of a network.

Workspaces and workers call this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streams.language.ports import Parts
    from streams.store.checkpoints import Depot
    from streams.wire.seal import Seal


def depot_of(url: str, network: str, seal: Seal) -> Depot:
    """Where the snapshots of a network's workers and workspaces are kept.

    Args:
        network: what its topics are known by (``infra.kafka.topics.identity``).
        seal: of the network; snapshots are sealed as messages are.

    Raises:
        HuiminError: the URL cannot be used.
    """
    from connectors.kafka.depot import FsspecDepot

    return FsspecDepot(f"{url.rstrip('/')}/{network}", seal)


def parts() -> Parts:
    """The ports of the streams layer, joined to the connectors."""
    from connectors.contracts.catalogue import read_catalogue
    from infra.workspace.contracts import program
    from streams.language.ports import Parts

    return Parts(lambda units, contracts: read_catalogue(units, contracts), reader=program())
