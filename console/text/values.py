"""Numbers, periods and units in words.

``console.text.clauses`` and the verbs that show bounds call it.
"""

from __future__ import annotations

from fractions import Fraction

from policies.language.catalogue import Field
from policies.language.measures import UNIT_WORDS
from policies.values import Period, Text

UNITS = {en: zh for zh, en in UNIT_WORDS.items() if zh not in ("岁", "日", "years")} | {
    "dwelling": "套",
    "vehicle": "辆",
    "household": "户",
}
"""The Chinese word of each factor of a unit that has one."""
COUNTERS = ("person", "dwelling", "vehicle", "household", "record", "1")
"""Units that are left out in English, for the field's title names what is counted."""


def period_words(period: Period, language: str) -> str:
    """A period in words.

    Example:
        >>> period_words(Period.parse("P30Y"), "zh"), period_words(Period.parse("P1Y6M"), "en"), period_words(Period.parse("P7D"), "zh")
        ('30年', '1 year 6 months', '7天')
    """
    years, months = divmod(period.months, 12)
    parts = [(years, Text("年", "year")), (months, Text("个月", "month")), (period.days, Text("天", "day"))]
    nonzero = [(n, unit) for n, unit in parts if n] or [(0, parts[2][1])]
    if language == "zh":
        return "".join(f"{n}{unit.zh}" for n, unit in nonzero)
    return " ".join(f"{n} {unit.en}{'' if n == 1 else 's'}" for n, unit in nonzero)


def number_words(value: object) -> str:
    """A day or number as text; fractions exactly.

    Example:
        >>> number_words(Fraction(3, 2)), number_words(7)
        ('1.5', '7')
    """
    return exact_words(value) if isinstance(value, Fraction) else str(value)


def exact_words(value: Fraction) -> str:
    """An exact number in decimals; as a fraction where the decimals never end.

    Example:
        >>> exact_words(Fraction(3, 2)), exact_words(Fraction(1, 3)), exact_words(Fraction("1234567.05"))
        ('1.5', '1/3', '1234567.05')
    """
    places, rest = 0, value.denominator
    while rest % 2 == 0 or rest % 5 == 0:
        rest //= 10 if rest % 10 == 0 else 2 if rest % 2 == 0 else 5
        places += 1
    if rest != 1:
        return str(value)
    if not places:
        return str(value.numerator)
    scaled = abs(value) * 10**places
    digits = f"{scaled.numerator:0{places + 1}d}"
    return f"{'-' if value < 0 else ''}{digits[:-places]}.{digits[-places:]}".rstrip("0").rstrip(".")


def unit_words(unit: str | None, language: str) -> str:
    """The unit behind a number; '' where there is none, or no word for it in the language.

    Example:
        >>> unit_words("CNY/person/month", "zh"), unit_words("CNY/month", "en"), unit_words("person", "en"), unit_words("point", "zh")
        (' 元/人/月', ' CNY/month', '', '')
    """
    if unit is None or (language == "en" and unit in COUNTERS):
        return ""
    if language == "en":
        return f" {unit}"
    words = [UNITS.get(factor, factor) for factor in (part.strip() for part in unit.split("/"))]
    return f" {'/'.join(words)}" if not any(word.isascii() for word in words) else ""


def code_words(field: Field, code: str, language: str) -> str:
    """A code of an enum in words: its label, its English title; the code where the language has none. Any other text stays as it is."""
    titles = dict(field.values if language == "zh" else field.titles_en)
    return titles.get(code, code)
