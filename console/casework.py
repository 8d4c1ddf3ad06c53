"""``huimin policy test``: what policies say of the cases written for them, and whether the cases would notice a wrong policy.

The one idea: an expectation that is not met is one line that names the case, the subject and the difference; a mutant that no case
notices is a failure of the cases. Source: docs/semantics.md section 10; DeMillo, Lipton, Sayward 1978 for mutants.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from console.lookup import readable
from console.session import Advance, Session
from policies.problems import Invalid
from policies.values import Text

if TYPE_CHECKING:
    from matchers.core import Matcher
    from policies.caseforms import Case, CaseFile, Expected
    from policies.catalogue import Catalogue
    from policies.tree import Policy


@dataclass(frozen=True, slots=True)
class Miss:
    """One expectation that was not met."""

    file: str
    case: str
    subject: str
    what: str
    expected: str
    found: str

    def line(self, language: str) -> str:
        words = Text("应为 {0}，实为 {1}", "expected {0}, found {1}")[language].format(self.expected, self.found)
        return f"{self.file}: {self.case} [{self.subject}] {self.what}: {words}"


@dataclass(slots=True)
class Trial:
    """One policy and its cases."""

    policy_file: Path
    case_file: Path
    policy: Policy
    cases: CaseFile
    misses: list[Miss] = field(default_factory=list)
    survivors: list[str] = field(default_factory=list)
    mutants: int = 0


def trial(session: Session, catalogue: Catalogue | None, policies: Sequence[Path], cases: Sequence[Path], mutants: bool) -> bool:
    """Run cases and show how they went; returns whether anything failed."""
    if catalogue is None:
        catalogue, policies, cases = _library()
    trials = _paired(catalogue, policies, cases)
    total = sum(len(one.cases.cases) for one in trials)
    with session.progress(Text("检验用例", "Trying the cases"), total * (2 if mutants else 1)) as advance:
        for one in trials:
            one.misses = list(_misses(one, catalogue, advance))
            if mutants:
                _try_mutants(one, catalogue, advance, session.language)
    _told(session, trials, mutants)
    return any(one.misses or one.survivors for one in trials)


def _library() -> tuple[Catalogue, list[Path], list[Path]]:
    from infra.library import library, library_catalogue

    return library_catalogue(), sorted((library() / "policies").glob("*.yaml")), sorted((library() / "cases").glob("*.yaml"))


def _paired(catalogue: Catalogue, policies: Sequence[Path], cases: Sequence[Path]) -> list[Trial]:
    """Each case file with the policy it names.

    Raises:
        Invalid: with every problem of every file.
        HuiminError: a case file whose policy was not given.
    """
    from policies.casefile import load_cases
    from policies.problems import HuiminError

    problems: list[Any] = []
    known: dict[str, tuple[Path, Policy]] = {}
    for path in policies:
        try:
            policy = readable(path, catalogue)
            known[policy.name] = (path, policy)
        except Invalid as error:
            problems += error.problems
    found = []
    for path in cases:
        try:
            file = load_cases(path.read_text(encoding="utf-8"), str(path), catalogue)
        except Invalid as error:
            problems += error.problems
            continue
        if file.policy in known:
            found.append(Trial(known[file.policy][0], path, known[file.policy][1], file))
        elif not problems:
            raise HuiminError(Text(f"{path}：没有给出政策 {file.policy}。", f"{path}: its policy {file.policy} was not given."), 3)
    if problems:
        raise Invalid(problems)
    return found


def _misses(one: Trial, catalogue: Catalogue, advance: Advance) -> Iterator[Miss]:
    for case in one.cases.cases:
        matcher = world(case, catalogue)
        matcher.publish(one.policy)
        _answer(matcher, one.policy, case)
        yield from _compared(one.case_file.name, case, one.policy, matcher)
        advance(1)


def world(case: Case, catalogue: Catalogue) -> Matcher:
    """A matching core that holds the world of a case, without policies."""
    from matchers.worlds import load

    return load(catalogue, case.given.model_dump(exclude_unset=True), case.as_of)


def _answer(matcher: Matcher, policy: Policy, case: Case) -> None:
    from matchers.worlds import answer

    if case.given.answers:
        answer(matcher, policy.name, policy.subject, case.given.model_dump(exclude_unset=True))


def _compared(file: str, case: Case, policy: Policy, matcher: Matcher) -> Iterator[Miss]:
    from matchers.worlds import token

    for subject, expected in case.expect.items():
        verdict = matcher.verdict(policy.name, token(policy.subject, subject))
        for what, wanted, found in _differences(expected, verdict):
            yield Miss(file, case.case, subject, what, wanted, found)


def _differences(expected: Expected, verdict: Any) -> Iterator[tuple[str, str, str]]:
    """(what, expected, found) of each word of an expectation that is not met; words not written are not checked."""
    written = expected.model_fields_set
    if "verdict" in written and expected.verdict != verdict.verdict:
        yield "verdict", str(expected.verdict), str(verdict.verdict)
    for word in ("status", "until"):
        if word in written and getattr(expected, word) != getattr(verdict, word):
            yield word, str(getattr(expected, word)), str(getattr(verdict, word))
    for word in ("checklist", "failed"):
        wanted, got = sorted(getattr(expected, word)), sorted(set(getattr(verdict, word)))
        if word in written and wanted != got:
            yield word, _listed(wanted), _listed(got)
    if "missing" in written and not _same_missing(expected.missing, verdict.missing):
        yield (
            "missing",
            _listed(_written(entry) for entry in expected.missing),
            _listed("/".join(str(part) for part in entry if part) for entry in verdict.missing),
        )


def _same_missing(expected: Sequence[Any], found: Iterable[tuple[str, str | None, str | None]]) -> bool:
    """Each expected entry fits something found, and each found entry is expected; a bare criterion fits all of its entries."""
    got = list(found)
    return all(any(_fits(entry, one) for one in got) for entry in expected) and all(
        any(_fits(entry, one) for entry in expected) for one in got
    )


def _fits(entry: Any, found: tuple[str, str | None, str | None]) -> bool:
    if isinstance(entry, str):
        return entry == found[0]
    pairs = zip(("criterion", "feed", "unit"), found, strict=True)
    return all(getattr(entry, word) == value for word, value in pairs if word in entry.model_fields_set)


def _written(entry: Any) -> str:
    return entry if isinstance(entry, str) else "/".join(part for part in (entry.criterion, entry.feed, entry.unit) if part)


def _listed(words: Iterable[str]) -> str:
    return "[" + ", ".join(words) + "]"


def _try_mutants(one: Trial, catalogue: Catalogue, advance: Advance, language: str) -> None:
    """Try every mutant on every case until one notices it. A mutant the checker refuses is noticed already."""
    from policies.checker import check
    from policies.document import Document, load
    from policies.mutants import mutants

    document = load(one.policy_file.read_text(encoding="utf-8"), str(one.policy_file))
    alive: list[tuple[str, Policy]] = []
    for text, path, data in mutants(document.data):
        one.mutants += 1
        policy = check(Document(data, document.file), catalogue).policy
        if policy is not None:
            alive.append((f"{path}: {text[language]}", policy))
    for case in one.cases.cases:
        matcher = world(case, catalogue)
        alive = [(name, policy) for name, policy in alive if not _noticed(one, case, policy, matcher)]
        advance(1)
    one.survivors = [name for name, _ in alive]


def _noticed(one: Trial, case: Case, policy: Policy, matcher: Matcher) -> bool:
    matcher.publish(policy)
    _answer(matcher, policy, case)
    return next(_compared(one.case_file.name, case, policy, matcher), None) is not None


def _told(session: Session, trials: Sequence[Trial], mutants: bool) -> None:
    if session.data([_as_data(one) for one in trials]):
        return
    out = session.console()
    for one in trials:
        for miss in one.misses:
            out.print(miss.line(session.language), style="red", markup=False, soft_wrap=True)
        for survivor in one.survivors:
            words = Text("没有用例察觉这个改动", "no case notices this change")[session.language]
            out.print(f"{one.case_file.name}: {words}: {survivor}", style="yellow", markup=False, soft_wrap=True)
    columns = [Text("政策", "policy"), Text("用例", "cases"), Text("不符", "failed")] + (
        [Text("改动", "mutants"), Text("未察觉", "unnoticed")] if mutants else []
    )
    session.table(None, columns, (_row(one, mutants) for one in trials), right=(1, 2, 3, 4))


def _row(one: Trial, mutants: bool) -> list[str]:
    counts = [len(one.cases.cases), len(one.misses), *((one.mutants, len(one.survivors)) if mutants else ())]
    return [one.policy.name, *(str(count) for count in counts)]


def _as_data(one: Trial) -> dict[str, Any]:
    misses = [{"case": m.case, "subject": m.subject, "what": m.what, "expected": m.expected, "found": m.found} for m in one.misses]
    return {"policy": one.policy.name, "cases": len(one.cases.cases), "failed": misses, "mutants": one.mutants, "unnoticed": one.survivors}
