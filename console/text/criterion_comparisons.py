"""The comparison that a criterion made for one subject, in words.

``console.text.explanations`` calls it, and ``console.cli.reasons`` shows it beside the criterion. A period is written in years, months and
days, a code by its label. A comparison that is false is written as its opposite: age 60 < 70, not 60 ≥ 70.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, assert_never

from console.text.clauses import OPERATORS
from console.text.values import code_words, period_words
from console.text.words import street
from matchers.reading.comparisons import (
    SIGNS,
    AgeComparison,
    Bound,
    Comparison,
    CountComparison,
    DateComparison,
    DivisionComparison,
    LiteralBound,
    PeriodComparison,
    SumComparison,
    ValueComparison,
    bound_text,
    value_text,
)
from policies.values import Text

if TYPE_CHECKING:
    from console.text.clauses import Clauses

OPPOSITE = {"eq": "ne", "ne": "eq", "lt": "ge", "le": "gt", "gt": "le", "ge": "lt", "in": "not_in", "not_in": "in"}
"""The opposite of each operator: what is shown is always true."""
_EMPTY = Text("（空）", "(empty)")
_CENT = Decimal("0.01")


def comparison_words(comparison: Comparison | None, truth: bool | None, clauses: Clauses) -> str:
    """A comparison in words; '' where there is none.

    Example: 1946-05-05 with a period of thirty years becomes ``1946-05-05 起满30年``.
    """
    language = clauses.language
    match comparison:
        case None:
            return ""
        case ValueComparison():
            return _value_words(comparison, truth, clauses)
        case DivisionComparison(division, bound):
            places = clauses.catalogue.divisions
            place = street(division, places, language) if division else _EMPTY[language]
            inside = Text("不在", "not within") if truth is False else Text("属于", "within")
            return f"{place} {inside[language]} {street(bound_text(bound), places, language)}"
        case AgeComparison(years, operator, bound):
            age = _EMPTY if years is None else Text(f"{years} 周岁", f"age {years}")
            return f"{age[language]} {_sign(operator, truth, language)} {_bound_words(bound, clauses)}"
        case DateComparison(day, operator, bound):
            negation = Text("不", "not ")[language] if truth is False else ""
            return f"{day} {negation}{OPERATORS[operator][language]} {_bound_words(bound, clauses)}"
        case PeriodComparison(day, operator, period):
            return _period_words(operator, truth, str(day), period_words(period, language))[language]
        case CountComparison():
            return _count_words(comparison, clauses)
        case SumComparison():
            return _sum_words(comparison, truth, clauses)
        case _:
            assert_never(comparison)


def _value_words(comparison: ValueComparison, truth: bool | None, clauses: Clauses) -> str:
    language = clauses.language
    field = clauses.field_of(comparison.field)
    left = code_words(field, value_text(comparison.operand), language) or _EMPTY[language]
    if isinstance(comparison.bound, LiteralBound):
        right = Text("、", ", ")[language].join(code_words(field, str(value), language) for value in comparison.bound.values)
    else:
        right = _bound_words(comparison.bound, clauses)
    return f"{left} {_sign(comparison.operator, truth, language)} {right}"


def _sign(operator: str, truth: bool | None, language: str) -> str:
    """The operator that holds; the rule's own operator where the result is unknown."""
    turned = OPPOSITE[operator] if truth is False else operator
    return SIGNS[turned] if turned in SIGNS else OPERATORS[turned][language]


def _period_words(operator: str, truth: bool | None, day: str, long: str) -> Text:
    if operator == "at_least_ago":
        if truth is False:
            return Text(f"{day} 起未满{long}", f"not yet {long} from {day}")
        return Text(f"{day} 起满{long}", f"{long} from {day}")
    if truth is False:
        return Text(f"{day} 不在最近{long}内", f"{day} is not within the last {long}")
    return Text(f"{day} 在最近{long}内", f"{day} is within the last {long}")


def _count_words(comparison: CountComparison, clauses: Clauses) -> str:
    language, low, high = clauses.language, comparison.low, comparison.high
    unit = "人" if comparison.unit == "person" else "条"
    zh, en = (f"{low} 至 {high} {unit}", f"{low} to {high}") if high > low else (f"{low} {unit}", str(low))
    number = Text(f"共 {zh}", f"{en} in all") if comparison.complete else Text(f"已知 {zh}，可能还有", f"{en} known, there may be more")
    if comparison.operator is None or comparison.bound is None:
        return number[language]
    asked = Text("，要求 ", "; asked: ")[language]
    return f"{number[language]}{asked}{SIGNS[comparison.operator]} {_bound_words(comparison.bound, clauses)}"


def _sum_words(comparison: SumComparison, truth: bool | None, clauses: Clauses) -> str:
    language, head = clauses.language, ""
    if comparison.per is not None:
        heads = _EMPTY[language] if comparison.divisor is None else comparison.divisor
        head = f" ÷ {heads} {clauses.field_of(comparison.per).title[language]}{_quotient(comparison)}"
    sign, bound = _sign(comparison.operator, truth, language), _bound_words(comparison.bound, clauses)
    return f"{Text('合计 ', 'sum ')[language]}{_range(comparison, language)}{head} {sign} {bound}"


def _quotient(comparison: SumComparison) -> str:
    """The sum for each head, rounded to 0.01; ≈ where it is not exact."""
    if comparison.divisor is None or comparison.low is None or comparison.low != comparison.high:
        return ""
    exact = Decimal(comparison.low) / comparison.divisor
    share = exact.quantize(_CENT, ROUND_HALF_UP)
    return f" {'=' if share == exact else '≈'} {share}"


def _range(comparison: SumComparison, language: str) -> str:
    """A sum, or the range in which it lies."""
    low, high = value_text(comparison.low), value_text(comparison.high)
    if comparison.low is None:
        return Text("不定", "open")[language] if comparison.high is None else Text(f"至多 {high}", f"at most {high}")[language]
    if comparison.high is None:
        return Text(f"至少 {low}", f"at least {low}")[language]
    return low if low == high else Text(f"{low} 至 {high}", f"{low} to {high}")[language]


def _bound_words(bound: Bound, clauses: Clauses) -> str:
    """A bound: its value, with the name of its parameter; the name alone where the parameter has no value."""
    if isinstance(bound, LiteralBound):
        return bound_text(bound)
    name = clauses.short(bound.parameter)
    if bound.value is None:
        return name
    value = value_text(bound.value)
    return Text(f"{value}（{name}）", f"{value} ({name})")[clauses.language]
