"""The ways in of a workspace: what its ``ways_in.yaml`` says, read by its catalogue.

Called by ``services.deliveries.drop_folder`` and ``services.deliveries.pulls``, and by whatever runs both by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policies.problems.problems import HuiminError
from policies.values import Text

if TYPE_CHECKING:
    from connectors.pickup.ways_in import DropFolder, Pull, WaysIn
    from infra.workspace.workspace import Workspace


def ways_in(workspace: Workspace) -> WaysIn:
    """The ways in that the workspace's document says; none where there is no document.

    Raises:
        Invalid: with every problem of the document. HuiminError: it cannot be read.
    """
    from connectors.pickup.ways_in import FILE, NO_WAYS_IN, read_ways_in
    from infra.workspace.texts import text_of

    try:
        text = text_of(workspace.root / FILE)
    except FileNotFoundError:
        return NO_WAYS_IN
    return read_ways_in(text, workspace.catalogue(), FILE)


def drop_folder_of(workspace: Workspace) -> DropFolder:
    """The drop folder.

    Raises:
        HuiminError: the document names none.
    """
    drop = ways_in(workspace).drop
    if drop is None:
        zh = f"{workspace.root} 没有收件夹。请在 ways_in.yaml 写 drop: {{folder: drop}}。"
        en = f"{workspace.root} has no drop folder: write drop: {{folder: drop}} in its ways_in.yaml."
        raise HuiminError(Text(zh, en), 2)
    return drop


def pull_of(workspace: Workspace, feed: str) -> Pull:
    """How a feed is pulled.

    Raises:
        HuiminError: the document does not say it.
    """
    from policies.problems.problems import suggestion

    pulls = ways_in(workspace).pulls
    if feed not in pulls:
        near = suggestion(feed, pulls)
        zh = f"ways_in.yaml 的 pull 里没有“{feed}”。{near.zh}"
        raise HuiminError(Text(zh, f"ways_in.yaml has no {feed!r} under `pull`.{near.en}"), 2)
    return pulls[feed]
