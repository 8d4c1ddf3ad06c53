"""The lists that changes add up to are the lists evaluated afresh, for any messages in any order.

A random schedule of messages drives one matcher, and a dictionary of lists follows its changes alone. After every message the dictionary must
equal the full evaluation, and every change must change something. At the end, the same facts in another order and the naive evaluator must
give the same.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from matchers import worlds
from matchers.core import Matcher
from matchers.kernel.changes import Changes
from policies.language.tree import Policy
from policies.values import Kind
from tests.matchers.counting import AddCounts, chunks, need
from tests.matchers.network import (
    FEEDS,
    SECTIONS,
    CandidateState,
    WorldData,
    WorldRow,
    catalogue,
    computed_list,
    pairs,
    random_valid_policy,
    rows_of,
    world_of,
)
from tests.oracles import naive
from tests.worlds import CONTRACTS, random_world

CHUNKS, SCHEDULES = 12, 9
RUN = chunks(CHUNKS, (1, 3))
STEPS = 28
NAMES = [f"policy-{i}" for i in range(5)]
DAYS = [1, 1, 1, 2, 7, 8, 30, 31, 35, 365, 366, -1, -1, -7, -31, -366]


class MessageSchedule:
    """One matcher under random messages, and the lists that its changes add up to."""

    def __init__(self, seed: int) -> None:
        self.rng = rng = Random(seed)
        self.world_data, self.day = random_world(rng, rng.choice([4, 8, 20]))
        self.rows = rows_of(self.world_data)
        self.matcher = Matcher(catalogue(), self.day)
        self.lists_by_changes: dict[str, dict[int, CandidateState]] = {}
        self.texts: dict[str, dict[str, Any]] = {}
        self.policies: dict[str, Policy] = {}
        self.kinds: dict[str, str] = {}  # by policy: every version is about the same kind of subject
        self.statements: list[dict[str, Any]] = []
        self.answers: dict[tuple[str, str, str], str] = {}  # (policy, subject, check)
        self.full = self.full_files()
        self.replacements: list[dict[str, Any]] = []
        self.pending = list(self.rows)
        rng.shuffle(self.pending)
        self.delivered_ids: set[int] = set()
        self.counts: Counter[str] = Counter()
        self.last = ""

    def full_files(self) -> list[tuple[str, int, int]]:
        """Feed, source and number of the deliveries that start as full replacements."""
        sources = [(feed, source) for feed, contract in FEEDS.items() for source in range(len(contract["sources"]))]
        files = [(*source, number) for source in sources for number in (1, 2, 2, 3) if self.rng.random() < 0.25]
        return list(dict.fromkeys(files))

    def begin(self) -> list[Changes]:
        """Every delivery that replaces starts before any row comes."""
        for file in self.full:
            self.matcher.open(*file)
        return []

    # -- messages ------------------------------------------------------------------------------------------------------

    def records(self) -> list[Changes]:
        """Delivers some new rows, and some rows again."""
        some = min(len(self.pending), self.rng.choice([1, 1, 2, 5, 20, 60]))
        part, self.pending = self.pending[:some], self.pending[some:]
        self.delivered_ids |= {id(row) for row in part}
        again = [row for row in self.rows if id(row) in self.delivered_ids]
        part = part + self.rng.sample(again, min(len(again), self.rng.choice([0, 0, 1, 4])))
        return self.deliver(part)

    def deliver(self, part: list[WorldRow]) -> list[Changes]:
        batches = worlds.batches(self.matcher.catalogue, world_of(part))
        self.rng.shuffle(batches)
        return [self.matcher.apply(batch) for batch in batches]

    def correct(self) -> list[Changes]:
        """A later delivery of a record with the cells of another row of its feed, or a deletion."""
        standing = [row for row in self.rows if id(row) in self.delivered_ids]
        if not standing:
            return []
        old = self.rng.choice(standing)
        like = self.rng.choice([row for row in self.rows if row.feed == old.feed])
        delivery = 4 + len(self.rows)
        record = {**like.record, "key": old.record["key"], "source": old.source, "delivery": delivery, "row": 1}
        if self.rng.random() < 0.2:
            record = {"key": old.record["key"], "source": old.source, "delivery": delivery, "row": 1, "deleted": True}
        if "order" in old.record:
            draw = self.rng.random()
            record["order"] = "none" if draw < 0.1 else old.record["order"] if draw < 0.8 else record.get("order", 0)
        owner = like if self.rng.random() < 0.2 and old.feed not in ("hukou", "household", "dwelling") else old
        new = WorldRow(owner.kind, owner.name, owner.feed, record)
        self.rows.append(new)
        self.delivered_ids.add(id(new))
        return self.deliver([new])

    def replace(self) -> list[Changes]:
        """A full replacement is complete. One in five is not sound and then counts as an ordinary delivery."""
        if not self.full:
            return []
        feed, source, delivery = self.full.pop(self.rng.randrange(len(self.full)))
        if self.rng.random() < 0.2:
            self.matcher.abandon(feed, source, delivery)
            self.counts["full replacements that are not sound"] += 1
            return []
        self.replacements.append({"feed": feed, "unit": FEEDS[feed]["sources"][source]["unit"], "delivery": delivery})
        return [self.matcher.replace(feed, source, delivery)]

    def cover(self) -> list[Changes]:
        """New statements take effect; some earlier ones are withdrawn, some are stated again for another day."""
        possible: list[dict[str, Any]] = self.world_data["coverage"]
        staying = [statement for statement in self.statements if self.rng.random() < 0.8]
        more = self.rng.sample(possible, self.rng.randint(0, len(possible)))
        stated_again = [
            {**statement, "complete_to": self.day + dt.timedelta(self.rng.choice([-40, -7, 0]))}
            for statement in more
            if self.rng.random() < 0.2
        ]
        self.statements = [*staying, *(statement for statement in more if statement not in staying), *stated_again]
        return [self.matcher.cover(self.statements_of(self.statements))]

    def statements_of(self, coverage: list[dict[str, Any]]) -> Any:
        sections: WorldData = {section: self.world_data[section] for section in SECTIONS.values()}
        return worlds.statements(self.matcher.catalogue, {**sections, "coverage": coverage})

    def answer(self) -> list[Changes]:
        answers = [(name, check, word) for name, checks in self.world_data["answers"].items() for check, word in checks.items()]
        kinds = {"p": "person", "h": "household", "d": "dwelling"}
        possible = [(policy, *answer) for policy in self.policies.values() for answer in answers if kinds[answer[0][0]] == policy.subject]
        if not possible:
            return []
        policy, name, check, word = self.rng.choice(possible)
        word = self.rng.choice([word, "yes", "no"])
        self.answers[policy.name, name, check] = word
        return [self.matcher.answer(policy.name, worlds.token(policy.subject, name), check, word == "yes")]

    def publish(self) -> list[Changes]:
        """A new policy, or the next version of one."""
        name = self.rng.choice(NAMES)
        fixed = {"subject": self.kinds[name]} if name in self.kinds else {}
        self.texts[name], self.policies[name] = random_valid_policy(self.rng, 5, name, **fixed)
        self.kinds[name] = str(self.policies[name].subject)
        self.lists_by_changes.setdefault(name, {})
        return [self.matcher.publish(self.policies[name])]

    def withdraw(self) -> list[Changes]:
        if not self.policies:
            return []
        name = self.rng.choice(list(self.policies))
        del self.policies[name]
        return [self.matcher.withdraw(name)]

    def tick(self) -> list[Changes]:
        day = self.matcher.day + dt.timedelta(self.rng.choice(DAYS))
        out = [self.matcher.tick(day)]
        subjects = sum(self.matcher.store.sizes[["person", "household", "dwelling"].index(p.subject)] for p in self.policies.values())
        self.counts["tick: subjects × policies"] += subjects
        self.counts["tick: due"] += self.matcher.due
        return out

    def restore(self) -> list[Changes]:
        """The process stops, and another one takes over its arrays."""
        arrays = {name: column.copy() for name, column in self.matcher.arrays().items()}
        former = self.matcher
        self.matcher = Matcher.restore(catalogue(), arrays, former.meta(), former.policies, former.statements)
        return []

    # -- what must hold ------------------------------------------------------------------------------------------------

    def step(self, message: Callable[[], list[Changes]]) -> None:
        self.last = message.__name__
        self.counts[f"message: {self.last}"] += 1
        for changes in message():
            for change in changes:
                now: CandidateState | None = None if change.after is None else (change.after, change.checklist, pairs(change.missing))
                was = self.lists_by_changes[change.policy].get(change.subject)
                assert change.before == (was[0] if was else None), (self.last, change, was)
                if self.last not in ("publish", "records", "correct"):
                    assert now != was, (self.last, "no change", change)
                if now is None:
                    del self.lists_by_changes[change.policy][change.subject]
                else:
                    self.lists_by_changes[change.policy][change.subject] = now
                self.counts["changes"] += 1
                self.counts["changes of corrections"] += self.last in ("merge", "undo", "hand", "take_back")
        self.holds()

    def holds(self) -> None:
        for name, listing in self.lists_by_changes.items():
            fresh = computed_list(self.matcher, self.policies[name], self.matcher.day) if name in self.policies else {}
            wrong = {subject for subject in listing.keys() | fresh.keys() if listing.get(subject) != fresh.get(subject)}
            assert not wrong, (self.last, name, [(listing.get(subject), fresh.get(subject)) for subject in sorted(wrong)[:3]])
            self.counts["lists compared"] += 1

    def world(self, policy: Policy | None = None) -> WorldData:
        rows = [row for row in self.rows if id(row) in self.delivered_ids]
        world_data = world_of(rows, coverage=self.statements, replace=self.replacements)
        if policy is not None:
            world_data["answers"] = {}
            for (name, subject, check), word in self.answers.items():
                if name == policy.name:
                    world_data["answers"].setdefault(subject, {})[check] = word
        return world_data

    def ends(self) -> None:
        """Compares the lists with a matcher that gets the facts in another order, and with the naive evaluator."""
        world_data = self.world()
        batches = worlds.batches(catalogue(), world_data)
        order = list(range(len(batches)))
        self.rng.shuffle(order)
        with_every_name = {section: {name: {} for name in self.world_data[section]} | world_data[section] for section in SECTIONS.values()}
        fresh = worlds.load(catalogue(), {**world_data, **with_every_name}, self.matcher.day, order)
        for policy in self.policies.values():
            fresh.publish(policy)
        for (name, subject, check), word in self.answers.items():
            if name in self.policies:
                fresh.answer(name, worlds.token(self.policies[name].subject, subject), check, word == "yes")
        for name, policy in self.policies.items():
            assert computed_list(fresh, policy, fresh.day) == self.lists_by_changes[name], ("other order", name)
            self.naive(policy)

    def naive(self, policy: Policy) -> None:
        world_data = self.world(policy)
        expected = naive.evaluate(self.texts[policy.name], naive.World(CONTRACTS, world_data), self.matcher.day)
        listing = self.lists_by_changes[policy.name]
        for name, expectation in expected.items():
            candidate = listing.get(worlds.token(Kind(policy.subject), name), (None, (), ()))
            missing = pairs((criterion, feed) for criterion, feed, _ in expectation.missing)
            by_naive = (expectation.status, expectation.checklist, missing) if expectation.status else (None, (), ())
            assert candidate == by_naive, ("naive", policy.name, name, candidate, by_naive)
            self.counts["subjects against naive"] += 1


MESSAGES = ("records", "correct", "replace", "cover", "answer", "publish", "withdraw", "tick", "restore")
need(
    "incremental",
    RUN,
    CHUNKS,
    {f"message: {word}": 25 for word in MESSAGES}
    | {"changes": 1_000, "subjects against naive": 1_000, "full replacements that are not sound": 10},
)


def run(seed: int) -> Counter[str]:
    """One schedule, checked after every message and at its end."""
    schedule = MessageSchedule(seed)
    schedule.step(schedule.begin)
    schedule.step(schedule.publish)
    words = (
        [schedule.records] * 8
        + [schedule.correct] * 4
        + [schedule.cover] * 4
        + [schedule.tick] * 5
        + [schedule.publish, schedule.answer] * 2
    )
    words += [schedule.withdraw, schedule.replace, schedule.restore]
    for message in [schedule.records, schedule.cover, schedule.publish, schedule.publish, *schedule.rng.choices(words, k=STEPS)]:
        schedule.step(message)
    while schedule.pending:
        schedule.step(schedule.records)
    for message in (schedule.publish, schedule.tick):
        schedule.step(message)
    schedule.ends()
    return schedule.counts


@pytest.mark.parametrize("chunk", RUN)
def test_changes_add_up_to_the_lists(chunk: int, add_counts: AddCounts) -> None:
    """After every message the lists are the full evaluation; at the end another order of the facts and the naive evaluator agree."""
    counts: Counter[str] = Counter()
    for seed in range(chunk * SCHEDULES, (chunk + 1) * SCHEDULES):
        try:
            counts += run(seed)
        except Exception as error:
            raise AssertionError(f"seed {seed}: {error}") from error
    add_counts("incremental", counts)
    assert counts["tick: due"] < counts["tick: subjects × policies"] / 2, "a tick evaluates only who is due"
