"""The consequences of a change of the registry, of coverage or of the day: the part that several steps share.

The content of the matcher is compared with what the ledgers and the date require, and only the difference is carried out. So it does not
matter which message made the difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from matchers.kernel.changes import Columns
from matchers.matrix.coverage import Statement
from policies.language.tree import Policy
from policies.values import YEARS, Text
from streams.language.causes import (
    AgreementCause,
    AmendmentCause,
    Cause,
    CoverageCause,
    DayCause,
    PublicationCause,
    VersionName,
    WithdrawalCause,
)
from streams.language.errors import Refusal
from streams.language.messages import Notice
from streams.language.ports import ChangesLike
from streams.ledgers.registry import checks, ended_agreement
from streams.ledgers.statements import StatementEntry, standing
from streams.lists.instructions import EndOutcome, Instruction, LiftBounds, NameCoveredFeed, SetLateFeeds, bounds_of
from streams.lists.lines import Move, Moves
from streams.steps.state import State


def settle_registry(state: State, cause: Cause) -> Moves:
    """Brings the turning days and the matcher up to date after a change of versions, agreements or feeds."""
    state.turning_days = state.registry.turning_days(state.catalogue)
    return settle_policies(state, cause)


def settle_policies(state: State, cause: Cause) -> list[Move | Instruction]:
    """Puts into the matcher the version of each policy that is active today and whose agreements hold; takes out the rest.

    Args:
        cause: for a policy that was not matched before; a version that takes the place of another has an ``AmendmentCause``, a policy
            that is taken out an ``AgreementCause`` or ``WithdrawalCause``.
    """
    moves: list[Move | Instruction] = []
    active = {name: state.registry.active(name, state.day) for name in sorted(state.registry.versions)}
    ended_agreements = {
        name: None if version is None else ended_agreement(version.policy, state.catalogue, state.day) for name, version in active.items()
    }
    new = [
        version.policy
        for name, version in active.items()
        if version is not None and ended_agreements[name] is None and state.in_matcher.get(name) != version.policy.version
    ]
    changes_by_policy = dict(zip((policy.name for policy in new), state.matcher.publish_all(new) if new else (), strict=True))
    for name, version in active.items():
        have = state.in_matcher.get(name)
        if version is not None and name in changes_by_policy:
            why = cause if have is None else AmendmentCause(VersionName(name, version.policy.version))
            state.in_matcher[name] = version.policy.version
            moves.append(bounds_of(version.policy, state.catalogue, state.day))
            moves += [
                Move(state.day, why, changes.columns()) for changes in (changes_by_policy[name], *_tell_answers(state, version.policy))
            ]
        elif have is not None and (version is None or ended_agreements[name] is not None):
            del state.in_matcher[name]
            agreement = ended_agreements[name]
            why = WithdrawalCause(name) if agreement is None else AgreementCause(agreement)
            moves.append(LiftBounds(state.day, name, why))
            moves.append(Move(state.day, why, state.matcher.withdraw(name).columns()))
            if agreement is not None:
                state.notices.append(Notice("suspended", name, agreement, state.day))
    return moves


def _tell_answers(state: State, policy: Policy) -> list[ChangesLike]:
    """Tells the matcher the answers to a policy's checks that came while the policy was not in it."""
    changes: list[ChangesLike] = []
    check_ids = set(checks(policy))
    for key in [key for key in state.answers if key in state.waiting_answers and key[0] == policy.name and key[2] in check_ids]:
        changes.append(state.matcher.answer(*key, state.answers[key].answer))
        state.waiting_answers.discard(key)
    return changes


def apply_coverage(state: State, feed: str, statements: Sequence[str]) -> list[Move | Instruction]:
    """Gives the matcher all statements in effect, because these ``statements`` about a feed have changed."""
    in_effect = state.statements.in_effect()
    changes = state.matcher.cover(in_effect).columns()
    return [
        *update_late_feeds(state, in_effect),
        NameCoveredFeed(state.day, feed),
        Move(state.day, CoverageCause(tuple(statements)), changes),
    ]


def update_late_feeds(state: State, in_effect: Sequence[Statement]) -> list[SetLateFeeds]:
    """Finds the feeds that are late today by the statements in effect; gives an instruction if they have changed."""
    limits = {name: feed.bounds.late_after for name, feed in state.catalogue.feeds.items() if feed.bounds.late_after}
    latest: dict[tuple[str, int], date] = {}
    for statement in in_effect:
        place = (statement.feed, statement.source)
        latest[place] = max(statement.complete_to, latest.get(place, statement.complete_to))
    late = frozenset(feed for (feed, _), day in latest.items() if feed in limits and limits[feed].after(day) < state.day)
    if late == state.late:
        return []
    state.late = late
    return [SetLateFeeds(state.day, tuple(sorted(late)))]


def judge_statement(state: State, entry: StatementEntry) -> bool:
    """Sets the standing of a statement from the deliveries; is it in effect? Adds a notice if it never will be."""
    message = entry.stated
    entry.standing = standing(message, state.deliveries)
    if entry.standing in ("voided", "rows_differ"):
        kind = "coverage_voided" if entry.standing == "voided" else "coverage_rows"
        state.notices.append(Notice(kind, message.statement, f"{message.feed} {message.delivery}", state.day))
    return entry.standing == "in_effect"


def require_possible_day(day: date) -> None:
    """Checks that a day is possible for the clock.

    Raises:
        Refused: no record, rule or person can have its year.
    """
    if day.year not in YEARS:
        first, last = YEARS.start, YEARS.stop - 1
        zh = f"日期不能是 {day}：年份须在 {first} 至 {last} 之间。请核对日期和本机时钟。"
        raise Refusal(Text(zh, f"The day cannot be {day}: its year is not from {first} to {last}. Look at the date and at the clock."), 3)


def days_between(day: date, until: date) -> Iterator[date]:
    """Every day after ``day`` up to and including ``until``."""
    for number in range(day.toordinal() + 1, until.toordinal() + 1):
        yield date.fromordinal(number)


def pass_day(state: State, day: date, everything: bool) -> list[Move | Instruction]:
    """Moves the state to ``day``: first the verdicts that change with the calendar, then versions and agreements, then outcomes that end.

    Args:
        everything: compare all policies even if the day is no turning day (for a first tick, or a clock put back).
    """
    state.day, state.furthest = day, max(day, state.furthest)
    if not state.has_catalogue:
        return []
    turning = everything or day in state.turning_days
    late = update_late_feeds(state, state.statements.in_effect())
    changes = state.matcher.tick(day).columns()
    beginning = [policy for policy in state.policies.values() if day in state.turning_days and policy.effective_from == day]
    why: dict[str, Cause] = {policy.name: PublicationCause(VersionName(policy.name, policy.version)) for policy in beginning}
    policy_moves = settle_policies(state, DayCause(day)) if turning else []
    why |= {instruction.policy: instruction.cause for instruction in policy_moves if isinstance(instruction, LiftBounds)}
    return [*late, *_by_cause(day, changes, why), *policy_moves, *end_outcomes(state, day)]


def end_outcomes(state: State, day: date) -> Iterator[EndOutcome]:
    """Ends the outcomes whose time is over on a day, and stops watching their subjects."""
    for finding in state.outcomes.end(day):
        state.matcher.watch(finding.policy, finding.subject, False)
        yield EndOutcome(day, finding.policy, finding.subject, finding.outcome)


def _by_cause(day: date, changes: Columns, why: Mapping[str, Cause]) -> list[Move]:
    """The changes of a day by cause: those of a policy whose version begins or ends today have the cause in ``why``, the others the day."""
    usual = DayCause(day)
    if not why:
        return [Move(day, usual, changes)]
    return [Move(day, usual, changes.of(set(why), others=True)), *(Move(day, why[name], changes.of({name})) for name in sorted(why))]
