"""What must hold at a quiet point: lists, everybody's verdict, reasons and days to come are those of one recomputation over the facts.

The one idea: nothing the host keeps is an input of what is expected; both are asked the same questions and compared by token.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from random import Random

from matchers.reading.explain import verdict as explained
from services.state.as_of import as_of, core
from streams.embedded.host import EmbeddedHost
from tests.matchers.network import Listed, listed, pairs, verdicts
from tests.oracles import naive
from tests.oracles.naive_policy import Policy, policy_of
from tests.simulation.facts import Facts, Version, listing, token
from tests.simulation.ledger import Ledger, summed
from tests.simulation.told import told_rightly

EXPLAINED = 4
"""How many subjects of each policy are explained at a quiet point; for one of them the days to come are tried."""
PROBES = 6
PAST = 0.15
"""How often a whole list of an earlier day is compared, where a withdrawal reaches back."""


def hold(host: EmbeddedHost, facts: Facts, ledger: Ledger, rng: Random) -> Counter[str]:
    """Compares everything; returns what was compared.

    Raises:
        AssertionError: where anything differs, in words.
    """
    counts: Counter[str] = Counter({"quiet points": 1})
    if facts.ends is None:
        return counts
    assert host.state.day == facts.day, f"the day is {host.state.day}, not {facts.day}"
    world = facts.world(rng)
    lists: dict[str, dict[int, Listed]] = {}
    for name in facts.policies:
        version = facts.active(name)
        if version is None or facts.suspended(version):
            if version is not None or not facts.versions(name):  # else it is not in force yet, and only who is held back is listed
                assert not ledger.lists.get(name), f"{name} is listed, and is {'withdrawn' if version is None else 'suspended'}"
            continue
        found = facts.expected(version, world)
        lists[name] = _same_list(host, version, found)
        counts["verdicts"] += _same_verdicts(host, version, found)
        counts["explained"] += _same_reasons(host, facts, version, world, found, rng)
        counts["lists"] += 1
    counts += told_rightly(host, facts, lists, ledger.lists)
    counts["looked back"] += _same_past(host, facts, world, rng)
    for name, closed in ledger.closed.items():
        assert summed(host.editions(name)) == closed, f"the editions of {name} do not come to its list when the last was closed"
        counts["editions summed"] += 1
    return counts


def _same_list(host: EmbeddedHost, version: Version, expected: dict[str, naive.Expected]) -> dict[int, Listed]:
    """What the rule says of everybody, whatever is told of them; returns it."""
    policy = version.published.policy
    candidates = core(host.state).candidates(policy.name) if policy.name in host.state.policies else []
    found = {one.subject: (one.status, one.checklist, pairs(one.missing)) for one in candidates}
    by_hand = listing(version, expected)
    if found == by_hand:
        return by_hand
    kind = str(policy.subject)
    wrong = [one for one in expected if found.get(token(kind, one)) != by_hand.get(token(kind, one))]
    said = [f"{one}: found {found.get(token(kind, one))}, expected {by_hand.get(token(kind, one))}" for one in wrong[:3]]
    raise AssertionError(f"list of {policy.name} version {version.number}: {'; '.join(said) or 'somebody nobody knows'}")


def _same_verdicts(host: EmbeddedHost, version: Version, found: dict[str, naive.Expected]) -> int:
    """Everybody's, also of those who are only counted."""
    policy = host.state.policies[version.published.policy.name]
    kind = str(policy.subject)
    said = verdicts(host.state.matcher, policy, host.state.day)  # type: ignore[arg-type]  # the real matcher
    expected = {token(kind, name): one.verdict for name, one in found.items() if one.verdict is not None}
    wrong = [name for name in found if said.get(token(kind, name)) != expected.get(token(kind, name))]
    assert said == expected, f"verdicts of {policy.name} version {version.number}: " + "; ".join(
        f"{name}: {said.get(token(kind, name))}, expected {expected.get(token(kind, name))}" for name in wrong[:3]
    )
    return len(expected)


def _same_reasons(
    host: EmbeddedHost, facts: Facts, version: Version, world: naive.World, found: dict[str, naive.Expected], rng: Random
) -> int:
    policy = host.state.policies[version.published.policy.name]
    known = [name for name, one in found.items() if one.verdict is not None]
    chosen = rng.sample(known, min(EXPLAINED, len(known)))
    for place, name in enumerate(chosen):
        said = explained(host.state.matcher, policy, token(str(policy.subject), name), facts.day)  # type: ignore[arg-type]  # the real one
        one = found[name]
        where = f"reasons of {policy.name} version {version.number} for {name}"
        mine, theirs = (said.verdict, said.status, said.checklist, said.failed), (one.verdict, one.status, one.checklist, one.failed)
        assert mine == theirs, f"{where}: {mine}, expected {theirs}"
        assert set(said.missing) == set(one.missing), f"{where}: missing {sorted(map(str, said.missing))}, expected {one.missing}"
        if place == 0:
            _until_holds(where, policy_of(version.published.data), world, facts.day, name, said.until, rng)
    return len(chosen)


def _same_past(host: EmbeddedHost, facts: Facts, world: naive.World, rng: Random) -> int:
    """Which version was in force on an earlier day, around the day a withdrawal reaches back to; and now and then its whole list."""
    reached = [(name, v.withdrawn) for name, versions in facts.policies.items() for v in versions if v.withdrawn is not None]
    if not reached:
        return 0
    name, since = rng.choice(reached)
    day = min(since, facts.day) - dt.timedelta(rng.choice([-1, 0, 1, 1, 2, 10]))
    if day >= facts.day:
        return 0
    version = facts.looked_back(name, day)
    said = host.state.registry.looked_back(day).active(name, day)
    found = None if said is None or said.policy.effective_from > day else said.policy.version
    expected = None if version is None else version.number
    assert found == expected, f"looking back at {day}, version {found} of {name} was in force, and it was {expected}"
    if rng.random() < PAST:
        state = as_of(host, day)
        policy = state.policies.get(name)
        told = {} if policy is None else listed(core(state), policy, day)
        counted = version is not None and not facts.suspended(version, day)
        listing_then = listing(version, facts.expected(version, world, day)) if version is not None and counted else {}
        assert told == listing_then, f"looking back at {day}, the list of {name} is not that of its version {expected}"
    return 1


def _until_holds(where: str, policy: Policy, world: naive.World, day: dt.date, name: str, until: dt.date | None, rng: Random) -> None:
    """Something differs on that day, and nothing on the days tried before it."""
    today = naive.leaf_truths(policy, world, day, name)

    def turns(then: dt.date) -> bool:
        return then == policy.first or then - dt.timedelta(1) == policy.last or naive.leaf_truths(policy, world, then, name) != today

    assert until is None or (until > day and turns(until)), f"{where}: nothing differs on {until}"
    ahead = 500 if until is None else (until - day).days - 1
    tried = {1, 2, ahead, *(rng.randint(1, max(1, ahead)) for _ in range(PROBES))}
    for days in sorted(one for one in tried if 1 <= one <= ahead):
        assert not turns(day + dt.timedelta(days)), f"{where}: {day + dt.timedelta(days)} is before {until}, and something differs"
