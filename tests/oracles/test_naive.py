"""The naive evaluator against docs/en/semantics.md, one behaviour a test.

The contracts below are a small network of their own; the two policies and their cases retell the project's examples.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.oracles.naive import Expectation, World, evaluate, leaves, load_yaml, until
from tests.oracles.naive_values import age, division, integers_settle, later, period, read_yaml, within

CONTRACTS: list[dict[str, Any]] = read_yaml("""
feeds:
- feed: hukou
  sources: [{unit: police, division: "310107"}]
  subject: person
  registers: person
  cardinality: one
  key: id_number
  order: changed_at
  links: {household: {column: household_no, scheme: opaque, space: police/household}}
  division: division
  fields:
    birth_date: {type: date}
    sex: {type: enum, values: {male: 男, female: 女}}
    hukou_since: {type: date}
    division: {type: division}
- feed: household
  sources: [{unit: police, division: "310107"}]
  subject: household
  registers: household
  cardinality: one
  key: household_no
  order: changed_at
  links: {registered_at: {column: property_no, scheme: opaque, space: housing/dwelling}}
  division: division
  fields: {division: {type: division}, size: {type: int, min: 1, max: 99}}
- feed: dwelling
  sources: [{unit: housing, division: "310107"}]
  subject: dwelling
  registers: dwelling
  cardinality: one
  key: property_no
  order: changed_at
  division: division
  fields:
    division: {type: division}
    layout: {type: enum, values: {one_room: 一室, two_room: 二室}}
    area: {type: decimal, scale: 2, min: 0, max: 9999}
- feed: income
  sources: [{unit: civil, division: "310107"}]
  subject: person
  cardinality: one
  key: id_number
  order: changed_at
  fields: {monthly_income: {type: decimal, scale: 2, min: 0, max: 9999999.99, no_record: 0}}
- feed: pension
  sources: [{unit: social, division: "310107"}]
  subject: person
  cardinality: many
  key: pension_no
  order: delivery
  fields: {amount: {type: decimal, scale: 2, min: 0, max: 999999.99}}
- feed: medical_insurance
  sources: [{unit: medical, division: "310107"}]
  subject: person
  cardinality: many
  key: enrolment_no
  order: changed_at
  fields:
    status: {type: enum, values: {active: 正常, ended: 终止}}
    scheme: {type: enum, values: {employee: 职工, resident: 居民}}
- feed: relocation
  sources: [{unit: housing, division: "310107"}]
  subject: dwelling
  cardinality: many
  key: notice_no
  order: changed_at
  fields: {line: {type: text}, notice_date: {type: date}}
- feed: occupancy
  sources: [{unit: housing, division: "310107"}, {unit: street, division: "310107020"}]
  subject: person
  cardinality: many
  key: registration_no
  order: changed_at
  links: {lives_at: {column: property_no, scheme: opaque, space: housing/dwelling}}
  fields: {relation_to_tenant: {type: enum, values: {self: 本人, kin: 亲属, unrelated: 非亲属}}}
""")["feeds"]

ELDERLY = read_yaml("""
policy: elderly-uninsured
direction: benefit
subject: person
scope: {division: "310107"}
effective: {from: 2026-10-01, to: null}
evidence: {medical_insurance: {max_age: P7D}, pension: {max_age: P35D}}
criteria:
  id: eligible
  all:
    - {id: age70, age_of: hukou.birth_date, op: ge, value: 70}
    - {id: resident30, date_of: hukou.hukou_since, at_least_ago: P30Y}
    - {id: local, field: hukou.division, op: within, value: "310107"}
    - {id: uninsured, quantifier: none, over: medical_insurance,
       where: {id: active, field: status, op: eq, value: active}}
    - {id: no_pension, quantifier: none, over: pension}
""")

RELOCATION = read_yaml("""
policy: relocation-hardship
direction: benefit
subject: household
scope: {division: "310107"}
effective: {from: 2026-10-01, to: null}
evidence: {relocation: {max_age: P30D}, hukou: {max_age: P30D}, income: {max_age: P60D}}
params:
  dibao: {values: [{from: 2025-07-01, value: 1595}, {from: 2026-07-01, value: 1650}]}
  income_cap: {values: [{from: 2026-01-01, table: {1: 4000, 2: 7000, 3: 9000, 4: 11000, 5..: 13000}}]}
definitions:
  low_income: {sum_of: income.monthly_income, over: members, per: household.size, op: lt,
               value: {param: dibao, times: "1.5"}}
criteria:
  rule:
    id: main
    all:
      - id: notice
        quantifier: some
        over: registered_at.relocation
        where:
          all:
            - {id: line15, field: line, op: eq, value: L15}
            - {id: recent, date_of: notice_date, within_last: P24M}
      - {id: low_income, use: low_income}
      - {id: willing, check: {zh: 愿意搬迁}}
  unless: {id: over_cap, sum_of: income.monthly_income, over: members, op: gt,
           value: {param: income_cap, by: household.size}}
""")

TODAY = date(2026, 10, 15)
HERE = {"birth_date": "1950-01-01", "division": "310107020"}


def policy(criteria: Mapping[str, Any], subject: str = "person", **more: Any) -> dict[str, Any]:
    """A benefit of the district with P30D of evidence for every feed; `more` replaces parts."""
    base = {
        "direction": "benefit",
        "subject": subject,
        "scope": {"division": "310107"},
        "effective": {"from": date(2026, 1, 1), "to": None},
        "evidence": {c["feed"]: {"max_age": "P30D"} for c in CONTRACTS},
        "criteria": criteria,
    }
    return base | more


def coverage_of(*feeds: str, to: str = "2026-10-14") -> list[dict[str, Any]]:
    """A coverage list: these feeds for the whole district."""
    return [{"feed": list(feeds), "division": "310107", "complete_to": to}]


def person(**feeds: Any) -> dict[str, Any]:
    """The world of one registered person `a`; coverage may be given beside the feeds."""
    coverage = feeds.pop("coverage", [])
    return {"persons": {"a": {"hukou": HERE, **feeds}}, "coverage": coverage}


def evaluate_one(asked: Mapping[str, Any], facts: Mapping[str, Any], name: str = "a", as_of: date = TODAY) -> Expectation:
    """What is expected of one subject."""
    return evaluate(asked, World(CONTRACTS, facts), as_of)[name]


def truth(leaf: Mapping[str, Any], facts: Mapping[str, Any], name: str = "a", subject: str = "person") -> str:
    """The truth of a policy's only leaf today."""
    world = World(CONTRACTS, facts)
    return leaves(policy({**leaf, "id": "leaf"}, subject), world, TODAY, name)["leaf"]


# ---- the examples ------------------------------------------------------------------------------------------------


def test_a_correction_replaces_and_a_deletion_removes_in_any_order() -> None:
    """The greatest version of a key counts; covered by a list of people looked up, the absence is then a fact."""
    rows = [
        {"key": "m1", "order": date(2026, 9, 2), "status": "ended", "from": date(2020, 1, 1)},
        {"key": "m1", "order": date(2026, 9, 1), "status": "active", "from": date(2020, 1, 1)},
        {"key": "m2", "order": date(2026, 9, 3), "deleted": True},
        {"key": "m2", "order": date(2026, 8, 1), "status": "active", "from": "1990-01-01", "to": "2026-12-31"},
    ]
    lookup = {"feed": "medical_insurance", "unit": "medical", "subjects": ["a"], "complete_to": date(2026, 10, 14)}
    coverage = [*coverage_of("hukou", "pension", to="2026-10-10"), lookup]
    for order in (rows, rows[::-1]):
        facts = person(medical_insurance=order, coverage=coverage)
        facts["persons"]["a"]["hukou"] = HERE | {"hukou_since": date(1960, 1, 1)}

        assert evaluate_one(ELDERLY, facts) == Expectation("yes", "eligible", (), (), ())
        assert until(ELDERLY, World(CONTRACTS, facts), TODAY, "a") == date(2026, 10, 22)


def test_nobody_has_said_anything_about_insurance() -> None:
    """Without coverage an absence is unknown, and names the unit that has not spoken."""
    facts = person(coverage=coverage_of("hukou", "pension", to="2026-10-10"))
    facts["persons"]["a"]["hukou"] = HERE | {"hukou_since": date(1960, 1, 1)}

    expectation = evaluate_one(ELDERLY, facts)

    assert expectation == Expectation("unknown", "needs_evidence", (), (), (("uninsured", "medical_insurance", "medical"),))
    assert until(ELDERLY, World(CONTRACTS, facts), TODAY, "a") == date(2026, 11, 15)


def relocation_world() -> dict[str, Any]:
    """A household of two under a relocation notice; one earns, of the other nothing is recorded."""
    return {
        "coverage": coverage_of("hukou", "household", "relocation", "income"),
        "dwellings": {"d1": {"relocation": [{"key": "n1", "line": "L15", "notice_date": date(2026, 3, 1)}]}},
        "households": {"h1": {"household": {"size": 2, "division": "310107020"}, "registered_at": "d1"}},
        "persons": {
            "a": {"hukou": HERE, "household": "h1", "income": {"monthly_income": "4950.00"}},
            "b": {"hukou": HERE, "household": "h1"},
        },
    }


def test_income_of_exactly_the_bound_is_not_below_it() -> None:
    """4950.00 for two is 1.5 times 1650 a head, and 不满 does not include the bound."""
    world = World(CONTRACTS, relocation_world())

    expectation = evaluate(RELOCATION, world, TODAY)["h1"]

    assert expectation == Expectation("no", None, (), ("low_income",), ())
    assert until(RELOCATION, world, TODAY, "h1") == date(2026, 11, 14)


def test_a_cent_less_is_a_yes_to_check() -> None:
    """Decimals are exact; the unanswered check stands on the list as a checklist."""
    facts = relocation_world()
    facts["persons"]["a"]["income"] = {"monthly_income": Decimal("4949.99")}

    assert evaluate_one(RELOCATION, facts, "h1") == Expectation("yes", "to_check", ("willing",), (), ())
    assert evaluate_one(RELOCATION, facts | {"answers": {"h1": {"willing": "yes"}}}, "h1").status == "eligible"
    refused = evaluate_one(RELOCATION, facts | {"answers": {"h1": {"willing": False}}}, "h1")
    assert refused == Expectation("no", None, (), ("willing",), ())


# ---- the world ---------------------------------------------------------------------------------------------------


def test_version_by_delivery_ignores_order() -> None:
    """Where the contract says `order: delivery` the version is (delivery, row)."""
    rows = [{"key": "p", "delivery": 2, "amount": 1}, {"key": "p", "delivery": 1, "order": 9, "amount": 5}]
    leaf = {"quantifier": "some", "over": "pension", "where": {"field": "amount", "op": "eq", "value": 1}}

    assert truth(leaf, person(pension=rows)) == "T"


def test_full_replacement_withdraws_older_deliveries_of_its_source() -> None:
    """Replacement 3 withdraws what won with delivery 2 and leaves what won with delivery 3."""
    rows = [{"key": "x", "delivery": 2}, {"key": "y", "delivery": 3}, {"key": "z", "delivery": 1, "source": "other"}]
    facts = person(pension=rows, coverage=coverage_of("pension"))
    facts["replace"] = [{"feed": "pension", "unit": "social", "delivery": 3}]

    assert truth({"quantifier": "count", "over": "pension", "op": "eq", "value": 2}, facts) == "T"


@pytest.mark.parametrize(("to", "expected"), [("2026-10-15", "T"), ("2026-10-14", "F"), (None, "T")])
def test_validity_includes_both_days(to: str | None, expected: str) -> None:
    """A record is there on its last day, not on the day after; an empty end is open."""
    facts = person(pension=[{"from": "2026-10-15" if to == "2026-10-15" else None, "to": to}])
    facts["coverage"] = coverage_of("pension")

    assert truth({"quantifier": "some", "over": "pension"}, facts) == expected


def test_of_several_records_of_a_cardinality_one_feed_the_greatest_version_in_force_counts() -> None:
    """The later record is not yet valid, so the earlier one is *the* record."""
    rows = [{"order": 1, "monthly_income": "10"}, {"order": 2, "monthly_income": "20", "from": "2026-11-01"}]
    leaf = {"field": "monthly_income", "op": "eq", "value": 10}

    assert truth(leaf, person(income=rows)) == "T"


def test_a_quarantined_row_has_no_values_and_asks_its_own_source() -> None:
    """It wins by its version, whatever its dates; every field of it is missing."""
    rows = [{"key": "k", "monthly_income": "10"}, {"key": "k", "quarantined": True, "to": "2000-01-01"}]
    facts = person(income=rows, coverage=coverage_of("income"))

    expectation = evaluate_one(policy({"id": "poor", "field": "monthly_income", "op": "lt", "value": 99}), facts)

    assert expectation.verdict == "unknown"
    assert expectation.missing == (("poor", "income", "civil"),)


def test_no_record_reads_as_declared_only_under_coverage() -> None:
    """An empty cell stays missing; no record at all is 0 once the unit has spoken."""
    leaf = {"field": "income.monthly_income", "op": "eq", "value": 0}

    assert truth(leaf, person(coverage=coverage_of("income"))) == "T"
    assert truth(leaf, person()) == "U"
    assert truth(leaf, person(income={"monthly_income": None}, coverage=coverage_of("income"))) == "U"


# ---- divisions, scope, coverage ----------------------------------------------------------------------------------


def test_only_whole_trailing_zero_groups_are_dropped() -> None:
    """310000 is the city; 310110 stays a district."""
    assert [division(code) for code in ("310000000000", "310000", "310110", "310107020000")] == [
        "31", "31", "310110", "310107020",
    ]  # fmt: skip


def test_within_is_unknown_of_a_coarser_code() -> None:
    """The city may or may not be in the district; another district is not."""
    assert [within(code, "310107") for code in ("310107020", "310107", "31", "310106")] == ["T", "T", "U", "F"]


@pytest.mark.parametrize(
    ("place", "verdict", "status"),
    [("310107020", "yes", "eligible"), ("310106", None, None), ("310000", "yes", None), (None, "yes", None)],
)
def test_scope(place: str | None, verdict: str | None, status: str | None) -> None:
    """Surely outside: no verdict. Unplaced or coarser: a verdict, never listed."""
    facts = {"persons": {"a": {"hukou": {"birth_date": "1950-01-01", "division": place}}}}

    expectation = evaluate_one(policy({"age_of": "birth_date", "op": "ge", "value": 60}), facts)

    assert (expectation.verdict, expectation.status) == (verdict, status)


def test_not_registered_is_no_verdict() -> None:
    """Someone known only from an answer or a record of another feed is named, without a verdict."""
    facts = {"persons": {"b": {"pension": {}}}, "answers": {"c": {"x": "yes"}}}

    expectations = evaluate(policy({"quantifier": "some", "over": "pension"}), World(CONTRACTS, facts), TODAY)

    assert {name: e.verdict for name, e in expectations.items()} == {"b": None, "c": None}


def occupied_dwelling(coverage: list[dict[str, Any]], **unrelated: str) -> dict[str, Any]:
    """A two-room dwelling d and its occupants, whom the person register does not hold."""
    records = {
        name: {"occupancy": {"lives_at": "d", "relation_to_tenant": relation, "source": "street"}}
        for name, relation in unrelated.items()
    }
    home = {"dwelling": {"division": "310107020", "layout": "二室", "area": "50.00"}}
    return {"dwellings": {"d": home}, "persons": records, "coverage": coverage}


def test_every_responsible_source_must_have_spoken() -> None:
    """The street alone does not cover its dwelling; the missing unit is the housing bureau."""
    asked = policy({"id": "empty", "quantifier": "none", "over": "occupancy"}, "dwelling")
    street = {"feed": "occupancy", "unit": "street", "division": "310107020", "complete_to": "2026-10-14"}
    housing = street | {"unit": "housing"}

    assert evaluate_one(asked, occupied_dwelling([street]), "d").missing == (("empty", "occupancy", "housing"),)
    assert evaluate_one(asked, occupied_dwelling([street, housing]), "d").verdict == "yes"


def test_a_statement_counts_only_inside_its_sources_division() -> None:
    """The street may speak for its own street and not for the one beside it, where it is not responsible either."""
    asked = policy({"id": "empty", "quantifier": "none", "over": "occupancy"}, "dwelling")
    facts = occupied_dwelling([{"feed": "occupancy", "unit": "street", "division": "310107", "complete_to": "2026-10-14"}])
    facts["dwellings"]["d"]["dwelling"]["division"] = "310107015"

    assert evaluate_one(asked, facts, "d").missing == (("empty", "occupancy", "housing"),)


def test_coverage_ends_after_its_greatest_age() -> None:
    """as_of = complete_to + max_age still counts; months clamp to the month's end."""
    leaf = policy({"id": "x", "quantifier": "none", "over": "pension"}, evidence={"pension": {"max_age": "P1M"}})
    world = World(CONTRACTS, person(coverage=coverage_of("pension", to="2026-01-31")))

    assert evaluate(leaf, world, date(2026, 2, 28))["a"].verdict == "yes"
    assert evaluate(leaf, world, date(2026, 3, 1))["a"].verdict == "unknown"


def test_absence_closed_and_open() -> None:
    """Closed: as if covered. Open: as if never. Found records decide in both."""
    leaf = {"quantifier": "none", "over": "pension"}

    assert truth(leaf | {"absence": "closed"}, person()) == "T"
    assert truth(leaf | {"absence": "open"}, person(coverage=coverage_of("pension"))) == "U"
    assert truth(leaf | {"absence": "open"}, person(pension={})) == "F"


def test_the_unplaced_are_never_covered() -> None:
    """Also not by a list that names them; the first source of the contract is to be asked."""
    lookup = {"feed": "pension", "subjects": ["a"], "complete_to": "2026-10-14"}
    facts = {"persons": {"a": {"hukou": {"quarantined": True, "division": "310107"}}}, "coverage": [lookup]}

    expectation = evaluate_one(policy({"id": "x", "quantifier": "none", "over": "pension"}), facts)

    assert expectation == Expectation("unknown", None, (), (), (("x", "pension", "social"),))


# ---- leaves ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "years"), [("2026-02-28", 25), ("2026-03-01", 26), ("2028-02-28", 27), ("2028-02-29", 28)]
)
def test_born_on_the_29th_of_february(at: str, years: int) -> None:
    """The birthday is 29 February in leap years, 1 March in others."""
    assert age(date(2000, 2, 29), date.fromisoformat(at)) == years


def test_periods_add_months_clamped_and_then_days() -> None:
    """31 January and a month is 28 February; days come after."""
    assert later(date(2026, 1, 31), period("P1M")) == date(2026, 2, 28)
    assert later(date(2026, 1, 31), period("P1M1D")) == date(2026, 3, 1)
    assert later(date(2024, 2, 29), period("P1Y")) == date(2025, 2, 28)


@pytest.mark.parametrize(
    ("since", "expected"),
    [("2026-10-16", "F"), ("2026-10-15", "T"), ("2024-10-15", "T"), ("2024-10-14", "F"), (None, "U")],
)
def test_within_last(since: str | None, expected: str) -> None:
    """d ≤ as_of ≤ d + P."""
    facts = {"persons": {"a": {"hukou": HERE | {"hukou_since": since}}}}

    assert truth({"date_of": "hukou_since", "within_last": "P24M"}, facts) == expected


def test_before_and_after_are_strict_and_at_least_ago_is_not() -> None:
    """A date is neither before nor after itself."""
    facts = person()

    assert truth({"date_of": "birth_date", "before": date(1950, 1, 1)}, facts) == "F"
    assert truth({"date_of": "birth_date", "after": "1950-01-01"}, facts) == "F"
    assert truth({"date_of": "birth_date", "after": "1949-12-31"}, facts) == "T"
    assert truth({"age_of": "birth_date", "op": "ge", "value": 70, "as_of": "2020-01-01"}, facts) == "T"
    assert truth({"age_of": "birth_date", "op": "ge", "value": 70, "as_of": "2019-12-31"}, facts) == "F"


def test_enum_cells_hold_the_code_or_the_label() -> None:
    """女 is female."""
    facts = {"persons": {"a": {"hukou": HERE | {"sex": "女"}}}}

    assert truth({"field": "sex", "op": "eq", "value": "female"}, facts) == "T"
    assert truth({"field": "sex", "op": "not_in", "value": ["male"]}, facts) == "T"
    assert truth({"field": "sex", "op": "ne", "value": "male"}, person()) == "U"


def test_a_parameter_is_read_at_the_date_and_may_have_no_value() -> None:
    """Before its first entry a parameter is unknown: the criterion alone is missing."""
    params = {"bound": {"values": [{"from": date(2026, 1, 1), "value": 70}, {"from": "2026-10-15", "value": 80}]}}
    asked = policy({"id": "x", "age_of": "birth_date", "op": "ge", "value": {"param": "bound"}}, params=params)
    world = World(CONTRACTS, person())

    assert [evaluate(asked, world, date(2026, 10, d))["a"].verdict for d in (14, 15)] == ["yes", "no"]
    assert evaluate(asked, world, date(2025, 12, 31))["a"].missing == (("x", None, None),)
    assert until(asked, world, date(2026, 10, 1), "a") == date(2026, 10, 15)


@pytest.mark.parametrize(("size", "value"), [(1, "T"), (2, "F"), (4, "F"), (5, "T"), (9, "T"), (None, "U"), (0, "U")])
def test_table_keys_and_ranges(size: int | None, value: str) -> None:
    """1 is itself, 2..4 a closed range, 5.. open above; missing or not in the table is unknown."""
    params = {"t": {"values": [{"from": "2026-01-01", "table": {1: 10, "2..4": 20, "5..": 10}}]}}
    leaf = {"id": "x", "quantifier": "count", "over": "members", "absence": "closed", "op": "eq"}
    asked = policy(leaf | {"value": {"param": "t", "by": "size", "times": "1/10"}}, "household", params=params)
    facts = {
        "households": {"h": {"household": {"size": size, "division": "310107"}}},
        "persons": {"a": {"hukou": HERE, "household": "h"}},
    }

    assert leaves(asked, World(CONTRACTS, facts), TODAY, "h")["x"] == value


# ---- links and paths ---------------------------------------------------------------------------------------------


def test_a_link_is_followed_and_an_empty_one_is_asked_of_its_own_feed() -> None:
    """`household.size` of a person; without a household the register is to be asked."""
    asked = policy({"id": "x", "field": "household.registered_at.area", "op": "ge", "value": "50"})
    facts = {
        "dwellings": {"d": {"dwelling": {"area": "50.00"}}},
        "households": {"h": {"household": {"size": 3}, "registered_at": "d"}, "g": {"household": {"size": 3}}},
        "persons": {
            "a": {"hukou": HERE, "household": "h"},
            "b": {"hukou": HERE, "household": "g"},
            "c": {"hukou": HERE},
            "e": {"hukou": HERE, "household": "nobody"},
        },
    }

    expectations = evaluate(asked, World(CONTRACTS, facts), TODAY)

    assert expectations["a"].verdict == "yes"
    assert expectations["b"].missing == (("x", "household", "police"),)
    assert expectations["c"].missing == (("x", "hukou", "police"),)
    assert expectations["e"].missing == (("x", "household", "police"),)
    for path in ("household.size", "household.household.size"):
        assert truth({"field": path, "op": "eq", "value": 3}, facts) == "T"


def test_a_set_through_an_empty_link_is_unknown() -> None:
    """No elements found, and not covered, even though everything is covered."""
    asked = policy({"id": "x", "quantifier": "none", "over": "registered_at.relocation"}, "household")
    facts = {"households": {"h": {"household": {"division": "310107"}}}, "coverage": coverage_of("relocation")}

    assert evaluate_one(asked, facts, "h").missing == (("x", "household", "police"),)


def test_members_pensions_need_the_register_and_every_members_coverage() -> None:
    """A composed path is complete when each step from each subject is covered."""
    asked = policy({"id": "x", "quantifier": "none", "over": "members.pension"}, "household")
    facts: dict[str, Any] = {
        "households": {"h": {"household": {"division": "310107"}}},
        "persons": {"a": {"hukou": HERE, "household": "h"}, "b": {"hukou": {}, "household": "h"}},
        "coverage": coverage_of("hukou", "pension"),
    }

    assert evaluate_one(asked, facts, "h").missing == (("x", "pension", "social"),)
    facts["persons"]["b"]["hukou"] = HERE
    assert evaluate_one(asked, facts, "h").verdict == "yes"
    facts["coverage"] = coverage_of("pension")
    assert evaluate_one(asked, facts, "h").missing == (("x", "hukou", "police"),)


# ---- quantifiers -------------------------------------------------------------------------------------------------

ACTIVE = {"id": "active", "field": "status", "op": "eq", "value": "active"}


@pytest.mark.parametrize(
    ("statuses", "is_covered", "some", "none", "every"),
    [
        (["active", "ended"], True, "T", "F", "F"),
        (["active", "ended"], False, "T", "F", "F"),
        (["active", None], True, "T", "F", "U"),
        (["ended", None], True, "U", "U", "F"),
        (["active"], False, "T", "F", "U"),
        (["ended"], False, "U", "U", "F"),
        ([], True, "F", "T", "T"),
        ([], False, "U", "U", "U"),
    ],
)
def test_some_none_all(statuses: list[str | None], is_covered: bool, some: str, none: str, every: str) -> None:
    """A deciding record settles it; else a doubtful record or absent coverage leaves it unknown."""
    facts = person(medical_insurance=[{"status": s} for s in statuses])
    facts["coverage"] = coverage_of("medical_insurance") if is_covered else []

    leaf = {"over": "medical_insurance", "where": ACTIVE}

    assert [truth(leaf | {"quantifier": q}, facts) for q in ("some", "none", "all")] == [some, none, every]


def test_a_quarantined_record_decides_nothing() -> None:
    """Its presence is unknown, even without `where`."""
    facts = person(pension={"quarantined": True}, coverage=coverage_of("pension"))

    assert [truth({"quantifier": q, "over": "pension"}, facts) for q in ("some", "none")] == ["U", "U"]
    expectation = evaluate_one(policy({"id": "x", "quantifier": "none", "over": "pension"}), facts)
    assert expectation.missing == (("x", "pension", "social"),)


def test_count_is_settled_by_its_bounds() -> None:
    """lo counts the sure, hi the doubtful too; without coverage there is no hi."""
    params = {"most": {"values": [{"from": "2026-01-01", "table": {"one_room": 1, "two_room": 2}}]}}
    leaf: dict[str, Any] = {"id": "x", "quantifier": "count", "over": "occupancy"}
    leaf |= {"where": {"field": "relation_to_tenant", "op": "eq", "value": "unrelated"}, "op": "gt"}
    asked = policy(leaf | {"value": {"param": "most", "by": "dwelling.layout"}}, "dwelling", params=params)
    sure = {"p": "unrelated", "q": "unrelated"}

    def verdict(coverage: list[dict[str, Any]], **more: str) -> str | None:
        return evaluate_one(asked, occupied_dwelling(coverage, **sure, **more), "d").verdict

    assert verdict(coverage_of("occupancy")) == "no"
    assert verdict([]) == "unknown"
    assert verdict(coverage_of("occupancy"), r="") == "unknown"
    assert verdict([], r="unrelated") == "yes"


def test_count_over_integers_knows_what_cannot_be_counted() -> None:
    """2.5 is no count; 1..2 lies wholly in a list of both."""
    assert integers_settle(0, float("inf"), "eq", Decimal("2.5")) == "F"
    assert integers_settle(1, 2, "in", (1, 2)) == "T"
    assert integers_settle(3, float("inf"), "gt", 2) == "T"
    assert integers_settle(3, float("inf"), "lt", 9) == "U"


def sum_world(size: Any = 2, coverage: list[dict[str, Any]] | None = None, **incomes: Any) -> dict[str, Any]:
    """A household h and its members with these incomes (None: an empty cell)."""
    members = {
        name: {"hukou": HERE, "household": "h", "income": {"monthly_income": amount}}
        for name, amount in incomes.items()
    }
    home = {"household": {"size": size, "division": "310107"}}
    return {"households": {"h": home}, "persons": members, "coverage": coverage or []}


SUM = {"id": "x", "sum_of": "income.monthly_income", "over": "members"}


def test_a_sum_is_an_interval() -> None:
    """A missing addend lies within the field's bounds; without coverage there is no upper end, but the lower stays."""
    for op, b, coverage, expected in (
        ("ge", None, coverage_of("hukou"), "T"),
        ("lt", None, coverage_of("hukou"), "F"),
        ("gt", None, coverage_of("hukou"), "U"),
        ("le", "0", coverage_of("hukou"), "T"),
        ("le", "0", [], "U"),
        ("ge", "0", [], "T"),
        ("ne", "1", [], "T"),
    ):
        facts = sum_world(None, coverage, a="100", b=b)

        assert truth(SUM | {"op": op, "value": 100}, facts, "h", "household") == expected, (op, b)


def test_sum_per_a_divisor() -> None:
    """The bound is multiplied, so nothing is rounded; a divisor missing or below one is unknown."""
    for size, expected in ((3, "T"), (2, "F"), (0, "U"), (None, "U")):
        facts = sum_world(size, coverage_of("hukou"), a="100.00")
        leaf = SUM | {"per": "household.size", "op": "lt", "value": Decimal("33.34")}

        assert truth(leaf, facts, "h", "household") == expected
    asked = policy(SUM | {"per": "size", "op": "lt", "value": 1}, "household")
    assert evaluate_one(asked, sum_world(None, coverage_of("hukou"), a="1"), "h").missing == (("x", "household", "police"),)


def test_an_addend_whose_where_is_unknown_may_also_add_nothing() -> None:
    """Its interval is the hull of 0 and itself; where w is F it adds nothing and is not asked about."""
    where = {"field": "sex", "op": "eq", "value": "female"}
    facts = sum_world(2, coverage_of("hukou"), a="100", b=None)
    facts["persons"]["b"]["hukou"] = HERE | {"sex": "male"}

    assert truth(SUM | {"where": where, "op": "le", "value": 100}, facts, "h", "household") == "T"
    asked = policy(SUM | {"where": where, "op": "ge", "value": 100}, "household")
    assert evaluate_one(asked, facts, "h").missing == (("x", "hukou", "police"),)


def test_quantifiers_nest_from_the_elements_subject() -> None:
    """Every member without a pension; the unknown inside is asked of the outer criterion."""
    inner = {"quantifier": "none", "over": "pension"}
    asked = policy({"id": "x", "quantifier": "all", "over": "members", "where": inner}, "household")
    facts = sum_world(1, coverage_of("hukou"), a=None)

    assert evaluate_one(asked, facts, "h").missing == (("x", "pension", "social"),)
    facts["persons"]["a"]["pension"] = {}
    assert evaluate_one(asked, facts, "h").failed == ("x",)


# ---- logic, checks, reasons --------------------------------------------------------------------------------------

OLD = {"id": "old", "age_of": "birth_date", "op": "ge", "value": 60}
YOUNG = {"id": "young", "age_of": "birth_date", "op": "lt", "value": 60}
WOMAN = {"id": "woman", "field": "sex", "op": "eq", "value": "female"}


@pytest.mark.parametrize(
    ("criteria", "failed"),
    [
        ({"all": [OLD, YOUNG]}, ("young",)),
        ({"any": [YOUNG, {"id": "too_young", "use": "y"}]}, ("too_young", "young")),
        ({"none": [OLD, YOUNG, WOMAN]}, ("old",)),
        ({"rule": OLD, "unless": {"any": [OLD, YOUNG]}}, ("old",)),
        ({"rule": YOUNG, "unless": OLD}, ("old", "young")),
        ({"none": [{"rule": OLD, "unless": YOUNG}]}, ("old", "young")),
        ({"all": [{"use": "y"}, WOMAN]}, ("y",)),
    ],
)
def test_failed_names_the_leaves_that_make_the_root_no(criteria: dict[str, Any], failed: tuple[str, ...]) -> None:
    """Read through `none` and `unless`; a true leaf under `unless` is one; an unknown leaf is none."""
    asked = policy(criteria, definitions={"y": YOUNG})

    assert evaluate_one(asked, person()) == Expectation("no", None, (), failed, ())


def test_missing_only_where_every_ancestor_is_unknown() -> None:
    """An unknown leaf beside a deciding one asks for nothing; a node without id is named by its path."""
    since = {"date_of": "hukou_since", "at_least_ago": "P1Y"}
    asked = policy({"all": [{"any": [OLD, WOMAN]}, {"any": [YOUNG, since]}]})

    assert evaluate_one(asked, person()).missing == (("criteria.all[1].any[1]", "hukou", "police"),)


@pytest.mark.parametrize(
    ("direction", "criteria", "expected"),
    [
        ("benefit", {"all": [OLD, {"id": "c", "check": {}}]}, ("yes", "to_check", ("c",), ())),
        ("benefit", {"all": [WOMAN, {"id": "c", "check": {}}]}, ("unknown", "needs_evidence", ("c",), ())),
        ("benefit", {"all": [YOUNG, {"id": "c", "check": {}}]}, ("no", None, (), ("young",))),
        ("benefit", {"any": [OLD, {"id": "c", "check": {}}]}, ("yes", "eligible", (), ())),
        ("benefit", {"rule": OLD, "unless": {"id": "c", "check": {}}}, ("yes", "to_check", ("c",), ())),
        ("burden", {"all": [OLD, {"id": "c", "check": {}}]}, ("no", None, (), ("c",))),
        ("burden", {"rule": OLD, "unless": {"id": "c", "check": {}}}, ("no", None, (), ("c",))),
        ("burden", {"any": [OLD, {"id": "c", "check": {}}]}, ("yes", "eligible", (), ())),
        ("burden", {"all": [OLD, WOMAN]}, ("unknown", None, (), ())),
    ],
)
def test_an_unanswered_check_keeps_on_a_benefit_and_off_a_burden(
    direction: str, criteria: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    """Per occurrence, by the number of negations above; the checklist holds those that could still matter."""
    expectation = evaluate_one(policy(criteria, direction=direction), person())

    assert (expectation.verdict, expectation.status, expectation.checklist, expectation.failed) == expected


def test_one_answer_for_every_occurrence() -> None:
    """The same check positively and under `none`: unanswered each favours the person, answered they part."""
    check = {"id": "c", "check": {}}
    asked = policy({"all": [check, {"none": [check]}]})

    assert evaluate_one(asked, person()).checklist == ("c",)
    assert evaluate_one(asked, person() | {"answers": {"a": {"c": "yes"}}}).failed == ("c",)
    truths = leaves(asked, World(CONTRACTS, person()), TODAY, "a")
    assert truths == {"c@criteria.all[0]": "T", "c@criteria.all[1].none[0]": "F"}


def test_a_check_inside_where_is_refused() -> None:
    """A person cannot be asked of each record."""
    with pytest.raises(ValueError, match="refused inside"):
        truth({"quantifier": "some", "over": "pension", "where": {"id": "c", "check": {}}}, person())


def test_outside_effective_there_is_a_verdict_and_no_status() -> None:
    """Both days of `effective` are in force; until knows the first and the day after the last."""
    asked = policy(OLD, effective={"from": date(2026, 10, 16), "to": date(2026, 10, 17)})
    world = World(CONTRACTS, person())

    expectations = [evaluate(asked, world, date(2026, 10, d))["a"] for d in (15, 16, 17, 18)]

    assert [e.verdict for e in expectations] == ["yes"] * 4
    assert [e.status for e in expectations] == [None, "eligible", "eligible", None]
    turns = [until(asked, world, date(2026, 10, d), "a") for d in (15, 16, 17, 18)]
    assert turns == [date(2026, 10, 16), date(2026, 10, 18), date(2026, 10, 18), None]


def test_until_is_a_birthday_when_nothing_else_changes() -> None:
    """The day a leaf changes, with no input at all."""
    asked = policy({"age_of": "birth_date", "op": "ge", "value": 77})

    assert until(asked, World(CONTRACTS, person()), TODAY, "a") == date(2027, 1, 1)


# ---- files -------------------------------------------------------------------------------------------------------


def test_files_keep_decimals_dates_and_yes(tmp_path: Path) -> None:
    """YAML 1.2: no floats, `yes` and `on` are text, `5..` is a key."""
    path = tmp_path / "x.yaml"
    path.write_text("{a: 1.50, b: 2026-01-02, c: yes, on: {5..: 1}, d: 310107}", encoding="utf-8")

    loaded = load_yaml(path)

    assert loaded == {"a": Decimal("1.50"), "b": date(2026, 1, 2), "c": "yes", "on": {"5..": 1}, "d": 310107}
    assert str(loaded["a"]) == "1.50"
