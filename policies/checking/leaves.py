"""Checking the leaves: a field, an age, a date, a quantifier, a sum.

Each check resolves the names of a leaf in its scope and builds the measure that its value is compared with. It gives None where any of that
failed, and the problem is reported. Source: docs/en/semantics.md sections 5 and 6.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from policies.checking.comparands import Comparands
from policies.language.catalogue import FieldType
from policies.language.measures import (
    NUMBERS,
    OLDEST,
    TYPE_WORDS,
    Measure,
    of_age,
    of_count,
    of_field,
    of_sum,
)
from policies.language.names import NameScope, ResolvedField, ResolvedSet, Trouble, resolve_set
from policies.language.shapes import (
    AgeShape,
    CountShape,
    DateShape,
    EveryShape,
    FieldShape,
    NodeShape,
    SetShape,
    SomeShape,
    SumShape,
)
from policies.language.tree import Age, Compare, DateTest, Meta, Node, Quantifier, Sum
from policies.problems.problems import Word
from policies.values import Period
from policies.yaml.document import Path


@dataclass(frozen=True, slots=True)
class Leaves:
    """Checks the leaves of one policy; each method gives None where it reported an error."""

    comparands: Comparands

    def compare(self, shape: FieldShape, meta: Meta, scope: NameScope, path: Path) -> Compare | None:
        """``field op value``."""
        field = self.comparands.field(shape.field, scope, (*path, "field"))
        if field is None:
            return None
        value = self.comparands.value(shape.value, shape.op, of_field(shape.field, field.field), scope, (*path, "value"))
        return None if value is None else Compare(meta, field.ref, shape.op, value)

    def age(self, shape: AgeShape, meta: Meta, scope: NameScope, path: Path) -> Age | None:
        """``age_of date op value [as_of]``."""
        field = self._date_field(shape.age_of, "age_of", scope, path)
        value = self.comparands.value(shape.value, shape.op, of_age(shape.age_of), scope, (*path, "value"))
        return None if field is None or value is None else Age(meta, field.ref, shape.op, value, shape.as_of)

    def date(self, shape: DateShape, meta: Meta, scope: NameScope, path: Path) -> DateTest | None:
        """``date_of date`` with exactly one of its four tests."""
        field = self._date_field(shape.date_of, "date_of", scope, path)
        tests = [name for name in ("within_last", "at_least_ago", "before", "after") if getattr(shape, name) is not None]
        if len(tests) != 1:
            self.comparands.reporter.add("date-tests", path, count=len(tests))
        if field is None or len(tests) != 1:
            return None
        period = shape.within_last or shape.at_least_ago
        if shape.within_last is not None:
            return self._since(DateTest(meta, field.ref, "within_last", period), shape.within_last, (*path, "within_last"))
        if shape.at_least_ago is not None:
            return self._since(DateTest(meta, field.ref, "at_least_ago", period), shape.at_least_ago, (*path, "at_least_ago"))
        op = "before" if shape.before is not None else "after"
        comparand = shape.before if shape.before is not None else shape.after
        value = self.comparands.value(comparand, op, of_field(shape.date_of, field.field), scope, (*path, op))
        return None if value is None else DateTest(meta, field.ref, "before" if op == "before" else "after", None, value)

    def elements(self, shape: NodeShape, scope: NameScope, path: Path) -> ResolvedSet | None:
        """The set a quantifier or sum runs over."""
        element_set = resolve_set(self.comparands.catalogue, cast(SetShape, shape).over, scope)
        if isinstance(element_set, Trouble):
            self.comparands.reporter.add(element_set.code, (*path, "over"), **element_set.words)
            return None
        return element_set

    def quantifier_or_sum(
        self, shape: NodeShape, element_set: ResolvedSet, where: Node | None, meta: Meta, scope: NameScope, path: Path
    ) -> Node | None:
        """A quantifier or a sum over a set."""
        match shape:
            case SomeShape():
                return Quantifier(meta, shape.quantifier, element_set.steps, where, absence=shape.absence)
            case EveryShape():
                self.comparands.reporter.add("all-of-none", (*path, "quantifier"))
                return Quantifier(meta, "all", element_set.steps, where, absence=shape.absence)
            case CountShape():
                value = self.comparands.value(shape.value, shape.op, of_count(shape.over), scope, (*path, "value"))
                return None if value is None else Quantifier(meta, "count", element_set.steps, where, shape.op, value, shape.absence)
            case SumShape():
                return self._sum(shape, element_set, where, meta, scope, path)
        return None

    def _sum(self, shape: SumShape, element_set: ResolvedSet, where: Node | None, meta: Meta, scope: NameScope, path: Path) -> Sum | None:
        addend = self.comparands.field(shape.sum_of, element_set.element, (*path, "sum_of"))
        per = self.comparands.divisor(shape.per, scope, (*path, "per"), "per")
        if addend is not None and addend.field.type not in NUMBERS:
            words: dict[str, Word] = {"field": shape.sum_of, "type": TYPE_WORDS[addend.field.type]}
            self.comparands.reporter.add("sum-field", (*path, "sum_of"), **words)
            addend = None
        if addend is None or (per is None and shape.per is not None):
            return None
        measure: Measure = of_sum(shape.sum_of, addend.field, None if per is None else per.field)
        value = self.comparands.value(shape.value, shape.op, measure, scope, (*path, "value"))
        if value is None:
            return None
        return Sum(meta, addend.ref, element_set.steps, where, shape.op, value, None if per is None else per.ref, shape.absence)

    def _date_field(self, text: str, form: str, scope: NameScope, path: Path) -> ResolvedField | None:
        field = self.comparands.field(text, scope, (*path, form))
        if field is not None and field.field.type is not FieldType.DATE:
            words: dict[str, Word] = {"field": text, "type": TYPE_WORDS[field.field.type], "form": form}
            self.comparands.reporter.add("date-field", (*path, form), **words)
            return None
        return field

    def _since(self, test: DateTest, period: Period, path: Path) -> DateTest | None:
        if period.months > 12 * OLDEST or period.days > 366 * OLDEST:
            self.comparands.reporter.add("age-range", path, given=str(period))
            return None
        return test
