"""A consumer of the lines: its lists, the lists at the last closed editions, and a check that each line follows from the one before.

The consumer reads lines only, never the state, so a missing, superfluous or misplaced line shows.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable

from streams.language.messages import CandidateChange
from streams.lists.editions import Edition
from tests.matchers.network import CandidateState, pairs

Lists = dict[str, dict[int, CandidateState]]


class LineLedger:
    """The materialized lists that the lines add up to."""

    def __init__(self) -> None:
        self.lines: list[CandidateChange] = []
        self.lists: Lists = {}
        self.closed: Lists = {}
        """Each policy's list when its edition was last closed."""
        self.causes: Counter[str] = Counter()

    def take(self, offset: int, lines: Iterable[CandidateChange], causes: frozenset[str], first: dt.date, last: dt.date) -> None:
        """Adds the lines of one message, each of which must follow from the line before.

        Args:
            causes: the causes that the lines may have.
            first, last: the days they may be of.
        """
        for place, line in enumerate(lines):
            assert line.id == f"{offset}.{place}", f"line {line.id} should be {offset}.{place}"
            assert line.cause.kind in causes, f"{_line_name(line)}: cause {line.cause.kind}, where only {sorted(causes)} can be"
            assert line.cause.detail or line.cause.kind in ("withdrawal", "answer"), f"{_line_name(line)}: its cause says nothing"
            assert first <= line.day <= last, f"{_line_name(line)}: day {line.day} is not within {first} to {last}"
            self._follows(line)
            self.lines.append(line)
            self.causes[line.cause.kind] += 1

    def _follows(self, line: CandidateChange) -> None:
        candidates = self.lists.setdefault(line.policy, {})
        was = candidates.get(line.subject)
        assert line.before == (was[0] if was else None), f"{_line_name(line)}: before {line.before}, and it was {was}"
        word = "left" if line.status is None else "entered" if was is None else "changed"
        assert line.change == word, f"{_line_name(line)}: {line.change} should be {word}"
        if line.status is None:
            assert was is not None, f"{_line_name(line)}: left, and was not on the list"
            del candidates[line.subject]
        else:
            now = (line.status, line.checklist, pairs(line.missing))
            assert now != was, f"{_line_name(line)}: nothing is different"
            candidates[line.subject] = now

    def close(self, policy: str | None) -> None:
        """Closes the edition of one policy, or of all."""
        for name in list(self.lists) if policy is None else [policy]:
            self.closed[name] = dict(self.lists.get(name, {}))


def list_from_editions(editions: Iterable[Edition]) -> dict[int, CandidateState]:
    """The list that the editions of one policy add up to. Each edition must be net and follow from the one before."""
    candidates: dict[int, CandidateState] = {}
    for number, edition in enumerate(editions, 1):
        assert edition.number == number, f"edition {edition.number} of {edition.policy} should be {number}"
        subjects = [line.subject for line in edition.changes]
        assert subjects and len(set(subjects)) == len(subjects), f"edition {number} of {edition.policy} names somebody twice, or nobody"
        for line in edition.changes:
            was = candidates.pop(line.subject, None)
            now = None if line.status is None else (line.status, line.checklist, pairs(line.missing))
            assert line.before == (was[0] if was else None) and now != was, f"edition {number}, {_line_name(line)}: {was} became {now}"
            if now is not None:
                candidates[line.subject] = now
    return candidates


def _line_name(line: CandidateChange) -> str:
    return f"line {line.id} of {line.policy} version {line.version} about {line.subject}"
