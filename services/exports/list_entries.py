"""The columns of an exported list that its agency fills in: the state of the work is carried over into those of follow-ups.

``services.exports.candidates`` calls this. A note is opened here as it is for ``candidates history``: by the key of the workspace.
Who has it not gets an empty cell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.lists.follow_ups import opened_note, working_states
from services.lists.outcome_reports import outcome_form

if TYPE_CHECKING:
    from connectors.lists.disclosures import ColumnCells
    from connectors.lists.exports import Cell, Column
    from infra.workspace.workspace import Workspace
    from streams.ledgers.follow_ups import WorkingState
    from streams.steps.state import State


@dataclass(frozen=True, slots=True)
class ListEntries:
    """What an agency fills in.

    Args:
        cells: of all these columns, of each subject.
        marks: behind the other columns: what was written into the cells, by which a changed cell is told when the list comes back.
    """

    columns: tuple[Column, ...]
    cells: Mapping[int, tuple[Cell, ...]]
    marks: ColumnCells


def list_entries(workspace: Workspace, state: State, policy: str, subjects: list[int], language: str) -> ListEntries:
    """The columns of a policy's list that wait for its agency, with what is recorded now."""
    from connectors.lists.feedback import feedback_columns
    from connectors.lists.follow_up_cells import Mark, follow_up_columns, mark_column

    work, key = working_states(state, policy), workspace.notes_key()
    people = [entry.assigned_to.assigned_to or "" for entry in work.values() if entry.assigned_to is not None]
    feedback = feedback_columns(outcome_form(state, policy), language)
    columns = (*feedback, *follow_up_columns(language, state.day, people))
    nothing: tuple[Cell, ...] = ("", "", "")
    recorded = {subject: _cells(work[subject], key) if subject in work else nothing for subject in subjects}
    blank: tuple[Cell, ...] = ("",) * len(feedback)
    cells = {subject: (*blank, *of) for subject, of in recorded.items()}
    marks: dict[int, Cell] = {subject: str(Mark.of(state.offset, of)) for subject, of in recorded.items()}
    return ListEntries(columns, cells, (mark_column(language), marks))


def _cells(work: WorkingState, key: bytes) -> tuple[Cell, ...]:
    """The last note, the day to call again and the person assigned; empty where there is none, or the key does not open the note."""
    note = (opened_note(work.notes[-1], key) or "") if work.notes else ""
    day = "" if work.call_again is None else work.call_again.call_again or ""
    return note, day, "" if work.assigned_to is None else work.assigned_to.assigned_to or ""
