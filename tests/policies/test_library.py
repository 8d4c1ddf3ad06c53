"""The library's policies are understood, and mean what their documents say."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction
from typing import cast

import jsonschema  # type: ignore[import-untyped]  # no stubs in the lock
import pytest

from policies.cases.file import load_cases
from policies.checking.checker import check
from policies.checking.needs import requirements
from policies.language.catalogue import FeedBounds
from policies.language.tree import (
    Bounds,
    Check,
    FieldRef,
    ParamValue,
    Policy,
    Quantifier,
    Step,
    Sum,
    Unless,
    leaves,
)
from policies.schema import cases_schema, policy_schema
from policies.values import Period
from tests.policies.library import LIBRARY, catalogue, documents


def _policy(name: str) -> Policy:
    return cast(Policy, check(documents()[name], catalogue()).policy)


@pytest.mark.parametrize("name", documents())
def test_a_policy_of_the_library_has_no_error(name: str) -> None:
    """Warnings (an agreement that ends before an open policy does) are allowed."""
    checked = check(documents()[name], catalogue())

    assert [p.render("en") for p in checked.problems if p.severity == "error"] == []
    assert checked.policy is not None


@pytest.mark.parametrize("name", documents())
def test_every_node_has_its_own_path_and_a_line(name: str) -> None:
    """Paths are unique even where a definition is used twice."""
    policy_leaves = list(leaves(_policy(name).criteria))

    assert len({leaf.meta.path for leaf in policy_leaves}) == len(policy_leaves)
    assert all(leaf.meta.line > 1 and leaf.meta.id for leaf in policy_leaves)


def test_the_relocation_grant_means_what_it_says() -> None:
    """Links, inverse sets, exact factors, tables and the use of a definition are resolved."""
    policy = _policy("relocation-hardship")
    root = cast(Unless, policy.criteria)
    notice, low_income, willing = leaves(root.rule)
    over_cap = cast(Sum, root.unless)

    assert cast(Quantifier, notice).path == (Step("link", "registered_at"), Step("records", "relocation"))
    assert cast(Sum, low_income).path == (Step("members", "hukou"),)
    assert cast(Sum, low_income).addend == FieldRef("income", "monthly_income")
    assert cast(Sum, low_income).value == ParamValue("dibao", Fraction(3, 2))
    assert (low_income.meta.id, low_income.meta.path, low_income.meta.cite) == ("low_income", "criteria.rule.all[1]", "第五条")
    assert cast(Check, willing).meta.id == "willing"
    assert over_cap.value == ParamValue("income_cap", by=FieldRef("household", "size"))
    assert policy.params["income_cap"].entries[0][1][-1] == ((5, None), 13000)  # type: ignore[index]  # a table
    assert policy.feeds == ("household", "hukou", "income", "relocation")


def test_the_living_allowance_sets_bounds_and_the_others_do_not() -> None:
    """They are read exactly; its feed of pensions says itself how far a file may shrink."""
    assert _policy("dibao").bounds == Bounds(Fraction(1, 20), Fraction(1, 10), 20)
    assert {name for name in documents() if _policy(name).bounds != Bounds()} == {"dibao"}
    assert catalogue().feeds["pension"].bounds == FeedBounds(Fraction(19, 20), Period(2))


def test_needs_name_feeds_fields_coverage_and_why() -> None:
    """From the rules alone: what is read of income, how fresh, and for which articles."""
    needs = requirements(_policy("relocation-hardship"), catalogue())

    income = next(need for need in needs.feeds if need.feed == "income")
    assert income.fields == ("monthly_income",)
    assert income.max_age == Period(days=60)
    assert [(why.criterion, why.cite) for why in income.coverage_why] == [("low_income", "第五条"), ("over_cap", "第七条(除外)")]
    assert [check.criterion for check in needs.checks] == ["willing"]
    household = next(need for need in needs.feeds if need.feed == "household")
    assert (household.links, household.max_age) == (("registered_at",), None)


def test_the_digest_is_of_the_content_and_not_the_layout() -> None:
    """Comments and the order of keys do not count; a number does."""
    from policies.yaml.document import digest_of, load

    first, other, third = (load(text, "x").data for text in ("a: 1\nb: 2.50", "# hi\n{b: 2.50, a: 1}", "a: 1\nb: 2.51"))

    assert digest_of(first) == digest_of(other) != digest_of(third)


@pytest.mark.parametrize("path", sorted((LIBRARY / "cases").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_librarys_cases_are_understood(path: object) -> None:
    """Every feed, field, unit and value of every case is known."""
    from pathlib import Path

    assert load_cases(cast(Path, path).read_text(encoding="utf-8"), str(path), catalogue()).cases


@pytest.mark.parametrize("name", documents())
def test_the_schema_agrees_with_the_checker(name: str) -> None:
    """What the checker takes, the JSON Schema takes; a decimal is a number there, a date is text."""
    data = json.loads(json.dumps(documents()[name].data, default=lambda value: float(value) if isinstance(value, Decimal) else str(value)))

    jsonschema.Draft202012Validator(policy_schema()).validate(data)
    jsonschema.Draft202012Validator.check_schema(cases_schema())


@pytest.mark.parametrize("bounds", [{"moves": 1.5}, {"amendment": "0.2"}, {"amendment": None}, {"at_least": 0}, {"move": 0.1}, 0.1])
def test_the_schema_refuses_bounds_the_checker_refuses(bounds: object) -> None:
    """Shares are numbers between 0 and 1; nothing unknown stands among them."""
    schema = policy_schema()
    part = {"$defs": schema["$defs"], **schema["properties"]["bounds"]}

    assert not jsonschema.Draft202012Validator(part).is_valid(bounds)
    assert jsonschema.Draft202012Validator(part).is_valid({"moves": None, "amendment": 0.2, "at_least": 1})
