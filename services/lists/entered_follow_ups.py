"""What is recorded of the follow-ups of one policy, against what the cells of a returned list say.

``services.lists.returned_lists`` asks it. The same file again records nothing: what a cell says is known where it counts now, or where
it was recorded after the list was written. So a file that comes back twice does not undo what somebody said in between.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from services.lists.follow_ups import follow_ups_by_subject, opened_note

if TYPE_CHECKING:
    from connectors.lists.entered_follow_ups import EnteredFollowUp
    from streams.language.messages import FollowUpRecorded
    from streams.ledgers.follow_ups import FollowUp
    from streams.steps.state import State


class RecordedFollowUps:
    """The follow-ups of a policy, by subject and item, in their order; with those that a file adds.

    Args:
        key: opens the notes.
    """

    def __init__(self, state: State, policy: str, key: bytes) -> None:
        self._policy, self._key, self._next = policy, key, state.offset + 1
        self._by_subject = follow_ups_by_subject(state, policy)
        self._values: dict[tuple[int, str], list[tuple[int, str | None]]] = {}

    def has(self, subject: int, entered: EnteredFollowUp) -> bool:
        """Is it recorded already what a cell says?"""
        values = self._record(subject, entered.item)
        if entered.item == "note" and entered.since is None:
            return any(value == entered.value for _, value in values)
        now = values[-1][1] if values else None
        return now == entered.value or any(value == entered.value for _, value in self._since(subject, entered))

    def is_behind(self, subject: int, entered: EnteredFollowUp) -> bool:
        """Was anything else recorded in its place since the list was written? Notes take nobody's place."""
        return entered.item != "note" and bool(self._since(subject, entered))

    def message(self, subject: int, entered: EnteredFollowUp, by: str) -> FollowUpRecorded:
        """The message that records what a cell says; from then on it is known."""
        from connectors.identity.notes import sealed_note
        from streams.language.messages import FollowUpRecorded

        self._record(subject, entered.item).append((self._next, entered.value))
        message = FollowUpRecorded(self._policy, subject, entered.item, by)
        match entered.item:
            case "note":
                assert entered.value is not None  # an emptied note is no entry
                return replace(message, note=sealed_note(self._key, self._policy, subject, entered.value))
            case "call_again":
                return replace(message, call_again=None if entered.value is None else date.fromisoformat(entered.value))
            case _:
                return replace(message, assigned_to=entered.value)

    def _since(self, subject: int, entered: EnteredFollowUp) -> list[tuple[int, str | None]]:
        """What was recorded after the list was written."""
        values = self._record(subject, entered.item)
        return [] if entered.since is None else [(offset, value) for offset, value in values if offset > entered.since]

    def _record(self, subject: int, item: str) -> list[tuple[int, str | None]]:
        """What is recorded of a subject: offsets and values. Notes are opened here, so only those of changed cells are."""
        if (subject, item) not in self._values:
            follow_ups = self._by_subject.get(subject, ())
            self._values[subject, item] = [(entry.offset, self._value(entry)) for entry in follow_ups if entry.item == item]
        return self._values[subject, item]

    def _value(self, follow_up: FollowUp) -> str | None:
        """What a follow-up says, in the form in which a cell is compared; of a note that the key does not open None."""
        from connectors.lists.follow_up_cells import plain_cell

        match follow_up.item:
            case "note":
                text = opened_note(follow_up, self._key)
            case "call_again":
                text = None if follow_up.call_again is None else follow_up.call_again.isoformat()
            case _:
                text = follow_up.assigned_to
        return None if text is None else plain_cell(follow_up.item, text)
