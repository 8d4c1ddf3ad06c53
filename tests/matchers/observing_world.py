"""The naive evaluator's world and reader, which also note the situations that arise while they are read.

``tests.matchers.situations`` turns the notes on. The answers are the naive evaluator's own.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from typing import Any

from tests.oracles.naive_names import Step, steps_of
from tests.oracles.naive_reading import Element, ReachedSet, Reader, Reading
from tests.oracles.naive_records import Record, Subject
from tests.oracles.naive_values import Period, later
from tests.oracles.naive_world import Ask, Day, World, winner

# ---- the world ---------------------------------------------------------------------------------------------------


class SituationNotes:
    """The situations noted so far; nothing is noted while ``now`` is None."""

    def __init__(self) -> None:
        self.now: set[str] | None = None

    def add(self, what: str, holds: object = True) -> None:
        if holds and self.now is not None:
            self.now.add(what)


class ObservingWorld(World):
    """A world that also keeps, for each subject, why versions of its records won or lost."""

    def __init__(self, contracts: Any, world_data: Any) -> None:
        self.notes = SituationNotes()
        self.causes_by_subject: dict[tuple[str, Subject], set[str]] = {}
        self.keys_with_rivals: set[tuple[str, str, str]] = set()
        super().__init__(contracts, world_data)

    def _standing(self, world_data: Any) -> list[Record]:
        standing = super()._standing(world_data)
        first = self._first_that_count(world_data)
        numbers = Counter((replacement["feed"], replacement["unit"]) for replacement in world_data.get("replace") or [])
        versions: dict[tuple[str, str, str], list[Record]] = {}
        for record in self._versions(world_data):
            versions.setdefault((record.feed, record.unit, record.key), []).append(record)
        for key, rivals in versions.items():
            source = key[:2]
            counting = [r for r in rivals if r.delivery >= first.get(source, r.delivery)]
            if len(rivals) > 1:
                self.keys_with_rivals.add(key)
            best = winner(counting) if counting else None
            why = _why_it_wins(rivals, counting, best)
            if numbers[source] > 1 and len(counting) < len(rivals):
                why.add("§1 several full replacements")
            for rival in rivals:
                at = self.causes_by_subject.setdefault((rival.feed, rival.subject), set())
                at |= why
                if best is not None and not best.deleted and rival.subject != best.subject:
                    at.add("§1 key changed hands")
        return standing

    def at(self, as_of: dt.date) -> Day:
        if as_of not in self._days:
            self._days[as_of] = ObservingDay(self, as_of)
        return self._days[as_of]


def _why_it_wins(rivals: list[Record], counting: list[Record], best: Record | None) -> set[str]:
    """The sentences of §1.1 and §1.2 by which one version of a key won, or none did."""
    if best is None:
        return {"§1 full replacement withdraws"}
    otherwise, unordered = winner(rivals), any(not r.has_order for r in counting)
    why = {
        "§1 deletion wins": best.deleted,
        "§1 full replacement keeps what had lost": otherwise is not best,
        "§1 deletion before a full replacement": otherwise is not best and otherwise.deleted,
        "§1 no usable order wins": not best.has_order and any(r.sound for r in counting),
        "§1 no usable order, sound since": best.has_order and unordered,
        "§1 no usable order, quarantined since": not best.has_order and any(not r.sound and r.arrival > best.arrival for r in counting),
    }
    return {what for what, holds in why.items() if holds}


class ObservingDay(Day):
    """A day of the world that notes what is read of it."""

    world: ObservingWorld

    def note_record(self, record: Record) -> None:
        add = self.world.notes.add
        contract = self.world.contracts[record.feed]
        add("§1 older version loses", (record.feed, record.unit, record.key) in self.world.keys_with_rivals)
        add("§1 first day of validity", record.start == self.as_of)
        add("§1 last day of validity", record.end == self.as_of)
        add("§1 quarantined row", record.quarantined)
        add("§1 no usable order", not record.has_order)
        add("§1 order: delivery", contract.by_delivery)

    def note_versions(self, feed: str, subject: Subject) -> None:
        for what in self.world.causes_by_subject.get((feed, subject), ()):
            self.world.notes.add(what)
        for record in self.world.about.get((feed, subject), ()):
            self.world.notes.add("§1 not valid at the date", not self.there(record))

    def records(self, feed: str, subject: Subject) -> list[Record]:
        records = super().records(feed, subject)
        if self.world.notes.now is None:
            return records
        self.note_versions(feed, subject)
        for record in records:
            self.note_record(record)
        return records

    def the_record(self, feed: str, subject: Subject) -> Record | None:
        record = super().the_record(feed, subject)
        if self.world.notes.now is not None:
            self.note_versions(feed, subject)
            if record is not None:
                self.note_record(record)
                rivals = [r for r in self.world.about[feed, subject] if self.there(r)]
                self.world.notes.add("§1 one of several records", len(rivals) > 1)
                self.world.notes.add("§1 no usable order, one of several records", len(rivals) > 1 and not record.has_order)
                self.world.notes.add("§1 tie, later source", any(r is not record and r.version == record.version for r in rivals))
        return record

    def naming(self, feed: str, link: str, target: Subject) -> list[Record]:
        records = super().naming(feed, link, target)
        if self.world.notes.now is not None:
            for record in records:
                self.note_record(record)
        return records

    def is_covered(self, feed: str, subject: Subject, max_age: Period | None) -> bool:
        is_covered = super().is_covered(feed, subject, max_age)
        if self.world.notes.now is not None:
            self.note_coverage(feed, subject, max_age, is_covered)
        return is_covered

    def note_coverage(self, feed: str, subject: Subject, max_age: Period | None, is_covered: bool) -> None:
        """Notes why a subject is covered or not."""
        add = self.world.notes.add
        place = self.placement(subject)
        if place is None or max_age is None:
            add("§3 not placed", place is None)
            return
        sources = self.responsible(feed, place)
        add("§3 nobody responsible", not sources)
        add("§3 two sources responsible", len(sources) > 1)
        add("§3 placement coarser than a source", any(not place.startswith(s.division) for s in sources))
        add("§3 covered", is_covered)
        for source in sources:
            statements = self.world.statements.get((feed, source.unit), [])
            counting = [s for s in statements if (subject[1] in s.names if s.division is None else place.startswith(s.division))]
            if not place.startswith(source.division):
                continue
            current = [s for s in counting if self.as_of <= later(s.complete_to, max_age)]
            add("§3 never stated", not counting)
            add("§3 stale", counting and not current)
            add("§3 by list", current and all(s.division is None for s in current))
            last = max((later(s.complete_to, max_age) for s in current), default=None)
            add("§3 last day of max_age", last == self.as_of)
            add("§3 months clamped", counting and meets_shorter_month(max(s.complete_to for s in counting), max_age))


def meets_shorter_month(start: dt.date, length: Period) -> bool:
    """Whether adding the months meets a shorter month."""
    return length.months > 0 and later(start, Period(length.months, 0)).day != start.day


# ---- reading -----------------------------------------------------------------------------------------------------


class ObservingReader(Reader):
    """A reader that notes what is read and how each value came about."""

    day: ObservingDay
    both_ways: frozenset[Subject] = frozenset()
    """On the path that is followed, the subjects reached by a sound and by a quarantined record."""

    def note(self, what: str, holds: object = True) -> None:
        self.day.world.notes.add(what, holds)

    def follow(self, subject: Subject, link: str, feed: str) -> Any:
        target, asks = super().follow(subject, link, feed)
        self.note("§1 empty link", target is None)
        self.note("§1 dangling link", target is not None and self.day.register_record(target) is None)
        return target, asks

    def read(self, element: Element, name: Any) -> Reading:
        reading = super().read(element, name)
        self.note("§4 path through a link", name.links)
        if name.own and element.record is not None:
            self.note("§5 missing cell", reading.value is None and not element.record.quarantined)
            return reading
        subject: Subject | None = element.subject
        for link, feed in name.links:
            if subject is not None:
                subject = super().follow(subject, link, feed)[0]
        if subject is not None:
            record = self.day.the_record(name.feed, subject)
            self.note("§3 no_record default", record is None and reading.value is not None)
            self.note("§5 no record", record is None and reading.value is None)
            self.note("§5 missing cell", record is not None and not record.quarantined and reading.value is None)
        return reading

    def value(self, raw: Any, element: Element, plain: Any) -> Reading:
        reading = super().value(raw, element, plain)
        if isinstance(raw, dict):
            self.note("value param")
            self.note("value times", "times" in raw)
            entry = self.policy.param(raw["param"], self.day.as_of)
            entries = self.policy.params[raw["param"]]
            self.note("§5 later entry of a parameter", len(entries) > 1 and entry is not min(entries, key=lambda e: e[0])[1])
            if "by" in raw:
                name = self.name(element, raw["by"])
                self.note(f"value table by {name.field.type}")
                self.note("§5 table key out of range", reading.value is None and self.read(element, name).value is not None)
        return reading

    def reach(self, over: str, absence: str, start: Subject) -> ReachedSet:
        self.both_ways = frozenset()
        reached = super().reach(over, absence, start)
        self.presence(over, start, reached)
        self.note(f"§3 absence {absence}", absence != "coverage")
        self.note("§6 empty set", reached.complete and not reached.elements)
        steps = over.split(".")
        links = ("household", "registered_at")
        self.note("§4 path through a link", steps[0] in links)
        self.note("§4 composed path", len([s for s in steps if s not in links]) > 1)
        own = self.day.world.contracts.get(steps[-1])
        self.note("§6 composed path to one record each", own is not None and not own.many and len([s for s in steps if s not in links]) > 1)
        self.note("§1 members", "members" in steps)
        self.note("§1 inverse of a link", "occupancy" in steps and start[0] != "person")
        if steps[0] in links and not reached.elements and not reached.complete:
            self.note(
                "§4 empty link in a path", super().follow(start, steps[0], self.day.world.link_feed[start[0], steps[0]].feed)[0] is None
            )
        return reached

    def complete(self, step: Step, subject: Subject, absence: str) -> bool:
        is_complete = super().complete(step, subject, absence)
        if step.form == "feed" and not self.day.world.contracts[step.feed].many and absence != "closed":
            record, alone = self.day.the_record(step.feed, subject), not self.as_if_covered(step.feed, subject, absence)
            self.note("§6 one record, complete by itself", is_complete and alone and absence == "coverage")
            self.note("§6 one record, absence open", is_complete and absence == "open")
            self.note("§6 one record in quarantine, not complete", not is_complete and record is not None)
            self.note("§6 one record, none and not covered", not is_complete and record is None)
        return is_complete

    def onward(self, elements: Iterable[Element]) -> dict[Subject, frozenset[Ask]]:
        elements = list(elements)
        starts = super().onward(elements)
        self.both_ways |= {each.subject for each in elements if each.doubts and not starts[each.subject]}
        return starts

    def presence(self, over: str, start: Subject, reached: ReachedSet) -> None:
        """Notes whose presence is unknown among the elements a path reached, or would be without a sound record."""
        last = steps_of(self.day.world, start[0], over)[0][-1].form
        for each in reached.elements:
            self.note("§6 member of unknown presence", each.doubts and last == "members")
            self.note("§6 occupant of unknown presence", each.doubts and last == "inverse")
            self.note("§6 found through unknown presence", each.doubts and each.record is not None and not each.record.quarantined)
            self.note("§6 reached by sound and quarantined", not each.doubts and each.subject in self.both_ways)
