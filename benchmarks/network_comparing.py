"""The lists that a network told, compared with one process that took the same messages, and with everybody judged anew on the same records.

The list as told differs from the list as judged where exits or entries are held (docs/en/semantics.md, section 18). Every difference must
be one of those.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.deciding import Lists, anew, lists_after
from benchmarks.network_child import parts
from benchmarks.network_running import Network
from matchers.core import Matcher
from policies.language.tree import Policy
from services.state.as_of import materialized_list
from streams.steps.state import State
from streams.steps.steps import step


@dataclass(frozen=True, slots=True)
class ListComparison:
    """The extent of a comparison: policies, subjects listed, and those told otherwise than judged because they are held back."""

    policies: int
    listed: int
    held_back: int

    def summary(self) -> str:
        remark = f", {self.held_back:,} told otherwise than judged, every one held back" if self.held_back else ""
        return f"{self.policies} {'policy' if self.policies == 1 else 'policies'}, {self.listed:,} listed{remark}"


def compare_lists(network: Network, policies: Sequence[Policy]) -> tuple[ListComparison, Lists]:
    """Compare what a network told with one process that took the same messages, and with everybody judged anew.

    Returns:
        The extent of the comparison, and the lists as judged anew.

    Raises:
        AssertionError: a list differs from the one process's, or from the judgement where nobody is held back.
    """
    state = State(parts())
    for offset, message in enumerate(network.sent):
        step(state, message, offset)
    matcher = state.matcher
    assert isinstance(matcher, Matcher)
    judged, _ = anew(matcher, policies)
    lists = lists_after({}, policies, (line for lines in network.lines() for line in lines))
    alone = {
        (policy.name, candidate.subject): candidate.status for policy in policies for candidate in materialized_list(state, policy.name)
    }
    assert lists == alone, f"what was told ({len(lists)}) and one process ({len(alone)}) agree"
    differing = {of for of in lists.keys() | judged.keys() if lists.get(of) != judged.get(of)}
    held_back = {(policy.name, subject) for policy in policies for subject in state.book.overlays_of(policy.name)}
    assert differing <= held_back, f"{len(differing - held_back)} are listed otherwise than judged, and not held back"
    return ListComparison(len(policies), len(lists), len(differing)), judged
