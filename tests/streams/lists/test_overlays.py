"""Suppressions and holds, one case a test. Source: docs/en/semantics.md, sections 17 and 18.

The tests use the town of ``tests.streams.town`` with bounds so narrow that one exit is too many. Each also runs on the pipeline.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pytest

from matchers.kernel.batch import RecordBatch
from policies.checking.checker import check
from policies.yaml.document import load
from services.state.as_of import materialized_list
from streams.language.messages import (
    CatalogueSet,
    CoverageStated,
    DeliveryStarted,
    IdentityMerged,
    IdentitySplit,
    OutcomeReported,
    PolicyPublished,
    Tick,
)
from streams.testing import rows
from tests.streams.town import BORN, ELDERLY, RELOCATION, RENTAL, SINCE, Line, Town
from tests.streams.world import DAY, catalogue, network, number, policy_text, publication

OUT = Line(1, "left", None, "outcome", "declined")
BACK = Line(1, "entered", "eligible", "evidence", "declined")


def contracts(swaps: Mapping[str, tuple[str, str]]) -> CatalogueSet:
    """The network with pieces of its contracts replaced."""
    texts = dict(network().contracts)
    for feed, (old, new) in swaps.items():
        assert old in texts[feed]
        texts[feed] = texts[feed].replace(old, new)
    return CatalogueSet(network().units, texts)


SUSPENDED = contracts({"pension": ("until: 2027-12-31", f"until: {DAY - timedelta(1)}")})


def list_content(town: Town, policy: str) -> dict[int, tuple[Any, ...]]:
    return {candidate.subject: (candidate.status, candidate.checklist) for candidate in materialized_list(town.state, policy)}


def insurance(delivery: int, row: int, person: int) -> RecordBatch:
    """A batch of a delivery with one active insurance."""
    return rows(catalogue(), "medical_insurance", delivery, row, [person], key=[100 + person], status=[0], scheme=[0])


# -- outcomes ----------------------------------------------------------------------------------------------------------


def elder() -> Town:
    """One person on the list."""
    town = Town(ELDERLY)
    town.person(1)
    assert list_content(town, ELDERLY) == {1: ("eligible", ())}
    return town


def declined_outcome() -> OutcomeReported:
    return OutcomeReported(ELDERLY, 1, "declined", DAY, "the agency")


def test_evidence_from_before_and_after_a_suspension_is_compared() -> None:
    """The same version reads the person again: evidence that has changed meanwhile ends the suppression."""
    town = elder()
    assert town.do(declined_outcome()) == [OUT]
    town.do(SUSPENDED)
    town.person(1, birth=BORN - 30)

    assert town.do(network()) == [BACK]
    town.same()


def test_suspension_alone_brings_nobody_back() -> None:
    town = elder()
    town.do(declined_outcome())

    assert town.do(SUSPENDED, network()) == []
    assert town.person(1, birth=BORN - 30) == [BACK]
    town.same()


@pytest.mark.parametrize("restart", [False, True])
def test_outcome_reported_during_a_suspension_suppresses_after_it(restart: bool) -> None:
    """Later evidence is compared with the first evidence after the suspension, also in another process."""
    town = elder()
    town.do(SUSPENDED, declined_outcome())
    if restart:
        town.restart()

    assert town.do(network()) == []
    assert town.person(1, birth=BORN - 30) == [BACK]
    town.same()


@pytest.mark.parametrize("restart", [False, True])
def test_version_published_while_the_person_has_no_verdict_is_no_evidence(restart: bool) -> None:
    """Later evidence is compared with the evidence of the first verdict under that version."""
    town = elder()
    town.do(declined_outcome(), publication(ELDERLY, 2, ("value: 70", "value: 90")))
    town.do(IdentityMerged("person", 1, 2, "the same", "author", "approver"))
    town.do(publication(ELDERLY, 3, ("value: 70", "value: 65")))
    if restart:
        town.restart()

    assert [line.subject for line in town.do(IdentitySplit("person", 1, 1, (), "two", "author", "approver"))] == [2]
    assert town.person(1, birth=BORN - 30) == [BACK]
    town.same()


# -- holds -------------------------------------------------------------------------------------------------------------


def test_held_candidate_keeps_the_checklist() -> None:
    """This holds also where the record that causes the exit changes a disclosed value."""
    town = Town(ELDERLY)
    town.do(publication(RELOCATION, bounds="{at_least: 1, moves: 0}"))
    town.dwelling(201)
    town.notice(201)
    town.household(101, 201, size=4)
    town.person(1, 101)
    town.income(1, 6000)
    assert list_content(town, RELOCATION) == {101: ("to_check", ("willing",))}

    assert town.household(101, 201, size=1) == []

    assert [hold.kind for hold in town.state.book.holds.values()] == ["record"]
    assert list_content(town, RELOCATION) == {101: ("to_check", ("willing",))}
    town.same()


def test_nothing_is_held_once_the_rule_says_so_also_where_an_amendment_has_turned_the_policy() -> None:
    """A benefit becomes a burden while an exit is held back; then the person is listed again."""
    town = Town(ELDERLY)
    town.do(publication(ELDERLY, 2, bounds="{at_least: 1, moves: 0}"))
    town.person(1)
    assert town.person(1, birth=BORN + 9000) == []
    assert {overlay.hold is not None for overlay in town.state.book.overlays_of(ELDERLY).values()} == {True}

    town.do(publication(ELDERLY, 3, ("direction: benefit", "direction: burden"), bounds="{at_least: 1, moves: 0}"))

    assert town.person(1) == []
    assert not town.state.book.overlays_of(ELDERLY)
    town.same()


def test_hold_of_an_amendment_is_about_the_version_that_causes_the_exit() -> None:
    """It is not about the version that listed the person, which the line would name."""
    town = Town(RELOCATION)
    town.do(publication(ELDERLY))
    town.person(1)

    assert town.do(publication(ELDERLY, 2, ("value: 70", "value: 90"), bounds="{at_least: 1, amendment: 0}")) == []

    assert [(hold.kind, hold.about) for hold in town.state.book.holds.values()] == [("amendment", f"{ELDERLY}@2")]
    town.same()


def test_delivery_is_counted_as_a_whole_whatever_comes_between() -> None:
    """Batches of another delivery in between do not restart the count of a delivery."""
    town = Town(RELOCATION)
    town.do(publication(ELDERLY, bounds="{at_least: 2, moves: 0}"))
    for person in range(1, 7):
        town.person(person)
    town.do(*(DeliveryStarted("medical_insurance", 0, delivery, f"m{delivery}") for delivery in (1, 2)))

    first = town.do(insurance(1, 1, 1), insurance(2, 1, 2))
    second = town.do(insurance(1, 2, 3))

    assert [line.change for line in first] == ["left", "left"]
    assert second == []
    assert town.state.book.overlays_of(ELDERLY).keys() == {3}
    town.same()


def placed_only() -> PolicyPublished:
    """A policy that reads no field of the register, though the register places its subjects; its share of moves is one half."""
    head, leaves = policy_text(ELDERLY).split("  all:\n")
    text = head + "  all:\n" + "".join(line for line in leaves.splitlines(True) if "hukou." not in line)
    text = text.replace("discloses: [hukou.name, hukou.birth_date, hukou.division]", "discloses: []")
    text = text.replace("\ncriteria:", "\nbounds: {at_least: 1, moves: 0.5}\ncriteria:")
    policy = check(load(text, ELDERLY), catalogue()).policy
    assert policy is not None
    assert "hukou" not in policy.feeds
    return PolicyPublished(ELDERLY, 1, text, policy.digest, "author", "approver")


def test_share_is_the_policys_also_for_a_feed_that_it_does_not_read() -> None:
    """A person who moves away by a row of the register leaves by a delivery of the register."""
    town = Town(RELOCATION)
    town.do(placed_only())
    town.person(1)
    town.person(2)

    assert town.person(1, place=2) == [Line(1, "left", None, "record", "hukou putuo-psb 3")]
    assert town.row("hukou", 2, birth_date=BORN, hukou_since=SINCE, division=2, household=0) == []
    town.same()


def test_share_of_a_change_of_coverage_is_that_of_its_feed() -> None:
    """It is not that of another feed which the policy reads."""
    town = Town(ELDERLY, covered=False)
    bounds = "delivery: {{bounds: {{moves: {}}}}}\nfields:"
    town.do(contracts({"dwelling": ("fields:", bounds.format(1)), "occupancy": ("fields:", bounds.format(0))}))
    town.do(publication(RENTAL, swap=("op: gt", "op: le"), bounds="{at_least: 1}"))
    for dwelling in (201, 202):
        town.dwelling(dwelling, place=1)
    covered = [CoverageStated(f"c{dwelling}", "occupancy", 0, None, (dwelling,), DAY) for dwelling in (201, 202)]
    assert [line.change for line in town.do(covered[0])] == ["entered"], "of an empty list there is no share"

    assert town.do(covered[1]) == []

    assert list_content(town, RENTAL) == {201: ("eligible", ())}
    town.same()


def test_bounds_of_a_contract_count_from_when_it_says_so() -> None:
    """A new contract suffices; no new publication of the policy is needed."""
    town = Town(RELOCATION)
    town.do(publication(ELDERLY, bounds="{at_least: 1}"))
    for person in (1, 2):
        town.person(person)
    wide = contracts({"medical_insurance": ("expected_every: P1D,", "expected_every: P1D, bounds: {moves: 1},")})

    assert town.insurance(1, 11) == []
    town.do(wide)
    assert [line.change for line in town.insurance(2, 12)] == ["left"]
    town.same()


@pytest.mark.parametrize("ticks", [(3,), (1, 2, 3)], ids=str)
def test_share_is_of_the_list_on_its_day(ticks: tuple[int, ...]) -> None:
    """This holds also where one tick passes several days: subjects that left on an earlier day do not count."""
    town = Town(RELOCATION)
    town.do(publication(ELDERLY, bounds="{at_least: 1}"))
    for person in range(1, 11):
        town.person(person, birth=BORN if person < 10 else number(date(1955, 1, 1)))
    for person in range(1, 6):
        assert town.insurance(person, 10 + person, valid_from=number(DAY) + 1) == []
    later = DAY + timedelta(3)
    town.do(publication(ELDERLY, 2, ("value: 70", "value: 75"), later, "{at_least: 1, amendment: 0.15}"))

    lines = town.do(*(Tick(DAY + timedelta(days)) for days in ticks))

    assert [line.subject for line in lines if line.change == "left"] == [1, 2, 3, 4, 5]
    assert town.state.book.overlays_of(ELDERLY).keys() == {10}
    town.same()
