"""What a result may show to one actor, as tests that a service applies while it collects: never a filter afterwards.

A service that lists things of several owners takes a ``Sight``; ``EVERYTHING`` is for whoever may see all of it. ``sight_of`` makes the
one of an actor and an action.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policies.values import significant
from services.access.actions import Action
from services.access.deciding import Actor, Target, decide
from services.access.visible import Prefixes, policy_target, visible_divisions

if TYPE_CHECKING:
    from policies.language.tree import Policy
    from streams.steps.state import State


def _any(*facts: object) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Sight:
    """What may be shown.

    Args:
        policy: of this name, its list in part or whole.
        unit: what is this unit's.
        area: what is about this division, of this unit.
        request: what asks this unit about a policy's list.
        places: by policy, where its subjects may be (``services.access.visible.Prefixes``).
    """

    policy: Callable[[State, str], bool] = _any
    unit: Callable[[str], bool] = _any
    area: Callable[[str, str | None], bool] = _any
    request: Callable[[State, str, str], bool] = _any
    places: Callable[[State, str], Prefixes] = lambda state, policy: None


EVERYTHING = Sight()


def sight_of(actor: Actor, action: Action) -> Sight:
    """What an action shows to an actor."""
    if actor.is_owner:
        return EVERYTHING

    def sees_policy(state: State, name: str) -> bool:
        policy = newest(state, name)
        return policy is not None and decide(actor, action, policy_target(policy)).allowed

    def places(state: State, name: str) -> Prefixes:
        policy = newest(state, name)
        return () if policy is None else visible_divisions(actor, action, policy.agency, policy.scope)

    def asks(state: State, name: str, unit: str) -> bool:
        policy = newest(state, name)
        return policy is not None and decide(actor, action, policy_target(policy)._replace(unit=unit)).allowed

    return Sight(
        sees_policy,
        lambda unit: decide(actor, action, Target(unit=unit)).allowed,
        lambda unit, division: decide(actor, action, Target(unit=unit, scope=division)).allowed,
        asks,
        places,
    )


def newest(state: State, name: str) -> Policy | None:
    """The newest version of a policy; None where it was never published."""
    versions = state.registry.versions.get(name)
    return None if not versions else versions[state.registry.newest(name)].policy


def is_placed_in(division: str | None, places: Prefixes) -> bool:
    """Whether a subject lies where it may be seen; one that is placed nowhere is seen by those who see every place."""
    return places is None or (division is not None and significant(division).startswith(places))
