"""Compiled kernels that encode cells of text as integers, with a fault for each cell that they refuse.

``connectors.intake.encoding`` calls them. A cell is read exactly or refused, byte by byte in the Arrow column, without floats and without a
library's leniency (polars' Decimal accepts ``1e3`` and truncates 12.345). Full-width digits and the spaces of Chinese input methods count
as their ASCII counterparts; outer spaces do not count; an empty cell is missing, not wrong. All kernels that call each other are in this
one file, because numba's cache does not notice a change of a callee in another file.

Sources: GB 11643-1999 with ISO 7064 MOD 11-2 for resident numbers; days from civil dates after H. Hinnant, "chrono-compatible
low-level date algorithms".
"""

from __future__ import annotations

import re
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from connectors.parsing.hashing import Int64, UInt8, kernel

MISSING = -(2**63)
SPACES = " \t\r\n\x0b\x0c\u00a0\u3000\ufeff\u200b"
"""Characters that do not count at the ends of a cell."""
ERROR = re.compile(r"#(N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|SPILL!|CALC!|#+)")
"""The texts that Excel writes for errors, or where a column is too narrow."""
SCIENTIFIC = re.compile(r"\d(\.\d+)?[eE]\+?\d{2}")
"""A long number as Excel saves it as text."""


class Fault(IntEnum):
    """The rule a cell broke; SOUND and EMPTY are no faults."""

    SOUND = 0
    EMPTY = 1
    DATE = 2
    NUMBER = 3
    BELOW = 4
    ABOVE = 5
    PLACES = 6
    VALUE = 7
    DIVISION = 8
    LENGTH = 9
    CHARACTERS = 10
    CHECK_DIGIT = 11
    BORN = 12
    ORDER_NUMBER = 13
    ORDER_LATE = 14
    VALIDITY = 15
    FLAG = 16
    REQUIRED = 17
    ORDER_DATE = 18
    ORDER_TIME = 19
    ERROR_CELL = 20
    FORMULA = 21
    MERGED = 22
    ROUNDED = 23


_MAX = 40  # longer than any number or date; a longer cell is cut here and then refused


@kernel
def _symbol(data: UInt8, i: int, end: int) -> tuple[int, int]:
    """The character at ``i`` and its width in bytes: as ASCII where it has a counterpart, 年月日 as 1, 2, 3, any other as 0."""
    a = data[i]
    if a < 128:
        return (32, 1) if 9 <= a <= 13 else (a if a > 3 else 0, 1)
    if i + 1 < end and a == 0xC2 and data[i + 1] == 0xA0:
        return 32, 2
    if i + 2 < end:
        b, c = data[i + 1], data[i + 2]
        if a == 0xEF and b == 0xBC and 0x81 <= c:
            return c - 0x60, 3
        if a == 0xEF and b == 0xBD and 0x80 <= c <= 0x9E:
            return c - 0x20, 3
        if (a == 0xE3 and b == 0x80 and c == 0x80) or (a == 0xEF and b == 0xBB and c == 0xBF) or (a == 0xE2 and b == 0x80 and c == 0x8B):
            return 32, 3
        if a == 0xE5 and b == 0xB9 and c == 0xB4:
            return 1, 3
        if a == 0xE6 and b == 0x9C and c == 0x88:
            return 2, 3
        if a == 0xE6 and b == 0x97 and c == 0xA5:
            return 3, 3
    return 0, 1


@kernel
def _plain(data: UInt8, start: int, end: int, out: UInt8, inner: bool) -> int:
    """Write a cell in symbols to ``out``, without outer spaces (without any, unless ``inner``); returns its length, at most _MAX."""
    length, i = 0, start
    while i < end and length < _MAX:
        a = data[i]
        if 32 < a < 128:  # nearly every byte
            out[length] = a
            length += 1
            i += 1
            continue
        code, width = _symbol(data, i, end)
        i += width
        if code == 32 and (length == 0 or not inner):
            continue
        out[length] = code
        length += 1
    while length > 0 and out[length - 1] == 32:
        length -= 1
    return length


@kernel
def trimmed_bounds(data: UInt8, offsets: Int64) -> tuple[Int64, Int64]:
    """Where each cell begins and ends, without its outer spaces."""
    starts, ends = offsets[:-1].copy(), offsets[1:].copy()
    for i in range(len(starts)):
        at, stop = starts[i], ends[i]
        while at < stop:
            if 32 < data[at] < 128:
                break
            code, width = _symbol(data, at, stop)
            if code != 32:
                break
            at += width
        while at < stop:
            if 32 < data[stop - 1] < 128:
                break
            width = 1
            while width < 3 and stop - width > at and 128 <= data[stop - width] < 192:
                width += 1
            code, whole = _symbol(data, stop - width, stop)
            if code != 32 or whole != width:
                break
            stop -= width
        starts[i], ends[i] = at, stop
    return starts, ends


@kernel
def _digits(text: UInt8, start: int, stop: int) -> int:
    """The number of up to 18 digits, or -1."""
    if stop <= start or stop - start > 18:
        return -1
    value = 0
    for i in range(start, stop):
        d = int(text[i]) - 48
        if d < 0 or d > 9:
            return -1
        value = value * 10 + d
    return value


@kernel
def _days(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01, or MISSING where there is no such day (years 1 to 9999)."""
    if year < 1 or year > 9999 or month < 1 or month > 12 or day < 1:
        return MISSING
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    last = 30 if month in (4, 6, 9, 11) else (29 if leap else 28) if month == 2 else 31
    if day > last:
        return MISSING
    y = year - (1 if month <= 2 else 0)
    era = y // 400
    of_era = y - era * 400
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468


@kernel
def _date(text: UInt8, length: int, bare: bool) -> tuple[int, int]:
    """The day at the head of a text, and its end: YYYY-MM-DD, YYYY/M/D, YYYY年M月D日 or, if ``bare``, YYYYMMDD. Else (MISSING, 0)."""
    if bare and length >= 8:
        whole = _digits(text, 0, 8)
        if whole >= 0 and (length == 8 or text[8] == 32):
            return _days(whole // 10000, whole // 100 % 100, whole % 100), 8
    year = _digits(text, 0, 4) if length >= 8 else -1
    if year < 0:
        return MISSING, 0
    mark = text[4]
    if mark != 45 and mark != 47 and mark != 1:
        return MISSING, 0
    i = 5
    while i < length and 48 <= text[i] <= 57:
        i += 1
    if i > 7 or i >= length or text[i] != (2 if mark == 1 else mark):
        return MISSING, 0
    month, start = _digits(text, 5, i), i + 1
    i = start
    while i < length and 48 <= text[i] <= 57:
        i += 1
    if i - start > 2:
        return MISSING, 0
    day = _digits(text, start, i)
    if month < 0 or day < 0:
        return MISSING, 0
    if mark == 1:
        if i >= length or text[i] != 3:
            return MISSING, 0
        i += 1
    return _days(year, month, day), i


@kernel
def _iso(data: UInt8, start: int, end: int) -> int:
    """The day of a cell that is exactly YYYY-MM-DD, as most are; MISSING for any other cell, which may still be a date."""
    if end - start != 10 or data[start + 4] != 45 or data[start + 7] != 45:
        return MISSING
    return _days(_digits(data, start, start + 4), _digits(data, start + 5, start + 7), _digits(data, start + 8, end))


@kernel
def _midnight(text: UInt8, start: int, length: int) -> bool:
    """Whether the rest is only 00:00:00, as spreadsheets write after a date."""
    for i in range(start, length):
        c = text[i]
        if c != 48 and c != 58 and c != 46 and c != 32 and c != 84:
            return False
    return start == length or text[start] == 32 or text[start] == 84


@kernel
def dates(data: UInt8, offsets: Int64) -> tuple[Int64, UInt8]:
    """Days since 1970-01-01 (MISSING where empty or wrong) and faults of a column of dates."""
    n = len(offsets) - 1
    values, faults, text = np.full(n, MISSING, np.int64), np.zeros(n, np.uint8), np.empty(_MAX, np.uint8)
    for i in range(n):
        values[i] = _iso(data, offsets[i], offsets[i + 1])
        if values[i] != MISSING:
            continue
        length = _plain(data, offsets[i], offsets[i + 1], text, True)
        if length == 0:
            faults[i] = 1
            continue
        day, stop = _date(text, length, True)
        if day == MISSING or not _midnight(text, stop, length):
            faults[i] = 2
        else:
            values[i] = day
    return values, faults


@kernel
def numbers(data: UInt8, offsets: Int64, scale: int, low: int, high: int) -> tuple[Int64, UInt8]:
    """Numbers scaled by 10**scale, exactly, and faults.

    A number is an optional sign, digits and perhaps a point with digits. Behind the last place of the scale only zeros are allowed.
    Exponents and thousands separators are faults.

    Args:
        low, high: encoded bounds, both included.
    """
    n = len(offsets) - 1
    values, faults, text = np.full(n, MISSING, np.int64), np.zeros(n, np.uint8), np.empty(_MAX, np.uint8)
    for i in range(n):
        length = _plain(data, offsets[i], offsets[i + 1], text, True)
        if length == 0:
            faults[i] = 1
            continue
        value, fault = _number(text, length, scale)
        if fault == 0 and value < low:
            fault = 4
        elif fault == 0 and value > high:
            fault = 5
        faults[i] = fault
        if fault == 0:
            values[i] = value
    return values, faults


@kernel
def _number(text: UInt8, length: int, scale: int) -> tuple[int, int]:
    negative, i = text[0] == 45, 1 if text[0] == 45 or text[0] == 43 else 0
    if length >= _MAX:
        return 0, 9
    value, before, places, point, cut = 0, 0, 0, False, False
    while i < length:
        c = int(text[i])
        i += 1
        if c == 46 and not point and before > 0:
            point = True
            continue
        if c < 48 or c > 57:
            return 0, 3
        if point:
            places += 1
        else:
            before += 1
        if point and places > scale:
            cut = cut or c != 48
        else:
            if value > 400_000_000_000_000_000:
                return 0, 9
            value = value * 10 + c - 48
    if before == 0 or (point and places == 0):
        return 0, 3
    if cut:
        return 0, 6
    for _ in range(scale - min(places, scale)):
        if value > 400_000_000_000_000_000:
            return 0, 9
        value *= 10
    return (-value if negative else value), 0


@kernel
def orders(data: UInt8, offsets: Int64, kind: int, end: int) -> tuple[Int64, UInt8]:
    """Orders of records: a whole number as it is, a date or time as microseconds since 1970-01-01 00:00.

    A date counts as its midnight, so a column that changes from dates to times keeps its order. Fourteen digits are a time to the second.

    Args:
        kind: 1 for numbers, 2 for dates, 3 for dates and times.
        end: the first moment that is too late, for dates and times.

    Returns:
        int64[n], 0 where there is none; uint8[n] faults.
    """
    n = len(offsets) - 1
    values, faults = np.zeros(n, np.int64), np.zeros(n, np.uint8)
    text = np.empty(_MAX, np.uint8)
    for i in range(n):
        day = _iso(data, offsets[i], offsets[i + 1]) if kind != 1 else MISSING
        if day != MISSING:
            values[i] = day * 86_400_000_000
        else:
            length = _plain(data, offsets[i], offsets[i + 1], text, True)
            if length == 0:
                faults[i] = 1
                continue
            values[i] = _digits(text, 0, length) if kind == 1 else _moment(text, length, kind == 3)
            if values[i] == (-1 if kind == 1 else MISSING):
                values[i], faults[i] = 0, 13 if kind == 1 else 16 + kind
                continue
        if kind != 1 and values[i] >= end:
            values[i], faults[i] = 0, 14
    return values, faults


@kernel
def _moment(text: UInt8, length: int, timed: bool) -> int:
    """Microseconds of a date or, where ``timed``, of a date and time; MISSING for anything else."""
    if timed and length == 14 and _digits(text, 0, 14) >= 0:
        day = _days(_digits(text, 0, 4), _digits(text, 4, 6), _digits(text, 6, 8))
        hour, minute, second = _digits(text, 8, 10), _digits(text, 10, 12), _digits(text, 12, 14)
        if day == MISSING or hour > 23 or minute > 59 or second > 59:
            return MISSING
        return day * 86_400_000_000 + ((hour * 60 + minute) * 60 + second) * 1_000_000
    day, stop = _date(text, length, True)
    if day == MISSING:
        return MISSING
    of_day = _time(text, stop, length) if timed else (0 if _midnight(text, stop, length) else MISSING)
    return MISSING if of_day == MISSING else day * 86_400_000_000 + of_day


@kernel
def _time(text: UInt8, start: int, length: int) -> int:
    """Microseconds of a time of day in Shanghai: empty, or HH:MM[:SS[.ffffff]] with an optional Z or +HH:MM; else MISSING."""
    if start == length:
        return 0
    if (text[start] != 32 and text[start] != 84) or start + 6 > length or text[start + 3] != 58:
        return MISSING
    hour, minute, second, fraction, i = _digits(text, start + 1, start + 3), _digits(text, start + 4, start + 6), 0, 0, start + 6
    if i + 3 <= length and text[i] == 58:
        second, i = _digits(text, i + 1, i + 3), i + 3
        if i < length and text[i] == 46:
            stop = i + 1
            while stop < length and 48 <= text[stop] <= 57:
                stop += 1
            if stop - i < 2 or stop - i > 7:
                return MISSING
            fraction = _digits(text, i + 1, stop)
            for _ in range(7 - (stop - i)):
                fraction *= 10
            i = stop
    if hour < 0 or hour > 23 or minute < 0 or minute > 59 or second < 0 or second > 59:
        return MISSING
    shift = _shift(text, i, length)
    if shift == MISSING:
        return MISSING
    return ((hour * 60 + minute + shift) * 60 + second) * 1_000_000 + fraction


@kernel
def _shift(text: UInt8, i: int, length: int) -> int:
    """Minutes to add for Shanghai's time: 0 where no zone is written."""
    if i == length:
        return 0
    if i + 1 == length and text[i] == 90:
        return 480
    if i + 6 != length or (text[i] != 43 and text[i] != 45) or text[i + 3] != 58:
        return MISSING
    hours, minutes = _digits(text, i + 1, i + 3), _digits(text, i + 4, i + 6)
    if hours < 0 or hours > 14 or minutes < 0 or minutes > 59:
        return MISSING
    ahead = hours * 60 + minutes
    return 480 - (ahead if text[i] == 43 else -ahead)


@kernel
def residents(data: UInt8, offsets: Int64) -> tuple[UInt8, UInt8]:
    """Resident numbers in their 18-character form, uint8[18 n], and faults; 15 digits get the century 19 and a check digit.

    GB 11643: six digits of place, the birth date, three of sequence, the check character by ISO 7064 MOD 11-2. The place is not looked up:
    old codes were withdrawn by the hundred and their holders live on. The numbers of those born before 1900 (sequence 996 to 999) had
    18 characters from the start of checking, so a 15-digit one is always of the century 19.
    """
    n = len(offsets) - 1
    out, faults, text = np.zeros(18 * n, np.uint8), np.zeros(n, np.uint8), np.empty(_MAX, np.uint8)
    for i in range(n):
        length = _plain(data, offsets[i], offsets[i + 1], text, False)
        faults[i] = 1 if length == 0 else _resident(text, length, out[18 * i : 18 * i + 18])
    return out, faults


@kernel
def _resident(text: UInt8, length: int, out: UInt8) -> int:
    if length != 15 and length != 18:
        return 9
    if length == 18:
        out[:] = text[:18]
    else:
        out[:6], out[8:17] = text[:6], text[6:15]
        out[6], out[7] = 49, 57
    if out[17] == 120:
        out[17] = 88
    total = 0
    for j in range(17):
        d = int(out[j]) - 48
        if d < 0 or d > 9:
            return 10
        total += d << (17 - j)  # the weights of the standard are these powers of two modulo 11
    check = (12 - total % 11) % 11
    symbol = 88 if check == 10 else 48 + check
    if length == 15:
        out[17] = symbol
    elif out[17] != 88 and (out[17] < 48 or out[17] > 57):
        return 10
    elif out[17] != symbol:
        return 11
    birth_day = _days(_digits(out, 6, 10), _digits(out, 10, 12), _digits(out, 12, 14))
    return 12 if birth_day == MISSING else 0


Faults = npt.NDArray[np.uint8]
