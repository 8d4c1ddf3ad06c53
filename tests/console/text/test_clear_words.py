"""Clear words in questions, in unmet expectations of cases, and in previews with sparse feeds."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
import typer

from console.cli.session import Session
from infra.settings import settings
from policies.values import Text
from tests.console.conftest import Run

QUESTION = Text("撤销？", "Withdraw?")
CASES = """\
format: 1
policy: elderly-uninsured
cases:
  - case: 未登记的人 (nobody)
    as_of: 2026-11-15
    given: {persons: {a: {}}}
    expect: {a: {verdict: yes, status: eligible, until: 2027-01-01, failed: [age70]}}
  - case: 四十岁 (forty)
    as_of: 2026-11-15
    given:
      persons: {a: {hukou: {birth_date: 1986-11-15, hukou_since: 1986-11-15, division: "310107020"}}}
    expect: {a: {verdict: no, status: null}}
"""
DRAFT = """\
format: 1
policy: care
version: 1
direction: benefit
subject: person
scope: {division: "310107"}
title: {zh: 失能照护, en: Care}
source: {document: 示例, issuer: 示例}
agency: putuo-civil-affairs
purpose: assistance
effective: {from: 2026-01-01, to: 2027-12-31}
discloses: []
criteria: {id: severe, field: care_assessment.level, op: in, value: [severe, total]}
"""


@pytest.mark.parametrize(
    ("typed", "answer"),
    [("是", True), ("Y", True), ("yes", True), ("否", False), ("n", False), ("NO", False), ("也许\0是", True), ("maybe\0否", False)],
)
def test_a_question_takes_yes_and_no_in_either_language(typed: str, answer: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any other answer is asked again; without a terminal the answer is no."""
    typed_lines, asked = iter(typed.split("\0")), list[str]()

    def prompt(text: str, **_: object) -> str:
        asked.append(text)
        return next(typed_lines)

    monkeypatch.setattr(sys, "stdin", type("Terminal", (), {"isatty": lambda self: True})())
    monkeypatch.setattr(typer, "prompt", prompt)
    session = Session(settings(None, "zh", {**os.environ, "HUIMIN_WORKSPACE": "w"}), False, {})

    assert session.confirm(QUESTION) is answer
    assert asked[0] == "撤销？ [是/否，直接回车为否]"

    monkeypatch.setattr(sys, "stdin", type("Pipe", (), {"isatty": lambda self: False})())
    assert session.confirm(QUESTION) is False


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("zh", ["判定：应为“符合”，实为“不作判定”", "名单状态：应为“符合条件”，实为“不在名单上”", "何时再判：应为2027-01-01，实为“没有”",
                "不符合的条件：应为age70，实为“没有”"]),
        ("en", ["verdict: expected yes, found no verdict", "status: expected eligible, found not listed", "until: expected 2027-01-01, found none",
                "failed: expected age70, found none"]),
    ],
)  # fmt: skip
def test_a_missed_expectation_says_what_is_absent(language: str, expected: list[str], run: Run, tmp_path: Path) -> None:
    """Values are printed by their titles, never as in Python; four unmet expectations of one case count as one case."""
    run("init", "--example")
    cases, policy = tmp_path / "cases.yaml", tmp_path / "w" / "policies" / "elderly-uninsured.yaml"
    cases.write_text(CASES, encoding="utf-8")

    result = run("policy", "test", policy, "--cases", cases, "--lang", language)

    assert result.exit_code == 3
    assert [line for line in expected if not any(line in output_line for output_line in result.output.split("\n"))] == []
    assert "None" not in result.output
    assert result.output.split("\n")[-3].split() == ["elderly-uninsured", "2", "1"]


def test_a_preview_says_which_feed_most_people_have_no_record_of(run: Run, town: Path) -> None:
    """The preview names the feed, and advises to use some … over, or no_record."""
    (town / "care.yaml").write_text(DRAFT, encoding="utf-8")
    (town / "some.yaml").write_text(
        DRAFT.replace("field: care_assessment.level, op: in, value: [severe, total]",
                      "quantifier: some, over: care_assessment, where: {field: level, op: in, value: [severe, total]}")
        .replace("discloses", "evidence: {care_assessment: {max_age: P30D}}\ndiscloses"), encoding="utf-8",
    )  # fmt: skip

    plain, some = (run("policy", "preview", town / name, "--lang", "en") for name in ("care.yaml", "some.yaml"))

    assert "lack evidence because they have no record of Care assessments" in plain.output, plain.output
    assert "some with over: care_assessment" in plain.output and "no_record for level" in plain.output
    assert "no record of" not in some.output
