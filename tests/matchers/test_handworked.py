"""The engine on the hand-worked cases of the page: verdicts by columns, and verdict and reasons of one subject, for any order of batches."""

from __future__ import annotations

from random import Random

import pytest

from matchers import worlds
from matchers.reading.explain import verdict as scalar
from policies.values import Kind
from tests.matchers.network import catalogue, valid_policy, verdicts
from tests.oracles.worked_cases import AS_OF, CASES, WorkedCase

ALL = [pytest.param(case, id=case.name) for case in CASES]


@pytest.mark.parametrize("case", ALL)
def test_the_engine_says_what_was_worked_out(case: WorkedCase) -> None:
    """Columns and the scalar reading give the verdict, and the feeds and units to ask, for two orders of the batches."""
    policy = valid_policy(case.policy)
    assert policy is not None, "the checker refuses the policy"
    token = worlds.token(Kind(case.subject), case.who)
    order = list(range(len(worlds.batches(catalogue(), case.world))))
    shuffled_order = Random(case.name).sample(order, len(order))

    for batches in (order, shuffled_order):
        matcher = worlds.load(catalogue(), case.world, AS_OF, batches)
        matcher.publish(policy)

        assert verdicts(matcher, policy, AS_OF).get(token) == case.verdict, "columns"
        explanation = scalar(matcher, policy, token, AS_OF)
        assert explanation.verdict == case.verdict, "scalar"
        if case.missing is not None:
            assert sorted((feed, unit) for _, feed, unit in explanation.missing) == sorted(case.missing)
