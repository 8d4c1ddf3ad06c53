"""Stamps and authors of decisions: a person's decision is carried out once, however often its message comes.

Without them, anybody who copies the message of a decision (a withdrawal, an answer, a day) and sends it again would decide in another
person's name. So the host gives each decision a stamp, the state remembers the stamps, and ``streams.steps.steps`` refuses a known one. A
stamp also names the state upon which the person decided. A decision upon a state more than ``WINDOW`` messages back is refused, so older
stamps can be forgotten. The stamp of a refused decision is remembered too.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from hashlib import sha256
from typing import Any, TypeVar, get_args

from policies.values import Text
from streams.language.errors import Refusal, RepeatedDecision
from streams.language.messages import DecisionMessage, Input, Stamp
from streams.wire import wire

WINDOW = 65_536
"""For so many messages a stamp is remembered."""

M = TypeVar("M", bound=Input)
_DECIDED: tuple[type[Input], ...] = get_args(DecisionMessage)


_ATTEMPT: ContextVar[Stamp | None] = ContextVar("attempt", default=None)


class RecentStamps:
    """The stamps of the last ``WINDOW`` messages, each with the offset of its message, in the order of offsets."""

    def __init__(self) -> None:
        self._at: OrderedDict[Stamp, int] = OrderedDict()

    def __len__(self) -> int:
        return len(self._at)

    def refuse_known(self, message: Input, offset: int) -> None:
        """Checks the stamp of a message; a message without a stamp passes.

        Raises:
            Replayed: the stamp is known or too old. Refused: it names a state that is still to come.
        """
        stamp = stamp_of(message)
        if stamp is None:
            return
        if stamp in self._at:
            raise RepeatedDecision(_KNOWN)
        if stamp.at < offset - WINDOW:
            raise RepeatedDecision(_OLD)
        if stamp.at >= offset:
            raise Refusal(_AHEAD, 3)

    def add(self, message: Input, offset: int) -> None:
        """Remembers the stamp of a message, admitted or not, and forgets the stamps that are now refused for their age."""
        stamp = stamp_of(message)
        if stamp is not None:
            self._at.setdefault(stamp, offset)
        while self._at and next(iter(self._at.values())) < offset - WINDOW:
            self._at.popitem(last=False)

    def offset_of(self, message: Input) -> int | None:
        """The offset of the decision with the stamp of this message; None if there is none."""
        stamp = stamp_of(message)
        return None if stamp is None else self._at.get(stamp)

    def meta(self) -> list[list[Any]]:
        return [[*stamp, offset] for stamp, offset in self._at.items()]

    @classmethod
    def restore(cls, meta: Sequence[Sequence[Any]]) -> RecentStamps:
        """The stamps from ``meta``."""
        stamps = cls()
        stamps._at.update((Stamp(at, word), offset) for at, word, offset in meta)
        return stamps


def decides(message: Input) -> bool:
    """Does a person decide in this message?"""
    return isinstance(message, _DECIDED)


def stamp_of(message: Input) -> Stamp | None:
    """The stamp of a message; None if nobody decides in it, or no host has stamped it."""
    stamp: Stamp | None = getattr(message, "stamp", None)
    return stamp


def with_stamp(message: M, last_known: int, word: str = "") -> M:
    """A message with a stamp; the same message if nobody decides in it, or it has a stamp.

    Args:
        last_known: offset of the last message known to the person who decides.

    Example:
        >>> from datetime import date
        >>> from streams.language.messages import Tick
        >>> with_stamp(Tick(date(2026, 10, 1)), 7).stamp
        Stamp(at=7, word='')
    """
    if not decides(message) or stamp_of(message) is not None:
        return message
    return replace(message, stamp=Stamp(last_known, word))  # type: ignore[arg-type]  # every decision has a field ``stamp``


@contextmanager
def stamping(at: int, word: str) -> Iterator[None]:
    """In the block, a decision gets the stamp that it gets again, if a crash ends the block and it is tried once more.

    Args:
        at: offset of the last message known to the person who decides.
        word: names what is tried.
    """
    before = _ATTEMPT.set(Stamp(at, word))
    try:
        yield
    finally:
        _ATTEMPT.reset(before)


def with_repeatable_stamp(message: M) -> M:
    """A message with its stamp in the block of ``stamping``; the same message outside of one, or if nobody decides in it."""
    attempt = _ATTEMPT.get()
    if attempt is None or not decides(message) or stamp_of(message) is not None:
        return message
    of = attempt.word.encode() + wire.encode(message)  # not its place: what is known already may be left out the next time
    return replace(message, stamp=Stamp(attempt.at, sha256(of).hexdigest()[:16]))  # type: ignore[arg-type]  # every decision has a field ``stamp``


def with_author(message: M, author: str | None) -> M:
    """A decision with its author; the same message if nobody decides in it, it names one, or ``author`` is None.

    Example:
        >>> from streams.language.messages import EditionCut
        >>> with_author(EditionCut("grant"), "wang").by, with_author(EditionCut("grant", by="li"), "wang").by
        ('wang', 'li')
    """
    if author is None or not decides(message) or getattr(message, "by", "") is not None:
        return message
    return replace(message, by=author)  # type: ignore[arg-type]  # its field ``by`` is None


def require_stamp(message: Input) -> None:
    """Checks that a message from a network has a stamp if it is a decision.

    Raises:
        Refused: it has none, so it could be sent again and again.
    """
    if decides(message) and stamp_of(message) is None:
        raise Refusal(_WITHOUT, 3)


_KNOWN = Text(
    "这项决定已经收到过，不再重复执行。若要再作同样的决定，请重新办理一次。",
    "This decision came before and is not carried out again. To decide the same once more, decide anew.",
)
_OLD = Text(
    f"这项决定所依据的状态已是 {WINDOW} 条消息之前，不再接受。请看过现状后重新办理。",
    f"This decision was made upon a state of more than {WINDOW} messages ago. Look at what is so now, then decide anew.",
)
_AHEAD = Text(
    "这项决定所依据的状态还没有到来，消息有误；请重新办理。",
    "This decision names a state that is still to come, so its message is wrong; decide anew.",
)
_WITHOUT = Text(
    "这项决定没有编号，重复发送时无法识别，因此不接受。请用本版本的惠民发送。",
    "This decision has no number by which it would be known when it came again. Send it with this version of Huimin.",
)
