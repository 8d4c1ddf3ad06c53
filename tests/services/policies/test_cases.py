"""Policies tried on their cases, asked of the service."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from infra.workspace.library import library, library_catalogue
from policies.problems.problems import HuiminError, Invalid
from services.policies.cases import CaseMiss, case_suites, library_suites, run_cases
from services.results import plain

NAME = "elderly-uninsured"
POLICY, CASES = library() / f"policies/{NAME}.yaml", library() / f"cases/{NAME}.yaml"


def test_a_policy_meets_its_cases() -> None:
    """Every case is tried, and said to be."""
    catalogue, tried = library_catalogue(), list[int]()
    (suite,) = case_suites(catalogue, [POLICY], [CASES])

    (run,) = run_cases([suite], catalogue, advance=tried.append)

    assert (run.policy, run.cases, run.failed, run.failed_cases) == (NAME, len(suite.cases), [], 0)
    assert sum(tried) == run.cases > 5 and (run.mutants, run.unnoticed) == (0, [])


def test_an_expectation_that_is_not_met_is_told(tmp_path: Path) -> None:
    """By case, subject and what it is about; each expectation by itself."""
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(
        f"format: 1\npolicy: {NAME}\ncases:\n  - case: nobody\n    as_of: 2026-10-15\n    given: {{persons: {{a: {{}}}}}}\n"
        "    expect: {a: {verdict: yes, until: 2026-12-31, failed: [age70]}}\n",
        encoding="utf-8",
    )
    catalogue = library_catalogue()

    (run,) = run_cases(case_suites(catalogue, [POLICY], [wrong]), catalogue)

    assert run.failed_cases == 1
    assert run.failed == [
        CaseMiss("nobody", "a", "verdict", "yes", None),
        CaseMiss("nobody", "a", "until", date(2026, 12, 31), None),
        CaseMiss("nobody", "a", "failed", ["age70"], []),
    ]
    assert plain(run, "en")["failed"][1]["expected"] == "2026-12-31"


def test_too_few_cases_do_not_notice_a_wrong_policy(tmp_path: Path) -> None:
    """Those that are left say nothing of most changes; all of them notice every one."""
    text = CASES.read_text(encoding="utf-8")
    first, second = text.index("- case:"), text.index("- case:", text.index("- case:") + 1)
    few = tmp_path / "few.yaml"
    few.write_text(text[:second], encoding="utf-8")
    catalogue = library_catalogue()

    all_cases, one_case = run_cases(case_suites(catalogue, [POLICY], [CASES, few]), catalogue, mutants=True)

    assert first < second and all_cases.unnoticed == [] and all_cases.mutants == one_case.mutants > 10
    assert len(one_case.unnoticed) > 3 and all(change.zh and change.en for change in one_case.unnoticed)


def test_files_that_cannot_be_tried(tmp_path: Path) -> None:
    """Cases without their policy; a policy with errors, whose problems all come."""
    catalogue = library_catalogue()
    broken_policy = tmp_path / "broken.yaml"
    broken_policy.write_text(POLICY.read_text(encoding="utf-8").replace("hukou.birth_date", "hukou.nothing"), encoding="utf-8")

    with pytest.raises(HuiminError, match=NAME):
        case_suites(catalogue, [], [CASES])
    with pytest.raises(Invalid) as error:
        case_suites(catalogue, [broken_policy], [CASES])

    assert {problem.code for problem in error.value.problems} >= {"field-unknown"}


def test_the_library_has_cases_for_every_policy() -> None:
    """Each suite holds a policy and cases that name it."""
    _, suites = library_suites()

    assert {suite.policy.name for suite in suites} == {path.stem for path in (library() / "policies").glob("*.yaml")}
