"""Cells: numbers, dates and versions are read exactly or refused."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.identity.tokens import arrow_bytes
from connectors.parsing.cells import MISSING, SPACES, Fault, dates, numbers, orders, trimmed_bounds

EPOCH = date(1970, 1, 1)
NUMBER, DATE, TIME = 1, 2, 3
NEVER = 2**62


def column(texts: list[str]) -> tuple[np.typing.NDArray[np.uint8], np.typing.NDArray[np.int64]]:
    return arrow_bytes(pl.Series(texts, dtype=pl.String))


@settings(deadline=None)
@given(st.lists(st.from_regex(r"[ +-]?[0-9]{0,20}[.]?[0-9]{0,6}(e3|,5)?", fullmatch=True), min_size=1, max_size=20), st.integers(0, 4))
def test_numbers_agree_with_decimal(texts: list[str], scale: int) -> None:
    """A text of the form of a number is Decimal's value to the scale, or has a fault; never something near it."""
    values, faults = numbers(*column(texts), scale, -(2**62), 2**62)

    for text, value, fault in zip(texts, values.tolist(), faults.tolist(), strict=True):
        text = text.strip()
        exact = Decimal(text).scaleb(scale) if re.fullmatch(r"[+-]?\d+(\.\d+)?", text) else None
        if exact is None or exact != exact.to_integral_value() or abs(exact) >= 4 * 10**18:
            assert fault and value == MISSING
        elif abs(exact) < 4 * 10**17:
            assert (fault, value) == (0, int(exact))


@pytest.mark.parametrize(
    ("text", "value", "fault"),
    [
        ("12.50", 1250, 0), ("12.5", 1250, 0), ("-3", -300, 0), ("１２．５", 1250, 0), ("7.000", 700, 0), ("", MISSING, Fault.EMPTY),
        ("12.345", MISSING, Fault.PLACES), ("1e3", MISSING, Fault.NUMBER), ("1,000", MISSING, Fault.NUMBER), (".5", MISSING, Fault.NUMBER),
        ("NaN", MISSING, Fault.NUMBER), ("-4", MISSING, Fault.BELOW), ("100.01", MISSING, Fault.ABOVE), ("9" * 30, MISSING, Fault.LENGTH),
        ("-", MISSING, Fault.NUMBER), ("十二", MISSING, Fault.NUMBER), ("12 50", MISSING, Fault.NUMBER),
    ],
)  # fmt: skip
def test_a_number_is_exact_and_bounded(text: str, value: int, fault: int) -> None:
    """Scale 2, from -3 to 100."""
    values, faults = numbers(*column([text]), 2, -300, 10000)

    assert (values[0], faults[0]) == (value, fault)


@settings(deadline=None)
@given(st.dates(date(1, 1, 1), date(9999, 12, 31)))
def test_every_day_is_read_in_every_form(day: date) -> None:
    """The four forms, and what spreadsheets make of them, give the same number of days, and are the same order."""
    forms = [
        day.isoformat(),
        day.isoformat().replace("-", ""),
        f"{day.year:04d}/{day.month}/{day.day}",
        f"{day.year:04d}年{day.month}月{day.day}日",
    ]

    values, faults = dates(*column([*forms, day.isoformat() + " 00:00:00"]))

    assert set(values.tolist()) == {(day - EPOCH).days} and not faults.any()
    for kind in (DATE, TIME):
        moments, faults = orders(*column([*forms, day.isoformat() + " 00:00:00"]), kind, NEVER)
        assert set(moments.tolist()) == {(day - EPOCH).days * 86_400_000_000} and not faults.any()


@pytest.mark.parametrize(
    "text",
    ["2026-02-29", "2026-13-01", "20260230", "2026-1", "26-01-01", "2026-01/01", "2026年1月1", "2026-01-01 10:00:00", "2026.01.01", "0000-01-01",
     "2026-01-011", "202601010", "宜川路", "2026-01-01x"],
)  # fmt: skip
def test_no_other_text_is_a_day(text: str) -> None:
    """A day that does not exist, a mixed form or a time of day is refused."""
    assert dates(*column([text]))[1].tolist() == [Fault.DATE]


@settings(deadline=None)
@given(st.datetimes().filter(lambda t: t.year > 1), st.sampled_from([" ", "T"]))
def test_times_order_as_they_follow(moment: object, between: str) -> None:
    """A time is microseconds, in its own zone if it names one; a date is its midnight."""
    text = moment.isoformat(between)  # type: ignore[attr-defined]  # a datetime
    expected = (moment - type(moment)(1970, 1, 1)) // timedelta(microseconds=1)  # type: ignore[operator,call-arg]

    values, faults = orders(*column([text, text + "+08:00"]), TIME, NEVER)

    assert values.tolist() == [expected, expected] and not faults.any()


def test_one_day_is_one_order() -> None:
    """Every way of writing a day or a time is the same version, and no bare number is one; what is late is told."""
    day = (date(2026, 9, 1) - EPOCH).days * 86_400_000_000
    forms = ["2026-09-01", "20260901", "2026/9/1", "2026年9月1日", "2026-09-01 00:00:00"]

    for kind in (DATE, TIME):
        assert orders(*column(forms), kind, NEVER)[0].tolist() == [day] * 5
        values, faults = orders(*column(["7", "2026", "202609011", "later", "", "2026-09-02"]), kind, day + 1)
        assert not values.any() and faults.tolist() == [{DATE: 18, TIME: 19}[kind]] * 4 + [Fault.EMPTY, Fault.ORDER_LATE]
    times = ["2026-09-01 08:00", "20260901080000", "2026-09-01T00:00:00Z", "2026年9月1日 08:00"]
    assert orders(*column(times), TIME, NEVER)[0].tolist() == [day + 8 * 3_600_000_000] * 4
    assert orders(*column(times), DATE, NEVER)[1].tolist() == [Fault.ORDER_DATE] * 4


def test_a_number_is_an_order_where_the_contract_says_so() -> None:
    """Digits only, however many; a date beside them is none."""
    values, faults = orders(*column(["20260901", "7", "2026-09-01", "1.5", ""]), NUMBER, 0)

    assert values.tolist() == [20260901, 7, 0, 0, 0]
    assert faults.tolist() == [0, 0, Fault.ORDER_NUMBER, Fault.ORDER_NUMBER, Fault.EMPTY]


@settings(deadline=None)
@given(st.lists(st.text(st.sampled_from("a张" + SPACES + "年")), min_size=1))
def test_trimming_is_pythons_strip(texts: list[str]) -> None:
    """Outer spaces, those of Chinese input methods too, do not count."""
    data, offsets = column(texts)

    starts, ends = trimmed_bounds(data, offsets)

    stripped = [data[a:b].tobytes().decode() for a, b in zip(starts.tolist(), ends.tolist(), strict=True)]
    assert stripped == [text.strip(SPACES) for text in texts]
