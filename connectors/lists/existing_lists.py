"""Whether a file is an exported list that nobody has filled in, so that the next export may replace it.

``infra.workspace.destination`` asks this. Outcomes that somebody has entered are never written over.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from connectors.lists.exports import escape_formulas
from connectors.lists.titles import IDENTIFIER, MISSING, PERSON_TOKENS, STATE, TOKEN
from connectors.parsing.tables import ALL_SHEETS, header_of, pieces


def is_untouched(path: Path, header: Sequence[str] | None = None) -> bool:
    """Whether a file is an exported list of any policy, in either language, with nothing in the columns that the agency fills in.

    Args:
        header: the columns that it must have; None: any that a list may have.
    """
    rows = _rows(path)
    titles = next(rows, [])
    entries = _entry_columns(titles)
    if entries is None or (header is not None and titles != (list(header) if _is_workbook(path) else escape_formulas(header))):
        return False
    return not any(cell.strip() for row in rows for cell in row[entries])


def _entry_columns(titles: Sequence[str]) -> slice | None:
    """The columns that the agency fills in: between what is missing and the token; None where this is no header of a list."""
    for language in ("zh", "en"):
        missing, token = MISSING[language], TOKEN[language]
        if not {STATE[language], missing, token} <= set(titles) or titles[0] not in {title[language] for title in IDENTIFIER.values()}:
            continue
        at = titles.index(token)
        if list(titles[at + 1 :]) in ([], [PERSON_TOKENS[language]]):
            return slice(titles.index(missing) + 1, at)
    return None


def _rows(path: Path) -> Iterator[list[str]]:
    """The header of a list, and the texts of its rows."""
    if not _is_workbook(path):
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from csv.reader(file)
        return
    titles = header_of(path, "xlsx", "utf-8", ALL_SHEETS)
    yield titles
    for piece in pieces(path, "xlsx", "utf-8", titles, layout=ALL_SHEETS):
        for row in piece.frame.iter_rows():
            yield [cell or "" for cell in row]


def _is_workbook(path: Path) -> bool:
    return path.suffix.lower() == ".xlsx"
