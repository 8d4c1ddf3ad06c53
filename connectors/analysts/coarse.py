"""Coarser values for research snapshots: five-year age bands, months, streets, and amounts of two digits with a common top.

Every function takes whole columns. ``connectors.analysts.columns`` and ``services.exports.research_tables`` call them.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

BAND_YEARS, OLDEST = 5, 85
"""Width of an age band, and the age with which the last one, which has no end, begins."""
STREET_DIGITS = 9
LEAST_AT_TOP, TOP_SHARE = 10, 100
"""At least so many values, and one in so many, are told as the top or bottom value."""
_POWERS = 10 ** np.arange(19, dtype=np.int64)

Int64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def age_bands(births: pl.Series, day: date) -> pl.Series:
    """The band of the age in whole years on a day, such as ``70-74``; null without a birth date, or with one that is still to come."""
    before_birthday = births.dt.month().cast(pl.Int32) * 100 + births.dt.day() > day.month * 100 + day.day
    age = day.year - births.dt.year() - before_birthday.cast(pl.Int32)
    labels = pl.Series([*(f"{low}-{low + BAND_YEARS - 1}" for low in range(0, OLDEST, BAND_YEARS)), f"{OLDEST}+"], dtype=pl.String)
    places = pl.select(pl.when(age >= 0).then(age.clip(upper_bound=OLDEST) // BAND_YEARS)).to_series()
    return labels.gather(places)


def months(days: pl.Series) -> pl.Series:
    """The first day of the month of each date."""
    return days.dt.month_start()


def streets(divisions: pl.Series) -> pl.Series:
    """The street of each division; a larger division stays as it is."""
    return divisions.str.slice(0, STREET_DIGITS)


def two_digits(values: Int64) -> Int64:
    """Whole numbers rounded to two significant digits, halves away from zero.

    Example:
        >>> two_digits(np.array([457828, 99, 105, -2450, 0])).tolist()
        [460000, 99, 110, -2500, 0]
    """
    size = np.abs(values)
    unit = _POWERS[np.maximum(np.searchsorted(_POWERS, size, side="right") - 2, 0)]
    rounded: Int64 = np.sign(values) * ((size + unit // 2) // unit * unit)
    return rounded


def with_common_ends(values: Int64, there: Bools) -> tuple[Int64, int | None, int | None]:
    """Values of which nobody stands alone at the top, nor at the bottom where some are negative.

    Args:
        there: where there is a value.

    Returns:
        The values, each at most ``top`` and at least ``bottom``; and the two, None where nothing was cut off.
    """
    ordered = np.sort(values[there])
    share = min(len(ordered), max(LEAST_AT_TOP, -(-len(ordered) // TOP_SHARE)))
    if not share:
        return values, None, None
    top, bottom = int(ordered[-share]), int(ordered[share - 1]) if ordered[0] < 0 else int(ordered[0])
    bottom = min(bottom, top)
    return np.clip(values, bottom, top), top if ordered[-1] > top else None, bottom if ordered[0] < bottom else None
