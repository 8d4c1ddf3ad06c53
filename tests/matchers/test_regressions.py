"""Faults that the property tests found, each in its smallest form."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from matchers import worlds
from matchers.core import Matcher
from matchers.reading.explain import verdict
from policies.language.tree import Policy
from policies.values import Kind
from tests.matchers.network import WorldData, catalogue, computed_list, rows_of, valid_policy, world_of

DAY = dt.date(2026, 10, 15)


def policy(criteria: dict[str, Any], name: str = "one", subject: str = "household", **evidence: str) -> Policy:
    """A benefit of these criteria alone."""
    accepted = valid_policy({
        "format": 1, "policy": name, "version": 1, "direction": "benefit", "subject": subject, "scope": {"division": "310107"},
        "title": {"zh": "政策", "en": "A policy"}, "source": {"document": "示例", "issuer": "示例", "published": dt.date(2025, 1, 1)},
        "agency": "putuo-civil", "purpose": "assistance", "effective": {"from": dt.date(2026, 1, 1), "to": None},
        "evidence": {feed: {"max_age": age} for feed, age in evidence.items()}, "criteria": criteria,
    })  # fmt: skip
    assert accepted is not None
    return accepted


def deliver(matcher: Matcher, world_data: WorldData) -> dict[str, str | None]:
    """Applies a world's rows; the last changed status of each policy."""
    out: dict[str, str | None] = {}
    for batch in worlds.batches(catalogue(), world_of(rows_of(world_data))):
        out |= {change.policy: change.after for change in matcher.apply(batch)}
    return out


HOUSE: WorldData = {"households": {"h0": {"household": {"division": "310107020", "size": 1}}}}
MEMBER: WorldData = {"persons": {"p0": {"hukou": {"division": "310107020", "dependants": 2}, "household": "h0"}}}


def test_the_first_member_of_the_first_household_is_felt() -> None:
    """A new record that links to the subject with number 0 reaches that subject."""
    matcher = Matcher(catalogue(), DAY)
    deliver(matcher, HOUSE)
    some = policy({"id": "c", "quantifier": "some", "over": "members"}, hukou="P30D")
    matcher.publish(some)

    statuses = deliver(matcher, MEMBER)

    assert statuses == {"one": "eligible"}
    assert [status for status, _, _ in computed_list(matcher, some, DAY).values()] == ["eligible"]


def house(name: str, size: int, delivery: int) -> WorldData:
    return {"households": {name: {"household": {"division": "310107020", "size": size, "delivery": delivery}}}}


@pytest.mark.parametrize("others", range(5))
def test_a_policy_published_between_two_batches_hides_nobody(others: int) -> None:
    """A subject that an earlier batch reached under other policies is reached again, however many batches about other subjects lie
    between: the marks of reached subjects outlive the policies."""
    matcher = Matcher(catalogue(), DAY)
    matcher.publish(policy({"id": "c", "field": "size", "op": "ge", "value": 1}))
    for delivery in (1, 2, 3):
        deliver(matcher, house("h0", delivery, delivery))
    matcher.publish(policy({"id": "c", "field": "size", "op": "ge", "value": 4}, "large"))
    for delivery in range(1, others + 1):
        deliver(matcher, house("h1", delivery % 3 + 1, delivery))

    statuses = deliver(matcher, house("h0", 4, 4))

    assert statuses == {"large": "eligible"}


def test_behind_an_empty_link_nothing_is_asked_even_with_absence_open() -> None:
    """The reason is the feed of the empty link, also with `absence: open`; the feed of a step that starts from nobody is no reason."""
    world_data: WorldData = {"households": {"h0": {"household": {"division": "310107020"}}}}
    matcher = worlds.load(catalogue(), world_data, DAY)
    none = policy({"id": "c", "quantifier": "none", "over": "registered_at.relocation", "absence": "open"}, relocation="P30D")
    matcher.publish(none)

    missing = [pairs for _, _, pairs in computed_list(matcher, none, DAY).values()]

    assert missing == [(("c", "household"),)]
    assert verdict(matcher, none, worlds.token(Kind.HOUSEHOLD, "h0"), DAY).missing == (("c", "household", "city-psb"),)


def test_every_policy_that_follows_a_link_feels_it_change() -> None:
    """Two policies share a link: both are evaluated when a record of the feed that defines the link comes."""
    matcher = Matcher(catalogue(), DAY)
    deliver(matcher, MEMBER)
    deliver(matcher, {"dwellings": {"d0": {"dwelling": {"division": "310107020"}, "relocation": {"line": "L15"}}}})
    over = "household.registered_at.relocation"
    for name in ("first", "second"):
        node = {"id": "c", "quantifier": "some", "over": over, "where": {"id": "w", "field": "line", "op": "ne", "value": name}}
        matcher.publish(policy(node, name, "person", relocation="P30D"))

    statuses = deliver(matcher, {"households": {"h0": {"household": {"division": "310107020"}, "registered_at": "d0"}}})

    assert statuses == {"first": "eligible", "second": "eligible"}


def test_every_policy_that_rests_on_coverage_feels_a_placement_change() -> None:
    """Two policies rest on the same coverage of a linked subject: both are evaluated when that subject is placed."""
    house = {"household": {"division": "310107020"}, "registered_at": "d0"}
    world_data: WorldData = {"households": {"h0": house}, "coverage": [{"feed": "relocation", "division": "31", "complete_to": DAY}]}
    matcher = worlds.load(catalogue(), world_data, DAY)
    for name in ("first", "second"):
        node = {
            "id": "c",
            "quantifier": "none",
            "over": "registered_at.relocation",
            "where": {"id": "w", "field": "line", "op": "ne", "value": name},
        }
        matcher.publish(policy(node, name, relocation="P30D"))

    statuses = deliver(matcher, {"dwellings": {"d0": {"dwelling": {"division": "310107020"}}}})

    assert statuses == {"first": "eligible", "second": "eligible"}
