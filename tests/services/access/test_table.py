"""The table of roles against expectations that were written from the work of each role."""

from __future__ import annotations

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from connectors.accounts.grants import OF_A_UNIT, TITLES, Grant, Role
from services.access import actions
from services.access.actions import GROUPS, OVERLAPPING, Action
from services.access.deciding import Actor, Target, decide, owner
from services.access.table import SCOPES, Scope, scope_of

EXPECTED = YAML(typ="safe").load(Path(__file__).with_name("expected.yaml"))
OWN = {Role.CLERK: Scope.OWN_AGENCY, Role.STEWARD: Scope.OWN_UNIT, Role.COORDINATOR: Scope.OWN_DIVISION}
CELLS = [(role, action) for role in Role for action in Action]
DISTRICT, STREET, ELSEWHERE = "310107", "310107020", "310106"


def expected_scope(role: Role, action: Action) -> Scope:
    """The cell that the file of expectations has."""
    words = EXPECTED[role]
    if action in words.get("own", ()):
        return OWN[role]
    return Scope.ANY if action in words["any"] else Scope.NONE


def actor(role: Role) -> Actor:
    """Somebody with one role in one district, of one agency or unit, or street."""
    return Actor("a", (Grant(role, STREET if role is Role.COORDINATOR else DISTRICT, "mine" if role in OF_A_UNIT else None),))


@pytest.mark.parametrize(("role", "action"), CELLS, ids=[f"{role}-{action}" for role, action in CELLS])
def test_a_cell_is_as_expected(role: Role, action: Action) -> None:
    """The cell itself; and what is decided about targets of one's own, of somebody else, elsewhere, and without any owner."""
    scope = expected_scope(role, action)
    mine = Target(agency="mine", unit="mine", division=STREET, scope=DISTRICT)

    assert scope_of(role, action) is scope
    assert decide(actor(role), action, mine).allowed is (scope is not Scope.NONE)
    assert decide(actor(role), action, mine._replace(agency="other")).allowed is (scope not in (Scope.NONE, Scope.OWN_AGENCY))
    assert decide(actor(role), action, mine._replace(unit="other")).allowed is (scope not in (Scope.NONE, Scope.OWN_UNIT))
    assert not decide(actor(role), action, mine._replace(division=f"{ELSEWHERE}001", scope=ELSEWHERE)).allowed
    assert decide(actor(role), action).allowed is (scope is Scope.ANY)


def test_every_role_and_action_of_the_expectations_is_there() -> None:
    """And none stands twice for a role."""
    assert EXPECTED.keys() == set(Role)
    for role, words in EXPECTED.items():
        named = [*words["any"], *words.get("own", ())]
        assert len(named) == len(set(named)), role
        assert set(named) <= set(Action), role


def test_identity_is_seen_by_clerks_of_the_agency_alone() -> None:
    """Nobody else has a right to identity, and a clerk none to that of another agency's policy."""
    for action in (Action.SEE_IDENTITY, Action.LOOK_UP_IDENTITY, Action.EXPORT_LIST, Action.PRINT_VISITS, Action.READ_HISTORY):
        assert [role for role in Role if scope_of(role, action) is not Scope.NONE] == [Role.CLERK]
        assert scope_of(Role.CLERK, action) is Scope.OWN_AGENCY


def test_nobody_has_both_halves_of_an_act_of_two_people_by_one_role() -> None:
    """A role that may propose may not approve the same thing."""
    from services.access.two_people import ACTIONS

    for propose, approve in ACTIONS.values():
        assert [role for role in Role if Scope.NONE not in (scope_of(role, propose), scope_of(role, approve))] == []


def test_an_auditor_changes_nothing() -> None:
    """Every action of an auditor reads, verifies, or concerns their own account."""
    reading = {"read", "count", "explain", "evidence", "verify", "person", "own"}
    assert {action.rpartition(".")[2] for action in Action if scope_of(Role.AUDITOR, action) is not Scope.NONE} <= reading


def test_every_action_has_a_title_and_a_group_and_a_row() -> None:
    """In both languages, once; every role and scope has a title, too."""
    from services.access.table import TABLE

    grouped = [action for group in GROUPS.values() for action in group]
    assert sorted(grouped) == sorted(Action) == sorted(actions.TITLES) == sorted(TABLE)
    assert TITLES.keys() == set(Role)
    assert SCOPES.keys() == set(Scope)
    for titles in (actions.TITLES, TITLES):
        assert len({title.zh for title in titles.values()}) == len({title.en for title in titles.values()}) == len(titles)


def test_only_what_reads_or_concerns_single_subjects_reaches_a_common_part() -> None:
    """A decision about a whole policy needs its whole scope."""
    deciding = {action for action in Action if action.endswith((".propose", ".approve", ".cut", ".send"))}
    assert not deciding & OVERLAPPING


def test_whoever_owns_a_workspace_without_accounts_may_do_everything() -> None:
    """As it was before there were accounts."""
    assert all(decide(owner("root"), action, Target(agency="x", division="")).allowed for action in Action)
