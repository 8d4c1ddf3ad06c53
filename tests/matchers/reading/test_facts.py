"""The rows an explanation cites are enough: the naive evaluator gives the same from them alone.

Every row of the world has its own place (feed, unit, delivery, row). Only the cited rows are kept, with the coverage statements and the
answers. All cited rows give the same verdict with the same reasons. The rows cited by the criteria that matter give the same yes or no.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest

from matchers import worlds
from matchers.reading.explain import Criterion, Fact
from policies.values import Kind
from tests.matchers.counting import AddCounts, chunks
from tests.matchers.network import WorldRow, answers_to_checks, catalogue, random_valid_policy, rows_of, world_of
from tests.oracles import naive
from tests.oracles.naive_policy import policy_of
from tests.worlds import CONTRACTS, random_world

CHUNKS, WORLDS, POLICIES = 8, 8, 6
RUN = chunks(CHUNKS, range(2))


def facts_cited_by(criterion: Criterion, mattering: bool = False) -> Iterator[Fact]:
    """Every record that a criterion and its children rest on."""
    if mattering and not criterion.matters:
        return
    yield from criterion.facts
    yield from criterion.ways
    for child in criterion.children:
        yield from facts_cited_by(child, mattering)


def compare(seed: int) -> Counter[str]:
    """Compares every subject of one world under some policies."""
    rng = Random(f"facts {seed}")
    world_data, day = random_world(rng, 8)
    more = {"coverage": world_data["coverage"], "answers": world_data["answers"], "replace": world_data.get("replace", [])}
    rows = rows_of(world_data, renumber=True)
    by_place: dict[tuple[str, str, int, int], WorldRow] = {row.version: row for row in rows}
    assert len(by_place) == len(rows)
    whole = world_of(rows, **more)
    matcher = worlds.load(catalogue(), whole, day)
    counts: Counter[str] = Counter()
    for number in range(POLICIES):
        data, policy = random_valid_policy(rng, 4, f"random-{number}")
        ready = policy_of(data)
        matcher.publish(policy)
        worlds.answer(matcher, policy.name, policy.subject, answers_to_checks(world_data, policy))
        for name, expected in naive.evaluate(data, naive.World(CONTRACTS, whole), day).items():
            if expected.verdict is None:
                continue
            explanation = matcher.explain(policy.name, worlds.token(Kind(policy.subject), name))
            at = (seed, number, name)

            def alone(facts: Iterator[Fact]) -> naive.Expectation:
                places = {(fact.feed, fact.unit, fact.delivery, fact.row) for fact in (*explanation.register, *facts)}
                counts["records cited"] += len(places)
                counts["records there were"] += len(rows)
                world = naive.World(CONTRACTS, world_of((by_place[place] for place in sorted(places)), **more))
                return naive.expectation_of(ready, world, day, name)

            assert alone(facts_cited_by(explanation.criteria)) == expected, at
            counts[f"verdict {expected.verdict} from all that is cited"] += 1
            if expected.verdict != "unknown":
                assert alone(facts_cited_by(explanation.criteria, mattering=True)).verdict == expected.verdict, ("mattering", at)
                counts[f"verdict {expected.verdict} from what matters"] += 1
    return counts


@pytest.mark.parametrize("chunk", RUN)
def test_the_facts_cited_are_enough(chunk: int, add_counts: AddCounts) -> None:
    """From the cited records alone the naive evaluator gives the same verdict with the same reasons."""
    for seed in range(chunk * WORLDS, (chunk + 1) * WORLDS):
        add_counts("facts", compare(seed))
