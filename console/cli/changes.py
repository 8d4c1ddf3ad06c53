"""The changes that something submitted has caused, as a verb shows them: change_rows in a table, or each as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from console.cli.session import Session
from console.text.changes import COLUMNS, change_rows
from policies.values import Text

if TYPE_CHECKING:
    from services.lists.changes import WithChanges


def show_changes(session: Session, result: WithChanges) -> None:
    """A result with changes: as JSON, or its changes change_rows in a table."""
    if session.data(result):
        return
    if not result.changes:
        session.say(Text("名单没有变动。", "No list changed."))
        return
    session.table(None, COLUMNS, change_rows(result.changes, result.titles, session.language), right=(5,))
