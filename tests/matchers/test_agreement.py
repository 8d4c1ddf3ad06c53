"""Columns, the scalar reading, the naive evaluator and SQL give the same for every subject.

Each large random world is judged under several random policies, and every subject is compared in verdict, status, checklist, failed and
missing. The test counts what decided each verdict: every row of the semantics must decide often enough.
"""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from matchers import worlds
from matchers.reading import explain
from matchers.reading.explain import verdict as scalar
from policies.values import Kind
from tests.matchers.counting import AddCounts, chunks, need
from tests.matchers.network import answers_to_checks, catalogue, computed_list, pairs, policy_with_rare_part, random_valid_policy, verdicts
from tests.matchers.observing_world import ObservingWorld
from tests.matchers.situations import NODES, SITUATIONS, DecidingSituations
from tests.oracles import naive
from tests.oracles.sql import verdicts as sql_verdicts
from tests.oracles.sql_world import SqlWorld
from tests.worlds import CONTRACTS, random_world

CHUNKS, WORLDS, POLICIES = 34, 4, 10
RUN = chunks(CHUNKS, (1, 5, 6, 7, 8, 11))
SIZE = 200


VERDICTS, SHARE, DECIDED = 50_000, 0.2, 500
"""The least number of verdicts, the least share of each verdict, and the least number of verdicts decided by each row of the semantics."""

need(
    "agreement",
    RUN,
    CHUNKS,
    {"verdicts": VERDICTS} | {f"verdict {word}": int(SHARE * VERDICTS) for word in ("yes", "no", "unknown")},
)
need("agreement: deciding", RUN, CHUNKS, dict.fromkeys([*NODES, *SITUATIONS], DECIDED))


def compare(seed: int) -> tuple[Counter[str], Counter[str]]:
    """Compares the readings of one world under several policies; returns counts of what was compared and of what decided."""
    rng = Random(seed)
    world_data, day = random_world(rng, rng.choice([6, *[SIZE] * 5]))
    matcher = worlds.load(catalogue(), world_data, day)
    world, tables = ObservingWorld(CONTRACTS, world_data), SqlWorld(CONTRACTS, world_data)
    comparisons: Counter[str] = Counter()
    deciding: Counter[str] = Counter()
    for number in range(POLICIES):
        data, policy = policy_with_rare_part(rng, f"rare-{number}") if number % 3 else random_valid_policy(rng, 5, f"random-{number}")
        matcher.publish(policy)
        worlds.answer(matcher, policy.name, policy.subject, answers_to_checks(world_data, policy))
        expected = naive.evaluate(data, world, day)
        of_sql = sql_verdicts(data, tables, day)
        columns, lists = verdicts(matcher, policy, day), computed_list(matcher, policy, day)
        watch = DecidingSituations(data, world, day)
        subjects = set(worlds.subjects(world_data)[policy.subject])
        for name, expectation in expected.items():
            at = (seed, number, name)
            token = worlds.token(Kind(policy.subject), name)
            missing = pairs((criterion, feed) for criterion, feed, _ in expectation.missing)
            read = scalar(matcher, policy, token, day)
            assert columns.get(token) == expectation.verdict, ("columns", at)
            assert lists.get(token, (None, (), ())) == (
                (expectation.status, expectation.checklist, missing) if expectation.status else (None, (), ())
            ), (
                "list",
                at,
            )
            if name in subjects or expectation.verdict is not None:
                assert (read.verdict, read.status, read.checklist, read.failed) == (
                    expectation.verdict,
                    expectation.status,
                    expectation.checklist,
                    expectation.failed,
                ), (
                    "scalar",
                    at,
                )
                assert set(read.missing) == set(expectation.missing), ("missing", at)
            assert of_sql.get(name) == expectation.verdict, ("SQL", at)
            comparisons["verdicts"] += expectation.verdict is not None
            comparisons[f"verdict {expectation.verdict or 'none'}"] += 1
            comparisons[f"status {expectation.status}"] += 1
            deciding.update(watch.of_verdict(name, expectation.verdict))
        assert len(columns) == sum(expectation.verdict is not None for expectation in expected.values()), (seed, number)
        comparisons["policies"] += 1
    return comparisons, deciding


@pytest.mark.parametrize("chunk", RUN)
def test_all_readings_agree(chunk: int, add_counts: AddCounts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Columns, the scalar reading, the naive evaluator and SQL agree on every subject of random worlds under random policies."""
    monkeypatch.setattr(explain, "_until", lambda *_: None)  # most of a verdict's time, and held to its own oracle in test_until
    for seed in range(chunk * WORLDS, (chunk + 1) * WORLDS):
        try:
            comparisons, deciding = compare(seed)
        except Exception as error:
            raise AssertionError(f"seed {seed}: {error!r}") from error
        add_counts("agreement", comparisons)
        add_counts("agreement: deciding", deciding)
