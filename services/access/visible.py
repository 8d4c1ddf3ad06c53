"""What an actor sees, as filters that a query applies: which policies, divisions and units; never a filter afterwards.

Services and the API pass these to their queries. A test holds each filter against ``decide`` for every single target.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from policies.values import significant
from services.access.actions import Action
from services.access.deciding import Actor, Target, decide

if TYPE_CHECKING:
    from policies.language.catalogue import Feed
    from policies.language.tree import Policy

Prefixes: TypeAlias = tuple[str, ...] | None
"""Beginnings of division codes; None: every place, and subjects that are placed nowhere; (): no place."""


def policy_target(policy: Policy) -> Target:
    """A policy, and its list as a whole, as a target."""
    return Target(agency=policy.agency, scope=policy.scope)


def candidate_target(policy: Policy, division: str | None) -> Target:
    """A subject of a policy as a target; ``division``: where it is placed, None for nowhere."""
    return Target(agency=policy.agency, scope=policy.scope, division=division or "")


def source_target(feed: Feed, unit: str) -> Target:
    """A unit's part in a feed as a target."""
    return Target(unit=unit, feed=feed.name)


def sees_policy(actor: Actor, action: Action) -> Callable[[Policy], bool]:
    """A filter of policies: those to which the actor may do the action, in whole or in part."""
    return lambda policy: decide(actor, action, policy_target(policy)).allowed


def visible_policies(actor: Actor, action: Action, policies: Iterable[Policy]) -> list[Policy]:
    """The policies to which the actor may do the action, in whole or in part."""
    return list(filter(sees_policy(actor, action), policies))


def visible_divisions(actor: Actor, action: Action, agency: str, scope: str) -> Prefixes:
    """Where the subjects of a policy are that the actor may see: beginnings of their division codes.

    Args:
        agency, scope: of the policy.
    """
    if actor.is_owner:
        return None
    if actor.feeds is not None:
        return ()
    area, prefixes = significant(scope), set[str]()
    for part in actor.parts.get(action, ()):
        if part.unit is not None or part.agency not in (None, agency):
            continue
        if area.startswith(part.division):
            return None
        prefixes.add(part.division)
    return _shortest(prefixes)


def visible_units(actor: Actor, action: Action, units: Iterable[str]) -> list[str]:
    """The units of which the actor may see deliveries, the quarantine and so on."""
    return [unit for unit in units if decide(actor, action, Target(unit=unit)).allowed]


def visible_sources(actor: Actor, action: Action, feeds: Mapping[str, Feed]) -> dict[str, list[str]]:
    """By feed the units whose part in it the actor may see; a feed with none is left out."""
    by_feed = {
        name: [source.unit for source in feed.sources if decide(actor, action, source_target(feed, source.unit)).allowed]
        for name, feed in feeds.items()
    }
    return {name: sources for name, sources in by_feed.items() if sources}


def _shortest(prefixes: Iterable[str]) -> tuple[str, ...]:
    """Prefixes without those that begin with another one."""
    shortest: list[str] = []
    for prefix in sorted(prefixes):
        if not shortest or not prefix.startswith(shortest[-1]):
            shortest.append(prefix)
    return tuple(shortest)
