"""Values that every layer shares: kinds of subject, bilingual text, periods of the calendar, divisions.

Dates are computed in this one place, in the way a statute counts them (completed years, months clamped to the month's end).
Source: GB/T 2260 for divisions; ISO 8601 for periods; docs/en/semantics.md sections 2 and 5.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction


class Kind(StrEnum):
    """What a policy can be about."""

    PERSON = "person"
    HOUSEHOLD = "household"
    DWELLING = "dwelling"


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence in both languages."""

    zh: str
    en: str

    def __getitem__(self, language: str) -> str:
        return self.en if language == "en" else self.zh


KIND_WORDS = {Kind.PERSON: Text("个人", "person"), Kind.HOUSEHOLD: Text("家庭", "household"), Kind.DWELLING: Text("住房", "dwelling")}


@dataclass(frozen=True, slots=True)
class Period:
    """A calendar period: months, then days. ``P2Y`` is 24 months.

    Example:
        >>> Period.parse("P1Y6M").months, str(Period.parse("P2W"))
        (18, 'P14D')
    """

    months: int = 0
    days: int = 0

    _FORM = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?", re.ASCII)

    @classmethod
    def parse(cls, text: str) -> Period:
        """Read an ISO 8601 date period.

        Raises:
            ValueError: not of the form PnYnMnWnD, or with no part at all.
        """
        match = cls._FORM.fullmatch(text)
        if match is None or text == "P":
            raise ValueError(f"not a period: {text!r}; expected for example P30D, P24M, P30Y")
        years, months, weeks, days = (int(part) if part else 0 for part in match.groups())
        return cls(12 * years + months, 7 * weeks + days)

    def __str__(self) -> str:
        years, months = divmod(self.months, 12)
        parts = (f"{years}Y" if years else "") + (f"{months}M" if months else "") + (f"{self.days}D" if self.days else "")
        return "P" + (parts or "0D")

    def after(self, day: date) -> date:
        """The day this long after ``day``; the months clamp to the month's end; beyond year 9999 it is 9999-12-31."""
        month = day.year * 12 + day.month - 1 + self.months
        year, month = divmod(month, 12)
        if year > 9999:
            return date.max
        last = calendar.monthrange(year, month + 1)[1]
        try:
            return date(year, month + 1, min(day.day, last)) + timedelta(days=self.days)
        except OverflowError:
            return date.max


def birthday(birth_date: date, age: int) -> date:
    """The day on which someone born on ``born`` completes ``age`` years (29 February: 1 March in other years)."""
    year = birth_date.year + age
    if year > 9999:
        return date.max
    if (birth_date.month, birth_date.day) == (2, 29) and not calendar.isleap(year):
        return date(year, 3, 1)
    return date(year, birth_date.month, birth_date.day)


def completed_years(birth_date: date, at: date) -> int:
    """Age in completed years, birthday included; negative before birth.

    Example:
        >>> completed_years(date(2004, 2, 29), date(2026, 2, 28))
        21
    """
    years = at.year - birth_date.year
    return years if birthday(birth_date, years) <= at else years - 1


_LEVELS = (2, 4, 6, 9, 12)


def significant(code: str) -> str:
    """A division code without its whole trailing zero groups.

    Example:
        >>> significant("310000"), significant("310110"), significant("310107020000")
        ('31', '310110', '310107020')
    """
    for start, end in zip((0, *_LEVELS[:-1])[::-1], _LEVELS[::-1], strict=True):
        if len(code) >= end and start and set(code[start:end]) == {"0"}:
            code = code[:start]
    return code


def share_words(share: Fraction) -> str:
    """A share as people write it.

    Example:
        >>> share_words(Fraction(1, 1000))
        '0.001'
    """
    return f"{float(share):.4g}"


def within(code: str, prefix: str) -> bool | None:
    """Is a division inside another? None (unknown) where it is coarser than what is asked."""
    inner, outer = significant(code), significant(prefix)
    if inner.startswith(outer):
        return True
    return None if outer.startswith(inner) else False


YEARS = range(1900, 2201)
"""The years in which the day of a state may lie."""


def is_division(code: str) -> bool:
    """Is this of the form of a GB/T 2260 code (2, 4, 6, 9 or 12 digits)? It begins with a province, and none is 00.

    Example:
        >>> is_division("310107"), is_division("000000"), is_division("31010")
        (True, False, False)
    """
    return code.isascii() and code.isdigit() and len(code) in _LEVELS and not code.startswith("00")
