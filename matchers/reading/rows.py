"""Reads records, fields, sets and coverage of one subject from the matrix, for an explanation.

It notes the next day on which anything it read could change, for ``until``. Source: docs/en/semantics.md sections 1, 3, 4.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np

from matchers.kernel.kernels.records import FLAGS, MISSING32, MISSING64, NEXT, QUARANTINED, SUBJECT, is_later
from matchers.kernel.layout import FeedLayout
from matchers.kernel.thresholds import day_of, days
from matchers.matrix.coverage import first_sources
from matchers.program.state import MatcherState
from matchers.reading.comparisons import CellValue, value_text
from matchers.reading.elements import Ask, Cell, CellKey, Element, Elements, Lookup
from policies.language.catalogue import Feed, Field, FieldType
from policies.language.tree import FieldRef, Policy, Step
from policies.values import Period, significant

_FAR, _NEVER = 10**9, -(2**31)


class InputReader:
    """Reads one policy's inputs on one day. ``next`` is the earliest later day on which anything read so far could differ. Missing cells
    have the values in ``supplied``, where it has any; placements and coverage stay as they are."""

    def __init__(self, state: MatcherState, policy: Policy, day: date, supplied: Mapping[CellKey, int] | None = None) -> None:
        self.state, self.policy, self.day = state, policy, day
        self.supplied = supplied or {}
        self.today = days(day)
        self.next, self.elements_met = _FAR, 0  # of sets, so far
        self.ways: list[tuple[str, int]] = []  # (feed, record) of links followed and of placements
        self.store, self.layout = state.store, state.store.layout
        self.coverage = state.coverage()
        self.sources = first_sources(state.catalogue)

    def note(self, day: int) -> None:
        if self.today < day < self.next:
            self.next = day

    def next_day(self) -> date | None:
        return None if self.next >= _FAR else day_of(self.next)

    # -- records -------------------------------------------------------------------------------------------------------

    def feed(self, name: str) -> Feed:
        return self.layout.feeds[name].feed

    def lane(self, feed: str, record: int, lane: int) -> int:
        return int(self.store.arenas[self.layout.feeds[feed].position][record, lane])

    def is_quarantined(self, feed: str, record: int) -> bool:
        return self.lane(feed, record, FLAGS) & QUARANTINED != 0

    def unit(self, feed: str, record: int) -> str:
        """The unit that a record is from."""
        return self.feed(feed).sources[self.lane(feed, record, FLAGS) >> 8].unit

    def _there(self, lay: FeedLayout, record: int) -> bool:
        row = self.store.arenas[lay.position][record]
        if lay.valid < 0 or row[FLAGS] & QUARANTINED:
            return True
        self.note(int(row[lay.valid]))
        self.note(int(row[lay.valid + 1]) + 1)
        return bool(row[lay.valid] <= self.today <= row[lay.valid + 1])

    def records(self, feed: str, row: int) -> list[int]:
        """The records of a subject that are valid today."""
        lay = self.layout.feeds[feed]
        out, at = [], int(self.store.heads[lay.kind][row, lay.head]) if row >= 0 else -1
        while at >= 0:
            if self._there(lay, at):
                out.append(at)
            at = self.lane(feed, at, NEXT)
        return out

    def winner(self, feed: str, row: int) -> int:
        """The record that counts of a cardinality-one feed, or -1."""
        arena = self.store.arenas[self.layout.feeds[feed].position]
        best = -1
        for record in self.records(feed, row):
            if best < 0 or is_later(arena[record], arena[best]):
                best = record
        return best

    def linking(self, link: str, row: int) -> list[int]:
        """Records of the link's feed that name this target and are valid today."""
        link_layout = self.layout.links[link]
        name = list(self.layout.feeds)[link_layout.feed]
        out, at = [], int(self.store.heads[link_layout.target][row, link_layout.head]) if row >= 0 else -1
        while at >= 0:
            if self._there(self.layout.feeds[name], at):
                out.append(at)
            at = self.lane(name, at, link_layout.lane + 1)
        return out

    def placement(self, kind: int, row: int) -> int:
        """The division code where a subject is placed: -1 unplaced, -2 not registered."""
        name = self.layout.registers[kind]
        if name is None or row < 0:
            return -2
        record = self.winner(name, row)
        if record < 0:
            return -2
        self.ways.append((name, record))
        division = self.feed(name).division
        if division is None:
            return -1
        value = self.raw(name, record, division)
        return -1 if value is None else value

    def raw(self, feed: str, record: int, name: str) -> int | None:
        """A field of a record, encoded; None where missing."""
        if self.is_quarantined(feed, record):
            return None
        lay = self.layout.feeds[feed]
        lane, wide = lay.lanes[name]
        row = self.store.arenas[lay.position][record]
        if wide:
            value = int(np.ascontiguousarray(row[lane : lane + 2]).view(np.int64)[0])
            return None if value == MISSING64 else value
        return None if row[lane] == MISSING32 else int(row[lane])

    # -- coverage ------------------------------------------------------------------------------------------------------

    def units_to_ask(self, feed: str, kind: int, row: int, age: Period | None) -> list[str] | None:
        """Units to ask where a subject is not covered for a feed; None where it is."""
        return self.coverage_of(feed, kind, row, age)[0]

    def coverage_of(self, feed: str, kind: int, row: int, age: Period | None) -> tuple[list[str] | None, frozenset[Lookup]]:
        """Units to ask where a subject is not covered for a feed, None where it is; and what was looked up for that."""
        contract = self.feed(feed)
        place = self.placement(kind, row)
        first = [contract.sources[0].unit]
        if place < 0:
            return first, frozenset()
        position = self.layout.feeds[feed].position
        off = self.coverage.resp_off
        responsible = self.coverage.resp[off[position, place] : off[position, place + 1]]
        if not len(responsible):
            return first, frozenset()
        units, current, lookups = self._responsible(contract, place), list[str](), list[Lookup]()
        singles, token = self.coverage.singles.get(position, {}), int(self.store.tokens[kind][row])
        for number, unit in zip(responsible.tolist(), units, strict=True):
            if number < 0:
                continue
            of_division, of_list = int(self.coverage.div_of[number, place]), singles.get((kind, row, number), _NEVER)
            latest = max(of_division, of_list)
            day, texts = None if latest == _NEVER else day_of(latest), self.store.divisions.texts
            source = number - self.sources[feed]
            lookups.append(Lookup(feed, source, unit, kind, token, texts[place], day, of_list > of_division, False))
            if age is not None and day is not None:
                end = days(age.after(day))
                self.note(end + 1)
                if self.today <= end:
                    current.append(unit)
        if len(current) == len(units):
            return None, frozenset(replace(lookup, proves=True) for lookup in lookups)
        return [unit for unit in units if unit not in current], frozenset(lookups)

    def _responsible(self, feed: Feed, place: int) -> list[str]:
        code = significant(self.store.divisions.texts[place])
        inside = [(source.unit, significant(source.division)) for source in feed.sources]
        return [unit for unit, division in inside if code.startswith(division) or division.startswith(code)]

    def holders(self, feed: str, kind: int, row: int, age: Period | None) -> frozenset[Ask]:
        """The units to ask for a missing record: those whose coverage has lapsed, else all that are responsible."""
        units = self.units_to_ask(feed, kind, row, age)
        if units is None:
            units = self._responsible(self.feed(feed), self.placement(kind, row))
        return frozenset((feed, unit) for unit in units)

    # -- fields and sets -----------------------------------------------------------------------------------------------

    def follow(self, link: str, kind: int, row: int) -> tuple[int, int, frozenset[Ask], str, int]:
        """The target of a to-one link: kind, row (-1 empty), the units to ask where it is empty, the defining feed and its record."""
        link_layout = self.layout.links[link]
        name = list(self.layout.feeds)[link_layout.feed]
        record = self.winner(name, row)
        if record < 0:
            return link_layout.target, -1, self.holders(name, kind, row, self.policy.evidence.get(name)), name, record
        self.ways.append((name, record))
        target = -1 if self.is_quarantined(name, record) else self.lane(name, record, link_layout.lane)
        asks = frozenset() if target >= 0 else frozenset({(name, self.unit(name, record))})
        return link_layout.target, target, asks, name, record

    def read(self, ref: FieldRef, at: Element) -> Cell:
        """A field of an element, with links followed and ``no_record`` applied."""
        if ref.own:
            return self._record_cell(ref, at.record)
        kind, row = at.kind, at.row
        for link in ref.links:
            kind, row, asks, name, record = self.follow(link, kind, row)
            if row < 0:
                return Cell(None, asks, name, record)
        record = self.winner(ref.feed, row)
        age = self.policy.evidence.get(ref.feed)
        if record >= 0:
            return self._record_cell(ref, record)
        default = self.field(ref).no_record
        if default is not None and age is not None:
            units, lookups = self.coverage_of(ref.feed, kind, row, age)
            if units is None:
                return Cell(default, frozenset(), ref.feed, -1, lookups=lookups)
        else:
            lookups = frozenset()
        key = (ref.feed, row, -1, ref.field)
        if key in self.supplied:
            return Cell(self.supplied[key], frozenset(), ref.feed, -1, key)
        return Cell(None, self.holders(ref.feed, kind, row, age), ref.feed, -1, key, lookups)

    def _record_cell(self, ref: FieldRef, record: int) -> Cell:
        """A cell of a record. A quarantined record has no empty cells, for neither its fields nor its presence are known."""
        value = self.raw(ref.feed, record, ref.field)
        if value is not None:
            return Cell(value, frozenset(), ref.feed, record)
        key = None if self.is_quarantined(ref.feed, record) else (ref.feed, -1, record, ref.field)
        if key is not None and key in self.supplied:
            return Cell(self.supplied[key], frozenset(), ref.feed, record, key)
        return Cell(None, frozenset({(ref.feed, self.unit(ref.feed, record))}), ref.feed, record, key)

    def field(self, ref: FieldRef) -> Field:
        return self.feed(ref.feed).fields[ref.field]

    def start(self, path: tuple[Step, ...], at: Element) -> Element:
        """The subject at the end of the links that begin a path; row -1 where a link is empty."""
        kind, row = at.kind, at.row
        for step in path:
            if step.kind != "link" or row < 0:
                break
            kind, row, *_ = self.follow(step.name, kind, row)
        return Element(kind, row, None, -1)

    def elements(self, path: tuple[Step, ...], start: Element, absence: str) -> Elements:
        """The elements of a path from an element's subject."""
        at = [start]
        asks: set[Ask] = set()
        lookups: set[Lookup] = set()
        complete = True
        for step in path:
            below: list[Element] = []
            for element in _distinct_subjects(at):
                if step.kind == "link":
                    kind, row, missing, _, _ = self.follow(step.name, element.kind, element.row)
                    if row < 0:
                        asks |= missing
                        complete = False
                    below.append(Element(kind, row, None, -1, element.doubt))
                    continue
                if absence != "closed" and not self._is_complete(step, element.row):
                    age = self.policy.evidence.get(step.name)
                    units, looked_up = self.coverage_of(step.name, element.kind, element.row, age)
                    lookups |= looked_up if absence == "coverage" else frozenset()
                    if absence == "open":
                        units = units or self._responsible(self.feed(step.name), self.placement(element.kind, element.row))
                    if units is not None:
                        complete = False
                        asks |= {(step.name, unit) for unit in units}
                next_elements = list(self._step(step, element))
                self.ways.extend((reach.feed, reach.record) for reach in next_elements if reach.feed is not None)
                below.extend(next_elements)
            at = below
        self.elements_met += len(at)
        return Elements(tuple(at), complete, frozenset(asks), frozenset(lookups))

    def _is_complete(self, step: Step, row: int) -> bool:
        """Whether a step has all its elements: a cardinality-one feed with a sound record."""
        if step.kind != "records" or self.feed(step.name).many or self.layout.semantics == 1:
            return False
        record = self.winner(step.name, row)
        return record >= 0 and not self.is_quarantined(step.name, record)

    def _step(self, step: Step, element: Element) -> Iterator[Element]:
        name = step.name
        lay = self.layout.feeds[name]
        if step.kind == "records":
            records = self.records(name, element.row) if lay.feed.many else [r for r in [self.winner(name, element.row)] if r >= 0]
            for record in records:
                yield Element(element.kind, element.row, name, record, self._doubt(name, record, element))
            return
        link = next(li.name for li in self.layout.links.values() if li.feed == lay.position and li.target == element.kind)
        for record in self.linking(link, element.row):
            subject = self.lane(name, record, SUBJECT)
            if step.kind == "members" and self.winner(name, subject) != record:
                continue
            yield Element(lay.kind, subject, name, record, self._doubt(name, record, element))

    def _doubt(self, feed: str, record: int, above: Element) -> frozenset[tuple[str, int]]:
        return above.doubt | {(feed, record)} if self.is_quarantined(feed, record) else above.doubt

    # -- words ---------------------------------------------------------------------------------------------------------

    def value(self, field: Field, encoded: int) -> CellValue:
        """A value decoded by its field: the code of an enum, a date, an exact decimal."""
        match field.type:
            case FieldType.ENUM:
                return field.codes[encoded]
            case FieldType.DATE:
                return day_of(encoded)
            case FieldType.DECIMAL:
                return Decimal(f"{encoded}e-{field.scale}")
            case FieldType.TEXT:
                return self.store.texts.texts[encoded]
            case FieldType.DIVISION:
                return self.store.divisions.texts[encoded]
            case FieldType.INT:
                return encoded

    def text(self, field: Field, encoded: int | None) -> str:
        """A value as text; '' where missing."""
        return "" if encoded is None else value_text(self.value(field, encoded))


def _distinct_subjects(at: list[Element]) -> Iterator[Element]:
    """Each subject once: certain if any of its elements is certain, else in doubt by the records of all of them."""
    subjects: dict[tuple[int, int], list[Element]] = {}
    for element in at:
        if element.row >= 0:
            subjects.setdefault((element.kind, element.row), []).append(element)
    for (kind, row), by in subjects.items():
        doubts = [element.doubt for element in by]
        yield Element(kind, row, None, -1, frozenset().union(*doubts) if all(doubts) else frozenset())
