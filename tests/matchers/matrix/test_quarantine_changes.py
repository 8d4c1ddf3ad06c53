"""Quarantined rows arrive and go: the lists that changes add up to, and the verdicts that stay when the rows are mended.

The worlds are small, many rows fail, and the policies use every kind of path. The program, the scalar reading and a matcher that is loaded
with the final world must agree. Source: docs/en/semantics.md sections 1.4, 6 and 9.
"""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import Any

import pytest

from matchers import worlds
from matchers.core import Matcher
from matchers.kernel.layout import KINDS
from matchers.lists.compare import rows_with_verdict
from matchers.lists.verdicts import WORDS, candidates
from matchers.reading.explain import verdict
from policies.language.tree import Policy
from policies.values import Kind
from tests.matchers.counting import chunks
from tests.matchers.presence import (
    COVERED,
    DAY,
    HIGH_PENSION,
    IS_KIN,
    MALE,
    PAID,
    STREET,
    WorldData,
    catalogue,
    count,
    leaf,
    lives,
    over_sum,
    policy,
)


class ListsByChanges:
    """A matcher with policies, and the lists its changes add up to."""

    def __init__(self, policies: Iterable[Policy]) -> None:
        self.matcher = Matcher(catalogue(), DAY)
        self.policies = {rule.name: rule for rule in policies}
        self.lists: dict[str, dict[int, Any]] = {name: {} for name in self.policies}
        for rule in self.policies.values():
            self.take(self.matcher.publish(rule))

    def take(self, changes: Iterable[Any]) -> None:
        for change in changes:
            listing = self.lists[change.policy]
            listing.pop(change.subject, None)
            if change.after is not None:
                listing[change.subject] = (change.after, frozenset(change.missing))

    def deliver(self, world_data: WorldData) -> None:
        for batch in worlds.batches(catalogue(), world_data):
            self.take(self.matcher.apply(batch))

    def holds(self) -> None:
        """The lists that the changes add up to are the lists evaluated afresh."""
        for name, rule in self.policies.items():
            fresh = {c.subject: (c.status, frozenset(c.missing)) for c in candidates(self.matcher, rule, DAY)}
            assert self.lists[name] == fresh, name


def test_a_dwelling_follows_a_row_that_names_it_from_arrival_to_withdrawal() -> None:
    """The list changes when the row comes, names another dwelling, is mended, is deleted and is withdrawn."""
    over_d = [leaf("occupancy"), leaf("occupancy.pension"), count("occupancy", "ge", 1)]
    lists = ListsByChanges(policy(criterion, "dwelling", f"p{i}") for i, criterion in enumerate(over_d))
    lists.take(lists.matcher.cover(worlds.statements(catalogue(), {"coverage": COVERED})))
    lists.deliver(
        {
            "dwellings": {name: {"dwelling": {"division": STREET}} for name in "de"},
            "persons": {"p": {"hukou": {"division": STREET}} | HIGH_PENSION},
        }
    )
    d, e = (worlds.token(Kind.DWELLING, name) for name in "de")
    steps = [
        (lives(True), {d: "needs_evidence"}), (lives(True, "e"), {e: "needs_evidence"}), (lives(False, "e"), {e: "eligible"}),
        (lives(True, "e"), {e: "needs_evidence"}), (lives(True, "d"), {d: "needs_evidence"}), ({"deleted": True}, {}),
        (lives(False, "d"), {d: "eligible"}), ({"quarantined": True}, {}), (lives(True, "d"), {d: "needs_evidence"}),
    ]  # fmt: skip

    for number, (record, expected) in enumerate(steps, 1):
        lists.deliver({"persons": {"p": {"occupancy": {**record, "key": "k", "order": number, "delivery": number}}}})
        lists.holds()
        assert [{token: status for token, (status, _) in listing.items()} for listing in lists.lists.values()] == [expected] * 3, number
    lists.take(lists.matcher.replace("occupancy", 0, len(steps) + 1))
    lists.holds()
    assert lists.lists == {"p0": {}, "p1": {}, "p2": {}}


PERSONS, HOUSEHOLDS, DWELLINGS = [f"p{i}" for i in range(6)], ["h0", "h1", "h2"], ["d0", "d1"]
HOUSEHOLD_LEAVES = [
    leaf("members"), leaf("members", quantifier="none", where=MALE), leaf("members", quantifier="all", where=MALE),
    count("members", "ge", 2), count("members", "eq", 1), leaf("members.pension", where=PAID), count("members.pension", "ge", 2),
    leaf("members.pension", quantifier="all", where=PAID, absence="closed"), over_sum("members.pension", "ge", "1500"),
    leaf("members", sum_of="income.monthly_income", op="le", value="900"),
    leaf("members", where=leaf("pension", where=PAID) | {"id": "w"}), leaf("members.household.members.pension", absence="closed"),
    count("members.household.members", "ge", 2, absence="closed"), leaf("members", absence="open", quantifier="none"),
]  # fmt: skip
DWELLING_LEAVES = [
    leaf("occupancy"), leaf("occupancy", quantifier="all", where=IS_KIN), count("occupancy", "ge", 2), count("occupancy", "le", 1),
    leaf("occupancy.pension", where=PAID), count("occupancy.pension", "eq", 1), over_sum("occupancy.pension", "le", "1500"),
    leaf("occupancy.household.members"), count("occupancy.household.members", "ge", 2), count("occupancy.household.members.pension", "ge", 1),
    leaf("occupancy.household.members.pension", quantifier="all", where=PAID, absence="closed"),
    leaf("occupancy", where=leaf("household.members", where=MALE) | {"id": "w"}),
    leaf("occupancy", where=leaf("household.members.pension", where={**PAID, "id": "v"}) | {"id": "w"}),
    count("occupancy", "ge", 1, where=leaf("household.members.pension", absence="closed") | {"id": "w"}),
]  # fmt: skip
PERSON_LEAVES = [
    leaf("household.members", where={**MALE, "op": "ne"}), count("household.members", "ge", 2), leaf("household.members.pension", where=PAID),
    leaf("pension", quantifier="none"), {"id": "c", "field": "household.household.division", "op": "eq", "value": STREET},
]  # fmt: skip
POLICIES = [
    policy(criterion, subject, f"{subject}-{i}")
    for subject, leaves in (("household", HOUSEHOLD_LEAVES), ("dwelling", DWELLING_LEAVES), ("person", PERSON_LEAVES))
    for i, criterion in enumerate(leaves)
]


def rows(rng: Random) -> list[tuple[str, str, str, dict[str, Any]]]:
    """Rows (section, subject, feed, record) of a small world in which many fail their checks."""
    out: list[tuple[str, str, str, dict[str, Any]]] = []

    def add(section: str, name: str, feed: str, record: dict[str, Any], key: str, unit: str | None = None) -> None:
        fault = {"quarantined": True} if rng.random() < 0.3 else {"deleted": True} if rng.random() < 0.05 else {}
        version = {"key": key, "order": rng.randint(0, 3), "delivery": 1 + len(out), **({"source": unit} if unit else {})}
        out.append((section, name, feed, {**record, **version, **fault}))

    for name in HOUSEHOLDS:
        add("households", name, "household", {"division": STREET}, name)
    for name in DWELLINGS:
        add("dwellings", name, "dwelling", {"division": STREET}, name)
    for name in PERSONS:
        for version in range(rng.choice([1, 1, 2, 3])):
            home = rng.choice([*HOUSEHOLDS, None])
            key = name if rng.random() < 0.7 else f"{name}-{version}"
            add("persons", name, "hukou", {"division": STREET, "sex": rng.choice(["male", "female"]), "household": home}, key)
        for at in range(rng.choice([0, 1, 1, 2, 3])):
            record = {"lives_at": rng.choice([*DWELLINGS, None]), "relation_to_tenant": rng.choice(["kin", "self", None])}
            add("persons", name, "occupancy", record, f"{name}-{rng.randint(0, at)}", rng.choice(["putuo-housing", "yichuan-street"]))
        for at in range(rng.choice([0, 0, 1, 2])):
            add("persons", name, "pension", {"amount": rng.choice(["500.00", "1500.00", None])}, f"{name}-{at}")
        if rng.random() < 0.6:
            add("persons", name, "income", {"monthly_income": rng.choice(["300.00", "800.00"])}, name)
    for i, (_, _, _, last_record) in enumerate(out, 1):
        last_record["row"] = i
    return out


def world_of(rows: Iterable[tuple[str, str, str, dict[str, Any]]]) -> WorldData:
    world_data: WorldData = {"coverage": COVERED}
    for section, name, feed, record in rows:
        world_data.setdefault(section, {}).setdefault(name, {}).setdefault(feed, []).append(record)
    return world_data


def agree(matcher: Matcher) -> dict[str, dict[int, str | None]]:
    """The verdicts by policy; the scalar reading must give the same verdict and the same missing evidence for everyone."""
    out: dict[str, dict[int, str | None]] = {}
    for rule in POLICIES:
        kind = KINDS.index(rule.subject)
        numbers, words = rows_with_verdict(matcher, rule, DAY)
        verdicts = dict(zip(numbers.tolist(), (WORDS[word] for word in words.tolist()), strict=True))
        statuses = {c.subject: (c.status, c.missing) for c in candidates(matcher, rule, DAY)}
        for row, token in enumerate(matcher.store.tokens[kind][: matcher.store.sizes[kind]].tolist()):
            reading = verdict(matcher, rule, token, DAY)
            pairs = tuple(sorted({(c, f) for c, f, _ in reading.missing}))
            assert reading.verdict == verdicts.get(row), (rule.name, token)
            assert statuses.get(token) == ((reading.status, pairs) if reading.status else None), (rule.name, token)
        out[rule.name] = {int(matcher.store.tokens[kind][row]): word for row, word in verdicts.items()}
    return out


@pytest.mark.seeds
@pytest.mark.parametrize("seed", chunks(12, range(4)))
def test_change_by_change_is_as_evaluated_afresh(seed: int) -> None:
    """Rows come in any order, a few at a time: changes add up to the lists, program and reading agree, and a fresh matcher gives the same."""
    rng = Random(seed)
    world = rows(rng)
    order = rng.sample(world, len(world))
    lists = ListsByChanges(POLICIES)
    lists.take(lists.matcher.cover(worlds.statements(catalogue(), {"coverage": COVERED})))

    while order:
        some = rng.randint(1, 4)
        part, order = order[:some], order[some:]
        lists.deliver(world_of(part))
        lists.holds()
    mine = agree(lists.matcher)

    fresh = worlds.load(catalogue(), world_of(world), DAY)
    assert {name: mine[name] for name in mine} == agree(fresh)
    for name, rule in lists.policies.items():
        assert lists.lists[name] == {c.subject: (c.status, frozenset(c.missing)) for c in candidates(fresh, rule, DAY)}


@pytest.mark.seeds
@pytest.mark.parametrize("seed", chunks(30, range(10)))
def test_what_is_decided_stays_when_failed_rows_are_mended(seed: int) -> None:
    """A yes or no stays whatever the mended rows say about what they name, and also where an occupant's row is deleted."""
    rng = Random(1000 + seed)
    world = rows(rng)
    before = agree(worlds.load(catalogue(), world_of(world), DAY)) if seed < 6 else _verdicts(world)

    for _ in range(3):
        mended_rows = []
        for section, name, feed, record in world:
            record = dict(record)
            if record.pop("quarantined", False):
                if feed in ("occupancy", "pension") and rng.random() < 0.4:
                    record["deleted"] = True
                elif feed == "pension":
                    record["amount"] = rng.choice(["0.00", "500.00", "1500.00"])
                elif feed == "occupancy":
                    record["relation_to_tenant"] = rng.choice(["kin", "self"])
            mended_rows.append((section, name, feed, record))
        after = _verdicts(mended_rows)
        for policy_name, verdicts in before.items():
            for token, word in verdicts.items():
                if word in ("yes", "no"):
                    assert after[policy_name].get(token) == word, (policy_name, token)


def _verdicts(world: list[tuple[str, str, str, dict[str, Any]]]) -> dict[str, dict[int, str | None]]:
    matcher = worlds.load(catalogue(), world_of(world), DAY)
    out: dict[str, dict[int, str | None]] = {}
    for rule in POLICIES:
        numbers, words = rows_with_verdict(matcher, rule, DAY)
        tokens = matcher.store.tokens[KINDS.index(rule.subject)]
        out[rule.name] = {int(tokens[row]): WORDS[word] for row, word in zip(numbers.tolist(), words.tolist(), strict=True)}
    return out
