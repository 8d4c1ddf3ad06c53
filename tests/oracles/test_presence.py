"""Records of unknown presence: quarantined rows that name others, and what is found through them, by both oracles.

Source: docs/en/semantics.md §1.4, §1.7, §6 and §9 (the feeds and units of `missing`).
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.oracles.test_naive import HERE, coverage_of, evaluate_one, occupied_dwelling, policy, truth
from tests.oracles.test_sql import BAD, PERSON
from tests.oracles.test_sql import verdict as sql

# ---- the naive evaluator, with reasons ---------------------------------------------------------------------------


def household(*feeds: str, **members: dict[str, Any]) -> dict[str, Any]:
    """A household h whose members have these feeds; in quarantine where their register record says so."""
    persons = {name: {"hukou": HERE, "household": "h", **feeds} for name, feeds in members.items()}
    home = {"household": {"division": "310107", "size": 2}}
    return {"households": {"h": home}, "persons": persons, "coverage": coverage_of(*feeds)}


BAD_HERE = BAD | {"lives_at": "d", "source": "street"}


@pytest.mark.parametrize(
    ("leaf", "expected"),
    [
        ({"quantifier": "count", "op": "eq", "value": 2}, "U"),
        ({"quantifier": "count", "op": "ge", "value": 1}, "T"),
        ({"quantifier": "count", "op": "le", "value": 2}, "T"),
        ({"quantifier": "all", "where": {"age_of": "birth_date", "op": "ge", "value": 60}}, "U"),
        ({"quantifier": "some", "where": {"field": "income.monthly_income", "op": "eq", "value": 7}}, "U"),
        ({"sum_of": "income.monthly_income", "op": "le", "value": 10}, "T"),
        ({"sum_of": "income.monthly_income", "op": "le", "value": 9}, "U"),
        ({"sum_of": "income.monthly_income", "op": "ge", "value": 3}, "T"),
        ({"sum_of": "income.monthly_income", "op": "lt", "value": 3}, "F"),
    ],
)
def test_a_member_whose_register_record_is_quarantined_may_be_one(leaf: dict[str, Any], expected: str) -> None:
    """The member's other records are sound, but the membership is not known: w = U, and what the member adds may be nothing."""
    facts = household("hukou", "income", a={"income": {"monthly_income": 3}}, b={"hukou": BAD, "income": {"monthly_income": 7}})

    assert truth(leaf | {"over": "members"}, facts, "h", "household") == expected


def test_only_the_register_record_names_a_household_and_only_backwards() -> None:
    """A losing quarantined row names nobody's home; a winning one its own; the person's `household.size` is missing either way."""
    rows: list[dict[str, Any]] = [{**HERE, "order": 1}, {**BAD, "order": 2, "household": "g"}]
    count = {"quantifier": "count", "over": "members", "op": "eq", "value": 0}
    facts = household("hukou", b={"hukou": rows})
    facts["households"]["g"] = facts["households"]["h"]

    assert [truth(count, facts, name, "household") for name in "hg"] == ["T", "U"]
    asked = policy({"id": "x", "field": "household.size", "op": "ge", "value": 1})
    assert evaluate_one(asked, facts, "b").missing == (("x", "hukou", "police"),)
    facts["persons"]["b"]["hukou"] = [rows[0] | {"order": 3}, rows[1]]
    assert [truth(count, facts, name, "household") for name in "hg"] == ["F", "T"]


def test_a_quarantined_row_whose_link_cannot_be_read_names_nobody() -> None:
    """It is not reached, and the set still counts as complete."""
    facts = household("hukou", b={"hukou": BAD | {"household": None}})

    assert truth({"quantifier": "none", "over": "members"}, facts, "h", "household") == "T"


def test_an_occupant_whose_record_is_quarantined_may_be_one() -> None:
    """The record is an element beside the sound ones, at every date; its own unit is asked."""
    facts = occupied_dwelling(coverage_of("occupancy"), p="unrelated")
    facts["persons"]["q"] = {"occupancy": BAD_HERE | {"relation_to_tenant": "kin", "to": "2000-01-01"}}
    kin = {"field": "relation_to_tenant", "op": "eq", "value": "kin"}
    some = {"id": "x", "quantifier": "some", "over": "occupancy", "where": kin}

    assert evaluate_one(policy(some, "dwelling"), facts, "d").missing == (("x", "occupancy", "street"),)
    for count, expected in ((1, "T"), (2, "U"), (3, "F")):
        leaf = {"quantifier": "count", "over": "occupancy", "op": "ge", "value": count}
        assert truth(leaf, facts, "d", "dwelling") == expected
    facts["persons"]["q"]["occupancy"] = [{"key": "k", "lives_at": "d"}, BAD_HERE | {"key": "k", "source": "housing", "lives_at": "e"}]
    assert truth(some, facts, "d", "dwelling") == "F"


def test_a_record_found_through_a_member_of_unknown_presence_is_of_unknown_presence_too() -> None:
    """A sound pension of that member decides nothing; the register is asked, and both where the pension is in quarantine, too."""
    some = {"id": "x", "quantifier": "some", "over": "members.pension", "absence": "closed"}
    facts = household(b={"hukou": BAD, "pension": {"amount": 5}})

    assert evaluate_one(policy(some, "household"), facts, "h").missing == (("x", "hukou", "police"),)
    for op, value, expected in (("le", 5, "T"), ("ge", 5, "U"), ("gt", 5, "F")):
        leaf = {"sum_of": "pension.amount", "over": "members.pension", "absence": "closed", "op": op, "value": value}
        assert truth(leaf, facts, "h", "household") == expected
    facts["persons"]["b"]["pension"] = BAD
    assert evaluate_one(policy(some, "household"), facts, "h").missing == (("x", "hukou", "police"), ("x", "pension", "social"))


def test_who_may_be_a_member_is_unplaced_so_a_set_through_them_is_not_complete() -> None:
    """The pensions are looked up where the member is placed: nowhere. An addend that is missing is asked about as well."""
    facts = household("hukou", "pension", b={"hukou": BAD})
    none = policy({"id": "x", "quantifier": "none", "over": "members.pension"}, "household")

    assert evaluate_one(none, facts, "h").missing == (("x", "pension", "social"),)
    low = policy({"id": "x", "sum_of": "income.monthly_income", "over": "members", "op": "le", "value": 1}, "household")
    assert evaluate_one(low, facts, "h").missing == (("x", "hukou", "police"), ("x", "income", "civil"))


@pytest.mark.parametrize(
    ("records", "verdict", "missing"),
    [
        ([BAD_HERE, {"lives_at": "d"}], "yes", ()),
        ([BAD_HERE, {"lives_at": "e"}], "unknown", (("x", "occupancy", "street"),)),
        ([BAD_HERE, BAD | {"lives_at": "d"}], "unknown", (("x", "occupancy", "housing"), ("x", "occupancy", "street"))),
    ],
)
def test_a_subject_reached_by_a_sound_record_is_reached(records: list[Any], verdict: str, missing: Any) -> None:
    """One sound record is enough, whatever else names the dwelling; several in quarantine leave it unknown, and all are asked."""
    facts = occupied_dwelling(coverage_of("occupancy"))
    facts["persons"] = {"p": {"hukou": HERE, "pension": {}, "occupancy": records}}
    expectation = evaluate_one(policy({"id": "x", "quantifier": "some", "over": "occupancy.pension", "absence": "closed"}, "dwelling"), facts, "d")

    assert (expectation.verdict, expectation.missing) == (verdict, missing)


# ---- SQL, on other feeds -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hukou", "expected"),
    [
        (BAD, "unknown"), ({**BAD, "household": "g"}, "no"), ({**BAD, "household": None}, "no"), ({**BAD, "to": "2000-01-01"}, "unknown"),
        ([{**BAD, "order": 1}, {**PERSON["hukou"], "order": 2}], "yes"), ([{**BAD, "order": 2, "household": "g"}, {**PERSON["hukou"], "order": 1}], "no"),
    ],
)
def test_a_quarantined_register_record_names_a_household_backwards_only(hukou: Any, expected: str) -> None:
    """§1.4, §1.7: the person may be a member of what the winning row names; the link from the person to it is missing."""
    two = {"quantifier": "count", "over": "members", "op": "eq", "value": 2}

    assert sql(two, subject="household", others={"b": {**PERSON, "hukou": hukou}}) == expected
    assert sql({"field": "household.size", "op": "ge", "value": 1}, {"hukou": {**BAD, "household": "h"}}) == "unknown"


@pytest.mark.parametrize(
    ("records", "occupants", "pensions"),
    [
        ([], ["yes", "no", "no"], ["yes", "no", "no"]),
        ([{**BAD, "lives_at": "d"}], ["unknown", "unknown", "no"], ["unknown", "unknown", "no"]),
        ([{**BAD, "lives_at": "e"}], ["yes", "no", "no"], ["yes", "no", "no"]),
        ([{**BAD, "lives_at": "d"}, {"lives_at": "d"}], ["no", "unknown", "unknown"], ["no", "yes", "no"]),
        ([{**BAD, "lives_at": "d"}, {**BAD, "lives_at": "d"}], ["unknown", "unknown", "unknown"], ["unknown", "unknown", "no"]),
        ([{"key": "k", "order": 1, "lives_at": "d"}, {**BAD, "key": "k", "order": 2}], ["yes", "no", "no"], ["yes", "no", "no"]),
    ],
)
def test_a_quarantined_occupant_makes_what_is_found_through_it_unknown(records: list[Any], occupants: list[str], pensions: list[str]) -> None:
    """§6: none, exactly one, exactly two. Records count each; a subject with a sound record is reached with certainty."""
    person = {"occupancy": records, "pension": [{"amount": 5}]}
    for over, expected in (("occupancy", occupants), ("occupancy.pension", pensions)):
        for number, word in enumerate(expected):
            leaf = {"quantifier": "count", "over": over, "op": "eq", "value": number}
            assert sql(leaf, person, subject="dwelling") == word


@pytest.mark.parametrize(("op", "value", "expected"), [("le", 5, "yes"), ("lt", 5, "unknown"), ("ge", 0, "yes"), ("gt", 0, "unknown"), ("gt", 5, "no")])
def test_what_a_member_of_unknown_presence_adds_may_be_nothing(op: str, value: int, expected: str) -> None:
    """§6: found through that member, a sound record or a sound cell adds itself or nothing; coverage is that of the unplaced."""
    person = {"hukou": BAD, "pension": [{"amount": 5}], "income": {"monthly_income": 5}}
    closed = {"sum_of": "amount", "over": "members.pension", "absence": "closed", "op": op, "value": value}

    assert sql(closed, person, subject="household") == expected
    assert sql({"sum_of": "income.monthly_income", "over": "members", "op": op, "value": value}, person, subject="household") == expected
    assert sql({**closed, "absence": "coverage"}, person, subject="household") == ("yes" if (op, value) == ("ge", 0) else "unknown")
