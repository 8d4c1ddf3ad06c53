"""The ledger of corrections of identity: which are in force, who decided them, and as which subject another counts.

There is at most one decision about a subject, and one about each record of it; a decision that is taken back is removed. The records
themselves are in the matcher (``matchers.matrix.identity``). Source: docs/en/semantics.md section 15.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

from matchers.matrix.identity import Record

Key: TypeAlias = tuple[str, int, Record | None]
"""Kind, subject, and the record if the decision is about one record alone."""


@dataclass(frozen=True, slots=True)
class IdentityEntry:
    """Since ``day`` a subject counts as another; if there is a ``record``, only in that record."""

    kind: str
    subject: int
    into: int
    record: Record | None
    reason: str
    by: str
    approved_by: str
    day: date

    @property
    def key(self) -> Key:
        return self.kind, self.subject, self.record


class IdentityLedger:
    """Every decision in force, in the order they were made."""

    def __init__(self) -> None:
        self._of: dict[Key, IdentityEntry] = {}

    def __iter__(self) -> Iterator[IdentityEntry]:
        return iter(self._of.values())

    def of(self, kind: str, subject: int, record: Record | None = None) -> IdentityEntry | None:
        """The decision about a subject, or about one of its records."""
        return self._of.get((kind, subject, record))

    def root(self, kind: str, subject: int) -> int:
        """The subject as which another counts, after all merges."""
        while (decision := self._of.get((kind, subject, None))) is not None:
            subject = decision.into
        return subject

    def merged_subjects(self, kind: str) -> dict[int, int]:
        """Every merged subject of a kind, with the subject as which it counts."""
        return {d.subject: self.root(kind, d.subject) for d in self if d.kind == kind and d.record is None}

    def put(self, decision: IdentityEntry) -> None:
        """Adds a decision, in place of one about the same subject or record."""
        self.take_back(decision.key)
        self._of[decision.key] = decision

    def take_back(self, key: Key) -> None:
        self._of.pop(key, None)

    def meta(self) -> list[list[Any]]:
        """All decisions as JSON."""
        return [
            [d.kind, d.subject, d.into, None if d.record is None else list(d.record), d.reason, d.by, d.approved_by, d.day.isoformat()]
            for d in self
        ]

    @classmethod
    def restore(cls, meta: Sequence[Sequence[Any]]) -> IdentityLedger:
        """The ledger from ``meta``."""
        ledger = cls()
        for kind, subject, into, record, reason, by, approved_by, day in meta:
            record_name = None if record is None else (record[0], record[1], record[2])
            ledger.put(IdentityEntry(kind, subject, into, record_name, reason, by, approved_by, date.fromisoformat(day)))
        return ledger
