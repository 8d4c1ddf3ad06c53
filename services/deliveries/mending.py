"""The broken rows of a file, copied out of the unit's own file into a sheet to be mended and sent back.

Huimin keeps no contents, so the caller brings the delivered file; its digest proves that it is this file. A row is found by its line there,
whatever the contract says now of blank rows and footers. A cell goes out as it came in, where the contract looks for it. The reasons stand
behind it, in a column that is not read when the sheet comes back. Called by ``feed quarantine --out``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import numpy as np

from connectors.parsing.tables import ReadingNotes
from infra.workspace.destination import destination
from policies.problems.problems import HuiminError
from policies.values import Text
from services.access.run import enter_source, note_feed
from services.results import Hidden

if TYPE_CHECKING:
    from connectors.parsing.rows import TableHead
    from connectors.parsing.tables import Piece
    from infra.workspace.workspace import Workspace
    from policies.language.catalogue import Feed
    from services.deliveries.quarantine import BrokenCell
    from streams.steps.state import State

Place: TypeAlias = tuple[str, int]
"""A row of a file: the sheet, "" where only one is read, and the line."""
REASON = Text("退回原因", "why it came back")


@dataclass(frozen=True, slots=True)
class CopiedRows:
    """The broken rows of a delivery that were copied out of the unit's file.

    Args:
        left: how many rows were not copied, because the contract does not read them now: as footers, for example.
        file: the sheet that was written.
        format: of the files that the contract asks for.
    """

    feed: str
    unit: str
    delivery: int
    rows: int
    left: int
    file: str
    format: Annotated[str, Hidden]


def copy_broken_rows(workspace: Workspace, name: str, original: Path, out: Path, language: str) -> CopiedRows:
    """Write the rows of a delivered file that are still to be mended, as XLSX or CSV by the suffix of ``out``.

    Raises:
        HuiminError: the file was not delivered, nothing of it is to be mended, something is at ``out`` already, or its suffix is wrong.
        UnreadableFile: the file cannot be read.
    """
    from connectors.lists.exports import Sheet, text_columns, write_csv
    from connectors.lists.workbooks import write_xlsx
    from services.deliveries.open_cells import still_open
    from services.lookup import feed_named

    write = {".csv": write_csv, ".xlsx": write_xlsx}.get(out.suffix.lower())
    if write is None:
        raise HuiminError(Text(f"{out.name}：请用 .xlsx 或 .csv 结尾。", f"{out.name}: let it end in .xlsx or .csv."), 2)
    if out.resolve() == original.resolve():
        raise HuiminError(Text("--out 不能是原文件。", "--out cannot be the original."), 2)
    destination(out)  # rows that somebody may have begun to mend
    with workspace.reading() as host:
        feed = feed_named(host.state.catalogue, name)
        deliveries = _deliveries_of(workspace, host.state, feed, original)
        cells = still_open(workspace, host.state, name)
    for unit in sorted({unit for unit, _ in deliveries}):
        enter_source(name, unit)
    note_feed(name)
    reasons: dict[Place, list[BrokenCell]] = {}
    at = next(iter(deliveries))  # unit and number
    for cell in cells:
        if (cell.unit, cell.delivery) in deliveries:
            at = cell.unit, cell.delivery
            reasons.setdefault((cell.place.rpartition("!")[0], cell.line), []).append(cell)
    if not reasons:
        zh = f"{original.name} 没有待修正的行。"
        raise HuiminError(Text(zh, f"{original.name} has no rows to be mended."), 2)
    head, rows = _cells(workspace, feed, original, reasons)
    reason = {place: "；".join(dict.fromkeys(_reason(cell, language) for cell in cells)) for place, cells in reasons.items()}
    whole = [(*cells, reason[place]) for place, cells in rows]
    pages = ((head.sheet, len(whole)),) if head.sheet else ()
    above, between = max((feed.layout.header or 1) - 1, 0), feed.layout.delimiter or ","
    write(out, Sheet(feed.title[language], text_columns((*head.names, REASON[language])), whole, above, between, pages))
    return CopiedRows(feed.name, *at, len(rows), len(reasons) - len(rows), str(out), feed.format)


def _deliveries_of(workspace: Workspace, state: State, feed: Feed, original: Path) -> set[tuple[str, int]]:
    """Unit and number of the deliveries of this very file.

    Raises:
        HuiminError: there is no such delivery.
    """
    from connectors.parsing.steady import Steady
    from infra.workspace.known_files import known_files

    digest, deliveries = Steady(original).digest(), set[tuple[str, int]]()
    for file in known_files(workspace).values():
        if file.feed == feed.name and file.digest.removesuffix("+full") == digest:
            delivery = state.deliveries.by_id(file.feed, file.source, file.id)
            if delivery is not None:
                deliveries.add((feed.sources[file.source].unit, delivery.number))
    if not deliveries:
        zh = (
            f"{original.name} 不是交付给 {feed.name} 的原文件（内容不同，或不是在此工作区接收的）。请给出当时交付的文件，一个字节都不要改。"
        )
        en = (
            f"{original.name} is no file that was delivered to {feed.name} (its bytes differ, or another workspace took it in). Name the "
            "file as it was delivered, without a byte changed."
        )
        raise HuiminError(Text(zh, en), 5)
    return deliveries


def _cells(
    workspace: Workspace, feed: Feed, original: Path, wanted: Collection[Place]
) -> tuple[TableHead, list[tuple[Place, tuple[str, ...]]]]:  # fmt: skip
    """The header of a file, and the cells of the wanted rows, each with its place.

    Raises:
        HuiminError: the contract, as it is now, reads none of them.
    """
    from connectors.intake.intake import DELETED_COLUMN, Reader
    from connectors.parsing.rows import TableHead
    from connectors.parsing.tables import header_of, pieces

    reader, notes = Reader(feed, 0, 1, workspace.tokens(), date.min), ReadingNotes()

    def read(*optional: str) -> Iterator[Piece]:
        return pieces(original, feed.format, feed.encoding, reader.columns, optional, feed.layout, reader.identifiers, notes)

    if feed.format == "jsonl":
        at = TableHead("", 0, tuple(header_of(original, feed.format, feed.encoding)))
    else:
        next(read(), None)
        at = notes.heads[0]
    header = tuple(name for name in at.names if name and at.names.count(name) == 1)
    others = [name for name in header if name not in reader.columns]
    rows = []
    for piece in read(DELETED_COLUMN, *others):
        assert piece.lines is not None  # every file has lines
        sheet = next(iter(piece.places.values()), "").rpartition("!")[0]
        for i in np.flatnonzero(np.isin(piece.lines, [line for name, line in wanted if name == sheet])).tolist():
            cells = piece.frame.row(i, named=True)
            rows.append(((sheet, int(piece.lines[i])), tuple(cells.get(name) or "" for name in header)))
    if not rows:
        zh = f"按现在的约定，{original.name} 待修正的行都读不到了（例如改了 sheets）。请把约定改回交付时的样子再抄。"
        en = f"As the contract is now, none of the rows of {original.name} to be mended is read (its `sheets` was changed, say)."
        raise HuiminError(Text(zh, f"{en} Put the contract back to what it was, and copy again."), 5)
    return TableHead(at.sheet, at.line, header), rows


def _reason(cell: BrokenCell, language: str) -> str:
    expected, what = cell.expected[language], cell.found[language]
    return f"“{cell.column}”：{what}，{expected}" if language == "zh" else f"{cell.column}: {what}; {expected}"
