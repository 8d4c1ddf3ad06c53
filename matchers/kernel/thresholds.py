"""What a test compares with on a given day: dates, dated parameters and ages as integer intervals.

Every test of a known value asks whether the encoded value lies in a..b, where a..b depends on the day alone. Tests of ages and calendar
periods are monotone in the date they read, so they become intervals of dates. Source: docs/en/semantics.md section 5.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Literal, TypeAlias

from matchers.kernel.kernels.arithmetic import HIGH, LOW
from policies.language.catalogue import Field, FieldType
from policies.language.tree import Literals, Param, ParamValue, Scalar, Value
from policies.values import Period

EPOCH = date(1970, 1, 1).toordinal()

Row: TypeAlias = tuple[int, int, int, int]
Table: TypeAlias = tuple[tuple[str | tuple[int | None, int | None], Scalar], ...]
UNKNOWN_ROW: Row = (0, -1, 1, 1)
_BELOW, _ABOVE = Fraction(int(LOW) - 1), Fraction(int(HIGH) + 1)
CodeOf: TypeAlias = Callable[[FieldType, str], int]


def days(day: date) -> int:
    """Days since 1970-01-01."""
    return day.toordinal() - EPOCH


def day_of(count: int) -> date:
    return date.fromordinal(count + EPOCH)


def interval(op: str, value: Fraction) -> tuple[int, int]:
    """The integers a..b for which ``x op value`` holds (eq for ne, which the caller negates); a > b where there is none.

    All compared numbers lie between LOW and HIGH. A value beyond them counts as just beyond, so that it fits 64 bits.
    """
    value = min(max(value, _BELOW), _ABOVE)
    low = value.numerator // value.denominator
    whole = value.denominator == 1
    match op:
        case "lt":
            return int(LOW), low - 1 if whole else low
        case "le":
            return int(LOW), low
        case "gt":
            return low + 1, int(HIGH)
        case "ge":
            return (low if whole else low + 1), int(HIGH)
        case _:
            return (low if whole else low + 1), low


def _latest_born(age: int, at: date) -> int:
    """The latest date of birth, encoded, of a person who has completed ``age`` years at a date."""
    year = at.year - age
    if year < 1:
        return int(LOW)
    if year > 9999:
        return int(HIGH)
    try:
        return days(date(year, at.month, at.day))
    except ValueError:
        return days(date(year, 2, 28))


def ages(low: int, high: int, at: date) -> tuple[int, int]:
    """The interval of dates of birth with low..high completed years at a date."""
    if low > high:
        return 0, -1
    first = int(LOW) if high >= int(HIGH) else _latest_born(high + 1, at) + 1
    last = int(HIGH) if low <= int(LOW) else _latest_born(low, at)
    return first, last


def first_reaching(period: Period, at: date) -> date:
    """The earliest day d for which d + period >= at."""
    guess = date.fromordinal(max(1, at.toordinal() - period.days - period.months * 31 - 3))
    while period.after(guess) < at:
        guess += timedelta(days=1)
    return guess


def _last_within(period: Period, at: date) -> int:
    """The latest day d, encoded, for which d + period <= at."""
    first = first_reaching(period, at)
    while period.after(first) <= at and first < date.max:
        first += timedelta(days=1)
    return days(first) - 1


def scalar(field: Field | None, value: Scalar, code_of: CodeOf) -> Fraction:
    """A value of the rule, encoded as in a field's column; a plain number where there is no field."""
    if field is None:
        return Fraction(value)  # type: ignore[arg-type]  # the checker lets only numbers through here
    match field.type:
        case FieldType.INT:
            return Fraction(value)  # type: ignore[arg-type]  # as above
        case FieldType.DECIMAL:
            return Fraction(value) * Fraction(10**field.scale)  # type: ignore[arg-type]  # as above
        case FieldType.DATE:
            return Fraction(days(value if isinstance(value, date) else date.fromisoformat(str(value))))
        case FieldType.ENUM:
            return Fraction(field.codes.index(str(value)))
        case FieldType.TEXT | FieldType.DIVISION:
            return Fraction(code_of(field.type, str(value)))


@dataclass(frozen=True, slots=True)
class Test:
    """One test of a column: it turns the day and a value into a row (a, b, c, unknown?) of the constants.

    ``shape``: ``compare`` (x op value), ``age`` (of a date, at ``at``), ``within_last`` / ``at_least_ago`` (period), ``sum`` (kept as an
    exact fraction for the divisor).
    """

    shape: Literal["compare", "age", "within_last", "at_least_ago", "sum"]
    op: str
    field: Field | None
    value: Scalar | None
    param: Param | None
    times: Fraction
    period: Period | None = None
    at: date | None = None
    keys: tuple[str | int, ...] = ()  # of a table, in column order: enum codes, or the integers from the declared min

    @property
    def first_key(self) -> int:
        return self.keys[0] if self.keys and isinstance(self.keys[0], int) else 0

    def rows(self, day: date, code_of: CodeOf) -> list[Row]:
        """The rows for a day; for a table a header (first key, number of keys), then a row for each key."""
        if not self.keys:
            return [self._row(self.value if self.param is None else param_at(self.param, day, None), day, code_of)]
        assert self.param is not None
        table = _current(self.param, day)
        values = _cells(table, self.keys) if isinstance(table, tuple) else [table] * len(self.keys)
        row_of = {value: self._row(value, day, code_of) for value in set(values)}  # a table has thousands of keys and a few values
        return [(self.first_key, len(self.keys), 0, 0), *(row_of[value] for value in values)]

    def _row(self, value: Scalar | None, day: date, code_of: CodeOf) -> Row:
        match self.shape:
            case "within_last":
                assert self.period is not None
                return days(first_reaching(self.period, day)), days(day), 0, 0
            case "at_least_ago":
                assert self.period is not None
                return int(LOW), _last_within(self.period, day), 0, 0
            case "compare" | "age" | "sum":
                if value is None:
                    return UNKNOWN_ROW
                number = scalar(None if self.shape == "age" else self.field, value, code_of) * self.times
                if self.shape == "sum":
                    whole, part = divmod(number.numerator, number.denominator)
                    return whole, part, number.denominator, 0
                low, high = interval(self.op, number)
                if self.shape == "age":
                    low, high = ages(low, high, self.at or day)
                return low, high, 0, 0


def param_at(param: Param, day: date, key: str | int | None) -> Scalar | None:
    """A parameter's value on a day, for a table key where it is a table; None where it has none."""
    current = _current(param, day)
    return _cell(current, key) if isinstance(current, tuple) else current


def _current(param: Param, day: date) -> Scalar | Table | None:
    current = None
    for start, value in param.entries:
        if start <= day:
            current = value
    return current


def _cell(table: Table, key: str | int | None) -> Scalar | None:
    range_value = None
    for cell, value in table:
        if cell == key or cell == (key, key):
            return value
        if isinstance(cell, tuple) and isinstance(key, int) and range_value is None:
            low, high = cell
            if (low is None or low <= key) and (high is None or key <= high):
                range_value = value
    return range_value


def _cells(table: Table, keys: Sequence[str | int]) -> list[Scalar | None]:
    """The value of each key as in ``_cell``, in one pass over the table; keys that are integers are consecutive."""
    exact: dict[object, Scalar] = {}
    by_range: dict[object, Scalar] = {}
    for cell, value in table:
        if not isinstance(cell, tuple):
            exact.setdefault(cell, value)
        elif cell[0] == cell[1]:
            exact.setdefault(cell[0], value)
        elif isinstance(first := keys[0], int):
            low, high = first if cell[0] is None else cell[0], first + len(keys) - 1 if cell[1] is None else cell[1]
            for key in range(max(low, first), min(high, first + len(keys) - 1) + 1):
                by_range.setdefault(key, value)
    return [exact.get(key, by_range.get(key)) for key in keys]


def make_test(shape: str, op: str, field: Field | None, value: Value | None, params: dict[str, Param], by: Field | None) -> list[Test]:
    """The tests of a value: one, or one for each literal of a list."""
    if value is None:
        return []
    match value:
        case Literals():
            return [Test(shape, op, field, literal, None, Fraction(1)) for literal in value.values]  # type: ignore[arg-type]  # shape is one of ours
        case ParamValue():
            keys: tuple[str | int, ...] = ()
            if by is not None:
                keys = by.codes if by.type is FieldType.ENUM else tuple(range(by.min or 0, (by.max or 0) + 1))
            return [Test(shape, op, field, None, params[value.param], value.times, keys=keys)]  # type: ignore[arg-type]  # as above
