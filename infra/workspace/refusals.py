"""The errors of a folder that cannot be opened as a workspace.

``infra.workspace.workspace`` raises them.

The tree of errors: ``NoWorkspace`` (operator: wrong folder; 2), ``WorkspaceExists`` (operator; 5), ``NewerWorkspace`` and
``OlderWorkspace`` (operator: written by another version; 5), ``BrokenWorkspace`` (operator: something was removed; 1). Beside it:
``infra.workspace.lost_state.LostState`` and ``infra.keys.UnusableKey`` (operator: restore a backup; 1). Trying again helps in none.
"""

from __future__ import annotations

from pathlib import Path

from infra.settings import is_workspace
from policies.problems.problems import HuiminError
from policies.values import Text

FIRST = 2
"""The first format of a workspace that was released."""


class NoWorkspace(HuiminError):
    def __init__(self, root: Path) -> None:
        super().__init__(
            Text(
                f"{root} 不是惠民工作区。用 huimin init {root} 新建；或进入已有的工作区目录，或用 --workspace / HUIMIN_WORKSPACE 指到它。",
                f"{root} is not a workspace. Make one: huimin init {root}; or go into one, or set --workspace or HUIMIN_WORKSPACE.",
            ),
            2,
        )


class WorkspaceExists(HuiminError):
    def __init__(self, root: Path) -> None:
        text = Text(f"{root} 里已有内容，未作改动。请换一个空目录。", f"{root} is not empty and was left as it is. Choose an empty folder.")
        if is_workspace(root):
            zh, en = (
                f"{root.absolute()} 已经是工作区，未作改动，可直接使用。",
                f"{root.absolute()} is a workspace already and was left as it is: use it.",
            )
            text = Text(f"{zh}要另建一个，请写新的目录：huimin init 目录。", f"{en} For another one, name a new folder: huimin init DIR.")
        super().__init__(text, 5)


class NewerWorkspace(HuiminError):
    def __init__(self, root: Path, stored: str, newest: int) -> None:
        super().__init__(
            Text(
                f"{root} 由更新的版本（格式 {stored}）写成，本程序只懂格式 {newest}。请升级 huimin；数据未动。",
                f"{root} was written by a newer huimin (format {stored}; this one knows {newest}). Upgrade huimin; nothing was touched.",
            ),
            5,
        )


class OlderWorkspace(HuiminError):
    def __init__(self, root: Path, stored: int, newest: int) -> None:
        zh, en = (
            f"{root} 由 0.1 写成（格式 {stored}），0.1 从未发布，数据不能带过来；数据未动。请新建工作区，重新交付。",
            f"{root} was written by 0.1 (format {stored}), which was never released, and cannot be brought on. Make a new workspace and "
            "deliver again; nothing was touched.",
        )
        if stored >= FIRST:
            zh = f"{root} 由旧版本写成（格式 {stored}，本程序用格式 {newest}）；数据未动。请运行 huimin upgrade。"
            en = (
                f"{root} was written by an older version (format {stored}; this one has {newest}). Run huimin upgrade; nothing was touched."
            )
        super().__init__(Text(zh, en), 5)


class BrokenWorkspace(HuiminError):
    """A document that the workspace needs is missing."""
