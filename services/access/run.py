"""The run of an action: who does what, by which way in; services ask it what may be reached, and tell it what they show.

A way in opens a run around a service (``access_run``): the command line once a verb, the API once a request. A service calls
``enter_policy`` or ``enter_source`` once it knows what it is about, ``show`` before it returns or writes anything about people, and filters
its queries by ``passes`` and ``reachable_divisions``. Without a run everything is reached and nothing is recorded: functions that call each
other within the program are no way in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from policies.problems.problems import HuiminError
from services.access.actions import Action
from services.access.deciding import NOTHING, Actor, Target, decide
from services.access.visible import Prefixes, candidate_target, policy_target, visible_divisions

if TYPE_CHECKING:
    from policies.language.tree import Policy

Outcome: TypeAlias = Literal["allowed", "denied"]


@dataclass(frozen=True, slots=True)
class AccessEvent:
    """What the record of access is told: one access, or one that was denied.

    Args:
        subjects: the tokens that were shown, or about which something was written.
        policy: the policy whose list it was; None where it was of none.
        also: a second action that went with it, such as ``identity.see``.
    """

    actor: Actor
    action: Action
    via: str
    outcome: Outcome
    policy: Policy | None = None
    feed: str | None = None
    subjects: tuple[int, ...] = ()
    approver: str | None = None
    also: Action | None = None


Recorder: TypeAlias = Callable[[AccessEvent], None]
"""Writes an event into the record of access; raises where it cannot, and then nothing is shown."""


@dataclass(slots=True)
class AccessRun:
    """One action of one actor.

    Args:
        via: ``cli``, ``http`` and so on.
        record: writes the record of access; None: nothing is recorded.
        approver, approval: of an act of two people, the second person and their action.
        shows_changes: what the action changes on lists is shown with its subjects, and not only counted.
        recorded: how many events of this run were recorded.
    """

    actor: Actor
    action: Action
    via: str
    record: Recorder | None = None
    approver: Actor | None = None
    approval: Action | None = None
    shows_changes: bool = False
    recorded: int = field(default=0)

    def require(self, target: Target, policy: Policy | None = None, action: Action | None = None) -> None:
        """Passes a target that the actor, and the approver if there is one, may reach; a denial is recorded.

        Raises:
            AccessDenied: they may not.
        """
        decision = decide(self.actor, action or self.action, target)
        if decision.allowed and self.approver is not None and self.approval is not None:
            decision = decide(self.approver, self.approval, target)
        if not decision.allowed:
            self.deny(policy, target.feed)
        decision.require()

    def deny(self, policy: Policy | None = None, feed: str | None = None) -> None:
        """Records that the action was denied; that it cannot be recorded is no reason to allow it."""
        with suppress(HuiminError, OSError):
            self.note("denied", policy, feed)

    def note(
        self,
        outcome: Outcome,
        policy: Policy | None = None,
        feed: str | None = None,
        subjects: Iterable[int] = (),
        also: Action | None = None,
    ) -> None:
        """Records an event.

        Raises:
            UnrecordedAccess: it could not be recorded; the action must not go on.
        """
        if self.record is not None:
            approver = None if self.approver is None else self.approver.name
            self.record(
                AccessEvent(
                    self.actor, self.action, self.via, outcome, policy, feed, tuple(subjects), approver, also
                )
            )  # fmt: skip
            self.recorded += 1


_RUN: ContextVar[AccessRun | None] = ContextVar("access", default=None)


@contextmanager
def access_run(run: AccessRun) -> Iterator[AccessRun]:
    """Opens a run; services called inside belong to it.

    Raises:
        AccessDenied: the actor may not do the action to anything at all.
    """
    if not run.actor.is_owner and run.action not in run.actor.parts:
        run.deny()
        decide(run.actor, run.action, NOTHING).require()
    before = _RUN.set(run)
    try:
        yield run
    finally:
        _RUN.reset(before)


def current_run() -> AccessRun | None:
    """The run that is open, if any."""
    return _RUN.get()


def enter_policy(policy: Policy) -> None:
    """Passes a policy that the open run may reach, at least in part.

    Raises:
        AccessDenied: it may not.
    """
    if (run := _RUN.get()) is not None:
        run.require(policy_target(policy), policy)


def enter_subject(policy: Policy, division: str | None) -> None:
    """Passes a subject of a policy; ``division``: where it is placed.

    Raises:
        AccessDenied: the run may not reach it.
    """
    if (run := _RUN.get()) is not None:
        run.require(candidate_target(policy, division), policy)


def enter_source(feed: str, unit: str) -> None:
    """Passes a unit's part in a feed.

    Raises:
        AccessDenied: the run may not reach it.
    """
    if (run := _RUN.get()) is not None:
        run.require(Target(unit=unit, feed=feed))


def enter_workspace() -> None:
    """Passes what concerns the workspace itself, or several policies at once.

    Raises:
        AccessDenied: the run may not.
    """
    if (run := _RUN.get()) is not None:
        run.require(NOTHING)


def passes(target: Target, action: Action | None = None) -> bool:
    """Whether a query of the open run may give this, or what another action gives; nothing is recorded."""
    run = _RUN.get()
    return run is None or decide(run.actor, action or run.action, target).allowed


def passes_policy(policy: Policy, action: Action | None = None) -> bool:
    """Whether a query over all policies may give this one, at least in part; or what another action gives of it."""
    return passes(policy_target(policy), action)


def reachable_divisions(policy: Policy) -> Prefixes:
    """Where the subjects of a policy are that a query of the open run may give."""
    run = _RUN.get()
    return None if run is None else visible_divisions(run.actor, run.action, policy.agency, policy.scope)


def reads_whole_list(policy: Policy) -> bool:
    """Whether the open run's actor may read all of a policy's list; what an action changes on other lists is not theirs to know."""
    run = _RUN.get()
    return run is None or visible_divisions(run.actor, Action.READ_LIST, policy.agency, policy.scope) is None


def note_feed(feed: str) -> None:
    """Tells the open run that rows of a feed are going to be shown as the unit delivered them.

    Raises:
        UnrecordedAccess: it could not be recorded.
    """
    if (run := _RUN.get()) is not None:
        run.note("allowed", None, feed)


def show(policy: Policy | None, subjects: Iterable[int], also: Action | None = None) -> None:
    """Tells the open run which subjects are going to be shown, or written about; called before any of it leaves.

    Args:
        also: with it goes another action, which the actor needs, too: ``Action.SEE_IDENTITY`` where names are shown.

    Raises:
        AccessDenied: the actor may not do the other action. UnrecordedAccess: it could not be recorded.
    """
    if (run := _RUN.get()) is None:
        return
    if also is not None and policy is not None:
        run.require(policy_target(policy), policy, also)
    run.note("allowed", policy, None, subjects, also)
