"""The cells of a list that carry follow-ups: the last note, the day to call again, the person assigned; and the mark behind each row.

``services.exports.list_entries`` fills the cells with what is recorded. The mark keeps a digest of each cell as it was written, and the
offset of the state. By it ``connectors.lists.entered_follow_ups`` tells a changed cell from one that only carries over, and
``connectors.lists.existing_lists`` tells whether anybody has filled in the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import blake2b

from connectors.identity.notes import NOTE_LENGTH
from connectors.lists.exports import Cell, Column, ColumnKind, cell_text
from connectors.lists.titles import AS_WRITTEN, ASSIGNED_TO, CALL_AGAIN, NOTE
from policies.values import Text

TITLES: Mapping[str, Text] = {"note": NOTE, "call_again": CALL_AGAIN, "assigned_to": ASSIGNED_TO}
"""By item of a follow-up (``streams.ledgers.follow_ups``), the title of its column; in the order of the columns."""
_FORMAT, _EMPTY = "v1", "-"
_DAYS_FROM = date(1970, 1, 1)
_MARK = re.compile(rf"{_FORMAT} (-?\d{{1,18}})((?: (?:-|[0-9a-f]{{12}})){{{len(TITLES)}}})")
_APOSTROPHES = re.compile("^'+(?=[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20])")


def follow_up_columns(language: str, today: date, people: Iterable[str]) -> tuple[Column, ...]:
    """The columns of follow-ups.

    Args:
        people: to whom candidates are assigned now; they can be chosen, and any other name can be written.
    """
    return (
        Column(NOTE[language], width=24, longest=NOTE_LENGTH, entry=True),
        Column(CALL_AGAIN[language], ColumnKind.DATE, width=11, earliest=today, entry=True),
        Column(ASSIGNED_TO[language], width=10, choices=tuple(sorted(set(people))), others=True, entry=True),
    )


def mark_column(language: str) -> Column:
    """The column of marks, which only this program reads."""
    return Column(AS_WRITTEN[language], visible=False)


@dataclass(frozen=True, slots=True)
class Mark:
    """What the follow-up cells of a row held when it was written.

    Args:
        offset: of the state that was written.
        digests: of each cell by item; "" of an empty one.
    """

    offset: int
    digests: Mapping[str, str]

    @classmethod
    def of(cls, offset: int, cells: Sequence[Cell]) -> Mark:
        """The mark of a row that is written."""
        return cls(offset, {item: _digest(item, cell_text(cell)) for item, cell in zip(TITLES, cells, strict=True)})

    @classmethod
    def parse(cls, text: str) -> Mark | None:
        """The mark from its cell; None where the text is none.

        Example:
            >>> str(Mark.parse("v1 214 - - -")), Mark.parse("yes")
            ('v1 214 - - -', None)
        """
        match = _MARK.fullmatch(text.strip())
        if match is None:
            return None
        digests = (digest if digest != _EMPTY else "" for digest in match[2].split())
        return cls(int(match[1]), dict(zip(TITLES, digests, strict=True)))

    def is_as_written(self, item: str, text: str) -> bool:
        """Does a cell still hold what was written into it?"""
        return self.digests[item] == _digest(item, text)

    def __str__(self) -> str:
        return " ".join((_FORMAT, str(self.offset), *(digest or _EMPTY for digest in self.digests.values())))


def plain_cell(item: str, text: str) -> str:
    """The content of a cell as it is compared: a day as ISO 8601; of a text neither line ends nor apostrophes before formulas matter.

    Example:
        >>> plain_cell("call_again", "2026/10/3"), plain_cell("note", " '=1 ")
        ('2026-10-03', '=1')
    """
    plain = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if item != "call_again":
        return _APOSTROPHES.sub("", plain)
    day = day_of(plain)
    return plain if day is None else day.isoformat()


def day_of(text: str) -> date | None:
    """The day that a cell holds, in any of the forms in which spreadsheets write days; None where it is none."""
    import polars as pl

    from connectors.identity.tokens import arrow_bytes
    from connectors.parsing.cells import Fault, dates

    try:
        return date.fromisoformat(text.removesuffix(" 00:00:00"))
    except ValueError:
        (value,), (fault,) = (column.tolist() for column in dates(*arrow_bytes(pl.Series([text], dtype=pl.String))))
    return _DAYS_FROM + timedelta(days=value) if fault == Fault.SOUND else None


def _digest(item: str, text: str) -> str:
    plain = plain_cell(item, text) if text.strip() else ""
    return blake2b(f"{item} {plain}".encode(), digest_size=6).hexdigest() if plain else ""
