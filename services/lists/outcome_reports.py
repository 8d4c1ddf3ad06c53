"""An outcome that an agency reports of one candidate; ``services.lists.returned_lists`` reads many from a file.

``huimin candidates ack`` calls this. A refuted criterion is reported with the records that it rests on now, and their units are asked to
check them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from policies.problems.problems import HuiminError, comma_list, suggestion
from policies.values import Text
from services.lists.changes import Changes, Titles, list_changes
from services.lists.outcomes import OutcomeFound, outcome_found
from services.lookup import check_published
from services.results import Internal
from services.state.as_of import core
from streams.ledgers.outcomes import TITLES, outcome_of

if TYPE_CHECKING:
    from connectors.lists.outcome_form import OutcomeForm
    from connectors.lists.outcomes import KnownSubjects
    from infra.workspace.workspace import Workspace
    from matchers.reading.explain import Criterion
    from streams.language.messages import OutcomeReported
    from streams.ledgers.outcomes import Row
    from streams.steps.state import State


@dataclass(frozen=True, slots=True)
class ReportedOutcome:
    """An outcome that was reported of one candidate.

    Args:
        outcome: the outcome that counts now; not the reported one where that was known before (``new`` is false) or is older.
        holders: the units whose records are to be corrected, by title.
    """

    outcome: OutcomeFound
    new: bool
    changes: Changes
    titles: Titles
    holders: Internal[tuple[Text, ...]]
    on: Internal[date]
    """The day that was reported."""


def parse_outcome(text: str) -> str:
    """The outcome that a person typed.

    Raises:
        HuiminError: there is no such outcome. The error does not repeat the text: it might be somebody's number.
    """
    outcome = outcome_of(text)
    if outcome is None:
        near, titles = suggestion(text, TITLES), "、".join(title.zh for title in TITLES.values())
        zh = f"没有这种反馈；应为{titles}。{near.zh}"
        raise HuiminError(Text(zh, f"There is no such outcome; expected {comma_list(TITLES)}.{near.en}"), 2)
    return outcome


def report_outcome(
    workspace: Workspace, policy: str, subject: int, outcome: str, by: str, on: date | None = None, criterion: str | None = None
) -> ReportedOutcome:
    """Reports the outcome of one candidate.

    Args:
        on: the day of the outcome; by default the state's.
        criterion: the wrong criterion, by id or label.

    Raises:
        HuiminError: there is no such policy, subject or criterion. Refused: the outcome does not fit.
    """
    with workspace.writing() as host:
        state = host.state
        check_published(state, policy)
        subjects = known_subjects(state, policy)
        if not subjects.exists(subjects.root(subject)):
            raise HuiminError(Text("没有这一对象；请核对化名。", "Nobody is known by this token; look at it again."), 2)
        id = None if criterion is None else _criterion(state, policy, criterion)
        day = on or state.day
        receipt = host.submit(report_message(state, policy, subject, outcome, day, by, id))
        finding = host.state.outcomes.of(policy, subjects.root(subject))
        assert finding is not None  # this one, or a later one
        result, new = outcome_found(host.state, finding), finding.offset == receipt.offset
        listing, units = list_changes(receipt.changes, host.state.registry), host.state.catalogue.units
        holders = tuple(units[unit].title for unit in dict.fromkeys(row.unit for row in result.records)) if new else ()
    return ReportedOutcome(result, new, listing.changes, listing.titles, holders, day)


def _criterion(state: State, policy: str, text: str) -> str:
    """The id of a criterion, from its id or label."""
    form = outcome_form(state, policy)
    id = form.criterion(text)
    if id is None:
        near = suggestion(text, form.criteria)
        zh = f"政策 {policy} 没有这一条件。{near.zh or f'用 huimin policy show {policy} 查看。'}"
        raise HuiminError(Text(zh, f"Policy {policy} has no such criterion.{near.en or f' See huimin policy show {policy}.'}"), 3)
    return id


def outcome_form(state: State, policy: str) -> OutcomeForm:
    """The form of a returned list of a policy: the criteria and checks that it may name."""
    from connectors.lists.outcome_form import OutcomeForm

    versions = [version.policy for _, version in sorted(state.registry.versions[policy].items())]
    matched = state.matched_policy(policy)
    return OutcomeForm([*versions, *([matched] if matched else [])], state.catalogue)


def known_subjects(state: State, policy: str, on: date | None = None) -> KnownSubjects:
    """The known subjects of a state, and the subject that each counts as; ``on``: the day of rows that name none."""
    from connectors.lists.outcomes import KnownSubjects
    from matchers.kernel.layout import KINDS

    subject = _kind(state, policy)
    kind, store = KINDS.index(subject), core(state).store
    return KnownSubjects(lambda token: store.entity(kind, token) >= 0, lambda token: state.identities.root(subject, token), state.day, on)


def _kind(state: State, policy: str) -> str:
    versions = state.registry.versions[policy]
    return str(next(iter(versions.values())).policy.subject)


def report_message(state: State, policy: str, subject: int, outcome: str, on: date, by: str, criterion: str | None) -> OutcomeReported:
    """An outcome as a message, with the records that a refuted criterion rests on now."""
    from streams.language.messages import OutcomeReported

    records = () if criterion is None else _basis(state, policy, state.identities.root(_kind(state, policy), subject), criterion)
    return OutcomeReported(policy, subject, outcome, on, by, criterion, records)


def _basis(state: State, policy: str, subject: int, criterion: str) -> tuple[Row, ...]:
    """The records that a criterion rests on; none where the policy is not matched now, or has no such criterion any more."""
    if state.matched_policy(policy) is None:
        return ()
    nodes = [node for node in _nodes(core(state).explain(policy, subject).criteria) if node.meta.id == criterion]
    feeds = state.catalogue.feeds
    rows = [
        (fact.feed, feeds[fact.feed].source_position(fact.unit) or 0, fact.delivery, fact.row)
        for node in nodes
        for fact in (*node.facts, *node.ways)
    ]
    return tuple(dict.fromkeys(rows))


def _nodes(criterion: Criterion) -> Iterator[Criterion]:
    yield criterion
    for child in criterion.children:
        yield from _nodes(child)
