"""What a person asks of the core: a policy's list, its counts by division, one subject's verdict.

The one idea: all of it is evaluated from the state when asked; nothing is kept that could go stale.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np

from matchers.batch import Int32
from matchers.changes import STATUSES
from matchers.compare import judged, scan
from matchers.layout import KINDS
from matchers.shard import Shard
from matchers.thresholds import days
from policies.tree import Policy

WORDS = (None, "yes", "no", "unknown")
_VERDICT_OF = {"eligible": "yes", "to_check": "yes", "needs_evidence": "unknown"}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A subject on a list, or (status None) unknown and only counted. ``missing`` is (criterion, feed)."""

    subject: int
    verdict: str
    status: str | None
    checklist: tuple[str, ...]
    missing: tuple[tuple[str, str | None], ...]
    division: str | None


@dataclass(frozen=True, slots=True)
class Counts:
    """Subjects with a verdict, in all and by division (None: unplaced): (yes, no, unknown)."""

    yes: int
    no: int
    unknown: int
    by_division: Mapping[str | None, tuple[int, int, int]]


def divisions_of(shard: Shard, kind: int, day: date, rows: Int32) -> list[str | None]:
    """Divisions in which some subjects of a kind are placed; None where unplaced."""
    texts: list[str | None] = [*shard.store.divisions.texts, None]
    return [texts[code] if code >= 0 else None for code in shard.store.placements(kind, days(day))[rows].tolist()]


def candidates(shard: Shard, policy: Policy, day: date, *, every: bool = False) -> list[Candidate]:
    """A policy's list on a day, by token; with ``every``, also those unknown who are only counted."""
    kind = KINDS.index(policy.subject)
    found = scan(shard, policy, day)
    out = []
    for i, division in enumerate(divisions_of(shard, kind, day, found.row)):
        status = STATUSES[int(found.status[i])]
        assert status is not None
        checklist, missing = found.entry.open(found.missing[i], found.checklist[i])
        out.append(Candidate(int(found.subject[i]), _VERDICT_OF[status], status, checklist, missing, division))
    if every:
        listed = set(found.row.tolist())
        rows, verdict = judged(shard, policy, day)
        counted = np.array([row for row in rows[verdict == 3].tolist() if row not in listed], np.int32)
        for row, division in zip(counted.tolist(), divisions_of(shard, kind, day, counted), strict=True):
            out.append(_counted(shard, policy, int(shard.store.tokens[kind][row]), day, division))
    return sorted(out, key=lambda one: one.subject)


def _counted(shard: Shard, policy: Policy, subject: int, day: date, place: str | None) -> Candidate:
    from matchers.explain import verdict

    found = verdict(shard, policy, subject, day)
    missing = tuple(sorted({(criterion, feed) for criterion, feed, _ in found.missing}, key=lambda pair: (pair[0], pair[1] or "")))
    return Candidate(subject, "unknown", None, found.checklist, missing, place)


def counts(shard: Shard, policy: Policy, day: date) -> Counts:
    """How many are yes, no and unknown on a day, in all and by division."""
    kind = KINDS.index(policy.subject)
    rows, verdict = judged(shard, policy, day)
    codes = shard.store.placements(kind, days(day))[rows]
    texts = shard.store.divisions.texts
    by: dict[str | None, tuple[int, int, int]] = {}
    for code in np.unique(codes).tolist():
        here = verdict[codes == code]
        yes, no, unknown = (int(np.count_nonzero(here == word)) for word in (1, 2, 3))
        by[texts[code] if code >= 0 else None] = (yes, no, unknown)
    yes, no, unknown = (int(np.count_nonzero(verdict == word)) for word in (1, 2, 3))
    return Counts(yes, no, unknown, dict(sorted(by.items(), key=lambda item: item[0] or "")))
