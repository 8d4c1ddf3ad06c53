"""Which line of a table is its header, and what to say of a file whose columns are not those of its contract.

Called by ``connectors.parsing.delimited`` and ``connectors.parsing.sheets`` with the first lines of a table, which may be titles. A file
that is refused is told as what it looks like: separated by something else, or with a title above its header.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.contracts.faults import UnreadableFile
from connectors.contracts.layouts import FIND
from connectors.parsing.decoding import unreadable
from connectors.parsing.rows import Wanted
from policies.problems.problems import listed, meant

DELIMITERS = {",": ("逗号", "comma"), "\t": ("制表符", "tab"), ";": ("分号", "semicolon"), "|": ("竖线", "bar")}
"""What may stand between cells where it is to be found, in the order of preference."""
SEARCHED = 100
"""Lines among which a header is looked for."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A line that may be the header.

    Args:
        line: its number in the file.
        cells: without outer spaces; None where it has a misplaced quote.
        end: where it ends, in bytes, and how many lines lie up to there (CSV only).
        wide: it has more columns than a table may have; its cells are left out.
    """

    line: int
    cells: list[str] | None
    end: tuple[int, int] = (0, 0)
    wide: bool = False

    def names(self, wanted: Wanted) -> int:
        """How many of the columns it names."""
        return len(set(wanted.columns).intersection(self.cells or ()))


def header(candidates: Sequence[Candidate], wanted: Wanted) -> Candidate | None:
    """The header, as the layout says where it is; None where there is none."""
    at = wanted.layout.header
    if at == FIND:
        return named_in(candidates, wanted)
    if at is None:
        return next((c for c in candidates if c.cells is None or any(c.cells)), None)
    return next((c for c in candidates if c.line == at), None)


def nearest(candidates: Sequence[Candidate], wanted: Wanted) -> Candidate | None:
    """The line to show where there is no header: what the layout takes for it, or the one that names most of the columns."""
    best = max(candidates, key=lambda c: c.names(wanted), default=None)
    return header(candidates, wanted) or (best if best is not None and best.names(wanted) else None)


def named_in(candidates: Sequence[Candidate], wanted: Wanted) -> Candidate | None:
    """The first line that names every column."""
    return next((c for c in candidates if c.cells is not None and set(wanted.columns) <= set(c.cells)), None)


def positions(names: Sequence[str], wanted: Wanted) -> dict[str, int | None]:
    """Where each column stands; None for an optional one that is not there.

    Raises:
        UnreadableFile: a column is missing, or there twice.
    """
    if any(column not in names for column in wanted.columns):
        raise missing(names, wanted)
    columns = list(dict.fromkeys([*wanted.columns, *wanted.optional]))
    twice = [column for column in columns if names.count(column) > 1]
    if twice:
        raise unreadable(
            wanted.name, f"有两列同名：{listed(twice)}；请改名或删去一列", f"has two columns named {listed(twice)}; rename or delete one"
        )
    return {column: names.index(column) if column in names else None for column in columns}


def missing(names: Sequence[str], wanted: Wanted, zh: str = "", en: str = "") -> UnreadableFile:
    """The error for a table that lacks columns, with what it looks like, or else the name that was perhaps meant."""
    lacking = [column for column in dict.fromkeys(wanted.columns) if column not in names]
    words, near = listed(lacking), meant(lacking[0], names)
    if not en:
        zh, en = f"。{near.zh}" if near.zh else "", f".{near.en}" if near.en else ""
    return unreadable(wanted.name, f"缺少列：{words}{zh}", f"has no column {words}{en}")


def refusal(ways: Mapping[str, Sequence[Candidate]], wanted: Wanted) -> UnreadableFile:
    """The error for a file whose header cannot be what the contract says.

    Args:
        ways: its first lines, by what stands between the cells; the way of the contract first.
    """
    own = next(iter(ways))
    best = {way: max((c.names(wanted) for c in lines), default=0) for way, lines in ways.items()}
    other = max(ways, key=lambda way: best[way])
    if best[other] > best[own] and other in DELIMITERS and own in DELIMITERS:
        zh, en = DELIMITERS[other]
        key = "tab" if other == "\t" else f'"{other}"'
        line = next(c for c in ways[other] if c.names(wanted) == best[other])
        if set(wanted.columns) <= set(line.cells or ()):
            return unreadable(
                wanted.name,
                f"看来以{zh}分隔；请在约定的 delivery 写 delimiter: {key}（或 auto），或另存为逗号分隔",
                f"looks {en}-separated; write `delimiter: {key}` (or auto) under `delivery` in the contract, or save it with commas",
            )
        return missing(line.cells or (), wanted, f"；看来以{zh}分隔", f"; it looks {en}-separated")
    return _misplaced(ways[own], wanted)


def _misplaced(candidates: Sequence[Candidate], wanted: Wanted) -> UnreadableFile:
    """The columns stand in another line than the layout says, or nowhere."""
    taken, there = header(candidates, wanted), named_in(candidates, wanted)
    if there is not None:
        above = f"第 {there.line} 行才是表头，上面是标题", f"the header is in line {there.line}, below a title"
        if wanted.layout.header not in (None, FIND):
            above = (
                f"表头在第 {there.line} 行，不在第 {wanted.layout.header} 行",
                f"the header is in line {there.line}, not {wanted.layout.header}",
            )
        return unreadable(
            wanted.name,
            f"{above[0]}；请在约定的 delivery 写 header: find 或 header_row: {there.line}，或删去标题行",
            f"does not begin with its header: {above[1]}; write `header: find` or `header_row: {there.line}` under `delivery` in the"
            " contract, or delete the lines above it",
        )
    if taken is None and wanted.layout.header == FIND:
        taken = nearest(candidates, wanted) or next(iter(candidates), None)
    if taken is None:
        at = wanted.layout.header
        return unreadable(wanted.name, f"没有第 {at} 行，找不到表头", f"has no line {at} where its header should be")
    if taken.cells is None:
        return unreadable(wanted.name, f"第 {taken.line} 行的表头引号有误", f"has a misplaced quote in its header, line {taken.line}")
    return missing(taken.cells, wanted)
