"""Strong three-valued logic in Python: True, False and None (unknown); the compiled planes compute it for 64 rows at a time.

Source: Kleene 1952, §64.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TypeAlias

Truth: TypeAlias = bool | None


def conjunction(truths: list[Truth]) -> Truth:
    if False in truths:
        return False
    return None if None in truths else True


def invert(truth: Truth) -> Truth:
    return None if truth is None else not truth


def holds(op: str, x: Fraction | int, y: Fraction | int) -> bool:
    match op:
        case "eq":
            return x == y
        case "ne":
            return x != y
        case "lt":
            return x < y
        case "le":
            return x <= y
        case "gt":
            return x > y
        case _:
            return x >= y


def settle(op: str, low: int | None, high: int | None, limit: Fraction) -> Truth:
    """True where the comparison holds for all of the reals low..high (None: unbounded), False where it holds for none."""
    match op:
        case "lt":
            return True if high is not None and high < limit else (False if low is not None and low >= limit else None)
        case "le":
            return True if high is not None and high <= limit else (False if low is not None and low > limit else None)
        case "gt":
            return invert(settle("le", low, high, limit))
        case "ge":
            return invert(settle("lt", low, high, limit))
        case "eq":
            if low is not None and low == high == limit:
                return True
            return False if (low is not None and low > limit) or (high is not None and high < limit) else None
        case _:
            return invert(settle("eq", low, high, limit))
