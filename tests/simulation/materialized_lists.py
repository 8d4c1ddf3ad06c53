"""The materialized lists at a quiet point: the computed lists except for overlays, each of which must have a reason.

The overlays are read off the host. Each must follow from what was acknowledged: an outcome whose time is not over, or a hold that nobody
released. ``beside`` compares the overlays in full. Source: docs/en/semantics.md §17, §18.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from matchers.kernel.changes import STATUSES
from services.state.as_of import materialized_list
from streams.embedded.host import EmbeddedHost
from streams.lists.overlays import Content, Overlay
from tests.matchers.network import CandidateState, pairs
from tests.oracles.listing import MONTHS
from tests.simulation.facts import Facts

Lists = Mapping[str, Mapping[int, CandidateState]]


def compare_materialized_lists(host: EmbeddedHost, facts: Facts, computed_lists: Lists, materialized_lists: Lists) -> Counter[str]:
    """Compares the materialized lists with the computed ones; returns counts of suppressions and holds.

    Args:
        computed_lists: the list by the rule alone, for each policy that is matched.
        materialized_lists: the lists that the lines add up to.

    Raises:
        AssertionError: where anything differs, in words.
    """
    counts: Counter[str] = Counter()
    book = host.state.book
    for name in {*facts.policies, *book.overlays}:
        mine, overlays = dict(computed_lists.get(name, {})), book.overlays_of(name)
        for subject, overlay in overlays.items():
            where = f"{name}, {subject}"
            expected = mine.pop(subject, None)
            assert _candidate_state(overlay.computed) == expected, f"overlay of {where}: found {overlay.computed}, expected {expected}"
            counts[_reason_for(host, facts, name, subject, overlay)] += 1
            if overlay.materialized is not None:
                mine[subject] = _candidate_state(overlay.materialized)  # type: ignore[assignment]  # it is somebody listed
        list_by_lines = materialized_lists.get(name, {})
        wrong = sorted(subject for subject in mine.keys() | list_by_lines.keys() if mine.get(subject) != list_by_lines.get(subject))
        differences = [f"{subject}: told {list_by_lines.get(subject)}, expected {mine.get(subject)}" for subject in wrong[:3]]
        assert not wrong, f"told list of {name}: {'; '.join(differences)}"
        assert book.sizes[name] == len(list_by_lines), f"length of the list of {name}: {book.sizes[name]}, and it is {len(list_by_lines)}"
        if name in computed_lists:
            host_list = {
                candidate.subject: (candidate.status, candidate.checklist, pairs(candidate.missing))
                for candidate in materialized_list(host.state, name)
            }
            assert host_list == list_by_lines, f"told list of {name}, as asked for, is not as the lines say"
    for id, hold in book.holds.items():
        assert hold.decision == facts.decisions.get(id), f"hold {id}: decided {hold.decision}, expected {facts.decisions.get(id)}"
    return counts


def _reason_for(host: EmbeddedHost, facts: Facts, policy: str, subject: int, overlay: Overlay) -> str:
    """Why a subject has an overlay."""
    where = f"overlay of {policy}, {subject}"
    assert (overlay.outcome is None) != (overlay.hold is None), f"{where}: for no reason, or for two: {overlay}"
    if overlay.outcome is not None:
        outcome = facts.outcomes.get((policy, subject))
        assert outcome is not None and outcome.outcome == overlay.outcome, f"{where}: kept off as {overlay.outcome}, reported is {outcome}"
        assert MONTHS[outcome.outcome] and not outcome.over, f"{where}: kept off, and its time is over: {outcome}"
        assert overlay.materialized is None, f"{where}: kept off, and told as {overlay.materialized}"
        return "kept off"
    assert overlay.hold in host.state.book.holds, f"{where}: held by {overlay.hold}, which there is not"
    assert facts.decisions.get(overlay.hold) != "release", f"{where}: held by {overlay.hold}, which is released"
    burdens = {str(version.published.policy.direction) == "burden" for version in facts.versions(policy)}
    sides = {(not burden, burden) for burden in burdens}  # an amendment may have changed the direction
    assert (overlay.computed is None, overlay.materialized is None) in sides, f"{where}: held on the wrong side: {overlay}"
    return "held back"


def _candidate_state(content: Content | None) -> CandidateState | None:
    if content is None:
        return None
    status, (checks, missing) = content
    return STATUSES[status], checks, pairs(missing)
