"""Refuses a file whose first bytes are not those of its contract's format, and says what it is and what to do.

Called by ``connectors.parsing.tables``. Sources of the signatures: PKWARE APPNOTE 4.3.7 (zip), [MS-CFB] 2.2 and [MS-OFFCRYPTO] 2.3.4 (old
workbooks, passwords), ISO 32000 (PDF).
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

from connectors.parsing.archive_parts import parts_of
from connectors.parsing.decoding import refuse_special, unreadable
from policies.values import Text

_ZIP = b"PK\x03\x04"
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")

# the first bytes of a file -> what it is
_SIGNATURES: dict[bytes, Text] = {
    b"%PDF": Text("PDF 文件；请向制表单位要原始表格", "a PDF; ask its author for the table itself"),
    b"PAR1": Text(" Parquet 文件；请导出为 CSV 或 XLSX", "a Parquet file; export it as CSV or XLSX"),
    b"Rar!": Text("RAR 压缩包；请先解压", "a RAR archive; unpack it first"),
    b"7z\xbc\xaf": Text("7z 压缩包；请先解压", "a 7z archive; unpack it first"),
    b"<!doctype html": Text(
        "网页(HTML)；请用表格软件打开后另存为 XLSX 或 CSV", "a web page (HTML); open it in the office program, save it as XLSX or CSV"
    ),
    b"<html": Text(
        "网页(HTML)；请用表格软件打开后另存为 XLSX 或 CSV", "a web page (HTML); open it in the office program, save it as XLSX or CSV"
    ),
    b"<table": Text(
        "网页(HTML)；请用表格软件打开后另存为 XLSX 或 CSV", "a web page (HTML); open it in the office program, save it as XLSX or CSV"
    ),
    b"<?xml": Text("XML 文件；请用表格软件打开后另存为 XLSX 或 CSV", "XML; open it in the office program, save it as XLSX or CSV"),
}
_OLD = Text(
    "旧格式的工作簿(.xls)；请用表格软件打开后另存为 XLSX", "an old workbook (.xls); open it in the office program and save it as XLSX"
)
_LOCKED = Text(
    "设有密码的工作簿；请在表格软件中打开，撤销密码后另存",
    "a password-protected workbook; open it in the office program, take the password off, save it",
)
_ARCHIVE = Text("ZIP 压缩包；请先解压", "a ZIP archive; unpack it first")


def refuse_text(file: Any, format: str, name: str) -> None:
    """Refuses a file that is not the CSV or JSON lines of its contract.

    Raises:
        UnreadableFile: it is something else.
    """
    head: bytes = file.peek(1 << 16)[: 1 << 16]
    form = _format_by_signature(head)
    if head.startswith(_ZIP):
        form = _ARCHIVE
        if b"[Content_Types].xml" in head or b"xl/" in head or b"_rels/" in head:
            form = Text(
                " XLSX 工作簿；请在约定的 delivery 写 format: xlsx，或另存为 CSV",
                "a workbook (XLSX); write `format: xlsx` in its contract, or save it as CSV",
            )
    elif head.startswith(_COMPOUND):
        form = _OLD
    elif format == "csv" and _is_json(head):
        form = Text(
            " JSON；请在约定的 delivery 写 format: jsonl，或另存为 CSV", "JSON; write `format: jsonl` in its contract, or save it as CSV"
        )
    elif format == "jsonl" and head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"[":
        form = Text(" JSON 数组；应为每行一个对象", "a JSON array; expected an object on each line")
    elif format == "jsonl" and head.split(b"\n")[0].count(b",") and b"{" not in head:
        form = Text(" CSV；请在约定的 delivery 写 format: csv", "CSV; write `format: csv` in its contract")
    if form is not None:
        raise unreadable(name, f"是{form.zh}", f"is {form.en}")


def refuse_workbook(path: Path) -> None:
    """Refuses a file that is no workbook.

    Raises:
        UnreadableFile: it is something else.
    """
    refuse_special(path)
    with path.open("rb") as file:
        head = file.read(1 << 16)
        form = _format_by_signature(head)
        if head.startswith(_COMPOUND):
            form = _LOCKED if _is_encrypted(file, head) else _OLD
    if form is None and head.startswith(_ZIP):
        try:
            with parts_of(path) as archive:
                if not any(part.endswith("workbook.xml") for part in archive.namelist()):
                    form = _ARCHIVE
        except zipfile.BadZipFile:
            form = Text("损坏或不完整的 XLSX；请重新传送", "a damaged XLSX, or one cut short; send it again")
    elif form is None:
        form = Text(
            "文本文件，不是 XLSX 工作簿；请在约定的 delivery 写 format: csv，或另存为 XLSX",
            "text, no XLSX workbook; write `format: csv` in its contract, or save it as XLSX",
        )
        if not head or (b"\0" in head and head[:2] not in (b"\xff\xfe", b"\xfe\xff")):
            form = Text("其他文件，不是 XLSX 工作簿", "no XLSX workbook")
    if form is not None:
        raise unreadable(path.name, f"是{form.zh}", f"is {form.en}")


def _is_encrypted(file: BinaryIO, head: bytes) -> bool:
    """Whether an old workbook's directory names an encrypted one; searched in blocks."""
    while head:
        if _ENCRYPTED in head:
            return True
        block = file.read(1 << 20)
        head = head[-len(_ENCRYPTED) :] + block if block else b""
    return False


def _format_by_signature(head: bytes) -> Text | None:
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:16].lower()
    return next((form for signature, form in _SIGNATURES.items() if text.startswith(signature.lower())), None)


def _is_json(head: bytes) -> bool:
    """Whether the first line is an object, or an array of objects begins."""
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text[:1] == b"[":
        return text[1:].lstrip()[:1] == b"{"
    if text[:1] != b"{":
        return False
    try:
        return isinstance(json.loads(text.split(b"\n")[0]), dict)
    except (ValueError, RecursionError):
        return text[1:].lstrip()[:1] == b'"' and b'":' in text
