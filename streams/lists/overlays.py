"""Overlays, one subject's differences from the computed list: suppressions and holds; and the lines that the list stage adds.

These are plain data, written as JSON and read back; ``streams.lists.book`` decides about them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from matchers.kernel.changes import Open
from policies.values import Text
from streams.language.causes import LIST, AmendmentCause, CoverageCause, RecordCause, cause_of
from streams.language.errors import decoding
from streams.lists.lines import LineHead, Lines

Content: TypeAlias = tuple[int, Open]
"""The place of a subject on a list: a place in ``STATUSES``, and the open items."""
Key: TypeAlias = tuple[str, int]
"""Policy and subject."""


@dataclass(slots=True)
class Overlay:
    """One subject's place on the computed list (``computed``) and on the materialized list (``materialized``). None: not listed."""

    computed: Content | None
    materialized: Content | None
    outcome: str | None = None
    """The outcome that suppresses the subject."""
    mark: str | None = None
    """The evidence at that time (``matchers.kernel.changes.Sighting``)."""
    hold: str | None = None


@dataclass(frozen=True, slots=True)
class LateFeeds:
    """Feeds that were late when a day came."""

    kind: ClassVar[str] = "day"
    feeds: tuple[str, ...]

    @property
    def detail(self) -> str:
        return LIST.join(self.feeds)


HoldTrigger: TypeAlias = RecordCause | CoverageCause | AmendmentCause | LateFeeds
"""What caused a hold: a delivery, coverage statements, a version, or late feeds."""


def trigger_of(kind: str, about: str) -> HoldTrigger:
    """The trigger of a hold with this kind and detail.

    Raises:
        Unreadable: there is no such trigger.
    """
    with decoding(Text("暂缓的事由", "the reason of a hold")):
        reason = LateFeeds(tuple(about.split(LIST))) if kind == LateFeeds.kind else cause_of(kind, about)
        if not isinstance(reason, HoldTrigger):
            raise ValueError(kind)
    return reason


@dataclass(frozen=True, slots=True)
class Hold:
    """Changes of a list that are held back until people decide: what triggered the hold, its day, and the decision; None while open."""

    id: str
    trigger: HoldTrigger
    day: date
    decision: str | None = None
    by: str = ""
    approved_by: str = ""
    reason: str = ""

    @property
    def kind(self) -> str:
        """The kind of its trigger."""
        return self.trigger.kind

    @property
    def about(self) -> str:
        """The detail of its trigger."""
        return self.trigger.detail

    def plain(self) -> list[Any]:
        return [self.id, self.kind, self.about, self.day.isoformat(), self.decision, self.by, self.approved_by, self.reason]

    @classmethod
    def read(cls, id: str, kind: str, about: str, day: str, *decision: Any) -> Hold:
        return cls(id, trigger_of(kind, about), date.fromisoformat(day), *decision)


class BookLine(NamedTuple):
    """A line that the list stage adds."""

    head: LineHead
    subject: int
    before: Content | None
    after: Content | None


def content(plain: Sequence[Any] | None) -> Content | None:
    if plain is None:
        return None
    status, (checks, missing) = plain
    return status, (tuple(checks), tuple((criterion, feed) for criterion, feed in missing))


def open_before(lines: Lines, row: int) -> Open:
    """The open items of a subject before its line."""
    place = -1 if lines.was is None else int(lines.was[row])
    return lines.opens[place] if place >= 0 else ((), ())


def _only(offset: int, own: Sequence[BookLine]) -> Lines:
    """No line, or one."""
    opens: list[Open] = [line.after[1] if line.after else ((), ()) for line in own]
    first, subjects = np.zeros(len(own), np.int32), np.array([line.subject for line in own], np.uint64)
    before = np.array([line.before[0] if line.before else 0 for line in own], np.uint8)
    after = np.array([line.after[0] if line.after else 0 for line in own], np.uint8)
    return Lines(offset, [line.head for line in own], opens, first, first, subjects, before, after)


def merged_lines(lines: Lines, keep: npt.NDArray[np.bool_], own: Sequence[BookLine]) -> Lines:
    """The lines to keep and those of the list stage, in the order of ``streams.lists.lines``: by day, policy and subject."""
    if not len(lines) and len(own) <= 1:  # one outcome of one candidate: no need to sort anything
        return _only(lines.offset, own)
    heads: dict[LineHead, int] = {head: at for at, head in enumerate(lines.heads)}
    opens = list(lines.opens)
    places: dict[Open, int] = {}
    for at, open_items in enumerate(opens):  # several may be empty, because a person was erased
        places.setdefault(open_items, at)
    rows = []
    for line in own:
        head = heads.setdefault(line.head, len(heads))
        after_open: Open = ((), ()) if line.after is None else line.after[1]
        open = places.setdefault(after_open, len(opens))
        if open == len(opens):
            opens.append(after_open)
        rows.append((head, open, line.subject, line.before[0] if line.before else 0, line.after[0] if line.after else 0))
    types = (np.int32, np.int32, np.uint64, np.uint8, np.uint8)
    names = ("head", "open", "subject", "before", "after")
    columns = [
        np.concatenate([getattr(lines, name)[keep], np.array([row[at] for row in rows], kind)])
        for at, (name, kind) in enumerate(zip(names, types, strict=True))
    ]
    policies = sorted({name for name, *_ in heads})
    days = sorted({day for _, _, day, _ in heads})
    place = np.array([(days.index(day), policies.index(name)) for name, _, day, _ in heads], np.int32).reshape(-1, 2)
    order = np.lexsort((columns[2], place[columns[0], 1], place[columns[0], 0]))
    return Lines(lines.offset, list(heads), opens, *(column[order] for column in columns))
