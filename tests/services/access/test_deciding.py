"""Decisions over targets: whose they are, where they lie, and that filters of queries say the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.accounts.grants import OF_A_UNIT, Grant, Role, checked_grant, grant_of
from policies.problems.problems import HuiminError
from policies.values import within
from services.access.actions import Action
from services.access.deciding import AccessDenied, Actor, Target, decide, require
from services.access.two_people import ACTIONS, Act, decide_approval
from services.access.visible import visible_divisions, visible_units

DIVISIONS = st.sampled_from(["31", "310000", "310107", "310107000000", "310107020", "310107014", "310106", "310106001", "32", "320102"])
UNITS = st.sampled_from(["a", "b", "c"])


@st.composite
def grants(draw: st.DrawFn) -> Grant:
    role = draw(st.sampled_from(Role))
    division = draw(st.sampled_from(["310107020", "310107014"])) if role is Role.COORDINATOR else draw(DIVISIONS)
    return checked_grant(Grant(role, division, draw(UNITS) if role in OF_A_UNIT else None))


actors = st.lists(grants(), max_size=4).map(lambda some: Actor("somebody", tuple(some)))
targets: Any = st.builds(
    Target, st.none() | UNITS, st.none() | UNITS, st.none() | st.just("") | DIVISIONS, st.none() | DIVISIONS, st.none() | UNITS
)


@given(target=targets, division=DIVISIONS, action=st.sampled_from(Action))
def test_a_clerk_of_one_agency_reaches_no_list_or_person_of_another(target: Target, division: str, action: Action) -> None:
    """Whatever the place. What a clerk may do elsewhere too is to read documents, coverage and their own account."""
    clerk = Actor("wang", (Grant(Role.CLERK, division, "a"),))
    everywhere = {Action.READ_UNITS, Action.READ_FEEDS, Action.READ_COVERAGE, Action.READ_POLICIES, Action.USE_OWN_ACCOUNT}

    if target.agency != "a" and action not in everywhere:
        assert not decide(clerk, action, target).allowed


@given(target=targets, division=DIVISIONS, action=st.sampled_from(Action))
def test_a_steward_of_one_unit_reaches_no_delivery_of_another(target: Target, division: str, action: Action) -> None:
    steward = Actor("li", (Grant(Role.STEWARD, division, "a"),))
    everywhere = {Action.READ_UNITS, Action.READ_FEEDS, Action.READ_POLICIES, Action.USE_OWN_ACCOUNT}

    if target.unit != "a" and action not in everywhere:
        assert not decide(steward, action, target).allowed


@given(actor=actors, target=targets, action=st.sampled_from(Action))
def test_nobody_reaches_a_place_outside_every_division_of_theirs(actor: Actor, target: Target, action: Action) -> None:
    """Against a slow definition from the semantics of divisions (``policies.values.within``)."""
    places = [place for place in (target.division, target.scope) if place]
    if places and all(within(place, grant.division) is False for place in places for grant in actor.grants):
        assert not decide(actor, action, target).allowed


@given(actor=actors, target=targets, action=st.sampled_from(Action))
def test_more_grants_never_take_a_right_away_and_no_grant_is_no_right(actor: Actor, target: Target, action: Action) -> None:
    """What several grants allow, one of them allows."""
    single = [decide(replace(actor, grants=(grant,)), action, target).allowed for grant in actor.grants]

    assert decide(actor, action, target).allowed is any(single)
    assert not decide(Actor("nobody"), action, target).allowed


@given(actor=actors, agency=UNITS, scope=DIVISIONS, place=st.just("") | DIVISIONS, action=st.sampled_from(Action))
def test_the_filter_of_divisions_is_the_decision(actor: Actor, agency: str, scope: str, place: str, action: Action) -> None:
    """A candidate passes the filter of a query if, and only if, the actor may do the action to that candidate."""
    prefixes = visible_divisions(actor, action, agency, scope)
    passes = prefixes is None or place.startswith(prefixes)

    assert passes is decide(actor, action, Target(agency=agency, scope=scope, division=place)).allowed


@given(actor=actors, action=st.sampled_from(Action))
def test_the_filter_of_units_is_the_decision(actor: Actor, action: Action) -> None:
    units = visible_units(actor, action, ["a", "b", "c"])

    assert units == [unit for unit in "abc" if decide(actor, action, Target(unit=unit)).allowed]


@given(actor=actors, target=targets, action=st.sampled_from(Action), scoped=st.frozensets(st.sampled_from(Action)), feed=UNITS)
def test_a_token_may_never_do_more_than_its_account(
    actor: Actor, target: Target, action: Action, scoped: frozenset[Action], feed: str
) -> None:
    """And nothing beyond its own actions and its own feed."""
    token = replace(actor, actions=scoped, feeds=frozenset({feed}))

    if decide(token, action, target).allowed:
        assert decide(actor, action, target).allowed
        assert action in scoped
        assert target.feed == feed


def test_a_district_officer_looks_at_a_policy_of_the_city_and_does_not_publish_it() -> None:
    """A common part is enough to look; a decision concerns the whole."""
    officer = Actor("zhang", (Grant(Role.OFFICER, "310107"),))
    city = Target(agency="x", scope="310000")

    assert decide(officer, Action.READ_POLICIES, city).allowed
    assert not decide(officer, Action.PROPOSE_POLICY, city).allowed
    assert decide(officer, Action.PROPOSE_POLICY, city._replace(scope="310107")).allowed


def test_somebody_placed_nowhere_is_seen_by_those_of_the_whole_scope_alone() -> None:
    """A subject whose street is unknown belongs to no street's coordinator or clerk."""
    nowhere = Target(agency="a", scope="310107", division="")

    assert decide(Actor("w", (Grant(Role.CLERK, "310107", "a"),)), Action.READ_LIST, nowhere).allowed
    assert not decide(Actor("w", (Grant(Role.CLERK, "310107020", "a"),)), Action.READ_LIST, nowhere).allowed
    assert not decide(Actor("w", (Grant(Role.COORDINATOR, "310107020"),)), Action.READ_LIST, nowhere).allowed


def test_a_denial_says_which_action_and_why() -> None:
    """Without a role for it, and with one that does not reach so far."""
    clerk = Actor("wang", (Grant(Role.CLERK, "310107", "a"),))

    with pytest.raises(AccessDenied) as other:
        require(clerk, Action.READ_LIST, Target(agency="b"))
    with pytest.raises(AccessDenied) as no_role:
        require(clerk, Action.WRITE_ACCOUNTS)

    assert (other.value.exit_code, no_role.value.exit_code) == (5, 5)
    assert "not of your agency" in other.value.text.en and "看名单（化名）" in other.value.text.zh
    assert "None of your roles may: add or change accounts" in no_role.value.text.en


@pytest.mark.parametrize("act", Act)
def test_two_different_people_with_both_rights_decide(act: Act) -> None:
    """The proposer may not approve, not even with both roles or under another spelling; each needs their own right."""
    propose, approve = ACTIONS[act]
    first, second = (
        Actor(name, tuple(Grant(role, "310107") for role in Role if role not in OF_A_UNIT | {Role.COORDINATOR} | without))
        for name, without in (("wang", {Role.APPROVER}), ("li", set[Role]()))
    )
    target = Target(scope="310107020")

    assert decide_approval(act, first, second, target).allowed
    assert not decide_approval(act, second, second, target).allowed
    assert not decide_approval(act, second, replace(second, name="Ｌi "), target).allowed
    assert not decide_approval(act, first, Actor("he", (Grant(Role.OFFICER, "310107"),)), target).allowed
    assert not decide_approval(act, Actor("he"), second, target).allowed
    assert not decide_approval(act, first, second, Target(scope="310000")).allowed
    assert propose is not approve


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("boss:310107", "no role 'boss'"), ("clerk:310107", "A clerk needs a unit"), ("officer:310107:x", "belongs to no unit"),
        ("officer", "names a division"), ("officer:31010", "names a division"), ("coordinator:310107", "larger than a street"),
        ("coordinator:310107000", "larger than a street"),
    ],
)  # fmt: skip
def test_a_grant_that_fits_no_role_is_refused(text: str, why: str) -> None:
    with pytest.raises(HuiminError, match=why):
        grant_of(text)


def test_a_grant_is_written_as_it_is_read() -> None:
    for text in ("officer:310107", "clerk:310107:putuo-civil-affairs", "coordinator:310107020"):
        assert str(grant_of(text)) == text
