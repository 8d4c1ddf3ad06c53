"""Values of the naive evaluator: truth, exact numbers, dates, durations, divisions, cells.

Every value is made plain once (an int or Fraction, a date, a code) and then compared with Python's own operators. Nothing here knows about
records or policies.

Source: docs/en/semantics.md §2 and §5; Kleene 1952, §64.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor

Number = int | Fraction

INFINITY = float("inf")  # only ever compared and added to, so no exactness is lost
LEVELS = (2, 4, 6, 9, 12)  # GB/T 2260 with streets and communities: groups of 2-2-2-3-3 digits


# ---- truth -------------------------------------------------------------------------------------------------------


def negation(truth: str) -> str:
    """The Kleene negation of "T", "F" or "U"."""
    return {"T": "F", "F": "T", "U": "U"}[truth]


def conjunction(truths: Iterable[str]) -> str:
    """F if any is F, else U if any is U, else T (also of nothing)."""
    distinct = set(truths)
    return "F" if "F" in distinct else "U" if "U" in distinct else "T"


def disjunction(truths: Iterable[str]) -> str:
    """T if any is T, else U if any is U, else F (also of nothing)."""
    distinct = set(truths)
    return "T" if "T" in distinct else "U" if "U" in distinct else "F"


def truth_of(holds: bool) -> str:
    """T or F for a Python bool."""
    return "T" if holds else "F"


# ---- scalars -----------------------------------------------------------------------------------------------------


def number(raw: Any) -> Number:
    """The exact number written as an int, a Decimal or text ("1.50", "1/3"); floats are refused."""
    if isinstance(raw, bool | float):
        raise TypeError(f"not an exact number: {raw!r}")
    if isinstance(raw, int):
        return raw
    exact = raw if isinstance(raw, Fraction) else Fraction(str(raw))
    return exact.numerator if exact.denominator == 1 else exact


def day(raw: Any) -> date:
    """The date of a date, a datetime or an ISO text."""
    if isinstance(raw, datetime):
        return raw.date()
    return raw if isinstance(raw, date) else date.fromisoformat(str(raw))


def text(raw: Any) -> str:
    """The text as YAML wrote it; a bool is written the YAML way."""
    return str(raw).lower() if isinstance(raw, bool) else str(raw)


def yes_or_no(raw: Any) -> str:
    """T for yes, F for no: as text or as a bool."""
    return {"yes": "T", "true": "T", "no": "F", "false": "F"}[text(raw)]


@lru_cache(maxsize=4096)
def division(code: str) -> str:
    """The code without its whole trailing zero groups: 310000000000 → 31, 310110 stays."""
    for start, end in reversed(list(zip((0, *LEVELS), LEVELS, strict=False))):
        if len(code) == end and set(code[start:end]) == {"0"}:
            code = code[:start]
    return code


def within(code: str, prefix: str) -> str:
    """Is the division inside the prefix? U where the code is too coarse to tell."""
    if code.startswith(prefix):
        return "T"
    return "U" if prefix.startswith(code) else "F"


# ---- dates and durations -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Period:
    """A length of time: months (years counted in) and then days."""

    months: int
    days: int


@lru_cache(maxsize=1024)
def period(raw: str) -> Period:
    """An ISO 8601 duration of years, months, weeks and days: P24M, P1Y6M, P7D."""
    match = re.fullmatch(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?", raw)
    if not match or raw == "P":
        raise ValueError(f"not a period: {raw!r}")
    years, months, weeks, days = (int(part or 0) for part in match.groups())
    return Period(12 * years + months, 7 * weeks + days)


def later(start: date, length: Period) -> date:
    """start + length: years and months first, clamped to the month's end, then days."""
    years, month = divmod(start.month - 1 + length.months, 12)
    year = start.year + years
    if year > date.max.year:
        return date.max
    last = calendar.monthrange(year, month + 1)[1]
    moved = date(year, month + 1, min(start.day, last))
    return min(date.max - moved, timedelta(length.days)) + moved


def age(birth: date, at: date) -> int:
    """Completed years, birthday included; born 29 February: 1 March in common years."""
    if (birth.month, birth.day) == (2, 29) and not calendar.isleap(at.year):
        birthday = (3, 1)
    else:
        birthday = (birth.month, birth.day)
    return at.year - birth.year - ((at.month, at.day) < birthday)


# ---- comparisons -------------------------------------------------------------------------------------------------

COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "in": lambda a, b: a in b,
    "not_in": lambda a, b: a not in b,
}


def integers_settle(lo: int, hi: int | float, op: str, value: Any) -> str:
    """T if the comparison holds for every integer of lo..hi, F if for none, else U.

    Past the greatest value compared with, the comparison no longer changes, so an endless range is tried one step
    past it.
    """
    if hi == INFINITY:
        values = value if isinstance(value, tuple) else (value,)
        hi = max([lo, *(int(v) + 2 for v in values)])
    results = {COMPARISONS[op](n, value) for n in range(lo, int(hi) + 1)}
    return "U" if len(results) == 2 else truth_of(results.pop())


def interval_settles(lo: Any, hi: Any, op: str, value: Any) -> str:
    """T if the comparison holds for every real of [lo, hi], F if for none, else U."""
    match op:
        case "lt":
            return "T" if hi < value else "F" if lo >= value else "U"
        case "le":
            return "T" if hi <= value else "F" if lo > value else "U"
        case "gt" | "ge":
            return negation(interval_settles(lo, hi, "le" if op == "gt" else "lt", value))
        case "eq":
            return "T" if lo == hi == value else "U" if lo <= value <= hi else "F"
        case "in":
            return disjunction(interval_settles(lo, hi, "eq", v) for v in value)
        case "ne" | "not_in":
            return negation(interval_settles(lo, hi, "eq" if op == "ne" else "in", value))
        case _:
            raise ValueError(f"unknown comparison {op!r}")


# ---- cells -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a feed contract, with its cells made comparable."""

    name: str
    type: str
    codes: Mapping[str, str]  # every accepted spelling of an enum value → its code
    min: Number | None
    max: Number | None
    no_record: Any  # None: not declared

    def cell(self, raw: Any) -> Any:
        """The comparable value of a cell; None where it is empty."""
        return None if raw is None or raw == "" else self.plain(raw)

    def plain(self, raw: Any) -> Any:
        """The comparable form of a value of this field."""
        match self.type:
            case "int" | "decimal":
                return number(raw)
            case "date":
                return day(raw)
            case "enum":
                return self.codes[text(raw)]
            case "division":
                return division(text(raw))
            case "text":
                return text(raw)
            case _:
                raise ValueError(f"unknown type {self.type!r} of field {self.name}")


def field_of(name: str, raw: Mapping[str, Any]) -> Field:
    """The field a contract declares."""
    codes = {}
    for code, label in (raw.get("values") or {}).items():
        labels = label.values() if isinstance(label, Mapping) else [label]
        codes.update({text(word): text(code) for word in labels})
    codes.update({text(code): text(code) for code in raw.get("values") or {}})
    low, high = raw.get("min"), raw.get("max")
    bare = Field(
        name,
        raw["type"],
        codes,
        None if low is None else number(low) if raw["type"] in ("int", "decimal") else None,
        None if high is None else number(high) if raw["type"] in ("int", "decimal") else None,
        None,
    )
    return Field(bare.name, bare.type, bare.codes, bare.min, bare.max, bare.cell(raw.get("no_record")))


# ---- files -------------------------------------------------------------------------------------------------------


class ExactConstructor(SafeConstructor):
    """YAML 1.2 values with decimals kept exactly as written."""


def exact_decimal(constructor: SafeConstructor, node: Any) -> Decimal:
    """The Decimal of a number written with a point."""
    return Decimal(constructor.construct_scalar(node).replace("_", ""))


ExactConstructor.add_constructor("tag:yaml.org,2002:float", exact_decimal)


def load_yaml(path: Path | str) -> dict[str, Any]:
    """A YAML 1.2 file as plain data: dates are dates, decimals keep their text, `yes` stays text."""
    return read_yaml(Path(path).read_text(encoding="utf-8"))


def read_yaml(source: str) -> dict[str, Any]:
    """The same, of a text."""
    yaml = YAML(typ="safe", pure=True)
    yaml.Constructor = ExactConstructor
    loaded: dict[str, Any] = yaml.load(source)
    return loaded
