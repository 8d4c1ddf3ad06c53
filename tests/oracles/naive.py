"""The naive evaluator: an independent oracle for the matching core, written from docs/en/semantics.md alone.

It works row by row on plain data as loaded from YAML, and shares no code with the engine. In the order of import:
`naive_values` (truth, exact values) → `naive_records` (rows) → `naive_world` (records at a date, coverage) →
`naive_names` (paths), `naive_policy` (the tree) → `naive_reading` (fields, elements) → `naive_rules` (truth). This
module reads verdicts, statuses and reasons off the judged tree.

Source: docs/en/semantics.md §7 to §9.

Example:
    >>> world = World(contracts, case["given"])                         # doctest: +SKIP
    >>> evaluate(policy, world, case["as_of"])["a"].verdict             # doctest: +SKIP
    'yes'
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from tests.oracles.naive_policy import Node, Policy, policy_of
from tests.oracles.naive_rules import Judge, JudgedNode, unknown_leaves
from tests.oracles.naive_values import load_yaml
from tests.oracles.naive_world import World

__all__ = ["Expectation", "World", "evaluate", "leaves", "load_yaml", "until"]

VERDICTS = {"T": "yes", "F": "no", "U": "unknown"}
Missing = tuple[str, str | None, str | None]


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the engine should say about one subject.

    `verdict` None: no verdict. `failed` only where the verdict is no, `missing` only where it is unknown.
    """

    verdict: str | None
    status: str | None
    checklist: tuple[str, ...]
    failed: tuple[str, ...]
    missing: tuple[Missing, ...]


NO_VERDICT = Expectation(None, None, (), (), ())


def evaluate(policy: Mapping[str, Any], world: World, as_of: date) -> dict[str, Expectation]:
    """What is expected for every subject of the policy's kind that the world names.

    Args:
        policy: a policy as loaded from YAML.
        world: what is known.
        as_of: the date of the verdicts.

    Returns:
        By the subject's name. A subject known only from a link, an answer or a coverage list is there too.
    """
    ready = policy_of(policy)
    return {name: expectation_of(ready, world, as_of, name) for name in world.subjects(ready.kind)}


def leaves(policy: Mapping[str, Any], world: World, as_of: date, subject: str) -> dict[str, str]:
    """The truth of every leaf outside `where`, checks included: by criterion id, or id@path where the id repeats."""
    return leaf_truths(policy_of(policy), world, as_of, subject)


def until(policy: Mapping[str, Any], world: World, as_of: date, subject: str, horizon_days: int = 800) -> date | None:
    """The first later day on which a leaf has another truth, or the policy comes into force or has just ended.

    Returns:
        None if there is no such day up to the horizon.
    """
    ready = policy_of(policy)
    today = leaf_truths(ready, world, as_of, subject)
    for ahead in range(1, min(horizon_days, (date.max - as_of).days) + 1):
        then = as_of + timedelta(ahead)
        turns = then == ready.first or then - timedelta(1) == ready.last
        if turns or leaf_truths(ready, world, then, subject) != today:
            return then
    return None


# ---- one subject -------------------------------------------------------------------------------------------------


def expectation_of(policy: Policy, world: World, as_of: date, name: str) -> Expectation:
    """What is expected for one subject."""
    at = world.at(as_of)
    subject = (policy.kind, name)
    place = at.placement(subject)
    if at.register_record(subject) is None or surely_outside(place, policy.scope):
        return NO_VERDICT
    judged = Judge(world, policy, as_of, name).root()
    verdict = VERDICTS[judged.truth]
    checklist: tuple[str, ...] = ()
    if policy.benefit and verdict != "no":
        doubting = Judge(world, policy, as_of, name, assume=False).root()
        checklist = tuple(sorted({leaf.node.id for leaf in unknown_leaves(doubting) if not leaf.answered}))
    in_force = policy.first <= as_of <= policy.last
    listable = in_force and place is not None and place.startswith(policy.scope)
    return Expectation(
        verdict,
        status_of(policy, verdict, checklist) if listable else None,
        checklist,
        tuple(sorted(set(settling_leaves(judged, "F")))) if verdict == "no" else (),
        missing_of(judged) if verdict == "unknown" else (),
    )


def surely_outside(place: str | None, scope: str) -> bool:
    """Is the subject placed where the policy is not, beyond doubt?"""
    return place is not None and not place.startswith(scope) and not scope.startswith(place)


def status_of(policy: Policy, verdict: str, checklist: tuple[str, ...]) -> str | None:
    """How a verdict inside the scope and in force stands on the list."""
    match verdict:
        case "yes":
            return "to_check" if policy.benefit and checklist else "eligible"
        case "unknown":
            return "needs_evidence" if policy.benefit else None
        case _:
            return None


# ---- reasons -----------------------------------------------------------------------------------------------------


def settling_leaves(judged: JudgedNode, truth: str) -> Iterable[str]:
    """The ids of the leaves whose whole chain makes this node, which has that truth, T or F."""
    match judged.node.form:
        case "all" | "any":
            flipped = (False,) * len(judged.children)
        case "none":
            flipped = (True,) * len(judged.children)
        case "rule":
            flipped = (False, True)[: len(judged.children)]
        case _:
            yield judged.node.id
            return
    other = {"T": "F", "F": "T"}[truth]
    for child, flips in zip(judged.children, flipped, strict=True):
        wanted = other if flips else truth
        if child.truth == wanted:
            yield from settling_leaves(child, wanted)


def missing_of(judged: JudgedNode) -> tuple[Missing, ...]:
    """For each unknown leaf that keeps the root unknown: its id, the feeds and the units to ask."""
    entries: set[Missing] = set()
    for leaf in unknown_leaves(judged):
        if leaf.node.form != "check":
            entries |= {(leaf.node.id, feed, unit) for feed, unit in leaf.asks} or {(leaf.node.id, None, None)}
    return tuple(sorted(entries, key=lambda entry: tuple(part or "" for part in entry)))


# ---- leaves ------------------------------------------------------------------------------------------------------


def leaf_truths(policy: Policy, world: World, as_of: date, name: str) -> dict[str, str]:
    """The truth of every leaf outside `where`, one entry an occurrence."""
    judged = list(all_leaves(Judge(world, policy, as_of, name).root()))
    times_used = Counter(leaf.node.id for leaf in judged)
    return {key_of(leaf.node, times_used): leaf.truth for leaf in judged}


def key_of(node: Node, times_used: Mapping[str, int]) -> str:
    """The id, with the path beside it where the id occurs more than once."""
    return node.id if times_used[node.id] == 1 else f"{node.id}@{node.path}"


def all_leaves(judged: JudgedNode) -> Iterable[JudgedNode]:
    """The leaves outside `where`, in the order of the text."""
    if judged.node.form in ("all", "any", "none", "rule"):
        for child in judged.children:
            yield from all_leaves(child)
    else:
        yield judged
