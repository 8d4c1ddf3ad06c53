"""Tables of text from delivered files: CSV, JSON lines and XLSX, in pieces of bounded memory.

The one idea: every cell arrives as the text that was written, with the number of its row, or the file is refused in one sentence. Bytes are
decoded before polars sees them, so that the fault of an encoding has a place; nothing is guessed, cut or filled.

Sources: RFC 4180 (CSV), RFC 8259 (JSON), RFC 1952 (gzip), GB 18030-2022.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import polars as pl

from connectors.cells import SPACES
from connectors.faults import UnreadableFile
from connectors.records import Shape, plain, scan
from policies.problems import listed, meant
from policies.values import Text

BLOCK = 4 << 20
_LONGEST_RECORD = 64 << 20
_UTF8_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Piece:
    """Some rows of a table.

    Args:
        first: the number of the first row, from 1; the header and blank lines have none.
        frame: the columns asked for, all text; null and "" are empty cells; an optional column that the file lacks is not there.
    """

    first: int
    frame: pl.DataFrame


def pieces(path: Path, format: str, encoding: str, columns: Sequence[str], optional: Sequence[str] = ()) -> Iterator[Piece]:
    """The rows of a file.

    Args:
        format: csv, jsonl or xlsx; CSV and JSON lines may be gzipped.
        encoding: utf-8 or gb18030, as the contract says; a UTF-8 byte order mark overrules it.
        columns: what must be there, and is read; other columns are not looked at.
        optional: what is read where it is there.

    Raises:
        UnreadableFile: no such file, another encoding or format, a column missing, a row with too many or too few cells.
    """
    name = path.name
    with _told(name):
        if format == "xlsx":
            yield from _sheet(path, columns, optional)
            return
        with _opened(path) as file:
            blocks = _decoded(file, encoding, name)
            if format == "jsonl":
                from connectors.jsonlines import objects

                yield from (Piece(first, frame) for first, frame in objects(blocks, [*columns, *optional], name))
            else:
                yield from _rows(blocks, columns, optional, name)


@contextmanager
def _told(name: str) -> Iterator[None]:
    """Whatever the disk, gzip or polars says becomes one sentence about the file."""
    try:
        yield
    except IsADirectoryError:
        raise unreadable(name, "是文件夹,应为文件", "is a folder; expected a file") from None
    except FileNotFoundError:
        raise unreadable(name, "不存在;请核对路径", "does not exist; check the path") from None
    except PermissionError:
        raise unreadable(name, "无权读取", "may not be read; check its permissions") from None
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise unreadable(name, "压缩内容损坏或不完整;请重新传送", "is damaged or cut short as gzip; send it again") from None
    except OSError as error:
        raise unreadable(name, f"读取失败({error.strerror})", f"cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise _wrong_encoding(name, "utf-8", error.start) from None
    except pl.exceptions.PolarsError as error:
        if "utf-8" in str(error):
            raise _wrong_encoding(name, "utf-8", None) from None
        raise unreadable(name, "不是格式正确的表", "is not a well-formed table") from None


def unreadable(name: str, zh: str, en: str) -> UnreadableFile:
    """The error for a file, by its name."""
    return UnreadableFile(Text(f"文件 {name} {zh}".rstrip("。") + "。", f"The file {name} {en}" + ("" if en.endswith("?") else ".")))


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    with path.open("rb") as file:
        if file.peek(2)[:2] == b"\x1f\x8b":
            with gzip.open(file) as inner:
                yield cast(BinaryIO, inner)
        else:
            yield file


def _decoded(file: BinaryIO, encoding: str, name: str) -> Iterator[bytes]:
    """The file in blocks of UTF-8."""
    head = file.read(BLOCK)
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise unreadable(name, f"是 UTF-16 编码;请按合同另存为 {encoding}", f"is UTF-16; save it as {encoding}, as its contract says")
    if head.startswith(_UTF8_MARK):
        head, encoding = head[3:], "utf-8"
    elif encoding == "gb18030" and _surely_utf8(head):
        raise unreadable(name, "是 UTF-8 编码,而合同为 gb18030", "is UTF-8, but its contract says gb18030; change one of the two")
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    done = 0
    while head:
        if encoding == "utf-8":
            yield head  # polars and json check it; see ``_told``
        else:
            yield _decoded_block(decoder, head, done, encoding, name)
        done += len(head)
        head = file.read(BLOCK)
    if encoding != "utf-8":
        _decoded_block(decoder, b"", done, encoding, name, final=True)


def _decoded_block(decoder: codecs.IncrementalDecoder, block: bytes, done: int, encoding: str, name: str, final: bool = False) -> bytes:
    try:
        return decoder.decode(block, final).encode("utf-8")
    except UnicodeDecodeError as error:
        raise _wrong_encoding(name, encoding, done + error.start) from None
    except UnicodeEncodeError:
        raise _wrong_encoding(name, encoding, done) from None


def _surely_utf8(head: bytes) -> bool:
    """Text beyond ASCII that reads as UTF-8 to the end is UTF-8: GB 18030 text hardly ever does."""
    try:
        return len(codecs.getincrementaldecoder("utf-8")("strict").decode(head)) < len(head)
    except UnicodeDecodeError:
        return False


def _wrong_encoding(name: str, encoding: str, at: int | None) -> UnreadableFile:
    other = "gb18030" if encoding == "utf-8" else "utf-8"
    zh, en = ("", "") if at is None else (f"在第 {at} 字节处", f" at byte {at}")
    hint = f"if it is {other}, say so in the contract's delivery.encoding"
    return unreadable(name, f"{zh}不是 {encoding};若文件是 {other},请改合同的 delivery.encoding", f"is not {encoding}{en}; {hint}")


def _rows(blocks: Iterable[bytes], columns: Sequence[str], optional: Sequence[str], name: str) -> Iterator[Piece]:
    """CSV blocks, cut where records end."""
    carry, header, row = b"", list[str](), 1
    for block in _with_last_newline(blocks):
        carry = carry + block if carry else block
        if not header:
            header, carry = _header(carry, name)
            if header:
                places = positions(header, columns, optional, name)
        if header and carry:
            frame, used = _records(carry, header, places, row, name)
            carry = carry[used:]
            if len(carry) > _LONGEST_RECORD:
                raise _unclosed(name, row + len(frame))
            if len(frame):
                yield Piece(row, frame)
            row += len(frame)
    if not header and not carry.strip():
        raise unreadable(name, "是空的;应有表头和数据", "is empty; expected a header and rows")
    if carry.strip():
        raise _unclosed(name, row)


def _with_last_newline(blocks: Iterable[bytes]) -> Iterator[bytes]:
    last = b"\n"
    for block in blocks:
        last = block or last
        yield block
    if not last.endswith(b"\n"):
        yield b"\n"


def _unclosed(name: str, row: int) -> UnreadableFile:
    return unreadable(name, f"第 {row} 行的引号没有闭合", f"has a quote in row {row} that is never closed")


def _header(block: bytes, name: str) -> tuple[list[str], bytes]:
    """The names of the columns and the rest of the block; no names where the header is not all there yet."""
    data = np.frombuffer(block, np.uint8)
    used, copied, records, fault, _ = scan(data, -1, 1, out := np.empty(len(data), np.uint8))
    if fault:
        raise unreadable(name, "的表头引号有误", "has a misplaced quote in its header")
    if not records:
        return [], block
    text = out[:copied].tobytes().decode("utf-8")
    return [cell.strip(SPACES) for cell in next(csv.reader(io.StringIO(text, newline="")))], block[used:]


def positions(header: Sequence[str], columns: Sequence[str], optional: Sequence[str], name: str) -> dict[str, int | None]:
    """Where each column stands; None for an optional one that is not there.

    Raises:
        UnreadableFile: a column is missing, or there twice.
    """
    missing = [column for column in dict.fromkeys(columns) if column not in header]
    if missing:
        near = meant(missing[0], header)
        words = listed(missing)
        raise unreadable(name, f"缺少列:{words}。{near.zh}", f"has no column {words}" + (f".{near.en}" if near.en else ""))
    wanted = list(dict.fromkeys([*columns, *optional]))
    twice = [column for column in wanted if header.count(column) > 1]
    if twice:
        raise unreadable(name, f"有两列同名:{listed(twice)}", f"has two columns named {listed(twice)}")
    return {column: header.index(column) if column in header else None for column in wanted}


def _records(block: bytes, header: Sequence[str], places: dict[str, int | None], row: int, name: str) -> tuple[pl.DataFrame, int]:
    """The whole records at the head of a block, and how many bytes they take."""
    used = block.rfind(b"\n") + 1
    if used and plain(np.frombuffer(block, np.uint8, used), len(header)):
        try:
            return _parsed(block[:used] if used < len(block) else block, header, places), used
        except pl.exceptions.PolarsError:
            pass  # one row too long and one too short: the walk below finds the first
    data = np.frombuffer(block, np.uint8)
    used, copied, records, fault, cells = scan(data, len(header), -1, out := np.empty(len(data), np.uint8))
    if fault == Shape.CELLS:
        zh = f"第 {row + records} 行有 {cells} 格,表头有 {len(header)} 列"
        raise unreadable(name, zh, f"has {cells} cells in row {row + records}, where the header has {len(header)}")
    if fault == Shape.QUOTE:
        raise unreadable(name, f"第 {row + records} 行的引号位置不对", f"has a misplaced quote in row {row + records}")
    frame = _parsed(out[:copied].tobytes(), header, places)
    if len(frame) != records:
        raise unreadable(name, f"第 {row} 行之后的引号或换行有误", f"has quotes or line ends after row {row} that can be read two ways")
    return frame, used


def _parsed(block: bytes, header: Sequence[str], places: dict[str, int | None]) -> pl.DataFrame:
    names = [f"column_{i + 1}" for i in range(len(header))]  # polars takes no other names here
    there = {column: names[i] for column, i in places.items() if i is not None}
    if not block:
        frame = pl.DataFrame(schema={n: pl.String for n in there.values()})
    else:
        frame = pl.read_csv(
            block, has_header=False, schema={n: pl.String for n in names}, columns=list(there.values()), infer_schema=False,
            empty_string_is_null=False,
        )  # fmt: skip
    return frame.select(
        pl.col(name).alias(column) for column, name in there.items()
    )


def _sheet(path: Path, columns: Sequence[str], optional: Sequence[str]) -> Iterator[Piece]:
    """The first sheet of a workbook, every cell as text: a date is its ISO form, a number its shortest one."""
    import fastexcel

    with path.open("rb"):
        pass  # fastexcel reports a missing file in its own words
    try:
        frame = fastexcel.read_excel(path).load_sheet(0, dtypes="string").to_polars()
    except fastexcel.FastExcelError:
        raise unreadable(path.name, "不是 XLSX 工作簿,或第一张表为空", "is no XLSX workbook, or its first sheet is empty") from None
    header = [column.strip(SPACES) for column in frame.columns]
    places = positions(header, columns, optional, path.name)
    frame = frame.select(
        frame.to_series(i).alias(column) for column, i in places.items() if i is not None
    )
    if len(frame):
        yield Piece(1, frame)
