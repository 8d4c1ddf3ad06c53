"""The SQL oracle, row by row of docs/en/semantics.md, and over random worlds. Each case says what the page says."""

import datetime as dt
from collections import Counter
from random import Random
from typing import Any

import pytest

from tests.oracles import naive
from tests.oracles.sql import verdicts
from tests.oracles.sql_world import SqlWorld
from tests.worlds import CONTRACTS, random_policy, random_world

AS_OF = dt.date(2026, 10, 15)
FRESH = {"feed": [contract["feed"] for contract in CONTRACTS], "division": "31", "complete_to": AS_OF}
MAX_AGE = {contract["feed"]: {"max_age": "P30D"} for contract in CONTRACTS}
LIVED_IN: dict[str, Any] = {"dwelling": {"division": "310107020", "layout": "two_room", "area": "60.00", "rooms": 2}}
HOME: dict[str, Any] = {"household": {"division": "310107020", "size": 2}, "registered_at": "d"}
PERSON: dict[str, Any] = {"hukou": {"division": "310107020", "birth_date": "1956-10-15"}, "household": "h"}


def verdict(criteria: dict[str, Any], person: dict[str, Any] | None = None, as_of: dt.date = AS_OF, **world: Any) -> str | None:
    """The verdict on the subject of a small world: dwelling d, household h in it, person a of h."""
    kind = world.pop("subject", "person")
    policy = {
        "subject": kind, "direction": world.pop("direction", "benefit"), "scope": {"division": world.pop("scope", "310107")},
        "evidence": world.pop("evidence", MAX_AGE), "params": world.pop("params", {}), "definitions": world.pop("definitions", {}), "criteria": criteria,
    }
    facts = {
        "coverage": [FRESH], "dwellings": {"d": LIVED_IN}, "households": {"h": HOME},
        "persons": {"a": {**PERSON, **(person or {})}, **world.pop("others", {})}, **world,
    }
    return verdicts(policy, SqlWorld(CONTRACTS, facts), as_of)[{"person": "a", "household": "h", "dwelling": "d"}[kind]]


def hukou(**cells: Any) -> dict[str, Any]:
    return {"hukou": {**PERSON["hukou"], **cells}}


def test_all_any_none_unless_are_kleene() -> None:
    """§7, with each truth value met by each."""
    leaves = {"yes": {"field": "sex", "op": "eq", "value": "male"}, "no": {"field": "sex", "op": "ne", "value": "male"}, "unknown": {"field": "since", "op": "eq", "value": AS_OF}}
    rank = ["no", "unknown", "yes"]
    for a, left in leaves.items():
        for b, right in leaves.items():
            low, high = sorted((a, b), key=rank.index)
            unless = rank[min(rank.index(a), 2 - rank.index(b))]

            assert verdict({"all": [left, right]}, hukou(sex="男")) == low
            assert verdict({"any": [left, right]}, hukou(sex="男")) == high
            assert verdict({"none": [left, right]}, hukou(sex="男")) == rank[2 - rank.index(high)]
            assert verdict({"rule": left, "unless": right}, hukou(sex="男")) == unless


@pytest.mark.parametrize(
    ("leaf", "cells", "expected"),
    [
        ({"field": "points", "op": "ge", "value": "10"}, {"points": "10.0"}, "yes"),
        ({"field": "points", "op": "gt", "value": "10"}, {"points": "10.0"}, "no"),
        ({"field": "points", "op": "gt", "value": "10"}, {}, "unknown"),
        ({"field": "points", "op": "in", "value": ["9.95", 10]}, {"points": "10.0"}, "yes"),
        ({"field": "hukou.sex", "op": "not_in", "value": ["male"]}, {"sex": "女"}, "yes"),
        ({"field": "division", "op": "within", "value": "310107000000"}, {"division": "310107020000"}, "yes"),
        ({"field": "division", "op": "within", "value": "310107020"}, {"division": "310107"}, "unknown"),
        ({"field": "division", "op": "within", "value": "310107021"}, {}, "no"),
        ({"field": "division", "op": "eq", "value": "310107"}, {"division": "310107000000"}, "yes"),
        ({"age_of": "birth_date", "op": "ge", "value": 70}, {}, "yes"),
        ({"age_of": "birth_date", "op": "ge", "value": 70}, {"birth_date": "1956-10-16"}, "no"),
        ({"age_of": "birth_date", "op": "ge", "value": 70, "as_of": "2026-02-28"}, {"birth_date": "1956-02-29"}, "no"),
        ({"age_of": "birth_date", "op": "ge", "value": 70, "as_of": "2026-03-01"}, {"birth_date": "1956-02-29"}, "yes"),
        ({"age_of": "birth_date", "op": "ge", "value": 72, "as_of": "2028-02-29"}, {"birth_date": "1956-02-29"}, "yes"),
        ({"date_of": "since", "within_last": "P2Y"}, {"since": "2024-10-15"}, "yes"),
        ({"date_of": "since", "within_last": "P2Y"}, {"since": "2024-10-14"}, "no"),
        ({"date_of": "since", "within_last": "P2Y"}, {"since": "2026-10-16"}, "no"),
        ({"date_of": "since", "at_least_ago": "P1M15D"}, {"since": "2026-08-31"}, "yes"),
        ({"date_of": "since", "at_least_ago": "P1M16D"}, {"since": "2026-08-31"}, "no"),
        ({"date_of": "since", "before": "2026-10-15"}, {"since": "2026-10-15"}, "no"),
        ({"date_of": "since", "after": "2026-10-14"}, {"since": "2026-10-15"}, "yes"),
        ({"field": "household.size", "op": "eq", "value": 2}, {}, "yes"),
        ({"field": "household.household.size", "op": "eq", "value": 2}, {}, "yes"),
        ({"field": "household.registered_at.area", "op": "le", "value": 60}, {}, "yes"),
    ],
)
def test_leaves(leaf: dict[str, Any], cells: dict[str, Any], expected: str) -> None:
    """§5 and the names of §4."""
    assert verdict(leaf, hukou(**cells)) == expected


def test_parameters_are_read_at_the_date_and_multiplied_exactly() -> None:
    """§5: dated entries, a third of ten is not 3.33, ranges of a table; no entry and no key are unknown."""
    params = {
        "third": {"values": [{"from": "2026-01-01", "value": 11}, {"from": "2026-10-15", "value": 10}, {"from": "2026-10-16", "value": 1}]},
        "later": {"values": [{"from": "2026-10-16", "value": 1}]},
        "table": {"values": [{"from": "2026-01-01", "table": {1: 5, "2..4": 7, "6..": 9}}]},
    }

    def verdict_of_income(op: str, value: dict[str, Any], size: int = 2) -> str | None:
        leaf = {"field": "monthly_income", "op": op, "value": value}
        household = {"household": {"division": "310107020", "size": size}}
        return verdict(leaf, {"income": {"monthly_income": "3.33"}}, params=params, households={"h": household})

    assert verdict_of_income("lt", {"param": "third", "times": "1/3"}) == "yes"
    assert verdict_of_income("ge", {"param": "third", "times": "0.333"}) == "yes"
    assert verdict_of_income("lt", {"param": "later"}) == "unknown"
    assert [verdict_of_income("lt", {"param": "table", "by": "household.size", "times": "1/2"}, n) for n in (1, 2, 4, 5, 6)] == ["no", "yes", "yes", "unknown", "yes"]


ACTIVE = {"field": "status", "op": "eq", "value": "active"}
FOUND = {"status": "active", "amount": "10"}
OTHER = {"status": "ended", "amount": "-5"}
EMPTY: dict[str, Any] = {"amount": None}
BAD = {"quarantined": True}


@pytest.mark.parametrize(
    ("kind", "records", "covered", "uncovered"),
    [
        ("some", [], "no", "unknown"), ("none", [], "yes", "unknown"), ("all", [], "yes", "unknown"),
        ("some", [FOUND, EMPTY], "yes", "yes"), ("none", [FOUND, BAD], "no", "no"), ("all", [OTHER, EMPTY], "no", "no"),
        ("some", [OTHER], "no", "unknown"), ("none", [OTHER], "yes", "unknown"), ("all", [FOUND], "yes", "unknown"),
        ("some", [OTHER, EMPTY], "unknown", "unknown"), ("none", [BAD], "unknown", "unknown"), ("all", [FOUND, BAD], "unknown", "unknown"),
    ],
)
def test_quantifiers(kind: str, records: list[Any], covered: str, uncovered: str) -> None:
    """§6: a deciding record settles it; absence needs coverage; closed and open replace what is known of it."""
    node = {"quantifier": kind, "over": "insurance", "where": ACTIVE}
    person = {"insurance": records}

    assert verdict(node, person) == covered
    assert verdict(node, person, coverage=[]) == uncovered
    assert verdict({**node, "absence": "closed"}, person, coverage=[]) == covered
    assert verdict({**node, "absence": "open"}, person) == uncovered


@pytest.mark.parametrize(
    ("op", "value", "records", "covered", "uncovered"),
    [
        ("ge", 1, [FOUND], "yes", "yes"), ("le", 1, [FOUND], "yes", "unknown"), ("le", 0, [FOUND], "no", "no"), ("eq", 1, [FOUND], "yes", "unknown"),
        ("eq", 2, [FOUND, BAD], "unknown", "unknown"), ("eq", 0, [FOUND, BAD], "no", "no"), ("ne", 3, [FOUND, EMPTY], "yes", "unknown"),
        ("eq", "1.5", [FOUND, EMPTY], "no", "no"), ("lt", 3, [EMPTY, BAD], "yes", "unknown"),
    ],
)
def test_count(op: str, value: Any, records: list[Any], covered: str, uncovered: str) -> None:
    """§6: settled where every integer from lo to hi, or none, compares."""
    node = {"quantifier": "count", "over": "insurance", "where": ACTIVE, "op": op, "value": value}

    assert verdict(node, {"insurance": records}) == covered
    assert verdict(node, {"insurance": records}, coverage=[]) == uncovered


@pytest.mark.parametrize(
    ("node", "person", "expected"),
    [
        ({"sum_of": "pension.amount", "over": "pension", "op": "ge", "value": 10}, {"pension": [{"amount": "10.00"}, {}]}, "yes"),
        ({"sum_of": "pension.amount", "over": "pension", "op": "le", "value": 10}, {"pension": [{"amount": "10.00"}, {}]}, "unknown"),
        ({"sum_of": "amount", "over": "pension", "op": "lt", "value": 10}, {"pension": [{"amount": "10.00"}, BAD]}, "no"),
        ({"sum_of": "amount", "over": "insurance", "op": "ge", "value": 10}, {"insurance": [FOUND, BAD]}, "unknown"),
        ({"sum_of": "amount", "over": "insurance", "op": "ge", "value": 10, "where": ACTIVE}, {"insurance": [FOUND, OTHER]}, "yes"),
        ({"sum_of": "amount", "over": "insurance", "op": "ge", "value": -5, "where": ACTIVE}, {"insurance": [{"amount": "-5"}]}, "yes"),
        ({"sum_of": "amount", "over": "insurance", "op": "gt", "value": -5, "where": ACTIVE}, {"insurance": [{"amount": "-5"}]}, "unknown"),
        ({"sum_of": "debts", "over": "assets", "op": "ge", "value": -9}, {"assets": {"total": "1"}}, "unknown"),
        ({"sum_of": "income.monthly_income", "over": "household.members", "op": "eq", "value": 0}, {}, "yes"),
        ({"sum_of": "income.monthly_income", "over": "household.members", "op": "le", "value": "1.5", "per": "household.size"}, {"income": {"monthly_income": 3}}, "yes"),
        ({"sum_of": "income.monthly_income", "over": "household.members", "op": "le", "value": "1.5", "per": "dependants"}, {"income": {"monthly_income": 3}}, "unknown"),
        ({"sum_of": "pension.amount", "over": "household.members.pension", "op": "lt", "value": "12.01"}, {"pension": [{"amount": 5}, {"amount": 7}]}, "yes"),
    ],
)
def test_sum(node: dict[str, Any], person: dict[str, Any], expected: str) -> None:
    """§6: intervals of reals, hulls with zero, declared bounds, the divisor multiplied out."""
    assert verdict(node, person) == expected


def test_without_coverage_a_sum_has_no_upper_end_and_a_lower_one_only_from_a_least_addend() -> None:
    """§6, last lines."""
    pension = {"sum_of": "amount", "over": "pension", "op": "ge", "value": 10}
    insurance = {"sum_of": "amount", "over": "insurance", "op": "ge", "value": 10}

    assert verdict(pension, {"pension": [{"amount": 10}]}, coverage=[]) == "yes"
    assert verdict(insurance, {"insurance": [{"amount": 10}]}, coverage=[]) == "unknown"
    assert verdict(pension, {"pension": [{"amount": 9}]}, coverage=[]) == "unknown"


NONE = {"quantifier": "none", "over": "insurance"}


@pytest.mark.parametrize(
    ("statements", "division", "expected"),
    [
        ([{"division": "310107", "complete_to": "2026-09-15"}], "310107020", "yes"),
        ([{"division": "310107", "complete_to": "2026-09-14"}], "310107020", "unknown"),
        ([{"division": "310107", "complete_to": AS_OF, "unit": "putuo-insurance"}], "310107020", "unknown"),
        ([{"division": "310107", "complete_to": AS_OF, "unit": "putuo-insurance"}], "310107021", "yes"),
        ([{"division": "310107020", "complete_to": AS_OF}], "310107", "unknown"),
        ([{"division": "31", "complete_to": AS_OF}], "310107", "unknown"),
        ([{"subjects": ["a"], "complete_to": AS_OF}], "310107020", "yes"),
        ([{"subjects": ["b"], "complete_to": AS_OF}], "310107020", "unknown"),
        ([{"subjects": ["a"], "complete_to": AS_OF}], None, "unknown"),
        ([{"division": "31", "complete_to": AS_OF}], "310110", None),
    ],
)
def test_coverage(statements: list[dict[str, Any]], division: str | None, expected: str | None) -> None:
    """§3: each responsible source, statements inside its division, age, lists; an unplaced subject is never covered."""
    coverage = [{"feed": "insurance", **statement} for statement in statements]

    assert verdict(NONE, hukou(division=division), coverage=coverage) == expected


def test_no_record_needs_coverage_and_an_empty_cell_stays_missing() -> None:
    """§3.6"""
    leaf = {"field": "monthly_income", "op": "eq", "value": 0}

    assert verdict(leaf) == "yes"
    assert verdict(leaf, coverage=[]) == "unknown"
    assert verdict(leaf, {"income": {"checked": AS_OF}}) == "unknown"
    assert verdict(leaf, {"income": BAD}) == "unknown"


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([{"key": "k", "order": 2, "status": "ended"}, {"key": "k", "order": 1, "status": "active"}], "no"),
        ([{"key": "k", "order": 2, "deleted": True}, {"key": "k", "order": 1, "status": "active"}], "no"),
        ([{"key": "k", "order": 2, "status": "active"}, {"key": "k", "order": 1, "deleted": True}], "yes"),
        ([{"key": "k", "order": 1, "delivery": 2, "status": "active"}, {"key": "k", "order": 1, "status": "ended"}], "yes"),
        ([{"key": "k", "source": "yichuan-street", "status": "active"}, {"key": "k", "status": "ended"}], "yes"),
        ([{"status": "active", "from": "2026-10-16"}], "no"),
        ([{"status": "active", "from": "2026-10-15", "to": "2026-10-15"}], "yes"),
        ([{"status": "active", "to": "2026-10-14"}], "no"),
        ([{"quarantined": True, "to": "2026-10-14"}], "unknown"),
    ],
)
def test_the_winning_version_counts(records: list[dict[str, Any]], expected: str) -> None:
    """§1.1, §1.3, §1.4"""
    assert verdict({"quantifier": "some", "over": "insurance", "where": ACTIVE}, {"insurance": records}) == expected


def test_a_full_replacement_withdraws_older_records_of_its_source() -> None:
    """§1.2"""
    some = {"quantifier": "some", "over": "insurance"}
    replace = [{"feed": "insurance", "unit": "putuo-insurance", "delivery": 2}]

    assert verdict(some, {"insurance": [FOUND]}, replace=replace) == "no"
    assert verdict(some, {"insurance": [{**FOUND, "delivery": 2}]}, replace=replace) == "yes"
    assert verdict(some, {"insurance": [{**FOUND, "source": "yichuan-street"}]}, replace=replace) == "yes"


def test_of_several_records_the_greatest_is_the_record() -> None:
    """§1.5: by version, then the later source, then the greater key; a quarantined row competes."""
    leaf = {"field": "debts", "op": "eq", "value": 2}

    assert verdict(leaf, {"assets": [{"order": 2, "debts": 2}, {"order": 1, "debts": 1}]}) == "yes"
    assert verdict(leaf, {"assets": [{"row": 1, "debts": 2, "source": "city-civil"}, {"row": 1, "debts": 1}]}) == "yes"
    assert verdict(leaf, {"assets": [{"row": 1, "debts": 2, "key": "b"}, {"row": 1, "debts": 1, "key": "a"}]}) == "yes"
    assert verdict(leaf, {"assets": [{"order": 2, "quarantined": True}, {"order": 1, "debts": 2}]}) == "unknown"


def test_links_that_are_empty_or_dangle() -> None:
    """§4: through an empty link a set is unknown even if closed; a dangling one is followed but not covered."""
    none = {"quantifier": "none", "over": "household.grants"}
    grant = {"x": {"grants": [{"amount": 1}]}}

    assert verdict(none) == "yes"
    assert verdict({**none, "absence": "closed"}, {"household": None}) == "unknown"
    assert verdict(none, {"household": "x"}) == "unknown"
    assert verdict({**none, "absence": "closed"}, {"household": "x"}) == "yes"
    assert verdict(none, {"household": "x"}, households=grant) == "no"
    assert verdict({"field": "household.size", "op": "eq", "value": 2}, {"household": "x"}) == "unknown"


def test_members_are_registered_and_occupancy_is_records() -> None:
    """§1.6, §1.7: a record of a stranger counts, a member must be registered; one in quarantine may be one."""
    two = {"quantifier": "count", "over": "members", "op": "eq", "value": 2}
    lodger = {"quantifier": "count", "over": "occupancy", "op": "eq", "value": 1, "where": {"field": "occupancy.relation", "op": "eq", "value": "kin"}}
    stranger = {"b": {"household": "h", "occupancy": [{"lives_at": "d", "relation": "亲属"}]}}

    assert verdict(two, subject="household", others={"b": PERSON}) == "yes"
    assert verdict(two, subject="household", others=stranger) == "no"
    assert verdict(two, subject="household", others={"b": {**PERSON, "hukou": BAD}}) == "unknown"
    assert verdict(lodger, subject="dwelling", others=stranger) == "yes"


def test_the_records_own_field_hides_the_subjects() -> None:
    """§4: `since` inside `where` is the occupancy's; `hukou.since` the person's."""
    person = {"hukou": {**PERSON["hukou"], "since": "2001-01-01"}, "occupancy": [{"since": "2002-02-02"}]}

    for name, day in (("since", "2002-02-02"), ("occupancy.since", "2002-02-02"), ("hukou.since", "2001-01-01")):
        assert verdict({"quantifier": "some", "over": "occupancy", "where": {"field": name, "op": "eq", "value": day}}, person) == "yes"


def test_an_unanswered_check_keeps_on_a_benefits_list_and_off_a_burdens() -> None:
    """§8, under even and odd negation, beside `use` too; an answer is an answer."""
    check = {"id": "willing", "check": {"zh": "愿意", "en": "willing"}}
    definitions = {"willing": {"check": {"zh": "愿意", "en": "willing"}}}

    for node in (check, {"none": [check]}, {"none": [{"none": [check]}]}, {"none": [{"use": "willing"}]}):
        assert verdict(node, definitions=definitions) == "yes"
        assert verdict(node, direction="burden", definitions=definitions) == "no"
    assert verdict(check, answers={"a": {"willing": "no"}}) == "no"
    assert verdict({"use": "willing"}, definitions=definitions, answers={"a": {"willing": "no"}}) == "no"


@pytest.mark.parametrize(("division", "expected"), [("310107020", "yes"), ("310107", "yes"), ("31", "yes"), ("310110", None), (None, "yes")])
def test_scope(division: str | None, expected: str | None) -> None:
    """§9: surely outside, no verdict; unplaced or coarser than the scope, a verdict. Not registered, none."""
    leaf = {"field": "dependants", "op": "eq", "value": 1}

    assert verdict(leaf, hukou(division=division, dependants=1)) == expected
    assert verdict(leaf, {"hukou": []}) is None


def test_random_worlds_are_read_as_the_evaluator_reads_them_and_share_out_their_verdicts() -> None:
    """Two hundred policies; each of yes, no and unknown has at least a seventh of the verdicts."""
    counts: Counter[str | None] = Counter()
    for seed in range(50):
        rng = Random(seed)
        facts, as_of = random_world(rng)
        world, by_hand = SqlWorld(CONTRACTS, facts), naive.World(CONTRACTS, facts)
        for _ in range(4):
            policy = random_policy(rng)
            by_sql = verdicts(policy, world, as_of)
            assert by_sql == {name: expectation.verdict for name, expectation in naive.evaluate(policy, by_hand, as_of).items()}, seed
            counts.update(by_sql.values())

    total = sum(count for verdict, count in counts.items() if verdict)
    shares = {name: round(counts[name] / total, 3) for name in ("yes", "no", "unknown")}
    print(shares)
    assert min(shares.values()) > 1 / 7
