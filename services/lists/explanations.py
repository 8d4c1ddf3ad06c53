"""Why a subject is, or is not, on a list: the verdict, criterion by criterion, with the records of each, and what is missing.

``huimin explain`` and ``edition show --subject`` call this; ``console.text.explanations`` puts it into words. A record is cited by its
unit, its version and the fields that were read, never by its key or number; an absence by the coverage statement that proves it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated

from matchers.reading.comparisons import Comparison, short_form
from policies.language.catalogue import Catalogue
from policies.language.tree import Policy
from services.lists.cited_coverage import CitedStatement, StatementsInEffect
from services.lists.holds import HoldEvent, held_changes_on, hold_event
from services.lists.marks import ReportedMark, mark_of
from services.lists.outcomes import OutcomeFound, outcome_found
from services.lists.reach import enter_candidates
from services.lookup import matched_policy
from services.results import Internal, Key, Token
from services.state.as_of import core, state_known_at

if TYPE_CHECKING:
    from infra.workspace.workspace import Workspace
    from matchers.reading.explain import Criterion, Fact
    from streams.host import Host
    from streams.steps.state import State


@dataclass(frozen=True, slots=True)
class ErasedSubject:
    """A subject whose person was erased: nothing is told of it, for any moment."""

    subject: Token
    erased: date
    reason: str


@dataclass(frozen=True, slots=True)
class CitedRecord:
    """A record that a criterion rests on: its source, its version, its validity, and the fields that were read."""

    feed: str
    unit: str
    delivery: int
    order: int
    start: Annotated[date | None, Key("from")]
    end: Annotated[date | None, Key("to")]
    quarantined: bool
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ExplainedCriterion:
    """A criterion as it was read of one subject.

    Args:
        form: all, any, none, unless, or the kind of the leaf.
        truth: T, F or U.
        matters: the verdict rests on this criterion.
        found: what was compared, in a short form.
        coverage: the statements that prove an absence on which the criterion rests.
    """

    id: str
    cite: str | None
    form: str
    truth: str
    matters: bool
    found: str
    records: tuple[CitedRecord, ...]
    coverage: tuple[CitedStatement, ...]
    criteria: tuple[ExplainedCriterion, ...]
    path: Internal[str]
    """Of the node in the rule."""
    negated: Internal[bool]
    comparison: Internal[Comparison | None]


@dataclass(frozen=True, slots=True)
class EvidenceHolder:
    """A criterion without evidence, the feed that could hold it, and a unit that holds the feed, with how to reach it.

    Args:
        feed: None where a parameter of the policy has no value on the day.
    """

    criterion: str
    feed: str | None
    unit: str | None
    contact: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class AnsweredCheck:
    """What a person found out about a check; ``by`` and ``day`` are None where an older version did not note them."""

    check: str
    answer: bool
    by: str | None
    day: date | None


@dataclass(frozen=True, slots=True)
class HeldStatus:
    """A hold that keeps a change back, and the status on the list meanwhile.

    Args:
        told: None: not listed.
    """

    hold: str
    told: str | None
    event: Internal[HoldEvent]


@dataclass(frozen=True, slots=True)
class SubjectExplanation:
    """A verdict with its reasons.

    Args:
        verdict: None: no verdict, as the subject is not registered, or is outside the policy's scope.
        status: by the rule; the list may have another where ``held`` or ``outcome`` says so.
        failed: the criteria that are not met.
        missing: the criteria without evidence.
        still_yes: evidence is missing, and the verdict is yes whatever it says.
        until: the first day on which this may change without any new record.
        reported: an agency reported the subject deceased or moved, and the register has not answered by its records.
        answers: of people to the policy's checks, in the order in which they were given.
    """

    policy: str
    version: int
    subject: Token
    day: date
    division: str | None
    verdict: str | None
    status: str | None
    held: HeldStatus | None
    failed: tuple[str, ...]
    checklist: tuple[str, ...]
    still_yes: bool
    until: date | None
    outcome: OutcomeFound | None
    reported: ReportedMark | None
    missing: tuple[EvidenceHolder, ...]
    criteria: ExplainedCriterion | None
    answers: tuple[AnsweredCheck, ...]
    rule: Internal[Policy]
    catalogue: Internal[Catalogue]
    overridden: Internal[bool]
    """The list says something else than the rule."""
    merged_into: Internal[int | None]
    """The subject as which this one counts."""


def explain_subject(
    workspace: Workspace, policy: str, subject: int, day: date | None = None, known_at: int | date | None = None
) -> SubjectExplanation | ErasedSubject:
    """Why a subject is, or is not, on a list on a day, from what was known at a moment; None: now.

    Raises:
        HuiminError: the policy is not matched on that day. NotKept: the moment cannot be asked for.
    """
    with workspace.reading() as host:
        return erased_subject(host, subject) or explanation(state_known_at(host, day, known_at), policy, subject)


def erased_subject(host: Host, subject: int) -> ErasedSubject | None:
    """A subject whose person was erased; None for any other. The state of now decides, whatever the moment of the question."""
    erased = host.state.erasures.of(subject)
    return None if erased is None else ErasedSubject(subject, erased.day, erased.reason)


def explanation(state: State, policy: str, subject: int) -> SubjectExplanation:
    """Why a subject is, or is not, on a list of this state.

    Raises:
        HuiminError: the policy is not matched.
    """
    rule = matched_policy(state, policy)
    enter_candidates(state, policy, [subject])
    explained = core(state).explain(policy, subject)
    verdict, catalogue = explained.verdict, state.catalogue
    root = state.identities.root(rule.subject, subject)
    hold, person = held_changes_on(state, policy).get(root, (None, None))
    finding = state.outcomes.of(policy, subject)
    needs_evidence = verdict.status == "needs_evidence"
    return SubjectExplanation(
        policy, rule.version, subject, explained.day, explained.division, verdict.verdict, verdict.status,
        None if hold is None or person is None else HeldStatus(hold.id, person.told_status, hold_event(state, hold)),
        verdict.failed, verdict.checklist, needs_evidence and core(state).still_yes(policy, subject) is True, verdict.until,
        None if finding is None else outcome_found(state, finding), mark_of(state, policy, root),
        tuple(
            EvidenceHolder(criterion, feed, unit, dict(catalogue.units[unit].contact) if unit else {})
            for criterion, feed, unit in verdict.missing
        ),
        _criterion(explained.criteria, StatementsInEffect(state)) if verdict.verdict else None, tuple(_answers(state, rule, root)),
        rule, catalogue, root in state.book.overlays_of(policy), None if root == subject else root,
    )  # fmt: skip


def _answers(state: State, rule: Policy, subject: int) -> Iterator[AnsweredCheck]:
    """The answers that were given of a subject to checks of a policy."""
    for (policy, token, check), entry in state.answers.items():
        if policy == rule.name and state.identities.root(rule.subject, token) == subject:
            yield AnsweredCheck(check, entry.answer, entry.by, entry.day)


def _criterion(criterion: Criterion, statements: StatementsInEffect) -> ExplainedCriterion:
    meta, truth = criterion.meta, {True: "T", False: "F", None: "U"}[criterion.truth]
    return ExplainedCriterion(
        meta.id, meta.cite, criterion.form, truth, criterion.matters, short_form(criterion.comparison),
        tuple(_record(fact) for fact in criterion.facts), statements.statements_of(criterion),
        tuple(_criterion(child, statements) for child in criterion.children), meta.path, criterion.negated, criterion.comparison,
    )  # fmt: skip


def _record(fact: Fact) -> CitedRecord:
    version = fact.delivery, fact.order, fact.valid_from, fact.valid_to
    return CitedRecord(fact.feed, fact.unit, *version, fact.quarantined, dict(fact.fields))
