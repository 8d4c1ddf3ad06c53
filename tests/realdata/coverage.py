"""Which streets each unit has declared complete, and up to when: the statements, and those of them that count.

The number of a street decides whether it is left out, stale, withdrawn or stated with a wrong count. So every feed has streets of each kind,
and different ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from tests.realdata.plan import DISTRICT, PRIVATE

FRESH, OLDER, STALE = date(2026, 10, 10), date(2026, 9, 1), date(2026, 3, 1)
UNITS = {
    "hukou": "police", "household": "police", "dwelling": "housing", "employment": "labour", "schooling": "education", "means": "revenue",
    "family": "civil-affairs", "vehicle": "traffic", "income": "revenue", "civil": "civil-affairs", "tenancy": "housing", "work": "labour",
    "service": "civil-affairs",
}  # fmt: skip
"""The first source of every feed."""
WHOLE = {"household", "schooling", "family"}
"""Feeds whose unit has declared the whole district complete; the others declare street by street."""
SILENT = {"dwelling", "means", "civil", "service"}
"""Feeds about which nothing is declared: no policy takes their absence for evidence."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A line of a coverage file, and whether it comes to count."""

    line: dict[str, Any]
    counts: bool


def is_cut_off(street: str) -> bool:
    """Whether the employment feed was cut off before this street was whole."""
    return int(street[-3:]) % 4 == 2


def feed_statements(feed: str, streets: list[str], deliveries: dict[str, int]) -> list[Statement]:
    """The statements of a feed.

    Args:
        deliveries: rows of each of its first source's deliveries, by name, in their order.
    """
    if feed in SILENT:
        return []
    last, rows = list(deliveries.items())[-1]
    if feed in WHOLE:
        own = [Statement(_line(feed, UNITS[feed], DISTRICT, FRESH, {"id": last, "rows": rows}), True)]
        private = [Statement(_line(feed, "private-school", PRIVATE, STALE), True)] if feed == "schooling" else []
        return own + private
    return [statement for street in streets for statement in _of_street(feed, street, last, rows)]


def _of_street(feed: str, street: str, last: str, rows: int) -> list[Statement]:
    turn = (int(street[-3:]) + 3 * len(feed)) % 13
    if feed == "employment" and is_cut_off(street):
        return []
    match turn:
        case 0:
            return []
        case 1:
            return [Statement(_line(feed, UNITS[feed], street, STALE), True)]
        case 2:
            withdrawn = _line(feed, UNITS[feed], street, FRESH)
            return [Statement(withdrawn, False), Statement({"format": 1, "statement": withdrawn["statement"], "withdrawn": True}, False)]
        case 3:
            return [Statement(_line(feed, UNITS[feed], street, FRESH, {"id": last, "rows": rows + 1}), False)]
        case 4 | 5:
            return [
                Statement(_line(feed, UNITS[feed], street, STALE), True),
                Statement(_line(feed, UNITS[feed], street, OLDER, None, "b"), True),
            ]
        case _:
            return [Statement(_line(feed, UNITS[feed], street, FRESH, {"id": last, "rows": rows}), True)]


def _line(feed: str, unit: str, division: str, upto: date, delivery: dict[str, Any] | None = None, more: str = "") -> dict[str, Any]:
    name = f"{feed}-{unit}-{division}{more}"
    line = {"format": 1, "statement": name, "feed": feed, "unit": unit, "division": division, "complete_to": upto.isoformat()}
    return line if delivery is None else {**line, "delivery": delivery}
