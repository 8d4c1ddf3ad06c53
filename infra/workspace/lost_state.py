"""A lost state: the log is gone, and other files show that there was one.

``infra.workspace.workspace`` calls it. A new state in its place would look like success, with every person a stranger, every list empty and
every earlier delivery unknown.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from policies.problems.problems import HuiminError
from policies.values import Text

KNOWN_FILES = "deliveries.jsonl"
"""The file that lists the files that were taken in (``services.deliveries.delivery``)."""
_OF_A_LOG = ("log.sqlite", "writer.lock")
"""Beginnings of the names of files that may be there before the first message."""


class LostState(HuiminError):
    """The log is gone or empty, and other files show that there was one (operator: restore a backup; 1). No new one was made."""


def lost_state(root: Path, head: str) -> LostState | None:
    """Why a workspace without a log, or with an empty one, is not a new one; None where it is new.

    Args:
        head: the file that says how far the log had come.
    """
    left = list(_left(root, head))
    if not left:
        return None
    state, zh, en = root / "state", "、".join(each.zh for each in left), ", ".join(each.en for each in left)
    zh = (
        f"{state} 中的日志不见了或是空的，而这里还有{zh}：这不是新的工作区。什么都没有新建。"
        f"请从同一份备份恢复整个目录（state/、identity/、quarantine/、{head} 等），再重新交付其后的数据；要另起一个，请用新的目录。"
    )
    en = (
        f"The log in {state} is gone or empty, and there is still {en}: this is no new workspace, and nothing was made. Restore the whole "
        f"folder of one backup (state/, identity/, quarantine/, {head} and the rest), then deliver again what came after it. To begin "
        "anew, use a new folder."
    )
    return LostState(Text(zh, en))


def _left(root: Path, head: str) -> Iterator[Text]:
    if (root / head).exists():
        yield Text(head, head)
    if (root / KNOWN_FILES).exists():
        yield Text(KNOWN_FILES, KNOWN_FILES)
    if any(path.is_file() and not path.name.startswith((".", *_OF_A_LOG)) for path in (root / "state").rglob("*")):
        yield Text("状态快照", "a snapshot of the state")
    for folder, what in (("identity", Text("身份库", "a vault of identities")), ("quarantine", Text("隔离的行", "rows in quarantine"))):
        if any(path.is_file() and not path.name.startswith(".") for path in (root / folder).rglob("*")):
            yield what
