"""The sentences for residents, over every case of the example policies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import cache

import pytest

from connectors.lists.plain_reasons import CompleteTo, PlainReasons, PlainWords
from matchers.reading.explain import Criterion, Explanation
from matchers.worlds import answer, load, token
from policies.cases.file import load_cases
from policies.cases.forms import Case
from policies.checking.checker import check
from policies.language.tree import Policy, leaves, nodes
from tests.policies.library import LIBRARY, catalogue, documents

NAMES = sorted(path.stem for path in (LIBRARY / "cases").glob("*.yaml"))
STATED = CompleteTo("putuo-civil-affairs", date(2026, 10, 10))


def statement_of(criterion: Criterion, feed: str) -> list[CompleteTo]:
    """The statement on which every absence rests."""
    return [STATED]


@cache
def version(name: str) -> Policy:
    policy = check(documents()[name], catalogue()).policy
    assert policy is not None
    return policy


def cases(name: str) -> tuple[Case, ...]:
    path = LIBRARY / "cases" / f"{name}.yaml"
    return tuple(load_cases(path.read_text(encoding="utf-8"), path.name, catalogue()).cases)


@cache
def explanations(name: str) -> tuple[tuple[Case, Explanation], ...]:
    """Of every subject of every case of a policy: why."""
    policy, explained = version(name), []
    for case in cases(name):
        world = case.given.model_dump(exclude_unset=True)
        matcher = load(catalogue(), world, case.as_of)
        matcher.publish(policy)
        if case.given.answers:
            answer(matcher, name, policy.subject, world)
        explained += [(case, matcher.explain(name, token(policy.subject, subject))) for subject in case.expect]
    return tuple(explained)


def reasons(name: str, disclosed: bool, language: str) -> Iterator[tuple[Case, Explanation, PlainReasons]]:
    """Of every subject of every case: what a sheet says."""
    words = PlainWords(catalogue(), language, frozenset(version(name).discloses) if disclosed else frozenset(), statement_of)
    for case, explained in explanations(name):
        yield case, explained, words.reasons(explained)


def relocation(case_name: str, language: str) -> PlainReasons:
    return next(plain for case, _, plain in reasons("relocation-hardship", True, language) if case.case.startswith(case_name))


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", NAMES)
def test_no_sentence_holds_a_code_or_a_value_that_is_not_disclosed(name: str, language: str) -> None:
    """Neither ids of criteria, feeds and units, nor truth values; nor, where nothing is disclosed, a value of a record."""
    policy, number = version(name), 0
    ids = {leaf.meta.id for leaf in leaves(policy.criteria)} | set(policy.feeds) | set(catalogue().units)
    labels = " ".join(node.meta.label[language] for node in nodes(policy.criteria) if node.meta.label)
    for _, _, plain in reasons(name, False, language):
        for sentence in (*plain.reasons, *plain.missing):
            number += 1
            assert sentence.endswith(("。", ".")), sentence
            if language == "zh":
                assert not re.search(r"[a-z]", sentence), sentence
            codes = {word for word in re.findall(r"[a-z_0-9-]+", sentence) if word in ids and ("_" in word or "-" in word)}
            assert not codes, sentence
            figures = set(re.findall(r"\d+(?:\.\d+)?", sentence)) - set(re.findall(r"\d+(?:\.\d+)?", labels)) - {"2026", "10"}
            assert not figures, sentence

    assert number > 3


@pytest.mark.parametrize("name", NAMES)
def test_open_criteria_are_asked_or_missing_and_never_certain(name: str) -> None:
    """Every open check is a question, every criterion without evidence is said to be missing, and neither language leaves out a part."""
    for (_, explained, zh), (_, _, en) in zip(reasons(name, True, "zh"), reasons(name, True, "en"), strict=True):
        verdict = explained.verdict
        asked = {leaf.text.zh for leaf in leaves(version(name).criteria) if leaf.meta.id in verdict.checklist}  # type: ignore[union-attr]
        assert set(zh.questions) == asked
        assert bool(zh.missing) == bool({criterion for criterion, _, _ in verdict.missing} - set(verdict.checklist))
        assert not any(question in reason for question in zh.questions for reason in zh.reasons)
        assert [bool(part) for part in (zh.reasons, zh.missing, zh.papers)] == [bool(part) for part in (en.reasons, en.missing, en.papers)]


def test_a_household_is_told_why_and_what_to_bring() -> None:
    """The notice, the income by its unit only, the exception by its absence; papers of the policy and of the open check, not of the income."""
    zh, en = (relocation("a poor household in the way of line 15", language) for language in ("zh", "en"))

    assert (
        zh.reasons[0] == "住房在轨道交通动迁范围内：普陀区房屋档案中心的“动迁公告”中有您家户籍所在住房的记录。" or "动迁" in zh.reasons[0]
    )
    assert zh.reasons[1].startswith("人均月收入低于低保标准1.5倍：依据普陀区民政局的“")
    assert zh.reasons[2].startswith("没有“家庭月收入超过上限”这一情形：")
    assert en.reasons[2].startswith('The exception "household income above the cap" does not apply: ')
    assert zh.papers == ("户口簿", "户主身份证", "搬迁协议")
    assert en.questions == ("the household agrees to move and has signed",)


def test_an_answer_is_told_as_confirmed_and_its_papers_are_no_longer_asked_for() -> None:
    """Once somebody has answered, only the policy's own papers are left."""
    plain = relocation("the household is willing", "zh")

    assert "家庭自愿搬迁并签约：已经核实。" in plain.reasons
    assert (plain.questions, plain.papers) == ((), ("户口簿", "户主身份证"))


def test_only_the_alternative_that_holds_is_told() -> None:
    """Somebody of 76 is told the band of 70 to 79 by its label, and no bound of another band."""
    words = PlainWords(catalogue(), "zh", frozenset(version("elderly-allowance").discloses), statement_of)
    of_70 = next(
        words.reasons(explained)
        for _, explained in explanations("elderly-allowance")
        if explained.verdict.verdict == "yes" and "70-79" in "".join(words.reasons(explained).reasons)
    )

    text = "".join(of_70.reasons)
    assert "适用“70-79周岁，每月150元”。" in of_70.reasons
    assert "年满70周岁" in text and "不满80周岁" in text
    assert "年满65周岁" not in text and "不满90周岁" not in text and "第三档" not in text
