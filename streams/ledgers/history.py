"""The history of a policy: each step in the life of each version, with its day and the people who decided it.

It is computed from the registry. For every day on which the state of a version may change, the state is computed as the day came, and again
behind each decision of that day. If it differs from the state before, the table of the life cycle says which event led there. Steps that
the calendar will bring later are included as they stand now. Source: ``policies.language.lifecycle``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TypeAlias

from policies.language.catalogue import Catalogue
from policies.language.lifecycle import TRANSITIONS, Event, Life
from streams.ledgers.registry import Registry, Version, Withdrawal, ended_agreement

DecisionPoint: TypeAlias = tuple[int, bool]
"""The highest version behind a decision, and whether it was a withdrawal: decisions of one day sort in the order they were made."""
MORNING: DecisionPoint = (0, False)
EVENING: DecisionPoint = (10**9, True)


@dataclass(frozen=True, slots=True)
class HistoryStep:
    """One step in the life of a version.

    Args:
        state: of the version from that day on.
        until: the first day of a scheduled version.
        by, approved_by: the people who decided; empty if the calendar or an agreement caused it.
        since: the day from which a withdrawal counts.
        detail: the reason of a withdrawal, the feed whose agreement ended, or the number of the version that took its place.
    """

    version: int
    event: Event
    day: date
    state: Life
    until: date | None = None
    by: str = ""
    approved_by: str = ""
    since: date | None = None
    detail: str = ""


def history(registry: Registry, name: str, catalogue: Catalogue) -> list[HistoryStep]:
    """Every step of every version of a policy, by version and day, with the steps to come as they stand now.

    Only the present end of an agreement is known, not that it once ended and was renewed.
    """
    return [step for number in sorted(registry.versions[name]) for step in _steps(registry, name, number, catalogue)]


def _steps(registry: Registry, name: str, number: int, catalogue: Catalogue) -> Iterator[HistoryStep]:
    version = registry.versions[name][number]
    first, publication_day = version.policy.effective_from, version.published
    alone = Registry()
    alone.add(replace(version, withdrawn=None))
    state = alone.life(name, number, publication_day, catalogue)
    until = first if state is Life.SCHEDULED else None
    yield HistoryStep(number, Event.PUBLISH, publication_day, state, until, version.by, version.approved_by)
    for day, behind in _moments(registry, name, version, catalogue):
        past_registry = _registry_behind(registry, name, day, behind)
        now = past_registry.life(name, number, day, catalogue)
        if now is not state:
            yield _step_of(past_registry, version, _event_between(state, now), day, now, catalogue)
            state = now


def _turning(registry: Registry, name: str, version: Version, catalogue: Catalogue) -> list[date]:
    """The days since its publication on which the state of a version may change."""
    policy = version.policy
    days = {version.published, policy.effective_from}
    if policy.effective_to is not None and policy.effective_to < date.max:
        days.add(policy.effective_to + timedelta(days=1))
    for other in registry.versions[name].values():
        days |= {other.published, other.policy.effective_from}
    for feed in policy.feeds:
        until = catalogue.feeds[feed].agreement.until
        if until is not None and until < date.max:
            days.add(until + timedelta(days=1))
    if version.withdrawn is not None:
        days.add(version.withdrawn.day)
    return sorted(day for day in days if day >= version.published)


def _moments(registry: Registry, name: str, version: Version, catalogue: Catalogue) -> Iterator[tuple[date, DecisionPoint]]:
    """When the state of a version may change: as a day comes, and behind each decision of that day, from its publication on."""
    number, publication_day = version.policy.version, version.published
    for day in _turning(registry, name, version, catalogue):
        decisions = {(n, False) for n, other in registry.versions[name].items() if other.published == day}
        ends = (other.withdrawn for other in registry.versions[name].values())
        decisions |= {_withdrawal(end) for end in ends if end is not None and end.day == day}
        for decision in sorted({MORNING, *decisions}):
            if day > publication_day or decision >= (number, False):
                yield day, decision


def _withdrawal(end: Withdrawal) -> DecisionPoint:
    return (end.newest, True) if end.newest else EVENING


def _registry_behind(registry: Registry, name: str, day: date, behind: DecisionPoint) -> Registry:
    """The registry of a policy as it was behind a decision of a day."""
    past_registry = Registry()
    for number, other in registry.versions[name].items():
        if other.published < day or (other.published == day and (number, False) <= behind):
            end = other.withdrawn
            is_decided = end is not None and (end.day < day or (end.day == day and _withdrawal(end) <= behind))
            past_registry.add(other if is_decided else replace(other, withdrawn=None))
    return past_registry


def _event_between(before: Life, after: Life) -> Event:
    """The event that leads from one state to another. If there is none, because the clock was put back, any that leads to the second."""
    fits = [event for event, (sources, leads) in TRANSITIONS.items() if after in leads and before in sources]
    return (fits or [event for event, (_, leads) in TRANSITIONS.items() if after in leads])[0]


def _step_of(past_registry: Registry, version: Version, event: Event, day: date, state: Life, catalogue: Catalogue) -> HistoryStep:
    number, withdrawal = version.policy.version, version.withdrawn
    match event:
        case Event.WITHDRAW if withdrawal is not None:
            return HistoryStep(number, event, day, state, None, withdrawal.by, withdrawal.approved_by, withdrawal.since, withdrawal.reason)
        case Event.SUPERSEDE:
            after = next(
                (v.policy.version for v in past_registry.standing_versions(version.policy.name) if v.policy.version > number), None
            )
            return HistoryStep(number, event, day, state, detail="" if after is None else str(after))
        case Event.SUSPEND | Event.BEGIN if state is Life.SUSPENDED:
            return HistoryStep(number, event, day, state, detail=ended_agreement(version.policy, catalogue, day) or "")
        case _:
            return HistoryStep(number, event, day, state)
