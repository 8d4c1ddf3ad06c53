"""One policy read for one subject on one day: each leaf's truth, what it rests on, and the units to ask.

The rule tree is read row by row, from the same matrix as the compiled program. So explanations and lists are two computations, which tests
compare. Source: docs/en/semantics.md sections 5 to 8.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Literal, assert_never

from matchers.kernel.layout import KINDS
from matchers.program.state import MatcherState
from matchers.reading.answers import LeafAnswer
from matchers.reading.comparisons import CountComparison, SumComparison
from matchers.reading.elements import Ask, CellKey, Element, Elements, without_proof
from matchers.reading.kleene import Truth, conjunction, holds, invert, settle
from matchers.reading.single_values import ValueReading
from policies.language.tree import (
    Age,
    All,
    AnyOf,
    Check,
    Compare,
    DateTest,
    Leaf,
    Node,
    NoneOf,
    ParamValue,
    Policy,
    Quantifier,
    Sum,
    Unless,
    children,
)


class PolicyReading(ValueReading):
    """One policy read for one subject on one day."""

    def __init__(
        self, state: MatcherState, policy: Policy, root: Element, day: date, supplied: Mapping[CellKey, int] | None = None
    ) -> None:
        super().__init__(state, policy, day, supplied)
        self.root = root
        self.leaf: dict[int, LeafAnswer] = {}  # by identity of the node, so that a shared definition is read once
        self.sets: dict[object, LeafAnswer] = {}  # of the leaf that is being read, by their start
        self.shared: set[int] = set()  # identities of these answers

    def answer(self, leaf: Leaf) -> LeafAnswer:
        """The answer of a leaf outside ``where``; unanswered checks are unknown here."""
        answer = self.leaf.get(id(leaf))
        if answer is None:
            self.rows.ways.clear()
            self.sets.clear()
            self.shared.clear()
            answer = self.leaf[id(leaf)] = self._leaf(leaf, self.root)
            answer.ways = list(self.rows.ways)
        return answer

    def truth(self, node: Node, assume: Truth) -> Truth:
        """The truth of a node outside ``where``; unanswered checks are assumed to be ``assume`` (inverted under a negation)."""
        match node:
            case All():
                return conjunction([self.truth(child, assume) for child in node.children])
            case AnyOf():
                return invert(conjunction([invert(self.truth(child, assume)) for child in node.children]))
            case NoneOf():
                return conjunction([invert(self.truth(child, invert(assume))) for child in node.children])
            case Unless():
                return conjunction([self.truth(node.rule, assume), invert(self.truth(node.unless, invert(assume)))])
            case Check():
                check_answer = self._check_answer(node)
                return assume if check_answer is None else check_answer
            case _:
                return self.answer(node).truth

    def _check_answer(self, check: Check) -> Truth:
        number = self.state.check_numbers.get((self.policy.name, check.meta.id))
        return None if number is None else self.state.answers.get((number, self.root.row))

    # -- inside where ----------------------------------------------------------------------------------------------------

    def where(self, node: Node, at: Element, answers: dict[int, LeafAnswer]) -> Truth:
        match node:
            case All():
                return conjunction([self.where(child, at, answers) for child in node.children])
            case AnyOf():
                return invert(conjunction([invert(self.where(child, at, answers)) for child in node.children]))
            case NoneOf():
                return conjunction([invert(self.where(child, at, answers)) for child in node.children])
            case Unless():
                return conjunction([self.where(node.rule, at, answers), invert(self.where(node.unless, at, answers))])
            case _:
                answers[id(node)] = self._leaf(node, at) if not isinstance(node, Quantifier | Sum) else self._set(node, at)
                return answers[id(node)].truth

    def _set(self, leaf: Quantifier | Sum, at: Element) -> LeafAnswer:
        """A leaf over a set. Elements that lead to the same set, compared with the same values, share one answer."""
        start = self.rows.start(leaf.path, at)
        if start.row < 0:
            return self._leaf(leaf, at)
        by = leaf.value.by if isinstance(leaf.value, ParamValue) else None
        refs = (by, leaf.per if isinstance(leaf, Sum) else None)
        key = (id(leaf), start.kind, start.row, *(self.rows.read(ref, at) for ref in refs if ref is not None))
        answer = self.sets.get(key)
        if answer is None:
            answer = self.sets[key] = self._leaf(leaf, at)
            self.shared.add(id(answer))
        return answer

    def _chain(self, node: Node, at: Element, answers: dict[int, LeafAnswer]) -> set[Ask]:
        """The units to ask for leaves of a ``where`` that are unknown with all their ancestors in it."""
        if self.where(node, at, dict(answers)) is not None:
            return set()
        below = children(node)
        if not below:
            return set(answers[id(node)].asks)
        return {ask for child in below for ask in self._chain(child, at, answers)}

    # -- leaves ----------------------------------------------------------------------------------------------------------

    def _leaf(self, leaf: Leaf, at: Element) -> LeafAnswer:
        match leaf:
            case Compare():
                return self._compare(leaf, at)
            case Age():
                return self._age(leaf, at)
            case DateTest():
                return self._date(leaf, at)
            case Quantifier():
                return self._quantifier(leaf, at)
            case Sum():
                return self._sum(leaf, at)
            case Check():
                return LeafAnswer(self._check_answer(leaf))
            case _:
                assert_never(leaf)

    def _element_truths(self, leaf: Quantifier | Sum, elements: Elements, answer: LeafAnswer) -> list[Truth]:
        out: list[Truth] = []
        added_ids: set[int] = set()
        for element in elements.items:
            if element.doubt:
                answer.asks |= {(feed, self.rows.unit(feed, record)) for feed, record in element.doubt}
                answer.records.extend((feed, record, None) for feed, record in sorted(element.doubt))
                truth: Truth = None
            elif leaf.where is None:
                truth = True
            else:
                inner: dict[int, LeafAnswer] = {}
                truth = self.where(leaf.where, element, inner)
                if truth is None:
                    answer.asks |= self._chain(leaf.where, element, inner)
                for inner_answer in inner.values():
                    if id(inner_answer) not in added_ids:
                        answer.records.extend(inner_answer.records)
                        answer.gaps |= inner_answer.gaps
                        answer.lookups |= inner_answer.lookups
                added_ids |= self.shared & set(map(id, inner.values()))
            if element.feed is not None:
                answer.records.append((element.feed, element.record, None))
            out.append(truth)
        return out

    def _quantifier(self, leaf: Quantifier, at: Element) -> LeafAnswer:
        elements = self.rows.elements(leaf.path, at, leaf.absence)
        answer = LeafAnswer(None, set(elements.asks))
        truths = self._element_truths(leaf, elements, answer)
        yes, unknown = truths.count(True), truths.count(None)
        unit: Literal["person", "record"] = "person" if leaf.path[-1].kind in ("members", "inverse") else "record"
        answer.comparison = CountComparison(yes, yes + unknown, elements.complete, unit)
        decided = False  # also where there may be more elements than these
        match leaf.kind:
            case "some" | "none":
                decided = yes > 0
                truth: Truth = True if yes else (False if elements.complete and not unknown else None)
                answer.truth = truth if leaf.kind == "some" else invert(truth)
            case "all":
                decided = False in truths
                answer.truth = False if decided else (True if elements.complete and not unknown else None)
            case "count":
                decided = self._count(leaf, at, answer, answer.comparison)
        answer.lookups |= without_proof(elements.lookups) if decided else elements.lookups
        return answer.as_unknown() if answer.truth is None else answer.without_asks()

    def _count(self, leaf: Quantifier, at: Element, answer: LeafAnswer, count: CountComparison) -> bool:
        """Compares a count; gives whether the truth would be the same if there were more elements."""
        assert leaf.op is not None and leaf.value is not None
        values = self._values(leaf.value, None, at, answer)
        if values is None:
            answer.as_unknown()
            return False
        answer.comparison = replace(count, operator=leaf.op, bound=self._bound(leaf.value, values))
        answer.truth, open_truth = (
            _count_truth(leaf.op, count.low, high, values[0]) for high in (count.high if count.complete else None, None)
        )
        return open_truth is not None

    def _sum(self, leaf: Sum, at: Element) -> LeafAnswer:
        elements = self.rows.elements(leaf.path, at, leaf.absence)
        answer = LeafAnswer(None, set(elements.asks))
        of = self.rows.field(leaf.addend)
        truths = self._element_truths(leaf, elements, answer)
        low: int | None = 0
        high: int | None = 0
        below: Counter[CellKey] = Counter()  # how often each supplied cell is in low, and in high
        above: Counter[CellKey] = Counter()
        for element, truth in zip(elements.items, truths, strict=True):
            if truth is False:
                continue
            cell = self.rows.read(leaf.addend, element)
            answer.take(cell, leaf.addend.field)
            least, most = (cell.value, cell.value) if cell.value is not None else (of.min, of.max)
            if cell.key is not None and cell.value is not None:
                below[cell.key] += truth is True or cell.value < 0
                above[cell.key] += truth is True or cell.value > 0
                if truth is None:
                    self.marks.cut(cell, 0)
            if truth is None:
                least, most = (None if least is None else min(least, 0)), (None if most is None else max(most, 0))
            low = None if low is None or least is None else low + least
            high = None if high is None or most is None else high + most
        open_low = low if of.min is not None and of.min >= 0 else None  # where there may be more elements than these
        if not elements.complete:
            low, high = open_low, None
        divisor: int | None = 1
        if leaf.per is not None:
            cell = self.rows.read(leaf.per, at)
            answer.take(cell, leaf.per.field)
            if cell.key is not None:
                self.marks.keys.add(cell.key)
            divisor = cell.value
            if divisor is not None and divisor < 1:
                answer.asks.add((cell.feed, self.rows.unit(cell.feed, cell.record) if cell.record >= 0 else self._first_unit(cell.feed)))
                divisor = None
        values = self._values(leaf.value, of, at, answer)
        ends = [None if end is None else self.rows.value(of, end) for end in (low, high)]
        bound = self._bound(leaf.value, values, of)
        answer.comparison = SumComparison(ends[0], ends[1], leaf.op, bound, leaf.per, divisor)  # type: ignore[arg-type]  # addends are numbers
        if values is None or divisor is None:
            return answer.as_unknown()
        limit = values[0] * divisor
        for weights, end in ((below, low), (above, high)):
            if end is not None:
                given_now = sum(times * self.rows.supplied[key] for key, times in weights.items())
                self.marks.line(+weights, limit - end + given_now)
        answer.truth = settle(leaf.op, low, high, limit)
        decided = settle(leaf.op, open_low, None, limit) is not None
        answer.lookups |= without_proof(elements.lookups) if decided else elements.lookups
        return answer.as_unknown() if answer.truth is None else answer.without_asks()

    def _first_unit(self, feed: str) -> str:
        return self.rows.feed(feed).sources[0].unit


def _count_truth(op: str, low: int, high: int | None, limit: Fraction) -> Truth:
    """The truth of a count between two numbers (None: no limit)."""
    top = max(low, int(limit)) + 2 if high is None else high
    outcomes = {holds(op, n, limit) for n in {low, top, *(n for n in range(int(limit) - 1, int(limit) + 3) if low <= n <= top)}}
    return outcomes.pop() if len(outcomes) == 1 else None


def subject(state: MatcherState, policy: Policy, token: int) -> Element:
    """The subject of a question about a policy; its row is -1 where no record ever named it."""
    kind = KINDS.index(policy.subject)
    return Element(kind, state.store.entity(kind, token), None, -1)
