"""Integers between LOW and HIGH, which mean "no bound": intervals of exact fractions, and sums without overflow."""

import numpy as np
from numba import njit

LOW, HIGH = np.int64(-(2**62)), np.int64(2**62)
LT, LE, GT, GE, EQ = range(5)
"""Kinds of comparison (``operations.CompareBounds``)."""


@njit(cache=True, nogil=True)
def threshold(q, rem, den, divisor, op):
    """The integers a..b for which ``x op (q + rem/den) * divisor`` holds, exactly; a > b where there is none."""
    part = rem * divisor
    low = q * divisor + part // den
    whole = part % den == 0
    if op == LT:
        return LOW, low - 1 if whole else low
    if op == LE:
        return LOW, low
    if op == GT:
        return low + 1, HIGH
    if op == GE:
        return (low if whole else low + 1), HIGH
    return (low if whole else low + 1), low


@njit(cache=True, nogil=True)
def add_to(totals, carries, s, value):
    """Adds a value to a total, both between LOW and HIGH; multiples of HIGH go to ``carries``, so that nothing overflows."""
    total = totals[s] + value
    if total >= HIGH:
        total -= HIGH
        carries[s] += 1
    elif total <= LOW:
        total -= LOW
        carries[s] -= 1
    totals[s] = total


@njit(cache=True, nogil=True)
def total_with_carry(total, carry):
    """A total with its multiples of HIGH; HIGH or LOW where it lies beyond them, for no number it is compared with lies there."""
    if carry == 0 or (carry == 1 and total < 0) or (carry == -1 and total > 0):
        return total + carry * HIGH
    return HIGH if carry > 0 else LOW
