"""An oracle for materialized lists: a second state whose rules are evaluated afresh after every message.

The second state takes the same messages, and a tick day by day. Its full lists, explanations and ledgers are read; its list stage is not.
``tests.oracles.listing`` folds what is read into the lists that the agencies should have been told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from fractions import Fraction
from typing import cast

from matchers.core import Matcher
from matchers.reading.disclosed_values import disclosed_values
from matchers.reading.explain import Criterion, explain
from policies.language.tree import Policy
from streams.language.causes import Cause
from streams.language.messages import Input, Tick
from streams.language.ports import Parts
from streams.lists.lines import Move
from streams.steps.state import NO_DAY, State
from streams.steps.steps import apply_message
from tests.oracles.listing import Content, Evidence, Hold, Key, Line, Listing
from tests.oracles.replacements import Limits, Replacements
from tests.streams.world import catalogue, parts

KINDS = {"elderly-uninsured": "person", "relocation-hardship": "household", "group-rental": "dwelling"}


class StateRule:
    """The answers of the rules after a message, on the state's day."""

    def __init__(self, state: State) -> None:
        self.state, self.day = state, state.day
        self.policies: Mapping[str, Policy] = state.policies if state.has_catalogue else {}

    @property
    def _matcher(self) -> Matcher:
        return cast(Matcher, self.state.matcher)

    def computed_list(self, policy: str) -> dict[int, Content]:
        return {
            candidate.subject: (candidate.status, candidate.checklist, candidate.missing) for candidate in self._matcher.candidates(policy)
        }

    def evidence(self, policy: str, subject: int) -> Evidence | None:
        """The truth of each leaf outside ``where``, and each disclosed value as text."""
        if policy not in self.policies:
            return None
        explanation = explain(self._matcher, self.policies[policy], subject, self.day)
        if explanation.verdict.verdict is None:
            return None
        disclosed = disclosed_values(self._matcher, self.policies[policy], subject, self.day)
        return tuple(leaf.truth for leaf in leaves_of(explanation.criteria)), tuple(sorted(disclosed.items()))

    def root(self, kind: str, subject: int) -> int:
        return self.state.identities.root(kind, subject)

    def statement_feed(self, statement: str) -> str:
        return self.state.statements.entries[statement].stated.feed

    def late(self) -> frozenset[str]:
        stated_to: dict[tuple[str, int], date] = {}
        for entry in self.state.statements.entries.values():
            if entry.standing == "in_effect":
                place = (entry.stated.feed, entry.stated.source)
                stated_to[place] = max(entry.stated.complete_to, stated_to.get(place, date.min))
        feeds = self.state.catalogue.feeds
        return frozenset(
            feed
            for (feed, _), complete_to in stated_to.items()
            if (after := feeds[feed].bounds.late_after) is not None and after.after(complete_to) < self.day
        )

    def feed_moves(self, feed: str) -> Fraction:
        return self.state.catalogue.feeds[feed].bounds.moves

    def ended_by(self, policy: str) -> str:
        return "withdrawal" if self.state.registry.active(policy, self.day) is None else "agreement"


def leaves_of(criterion: Criterion) -> Iterator[Criterion]:
    """The leaves outside ``where``, in order."""
    if not criterion.children:
        yield criterion
    for child in criterion.children:
        yield from leaves_of(child)


class ListOracle:
    """The lists by hand, folded from a state of its own.

    Args:
        kinds: the kind of subject of each policy; policies may be added to the mapping later.
    """

    def __init__(self, ports: Parts | None = None, kinds: Mapping[str, str] = KINDS) -> None:
        self.state, self.listing = State(ports or parts(real=True)), Listing(kinds)
        self.replacements = Replacements()

    def take(self, message: Input, offset: int, decided: Hold | None = None) -> list[tuple[date, dict[Key, Line]]]:
        """The lines that are due on each day that a message passes.

        Raises:
            Refused, Invalid: the message is not admitted.
        """
        days: list[Input] = [message]
        if isinstance(message, Tick) and NO_DAY < self.state.day < message.day:
            days = [Tick(self.state.day + timedelta(number)) for number in range(1, (message.day - self.state.day).days + 1)]
        out = []
        for day_message in days:
            moves, _ = apply_message(self.state, day_message, offset)
            shrunk = self.replacements.take(day_message, self._limits)
            causes = {key: cause for move in moves for key, cause in moved_keys(move)}
            out.append((self.state.day, self.listing.take(day_message, offset, StateRule(self.state), causes, shrunk, decided)))
        return out

    def _limits(self, feed: str) -> Limits:
        contract = self.state.catalogue.feeds[feed]
        return Limits(Fraction(str(contract.max_unplaced)), Fraction(str(contract.bounds.shrinks_to)))


def moved_keys(move: Move) -> Iterator[tuple[Key, Cause]]:
    """The policies and subjects that the matcher moved, with the cause."""
    columns = move.changes
    for number, subject in zip(columns.policy.tolist(), columns.subject.tolist(), strict=True):
        yield (columns.policies[number][0], subject), move.cause


__all__ = ["ListOracle", "StateRule", "catalogue", "leaves_of"]
