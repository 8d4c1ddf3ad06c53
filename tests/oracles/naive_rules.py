"""Truth by the naive evaluator: one subject, one date, one node after another.

Judging a node gives a tree of the same shape. It holds the truth of every node and, at an unknown leaf, the feeds and units to ask. Reasons
are then read off that tree.

Source: docs/en/semantics.md §4 to §8.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from tests.oracles.naive_names import name_of, steps_of
from tests.oracles.naive_policy import Node, Policy
from tests.oracles.naive_reading import NOBODY, Element, Reader, Reading, both
from tests.oracles.naive_values import (
    COMPARISONS,
    INFINITY,
    Field,
    Number,
    age,
    conjunction,
    day,
    disjunction,
    division,
    integers_settle,
    interval_settles,
    later,
    negation,
    number,
    period,
    text,
    truth_of,
    within,
    yes_or_no,
)
from tests.oracles.naive_world import Ask, World

ORDERED = ("int", "decimal", "date")
ORDERINGS = ("lt", "le", "gt", "ge")


@dataclass(frozen=True, slots=True)
class JudgedNode:
    """A node with its truth. `asks` is filled at a leaf that is U; `answered` is of a check."""

    node: Node
    truth: str
    children: tuple[JudgedNode, ...] = ()
    asks: frozenset[Ask] = NOBODY
    answered: bool = True


# ---- judging -----------------------------------------------------------------------------------------------------


class Judge:
    """Judges one policy for one subject at one date."""

    def __init__(self, world: World, policy: Policy, as_of: date, subject: str, assume: bool = True) -> None:
        """Be ready to judge.

        Args:
            world: what is known.
            policy: the policy.
            as_of: the date.
            subject: the name of a subject of the policy's kind.
            assume: whether an unanswered check takes the value that favours the subject, or is U.
        """
        self.world = world
        self.policy = policy
        self.as_of = as_of
        self.reader = Reader(world, policy, world.at(as_of))
        self.start = Element((policy.kind, subject))
        self.answers = world.answers.get(subject, {})
        self.assume = assume

    def root(self) -> JudgedNode:
        """The whole tree, judged."""
        return self.judge(self.policy.root, self.start, negated=False)

    def judge(self, node: Node, element: Element, negated: bool) -> JudgedNode:
        """A node, judged for an element; `negated` when under an odd number of negations."""
        if node.form in ("all", "any", "none"):
            flips = node.form == "none"
            children = tuple(self.judge(child, element, negated ^ flips) for child in node.children)
            truths = [child.truth for child in children]
            truth = conjunction(truths) if node.form == "all" else disjunction(truths)
            return JudgedNode(node, negation(truth) if flips else truth, children)
        if node.form == "rule":
            children = tuple(self.judge(child, element, negated ^ (i == 1)) for i, child in enumerate(node.children))
            truths = [negation(child.truth) if i == 1 else child.truth for i, child in enumerate(children)]
            return JudgedNode(node, conjunction(truths), children)
        if node.form == "check":
            return self.check(node, negated)
        leaves: dict[str, Callable[[Node, Element], tuple[str, frozenset[Ask]]]] = {
            "field": self.comparison,
            "age_of": self.age_truth,
            "date_of": self.date_truth,
            "quantifier": self.quantifier,
            "sum_of": self.sum_truth,
        }
        truth, asks = leaves[node.form](node, element)
        return JudgedNode(node, truth, (), asks if truth == "U" else NOBODY)

    def check(self, node: Node, negated: bool) -> JudgedNode:
        """A check: its answer, or the value that keeps the subject on a benefit's list and off a burden's."""
        answer = self.answers.get(node.id)
        if answer is not None:
            return JudgedNode(node, yes_or_no(answer))
        kind_to_her = truth_of(self.policy.benefit ^ negated)
        return JudgedNode(node, kind_to_her if self.assume else "U", answered=False)

    # -- leaves about one value --

    def comparison(self, node: Node, element: Element) -> tuple[str, frozenset[Ask]]:
        """`field op value`."""
        name, op = self.reader.name(element, node.raw["field"]), node.raw["op"]
        kind = name.field.type
        if (op in ORDERINGS and kind not in ORDERED) or (op == "within" and kind != "division"):
            raise ValueError(f"{node.path}: {op} does not go with {kind}")
        reading = self.reader.read(element, name)
        asked = self.reader.value(node.raw["value"], element, name.field.plain)
        if reading.value is None or asked.value is None:
            return "U", both(reading, asked)
        if op != "within":
            return truth_of(COMPARISONS[op](reading.value, asked.value)), NOBODY
        prefixes = asked.value if isinstance(asked.value, tuple) else (asked.value,)
        return disjunction(within(reading.value, division(prefix)) for prefix in prefixes), reading.asks

    def age_truth(self, node: Node, element: Element) -> tuple[str, frozenset[Ask]]:
        """`age_of d op n [as_of]`."""
        birth = self.reader.read(element, self.reader.name(element, node.raw["age_of"]))
        asked = self.reader.value(node.raw["value"], element, number)
        at = self.reader.value(node.raw.get("as_of") or self.as_of, element, day)
        if birth.value is None or asked.value is None or at.value is None:
            return "U", both(birth, asked, at)
        return truth_of(COMPARISONS[node.raw["op"]](age(birth.value, at.value), asked.value)), NOBODY

    def date_truth(self, node: Node, element: Element) -> tuple[str, frozenset[Ask]]:
        """`date_of d within_last P | at_least_ago P | before x | after x`."""
        op = next(word for word in ("within_last", "at_least_ago", "before", "after") if word in node.raw)
        plain: Callable[[Any], Any] = day if op in ("before", "after") else lambda raw: period(text(raw))
        reading = self.reader.read(element, self.reader.name(element, node.raw["date_of"]))
        asked = self.reader.value(node.raw[op], element, plain)
        if reading.value is None or asked.value is None:
            return "U", both(reading, asked)
        d = reading.value
        match op:
            case "within_last":
                return truth_of(d <= self.as_of <= later(d, asked.value)), NOBODY
            case "at_least_ago":
                return truth_of(self.as_of >= later(d, asked.value)), NOBODY
            case "before":
                return truth_of(d < asked.value), NOBODY
            case _:
                return truth_of(d > asked.value), NOBODY

    # -- quantifiers --

    def belonging(self, where: Node | None, element: Element) -> tuple[str, frozenset[Ask]]:
        """Does the element satisfy `where`; and if that is U, whom to ask."""
        if element.doubts:
            return "U", element.doubts
        if where is None:
            return "T", NOBODY
        judged = self.judge(where, element, negated=False)
        return judged.truth, NOBODY.union(*(leaf.asks for leaf in unknown_leaves(judged)))

    def quantifier(self, node: Node, element: Element) -> tuple[str, frozenset[Ask]]:
        """`some`, `none`, `all` and `count`."""
        reached = self.reader.reach(node.raw["over"], node.raw.get("absence", "coverage"), element.subject)
        belongs = [self.belonging(node.where, each) for each in reached.elements]
        truths = [truth for truth, _ in belongs]
        asks = reached.asks.union(*(whom for _, whom in belongs))
        unseen = [] if reached.complete else ["U"]  # what coverage does not rule out
        match node.raw["quantifier"]:
            case "some":
                return disjunction(truths + unseen), asks
            case "none":
                return negation(disjunction(truths + unseen)), asks
            case "all":
                if node.where is None:
                    raise ValueError(f"{node.path}: `all` needs `where`")
                return conjunction(truths + unseen), asks
            case "count":
                asked = self.reader.value(node.raw["value"], element, number)
                if asked.value is None:
                    return "U", asks | asked.asks
                lo = truths.count("T")
                hi = lo + truths.count("U") if reached.complete else INFINITY
                return integers_settle(lo, hi, node.raw["op"], asked.value), asks
            case other:
                raise ValueError(f"{node.path}: unknown quantifier {other!r}")

    def sum_truth(self, node: Node, element: Element) -> tuple[str, frozenset[Ask]]:
        """`sum_of f over … [where] [per g] op v`."""
        _, kind, own = steps_of(self.world, element.subject[0], node.raw["over"])
        name = name_of(self.world, kind, node.raw["sum_of"], own)
        reached = self.reader.reach(node.raw["over"], node.raw.get("absence", "coverage"), element.subject)
        asks = reached.asks
        lo: Any = 0
        hi: Any = 0
        for each in reached.elements:
            truth, whom = self.belonging(node.where, each)
            asks = asks | whom
            if truth == "F":
                continue
            addend = self.reader.read(each, name)
            if addend.value is None:
                asks = asks | addend.asks
            low, high = addend_interval(addend.value, name.field, doubtful=truth == "U")
            lo, hi = lo + low, hi + high
        if not reached.complete:
            hi = INFINITY
            lo = lo if name.field.min is not None and name.field.min >= 0 else -INFINITY
        asked = self.reader.value(node.raw["value"], element, number)
        divisor = self.divisor(node, element)
        if asked.value is None or divisor.value is None:
            return "U", asks | both(asked, divisor)
        return interval_settles(lo, hi, node.raw["op"], times(asked.value, divisor.value)), asks

    def divisor(self, node: Node, element: Element) -> Reading:
        """What `per` divides by: 1 without it, missing below 1."""
        if "per" not in node.raw:
            return Reading(1, NOBODY)
        reading = self.reader.read(element, self.reader.name(element, node.raw["per"]))
        return Reading(None, reading.asks) if reading.value is None or reading.value < 1 else reading


def addend_interval(value: Number | None, field: Field, doubtful: bool) -> tuple[Any, Any]:
    """What an element may add: its value, or the field's bounds; with nothing, if it may not count at all."""
    low: Any = value if value is not None else field.min if field.min is not None else -INFINITY
    high: Any = value if value is not None else field.max if field.max is not None else INFINITY
    return (min(low, 0), max(high, 0)) if doubtful else (low, high)


def times(value: Any, factor: Number) -> Any:
    """A number, or each number of a list, times a factor."""
    return tuple(v * factor for v in value) if isinstance(value, tuple) else value * factor


def unknown_leaves(judged: JudgedNode) -> Iterable[JudgedNode]:
    """The leaves that are U with all their ancestors U."""
    if judged.truth != "U":
        return
    if not judged.node.children:
        if judged.node.form not in ("all", "any", "none"):
            yield judged
        return
    for child in judged.children:
        yield from unknown_leaves(child)
