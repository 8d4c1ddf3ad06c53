"""Files as offices make them: a contract of one invented feed, rows that fit it, workbooks with what is wanted in them."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]  # it ships no types

from connectors.contracts.catalogue import load_contract
from connectors.intake.intake import Parcel, read
from connectors.parsing.rows import ReadingNotes
from matchers.kernel.batch import RecordBatch
from policies.language.catalogue import Feed
from tests.connectors.samples import TOKENS, resident

RECEIVED = date(2026, 10, 15)
COLUMNS = ("卡号", "身份证号", "更新日期", "起", "止", "种类", "金额", "备注")
CARDS = """
format: 1
feed: cards
sources: [{unit: canteen, division: "310107"}]
title: {zh: 助餐卡, en: Meal cards}
subject: person
cardinality: many
key: 卡号
order: ORDER
identify: {person: {column: 身份证号, scheme: cn-resident-id}}
validity: VALIDITY
fields:
  kind: {type: enum, values: KINDS, title: {zh: 种类, en: kind}, column: 种类}
  amount: {type: decimal, scale: 2, min: -100, max: 9999999.99, unit: CNY, title: {zh: 金额, en: amount}, column: 金额}
  note: {type: text, title: {zh: 备注, en: note}, column: 备注}
agreement: {purposes: [assistance], discloses: []}
delivery: DELIVERY
"""


def cards(
    delivery: str = "{format: csv}", order: str = "更新日期", validity: str = "{from: 起, to: 止}", kinds: str = "{full: 全额, half: 半额}"
) -> Feed:
    """The feed of meal cards, with these parts of its contract."""
    text = CARDS.replace("ORDER", order).replace("VALIDITY", validity).replace("KINDS", kinds).replace("DELIVERY", delivery)
    return load_contract(text, "cards.yaml")


def row(serial: int, **cells: Any) -> list[Any]:
    """The cells of a sound row, but for those given."""
    sound = {
        "卡号": f"C-{serial}", "身份证号": resident(serial), "更新日期": "2026-10-01", "起": "2026-01-01", "止": "2026-12-31",
        "种类": "全额", "金额": "12.50", "备注": "无",
    }  # fmt: skip
    return list((sound | cells).values())


def csv_text(*rows: Sequence[Any], header: Sequence[str] = COLUMNS, between: str = ",") -> str:
    """A header and rows."""
    return "".join(between.join(map(str, cells)) + "\n" for cells in (header, *rows))


def workbook(path: Path, fill: Callable[[Any, Any], None]) -> Path:
    """A workbook that a function fills, given the book and its first sheet."""
    book = xlsxwriter.Workbook(path)
    fill(book, book.add_worksheet("名单"))
    book.close()
    return path


def table(page: Any, rows: Iterable[Sequence[Any]], top: int = 0, left: int = 0, header: Sequence[str] = COLUMNS) -> None:
    """Write a header and rows into a sheet."""
    for i, cells in enumerate((header, *rows)):
        page.write_row(top + i, left, cells)


def edit_workbook(path: Path, part: str, old: str, new: str, pattern: bool = False) -> Path:
    """A workbook with some of its XML written otherwise."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    text = parts[part].decode()
    anew = re.sub(old, new, text) if pattern else text.replace(old, new)
    assert anew != text
    parts[part] = anew.encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return path


def whole(feed: Feed, path: Path, received: date = RECEIVED) -> tuple[list[Parcel], ReadingNotes]:
    """A file read to its end."""
    notes = ReadingNotes()
    return list(read(feed, 0, 1, path, TOKENS, received=received, notes=notes)), notes


def batch_of(feed: Feed, path: Path) -> RecordBatch:
    """The one batch of a small file without flaws."""
    (parcel,), _ = whole(feed, path)
    assert not parcel.flaws, [flaw.render("en") for flaw in parcel.flaws]
    return parcel.batch


def flaws_of(feed: Feed, path: Path, received: date = RECEIVED) -> list[tuple[str, str, str]]:
    """Where each flaw of a file stands, its column and its rule."""
    parcels, _ = whole(feed, path, received)
    return [(flaw.cell.en, flaw.column, flaw.rule.name) for parcel in parcels for flaw in parcel.flaws]
