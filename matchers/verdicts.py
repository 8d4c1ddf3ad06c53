"""What a person asks of the core: a policy's list, its counts by division, one subject's verdict.

The one idea: all of it is evaluated from the state when asked; nothing is kept that could go stale.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from matchers.changes import STATUSES, members
from matchers.compare import judged, scan
from matchers.layout import KINDS
from policies.tree import Policy

if TYPE_CHECKING:
    from matchers.core import Matcher

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


def divisions_of(matcher: Matcher, kind: int, day: date) -> list[str | None]:
    """Division of every subject of a kind, by row."""
    from matchers.thresholds import days

    texts: list[str | None] = [*matcher.store.divisions.texts, None]
    codes = matcher.store.placements(kind, days(day))
    return [texts[code] if code >= 0 else None for code in codes.tolist()]


def candidates(matcher: Matcher, policy: Policy, day: date, *, every: bool = False) -> list[Candidate]:
    """A policy's list on a day, by token; with ``every``, also those unknown who are only counted."""
    kind = KINDS.index(policy.subject)
    found = scan(matcher, policy, day)
    place = divisions_of(matcher, kind, day)
    out = []
    for i, row in enumerate(found.row.tolist()):
        status = STATUSES[int(found.status[i])]
        assert status is not None
        missing = tuple(sorted((found.entry.pairs[j] for j in members(found.missing[i])), key=lambda pair: (pair[0], pair[1] or "")))
        checklist = tuple(sorted(found.entry.checks[j] for j in members(found.checklist[i])))
        out.append(Candidate(int(found.subject[i]), _VERDICT_OF[status], status, checklist, missing, place[row]))
    if every:
        listed = set(found.row.tolist())
        rows, verdict = judged(matcher, policy, day)
        for row, word in zip(rows.tolist(), verdict.tolist(), strict=True):
            if word == 3 and row not in listed:
                out.append(_counted(matcher, policy, int(matcher.store.tokens[kind][row]), day, place[row]))
    return sorted(out, key=lambda one: one.subject)


def _counted(matcher: Matcher, policy: Policy, subject: int, day: date, place: str | None) -> Candidate:
    from matchers.explain import verdict

    found = verdict(matcher, policy, subject, day)
    missing = tuple(sorted({(criterion, feed) for criterion, feed, _ in found.missing}, key=lambda pair: (pair[0], pair[1] or "")))
    return Candidate(subject, "unknown", None, found.checklist, missing, place)


def counts(matcher: Matcher, policy: Policy, day: date) -> Counts:
    """How many are yes, no and unknown on a day, in all and by division."""
    kind = KINDS.index(policy.subject)
    rows, verdict = judged(matcher, policy, day)
    place = divisions_of(matcher, kind, day)
    by: dict[str | None, list[int]] = {}
    for row, word in zip(rows.tolist(), verdict.tolist(), strict=True):
        by.setdefault(place[row], [0, 0, 0])[word - 1] += 1
    yes, no, unknown = (int(np.count_nonzero(verdict == word)) for word in (1, 2, 3))
    return Counts(yes, no, unknown, {key: (a, b, c) for key, (a, b, c) in sorted(by.items(), key=lambda item: item[0] or "")})
