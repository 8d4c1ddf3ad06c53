"""A policy's list of candidates, by token, and the answers of people to its checks.

``huimin candidates list`` and ``candidates answer`` call this. The list is the materialized one: without the candidates who are suppressed
by an outcome, and with the old status where a hold keeps a change back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from policies.language.closing import days_left
from policies.problems.problems import HuiminError
from policies.values import Text
from services.access.run import reachable_divisions, show
from services.access.sight import EVERYTHING, Sight, is_placed_in
from services.lists.changes import ListChanges, list_changes
from services.lists.filters import EVERYBODY, ListFilter, wanted_candidates
from services.lists.follow_ups import working_states
from services.lists.holds import HoldSummary, Notify, announce_holds, held_changes_on, holds_on
from services.lists.marks import ReportedMark, marks_on
from services.lists.outcomes import suppression_counts
from services.lists.reach import enter_candidates
from services.lookup import check_published, matched_policy
from services.results import Token
from services.state.as_of import core, materialized_list, state_known_at
from streams.ledgers.follow_ups import NOTHING

if TYPE_CHECKING:
    from infra.workspace.workspace import Workspace
    from matchers.lists.verdicts import Candidate
    from policies.language.catalogue import Catalogue
    from policies.language.tree import Policy
    from streams.steps.state import State


@dataclass(frozen=True, slots=True)
class EvidenceToFetch:
    """A criterion without evidence, and the units that could give it.

    Args:
        units: those that hold the feed.
    """

    criterion: str
    feed: str | None
    units: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ListedCandidate:
    """A candidate on a list.

    Args:
        status: None: unknown, and only counted.
        still_yes: evidence is missing, and the verdict is yes whatever it says.
        held: the id of the hold that keeps a change of this candidate back.
        reported: an agency reported the candidate deceased or moved, and the register has not answered by its records.
        outcome, outcome_on: the outcome that counts, and its day.
        assigned_to, call_again: the follow-ups that count.
        notes: how many there are; their text is in ``candidates history`` and in the list for the agency.
        apply_by: the last day for applications; None where the policy declares none.
        days_left: until then; negative once it is over.
    """

    subject: Token
    verdict: str
    status: str | None
    division: str | None
    checklist: tuple[str, ...]
    still_yes: bool
    missing: tuple[EvidenceToFetch, ...]
    held: str | None
    outcome: str | None = None
    outcome_on: date | None = None
    assigned_to: str | None = None
    call_again: date | None = None
    notes: int = 0
    reported: ReportedMark | None = None
    apply_by: date | None = None
    days_left: int | None = None


@dataclass(frozen=True, slots=True)
class CandidateList:
    """A policy's list on a day.

    Args:
        policy: the version that was matched; ``catalogue``: with the names of its criteria and feeds.
        candidates: at most as many as were asked for; ``counts`` has all of them, by status.
        holds: of changes of this list.
        kept_off: the number of suppressed subjects, by outcome.
        erased: how many persons were erased since the moment that was asked about.
        more: there are candidates behind these.
    """

    policy: Policy
    catalogue: Catalogue
    day: date
    candidates: tuple[ListedCandidate, ...]
    counts: Mapping[str | None, int]
    holds: tuple[HoldSummary, ...]
    kept_off: Mapping[str, int]
    erased: int
    more: bool

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def candidate_list(
    workspace: Workspace, policy: str, every: bool = False, wanted: ListFilter = EVERYBODY, limit: int | None = None,
    day: date | None = None, known_at: int | date | None = None, after: int | None = None, sight: Sight = EVERYTHING,
) -> CandidateList:  # fmt: skip
    """A policy's list on a day, from what was known at a moment; None: now.

    Args:
        every: also the unknown subjects that are only counted.
        wanted: only these candidates.
        limit: the most candidates.
        sight: only candidates whose place is in sight, and counts of them alone.
        after: only those whose token is greater, in the order of tokens.

    Raises:
        HuiminError: the policy is not matched on that day, or a filter names what there is not. NotKept: the moment cannot be asked for.
    """
    with workspace.reading() as host:
        state = state_known_at(host, day, known_at)
        erased = 0 if known_at is None else sum(erasure.offset > state.offset for erasure in host.state.erasures)
        definition, catalogue = matched_policy(state, policy), state.catalogue
        places, everybody = sight.places(host.state, policy), materialized_list(state, policy, every=every)
        in_sight = everybody if places is None else [c for c in everybody if is_placed_in(c.division, places)]
        every_one = wanted_candidates(host, state, policy, wanted, in_sight)
        behind = every_one if after is None else [c for c in every_one if c.subject > after]
        candidates = tuple(listed_candidates(state, policy, behind[:limit]))
        counts = Counter(c.status for c in every_one)
        show(definition, (c.subject for c in candidates))
        whole = places is None and reachable_divisions(definition) is None
        kept_off, holds = (suppression_counts(state, policy), tuple(holds_on(state, policy))) if whole else (Counter[str](), ())
        return CandidateList(
            definition, catalogue, state.day, candidates, counts, holds, kept_off, erased, more=len(behind) > len(candidates)
        )  # fmt: skip


def listed_candidates(state: State, policy: str, candidates: Iterable[Candidate], still: bool = True) -> Iterator[ListedCandidate]:
    """Candidates of a policy as its list shows them; ``still``: also find out which are a yes in any case, which takes time."""
    work = working_states(state, policy)
    catalogue, back = state.catalogue, {subject: hold.id for subject, (hold, _) in held_changes_on(state, policy).items()}
    marks, rule = marks_on(state, policy), state.policies.get(policy)
    closing = (None, None) if rule is None else (rule.apply_by, days_left(rule, state.day))
    for c in candidates:
        missing = tuple(EvidenceToFetch(criterion, feed, _holders(catalogue, feed)) for criterion, feed in c.missing)
        still_yes = still and c.status == "needs_evidence" and core(state).still_yes(policy, c.subject) is True
        outcome, follow_ups = state.outcomes.of(policy, c.subject), work.get(c.subject, NOTHING)
        assigned, call = follow_ups.assigned_to, follow_ups.call_again
        yield ListedCandidate(
            c.subject, c.verdict, c.status, c.division, c.checklist, still_yes, missing, back.get(c.subject),
            None if outcome is None else outcome.outcome, None if outcome is None else outcome.on,
            None if assigned is None else assigned.assigned_to, None if call is None else call.call_again, len(follow_ups.notes),
            marks.get(c.subject), *closing,
        )  # fmt: skip


def _holders(catalogue: Catalogue, feed: str | None) -> tuple[str, ...]:
    """The ids of the units that hold a feed."""
    return () if feed is None else tuple(source.unit for source in catalogue.feeds[feed].sources)


def answer_check(workspace: Workspace, policy: str, subject: int, check: str, answer: bool, by: str | None, notify: Notify) -> ListChanges:
    """Records a person's answer to a check.

    Args:
        by: who gives it; None: the user of this machine.

    Raises:
        HuiminError: there is no such policy. Refused: there is no such check or subject.
    """
    from streams.language.messages import CheckAnswered

    with workspace.writing(sphere="decisions") as host, announce_holds(host, notify):
        check_published(host.state, policy)
        enter_candidates(host.state, policy, [subject])
        return list_changes(host.submit(CheckAnswered(policy, subject, check, answer, by)).changes, host.state.registry)


def parse_token(text: str) -> int:
    """The token that a person typed.

    Raises:
        HuiminError: the text is not 16 hex digits. The error does not repeat it: it might be somebody's number.
    """
    try:
        if len(text) != 16:
            raise ValueError
        return int(text, 16)
    except ValueError:
        raise HuiminError(
            Text("对象要写 16 位十六进制化名，见 candidates list。", "Give the subject's token, 16 hex digits, from candidates list."), 2
        ) from None
