"""Coverage by a list of households: a criterion about members needs a list that names the household, also in a policy about persons.

The set of members is complete or not for the whole household; a list of persons does not prove that there are no other members.
Source: docs/en/semantics.md section 3, rules 2 and 5.
"""

from __future__ import annotations

from datetime import date

import pytest

from policies.checking.checker import check
from policies.yaml.document import load
from streams.language.messages import CoverageStated, CoverageWithdrawn, PolicyPublished
from tests.streams.town import ELDERLY, RELOCATION, RENTAL, Town
from tests.streams.world import DAY, catalogue, number, policy_text

ZHANGS, LIS, DWELLING = 101, 102, 201
NOBODY_YOUNG = """\
    - id: no_child
      cite: 第三条
      label: {zh: 户内无未成年人, en: no minor in the household}
      quantifier: none
      over: household.members
      where: {id: minor, age_of: hukou.birth_date, op: lt, value: 18}
"""
CHILD = number(date(2016, 10, 15))


def of_the_household() -> PolicyPublished:
    """A policy about persons that reads only the other members of the household."""
    head, _ = policy_text(ELDERLY).split("    - {id: resident30")
    evidence = head.split("evidence:")[1].split("discloses:")[0]
    text = head.replace(evidence, " {hukou: {max_age: P30D}}\n") + NOBODY_YOUNG
    checked = check(load(text, ELDERLY), catalogue())
    assert checked.policy is not None, checked.problems
    return PolicyPublished(ELDERLY, 1, text, checked.policy.digest, "author", "approver")


def by_list(id: str, feed: str, *subjects: int) -> CoverageStated:
    """A coverage statement about a list of subjects of any kind."""
    return CoverageStated(id, feed, 0, None, subjects, DAY)


def two_households(town: Town) -> None:
    """The Zhangs 1 and 2, aged 76, and 3, who lives alone."""
    town.household(ZHANGS)
    town.household(LIS, size=1)
    for subject, household in ((1, ZHANGS), (2, ZHANGS), (3, LIS)):
        town.person(subject, household)


@pytest.fixture
def elders() -> Town:
    """Two households and the policy about their members; there is no coverage yet."""
    town = Town(RENTAL, covered=False)
    town.do(of_the_household())
    two_households(town)
    return town


def test_a_list_of_households_settles_their_members(elders: Town) -> None:
    """A list with a household settles all its members; its withdrawal unsettles them. No other person moves."""
    assert elders.statuses(ELDERLY) == {1: "needs_evidence", 2: "needs_evidence", 3: "needs_evidence"}

    named = elders.do(by_list("h", "hukou", ZHANGS))
    assert named == [(1, "changed", "eligible", "coverage", "h"), (2, "changed", "eligible", "coverage", "h")]

    withdrawn = elders.do(CoverageWithdrawn("h"))
    assert withdrawn == [(1, "changed", "needs_evidence", "coverage", "h"), (2, "changed", "needs_evidence", "coverage", "h")]
    elders.same()


def test_a_list_of_the_persons_settles_nobody(elders: Town) -> None:
    """Complete records of 1, 2 and 3 do not prove that nobody else lives with them."""
    assert elders.do(by_list("p", "hukou", 1, 2, 3)) == []

    assert elders.statuses(ELDERLY) == {1: "needs_evidence", 2: "needs_evidence", 3: "needs_evidence"}
    elders.same()


def test_a_list_of_households_goes_with_the_household(elders: Town) -> None:
    """A person who moves out of the named household is unknown again, one who moves in is settled; a child takes the others off."""
    elders.do(by_list("h", "hukou", ZHANGS))

    moved_out = elders.person(1, LIS, at=1)
    moved_in = elders.person(3, ZHANGS, at=1)
    child = elders.person(4, ZHANGS, birth=CHILD)

    unit = "hukou putuo-psb"
    assert moved_out == [(1, "changed", "needs_evidence", "record", f"{unit} 4")]
    assert moved_in == [(3, "changed", "eligible", "record", f"{unit} 5")]
    assert child == [(2, "left", None, "record", f"{unit} 6"), (3, "left", None, "record", f"{unit} 6")]
    assert elders.do(CoverageWithdrawn("h")) == [], "a child that was found decides without any coverage"
    elders.same()


def test_a_list_names_a_household_before_it_is_placed(elders: Town) -> None:
    """A list does not cover a household without a place; the row of the register settles it later."""
    elders.person(5, 103)
    assert elders.do(by_list("h", "hukou", 103)) == []

    assert elders.household(103) == [(5, "changed", "eligible", "record", "household putuo-psb 3")]
    elders.same()


def test_each_step_of_a_sum_over_members_asks_for_its_own_list() -> None:
    """The set of members needs a list of households, a missing income a list of persons; with both, the sum is known."""
    town = Town(RELOCATION, covered=False)
    two_households(town)
    town.household(ZHANGS, dwelling=DWELLING, at=1)
    town.dwelling(DWELLING)
    town.notice(DWELLING)
    town.income(1, 1000)
    missing = [("low_income", "hukou"), ("low_income", "income"), ("over_cap", "hukou"), ("over_cap", "income")]
    matcher = town.state.matcher

    def missing_now() -> list[tuple[str, str | None]]:
        return next(sorted(candidate.missing) for candidate in matcher.candidates(RELOCATION) if candidate.subject == ZHANGS)

    assert missing_now() == missing
    assert town.do(by_list("i-h", "income", ZHANGS), by_list("m-p", "hukou", 1, 2)) == []
    assert town.do(by_list("i-p", "income", 2)) == [(ZHANGS, "changed", "needs_evidence", "coverage", "i-p")]
    assert missing_now() == [("low_income", "hukou"), ("over_cap", "hukou")]
    assert town.do(by_list("m-h", "hukou", ZHANGS)) == [(ZHANGS, "changed", "to_check", "coverage", "m-h")]
    assert town.do(CoverageWithdrawn("i-p")) == [(ZHANGS, "changed", "needs_evidence", "coverage", "i-p")]
    assert missing_now() == [("low_income", "income"), ("over_cap", "income")]
    town.same()
