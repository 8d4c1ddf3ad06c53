"""What a request is about: the targets on which the caller's right is decided, from its parameters and the state.

Reading needs a right to one of the targets (the service shows that part alone, ``services.access.sight``), writing to all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, assert_never

from services.access.deciding import NOTHING, Target
from services.access.sight import newest
from services.access.visible import candidate_target, policy_target
from services.lists.candidates import parse_token
from services.lookup import no_policy
from services.state.as_of import subject_divisions

if TYPE_CHECKING:
    from streams.steps.state import State

About: TypeAlias = Literal[
    "workspace", "policy", "candidate", "feed", "source", "any unit", "any list", "statements", "contract", "request", "own"
]  # fmt: skip
"""What kind of thing a route is about. ``any unit`` and ``any list``: what the caller sees of all of them. ``statements``, ``contract``,
``request`` and ``own``: what stands in the body or the state, or is the caller's; decided by the route itself."""


def targets(state: State, about: About, parameters: Mapping[str, Any]) -> tuple[Target, ...]:
    """The targets of a request; () where the route's own function decides, or shows only what is in sight.

    Raises:
        HuiminError: there is no such policy.
    """
    match about:
        case "workspace":
            return (NOTHING,)
        case "policy" | "candidate":
            name = parameters["policy"]
            policy = newest(state, name)
            if policy is None:
                raise no_policy(name, state.registry.versions)
            if about == "policy":
                return (policy_target(policy),)
            subject = parse_token(parameters["subject"])
            return (candidate_target(policy, subject_divisions(state, policy.subject, [subject]).get(subject)),)
        case "feed":
            feed = state.catalogue.feeds.get(parameters["feed"]) if state.has_catalogue else None
            return () if feed is None else tuple(Target(unit=source.unit, feed=feed.name) for source in feed.sources)
        case "source":
            named = parameters.get("unit")
            feed = state.catalogue.feeds.get(parameters["feed"]) if state.has_catalogue else None
            sources = [] if feed is None else [source.unit for source in feed.sources]
            return tuple(Target(unit=unit, feed=parameters["feed"]) for unit in ([named] if named else sources))
        case "any unit" | "any list" | "statements" | "contract" | "request" | "own":
            return ()
        case _:
            assert_never(about)
