"""Whether a run may reach candidates, and what it is told of them: called by every service that shows a candidate or writes about one.

The decisions are those of ``services.access.run``; this finds where subjects are placed, and only where a run reaches a part of a policy.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from services.access.run import current_run, enter_policy, enter_subject, reachable_divisions, show
from services.state.as_of import subject_divisions

if TYPE_CHECKING:
    from policies.language.tree import Policy
    from services.access.actions import Action
    from streams.steps.state import State


def enter_published(state: State, name: str) -> None:
    """Passes a published policy that the run may reach; a name that was never published passes, for it has no list.

    Raises:
        AccessDenied: the run may not.
    """
    if name in state.registry.versions:
        enter_policy(newest_policy(state, name))


def enter_candidates(state: State, name: str, subjects: Sequence[int], also: Action | None = None) -> None:
    """Passes subjects of a published policy, and tells the run that they are shown or written about.

    Args:
        also: another action that goes with it, such as ``Action.SEE_IDENTITY``.

    Raises:
        AccessDenied: the run may not reach one of them. UnrecordedAccess: it could not be recorded.
    """
    if current_run() is None:
        return
    policy = newest_policy(state, name)
    enter_policy(policy)
    if reachable_divisions(policy) is not None:
        roots = [state.identities.root(policy.subject, subject) for subject in subjects]
        for place in set(subject_divisions(state, policy.subject, roots).values()):
            enter_subject(policy, place)
    show(policy, subjects, also)


def reachable_subjects(state: State, policy: Policy, subjects: Iterable[int]) -> set[int]:
    """Those of the subjects that a query of the run may give."""
    prefixes, every = reachable_divisions(policy), list(subjects)
    if prefixes is None:
        return set(every)
    places = subject_divisions(state, policy.subject, every)
    return {subject for subject in every if (places[subject] or "").startswith(prefixes)}


def newest_policy(state: State, name: str) -> Policy:
    """The newest version of a published policy."""
    return state.registry.versions[name][state.registry.newest(name)].policy
