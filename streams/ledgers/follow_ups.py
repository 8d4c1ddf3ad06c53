"""Follow-ups: what people who work a list say of its subjects, with author and day, and their ledger.

``streams.steps.follow_ups`` adds to it; ``services.lists.follow_ups`` asks it. A note is kept sealed, so nothing here can be read without
the key of the workspace. Source: docs/en/semantics.md, "Follow-ups".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from policies.values import Text

ITEMS: dict[str, Text] = {
    "note": Text("备注", "note"),
    "call_again": Text("再联系", "call again"),
    "assigned_to": Text("分派给", "assigned to"),
}
"""What a follow-up may be about, with its title."""
SEALED = b"HMVAULT1"
"""How a sealed note begins (``connectors.identity.segments.seal``)."""


@dataclass(frozen=True, slots=True)
class FollowUp:
    """One follow-up, told by the message at ``offset`` on the state's ``day``, under the token ``subject``.

    Args:
        note: the sealed text. call_again, assigned_to: None where there is none any more.
    """

    policy: str
    subject: int
    item: str
    by: str
    day: date
    offset: int
    note: str | None = None
    call_again: date | None = None
    assigned_to: str | None = None


@dataclass(frozen=True, slots=True)
class WorkingState:
    """What counts of one subject: its notes in their order, and the last word on each of the two others; None where there is none."""

    notes: tuple[FollowUp, ...] = ()
    call_again: FollowUp | None = None
    assigned_to: FollowUp | None = None

    def after(self, follow_up: FollowUp) -> WorkingState:
        """What counts after one more follow-up."""
        match follow_up.item:
            case "note":
                return replace(self, notes=(*self.notes, follow_up))
            case "call_again":
                return replace(self, call_again=None if follow_up.call_again is None else follow_up)
            case _:
                return replace(self, assigned_to=None if follow_up.assigned_to is None else follow_up)


class FollowUpLedger:
    """Every follow-up of every policy, in the order they were told."""

    def __init__(self) -> None:
        self._of: dict[str, list[FollowUp]] = {}
        self._subjects: dict[int, set[str]] = {}  # the policies under which a token has any

    def __iter__(self) -> Iterator[FollowUp]:
        return (follow_up for of_policy in self._of.values() for follow_up in of_policy)

    def __len__(self) -> int:
        return sum(map(len, self._of.values()))

    def add(self, follow_up: FollowUp) -> None:
        self._of.setdefault(follow_up.policy, []).append(follow_up)
        self._subjects.setdefault(follow_up.subject, set()).add(follow_up.policy)

    def remove(self, subject: int) -> None:
        """Removes everything told under a token."""
        for policy in self._subjects.pop(subject, ()):
            self._of[policy] = [follow_up for follow_up in self._of[policy] if follow_up.subject != subject]

    def history(self, policy: str, counts_as: Callable[[int], int], subject: int) -> list[FollowUp]:
        """All follow-ups of a subject under a policy, in their order.

        Args:
            counts_as: the subject that a token counts as (``IdentityLedger.root``).
        """
        return [follow_up for follow_up in self._of.get(policy, ()) if counts_as(follow_up.subject) == subject]

    def working_states(self, policy: str, counts_as: Callable[[int], int]) -> dict[int, WorkingState]:
        """What counts of each subject of a policy, by the subject it counts as; no entry where nothing was told."""
        states: dict[int, WorkingState] = {}
        for follow_up in self._of.get(policy, ()):
            subject = counts_as(follow_up.subject)
            states[subject] = states.get(subject, NOTHING).after(follow_up)
        return states

    def meta(self) -> list[list[Any]]:
        """All follow-ups as JSON."""
        return [
            [f.policy, f.subject, f.item, f.by, f.day.isoformat(), f.offset, f.note,
             None if f.call_again is None else f.call_again.isoformat(), f.assigned_to]
            for f in self
        ]  # fmt: skip

    @classmethod
    def restore(cls, meta: Sequence[Sequence[Any]]) -> FollowUpLedger:
        """The ledger from ``meta``."""
        ledger = cls()
        for policy, subject, item, by, day, offset, note, call_again, assigned_to in meta:
            on = None if call_again is None else date.fromisoformat(call_again)
            ledger.add(FollowUp(policy, subject, item, by, date.fromisoformat(day), offset, note, on, assigned_to))
        return ledger


NOTHING = WorkingState()
"""Of a subject of which nothing was told."""
