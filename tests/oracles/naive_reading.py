"""Reading records for the naive evaluator: fields, parameters, and the elements of an `over` path, at one date.

Whatever is read comes with the feeds and units to ask about it, so that a reason never has to be worked out twice.

Source: docs/en/semantics.md §3 to §6 and §9 (the feeds and units of `missing`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.oracles.naive_names import Name, Step, name_of, steps_of
from tests.oracles.naive_policy import Policy, table_entry
from tests.oracles.naive_records import Record, Subject
from tests.oracles.naive_values import Period, number
from tests.oracles.naive_world import Ask, Day, World

NOBODY: frozenset[Ask] = frozenset()


@dataclass(frozen=True, slots=True)
class Element:
    """What a name is read from: a subject, inside `where` perhaps through one record about it.

    `doubts` has whom to ask about each quarantined record that makes its presence unknown; of a certain one it is empty.
    """

    subject: Subject
    record: Record | None = None
    doubts: frozenset[Ask] = NOBODY


@dataclass(frozen=True, slots=True)
class Reading:
    """A value read; None if it is missing. `asks`: who holds it, or should."""

    value: Any
    asks: frozenset[Ask]


@dataclass(frozen=True, slots=True)
class ReachedSet:
    """The elements of a quantifier, whether there can be no others, and whom to ask if there can."""

    elements: tuple[Element, ...]
    complete: bool
    asks: frozenset[Ask]


class Reader:
    """Reads the world at one date for one policy."""

    def __init__(self, world: World, policy: Policy, day: Day) -> None:
        """The policy says how old coverage may be, and what parameters are."""
        self.world = world
        self.policy = policy
        self.day = day

    def max_age(self, feed: str) -> Period | None:
        """How old the policy lets the feed's coverage be; None if it does not say."""
        return self.policy.max_age.get(feed)

    def absent(self, feed: str, subject: Subject) -> frozenset[Ask]:
        """Whom to ask about records of a feed that were not found."""
        return self.day.asks(feed, subject, self.max_age(feed))

    def follow(self, subject: Subject, link: str, feed: str) -> tuple[Subject | None, frozenset[Ask]]:
        """The subject a to-one link leads to; or None, and whom to ask about the link."""
        record = self.day.the_record(feed, subject)
        if record is None:
            return None, self.absent(feed, subject)
        return record.links.get(link), frozenset({(feed, record.unit)})

    def name(self, element: Element, text: str) -> Name:
        """Resolve a name where the element stands."""
        return name_of(self.world, element.subject[0], text, element.record.feed if element.record else None)

    def read(self, element: Element, name: Name) -> Reading:
        """The value of a field for an element."""
        if name.own and element.record is not None:
            return Reading(element.record.values.get(name.field.name), frozenset({(name.feed, element.record.unit)}))
        subject = element.subject
        for link, feed in name.links:
            target, asks = self.follow(subject, link, feed)
            if target is None:
                return Reading(None, asks)
            subject = target
        record = self.day.the_record(name.feed, subject)
        if record is not None:
            return Reading(record.values.get(name.field.name), frozenset({(name.feed, record.unit)}))
        covered = self.day.is_covered(name.feed, subject, self.max_age(name.feed))
        return Reading(name.field.no_record if covered else None, self.absent(name.feed, subject))

    def value(self, raw: Any, element: Element, plain: Callable[[Any], Any]) -> Reading:
        """A literal, or a parameter as it stands at the date; missing if the parameter has no value."""
        if isinstance(raw, list):
            parts = [self.value(part, element, plain) for part in raw]
            asks = NOBODY.union(*(part.asks for part in parts if part.value is None))
            missing = any(part.value is None for part in parts)
            return Reading(None if missing else tuple(part.value for part in parts), asks)
        if not isinstance(raw, Mapping):
            return Reading(plain(raw), NOBODY)
        entry = self.policy.param(raw["param"], self.day.as_of)
        if entry is None:
            return self._lacking_table_key(raw, element)
        if "by" in raw:
            name = self.name(element, raw["by"])
            key = self.read(element, name)
            if key.value is None:
                return Reading(None, key.asks)
            value = table_entry(entry["table"], key.value, name.field)
        else:
            value = entry["value"]
        if value is None:
            return Reading(None, NOBODY)
        if "times" in raw:
            value = number(value) * number(raw["times"])
        return self.value(value, element, plain)

    def _lacking_table_key(self, raw: Mapping[str, Any], element: Element) -> Reading:
        """A parameter without a value: nobody to ask, unless its table key is missing as well."""
        if "by" not in raw:
            return Reading(None, NOBODY)
        key = self.read(element, self.name(element, raw["by"]))
        return Reading(None, key.asks if key.value is None else NOBODY)

    def reach(self, over: str, absence: str, start: Subject) -> ReachedSet:
        """The elements of a quantifier, reached step by step; one subject is started from only once."""
        steps, _, _ = steps_of(self.world, start[0], over)
        elements, complete, asks = [Element(start)], True, NOBODY
        for step in steps:
            starts = self.onward(elements)
            elements = []
            for subject, doubts in starts.items():
                if step.form == "link":
                    target, whom = self.follow(subject, step.link, step.feed)
                    elements += [] if target is None else [Element(target, None, doubts)]
                    settled = target is not None
                else:
                    elements += self.elements_from(step, subject, doubts)
                    whom = self.absent(step.feed, subject)
                    settled = self.complete(step, subject, absence)
                complete = complete and settled
                asks = asks if settled else asks | whom
        return ReachedSet(tuple(elements), complete, asks)

    def onward(self, elements: Iterable[Element]) -> dict[Subject, frozenset[Ask]]:
        """Where the next step starts: each subject once, with its doubts, of which there are none if one way is sure."""
        ways: dict[Subject, list[frozenset[Ask]]] = {}
        for element in elements:
            ways.setdefault(element.subject, []).append(element.doubts)
        return {subject: NOBODY.union(*doubts) if all(doubts) else NOBODY for subject, doubts in ways.items()}

    def elements_from(self, step: Step, subject: Subject, doubts: frozenset[Ask]) -> list[Element]:
        """The elements one to-many step finds from one subject, whose own presence may be in doubt."""
        if step.form == "feed":
            records = self.day.records(step.feed, subject)
        else:
            records = self.day.naming(step.feed, step.link, subject)
        return [
            Element(
                record.subject,
                None if step.form == "members" else record,
                doubts | {(record.feed, record.unit)} if record.quarantined else doubts,
            )
            for record in records
        ]

    def complete(self, step: Step, subject: Subject, absence: str) -> bool:
        """Is it sure that a to-many step finds everything? Of a feed that has one record a subject, a sound one is everything."""
        covered = self.as_if_covered(step.feed, subject, absence)
        if step.form != "feed" or self.world.contracts[step.feed].many:
            return covered
        record = self.day.the_record(step.feed, subject)
        return covered or (record is not None and not record.quarantined)

    def as_if_covered(self, feed: str, subject: Subject, absence: str) -> bool:
        """Coverage as the leaf's `absence` has it."""
        match absence:
            case "closed":
                return True
            case "open":
                return False
            case "coverage":
                return self.day.is_covered(feed, subject, self.max_age(feed))
            case _:
                raise ValueError(f"unknown absence {absence!r}")


def both(*readings: Reading) -> frozenset[Ask]:
    """Whom to ask about those of the readings that are missing."""
    return NOBODY.union(*(reading.asks for reading in readings if reading.value is None))
