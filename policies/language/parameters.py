"""The dated parameters of a policy: read once, then each use checked against what it is compared with.

A parameter has no type of its own. Its entries are words, numbers or days, and every use says what they must be. A day in force without a
value is an error; a missing table key is a warning. Source: docs/en/semantics.md sections 5 and 9.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Literal, TypeAlias

from policies.language.catalogue import Field, FieldType
from policies.language.literals import code_of, decimal_text, plain_number
from policies.language.models import Param as ParamModel
from policies.language.models import ParamEntry
from policies.language.names import Trouble
from policies.language.tree import Param, Scalar
from policies.limits import DIVISOR, ENTRIES
from policies.problems.problems import Word, comma_list, suggestion, value_text
from policies.values import Text
from policies.yaml.document import Path
from policies.yaml.report import Reporter

Family: TypeAlias = Literal["number", "date", "word"]
Range: TypeAlias = tuple[int | None, int | None]

_RANGE = re.compile(r"([0-9]{1,9})?(\.\.)?([0-9]{1,9})?")


@dataclass(slots=True)
class DatedEntry:
    """One dated entry as read: a value under the key None, or a table by the keys as written."""

    start: date
    cells: dict[str | None, Scalar]
    path: Path

    def places(self) -> Iterator[tuple[Path, Scalar]]:
        """Where each value stands."""
        return (((*self.path, "value") if key is None else (*self.path, "table", key), value) for key, value in self.cells.items())


@dataclass(slots=True)
class DatedParameter:
    """A parameter as read, and the field its table is read by, once that is known."""

    name: str
    model: ParamModel
    entries: list[DatedEntry]
    table: bool
    family: Family
    by: Field | None = None
    used: bool = False

    def read_as_numbers(self) -> None:
        """Read the entries as numbers, if all of them are decimals written as text."""
        numbers = [{key: decimal_text(value) for key, value in entry.cells.items()} for entry in self.entries]
        if all(value is not None for cells in numbers for value in cells.values()):
            for entry, cells in zip(self.entries, numbers, strict=True):
                entry.cells = {key: value for key, value in cells.items() if value is not None}
            self.family = "number"

    def values(self) -> Iterator[Scalar]:
        """Every value of every entry."""
        return (value for entry in self.entries for value in entry.cells.values())


@dataclass(slots=True)
class Parameters:
    """Every parameter of one policy; ``unreadable`` are named but could not be read."""

    reporter: Reporter
    start: date | None
    unreadable: set[str] = field(default_factory=set)
    by_name: dict[str, DatedParameter] = field(default_factory=dict)

    def read(self, models: Mapping[str, ParamModel]) -> None:
        """Take in the ``params`` of a document."""
        for name, model in models.items():
            parameter = self._parameter(name, model, ("params", name))
            if parameter is None:
                self.unreadable.add(name)
            else:
                self.by_name[name] = parameter

    def read_by(self, parameter: DatedParameter, by: Field, path: Path) -> None:
        """Note the field a table is read by; its keys are checked against that field, once."""
        if parameter.by is None:
            parameter.by = by
            for entry in parameter.entries:
                _Table(self.reporter, entry, by).check()
        elif (parameter.by.type is FieldType.ENUM) != (by.type is FieldType.ENUM):
            self.reporter.add("table-by-differs", path, param=parameter.name)

    def as_tree(self) -> dict[str, Param]:
        """The parameters as the tree holds them, once every use is checked."""
        return {name: _tree_param(parameter) for name, parameter in self.by_name.items()}

    def _parameter(self, name: str, model: ParamModel, path: Path) -> DatedParameter | None:
        if len(model.values) > ENTRIES:
            self.reporter.add("entries-many", (*path, "values"), param=name, count=f"{len(model.values):,}", limit=str(ENTRIES))
            return None
        entries = [entry for i, entry_model in enumerate(model.values) if (entry := self._entry(entry_model, (*path, "values", i)))]
        if len(entries) < len(model.values):
            return None
        entries.sort(key=lambda entry: entry.start)
        tables = [None not in entry.cells for entry in entries]
        families = {_family(value) for entry in entries for value in entry.cells.values()}
        if len(set(tables)) > 1:
            self.reporter.add("param-entry", (*path, "values"))
            return None
        if len(families) > 1:
            places = [place for entry in entries for place, value in entry.places() if _family(value) == "word"]
            self.reporter.add("param-value", (places or [entries[-1].path])[0], given=name)
            return None
        self._days(name, entries, path)
        return DatedParameter(name, model, entries, tables[0], families.pop())

    def _entry(self, entry_model: ParamEntry, path: Path) -> DatedEntry | None:
        if (entry_model.value is None) == (entry_model.table is None) or entry_model.table == {}:
            self.reporter.add("param-entry", path)
            return None
        raw_cells: Mapping[str | None, object] = {None: entry_model.value} if entry_model.table is None else dict(entry_model.table.items())
        cells: dict[str | None, Scalar] = {}
        for key, value in raw_cells.items():
            scalar = _plain(value)
            if scalar is None:
                self.reporter.add("param-value", (*path, "value") if key is None else (*path, "table", key), given=value_text(value))
            else:
                cells[key] = scalar
        return DatedEntry(entry_model.from_, cells, path) if len(cells) == len(raw_cells) else None

    def _days(self, name: str, entries: list[DatedEntry], path: Path) -> None:
        for before, after in pairwise(entries):
            if before.start == after.start:
                self.reporter.add("param-repeated", (*after.path, "from"), param=name, start=str(after.start))
        if self.start is not None and entries[0].start > self.start:
            self.reporter.add("param-gap", (*entries[0].path, "from"), param=name, first=str(entries[0].start), start=str(self.start))


def _plain(value: object) -> Scalar | None:
    if isinstance(value, date) or (isinstance(value, str) and value):
        return value
    return plain_number(value) if isinstance(value, int | Decimal) else None


def _family(value: Scalar) -> Family:
    return "date" if isinstance(value, date) else "word" if isinstance(value, str) else "number"


def key_range(text: str) -> Range | None:
    """A table key as a closed range of whole numbers, None where open.

    Example:
        >>> key_range("3"), key_range("5.."), key_range("2..4"), key_range("x")
        ((3, 3), (5, None), (2, 4), None)
    """
    form = _RANGE.fullmatch(text)
    if form is None or (form[1] is None and form[3] is None):
        return None
    low = None if form[1] is None else int(form[1])
    high = None if form[3] is None else int(form[3])
    if form[2] is None:
        return None if form[3] is not None else (low, low)
    return None if low is not None and high is not None and low > high else (low, high)


def _tree_param(parameter: DatedParameter) -> Param:
    model = parameter.model
    label = None if model.label is None else Text(model.label.zh, model.label.en)
    entries = ((entry.start, _tree_cells(entry, parameter) if parameter.table else entry.cells[None]) for entry in parameter.entries)
    return Param(parameter.name, model.unit, tuple(entries), model.cite, label)


def _tree_cells(entry: DatedEntry, parameter: DatedParameter) -> tuple[tuple[str | Range, Scalar], ...]:
    return tuple((_tree_key(key or "", parameter.by), value) for key, value in entry.cells.items())


def _tree_key(key: str, by: Field | None) -> str | Range:
    if by is not None and by.type is FieldType.ENUM:
        code = code_of(key, by)
        return code if isinstance(code, str) else key
    return key_range(key) or key


@dataclass(frozen=True, slots=True)
class _Table:
    """One dated table, checked against the field it is read by."""

    reporter: Reporter
    entry: DatedEntry
    by: Field

    def check(self) -> None:
        if self.by.type is FieldType.ENUM:
            self._codes()
        else:
            self._ranges()

    def _place(self, key: str | None) -> Path:
        return (*self.entry.path, "table", key or "")

    def _codes(self) -> None:
        key_of_code: dict[str, str] = {}
        for key in self.entry.cells:
            code = code_of(key, self.by)
            if isinstance(code, Trouble):
                labels = [f"{code}({label})" for code, label in self.by.values]
                near = suggestion(key, [word for value in self.by.values for word in value])
                self.reporter.add_at_key(
                    "table-key", self._place(key), word=str(key), field=self.by.name, meant=near, choices=comma_list(labels)
                )
            elif code in key_of_code:
                self.reporter.add_at_key("table-overlap", self._place(key), word=str(key), other=key_of_code[code])
            else:
                key_of_code[code] = str(key)
        self._gap([code for code in self.by.codes if code not in key_of_code])

    def _ranges(self) -> None:
        low, high = self.by.min or 0, DIVISOR if self.by.max is None else self.by.max
        key_of_value: dict[int, str] = {}
        for key in self.entry.cells:
            bounds = key_range(key or "")
            if bounds is None or (bounds[0] is not None and bounds[0] > high) or (bounds[1] is not None and bounds[1] < low):
                words: dict[str, Word] = {"word": str(key), "field": self.by.name, "meant": "", "choices": f"{low}..{high}"}
                self.reporter.add_at_key("table-key", self._place(key), **words)
                continue
            for value in range(max(low, bounds[0] or low), min(high, high if bounds[1] is None else bounds[1]) + 1):
                if value in key_of_value:
                    self.reporter.add_at_key("table-overlap", self._place(key), word=str(key), other=key_of_value[value])
                    break
                key_of_value[value] = str(key)
        self._gap([str(value) for value in range(low, high + 1) if value not in key_of_value])

    def _gap(self, missing: list[str]) -> None:
        if missing:
            words: dict[str, Word] = {"start": str(self.entry.start), "field": self.by.name, "missing": comma_list(missing, 6)}
            self.reporter.add("table-gap", (*self.entry.path, "table"), **words)
