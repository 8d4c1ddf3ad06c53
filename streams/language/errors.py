"""Errors of the streams layer: who is at fault, and whether trying again helps.

The tree, below ``policies.problems.problems.HuiminError``:

- ``Refusal``       the sender: the present state does not allow the message; correct it, then send it again. exit 5, or 3
- ``RepeatedDecision``      below ``Refusal``: the decision came before, or is too old; decide again. exit 5
- ``Unreadable``    the sender: the bytes are no message of ours, or changed on the way; fetch them again. exit 3
- ``InvalidSeal``      below ``Unreadable``: no member of the network made these bytes; find out who else writes to the topic. exit 3
- ``NewerFormat``   the operator: written by a newer Huimin; upgrade. exit 1
- ``OlderFormat``   the operator: written by a version before the first release; make a new workspace. exit 1
- ``DamagedStore``       us or the disk: what is stored does not read back; restore a copy. exit 1
- ``NoRoom``        the operator: the disk is full or a limit was met; free space, then try again. exit 1
- ``Busy``          the operator: another process writes here; wait, or stop it. exit 5
- ``EngineGone``    the operator: the service has ended; look at its log, then try again. exit 4
- ``NotThere``      the operator: no store at that path. exit 2
- ``NotKept``       the user: the moment is before the beginning, beyond the end, or older than the retention. exit 2

``Refusal`` is raised before anything has changed, so a host can go on with the state it has.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from struct import error as CutShort

from policies.problems.problems import HuiminError
from policies.values import Text


class Refusal(HuiminError):
    """Raised where the present state does not allow a message; the state has not changed."""

    def __init__(self, text: Text, exit_code: int = 5) -> None:
        super().__init__(text, exit_code)


class RepeatedDecision(Refusal):
    """A decision that was admitted or refused before."""


class Unreadable(HuiminError):
    """Bytes that are not a message, or not the message that was sent."""

    def __init__(self, text: Text) -> None:
        super().__init__(text, 3)


class InvalidSeal(Unreadable):
    """A message of a topic without the seal of a member of the network."""


class NewerFormat(HuiminError):
    """Something written by a newer version than this program reads."""

    def __init__(self, what: Text, version: int, supported: int) -> None:
        zh = f"{what.zh}的格式版本为 {version}，本程序只能读到版本 {supported}；请升级惠民后再试。"
        en = f"{what.en} is of format version {version}; this program reads up to version {supported}. Upgrade Huimin, then try again."
        super().__init__(Text(zh, en), 1)


class OlderFormat(HuiminError):
    """Something written in a format from before the first release."""

    def __init__(self, what: Text, version: int, supported: int) -> None:
        zh = f"{what.zh}的格式版本为 {version}，由 0.1 写成（从未发布），本程序只读版本 {supported}。请新建工作区，重新交付；数据未动。"
        en = f"{what.en} is of format version {version}, written by 0.1, which was never released; this program reads {supported}. "
        super().__init__(Text(zh, en + "Make a new workspace and deliver again; nothing was touched."), 1)


class DamagedStore(HuiminError):
    """What is stored does not read back."""


class NoRoom(HuiminError):
    """The disk, or the space allowed to this process, is full."""


class Busy(HuiminError):
    """Another process holds the writer's lock."""

    def __init__(self, text: Text) -> None:
        super().__init__(text, 5)


class EngineGone(HuiminError):
    """The engine of a service does not answer. The log says whether the last message was stored."""

    def __init__(self) -> None:
        zh = "惠民服务（huimin up）已停止或没有应答。已得到回执的都已存好；请看服务的日志，再试一次。"
        en = "The service (huimin up) has ended or does not answer. What was acknowledged is stored. Look at its log, then try again."
        super().__init__(Text(zh, en), 4)


class NotThere(HuiminError):
    """There is no store at the path."""

    def __init__(self, text: Text) -> None:
        super().__init__(text, 2)


class NotKept(HuiminError):
    """A moment of the past about which nothing is kept."""

    def __init__(self, text: Text) -> None:
        super().__init__(text, 2)


UNFINISHED = Text(
    "有一次个人删除还没有做完，痕迹可能还在文件里。请先运行 huimin erase finish。",
    "An erasure of a person is not finished: traces may still be in the files. Run huimin erase finish first.",
)
"""Why a store takes no message and answers no question about the past while an erasure is half done."""


def other_mode(name: str, replaces: bool) -> Text:
    """Why a delivery cannot become a full replacement, or stop being one, after its start."""
    zh, en = ("全量", "a full replacement") if replaces else ("非全量", "no full replacement")
    return Text(
        f"交付 {name} 开始时登记为{zh}，不能中途改变；请照原样继续，或用新的编号另行交付。",
        f"Delivery {name} was started as {en}, which cannot change on the way; go on as it began, or deliver under another id.",
    )


@contextmanager
def decoding(what: Text) -> Iterator[None]:
    """For decoding bytes or JSON that another program may have written: any error inside becomes ``Unreadable``.

    Args:
        what: the expected content, as in "This is not an order".
    """
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, OSError, RuntimeError, StopIteration, TypeError, ValueError, CutShort) as error:
        zh = f"这不是{what.zh}（{type(error).__name__}）；请查明还有谁在写这个主题。"
        en = f"This is not {what.en} ({type(error).__name__}). Look at what else writes to the topic."
        raise Unreadable(Text(zh, en)) from error
