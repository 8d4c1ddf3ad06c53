"""Outcomes that agencies report of their candidates: their words, how long each suppresses a candidate, and their ledger.

The outcome with the latest day counts. A suppression lasts until its period is over, or until the evidence about the candidate changes
(``streams.lists.book``). Source: docs/en/semantics.md, "What agencies find".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, NamedTuple, TypeAlias

from policies.values import Period, Text

OUTCOMES: dict[str, Period | None] = {
    "contacted": None,
    "enrolled": Period(months=3),
    "declined": Period(months=12),
    "already_receiving": Period(months=12),
    "not_eligible": Period(months=6),
    "wrong_person": Period(months=12),
    "moved": Period(months=3),
    "deceased": Period(months=6),
    "unreachable": Period(months=1),
}
"""How long each outcome keeps a candidate off the list; None: not at all."""
TITLES: dict[str, Text] = {
    "contacted": Text("已联系", "contacted"),
    "enrolled": Text("已办理", "enrolled"),
    "declined": Text("不愿办理", "declined"),
    "already_receiving": Text("已在享受", "already receiving"),
    "not_eligible": Text("不符合条件", "not eligible"),
    "wrong_person": Text("找错了人", "wrong person"),
    "moved": Text("已搬走", "moved"),
    "deceased": Text("已去世", "deceased"),
    "unreachable": Text("联系不上", "unreachable"),
}
"""The titles of each outcome; agencies may write either title, or the word itself."""
RIGHT = frozenset({"enrolled", "declined", "already_receiving"})
"""Outcomes that say the list was right about the candidate."""
WRONG = frozenset({"not_eligible", "wrong_person", "moved", "deceased"})
"""Outcomes that say it was wrong; the rest decide neither."""

OF_THE_SUBJECT = frozenset({"deceased", "moved"})
"""Outcomes that say something of the subject itself, whatever the policy: the register is asked to look at its record."""
ANSWERS = ("confirmed", "refuted")
"""What the register's unit may say of such a report."""

Row: TypeAlias = tuple[str, int, int, int]
"""Feed, source, delivery and row of a record as it was delivered."""


class RegisterAnswer(NamedTuple):
    """The word of the register's unit about a report, with the name of its steward and the day."""

    answer: str
    by: str
    day: date


@dataclass(frozen=True, slots=True)
class OutcomeEntry:
    """One outcome, reported by the message at ``offset`` on the state's ``day``; ``until`` is the first day on which it is over.

    Args:
        records: that a refuted criterion rested on, or the register record of a subject that is deceased or has moved.
        statements: the ids of coverage statements that a refuted criterion rested on, each with the number of the last delivery of its
            source at that time.
        content: a digest of the register record (``matchers.reading.register``); '' for other outcomes.
        answer: of the register's unit.
    """

    policy: str
    subject: int
    outcome: str
    on: date
    by: str
    criterion: str | None
    records: tuple[Row, ...]
    offset: int
    day: date
    until: date | None
    statements: tuple[tuple[str, int], ...] = ()
    content: str = ""
    answer: RegisterAnswer | None = None

    @property
    def asks_register(self) -> bool:
        """Is the unit of the subject's register record asked to look at it?"""
        return bool(self.content)

    @property
    def is_refuted(self) -> bool:
        """Has the register's unit said that it is wrong?"""
        return self.answer is not None and self.answer.answer == "refuted"


class Rate(NamedTuple):
    """How many outcomes say that the list was right, and how many that it was wrong."""

    right: int
    wrong: int

    @property
    def hit_rate(self) -> float | None:
        """The share that was right; None if there are no outcomes that decide."""
        total = self.right + self.wrong
        return self.right / total if total else None


class OutcomeLedger:
    """The outcome that counts for each policy and subject, and which of them are over."""

    def __init__(self) -> None:
        self._of: dict[tuple[str, int], OutcomeEntry] = {}
        self._ended: set[tuple[str, int]] = set()

    def __iter__(self) -> Iterator[OutcomeEntry]:
        return iter(self._of.values())

    def __len__(self) -> int:
        return len(self._of)

    def of(self, policy: str, subject: int) -> OutcomeEntry | None:
        """The outcome that counts for a subject."""
        return self._of.get((policy, subject))

    def put(self, finding: OutcomeEntry) -> None:
        """Adds an outcome in place of the one before."""
        key = (finding.policy, finding.subject)
        self._of.pop(key, None)
        self._ended.discard(key)
        self._of[key] = finding

    def request(self, number: int) -> OutcomeEntry | None:
        """The outcome that was reported by the message at an offset, if it counts; that is the number of its correction request."""
        return next((finding for finding in self if finding.offset == number), None)

    def put_answer(self, finding: OutcomeEntry, answer: RegisterAnswer) -> bool:
        """Keeps the answer of the register's unit; gives whether a refuted outcome is over by it that was not before."""
        key = (finding.policy, finding.subject)
        self._of[key] = answered = replace(finding, answer=answer)
        if not answered.is_refuted or not self.is_current(answered):
            return False
        self._ended.add(key)
        return True

    def remove(self, subject: int) -> list[OutcomeEntry]:
        """Removes and gives every outcome of a subject."""
        findings = [f for f in self if f.subject == subject]
        for f in findings:
            del self._of[f.policy, subject]
            self._ended.discard((f.policy, subject))
        return findings

    def is_current(self, finding: OutcomeEntry) -> bool:
        """Is its time not over yet?"""
        return finding.until is not None and (finding.policy, finding.subject) not in self._ended

    def end(self, day: date) -> list[OutcomeEntry]:
        """Ends the outcomes whose time is over on a day; gives each of them once, by policy and subject."""
        findings = [f for key, f in self._of.items() if f.until is not None and f.until <= day and key not in self._ended]
        self._ended |= {(f.policy, f.subject) for f in findings}
        return sorted(findings, key=lambda f: (f.policy, f.subject))

    def meta(self) -> list[list[Any]]:
        """All outcomes as JSON."""
        return [
            [f.policy, f.subject, f.outcome, f.on.isoformat(), f.by, f.criterion, [list(row) for row in f.records], f.offset,
             f.day.isoformat(), None if f.until is None else f.until.isoformat(), (f.policy, f.subject) in self._ended,
             [list(statement) for statement in f.statements], f.content, _answer_plain(f.answer)]
            for f in self
        ]  # fmt: skip

    @classmethod
    def restore(cls, meta: Sequence[Sequence[Any]]) -> OutcomeLedger:
        """The ledger from ``meta``."""
        ledger = cls()
        for policy, subject, outcome, on, by, criterion, records, offset, day, until, is_over, *later in meta:
            statements, content, answer = later or ((), "", None)  # older checkpoints have none
            rows = tuple((feed, source, delivery, row) for feed, source, delivery, row in records)
            found_on, last = date.fromisoformat(on), None if until is None else date.fromisoformat(until)
            basis = tuple((id, number) for id, number in statements), content, _read_answer(answer)
            ledger.put(OutcomeEntry(policy, subject, outcome, found_on, by, criterion, rows, offset, date.fromisoformat(day), last, *basis))
            if is_over:
                ledger._ended.add((policy, subject))
        return ledger


def _answer_plain(answer: RegisterAnswer | None) -> list[str] | None:
    return None if answer is None else [answer.answer, answer.by, answer.day.isoformat()]


def _read_answer(plain: Sequence[str] | None) -> RegisterAnswer | None:
    return None if plain is None else RegisterAnswer(plain[0], plain[1], date.fromisoformat(plain[2]))


def outcome_of(text: str) -> str | None:
    """The outcome that a person wrote as its word or as one of its titles; None if there is none.

    Example:
        >>> named(" Not eligible"), named("已办理"), named("gone")
        ('not_eligible', 'enrolled', None)
    """
    word = " ".join(text.split()).lower()
    return next((outcome for outcome, title in TITLES.items() if word in (outcome, title.zh, title.en)), None)


def rate(outcomes: Counter[str]) -> Rate:
    """How often the list was right, from the number of each outcome."""
    return Rate(sum(outcomes[outcome] for outcome in RIGHT), sum(outcomes[outcome] for outcome in WRONG))
