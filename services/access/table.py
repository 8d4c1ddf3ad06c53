"""The table: which role may do which action, on what is its own or on anything; whatever is not here is denied.

``services.access.deciding`` compiles it; ``huimin access table`` and docs print it. One line an action; a role that is not named may not.
Everything lies within the division of a grant: ``ANY`` is any agency and unit there, ``OWN_DIVISION`` only what has a place there.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from connectors.accounts.grants import Role
from policies.values import Text
from services.access.actions import Action


class Scope(StrEnum):
    """What a role reaches with an action."""

    ANY = "any"
    OWN_AGENCY = "own agency"
    OWN_UNIT = "own unit"
    OWN_DIVISION = "own division"
    NONE = "none"


SCOPES: Mapping[Scope, Text] = {
    Scope.ANY: Text("区划内全部", "all in the division"),
    Scope.OWN_AGENCY: Text("本机构的政策", "policies of the own agency"),
    Scope.OWN_UNIT: Text("本单位", "the own unit"),
    Scope.OWN_DIVISION: Text("落在本街镇的", "what is placed in the own street"),
    Scope.NONE: Text("—", "—"),
}
ANY, OWN_AGENCY, OWN_UNIT, OWN_DIVISION = Scope.ANY, Scope.OWN_AGENCY, Scope.OWN_UNIT, Scope.OWN_DIVISION


def _row(**scopes: Scope) -> Mapping[Role, Scope]:
    return {Role(role): scope for role, scope in scopes.items()}


_EVERYBODY = dict.fromkeys(Role, ANY)
_LIST = _row(officer=ANY, approver=ANY, clerk=OWN_AGENCY, auditor=ANY)
_CLERK, _STEWARD = _row(clerk=OWN_AGENCY), _row(steward=OWN_UNIT)
_OFFICER, _APPROVER, _OPERATOR = _row(officer=ANY), _row(approver=ANY), _row(operator=ANY)
_AT_INTAKE = _row(steward=OWN_UNIT, operator=ANY)

TABLE: Mapping[Action, Mapping[Role, Scope]] = {
    Action.READ_UNITS: _EVERYBODY,
    Action.WRITE_UNITS: _OPERATOR,
    Action.READ_FEEDS: _EVERYBODY,
    Action.WRITE_FEEDS: _AT_INTAKE,
    Action.READ_DELIVERIES: _row(officer=ANY, approver=ANY, steward=OWN_UNIT, auditor=ANY, operator=ANY),
    Action.TAKE_IN: _AT_INTAKE,
    Action.TRY_FILE: _AT_INTAKE,
    Action.READ_COVERAGE: {**_EVERYBODY, Role.STEWARD: OWN_UNIT, Role.COORDINATOR: OWN_DIVISION},
    Action.STATE_COVERAGE: _AT_INTAKE,
    Action.READ_QUARANTINE: _row(steward=OWN_UNIT, auditor=ANY, operator=ANY),
    Action.MEND_ROWS: _STEWARD,
    Action.CLOSE_ROWS: _STEWARD,
    Action.READ_REQUESTS: _row(officer=ANY, clerk=OWN_AGENCY, steward=OWN_UNIT, auditor=ANY),
    Action.ANSWER_REQUEST: _STEWARD,
    Action.READ_POLICIES: _EVERYBODY,
    Action.WRITE_DRAFTS: _row(officer=ANY, approver=ANY),
    Action.PREVIEW_POLICY: _row(officer=ANY, approver=ANY),
    Action.PROPOSE_POLICY: _OFFICER,
    Action.APPROVE_POLICY: _APPROVER,
    Action.PROPOSE_WITHDRAWAL: _OFFICER,
    Action.APPROVE_WITHDRAWAL: _APPROVER,
    Action.READ_FORECAST: {**_LIST, Role.ANALYST: ANY, Role.COORDINATOR: OWN_DIVISION},
    Action.COUNT_LIST: {**_LIST, Role.ANALYST: ANY, Role.COORDINATOR: OWN_DIVISION},
    Action.READ_LIST: {**_LIST, Role.COORDINATOR: OWN_DIVISION},
    Action.EXPORT_LIST: _CLERK,
    Action.PRINT_VISITS: _CLERK,
    Action.EXPLAIN: _LIST,
    Action.READ_HISTORY: _CLERK,
    Action.REPORT_OUTCOME: _CLERK,
    Action.RECORD_ANSWER: _CLERK,
    Action.WRITE_FOLLOW_UP: _CLERK,
    Action.READ_EDITIONS: _LIST,
    Action.READ_EVIDENCE: _LIST,
    Action.CUT_EDITION: _row(clerk=OWN_AGENCY, operator=ANY),
    Action.SEND_EDITIONS: _OPERATOR,
    Action.READ_HOLDS: _LIST,
    Action.PROPOSE_HOLD: _row(officer=ANY, clerk=OWN_AGENCY),
    Action.APPROVE_HOLD: _APPROVER,
    Action.SEE_IDENTITY: _CLERK,
    Action.LOOK_UP_IDENTITY: _CLERK,
    Action.READ_MERGES: _row(officer=ANY, approver=ANY, auditor=ANY, operator=ANY),
    Action.PROPOSE_MERGE: _row(officer=ANY, steward=OWN_UNIT),
    Action.APPROVE_MERGE: _APPROVER,
    Action.READ_ERASURES: _row(approver=ANY, auditor=ANY, operator=ANY),
    Action.PROPOSE_ERASURE: _OPERATOR,
    Action.APPROVE_ERASURE: _APPROVER,
    Action.FINISH_ERASURE: _OPERATOR,
    Action.READ_SNAPSHOTS: _row(analyst=ANY, auditor=ANY, operator=ANY),
    Action.MAKE_OPEN_SNAPSHOT: _row(analyst=ANY, operator=ANY),
    Action.PROPOSE_RESEARCH: _row(analyst=ANY),
    Action.APPROVE_RESEARCH: _APPROVER,
    Action.QUERY_RESEARCH: _row(analyst=ANY),
    Action.READ_HEALTH: _row(auditor=ANY, operator=ANY),
    Action.MOVE_DAY: _OPERATOR,
    Action.UPGRADE_WORKSPACE: _OPERATOR,
    Action.READ_NETWORK: _row(auditor=ANY, operator=ANY),
    Action.RUN_NETWORK: _OPERATOR,
    Action.READ_WEBHOOKS: _row(auditor=ANY, operator=ANY),
    Action.WRITE_WEBHOOKS: _OPERATOR,
    Action.READ_ACCOUNTS: _row(auditor=ANY, operator=ANY),
    Action.WRITE_ACCOUNTS: _OPERATOR,
    Action.USE_OWN_ACCOUNT: _EVERYBODY,
    Action.ISSUE_TOKENS: _row(steward=OWN_UNIT, operator=ANY),
    Action.READ_AUDIT: _row(auditor=ANY),
    Action.AUDIT_PERSON: _row(auditor=ANY),
    Action.VERIFY_AUDIT: _row(auditor=ANY, operator=ANY),
}


def scope_of(role: Role, action: Action) -> Scope:
    """The cell of the table: what a role reaches with an action."""
    return TABLE.get(action, {}).get(role, Scope.NONE)
