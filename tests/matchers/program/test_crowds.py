"""Large sets, evaluated in parts or once for all subjects that share them, give what the naive evaluator gives, in little memory.

The size at which a chunk is divided is set so low that worlds small enough for the naive evaluator lie on both sides of it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
import pytest

from matchers import worlds
from matchers.core import Matcher
from matchers.matrix.staging import stage
from matchers.program import binding
from matchers.reading import explain, worstcase
from policies.values import Kind
from tests.matchers import crowd, presence, test_incremental, test_sharded
from tests.matchers.counting import AddCounts, need
from tests.matchers.crowd import SHAPES
from tests.matchers.network import answers_to_checks, catalogue, computed_list, pairs, random_valid_policy, rows_of, verdicts, world_of
from tests.oracles import naive
from tests.worlds import CONTRACTS, random_world

BOUNDS = (1, 3, 7, 64)
PEAK_MB = 500
"""The most memory a process may take; loading the kernels takes 180 of it."""

SIZES = (2, 8, 40)

need("crowds", range(len(BOUNDS) * len(SIZES)), len(BOUNDS) * len(SIZES), {"yes": 100, "no": 100, "unknown": 100, "missing": 100})


@pytest.fixture(params=BOUNDS)
def bound(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """The most elements that a part of a chunk may have."""
    monkeypatch.setattr(binding, "ELEMENTS", request.param)
    monkeypatch.setattr(explain, "_until", lambda *_: None)  # most of a verdict's time, and held to its own oracle
    return int(request.param)


def crowded_world(rng: Random, size: int) -> tuple[dict[str, Any], Any]:
    """A random world in which most persons belong to two households and live in two dwellings; some keep their links."""
    world_data, day = random_world(rng, size)
    rows = []
    for row in rows_of(world_data):
        record = dict(row.record)
        for link, names in (("household", ("h0", "h0", "h0", "h1")), ("registered_at", ("d0",)), ("lives_at", ("d0", "d0", "d1"))):
            if record.get(link) and rng.random() < 0.9:
                record[link] = rng.choice(names)
        rows.append(type(row)(row.kind, row.name, row.feed, record))
    return world_of(rows, **{part: world_data[part] for part in ("coverage", "answers", "replacements") if part in world_data}), day


def over_sets(rng: Random, name: str, subject: str) -> tuple[dict[str, Any], Any]:
    """A random policy that asks about sets behind a link or within sets."""
    while True:
        data, policy = random_valid_policy(rng, rng.choice([1, 2]), name, subject=subject)
        text = json.dumps(data, default=str)
        if "household.members" in text or "registered_at." in text or text.count('"over"') > 1:
            return data, policy


@pytest.mark.parametrize("size", SIZES)
def test_every_way_says_what_the_naive_evaluator_says(bound: int, size: int, add_counts: AddCounts) -> None:
    """Verdicts, statuses, checklists and missing evidence of persons in crowded households and dwellings, by columns and by the scalar
    reading."""
    rng = Random(1000 * size + bound)
    world_data, day = crowded_world(rng, size)
    matcher = worlds.load(catalogue(), world_data, day)
    world = naive.World(CONTRACTS, world_data)
    counts: dict[str, int] = {}
    for number in range(9):
        kind = ("person", "person", "household", "dwelling")[number % 4]
        data, policy = over_sets(rng, f"crowd-{number}", kind)
        matcher.publish(policy)
        worlds.answer(matcher, policy.name, policy.subject, answers_to_checks(world_data, policy))
        columns, lists = verdicts(matcher, policy, day), computed_list(matcher, policy, day)
        for name, expectation in naive.evaluate(data, world, day).items():
            token, at = worlds.token(Kind(kind), name), (bound, size, number, name)
            missing = pairs((criterion, feed) for criterion, feed, _ in expectation.missing)
            assert columns.get(token) == expectation.verdict, at
            assert lists.get(token, (None, (), ())) == (
                (expectation.status, expectation.checklist, missing) if expectation.status else (None, (), ())
            ), at
            read = explain.verdict(matcher, policy, token, day)
            if expectation.verdict is not None:
                assert (read.verdict, read.checklist, set(read.missing)) == (
                    expectation.verdict,
                    expectation.checklist,
                    set(expectation.missing),
                ), at
                counts[expectation.verdict] = counts.get(expectation.verdict, 0) + 1
                counts["missing"] = counts.get("missing", 0) + bool(missing)
    add_counts("crowds", counts)


@pytest.mark.parametrize("seed", range(2))
def test_changes_in_parts_add_up_to_the_lists(bound: int, seed: int) -> None:
    """A random schedule, evaluated in parts before and after each message, gives one evaluation of all and the naive evaluator's lists."""
    test_incremental.run(9000 + 10 * bound + seed)


def test_shards_evaluate_in_parts_as_one_matcher_does(bound: int) -> None:
    """The changes are the same, line for line."""
    test_sharded.run(9000 + bound, 3)


@pytest.mark.parametrize("shape", SHAPES)
def test_household_of_twenty_thousand(shape: str) -> None:
    """A household of 20,000 goes through every operation in bounded memory: under one quantifier, two nested ones, records of members,
    and a sum."""
    figures = crowd_figures(20_000, shape)

    assert figures["peak"] < PEAK_MB
    assert figures["delivered"][0] >= 20_000
    assert {figures["lists"][0], figures["preview"][0], figures["changed"][0] + figures["covered"][0]} == {20_000}
    assert sum(figure[1] for figure in figures.values() if isinstance(figure, tuple)) < 30


def test_memory_does_not_grow_with_the_square() -> None:
    """With eight times the members there are 64 times the pairs: memory grows with the members, not with the pairs."""
    small, large = (crowd_figures(members, "nested")["peak"] for members in (5_000, 40_000))

    assert (large - small) * 2**20 < 4_000 * 35_000


def test_subject_of_very_many_records_is_felt_once() -> None:
    """A batch with many records of one subject evaluates the subject once, not once for each pair of records."""
    matcher, count = Matcher(presence.catalogue(), presence.DAY), 2_000
    rows = crowd.batch(matcher, "hukou", np.zeros(count, np.int64), 1, household=7, sex=crowd.MALE, birth_date=0)
    rows = replace(rows, key=np.arange(1, count + 1, dtype=np.uint64))
    matcher.apply(rows)
    again = replace(rows, delivery=2, values={**rows.values, "sex": np.full(count, crowd.FEMALE)})

    staging = stage(matcher.store, again, matcher.store.rows(again), 0, count, np.zeros(count, np.uint8))

    assert staging.count == count and staging.seeds < 3 * count
    assert len(matcher.apply(again)) == 0 and matcher.store.sizes[0] == 1


def test_until_is_never_later_than_the_day_of_the_change(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where reading on would meet too many elements, ``until`` is the day that was reached; nothing changes before that day."""
    rng = Random(3)
    world_data, day = crowded_world(rng, 8)
    matcher, earlier, same = worlds.load(catalogue(), world_data, day), 0, 0
    for number in range(12):
        _, policy = over_sets(rng, f"until-{number}", "person")
        for name in worlds.subjects(world_data)[Kind.PERSON]:
            token = worlds.token(Kind.PERSON, name)
            exact = explain.verdict(matcher, policy, token, day).until
            with monkeypatch.context() as patch:
                patch.setattr(explain, "_MOST_ELEMENTS", 3)
                until = explain.verdict(matcher, policy, token, day).until
            assert until is None if exact is None and until is None else until is not None and until > day
            assert exact is None or (until is not None and until <= exact)
            earlier += until != exact
            same += until == exact is not None

    assert earlier > 10 and same > 10


def test_no_answer_where_too_much_would_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """``still_yes`` gives no answer where the sets are too large to be read for every value."""
    income = {"sum_of": "income.monthly_income", "over": "household.members", "value": "1000"}
    policy = presence.policy({"any": [{"id": "c", "op": "lt", **income}, {"id": "d", "op": "ge", **income}]}, "person")
    world_data = {
        "persons": {name: {"hukou": {"division": presence.STREET}, "household": "h", "income": {}} for name in "ab"},
        "households": {"h": {"household": {"division": presence.STREET}}},
        "coverage": presence.COVERED,
    }
    matcher = worlds.load(presence.catalogue(), world_data, presence.DAY)
    matcher.publish(policy)
    answers = []

    for most in (1_000_000, 10):
        monkeypatch.setattr(worstcase, "_MOST_ELEMENTS", most)
        answers.append(matcher.still_yes(policy.name, worlds.token(Kind.PERSON, "a")))

    assert answers == [True, None]


def crowd_figures(members: int, shape: str) -> dict[str, Any]:
    """The output of ``tests.matchers.crowd``, run as a process of its own."""
    words = [sys.executable, "-m", "tests.matchers.crowd", str(members), shape]
    figures = json.loads(subprocess.run(words, check=True, capture_output=True, timeout=500).stdout)
    return {name: tuple(value) if isinstance(value, list) else value for name, value in figures.items()}
