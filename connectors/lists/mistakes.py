"""The mistakes in a list that comes back: where each is and why, without the content of a cell.

``connectors.lists.outcomes`` collects them, and reports all of a file at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connectors.contracts.faults import UnreadableFile
from connectors.parsing.row_place import RowPlace
from policies.problems.characters import lines
from policies.values import Text

SHOWN = 100  # mistakes of one file; of the others only their number


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with one cell, without its content."""

    row: RowPlace
    column: str
    text: Text

    def render(self, language: str) -> str:
        if language == "en":
            return f"{self.row.words.en}, column {self.column}: {self.text.en}"
        return f"{self.row.words.zh}，“{self.column}”列：{self.text.zh}"


def wrong_file(name: str, mistakes: Sequence[Mistake]) -> UnreadableFile:
    """The error with every mistake, each at its place."""
    more = len(mistakes) - SHOWN
    mistakes_by_language = {language: [mistake.render(language) for mistake in mistakes[:SHOWN]] for language in ("zh", "en")}
    if more > 0:
        mistakes_by_language["zh"].append(f"还有 {more} 处。")
        mistakes_by_language["en"].append(f"And {more} more.")
    zh = f"{name} 有 {len(mistakes)} 处要改，尚未记下任何一行；改好后整份重送："
    mistakes_counted = "1 mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
    en = f"{name} has {mistakes_counted}, and nothing of it was noted yet; mend it and send all of it again:"
    return UnreadableFile(Text(lines([zh, *mistakes_by_language["zh"]]), lines([en, *mistakes_by_language["en"]])))
