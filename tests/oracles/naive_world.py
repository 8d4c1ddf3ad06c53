"""The world of the naive evaluator: the records that are there at a date, the place of each subject, and coverage.

The winners among versions do not depend on the date, so they are picked once. Everything else is asked of a `Day`, which remembers its
answers. A subject is the pair (kind, name).

Source: docs/en/semantics.md §1, §3 and §10.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from tests.oracles.naive_records import Contract, Record, Source, Statement, Subject, contract_of, links_of, record_of
from tests.oracles.naive_values import Period, day, division, later, text

Ask = tuple[str, str]  # a feed and the unit to ask

KINDS = {"persons": "person", "households": "household", "dwellings": "dwelling"}
GIVEN_WORDS = {*KINDS, "coverage", "replace", "answers"}


# ---- the world ---------------------------------------------------------------------------------------------------


class World:
    """Everything that is known, whatever the date."""

    def __init__(self, contracts: Iterable[Mapping[str, Any]], facts: Mapping[str, Any]) -> None:
        """Prepare the world of a case.

        Args:
            contracts: the feed contracts, as loaded from YAML.
            facts: the `given` of a case (semantics §10).
        """
        if unknown := set(facts) - GIVEN_WORDS:
            raise ValueError(f"`given` does not take {sorted(unknown)}")
        self.contracts: dict[str, Contract] = {c.feed: c for c in map(contract_of, contracts)}
        self.register = {c.kind: c for c in self.contracts.values() if c.registers}
        self.link_feed = {
            (c.kind, name): c for c in self.contracts.values() if not c.many for name in c.links
        }  # to-one links, by the feed that defines them
        self.named: set[Subject] = set()
        self.answers: dict[str, dict[str, Any]] = {
            text(name): {text(check): answer for check, answer in (said_by or {}).items() if answer is not None}
            for name, said_by in (facts.get("answers") or {}).items()
        }
        self.statements = self._statements(facts.get("coverage") or [])
        self._index(self._standing(facts))
        self._name_the_looked_up()
        self._days: dict[date, Day] = {}

    def at(self, as_of: date) -> Day:
        """The world at a date; the answers of up to 1,000 dates are remembered."""
        if as_of not in self._days:
            if len(self._days) >= 1000:
                self._days.clear()
            self._days[as_of] = Day(self, as_of)
        return self._days[as_of]

    def subjects(self, kind: str) -> list[str]:
        """The names of this kind that occur anywhere; a name known only from answers counts for every kind."""
        names = {name for _, name in self.named}
        own = {name for of_kind, name in self.named if of_kind == kind}
        return sorted(own | (set(self.answers) - names))

    def _statements(self, raws: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], list[Statement]]:
        """Coverage statements by (feed, unit)."""
        statements: dict[tuple[str, str], list[Statement]] = {}
        for raw in raws:
            if ("division" in raw) == ("subjects" in raw):
                raise ValueError("a coverage statement names a division or subjects")
            names = frozenset(text(name) for name in raw.get("subjects") or [])
            place = division(text(raw["division"])) if "division" in raw else None
            statement = Statement(place, names, day(raw["complete_to"]))
            for feed in [raw["feed"]] if isinstance(raw["feed"], str) else raw["feed"]:
                contract = self.contracts[feed]
                units = [raw["unit"]] if raw.get("unit") else [s.unit for s in contract.sources]
                for unit in dict.fromkeys(units):
                    statements.setdefault((feed, unit), []).append(statement)
        return statements

    def _name_the_looked_up(self) -> None:
        """A name that only a coverage list knows is a subject of the kind its feed is about."""
        names = {name for _, name in self.named}
        for (feed, _), statements in self.statements.items():
            for statement in statements:
                self.named |= {(self.contracts[feed].kind, name) for name in statement.names - names}

    def _standing(self, facts: Mapping[str, Any]) -> list[Record]:
        """The winning versions that are no deletions."""
        first = self._first_that_count(facts)
        versions: dict[tuple[str, str, str], list[Record]] = {}
        for record in self._versions(facts):
            if record.delivery >= first.get((record.feed, record.unit), record.delivery):
                versions.setdefault((record.feed, record.unit, record.key), []).append(record)
        return [record for record in map(winner, versions.values()) if not record.deleted]

    def _first_that_count(self, facts: Mapping[str, Any]) -> dict[tuple[str, str], Any]:
        """By feed and unit, the number of the last full replacement: no version of a smaller delivery counts."""
        first: dict[tuple[str, str], Any] = {}
        for raw in facts.get("replace") or []:
            source = (raw["feed"], raw.get("unit") or self.contracts[raw["feed"]].sources[0].unit)
            first[source] = max(raw["delivery"], first.get(source, raw["delivery"]))
        return first

    def _versions(self, facts: Mapping[str, Any]) -> Iterable[Record]:
        """Every version that was delivered, in the order of the text."""
        for group, kind in KINDS.items():
            for raw_name, raw_feeds in (facts.get(group) or {}).items():
                subject = (kind, text(raw_name))
                self.named.add(subject)
                feeds, links = self._feeds_and_links(kind, raw_feeds or {})
                for feed, rows in feeds.items():
                    contract = self.contracts[feed]
                    shared = links if contract.registers else {}
                    for position, row in enumerate(rows):
                        raw = {**shared, **row}
                        self.named |= set(links_of(contract, raw).values())
                        yield record_of(contract, subject, position, raw)

    def _feeds_and_links(
        self, kind: str, raw_feeds: Mapping[str, Any]
    ) -> tuple[dict[str, list[Mapping[str, Any]]], dict[str, Any]]:
        """What stands under a subject: feeds with their rows, and the links of its register record."""
        feeds: dict[str, list[Mapping[str, Any]]] = {}
        links: dict[str, Any] = {}
        for word, value in raw_feeds.items():
            names_feed = word in self.contracts and self.contracts[word].kind == kind
            rows = value if isinstance(value, list) else [] if names_feed and value is None else [value]
            if names_feed and all(isinstance(row, Mapping) for row in rows):
                feeds[word] = rows
            elif kind in self.register and word in self.register[kind].links:
                links[word] = value
                self.named |= {(self.register[kind].links[word], text(value))} if value else set()
            else:
                raise ValueError(f"{word!r} is neither a feed about a {kind} nor a link of its register")
        return feeds, links

    def _index(self, records: Iterable[Record]) -> None:
        """Records by the subject they are about, and by the subjects they name in links."""
        self.about: dict[tuple[str, Subject], list[Record]] = {}
        self.naming: dict[tuple[str, str, Subject], list[Record]] = {}
        for record in records:
            self.about.setdefault((record.feed, record.subject), []).append(record)
            for link, target in record.names.items():
                self.naming.setdefault((record.feed, link, target), []).append(record)


def winner(versions: list[Record]) -> Record:
    """Of the versions of one key that count: the last without usable order, unless something sound came behind it; else the greatest."""
    ordered = [r for r in versions if r.has_order]
    last = max((r for r in versions if not r.has_order), key=lambda r: r.arrival, default=None)
    if last is not None and not any(r.sound and r.arrival > last.arrival for r in ordered):
        return last
    return max(ordered, key=lambda r: r.version)


# ---- the world at a date -----------------------------------------------------------------------------------------


class Day:
    """The world at one date."""

    def __init__(self, world: World, as_of: date) -> None:
        """Nothing is looked up until it is asked."""
        self.world = world
        self.as_of = as_of
        self._the: dict[tuple[str, Subject], Record | None] = {}
        self._asks: dict[tuple[str, Subject, Period | None], frozenset[Ask]] = {}
        self._covered: dict[tuple[str, Subject, Period | None], bool] = {}

    def there(self, record: Record) -> bool:
        """Is the record within its validity? Both days are included."""
        return record.start <= self.as_of <= record.end

    def records(self, feed: str, subject: Subject) -> list[Record]:
        """The records of a feed about a subject; of a cardinality-one feed, at most *the* record."""
        if self.world.contracts[feed].many:
            return [r for r in self.world.about.get((feed, subject), ()) if self.there(r)]
        record = self.the_record(feed, subject)
        return [] if record is None else [record]

    def the_record(self, feed: str, subject: Subject) -> Record | None:
        """The record of a cardinality-one feed: greatest version, then later source, then greater key."""
        if (feed, subject) not in self._the:
            contract = self.world.contracts[feed]
            rivals = [r for r in self.world.about.get((feed, subject), ()) if self.there(r)]
            best = max(rivals, key=lambda r: (r.version, contract.rank(r.unit), r.key), default=None)
            self._the[feed, subject] = best
        return self._the[feed, subject]

    def register_record(self, subject: Subject) -> Record | None:
        """The record by which the subject is registered; None if it is not."""
        contract = self.world.register.get(subject[0])
        return None if contract is None else self.the_record(contract.feed, subject)

    def placement(self, subject: Subject) -> str | None:
        """The division the subject is placed in; None where it is unplaced."""
        record = self.register_record(subject)
        where = None if record is None else self.world.contracts[record.feed].division_field
        return None if record is None or where is None else record.values.get(where)

    def naming(self, feed: str, link: str, target: Subject) -> list[Record]:
        """The records that name the target and are there, quarantined or not (of a cardinality-one feed: *the* records)."""
        records = [r for r in self.world.naming.get((feed, link, target), ()) if self.there(r)]
        if self.world.contracts[feed].many:
            return records
        return [r for r in records if self.the_record(feed, r.subject) is r]

    # -- coverage --

    def responsible(self, feed: str, place: str | None) -> list[Source]:
        """The sources whose division contains the place, or lies inside it where the place is coarser."""
        if place is None:
            return []
        sources = self.world.contracts[feed].sources
        return [s for s in sources if place.startswith(s.division) or s.division.startswith(place)]

    def current(self, feed: str, source: Source, subject: Subject, place: str, max_age: Period | None) -> bool:
        """Has the source a counting statement that is not stale? Without a max_age none is current."""
        if max_age is None or not place.startswith(source.division):
            return False
        return any(
            self.as_of <= later(s.complete_to, max_age)
            for s in self.world.statements.get((feed, source.unit), ())
            if (subject[1] in s.names if s.division is None else place.startswith(s.division))
        )

    def is_covered(self, feed: str, subject: Subject, max_age: Period | None) -> bool:
        """Is it sure that no record of the feed about the subject is missing?"""
        at = (feed, subject, max_age)
        if at not in self._covered:
            place = self.placement(subject)
            sources = self.responsible(feed, place)
            self._covered[at] = (
                place is not None
                and bool(sources)
                and all(self.current(feed, source, subject, place, max_age) for source in sources)
            )
        return self._covered[at]

    def asks(self, feed: str, subject: Subject, max_age: Period | None) -> frozenset[Ask]:
        """Whom to ask about records that were not found: the responsible sources without a current statement."""
        at = (feed, subject, max_age)
        if at not in self._asks:
            place = self.placement(subject)
            sources = self.responsible(feed, place)
            lacking = [s for s in sources if place is None or not self.current(feed, s, subject, place, max_age)]
            asked_sources = lacking or sources or [self.world.contracts[feed].sources[0]]
            self._asks[at] = frozenset((feed, source.unit) for source in asked_sources)
        return self._asks[at]
