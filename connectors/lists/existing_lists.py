"""Whether a file is an exported list that nobody has filled in, so that the next export may replace it.

``infra.workspace.destination`` asks this. What somebody has entered is never written over. A cell that holds what was written into it
(``connectors.lists.follow_up_cells.Mark``) is not filled in; one that was changed or emptied is.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from connectors.lists.exports import escape_formulas
from connectors.lists.follow_up_cells import TITLES, Mark
from connectors.lists.returned_sheets import list_layout
from connectors.lists.titles import AS_WRITTEN, FILTER, IDENTIFIER, MISSING, PERSON_TOKENS, STATE, TOKEN
from connectors.parsing.tables import header_of, pieces


def is_untouched(path: Path, header: Sequence[str] | None = None) -> bool:
    """Whether a file is an exported list of any policy, in either language, in which nobody has filled in or changed a cell for entries.

    Args:
        header: the columns that it must have; None: any that a list may have.
    """
    rows = _rows(path)
    titles = next(rows, [])
    places = _places(titles)
    if places is None or (header is not None and titles != (list(header) if _is_workbook(path) else escape_formulas(header))):
        return False
    return all(len(row) == len(titles) and places.is_untouched(row) for row in rows if any(row))


@dataclass(frozen=True, slots=True)
class _Places:
    """Where the cells of a row are.

    Args:
        entries: those that are written empty.
        follow_ups: by item, those that carry what is recorded.
        mark: of the row; None in the lists of older versions, which carry nothing.
    """

    entries: tuple[int, ...]
    follow_ups: Mapping[str, int]
    mark: int | None

    def is_untouched(self, row: Sequence[str]) -> bool:
        if any(row[at].strip() for at in self.entries):
            return False
        if self.mark is None:
            return not any(row[at].strip() for at in self.follow_ups.values())
        mark = Mark.parse(row[self.mark])
        return mark is not None and all(mark.is_as_written(item, row[at]) for item, at in self.follow_ups.items())


def _places(titles: Sequence[str]) -> _Places | None:
    """The places of the cells for entries, between what is missing and the token; None where this is no header of a list."""
    for language in ("zh", "en"):
        missing, token, mark = MISSING[language], TOKEN[language], AS_WRITTEN[language]
        if not {STATE[language], missing, token} <= set(titles) or titles[0] not in {title[language] for title in IDENTIFIER.values()}:
            continue
        at = titles.index(token)
        behind = [title for title in titles[at + 1 :] if not title.startswith(FILTER[language])]
        if behind not in ([], [PERSON_TOKENS[language]], [mark], [PERSON_TOKENS[language], mark]):
            continue
        entries = range(titles.index(missing) + 1, at)
        by_title = {titles[place]: place for place in entries}
        items = {item: by_title[title[language]] for item, title in TITLES.items() if title[language] in by_title}
        others = tuple(place for place in entries if place not in items.values())
        return _Places(others, items, titles.index(mark) if mark in behind else None)
    return None


def _rows(path: Path) -> Iterator[list[str]]:
    """The header of a list, and the texts of its rows."""
    if not _is_workbook(path):
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from csv.reader(file)
        return
    layout = list_layout(path)
    titles = header_of(path, "xlsx", "utf-8", layout)
    yield titles
    for piece in pieces(path, "xlsx", "utf-8", titles, layout=layout):
        for row in piece.frame.iter_rows():
            yield [cell or "" for cell in row]


def _is_workbook(path: Path) -> bool:
    return path.suffix.lower() == ".xlsx"
