"""How many streets the workers of a network have matched: ``7/10 streets matched``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from console.cli.session import Session
from policies.values import Text

if TYPE_CHECKING:
    from services.network import MatchedStreets


def say_matched_streets(session: Session, streets: MatchedStreets | None) -> None:
    """Print how many streets have matched a publication or withdrawal; nothing where the workspace is on no network."""
    if streets is None:
        return
    if streets.of == 0:
        session.say(Text("网络里还没有街镇，无人需要匹配。", "There are no streets on the network yet, so there is nobody to match."))
        return
    if streets.complete:
        session.say(Text(f"{streets.done_count}/{streets.of} 个街镇已匹配。", f"{streets.done_count}/{streets.of} streets matched."))
        return
    progress = (
        Text(f"{streets.done_count}/{streets.of}", f"{streets.done_count}/{streets.of}") if streets.of else Text("还没有", "none yet")
    )
    session.warn(
        Text(
            f"已送入网络，工作进程还在匹配（{progress.zh}）；不必等待，稍后用 huimin kafka status 查看。",
            f"It is with the network; the workers are still matching ({progress.en}). No need to wait; look at huimin kafka status later.",
        )
    )
