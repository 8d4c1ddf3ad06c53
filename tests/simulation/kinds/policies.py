"""Decisions about policies: publication, amendment, withdrawal, agreements that end, answers, and editions cut by hand.

The order of these messages counts, so the expected side keeps the latest of each. The day says which version is in force.
Source: docs/en/semantics.md §8 and §9, docs/en/rules.md §6 (the life of a version).
"""

from __future__ import annotations

import datetime as dt

from streams.language.messages import CheckAnswered, EditionCut, PolicyPublished, PolicyWithdrawn
from tests.simulation.drawing import Drawing
from tests.simulation.events import Event, Kind, Telling
from tests.simulation.facts import Facts, Version, token
from tests.simulation.network import NEVER, Published, catalogue_set, version_of

PEOPLE = ("author", "approver")

# ---- drawing -----------------------------------------------------------------------------------------------------


def published(d: Drawing) -> list[Event]:
    """A policy is published for the first time or after a withdrawal; if there is none, an amendment."""
    fresh = [name for name in d.bodies if name not in d.published or name in d.withdrawn]
    return _version_events(d, "published", d.rng.choice(fresh)) if fresh else amended(d)


def amended(d: Drawing) -> list[Event]:
    """The next version of a policy that is not withdrawn."""
    in_force = sorted(d.published.keys() - d.withdrawn)
    return _version_events(d, "amended", d.rng.choice(in_force)) if in_force else published(d)


def withdrawn(d: Drawing) -> list[Event]:
    """A policy is withdrawn, today or since another day, and often published again; seldom it was withdrawn already."""
    names = sorted(d.published if d.chance(0.1) else d.published.keys() - d.withdrawn)
    if not names:
        return []
    name = d.rng.choice(names)
    d.withdrawn.add(name)
    since, reason = (_withdrawal_day(d, name), d.rng.choice(["ended"] * 9 + [" "])) if d.chance(0.6) else (None, "ended")
    text = f"{name} is withdrawn" + ("" if since is None else f" since {since}, {'for a reason' if reason.strip() else 'without a reason'}")
    out = [Event("withdrawn", text, PolicyWithdrawn(name, d.published[name][-1].policy.version, *PEOPLE, reason, since), again=False)]
    return [*out, *_version_events(d, "published", name)] if d.chance(0.4) else out


def _withdrawal_day(d: Drawing, name: str) -> dt.date:
    """The day a withdrawal reaches back to: mostly a few days ago; sometimes near the first day in force, or a future day."""
    first = min(version.policy.effective_from for version in d.published[name])
    ago = d.day - dt.timedelta(d.rng.choice([0, 1, 1, 2, 5, 20, 20, 60, -1]))
    return ago if d.chance(0.7) else first - dt.timedelta(d.rng.choice([0, 0, 1, -3]))


def answered(d: Drawing) -> list[Event]:
    """Some answers to one check of a policy."""
    asking = sorted({(name, check) for name, versions in d.published.items() for version in versions[-2:] for check in version.checks})
    if not asking:
        return []
    out: list[Event] = []
    policy, check = d.rng.choice(asking)
    for _ in range(d.rng.choice([2, 4, 6, 8])):
        kind = str(d.published[policy][-1].policy.subject)
        name, answer = d.rng.choice([*d.names[kind] * 3, f"{kind[0]}9"]), d.chance(0.4)
        message = CheckAnswered(policy, token(kind, name), check, answer)
        text = f"{policy}: {check} of {name} is answered {'yes' if answer else 'no'}"
        out.append(Event("answered", text, message, name, d.late()))
        d.looked_at.append((kind, name))
    return out


def cut(d: Drawing) -> list[Event]:
    """An edition is cut by hand; sometimes of a policy that nobody published."""
    names = [*d.published, "nobody-published-this"]
    policy = d.rng.choices(names, [10] * len(d.published) + [1])[0]
    return [Event("cut", f"the edition of {policy} is cut", EditionCut(policy), None, d.late())]


def agreement(d: Drawing) -> list[Event]:
    """The agreement on a feed that policies read gets another last day (past, today or soon), or is renewed."""
    read = sorted({feed for versions in d.published.values() for feed in versions[-1].policy.feeds})
    if d.ends and d.chance(0.6):
        del d.ends[d.rng.choice(sorted(d.ends))]
    elif read:
        d.ends[d.rng.choice(read)] = d.day + dt.timedelta(d.rng.choice([-3, -1, 0, 0, 1, 2, 7]))
    ends = dict(d.ends)
    text = ", ".join(f"{feed} until {day}" for feed, day in ends.items()) or "all renewed"
    return [Event("agreement", f"agreements: {text}", catalogue_set(ends, d.late_after), ends, again=False)]


def _version_events(d: Drawing, kind: str, name: str) -> list[Event]:
    versions = d.published.setdefault(name, [])
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
    return [Event(kind, f"{name} version {number} is published, in force {force}", message, published_version)]


# ---- telling -----------------------------------------------------------------------------------------------------


def _may_publish(facts: Facts, event: Event) -> bool | None:
    """Whether a version is admitted: the next number, and agreements that reach its first day; or a version that is there already."""
    message, published_version = event.message, event.told
    assert isinstance(message, PolicyPublished) and isinstance(published_version, Published)
    numbers = [version.number for version in facts.policies.get(message.policy, ())]
    if facts.ends is None:
        return False
    if message.version in numbers:
        return True
    if numbers and message.version != numbers[-1] + 1:
        return False
    return not any(facts.ends.get(feed, NEVER) < published_version.policy.effective_from for feed in published_version.policy.feeds)


def _add_version(facts: Facts, event: Event) -> None:
    message, published_version = event.message, event.told
    assert isinstance(message, PolicyPublished) and isinstance(published_version, Published)
    versions = facts.policies.setdefault(message.policy, [])
    if message.version not in [version.number for version in versions]:
        versions.append(Version(message.version, published_version))


def _may_withdraw(facts: Facts, event: Event) -> bool | None:
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


def _withdraw_versions(facts: Facts, event: Event) -> None:
    message = event.message
    assert isinstance(message, PolicyWithdrawn)
    for version in facts.versions(message.policy):
        version.withdrawn = message.since or facts.day


def _may_answer(facts: Facts, event: Event) -> bool | None:
    """Whether an answer is admitted: to a check that every version asks, yes; that no version asks, no; else either."""
    message = event.message
    assert isinstance(message, CheckAnswered)
    asking = [message.check in version.published.checks for version in facts.policies.get(message.policy, ())]
    return False if not any(asking) else True if all(asking) else None


def _note_answer(facts: Facts, event: Event) -> None:
    message = event.message
    assert isinstance(message, CheckAnswered)
    answers = facts.answers.setdefault(message.policy, {})
    answers.pop((event.told, message.check), None)
    answers[event.told, message.check] = "yes" if message.answer else "no"


def _may_cut(facts: Facts, event: Event) -> bool:
    message = event.message
    assert isinstance(message, EditionCut)
    return message.policy in facts.policies


def _set_agreements(facts: Facts, event: Event) -> None:
    facts.ends = dict(event.told)


CATALOGUE = Telling(lambda facts, event: True, _set_agreements, frozenset({"agreement", "evidence"}))
PUBLISHED = Telling(_may_publish, _add_version, frozenset({"publication", "amendment", "agreement"}))  # it may be suspended at once
WITHDRAWN = Telling(_may_withdraw, _withdraw_versions, frozenset({"withdrawal"}))
ANSWERED = Telling(_may_answer, _note_answer, frozenset({"answer", "evidence"}))
CUT = Telling(_may_cut, lambda facts, event: None, frozenset())

KINDS = {
    "published": Kind(2, published),
    "amended": Kind(3, amended),
    "withdrawn": Kind(3, withdrawn),
    "answered": Kind(10, answered),
    "cut": Kind(2, cut),
    "agreement": Kind(3, agreement),
}
