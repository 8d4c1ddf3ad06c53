"""What agencies found, asked of a state: what a finding rests on, who is kept off, how often lists are right, what is to be corrected.

The one idea: the ledger holds what was told (``streams.outcomes``), the book who is kept off because of it (``streams.book``), and the
matrix whether a record that was named is still the one in force; nothing of this is kept twice. Source: docs/semantics.md, "What agencies
find".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from infra.evaluate import core
from streams.outcomes import RIGHT, Finding, Rate, rate

if TYPE_CHECKING:
    from connectors.outcome_form import Form
    from connectors.outcomes import Known, Returned
    from matchers.explain import Criterion
    from streams.messages import Input, OutcomeReported
    from streams.outcomes import Row
    from streams.state import State

Standing: TypeAlias = Literal["never", "kept", "over", "evidence"]
"""Of a finding: it keeps nobody off; it does; its time is over; what the rule reads of her is not what it was."""


class Requested(NamedTuple):
    """A record to be corrected, of one request: the request is ``open`` while any record it names is in force; ``stands``: this one is."""

    finding: Finding
    feed: str
    unit: str
    delivery: int
    row: int
    stands: bool
    open: bool


@dataclass(frozen=True, slots=True)
class Tally:
    """What was found of the candidates of one policy: how often, how often rightly, and who is kept off now."""

    policy: str
    outcomes: Counter[str]
    rate: Rate
    by_criterion: dict[str, Rate]
    by_unit: dict[str, Rate]
    kept_off: int
    next_back: date | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What of a file is to be submitted, each with its row; and what is passed over."""

    messages: list[tuple[int, Input]]
    outcomes: Counter[str]
    answers: int
    known: int
    older: int


def form(state: State, policy: str) -> Form:
    """What a file about a policy may say."""
    from connectors.outcome_form import Form

    versions = [version.policy for _, version in sorted(state.registry.versions[policy].items())]
    matched = state.matched(policy)
    return Form([*versions, *([matched] if matched else [])], state.catalogue)


def known(state: State, policy: str, on: date | None = None) -> Known:
    """Who is known to a state, and whom each counts as; ``on``: the day of rows that name none."""
    from connectors.outcomes import Known
    from matchers.layout import KINDS

    subject = _kind(state, policy)
    kind, store = KINDS.index(subject), core(state).store
    return Known(lambda token: store.entity(kind, token) >= 0, lambda token: state.identities.root(subject, token), state.day, on)


def reported(state: State, policy: str, subject: int, outcome: str, on: date, by: str, criterion: str | None = None) -> OutcomeReported:
    """A finding as a message, with the records that a refuted criterion rests on now."""
    from streams.messages import OutcomeReported

    records = () if criterion is None else rested_on(state, policy, state.identities.root(_kind(state, policy), subject), criterion)
    return OutcomeReported(policy, subject, outcome, on, by, criterion, records)


def rested_on(state: State, policy: str, subject: int, criterion: str) -> tuple[Row, ...]:
    """The records a criterion rests on; none where the policy is not matched now, or does not have it any more."""
    if state.matched(policy) is None:
        return ()
    found = [one for one in _walked(core(state).explain(policy, subject).criteria) if one.meta.id == criterion]
    feeds = state.catalogue.feeds
    rows = [
        (fact.feed, feeds[fact.feed].source_position(fact.unit) or 0, fact.delivery, fact.row)
        for one in found
        for fact in (*one.facts, *one.ways)
    ]
    return tuple(dict.fromkeys(rows))


def planned(state: State, policy: str, returned: Iterable[Returned], by: str) -> Plan:
    """What of a file is new. Of a row the answers go first: they are evidence that was known when the outcome was found."""
    from streams.messages import CheckAnswered

    plan = Plan([], Counter(), 0, 0, 0)
    answers, known, older = 0, 0, 0
    said = dict(state.answers)
    latest: dict[int, tuple[str, date, str | None]] = {}
    for told in returned:
        for check, answer in told.answers:
            key = (policy, told.subject, check)
            if said.get(key) == answer:
                known += 1
                continue
            said[key] = answer
            answers += 1
            plan.messages.append((told.row, CheckAnswered(policy, told.subject, check, answer)))
        if told.outcome is None or told.on is None:
            continue
        now = (told.outcome, told.on, told.criterion)
        before = latest.get(told.subject) or _counting(state.findings.of(policy, told.subject))
        if before == now:
            known += 1
        elif before is not None and told.on < before[1]:
            older += 1
        else:
            latest[told.subject] = now
            plan.outcomes[told.outcome] += 1
            message = reported(state, policy, told.subject, told.outcome, told.on, by, told.criterion)
            plan.messages.append((told.row, message))
    return Plan(plan.messages, plan.outcomes, answers, known, older)


def standing(state: State, finding: Finding) -> Standing:
    """Does a finding keep somebody off; and if it does not any more, why?"""
    if finding.until is None:
        return "never"
    overlay = state.book.on(finding.policy).get(finding.subject)
    if overlay is not None and overlay.outcome is not None:
        return "kept"
    return "over" if finding.until <= state.day or not state.findings.standing(finding) else "evidence"


def kept_off(state: State, policy: str) -> Counter[str]:
    """How many are kept off a list, by what was found."""
    return Counter(one.outcome for one in state.book.on(policy).values() if one.outcome is not None)


def corrections(state: State, policy: str | None = None, unit: str | None = None) -> list[Requested]:
    """The records units are asked to correct, by number of the request; of one policy, of one unit."""
    asked = [one for one in state.findings if one.criterion is not None and one.records and policy in (None, one.policy)]
    still = _standing_rows(state, asked)
    found = []
    for finding in sorted(asked, key=lambda one: one.offset):
        open = any(row in still for row in finding.records)
        for row in finding.records:
            holder = _unit(state, row)
            if unit in (None, holder):
                found.append(Requested(finding, row[0], holder, row[2], row[3], row in still, open))
    return found


def tallies(state: State, policy: str | None = None) -> list[Tally]:
    """What was found, by policy; of all policies of whose candidates anything was."""
    names = sorted({one.policy for one in state.findings}) if policy is None else [policy]
    return [_tally(state, name, [one for one in state.findings if one.policy == name]) for name in names]


def _tally(state: State, policy: str, found: Sequence[Finding]) -> Tally:
    outcomes = Counter(one.outcome for one in found)
    right = sum(outcomes[one] for one in RIGHT)
    refuted = [one for one in found if one.criterion is not None]
    criteria = Counter(one.criterion for one in refuted if one.criterion)
    units = Counter(unit for one in refuted for unit in {_unit(state, row) for row in one.records})
    kept = [one for one in found if standing(state, one) == "kept"]
    back = min((one.until for one in kept if one.until is not None), default=None)
    return Tally(
        policy, outcomes, rate(outcomes), {id: Rate(right, n) for id, n in sorted(criteria.items())},
        {unit: Rate(right, n) for unit, n in sorted(units.items())}, len(kept), back,
    )  # fmt: skip


def _standing_rows(state: State, asked: Sequence[Finding]) -> set[Row]:
    """Of the rows these findings name, those that are still the record in force."""
    from matchers.frames import standing as in_force

    of_feed: dict[str, set[tuple[int, int, int]]] = {}
    for one in asked:
        for feed, source, delivery, row in one.records:
            of_feed.setdefault(feed, set()).add((source, delivery, row))
    return {(feed, *row) for feed, rows in of_feed.items() for row in in_force(core(state).store, feed, rows)}


def _unit(state: State, row: Row) -> str:
    feed, source, *_ = row
    return state.catalogue.feeds[feed].sources[source].unit


def _counting(finding: Finding | None) -> tuple[str, date, str | None] | None:
    return None if finding is None else (finding.outcome, finding.on, finding.criterion)


def _kind(state: State, policy: str) -> str:
    versions = state.registry.versions[policy]
    return str(next(iter(versions.values())).policy.subject)


def _walked(criterion: Criterion) -> Iterator[Criterion]:
    yield criterion
    for child in criterion.children:
        yield from _walked(child)
