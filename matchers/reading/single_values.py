"""Leaves that compare one value of one subject: a field, an age, a date.

``matchers.reading.reading`` adds logic and sets. Source: docs/en/semantics.md section 5.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from fractions import Fraction

from matchers.kernel.kernels.arithmetic import HIGH, LOW
from matchers.kernel.thresholds import Test, ages, day_of, days, param_at, scalar
from matchers.program.state import MatcherState
from matchers.reading.answers import LeafAnswer, Marks
from matchers.reading.comparisons import (
    AgeComparison,
    Bound,
    DateComparison,
    DivisionComparison,
    LiteralBound,
    ParameterBound,
    PeriodComparison,
    ValueComparison,
)
from matchers.reading.elements import CellKey, Element
from matchers.reading.kleene import conjunction, holds, invert
from matchers.reading.rows import InputReader
from policies.language.catalogue import Field, FieldType
from policies.language.tree import Age, Compare, DateTest, Literals, ParamValue, Policy, Value
from policies.values import birthday, completed_years, within


class ValueReading:
    """Reads leaves of one policy on one day, and marks where they turn."""

    def __init__(self, state: MatcherState, policy: Policy, day: date, supplied: Mapping[CellKey, int] | None = None) -> None:
        self.state, self.policy, self.day = state, policy, day
        self.rows = InputReader(state, policy, day, supplied)
        self.marks = Marks()

    def _values(self, value: Value, of: Field | None, at: Element, answer: LeafAnswer) -> list[Fraction] | None:
        """A value as of today, encoded as the field is; None where it is unknown, with the reasons added to ``answer``."""
        match value:
            case Literals():
                return [scalar(of, literal, self.state.code_of) for literal in value.values]
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
                parameter_value = param_at(param, self.day, key)
                if parameter_value is None:
                    answer.asks.add((None, None))
                    return None
                return [scalar(of, parameter_value, self.state.code_of) * value.times]

    def _compare(self, leaf: Compare, at: Element) -> LeafAnswer:
        answer = LeafAnswer(None)
        cell = self.rows.read(leaf.ref, at)
        answer.take(cell, leaf.ref.field)
        of = self.rows.field(leaf.ref)
        if leaf.op == "within":
            if cell.value is not None and isinstance(leaf.value, Literals):
                code = self.rows.store.divisions.texts[cell.value]
                truths = [within(code, str(prefix)) for prefix in leaf.value.values]
                answer.truth = invert(conjunction([invert(truth) for truth in truths]))
                if answer.truth is None:
                    answer.asks.add((leaf.ref.feed, self.rows.unit(cell.feed, cell.record)))
            answer.comparison = DivisionComparison(self.rows.text(of, cell.value) or None, self._bound(leaf.value))
            return answer
        values = self._values(leaf.value, of, at, answer)
        operand = None if cell.value is None else self.rows.value(of, cell.value)
        answer.comparison = ValueComparison(leaf.ref, operand, leaf.op, self._bound(leaf.value, values, of))
        if cell.value is None or values is None:
            return answer.as_unknown()
        self.marks.cut(cell, *values)
        if leaf.op in ("in", "not_in"):
            answer.truth = (cell.value in values) == (leaf.op == "in")
        else:
            answer.truth = holds(leaf.op, cell.value, values[0])
        answer.asks.clear()
        return answer

    def _bound(self, value: Value, values: list[Fraction] | None = None, of: Field | None = None) -> Bound:
        """The bound of a leaf; for a parameter with its value where ``values`` has it, decoded by the field ``of``."""
        match value:
            case Literals():
                return LiteralBound(value.values)
            case ParamValue():
                if values is None:
                    return ParameterBound(value)
                decoded = of is not None and values[0].denominator == 1
                return ParameterBound(value, self.rows.value(of, int(values[0])) if decoded else values[0])  # type: ignore[arg-type]  # a field, where decoded

    def _age(self, leaf: Age, at: Element) -> LeafAnswer:
        answer = LeafAnswer(None)
        cell = self.rows.read(leaf.ref, at)
        answer.take(cell, leaf.ref.field)
        values = self._values(leaf.value, None, at, answer)
        if cell.value is None or values is None:
            answer.comparison = AgeComparison(None, leaf.op, self._bound(leaf.value))
            return answer.as_unknown()
        birth_date = day_of(cell.value)
        age = completed_years(birth_date, leaf.at or self.day)
        if cell.key is not None:
            self.marks.cut(cell, *(ages(int(values[0]) + more, int(HIGH), leaf.at or self.day)[1] for more in (0, 1)))
        if leaf.at is None:
            for years in {int(values[0]), int(values[0]) + 1}:
                if years >= 0:
                    self.rows.note(days(birthday(birth_date, years)))
        answer.truth = holds(leaf.op, age, values[0])
        answer.comparison = AgeComparison(age, leaf.op, self._bound(leaf.value, values))
        answer.asks.clear()
        return answer

    def _date(self, leaf: DateTest, at: Element) -> LeafAnswer:
        answer = LeafAnswer(None)
        cell = self.rows.read(leaf.ref, at)
        answer.take(cell, leaf.ref.field)
        if leaf.period is not None:
            if cell.value is None:
                return answer
            if cell.key is not None:
                test = Test(leaf.op, "eq", None, None, None, Fraction(1), leaf.period)  # type: ignore[arg-type]  # the two shapes with a period
                low, high, *_ = test.rows(self.day, self.state.code_of)[0]
                self.marks.cut(cell, *({low, high} - {int(LOW)}))
            start = day_of(cell.value)
            end = leaf.period.after(start)
            if leaf.op == "within_last":
                answer.truth = start <= self.day <= end
                self.rows.note(cell.value)
                self.rows.note(days(end) + 1)
            else:
                answer.truth = self.day >= end
                self.rows.note(days(end))
            answer.comparison = PeriodComparison(start, leaf.op, leaf.period)
            return answer
        assert leaf.value is not None, "a date is compared with a period or a value"
        values = self._values(leaf.value, self.rows.field(leaf.ref), at, answer)
        if cell.value is None or values is None:
            return answer.as_unknown()
        self.marks.cut(cell, values[0])
        answer.truth = cell.value < values[0] if leaf.op == "before" else cell.value > values[0]
        answer.comparison = DateComparison(day_of(cell.value), leaf.op, self._bound(leaf.value))
        answer.asks.clear()
        return answer
