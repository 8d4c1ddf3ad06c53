"""Thresholds that decide nothing: always true or always false, whatever the records say.

A threshold is compared with the range that the contract declares. A criterion that cannot change any verdict is a mistake (a wrong unit, a
missing digit), so it is refused. Source: docs/en/semantics.md section 5.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Literal, TypeAlias

from policies.language.measures import Measure

Effect: TypeAlias = Literal["never", "always", "bound", "open"]
"""``never`` true; ``always`` true, from outside the range; always true, on its ``bound``; ``open``: it decides something."""


def effect(op: str, threshold: Fraction, measure: Measure) -> Effect:
    """What a comparison with this threshold can come to, over the measure's range.

    Example:
        >>> from policies.language.catalogue import FieldType
        >>> size = Measure("size", FieldType.INT, low=Fraction(1), high=Fraction(99))
        >>> [effect("ge", Fraction(n), size) for n in (0, 1, 2, 100)]
        ['always', 'bound', 'open', 'never']
    """
    low, high = measure.low, measure.high
    below = low is not None and threshold < low
    above = high is not None and threshold > high
    match op:
        case "eq" | "in":
            return "never" if below or above or not _possible(threshold, measure) else "open"
        case "ne" | "not_in":
            return "always" if below or above or not _possible(threshold, measure) else "open"
        case "lt" | "before":
            return _order_effect(below or threshold == low, above, False)
        case "le":
            return _order_effect(below, above, threshold == high)
        case "gt" | "after":
            return _order_effect(above or threshold == high, below, False)
        case "ge":
            return _order_effect(above, below, threshold == low)
    return "open"


def _order_effect(never: bool, outside: bool, bound: bool) -> Effect:
    return "never" if never else "always" if outside else "bound" if bound else "open"


def _possible(threshold: Fraction, measure: Measure) -> bool:
    """Can a field hold this at all, with its decimal places?"""
    scale = measure.field.scale if measure.field is not None else 0
    return measure.form == "sum" or (threshold * 10**scale).denominator == 1
