"""The values of a policy's disclosed fields, read for one subject after another.

Lists and exports show them; ``matchers.watching`` compares them with what was told.
"""

from __future__ import annotations

from datetime import date

from matchers.program.state import MatcherState
from matchers.reading.reading import subject
from matchers.reading.rows import InputReader
from policies.language.tree import Policy


class DisclosedValues:
    """The disclosed fields of a policy on one day, for one subject after another."""

    def __init__(self, state: MatcherState, policy: Policy, day: date) -> None:
        self._state, self._policy, self._rows = state, policy, InputReader(state, policy, day)
        self._fields = [
            (".".join((*ref.links, ref.feed, ref.field)), ref, field)
            for ref in policy.discloses
            if not (field := self._rows.field(ref)).identity
        ]

    def of(self, token: int) -> dict[str, str]:
        """The text of each, by ``feed.field``, except identity fields, which the matrix does not have."""
        root = subject(self._state, self._policy, token)
        self._rows.ways.clear()
        return {name: self._rows.text(field, self._rows.read(ref, root).value) for name, ref, field in self._fields}


def disclosed_values(state: MatcherState, policy: Policy, token: int, day: date) -> dict[str, str]:
    """The disclosed fields of one subject (``DisclosedValues``)."""
    return DisclosedValues(state, policy, day).of(token)
