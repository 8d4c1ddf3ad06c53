"""Comparing two versions over all subjects gives the same as judging each subject under each version."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from matchers import worlds
from matchers.kernel.changes import STATUSES
from matchers.lists.difference import Difference, OtherKind, as_if_in_force, difference
from matchers.lists.verdicts import WORDS
from matchers.reading.explain import Explanation, explain
from policies.language.tree import Policy
from tests.matchers.counting import AddCounts, chunks, need
from tests.matchers.lists.test_criteria import leaves_of
from tests.matchers.network import catalogue, random_valid_policy
from tests.worlds import random_world

CHUNKS, WORLDS, PAIRS = 4, 10, 4
RUN = chunks(CHUNKS, (3,))

need(
    "differences", RUN, CHUNKS,
    {"subjects": 600, "entered": 20, "left": 20, "changed": 10, "unknown": 10, "decided by place": 2, "decided by criteria": 80},
)  # fmt: skip


def expected_why(move: str, sides: tuple[Explanation, Explanation], benefit: bool) -> tuple[int, frozenset[str | None]]:
    """The version that decides a move and its deciding criteria, from the two explanations."""
    new = sides[1].verdict
    open_now = new.verdict == "unknown" or new.status == "to_check"
    version = int(move in ("left", "unknown") or (move == "changed" and open_now))
    side = sides[version]
    if side.verdict.status == "to_check":
        return version, frozenset(side.verdict.checklist)
    lists = side.verdict.verdict == "yes" or (side.verdict.verdict == "unknown" and benefit)
    if side.verdict.verdict is None or (lists and side.verdict.status is None and move != "unknown"):
        return version, frozenset({None})
    return version, frozenset(leaf.meta.id for leaf in leaves_of(side.criteria) if leaf.matters)


def move_of(before: Explanation, after: Explanation) -> str | None:
    was, now = before.verdict.status, after.verdict.status
    if was != now:
        return "entered" if was is None else "left" if now is None else "changed"
    turned_unknown = before.verdict.verdict in ("yes", "no") and after.verdict.verdict == "unknown"
    return "unknown" if turned_unknown else None


def compare_movers(
    comparison: Difference, explanations: dict[int, tuple[Explanation, Explanation]], benefit: bool, counts: Counter[str]
) -> None:
    """Compares the movers, the counts and the matrix of verdicts with the explanations of every subject."""
    movers = {move.subject: move for move in comparison.movers()}
    matrix: Counter[tuple[str | None, str | None]] = Counter()
    for subject, sides in explanations.items():
        matrix[sides[0].verdict.verdict, sides[1].verdict.verdict] += 1
        move = move_of(*sides)
        mover = movers.pop(subject, None)
        assert (mover.move if mover else None) == move, subject
        counts["subjects"] += 1
        if mover is None or move is None:
            continue
        counts[move] += 1
        assert (mover.before, mover.after) == (sides[0].verdict.status, sides[1].verdict.status)
        assert (mover.verdict_before, mover.verdict_after) == (sides[0].verdict.verdict, sides[1].verdict.verdict)
        assert (mover.version, frozenset(mover.criteria)) == expected_why(move, sides, benefit), (subject, move)
        counts["decided by place" if mover.criteria == (None,) else "decided by criteria"] += 1
    assert not movers
    for a, before in enumerate(WORDS):
        for b, after in enumerate(WORDS):
            if before or after:
                assert comparison.verdicts[a, b] == matrix[before, after]
    assert comparison.turned_unknown == matrix["yes", "unknown"] + matrix["no", "unknown"]


def compare_sums(comparison: Difference) -> None:
    """The counts by street, by criterion and by status add up to the movers."""
    by_move = Counter(mover.move for mover in comparison.movers())
    assert {move: comparison.count(move) for move in by_move} == dict(by_move)
    assert sum(sum(counts.values()) for counts in comparison.streets().values()) == len(comparison.subject)
    reasons = Counter((mover.move, mover.version, criterion) for mover in comparison.movers() for criterion in mover.criteria)
    alone = Counter((mover.move, mover.version, mover.criteria[0]) for mover in comparison.movers() if len(mover.criteria) == 1)
    deciders = comparison.deciders()
    assert {(d.move, d.version, d.criterion): d.people for d in deciders} == dict(reasons)
    assert {(d.move, d.version, d.criterion): d.alone for d in deciders if d.alone} == dict(alone)
    on_list = [STATUSES.index(status) for status in STATUSES if status]
    assert comparison.statuses[0, on_list].sum() == comparison.count("entered") and comparison.statuses[
        on_list, 0
    ].sum() == comparison.count("left")


def compare(seed: int) -> Counter[str]:
    """Compares some pairs of versions over one world."""
    rng, counts = Random(f"difference {seed}"), Counter[str]()
    world_data, day = random_world(rng, 8)
    matcher = worlds.load(catalogue(), world_data, day)
    for number in range(PAIRS):
        _, old = random_valid_policy(rng, 4, f"random-{number}")
        _, new = random_valid_policy(rng, 4, f"random-{number}", subject=str(old.subject), direction=old.direction)
        state_before = (dict(matcher.policies), matcher.day)
        comparison = difference(matcher, old, new, day)
        assert (matcher.policies, matcher.day) == state_before
        assert (comparison.old, comparison.new) == (old, new)
        explanations = {}
        for name in worlds.subjects(world_data)[old.subject]:
            subject = worlds.token(old.subject, name)
            under_old, under_new = (explain(matcher, as_if_in_force(policy), subject, day) for policy in (old, new))
            explanations[subject] = (under_old, under_new)
        compare_movers(comparison, explanations, old.direction == "benefit", counts)
        compare_sums(comparison)
    return counts


@pytest.mark.parametrize("chunk", RUN)
def test_a_comparison_is_what_explanations_of_both_say(chunk: int, add_counts: AddCounts) -> None:
    """The same movers, the same verdicts before and after, and the same deciding criteria of the same version."""
    total: Counter[str] = Counter()
    for seed in range(chunk * WORLDS, (chunk + 1) * WORLDS):
        total += compare(seed)
    add_counts("differences", total)


def one_policy(seed: int, **fixed: str) -> Policy:
    return random_valid_policy(Random(seed), 4, "one", **fixed)[1]


def test_a_version_beside_itself_moves_nobody() -> None:
    """Even where one of them is not in force: the rules are compared, not the days."""
    world_data, day = random_world(Random(3), 8)
    matcher = worlds.load(catalogue(), world_data, day)
    policy = one_policy(5)

    comparison = difference(matcher, policy, replace(policy, effective_from=day.replace(year=day.year + 3)), day)

    assert len(comparison.subject) == 0 and comparison.deciders() == [] and comparison.streets() == {}
    assert comparison.verdicts.sum() == matcher.store.sizes[["person", "household", "dwelling"].index(policy.subject)]


def test_versions_about_other_kinds_cannot_be_compared() -> None:
    """Versions about persons and about households are refused."""
    matcher = worlds.load(catalogue(), *random_world(Random(3), 4))

    with pytest.raises(OtherKind):
        difference(matcher, one_policy(1, subject="person"), one_policy(1, subject="household"), matcher.day)
