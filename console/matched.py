"""How far the workers of a network have come with what was just submitted: ``7/10 streets matched``.

The one idea: the message is with the network already; to wait here is a courtesy, and to stop waiting changes nothing.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from console.session import Session
from policies.values import Text

if TYPE_CHECKING:
    from streams.host import Host

SECONDS = 600.0
EVERY = 0.3


def awaited(session: Session, host: Host, label: str, offset: int) -> None:
    """Waits until every shard has done a publication, withdrawal or day; says at once where it does not concern a network.

    Args:
        label: as notes carry it (``streams.sequencer.label``).
        offset: of the message.
    """
    from streams.network_host import NetworkHost

    if not isinstance(host, NetworkHost):
        return
    until, shown, found = time.monotonic() + SECONDS, 0, None
    with session.progress(Text("各街镇匹配", "Streets matched")) as advance:
        while time.monotonic() < until:
            found = host.progress(label, offset)
            if found is not None:
                advance(found.done - shown)
                shown = found.done
                if found.done == found.of:
                    break
            time.sleep(EVERY)
    if found is not None and found.done == found.of:
        session.say(Text(f"{found.done}/{found.of} 个街镇已匹配。", f"{found.done}/{found.of} streets matched."))
        return
    done = Text("还没有", "none yet") if found is None else Text(f"{found.done}/{found.of}", f"{found.done}/{found.of}")
    session.warn(
        Text(
            f"已送入网络，工作进程还在匹配（{done.zh}）；不必等待，稍后用 huimin kafka status 查看。",
            f"It is with the network; the workers are still matching ({done.en}). No need to wait; look at huimin kafka status later.",
        )
    )
