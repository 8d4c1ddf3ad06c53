"""Reading a policy leaf by leaf for all subjects at once gives the same as explaining each subject."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from random import Random

import numpy as np
import pytest

from matchers import worlds
from matchers.kernel.changes import STATUSES
from matchers.kernel.layout import KINDS
from matchers.lists.criteria import CriteriaReader, patterns
from matchers.program.state import in_force
from matchers.reading.explain import Criterion, explain
from tests.matchers.counting import AddCounts, chunks, need
from tests.matchers.network import catalogue, random_valid_policy
from tests.worlds import random_world

CHUNKS, WORLDS, POLICIES = 4, 10, 6
RUN = chunks(CHUNKS, (2,))
LETTERS = {0: None, 1: True, 2: False}

need("criteria", RUN, CHUNKS, {"leaves": 1_200, "leaves that decide": 700, "listed": 100, "later days": 40})


def leaves_of(criterion: Criterion) -> list[Criterion]:
    """The leaves of an explanation, in order."""
    return [criterion] if not criterion.children else [leaf for child in criterion.children for leaf in leaves_of(child)]


def compare(seed: int) -> Counter[str]:
    """Compares both readings for every subject of some policies in one world, on its day and on another."""
    rng, counts = Random(f"criteria {seed}"), Counter[str]()
    world_data, today = random_world(rng, 6)
    matcher = worlds.load(catalogue(), world_data, today)
    for number in range(POLICIES):
        _, policy = random_valid_policy(rng, 4, f"random-{number}")
        kind = KINDS.index(policy.subject)
        names = worlds.subjects(world_data)[policy.subject]
        tokens = np.array([worlds.token(policy.subject, name) for name in names], np.uint64)
        day = today + timedelta(days=366 * rng.choice([0, 0, 1]))
        counts["later days"] += day != today
        judge = CriteriaReader(matcher, policy)
        reading = judge.read(matcher.store.entities(kind, tokens), day)
        for column, token in enumerate(tokens.tolist()):
            explanation = explain(matcher, policy, token, day)
            expected = leaves_of(explanation.criteria)
            assert [LETTERS[int(code)] for code in reading.truth[:, column]] == [leaf.truth for leaf in expected], (seed, number, token)
            assert reading.decides[:, column].tolist() == [leaf.matters for leaf in expected], (seed, number, token)
            assert LETTERS[int(reading.verdict[column])] == explanation.criteria.truth
            if in_force(policy, day):
                assert STATUSES[int(reading.status[column])] == explanation.verdict.status
                counts["listed"] += explanation.verdict.status is not None
            if explanation.verdict.verdict == "no":
                deciding = {leaf.meta.id for leaf, matters in zip(reading.leaves, reading.decides[:, column], strict=True) if matters}
                assert deciding == set(explanation.verdict.failed)
            counts["leaves"] += len(expected)
            counts["leaves that decide"] += int(reading.decides[:, column].sum())
    return counts


@pytest.mark.parametrize("chunk", RUN)
def test_columns_say_what_explanations_say(chunk: int, add_counts: AddCounts) -> None:
    """The same truth of every leaf, the same deciding leaves, the same status, and for a no the same failed criteria."""
    total: Counter[str] = Counter()
    for seed in range(chunk * WORLDS, (chunk + 1) * WORLDS):
        total += compare(seed)
    add_counts("criteria", total)


@pytest.mark.parametrize("rows", [0, 1, 7, 8, 9])
def test_patterns_tell_equal_columns(rows: int) -> None:
    """Equal columns have one number, different columns different numbers; without subjects there are no patterns."""
    codes = np.random.default_rng(rows).integers(0, 3, (rows, 50)).astype(np.uint8)

    group, first = patterns(codes)

    assert len(first) == len({column.tobytes() for column in codes.T})
    assert all((codes[:, first[number]] == codes[:, at]).all() for at, number in enumerate(group.tolist()))
    assert patterns(codes[:, :0])[1] == []
