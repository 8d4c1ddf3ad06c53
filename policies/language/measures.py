"""Measures: what a value is compared with, with its type, unit and bounds.

A field, an age, a count and a sum are all *measures*. Values, parameters, units and ranges are checked against a measure and never know
which of the four it is. Source: docs/en/semantics.md sections 5 and 6; UCUM for units as products of factors.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Literal, TypeAlias

from policies.language.catalogue import Field, FieldType
from policies.language.tree import Scalar
from policies.values import Text

OLDEST = 150
"""The greatest age that a policy can mean."""

NUMBERS = (FieldType.INT, FieldType.DECIMAL)
COUNTED = frozenset({None, "1", "person", "household", "dwelling", "record"})
"""Units a number of records may be given in."""
TYPE_WORDS = {
    FieldType.TEXT: Text("文字", "text"), FieldType.ENUM: Text("代码", "enum"), FieldType.INT: Text("整数", "int"),
    FieldType.DECIMAL: Text("小数", "decimal"), FieldType.DATE: Text("日期", "date"), FieldType.DIVISION: Text("区划", "division"),
}  # fmt: skip
UNIT_WORDS = {"元": "CNY", "人": "person", "月": "month", "年": "year", "岁": "year", "户": "household", "years": "year", "天": "day",
              "日": "day", "平方米": "m2"}  # fmt: skip
EPOCH = date(1970, 1, 1)

Form: TypeAlias = Literal["field", "age", "count", "sum"]


@dataclass(frozen=True, slots=True)
class Measure:
    """One side of a comparison. ``low`` and ``high`` are exact; dates are days since 1970-01-01; None is unbounded."""

    name: str
    type: FieldType
    form: Form = "field"
    unit: str | None = None
    low: Fraction | None = None
    high: Fraction | None = None
    field: Field | None = None
    divided: bool = False  # a sum over a divisor: what it is compared with is multiplied by that


def of_field(name: str, field: Field) -> Measure:
    """A field, with the range its contract declares."""
    low, high = _bounds(field)
    return Measure(name, field.type, "field", field.unit, low, high, field)


def of_age(name: str) -> Measure:
    """Completed years."""
    return Measure(f"age_of {name}", FieldType.INT, "age", "year", Fraction(0), Fraction(OLDEST))


def of_count(name: str) -> Measure:
    """A number of elements."""
    return Measure(f"count over {name}", FieldType.INT, "count", None, Fraction(0), None)


def of_sum(name: str, addend: Field, divisor: Field | None) -> Measure:
    """A sum, in the addend's unit; per a divisor, in that over the divisor's. Over an empty set it is 0.

    Example:
        >>> income = Field("i", FieldType.DECIMAL, Text("", ""), "i", unit="CNY/month")
        >>> of_sum("i", income, Field("size", FieldType.INT, Text("", ""), "size", unit="person")).unit
        'CNY/month/person'
    """
    low, high = _bounds(addend)
    unit = addend.unit
    if divisor is not None and divisor.unit is not None:
        unit = f"{addend.unit or '1'}/{divisor.unit}"
    number = FieldType.DECIMAL if divisor is not None else addend.type
    return Measure(
        f"sum_of {name}", number, "sum", unit,
        Fraction(0) if low is not None and low >= 0 else None, Fraction(0) if high is not None and high <= 0 else None, addend,
        divisor is not None,
    )  # fmt: skip


def same_unit(unit: str | None, other: str | None) -> bool:
    """Are two units the same product of factors?

    Example:
        >>> same_unit("CNY/person/month", "CNY/month/person"), same_unit("CNY/month", "m2"), same_unit(None, "1")
        (True, False, True)
    """
    return _factors(unit) == _factors(other)


def number(value: Scalar) -> Fraction | None:
    """A value on the number line: numbers as they are, dates as days; None for words."""
    if isinstance(value, date):
        return Fraction((value - EPOCH).days)
    return None if isinstance(value, str) else Fraction(value)


def _bounds(field: Field) -> tuple[Fraction | None, Fraction | None]:
    unit = Fraction(1, 10**field.scale)
    return (None if field.min is None else field.min * unit, None if field.max is None else field.max * unit)


def _factors(unit: str | None) -> tuple[tuple[str, int], ...]:
    powers: dict[str, int] = {}
    for position, part in enumerate((unit or "1").split("/")):
        for factor in part.replace("·", "*").split("*"):
            word = UNIT_WORDS.get(factor.strip(), factor.strip())
            powers[word] = powers.get(word, 0) + (-1 if position else 1)
    powers.pop("1", None)
    return tuple(sorted((word, power) for word, power in powers.items() if power))
