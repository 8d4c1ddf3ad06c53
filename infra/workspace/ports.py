"""The ports of the streams layer, joined to the connectors; and the depot of a network.

Workspaces and workers call this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streams.language.ports import Parts
    from streams.store.checkpoints import Depot
    from streams.wire.seal import Seal


def depot_of(url: str, network: str, seal: Seal) -> Depot:
    """The depot of the checkpoints of a network's workers and workspaces.

    Args:
        network: the id of its topics (``infra.kafka.topics.network_id``).
        seal: of the network; checkpoints are sealed as messages are.

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
