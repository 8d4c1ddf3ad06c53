"""One hold and its decision: the subjects, the things to check before, and the decision of two people.

``huimin holds show``, ``release`` and ``reject`` call this.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal, TypeAlias, assert_never

from policies.language.people import check_people
from policies.problems.problems import Conflict, HuiminError, comma_list
from policies.values import Text
from services.access.sight import EVERYTHING, Sight
from services.lists.changes import Changes, Titles, list_changes
from services.lists.holds import (
    HeldChange,
    HoldSide,
    HoldSummary,
    Notify,
    announce_holds,
    deliveries,
    held_changes,
    hold_summary,
    placements,
)
from services.lists.reach import enter_candidates
from services.results import Internal, PlainShare, Token, facts
from streams.language.causes import AmendmentCause, CoverageCause, DeliveryName, RecordCause, VersionName
from streams.lists.overlays import LateFeeds

if TYPE_CHECKING:
    from infra.workspace.workspace import Workspace
    from policies.language.catalogue import Unit
    from streams.lists.overlays import Hold
    from streams.steps.state import State


@dataclass(frozen=True, slots=True)
class HeldSubject:
    """A subject that is held back on one list.

    Args:
        told: the status on the materialized list; None: not listed.
        found: the status by the rule now.
    """

    policy: str
    subject: Token
    side: HoldSide
    told: str | None
    found: str | None
    division: str | None


@dataclass(frozen=True, slots=True)
class UnitToAsk:
    """A unit, and how to reach it."""

    title: Text
    contact: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LookAtDelivery:
    """Check: is the delivery whole and right?

    Args:
        rows: of the delivery, so far.
        full: of a sound full replacement: its readable rows, the rows before it, and the share that the contract asks for.
        before: the number of the full replacement before it.
    """

    feed: str
    number: int
    unit: UnitToAsk
    rows: int | None
    full: tuple[int, int, PlainShare] | None
    before: int | None


@dataclass(frozen=True, slots=True)
class LookAtStatement:
    """Check: is a coverage statement right?"""

    statement: str
    feed: str
    title: Text
    complete_to: date
    unit: UnitToAsk


@dataclass(frozen=True, slots=True)
class LookAtAmendment:
    """Check: by which criterion do people leave, and is that the purpose of the new version?"""

    before: str
    after: str


@dataclass(frozen=True, slots=True)
class LookAtLateFeed:
    """Check: a feed is late.

    Args:
        sources: the late ones, with the day up to which each is stated.
    """

    title: Text
    sources: tuple[tuple[UnitToAsk, date], ...]


HoldAdvice: TypeAlias = LookAtDelivery | LookAtStatement | LookAtAmendment | LookAtLateFeed


@dataclass(frozen=True, slots=True)
class HeldRows:
    """The rows of the delivery of a hold, and of the full replacement before it."""

    now: int
    before: int | None


@dataclass(frozen=True, slots=True)
class HoldDetails(HoldSummary):
    """A hold with all subjects that it keeps back, and what to check before it is decided."""

    rows: HeldRows | None
    people: tuple[HeldSubject, ...]
    titles: Titles
    advice: Internal[tuple[HoldAdvice, ...]]


@dataclass(frozen=True, slots=True)
class DecidedHold:
    """A hold that was released or rejected, and the changes of lists that this caused."""

    hold: str
    decision: str
    changes: Changes
    titles: Titles


def hold_details(workspace: Workspace, id: str, sight: Sight = EVERYTHING) -> HoldDetails:
    """A hold, its subjects on the lists that are in sight, and what to check.

    Raises:
        HuiminError: there is no hold with this id.
    """
    with workspace.reading() as host:
        state = host.state
        hold = hold_of(state, id, sight)
        subjects = held_changes(state, sight)[id]
        enter_hold(state, subjects)
        places, short = placements(state, subjects), hold_summary(state, hold, subjects)
        people = tuple(
            HeldSubject(
                person.policy, person.subject, person.side, person.told_status, person.rule_status, places[person.policy, person.subject]
            )
            for person in subjects
        )
        rows = None
        if isinstance(hold.trigger, RecordCause):
            now, before = deliveries(state, hold.trigger.delivery)
            rows = None if now is None else HeldRows(now.applied_rows, None if before is None else before.rows)
        titles = {held_list.policy: held_list.title for held_list in short.lists}
        return HoldDetails(**facts(short), rows=rows, people=people, titles=titles, advice=tuple(_advice(state, hold)))


def decide_hold(
    workspace: Workspace, id: str, decision: Literal["release", "reject"], by: str, approved_by: str, reason: str, notify: Notify
) -> DecidedHold:
    """Releases or rejects a hold: the decision of two people.

    Raises:
        HuiminError: there is no such hold, or no reason. Conflict: only one person decides; or the hold was released before, or rejected
            and is to be rejected again.
    """
    from streams.language.messages import HoldDecided

    check_people(by, approved_by)
    if not reason.strip():
        raise HuiminError(Text("请写明理由（--reason）。", "Give the reason (--reason)."), 2)
    with workspace.writing(sphere="decisions") as host, announce_holds(host, notify):
        hold = hold_of(host.state, id)
        enter_hold(host.state, held_changes(host.state)[id])
        people = f"{hold.by} / {hold.approved_by}"
        if hold.decision == "release":
            zh, en = (
                f"{id} 已放行（{people}）：{hold.reason}，不能再改。",
                f"{id} is released ({people}): {hold.reason}; that cannot be changed.",
            )
            raise Conflict(Text(zh, en))
        if hold.decision == decision:
            zh, en = (
                f"{id} 已驳回（{people}）：{hold.reason}；仍可放行。",
                f"{id} is rejected ({people}): {hold.reason}; it can still be released.",
            )
            raise Conflict(Text(zh, en))
        changes = host.submit(HoldDecided(id, decision, reason, by, approved_by)).changes
        listing = list_changes(changes, host.state.registry)
    return DecidedHold(id, decision, listing.changes, listing.titles)


def enter_hold(state: State, people: Sequence[HeldChange]) -> None:
    """Passes a hold that the run may reach: every list that it keeps back; and tells the run whom it concerns.

    Raises:
        AccessDenied: the run may not.
    """
    for name in sorted({change.policy for change in people}):
        enter_candidates(state, name, [change.subject for change in people if change.policy == name])


def hold_of(state: State, id: str, sight: Sight = EVERYTHING) -> Hold:
    """The hold with this id, if it holds anything back that is in sight.

    Raises:
        HuiminError: there is none; names those there are.
    """
    in_sight = state.book.holds
    if sight is not EVERYTHING:
        in_sight = {name: in_sight[name] for name, changes in held_changes(state, sight).items() if changes}
    hold = in_sight.get(id)
    if hold is None:
        ids = comma_list(list(in_sight))
        others = Text(f"现有：{ids}。", f"There are: {ids}.") if ids else Text("没有任何暂缓。", "Nothing is held back.")
        raise HuiminError(Text(f"没有这个编号的暂缓。{others.zh}", f"There is no such hold. {others.en}"), 2)
    return hold


def _advice(state: State, hold: Hold) -> list[HoldAdvice]:
    """What to check, by the trigger of the hold."""
    match hold.trigger:
        case RecordCause(delivery):
            return [_look_at_delivery(state, delivery)]
        case CoverageCause(statements):
            return _look_at_statements(state, statements)
        case AmendmentCause(version):
            earlier = (number for number in state.registry.versions[version.policy] if number < version.number)
            before = VersionName(version.policy, max(earlier, default=version.number))
            return [LookAtAmendment(str(before), str(version))]
        case LateFeeds(feeds):
            return [_look_at_late(state, feed) for feed in feeds]
        case _:
            assert_never(hold.trigger)


def _unit_to_ask(unit: Unit) -> UnitToAsk:
    return UnitToAsk(unit.title, tuple(unit.contact.values()))


def _look_at_delivery(state: State, delivery: DeliveryName) -> LookAtDelivery:
    now, before = deliveries(state, delivery)
    full = None
    if now is not None and now.replaces and now.sound:
        full = now.readable, now.against, state.catalogue.feeds[delivery.feed].bounds.shrinks_to
    asked, last = _unit_to_ask(state.catalogue.units[delivery.unit]), None if before is None else before.number
    return LookAtDelivery(delivery.feed, delivery.number, asked, None if now is None else now.applied_rows, full, last)


def _look_at_statements(state: State, statements: Sequence[str]) -> list[HoldAdvice]:
    advice: list[HoldAdvice] = []
    for id in statements:
        entry = state.statements.entries.get(id)
        if entry is not None:
            stated = entry.stated
            feed = state.catalogue.feeds[stated.feed]
            asked = _unit_to_ask(state.catalogue.units[feed.sources[stated.source].unit])
            advice.append(LookAtStatement(id, feed.name, feed.title, stated.complete_to, asked))
    return advice


def _look_at_late(state: State, name: str) -> LookAtLateFeed:
    feed, sources = state.catalogue.feeds[name], []
    limit = feed.bounds.late_after
    for position, source in enumerate(feed.sources):
        stated = [
            statement.complete_to for statement in state.statements.in_effect() if statement.feed == name and statement.source == position
        ]
        last = max(stated, default=None)
        if last is not None and limit is not None and limit.after(last) < state.day:
            sources.append((_unit_to_ask(state.catalogue.units[source.unit]), last))
    return LookAtLateFeed(feed.title, tuple(sources))
