"""The values of a category: few texts, each in several rows, none of which may be a name or number of a person.

Called by ``connectors.drafts.columns``.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TypeAlias

import polars as pl

from connectors.drafts.words import VALUE_CODES, YES_NO, may_be_name, may_be_number

Values: TypeAlias = tuple[tuple[str, str | None, tuple[str, ...]], ...]
"""Code, English title, and the texts that mean it."""
MOST_VALUES = 20
SEVERAL = 3
"""Rows that each value must have, so that it is nobody's own."""
_LONGEST = 20


def category(cells: pl.Series, by_title: bool) -> Values:
    """The values of a column, () where it is no category.

    Args:
        cells: those that are not empty.
        by_title: the title says that it is a category; then a value with one row may be there, if it is a usual one.
    """
    counts = dict(cells.value_counts().iter_rows())
    if len(counts) > MOST_VALUES or len(counts) * 2 > len(cells):
        return ()
    for text, rows in counts.items():
        usual = text in VALUE_CODES
        if rows < SEVERAL and not (by_title and usual):
            return ()
        if len(text) > _LONGEST or may_be_number(text) or (may_be_name(text) and not usual) or not re.search(r"[^\W\d_]", text):
            return ()
        if text != " ".join(text.split()):
            return ()
    return _with_codes(sorted(counts, key=lambda text: (-counts[text], text)))


def yes_no(texts: Collection[str], digits: bool) -> Values:
    """The values yes and no, () where there is another text, or one of them alone.

    Args:
        digits: whether 1 and 0 are a yes and a no.
    """
    yes, no = (tuple(sorted(text for text in texts if text.lower() in words)) for words in YES_NO)
    if not yes or not no or len(yes) + len(no) != len(texts) or (not digits and set(texts) <= {"0", "1"}):
        return ()
    return ("yes", "yes", yes), ("no", "no", no)


def _with_codes(texts: list[str]) -> Values:
    values: dict[str, tuple[str | None, list[str]]] = {}
    for at, text in enumerate(texts, 1):
        code, en = VALUE_CODES.get(text, (_own_code(text) or f"value_{at}", None))
        if code in values and text not in VALUE_CODES:
            code = f"value_{at}"
        values.setdefault(code, (en, []))[1].append(text)
    return tuple((code, en, tuple(labels)) for code, (en, labels) in values.items())


def _own_code(text: str) -> str | None:
    """The text itself, where it can be a code."""
    return text if re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", text) else None
