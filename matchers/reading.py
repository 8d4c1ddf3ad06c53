"""One policy read for one subject at one day, in words: each leaf's truth, what it rests on, whom to ask.

The one idea: the rule tree is read once more, row by row, from the same matrix as the compiled program; what a person is told and what the
lists say are two computations, held against each other in tests. Source: docs/semantics.md sections 5 to 8.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import assert_never

from matchers import kernels as k
from matchers.answers import Answer, Marks
from matchers.kleene import Truth, conjunction, holds, invert, settle
from matchers.rows import Ask, CellKey, Element, Elements, Rows
from matchers.shard import Shard
from matchers.thresholds import Test, ages, day_of, days, param_at, scalar
from policies.catalogue import Field, FieldType
from policies.tree import (
    Age,
    All,
    AnyOf,
    Check,
    Compare,
    DateTest,
    Leaf,
    Literals,
    Node,
    NoneOf,
    ParamValue,
    Policy,
    Quantifier,
    Sum,
    Unless,
    Value,
    children,
)
from policies.values import birthday, completed_years, within

_SIGNS = {"eq": "=", "ne": "≠", "lt": "<", "le": "≤", "gt": ">", "ge": "≥"}


class Reading:
    """One policy read for one subject at one day."""

    def __init__(self, shard: Shard, policy: Policy, root: Element, day: date, supplied: Mapping[CellKey, int] | None = None) -> None:
        self.shard, self.policy, self.root, self.day = shard, policy, root, day
        self.rows = Rows(shard, policy, day, supplied)
        self.marks = Marks()
        self.leaf: dict[int, Answer] = {}  # by identity of the node: a definition used twice is read once

    def answer(self, leaf: Leaf) -> Answer:
        """A leaf outside ``where``; checks are unknown here."""
        found = self.leaf.get(id(leaf))
        if found is None:
            self.rows.ways.clear()
            found = self.leaf[id(leaf)] = self._leaf(leaf, self.root)
            found.ways = list(self.rows.ways)
        return found

    def truth(self, node: Node, assume: Truth) -> Truth:
        """Of a node outside ``where``, unanswered checks taken as ``assume`` (turned round under a negation)."""
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
                answered = self._answered(node)
                return assume if answered is None else answered
            case _:
                return self.answer(node).truth

    def _answered(self, check: Check) -> Truth:
        number = self.shard.check_numbers.get((self.policy.name, check.meta.id))
        return None if number is None else self.shard.answers.get((number, self.root.row))

    # -- inside where ----------------------------------------------------------------------------------------------------

    def where(self, node: Node, at: Element, answers: dict[int, Answer]) -> Truth:
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
                answers[id(node)] = self._leaf(node, at)
                return answers[id(node)].truth

    def _chain(self, node: Node, at: Element, answers: dict[int, Answer]) -> set[Ask]:
        """Whom to ask for the unknown leaves of a ``where`` whose chain within it is unknown."""
        if self.where(node, at, dict(answers)) is not None:
            return set()
        below = children(node)
        if not below:
            return set(answers[id(node)].asks)
        return {ask for child in below for ask in self._chain(child, at, answers)}

    # -- leaves ----------------------------------------------------------------------------------------------------------

    def _leaf(self, leaf: Leaf, at: Element) -> Answer:
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
                return Answer(self._answered(leaf))
            case _:
                assert_never(leaf)

    def _values(self, value: Value, of: Field | None, at: Element, answer: Answer) -> list[Fraction] | None:
        """What a value is today, encoded as the field is; None where unknown, the reasons added."""
        match value:
            case Literals():
                return [scalar(of, one, self.shard.code_of) for one in value.values]
            case ParamValue():
                param = self.policy.params[value.param]
                for start, _ in param.entries:
                    self.rows.note(days(start))
                key: str | int | None = None
                if value.by is not None:
                    cell = self.rows.read(value.by, at)
                    answer.take(cell, value.by.field)
                    if cell.key is not None:
                        self.marks.keys.add(cell.key)
                    if cell.value is None:
                        return None
                    by = self.rows.field(value.by)
                    key = by.codes[cell.value] if by.type is FieldType.ENUM else cell.value
                found = param_at(param, self.day, key)
                if found is None:
                    answer.asks.add((None, None))
                    return None
                return [scalar(of, found, self.shard.code_of) * value.times]

    def _compare(self, leaf: Compare, at: Element) -> Answer:
        answer = Answer(None)
        cell = self.rows.read(leaf.ref, at)
        answer.take(cell, leaf.ref.field)
        of = self.rows.field(leaf.ref)
        if leaf.op == "within":
            if cell.value is not None and isinstance(leaf.value, Literals):
                code = self.rows.store.divisions.texts[cell.value]
                found = [within(code, str(prefix)) for prefix in leaf.value.values]
                answer.truth = invert(conjunction([invert(one) for one in found]))
                if answer.truth is None:
                    answer.asks.add((leaf.ref.feed, self.rows.unit(cell.feed, cell.record)))
            answer.found = f"{self.rows.text(of, cell.value)} ∈ {self._value_text(leaf.value)}"
            return answer
        values = self._values(leaf.value, of, at, answer)
        answer.found = f"{self.rows.text(of, cell.value) or '?'} {_SIGNS.get(leaf.op, leaf.op)} {self._value_text(leaf.value, values, of)}"
        if cell.value is None or values is None:
            return answer.unsettled()
        self.marks.cut(cell, *values)
        if leaf.op in ("in", "not_in"):
            answer.truth = (cell.value in values) == (leaf.op == "in")
        else:
            answer.truth = holds(leaf.op, cell.value, values[0])
        answer.asks.clear()
        return answer

    def _value_text(self, value: Value | None, values: list[Fraction] | None = None, of: Field | None = None) -> str:
        match value:
            case Literals():
                return ", ".join(map(str, value.values))
            case ParamValue():
                if values is None:
                    return value.param
                shown = self.rows.text(of, int(values[0])) if of is not None and values[0].denominator == 1 else str(values[0])
                return f"{value.param} ({shown})"
            case None:
                return ""

    def _age(self, leaf: Age, at: Element) -> Answer:
        answer = Answer(None)
        cell = self.rows.read(leaf.ref, at)
        answer.take(cell, leaf.ref.field)
        values = self._values(leaf.value, None, at, answer)
        if cell.value is None or values is None:
            answer.found = f"? {_SIGNS[leaf.op]} {self._value_text(leaf.value)}"
            return answer.unsettled()
        born = day_of(cell.value)
        age = completed_years(born, leaf.at or self.day)
        if cell.key is not None:
            self.marks.cut(cell, *(ages(int(values[0]) + more, int(k.HIGH), leaf.at or self.day)[1] for more in (0, 1)))
        if leaf.at is None:
            for years in {int(values[0]), int(values[0]) + 1}:
                if years >= 0:
                    self.rows.note(days(birthday(born, years)))
        answer.truth = holds(leaf.op, age, values[0])
        answer.found = f"{age} {_SIGNS[leaf.op]} {self._value_text(leaf.value, values)}"
        answer.asks.clear()
        return answer

    def _date(self, leaf: DateTest, at: Element) -> Answer:
        answer = Answer(None)
        cell = self.rows.read(leaf.ref, at)
        answer.take(cell, leaf.ref.field)
        if leaf.period is not None:
            if cell.value is None:
                return answer
            if cell.key is not None:
                test = Test(leaf.op, "eq", None, None, None, Fraction(1), leaf.period)  # type: ignore[arg-type]  # the two shapes with a period
                low, high, *_ = test.rows(self.day, self.shard.code_of)[0]
                self.marks.cut(cell, *({low, high} - {int(k.LOW)}))
            start = day_of(cell.value)
            end = leaf.period.after(start)
            if leaf.op == "within_last":
                answer.truth = start <= self.day <= end
                self.rows.note(cell.value)
                self.rows.note(days(end) + 1)
            else:
                answer.truth = self.day >= end
                self.rows.note(days(end))
            answer.found = f"{start.isoformat()} {leaf.op} {leaf.period}"
            return answer
        values = self._values(leaf.value, self.rows.field(leaf.ref), at, answer) if leaf.value is not None else None
        if cell.value is None or values is None:
            return answer.unsettled()
        self.marks.cut(cell, values[0])
        answer.truth = cell.value < values[0] if leaf.op == "before" else cell.value > values[0]
        answer.found = f"{day_of(cell.value).isoformat()} {leaf.op} {self._value_text(leaf.value)}"
        answer.asks.clear()
        return answer

    def _element_truths(self, leaf: Quantifier | Sum, found: Elements, answer: Answer) -> list[Truth]:
        out: list[Truth] = []
        for one in found.found:
            if one.doubt:
                answer.asks |= {(feed, self.rows.unit(feed, record)) for feed, record in one.doubt}
                answer.records.extend((feed, record, None) for feed, record in sorted(one.doubt))
                truth: Truth = None
            elif leaf.where is None:
                truth = True
            else:
                inner: dict[int, Answer] = {}
                truth = self.where(leaf.where, one, inner)
                if truth is None:
                    answer.asks |= self._chain(leaf.where, one, inner)
                for given in inner.values():
                    answer.records.extend(given.records)
                    answer.gaps |= given.gaps
            if one.feed is not None:
                answer.records.append((one.feed, one.record, None))
            out.append(truth)
        return out

    def _quantifier(self, leaf: Quantifier, at: Element) -> Answer:
        found = self.rows.elements(leaf.path, at, leaf.absence)
        answer = Answer(None, set(found.asks))
        truths = self._element_truths(leaf, found, answer)
        yes, unknown = truths.count(True), truths.count(None)
        answer.found = f"{yes}" + (f"–{yes + unknown}" if unknown else "") + ("" if found.complete else "+")
        match leaf.kind:
            case "some" | "none":
                truth: Truth = True if yes else (False if found.complete and not unknown else None)
                answer.truth = truth if leaf.kind == "some" else invert(truth)
            case "all":
                answer.truth = False if False in truths else (True if found.complete and not unknown else None)
            case "count":
                self._count(leaf, at, answer, yes, yes + unknown if found.complete else None)
        return answer.unsettled() if answer.truth is None else answer.settled()

    def _count(self, leaf: Quantifier, at: Element, answer: Answer, low: int, high: int | None) -> None:
        assert leaf.op is not None and leaf.value is not None
        values = self._values(leaf.value, None, at, answer)
        if values is None:
            answer.unsettled()
            return
        answer.found += f" {_SIGNS[leaf.op]} {self._value_text(leaf.value, values)}"
        limit = values[0]
        top = max(low, int(limit)) + 2 if high is None else high
        outcomes = {holds(leaf.op, n, limit) for n in {low, top, *(n for n in range(int(limit) - 1, int(limit) + 3) if low <= n <= top)}}
        answer.truth = outcomes.pop() if len(outcomes) == 1 else None

    def _sum(self, leaf: Sum, at: Element) -> Answer:
        found = self.rows.elements(leaf.path, at, leaf.absence)
        answer = Answer(None, set(found.asks))
        of = self.rows.field(leaf.addend)
        truths = self._element_truths(leaf, found, answer)
        low: int | None = 0
        high: int | None = 0
        below: Counter[CellKey] = Counter()  # how often a supplied cell is in low, and in high
        above: Counter[CellKey] = Counter()
        for one, truth in zip(found.found, truths, strict=True):
            if truth is False:
                continue
            cell = self.rows.read(leaf.addend, one)
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
        if not found.complete:
            high = None
            low = low if of.min is not None and of.min >= 0 else None
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
        shown = f"[{'−∞' if low is None else self.rows.text(of, low)}, {'∞' if high is None else self.rows.text(of, high)}]"
        answer.found = (self.rows.text(of, low) if low is not None and low == high else shown) + f" {_SIGNS[leaf.op]} "
        answer.found += self._value_text(leaf.value, values, of) + (
            f" × {divisor if divisor is not None else '?'}" if leaf.per is not None else ""
        )
        if values is None or divisor is None:
            return answer.unsettled()
        limit = values[0] * divisor
        for weights, end in ((below, low), (above, high)):
            if end is not None:
                given_now = sum(times * self.rows.supplied[key] for key, times in weights.items())
                self.marks.line(+weights, limit - end + given_now)
        answer.truth = settle(leaf.op, low, high, limit)
        return answer.unsettled() if answer.truth is None else answer.settled()

    def _first_unit(self, feed: str) -> str:
        return self.rows.feed(feed).sources[0].unit
