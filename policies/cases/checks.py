"""Checking the world of a case: its subjects, records, links, coverage and answers must name things that exist.

``policies.cases.file`` calls it. Without a catalogue only the names of subjects are checked; with one, every feed, field, unit and value.
Source: docs/en/semantics.md section 10.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from policies.cases.forms import Case
from policies.language.catalogue import LINKS, Catalogue, Feed, Field, FieldType
from policies.language.literals import EXPECTED
from policies.language.measures import NUMBERS, of_field
from policies.problems.problems import Word, comma_list, suggestion, value_text
from policies.values import KIND_WORDS, Kind, Text, is_division
from policies.yaml.document import Path
from policies.yaml.report import Reporter

RESERVED: Mapping[str, Text] = {
    "key": Text("记录的键", "the record's key"),
    "order": Text("整数、日期，或 none（没有可用的次序）", "a whole number, a date, or none (no usable order)"),
    "delivery": Text("整数", "a whole number"), "row": Text("整数", "a whole number"), "source": Text("单位代号", "the id of a unit"),
    "from": Text("日期", "a date"), "to": Text("日期", "a date"), "deleted": Text("true 或 false", "true or false"),
    "quarantined": Text("true 或 false", "true or false"),
}  # fmt: skip
"""What any record may hold besides its feed's fields and links."""
GROUPS = {"persons": Kind.PERSON, "households": Kind.HOUSEHOLD, "dwellings": Kind.DWELLING}
BESIDE = {Kind.PERSON: "household", Kind.HOUSEHOLD: "registered_at"}
"""The link that may stand beside a subject's feeds."""


def check_worlds(case: Case, path: Path, catalogue: Catalogue | None, reporter: Reporter) -> None:
    """Report everything in a case that names nothing or has a value of the wrong kind."""
    _World(case, path, catalogue, reporter).check()


_INT = re.compile("-?[0-9]{1,18}")
_DECIMAL = re.compile("-?[0-9]{1,18}([.][0-9]{1,18})?")


@dataclass(frozen=True, slots=True)
class _World:
    case: Case
    path: Path
    catalogue: Catalogue | None
    reporter: Reporter

    def check(self) -> None:
        names: set[str] = set()
        for group, kind in GROUPS.items():
            subjects: dict[str, dict[str, Any]] = getattr(self.case.given, group)
            for name, feeds in subjects.items():
                if name in names:
                    self.reporter.add_at_key("subject-twice", (*self.path, "given", group, name), word=value_text(name))
                names.add(name)
                self._check_subject(kind, feeds, (*self.path, "given", group, name))
        for name in self.case.expect:
            self._check_name(name, names, (*self.path, "expect", name))
        for name in self.case.given.answers:
            self._check_name(name, names, (*self.path, "given", "answers", name))
        self._check_coverage(names)
        for position, replacement in enumerate(self.case.given.replace):
            place = (*self.path, "given", "replace", position)
            self._check_feed_and_unit([replacement.feed], replacement.unit, place)

    def _check_name(self, name: str, names: set[str], place: Path) -> None:
        if name not in names:
            self.reporter.add_at_key(
                "subject-unknown", place, word=value_text(name), meant=suggestion(name, names), choices=comma_list(sorted(names))
            )

    def _check_subject(self, kind: Kind, feeds: dict[str, Any], path: Path) -> None:
        for name, value in feeds.items():
            place = (*path, name)
            if name == BESIDE.get(kind):
                if value is not None and not isinstance(value, str):
                    self.reporter.add("link-misplaced", place, word=name, given=value_text(value))
                continue
            about = None if self.catalogue is None else {feed.name: feed for feed in self.catalogue.about(kind)}
            if about is not None and name not in about:
                self._report_unknown_feed(name, list(about), kind, place)
                continue
            feed = None if about is None else about[name]
            for position, record in enumerate(value if isinstance(value, list) else [value]):
                self._check_record(feed, name, record, (*place, position) if isinstance(value, list) else place)

    def _report_unknown_feed(self, name: str, choices: list[str], kind: Kind | None, place: Path) -> None:
        words: dict[str, Word] = {"word": value_text(name), "meant": suggestion(name, choices), "choices": comma_list(choices)}
        self.reporter.add_at_key("feed-unknown", place, kind=KIND_WORDS[kind] if kind else Text("网络", "network"), **words)

    def _check_record(self, feed: Feed | None, name: str, record: Any, path: Path) -> None:
        if not isinstance(record, dict):
            self.reporter.add("record-form", path, given=value_text(record))
            return
        for word, value in record.items():
            place = (*path, word)
            if word in RESERVED:
                self._check_reserved(feed, word, value, place)
            elif feed is None:
                continue
            elif word in feed.links or (word in LINKS and LINKS[word].owner is feed.subject and word in feed.links):
                if value is not None and not isinstance(value, str):
                    self.reporter.add("link-misplaced", place, word=word, given=value_text(value))
            elif word in feed.fields:
                self._check_cell(feed.fields[word], value, place, check_bounds=record.get("quarantined") is not True)
            else:
                choices = [*feed.fields, *feed.links, *RESERVED]
                words: dict[str, Word] = {
                    "word": value_text(word),
                    "feed": name,
                    "meant": suggestion(word, choices),
                    "choices": comma_list(choices, 20),
                }
                self.reporter.add_at_key("record-word", place, **words)

    def _check_reserved(self, feed: Feed | None, word: str, value: Any, place: Path) -> None:
        if word == "source" and feed is not None:
            self._check_feed_and_unit([feed.name], str(value), place)
            return
        right = {
            "key": isinstance(value, str | int | Decimal | date), "order": _is_order(value),
            "delivery": isinstance(value, int), "row": isinstance(value, int), "source": isinstance(value, str),
            "from": value is None or isinstance(value, date), "to": value is None or isinstance(value, date),
            "deleted": isinstance(value, bool), "quarantined": isinstance(value, bool),
        }[word]  # fmt: skip
        if not right:
            self.reporter.add("record-value", place, word=word, given=value_text(value), expected=RESERVED[word])

    def _check_cell(self, field: Field, value: Any, place: Path, check_bounds: bool) -> None:
        """Check that a cell is empty or of its field's type; an enum takes a code or a label.

        Args:
            check_bounds: the value must lie within the declared bounds. False in quarantine, where values do not count.
        """
        text = str(value)
        match field.type:
            case _ if value is None or value == "":
                right = True
            case FieldType.ENUM:
                right = any(text in pair for pair in field.values)
            case FieldType.INT:
                right = not isinstance(value, bool) and _INT.fullmatch(text) is not None
            case FieldType.DECIMAL:
                right = not isinstance(value, bool) and _DECIMAL.fullmatch(text) is not None
            case FieldType.DATE:
                right = isinstance(value, date)
            case FieldType.DIVISION:
                right = isinstance(value, str) and is_division(value)
            case FieldType.TEXT:
                right = isinstance(value, str)
        if not right:
            expected: Word = comma_list(f"{code}({label})" for code, label in field.values) if field.values else EXPECTED[field.type]
            self.reporter.add("record-value", place, word=field.name, given=value_text(value), expected=expected)
        elif check_bounds and value not in (None, "") and field.type in NUMBERS:
            self._check_range(field, value, place)

    def _check_range(self, field: Field, value: Any, place: Path) -> None:
        """Check that a number lies within the bounds of the contract."""
        measure, number = of_field(field.name, field), Fraction(str(value))
        if (measure.low is not None and number < measure.low) or (measure.high is not None and number > measure.high):
            low, high = ("…" if bound is None else f"{float(bound):.12g}" for bound in (measure.low, measure.high))
            self.reporter.add("record-range", place, word=field.name, given=value_text(value), low=low, high=high)

    def _check_coverage(self, names: set[str]) -> None:
        for position, statement in enumerate(self.case.given.coverage):
            place = (*self.path, "given", "coverage", position)
            if (statement.division is None) == (statement.subjects is None):
                self.reporter.add("coverage-extent", place)
            if statement.division is not None and not is_division(statement.division):
                self.reporter.add("division-invalid", (*place, "division"), given=value_text(statement.division))
            for at, subject in enumerate(statement.subjects or ()):
                self._check_name(subject, names, (*place, "subjects", at))
            self._check_feed_and_unit([statement.feed] if isinstance(statement.feed, str) else statement.feed, statement.unit, place)

    def _check_feed_and_unit(self, feeds: list[str], unit: str | None, place: Path) -> None:
        if self.catalogue is None:
            return
        for at, name in enumerate(feeds):
            feed = self.catalogue.feeds.get(name)
            if feed is None:
                self._report_unknown_feed(name, list(self.catalogue.feeds), None, (*place, "feed", at))
            elif unit is not None and feed.source_position(unit) is None:
                units = [source.unit for source in feed.sources]
                where = place if place[-1] == "source" else (*place, "unit")
                self.reporter.add("unit-unknown", where, word=value_text(unit), meant=suggestion(unit, units), choices=comma_list(units))


def _is_order(value: Any) -> bool:
    """A whole number, a date (as such or as text), or ``none``."""
    if isinstance(value, str) and value != "none" and not value.lstrip("-").isdigit():
        try:
            date.fromisoformat(value)
        except ValueError:
            return False
    return isinstance(value, str | int | date) and not isinstance(value, bool)
