"""Several shards together give what one matcher gives, and each subject is on the list of one shard only.

The random schedules of ``test_incremental`` drive one matcher; beside it, a locator gives the same messages to N shards. After every message
the changes of the shards must come to the changes of the matcher, except for subjects that moved to another partition and stayed on a list.
A shard judges every subject it owns as the matcher does, in all reasons.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from random import Random
from typing import Any

import numpy as np
import pytest

from matchers import worlds
from matchers.core import Matcher
from matchers.kernel.batch import RecordBatch
from matchers.kernel.changes import Changes, ListChange
from matchers.kernel.layout import KINDS
from matchers.locate import DEPTH, UNPLACED, Locator, PartitionUpdate, Routes
from matchers.matrix.coverage import Statement
from matchers.matrix.identity import Answer, IdentityCorrection
from matchers.partition_matcher import PartitionMatcher
from matchers.reading.explain import verdict
from policies.language.catalogue import Catalogue
from policies.language.tree import Policy
from policies.problems.problems import HuiminError
from policies.values import Kind
from tests.matchers import test_incremental
from tests.matchers.counting import AddCounts, chunks, need
from tests.matchers.network import REGISTERS, WorldRow, catalogue, computed_list, valid_policy
from tests.matchers.test_incremental import NAMES

PARTITIONS = (1, 2, 3, 7)
CHUNKS, SCHEDULES = 14, 1
RUN = chunks(CHUNKS, (4, 5, 6))
STEPS = 20
STREETS = ("310107020", "310107021", "310110", "310107", "310107022", "310107023")
DAY = dt.date(2026, 10, 15)

FAR = (
    ("person", "household.registered_at.occupancy", "household.members.pension"),
    ("person", "household.registered_at.occupancy.insurance", None),
    ("person", "household.members", "household.registered_at.occupancy"),
    ("household", "registered_at.occupancy", "household.members.insurance"),
    ("dwelling", "occupancy", "household.members.pension"),
)
"""A kind of subject, a path from it that leads further than two links, and a second path inside the ``where``, or none."""

Move = tuple[str | None, str | None, tuple[str, ...], tuple[tuple[str, str | None], ...]]
"""Status before and after, checklist and missing."""
Subject = tuple[int, int]
"""Kind and token."""


class MatcherBesidePartitions(Matcher):
    """A matcher, and beside it a locator with shards that get the same messages."""

    def __init__(self, catalogue: Catalogue, day: dt.date, partitions: int = 1) -> None:
        super().__init__(catalogue, day)
        self.locator = Locator(catalogue, day, partitions)
        self.shards = [PartitionMatcher(catalogue, day) for _ in range(partitions)]
        self.kinds: dict[str, int] = {}
        self.went_through: Counter[str] = Counter()

    def apply(self, batch: RecordBatch) -> Changes:
        before, routes = self.owners(), self.locator.apply(batch)
        changes = super().apply(batch)
        assert self.effects.tolist() == self.locator.effects.tolist()
        return self._compare_moves(changes, self._take_routes(routes), before)

    def replace(self, feed: str, source: int, delivery: int, rows: RecordBatch | None = None) -> Changes:
        before, routes = self.owners(), self.locator.replace(feed, source, delivery)
        shard_changes = [
            shard.take_replacement(routes.get(number, PartitionUpdate()), feed, source, delivery)
            for number, shard in enumerate(self.shards)
        ]
        changes = super().replace(feed, source, delivery)
        assert self.comeback == self.locator.comeback
        return self._compare_moves(changes, shard_changes, before)

    def open(self, feed: str, source: int, delivery: int) -> None:
        super().open(feed, source, delivery)
        self.locator.open(feed, source, delivery)

    def abandon(self, feed: str, source: int, delivery: int) -> None:
        super().abandon(feed, source, delivery)
        self.locator.abandon(feed, source, delivery)

    def publish(self, policy: Policy, progress: Any = None) -> Changes:
        self.kinds[policy.name] = KINDS.index(policy.subject)
        routes = self.locator.publish(policy)
        self.went_through["folders handed out for a policy"] += sum(len(folder) for routed in routes.values() for folder in routed.folders)
        shard_changes = [
            [*shard.take(routes.get(number, PartitionUpdate())), shard.publish(policy)] for number, shard in enumerate(self.shards)
        ]
        return self._compare_moves(super().publish(policy), shard_changes)

    def withdraw(self, name: str) -> Changes:
        return self._compare_moves(super().withdraw(name), [[shard.withdraw(name)] for shard in self.shards])

    def cover(self, statements: Sequence[Statement]) -> Changes:
        return self._compare_moves(super().cover(statements), [[shard.cover(statements)] for shard in self.shards])

    def answer(self, policy: str, subject: int, check: str, answer: bool) -> Changes:
        facts = (policy, subject, check, answer)
        return self._compare_moves(super().answer(*facts), [[shard.answer(*facts)] for shard in self.shards])

    def correct(self, correction: IdentityCorrection, answers: Sequence[Answer] = ()) -> Changes:
        before, routes = self.owners(), self.locator.correct(correction)
        shard_changes = [
            shard.take(routes.get(number, PartitionUpdate()), partial(shard.correct, correction, answers))
            for number, shard in enumerate(self.shards)
        ]
        self.went_through["folders handed out for a correction"] += sum(
            len(folder) for routed in routes.values() for folder in routed.folders
        )
        return self._compare_moves(super().correct(correction, answers), shard_changes, before)

    def tick(self, day: dt.date) -> Changes:
        return self._compare_moves(super().tick(day), [[shard.tick(day)] for shard in self.shards])

    def again(self) -> None:
        """Locator and shards stop, and others take over their arrays."""
        for number, shard in enumerate(self.shards):
            arrays = {name: column.copy() for name, column in shard.arrays().items()}
            self.shards[number] = PartitionMatcher.restore(catalogue(), arrays, shard.meta(), shard.policies, shard.statements)
        arrays = {name: column.copy() for name, column in self.locator.arrays().items()}
        self.locator = Locator.restore(catalogue(), arrays, self.locator.meta())

    def owners(self) -> dict[Subject, int]:
        """The partition of every owned subject, by the locator."""
        partition = list(self.locator.streets.values())
        return {
            (kind, token): partition[street]
            for kind, owner in enumerate(self.locator.owner)
            for token, street in zip(self.locator.store.tokens[kind].tolist(), owner.tolist(), strict=False)
            if street >= 0
        }

    # -- what must hold ------------------------------------------------------------------------------------------------

    def _take_routes(self, routes: Routes) -> list[list[Changes]]:
        for routed in routes.values():
            self.went_through["rows told"] += 0 if routed.rows is None else len(routed.rows)
            self.went_through["folders handed out"] += sum(map(len, routed.folders))
            owned_tokens = {token for tokens in routed.gained.values() for token in tokens.tolist()}
            across = (token for folder in routed.folders for token in folder.subject.tolist() if token not in owned_tokens)
            self.went_through["folders handed out across partitions"] += sum(1 for _ in across)
            keys = set() if routed.rows is None else set(routed.rows.key.tolist())
            for folder in routed.folders:
                alike = routed.rows is not None and (folder.feed, folder.source) == (routed.rows.feed, routed.rows.source)
                assert not (alike and keys & set(folder.key.tolist())), "a folder is as it was before the rows"
        return [self.shards[number].take(routes[number]) if number in routes else [] for number in range(len(self.shards))]

    def _compare_moves(
        self, matcher_changes: Changes, shard_changes: Sequence[Iterable[Changes]], before: Mapping[Subject, int] | None = None
    ) -> Changes:
        """The matcher's changes, after a check that the shards' changes come to the same."""
        now = self.owners()
        was = now if before is None else before
        movers = {subject: (was[subject], now[subject]) for subject in was if now[subject] != was[subject]}
        self.went_through["moves between partitions"] += len(movers)
        matcher_moves, shard_moves = net_moves([matcher_changes]), dict[tuple[str, int], Move]()
        for partition, changes in enumerate(shard_changes):
            for key, move in net_moves(changes).items():
                subject = (self.kinds[key[0]], key[1])
                assert partition in (was.get(subject), now.get(subject)), (partition, key, move)
                self.went_through["lines of shards"] += 1
                shard_moves[key] = whole_move(shard_moves[key], move) if key in shard_moves else move
            self.went_through["lines not told where a folder is only held"] += sum(
                now.get((self.kinds[name], token)) != partition and self._has_folder(partition, self.kinds[name], token)
                for name, token in matcher_moves
            )
        for key in shard_moves.keys() - matcher_moves.keys():
            kind, (status, *_) = self.kinds[key[0]], shard_moves[key]
            assert (kind, key[1]) in movers, (key, shard_moves[key])
            assert status == shard_moves[key][1], (key, shard_moves[key])
            self.went_through["lines of movers that one matcher does not tell"] += 1
        assert {key: shard_moves.get(key) for key in matcher_moves} == matcher_moves
        return matcher_changes

    def _has_folder(self, partition: int, kind: int, token: int) -> bool:
        row = self.locator.store.entity(kind, token)
        return row >= 0 and bool(int(self.locator.holders[kind][row]) >> partition & 1)

    def judges_alike(self, policy: Policy) -> None:
        """Checks that every subject is owned by one shard at most, the locator's, and judged there as by the matcher."""
        kind, owners = KINDS.index(policy.subject), self.owners()
        for partition, shard in enumerate(self.shards):
            for other, word in enumerate(KINDS):
                owned_tokens = set(shard.store.tokens[other][: shard.store.sizes[other]][shard.arrays()[f"owned.{word}"]].tolist())
                assert owned_tokens == {token for (of, token), number in owners.items() if (of, number) == (other, partition)}
        single = computed_list(self, policy, self.day)
        for partition, shard in enumerate(self.shards):
            mine = [token for (of, token), number in owners.items() if (of, number) == (kind, partition)]
            assert computed_list(shard, policy, self.day) == {token: single[token] for token in mine if token in single}
            for token in mine:
                explanation, shard_explanation = verdict(self, policy, token, self.day), verdict(shard, policy, token, self.day)
                assert explanation == shard_explanation, (partition, policy.name, token)
                self.went_through["subjects explained alike"] += explanation.verdict is not None
        assert single.keys() <= {token for (of, token) in owners if of == kind}


def net_moves(changes: Iterable[Iterable[ListChange]]) -> dict[tuple[str, int], Move]:
    """By policy and subject, the net of some changes in their order; without subjects that came and went."""
    out: dict[tuple[str, int], Move] = {}
    for change in (change for some in changes for change in some):
        key = (change.policy, change.subject)
        before = out[key][0] if key in out else change.before
        out[key] = (before, change.after, *((change.checklist, change.missing) if change.after else ((), ())))
    return {key: move for key, move in out.items() if move[:2] != (None, None)}


def whole_move(first: Move, second: Move) -> Move:
    """The whole move of a subject that left one partition and came to another."""
    assert (first[0] is None) != (second[0] is None), (first, second)
    assert (first[1] is None) != (second[1] is None), (first, second)
    return (first[0] or second[0], *(first if first[1] else second)[1:])


LABELS = {"cite": "x", "label": {"zh": "条", "en": "one"}}


def data_and_policy(
    name: str, kind: str, criteria: Mapping[str, Any], direction: str = "benefit", age: str = "P30D"
) -> tuple[dict[str, Any], Policy]:
    """A policy with these criteria: as data for the naive evaluator, and compiled for the engine."""
    data = {
        "format": 1, "policy": name, "version": 1, "direction": direction, "subject": kind, "scope": {"division": "31"},
        "title": LABELS["label"], "source": {"document": "x", "issuer": "x", "published": "2026-01-01"}, "agency": "city-civil",
        "purpose": "assistance", "effective": {"from": "2026-01-01", "to": None}, "discloses": [],
        "evidence": {feed: {"max_age": age} for feed in ("hukou", "occupancy", "insurance", "pension")}, "criteria": dict(criteria),
    }  # fmt: skip
    policy = valid_policy(data)
    assert policy is not None
    return data, policy


def far(rng: Random, name: str, subject: str | None = None) -> tuple[dict[str, Any], Policy]:
    """A policy that reads further than two links."""
    kind, over, within = rng.choice([candidate for candidate in FAR if subject in (None, candidate[0])])
    node: dict[str, Any] = {"id": "far", **LABELS, "quantifier": rng.choice(["some", "none", "all"][: 3 if within else 2]), "over": over}
    if within is not None:
        node["where"] = {"id": "again", **LABELS, "quantifier": rng.choice(["some", "none"]), "over": within}
    return data_and_policy(name, kind, node, rng.choice(["benefit", "benefit", "burden"]), rng.choice(["P30D", "P1Y"]))


class PartitionedSchedule(test_incremental.MessageSchedule):
    """Random messages, many of which move subjects between partitions."""

    matcher: MatcherBesidePartitions

    def __init__(self, seed: int, partitions: int) -> None:
        super().__init__(seed)
        self.matcher = MatcherBesidePartitions(catalogue(), self.day, partitions)
        self.late = 1_000

    def move(self) -> list[Changes]:
        """A later row places one or several subjects of a kind elsewhere."""
        feed = self.rng.choice(list(REGISTERS.values()))
        standing = [row for row in self.rows if row.feed == feed and id(row) in self.delivered_ids and "deleted" not in row.record]
        sample = self.rng.sample(standing, min(len(standing), self.rng.choice([1, 1, 3, 8])))
        return self.deliver([self.later(row, division=self.rng.choice(STREETS)) for row in sample])

    def join(self) -> list[Changes]:
        """A person goes to another household, a household to another dwelling."""
        feed, link, section = self.rng.choice([("hukou", "household", "households"), ("household", "registered_at", "dwellings")])
        standing = [row for row in self.rows if row.feed == feed and id(row) in self.delivered_ids and "deleted" not in row.record]
        sample = self.rng.sample(standing, min(len(standing), 2))
        return self.deliver([self.later(row, **{link: self.rng.choice(list(self.world_data[section]))}) for row in sample])

    def hand_over(self) -> list[Changes]:
        """A record, perhaps of a register, is given to another subject. Its key may come several times in one delivery."""
        standing = [row for row in self.rows if id(row) in self.delivered_ids and "deleted" not in row.record]
        if not standing:
            return []
        old, first, out = self.rng.choice(standing), self.late + 1, list[WorldRow]()
        for number in range(self.rng.choice([1, 1, 2, 3])):
            to = self.rng.choice([row for row in self.rows if row.feed == old.feed])
            key = {} if self.rng.random() < 0.6 else {"key": f"fresh-{first}-{number // 2}"}
            out.append(self.later(replace(old, name=to.name), delivery=first, **key))
        return self.deliver(out)

    def publish_far(self) -> list[Changes]:
        """A policy that reads further than two links is published."""
        name = self.rng.choice(NAMES)
        self.texts[name], self.policies[name] = far(self.rng, name, self.kinds.get(name))
        self.kinds[name] = str(self.policies[name].subject)
        self.lists_by_changes.setdefault(name, {})
        return [self.matcher.publish(self.policies[name])]

    def later(self, old: WorldRow, **changed: Any) -> WorldRow:
        """A new row of the same record, later than all rows so far."""
        self.late += 1
        record = {**old.record, "delivery": self.late, "row": self.late, **changed}
        new = WorldRow(old.kind, old.name, old.feed, record)
        self.rows.append(new)
        self.delivered_ids.add(id(new))
        return new

    def restore(self) -> list[Changes]:
        self.matcher.again()
        return []

    def holds(self) -> None:
        super().holds()
        if self.policies:
            self.matcher.judges_alike(self.rng.choice(list(self.policies.values())))


def run(seed: int, partitions: int) -> Counter[str]:
    """One schedule over ``partitions`` partitions, checked after every message and at its end."""
    schedule = PartitionedSchedule(seed, partitions)
    schedule.step(schedule.begin)
    schedule.step(schedule.publish)
    words = (
        [schedule.records] * 8
        + [schedule.correct] * 3
        + [schedule.cover] * 3
        + [schedule.tick] * 3
        + [schedule.publish, schedule.answer] * 2
    )
    words += (
        [schedule.withdraw, schedule.restore, schedule.publish_far]
        + [schedule.replace] * 3
        + [schedule.move] * 4
        + [schedule.join, schedule.hand_over] * 2
    )
    for message in [schedule.records, schedule.cover, schedule.publish, schedule.publish, *schedule.rng.choices(words, k=STEPS)]:
        schedule.step(message)
    while schedule.pending:
        schedule.step(schedule.records)
    for message in (schedule.publish_far, schedule.tick, schedule.move):
        schedule.step(message)
    schedule.ends()
    for policy in schedule.policies.values():
        schedule.matcher.judges_alike(policy)
    counts, locator = schedule.counts + schedule.matcher.went_through, schedule.matcher.locator
    counts["schedules deeper than two links"] += locator.depth > DEPTH
    streets = list(locator.streets)
    unplaced_street = streets.index(UNPLACED) if UNPLACED in streets else -2
    counts["unplaced subjects"] += sum(int(np.count_nonzero(owner == unplaced_street)) for owner in locator.owner)
    return counts


need(
    "sharded", RUN, CHUNKS,
    {
        "moves between partitions": 50, "folders handed out": 2_000, "folders handed out across partitions": 1_500,
        "folders handed out for a policy": 200, "unplaced subjects": 10, "schedules deeper than two links": 20,
        "lines of shards": 400, "lines not told where a folder is only held": 400, "lines of movers that one matcher does not tell": 8,
        "subjects explained alike": 2_000, "subjects against naive": 300, "message: hand_over": 20, "message: restore": 12,
        "message: replace": 10,
    },
    tests=len(PARTITIONS),
)  # fmt: skip


@pytest.mark.parametrize("partitions", PARTITIONS)
@pytest.mark.parametrize("chunk", RUN)
def test_shards_together_say_what_one_matcher_says(chunk: int, partitions: int, add_counts: AddCounts) -> None:
    """After every message, changes and verdicts of N shards are those of one matcher; at the end the naive evaluator agrees."""
    counts: Counter[str] = Counter()
    for seed in range(chunk * SCHEDULES, (chunk + 1) * SCHEDULES):
        try:
            counts += run(seed, partitions)
        except Exception as error:
            raise AssertionError(f"seed {seed}, {partitions} partitions: {error}") from error
    add_counts("sharded", counts)


def persons_in_streets(*subjects: tuple[str, str]) -> dict[str, Any]:
    """A world of persons, each registered in a street."""
    return {"persons": {name: {"hukou": {"division": street}} for name, street in subjects}}


def matcher_beside_partitions(world_data: Mapping[str, Any], policy: Policy | None = None) -> MatcherBesidePartitions:
    """A matcher with two shards that hold a world; the changes of each message were compared."""
    both = MatcherBesidePartitions(catalogue(), DAY, 2)
    if policy is not None:
        both.publish(policy)
    for batch in worlds.batches(catalogue(), world_data):
        both.apply(batch)
    return both


def some(over: str) -> Policy:
    """A policy that lists every person with a record behind this path."""
    return data_and_policy("some", "person", {"id": "some", **LABELS, "quantifier": "some", "over": over})[1]


def test_streets_are_as_many_as_there_are() -> None:
    """Streets beyond the range of a small integer still have their subjects, and the next street goes to the next partition."""
    locator = Locator(catalogue(), DAY, 64)
    locator.streets = {f"31{number:07}": number % 64 for number in range(1_000_000, 1_000_000 + 2**15)}

    for batch in worlds.batches(catalogue(), persons_in_streets(("p", "310107020"), ("q", "310107021"))):
        locator.apply(batch)

    census = locator.census()
    assert [sum(census[street][1]) for street in ("310107020", "310107021")] == [1, 1]
    assert {census[street][0] for street in ("310107020", "310107021")} == {0, 1}


@pytest.mark.parametrize("partitions", [0, 65])
def test_partitions_are_as_many_as_a_word_has_bits(partitions: int) -> None:
    """Fewer than 1 or more than 64 partitions are refused."""
    with pytest.raises(HuiminError, match="1 to 64"):
        Locator(catalogue(), DAY, partitions)


@pytest.mark.parametrize("first", [True, False])
def test_policy_that_reads_further_is_given_what_it_reads(first: bool) -> None:
    """A policy published before or after the records is judged on records three links away in another partition."""
    home = {"division": "310107021"}
    world_data: dict[str, Any] = {
        "persons": {
            "p": {"hukou": {"division": "310107020"}, "household": "h"},
            "q": {"hukou": home, "occupancy": {"lives_at": "d", "relation": "kin"}, "insurance": {"status": "active"}},
        },
        "households": {"h": {"household": home, "registered_at": "d"}},
        "dwellings": {"d": {"dwelling": home}},
    }
    policy = some("household.registered_at.occupancy.insurance")

    both = matcher_beside_partitions(world_data, policy if first else None)
    if not first:
        both.publish(policy)

    both.judges_alike(policy)
    assert worlds.token(policy.subject, "p") in computed_list(both, policy, DAY)
    assert both.locator.depth == 3


@pytest.mark.parametrize("turned", [True, False])
def test_record_of_two_subjects_in_one_delivery_is_the_later_ones(turned: bool) -> None:
    """A partition that got the earlier row does not keep it."""
    both = matcher_beside_partitions(persons_in_streets(("a", "310107020"), ("b", "310107021")), some("insurance"))
    rows = {"a": {"key": "k", "row": 1, "status": "active"}, "b": {"key": "k", "row": 2, "status": "active"}}

    for batch in worlds.batches(catalogue(), {"persons": {name: {"insurance": rows[name]} for name in sorted(rows, reverse=turned)}}):
        both.apply(batch)

    both.judges_alike(some("insurance"))


def test_folder_of_two_who_are_one_is_taken_apart_again() -> None:
    """A partition that first got the folder while two persons were one knows whose records are whose when they are two again."""
    person, policy = Kind.PERSON, some("household.members.insurance")
    both = matcher_beside_partitions(
        {
            "persons": {
                "a": {"hukou": {"division": "310107020"}, "insurance": {"status": "active"}},
                "b": {"hukou": {"division": "310107020", "order": 1}, "household": "h"},
                "c": {"hukou": {"division": "310107021"}},
            },
            "households": {"h": {"household": {"division": "310107020"}}},
        },
        policy,
    )
    a, b, c = (worlds.token(person, name) for name in "abc")
    both.correct(IdentityCorrection(person, a, b))

    joined_later = {"persons": {"c": {"hukou": {"division": "310107021", "order": 9, "key": "c"}, "household": "h"}}}
    for batch in worlds.batches(catalogue(), joined_later):
        both.apply(batch)
    together = computed_list(both, policy, DAY)
    both.judges_alike(policy)
    both.correct(IdentityCorrection(person, a, a))

    both.judges_alike(policy)
    assert {token for token, (status, *_) in together.items() if status == "eligible"} == {b, c}
    assert not any(status == "eligible" for status, *_ in computed_list(both, policy, DAY).values())


def test_what_is_near_one_of_two_is_near_both_once_they_are_one() -> None:
    """A household is judged on the occupants that its dwelling has under its other number, in another street."""
    here, there = {"division": "310107020"}, {"division": "310107021"}
    data = {"id": "some", **LABELS, "quantifier": "some", "over": "registered_at.occupancy"}
    policy = data_and_policy("some", "household", data)[1]
    both = matcher_beside_partitions(
        {
            "persons": {"p": {"hukou": here, "occupancy": {"lives_at": "one", "relation": "kin"}}},
            "households": {"h": {"household": there, "registered_at": "two"}},
            "dwellings": {"one": {"dwelling": here}, "two": {"dwelling": there}},
        },
        policy,
    )
    first_dwelling, second_dwelling, h = (
        worlds.token(*subject) for subject in ((Kind.DWELLING, "one"), (Kind.DWELLING, "two"), (Kind.HOUSEHOLD, "h"))
    )

    both.correct(IdentityCorrection(Kind.DWELLING, first_dwelling, second_dwelling))

    both.judges_alike(policy)
    assert computed_list(both, policy, DAY)[h][0] == "eligible"
