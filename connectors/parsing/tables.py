"""Reads tables of text from delivered files: CSV, JSON lines and XLSX, in pieces of bounded memory.

Called by intake, and for files of coverage, identities and outcomes. Every cell is the text that was written, with its row number and its
line in the file. Otherwise the file is refused, in one sentence that says what it looks like and what to do. Each format has its module:
``delimited_text``, ``jsonlines``, ``sheets``; bytes are made UTF-8 by ``decoding``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from connectors.parsing import delimited_text, jsonlines, sheets
from connectors.parsing.cells import SPACES
from connectors.parsing.decoding import file_errors, open_unpacked, utf8_blocks, with_line_feeds
from connectors.parsing.file_formats import refuse_text, refuse_workbook
from connectors.parsing.header_rows import DELIMITERS, HeaderLine
from connectors.parsing.rows import Piece, ReadingNotes, Rows, TableRequest, numbered_pieces
from policies.language.catalogue import PLAIN_LAYOUT, FileLayout

__all__ = ["ALL_SHEETS", "Piece", "ReadingNotes", "first_lines", "header_of", "pieces", "row_openings"]

ALL_SHEETS = FileLayout(sheets=("*",))
"""Every visible sheet of a workbook, each with the same columns."""


def pieces(
    path: Path, format: str, encoding: str, columns: Sequence[str], optional: Sequence[str] = (), layout: FileLayout = PLAIN_LAYOUT,
    identifiers: Sequence[str] = (), notes: ReadingNotes | None = None,
) -> Iterator[Piece]:  # fmt: skip
    """The rows of a file.

    Args:
        format: csv, jsonl or xlsx; CSV and JSON lines may be gzipped.
        encoding: utf-8, gb18030 or auto, as the contract says; a UTF-8 byte order mark overrules it.
        columns: the required columns; other columns are not read.
        optional: columns that are read where they are there.
        layout: where the table is in the file.
        identifiers: the columns that identify subjects and records, the subject's first (``connectors.parsing.rows.TableRequest``).
        notes: gets facts about the file.

    Raises:
        UnreadableFile: no such file, another encoding or format, a missing column, a row with too many or too few cells.
    """
    wanted = TableRequest(path.name, tuple(columns), tuple(optional), layout, tuple(identifiers))
    notes = ReadingNotes() if notes is None else notes
    with file_errors(path.name, path):
        yield from numbered_pieces(_rows(path, format, encoding, wanted, notes), wanted, notes)


def _rows(path: Path, format: str, encoding: str, wanted: TableRequest, notes: ReadingNotes) -> Iterator[Rows]:
    if format == "xlsx":
        refuse_workbook(path)
        yield from sheets.rows(path, wanted, notes)
        return

    def note_encoding(encoding: str) -> None:
        notes.encoding = encoding

    with open_unpacked(path) as file:
        refuse_text(file, format, path.name)
        blocks = with_line_feeds(utf8_blocks(file, encoding, path.name, note_encoding))
        yield from (jsonlines.rows if format == "jsonl" else delimited_text.rows)(blocks, wanted, notes)


def first_lines(path: Path, format: str, layout: FileLayout = PLAIN_LAYOUT) -> dict[str, list[HeaderLine]]:
    """The first lines of a CSV or workbook whose header is not known: of a CSV by delimiter, of a workbook under "".

    Raises:
        UnreadableFile: as for ``pieces``.
    """
    wanted = TableRequest(path.name, (), layout=layout)
    with file_errors(path.name, path):
        if format == "xlsx":
            refuse_workbook(path)
            return {"": sheets.first_lines(path, wanted)}
        with _utf8(path, format) as blocks:
            return delimited_text.first_lines(blocks, tuple(DELIMITERS))


def row_openings(path: Path, format: str, layout: FileLayout = PLAIN_LAYOUT) -> Iterator[str]:
    """How each row of a CSV or workbook begins: by its first cell that is not empty, or by more of its line."""
    with file_errors(path.name, path):
        if format == "xlsx":
            yield from sheets.row_openings(path, TableRequest(path.name, (), layout=layout))
            return
        with _utf8(path, format) as blocks:
            carry = b""
            for block in blocks:
                *whole, carry = (carry + block).split(b"\n")
                yield from map(_opening, whole)
            yield _opening(carry)


def _opening(line: bytes) -> str:
    return line.decode("utf-8", "replace").strip(SPACES + "".join(DELIMITERS) + '"')


@contextmanager
def _utf8(path: Path, format: str) -> Iterator[Iterator[bytes]]:
    """The blocks of a text file in whatever encoding, as UTF-8."""
    with open_unpacked(path) as file:
        refuse_text(file, format, path.name)
        yield with_line_feeds(utf8_blocks(file, "auto", path.name))


def header_of(path: Path, format: str, encoding: str, layout: FileLayout = PLAIN_LAYOUT) -> list[str]:
    """The names of a file's columns as they are written; of JSON lines all keys, in their first order.

    Raises:
        UnreadableFile: as for ``pieces``; but a line that is no JSON object is ignored here.
    """
    wanted = TableRequest(path.name, (), layout=layout)
    with file_errors(path.name, path):
        if format == "xlsx":
            refuse_workbook(path)
            return sheets.header_names(path, wanted)
        with open_unpacked(path) as file:
            refuse_text(file, format, path.name)
            blocks = with_line_feeds(utf8_blocks(file, encoding, path.name))
            return jsonlines.keys(blocks, path.name) if format == "jsonl" else delimited_text.header_names(blocks, wanted)
