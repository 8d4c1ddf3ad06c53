"""What follows from a change of the registry, of coverage or of the day: the part several steps share.

The one idea: what the matcher holds is compared with what the ledgers and the date say it should hold, and only the difference is done;
so it does not matter which message made the difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from matchers.changes import Columns
from matchers.coverage import Statement
from policies.tree import Policy
from policies.values import Period
from streams.instructions import Instruction, ruled
from streams.lines import Moved, Moves
from streams.messages import Cause, Notice
from streams.ports import ChangesLike
from streams.registry import checks, ended_agreement
from streams.state import State
from streams.statements import Entry, standing


def registry_settled(state: State, cause: Cause) -> Moves:
    """After versions, agreements or feeds changed: which days matter now, and ``policies_settled``."""
    state.turning_days = state.registry.turning_days(state.catalogue)
    return policies_settled(state, cause)


def policies_settled(state: State, cause: Cause) -> list[Moved | Instruction]:
    """Puts into the matcher the version of each policy that is active today and whose agreements hold; takes out the rest.

    Args:
        cause: why a policy that was not matched is now; a replaced version has the cause ``amendment``, one taken out
            ``agreement`` or ``withdrawal``.
    """
    moves: list[Moved | Instruction] = []
    for name in sorted(state.registry.versions):
        have, active = state.in_matcher.get(name), state.registry.active(name, state.day)
        ended = None if active is None else ended_agreement(active.policy, state.catalogue, state.day)
        if active is not None and ended is None:
            if have != active.policy.version:
                why = cause if have is None else Cause("amendment", f"{name}@{active.policy.version}")
                moves.append(ruled(active.policy, state.catalogue, state.day))
                moves.extend(Moved(state.day, why, changes.columns()) for changes in _put_in(state, active.policy))
        elif have is not None:
            del state.in_matcher[name]
            why = Cause("withdrawal", name) if ended is None else Cause("agreement", ended)
            moves.append(Instruction(state.day, "unruled", (name, why.kind, why.detail)))
            moves.append(Moved(state.day, why, state.matcher.withdraw(name).columns()))
            if ended is not None:
                state.notices.append(Notice("suspended", name, ended, state.day))
    return moves


def _put_in(state: State, policy: Policy) -> list[ChangesLike]:
    """Publishes a version in the matcher, with the answers to its checks that came while it was not there."""
    changes = [state.matcher.publish(policy)]
    state.in_matcher[policy.name] = policy.version
    asked = set(checks(policy))
    for key in [key for key in state.answers if key in state.unsaid and key[0] == policy.name and key[2] in asked]:
        changes.append(state.matcher.answer(*key, state.answers[key]))
        state.unsaid.discard(key)
    return changes


def covered(state: State, feed: str, statements: str) -> list[Moved | Instruction]:
    """The matcher is given all statements now in effect; ``statements``, about a feed, are why there are others."""
    in_effect = state.statements.in_effect()
    changes = state.matcher.cover(in_effect).columns()
    return [
        *late_feeds(state, in_effect),
        Instruction(state.day, "covered", (feed,)),
        Moved(state.day, Cause("coverage", statements), changes),
    ]


def late_feeds(state: State, in_effect: Sequence[Statement]) -> list[Instruction]:
    """Which feeds are late today by the statements in effect, where that is not what it was."""
    limits = {name: Period.parse(feed.bounds.late_after) for name, feed in state.catalogue.feeds.items() if feed.bounds.late_after}
    latest: dict[tuple[str, int], date] = {}
    for one in in_effect:
        place = (one.feed, one.source)
        latest[place] = max(one.complete_to, latest.get(place, one.complete_to))
    late = frozenset(feed for (feed, _), day in latest.items() if feed in limits and limits[feed].after(day) < state.day)
    if late == state.late:
        return []
    state.late = late
    return [Instruction(state.day, "late", (sorted(late),))]


def judged(state: State, entry: Entry) -> bool:
    """Is this statement in effect, from the deliveries as they are now? Notes down why one is not that never will be."""
    stated = entry.stated
    entry.standing = standing(stated, state.catalogue.feeds[stated.feed], state.deliveries)
    if entry.standing in ("voided", "rows_differ"):
        kind = "coverage_voided" if entry.standing == "voided" else "coverage_rows"
        state.notices.append(Notice(kind, stated.statement, f"{stated.feed} {stated.delivery}", state.day))
    return entry.standing == "in_effect"


def days_between(day: date, until: date) -> Iterator[date]:
    """Every day after ``day`` up to and with ``until``."""
    for number in range(day.toordinal() + 1, until.toordinal() + 1):
        yield date.fromordinal(number)


def day_passed(state: State, day: date, everything: bool) -> list[Moved | Instruction]:
    """The state is at ``day``: what flips with the calendar, then the versions and agreements that turn on it; then outcomes end.

    Args:
        everything: compare all policies, not only on a day on which one is known to turn (a first tick, a clock put back).
    """
    state.day, state.furthest = day, max(day, state.furthest)
    if not state.begun:
        return []
    turning = everything or day in state.turning_days
    late = late_feeds(state, state.statements.in_effect())
    changes = state.matcher.tick(day).columns()
    beginning = [policy for policy in state.policies.values() if day in state.turning_days and policy.effective_from == day]
    why = {policy.name: Cause("publication", f"{policy.name}@{policy.version}") for policy in beginning}
    settled = policies_settled(state, Cause("day", day.isoformat())) if turning else []
    why |= {one.facts[0]: Cause(*one.facts[1:]) for one in settled if isinstance(one, Instruction) and one.name == "unruled"}
    return [*late, *_by_cause(day, changes, why), *settled, *outcomes_ended(state, day)]


def outcomes_ended(state: State, day: date) -> Iterator[Instruction]:
    """Whose time off a list is over on a day: nobody has to watch them any more."""
    for finding in state.findings.ending(day):
        state.matcher.watch(finding.policy, finding.subject, False)
        yield Instruction(day, "ended", (finding.policy, finding.subject, finding.outcome))


def _by_cause(day: date, changes: Columns, why: Mapping[str, Cause]) -> list[Moved]:
    """What the calendar moves in a policy whose version begins or that is taken out today (``why``) is that; else it is the day's doing."""
    usual = Cause("day", day.isoformat())
    if not why:
        return [Moved(day, usual, changes)]
    return [Moved(day, usual, changes.of(set(why), others=True)), *(Moved(day, why[name], changes.of({name})) for name in sorted(why))]
