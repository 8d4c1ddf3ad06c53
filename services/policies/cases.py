"""Policies tried on their cases; and their mutants, small wrong versions that the cases should notice.

An expectation that is not met is a ``CaseMiss``. A mutant that no case notices is a fault of the cases. The verb ``policy test`` calls
``case_suites``, then ``run_cases``.
Source: docs/en/semantics.md section 10; DeMillo, Lipton, Sayward 1978 for mutants.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

from infra.workspace.library import library, library_catalogue
from infra.workspace.texts import text_of
from matchers.core import Matcher
from matchers.worlds import answer, load, token
from policies.cases.file import load_cases
from policies.cases.forms import Case, CaseFile, Expected, Missed
from policies.cases.mutants import mutants
from policies.checking.checker import check
from policies.problems.places import chinese
from policies.problems.problems import HuiminError, Invalid, Problem
from policies.values import Text
from policies.yaml import document
from services.lookup import readable_policy
from services.progress import Advance
from services.results import Hidden, Sentence

if TYPE_CHECKING:
    from matchers.reading.explain import Verdict
    from policies.language.catalogue import Catalogue
    from policies.language.tree import Policy

ExpectationSide: TypeAlias = str | date | list[str] | None
"""One side of an expectation; None or an empty list: nothing."""
Missing: TypeAlias = tuple[str, str | None, str | None]
"""A missing piece of evidence: criterion, feed, unit."""


@dataclass(frozen=True, slots=True)
class CaseMiss:
    """An expectation that is not met.

    Args:
        what: verdict, status, until, checklist, failed or missing.
        position: of its case in the file.
    """

    case: str
    subject: str
    what: str
    expected: ExpectationSide
    found: ExpectationSide
    position: Annotated[int, Hidden] = 0


@dataclass(frozen=True, slots=True)
class CaseRun:
    """The result of a policy's cases.

    Args:
        cases: their number.
        failed: every expectation that is not met.
        mutants: the number of wrong versions that were made.
        unnoticed: the changes of the mutants that no case noticed.
        file: the name of the file of cases.
    """

    policy: str
    cases: int
    failed: list[CaseMiss]
    mutants: int
    unnoticed: list[Sentence]
    file: Annotated[str, Hidden]

    @property
    def failed_cases(self) -> int:
        """The number of cases with an expectation that is not met."""
        return len({miss.position for miss in self.failed})


@dataclass(frozen=True, slots=True)
class CaseSuite:
    """A policy and its cases, each with its file."""

    policy_file: Path
    case_file: Path
    policy: Policy
    cases: Sequence[Case]


def library_suites() -> tuple[Catalogue, list[CaseSuite]]:
    """Every policy of the library with its cases, and their catalogue."""
    catalogue = library_catalogue()
    policies, cases = (sorted((library() / folder).glob("*.yaml")) for folder in ("policies", "cases"))
    return catalogue, case_suites(catalogue, policies, cases)


def case_suites(catalogue: Catalogue, policies: Sequence[Path], cases: Sequence[Path]) -> list[CaseSuite]:
    """Each file of cases with its policy.

    Raises:
        Invalid: with every problem of every file.
        HuiminError: the policy of a file of cases was not given.
    """
    problems: list[Problem] = []
    by_name: dict[str, tuple[Path, Policy]] = {}
    for path in policies:
        try:
            policy = readable_policy(path, catalogue)
            by_name[policy.name] = (path, policy)
        except Invalid as error:
            problems += error.problems
    suites = []
    for path in cases:
        try:
            file: CaseFile = load_cases(text_of(path), str(path), catalogue)
        except Invalid as error:
            problems += error.problems
            continue
        if file.policy in by_name:
            policy_file, policy = by_name[file.policy]
            suites.append(CaseSuite(policy_file, path, policy, file.cases))
        elif not problems:
            raise HuiminError(Text(f"{path}：没有给出政策 {file.policy}。", f"{path}: its policy {file.policy} was not given."), 3)
    if problems:
        raise Invalid(problems)
    return suites


def run_cases(
    suites: Sequence[CaseSuite], catalogue: Catalogue, mutants: bool = False, advance: Advance = lambda cases: None
) -> list[CaseRun]:
    """Try policies on their cases; with ``mutants``, their mutants too."""
    return [_run(suite, catalogue, mutants, advance) for suite in suites]


def _run(suite: CaseSuite, catalogue: Catalogue, with_mutants: bool, advance: Advance) -> CaseRun:
    misses: list[CaseMiss] = []
    for position, case in enumerate(suite.cases):
        misses += _misses(position, case, suite.policy, case_world(case, catalogue))
        advance(1)
    changed, unnoticed = _try_mutants(suite, catalogue, advance) if with_mutants else (0, [])
    return CaseRun(suite.policy.name, len(suite.cases), misses, changed, unnoticed, suite.case_file.name)


def case_world(case: Case, catalogue: Catalogue) -> Matcher:
    """A matching core with the world of a case, without policies."""
    return load(catalogue, case.given.model_dump(exclude_unset=True), case.as_of)


def _misses(position: int, case: Case, policy: Policy, matcher: Matcher) -> Iterator[CaseMiss]:
    """The expectations of a case that a policy does not meet; the matcher has the policy afterwards."""
    matcher.publish(policy)
    if case.given.answers:
        answer(matcher, policy.name, policy.subject, case.given.model_dump(exclude_unset=True))
    for subject, expected in case.expect.items():
        verdict = matcher.verdict(policy.name, token(policy.subject, subject))
        for what, wanted, actual in _differences(expected, verdict):
            yield CaseMiss(case.case, subject, what, wanted, actual, position)


def _differences(expected: Expected, verdict: Verdict) -> Iterator[tuple[str, ExpectationSide, ExpectationSide]]:
    """(what, expected, actual) of each word of an expectation that is not met; words that it does not have are not checked."""
    stated = expected.model_fields_set
    for word in ("verdict", "status", "until"):
        if word in stated and getattr(expected, word) != getattr(verdict, word):
            yield word, getattr(expected, word), getattr(verdict, word)
    for word in ("checklist", "failed"):
        wanted, actual = sorted(getattr(expected, word)), sorted(set(getattr(verdict, word)))
        if word in stated and wanted != actual:
            yield word, wanted, actual
    if "missing" in stated and not _same_missing(expected.missing, verdict.missing):
        yield "missing", [_entry_text(entry) for entry in expected.missing], ["/".join(filter(None, entry)) for entry in verdict.missing]


def _same_missing(expected: Sequence[str | Missed], actual: Sequence[Missing]) -> bool:
    """Whether each expected entry fits an actual one, and the reverse; a bare criterion fits all of its entries."""
    return all(any(_fits(wanted, entry) for entry in actual) for wanted in expected) and all(
        any(_fits(wanted, entry) for wanted in expected) for entry in actual
    )


def _fits(expected: str | Missed, entry: Missing) -> bool:
    if isinstance(expected, str):
        return expected == entry[0]
    pairs = zip(("criterion", "feed", "unit"), entry, strict=True)
    return all(getattr(expected, word) == value for word, value in pairs if word in expected.model_fields_set)


def _entry_text(expected: str | Missed) -> str:
    return expected if isinstance(expected, str) else "/".join(filter(None, (expected.criterion, expected.feed, expected.unit)))


def _try_mutants(suite: CaseSuite, catalogue: Catalogue, advance: Advance) -> tuple[int, list[Text]]:
    """The number of a policy's mutants, and those that no case notices. A mutant that the checker refuses counts as noticed."""
    original = document.load(text_of(suite.policy_file), str(suite.policy_file))
    mutant_count = 0
    alive: list[tuple[Text, Policy]] = []
    for change, path, data in mutants(original.data):
        mutant_count += 1
        policy = check(document.Document(data, original.file), catalogue).policy
        if policy is not None:
            alive.append((Text(_at(chinese(path), change.zh, "："), _at(path, change.en, ": ")), policy))
    for case in suite.cases:
        matcher = case_world(case, catalogue)
        alive = [(change, policy) for change, policy in alive if next(_misses(0, case, policy, matcher), None) is None]
        advance(1)
    return mutant_count, [change for change, _ in alive]


def _at(place: str, change: str, colon: str) -> str:
    """A change with its place, unless it names the place itself."""
    return change if change.startswith(place) else f"{place}{colon}{change}"
