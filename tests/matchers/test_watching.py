"""The mark of somebody watched: another one if and only if another thing is read of her, on one matcher and on several shards.

The one idea: the random schedules of ``test_identity``, with some subjects watched; after every message each of them is explained, and her
mark is held against the truth of every leaf outside ``where`` and the text of every disclosed value. Source: docs/en/semantics.md section 17.
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
from matchers.reading.explain import Criterion, disclosed, explain
from tests.matchers import test_sharded
from tests.matchers.corrected import Corrected
from tests.matchers.counting import Counted, chunks, need
from tests.matchers.network import SECTIONS, catalogue, listed
from tests.matchers.test_sharded import Subject

CHUNKS, SCHEDULES = 8, 3
STEPS = 30
PARTITIONS = (1, 2, 3)
CALLS = ("apply", "replace", "publish", "withdraw", "cover", "answer", "correct", "tick", "watch")
Key = tuple[str, int]
Evidence = tuple[tuple[bool | None, ...], tuple[tuple[str, str], ...]]


class Sharded(test_sharded.Sharded):
    """One matcher and several shards that watch the same, and see the same."""

    def watch(self, policy: str, subject: int, on: bool) -> Changes:
        return self._held(super().watch(policy, subject, on), [[shard.watch(policy, subject, on)] for shard in self.shards])

    def _held(self, found: Changes, told: Sequence[Iterable[Changes]], before: Mapping[Subject, int] | None = None) -> Changes:
        told = [list(of) for of in told]
        wanted, seen = last(found.seen), last(one for of in told for changes in of for one in getattr(changes, "seen", ()))
        assert {key: one for key, one in seen.items() if key in wanted} == wanted
        for key in seen.keys() - wanted.keys():
            assert not seen[key].fresh, "who came from another partition is not seen afresh"
            self.went_through["seen by whom she came to only"] += 1
            found.seen.append(seen[key])
        self.went_through["seen alike"] += len(wanted)
        return super()._held(found, told, before)


def last(seen: Iterable[Sighting]) -> dict[Key, Sighting]:
    """How each stood in the end; afresh if she did once."""
    out: dict[Key, Sighting] = {}
    for one in seen:
        key = (one.policy, one.subject)
        out[key] = one._replace(fresh=one.fresh or (key in out and out[key].fresh))
    return out


class Watching(Corrected):
    """A schedule that watches some subjects, and who knows what was read of each."""

    def prepared(self) -> None:
        super().prepared()
        self.versions = 0
        self.watched: dict[Key, tuple[str, Evidence] | None] = {}
        self.meant: dict[tuple[str, str], Evidence] = {}
        """What a mark says, by the version that read it."""
        self.listen()

    def listen(self) -> None:
        """Looks at everybody after each call on the matcher."""
        for name in CALLS:
            setattr(self.matcher, name, partial(self._called, name, getattr(type(self.matcher), name)))

    def _called(self, name: str, call: Any, *facts: Any) -> Changes:
        if name == "publish" and self.fresh:
            self.versions += 1
            facts = (replace(facts[0], version=self.versions),)
            self.policies[facts[0].name] = facts[0]
        found: Changes = call(self.matcher, *facts)
        if name == "watch":
            self._put(*facts)
        seen = last(found.seen)
        assert seen.keys() <= self.watched.keys()
        for key in list(self.watched):
            self._looked_at(key, seen.get(key))
        return found

    def _put(self, policy: str, subject: int, on: bool) -> None:
        if on:
            self.watched[policy, subject] = None
        else:
            self.watched.pop((policy, subject), None)

    fresh = True
    """Is each text that is published a version of its own?"""

    def restore(self) -> list[Changes]:
        out = super().restore()
        self.listen()
        return out

    def resume(self) -> list[Changes]:
        """A policy is suspended, and matched again by the same version, perhaps with something between."""
        if not self.policies:
            return []
        policy = self.rng.choice(list(self.policies.values()))
        left = self.matcher.withdraw(policy.name)
        del self.policies[policy.name]
        found = self.records()
        self.policies[policy.name] = policy
        self.fresh = False
        back = self.matcher.publish(policy)
        self.fresh = True
        self.counts["suspended with somebody watched"] += any(name == policy.name for name, _ in self.watched)
        return [left, *found, back]

    def watch(self) -> list[Changes]:
        """An eye on a few subjects; a few are let go."""
        out = []
        for _ in range(8):
            if not self.policies:
                break
            policy = self.rng.choice(list(self.policies.values()))
            section = SECTIONS[str(policy.subject)]
            subject = worlds.token(policy.subject, self.rng.choice([*self.given[section], "nobody"]))
            out.append(self.matcher.watch(policy.name, subject, self.rng.random() < 0.85))
        return out

    def _looked_at(self, key: Key, seen: Sighting | None) -> None:
        """She was seen if another thing is read of her, and her mark says which."""
        evidence = self._evidence(key)
        before = self.watched[key]
        if evidence is None:
            assert seen is None, "nobody is seen who has no verdict"
            return
        if seen is None:
            assert before is not None, (self.last, key)
            assert before[1] == evidence, (self.last, "another thing is read of her, and nobody looked")
            self.counts["not looked at, and nothing differs"] += 1
            return
        assert seen.fresh or before is None or (seen.mark.partition("|")[2] == before[0].partition("|")[2]) == (evidence == before[1]), (
            self.last,
            before,
            evidence,
        )
        assert self.meant.setdefault((f"{key[0]}@{self.policies[key[0]].version}", seen.mark), evidence) == evidence
        told = listed(self.matcher, self.policies[key[0]], self.matcher.day).get(key[1], (None, (), ()))
        assert (("", "eligible", "to_check", "needs_evidence")[seen.status] or None, seen.open[0]) == told[:2]
        self.counts["seen, something differs" if before and evidence != before[1] else "seen, nothing differs"] += not seen.fresh
        self.counts["seen afresh"] += seen.fresh
        self.watched[key] = (seen.mark, evidence)

    def _evidence(self, key: Key) -> Evidence | None:
        policy = self.policies.get(key[0])
        if policy is None:
            return None
        found = explain(self.matcher, policy, key[1], self.matcher.day)
        if found.verdict.verdict is None:
            return None
        shown = disclosed(self.matcher, policy, key[1], self.matcher.day)
        return tuple(leaves(found.criteria)), tuple(sorted(shown.items()))


def leaves(criterion: Criterion) -> list[bool | None]:
    """The truth of each leaf outside ``where``."""
    return [truth for child in criterion.children for truth in leaves(child)] if criterion.children else [criterion.truth]


class ShardedWatching(Watching, test_sharded.Schedule):
    """The same over several shards."""

    def __init__(self, seed: int, partitions: int) -> None:
        super().__init__(seed, partitions)
        self.matcher = Sharded(catalogue(), self.day, partitions)


def run(one: Watching) -> Counter[str]:
    """One schedule, checked after every message."""
    one.prepared()
    one.step(one.begin)
    one.step(one.publish)
    words = [one.records] * 6 + [one.correct] * 4 + [one.cover] * 2 + [one.tick] * 3 + [one.publish] + [one.answer] * 4
    words += [one.withdraw, one.replace, one.restore, one.resume] + [one.merge] * 2 + [one.undo] * 2 + [one.hand] + [one.watch] * 5
    if isinstance(one, ShardedWatching):
        words += [one.move, one.join, one.publish_far] * 2 + [one.hand_over]
    for message in [one.publish, one.watch, one.records, one.cover, one.publish, one.watch, *one.rng.choices(words, k=STEPS)]:
        one.step(message)
    return one.counts


need(
    "watching", len(chunks(CHUNKS)),
    {
        "seen afresh": 100, "seen, nothing differs": 200, "seen, something differs": 25, "not looked at, and nothing differs": 2_000,
        "suspended with somebody watched": 15, "message: restore": 10,
    },
)  # fmt: skip
need(
    "watching, sharded", len(chunks(CHUNKS)) * len(PARTITIONS),
    {
        "seen alike": 300, "seen, nothing differs": 200, "seen, something differs": 20, "moves between partitions": 25,
        "suspended with somebody watched": 8, "message: restore": 6,
    },
)  # fmt: skip


@pytest.mark.parametrize("chunk", chunks(CHUNKS))
def test_mark_differs_if_and_only_if_what_is_read_does(chunk: int, counted: Counted) -> None:
    """Of everybody watched, after every message; restored in the middle too."""
    counts: Counter[str] = Counter()
    for seed in range(chunk * SCHEDULES, (chunk + 1) * SCHEDULES):
        try:
            counts += run(Watching(seed))
        except Exception as error:
            raise AssertionError(f"seed {seed}: {error}") from error
    counted("watching", counts)


@pytest.mark.parametrize("partitions", PARTITIONS)
@pytest.mark.parametrize("chunk", chunks(CHUNKS))
def test_shards_see_whom_one_matcher_sees(chunk: int, partitions: int, counted: Counted) -> None:
    """The same mark of the same people, whoever owns them; and nothing else of who comes from another partition."""
    one = ShardedWatching(chunk, partitions)
    try:
        counts = run(one)
    except Exception as error:
        raise AssertionError(f"seed {chunk}, {partitions} partitions: {error}") from error
    counted("watching, sharded", counts + one.matcher.went_through)
