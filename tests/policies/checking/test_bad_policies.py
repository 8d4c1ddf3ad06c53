"""Every problem a policy can have is told at its place, in both languages, and alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from policies.checking.checker import check
from policies.language.tree import Bounds, leaves
from policies.problems.problems import Invalid, Problem, Sentences
from policies.problems.sentences import DOCUMENT
from policies.problems.sentences_values import POLICY
from policies.values import Text
from policies.yaml.document import Document, load
from tests.policies.library import catalogue, documents
from tests.policies.network import network

GOOD = {
    "format": "1", "policy": "test", "version": "1", "direction": "benefit", "subject": "person", "scope": '{division: "310107"}',
    "title": "{zh: 测试, en: test}", "source": "{document: 文件, issuer: 某单位}", "agency": "putuo-civil-affairs", "purpose": "assistance",
    "effective": "{from: 2026-01-01, to: 2027-01-01}", "evidence": "{}", "params": "{}", "definitions": "{}", "discloses": "[]",
    "criteria": "{field: hukou.sex, op: eq, value: male}",
}  # fmt: skip
MARK = "¶"


def _cases() -> list[dict[str, Any]]:
    # The marks stand beside YAML's own characters, so the table is read as text and data at once: values are quoted there.
    data = load((Path(__file__).parent / "bad_policies.yaml").read_text(encoding="utf-8"), "bad_policies.yaml").data
    assert isinstance(data, list)
    return data


def _text(case: Mapping[str, Any]) -> str:
    if "long" in case:
        return MARK + "a" * int(case["long"])
    if "deep" in case:
        return "a: " + "[" * 47 + MARK + "[" * (int(case["deep"]) - 47)
    if "text" in case:
        return str(case["text"])
    blocks = {**GOOD, **{key: case[key] for key in (*GOOD, "bounds") if key in case}}
    if "doubling" in case:
        blocks["definitions"] = _doubling(case["doubling"])
    text = "\n".join(f"{key}: {block}" for key, block in blocks.items())
    return _expand_repeats(f"{text}\n{case['extra']}" if "extra" in case else text)


def _expand_repeats(text: str) -> str:
    """With each ``<<3|x # @, >>`` written so many times: # counts from 0, @ from 1."""
    return re.sub(
        r"<<(\d+)\|(.*?)>>", lambda m: "".join(m[2].replace("#", str(i)).replace("@", str(i + 1)) for i in range(int(m[1]))), text
    )


def _doubling(levels: int) -> str:
    """Definitions that each use the next twice: the last one is written out 2 ** levels times."""
    lines = [f"d{i}: {{all: [{{use: d{i + 1}}}, {{use: d{i + 1}}}]}}" for i in range(levels)]
    return "{" + ", ".join([*lines, f"d{levels}: {{field: hukou.sex, op: eq, value: male}}"]) + "}"


def _check_text(text: str, without: tuple[str, ...]) -> tuple[Document | None, tuple[Problem, ...]]:
    try:
        document = load(text, "test.yaml")
    except Invalid as invalid:
        return None, invalid.problems
    return document, check(document, network(without)).problems


def _marks(text: str) -> list[tuple[int, int]]:
    """Line and column of every mark, as they are once the marks are gone."""
    return [(number, at - line[:at].count(MARK) + 1) for number, line in enumerate(text.split("\n"), 1)
            for at, character in enumerate(line) if character == MARK]  # fmt: skip


@pytest.mark.parametrize("case", _cases(), ids=lambda case: f"{case['code']}-{str(case)[-50:]}")
def test_a_bad_policy_has_its_one_problem_at_its_place(case: dict[str, Any]) -> None:
    """The code and the place are as the table says, and nothing else is an error."""
    text = _text(case)
    expected = set(_marks(text))

    document, problems = _check_text(text.replace(MARK, ""), tuple(case.get("without", ())))

    places = {(p.line, p.column) for p in problems if p.code == case["code"]}
    if "at" in case and document is not None:
        expected = {document.position(tuple(case["at"].split(".")))}
    assert "doubling" in case or places == expected, [p.render("en") for p in problems]
    assert {p.code for p in problems if p.severity == "error"} <= {case["code"], *case.get("also", ())}, [p.render("en") for p in problems]


@pytest.mark.parametrize("code", sorted({**DOCUMENT, **POLICY}))
def test_every_code_has_a_bad_policy(code: str) -> None:
    """A new kind of problem cannot be added without a case."""
    assert any(case["code"] == code for case in _cases())


@pytest.mark.parametrize(("table", "code"), [(table, code) for table in (DOCUMENT, POLICY) for code in table])
def test_every_problem_is_told_in_both_languages(table: Sentences, code: str) -> None:
    """Each sentence exists in Chinese and English, with the same places to fill."""
    severity, zh, en = table[code]

    assert severity in ("error", "warning")
    assert any("\u4e00" <= character <= "\u9fff" for character in zh)
    assert en.isascii() and len(en) > 20
    assert {part.split("}")[0] for part in zh.split("{")[1:]} == {part.split("}")[0] for part in en.split("{")[1:]}


def test_the_good_policy_is_good() -> None:
    """What the table varies has no problem of its own."""
    text = "\n".join(f"{key}: {block}" for key, block in GOOD.items())

    checked = check(load(text, "good.yaml"), network())

    assert checked.problems == ()
    assert checked.policy is not None


def test_a_policy_without_bounds_has_the_usual_ones_and_the_digest_it_always_had() -> None:
    """Versions published before there were bounds are still the same documents."""
    policy = check(load("\n".join(f"{key}: {block}" for key, block in GOOD.items()), "good.yaml"), network()).policy

    assert policy is not None
    assert policy.bounds == Bounds(None, Fraction(1, 5), 20)
    assert policy.digest == "81cebaae4b43b9a50a4d3af40511bd7b33fe9d8b58a04998203df69959024692"


def test_bounds_are_exact_and_each_may_stand_alone() -> None:
    """What is not written keeps its usual value; 0 and 1 are shares too."""

    def bounds(block: str) -> Bounds | None:
        policy = check(
            load("\n".join(f"{key}: {value}" for key, value in {**GOOD, "bounds": block}.items()), "good.yaml"), network()
        ).policy
        return None if policy is None else policy.bounds

    assert bounds("{moves: 0.1, amendment: 0.25, at_least: 1}") == Bounds(Fraction(1, 10), Fraction(1, 4), 1)
    assert bounds("{moves: 0}") == Bounds(Fraction(0), Fraction(1, 5), 20)
    assert bounds("{moves: null, amendment: 1}") == Bounds(None, Fraction(1), 20)
    assert bounds("{}") == Bounds()


def test_a_wrong_bound_is_told_with_what_was_expected_in_both_languages() -> None:
    """And it hides no mistake in the criteria."""
    blocks = {**GOOD, "bounds": "{moves: 5, at_least: 0}", "criteria": "{field: hukou.sx, op: eq, value: male}"}

    _, problems = _check_text("\n".join(f"{key}: {block}" for key, block in blocks.items()), ())

    assert sorted(p.path for p in problems) == ["bounds.at_least", "bounds.moves", "criteria.field"]
    texts = {p.path: p.text for p in problems}
    assert "0 至 1 的小数" in texts["bounds.moves"].zh and "0 to 1" in texts["bounds.moves"].en
    assert "从 1 起的整数" in texts["bounds.at_least"].zh and "a whole number from 1" in texts["bounds.at_least"].en


def test_all_problems_come_at_once() -> None:
    """A mistake in the head, one in each of two criteria, and one in the parameters are all told, in the order of the document."""
    blocks = {**GOOD, "version": "0", "criteria": "{all: [{field: hukou.sx, op: eq, value: male}, {age_of: hukou.birth_date, op: ge}]}",
              "params": "{p: {values: []}, q: {unit: 3, values: [{from: 2026-01-01, value: 1}]}}"}  # fmt: skip
    text = "\n".join(f"{key}: {block}" for key, block in blocks.items())

    _, problems = _check_text(text, ())

    assert [p.code for p in problems] == ["value-invalid", "value-invalid", "text-quotes", "field-unknown", "key-missing"]


@pytest.mark.parametrize(
    "parts",
    [
        {"criteria": "{all: [{quantifier: some, over: disability}, {field: disability.grade, op: le, value: 2}]}", "evidence": "{disability: {max_age: P1D}}"},
        {"criteria": "{quantifier: some, over: disability, where: {field: grade, op: le, value: 2}}", "evidence": "{disability: {max_age: P1D}}"},
        {"criteria": "{field: disability.grade, op: le, value: 2}", "direction": "burden"},
        {"criteria": "{field: income.monthly_income, op: gt, value: 0}", "evidence": "{income: {max_age: P1D}}"},
        {"criteria": "{label: {zh: 年满60周岁且不满70周岁, en: 60 to 69}, age_of: hukou.birth_date, op: ge, value: 60}"},
        {"criteria": "{label: {zh: 年满70周岁, en: 70 or over}, age_of: hukou.birth_date, op: ge, value: 70}"},
        {"criteria": "{label: {zh: 不超过70周岁, en: not over 70}, age_of: hukou.birth_date, op: le, value: 70}"},
        {"criteria": "{label: {zh: 对服务不满意, en: over the counter}, age_of: hukou.birth_date, op: ge, value: 70}"},
        {"criteria": "{none: [{label: {zh: 不满70周岁, en: under 70}, age_of: hukou.birth_date, op: ge, value: 70}]}"},
        {"scope": '{division: "31"}'},
        {"scope": '{division: "310107020"}'},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_meant_is_not_warned_of(parts: dict[str, str]) -> None:
    """A record asked for beside its field, an inspection, nothing as an amount, a label that says both ends, a label of what is excepted."""
    _, problems = _check_text(_text(parts), ())

    assert [problem.code for problem in problems] == []


def test_the_library_has_no_warnings_but_of_agreements() -> None:
    """Nine policies an official wrote with care: what they say is what they mean."""
    codes = {problem.code for document in documents().values() for problem in check(document, catalogue()).problems}

    assert codes <= {"agreement-ends"}


def test_applications_close_on_a_day_or_so_long_after_the_first() -> None:
    """A period counts from the first day in force, and the first and the last day in force may be the closing day. Without it there is none."""

    def closing(*blocks: str) -> date | None:
        policy = check(load("\n".join((*(f"{key}: {block}" for key, block in GOOD.items()), *blocks)), "good.yaml"), network()).policy
        assert policy is not None
        return policy.apply_by

    assert closing() is None
    assert closing("apply_by: 2026-03-31") == date(2026, 3, 31)
    assert closing("apply_by: P90D") == date(2026, 4, 1)
    assert closing("apply_by: P0D") == date(2026, 1, 1)
    assert closing("apply_by: P1Y") == date(2027, 1, 1)


def test_papers_stand_with_the_policy_and_with_its_criteria() -> None:
    """A definition gives its papers to the criterion that uses it, unless that one names its own."""
    card, book = "{zh: 身份证, en: identity card}", "{zh: 户口簿, en: household register}"
    definitions = f"{{men: {{field: hukou.sex, op: eq, value: male, papers: [{card}]}}}}"
    criteria = f"{{any: [{{id: a, use: men}}, {{id: b, use: men, papers: [{book}]}}]}}"
    blocks = {**GOOD, "definitions": definitions, "criteria": criteria, "papers": f"[{book}]"}

    policy = check(load("\n".join(f"{key}: {block}" for key, block in blocks.items()), "good.yaml"), network()).policy

    assert policy is not None
    assert policy.papers == (Text("户口簿", "household register"),)
    assert [leaf.meta.papers for leaf in leaves(policy.criteria)] == [
        (Text("身份证", "identity card"),),
        (Text("户口簿", "household register"),),
    ]
