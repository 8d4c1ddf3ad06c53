"""Outcomes that agencies report of candidates: who is suppressed, and how often lists are right.

``huimin candidates outcomes`` calls ``outcome_tallies``. New outcomes come in through ``services.lists.outcome_reports``;
``services.lists.correction_requests`` has what units are asked to correct. The ledger holds the outcomes (``streams.ledgers.outcomes``),
the book the suppressions (``streams.lists.book``). Source: docs/en/semantics.md, "What agencies find".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from pydantic import PlainSerializer

from policies.language.catalogue import Catalogue
from policies.language.tree import Leaf, Policy, leaves
from policies.values import Text
from services.access.run import passes_policy
from services.lists.changes import distinct_titles
from services.lists.cited_coverage import CitedStatement, cited_statement
from services.lists.reach import newest_policy, reachable_subjects
from services.lookup import check_published
from services.results import Internal, Token
from streams.ledgers.outcomes import OUTCOMES, RIGHT, OutcomeEntry, Rate, rate

if TYPE_CHECKING:
    from infra.workspace.workspace import Workspace
    from streams.ledgers.outcomes import Row
    from streams.steps.state import State

OutcomeStanding: TypeAlias = Literal["never", "kept", "over", "evidence", "refuted"]
"""Of an outcome: it never suppresses; it suppresses now; its time is over; the evidence has changed; the register has refuted it."""
Share: TypeAlias = Annotated[float, PlainSerializer(lambda share: round(share, 4), return_type=float)]


@dataclass(frozen=True, slots=True)
class RuleCriterion:
    """A criterion, as the newest version of the policy that has it.

    Args:
        leaf: None where no version has it.
    """

    id: str
    leaf: Leaf | None
    policy: Policy
    catalogue: Catalogue


@dataclass(frozen=True, slots=True)
class DeliveredRow:
    """A record, named by its delivered row."""

    feed: str
    unit: str
    delivery: int
    row: int


@dataclass(frozen=True, slots=True)
class OutcomeFound:
    """The outcome that counts of a subject, and its effect.

    Args:
        on: the day of the outcome.
        day: the day of the report.
        until: the first day on which it suppresses no more.
        records: those that a refuted criterion rested on, or the subject's register record, where the outcome is about that.
        statements: of coverage, that prove an absence on which a refuted criterion rested.
    """

    number: int
    subject: Token
    outcome: str
    on: date
    by: str
    criterion: str | None
    day: date
    until: date | None
    standing: OutcomeStanding
    records: tuple[DeliveredRow, ...]
    statements: tuple[CitedStatement, ...]
    refuted: Internal[RuleCriterion | None]


@dataclass(frozen=True, slots=True)
class CriterionHits:
    """How often agencies found a criterion right, and wrong.

    Args:
        hit_rate: None where nothing is known.
    """

    criterion: str
    right: int
    wrong: int
    hit_rate: Share | None
    rule: Internal[RuleCriterion]


@dataclass(frozen=True, slots=True)
class UnitHits:
    """How often agencies found the records of a unit right, and wrong."""

    unit: str
    right: int
    wrong: int
    hit_rate: Share | None
    title: Internal[Text]


@dataclass(frozen=True, slots=True)
class OutcomeTally:
    """The outcomes of the candidates of one policy.

    Args:
        outcomes: the number of each.
        right, wrong, hit_rate: of the outcomes that say whether the list was right.
        kept_off: the number of suppressed subjects now.
        next_back: the day on which the first of them comes back.
    """

    policy: str
    outcomes: Mapping[str, int]
    right: int
    wrong: int
    hit_rate: Share | None
    criteria: tuple[CriterionHits, ...]
    units: tuple[UnitHits, ...]
    kept_off: int
    next_back: date | None
    title: Internal[Text]


def outcome_tallies(workspace: Workspace, policy: str | None = None) -> list[OutcomeTally]:
    """The outcomes by policy, of one policy or of all that have any.

    Raises:
        HuiminError: the policy was never published.
    """
    with workspace.reading() as host:
        state = host.state
        if policy is not None:
            check_published(state, policy)
        every = sorted({finding.policy for finding in state.outcomes})
        names = [name for name in every if passes_policy(newest_policy(state, name))] if policy is None else [policy]
        titles = distinct_titles(names, state.registry)
        return [policy_tally(state, name, titles[name]) for name in names]


def outcome_found(state: State, finding: OutcomeEntry) -> OutcomeFound:
    """An outcome with its effect."""
    records = tuple(DeliveredRow(row[0], unit_of(state, row), row[2], row[3]) for row in finding.records)
    refuted = None if finding.criterion is None else rule_criterion(state, finding.policy, finding.criterion)
    return OutcomeFound(
        finding.offset, finding.subject, finding.outcome, finding.on, finding.by, finding.criterion, finding.day, finding.until,
        outcome_standing(state, finding), records, tuple(cited_statement(state, id) for id, _ in finding.statements), refuted,
    )  # fmt: skip


def outcome_standing(state: State, finding: OutcomeEntry) -> OutcomeStanding:
    """Whether an outcome suppresses its subject; and if it does not any more, why."""
    if finding.until is None:
        return "never"
    overlay = state.book.overlays_of(finding.policy).get(finding.subject)
    if overlay is not None and overlay.outcome is not None:
        return "kept"
    if finding.is_refuted:
        return "refuted"
    return "over" if finding.until <= state.day or not state.outcomes.is_current(finding) else "evidence"


def suppression_counts(state: State, policy: str) -> Counter[str]:
    """The number of suppressed subjects of a list, by outcome."""
    return Counter(overlay.outcome for overlay in state.book.overlays_of(policy).values() if overlay.outcome is not None)


def rule_criterion(state: State, policy: str, criterion: str) -> RuleCriterion:
    """A criterion in the newest version that has it."""
    versions = [version.policy for _, version in sorted(state.registry.versions[policy].items(), reverse=True)]
    for version in versions:
        for leaf in leaves(version.criteria):
            if leaf.meta.id == criterion:
                return RuleCriterion(criterion, leaf, version, state.catalogue)
    return RuleCriterion(criterion, None, versions[0], state.catalogue)


def unit_of(state: State, row: Row) -> str:
    """The unit that delivered a row."""
    feed, source, *_ = row
    return state.catalogue.feeds[feed].sources[source].unit


def holders_of(state: State, finding: OutcomeEntry) -> tuple[str, ...]:
    """The units that are asked because of an outcome: those of the records and of the coverage statements it rested on, each once."""
    units = [unit_of(state, row) for row in finding.records]
    return tuple(dict.fromkeys([*units, *(cited_statement(state, id).unit for id, _ in finding.statements)]))


def policy_tally(state: State, policy: str, title: Text | None = None) -> OutcomeTally:
    """The outcomes of the candidates of one policy; the title is that of its newest version where none is given."""
    title = title or state.registry.title(policy)
    findings = [finding for finding in state.outcomes if finding.policy == policy]
    reached = reachable_subjects(state, newest_policy(state, policy), (finding.subject for finding in findings))
    findings = [finding for finding in findings if finding.subject in reached]
    counts = Counter(finding.outcome for finding in findings)
    decisive = Counter(finding.outcome for finding in findings if not finding.is_refuted)
    right = sum(counts[word] for word in RIGHT)
    refuted = [finding for finding in findings if finding.criterion is not None]
    criteria = Counter(finding.criterion for finding in refuted if finding.criterion)
    units = Counter(unit for finding in refuted for unit in holders_of(state, finding))
    keeping = [finding for finding in findings if outcome_standing(state, finding) == "kept"]
    whole, titles = rate(decisive), state.catalogue.units
    return OutcomeTally(
        policy, {word: counts[word] for word in OUTCOMES if counts[word]}, whole.right, whole.wrong, whole.hit_rate,
        tuple(
            CriterionHits(id, right, n, Rate(right, n).hit_rate, rule_criterion(state, policy, id)) for id, n in sorted(criteria.items())
        ),
        tuple(UnitHits(unit, right, n, Rate(right, n).hit_rate, titles[unit].title) for unit, n in sorted(units.items())),
        len(keeping), min((finding.until for finding in keeping if finding.until is not None), default=None), title,
    )  # fmt: skip
