"""The answers of people to checks: the last one to each check of each subject, with its author and day.

``streams.steps.steps`` records them in the order in which they were given; ``streams.steps.state`` holds them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

AnswerKey: TypeAlias = tuple[str, int, str]
"""Policy, subject and check."""


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """An answer, given by the message at ``offset``; ``by`` and ``day`` are None where an older version did not note them."""

    answer: bool
    by: str | None = None
    day: date | None = None
    offset: int = -1


def answers_meta(answers: Mapping[AnswerKey, GivenAnswer]) -> list[list[Any]]:
    """All answers as JSON, in their order."""
    return [[*key, a.answer, a.by, None if a.day is None else a.day.isoformat(), a.offset] for key, a in answers.items()]


def answers_from(meta: Iterable[Sequence[Any]]) -> dict[AnswerKey, GivenAnswer]:
    """The answers from ``answers_meta``, also of a version that noted no author."""
    answers: dict[AnswerKey, GivenAnswer] = {}
    for policy, subject, check, answer, *rest in meta:
        by, day, offset = rest or (None, None, -1)
        answers[policy, subject, check] = GivenAnswer(answer, by, None if day is None else date.fromisoformat(day), offset)
    return answers
