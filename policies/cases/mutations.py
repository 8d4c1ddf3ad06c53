"""One step up or down of a number, a factor or a period, in the form in which it is written.

The smallest step is one in the last place written, the usual error of a typist. Called by ``policies.cases.mutants``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

_PARTS = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?")


def moved_number(value: int | Decimal) -> Iterator[int | Decimal]:
    """One less and one more in the last place written.

    Example:
        >>> list(moved_number(1595)), [str(n) for n in moved_number(Decimal("7.00"))]
        ([1594, 1596], ['6.99', '7.01'])
    """
    if isinstance(value, int):
        yield from (value - 1, value + 1)
        return
    exponent = value.as_tuple().exponent
    step = Decimal(1).scaleb(exponent) if isinstance(exponent, int) else Decimal(1)
    yield from (value - step, value + step)


def moved_times(times: object) -> Iterator[str]:
    """A factor with its last digit, or its numerator, one less and one more; never zero.

    Example:
        >>> list(moved_times("1.5")), list(moved_times("1/3"))
        (['1.4', '1.6'], ['2/3'])
    """
    text = str(times)
    top, slash, bottom = text.partition("/")
    if not re.fullmatch(r"\d{1,12}(\.\d{1,12})?", top) or (slash and not bottom.isdigit()):
        return
    for number in moved_number(Decimal(top)):
        if number > 0:
            yield f"{number}{slash}{bottom}"


def moved_period(text: str, only_days: bool = False) -> Iterator[str]:
    """A period one less and one more of its smallest part, and of a day.

    A period without days (``P24M``) less a day is no period, so that step is left out.

    Args:
        only_days: move by a day alone.

    Example:
        >>> list(moved_period("P24M")), list(moved_period("P7D"))
        (['P23M', 'P25M', 'P24M1D'], ['P6D', 'P8D'])
    """
    form = _PARTS.fullmatch(text)
    if form is None or not any(form.groups()):
        return
    parts = [None if part is None else int(part) for part in form.groups()]
    smallest = max(i for i, part in enumerate(parts) if part is not None)
    days = parts[3]
    if not only_days or days is not None:
        yield from (_period_text([*parts[:smallest], (parts[smallest] or 0) + step, *parts[smallest + 1 :]]) for step in (-1, 1)
                    if (parts[smallest] or 0) + step >= 0)  # fmt: skip
    if days is None:
        yield _period_text([*parts[:3], 1])


def _period_text(parts: list[int | None]) -> str:
    return "P" + "".join(f"{part}{letter}" for part, letter in zip(parts, "YMWD", strict=True) if part is not None)
