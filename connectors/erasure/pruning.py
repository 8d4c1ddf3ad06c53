"""One person out of the text of a file: CSV, JSON, JSON lines; every other row stays byte for byte.

The one idea: a row goes when one of its cells *is* her token (in hexadecimal or as a number) or her number; never for a name, which others
have, too. What vouches for its own lines (the evidence of an edition) is sealed again. Sources: RFC 4180, RFC 8259.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from matchers.matrix.erasure import Trace


@dataclass(frozen=True, slots=True)
class Sought:
    """Whom to look for: a token, the numbers she was delivered under, and where her rows came from, by feed, unit, delivery and row."""

    token: int
    numbers: tuple[str, ...]
    rows: frozenset[tuple[str, str, int, int]] = frozenset()

    @property
    def hexadecimal(self) -> str:
        return f"{self.token:016x}"

    def is_hers(self, value: object) -> bool:
        """Is a value of a file her token or number?"""
        match value:
            case bool():
                return False
            case int():
                return value == self.token
            case str():
                text = value.strip().removeprefix("'").casefold()
                return text in (self.hexadecimal, str(self.token), *(number.casefold() for number in self.numbers))
            case _:
                return False

    def needles(self) -> Iterator[bytes]:
        """The bytes that would give her away in a file nobody here can read."""
        for text in (self.hexadecimal, self.hexadecimal.upper(), str(self.token), *self.numbers):
            yield text.encode()
            yield text.encode("utf-16-le")
            yield text.encode("utf-16-be")
        yield self.token.to_bytes(8, "little")
        yield self.token.to_bytes(8, "big")


def units_of(traces: Sequence[Trace], unit: Callable[[str, int], str]) -> frozenset[tuple[str, str, int, int]]:
    """Where her rows came from, with the names of the units."""
    return frozenset((t.feed, unit(t.feed, t.source), t.delivery, t.row) for t in traces)


def pruned_csv(data: bytes, sought: Sought) -> tuple[bytes, int]:
    """A CSV without her rows, and how many they were."""
    encoding = _encoding(data)
    lines = data.decode(encoding).splitlines(keepends=True)
    taken: list[str] = []

    def handed() -> Iterator[str]:
        for line in lines:
            taken.append(line)
            yield line

    out, gone = [], 0
    for cells in csv.reader(handed()):
        if any(sought.is_hers(cell) for cell in cells):
            gone += 1
        else:
            out.append("".join(taken))
        taken.clear()
    return "".join(out).encode(encoding), gone


def pruned_lines(data: bytes, sought: Sought) -> tuple[bytes, int]:
    """JSON lines without hers, and how many they were; a seal at their end is made anew, and so is the count in the head above it."""
    lines = data.splitlines(keepends=True)
    left = [_of_others(line, sought) for line in lines]
    changed = sum(one != line for one, line in zip(left, lines, strict=True))
    kept = [one for one in left if one]
    if changed and kept and set(json.loads(kept[-1])) == {"sha256"}:
        head = json.loads(kept[0])
        kept[0] = _line({**head, "candidates": len(kept) - 2}) if "candidates" in head else kept[0]
        kept[-1] = _line({"sha256": sha256(b"".join(kept[:-1])).hexdigest()})
    return b"".join(kept), changed


def _of_others(line: bytes, sought: Sought) -> bytes:
    """What stays of a line: nothing of one about her."""
    if not line.strip():
        return line
    try:
        value = json.loads(line)
    except ValueError:  # cut off, by a full disk perhaps
        return b"" if any(needle in line for needle in sought.needles()) else line
    if _of_her_row(value, sought) or (found := _pruned(value, sought)) is _HERS:
        return b""
    return line if found is value else _line(found)


def pruned_json(data: bytes, sought: Sought) -> tuple[bytes, int]:
    """A JSON text without what is about her; nothing of it where all of it is."""
    value = json.loads(data)
    found = _pruned(value, sought)
    if found is value:
        return data, 0
    if found is _HERS:
        return b"", 1
    return (json.dumps(found, ensure_ascii=False, indent=1 if b"\n" in data.strip() else None) + "\n").encode(), 1


_HERS = object()
"""What ``_pruned`` gives of a value that is about her as a whole."""


def _pruned(value: Any, sought: Sought) -> Any:
    """The value without what is about her: itself where nothing is, ``_HERS`` where all of it is.

    Of a list the elements about her go; of a list of differing scalars (a line as a row of cells) all of it.
    """
    match value:
        case dict():
            parts = {key: _pruned(part, sought) for key, part in value.items() if not sought.is_hers(key)}
            if any(part is _HERS for part in parts.values()):
                return _HERS
            return value if all(parts.get(key, _HERS) is part for key, part in value.items()) else parts
        case list():
            found = [_pruned(part, sought) for part in value]
            if all(one is part for one, part in zip(found, value, strict=True)):
                return value
            row = len({type(part) for part in value}) > 1 and any(sought.is_hers(part) for part in value)
            return _HERS if row else [part for part in found if part is not _HERS]
        case _:
            return _HERS if sought.is_hers(value) else value


def _of_her_row(value: Any, sought: Sought) -> bool:
    """Is a line of the quarantine about a row of hers?"""
    names = ("feed", "unit", "delivery", "row")
    return isinstance(value, dict) and value.keys() >= set(names) and tuple(value[name] for name in names) in sought.rows


def _line(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _encoding(data: bytes) -> str:
    for encoding in ("utf-8", "gb18030"):
        try:
            data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    return "latin-1"
