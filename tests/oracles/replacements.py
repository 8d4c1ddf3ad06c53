"""All versions that every source has delivered, and which full replacements have fewer rows than their bound allows.

`tests/streams/rule_oracle.py` gives it each message that was admitted. Source: docs/en/semantics.md §1.1, §1.2 and §18.1, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

from matchers.kernel.batch import DELETED, NO_ORDER, QUARANTINED, RecordBatch
from streams.language.messages import DeliveryCompleted

Source = tuple[str, int]


class Version(NamedTuple):
    """One row under one key. Rows of one order compare by where they came."""

    order: int
    delivery: int
    row: int
    deleted: bool
    quarantined: bool

    @property
    def arrival(self) -> tuple[int, int]:
        return self.delivery, self.row

    @property
    def has_order(self) -> bool:
        return self.order != int(NO_ORDER)

    @property
    def there(self) -> bool:
        """Is the record there if this version wins? A deletion without usable order deletes nothing for sure."""
        return not (self.deleted and self.has_order)


class Limits(NamedTuple):
    """Of a feed: the greatest share of rows that name nobody, the least share of the rows there were."""

    max_unplaced: Fraction
    shrinks_to: Fraction


class Replacements:
    """The fold."""

    def __init__(self) -> None:
        self.versions: dict[Source, dict[int, set[Version]]] = {}
        self.readable: dict[Source, dict[int, int]] = {}
        """Of each sound full replacement that is complete: how many of its rows name somebody."""

    def take(self, message: object, limits: Callable[[str], Limits]) -> bool:
        """Is the message the end of a sound full replacement with too few rows?"""
        if isinstance(message, RecordBatch):
            self._keep(message)
        if not isinstance(message, DeliveryCompleted) or not message.replaces:
            return False
        limit, source = limits(message.feed), (message.feed, message.source)
        if message.unplaced > limit.max_unplaced * message.rows:
            return False
        there, complete = self.there(source), self.readable.setdefault(source, {})
        earlier = [number for number in complete if number < message.delivery]
        behind = any(number > message.delivery for number in complete)
        before = complete[max(earlier)] if earlier else there
        readable = complete[message.delivery] = message.rows - message.unplaced
        return not behind and readable < limit.shrinks_to * before

    def there(self, source: Source) -> int:
        """How many records of a source are there: their winning versions are no deletions."""
        first = max(self.readable.get(source, {}), default=0)
        counting = [[v for v in versions if v.delivery >= first] for versions in self.versions.get(source, {}).values()]
        return sum(_winner(versions).there for versions in counting if versions)

    def _keep(self, batch: RecordBatch) -> None:
        """Every row that is about somebody."""
        columns = (batch.key, batch.subject, batch.order, batch.row, batch.flags)
        for key, subject, order, row, flags in zip(*(column.tolist() for column in columns), strict=True):
            if subject:
                version = Version(order, batch.delivery, row, bool(flags & DELETED), bool(flags & QUARANTINED))
                self.versions.setdefault((batch.feed, batch.source), {}).setdefault(key, set()).add(version)


def _winner(versions: list[Version]) -> Version:
    """§1.1: the last without usable order, unless a sound one came behind it; else the greatest with an order."""
    last = max((v for v in versions if not v.has_order), key=lambda v: v.arrival, default=None)
    sound = [v for v in versions if v.has_order and (v.deleted or not v.quarantined)]
    if last is not None and all(v.arrival <= last.arrival for v in sound):
        return last
    return max(v for v in versions if v.has_order)
