"""What a leaf of a rule compared for one subject, as typed values (``Criterion.comparison``).

``console.text.criterion_comparisons`` turns them into sentences in two languages; ``short_form`` is the only text that scripts read.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Literal, TypeAlias, assert_never

from policies.language.tree import FieldRef, ParamValue, Scalar
from policies.values import Period

CellValue: TypeAlias = int | Decimal | date | str
"""A value of a field, decoded: a number, a day, a code, text or division."""
SIGNS = {"eq": "=", "ne": "≠", "lt": "<", "le": "≤", "gt": ">", "ge": "≥"}


@dataclass(frozen=True, slots=True)
class LiteralBound:
    """The values that the rule names."""

    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class ParameterBound:
    """A parameter, and its value for the subject that day; None where it has none, or where only its name is shown."""

    parameter: ParamValue
    value: CellValue | Fraction | None = None


Bound: TypeAlias = LiteralBound | ParameterBound


@dataclass(frozen=True, slots=True)
class ValueComparison:
    """A field's value with a bound; ``operand`` is None where it is missing. The field says what codes and numbers stand for."""

    field: FieldRef
    operand: CellValue | None
    operator: str
    bound: Bound


@dataclass(frozen=True, slots=True)
class DivisionComparison:
    """A division, None where it is missing, with prefixes that it may lie within."""

    division: str | None
    bound: Bound


@dataclass(frozen=True, slots=True)
class AgeComparison:
    """Completed years, None where they or the bound are not known, with a number."""

    years: int | None
    operator: str
    bound: Bound


@dataclass(frozen=True, slots=True)
class DateComparison:
    """A day with another: ``before`` or ``after`` it."""

    day: date
    operator: str
    bound: Bound


@dataclass(frozen=True, slots=True)
class PeriodComparison:
    """A day with today: ``within_last`` or ``at_least_ago`` a period."""

    day: date
    operator: str
    period: Period


@dataclass(frozen=True, slots=True)
class CountComparison:
    """How many elements there are: at least ``low``; ``high`` counts unknown ones as well. Only a count has operator and bound."""

    low: int
    high: int
    complete: bool
    unit: Literal["person", "record"]
    operator: str | None = None
    bound: Bound | None = None


@dataclass(frozen=True, slots=True)
class SumComparison:
    """The sum of addends (None: no limit) with a bound; ``per`` is its divisor, with the value ``divisor`` where that is known."""

    low: int | Decimal | None
    high: int | Decimal | None
    operator: str
    bound: Bound
    per: FieldRef | None = None
    divisor: int | None = None


Comparison: TypeAlias = (
    ValueComparison | DivisionComparison | AgeComparison | DateComparison | PeriodComparison | CountComparison | SumComparison
)


def short_form(comparison: Comparison | None) -> str:
    """A comparison as one line of signs, for scripts; '' where there is none.

    Example: ``1946-05-05 at_least_ago P30Y``.
    """
    match comparison:
        case None:
            return ""
        case ValueComparison(_, operand, operator, bound):
            return f"{value_text(operand) or '?'} {SIGNS.get(operator, operator)} {bound_text(bound)}"
        case DivisionComparison(division, bound):
            return f"{division or ''} ∈ {bound_text(bound)}"
        case AgeComparison(years, operator, bound):
            return f"{'?' if years is None else years} {SIGNS[operator]} {bound_text(bound)}"
        case DateComparison(day, operator, bound):
            return f"{day.isoformat()} {operator} {bound_text(bound)}"
        case PeriodComparison(day, operator, period):
            return f"{day.isoformat()} {operator} {period}"
        case CountComparison(low, high, complete, _, operator, bound):
            number = f"{low}" + (f"–{high}" if high > low else "") + ("" if complete else "+")
            return number if operator is None or bound is None else f"{number} {SIGNS[operator]} {bound_text(bound)}"
        case SumComparison(low, high, operator, bound, per, divisor):
            ends = f"[{'−∞' if low is None else value_text(low)}, {'∞' if high is None else value_text(high)}]"
            number = value_text(low) if low is not None and low == high else ends
            by = f" × {'?' if divisor is None else divisor}" if per is not None else ""
            return f"{number} {SIGNS[operator]} {bound_text(bound)}{by}"
        case _:
            assert_never(comparison)


def value_text(value: CellValue | Fraction | None) -> str:
    """A value as text: a day as ISO 8601, a decimal with all its places; '' where it is missing."""
    return "" if value is None else f"{value:f}" if isinstance(value, Decimal) else str(value)


def bound_text(bound: Bound) -> str:
    """The values, or the parameter's name followed by its value."""
    match bound:
        case LiteralBound(values):
            return ", ".join(map(str, values))
        case ParameterBound(parameter, None):
            return parameter.param
        case ParameterBound(parameter, value):
            return f"{parameter.param} ({value_text(value)})"
