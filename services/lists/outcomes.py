"""What agencies found of candidates: who is kept off a list, and how often lists are right.

``huimin candidates outcomes`` calls ``outcome_tallies``. New outcomes come in through ``services.lists.outcome_reports``; what units are
asked to correct is ``services.lists.correction_requests``. The ledger holds what was reported (``streams.ledgers.outcomes``), the book who
is kept off because of it (``streams.lists.book``); nothing of this is kept twice. Source: docs/en/semantics.md, "What agencies find".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from pydantic import PlainSerializer

from policies.language.catalogue import Catalogue
from policies.language.tree import Leaf, Policy, leaves
from policies.values import Text
from services.lists.changes import distinct_titles
from services.lookup import check_published
from services.results import Internal, Token
from streams.ledgers.outcomes import OUTCOMES, RIGHT, Finding, Rate, rate

if TYPE_CHECKING:
    from infra.workspace.workspace import Workspace
    from streams.ledgers.outcomes import Row
    from streams.steps.state import State

Standing: TypeAlias = Literal["never", "kept", "over", "evidence"]
"""Of an outcome: it keeps nobody off; it does; its time is over; what the rule reads of the subject is not what it was."""
Share: TypeAlias = Annotated[float, PlainSerializer(lambda share: round(share, 4), return_type=float)]


@dataclass(frozen=True, slots=True)
class RuleCriterion:
    """A criterion of a policy, as its newest version with it has it.

    Args:
        leaf: None where no version has it.
    """

    id: str
    leaf: Leaf | None
    policy: Policy
    catalogue: Catalogue


@dataclass(frozen=True, slots=True)
class DeliveredRow:
    """A record, by the row in which it was delivered."""

    feed: str
    unit: str
    delivery: int
    row: int


@dataclass(frozen=True, slots=True)
class OutcomeFound:
    """An outcome that counts of a subject, and what came of it.

    Args:
        on: the day it was found.
        day: the day it was reported.
        until: the first day on which it keeps nobody off.
        records: those that a refuted criterion rested on.
    """

    number: int
    subject: Token
    outcome: str
    on: date
    by: str
    criterion: str | None
    day: date
    until: date | None
    standing: Standing
    records: tuple[DeliveredRow, ...]
    refuted: Internal[RuleCriterion | None]


@dataclass(frozen=True, slots=True)
class CriterionHits:
    """How often agencies said that a criterion was right, and that it was wrong.

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
    """The same of the records of a unit."""

    unit: str
    right: int
    wrong: int
    hit_rate: Share | None
    title: Internal[Text]


@dataclass(frozen=True, slots=True)
class OutcomeTally:
    """What agencies found of the candidates of one policy.

    Args:
        outcomes: how many of each.
        right, wrong, hit_rate: of those that say whether the list was right.
        kept_off: how many are kept off the list now.
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
    """What was found, of one policy, or of all of whose candidates anything was.

    Raises:
        HuiminError: the policy was never published.
    """
    with workspace.reading() as host:
        state = host.state
        if policy is not None:
            check_published(state, policy)
        names = sorted({finding.policy for finding in state.findings}) if policy is None else [policy]
        titles = distinct_titles(names, state.registry)
        return [_tally(state, name, titles[name], [finding for finding in state.findings if finding.policy == name]) for name in names]


def outcome_found(state: State, finding: Finding) -> OutcomeFound:
    """An outcome with what came of it."""
    records = tuple(DeliveredRow(row[0], unit_of(state, row), row[2], row[3]) for row in finding.records)
    refuted = None if finding.criterion is None else rule_criterion(state, finding.policy, finding.criterion)
    return OutcomeFound(
        finding.offset, finding.subject, finding.outcome, finding.on, finding.by, finding.criterion, finding.day, finding.until,
        standing(state, finding), records, refuted,
    )  # fmt: skip


def standing(state: State, finding: Finding) -> Standing:
    """Does an outcome keep somebody off; and if it does not any more, why?"""
    if finding.until is None:
        return "never"
    overlay = state.book.on(finding.policy).get(finding.subject)
    if overlay is not None and overlay.outcome is not None:
        return "kept"
    return "over" if finding.until <= state.day or not state.findings.standing(finding) else "evidence"


def kept_off(state: State, policy: str) -> Counter[str]:
    """How many are kept off a list, by what was found."""
    return Counter(overlay.outcome for overlay in state.book.on(policy).values() if overlay.outcome is not None)


def rule_criterion(state: State, policy: str, criterion: str) -> RuleCriterion:
    """A criterion as the newest version that has it says it."""
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


def _tally(state: State, policy: str, title: Text, findings: Sequence[Finding]) -> OutcomeTally:
    counts = Counter(finding.outcome for finding in findings)
    right = sum(counts[word] for word in RIGHT)
    refuted = [finding for finding in findings if finding.criterion is not None]
    criteria = Counter(finding.criterion for finding in refuted if finding.criterion)
    units = Counter(unit for finding in refuted for unit in {unit_of(state, row) for row in finding.records})
    keeping = [finding for finding in findings if standing(state, finding) == "kept"]
    whole, titles = rate(counts), state.catalogue.units
    return OutcomeTally(
        policy, {word: counts[word] for word in OUTCOMES if counts[word]}, whole.right, whole.wrong, whole.hit,
        tuple(CriterionHits(id, right, n, Rate(right, n).hit, rule_criterion(state, policy, id)) for id, n in sorted(criteria.items())),
        tuple(UnitHits(unit, right, n, Rate(right, n).hit, titles[unit].title) for unit, n in sorted(units.items())),
        len(keeping), min((finding.until for finding in keeping if finding.until is not None), default=None), title,
    )  # fmt: skip
