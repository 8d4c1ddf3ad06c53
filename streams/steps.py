"""The steps: what each message does to the state. The whole flow of the system is the table below.

The one idea: ``step(state, message, offset)`` gives the lines that come out of one message, the same ones every time. It refuses a bad
message before it changes anything; passes missed days one by one; and merges what one message does to one subject on one list on
one day into one line. Cases decided here are in docs/semantics.md sections 3, 8, 9, 12, 16 and in ``streams.registry``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, TypeAlias

from matchers.batch import RecordBatch
from policies.values import Text
from streams.admission import (
    begun_delivery,
    in_range,
    is_new_statement,
    is_new_version,
    is_whole,
    known_check,
    known_policy,
    known_source,
    known_statement,
    only_added,
    right_number,
    same_text,
    two_people,
    withdrawn_since,
)
from streams.batches import admit
from streams.correcting import merge_identity, split_identity
from streams.erasing import erase_person, not_erased
from streams.errors import Refused
from streams.instructions import Instruction, ruled
from streams.lines import Lines, Moved, Moves, lines, seen
from streams.messages import (
    Blank,
    CatalogueSet,
    Cause,
    CheckAnswered,
    CoverageStated,
    CoverageWithdrawn,
    DeliveryCompleted,
    DeliveryStarted,
    EditionCut,
    HoldDecided,
    IdentityMerged,
    IdentitySplit,
    Input,
    OutcomeReported,
    PersonErased,
    PolicyPublished,
    PolicyWithdrawn,
    Tick,
)
from streams.registry import Version, Withdrawal, checks
from streams.reporting import decide_hold, report_outcome
from streams.settling import covered, day_passed, days_between, judged, registry_settled
from streams.state import NO_DAY, State
from streams.statements import Entry

StepFunction: TypeAlias = Callable[[State, Any], Moves]


def step(state: State, message: Input, offset: int) -> Lines:
    """Applies a message to the state and gives the lines that come out, in a total order, with ids ``offset.position``.

    Raises:
        Refused, Invalid: the message is not admitted; the state is as before. After any other error the state is to be thrown away.
    """
    moves, instructions = moved(state, message, offset)
    told = state.book.take(instructions, lines(moves, offset), seen(moves))
    state.notices += state.book.notices
    return told


def moved(state: State, message: Input, offset: int) -> tuple[list[Moved], list[Instruction]]:
    """Applies a message to the state and gives what it moved, in the order of the matcher's calls, and what the list stage is told.

    Raises:
        As for ``step``.
    """
    function = STEPS.get(type(message))
    if function is None:
        raise Refused(Text(f"不认识的消息 {type(message).__name__}。", f"Unknown message {type(message).__name__}."), 3)
    in_range(message)
    not_erased(state, message)
    found = list(function(state, message))
    state.offset = offset
    return [one for one in found if isinstance(one, Moved)], [one for one in found if isinstance(one, Instruction)]


def set_catalogue(state: State, message: CatalogueSet) -> Moves:
    """The first catalogue, or one that adds to it; agreements may end or be renewed by it, and bounds of feeds be others."""
    catalogue = state.parts.build_catalogue(message.units, message.contracts)
    only_added(state, catalogue)
    state.set_catalogue(message, catalogue)
    bounds = [ruled(policy, state.catalogue, state.day) for policy in state.policies.values()]
    return [*bounds, *registry_settled(state, Cause("agreement", "catalogue"))]


def start_delivery(state: State, message: DeliveryStarted) -> Moves:
    """A delivery gets its number; a second time changes nothing."""
    if right_number(state, message):
        state.deliveries.begin(message.feed, message.source, message.delivery, message.id)
    return ()


def apply_batch(state: State, batch: RecordBatch) -> Moves:
    """Rows of a delivery that has been started; blank ones (of whom nothing is kept) are counted, and are nothing else."""
    feed = known_source(state, batch.feed, batch.source)
    admit(batch, feed)
    begun_delivery(state, batch.feed, batch.source, batch.delivery).add(batch.row)
    cause = Cause("record", f"{batch.feed} {feed.sources[batch.source].unit} {batch.delivery}")
    return (Moved(state.day, cause, state.matcher.apply(batch.chosen(batch.subject != 0)).columns()),)


def complete_delivery(state: State, message: DeliveryCompleted) -> Moves:
    """A delivery is whole: a full replacement withdraws what is older, and statements that waited for it take effect."""
    delivery = is_whole(state, message)
    if delivery.completed:
        return ()
    feed = state.catalogue.feeds[message.feed]
    before = state.deliveries.replacement(message.feed, message.source)
    delivery.completed, delivery.replaces = True, message.replaces
    delivery.rows, delivery.unplaced = message.rows, message.unplaced
    whole = f"{message.feed} {feed.sources[message.source].unit} {message.delivery}"
    moves: list[Moved | Instruction] = [Instruction(state.day, "delivered", (whole,))]
    if message.replaces:
        cause = Cause("record", f"{whole} full")
        if before is not None and message.rows < Fraction(str(feed.bounds.shrinks_to)) * before.rows:
            moves.append(Instruction(state.day, "shrunk", (cause.detail,)))
        moves.append(Moved(state.day, cause, state.matcher.replace(message.feed, message.source, message.delivery).columns()))
    waiting = state.statements.waiting_for(message.feed, message.source, message.id)
    effective = [entry.stated.statement for entry in waiting if judged(state, entry)]
    return [*moves, *(covered(state, message.feed, ", ".join(effective)) if effective else ())]


def publish(state: State, message: PolicyPublished) -> Moves:
    """A new version, in force or waiting for its first day; the very same again changes nothing."""
    if not is_new_version(state, message):
        return ()
    file = f"{message.policy}@{message.version}"
    policy = state.parts.read_policy(message.text, file, state.catalogue)
    same_text(message, policy)
    people = (message.by, message.approved_by)
    state.registry.add(Version(policy, message.text, message.digest, *people, len(state.catalogues) - 1, state.day))
    return registry_settled(state, Cause("publication", file))


def withdraw(state: State, message: PolicyWithdrawn) -> Moves:
    """Every version published so far ends, today or as if on an earlier day; a second time changes nothing."""
    known_policy(state, message.policy)
    two_people(message.by, message.approved_by)
    since = withdrawn_since(state, message)
    state.registry.withdraw(message.policy, Withdrawal(state.day, since, message.reason, message.by, message.approved_by))
    return registry_settled(state, Cause("withdrawal", message.policy))


def state_coverage(state: State, message: CoverageStated) -> Moves:
    """A statement takes effect, now or once its delivery is whole; the very same again changes nothing."""
    if not is_new_statement(state, message):
        return ()
    entry = state.statements.entries[message.statement] = Entry(message, "pending")
    return covered(state, message.feed, message.statement) if judged(state, entry) else ()


def withdraw_coverage(state: State, message: CoverageWithdrawn) -> Moves:
    """A statement no longer counts; a second time changes nothing."""
    entry = known_statement(state, message.statement)
    before, entry.standing = entry.standing, "withdrawn"
    return covered(state, entry.stated.feed, message.statement) if before == "in_effect" else ()


def answer(state: State, message: CheckAnswered) -> Moves:
    """What was found out about one check of one subject; the last answer counts, also for later versions that ask it."""
    known_check(state, message.policy, message.check)
    key = (message.policy, message.subject, message.check)
    state.answers.pop(key, None)  # answers stand in the order in which they were last given
    state.answers[key] = message.answer
    asking = state.matched(message.policy)
    if asking is None or message.check not in checks(asking):
        state.unsaid.add(key)
        return ()
    state.unsaid.discard(key)
    return (Moved(state.day, Cause("answer", message.check), state.matcher.answer(*key, message.answer).columns()),)


def tick(state: State, message: Tick) -> Moves:
    """The days up to this one, one by one; a clock put back is evaluated at the earlier day; the same day changes nothing."""
    if message.day == state.day:
        return ()
    if state.day == NO_DAY or message.day < state.day:
        return day_passed(state, message.day, everything=True)
    return [moved for day in days_between(state.day, message.day) for moved in day_passed(state, day, everything=False)]


def pass_over(state: State, message: Blank) -> Moves:
    """Nothing: what stood here was about somebody erased since."""
    return ()


def cut(state: State, message: EditionCut) -> Moves:
    """Closes an edition (``streams.editions``); changes no list."""
    known_policy(state, message.policy)
    return ()


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
    HoldDecided: decide_hold,
    PersonErased: erase_person,
    Blank: pass_over,
}
"""Every message there is, and what it does."""
