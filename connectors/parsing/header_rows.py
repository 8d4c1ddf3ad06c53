"""Finds the header of a table, and explains a file whose columns are not those of its contract.

Called by ``connectors.parsing.delimited_text`` and ``connectors.parsing.sheets`` with the first lines of a table, which may be titles. The
error of a refused file says what it looks like: it has another delimiter, or a title above its header.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.contracts.faults import UnreadableFile
from connectors.contracts.layouts import FIND
from connectors.parsing.decoding import unreadable
from connectors.parsing.rows import TableRequest
from policies.problems.problems import comma_list, suggestion

DELIMITERS = {",": ("逗号", "comma"), "\t": ("制表符", "tab"), ";": ("分号", "semicolon"), "|": ("竖线", "bar")}
"""The delimiters that are tried where the contract says auto, in the order of preference."""
SEARCHED = 100
"""Lines among which a header is looked for."""


@dataclass(frozen=True, slots=True)
class HeaderLine:
    """A line that may be the header.

    Args:
        line: its number in the file.
        cells: without outer spaces; None where it has a misplaced quote.
        end: where it ends in bytes, and the number of lines up to there (CSV only).
        wide: whether it has more columns than a table may have; then its cells are left out.
    """

    line: int
    cells: list[str] | None
    end: tuple[int, int] = (0, 0)
    wide: bool = False

    def names(self, wanted: TableRequest) -> int:
        """How many of the required columns it names."""
        return len(set(wanted.columns).intersection(self.cells or ()))


def header(candidates: Sequence[HeaderLine], wanted: TableRequest) -> HeaderLine | None:
    """The header, where the layout says it is; None where it is not there."""
    at = wanted.layout.header
    if at == FIND:
        return named_in(candidates, wanted)
    if at is None:
        return next((c for c in candidates if c.cells is None or any(c.cells)), None)
    return next((c for c in candidates if c.line == at), None)


def nearest(candidates: Sequence[HeaderLine], wanted: TableRequest) -> HeaderLine | None:
    """The line most like a header: the one that the layout says, or the one that names most of the columns."""
    best = max(candidates, key=lambda c: c.names(wanted), default=None)
    return header(candidates, wanted) or (best if best is not None and best.names(wanted) else None)


def named_in(candidates: Sequence[HeaderLine], wanted: TableRequest) -> HeaderLine | None:
    """The first line that names every column."""
    return next((c for c in candidates if c.cells is not None and set(wanted.columns) <= set(c.cells)), None)


def positions(names: Sequence[str], wanted: TableRequest) -> dict[str, int | None]:
    """The position of each column; None for an optional one that is absent.

    Raises:
        UnreadableFile: a column is missing or repeated.
    """
    if any(column not in names for column in wanted.columns):
        raise missing(names, wanted)
    columns = list(dict.fromkeys([*wanted.columns, *wanted.optional]))
    twice = [column for column in columns if names.count(column) > 1]
    if twice:
        raise unreadable(
            wanted.name,
            f"有两列同名：{comma_list(twice)}；请改名或删去一列",
            f"has two columns named {comma_list(twice)}; rename or delete one",
        )
    return {column: names.index(column) if column in names else None for column in columns}


def missing(names: Sequence[str], wanted: TableRequest, zh: str = "", en: str = "") -> UnreadableFile:
    """The error for a table that lacks columns, with a hint (``zh``, ``en``) or a name that was perhaps meant."""
    lacking = [column for column in dict.fromkeys(wanted.columns) if column not in names]
    words, near = comma_list(lacking), suggestion(lacking[0], names)
    if not en:
        zh, en = f"。{near.zh}" if near.zh else "", f".{near.en}" if near.en else ""
    return unreadable(wanted.name, f"缺少列：{words}{zh}", f"has no column {words}{en}")


def refusal(lines_by_delimiter: Mapping[str, Sequence[HeaderLine]], wanted: TableRequest) -> UnreadableFile:
    """The error for a file whose header cannot be what the contract says.

    Args:
        lines_by_delimiter: its first lines, by delimiter; that of the contract first.
    """
    own_delimiter = next(iter(lines_by_delimiter))
    most_names = {between: max((c.names(wanted) for c in lines), default=0) for between, lines in lines_by_delimiter.items()}
    other = max(lines_by_delimiter, key=lambda between: most_names[between])
    if most_names[other] > most_names[own_delimiter] and other in DELIMITERS and own_delimiter in DELIMITERS:
        zh, en = DELIMITERS[other]
        key = "tab" if other == "\t" else f'"{other}"'
        line = next(c for c in lines_by_delimiter[other] if c.names(wanted) == most_names[other])
        if set(wanted.columns) <= set(line.cells or ()):
            return unreadable(
                wanted.name,
                f"看来以{zh}分隔；请在约定的 delivery 写 delimiter: {key}（或 auto），或另存为逗号分隔",
                f"looks {en}-separated; write `delimiter: {key}` (or auto) under `delivery` in the contract, or save it with commas",
            )
        return missing(line.cells or (), wanted, f"；看来以{zh}分隔", f"; it looks {en}-separated")
    return _misplaced_header(lines_by_delimiter[own_delimiter], wanted)


def _misplaced_header(candidates: Sequence[HeaderLine], wanted: TableRequest) -> UnreadableFile:
    """The error where the header is in another line than the layout says, or in none."""
    expected, actual = header(candidates, wanted), named_in(candidates, wanted)
    if actual is not None:
        above = f"第 {actual.line} 行才是表头，上面是标题", f"the header is in line {actual.line}, below a title"
        if wanted.layout.header not in (None, FIND):
            above = (
                f"表头在第 {actual.line} 行，不在第 {wanted.layout.header} 行",
                f"the header is in line {actual.line}, not {wanted.layout.header}",
            )
        return unreadable(
            wanted.name,
            f"{above[0]}；请在约定的 delivery 写 header: find 或 header_row: {actual.line}，或删去标题行",
            f"does not begin with its header: {above[1]}; write `header: find` or `header_row: {actual.line}` under `delivery` in the"
            " contract, or delete the lines above it",
        )
    if expected is None and wanted.layout.header == FIND:
        expected = nearest(candidates, wanted) or next(iter(candidates), None)
    if expected is None:
        at = wanted.layout.header
        return unreadable(wanted.name, f"没有第 {at} 行，找不到表头", f"has no line {at} where its header should be")
    if expected.cells is None:
        return unreadable(wanted.name, f"第 {expected.line} 行的表头引号有误", f"has a misplaced quote in its header, line {expected.line}")
    return missing(expected.cells, wanted)
