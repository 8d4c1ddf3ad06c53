"""A YAML 1.2 document as plain data, with the line and column of every node.

The parser's events are read, not its objects. Each scalar is resolved here, by the core schema, so a number with a point stays an exact
Decimal, ``yes`` and ``on`` stay words, and keys stay as written. Anchors, aliases, tags and repeated keys are refused, for two readers
would read them differently. Depth and size are bounded, and nothing recurses. Source: YAML 1.2.2, section 10.3; ruamel.yaml.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, NoReturn, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from policies.limits import CHARACTERS, DEPTH
from policies.problems.problems import Invalid, Problem, Word, sentence, value_text
from policies.problems.sentences import DOCUMENT
from policies.problems.sentences_yaml import SLIPS
from policies.values import Text
from policies.yaml.marks import Slip, operator
from policies.yaml.parse_failures import control, slips_in_text, slips_of_failure
from policies.yaml.scan import place as place_of

Path: TypeAlias = tuple[str | int, ...]
Place: TypeAlias = tuple[int, int]

_MOST_SLIPS = 40
_INVISIBLE = Text("看不见的字符", "an invisible character")

_INT = re.compile(r"[-+]?[0-9]{1,18}")
_DECIMAL = re.compile(r"[-+]?[0-9]{1,18}\.[0-9]{1,18}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WORDS = {"": None, "~": None, "null": None, "Null": None, "NULL": None, "true": True, "True": True, "TRUE": True,
          "false": False, "False": False, "FALSE": False}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Document:
    """Plain data and its places.

    Args:
        data: dict (keys are text), list, str, int, Decimal, date, bool, None.
        text: as read.
        places, keys: by path, (line, column) of a node and of the key that leads to it, from 1.
        spans: by the place of a scalar or key, from where to where it stands in the text.
    """

    data: Any
    file: str
    text: str = ""
    places: dict[Path, Place] = field(default_factory=dict, repr=False)
    keys: dict[Path, Place] = field(default_factory=dict, repr=False)
    spans: dict[Place, tuple[int, int]] = field(default_factory=dict, repr=False)

    def position(self, path: Path, key: bool = False) -> Place:
        """Line and column of a node, or of the nearest node above that is written."""
        for end in range(len(path), -1, -1):
            place = (self.keys.get(path[:end]) if key else None) or self.places.get(path[:end])
            if place is not None:
                return place
        return (1, 1)

    def scalar_text(self, path: Path) -> str:
        """A scalar as it is typed."""
        start, end = self.spans.get(self.places.get(path, (0, 0)), (0, 0))
        return self.text[start:end].strip()

    def value(self, path: Path) -> Any:
        """What stands at a path; None where nothing does."""
        data = self.data
        for part in path:
            inside = part in data if isinstance(data, dict) else isinstance(data, list) and isinstance(part, int) and part < len(data)
            data = data[part] if inside else None
        return data


def path_text(path: Path) -> str:
    """A path as people write it.

    Example:
        >>> path_text(("criteria", "all", 2, "op"))
        'criteria.all[2].op'
    """
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def load(text: str, file: str, limit: int = CHARACTERS) -> Document:
    """Read one YAML document.

    Args:
        text: the document; a byte order mark is dropped.
        file: how to call it in messages.
        limit: the most characters it may have.

    Raises:
        Invalid: not YAML, too large or too deep, or with anchors, tags, repeated or composite keys.

    Example:
        >>> load("a: [1, 2.50, yes]", "example").data
        {'a': [1, Decimal('2.50'), 'yes']}
    """
    text = text.removeprefix("\ufeff")
    if len(text) > limit:
        _refuse(file, "too-large", (1, 1), size=len(text), limit=limit)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if (odd := control(text)) is not None:
        _refuse_slips(file, text, [odd])
    return _Builder(file, text).document()


def plain_data(text: str) -> Any:
    """A plain scalar by the core schema, with exact decimals and ISO dates.

    Raises:
        ValueError: of the form of a date, but no day of the calendar.
    """
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return Decimal(text)
    return date.fromisoformat(text) if _DATE.fullmatch(text) else text


def digest_of(data: object) -> str:
    """SHA-256 of the canonical JSON of a document's data: the same for any layout, comments or order of keys."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), default=str, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


class _Builder:
    """Events to data, with an explicit stack: one frame (container, path, pending key) a level."""

    def __init__(self, file: str, text: str) -> None:
        self.file, self.text = file, text
        self.data: Any = None
        self.count = 0
        self.stack: list[tuple[Any, Path]] = []
        self.key: list[str | None] = []
        self.places: dict[Path, Place] = {}
        self.keys: dict[Path, Place] = {}
        self.spans: dict[Place, tuple[int, int]] = {}

    def document(self) -> Document:
        for event in self._events():
            self._take(event)
        if self.count == 0 or self.data is None:
            _refuse(self.file, "document-empty", (1, 1))
        if isinstance(self.data, str) and (slips := slips_in_text(self.text)):
            _refuse_slips(self.file, self.text, slips)
        return Document(self.data, self.file, self.text, self.places, self.keys, self.spans)

    def _events(self) -> Iterator[Any]:
        try:
            yield from YAML(typ="safe", pure=True).parse(self.text)
        except MarkedYAMLError as error:
            mark, context = error.problem_mark or error.context_mark, error.context_mark
            at = mark.index if mark else 0
            slips = slips_of_failure(self.text, str(error.problem or error.context or ""), at, context.index if context else None)
            _refuse_slips(self.file, self.text, slips)
        except YAMLError as error:  # the reader's: a character YAML does not allow
            at = getattr(error, "position", 0)
            _refuse(self.file, "yaml-character", place_of(self.text, at if isinstance(at, int) else 0), char=_INVISIBLE)
        except (ValueError, OverflowError):  # ruamel lets \U00110000 through to chr()
            _refuse(self.file, "yaml-character", (1, 1), char=_INVISIBLE)

    def _take(self, event: Any) -> None:
        kind = type(event).__name__
        place = (event.start_mark.line + 1, event.start_mark.column + 1)
        if kind == "DocumentStartEvent":
            self.count += 1
            if self.count > 1:
                _refuse(self.file, "several-documents", place)
        elif kind == "AliasEvent" or getattr(event, "anchor", None):
            _refuse(self.file, "alias-refused", place, name=value_text(event.anchor))
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            self.stack.pop()
            self.key.pop()
        elif kind in ("ScalarEvent", "MappingStartEvent", "SequenceStartEvent"):
            if event.ctag:
                sign = self.text[event.start_mark.index :].split(maxsplit=1)[0].rstrip(",")
                if (slip := operator(sign, event.start_mark.index)) is not None:
                    _refuse_slips(self.file, self.text, [slip])
                _refuse(self.file, "tag-refused", place, tag=value_text(event.ctag))
            self._put(kind, event, place)

    def _put(self, kind: str, event: Any, place: Place) -> None:
        if self.stack and isinstance(self.stack[-1][0], dict) and self.key[-1] is None:
            self._put_key(kind, event, place)
            return
        data = {"MappingStartEvent": dict, "SequenceStartEvent": list}[kind]() if kind != "ScalarEvent" else self._scalar(event, place)
        path = self._attach(data)
        nothing = kind == "ScalarEvent" and event.start_mark.index == event.end_mark.index
        self.places[path] = self.keys.get(path, place) if nothing else place  # what is not written stands at its key
        if kind != "ScalarEvent":
            if len(self.stack) >= DEPTH:
                _refuse(self.file, "too-deep", place, limit=DEPTH)
            self.stack.append((data, path))
            self.key.append(None)

    def _put_key(self, kind: str, event: Any, place: Place) -> None:
        container, path = self.stack[-1]
        if kind != "ScalarEvent":
            _refuse(self.file, "key-composite", place)
        self._scalar(event, place, key=True)
        if event.value in container:
            first = self.keys[(*path, event.value)]
            _refuse(self.file, "key-duplicate", place, key=value_text(event.value), line=first[0])
        self.key[-1] = event.value
        self.keys[(*path, event.value)] = place
        self.places[(*path, event.value)] = place

    def _attach(self, data: Any) -> Path:
        if not self.stack:
            self.data = data
            return ()
        container, path = self.stack[-1]
        if isinstance(container, list):
            container.append(data)
            return (*path, len(container) - 1)
        key = self.key[-1]
        assert key is not None  # _put sent the key elsewhere
        container[key] = data
        self.key[-1] = None
        return (*path, key)

    def _scalar(self, event: Any, place: Place, key: bool = False) -> Any:
        self.spans[place] = (event.start_mark.index, event.end_mark.index)
        if any("\ud800" <= character <= "\udfff" for character in event.value):
            _refuse(self.file, "yaml-character", place, char=_INVISIBLE)
        if key or not event.implicit[0]:  # keys and quoted scalars are text as written
            return event.value
        try:
            return plain_data(event.value)
        except ValueError:
            _refuse(self.file, "date-impossible", place, date=event.value)


def _refuse_slips(file: str, text: str, slips: list[Slip]) -> NoReturn:
    problems = []
    for slip in slips[:_MOST_SLIPS]:
        severity, words = sentence({**DOCUMENT, **SLIPS}, slip.code, slip.words)
        problems.append(Problem(slip.code, severity, file, *place_of(text, slip.at), "", words))
    raise Invalid(problems)


def _refuse(file: str, code: str, place: Place, **words: Word) -> NoReturn:
    severity, text = sentence(DOCUMENT, code, words)
    raise Invalid([Problem(code, severity, file, *place, "", text)])
