"""The mark of a watched subject changes exactly when the evidence read about the subject changes, on one matcher and on several shards.

The random schedules of ``test_identity`` watch some subjects. After every message each of them is explained, and its mark is compared with
the truth of every leaf outside ``where`` and the text of every disclosed value. Source: docs/en/semantics.md section 17.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from matchers import worlds
from matchers.kernel.changes import Changes, Sighting
from matchers.reading.disclosed_values import disclosed_values
from matchers.reading.explain import Criterion, explain
from tests.matchers import test_sharded
from tests.matchers.correction_schedule import CorrectionSchedule
from tests.matchers.counting import AddCounts, chunks, need
from tests.matchers.network import SECTIONS, catalogue, computed_list
from tests.matchers.test_sharded import Subject

CHUNKS, SCHEDULES = 8, 3
RUN = chunks(CHUNKS, (2, 3))
STEPS = 30
PARTITIONS = (1, 2, 3)
CALLS = ("apply", "replace", "publish", "withdraw", "cover", "answer", "correct", "tick", "watch")
Key = tuple[str, int]
Evidence = tuple[tuple[bool | None, ...], tuple[tuple[str, str], ...]]


class WatchingMatcherBesidePartitions(test_sharded.MatcherBesidePartitions):
    """A matcher and several shards that watch the same subjects and must give the same sightings."""

    def watch(self, policy: str, subject: int, on: bool) -> Changes:
        return self._compare_moves(super().watch(policy, subject, on), [[shard.watch(policy, subject, on)] for shard in self.shards])

    def _compare_moves(
        self, matcher_changes: Changes, shard_changes: Sequence[Iterable[Changes]], before: Mapping[Subject, int] | None = None
    ) -> Changes:
        shard_changes = [list(of) for of in shard_changes]
        matcher_sightings, shard_sightings = (
            last(matcher_changes.sightings),
            last(sighting for of in shard_changes for changes in of for sighting in getattr(changes, "sightings", ())),
        )
        assert {key: sighting for key, sighting in shard_sightings.items() if key in matcher_sightings} == matcher_sightings
        for key in shard_sightings.keys() - matcher_sightings.keys():
            assert not shard_sightings[key].fresh, "who came from another partition is not seen afresh"
            self.went_through["seen by the partition they came to only"] += 1
            matcher_changes.sightings.append(shard_sightings[key])
        self.went_through["seen alike"] += len(matcher_sightings)
        return super()._compare_moves(matcher_changes, shard_changes, before)


def last(sightings: Iterable[Sighting]) -> dict[Key, Sighting]:
    """The last sighting of each subject; fresh if any sighting was."""
    out: dict[Key, Sighting] = {}
    for sighting in sightings:
        key = (sighting.policy, sighting.subject)
        out[key] = sighting._replace(fresh=sighting.fresh or (key in out and out[key].fresh))
    return out


class WatchingSchedule(CorrectionSchedule):
    """A schedule that watches some subjects and keeps the evidence last read about each."""

    def prepare(self) -> None:
        super().prepare()
        self.versions = 0
        self.last_readings: dict[Key, tuple[str, Evidence] | None] = {}
        self.evidence_by_mark: dict[tuple[str, str], Evidence] = {}
        """The evidence of each mark, by version."""
        self.listen()

    def listen(self) -> None:
        """Makes each call on the matcher also compare every watched subject."""
        for name in CALLS:
            setattr(self.matcher, name, partial(self._call_and_look, name, getattr(type(self.matcher), name)))

    def _call_and_look(self, name: str, call: Any, *facts: Any) -> Changes:
        if name == "publish" and self.fresh:
            self.versions += 1
            facts = (replace(facts[0], version=self.versions),)
            self.policies[facts[0].name] = facts[0]
        changes: Changes = call(self.matcher, *facts)
        if name == "watch":
            self._put(*facts)
        sightings = last(changes.sightings)
        assert sightings.keys() <= self.last_readings.keys()
        for key in list(self.last_readings):
            self._compare_mark(key, sightings.get(key))
        return changes

    def _put(self, policy: str, subject: int, on: bool) -> None:
        if on:
            self.last_readings[policy, subject] = None
        else:
            self.last_readings.pop((policy, subject), None)

    fresh = True
    """Whether each published text is a version of its own."""

    def restore(self) -> list[Changes]:
        out = super().restore()
        self.listen()
        return out

    def resume(self) -> list[Changes]:
        """A policy is suspended, rows come, and the same version is matched again."""
        if not self.policies:
            return []
        policy = self.rng.choice(list(self.policies.values()))
        left = self.matcher.withdraw(policy.name)
        del self.policies[policy.name]
        between = self.records()
        self.policies[policy.name] = policy
        self.fresh = False
        back = self.matcher.publish(policy)
        self.fresh = True
        self.counts["suspended with somebody watched"] += any(name == policy.name for name, _ in self.last_readings)
        return [left, *between, back]

    def watch(self) -> list[Changes]:
        """Some subjects are watched, and a few are no longer watched."""
        out = []
        for _ in range(8):
            if not self.policies:
                break
            policy = self.rng.choice(list(self.policies.values()))
            section = SECTIONS[str(policy.subject)]
            subject = worlds.token(policy.subject, self.rng.choice([*self.world_data[section], "nobody"]))
            out.append(self.matcher.watch(policy.name, subject, self.rng.random() < 0.85))
        return out

    def _compare_mark(self, key: Key, sighting: Sighting | None) -> None:
        """Checks that the subject was sighted if its evidence changed, and that the mark differs exactly then."""
        evidence = self._evidence(key)
        before = self.last_readings[key]
        if evidence is None:
            assert sighting is None, "nobody is seen who has no verdict"
            return
        if sighting is None:
            assert before is not None, (self.last, key)
            assert before[1] == evidence, (self.last, "the evidence changed without a sighting")
            self.counts["not looked at, and nothing differs"] += 1
            return
        assert (
            sighting.fresh or before is None or (sighting.mark.partition("|")[2] == before[0].partition("|")[2]) == (evidence == before[1])
        ), (
            self.last,
            before,
            evidence,
        )
        assert self.evidence_by_mark.setdefault((f"{key[0]}@{self.policies[key[0]].version}", sighting.mark), evidence) == evidence
        candidate = computed_list(self.matcher, self.policies[key[0]], self.matcher.day).get(key[1], (None, (), ()))
        assert (("", "eligible", "to_check", "needs_evidence")[sighting.status] or None, sighting.open[0]) == candidate[:2]
        self.counts["seen, something differs" if before and evidence != before[1] else "seen, nothing differs"] += not sighting.fresh
        self.counts["seen afresh"] += sighting.fresh
        self.last_readings[key] = (sighting.mark, evidence)

    def _evidence(self, key: Key) -> Evidence | None:
        policy = self.policies.get(key[0])
        if policy is None:
            return None
        explanation = explain(self.matcher, policy, key[1], self.matcher.day)
        if explanation.verdict.verdict is None:
            return None
        values = disclosed_values(self.matcher, policy, key[1], self.matcher.day)
        return tuple(leaves(explanation.criteria)), tuple(sorted(values.items()))


def leaves(criterion: Criterion) -> list[bool | None]:
    """The truth of each leaf outside ``where``."""
    return [truth for child in criterion.children for truth in leaves(child)] if criterion.children else [criterion.truth]


class PartitionedWatchingSchedule(WatchingSchedule, test_sharded.PartitionedSchedule):
    """The same schedule over several shards."""

    def __init__(self, seed: int, partitions: int) -> None:
        super().__init__(seed, partitions)
        self.matcher = WatchingMatcherBesidePartitions(catalogue(), self.day, partitions)


def run(schedule: WatchingSchedule) -> Counter[str]:
    """One schedule, checked after every message."""
    schedule.prepare()
    schedule.step(schedule.begin)
    schedule.step(schedule.publish)
    words = (
        [schedule.records] * 6
        + [schedule.correct] * 4
        + [schedule.cover] * 2
        + [schedule.tick] * 3
        + [schedule.publish]
        + [schedule.answer] * 4
    )
    words += (
        [schedule.withdraw, schedule.replace, schedule.restore, schedule.resume]
        + [schedule.merge] * 2
        + [schedule.undo] * 2
        + [schedule.hand]
        + [schedule.watch] * 5
    )
    if isinstance(schedule, PartitionedWatchingSchedule):
        words += [schedule.move, schedule.join, schedule.publish_far] * 2 + [schedule.hand_over]
    for message in [
        schedule.publish,
        schedule.watch,
        schedule.records,
        schedule.cover,
        schedule.publish,
        schedule.watch,
        *schedule.rng.choices(words, k=STEPS),
    ]:
        schedule.step(message)
    return schedule.counts


need(
    "watching", RUN, CHUNKS,
    {
        "seen afresh": 100, "seen, nothing differs": 200, "seen, something differs": 25, "not looked at, and nothing differs": 2_000,
        "suspended with somebody watched": 15, "message: restore": 10,
    },
)  # fmt: skip
need(
    "watching, sharded", RUN, CHUNKS,
    {
        "seen alike": 300, "seen, nothing differs": 200, "seen, something differs": 20, "moves between partitions": 25,
        "suspended with somebody watched": 8, "message: restore": 6,
    },
    tests=len(PARTITIONS),
)  # fmt: skip


@pytest.mark.parametrize("chunk", RUN)
def test_mark_differs_if_and_only_if_what_is_read_does(chunk: int, add_counts: AddCounts) -> None:
    """Holds for every watched subject after every message, also after a restore."""
    counts: Counter[str] = Counter()
    for seed in range(chunk * SCHEDULES, (chunk + 1) * SCHEDULES):
        try:
            counts += run(WatchingSchedule(seed))
        except Exception as error:
            raise AssertionError(f"seed {seed}: {error}") from error
    add_counts("watching", counts)


@pytest.mark.parametrize("partitions", PARTITIONS)
@pytest.mark.parametrize("chunk", RUN)
def test_shards_see_whom_one_matcher_sees(chunk: int, partitions: int, add_counts: AddCounts) -> None:
    """Shards give the same marks of the same subjects; a subject that comes from another partition is not sighted afresh."""
    schedule = PartitionedWatchingSchedule(chunk, partitions)
    try:
        counts = run(schedule)
    except Exception as error:
        raise AssertionError(f"seed {chunk}, {partitions} partitions: {error}") from error
    add_counts("watching, sharded", counts + schedule.matcher.went_through)
