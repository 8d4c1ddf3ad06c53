"""Scrubs one person out of the text of a file: CSV, JSON or JSON lines; every other row stays byte for byte.

Called by ``connectors.erasure.copies``. A row is removed where a whole cell is the person's token (in hexadecimal or as a number) or one of
their numbers. A name removes nothing, because others have it too. JSON lines that end with a digest (the evidence of an edition) get a new
one. Sources: RFC 4180, RFC 8259.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from matchers.matrix.erasure import Trace


@dataclass(frozen=True, slots=True)
class ErasedPerson:
    """The person to scrub: token, delivered numbers, and delivered rows by feed, unit, delivery and row number.

    Args:
        released: the person's token in each released snapshot, by its name.
    """

    token: int
    numbers: tuple[str, ...]
    rows: frozenset[tuple[str, str, int, int]] = frozenset()
    released: Mapping[str, int] = field(default_factory=dict)

    @property
    def hexadecimal(self) -> str:
        return f"{self.token:016x}"

    def is_named_by(self, value: object) -> bool:
        """Whether a value of a file is the person's token or number, or has it on a line of its own."""
        match value:
            case bool():
                return False
            case int():
                return value in self._tokens()
            case str():
                tokens = (form for token in self._tokens() for form in (f"{token:016x}", str(token)))
                names = (*tokens, *(number.casefold() for number in self.numbers))
                return any(line.strip().removeprefix("'").casefold() in names for line in value.split("\n"))
            case _:
                return False

    def needles(self) -> Iterator[bytes]:
        """The bytes to search for in a file of any kind."""
        tokens = self._tokens()
        texts = (form for token in tokens for form in (f"{token:016x}", f"{token:016X}", str(token)))
        for text in (*texts, *self.numbers):
            yield text.encode()
            yield text.encode("utf-16-le")
            yield text.encode("utf-16-be")
        for token in tokens:
            yield token.to_bytes(8, "little")
            yield token.to_bytes(8, "big")

    def _tokens(self) -> tuple[int, ...]:
        """Every token of the person: that of the network, and those in released snapshots."""
        return self.token, *self.released.values()


def delivered_rows(traces: Sequence[Trace], unit: Callable[[str, int], str]) -> frozenset[tuple[str, str, int, int]]:
    """The person's delivered rows, with the names of the units."""
    return frozenset((t.feed, unit(t.feed, t.source), t.delivery, t.row) for t in traces)


def scrub_csv(data: bytes, sought: ErasedPerson) -> tuple[bytes, int]:
    """A CSV without the person's rows, and how many rows were removed."""
    encoding = _encoding(data)
    lines = data.decode(encoding).splitlines(keepends=True)
    row_lines: list[str] = []

    def recorded_lines() -> Iterator[str]:
        for line in lines:
            row_lines.append(line)
            yield line

    out, removed = [], 0
    for cells in csv.reader(recorded_lines()):
        if any(sought.is_named_by(cell) for cell in cells):
            removed += 1
        else:
            out.append("".join(row_lines))
        row_lines.clear()
    return "".join(out).encode(encoding), removed


def scrub_json_lines(data: bytes, sought: ErasedPerson) -> tuple[bytes, int]:
    """JSON lines without the person's, and how many were changed; a digest at their end and the count in their head are made anew."""
    lines = data.splitlines(keepends=True)
    scrubbed = [_scrub_line(line, sought) for line in lines]
    changed = sum(new != old for new, old in zip(scrubbed, lines, strict=True))
    rest = [line for line in scrubbed if line]
    if changed and rest and set(json.loads(rest[-1])) == {"sha256"}:
        head = json.loads(rest[0])
        rest[0] = _line({**head, "candidates": len(rest) - 2}) if "candidates" in head else rest[0]
        rest[-1] = _line({"sha256": sha256(b"".join(rest[:-1])).hexdigest()})
    return b"".join(rest), changed


def _scrub_line(line: bytes, sought: ErasedPerson) -> bytes:
    """A line without the person; empty where all of it is about them."""
    if not line.strip():
        return line
    try:
        value = json.loads(line)
    except ValueError:  # cut off, by a full disk perhaps
        return b"" if any(needle in line for needle in sought.needles()) else line
    if _is_about_delivered_row(value, sought) or (rest := _scrub_value(value, sought)) is _NOTHING_LEFT:
        return b""
    return line if rest is value else _line(rest)


def scrub_json(data: bytes, sought: ErasedPerson) -> tuple[bytes, int]:
    """A JSON text without the person, and 1 where it was changed; empty where all of it is about them."""
    value = json.loads(data)
    rest = _scrub_value(value, sought)
    if rest is value:
        return data, 0
    if rest is _NOTHING_LEFT:
        return b"", 1
    return (json.dumps(rest, ensure_ascii=False, indent=1 if b"\n" in data.strip() else None) + "\n").encode(), 1


_NOTHING_LEFT = object()
"""What ``_scrub_value`` gives for a value that is wholly about the person."""


def _scrub_value(value: Any, sought: ErasedPerson) -> Any:
    """The value without the person: the same object where they are not in it, ``_NOTHING_LEFT`` where all of it is about them.

    A list loses its elements about the person; a list of different scalars is one row of cells, and goes as a whole.
    """
    match value:
        case dict():
            parts = {key: _scrub_value(part, sought) for key, part in value.items() if not sought.is_named_by(key)}
            if any(part is _NOTHING_LEFT for part in parts.values()):
                return _NOTHING_LEFT
            return value if all(parts.get(key, _NOTHING_LEFT) is part for key, part in value.items()) else parts
        case list():
            scrubbed = [_scrub_value(part, sought) for part in value]
            if all(new is old for new, old in zip(scrubbed, value, strict=True)):
                return value
            is_row = len({type(part) for part in value}) > 1 and any(sought.is_named_by(part) for part in value)
            return _NOTHING_LEFT if is_row else [part for part in scrubbed if part is not _NOTHING_LEFT]
        case _:
            return _NOTHING_LEFT if sought.is_named_by(value) else value


def _is_about_delivered_row(value: Any, sought: ErasedPerson) -> bool:
    """Whether a line of the quarantine is about one of the person's delivered rows."""
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
