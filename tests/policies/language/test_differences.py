"""What differs between two versions, criterion by criterion; and the words for it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from console.text import rule_differences as rulediff
from policies.checking.checker import check
from policies.language.differences import Differences, bare, differences
from policies.language.tree import Policy, Unless, feeds_of, leaves, params_of
from policies.yaml.document import load
from tests.streams.world import catalogue, policy_text

ELDERLY, HARDSHIP, RENTAL = "elderly-uninsured", "relocation-hardship", "group-rental"


def version(name: str) -> Policy:
    """An example policy."""
    result = check(load(policy_text(name), name), catalogue())
    assert result.policy is not None
    return result.policy


def version_with(name: str, *swaps: tuple[str, str]) -> Policy:
    """Its next version, with pieces of the text replaced."""
    text = policy_text(name, 2)
    for old, new in swaps:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    result = check(load(text, name), catalogue())
    assert result.policy is not None, result.problems
    return result.policy


def change_list(difference: Differences) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(change.change, change.node.meta.id, change.parts) for change in difference.criteria]


def words(difference: Differences, language: str = "en") -> list[str]:
    return [line for line, _ in rulediff.lines(difference, catalogue(), language)]


@pytest.mark.parametrize("name", [ELDERLY, HARDSHIP, RENTAL])
def test_a_rule_does_not_differ_from_itself(name: str) -> None:
    """Another version number is no difference of the rule."""
    difference = differences(version(name), version_with(name))

    assert not difference
    assert words(difference) == ["The two rules do not differ."]


def test_a_threshold_is_told_with_what_it_was() -> None:
    """By the criterion's name and article, in both languages."""
    difference = differences(version(ELDERLY), version_with(ELDERLY, ("value: 70", "value: 68")))

    assert change_list(difference) == [("changed", "age70", ("value",))]
    assert words(difference) == ["~ criterion changed: aged 70 or over  第一条  age by date of birth ≥ 70 → age by date of birth ≥ 68"]
    assert words(difference, "zh") == ["~ 条件改动：年满70周岁  第一条  按出生日期满 70 周岁 → 按出生日期满 68 周岁"]


def test_a_criterion_put_in_front_is_one_addition() -> None:
    """Those behind it are what they were; one taken out is one removal, one with another form is a change."""
    pension = "    - {id: no_pension, cite: 第二条, label: {zh: 未享受养老金, en: no pension}, quantifier: none, over: pension}\n"
    first = "    - {id: woman, cite: 第一条, label: {zh: 女性, en: a woman}, field: hukou.sex, op: eq, value: female}\n"
    more = version_with(ELDERLY, (pension, ""), ("  all:\n", f"  all:\n{first}"))
    other = version_with(
        ELDERLY, ("id: resident30, cite: 第一条", "id: resident30, cite: 第三条"), ("at_least_ago: P30Y", "before: 1990-01-01")
    )

    assert change_list(differences(version(ELDERLY), more)) == [("added", "woman", ()), ("removed", "no_pension", ())]
    assert change_list(differences(more, version(ELDERLY))) == [("added", "no_pension", ()), ("removed", "woman", ())]
    assert [line[:20] for line in words(differences(version(ELDERLY), more))] == ["+ criterion added: a", "− criterion removed:"]
    assert change_list(differences(version(ELDERLY), other)) == [("changed", "resident30", ("op", "period", "value", "cite"))]


def test_nodes_without_a_name_are_paired_by_what_they_test() -> None:
    """One put in front of others that have no name changes none of them."""
    named = '- {id: local, cite: 第一条, label: {zh: 本区户籍, en: registered in the district}, field: hukou.division, op: within, value: "310107"}'
    nameless = '- {field: hukou.division, op: within, value: "310107"}'
    old = version_with(ELDERLY, (named, nameless))
    new = version_with(ELDERLY, (named, f"- {{field: hukou.sex, op: eq, value: female}}\n    {nameless}"))

    difference = differences(old, new)

    assert [(change, parts) for change, _, parts in change_list(difference)] == [("added", ())]
    assert bare(difference.criteria[0].node) in [bare(leaf) for leaf in leaves(new.criteria)]


def test_what_stands_inside_where_is_part_of_its_criterion() -> None:
    """A quantifier over other records is another quantifier."""
    difference = differences(version(ELDERLY), version_with(ELDERLY, ("value: active", "value: suspended")))

    assert change_list(difference) == [("changed", "uninsured", ("where",))]


def test_a_rule_and_its_exception_exchanged_are_a_difference() -> None:
    """Each has moved; it is more than wording."""
    old = version(HARDSHIP)
    assert isinstance(old.criteria, Unless)
    difference = differences(old, replace(old, criteria=replace(old.criteria, rule=old.criteria.unless, unless=old.criteria.rule)))

    assert {change for change, _, _ in change_list(difference)} == {"moved"}
    assert not difference.wording and rulediff.WORDING.en not in words(difference)


def test_brackets_inside_where_are_a_difference() -> None:
    """All of (a, any of (b, c)) and any of (all of (a, b), c) are told with their brackets."""
    status, scheme = "{field: status, op: eq, value: active}", "{field: scheme, op: eq, value: resident}"
    other = "{field: scheme, op: eq, value: rural}"
    where = "where: {id: active, field: status, op: eq, value: active}"
    old = version_with(ELDERLY, (where, f"where: {{all: [{status}, {{any: [{scheme}, {other}]}}]}}"))
    new = version_with(ELDERLY, (where, f"where: {{any: [{{all: [{status}, {scheme}]}}, {other}]}}"))

    (line,) = words(differences(old, new))

    assert "status is active and (scheme is resident or scheme is rural)" in line
    assert "(status is active and scheme is resident) or scheme is rural" in line


def test_only_wording_is_said_to_be_only_wording() -> None:
    """Another label, another article, another name of a parameter."""
    label = version_with(ELDERLY, ("zh: 年满70周岁, en: aged 70 or over", "zh: 七十岁以上, en: 70 or over"))
    name = version(HARDSHIP)
    text = policy_text(HARDSHIP, 2).replace("dibao", "allowance")
    renamed = check(load(text, "renamed"), catalogue()).policy
    assert renamed is not None

    assert words(differences(version(ELDERLY), label)) == [
        "~ criterion changed: 70 or over  第一条  (only its name, article or papers)",
        rulediff.WORDING.en,
    ]
    assert differences(name, renamed).wording
    assert not differences(version(ELDERLY), version_with(ELDERLY, ("value: 70", "value: 71"))).wording


def test_a_criterion_under_another_one_has_moved() -> None:
    """What it tests is the same."""
    local = '    - {id: local, cite: 第一条, label: {zh: 本区户籍, en: registered in the district}, field: hukou.division, op: within, value: "310107"}\n'
    difference = differences(version(ELDERLY), version_with(ELDERLY, (local, f"    - id: either\n      any:\n    {local.rstrip()}\n")))

    assert change_list(difference) == [("added", "either", ()), ("moved", "local", ())]
    assert [line[0] for line in words(difference)] == ["+", "↷", "O"], "a group of one asks what its child asks: only wording"


def test_parameters_and_terms_are_told_by_name() -> None:
    """Each dated entry by its day, a table by its cells; scope, evidence and days of the whole policy."""
    new = version_with(
        HARDSHIP,
        ("{from: 2026-07-01, value: 1650}", "{from: 2026-07-01, value: 1700}, {from: 2027-07-01, value: 1800}"),
        ("5..: 13000", "5..: 14000"),
        ("income: {max_age: P60D}", "income: {max_age: P30D}"),
        ("{from: 2026-10-01, to: null}", "{from: 2026-12-01, to: 2027-12-31}"),
    )

    difference = differences(version(HARDSHIP), new)

    assert [(change.name, change.start.isoformat()) for change in difference.params] == [
        ("dibao", "2026-07-01"), ("dibao", "2027-07-01"), ("income_cap", "2026-01-01"),
    ]  # fmt: skip
    assert {term.name for term in difference.terms} == {"evidence", "effective_from", "effective_to"}
    text = "\n".join(words(difference))
    assert "~ parameter dibao from 2026-07-01: 1650 → 1700" in text and "+ parameter dibao from 2027-07-01: 1800" in text
    assert "5..: 13000" in text and "5..: 14000" in text
    assert "evidence: Relocation notices 30 days" in text and "last day: — → 2027-12-31" in text
    assert any(
        parameter.new is None for parameter in rulediff.rule_changes(differences(new, version(HARDSHIP)), catalogue(), "en").parameters
    )
    assert all(line for line in words(differences(new, version(HARDSHIP)), "zh"))


def test_a_changed_bound_is_told_by_its_name() -> None:
    """Only those that differ; none where a version writes what holds anyway."""
    new = version_with(ELDERLY, ("evidence:", "bounds: {moves: 0.05, amendment: 0.2, at_least: 50}\nevidence:"))
    same = version_with(ELDERLY, ("evidence:", "bounds: {amendment: 0.2}\nevidence:"))

    difference = differences(version(ELDERLY), new)

    assert [term.name for term in difference.terms] == ["bounds.moves", "bounds.at_least"]
    assert words(difference) == ["~ share that one delivery may take off: — → 0.05", "~ people below whom nothing is held: 20 → 50"]
    assert words(difference, "zh") == ["~ 一次交付可移出的比例：— → 0.05", "~ 少于此数不暂缓：20 → 50"]
    assert rulediff.rule_changes(difference, catalogue(), "en").terms[0] == rulediff.ChangedTerm("bounds.moves", "—", "0.05")
    assert not differences(version(ELDERLY), same)


def test_a_leaf_knows_its_parameters_and_feeds() -> None:
    """Those inside ``where`` too; a feed that only defines a link is not read."""
    by_id = {leaf.meta.id: leaf for leaf in leaves(version(HARDSHIP).criteria)}
    rental = next(leaves(version(RENTAL).criteria))

    assert params_of(by_id["low_income"]) == {"dibao"} and params_of(by_id["over_cap"]) == {"income_cap"}
    assert params_of(by_id["notice"]) == frozenset()
    assert feeds_of(by_id["notice"]) == {"relocation"}
    assert feeds_of(by_id["low_income"]) == {"income", "hukou", "household"}
    assert feeds_of(rental) == {"occupancy", "dwelling"}
