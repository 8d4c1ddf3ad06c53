"""Outcomes that agencies report, and decisions of two people about holds.

An outcome belongs to the subject that its name counts as when it arrives. It suppresses the subject until its time is over or the evidence
changes, so the expected side keeps the latest outcome of each subject and whether its time is over. Candidates and holds are looked up when
an event is sent: the event says only which of them is meant. Source: docs/en/semantics.md §17 and §18.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from policies.language.tree import leaves
from streams.language.messages import HoldDecided, OutcomeReported
from tests.oracles.listing import MONTHS, months_after
from tests.simulation.drawing import Drawing
from tests.simulation.events import EventKind, ScheduleEvent, Telling
from tests.simulation.facts import Facts, OutcomeFacts, token
from tests.simulation.network import PublishedVersion

PEOPLE = ("author", "approver")
AGENCY = "the agency"
LISTED = "listed"
"""The kind of an event about a candidate; if the list is empty, the event is about the subject it names."""
NEWEST, ANY, NONE = "the newest", "any", "there is none"
"""Which hold an event means: the newest, any, or one that does not exist."""

# ---- drawing -----------------------------------------------------------------------------------------------------


def outcome_reports(d: Drawing) -> list[ScheduleEvent]:
    """Some outcomes for one policy, of today or earlier; sometimes a repetition, or another outcome for the same subject."""
    if not d.published_versions:
        return []
    if d.outcome_reports and d.chance(0.3):
        policy, name, message = d.rng.choice(d.outcome_reports[-8:])
        if d.chance(0.5):
            return [_report(d, policy, name, message)]
        return [_report(d, policy, name, _outcome_report(d, policy, name, d.rng.choice(list(MONTHS))))]
    policy = d.rng.choice(list(d.published_versions))
    out = []
    for _ in range(d.rng.choice([1, 2, 3, 4])):
        name = _likely_name(d, str(d.published_versions[policy][-1].policy.subject))
        out.append(_report(d, policy, name, _outcome_report(d, policy, name, d.rng.choice(list(MONTHS)))))
    return out


def inadmissible_outcome(d: Drawing) -> list[ScheduleEvent]:
    """An outcome with a flaw: an unknown policy or word, a future day, a wrong or missing criterion, or no author."""
    if not d.published_versions:
        return []
    policy = d.rng.choice(list(d.published_versions))
    name = _likely_name(d, str(d.published_versions[policy][-1].policy.subject))
    good = _outcome_report(d, policy, name, d.rng.choice(["declined", "moved"]))
    bad = [
        replace(good, policy="nobody-published-this"), replace(good, outcome="vanished"), replace(good, on=d.day + dt.timedelta(3)),
        replace(good, outcome="not_eligible"), replace(good, criterion=_criterion(d, policy)), replace(good, by=" "),
        replace(good, outcome="not_eligible", criterion="no-such-criterion"),
    ]  # fmt: skip
    return [_report(d, policy, name, d.rng.choice(bad))]


def hold_decision(d: Drawing) -> list[ScheduleEvent]:
    """Two people decide about a hold, most often the newest; sometimes one that does not exist, or with a flaw in the decision."""
    hold = d.rng.choice([NEWEST, NEWEST, NEWEST, ANY, ANY, ANY, NONE])
    message = HoldDecided(hold, d.rng.choice(["release", "release", "reject"]), "looked at", *PEOPLE)
    if d.chance(0.1):
        message = d.rng.choice([replace(message, by="approver"), replace(message, reason=" "), replace(message, decision="forget")])
    return [ScheduleEvent("decided", f"of the holds {hold} is decided: {message.decision}", message, None, d.late())]


def _outcome_report(d: Drawing, policy: str, name: str, outcome: str) -> OutcomeReported:
    """An outcome of today or an earlier day; often one whose time is nearly over."""
    on = d.day - dt.timedelta(d.rng.choice([0, 0, 0, 1, 5, 25, 100, 300]))
    if MONTHS[outcome] and d.chance(0.4):
        over = d.day + dt.timedelta(d.rng.choice([-1, 0, 1, 1, 2, 4, 8]))
        on = min(d.day, months_after(over, -MONTHS[outcome]))
    criterion = _criterion(d, policy) if outcome == "not_eligible" else None
    kind = str(d.published_versions[policy][-1].policy.subject)
    return OutcomeReported(policy, token(kind, name), outcome, on, AGENCY, criterion)


def _report(d: Drawing, policy: str, name: str, message: OutcomeReported) -> ScheduleEvent:
    d.looked_at_subjects.append((str(d.published_versions[policy][-1].policy.subject), name))
    wrong = f" for {message.criterion}" if message.criterion else ""
    is_on_list = (policy, name, message) not in d.outcome_reports and message.policy == policy and d.chance(0.6)
    d.outcome_reports.append((policy, name, message))
    who = f"somebody on the list (else {name})" if is_on_list else name
    text = f"{message.policy}: {who} is reported {message.outcome}{wrong} on {message.on}"
    return ScheduleEvent(LISTED if is_on_list else "reported", text, message, name, d.late())


def _likely_name(d: Drawing, kind: str) -> str:
    """A name of a kind; often one with an answer, an outcome or a merge, seldom one that no record names."""
    likely = [name for of, name in d.looked_at_subjects if of == kind] + [name for of, name in d.merges if of == kind]
    if likely and d.chance(0.2):
        return d.rng.choice(likely)
    return f"{kind[0]}9" if d.chance(0.03) else d.rng.choice(d.names[kind])


def _criterion(d: Drawing, policy: str) -> str:
    return d.rng.choice(sorted(_criteria(d.published_versions[policy][-2:])))


def _criteria(versions: Sequence[PublishedVersion]) -> set[str]:
    return {leaf.meta.id for version in versions for leaf in leaves(version.policy.criteria)}


# ---- telling -----------------------------------------------------------------------------------------------------


def _may_report(facts: Facts, event: ScheduleEvent) -> bool:
    """Whether an outcome is admitted: a known policy and word, no future day, an author, and a criterion exactly for ``not_eligible``."""
    message = event.message
    assert isinstance(message, OutcomeReported)
    versions = [version.published for version in facts.policies.get(message.policy, ())]
    if not versions or message.outcome not in MONTHS or message.on > facts.day or not message.by.strip():
        return False
    if message.outcome != "not_eligible":
        return message.criterion is None
    return message.criterion in _criteria(versions)


def _note_outcome(facts: Facts, event: ScheduleEvent) -> None:
    """Keeps the outcome of the latest day; of equal days, the one that came last."""
    message = event.message
    assert isinstance(message, OutcomeReported)
    kind = str(facts.policies[message.policy][-1].published.policy.subject)
    key = (message.policy, token(kind, facts.naming.counts_as(kind, event.payload)))
    latest = facts.outcomes.get(key)
    outcome = (message.outcome, message.on, message.criterion)
    if latest is None or (latest.on <= message.on and outcome != (latest.outcome, latest.on, latest.criterion)):
        until = months_after(message.on, MONTHS[message.outcome])
        facts.outcomes[key] = OutcomeFacts(*outcome, until, over=until <= facts.day)


def _may_decide(facts: Facts, event: ScheduleEvent) -> bool:
    """Whether a decision is admitted: two people, a reason, and one of two words. The hold need not exist."""
    message = event.message
    assert isinstance(message, HoldDecided)
    return message.by != message.approved_by and bool(message.reason.strip()) and message.decision in ("release", "reject")


def _note_decision(facts: Facts, event: ScheduleEvent) -> None:
    """Keeps the decision; a release is final, a rejection is not."""
    message = event.message
    assert isinstance(message, HoldDecided)
    if facts.decisions.get(message.hold) != "release":
        facts.decisions[message.hold] = message.decision


REPORTED = Telling(_may_report, _note_outcome, frozenset({"outcome"}))
DECIDED = Telling(_may_decide, _note_decision, frozenset({"release"}))

KINDS = {
    "reported": EventKind(5, outcome_reports),
    "refused outcome": EventKind(1, inadmissible_outcome),
    "decided": EventKind(4, hold_decision),
}
