"""The receipt of a file that came in unattended: its delivery, its rows, and the place and reason of each broken cell.

Called by ``services.deliveries.drop_folder`` and ``services.deliveries.pulls``. A receipt is made from the state and the notes of
quarantine alone, so that it is the same when a crash came between the delivery and its receipt. It holds no cell, and both languages, for
whoever sent the file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from infra.workspace.known_files import known_files
from policies.problems.characters import lines
from policies.values import Text
from services.deliveries.quarantine import BrokenCell, broken_cells
from streams.disk.files import write_whole

if TYPE_CHECKING:
    from infra.workspace.workspace import Workspace
    from streams.steps.state import State

MOST_CELLS = 1000
"""Broken cells that a receipt names; it counts all."""


@dataclass(frozen=True, slots=True)
class IntakeReceipt:
    """What became of a file.

    Args:
        outcome: taken_in; repeated: its content was taken in before; refused.
        number, id: of the delivery; None where the file was refused.
        received: the day on which the content came in.
        quarantined, unplaced: rows put aside, and rows that name nobody.
        cells: the first broken cells, of ``broken_cells`` in all.
        reason: why it was refused.
    """

    feed: str
    unit: str
    file: str
    outcome: Literal["taken_in", "repeated", "refused"]
    received: str
    number: int | None = None
    id: str | None = None
    rows: int = 0
    quarantined: int = 0
    unplaced: int = 0
    same: int = 0
    older: int = 0
    replaces: bool = False
    void: bool = False
    cells: Sequence[BrokenCell] = ()
    broken_cells: int = 0
    reason: Text | None = None


def receipt_of(workspace: Workspace, state: State, feed: str, source: int, id: str, file: str, repeated: bool) -> IntakeReceipt:
    """The receipt of a delivery that is complete."""
    delivery = state.deliveries.by_id(feed, source, id)
    assert delivery is not None  # it was just taken in
    unit = state.catalogue.feeds[feed].sources[source].unit
    cells = [cell for cell in broken_cells(workspace, feed) if (cell.unit, cell.delivery) == (unit, delivery.number)]
    entry = known_files(workspace).get((feed, source, id))
    return IntakeReceipt(
        feed, unit, file, "repeated" if repeated else "taken_in", entry.received if entry else "", delivery.number, id, delivery.rows,
        len({cell.row for cell in cells if not cell.nobody}), delivery.unplaced, delivery.same, delivery.older, delivery.replaces,
        not delivery.sound, cells[:MOST_CELLS], len(cells),
    )  # fmt: skip


def refusal_receipt(feed: str, unit: str, file: str, received: str, reason: Text) -> IntakeReceipt:
    """The receipt of a file that was refused."""
    return IntakeReceipt(feed, unit, file, "refused", received, reason=reason)


def write_receipt(receipt: IntakeReceipt, beside: Path) -> Path:
    """Writes a receipt beside a file, as JSON and as text; returns the path of the JSON."""
    path = beside.with_name(f"{beside.name}.receipt.json")
    write_whole(path, json.dumps(_data(receipt), ensure_ascii=False, indent=1) + "\n")
    write_whole(beside.with_name(f"{beside.name}.receipt.txt"), f"{_text(receipt, 'zh')}\n\n{_text(receipt, 'en')}\n")
    return path


def _data(receipt: IntakeReceipt) -> dict[str, Any]:
    names = ("feed", "unit", "file", "outcome", "received", "number", "id")
    counts = ("rows", "quarantined", "unplaced", "same", "older", "replaces", "void", "broken_cells")
    cells = [
        {
            "row": cell.row, "line": cell.line, "place": cell.place, "column": cell.column, "rule": cell.rule,
            "expected": _both(cell.expected), "found": _both(cell.found),
        }
        for cell in receipt.cells
    ]  # fmt: skip
    reason = None if receipt.reason is None else _both(receipt.reason)
    return {"format": 1, **{name: getattr(receipt, name) for name in (*names, *counts)}, "cells": cells, "reason": reason}


def _both(text: Text) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en}


def _text(receipt: IntakeReceipt, language: str) -> str:
    return lines(sentence[language] for sentence in _sentences(receipt))


def _sentences(receipt: IntakeReceipt) -> Iterator[Text]:
    r = receipt
    yield Text(f"回执：{r.file}（{r.feed}，{r.unit}）", f"Receipt: {r.file} ({r.feed}, {r.unit})")
    if r.reason is not None:
        yield Text(f"没有接收：{r.reason.zh}", f"Not taken in: {r.reason.en}")
        yield Text("改好后再放一次。", "Mend it and put it there once more.")
        return
    if r.outcome == "repeated":
        zh = f"同样的内容已在 {r.received} 接收过，这次不起作用。"
        yield Text(zh, f"The same content was taken in on {r.received}; this time it changes nothing.")
    yield Text(f"第 {r.number} 批（{r.id}），{r.rows:,} 行。", f"Delivery {r.number} ({r.id}), {r.rows:,} rows.")
    yield Text(
        f"隔离 {r.quarantined:,} 行，认不出是谁 {r.unplaced:,} 行；与已有的相同 {r.same:,} 行，更旧 {r.older:,} 行。",
        f"{r.quarantined:,} rows put aside, {r.unplaced:,} of nobody; {r.same:,} the same as what is held, {r.older:,} older.",
    )
    if r.void:
        yield Text("认不出是谁的行太多，这一批不能证明“没有记录”。", "So many rows name nobody that the delivery proves no absence.")
    for cell in r.cells:
        yield Text(
            f"{cell.cell.zh}，“{cell.column}”列：{cell.found.zh}；{cell.expected.zh}",
            f"{cell.cell.en}, column {cell.column}: {cell.found.en}; {cell.expected.en}",
        )
    if r.broken_cells > len(r.cells):
        rest = f"{r.broken_cells - len(r.cells):,}"
        yield Text(f"另有 {rest} 格，见隔离清单。", f"{rest} more cells are in the list of quarantine.")
