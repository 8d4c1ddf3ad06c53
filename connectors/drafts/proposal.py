"""A feed contract proposed from a sample file.

Called by ``services.feeds.drafting``. The proposal is a document that the checker of contracts reads; what a file cannot say (who delivers,
the agreement, how often) is a question in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from connectors.contracts.catalogue import load_contract
from connectors.drafts.columns import column_guess
from connectors.drafts.document import Places, contract_document
from connectors.drafts.guess import ColumnGuess
from connectors.drafts.parts import Parts, parts_of
from connectors.drafts.table import SampleSheet, sample_sheet
from connectors.parsing.decoding import unreadable
from policies.language.catalogue import Feed, FileLayout

NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposed contract.

    Args:
        text: its YAML.
        questions: what the steward decides, in the reader's language.
    """

    text: str
    feed: Feed
    questions: tuple[str, ...]
    sheet: SampleSheet
    guesses: tuple[ColumnGuess, ...]
    parts: Parts


def propose(path: Path, name: str | None, sheets: Sequence[str], places: Places, received: date, language: str) -> Proposal:
    """A contract for files like this one.

    Args:
        name: of the feed; None for one made from the file's name.
        sheets: of a workbook; none for the only visible one.
        places: what the workspace says that no file does.

    Raises:
        UnreadableFile: the file is no table that a contract could describe.
    """
    sheet = sample_sheet(path, sheets)
    if not sheet.columns or not sheet.rows:
        raise unreadable(path.name, "表头下面没有数据；请给一个有数据的样本", "has no rows below its header; give a sample with some")
    guesses = tuple(column_guess(column) for column in sheet.columns)
    parts = parts_of(guesses, received)
    layout = _layout(sheet.layout, guesses, parts)
    feed_name = name or _name_of(path)
    text, questions = contract_document(feed_name, _title_of(path, feed_name), sheet, guesses, parts, layout, places, language)
    return Proposal(text, load_contract(text, f"{feed_name}.yaml"), questions, sheet, guesses, parts)


def _layout(layout: FileLayout, guesses: Iterable[ColumnGuess], parts: Parts) -> FileLayout:
    """The layout with what the columns need for their cells to be read."""
    all_guesses, with_part = tuple(guesses), parts.titles()
    fields = [guess for guess in all_guesses if guess.column.title not in with_part]
    dates = list(dict.fromkeys(form for guess in all_guesses for form in guess.dates))
    if any(form.startswith("D") for form in dates):
        dates = [form for form in dates if not form.startswith("M")]
    return replace(
        layout,
        nulls=tuple(dict.fromkeys(word for guess in fields for word in guess.nulls)),
        dates=tuple(dates),
        thousands="," if any(guess.thousands for guess in fields) else "",
        currency=tuple(dict.fromkeys(sign for guess in fields for sign in guess.currency)),
    )


def _name_of(path: Path) -> str:
    stem = re.sub(r"[^a-z0-9]+", "_", path.name.split(".")[0].lower()).strip("_0123456789")
    return stem if NAME.fullmatch(stem) and path.name.isascii() else "new_feed"


def _title_of(path: Path, name: str) -> str:
    """The Chinese words of the file's name, without days and numbers; the feed's name where there are none."""
    words = re.sub(r"\d+年?(\d+月)?(\d+日)?", "", path.name.split(".")[0])
    words = "".join(re.findall(r"[\u3400-\u9fff]+", words))
    return words or name
