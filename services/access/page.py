"""The table of roles as values to print: a row an action, a cell a role.

``huimin access table`` and docs/en/roles.md, docs/zh/roles.md show it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.accounts.grants import Role
from services.access.actions import GROUPS, TITLES, Action
from services.access.table import scope_of
from services.results import Sentence


@dataclass(frozen=True, slots=True)
class TableRow:
    """An action, and what each role reaches with it.

    Args:
        action: its code, as in tokens and in the record of access.
        group: with what it belongs together.
        roles: by role: any, own agency, own unit, own division, or none.
    """

    action: str
    group: Sentence
    title: Sentence
    roles: Mapping[str, str]


def table_rows() -> list[TableRow]:
    """Every row of the table, by group."""
    return [TableRow(action, group, TITLES[action], _cells(action)) for group, actions in GROUPS.items() for action in actions]


def _cells(action: Action) -> dict[str, str]:
    return {str(role): str(scope_of(role, action)) for role in Role}
