"""Editions: the lines of one policy's list in numbered parts, each a delta on the one before.

The one idea: an edition holds what has changed since the last one, net: who came and went in between is not in it. It closes when a
publication is complete, at a tick, or at an explicit cut. The sum of the editions is the list. Nothing of this is stored: it is read
off the outputs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from streams.messages import (
    CandidateChange,
    EditionCut,
    Input,
    PolicyPublished,
    PolicyWithdrawn,
    Tick,
)

ALL = "*"
"""What ``closed_by`` says of a message that closes the edition of every policy."""


@dataclass(frozen=True, slots=True)
class Edition:
    """One numbered part of one policy's list; ``offset`` is the message that closed it."""

    policy: str
    number: int
    offset: int
    day: date
    changes: tuple[CandidateChange, ...]


def closed_by(message: Input) -> str | None:
    """The policy whose edition a message closes, ``ALL``, or None.

    Example:
        >>> closed_by(Tick(date(2026, 10, 1))), closed_by(EditionCut("grant"))
        ('*', 'grant')
    """
    match message:
        case PolicyPublished() | PolicyWithdrawn() | EditionCut():
            return message.policy
        case Tick():
            return ALL
        case _:
            return None


def net(changes: Iterable[CandidateChange], listed: Mapping[int, CandidateChange]) -> list[CandidateChange]:
    """What many lines of one policy come to, against who was ``listed`` before: one line a subject, none where nothing is different.

    A line keeps the id, cause and day of the last of its subject; they come in the order of the subjects.
    """
    now = dict(listed)
    last: dict[int, CandidateChange] = {}
    disclosed: set[int] = set()  # a line that changes nothing we can see tells that a disclosed value is another
    for change in changes:
        known = now.get(change.subject)
        if known is not None and _content(known) == _content(change):
            disclosed.add(change.subject)
        last[change.subject] = now[change.subject] = change
    found = []
    for subject in sorted(last):
        change, before = last[subject], listed.get(subject)
        same = _content(change) == (None if before is None else _content(before))
        if not same or (before is not None and subject in disclosed):
            status = None if before is None else before.status
            kind = "entered" if before is None else "left" if change.status is None else "changed"
            found.append(change._replace(change=kind, before=status))
    return found


def fold(changes: Iterable[CandidateChange], listed: Mapping[int, CandidateChange] | None = None) -> dict[int, CandidateChange]:
    """The list after these lines: by subject, the line that put it as it is now."""
    now = dict(listed or {})
    for change in changes:
        if change.status is None:
            now.pop(change.subject, None)
        else:
            now[change.subject] = change
    return now


def editions(policy: str, rows: Iterable[tuple[int, str | None, Sequence[CandidateChange]]]) -> Iterator[Edition]:
    """The closed editions of a policy, from the outputs of every message (offset, what it closes, its lines), in order.

    An edition in which nothing changed is not made, and takes no number.
    """
    listed: dict[int, CandidateChange] = {}
    since: list[CandidateChange] = []
    number = 0
    for offset, closes, changes in rows:
        since.extend(change for change in changes if change.policy == policy)
        if closes in (policy, ALL) and since:
            difference = net(since, listed)
            if difference:
                number += 1
                yield Edition(policy, number, offset, difference[-1].day, tuple(difference))
            listed, since = fold(difference, listed), []


def _content(change: CandidateChange) -> tuple[object, ...] | None:
    return None if change.status is None else (change.status, change.checklist, change.missing)
