"""``until`` is the day that the naive evaluator finds when it tries every day of two years."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from random import Random

import pytest

from matchers import worlds
from matchers.reading.explain import verdict
from policies.values import Kind
from tests.matchers.counting import AddCounts, chunks
from tests.matchers.network import catalogue, random_valid_policy
from tests.oracles import naive
from tests.worlds import CONTRACTS, random_world

CHUNKS, WORLDS, POLICIES, SUBJECTS = 8, 8, 4, 2
RUN = chunks(CHUNKS, range(2))
HORIZON = 731


def compare(seed: int) -> Counter[str]:
    """Compares ``until`` of some subjects of some policies in one world."""
    rng = Random(f"until {seed}")
    world_data, day = random_world(rng, 6)
    matcher, world = worlds.load(catalogue(), world_data, day), naive.World(CONTRACTS, world_data)
    counts: Counter[str] = Counter()
    for number in range(POLICIES):
        data, policy = random_valid_policy(rng, 4, f"random-{number}")
        names = worlds.subjects(world_data)[policy.subject]
        for name in rng.sample(names, min(SUBJECTS, len(names))):
            until = verdict(matcher, policy, worlds.token(Kind(policy.subject), name), day).until
            expected = naive.until(data, world, day, name, HORIZON)
            if until is not None and until > day + dt.timedelta(HORIZON):
                assert expected is None, (seed, number, name, until, expected)
                counts["until beyond two years"] += 1
                continue
            assert until == expected, (seed, number, name, until, expected)
            counts["until never" if until is None else "until within two years"] += 1
    return counts


@pytest.mark.parametrize("chunk", RUN)
def test_until_is_the_first_day_found_by_trying(chunk: int, add_counts: AddCounts) -> None:
    """The day in an explanation is the first on which a leaf differs, or the policy's force begins or has ended."""
    for seed in range(chunk * WORLDS, (chunk + 1) * WORLDS):
        add_counts("until", compare(seed))
