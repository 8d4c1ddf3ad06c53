"""Policies at the limits of ``policies.limits``, run with the bounds of every array access checked and compared with the naive evaluator.

``kernel/test_bounded.py`` starts this module as a process of its own, with ``NUMBA_BOUNDSCHECK=1`` and its own kernel cache: a kernel that
reads or writes outside an array then raises IndexError. The output is JSON: how many verdicts and leaves were compared.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from random import Random
from typing import Any

import numpy as np
from numba import njit

from matchers import worlds
from matchers.core import Matcher
from matchers.kernel.layout import KINDS
from matchers.lists.criteria import CriteriaReader
from matchers.reading import explain
from matchers.reading.explain import verdict as scalar
from policies import limits
from policies.checking import cost
from policies.checking.cost import PolicyTooLarge
from policies.language.tree import All, AnyOf, Policy, nodes
from policies.values import Kind
from tests.matchers.network import (
    WorldData,
    answers_to_checks,
    catalogue,
    computed_list,
    pairs,
    random_valid_policy,
    valid_policy,
    verdicts,
)
from tests.oracles import naive
from tests.worlds import CONTRACTS, random_world

LETTERS = {0: "U", 1: "T", 2: "F"}
LEAF = {"age_of": "hukou.birth_date", "op": "ge", "value": 60}
START = date(2026, 1, 1)
Data = dict[str, Any]
PolicyOfSize = Callable[[int], Data]


def policy_of(criteria: Any, **more: Any) -> Data:
    """A policy about persons."""
    return {
        "format": 1, "policy": "large", "version": 1, "direction": "benefit", "subject": "person", "scope": {"division": "31"},
        "title": {"zh": "大", "en": "large"}, "source": {"document": "示例", "issuer": "示例"}, "agency": "putuo-civil",
        "purpose": "assistance", "effective": {"from": START, "to": None}, "evidence": {}, "params": {}, "definitions": {}, "discloses": [],
        "criteria": criteria, **more,
    }  # fmt: skip


def with_marked_names(part: Any, mark: str) -> Any:
    """A part of a policy with a mark behind each name of a criterion, parameter or definition; a check keeps its name."""
    if isinstance(part, list):
        return [with_marked_names(item, mark) for item in part]
    if not isinstance(part, dict):
        return part
    names = {"param", "use", *(() if "check" in part else ("id",))}
    return {key: value + mark if key in names else with_marked_names(value, mark) for key, value in part.items()}


def mixed_policy(count: int) -> Data:
    """A policy of ``count`` nodes: many small random rules, each accepted by the checker, joined by one ``any``."""
    rng = Random("bounded")
    rules: list[Data] = []
    parts: Data = {"evidence": {}, "params": {}, "definitions": {}}
    left = count - 1
    while left > 12:
        data, policy = random_valid_policy(rng, 5, subject="person", direction="benefit")
        size = sum(1 for _ in nodes(policy.criteria))
        if size >= left:
            continue
        mark = f"_{len(rules)}"
        rules.append(with_marked_names(data["criteria"], mark))
        parts["evidence"] |= data["evidence"]
        for part in ("params", "definitions"):
            parts[part] |= {name + mark: with_marked_names(value, mark) for name, value in data[part].items()}
        left -= size
    for values in (param["values"] for param in parts["params"].values()):
        values[0] = {**values[0], "from": START}
    rules += [{**LEAF, "id": f"leaf{i}"} for i in range(left)]
    return policy_of({"any": rules}, **parts)


def deep_policy(levels: int) -> Data:
    """A policy of ``levels`` levels: definitions that negate one another."""
    last = (levels - 1) // 2
    definitions: Data = {f"d{i}": {"none": [{"use": f"d{i + 1}"}]} for i in range(last)}
    definitions[f"d{last}"] = LEAF if levels % 2 else {"none": [LEAF]}
    return policy_of({"use": "d0"}, definitions=definitions)


def policy_with_long_lists(values: int) -> Data:
    """A policy with long lists: of texts, and of numbers inside a set of members. A few values of each occur in the world."""
    texts = [f"trade{i}" for i in range(values - 1)]
    numbers = {"field": "assets.debts", "op": "not_in", "value": list(range(-2, values // 4 - 2))}
    members = {"quantifier": "some", "over": "household.members", "absence": "closed", "where": numbers}
    return policy_of({"any": [{"field": "hukou.occupation", "op": "in", "value": [*texts, "nurse"]}, members]})


def policy_with_tables(uses: int) -> Data:
    """A policy of ``uses`` comparisons with multiples of entries of the largest table that is allowed."""
    table = {"unit": "person", "values": [{"from": START, "table": {"0": 1, "1": 2, "2..4": 3, "6..9999": 1}}]}
    by = {"param": "p", "by": "household.survey.beds"}
    some = [{"field": "hukou.dependants", "op": op, "value": by | {"times": f"{i + 1}/2"}}
            for i in range(-(-uses // 2)) for op in ("ge", "lt")]  # fmt: skip
    return policy_of({"any": some[:uses]}, params={"p": table}, evidence={"survey": {"max_age": "P30D"}})


def costly_policy(work: int) -> Data:
    """A policy of ``work`` comparisons, most of them in sets within sets."""
    members = {"quantifier": "some", "over": "household.members", "absence": "closed"}
    nested = {**members, "where": {**members, "where": {**members, "where": {"field": "hukou.dependants", "op": "in", "value": [1, 2, 3]}}}}
    each = valid_policy(policy_of({"any": [nested, LEAF]}))
    assert each is not None
    feeds = catalogue().feeds
    count, rest = divmod(work - 1, cost.Cost(feeds).work(each.criteria) - 2)
    return policy_of({"any": [nested] * count + [LEAF] * rest})


SIZES: list[tuple[str, PolicyOfSize, tuple[int, ...]]] = [
    ("criteria", mixed_policy, (limits.CRITERIA - 1, limits.CRITERIA)),
    ("levels", deep_policy, (limits.LEVELS - 1, limits.LEVELS)),
    ("values", policy_with_long_lists, (limits.LIST - 1, limits.LIST)),
    ("cells", policy_with_tables, (limits.CELLS // limits.KEYS - 1, limits.CELLS // limits.KEYS)),
    ("work", costly_policy, (limits.WORK - 1, limits.WORK)),
]


def agree(matcher: Matcher, data: Data, policy: Policy, world_data: WorldData, day: date) -> Counter[str]:
    """Compares columns, lists and the scalar reading with the naive evaluator, for every subject and every leaf; counts what was compared."""
    counts: Counter[str] = Counter()
    world = naive.World(CONTRACTS, world_data)
    expected = naive.evaluate(data, world, day)
    columns, lists = verdicts(matcher, policy, day), computed_list(matcher, policy, day)
    judge = CriteriaReader(matcher, policy)
    subjects = set(worlds.subjects(world_data)[policy.subject])
    for name, expectation in expected.items():
        token = worlds.token(Kind(policy.subject), name)
        missing = pairs((criterion, feed) for criterion, feed, _ in expectation.missing)
        assert columns.get(token) == expectation.verdict, (policy.name, name)
        assert lists.get(token, (None, (), ())) == (
            (expectation.status, expectation.checklist, missing) if expectation.status else (None, (), ())
        ), name
        counts[f"verdict {expectation.verdict}"] += 1
        if name not in subjects:
            continue
        read = scalar(matcher, policy, token, day)
        assert (read.verdict, read.status, read.checklist, read.failed) == (
            expectation.verdict,
            expectation.status,
            expectation.checklist,
            expectation.failed,
        ), name
        assert set(read.missing) == set(expectation.missing), name
        truth = (
            judge.read(matcher.store.entities(KINDS.index(Kind(policy.subject)), np.array([token], np.uint64)), day).truth[:, 0].tolist()
        )
        by_id = naive.leaves(data, world, day, name)
        for leaf, code in zip(judge.leaves, truth, strict=True):
            letter = by_id.get(leaf.meta.id) or by_id[f"{leaf.meta.id}@{leaf.meta.path}"]
            counts[f"leaf {letter}"] += 1
            if type(leaf).__name__ != "Check":
                assert LETTERS[code] == letter, (name, leaf.meta.path)
    return counts


def at_the_limits() -> Counter[str]:
    """Publishes each policy over a world and compares all readings."""
    counts: Counter[str] = Counter()
    for number, (what, build, sizes) in enumerate(SIZES):
        for size in sizes:
            data = build(size)
            policy = valid_policy(data)
            assert policy is not None, (what, size)
            world_data, day = random_world(Random(f"world {number}"), 6)
            matcher = worlds.load(catalogue(), world_data, day)
            matcher.publish(policy)
            worlds.answer(matcher, policy.name, policy.subject, answers_to_checks(world_data, policy))
            counts += agree(matcher, data, policy, world_data, day)
            counts[what] += 1
    return counts


def beyond_the_limits() -> Counter[str]:
    """A policy that bypassed the checker is refused wherever it would be run, and nothing changes; with higher limits it is run."""
    counts: Counter[str] = Counter()
    world_data, day = random_world(Random("beyond"), 6)
    matcher = worlds.load(catalogue(), world_data, day)
    small = valid_policy(policy_of({"any": [LEAF]}))
    assert small is not None
    matcher.publish(small)
    before = matcher.candidates("large")
    for size in (limits.CRITERIA + 1, limits.CRITERIA + 64, 5_000):
        leaf = small.criteria.children[0]  # type: ignore[union-attr]  # it is an any
        large = replace(small, version=2, criteria=AnyOf(small.criteria.meta, (leaf,) * (size - 1)))
        for run in (matcher.publish, matcher.preview, lambda policy: CriteriaReader(matcher, policy)):
            try:
                run(large)
            except PolicyTooLarge as refused:
                counts["refused"] += f"{limits.CRITERIA:,}" in refused.text.zh
        assert matcher.policies["large"] is small and matcher.candidates("large") == before
        most, limits.CRITERIA = limits.CRITERIA, size
        try:
            assert matcher.preview(large) == before, "the kernels have a number of their own"
        finally:
            limits.CRITERIA = most
        counts["run with other limits"] += 1
    nobody = replace(small, criteria=All(small.criteria.meta, ()))
    assert matcher.counts(nobody).no == matcher.counts(nobody).unknown == 0, "an empty conjunction is true"
    return counts


def sums() -> Counter[str]:
    """Sums beyond 64 bits, and thresholds near their end, are exact."""
    counts: Counter[str] = Counter()
    great = 4 * 10**18
    homes: dict[str, list[int | None]] = {
        "a": [great] * 3,
        "b": [great, great, -great, 5],
        "c": [-great] * 9,
        "d": [great, None],
        "e": [7],
        "f": [*[great] * 12, *[-great] * 12],
    }
    persons = {
        f"{home}{i}": {"household": home, "hukou": {"division": "310107020"}, "assets": {} if debts is None else {"debts": debts}}
        for home, all_debts in homes.items()
        for i, debts in enumerate(all_debts)
    }
    households = {
        home: {"household": {"division": "310107020", "size": size}} for home, size in zip(homes, (3, 99, 1, 2, 7, 24), strict=True)
    }
    world_data = {"persons": persons, "households": households, "coverage": []}
    day = date(2026, 10, 15)
    matcher = worlds.load(catalogue(), world_data, day)
    for per, most in ((None, limits.WHOLE), ("size", limits.QUOTIENT)):
        for value in (0, 5, 7, 10**14, great, most - 1, 1 - most, great + 5, most // 2):
            for op in ("lt", "le", "gt", "ge", "eq", "ne"):
                unit = "CNY/person" if per else "CNY"
                rule = {"sum_of": "assets.debts", "over": "members.assets", "absence": "closed", "op": op, "value": {"param": "p"}}
                data = policy_of(rule | ({"per": per} if per else {}), subject="household",
                                 params={"p": {"unit": unit, "values": [{"from": START, "value": value}]}})  # fmt: skip
                policy = valid_policy(data)
                if policy is None:  # refused for its size
                    assert abs(value) >= most
                    continue
                counts += agree(matcher, data, policy, world_data, day)
                counts["sums"] += 1
    return counts


def checked_bounds() -> None:
    """Fails unless a kernel that reads beyond an array raises."""

    @njit  # type: ignore[untyped-decorator]  # numba has no types
    def outside(array: Any, at: int) -> Any:
        return array[at]

    try:
        outside(np.zeros(4, np.int64), 4)
    except IndexError:
        return
    raise AssertionError("NUMBA_BOUNDSCHECK=1 is needed")


def parts() -> Iterator[Counter[str]]:
    explain._until = lambda *_: None  # most of a verdict's time, and held to its own oracle in test_until
    checked_bounds()
    yield sums()
    yield beyond_the_limits()
    yield at_the_limits()


if __name__ == "__main__":
    total: Counter[str] = Counter()
    for part in parts():
        total += part
    print(json.dumps(total))
