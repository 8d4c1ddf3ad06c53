"""Decodes a delivered file to UTF-8, and turns errors of reading into one sentence about the file.

Called by ``connectors.parsing.tables``. GB 18030 is decoded in blocks here, because polars would decode the whole file at once. A file that
is not in the encoding of its contract is refused: wrongly decoded, it would pass for text.

Sources: GB 18030-2022, RFC 1952 (gzip), RFC 3629 (UTF-8).
"""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import polars as pl

from connectors.contracts.faults import UnreadableFile
from connectors.limits import EXPANSION, FREE, LONGEST_LINE, MOST_COLUMNS
from policies.values import Text

BLOCK = 4 << 20
_LONGEST_HEAD = 1 << 16
_NAMED = 0x18  # RFC 1952: a name or a comment follows
_UTF8_MARK = b"\xef\xbb\xbf"


@contextmanager
def file_errors(name: str, path: Path | None = None) -> Iterator[None]:
    """Errors of disk, gzip and polars in its block become ``UnreadableFile``; with a path, a wrong encoding has its line."""
    try:
        yield
    except IsADirectoryError:
        raise unreadable(name, "是文件夹，应为文件", "is a folder; expected a file") from None
    except FileNotFoundError:
        raise unreadable(name, "不存在；请核对路径", "does not exist; check the path") from None
    except PermissionError:
        raise unreadable(name, "无权读取", "may not be read; check its permissions") from None
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise unreadable(name, "压缩内容损坏或不完整；请重新传送", "is damaged or cut short as gzip; send it again") from None
    except OSError as error:
        raise unreadable(name, f"读取失败({error.strerror})", f"cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise wrong_encoding(name, "utf-8", None if path is None else line_of_bad_byte(path)) from None
    except pl.exceptions.PolarsError as error:
        if "utf-8" in str(error):
            raise wrong_encoding(name, "utf-8", None if path is None else line_of_bad_byte(path)) from None
        raise unreadable(name, "不是格式正确的表", "is not a well-formed table") from None


def unreadable(name: str, zh: str, en: str) -> UnreadableFile:
    """The error for a file of this name."""
    ends = Text("" if zh.endswith(("。", "？")) else "。", "" if en.endswith((".", "?")) else ".")
    return UnreadableFile(Text(f"文件 {name} {zh}{ends.zh}", f"The file {name} {en}{ends.en}"))


def too_long(name: str, line: int) -> UnreadableFile:
    """The error for a file with a line beyond the limit."""
    size = f"{LONGEST_LINE >> 20} MB"
    return unreadable(
        name,
        f"第 {line} 行超过 {size}（一行的上限）；请查看原系统导出时是否丢了换行，重新导出",
        f"has more than {size} in line {line}, the most a line may have; see whether its line ends were lost, and export it anew",
    )


def too_wide(name: str) -> UnreadableFile:
    """The error for a table with more columns than any contract reads."""
    zh = f"超过 {MOST_COLUMNS} 列（上限）；请只导出约定里的列"
    return unreadable(name, zh, f"has more than {MOST_COLUMNS} columns, the most there may be; export only those of the contract")


def too_expanded(name: str) -> UnreadableFile:
    """The error for a file that unpacks beyond the limit."""
    return unreadable(
        name,
        f"解压后超过原大小的 {EXPANSION} 倍（上限），不像数据；请核对来源，或不压缩重送",
        f"unpacks to more than {EXPANSION} times its size, the most there may be: hardly records. See whom it is from, or send it unpacked",
    )


def refuse_special(path: Path) -> None:
    """Refuses what is neither a file nor a folder; opening a path reports other problems.

    Raises:
        UnreadableFile: it is a device or a pipe, which may have no end and cannot be read twice.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        zh, en = (
            "是设备或管道；请先存成文件，再给出文件的路径",
            "is a device or a pipe; save it as a file first, then give the path of that",
        )
        raise unreadable(path.name, zh, en)


@contextmanager
def open_unpacked(path: Path) -> Iterator[BinaryIO]:
    """The file, unpacked where its first bytes are those of gzip."""
    refuse_special(path)
    with path.open("rb") as file:
        head = file.read(_LONGEST_HEAD)
        file.seek(0)
        if head[:2] != b"\x1f\x8b":
            yield file
            return
        if len(head) > 3 and head[3] & _NAMED and len(head) == _LONGEST_HEAD and b"\0" not in head[10:]:
            raise gzip.BadGzipFile  # the library would search the end of the name byte by byte
        with _BoundedGzip(file, path.name) as inner:
            yield cast(BinaryIO, inner)


class _BoundedGzip(gzip.GzipFile):
    """A gzip file, unpacked within the limit of expansion."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        super().__init__(fileobj=file, mode="rb")
        self._packed, self._file_name, self._bytes_read = file, name, 0

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self._bytes_read += len(data)
        if self._bytes_read > FREE and self._bytes_read > EXPANSION * self._packed.tell():
            raise too_expanded(self._file_name)
        return data


def utf8_blocks(file: BinaryIO, encoding: str, name: str, on_encoding: Callable[[str], None] = lambda encoding: None) -> Iterator[bytes]:
    """The file in blocks of UTF-8.

    Args:
        encoding: utf-8, gb18030 or auto: UTF-16 with a mark, else UTF-8 where the text reads so, else GB 18030.
        on_encoding: called with the encoding that was found.
    """
    head = file.read(BLOCK)
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        if encoding != "auto":
            zh, en = f"是 UTF-16 编码；请另存为 {encoding}，或把约定的 encoding 改为 auto", f"is UTF-16; save it as {encoding}"
            raise unreadable(name, zh, f"{en}, or write `encoding: auto` in its contract")
        encoding = "utf-16"
    elif head.startswith(_UTF8_MARK):
        head, encoding = head[3:], "utf-8"
    elif encoding == "gb18030" and _surely_utf8(head):
        zh = "是 UTF-8 编码，而约定为 gb18030；请改约定的 encoding"
        raise unreadable(name, zh, "is UTF-8, but its contract says gb18030; change `encoding` there")
    line = 1
    while encoding == "auto" and head.isascii():
        yield head
        line += head.count(b"\n")
        head = file.read(BLOCK)
        if not head:
            return on_encoding("utf-8")
    if encoding == "auto":
        if head[:-64].isascii():  # too few bytes to decide
            head += file.read(BLOCK)
        encoding = "utf-8" if _surely_utf8(head) else "gb18030"
    on_encoding(encoding)
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    while head:
        if encoding == "utf-8":
            yield head  # polars and json check it (``file_errors``)
        else:
            yield _decoded_block(decoder, head, line, encoding, name)
            line += head.count(b"\n")
        head = file.read(BLOCK)
    if encoding != "utf-8":
        _decoded_block(decoder, b"", line, encoding, name, final=True)
    return None


def _decoded_block(decoder: codecs.IncrementalDecoder, block: bytes, line: int, encoding: str, name: str, final: bool = False) -> bytes:
    try:
        return decoder.decode(block, final).encode("utf-8")
    except UnicodeDecodeError as error:
        raise wrong_encoding(name, encoding, line + block[: error.start].count(b"\n")) from None
    except UnicodeEncodeError:
        raise wrong_encoding(name, encoding, line) from None


def with_line_feeds(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The same text, with LF in the place of CR where the first line ends with CR alone (old Macintosh programs)."""
    head, only_cr = b"", None
    for block in blocks:
        if only_cr is None:
            head += block
            at = head.find(b"\r")
            line_feed = head.find(b"\n")
            if 0 <= at < len(head) - 1 or line_feed >= 0:
                only_cr = 0 <= at and at != line_feed - 1 and not 0 <= line_feed < at
                block, head = head, b""
            elif at < 0 and len(head) > BLOCK:
                only_cr, block, head = False, head, b""
            else:
                continue
        yield block.replace(b"\r", b"\n") if only_cr else block
    if head:
        yield head


def _surely_utf8(head: bytes) -> bool:
    """Whether the bytes are UTF-8 beyond ASCII; GB 18030 text hardly ever reads as UTF-8."""
    try:
        return len(codecs.getincrementaldecoder("utf-8")("strict").decode(head)) < len(head)
    except UnicodeDecodeError:
        return False


def wrong_encoding(name: str, encoding: str, line: int | None) -> UnreadableFile:
    """The error for a file in another encoding than its contract says, with the first wrong line."""
    zh, en = ("", "") if line is None else (f"第 {line} 行", f" in line {line}")
    other = "gb18030" if encoding == "utf-8" else "utf-8"
    hint = f"if it is {other}, write `encoding: {other}` or `encoding: auto` in the contract's `delivery`; else save it anew as UTF-8"
    zh_hint = f"若文件是 {other}，请把约定 delivery 的 encoding 改为 {other} 或 auto；否则请重新另存为 UTF-8"
    return unreadable(name, f"{zh}不是 {encoding}；{zh_hint}", f"is not {encoding}{en}; {hint}")


def line_of_bad_byte(path: Path) -> int | None:
    """The first line that is not UTF-8."""
    decoder, line = codecs.getincrementaldecoder("utf-8")("strict"), 1
    with open_unpacked(path) as file:
        while block := file.read(BLOCK):
            try:
                decoder.decode(block)
            except UnicodeDecodeError as error:
                before = max(0, error.start - (len(error.object) - len(block)))
                return line + block[:before].count(b"\n")
            line += block.count(b"\n")
    return line


def encoding_of(path: Path) -> str:
    """utf-8 where a file is so, else gb18030; for files that people write without a contract."""
    refuse_special(path)
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    try:
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                decoder.decode(block)
        decoder.decode(b"", final=True)
    except OSError:
        pass  # reading the file reports it
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8"
