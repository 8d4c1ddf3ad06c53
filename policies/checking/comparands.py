"""Checking the value of a comparison: a literal, a list or a parameter, against the measure it is compared with.

Operator, type, unit and range are checked here alone, in the same way for a field, an age, a count and a sum.
Source: docs/en/semantics.md section 5.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from policies.checking.ranges import effect
from policies.language.catalogue import Catalogue, Field, FieldType
from policies.language.literals import factor, scalar
from policies.language.measures import COUNTED, NUMBERS, TYPE_WORDS, Measure, number, same_unit
from policies.language.models import ParamRef
from policies.language.names import NameScope, ResolvedField, Trouble, resolve_field
from policies.language.parameters import DatedParameter, Parameters
from policies.language.tree import Literals, ParamValue, Scalar, Value
from policies.limits import DIVISOR, KEYS, LIST, QUOTIENT, WHOLE
from policies.problems.characters import is_odd
from policies.problems.problems import Word, comma_list, suggestion, value_text
from policies.values import Text, is_division
from policies.yaml.document import Path
from policies.yaml.report import Reporter
from policies.yaml.structure import validate_part

ORDERED = ("eq", "ne", "lt", "le", "gt", "ge", "in", "not_in")
OPERATORS: Final = {
    FieldType.INT: ORDERED, FieldType.DECIMAL: ORDERED, FieldType.DATE: ORDERED, FieldType.ENUM: ("eq", "ne", "in", "not_in"),
    FieldType.TEXT: ("eq", "ne", "in", "not_in"), FieldType.DIVISION: ("eq", "ne", "in", "not_in", "within"),
}  # fmt: skip
"""Which comparisons a type has. Source: docs/en/semantics.md section 5."""

NO_UNIT = Text("无单位", "no unit")


@dataclass(frozen=True, slots=True)
class Comparands:
    """Checks the values of one policy."""

    catalogue: Catalogue
    parameters: Parameters
    reporter: Reporter
    right: set[Hashable] = field(default_factory=set)  # uses of parameters in which nothing is wrong: the same are not looked at again

    def field(self, text: str, scope: NameScope, path: Path) -> ResolvedField | None:
        """The field that a name means in a criterion; None where it means none, with the problem reported."""
        field = resolve_field(self.catalogue, text, scope)
        if isinstance(field, Trouble):
            self.reporter.add(field.code, path, **field.words)
            return None
        if field.field.identity:
            self.reporter.add("identity-criterion", path, word=text)
            return None
        return field

    def divisor(self, text: str | None, scope: NameScope, path: Path, form: str) -> ResolvedField | None:
        """The field of ``per`` or ``by``: a bounded whole number; for ``by`` an enum too."""
        divisor = None if text is None else self.field(text, scope, path)
        if divisor is None or (form == "by" and divisor.field.type is FieldType.ENUM) or _is_bounded(divisor.field):
            return divisor
        also = Text("，或代码字段", ", or an enum") if form == "by" else Text("", "")
        self.reporter.add("divisor-field", path, field=str(text), form=form, also=also)
        return None

    def value(self, value: object, op: str, measure: Measure, scope: NameScope, path: Path) -> Value | None:
        """The checked value; None where it is wrong, with its problems reported.

        Args:
            value: a scalar, a list, or {param, times, by}.
            op: the comparison; which operators a type has is checked too.
            measure: the other side.
            scope: where names of ``by`` are read.
            path: of the value in the document.
        """
        if op not in (*OPERATORS[measure.type], "before", "after"):
            words: dict[str, Word] = {
                "field": measure.name,
                "type": TYPE_WORDS[measure.type],
                "op": op,
                "choices": comma_list(OPERATORS[measure.type]),
            }
            self.reporter.add("op-type", (*path[:-1], "op"), **words)
            return None
        if isinstance(value, dict):
            return self._param(value, op, measure, scope, path)
        if isinstance(value, list) != (op in ("in", "not_in")):
            self._report_list(value, op, path)
            return None
        return self._literals(value if isinstance(value, list) else [value], op, measure, path)

    def _report_list(self, value: object, op: str, path: Path) -> None:
        if isinstance(value, list):
            self.reporter.add("list-unexpected", path, op=op)
        else:
            self.reporter.add("list-expected", path, op=op, other="eq" if op == "in" else "ne")

    def _literals(self, literals: list[object], op: str, measure: Measure, path: Path) -> Literals | None:
        values: dict[Scalar, None] = {}
        if len(literals) > LIST:
            self.reporter.add("list-long", path, count=f"{len(literals):,}", limit=f"{LIST:,}")
            return None
        if not literals:
            self.reporter.add("list-expected", path, op=op, other="eq" if op == "in" else "ne")
        for position, literal in enumerate(literals):
            place = (*path, position) if op in ("in", "not_in") else path
            value = scalar(literal, measure)
            if isinstance(value, Trouble):
                self.reporter.add(value.code, place, **value.words)
            elif value in values:
                self.reporter.add("value-repeated", place, given=value_text(literal))
            else:
                values[value] = None
                self._range([value], op, measure, place)
        return Literals(tuple(values)) if values else None

    def _param(self, reference: dict[str, object], op: str, measure: Measure, scope: NameScope, path: Path) -> ParamValue | None:
        model = validate_part(ParamRef, reference, path, self.reporter)
        if model is None:
            return None
        by = self.divisor(model.by, scope, (*path, "by"), "by")
        times = Fraction(1) if model.times is None else factor(model.times)
        if times is None:
            self.reporter.add("times-invalid", (*path, "times"), given=value_text(model.times))
        parameter = self.parameters.by_name.get(model.param)
        if parameter is None:
            if model.param not in self.parameters.unreadable:
                near = suggestion(model.param, [*self.parameters.by_name, *self.parameters.unreadable])
                self.reporter.add("param-unknown", (*path, "param"), word=model.param, meant=near)
            return None
        parameter.used = True
        use, problems = (parameter.name, times, op, measure), self.reporter.count
        fits = use in self.right or self._fits(parameter, op, measure, path)
        if fits and self._table_fits(parameter, model, by, path) and times is not None:
            if times != 1 and parameter.family != "number":
                self.reporter.add("times-type", (*path, "times"), param=parameter.name)
            elif use not in self.right:
                self._range(_products(parameter, times), op, measure, path)
            if self.reporter.count == problems:
                self.right.add(use)
            return ParamValue(parameter.name, times, None if by is None else by.ref)
        return None

    def _table_fits(self, parameter: DatedParameter, model: ParamRef, by: ResolvedField | None, path: Path) -> bool:
        if parameter.table and model.by is None:
            self.reporter.add("table-needs-by", path, param=parameter.name)
        elif not parameter.table and model.by is not None:
            self.reporter.add("by-needs-table", (*path, "by"), param=parameter.name)
        elif by is not None:
            self.parameters.read_by(parameter, by.field, (*path, "by"))
        return parameter.table == (model.by is not None) and (model.by is None or by is not None)

    def _fits(self, parameter: DatedParameter, op: str, measure: Measure, path: Path) -> bool:
        place = (*path, "param")
        if measure.type is FieldType.DECIMAL and parameter.family == "word":
            parameter.read_as_numbers()
        for value in parameter.values():
            trouble = _misfit(value, measure)
            if trouble is not None:
                slips = [self.reporter.add_slip(at) for entry in parameter.entries for at, _ in entry.places()]
                if not any(slips):
                    self.reporter.add(trouble.code, place, **trouble.words)
                return False
        self._unit(parameter, measure, place)
        return True

    def _unit(self, parameter: DatedParameter, measure: Measure, place: Path) -> None:
        unit = parameter.model.unit
        fits = unit in COUNTED if measure.form == "count" else same_unit(unit, measure.unit)
        expected = Text("个数(无单位或 person)", "a number (no unit, or person)") if measure.form == "count" else measure.unit or NO_UNIT
        if unit is None and measure.form != "age" and not fits:
            self.reporter.add("unit-missing", place, param=parameter.name, expected=expected)
        elif unit is not None and not fits:
            place = ("params", parameter.name, "unit") if any(is_odd(character) for character in unit) else place
            self.reporter.add("unit-mismatch", place, param=parameter.name, unit=unit, expected=expected)

    def _range(self, values: Sequence[Scalar], op: str, measure: Measure, path: Path) -> None:
        """Report a threshold that decides nothing; a parameter only where none of its values decides anything."""
        numbers = [value for threshold in values if (value := number(threshold)) is not None]
        if measure.form == "sum" and (large := next((value for value in numbers if not _exact(value, measure)), None)) is not None:
            self.reporter.add("sum-size", path, given=_end(large), limit=f"{_most(measure) // 10 ** _scale(measure):,}")
            return
        if not numbers or measure.type not in (*NUMBERS, FieldType.DATE):
            return
        if measure.form == "age":
            self._age(numbers, path)
            return
        effects = {effect(op, value, measure) for value in numbers}
        if "open" in effects or (len(effects) > 1 and "bound" in effects):
            return
        code = {"never": "range-never", "always": "range-always", "bound": "range-bound"}[effects.pop()]
        words: dict[str, Word] = {
            "field": measure.name,
            "low": _end(measure.low),
            "high": _end(measure.high),
            "op": op,
            "given": _end(numbers[0]),
        }
        self.reporter.add(code, path, **words)

    def _age(self, numbers: list[Fraction], path: Path) -> None:
        for value in numbers:
            if not 0 <= value <= 150:
                self.reporter.add("age-range", path, given=_end(value))


def _scale(measure: Measure) -> int:
    return measure.field.scale if measure.field is not None else 0


def _exact(value: Fraction, measure: Measure) -> bool:
    """Can a sum, or a sum over a divisor, be compared with this value in whole numbers of 64 bits?"""
    encoded: Fraction = value * 10 ** _scale(measure)
    return abs(encoded) < _most(measure) and encoded.denominator < _most(measure)


def _most(measure: Measure) -> int:
    return QUOTIENT if measure.divided else WHOLE


def _is_bounded(field: Field) -> bool:
    if field.type is not FieldType.INT or field.min is None or field.max is None:
        return False
    return field.max <= DIVISOR and field.max - field.min < KEYS


def _products(parameter: DatedParameter, times: Fraction) -> list[Scalar]:
    return [value if isinstance(value, str) or not isinstance(value, int | Fraction) else value * times for value in parameter.values()]


def _misfit(value: Scalar, measure: Measure) -> Trouble | None:
    """Why a parameter's value cannot be compared with a measure; whole numbers and decimals count as one type."""
    if measure.type in NUMBERS and isinstance(value, int | Fraction):
        return None
    if measure.type is FieldType.ENUM and isinstance(value, str) and measure.field is not None and value in measure.field.codes:
        return None
    if measure.type is FieldType.DIVISION and isinstance(value, str) and is_division(value):
        return None
    literal = scalar(value, measure) if measure.type in (FieldType.ENUM, FieldType.DIVISION) or isinstance(value, str) else None
    if isinstance(literal, str) and measure.type is FieldType.TEXT:
        return None
    if isinstance(literal, Trouble):
        return literal
    if measure.type is FieldType.DATE and not isinstance(value, str | int | Fraction):
        return None
    words: dict[str, Word] = {"given": value_text(value), "field": measure.name, "expected": TYPE_WORDS[measure.type], "mend": Text("", "")}
    return Trouble("literal-type", words)


def _end(bound: Fraction | None) -> str:
    if bound is None:
        return "∞"
    return str(bound) if bound.denominator == 1 or bound.denominator % 3 == 0 else str(float(bound))
