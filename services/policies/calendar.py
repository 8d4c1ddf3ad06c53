"""The coming days on which a policy's versions, parameters, agreements or coverage turn.

They are read from the registry, the catalogue and the ledger of coverage. Who moves on the list then, only the ticks can say
(``services.policies.forecast``, which calls this).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, TypeAlias

from pydantic import PlainSerializer

if TYPE_CHECKING:
    from policies.language.tree import Policy
    from streams.steps.state import State

ONE_DAY = timedelta(days=1)
OrNull: TypeAlias = Annotated[str, PlainSerializer(lambda text: text or None, return_type=str | None)]
"""A text that is null in JSON where it is empty."""


@dataclass(frozen=True, slots=True, order=True)
class Turn:
    """A turn of a policy on a day.

    Args:
        kind: begins or ends (a version), parameter (an entry begins), agreement (it has ended), coverage (a source's last statement is
            too old).
        what: the version as name@2, the parameter, or the feed.
        unit: of coverage, whose statement.
    """

    day: date
    kind: str
    what: str
    unit: OrNull = ""


def turns(state: State, name: str, days: int) -> list[Turn]:
    """The turns in the days after the state's day, by day, each once."""
    last = date.fromordinal(min(state.day.toordinal() + days, date.max.toordinal()))
    every = {turn for version in state.registry.standing_versions(name) for turn in _of(state, version.policy)}
    return sorted(turn for turn in every if state.day < turn.day <= last)


def _of(state: State, policy: Policy) -> Iterator[Turn]:
    version = f"{policy.name}@{policy.version}"
    yield Turn(policy.effective_from, "begins", version)
    if policy.effective_to is not None and policy.effective_to < date.max:
        yield Turn(policy.effective_to + ONE_DAY, "ends", version)
    for param in policy.params.values():
        yield from (Turn(start, "parameter", param.name) for start, _ in param.entries)
    for feed in policy.feeds:
        until = state.catalogue.feeds[feed].agreement.until
        if until is not None and until < date.max:
            yield Turn(until + ONE_DAY, "agreement", feed)
    yield from _stale(state, policy)


def _stale(state: State, policy: Policy) -> Iterator[Turn]:
    """The first day on which the last statement of a source on a division, or on a list, is too old for the policy."""
    latest: dict[tuple[str, int, str | None, tuple[int, ...]], date] = {}
    for stated in state.statements.in_effect():
        if stated.feed in policy.evidence:
            key = (stated.feed, stated.source, stated.division, stated.subjects)
            latest[key] = max(latest.get(key, stated.complete_to), stated.complete_to)
    for (feed, source, _, _), complete_to in latest.items():
        until = policy.evidence[feed].after(complete_to)
        if until < date.max:
            yield Turn(until + ONE_DAY, "coverage", feed, state.catalogue.feeds[feed].sources[source].unit)
