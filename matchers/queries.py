"""Questions to the core: lists, counts, verdicts and their reasons, by the policies, records and day of now.

A question changes nothing. Each is evaluated when it is asked, so no stored answer can go stale.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from matchers.lists.verdicts import Candidate, Counts, candidates, counts
from matchers.program.state import MatcherState
from matchers.reading.disclosed_values import disclosed_values
from matchers.reading.explain import Criterion, Explanation, Verdict, explain, read_criterion, verdict
from matchers.reading.people import linked_subjects, people, subjects_with
from matchers.reading.worstcase import still_yes
from policies.language.catalogue import Catalogue
from policies.language.tree import Policy, Step


class QueriedState(MatcherState):
    """A matcher's state with the policies that people ask about."""

    def __init__(self, catalogue: Catalogue, day: date) -> None:
        super().__init__(catalogue, day)
        self.policies: dict[str, Policy] = {}

    def candidates(self, policy: str, every: bool = False) -> list[Candidate]:
        """The current list, by token; with ``every``, also the unknown subjects that are only counted."""
        return candidates(self, self.policies[policy], self.day, every=every)

    def preview(self, policy: Policy) -> list[Candidate]:
        """The list a policy would have if it were published today; nothing changes."""
        return candidates(self, policy, self.day)

    def counts(self, policy: Policy | str) -> Counts:
        """Subjects with each verdict, in all and by division."""
        return self.counts_of([self.policies[policy] if isinstance(policy, str) else policy])[0]

    def counts_of(self, policies: Sequence[Policy]) -> list[Counts]:
        """The counts of many policies, in one pass."""
        return counts(self, policies, self.day)

    def verdict(self, policy: str, subject: int, at: date | None = None) -> Verdict:
        """One subject's verdict with reasons and ``until``; ``verdict`` is None where the policy does not judge the subject."""
        return verdict(self, self.policies[policy], subject, at or self.day)

    def explain(self, policy: str, subject: int) -> Explanation:
        return explain(self, self.policies[policy], subject, self.day)

    def read_criterion(self, policy: str, subject: int, criterion: str) -> list[Criterion]:
        """The leaves with this id as they are read for a subject, without the rest of the explanation."""
        return read_criterion(self, self.policies[policy], subject, self.day, criterion)

    def still_yes(self, policy: str, subject: int) -> bool | None:
        """Whether an unknown verdict is yes for every possible value of its missing fields; None where there is no answer."""
        return still_yes(self, self.policies[policy], subject, self.day)

    def disclosed_values(self, policy: str, subject: int) -> dict[str, str]:
        """The text of the disclosed fields other than identity fields, by ``feed.field``."""
        return disclosed_values(self, self.policies[policy], subject, self.day)

    def linked_subjects(self, policy: str, links: Sequence[str], subjects: Sequence[int]) -> Mapping[int, int]:
        """By subject, the one at the end of to-one links; a subject whose links lead nowhere is left out."""
        return linked_subjects(self, self.policies[policy], links, subjects, self.day)

    def people(self, policy: str, path: tuple[Step, ...], subjects: Sequence[int]) -> Mapping[int, tuple[int, ...]]:
        """By subject, the people that a path leads to."""
        return people(self, self.policies[policy], path, subjects, self.day)

    def subjects_with(self, policy: Policy, person: int) -> tuple[int, ...]:
        """The subjects of a policy that a person's own records name: the household, the dwellings."""
        return subjects_with(self, policy, person, self.day)
