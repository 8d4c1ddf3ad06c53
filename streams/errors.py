"""Errors of the streams layer: whose fault, and whether trying again helps.

The tree, below ``policies.problems.HuiminError``:

- ``Refused``       the sender: a message the present state does not allow; nothing has changed; mend it, then send again. exit 5, or 3
- ``Unreadable``    the sender: bytes that are no message of ours, or that changed on the way; fetch them again. exit 3
- ``NewerFormat``   the operator: written by a newer Huimin; upgrade. exit 1
- ``Damaged``       us or the disk: what is stored does not read back; restore a copy. exit 1
- ``NoRoom``        the operator: the disk is full or a limit was met; free space, then try again. exit 1
- ``Busy``          the operator: another process writes here; wait, or stop it. exit 5
- ``NotThere``      the operator: no store at that path. exit 2
- ``NotKept``       whoever asks: a moment before the beginning, beyond the end, or older than what is kept. exit 2

``Refused`` is a promise: it is raised before anything has changed, so a host may go on with the state it has.
"""

from __future__ import annotations

from policies.problems import HuiminError
from policies.values import Text


class Refused(HuiminError):
    """A message that the present state does not allow; the state is as it was."""

    def __init__(self, text: Text, exit_code: int = 5) -> None:
        super().__init__(text, exit_code)


class Unreadable(HuiminError):
    """Bytes that are not a message, or not the message that was sent."""

    def __init__(self, text: Text) -> None:
        super().__init__(text, 3)


class NewerFormat(HuiminError):
    """Something written by a newer version than this program reads."""

    def __init__(self, what: Text, found: int, known: int) -> None:
        zh = f"{what.zh}的格式版本为 {found}，本程序只能读到版本 {known}；请升级惠民后再试。"
        en = f"{what.en} is of format version {found}; this program reads up to version {known}. Upgrade Huimin, then try again."
        super().__init__(Text(zh, en), 1)


class Damaged(HuiminError):
    """What is stored does not read back."""


class NoRoom(HuiminError):
    """The disk, or the space allowed to this process, is full."""


class Busy(HuiminError):
    """Another process holds the writer's lock."""

    def __init__(self, text: Text) -> None:
        super().__init__(text, 5)


class NotThere(HuiminError):
    """There is no store at the path."""

    def __init__(self, text: Text) -> None:
        super().__init__(text, 2)


class NotKept(HuiminError):
    """A moment of the past that cannot be asked for."""

    def __init__(self, text: Text) -> None:
        super().__init__(text, 2)


UNFINISHED = Text(
    "有一次个人删除还没有做完，痕迹可能还在文件里。请先运行 huimin erase finish。",
    "An erasure of a person is not finished: traces may still be in the files. Run huimin erase finish first.",
)
"""Why nothing is written, and nothing of the past is told, while an erasure is half done."""
