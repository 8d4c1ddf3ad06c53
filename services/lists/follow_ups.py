"""Follow-ups of a policy's candidates: notes, days to call again, and to whom each is assigned; and the history of one candidate.

``huimin candidates note``, ``call-again``, ``assign`` and ``history`` call this. Notes are sealed before they enter a message, and opened
here alone. Source: docs/en/semantics.md, "Follow-ups".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal, TypeAlias

from policies.language.people import person
from policies.problems.problems import HuiminError
from policies.values import Text
from services.lists.reach import enter_candidates
from services.lookup import check_published
from services.results import Internal, Token

if TYPE_CHECKING:
    from infra.workspace.workspace import Workspace
    from streams.language.messages import FollowUpRecorded
    from streams.ledgers.follow_ups import FollowUp, WorkingState
    from streams.steps.state import State

HistoryItem: TypeAlias = Literal["note", "call_again", "assigned_to", "outcome", "answer"]


@dataclass(frozen=True, slots=True)
class HistoryEvent:
    """Something that was said of a candidate.

    Args:
        day: of the state when it was said; None where an older version did not note it, like ``by``.
        value: the text of a note, a day, a name, an outcome, or yes or no; None: no day or person any more, or a note that the key of this
            workspace does not open.
        criterion: the check that was answered, or the criterion that an outcome refutes.
        number: of the message.
    """

    item: HistoryItem
    value: str | None
    criterion: str | None
    on: date | None
    by: str | None
    day: date | None
    number: int


@dataclass(frozen=True, slots=True)
class CandidateHistory:
    """All that was said of a candidate of a policy, in its order; of outcomes the one that counts."""

    policy: str
    subject: Token
    events: tuple[HistoryEvent, ...]
    title: Internal[Text]
    labels: Internal[dict[str, Text]]
    """The words of checks and criteria, by id."""


def record_note(workspace: Workspace, policy: str, subject: int, text: str, by: str) -> HistoryEvent:
    """Records a note about a candidate.

    Raises:
        HuiminError: there is no such policy or subject, the text is empty or too long, or nobody says it. The error does not repeat it.
    """
    from connectors.identity.notes import sealed_note
    from streams.language.messages import FollowUpRecorded

    note = checked_note(text)
    key = workspace.notes_key()
    return _record(
        workspace, policy, subject, lambda token: FollowUpRecorded(policy, token, "note", by, sealed_note(key, policy, token, note))
    )


def record_call_again(workspace: Workspace, policy: str, subject: int, day: date | None, by: str) -> HistoryEvent:
    """Records the day to call a candidate again; None: none any more.

    Raises:
        HuiminError: there is no such policy or subject, or nobody says it. Refused: the day is over.
    """
    from streams.language.messages import FollowUpRecorded

    return _record(workspace, policy, subject, lambda token: FollowUpRecorded(policy, token, "call_again", by, call_again=day))


def record_assignment(workspace: Workspace, policy: str, subject: int, name: str | None, by: str) -> HistoryEvent:
    """Records to whom a candidate is assigned; None: to nobody any more.

    Raises:
        HuiminError: there is no such policy or subject, or nobody says it.
    """
    from streams.language.messages import FollowUpRecorded

    assigned = None if name is None else checked_name(name)
    return _record(workspace, policy, subject, lambda token: FollowUpRecorded(policy, token, "assigned_to", by, assigned_to=assigned))


def _record(workspace: Workspace, policy: str, subject: int, message: Callable[[int], FollowUpRecorded]) -> HistoryEvent:
    from services.lists.outcome_reports import known_subjects

    with workspace.writing(sphere="decisions") as host:
        check_published(host.state, policy)
        subjects = known_subjects(host.state, policy)
        if not subjects.exists(subjects.root(subject)):
            raise HuiminError(Text("没有这一对象；请核对化名。", "Nobody is known by this token; look at it again."), 2)
        enter_candidates(host.state, policy, [subject])
        follow_up = message(subject)
        checked_name(follow_up.by)
        offset = host.submit(follow_up).offset
        history = host.state.follow_ups.history(policy, subjects.root, subjects.root(subject))
        return _event(next(entry for entry in history if entry.offset == offset), workspace.notes_key())


def candidate_history(workspace: Workspace, policy: str, subject: int) -> CandidateHistory:
    """All that was said of a candidate, with the text of its notes.

    Raises:
        HuiminError: there is no such policy or subject.
    """
    from services.lists.outcome_reports import known_subjects

    with workspace.reading() as host:
        state = host.state
        check_published(state, policy)
        subjects = known_subjects(state, policy)
        root = subjects.root(subject)
        if not subjects.exists(root):
            raise HuiminError(Text("没有这一对象；请核对化名。", "Nobody is known by this token; look at it again."), 2)
        enter_candidates(state, policy, [root])
        events = sorted(_events(workspace, state, policy, root, subjects.root), key=lambda event: event.number)
        return CandidateHistory(policy, root, tuple(events), state.registry.title(policy), _labels(state, policy))


def _events(workspace: Workspace, state: State, policy: str, subject: int, root: Callable[[int], int]) -> Iterator[HistoryEvent]:
    key = workspace.notes_key()
    for follow_up in state.follow_ups.history(policy, root, subject):
        yield _event(follow_up, key)
    for (name, token, check), answer in state.answers.items():
        if name == policy and root(token) == subject:
            yield HistoryEvent("answer", "yes" if answer.answer else "no", check, None, answer.by, answer.day, answer.offset)
    if (outcome := state.outcomes.of(policy, subject)) is not None:
        yield HistoryEvent("outcome", outcome.outcome, outcome.criterion, outcome.on, outcome.by, outcome.day, outcome.offset)


def _event(follow_up: FollowUp, key: bytes) -> HistoryEvent:
    item: HistoryItem
    match follow_up.item:
        case "note":
            item, value = "note", opened_note(follow_up, key)
        case "call_again":
            item, value = "call_again", None if follow_up.call_again is None else follow_up.call_again.isoformat()
        case _:
            item, value = "assigned_to", follow_up.assigned_to
    return HistoryEvent(item, value, None, None, follow_up.by, follow_up.day, follow_up.offset)


def opened_note(follow_up: FollowUp, key: bytes) -> str | None:
    """The text of a note; None where the key does not open it."""
    from connectors.identity.notes import note_text

    assert follow_up.note is not None  # the step admits no note without a text
    return note_text(key, follow_up.policy, follow_up.subject, follow_up.note)


def follow_ups_by_subject(state: State, policy: str) -> dict[int, list[FollowUp]]:
    """All follow-ups of a policy in their order, by the subject that each counts as."""
    kind = next(iter(state.registry.versions[policy].values())).policy.subject
    by_subject: dict[int, list[FollowUp]] = {}
    for follow_up in state.follow_ups:
        if follow_up.policy == policy:
            by_subject.setdefault(state.identities.root(kind, follow_up.subject), []).append(follow_up)
    return by_subject


def working_states(state: State, policy: str) -> dict[int, WorkingState]:
    """What counts of each subject of a policy of which anything was said."""
    kind = next(iter(state.registry.versions[policy].values())).policy.subject
    return state.follow_ups.working_states(policy, lambda token: state.identities.root(kind, token))


def checked_note(text: str) -> str:
    """The text of a note.

    Raises:
        HuiminError: it is empty or too long.
    """
    from connectors.identity.notes import NOTE_LENGTH

    note = text.strip()
    if not note or len(note) > NOTE_LENGTH:
        zh = f"备注应有 1 到 {NOTE_LENGTH} 字。"
        raise HuiminError(Text(zh, f"A note has 1 to {NOTE_LENGTH} characters."), 2)
    return note


def checked_name(name: str) -> str:
    """The name of a person.

    Raises:
        HuiminError: it has no letter, or is too long.
    """
    from streams.steps.follow_ups import NAME_CHARACTERS

    if not person(name) or len(name) > NAME_CHARACTERS:
        raise HuiminError(Text("请写明姓名。", "Give the name of a person."), 2)
    return name.strip()


def _labels(state: State, policy: str) -> dict[str, Text]:
    from policies.language.tree import Check, leaves

    labels: dict[str, Text] = {}
    for version in state.registry.versions[policy].values():
        for leaf in leaves(version.policy.criteria):
            text = leaf.text if isinstance(leaf, Check) else leaf.meta.label
            if text is not None:
                labels[leaf.meta.id] = text
    return labels
