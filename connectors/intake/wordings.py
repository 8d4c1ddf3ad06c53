"""Cells in the wordings of a contract's layout: nulls, thousands separators, currency signs, further forms of a date.

Called by ``connectors.intake.encoding`` and ``connectors.intake.intake``. The kernels of ``connectors.parsing.cells`` read whole columns.
Only the cells that they refuse are reworded here, each distinct text once, and read again by the same kernel.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection

import numpy as np
import polars as pl

from connectors.identity.tokens import arrow_bytes
from connectors.parsing.cells import ERROR, SPACES, Fault
from connectors.parsing.hashing import Int64, UInt8
from policies.language.catalogue import FileLayout

_Read = Callable[[UInt8, Int64], tuple[Int64, UInt8]]


def without_nulls(cells: pl.Series, nulls: Collection[str], but: Collection[str] = ()) -> pl.Series:
    """The cells, empty where they hold one of the words, unless the word is a value of the field (``but``)."""
    words = [word for word in nulls if word not in but]
    if not words:
        return cells
    return pl.select(pl.when(cells.str.strip_chars(SPACES).is_in(words)).then(pl.lit("")).otherwise(cells)).to_series()


def read_again(cells: pl.Series, values: Int64, faults: UInt8, refused: Fault, reword: Callable[[str], str | None], read: _Read) -> None:
    """Read the refused cells again in their new wording; cells without one stay as they are."""
    at = np.flatnonzero(faults == refused)
    if not len(at):
        return
    new_texts: dict[str, str | None] = {}
    texts = [text or "" for text in cells[at].to_list()]
    for text in texts:
        if text not in new_texts:
            new_texts[text] = reword(text.strip(SPACES))
    again = np.array([new_texts[text] is not None for text in texts])
    at = at[again]
    values[at], faults[at] = read(*arrow_bytes(pl.Series([t for text in texts if (t := new_texts[text]) is not None], dtype=pl.String)))


def plain_amount(layout: FileLayout) -> Callable[[str], str | None]:
    """A function that takes currency signs and thousands separators out of an amount.

    Example:
        >>> amount = plain_amount(FileLayout(thousands=",", currency=("￥", "元")))
        >>> amount("￥1,200.50"), amount("１，２００元"), amount("1,20")
        ('1200.50', '1200', None)
    """
    signs = sorted((unicodedata.normalize("NFKC", sign) for sign in layout.currency), key=len, reverse=True)
    separator = re.escape(layout.thousands or ",")
    grouped = re.compile(rf"[+-]?\d{{1,3}}({separator}\d{{3}})+(\.\d+)?")

    def amount(text: str) -> str | None:
        text = before = unicodedata.normalize("NFKC", text)
        minus = text[:1] if text[:1] in ("-", "+") else ""
        text = text[len(minus) :].strip()
        for sign in signs:
            text = text.removeprefix(sign).removesuffix(sign).strip()
        text = minus + text
        if layout.thousands and grouped.fullmatch(text):
            text = text.replace(layout.thousands, "")
        return None if text in (before, "") else text

    return amount


def plain_date(layout: FileLayout) -> Callable[[str], str | None]:
    """A function that writes a date of the layout's forms as YYYY-MM-DD.

    Example:
        >>> plain_date(FileLayout(dates=("D/M/YYYY", "YYYY.MM.DD")))("1/10/2026")
        '2026-10-01'
    """
    forms = [re.compile(_pattern(form)) for form in layout.dates]

    def day(text: str) -> str | None:
        text = unicodedata.normalize("NFKC", text).removesuffix(" 00:00:00")
        parts = next((match for form in forms if (match := form.fullmatch(text))), None)
        return None if parts is None else f"{parts['Y']}-{parts['M']:0>2}-{parts['D']:0>2}"

    return day


def _pattern(form: str) -> str:
    digits = {"YYYY": r"(?P<Y>\d{4})", "MM": r"(?P<M>\d\d)", "M": r"(?P<M>\d{1,2})", "DD": r"(?P<D>\d\d)", "D": r"(?P<D>\d{1,2})"}
    return re.sub(r"YYYY|MM?|DD?|[^YMD]+", lambda part: digits.get(part[0]) or re.escape(unicodedata.normalize("NFKC", part[0])), form)


def error_texts(cells: pl.Series) -> UInt8:
    """ERROR_CELL for each cell that is an error of Excel; for fields where any text is a value."""
    faults = np.zeros(len(cells), np.uint8)
    if ((cells >= "#") & (cells < "$")).any():
        wrong = cells.fill_null("").str.strip_chars(SPACES).str.contains(f"^(?:{ERROR.pattern})$").to_numpy()
        faults[wrong] = Fault.ERROR_CELL
    return faults
