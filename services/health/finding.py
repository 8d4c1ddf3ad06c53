"""The findings of an examination."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from services.lists.holds import HoldSummary
from services.results import Sentence


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding about a workspace.

    Args:
        code: the examined part, such as vault.
        todo: what to do, if anything.
    """

    level: Literal["ok", "warning", "error"]
    code: str
    message: Sentence
    todo: Sentence | None = None


@dataclass(frozen=True, slots=True)
class WaitingHold:
    """The finding that a hold has waited for a decision for some days. Its words: ``console.text.health``."""

    hold: HoldSummary
    days: int


AnyFinding: TypeAlias = Finding | WaitingHold


def with_noun(count: int, noun: str) -> str:
    """A count of something in English: 1 row, 1,200 rows."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
