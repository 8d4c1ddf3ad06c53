"""The decision whether an actor may do an action to a target; pure, and compiled so that one costs well under a microsecond.

Every way in calls ``decide`` before it calls a service. ``services.access.visible`` gives the same decision as a filter for a query.

Example:
    >>> clerk = Actor("wang", (Grant(Role.CLERK, "310107", "civil-affairs"),))
    >>> decide(clerk, Action.SEE_IDENTITY, Target(agency="health", scope="310107")).allowed
    False
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from connectors.accounts.grants import Grant, Role
from policies.problems.problems import HuiminError
from policies.values import Text, significant
from services.access.actions import OVERLAPPING, TITLES, Action
from services.access.table import TABLE, Scope


class AccessDenied(HuiminError):
    """The actor may not do this (whoever keeps accounts can grant a role; 5). Trying again does not help."""

    def __init__(self, text: Text) -> None:
        super().__init__(text, 5)


class Target(NamedTuple):
    """What an action is done to, as far as it matters; None where it has no such thing.

    Args:
        agency: of the policy.
        unit: that delivers the feed, or is itself the target.
        division: where the subject is placed; "" for a subject that is placed nowhere.
        scope: of the policy, or the area that a statement is about.
        feed: by name; a token may be for one feed only.
    """

    agency: str | None = None
    unit: str | None = None
    division: str | None = None
    scope: str | None = None
    feed: str | None = None


NOTHING = Target()
"""The target of an action on the workspace itself."""


class Part(NamedTuple):
    """One cell of the table for one grant.

    Args:
        agency, unit: the target must be of this one; None: of any.
        division: without its trailing zeros; the target must lie in it.
        placed: the target must have a place.
        overlaps: a common part with the area of the target is enough.
    """

    agency: str | None
    unit: str | None
    division: str
    placed: bool
    overlaps: bool

    def reaches(self, target: Target) -> bool:
        """Whether the target is the grant's own, and lies where it reaches."""
        agency, unit, place, area, _ = target
        if (self.agency is not None and self.agency != agency) or (self.unit is not None and self.unit != unit):
            return False
        if place is not None and place.startswith(self.division):
            return True
        if area is None:
            return place is None and not self.placed
        return area.startswith(self.division) or (self.overlaps and place is None and self.division.startswith(significant(area)))


def _part(grant: Grant, action: Action) -> Part:
    scope = TABLE[action][grant.role]
    own = {Scope.OWN_AGENCY: (grant.unit, None), Scope.OWN_UNIT: (None, grant.unit)}.get(scope, (None, None))
    return Part(*own, significant(grant.division), scope is Scope.OWN_DIVISION, action in OVERLAPPING)


@dataclass(frozen=True)
class Actor:
    """Who does something: a signed-in person, a machine with a token, or whoever runs a verb.

    Args:
        name: of the account, or of the operating system's user where there are no accounts.
        actions, feeds: what a token is limited to; None: to nothing.
        token: the id of the token by which a machine is known.
        is_owner: there are no accounts: whoever can read the key may do everything, as the operating system decides who that is.
    """

    name: str
    grants: tuple[Grant, ...] = ()
    title: str = ""
    actions: frozenset[Action] | None = None
    feeds: frozenset[str] | None = None
    token: str | None = None
    is_owner: bool = field(default=False, kw_only=True)

    @cached_property
    def parts(self) -> Mapping[Action, tuple[Part, ...]]:
        """The cells of the table that this actor's grants open, by action."""
        opened: dict[Action, tuple[Part, ...]] = {}
        for grant in self.grants:
            for action in _BY_ROLE[grant.role]:
                if self.actions is None or action in self.actions:
                    opened[action] = (*opened.get(action, ()), _part(grant, action))
        return opened

    @property
    def roles(self) -> frozenset[Role]:
        return frozenset(grant.role for grant in self.grants)


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether it is allowed; and why not."""

    allowed: bool
    reason: Text

    def require(self) -> None:
        """Passes what is allowed.

        Raises:
            AccessDenied: it is not.
        """
        if not self.allowed:
            raise AccessDenied(self.reason)


def decide(actor: Actor, action: Action, target: Target = NOTHING) -> Decision:
    """Whether an actor may do an action to a target. What the table does not allow is denied."""
    if actor.is_owner:
        return ALLOWED
    parts = actor.parts.get(action)
    if parts is None:
        return _NO_ROLE[action]
    if actor.feeds is not None and target.feed not in actor.feeds:
        return _OTHER[action]
    for part in parts:
        if part.reaches(target):
            return ALLOWED
    return _OTHER[action]


def require(actor: Actor, action: Action, target: Target = NOTHING) -> None:
    """Passes an action that is allowed.

    Raises:
        AccessDenied: it is not.
    """
    decide(actor, action, target).require()


def owner(name: str) -> Actor:
    """Whoever can read the key of a workspace without accounts."""
    return Actor(name, is_owner=True)


ALLOWED = Decision(True, Text("", ""))
_BY_ROLE = {role: tuple(action for action, cells in TABLE.items() if role in cells) for role in Role}
_NO_ROLE = {
    action: Decision(False, Text(f"您的角色不能：{title.zh}。", f"None of your roles may: {title.en}.")) for action, title in TITLES.items()
}
_OTHER = {
    action: Decision(
        False,
        Text(
            f"不能：{title.zh}。它不在您的机构、单位或区划之内，或超出令牌的范围。",
            f"You may not: {title.en}. It is not of your agency, unit or division, or beyond what the token is for.",
        ),
    )
    for action, title in TITLES.items()
}
