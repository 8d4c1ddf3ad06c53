"""Bytes of a delivered file as UTF-8, and what goes wrong on the way as one sentence.

The one idea: GB 18030 is decoded before polars sees it (its own decoding reads a whole file at once), and a file in another encoding than
its contract says is refused, never read as something else: mojibake would pass for text.

Sources: GB 18030-2022, RFC 1952 (gzip), RFC 3629 (UTF-8).
"""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import polars as pl

from connectors.faults import UnreadableFile
from policies.values import Text

BLOCK = 4 << 20
_UTF8_MARK = b"\xef\xbb\xbf"


@contextmanager
def told(name: str) -> Iterator[None]:
    """Whatever the disk, gzip or polars says becomes one sentence about the file."""
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
def opened(path: Path) -> Iterator[BinaryIO]:
    """The file, unpacked where its first bytes say it is gzip."""
    with path.open("rb") as file:
        if file.peek(2)[:2] == b"\x1f\x8b":
            with gzip.open(file) as inner:
                yield cast(BinaryIO, inner)
        else:
            yield file


def decoded(file: BinaryIO, encoding: str, name: str) -> Iterator[bytes]:
    """The file in blocks of UTF-8."""
    head = file.read(BLOCK)
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise unreadable(name, f"是 UTF-16 编码；请按合同另存为 {encoding}", f"is UTF-16; save it as {encoding}, as its contract says")
    if head.startswith(_UTF8_MARK):
        head, encoding = head[3:], "utf-8"
    elif encoding == "gb18030" and _surely_utf8(head):
        raise unreadable(name, "是 UTF-8 编码，而合同为 gb18030", "is UTF-8, but its contract says gb18030; change one of the two")
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    done = 0
    while head:
        if encoding == "utf-8":
            yield head  # polars and json check it; see ``told``
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
    return unreadable(name, f"{zh}不是 {encoding}；若文件是 {other}，请改合同的 delivery.encoding", f"is not {encoding}{en}; {hint}")


def encoding_of(path: Path) -> str:
    """UTF-8 where a file reads so, else GB18030: for lists that people write, which have no contract to say which."""
    try:
        path.read_bytes().decode("utf-8")
    except OSError:
        pass  # whoever reads it tells that
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8"
