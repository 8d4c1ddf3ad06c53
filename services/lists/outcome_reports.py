"""An outcome that an agency reports of one candidate; ``services.lists.returned_lists`` reads many from a file.

``huimin candidates ack`` calls this. A refuted criterion is reported with the records and the coverage statements that it rests on now; a
subject that is deceased or has moved, with its register record. Their units are asked to look at them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from policies.problems.problems import HuiminError, comma_list, suggestion
from policies.values import Text
from services.lists.changes import Changes, Titles, list_changes
from services.lists.cited_coverage import StatementsInEffect
from services.lists.outcomes import OutcomeFound, holders_of, outcome_found
from services.lists.reach import enter_candidates
from services.lookup import check_published
from services.results import Internal
from services.state.as_of import core
from streams.ledgers.outcomes import OF_THE_SUBJECT, TITLES, outcome_of

if TYPE_CHECKING:
    from connectors.lists.outcome_form import OutcomeForm
    from connectors.lists.outcomes import KnownSubjects
    from infra.workspace.workspace import Workspace
    from matchers.reading.explain import Fact
    from matchers.reading.register import RegisterRecord
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
    with workspace.writing(sphere="decisions") as host:
        state = host.state
        check_published(state, policy)
        subjects = known_subjects(state, policy)
        if not subjects.exists(subjects.root(subject)):
            raise HuiminError(Text("没有这一对象；请核对化名。", "Nobody is known by this token; look at it again."), 2)
        id = None if criterion is None else _criterion(state, policy, criterion)
        enter_candidates(state, policy, [subject])
        day = on or state.day
        receipt = host.submit(OutcomeMessages(state, policy).message(subject, outcome, day, by, id))
        finding = host.state.outcomes.of(policy, subjects.root(subject))
        assert finding is not None  # this one, or a later one
        result, new = outcome_found(host.state, finding), finding.offset == receipt.offset
        listing, units = list_changes(receipt.changes, host.state.registry), host.state.catalogue.units
        holders = tuple(units[unit].title for unit in holders_of(host.state, finding)) if new else ()
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


class OutcomeMessages:
    """Makes the messages with outcomes of one policy, each with what the outcome rests on in a state."""

    def __init__(self, state: State, policy: str) -> None:
        self._state, self._policy, self._kind = state, policy, _kind(state, policy)
        self._statements = StatementsInEffect(state)

    def message(self, subject: int, outcome: str, on: date, by: str, criterion: str | None) -> OutcomeReported:
        """An outcome as a message.

        Args:
            criterion: the id of a refuted criterion.
        """
        from streams.language.messages import OutcomeReported

        root = self._state.identities.root(self._kind, subject)
        if outcome in OF_THE_SUBJECT and (record := self._register_record(root)) is not None:
            return OutcomeReported(self._policy, subject, outcome, on, by, criterion, (record.row,), content=record.content)
        records, statements = ((), ()) if criterion is None else self._basis(root, criterion)
        return OutcomeReported(self._policy, subject, outcome, on, by, criterion, records, statements)

    def _register_record(self, subject: int) -> RegisterRecord | None:
        from matchers.reading.register import register_record

        version = self._state.registry.versions[self._policy][self._state.registry.newest(self._policy)]
        return register_record(core(self._state), version.policy, subject, self._state.day)

    def _basis(self, subject: int, criterion: str) -> tuple[tuple[Row, ...], tuple[str, ...]]:
        """The records and the statements that a criterion rests on; none where the policy is not matched, or has no such criterion now.

        Where statements prove that something is absent, the records are those that were read and found to be something else; those
        by which a subject was found or placed are not in question.
        """
        state = self._state
        if state.matched_policy(self._policy) is None:
            return (), ()
        nodes = core(state).read_criterion(self._policy, subject, criterion)
        statements = self._statements.behind_all(lookup for node in nodes for lookup in node.lookups)
        facts = [fact for node in nodes for fact in (node.facts if statements else (*node.facts, *node.ways))]
        return tuple(dict.fromkeys(self._row(fact) for fact in facts)), statements

    def _row(self, fact: Fact) -> Row:
        return (fact.feed, self._state.catalogue.feeds[fact.feed].source_position(fact.unit) or 0, fact.delivery, fact.row)
