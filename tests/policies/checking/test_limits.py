"""A policy at each limit is checked as any other; one beyond it is refused at once, with the place, the numbers and the way out."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from policies import limits
from policies.checking.checker import CheckResult, check
from policies.checking.cost import Cost, exceeded_limit, refuse_too_large
from policies.language.catalogue import Catalogue
from policies.language.tree import All, Meta
from policies.problems.problems import HuiminError, Invalid
from policies.yaml.document import Document, load
from tests.policies.library import catalogue as library_catalogue
from tests.policies.library import documents
from tests.policies.network import network

Data = dict[str, Any]
LEAF = {"age_of": "hukou.birth_date", "op": "ge", "value": 60}
MEMBERS = {"quantifier": "some", "over": "household.members", "absence": "closed"}
SECONDS = 20
"""A refusal may not take longer, on a busy machine; each takes a fraction of this."""


def policy_data(criteria: Any, **more: Any) -> Data:
    """A policy of these criteria about persons of the little network."""
    return {
        "format": 1, "policy": "large", "version": 1, "direction": "benefit", "subject": "person", "scope": {"division": "310107"},
        "title": {"zh": "大", "en": "large"}, "source": {"document": "x", "issuer": "y"}, "agency": "putuo-civil-affairs",
        "purpose": "assistance", "effective": {"from": date(2026, 1, 1), "to": date(2027, 1, 1)}, "criteria": criteria, **more,
    }  # fmt: skip


def network_with_size(**sizes: int) -> Catalogue:
    """The network with a household's size up to so much."""
    plain = network()
    household = plain.feeds["household"]
    size = replace(household.fields["size"], min=sizes.get("low", 1), max=sizes["high"])
    return Catalogue(plain.units, {**plain.feeds, "household": replace(household, fields={**household.fields, "size": size})})


def flat(count: int) -> Data:
    """So many nodes, of which one is the root."""
    return policy_data({"any": [LEAF] * (count - 1)})


def inside(count: int) -> Data:
    """So many, all but one of them inside ``where``."""
    return policy_data({**MEMBERS, "where": {"any": [LEAF] * (count - 2)}})


def nodes_by_definitions(count: int) -> Data:
    """So many by a definition of 64 nodes that is used again and again."""
    uses, rest = divmod(count - 1, 64)
    return policy_data({"any": [{"use": "d"}] * uses + [LEAF] * rest}, definitions={"d": {"any": [LEAF] * 63}})


def levels_by_definitions(levels: int) -> Data:
    """So many levels below the root, by definitions."""
    last = (levels - 1) // 2
    definitions: Data = {f"d{i}": {"none": [{"use": f"d{i + 1}"}]} for i in range(last)}
    definitions[f"d{last}"] = LEAF if levels % 2 else {"none": [LEAF]}
    return policy_data({"use": "d0"}, definitions=definitions)


def values(count: int) -> Data:
    return policy_data({"field": "hukou.children", "op": "in", "value": list(range(0, 2 * count, 2))})


def sum_rule(amount: int) -> Data:
    return policy_data({"sum_of": "old.number", "over": "old", "absence": "closed", "op": "ge", "value": amount})


def work_of(criteria: Any) -> int:
    tree = check(Document(policy_data(criteria), "x"), network()).policy
    assert tree is not None
    return Cost(network().feeds).work(tree.criteria)


def costly(work: int) -> Data:
    """A rule of so many comparisons: lists in sets within sets, and leaves beside them."""
    deep = {**MEMBERS, "where": {**MEMBERS, "where": {**MEMBERS, "where": {"field": "hukou.children", "op": "in", "value": [1, 2, 3]}}}}
    deep_work = work_of({"any": [deep]}) - 1
    leaf = work_of({"any": [LEAF]}) - 1
    count, rest = divmod(work - 1, deep_work)
    assert leaf == 1
    return policy_data({"any": [deep] * count + [LEAF] * rest})


AT: dict[str, tuple[Callable[[int], Data], int, str]] = {
    "criteria": (flat, limits.CRITERIA, "too-many-nodes"),
    "criteria in where": (inside, limits.CRITERIA, "too-many-nodes"),
    "criteria by definitions": (nodes_by_definitions, limits.CRITERIA, "too-many-nodes"),
    "levels": (levels_by_definitions, limits.LEVELS, "too-many-levels"),
    "values of a list": (values, limits.LIST, "list-long"),
    "comparisons": (costly, limits.WORK, "rule-too-costly"),
}


def errors(checked: CheckResult) -> set[str]:
    return {problem.code for problem in checked.problems if problem.severity == "error"}


@pytest.mark.parametrize("what", AT)
def test_a_policy_at_a_limit_is_one_and_beyond_it_is_refused(what: str) -> None:
    """One below and at it no error; one above it, and far above, that error alone, in seconds, naming the limit in both languages."""
    build, limit, code = AT[what]

    for size in (limit - 1, limit):
        result = check(Document(build(size), "large.yaml"), network())
        assert result.policy is not None, [problem.render("en") for problem in result.problems]
        assert exceeded_limit(result.policy, network().feeds) is None
    for size in (limit + 1, limit * 6 if what != "levels" else 400):
        start = time.monotonic()
        result = check(Document(build(size), "large.yaml"), network())
        assert result.policy is None
        assert errors(result) == {code}
        problems = [problem for problem in result.problems if problem.code == code]
        assert len(problems) == 1 and problems[0].path.startswith(("criteria", "definitions"))
        assert f"{limit:,}" in problems[0].text.zh and f"{limit:,}" in problems[0].text.en
        assert time.monotonic() - start < SECONDS


@pytest.mark.parametrize("count", [limits.ENTRIES, limits.ENTRIES + 1, 7_000])
def test_a_parameter_has_a_number_of_dated_values(count: int) -> None:
    """However often it is used, and told once where it has too many."""
    entries = [{"from": date.fromordinal(date(2000, 1, 1).toordinal() + i), "value": 1 + i % 100} for i in range(count)]
    use = {"age_of": "hukou.birth_date", "op": "ge", "value": {"param": "p"}}

    result = check(Document(policy_data({"any": [use] * 2_000}, params={"p": {"unit": "year", "values": entries}}), "x"), network())

    if count <= limits.ENTRIES:
        assert result.problems == ()
    else:
        assert [(problem.code, problem.path) for problem in result.problems] == [("entries-many", "params.p.values")]
        assert f"{count:,}" in result.problems[0].text.zh


@pytest.mark.parametrize("size", [65_535, 65_536])
def test_a_list_as_long_as_a_small_integer_goes_is_refused(size: int) -> None:
    """At the place of the list."""
    result = check(Document(values(size), "large.yaml"), network())

    assert [(problem.code, problem.path) for problem in result.problems] == [("list-long", "criteria.value")]
    assert f"{size:,}" in result.problems[0].text.en


@pytest.mark.parametrize("levels", [limits.DEPTH, limits.DEPTH + 1, 100, 1_000])
def test_a_document_nested_too_deep_is_refused_as_one(levels: int) -> None:
    """As deep as it may be it is read; beyond, it is no document, however deep."""
    text = "a: " + "[" * (levels - 1) + "1" + "]" * (levels - 1)

    if levels <= limits.DEPTH:
        assert load(text, "deep.yaml").data
    else:
        with pytest.raises(Invalid) as error:
            load(text, "deep.yaml")
        assert [problem.code for problem in error.value.problems] == ["too-deep"]


def test_tables_are_refused_by_how_many_rows_they_take_in_all() -> None:
    """Each use in another comparison takes as many as its field has values; the same comparison twice takes them once."""
    many = network_with_size(low=1, high=limits.DIVISOR)
    table = {"unit": "1", "values": [{"from": date(2026, 1, 1), "table": {"1..": 1}}]}

    def tables(count: int, again: int = 1) -> Data:
        of = [{"field": "hukou.children", "op": "ge", "value": {"param": "p", "by": "household.household.size", "times": str(i + 1)}}
              for i in range(count)]  # fmt: skip
        return policy_data({"any": of * again}, params={"p": table})

    most = limits.CELLS // limits.DIVISOR
    assert errors(check(Document(tables(most, 3), "x"), many)) == set()
    result = check(Document(tables(most + 1), "x"), many)
    assert errors(result) == {"tables-large"}
    assert result.problems[0].path.startswith("criteria.any[")


@pytest.mark.parametrize(
    ("low", "high", "fits"), [(1, 9_999, True), (0, 9_999, True), (-1, 9_999, False), (1, 10_000, False), (-(10**17), 9, False)]
)
def test_the_field_of_a_table_has_few_values(low: int, high: int, fits: bool) -> None:
    """Neither a great maximum nor a small minimum may make a table of a thousand million rows."""
    result = check(
        Document(
            policy_data(
                {"field": "hukou.children", "op": "ge", "value": {"param": "p", "by": "household.household.size"}},
                params={"p": {"unit": "1", "values": [{"from": date(2026, 1, 1), "table": {"3..": 1}}]}},
            ),
            "x",
        ),
        network_with_size(low=low, high=high),
    )

    assert ("divisor-field" in errors(result)) is not fits


@pytest.mark.parametrize(("divided", "most"), [(False, limits.WHOLE), (True, limits.QUOTIENT)])
def test_what_a_sum_is_compared_with_fits_64_bits(divided: bool, most: int) -> None:
    """Encoded and, where it is divided, times the greatest divisor; as a fraction its denominator, too."""
    per = {"per": "household.household.size"} if divided else {}

    def error_codes(value: Any) -> set[str]:
        unit = "CNY/month/person" if divided else "CNY/month"
        params = {"p": {"unit": unit, "values": [{"from": date(2026, 1, 1), "value": value}]}}
        criteria = {"sum_of": "amount", "over": "pension", "absence": "closed", "op": "ge", "value": {"param": "p"}, **per}
        return errors(check(Document(policy_data(criteria, params=params), "x"), network()))

    assert error_codes(str((most - 1) // 100)) == set()
    assert error_codes(str(most // 100 + 1)) == {"sum-size"}
    assert error_codes("-" + str(most // 100 + 1)) in ({"sum-size"}, {"range-always"})
    assert error_codes("0.000000000000000001") == ({"sum-size"} if divided else set())


def test_noteworthy_costs_are_told_and_small_ones_are_not() -> None:
    """A warning from NOTEWORTHY comparisons on, and of sets within sets; the library has neither."""
    codes = {"rule-costly", "sets-nested"}

    large = check(Document(costly(limits.NOTEWORTHY + 1), "x"), network())
    small = check(Document(policy_data({"any": [LEAF] * (limits.CRITERIA - 1)}), "x"), network())
    library = {problem.code for document in documents().values() for problem in check(document, library_catalogue()).problems}

    by_code = {problem.code: problem for problem in large.problems}
    assert large.policy is not None and codes <= by_code.keys()
    assert f"{limits.NOTEWORTHY + 1:,}" in by_code["rule-costly"].text.zh and "1,000,000,000" in by_code["sets-nested"].text.en
    assert small.problems == ()
    assert not codes & library


def test_a_policy_that_did_not_come_by_the_checker_is_refused_by_what_would_run_it() -> None:
    """Whatever it exceeds; a tree of a thousand levels is measured without going down in calls."""
    policy = check(Document(flat(10), "x"), network()).policy
    assert policy is not None
    wide = replace(policy, criteria=All(policy.criteria.meta, (policy.criteria,) * 1_000))
    deep = policy
    for _ in range(1_000):
        deep = replace(policy, criteria=All(Meta("x", "x"), (deep.criteria,)))

    assert [exceeded_limit(rule, network().feeds) for rule in (policy, wide, deep)] == [None, "CRITERIA", "LEVELS"]
    with pytest.raises(HuiminError) as error:
        refuse_too_large(deep, network().feeds)
    assert error.value.exit_code == 3
    assert "large" in error.value.text.zh and "64" in error.value.text.en


def test_thousands_of_parameters_and_definitions_are_checked_in_seconds() -> None:
    """Each used once; nothing is compared with everything."""
    params = {f"p{i}": {"unit": "year", "values": [{"from": date(2026, 1, 1), "value": 1 + i % 100}]} for i in range(4_000)}
    uses = [{"age_of": "hukou.birth_date", "op": "ge", "value": {"param": name}} for name in params]
    definitions = {f"d{i}": LEAF for i in range(4_000)}
    start = time.monotonic()

    by_params = check(Document(policy_data({"any": uses}, params=params), "x"), network())
    by_definitions = check(Document(policy_data({"any": [{"use": name} for name in definitions]}, definitions=definitions), "x"), network())

    assert by_params.problems == by_definitions.problems == ()
    assert time.monotonic() - start < SECONDS
