"""A funnel (the same policy with one criterion more, again and again) is one program whose length grows with the criteria, not their square."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from random import Random

from matchers import worlds
from matchers.core import Matcher
from matchers.kernel.layout import KINDS
from matchers.lists.verdicts import Counts
from matchers.program.compile import compile_policies
from policies.language.tree import All, Check, Meta, NoneOf, Policy
from services.policies.preview import criteria_in_order, funnel
from tests.matchers.network import catalogue, random_valid_policy, valid_policy
from tests.worlds import random_world


def leaves(count: int) -> Policy:
    """A policy of so many different criteria, one after the other."""
    data, _ = random_valid_policy(Random(0), 1, subject="person")
    each = [{"age_of": "hukou.birth_date", "op": "ge", "value": i % 140} for i in range(count // 2)]
    each += [{"quantifier": "some", "over": "household.members", "absence": "closed", "where": criterion} for criterion in each]
    policy = valid_policy({**data, "evidence": {}, "params": {}, "definitions": {}, "discloses": [], "criteria": {"all": each}})
    assert policy is not None
    return policy


@dataclass(slots=True)
class Recorder:
    """A matcher that keeps what it was asked."""

    matcher: Matcher
    asked: list[Policy] = field(default_factory=list)

    def counts_of(self, policies: list[Policy]) -> list[Counts]:
        self.asked = policies
        return self.matcher.counts_of(policies)


def program_of(matcher: Matcher, policy: Policy) -> int:
    """How many operations the program of a policy's funnel has."""
    recorder = Recorder(matcher)
    funnel(policy, recorder)
    policies = [(version, True) for version in recorder.asked]
    kind = KINDS.index(policy.subject)
    return len(compile_policies(matcher.store.layout, kind, policies, matcher.check_number, matcher.code_of, verdicts=True).ops)


def test_each_line_is_the_policy_with_its_first_criteria() -> None:
    """As if each were asked alone, in one flat conjunction."""
    rng, lines = Random("funnel"), 0
    for number in range(120):
        records, day = random_world(rng, 6)
        matcher = worlds.load(catalogue(), records, day)
        _, policy = random_valid_policy(rng, 8, f"random-{number}")
        stages = funnel(policy, matcher)
        parts = [
            NoneOf(Meta(f"{at}", ""), (node,)) if negated else node
            for at, (node, negated) in enumerate(criteria_in_order(policy.criteria))
            if not isinstance(node, Check)
        ]
        for at, stage in enumerate(stages):
            alone = matcher.counts(replace(policy, criteria=All(Meta("flat", ""), tuple(parts[: at + 1]))))
            assert (stage.yes, stage.unknown) == (alone.yes, alone.unknown), (number, at)
        lines += len(stages)

    assert lines > 150


def test_its_program_grows_with_the_criteria() -> None:
    """Twice the criteria, hardly more than twice the operations; all within one program."""
    records, day = random_world(Random(1), 6)
    matcher = worlds.load(catalogue(), records, day)

    short, long = (program_of(matcher, leaves(count)) for count in (200, 400))

    assert long <= 2.1 * short
    assert long < 400 * 20


def test_of_no_criteria_it_is_true() -> None:
    """An empty conjunction beside others is not what stands next to it in the program."""
    records, day = random_world(Random(2), 6)
    matcher = worlds.load(catalogue(), records, day)
    policy = leaves(20)
    everybody = replace(policy, criteria=All(Meta("none", ""), ()))

    _, counts, _ = matcher.counts_of([policy, everybody, policy])

    assert counts.no == counts.unknown == 0 and counts.yes > 0
