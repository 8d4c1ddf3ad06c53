"""A file tried against a contract, with nothing taken in.

The verb ``feed try`` calls this.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from policies.problems.problems import HuiminError
from policies.values import Text
from services.lookup import feed_named
from services.results import Hidden, Key, Sentence

if TYPE_CHECKING:
    from infra.workspace.workspace import Workspace
    from policies.language.catalogue import Feed


@dataclass(frozen=True, slots=True)
class FileTable:
    """A table of a file.

    Args:
        sheet, header: the name of the sheet, and the line of the header, where there are any.
        columns: those that are read.
        missing, unused: columns of the contract that the table lacks; columns of the table that the contract does not name.
    """

    sheet: str | None
    header: int | None
    columns: Annotated[tuple[str, ...], Key("found")]
    missing: tuple[str, ...]
    unused: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BrokenRule:
    """A rule of a column, and the number of cells that break it."""

    column: str
    rule: str
    cells: int
    expected: Annotated[Text, Hidden]


@dataclass(frozen=True, slots=True)
class FileFault:
    """A cell that breaks a rule of the contract: its place, the class of its value, and what is expected."""

    row: int
    line: int
    place: str
    column: str
    rule: str
    value: Annotated[Sentence, Key("found")]
    expected: Sentence
    cell: Annotated[Text, Hidden]


@dataclass(frozen=True, slots=True)
class FileTrial:
    """What would be read of a file, and what would be refused.

    Args:
        encoding, delimiter: null where the file has none.
        rows: of the data, without blank rows and footers.
        unplaced: rows without a readable subject or key.
        lacking: of JSON lines, how many rows do not name a column, by column.
        broken: broken cells by column and rule.
        first: the first ten broken cells.
        refused: why the file is refused, with counts up to there; null where it is read.
        open_ends: columns of ``lacking`` without which a record has no last day.
    """

    file: str
    feed: str
    encoding: str | None
    delimiter: str | None
    tables: tuple[FileTable, ...]
    rows: int
    blank: int
    footers: int
    unplaced: int
    quarantined: int
    deleted: int
    lacking: Mapping[str, int]
    broken: tuple[BrokenRule, ...]
    first: tuple[FileFault, ...]
    refused: Sentence | None
    title: Annotated[Text, Hidden]
    open_ends: Annotated[tuple[str, ...], Hidden]


def file_trial(workspace: Callable[[], Workspace], contract: str, file: Path, day: date) -> FileTrial:
    """Read a file by a contract, as if it came in on a day.

    Args:
        workspace: opens the workspace; not called where ``contract`` is a file (.yaml) and not a name.

    Raises:
        HuiminError: there is no such contract. Invalid: it has problems.
    """
    from connectors.intake.flaws import EXPECTED
    from connectors.intake.sample import sample_of

    feed = _contract(workspace, contract)
    sample = sample_of(feed, file, day)
    tables = (FileTable(t.sheet or None, t.line or None, t.present, t.missing, t.unused) for t in sample.tables)
    first = (
        FileFault(f.row, f.line, f.place, f.column, f.rule.name.lower(), f.value_class, EXPECTED[f.rule], f.cell) for f in sample.flaws
    )
    return FileTrial(
        file.name, feed.name, sample.encoding or None, sample.delimiter or None, tuple(tables),
        sample.rows, sample.blank, sample.passed_over, sample.unplaced, sample.quarantined, sample.deleted,
        dict(sorted(sample.lacking.items())), broken_rules(sample.by_rule), tuple(first), sample.refusal, feed.title, open_ends(feed),
    )  # fmt: skip


def _contract(workspace: Callable[[], Workspace], name: str) -> Feed:
    from connectors.contracts.catalogue import load_contract
    from infra.workspace.texts import text_of

    if not name.endswith((".yaml", ".yml")):
        return feed_named(workspace().catalogue(), name)
    if not Path(name).is_file():
        raise HuiminError(Text(f"没有约定文件 {name}；请核对路径。", f"There is no contract {name}; check the path."), 2)
    return load_contract(text_of(Path(name)), name)


def broken_rules(counts: Mapping[tuple[str, str], int]) -> tuple[BrokenRule, ...]:
    """Counts of broken cells by column and rule, sorted."""
    from connectors.intake.flaws import EXPECTED
    from connectors.parsing.cells import Fault

    return tuple(BrokenRule(column, rule, cells, EXPECTED[Fault[rule.upper()]]) for (column, rule), cells in sorted(counts.items()))


def open_ends(feed: Feed) -> tuple[str, ...]:
    """The columns of a feed without which a record has no last day."""
    return feed.validity[1:] if feed.validity else ()
