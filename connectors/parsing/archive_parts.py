"""The parts of a workbook's archive, unpacked within limits (``connectors.limits``).

Called by ``connectors.parsing.workbooks`` and ``connectors.parsing.file_formats``. The directory of an archive may lie about the number and
length of its members, and the library that reads the values believes it. So the directory is measured before it is read, and every part is
unpacked to its real end, in blocks: it must be as long as the directory says.

Source: PKWARE APPNOTE 4.3.7 (members), 4.3.16 (end of the central directory), 4.4.5 (methods).
"""

from __future__ import annotations

import copy
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn
from xml.parsers import expat

from connectors.contracts.faults import UnreadableFile
from connectors.limits import EXPANSION, FREE, LARGEST_DIRECTORY
from connectors.parsing.decoding import too_expanded, unreadable

BLOCK = 1 << 20
_END = b"PK\x05\x06"
_LONGEST_END = 22 + (1 << 16)
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
BROKEN = (
    zipfile.BadZipFile, expat.ExpatError, KeyError, IndexError, StopIteration, EOFError, NotImplementedError, RuntimeError, ValueError,
)  # fmt: skip
"""The errors of the libraries for a damaged workbook."""


@contextmanager
def parts_of(path: Path) -> Iterator[zipfile.ZipFile]:
    """The archive of a workbook, open.

    Raises:
        UnreadableFile: its directory is too long, or names a part twice. BadZipFile: it is no archive.
    """
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _LONGEST_END))
        tail = file.read(_LONGEST_END)
    end = tail[-22:] if tail[-22:-18] == _END and tail.endswith(b"\0\0") else tail[tail.rfind(_END) :]
    if len(end) >= 22 and int.from_bytes(end[12:16], "little") > LARGEST_DIRECTORY:
        zh, en = (
            "里的部件多于任何工作簿；请用表格软件打开后重新另存",
            "has more parts than any workbook; open it in the office program, save it anew",
        )
        raise unreadable(path.name, zh, en)
    with zipfile.ZipFile(path) as archive:
        names = Counter(name.replace("\\", "/").lower() for name in archive.namelist())
        if max(names.values(), default=0) > 1:
            raise damaged_workbook(path.name)
        yield archive


def blocks(archive: zipfile.ZipFile, part: str, most: int, name: str) -> Iterator[bytes]:
    """A part, unpacked to its end.

    Args:
        most: the bytes that it may have.
        name: the name of the workbook.

    Raises:
        UnreadableFile: it has more, expands beyond the limit, or is not as long as the directory says.
    """
    info = archive.getinfo(part)
    if info.file_size > most:
        raise _too_large(name, part, most)
    if info.compress_type not in _METHODS:
        raise damaged_workbook(name)
    open_ended, length = copy.copy(info), 0
    open_ended.file_size = most + 1  # the end is then where the data ends, not where the directory says
    with archive.open(open_ended) as file:
        while block := file.read(BLOCK):
            length += len(block)
            if length > most:
                raise _too_large(name, part, most)
            if length > FREE and length > EXPANSION * info.compress_size:
                raise too_expanded(name)
            yield block
    if length != info.file_size:
        raise damaged_workbook(name)


def parser(name: str) -> expat.XMLParserType:
    """A parser of one part; it refuses a document type (DTD), which no office program writes."""
    xml_parser = expat.ParserCreate()

    def refuse(*declared: object) -> NoReturn:
        zh, en = (
            "的 XML 里有文档类型声明(DTD)，表格软件不会这样写；请用表格软件打开后重新另存",
            ("declares a document type in its XML, which no office program does; open it in the office program and save it anew"),
        )
        raise unreadable(name, zh, en)

    xml_parser.StartDoctypeDeclHandler = refuse
    return xml_parser


def damaged_workbook(name: str) -> UnreadableFile:
    """The error for a damaged workbook."""
    return unreadable(
        name,
        "是损坏的 XLSX 工作簿；请用表格软件打开后重新另存",
        "is a damaged XLSX workbook; open it in the office program and save it anew",
    )


def _too_large(name: str, part: str, most: int) -> UnreadableFile:
    part, size = part.rpartition("/")[2], f"{most >> 20:,} MB"
    return unreadable(
        name,
        f"的部件 {part} 解压后超过 {size}（上限）；请删去不用的工作表和内容，或分成几份",
        f"has a part {part} that unpacks to more than {size}, the most it may be; delete what nobody needs, or split it",
    )
