"""The effects of a run of the program that last: messages stored, files written.

A host notes each durable message here, ``streams.disk.files`` each file that is in its place. ``console.cli.ending`` opens the account of a
run and prints it after an error. If no account is open, nothing is noted.
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
        offsets: of the stored messages.
        files: that were written, in order.
        others: other changes outside this process, in words.
        broken_off: an error ended the work itself, not only the report about it.
    """

    offsets: list[int] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    others: list[Text] = field(default_factory=list)
    broken_off: bool = False


_ACCOUNT: ContextVar[Effects | None] = ContextVar("effects", default=None)


@contextmanager
def account() -> Iterator[Effects]:
    """Opens an account; all notes go into it until the block ends."""
    effects = Effects()
    before = _ACCOUNT.set(effects)
    try:
        yield effects
    finally:
        _ACCOUNT.reset(before)


def note_message(offset: int) -> None:
    """Notes that a message is durable at this offset."""
    if (effects := _ACCOUNT.get()) is not None:
        effects.offsets.append(offset)


def note_file(path: Path) -> None:
    """Notes that a file is in its place."""
    if (effects := _ACCOUNT.get()) is not None:
        effects.files.append(path)


def note_other(what: Text) -> None:
    """Notes another effect that lasts, beside log and files: a topic was made, a broker was started."""
    if (effects := _ACCOUNT.get()) is not None:
        effects.others.append(what)


@contextmanager
def work() -> Iterator[None]:
    """Marks the account as broken off if an error ends the block."""
    try:
        yield
    except BaseException:
        if (effects := _ACCOUNT.get()) is not None:
            effects.broken_off = True
        raise
