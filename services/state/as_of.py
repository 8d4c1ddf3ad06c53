"""The state as of another day, to read only, and the materialized lists of a state.

Begin with ``state_known_at`` and ``materialized_list``.

``--as-of`` shows what a tick to that day would decide: that tick is applied to a copy of the state. An earlier day shows the versions that
were in force then, without a withdrawal that counts from a later day (docs/en/semantics.md, section 12).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from matchers.core import Matcher
    from matchers.lists.verdicts import Candidate
    from policies.values import Kind
    from streams.host import Host
    from streams.steps.state import State


def state_on(host: Host, day: date | None) -> State:
    """The state of a host on ``day``, to read only; None: as it is."""
    return host.state if day in (None, host.state.day) else _on(disposable_state(host), day)


def state_known_at(host: Host, day: date | None, known_at: int | date | None) -> State:
    """The state of a host on ``day``, from what was known at the moment ``known_at``; None: now.

    A day after the moment is a forecast from what was known then.

    Raises:
        NotKept: the moment cannot be asked for.
    """
    return state_on(host, day) if known_at is None else _on(host.at(known_at), day)


def _on(state: State, day: date | None) -> State:
    if day is None or day == state.day:
        return state
    from streams.language.messages import Tick
    from streams.steps.steps import step

    if day < state.day:
        state.registry = state.registry.without_later_withdrawals(day)
    step(state, Tick(day), state.offset)
    return state


def disposable_state(host: Host) -> State:
    """A state that may be changed freely: a reader's own state, or a copy of one that is still used (a writer's, a network's replica)."""
    from streams.steps.state import State

    state = host.state
    return state if host.readonly else State.restore(host.parts, state.meta(), state.arrays())


def begin_first_day(host: Host, today: date) -> None:
    """Gives a state without a day its first day: today."""
    from streams.language.messages import Tick
    from streams.steps.state import NO_DAY

    if host.state.day == NO_DAY:
        host.submit(Tick(today))


def core(state: State) -> Matcher:
    """The matching core of a state, with the questions of people that the port of the steps does not have."""
    return cast("Matcher", state.matcher)


def materialized_list(state: State, policy: str, every: bool = False) -> list[Candidate]:
    """The materialized list of a policy, by token: the computed list, changed by suppressions and holds. Do not change it.

    Args:
        every: also the unknown subjects that are only counted.
    """
    key, matcher = ("materialized list", policy, every), core(state)
    if key not in state.remembered:
        computed = matcher.candidates(policy, every=every) if policy in matcher.policies else []
        state.remembered[key] = _as_told(state, policy, computed)
    materialized: list[Candidate] = state.remembered[key]
    return materialized


def materialized_lists(state: State) -> Iterator[tuple[str, list[Candidate]]]:
    """The materialized list of every matched policy, by name, from one pass."""
    from matchers.lists.verdicts import candidates_of

    matcher = core(state)
    for verdicts in sorted(matcher.lists(), key=lambda verdicts: verdicts.entry.policy.name):
        name = verdicts.entry.policy.name
        yield name, _as_told(state, name, candidates_of(matcher, verdicts, state.day))


def _as_told(state: State, policy: str, candidates: list[Candidate]) -> list[Candidate]:
    """The candidates of the computed list, with the overlays of suppressions and holds applied."""
    from dataclasses import replace

    from matchers.kernel.changes import STATUSES
    from matchers.lists.verdicts import Candidate

    overlays = state.book.overlays_of(policy)
    if not overlays:
        return candidates
    by_rule = {candidate.subject: candidate for candidate in candidates}
    listed = {subject: candidate for subject, candidate in by_rule.items() if subject not in overlays}
    places = divisions(state, policy, [subject for subject, overlay in overlays.items() if overlay.materialized is not None])
    for subject, overlay in overlays.items():
        if overlay.materialized is None:
            continue
        status, (checklist, missing) = overlay.materialized
        candidate = by_rule.get(subject) or Candidate(subject, "yes", None, (), (), places[subject])
        listed[subject] = replace(candidate, status=STATUSES[status], checklist=checklist, missing=missing)
    return [listed[subject] for subject in sorted(listed)]


def divisions(state: State, policy: str, subjects: Sequence[int]) -> dict[int, str | None]:
    """The divisions of subjects of a policy's kind; None where unplaced, or not known at all."""
    return subject_divisions(state, state.policies[policy].subject, subjects)


def subject_divisions(state: State, of: Kind, subjects: Sequence[int]) -> dict[int, str | None]:
    """The divisions of subjects of a kind; None where unplaced, or not known at all."""
    if not subjects:
        return {}
    import numpy as np

    from matchers.kernel.layout import KINDS
    from matchers.lists.verdicts import divisions_of

    matcher, kind = core(state), KINDS.index(of)
    rows = {subject: matcher.store.entity(kind, subject) for subject in subjects}
    known_subjects = [subject for subject, row in rows.items() if row >= 0]
    places = divisions_of(matcher, kind, state.day, np.array([rows[subject] for subject in known_subjects], np.int32))
    return {**dict.fromkeys(rows), **dict(zip(known_subjects, places, strict=True))}
