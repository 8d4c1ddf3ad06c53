"""The steps: what each message does to the state; the table at the end is the whole flow of the system.

``step(state, message, offset)`` gives the lines of one message, and always the same ones. It refuses a bad message before it changes
anything, passes missed days one by one, and makes one line of all changes by one message to one subject on one list on one day. Source:
docs/en/semantics.md sections 3, 8, 9, 12, 16; ``streams.ledgers.registry``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np

from matchers import SEMANTICS
from matchers.kernel.batch import OLDER, SAME, RecordBatch
from policies.values import Text
from streams.language.causes import (
    AgreementCause,
    AnswerCause,
    ContractCause,
    DeliveryName,
    EngineCause,
    PublicationCause,
    RecordCause,
    VersionName,
    WithdrawalCause,
)
from streams.language.errors import NewerFormat, Refusal
from streams.language.messages import (
    Blank,
    CatalogueSet,
    CheckAnswered,
    CorrectionAnswered,
    CoverageStated,
    CoverageWithdrawn,
    DeliveryCompleted,
    DeliveryStarted,
    EditionCut,
    EngineUpgraded,
    FollowUpRecorded,
    HoldDecided,
    IdentityMerged,
    IdentitySplit,
    Input,
    Notice,
    OutcomeReported,
    PersonErased,
    PolicyPublished,
    PolicyWithdrawn,
    Tick,
)
from streams.ledgers.answers import GivenAnswer
from streams.ledgers.registry import Version, Withdrawal, checks
from streams.ledgers.statements import StatementEntry
from streams.lists.instructions import CloseDelivery, HoldAllExits, Instruction, bounds_of
from streams.lists.lines import Lines, Move, Moves, lines, sightings
from streams.steps.admission import (
    is_new_delivery,
    is_new_statement,
    is_new_version,
    require_check,
    require_delivery,
    require_in_range,
    require_policy,
    require_same_text,
    require_source,
    require_statement,
    require_two_people,
    require_whole,
)
from streams.steps.batches import admit, with_added_fields
from streams.steps.catalogues import following
from streams.steps.consequences import (
    apply_coverage,
    days_between,
    judge_statement,
    pass_day,
    require_possible_day,
    settle_registry,
    update_late_feeds,
)
from streams.steps.corrections import merge_identity, split_identity
from streams.steps.erasure import erase_person, require_not_erased
from streams.steps.follow_ups import record_follow_up
from streams.steps.reports import answer_correction, decide_hold, report_outcome
from streams.steps.state import NO_DAY, State
from streams.steps.withdrawals import require_newest, withdrawn_since

StepFunction: TypeAlias = Callable[[State, Any], Moves]


def step(state: State, message: Input, offset: int) -> Lines:
    """Applies a message to the state and gives its lines, in a total order, with ids ``offset.position``.

    Raises:
        Refused, Invalid: the message is not admitted; the state has not changed. After any other error the state must be thrown away.
    """
    moves, instructions = apply_message(state, message, offset)
    materialized_lines = state.book.take(instructions, lines(moves, offset), sightings(moves))
    state.notices += state.book.notices
    return materialized_lines


def apply_message(state: State, message: Input, offset: int) -> tuple[list[Move], list[Instruction]]:
    """Applies a message to the state, but not to its book; gives the changes in the order of the matcher's calls, and the instructions.

    Raises:
        As for ``step``.
    """
    function = STEPS.get(type(message))
    if function is None:
        raise Refusal(Text(f"不认识的消息 {type(message).__name__}。", f"Unknown message {type(message).__name__}."), 3)
    state.remembered.clear()
    state.stamps.refuse_known(message, offset)
    require_in_range(message)
    require_not_erased(state, message)
    moves = list(function(state, message))
    state.stamps.add(message, offset)
    state.offset = offset
    return [move for move in moves if isinstance(move, Move)], [move for move in moves if not isinstance(move, Move)]


def skip_message(state: State, message: Input | None, offset: int) -> None:
    """Moves the state past a message that was not admitted (None: it was unreadable); its stamp is known from now on."""
    if message is not None:
        state.stamps.add(message, offset)
    state.offset = offset


def set_catalogue(state: State, message: CatalogueSet) -> Moves:
    """Takes the first catalogue, or a later one, by which agreements may end or be renewed and bounds of feeds change.

    Raises:
        NewerFormat: this program does not know its version of the semantics.
    """
    _known_semantics(message.semantics)
    catalogue, moving = following(state, state.documents.catalogue(message.units, message.contracts))
    changes = state.set_catalogue(message, catalogue, moving)
    by_it = [] if changes is None else [Move(state.day, ContractCause(tuple(sorted(moving))), changes.columns())]
    bounds = [bounds_of(policy, state.catalogue, state.day) for policy in state.policies.values()]
    late = update_late_feeds(state, state.statements.in_effect())
    return [*bounds, *late, *by_it, *settle_registry(state, AgreementCause("catalogue"))]


def start_delivery(state: State, message: DeliveryStarted) -> Moves:
    """A delivery gets its number; the same message again changes nothing."""
    if is_new_delivery(state, message):
        state.deliveries.begin(message.feed, message.source, message.delivery, message.id, message.replaces)
        if message.replaces:
            state.matcher.open(message.feed, message.source, message.delivery)
    return ()


def apply_batch(state: State, batch: RecordBatch) -> Moves:
    """Applies rows of a delivery that has been started; blank rows (of erased persons) are only counted."""
    feed = require_source(state, batch.feed, batch.source)
    batch = with_added_fields(
        batch, (catalogue.feeds[batch.feed] for catalogue in state.built_catalogues if batch.feed in catalogue.feeds), feed
    )
    admit(batch, feed)
    delivery = require_delivery(state, batch.feed, batch.source, batch.delivery)
    fresh = delivery.fresh(batch.row)
    delivery.add(batch.row)
    cause = RecordCause(DeliveryName(batch.feed, feed.sources[batch.source].unit, batch.delivery))
    has_subject = batch.subject != 0
    moves = Move(state.day, cause, state.matcher.apply(batch.where(has_subject)).columns())
    effects = state.matcher.effects[fresh[has_subject]]
    delivery.older += int(np.count_nonzero(effects == OLDER))
    delivery.same += int(np.count_nonzero(effects == SAME))
    return (moves,)


def complete_delivery(state: State, message: DeliveryCompleted) -> Moves:
    """Completes a delivery: after a sound full replacement nothing older counts, and statements that waited for it take effect."""
    delivery = require_whole(state, message)
    if delivery.completed:
        return ()
    feed = state.catalogue.feeds[message.feed]
    before = state.deliveries.replacement(message.feed, message.source)
    delivery.completed, delivery.rows, delivery.unplaced = True, message.rows, message.unplaced
    delivery.sound = not feed.too_many_unplaced(message.unplaced, message.rows)
    name = DeliveryName(message.feed, feed.sources[message.source].unit, message.delivery)
    moves: list[Move | Instruction] = [CloseDelivery(state.day, name)]
    if delivery.replaces and delivery.sound:
        cause = RecordCause(name, full=True)
        delivery.against = state.matcher.record_count(message.feed, message.source) if before is None else before.readable
        if delivery.readable < feed.bounds.shrinks_to * delivery.against:
            moves.append(HoldAllExits(state.day, cause))
        moves.append(Move(state.day, cause, state.matcher.replace(message.feed, message.source, message.delivery).columns()))
        for number, (count, same) in state.matcher.comeback.items():
            other = require_delivery(state, message.feed, message.source, number)
            other.older, other.same = other.older - count, other.same + same
    elif delivery.replaces:
        state.matcher.abandon(message.feed, message.source, message.delivery)
    waiting = state.statements.waiting_for(message.feed, message.source, message.id)
    effective = [entry.stated.statement for entry in waiting if judge_statement(state, entry)]
    return [*moves, *(apply_coverage(state, message.feed, effective) if effective else ())]


def publish(state: State, message: PolicyPublished) -> Moves:
    """Adds a new version, in force or waiting for its first day; the same version again changes nothing."""
    if not is_new_version(state, message):
        return ()
    file = f"{message.policy}@{message.version}"
    policy = state.documents.policy(message.text, file, state.catalogue)
    require_same_text(message, policy)
    people = (message.by, message.approved_by)
    state.registry.add(Version(policy, message.text, message.digest, *people, len(state.catalogues) - 1, state.day))
    return settle_registry(state, PublicationCause(VersionName(policy.name, policy.version)))


def withdraw(state: State, message: PolicyWithdrawn) -> Moves:
    """Ends every version published so far, today or as if on an earlier day; the same again changes nothing."""
    require_policy(state, message.policy)
    require_two_people(message.by, message.approved_by)
    require_newest(state, message)
    since = withdrawn_since(state, message)
    state.registry.withdraw(message.policy, Withdrawal(state.day, since, message.reason, message.by, message.approved_by))
    return settle_registry(state, WithdrawalCause(message.policy))


def state_coverage(state: State, message: CoverageStated) -> Moves:
    """A statement takes effect, now or once its delivery is whole; the same statement again changes nothing."""
    if not is_new_statement(state, message):
        return ()
    entry = state.statements.entries[message.statement] = StatementEntry(replace(message, stamp=None), "pending")
    return apply_coverage(state, message.feed, (message.statement,)) if judge_statement(state, entry) else ()


def withdraw_coverage(state: State, message: CoverageWithdrawn) -> Moves:
    """A statement no longer counts; the same again changes nothing."""
    entry = require_statement(state, message.statement)
    before, entry.standing = entry.standing, "withdrawn"
    return apply_coverage(state, entry.stated.feed, (message.statement,)) if before == "in_effect" else ()


def answer(state: State, message: CheckAnswered) -> Moves:
    """Records the answer to one check of one subject; the last answer counts, also for later versions that ask the check."""
    require_check(state, message.policy, message.check)
    key = (message.policy, message.subject, message.check)
    state.answers.pop(key, None)  # keeps answers in the order in which they were last given
    state.answers[key] = GivenAnswer(message.answer, message.by, state.day, state.offset + 1)
    asking = state.matched_policy(message.policy)
    if asking is None or message.check not in checks(asking):
        state.waiting_answers.add(key)
        return ()
    state.waiting_answers.discard(key)
    return (Move(state.day, AnswerCause(message.check), state.matcher.answer(*key, message.answer).columns()),)


def tick(state: State, message: Tick) -> Moves:
    """Passes the days up to this one, one by one. For an earlier day the state is evaluated at that day; the same day changes nothing."""
    require_possible_day(message.day)
    if message.day == state.day:
        return ()
    if message.confirmed is not None:
        state.notices.append(Notice("moved", message.confirmed, f"{state.day}/{message.to or message.day}", message.day))
    if state.day == NO_DAY or message.day < state.day:
        return pass_day(state, message.day, everything=True)
    return [move for day in days_between(state.day, message.day) for move in pass_day(state, day, everything=False)]


def pass_over(state: State, message: Blank) -> Moves:
    """Does nothing: a message about an erased person stood here."""
    return ()


def cut(state: State, message: EditionCut) -> Moves:
    """Closes an edition (``streams.lists.editions``); changes no list."""
    require_policy(state, message.policy)
    return ()


def upgrade(state: State, message: EngineUpgraded) -> Moves:
    """Judges everybody again if they were judged by an earlier version of the semantics.

    Raises:
        NewerFormat: this program does not know the version.
    """
    _known_semantics(message.semantics)
    if message.semantics <= state.matcher.semantics:
        return ()
    cause = EngineCause(message.semantics)
    return (Move(state.day, cause, state.matcher.upgrade(message.semantics).columns()),)


def _known_semantics(version: int) -> None:
    if version > SEMANTICS:
        raise NewerFormat(Text("判定语义", "The semantics"), version, SEMANTICS)


STEPS: Mapping[type[Input], StepFunction] = {
    CatalogueSet: set_catalogue,
    DeliveryStarted: start_delivery,
    RecordBatch: apply_batch,
    DeliveryCompleted: complete_delivery,
    PolicyPublished: publish,
    PolicyWithdrawn: withdraw,
    CoverageStated: state_coverage,
    CoverageWithdrawn: withdraw_coverage,
    CheckAnswered: answer,
    Tick: tick,
    EditionCut: cut,
    IdentityMerged: merge_identity,
    IdentitySplit: split_identity,
    OutcomeReported: report_outcome,
    FollowUpRecorded: record_follow_up,
    HoldDecided: decide_hold,
    CorrectionAnswered: answer_correction,
    PersonErased: erase_person,
    Blank: pass_over,
    EngineUpgraded: upgrade,
}
"""The step of each kind of message."""
