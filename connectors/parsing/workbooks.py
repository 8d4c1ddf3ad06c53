"""Reads from a workbook's XML what its cell values do not say: errors, formulas without a value, merged cells, rounded numbers.

Called by ``connectors.parsing.sheets``. Calamine reads values fast, but an error, a formula without a stored value, and a merged cell
except its corner are empty there, and a rounded number looks like any other. This module finds those cells. It searches the sheet for their
bytes, and parses it with expat only where the search finds any. Openpyxl was rejected: it loses merged cells when it streams, and needs two
readings to tell a formula from its value.

Source: ECMA-376 part 1, 18.2.19 (sheet), 18.3.1.4 (c), 18.3.1.55 (mergeCell), 18.18.11 (cell types); Excel keeps 15 digits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from connectors.contracts.faults import UnreadableFile
from connectors.limits import (
    FEW_CELLS,
    LARGEST_PART,
    LARGEST_SHEET,
    LARGEST_STRINGS,
    MOST_CELLS,
    MOST_COLUMNS,
    MOST_MARKED,
    MOST_SHEETS,
    SPARSE,
)  # fmt: skip
from connectors.parsing.archive_parts import BROKEN, blocks, damaged_workbook, parser, parts_of
from connectors.parsing.cells import Fault
from connectors.parsing.decoding import unreadable
from connectors.parsing.records import measure

_DIGITS = 15
_OVERLAP = 1 << 16
_LONGEST_TAG = 4 << 20
_LONGEST_VALUE = 1 << 16
_READ_WHOLE = ("sharedstrings.xml", "styles.xml")
_BEHIND = b"\0" * 8
_LONG_NUMBER = re.compile(rb"<v>(?:[^<]{16}|[^<E]*E)")
_IN_COLUMN_A = re.compile(rb'<c r="A\d+"[^>/]*>(?:<v>[^<]|<is>)')
_MERGED = re.compile(rb'<mergeCell ref="([A-Z]+\d+):([A-Z]+\d+)"')


class SheetPart(NamedTuple):
    """A sheet of a workbook: its name, whether it is visible, and the part with its XML."""

    name: str
    visible: bool
    part: str


@dataclass(slots=True)
class Structure:
    """The extent of a sheet, and its cells that are not what their value says. Rows and columns count from 1.

    Args:
        first, last: the columns of the leftmost and rightmost cell with a value; ``first`` is 0 for an empty sheet, ``last`` is 0 where it
            was not measured.
        bottom, cells: the lowest row with a value, and the number of cells with one.
        faults: by (row, column), the fault of an unreadable cell.
        texts: by (row, column), a computed number with the 15 digits that Excel shows.
        merged: (top, left, bottom, right) of each merged cell.
    """

    first: int = 0
    last: int = 0
    bottom: int = 0
    cells: int = 0
    faults: dict[tuple[int, int], Fault] = field(default_factory=dict)
    texts: dict[tuple[int, int], str] = field(default_factory=dict)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)


def sheet_parts(path: Path) -> list[SheetPart]:
    """The worksheets of a workbook, in their order, without charts.

    Raises:
        UnreadableFile: it is damaged.
    """
    try:
        with parts_of(path) as archive:
            book = next(part for part in archive.namelist() if part.endswith("workbook.xml"))
            folder, _, file = book.rpartition("/")
            folder += "/" if folder else ""
            targets, others = dict[str, str](), {part for part in archive.namelist() if part.lower().endswith(_READ_WHOLE)}

            def relation(name: str, attributes: dict[str, str]) -> None:
                if _local(name) == "Relationship":
                    target = attributes["Target"]
                    place = target[1:] if target.startswith("/") else folder + target
                    if attributes["Type"].endswith("/worksheet"):
                        targets[attributes["Id"]] = place
                    elif attributes["Type"].endswith(("/sharedStrings", "/styles")) and place in archive.namelist():
                        others.add(place)

            def within(part: str, most: int = LARGEST_PART) -> Iterator[bytes]:
                return blocks(archive, part, most, path.name)

            _parse(b"".join(within(f"{folder}_rels/{file}.rels")), relation, path.name)
            out: list[SheetPart] = []

            def sheet(name: str, attributes: dict[str, str]) -> None:
                if _local(name) == "sheet":
                    if len(out) == MOST_SHEETS:
                        zh, en = (
                            f"超过 {MOST_SHEETS} 张工作表（上限）；请分成几份",
                            f"has more than {MOST_SHEETS} sheets, the most there may be; split it",
                        )
                        raise unreadable(path.name, zh, en)
                    id = next(value for key, value in attributes.items() if _local(key) == "id" and key != "sheetId")
                    if id in targets:
                        out.append(SheetPart(attributes["name"], attributes.get("state", "visible") == "visible", targets[id]))

            _parse(b"".join(within(book)), sheet, path.name)
            for part in others:  # the reader of the values reads these parts whole
                for _ in within(part, LARGEST_STRINGS if "strings" in part.lower() else LARGEST_PART):
                    pass
            return out
    except BROKEN:
        raise damaged_workbook(path.name) from None


def structure(path: Path, part: str) -> Structure:
    """The structure of one sheet, by its XML.

    Raises:
        UnreadableFile: it is damaged, or beyond a limit.
    """
    try:
        with parts_of(path) as archive:
            plain = _plain(blocks(archive, part, LARGEST_SHEET, path.name))
            if plain is not None:
                return plain
            walk, fed_bytes = _Walk(path.name), 0
            for block in blocks(archive, part, LARGEST_SHEET, path.name):
                walk.parser.Parse(block, False)
                fed_bytes += len(block)
                if fed_bytes - walk.parser.CurrentByteIndex > _LONGEST_TAG:
                    raise damaged_workbook(path.name)
            walk.parser.Parse(b"", True)
    except BROKEN:
        raise damaged_workbook(path.name) from None
    refuse_sparse(walk.structure, path.name)
    return walk.structure


def refuse_sparse(facts: Structure, name: str) -> None:
    """Refuses a sheet whose rectangle of cells is too large to allocate.

    Raises:
        UnreadableFile: the rectangle is too wide, or far larger than the number of its cells.
    """
    width, span = facts.last - facts.first + 1, facts.bottom * (facts.last - facts.first + 1)
    corner = f"{column_letters(facts.last)}{facts.bottom}"
    if width > MOST_COLUMNS:
        at = column_letters(facts.last)
        zh = f"用到了 {at} 列，超过 {MOST_COLUMNS} 列（上限）；请删去右边多余的格子"
        raise unreadable(
            name, zh, f"has a cell in column {at}, and {MOST_COLUMNS} columns are the most there may be; delete what stands there"
        )
    if span > MOST_CELLS or (span > FEW_CELLS and span > SPARSE * facts.cells):
        raise unreadable(
            name,
            f"的格子一直散到 {corner}（{span:,} 格里只有 {facts.cells:,} 格有内容）；请删去远处多余的格子，或分成几份",
            f"has cells as far away as {corner} ({facts.cells:,} of the {span:,} cells up to there hold something); delete those far from"
            " the table, or split it",
        )


def marked_all_over(name: str) -> UnreadableFile:
    """The error for a sheet with too many unreadable cells."""
    return unreadable(
        name,
        f"有超过 {MOST_MARKED:,} 格（上限）是合并的，或是错误值、没有结果的公式；请取消合并，或在表格软件里重新计算后另存",
        f"has more than {MOST_MARKED:,} cells that are merged, errors, or formulas without a result, the most there may be; take the"
        " merging back, or compute it anew in the office program and save it",
    )


def _plain(parts: Iterable[bytes]) -> Structure | None:
    """The structure of a sheet whose cells are all what their values say; None where that is not certain.

    Most sheets are so, and this search takes a tenth of the time of a full parse.
    """
    begins, carry, merges, merging = False, b"", b"", False
    extent = np.zeros(3, np.int64)
    for block in parts:
        text = carry + block
        whole = max(text.rfind(b"<"), 0)
        if not measure(np.frombuffer(text + _BEHIND, np.uint8), whole, extent) or _LONG_NUMBER.search(text):
            return None
        begins = begins or _IN_COLUMN_A.search(text) is not None
        if merging:
            merges += block
        elif b"<mergeCell" in text:
            merging, merges = True, text[text.index(b"<mergeCell") :]
        if len(text) - whole > _OVERLAP or len(merges) > LARGEST_PART:
            return None
        carry = text[whole:]
    refs = _MERGED.findall(merges)
    right, bottom, cells = extent.tolist()
    if not begins or len(refs) != merges.count(b"<mergeCell "):
        return None
    if right > MOST_COLUMNS or right * bottom > min(MOST_CELLS, max(FEW_CELLS, SPARSE * cells)):
        return None  # perhaps cells without a value, which the walk does not count
    return Structure(1, bottom=bottom, cells=cells, merged=[(*_place(first.decode()), *_place(last.decode())) for first, last in refs])


def column_letters(number: int) -> str:
    """The letters of a column.

    Example:
        >>> column_letters(1), column_letters(28)
        ('A', 'AB')
    """
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _place(ref: str) -> tuple[int, int]:
    """The row and column of a reference such as G5."""
    column, i = 0, 0
    while i < len(ref) and ref[i].isalpha():
        column = column * 26 + ord(ref[i].upper()) - 64
        i += 1
    return int(ref[i:]), column


def _parse(data: bytes, start: Callable[[str, dict[str, str]], None], name: str) -> None:
    xml_parser = parser(name)
    xml_parser.StartElementHandler = start
    xml_parser.Parse(data, True)


def _local(name: str) -> str:
    return name.rpartition(":")[2]


class _Walk:
    """Parses a sheet, element by element."""

    def __init__(self, name: str) -> None:
        self.structure, self._name = Structure(), name
        self.parser = parser(name)
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self._row = self._column = 0
        self._kind, self._formula, self._inline = "n", False, False
        self._text: str | None = None
        self._locals: dict[str, str] = {}

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        name = self._locals.get(name) or self._locals.setdefault(name, _local(name))
        if name == "c":
            ref = attributes.get("r")
            self._row, self._column = _place(ref) if ref else (self._row, self._column + 1)
            self._kind, self._formula, self._inline, self._text = attributes.get("t", "n"), False, False, None
        elif name == "v":
            self._text = ""
            self.parser.CharacterDataHandler = self._take
        elif name == "f":
            self._formula = True
        elif name == "is":
            self._inline = True
        elif name == "row":
            self._row, self._column = int(attributes.get("r", self._row + 1)), 0
        elif name == "mergeCell":
            first, _, last = attributes["ref"].partition(":")
            self.structure.merged.append((*_place(first), *_place(last or first)))
            self._count()

    def _take(self, text: str) -> None:
        self._text = (self._text or "") + text
        if len(self._text) > _LONGEST_VALUE:
            raise ValueError("no value of a cell")

    def _end(self, name: str) -> None:
        name = self._locals[name]
        if name == "v":
            self.parser.CharacterDataHandler = None
        elif name == "c":
            self._judge()

    def _judge(self) -> None:
        text, kind = self._text, self._kind
        if text or self._inline or (text is not None and kind == "str"):
            if not self.structure.first or self._column < self.structure.first:
                self.structure.first = self._column
            if self._column > self.structure.last:
                self.structure.last = self._column
            if self._row > self.structure.bottom:
                self.structure.bottom = self._row
            self.structure.cells += 1
        if kind == "e" or (self._formula and not text and kind != "str"):
            self.structure.faults[self._row, self._column] = Fault.ERROR_CELL if kind == "e" else Fault.FORMULA
            self._count()
        elif kind == "n" and text and (len(text) > _DIGITS or "E" in text):
            self._number(float(text))

    def _count(self) -> None:
        if len(self.structure.merged) + len(self.structure.faults) > MOST_MARKED:
            raise marked_all_over(self._name)

    def _number(self, value: float) -> None:
        """Note a number with more digits than Excel keeps."""
        if abs(value) >= 10**_DIGITS:
            self.structure.faults[self._row, self._column] = Fault.ROUNDED
        elif float(rounded := f"{value:.{_DIGITS}g}") != value and "e" not in rounded:
            self.structure.texts[self._row, self._column] = rounded
