"""The step that erases a person: what it takes out of the state, and what is kept out of the state afterwards.

After the erasure the state is as if the person's rows had never come. So the rows may be removed from the log later
(``streams.erasure.scrub``). Rows about the person that come later are blanked before they are written anywhere.
Source: docs/en/semantics.md section 16.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from matchers.kernel.batch import RecordBatch, UInt64
from matchers.matrix.erasure import Trace
from matchers.matrix.identity import Answer
from policies.language.catalogue import Feed
from policies.values import Kind, Text
from streams.language.causes import ErasureCause
from streams.language.errors import Refusal, Unreadable
from streams.language.messages import (
    CheckAnswered,
    CoverageStated,
    FollowUpRecorded,
    IdentityMerged,
    IdentitySplit,
    Input,
    OutcomeReported,
    PersonErased,
)
from streams.ledgers.erasures import RecordedErasure, erased_token, stand_in, well_formed, with_blank_rows
from streams.lists.instructions import EraseSubject
from streams.lists.lines import Move, Moves
from streams.steps.admission import require_two_people
from streams.steps.state import State
from streams.wire import wire

ERASED = Text("此人的资料已删除，不能再就其提交什么。", "This person was erased; nothing can be submitted about them any more.")
ENTANGLED = Text(
    "此人涉及仍在生效的身份更正（并入或归属）。请先用 huimin identity split 撤销，再删除。",
    "This person is part of a correction of identity in force. Take it back first (huimin identity split), then erase.",
)


def erase_person(state: State, message: PersonErased) -> Moves:
    """Takes a person out of the state. The same decision again changes nothing, but every part of a network purges again.

    Raises:
        Refused: one person decided alone, there is no reason, the digest is malformed, the salt is another; or the person is named by a
            correction of identity in force.
    """
    require_erasure(state, message)
    if state.erasures.has_digest(message.digest):
        state.erasures.decision_count += 1
        return take_out_person(state, 0, stand_in(message.digest))
    subject = erased_token(message.salt, message, tokens_of(state))
    if subject and is_entangled(state, subject):
        raise Refusal(ENTANGLED)
    people = (message.by, message.approved_by)
    state.erasures.decision_count += 1
    state.erasures.add(RecordedErasure(message.digest, message.sieve, message.reason, *people, state.day, state.offset + 1), message.salt)
    moves = take_out_person(state, subject, stand_in(message.digest))
    if message.traces:
        state.matcher.forget(subject, [Trace(*trace) for trace in message.traces])
    return moves


def require_erasure(state: State, message: PersonErased) -> None:
    """Checks that a decision to erase is complete.

    Raises:
        Refused: as for ``erase_person``.
    """
    _ = state.catalogue
    require_two_people(message.by, message.approved_by)
    if not message.reason.strip():
        raise Refusal(Text("请写明删除的原因代码。", "Give the code of the reason for the erasure."), 3)
    if not well_formed(message) or state.erasures.salt not in ("", message.salt):
        zh = "删除消息的摘要格式不对，或盐值与此前的不同。请由 huimin erase person 生成。"
        raise Refusal(
            Text(zh, "The digest of the erasure is malformed, or its salt is not the ledger's. Let huimin erase person make it."), 3
        )


def take_out_person(state: State, subject: int, instead: int) -> tuple[EraseSubject, Move]:
    """Takes a person out of every ledger and the matcher; gives the changes for the book, in which ``instead`` stands for the person.

    ``subject`` is 0 if nothing here names the person; on a network every part gets the call all the same.
    """
    answer_keys = [key for key in state.answers if key[1] == subject]
    for key in answer_keys:
        del state.answers[key]
        state.waiting_answers.discard(key)
    for entry in state.statements.entries.values():
        entry.stated = with_stand_in(entry.stated, subject, instead)
    for finding in state.outcomes.remove(subject):
        state.matcher.watch(finding.policy, subject, False)
    state.follow_ups.remove(subject)
    none: list[Answer] = [(*key, None) for key in answer_keys]
    columns = state.matcher.erase(subject, instead, state.statements.in_effect(), none).columns()
    return EraseSubject(state.day, subject, instead), Move(state.day, ErasureCause(), columns)


def with_stand_in(message: CoverageStated, subject: int, instead: int) -> CoverageStated:
    """A statement with the token ``instead`` in place of a person."""
    if subject not in message.subjects:
        return message
    return replace(message, subjects=tuple(instead if token == subject else token for token in message.subjects))


def tokens_of(state: State) -> UInt64:
    """Every token in the state that may be a person's."""
    lists = [token for entry in state.statements.entries.values() for token in entry.stated.subjects]
    answer_subjects = [subject for _, subject, _ in state.answers]
    corrected_subjects = [token for d in state.identities if d.kind == Kind.PERSON for token in (d.subject, d.into)]
    outcome_subjects = [finding.subject for finding in state.outcomes]
    followed_up = [follow_up.subject for follow_up in state.follow_ups]
    named = lists + answer_subjects + corrected_subjects + outcome_subjects + followed_up
    return np.concatenate([state.matcher.persons(), np.array(named, np.uint64)])


def is_entangled(state: State, subject: int) -> bool:
    """Does a correction of identity in force name a person, or one of their records?"""
    mine = {(feed, source, key) for feed, source, key, *_ in state.matcher.traces(subject)}
    return any((d.kind == Kind.PERSON and subject in (d.subject, d.into)) or d.record in mine for d in state.identities)


def require_not_erased(state: State, message: Input) -> None:
    """Checks that a message is not about an erased person.

    Raises:
        Refused: an answer, an outcome, a follow-up or a correction of identity names one.
    """
    match message:
        case CheckAnswered() | OutcomeReported() | FollowUpRecorded():
            subjects: tuple[int, ...] = (message.subject,)
        case IdentityMerged() | IdentitySplit():
            subjects = (message.subject, message.into)
        case _:
            return
    if any(state.erasures.of(token) is not None for token in subjects):
        raise Refusal(ERASED)


def message_without_erased(state: State, message: Input) -> Input:
    """A message as it may be stored: rows about erased persons are blank, and lists have stand-ins for their tokens."""
    if not state.erasures:
        return message
    match message:
        case RecordBatch():
            rows = state.are_erased(message.subject) if about_persons(state, message.feed) else np.zeros(len(message), np.bool_)
            return with_blank_rows(message, rows) if rows.any() else message
        case CoverageStated():
            for token in message.subjects:
                if (entry := state.erasures.of(token)) is not None:
                    message = with_stand_in(message, token, stand_in(entry.digest))
            return message
        case _:
            return message


def body_without_erased(state: State, body: bytes) -> bytes:
    """The bytes of a message as they may be stored or shown before admission; empty if it is about an erased person alone."""
    if not state.erasures:
        return body
    try:
        message = wire.decode(body)
        require_not_erased(state, message)
    except Unreadable:
        return body
    except Refusal:
        return b""
    clean_message = message_without_erased(state, message)
    return body if clean_message is message else wire.encode(clean_message)


def about_persons(state: State, feed: str) -> bool:
    """Is a feed about persons? False for a feed that does not exist."""
    contract: Feed | None = state.catalogue.feeds.get(feed)
    return contract is not None and contract.subject is Kind.PERSON
