"""What must hold at a quiet point: lists, verdicts, reasons and days to come are those of one recomputation over the facts.

The expected side reads nothing that the host keeps. Both sides get the same questions, and their answers are compared by token.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from random import Random

from matchers.reading.explain import verdict as explained
from services.state.as_of import core, state_on
from streams.embedded.host import EmbeddedHost
from tests.matchers.network import CandidateState, computed_list, pairs, verdicts
from tests.oracles import naive
from tests.oracles.naive_policy import Policy, policy_of
from tests.simulation.facts import Facts, VersionFacts, listing, token
from tests.simulation.ledger import LineLedger, list_from_editions
from tests.simulation.materialized_lists import compare_materialized_lists

EXPLAINED = 4
"""How many subjects of each policy are explained at a quiet point; one of them is also judged on days to come."""
PROBES = 6
PAST = 0.15
"""The share of quiet points at which a whole list of an earlier day is compared, if a withdrawal reaches back."""


def compare_everything(host: EmbeddedHost, facts: Facts, ledger: LineLedger, rng: Random) -> Counter[str]:
    """Compares everything; returns counts of what was compared.

    Raises:
        AssertionError: where anything differs, in words.
    """
    counts: Counter[str] = Counter({"quiet points": 1})
    if facts.ends is None:
        return counts
    assert host.state.day == facts.day, f"the day is {host.state.day}, not {facts.day}"
    world = facts.world(rng)
    lists: dict[str, dict[int, CandidateState]] = {}
    for name in facts.policies:
        version = facts.active(name)
        if version is None or facts.is_suspended(version):
            if version is not None or not facts.versions(name):  # a scheduled version is not in force, and only its holds are on the list
                assert not ledger.lists.get(name), f"{name} is listed, and is {'withdrawn' if version is None else 'suspended'}"
            continue
        expectations = facts.expected_verdicts(version, world)
        lists[name] = _same_list(host, version, expectations)
        counts["verdicts"] += _same_verdicts(host, version, expectations)
        counts["explained"] += _same_reasons(host, facts, version, world, expectations, rng)
        counts["lists"] += 1
    counts += compare_materialized_lists(host, facts, lists, ledger.lists)
    counts["looked back"] += _same_past(host, facts, world, rng)
    for name, closed_list in ledger.closed.items():
        assert list_from_editions(host.editions(name)) == closed_list, (
            f"the editions of {name} do not come to its list when the last was closed"
        )
        counts["editions summed"] += 1
    return counts


def _same_list(host: EmbeddedHost, version: VersionFacts, expected: dict[str, naive.Expectation]) -> dict[int, CandidateState]:
    """Compares the computed list with the expected one; returns it."""
    policy = version.published.policy
    candidates = core(host.state).candidates(policy.name) if policy.name in host.state.policies else []
    host_list = {candidate.subject: (candidate.status, candidate.checklist, pairs(candidate.missing)) for candidate in candidates}
    by_hand = listing(version, expected)
    if host_list == by_hand:
        return by_hand
    kind = str(policy.subject)
    wrong = [name for name in expected if host_list.get(token(kind, name)) != by_hand.get(token(kind, name))]
    differences = [f"{name}: found {host_list.get(token(kind, name))}, expected {by_hand.get(token(kind, name))}" for name in wrong[:3]]
    raise AssertionError(f"list of {policy.name} version {version.number}: {'; '.join(differences) or 'somebody nobody knows'}")


def _same_verdicts(host: EmbeddedHost, version: VersionFacts, expectations: dict[str, naive.Expectation]) -> int:
    """Compares the verdicts of all subjects; returns their number."""
    policy = host.state.policies[version.published.policy.name]
    kind = str(policy.subject)
    host_verdicts = verdicts(host.state.matcher, policy, host.state.day)  # type: ignore[arg-type]  # the real matcher
    expected = {token(kind, name): expectation.verdict for name, expectation in expectations.items() if expectation.verdict is not None}
    wrong = [name for name in expectations if host_verdicts.get(token(kind, name)) != expected.get(token(kind, name))]
    assert host_verdicts == expected, f"verdicts of {policy.name} version {version.number}: " + "; ".join(
        f"{name}: {host_verdicts.get(token(kind, name))}, expected {expected.get(token(kind, name))}" for name in wrong[:3]
    )
    return len(expected)


def _same_reasons(
    host: EmbeddedHost, facts: Facts, version: VersionFacts, world: naive.World, expectations: dict[str, naive.Expectation], rng: Random
) -> int:
    policy = host.state.policies[version.published.policy.name]
    names = [name for name, expectation in expectations.items() if expectation.verdict is not None]
    sample = rng.sample(names, min(EXPLAINED, len(names)))
    for place, name in enumerate(sample):
        explanation = explained(host.state.matcher, policy, token(str(policy.subject), name), facts.day)  # type: ignore[arg-type]  # the real one
        expectation = expectations[name]
        where = f"reasons of {policy.name} version {version.number} for {name}"
        mine, theirs = (
            (explanation.verdict, explanation.status, explanation.checklist, explanation.failed),
            (expectation.verdict, expectation.status, expectation.checklist, expectation.failed),
        )
        assert mine == theirs, f"{where}: {mine}, expected {theirs}"
        assert set(explanation.missing) == set(expectation.missing), (
            f"{where}: missing {sorted(map(str, explanation.missing))}, expected {expectation.missing}"
        )
        if place == 0:
            _until_holds(where, policy_of(version.published.data), world, facts.day, name, explanation.until, rng)
    return len(sample)


def _same_past(host: EmbeddedHost, facts: Facts, world: naive.World, rng: Random) -> int:
    """Compares the version in force on an earlier day, near a day that a withdrawal reaches back to; sometimes also its whole list."""
    withdrawals = [(name, v.withdrawn) for name, versions in facts.policies.items() for v in versions if v.withdrawn is not None]
    if not withdrawals:
        return 0
    name, since = rng.choice(withdrawals)
    day = min(since, facts.day) - dt.timedelta(rng.choice([-1, 0, 1, 1, 2, 10]))
    if day >= facts.day:
        return 0
    version = facts.version_looking_back(name, day)
    entry = host.state.registry.without_later_withdrawals(day).active(name, day)
    host_number = None if entry is None or entry.policy.effective_from > day else entry.policy.version
    expected = None if version is None else version.number
    assert host_number == expected, f"looking back at {day}, version {host_number} of {name} was in force, and it was {expected}"
    if rng.random() < PAST:
        state = state_on(host, day)
        policy = state.policies.get(name)
        host_list = {} if policy is None else computed_list(core(state), policy, day)
        is_listed = version is not None and not facts.is_suspended(version, day)
        listing_then = listing(version, facts.expected_verdicts(version, world, day)) if version is not None and is_listed else {}
        assert host_list == listing_then, f"looking back at {day}, the list of {name} is not that of its version {expected}"
    return 1


def _until_holds(where: str, policy: Policy, world: naive.World, day: dt.date, name: str, until: dt.date | None, rng: Random) -> None:
    """Checks that something differs on the day ``until``, and nothing on the days tried before it."""
    today = naive.leaf_truths(policy, world, day, name)

    def turns(then: dt.date) -> bool:
        return then == policy.first or then - dt.timedelta(1) == policy.last or naive.leaf_truths(policy, world, then, name) != today

    assert until is None or (until > day and turns(until)), f"{where}: nothing differs on {until}"
    ahead = 500 if until is None else (until - day).days - 1
    day_numbers = {1, 2, ahead, *(rng.randint(1, max(1, ahead)) for _ in range(PROBES))}
    for days in sorted(number for number in day_numbers if 1 <= number <= ahead):
        assert not turns(day + dt.timedelta(days)), f"{where}: {day + dt.timedelta(days)} is before {until}, and something differs"
