"""A policy's list as people see it, and its counts by division.

``matchers.queries`` asks for both; they are evaluated from the state each time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from matchers.kernel.batch import Int32
from matchers.kernel.changes import STATUSES
from matchers.kernel.layout import KINDS
from matchers.kernel.thresholds import days
from matchers.lists.compare import Candidates, rows_with_verdict
from matchers.lists.evaluation import Moment, Sweep, scan, verdict_counts
from matchers.program.state import MatcherState
from policies.language.tree import Policy

WORDS = (None, "yes", "no", "unknown")
_VERDICT_OF = {"eligible": "yes", "to_check": "yes", "needs_evidence": "unknown"}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A subject on a list, or one with an unknown verdict that is only counted (status None). ``missing`` is (criterion, feed)."""

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


def divisions_of(state: MatcherState, kind: int, day: date, rows: Int32) -> list[str | None]:
    """Divisions in which some subjects of a kind are placed; None where unplaced."""
    texts: list[str | None] = [*state.store.divisions.texts, None]
    return [texts[code] if code >= 0 else None for code in state.store.placements(kind, days(day))[rows].tolist()]


def candidates(state: MatcherState, policy: Policy, day: date, *, every: bool = False) -> list[Candidate]:
    """A policy's list on a day, by token; with ``every``, also the unknown subjects that are only counted."""
    policy_list = scan(state, policy, day)
    out = candidates_of(state, policy_list, day)
    if every:
        kind = KINDS.index(policy.subject)
        listed_rows = set(policy_list.row.tolist())
        rows, verdict = rows_with_verdict(state, policy, day)
        counted_rows = np.array([row for row in rows[verdict == 3].tolist() if row not in listed_rows], np.int32)
        for row, division in zip(counted_rows.tolist(), divisions_of(state, kind, day, counted_rows), strict=True):
            out.append(_unlisted_candidate(state, policy, int(state.store.tokens[kind][row]), day, division))
    return sorted(out, key=lambda candidate: candidate.subject)


def candidates_of(state: MatcherState, policy_list: Candidates, day: date) -> list[Candidate]:
    """The candidates of a list on a day, by token."""
    out = []
    places = divisions_of(state, KINDS.index(policy_list.entry.policy.subject), day, policy_list.row)
    for i, (token, code, division) in enumerate(zip(policy_list.subject.tolist(), policy_list.status.tolist(), places, strict=True)):
        status = STATUSES[code]
        assert status is not None
        out.append(Candidate(token, _VERDICT_OF[status], status, *policy_list.words(i), division))
    return sorted(out, key=lambda candidate: candidate.subject)


def _unlisted_candidate(state: MatcherState, policy: Policy, subject: int, day: date, place: str | None) -> Candidate:
    from matchers.reading.explain import verdict

    subject_verdict = verdict(state, policy, subject, day)
    missing = tuple(
        sorted({(criterion, feed) for criterion, feed, _ in subject_verdict.missing}, key=lambda pair: (pair[0], pair[1] or ""))
    )
    return Candidate(subject, "unknown", None, subject_verdict.checklist, missing, place)


def counts(state: MatcherState, policies: Sequence[Policy], day: date) -> list[Counts]:
    """How many subjects are yes, no and unknown by each policy on a day, in all and by division."""
    by_place: dict[int, Counts] = {}
    for kind, word in enumerate(KINDS):
        places = [place for place, policy in enumerate(policies) if policy.subject is word]
        if places:
            of_kind = [policies[place] for place in places]
            by_place |= zip(places, _counted_by_division(state, kind, of_kind, day), strict=True)
    return [by_place[place] for place in range(len(policies))]


def _counted_by_division(state: MatcherState, kind: int, policies: Sequence[Policy], day: date) -> Iterator[Counts]:
    sweep = Sweep(state, policies, verdicts=True)
    texts: list[str | None] = [*state.store.divisions.texts, None]
    codes = state.store.placements(kind, days(day))
    numbers = verdict_counts(sweep, Moment(day, state.coverage()), np.where(codes < 0, len(texts) - 1, codes).astype(np.int32), len(texts))
    for of_policy in numbers:
        by = {texts[code]: tuple(of_policy[code].tolist()) for code in np.flatnonzero(of_policy.any(axis=1)).tolist()}
        yes, no, unknown = of_policy.sum(axis=0).tolist()
        yield Counts(yes, no, unknown, dict(sorted(by.items(), key=lambda item: item[0] or "")))
