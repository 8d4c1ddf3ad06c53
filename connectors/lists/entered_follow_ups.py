"""Follow-ups that an agency entered into a list: the cells that it changed, and what is wrong with a new one.

``connectors.lists.outcomes`` calls it for each row of a file. A cell is compared with what was written into it (``Mark``), not with what is
recorded now, so that a list that was written last week does not take back what was recorded since. A row without a mark (of a file that
somebody made by hand) says only what stands in its cells.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from connectors.identity.notes import NOTE_LENGTH
from connectors.intake.flaws import EXPECTED
from connectors.lists.follow_up_cells import TITLES, Mark, day_of, plain_cell
from connectors.parsing.cells import Fault
from policies.language.people import person
from policies.values import Text
from streams.steps.follow_ups import NAME_CHARACTERS

_NO_MARK = Text("应为导出时写下的内容；请恢复原样，或重新导出名单", "what was exported was expected; restore it, or export the list anew")


@dataclass(frozen=True, slots=True)
class EnteredFollowUp:
    """One changed cell.

    Args:
        item: as in ``streams.ledgers.follow_ups``.
        value: the text as it is compared (a day as ISO 8601); None: the cell was emptied.
        since: the offset of the state that the list was written from; None where the file does not say it.
        is_known: it is recorded already.
    """

    item: str
    value: str | None
    since: int | None = None
    is_known: bool = False


class FollowUpReader:
    """Reads the follow-up cells of the rows of one file.

    Args:
        places: the column of the file for each thing that a form knows.
        today: the first day on which somebody can be called again.
    """

    def __init__(self, places: Mapping[str, str], today: date) -> None:
        self._items = [item for item in TITLES if item in places]
        self._today = today

    def entries(self, cells: Mapping[str, str]) -> tuple[EnteredFollowUp, ...]:
        """The changed cells of a row. An emptied note is none: notes are a history, and nothing is taken out of it."""
        return tuple(self._entries(cells)) if self._items else ()

    def _entries(self, cells: Mapping[str, str]) -> Iterator[EnteredFollowUp]:
        mark = Mark.parse(cells.get("as_written", ""))
        for item in self._items:
            text = cells[item]
            if mark is not None and mark.is_as_written(item, text):
                continue
            if text:
                yield EnteredFollowUp(item, plain_cell(item, text), None if mark is None else mark.offset)
            elif mark is not None and item != "note":
                yield EnteredFollowUp(item, None, mark.offset)

    def mark_problem(self, cells: Mapping[str, str]) -> Text | None:
        """What is wrong with the mark of a row; None where it is whole, or there is none."""
        text = cells.get("as_written", "") if self._items else ""
        return _NO_MARK if text and Mark.parse(text) is None else None

    def problem(self, entered: EnteredFollowUp, text: str) -> Text | None:
        """What is wrong with a cell that is to be recorded, with the way out; None where nothing is."""
        if entered.is_known or entered.value is None:
            return None
        match entered.item:
            case "note":
                return None if len(entered.value) <= NOTE_LENGTH else _too_long(NOTE_LENGTH)
            case "call_again":
                return self._day_problem(entered.value)
            case _:
                if not person(entered.value):
                    return Text("应为姓名；不再分派则请清空", "the name of a person was expected; clear the cell where nobody is assigned")
                return None if len(entered.value) <= NAME_CHARACTERS else _too_long(NAME_CHARACTERS)

    def _day_problem(self, text: str) -> Text | None:
        day = day_of(text)
        if day is None:
            zh, en = EXPECTED[Fault.DATE].zh, EXPECTED[Fault.DATE].en
            return Text(f"{zh}；不再联系则请清空", f"{en}; clear the cell where nobody is to call again")
        if day < self._today:
            zh = f"这一天已过，今天是 {self._today}；请改为今天或以后，不再联系则请清空"
            en = f"that day is over, today is {self._today}; give today or a later day, or clear the cell"
            return Text(zh, en)
        return None


def _too_long(most: int) -> Text:
    return Text(f"不超过 {most} 字；请写短些", f"up to {most} characters were expected; shorten it")
