"""The quarantine: every broken cell of each delivery, as a line in a file of the workspace.

A line says where the cell stands in the unit's own file, and holds no content of it. ``services.deliveries.delivery`` and
``services.deliveries.exchange`` write the lines; ``services.deliveries.open_cells`` says which are still to be mended.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from infra.workspace.notes import read_line
from infra.workspace.texts import DamagedFile
from policies.values import Text
from services.results import OmittedWhenEmpty
from streams.disk.files import make_folder, private, write_whole

if TYPE_CHECKING:
    from connectors.intake.flaws import Flaw
    from infra.workspace.workspace import Workspace
    from policies.language.catalogue import Feed

_FACTS: Mapping[str, type] = {
    **dict.fromkeys(("feed", "unit", "file", "column", "place", "rule"), str), **dict.fromkeys(("delivery", "row", "line"), int),
    **dict.fromkeys(("expected", "found", "cell"), dict),
}  # fmt: skip
_NAME = re.compile(r"([a-z0-9_]+)\.[A-Za-z0-9_-]+\.([0-9]{1,18})\.jsonl", re.ASCII)
"""The names of the files of the quarantine; other files in the folder are somebody else's."""
WAY_OUT = Text(
    "它记着一批交付里被隔离的行。再接收一次同一个文件（没有收完的会重写它），或从备份恢复；没有备份就移走它，那些行不再列出，判定不受影响。",
    "It says which rows of a delivery were put aside. Take the same file in again (one that stopped half-way writes it anew), or restore "
    "it from a backup; without one, move it away: its rows are not listed any more, and verdicts are as they were.",
)


@dataclass(frozen=True, slots=True)
class BrokenCell:
    """A cell of a delivery that broke a rule of the contract.

    Args:
        file: the name of the unit's file, or the topic.
        row: of the data, from 1.
        line, place: where the cell stands in the file: its line, and its column there.
        rule: the name of the rule.
        expected, found: what the rule asks for; the class of the value, never the value.
        cell: where the cell stands, in words.
        nobody: the row names nobody: its subject or its key cannot be read.
        key: the number of the record, where that says nothing of the person.
    """

    feed: str
    unit: str
    delivery: int
    file: str
    row: int
    line: int
    column: str
    place: str
    rule: str
    expected: Text
    found: Text
    cell: Text
    nobody: Annotated[bool, OmittedWhenEmpty] = False
    key: Annotated[str | None, OmittedWhenEmpty] = None

    @property
    def source(self) -> tuple[str, str]:
        """Feed and unit."""
        return self.feed, self.unit

    @property
    def row_id(self) -> tuple[str, str, int, int]:
        """Feed, unit, delivery and row: the identity of its row."""
        return self.feed, self.unit, self.delivery, self.row


class Quarantine:
    """Writes the broken cells of one source's deliveries."""

    def __init__(self, workspace: Workspace, feed: Feed, source: int, file: str) -> None:
        self._folder, self._stem = workspace.folder("quarantine"), f"{feed.name}.{feed.sources[source].unit}"
        self._source = feed.name, feed.sources[source].unit
        self._file = file
        self._lines: dict[int, list[str]] = {}
        self._begun: set[int] = set()

    def note(self, delivery: int, flaw: Flaw, behind: int = 0) -> None:
        """Notes a broken cell; of the notes of an earlier run only the rows up to ``behind`` stay, as all others come again."""
        if delivery not in self._begun:
            self.begin(delivery, behind)
        self._lines.setdefault(delivery, []).append(_line(self._cell_of(delivery, flaw)))

    def begin(self, delivery: int, behind: int = 0) -> None:
        """Removes the notes of rows that come again."""
        self._begun.add(delivery)
        path = self._path(delivery)
        if not path.exists():
            return
        cells = [cell for cell in _read(path, behind) if cell.row <= behind] if behind or not path.is_file() else []
        if cells:
            write_whole(path, "".join(map(_line, cells)))
        else:
            path.unlink()

    def flush(self) -> None:
        """Writes the notes since the last call."""
        make_folder(self._folder)
        for number, lines in self._lines.items():
            with open(self._path(number), "a", encoding="utf-8", opener=private) as file:
                file.writelines(lines)
                file.flush()
                os.fsync(file.fileno())
        self._lines = {}

    def _cell_of(self, delivery: int, flaw: Flaw) -> BrokenCell:
        from connectors.intake.flaws import EXPECTED

        (feed, unit), rule, expected = self._source, flaw.rule.name.lower(), EXPECTED[flaw.rule]
        return BrokenCell(
            feed, unit, delivery, self._file, flaw.row, flaw.line, flaw.column, flaw.place, rule, expected, flaw.value_class, flaw.cell,
            flaw.nobody, flaw.key,
        )  # fmt: skip

    def _path(self, delivery: int) -> Path:
        return self._folder / f"{self._stem}.{delivery}.jsonl"


def broken_cells(workspace: Workspace, feed: str | None) -> Iterator[BrokenCell]:
    """Every broken cell that was ever noted, of all feeds or of one, by delivery and row.

    Raises:
        DamagedFile: a file of them cannot be read back.
    """
    folder = workspace.folder("quarantine")
    paths = (
        path for path in (folder.iterdir() if folder.exists() else ()) if (name := _NAME.fullmatch(path.name)) and feed in (None, name[1])
    )
    for path in sorted(paths, key=lambda path: (path.stem.rpartition(".")[0], int(path.stem.rpartition(".")[2]))):
        yield from _read(path)


def _read(path: Path, upto: int | None = None) -> Iterator[BrokenCell]:
    """The cells of one delivery; with ``upto``, a crash may have cut the end of the file."""
    if not path.is_file():
        raise DamagedFile(path, Text("不是文件", "is no file"), WAY_OUT)
    number = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if upto is None or line.endswith(b"\n"):
                yield read_line(path, number, line, _cell, WAY_OUT)
    if not number:
        raise DamagedFile(path, Text("是空的", "is empty"), WAY_OUT)


def _cell(**facts: Any) -> BrokenCell:
    """The cell of a stored line."""
    if any(not isinstance(facts[name], kind) for name, kind in _FACTS.items()):
        raise ValueError("facts")
    texts = {name: Text(**facts[name]) for name in ("expected", "found", "cell")}
    return BrokenCell(**{**{name: facts[name] for name in BrokenCell.__slots__ if name in facts}, **texts})


def _line(cell: BrokenCell) -> str:
    """A cell as a line; with ``nobody`` and ``key`` only where they are set."""
    about = {name: value for name in ("nobody", "key") if (value := getattr(cell, name)) not in (False, None)}
    texts = {
        name: {"zh": text.zh, "en": text.en} for name, text in (("expected", cell.expected), ("found", cell.found), ("cell", cell.cell))
    }
    places = {name: getattr(cell, name) for name in ("feed", "unit", "delivery", "file", "row", "line", "column", "place", "rule")}
    return json.dumps({**places, **about, **texts}, ensure_ascii=False) + "\n"


def rows_by_delivery(cells: Iterable[BrokenCell]) -> dict[tuple[str, str, int], dict[int, bool]]:
    """By feed, unit and delivery: the rows with broken cells, and whether each names nobody."""
    rows: dict[tuple[str, str, int], dict[int, bool]] = {}
    for cell in cells:
        rows.setdefault((cell.feed, cell.unit, cell.delivery), {})[cell.row] = cell.nobody
    return rows
