"""Different rules have different texts in both languages; "only wording changed" is printed exactly where it is true."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.text import rule_differences as rulediff
from console.text.clauses import Clauses
from infra.workspace.library import library_catalogue
from policies.cases.mutants import mutants
from policies.checking.checker import check
from policies.language.catalogue import Catalogue
from policies.language.differences import differences
from policies.language.meaning import policy_meaning, rule_meaning
from policies.language.tree import All, AnyOf, Compare, FieldRef, Literals, Meta, Node, NoneOf, Policy, Quantifier, Step, Unless
from policies.yaml.document import Document
from tests.matchers.network import catalogue, plain, random_valid_policy
from tests.policies.library import documents

BOTH = ("zh", "en")


@cache
def network() -> Catalogue:
    return catalogue()


def checked_policy(data: dict[str, Any], of: Catalogue) -> Policy | None:
    return check(Document(data, "random"), of).policy


def text(policy: Policy, of: Catalogue, language: str) -> str:
    """The terms and criteria of a version as text, without its title."""
    clauses = Clauses(of, language, policy.params)
    return "\n".join([*rulediff.terms(policy, clauses), clauses.clause(policy.criteria)])


def difference_lines(old: Policy, new: Policy, of: Catalogue, language: str) -> list[str]:
    return [line for line, _ in rulediff.lines(differences(old, new), of, language)]


def assert_told_apart(old: Policy, new: Policy, of: Catalogue) -> None:
    """Check a pair: different meanings have different texts and more than a difference of wording."""
    for language in BOTH:
        first, second = text(old, of, language), text(new, of, language)
        lines = difference_lines(old, new, of, language)
        if policy_meaning(old) != policy_meaning(new):
            assert first != second
            assert rulediff.WORDING[language] not in lines
            assert (len(lines) > 0 and "→ " in "".join(lines)) or any(line[0] in "+−↷" for line in lines)
            changed = [line.partition("：" if language == "zh" else ": ")[2] for line in lines if line.startswith("~")]
            assert all(left != right for left, _, right in (line.rpartition(" → ") for line in changed))
        else:
            assert rulediff.WORDING[language] in lines or not differences(old, new)


@given(st.integers(0, 2**32), st.integers(0, 2**32))
def test_random_rules_that_differ_read_differently(seed: int, other_seed: int) -> None:
    """Small rules about one kind of subject, so that many pairs are similar."""
    _, left = random_valid_policy(Random(seed), 2)
    _, right = random_valid_policy(Random(other_seed), 2, subject=str(left.subject))

    assert_told_apart(left, right, network())


@given(st.integers(0, 2**32), st.randoms(use_true_random=False))
def test_a_random_rule_and_its_mutant_read_differently(seed: int, rng: Random) -> None:
    """The mutant differs in one bound, number, period, day or node."""
    data, right = random_valid_policy(Random(seed), 4)

    wrong = list(mutants(plain(data)))
    for _, _, mutated in rng.sample(wrong, min(8, len(wrong))):
        if (policy := checked_policy(mutated, network())) is not None:
            assert_told_apart(right, policy, network())


@pytest.mark.parametrize("name", sorted(documents()))
def test_no_mutant_of_a_library_policy_reads_like_it(name: str) -> None:
    """All mutants that the checker accepts are tried."""
    document, of = documents()[name], library_catalogue()
    right = check(document, of).policy
    assert right is not None

    policies = [policy for _, _, data in mutants(document.data) if (policy := checked_policy(data, of)) is not None]

    assert policies
    for policy in policies:
        assert_told_apart(right, policy, of)


@given(st.integers(0, 2**32))
def test_names_are_no_difference(seed: int) -> None:
    """Other labels, articles and ids (except those of checks) give the same text, and only wording changes."""
    _, policy = random_valid_policy(Random(seed), 4)
    other = replace(policy, criteria=_with_other_names(policy.criteria))

    assert rule_meaning(policy) == rule_meaning(other)
    assert all(text(policy, network(), language) == text(other, network(), language) for language in BOTH)
    assert_told_apart(policy, other, network())


def _with_other_names(node: Node) -> Node:
    meta = Meta(node.meta.id if type(node).__name__ == "Check" else f"other-{node.meta.id}", node.meta.path)
    match node:
        case All() | AnyOf() | NoneOf():
            return replace(node, meta=meta, children=tuple(_with_other_names(child) for child in node.children))
        case Unless():
            return replace(node, meta=meta, rule=_with_other_names(node.rule), unless=_with_other_names(node.unless))
        case _:
            return replace(node, meta=meta)


M = Meta("x", "criteria")
A, B, C = (Compare(M, FieldRef("medical_insurance", name, own=True), "eq", Literals((value,))) for name, value in
           (("status", "active"), ("scheme", "resident"), ("scheme", "employee")))  # fmt: skip


@pytest.mark.parametrize(
    ("node", "zh", "en"),
    [
        (All(M, (A, AnyOf(M, (B, C)))), "参保状态是正常，且（险种是居民，或险种是职工）", "status is active and (scheme is resident or scheme is employee)"),
        (AnyOf(M, (All(M, (A, B)), C)), "（参保状态是正常，且险种是居民），或险种是职工", "(status is active and scheme is resident) or scheme is employee"),
        (NoneOf(M, (A, B)), "不符合（参保状态是正常，或险种是居民）", "not (status is active or scheme is resident)"),
        (Unless(M, A, AnyOf(M, (B, C))), "参保状态是正常，但（险种是居民，或险种是职工）的除外", None),
    ],
)  # fmt: skip
def test_a_group_inside_a_group_stands_in_brackets(node: Node, zh: str, en: str | None) -> None:
    """The same brackets stand inside ``where``, which is always one line."""
    of = library_catalogue()
    over = Quantifier(M, "some", (Step("records", "medical_insurance"),), node)

    assert Clauses(of, "zh").clause(node) == zh
    assert Clauses(of, "zh").line(over) == f"有基本医疗保险参保记录（{zh}）"
    assert en is None or Clauses(of, "en").line(over) == f"has Basic medical insurance enrolment [{en}]"


@pytest.mark.parametrize("name", sorted(documents()))
def test_a_library_rule_reads_as_a_clause(name: str) -> None:
    """Every library rule can be written in Chinese."""
    policy = check(documents()[name], library_catalogue()).policy
    assert policy is not None
    print(text(policy, library_catalogue(), "zh"))
