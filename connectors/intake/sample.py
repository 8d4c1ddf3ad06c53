"""Reads a file against a contract without taking it in: what would be read, and what would be refused.

Called by ``services.feeds.file_trial``. The rows are read as those of a delivery (``connectors.intake.intake``), with a key that is thrown
away.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from connectors.contracts.faults import UnreadableFile
from connectors.identity.tokens import Tokens
from connectors.intake.flaws import Flaw
from connectors.intake.intake import DELETED_COLUMN, Reader, read
from connectors.parsing.tables import ReadingNotes
from matchers.kernel.batch import DELETED, QUARANTINED
from policies.language.catalogue import Feed
from policies.values import Text

_KEY = bytes(32)
_FLAWS_KEPT = 10


@dataclass(frozen=True, slots=True)
class SampleTable:
    """One table of a file, and which of its columns are in the contract.

    Args:
        present: columns of the contract that the file has; ``missing`` are those that it lacks.
        unused: other columns of the file; none where the header has no column of the contract.
    """

    sheet: str
    line: int
    present: tuple[str, ...]
    missing: tuple[str, ...]
    unused: tuple[str, ...]


@dataclass(slots=True)
class Sample:
    """The result of reading a file.

    Args:
        rows: data rows, without ``blank`` rows and footers (``passed_over``).
        lacking: by column, how many rows of JSON lines do not name it.
        unplaced: rows without a readable subject or key.
        by_rule: broken cells by column and rule.
        flaws: the first ten of them.
        refusal: why the file is refused, None where it is not; the counts are then those up to that place.
    """

    encoding: str = ""
    delimiter: str = ""
    tables: list[SampleTable] = field(default_factory=list)
    rows: int = 0
    blank: int = 0
    passed_over: int = 0
    lacking: Counter[str] = field(default_factory=Counter)
    unplaced: int = 0
    quarantined: int = 0
    deleted: int = 0
    by_rule: Counter[tuple[str, str]] = field(default_factory=Counter)
    flaws: list[Flaw] = field(default_factory=list)
    refusal: Text | None = None


def sample_of(feed: Feed, path: Path, received: date) -> Sample:
    """Read a file against a contract, as if it were received on a day."""
    tokens, notes, sample = Tokens(_KEY), ReadingNotes(), Sample()
    try:
        for parcel in read(feed, 0, 1, path, tokens, received=received, notes=notes):
            sample.rows += parcel.rows
            sample.unplaced += parcel.unplaced
            sample.quarantined += int((parcel.batch.flags & QUARANTINED != 0).sum())
            sample.deleted += int((parcel.batch.flags & DELETED != 0).sum())
            sample.by_rule.update((flaw.column, flaw.rule.name.lower()) for flaw in parcel.flaws)
            sample.flaws += parcel.flaws[: max(0, _FLAWS_KEPT - len(sample.flaws))]
    except UnreadableFile as error:
        sample.refusal = error.text
    sample.encoding, sample.delimiter, sample.blank, sample.passed_over = notes.encoding, notes.delimiter, notes.blank, notes.passed_over
    sample.lacking = notes.lacking
    wanted = Reader(feed, 0, 1, tokens, received).columns
    for head in notes.heads:
        names = [name for name in head.names if name]
        present, others = [c for c in wanted if c in names], [c for c in dict.fromkeys(names) if c not in wanted and c != DELETED_COLUMN]
        missing = tuple(column for column in wanted if column not in names)
        unused = tuple(others) if present else ()  # a header without any known column may be a row about a person
        sample.tables.append(SampleTable(head.sheet, head.line, tuple(present), missing, unused))
    return sample
