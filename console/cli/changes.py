"""The changes of lists that a verb has caused: counted in a table, or each one as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from console.cli.session import Session
from console.text.changes import COLUMNS, change_rows
from policies.values import Text

if TYPE_CHECKING:
    from services.lists.changes import WithChanges


def no_changes() -> Text:
    """The sentence where no change is shown: none happened, or none on a list that whoever runs the verb may read."""
    from connectors.accounts.grants import Role
    from services.access.run import current_run

    run = current_run()
    if run is None or run.actor.is_owner or run.actor.roles & {Role.OFFICER, Role.APPROVER, Role.AUDITOR}:
        return Text("名单没有变动。", "No list changed.")
    return Text("您可以看的名单没有变动。", "No list that you may read has changed.")


def show_changes(session: Session, result: WithChanges) -> None:
    """Print a result with changes: as JSON, or its changes counted in a table."""
    if session.print_json(result):
        return
    if not result.changes:
        session.say(no_changes())
        return
    session.table(None, COLUMNS, change_rows(result.changes, result.titles, session.language), right=(5,))
