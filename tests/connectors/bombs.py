"""Files that ask for more than they are: each kind small on disk, and what reading it must say.

``python -m tests.connectors.bombs FOLDER`` reads every one of them in a process whose memory is bounded, and prints a line of JSON each;
``test_limits.py`` runs it.
"""

from __future__ import annotations

import gzip
import json
import resource
import struct
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

MB = 1 << 20
MORE = 200 * MB
"""Memory that a refusal may take beyond what the process had before."""
HEADER = "id_number,name\n"
_TYPES = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
_NS = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_RELATED = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def _write_gzip(path: Path, pieces: Iterator[bytes]) -> None:
    with gzip.open(path, "wb", compresslevel=1) as file:
        for piece in pieces:
            file.write(piece)


def _endless_line(path: Path) -> None:
    _write_gzip(path, (b"a" * MB for _ in range(400)))


def _endless_last_line(path: Path) -> None:
    _write_gzip(path, (piece for piece in (HEADER.encode() + b"1,2\n", *(b"a" * MB for _ in range(200)))))


def _expanding(path: Path) -> None:
    _write_gzip(path, (piece for piece in (HEADER.encode(), *(b"1,2\n" * (MB // 4) for _ in range(400)))))


def _long_name(path: Path) -> None:
    path.write_bytes(b"\x1f\x8b\x08\x08" + b"\0" * 6 + b"n" * (64 * MB))


def _one_long_line(path: Path) -> None:
    path.write_bytes(HEADER.encode() + b"1," + b"x" * (200 * MB) + b"\n")


def _open_quote(path: Path) -> None:
    path.write_bytes(HEADER.encode() + b'1,"' + b"x\n" * (60 * MB))


def _many_columns(path: Path) -> None:
    path.write_text(",".join(f"c{i}" for i in range(1_000_000)) + "\n", encoding="utf-8")


def _some_columns(path: Path) -> None:
    path.write_text(",".join(f"c{i}" for i in range(30_000)) + "\n", encoding="utf-8")


def _wrong_encoding(path: Path) -> None:
    _write_gzip(path, (piece for piece in (HEADER.encode() + b"1,2\n" * MB, *(b"1,2\n" * (MB // 4) for _ in range(400)), b"\xff\n")))


def _deep_json(path: Path) -> None:
    path.write_bytes(b'{"id_number": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n")


def _long_number(path: Path) -> None:
    path.write_bytes(b'{"id_number": ' + b"9" * (10 * MB) + b"}\n")


def _line_without_end(path: Path) -> None:
    path.write_bytes(b'{"id_number": "' + b"x" * (150 * MB))


def _many_keys(path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        for line in range(2_000):
            file.write(json.dumps({f"k{line}_{i}": 1 for i in range(500)}) + "\n")


def _book(path: Path, sheet: str | Iterator[str], sheets: int = 1, **others: str | Iterator[str]) -> None:
    """A workbook out of its XML; of several sheets all are the same part."""
    names = "".join(f'<sheet name="s{i}" sheetId="{i + 1}" r:id="rId1"/>' for i in range(sheets))
    parts: dict[str, str | Iterator[str]] = {
        "[Content_Types].xml": _TYPES,
        "_rels/.rels": f'<Relationships><Relationship Id="r" Type="{_RELATED}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook {_NS} xmlns:r="{_RELATED}"><sheets>{names}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships><Relationship Id="rId1" Type="{_RELATED}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{_RELATED}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": sheet,
        **{name.replace("__", "/") + ".xml": text for name, text in others.items()},
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, text in parts.items():
            with archive.open(name, "w", force_zip64=True) as part:
                for piece in (text,) if isinstance(text, str) else text:
                    part.write(piece.encode())


def _sheet(rows: str) -> str:
    return f"<worksheet {_NS}><sheetData>{rows}</sheetData></worksheet>"


_HEAD = '<row r="1"><c r="A1" t="inlineStr"><is><t>id_number</t></is></c><c r="B1" t="inlineStr"><is><t>name</t></is></c></row>'


def _last_cell(path: Path) -> None:
    _book(path, _sheet(f'{_HEAD}<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'))


def _far_cell(path: Path) -> None:
    _book(path, _sheet(f'{_HEAD}<row r="1048576"><c r="CZ1048576"><v>1</v></c></row>'))


def _cells_without_place(path: Path) -> None:
    _book(path, _sheet(f'{_HEAD}<row r="1048576"><c s="0" r="CZ1048576"><v>1</v></c></row>'))


def _huge_reference(path: Path) -> None:
    _book(path, _sheet(f'{_HEAD}<row r="2"><c r="{"Z" * 60}99999999999"><v>1</v></c></row>'))


def _long_sheet(path: Path) -> None:
    cell = '<row r="2"><c r="A2" t="inlineStr"><is><t>x</t></is></c></row>'
    _book(
        path,
        (piece for piece in (f"<worksheet {_NS}><sheetData>{_HEAD}", *(cell * 16_000 for _ in range(300)), "</sheetData></worksheet>")),
    )


def _shared_texts(path: Path) -> None:
    texts = (piece for piece in (f"<sst {_NS}>", *("<si><t/></si>" * 80_000 for _ in range(400)), "</sst>"))
    _book(path, _sheet(_HEAD), xl__sharedStrings=texts)


def _one_long_text(path: Path) -> None:
    texts = (piece for piece in (f"<sst {_NS}><si><t>", *("x" * MB for _ in range(400)), "</t></si></sst>"))
    _book(path, _sheet(_HEAD), xl__sharedStrings=texts)


def _long_tag(path: Path) -> None:
    _book(
        path,
        (piece for piece in (f'<worksheet {_NS} x="', *("x" * MB for _ in range(30)), f'"><sheetData>{_HEAD}</sheetData></worksheet>')),
    )


def _long_value(path: Path) -> None:
    value = ("9" * MB for _ in range(30))
    _book(
        path,
        (piece for piece in (f'<worksheet {_NS}><sheetData><row r="1"><c r="A1"><v>', *value, "</v></c></row></sheetData></worksheet>")),
    )


def _many_sheets(path: Path) -> None:
    _book(path, _sheet(_HEAD), sheets=20_000)


def _many_parts(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.xml", f"<workbook {_NS}/>")
        for i in range(40_000):
            archive.writestr(f"xl/media/{i}.png", "")


def _entities(path: Path) -> None:
    laughs = "".join(f'<!ENTITY l{i + 1} "{f"&l{i};" * 10}">' for i in range(9))
    _book(
        path,
        f'<!DOCTYPE x [<!ENTITY l0 "ha">{laughs}]><worksheet {_NS}><sheetData><row r="1"><c r="A1"><v>&l9;</v></c></row></sheetData></worksheet>',
    )


def _entities_of_the_book(path: Path) -> None:
    _book(path, _sheet(_HEAD))
    _part_anew(path, "xl/workbook.xml", lambda text: text.replace("<workbook", '<!DOCTYPE x [<!ENTITY a "b">]><workbook', 1))


def _merged_all_over(path: Path) -> None:
    rows = "".join(f'<row r="{i}"><c r="A{i}"><v>{i}</v></c></row>' for i in range(2, 3000))
    merged = "".join('<mergeCell ref="A2:CZ2999"/>' for _ in range(5_000))
    _book(path, f"<worksheet {_NS}><sheetData>{_HEAD}{rows}</sheetData><mergeCells>{merged}</mergeCells></worksheet>")


def _lying_directory(path: Path) -> None:
    """A part is far longer than the directory says, whose checksum is that of the part's beginning."""
    texts = (piece for piece in (f"<sst {_NS}>", *("<si><t>x</t></si>" * 60_000 for _ in range(20)), "</sst>"))
    _book(path, _sheet(_HEAD), xl__sharedStrings=texts)
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        beginning = archive.read("xl/sharedStrings.xml")[:1000]
        crc, length = zipfile.crc32(beginning), len(beginning)  # type: ignore[attr-defined]  # zlib's
    at = data.rindex(b"PK\x01\x02", 0, data.rindex(b"xl/sharedStrings.xml"))
    struct.pack_into("<I", data, at + 16, crc)
    struct.pack_into("<I", data, at + 24, length)
    path.write_bytes(data)


def _part_anew(path: Path, part: str, change: Callable[[str], str]) -> None:
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts[part] = change(parts[part].decode()).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)


BOMBS: dict[str, tuple[str, Callable[[Path], None], str]] = {
    "gzip whose first line never ends": ("csv", _endless_line, "more than 1 MB in line 1"),
    "gzip whose last line never ends": ("csv", _endless_last_line, "more than 1 MB in line 3"),
    "gzip of JSON whose first line never ends": ("jsonl", _endless_line, "more than 1 MB in line 1"),
    "gzip that holds a hundred times itself": ("csv", _expanding, "unpacks to more than 100 times"),
    "gzip in another encoding, at its end": ("csv", _wrong_encoding, "unpacks to more than 100 times"),
    "gzip whose name never ends": ("csv", _long_name, "damaged or cut short"),
    "one line of 200 MB": ("csv", _one_long_line, "more than 1 MB in line 2"),
    "a quote that is never closed": ("csv", _open_quote, "has a quote in line 2 that is never closed"),
    "a million columns": ("csv", _many_columns, "more than 1 MB in line 1"),
    "thirty thousand columns": ("csv", _some_columns, "more than 4096 columns"),
    "JSON nested a hundred thousand deep": ("jsonl", _deep_json, "line 1: nested too deeply"),
    "a number of ten million digits": ("jsonl", _long_number, "more than 1 MB in line 1"),
    "a JSON line without end": ("jsonl", _line_without_end, "more than 1 MB in line 1"),
    "a million keys": ("jsonl", _many_keys, "more than 4096 columns"),
    "a cell at the last place of a sheet": ("xlsx", _last_cell, "has a cell in column XFD"),
    "a cell far below": ("xlsx", _far_cell, "has cells as far away as CZ1048576"),
    "a cell far below, written otherwise": ("xlsx", _cells_without_place, "has cells as far away as CZ1048576"),
    "a cell at no place": ("xlsx", _huge_reference, "4096 columns are the most"),
    "a sheet that unpacks a hundredfold": ("xlsx", _long_sheet, "unpacks to more than 100 times"),
    "shared texts without end": ("xlsx", _shared_texts, "unpacks to more than 100 times"),
    "one shared text without end": ("xlsx", _one_long_text, "unpacks to more than 100 times"),
    "a tag without end": ("xlsx", _long_tag, "damaged XLSX"),
    "a value without end": ("xlsx", _long_value, "damaged XLSX"),
    "twenty thousand sheets": ("xlsx", _many_sheets, "more than 256 sheets"),
    "forty thousand parts": ("xlsx", _many_parts, "more parts than any workbook"),
    "entities in a sheet": ("xlsx", _entities, "declares a document type"),
    "entities in the book": ("xlsx", _entities_of_the_book, "declares a document type"),
    "merged cells all over": ("xlsx", _merged_all_over, "cells that are merged"),
    "a directory that lies": ("xlsx", _lying_directory, "damaged XLSX"),
}
"""By name: the format of the contract, what writes the file, and what its refusal says."""


def _read(path: Path, format: str) -> str:
    from connectors.contracts.faults import UnreadableFile
    from connectors.parsing.tables import pieces

    try:
        for _ in pieces(path, format, "utf-8", ["id_number", "name"], identifiers=["id_number"]):
            pass
    except UnreadableFile as error:
        return error.text.en
    return ""


def _sound(folder: Path) -> Iterator[tuple[str, Path]]:
    """A file of each format, read first: kernels, and the pools of a reader that has several blocks of rows, are no cost of a refusal."""
    (folder / "a.csv").write_text(HEADER + '1,2\n1,"2"\n' + "1,2\n" * (6 * MB), encoding="utf-8")
    (folder / "a.jsonl").write_text('{"id_number": "1", "name": "2"}\n', encoding="utf-8")
    _book(folder / "a.xlsx", _sheet(_HEAD + '<row r="2"><c r="A2"><v>1</v></c></row>'))
    return ((path.suffix[1:], path) for path in (folder / "a.csv", folder / "a.jsonl", folder / "a.xlsx"))


def main(folder: Path) -> None:
    """Read every file, with little more memory than there is in use."""
    for format, path in _sound(folder):
        assert _read(path, format) == "", _read(path, format)
    for name, (format, write, _) in BOMBS.items():
        path = folder / "bomb"
        write(path)
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MORE, resource.RLIM_INFINITY))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
        try:
            message = _read(path, format)
        except MemoryError:
            message = "MemoryError"
        seconds = resource.getrusage(resource.RUSAGE_SELF).ru_utime - before
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        print(json.dumps({"name": name, "said": message, "seconds": seconds, "size": path.stat().st_size}), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
