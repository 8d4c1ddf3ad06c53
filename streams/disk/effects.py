"""What a run of the program has made that lasts: messages stored, files written.

``console.cli.ending`` tells it behind an error.

Whatever makes something last notes it here at once: a host for a message that is durable, ``streams.disk.files`` for a file that is in its
place. ``console.cli.ending`` opens the account of a run and reads it at the end. Where no account is open, notes go nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

from policies.values import Text


@dataclass(slots=True)
class Effects:
    """The account of a run.

    Args:
        offsets: of the messages stored.
        files: that were written, in order.
        others: what else was changed outside of this process, in words.
        broken_off: an error ended the work itself, not only what was said of it afterwards.
    """

    offsets: list[int] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    others: list[Text] = field(default_factory=list)
    broken_off: bool = False


_ACCOUNT: ContextVar[Effects | None] = ContextVar("effects", default=None)


@contextmanager
def account() -> Iterator[Effects]:
    """From here to its end, what is noted stands in this account."""
    effects = Effects()
    before = _ACCOUNT.set(effects)
    try:
        yield effects
    finally:
        _ACCOUNT.reset(before)


def stored(offset: int) -> None:
    """A message is durable at this offset."""
    if (effects := _ACCOUNT.get()) is not None:
        effects.offsets.append(offset)


def wrote(path: Path) -> None:
    """A file is there as it was meant to be."""
    if (effects := _ACCOUNT.get()) is not None:
        effects.files.append(path)


def did(what: Text) -> None:
    """Something else that lasts was done, outside of log and files: a topic was made, a broker started."""
    if (effects := _ACCOUNT.get()) is not None:
        effects.others.append(what)


@contextmanager
def work() -> Iterator[None]:
    """An error inside breaks the work off: what was to follow is not done."""
    try:
        yield
    except BaseException:
        if (effects := _ACCOUNT.get()) is not None:
            effects.broken_off = True
        raise
