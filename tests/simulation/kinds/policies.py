"""Decisions about policies: publication, amendment, withdrawal, agreements that end, answers, and editions cut by hand.

The order of these messages counts, so the expected side keeps the latest of each. The day says which version is in force.
Source: docs/en/semantics.md §8 and §9, docs/en/rules.md §6 (the life of a version).
"""

from __future__ import annotations

import datetime as dt

from streams.language.messages import CheckAnswered, EditionCut, PolicyPublished, PolicyWithdrawn
from tests.simulation.drawing import Drawing
from tests.simulation.events import EventKind, ScheduleEvent, Telling
from tests.simulation.facts import Facts, VersionFacts, token
from tests.simulation.network import NEVER, PublishedVersion, catalogue_set, version_of

PEOPLE = ("author", "approver")

# ---- drawing -----------------------------------------------------------------------------------------------------


def publication(d: Drawing) -> list[ScheduleEvent]:
    """A policy is published for the first time or after a withdrawal; if there is none, an amendment."""
    fresh = [name for name in d.bodies if name not in d.published_versions or name in d.withdrawn]
    return _version_events(d, "published", d.rng.choice(fresh)) if fresh else amendment(d)


def amendment(d: Drawing) -> list[ScheduleEvent]:
    """The next version of a policy that is not withdrawn."""
    in_force = sorted(d.published_versions.keys() - d.withdrawn)
    return _version_events(d, "amended", d.rng.choice(in_force)) if in_force else publication(d)


def withdrawal(d: Drawing) -> list[ScheduleEvent]:
    """A policy is withdrawn, today or since another day, and often published again; seldom it was withdrawn already."""
    names = sorted(d.published_versions if d.chance(0.1) else d.published_versions.keys() - d.withdrawn)
    if not names:
        return []
    name = d.rng.choice(names)
    d.withdrawn.add(name)
    since, reason = (_withdrawal_day(d, name), d.rng.choice(["ended"] * 9 + [" "])) if d.chance(0.6) else (None, "ended")
    text = f"{name} is withdrawn" + ("" if since is None else f" since {since}, {'for a reason' if reason.strip() else 'without a reason'}")
    out = [
        ScheduleEvent(
            "withdrawn", text, PolicyWithdrawn(name, d.published_versions[name][-1].policy.version, *PEOPLE, reason, since), again=False
        )
    ]
    return [*out, *_version_events(d, "published", name)] if d.chance(0.4) else out


def _withdrawal_day(d: Drawing, name: str) -> dt.date:
    """The day a withdrawal reaches back to: mostly a few days ago; sometimes near the first day in force, or a future day."""
    first = min(version.policy.effective_from for version in d.published_versions[name])
    ago = d.day - dt.timedelta(d.rng.choice([0, 1, 1, 2, 5, 20, 20, 60, -1]))
    return ago if d.chance(0.7) else first - dt.timedelta(d.rng.choice([0, 0, 1, -3]))


def check_answers(d: Drawing) -> list[ScheduleEvent]:
    """Some answers to one check of a policy."""
    asking = sorted(
        {(name, check) for name, versions in d.published_versions.items() for version in versions[-2:] for check in version.checks}
    )
    if not asking:
        return []
    out: list[ScheduleEvent] = []
    policy, check = d.rng.choice(asking)
    for _ in range(d.rng.choice([2, 4, 6, 8])):
        kind = str(d.published_versions[policy][-1].policy.subject)
        name, answer = d.rng.choice([*d.names[kind] * 3, f"{kind[0]}9"]), d.chance(0.4)
        message = CheckAnswered(policy, token(kind, name), check, answer)
        text = f"{policy}: {check} of {name} is answered {'yes' if answer else 'no'}"
        out.append(ScheduleEvent("answered", text, message, name, d.late()))
        d.looked_at_subjects.append((kind, name))
    return out


def edition_cut(d: Drawing) -> list[ScheduleEvent]:
    """An edition is cut by hand; sometimes of a policy that nobody published."""
    names = [*d.published_versions, "nobody-published-this"]
    policy = d.rng.choices(names, [10] * len(d.published_versions) + [1])[0]
    return [ScheduleEvent("cut", f"the edition of {policy} is cut", EditionCut(policy), None, d.late())]


def agreement(d: Drawing) -> list[ScheduleEvent]:
    """The agreement on a feed that policies read gets another last day (past, today or soon), or is renewed."""
    read = sorted({feed for versions in d.published_versions.values() for feed in versions[-1].policy.feeds})
    if d.ends and d.chance(0.6):
        del d.ends[d.rng.choice(sorted(d.ends))]
    elif read:
        d.ends[d.rng.choice(read)] = d.day + dt.timedelta(d.rng.choice([-3, -1, 0, 0, 1, 2, 7]))
    ends = dict(d.ends)
    text = ", ".join(f"{feed} until {day}" for feed, day in ends.items()) or "all renewed"
    return [ScheduleEvent("agreement", f"agreements: {text}", catalogue_set(ends, d.late_after), ends, again=False)]


def _version_events(d: Drawing, kind: str, name: str) -> list[ScheduleEvent]:
    versions = d.published_versions.setdefault(name, [])
    d.withdrawn.discard(name)
    number = len(versions) + 1
    bodies = d.bodies[name]
    body = bodies[(number - 1) % len(bodies)]
    start = d.day + dt.timedelta(d.rng.choice([0, 1, 1, 2, 3, 10])) if d.chance(0.5) else None
    end = d.day + dt.timedelta(d.rng.choice([0, 3, 30, 400])) if d.chance(0.15) else None
    published_version = version_of(body, number, start, end)
    versions.append(published_version)
    force = f"{published_version.policy.effective_from} to {published_version.policy.effective_to or 'open'}"
    message = PolicyPublished(name, number, published_version.text, published_version.policy.digest, *PEOPLE)
    return [ScheduleEvent(kind, f"{name} version {number} is published, in force {force}", message, published_version)]


# ---- telling -----------------------------------------------------------------------------------------------------


def _may_publish(facts: Facts, event: ScheduleEvent) -> bool | None:
    """Whether a version is admitted: the next number, and agreements that reach its first day; or a version that is there already."""
    message, published_version = event.message, event.payload
    assert isinstance(message, PolicyPublished) and isinstance(published_version, PublishedVersion)
    numbers = [version.number for version in facts.policies.get(message.policy, ())]
    if facts.ends is None:
        return False
    if message.version in numbers:
        return True
    if numbers and message.version != numbers[-1] + 1:
        return False
    return not any(facts.ends.get(feed, NEVER) < published_version.policy.effective_from for feed in published_version.policy.feeds)


def _add_version(facts: Facts, event: ScheduleEvent) -> None:
    message, published_version = event.message, event.payload
    assert isinstance(message, PolicyPublished) and isinstance(published_version, PublishedVersion)
    versions = facts.policies.setdefault(message.policy, [])
    if message.version not in [version.number for version in versions]:
        versions.append(VersionFacts(message.version, published_version))


def _may_withdraw(facts: Facts, event: ScheduleEvent) -> bool | None:
    """Whether a withdrawal is admitted: of the newest version, and a reason for an earlier day on which a version was in force.

    A policy that is withdrawn can be withdrawn again only since the same day. None where the first version by number is not the first to
    begin: the page does not say which of their first days counts.
    """
    message = event.message
    assert isinstance(message, PolicyWithdrawn)
    standing = facts.versions(message.policy)
    if message.policy not in facts.policies or message.version != facts.policies[message.policy][-1].number:
        return False
    if message.since is None:
        return True if standing else None
    if not message.reason.strip() or message.since > facts.day:
        return False
    if not standing:
        return message.since == facts.policies[message.policy][-1].withdrawn
    first = {standing[0].published.policy.effective_from, min(version.published.policy.effective_from for version in standing)}
    return True if message.since >= max(first) else False if message.since < min(first) else None


def _withdraw_versions(facts: Facts, event: ScheduleEvent) -> None:
    message = event.message
    assert isinstance(message, PolicyWithdrawn)
    for version in facts.versions(message.policy):
        version.withdrawn = message.since or facts.day


def _may_answer(facts: Facts, event: ScheduleEvent) -> bool | None:
    """Whether an answer is admitted: to a check that every version asks, yes; that no version asks, no; else either."""
    message = event.message
    assert isinstance(message, CheckAnswered)
    asking = [message.check in version.published.checks for version in facts.policies.get(message.policy, ())]
    return False if not any(asking) else True if all(asking) else None


def _note_answer(facts: Facts, event: ScheduleEvent) -> None:
    message = event.message
    assert isinstance(message, CheckAnswered)
    answers = facts.answers.setdefault(message.policy, {})
    answers.pop((event.payload, message.check), None)
    answers[event.payload, message.check] = "yes" if message.answer else "no"


def _may_cut(facts: Facts, event: ScheduleEvent) -> bool:
    message = event.message
    assert isinstance(message, EditionCut)
    return message.policy in facts.policies


def _set_agreements(facts: Facts, event: ScheduleEvent) -> None:
    facts.ends = dict(event.payload)


CATALOGUE = Telling(lambda facts, event: True, _set_agreements, frozenset({"agreement", "evidence"}))
PUBLISHED = Telling(_may_publish, _add_version, frozenset({"publication", "amendment", "agreement"}))  # it may be suspended at once
WITHDRAWN = Telling(_may_withdraw, _withdraw_versions, frozenset({"withdrawal"}))
ANSWERED = Telling(_may_answer, _note_answer, frozenset({"answer", "evidence"}))
CUT = Telling(_may_cut, lambda facts, event: None, frozenset())

KINDS = {
    "published": EventKind(2, publication),
    "amended": EventKind(3, amendment),
    "withdrawn": EventKind(3, withdrawal),
    "answered": EventKind(10, check_answers),
    "cut": EventKind(2, edition_cut),
    "agreement": EventKind(3, agreement),
}
