"""Random worlds: the `given` of a case (semantics §10) and a date, near every edge of the rules.

Most cells are full, most coverage is fresh, and most numbers lie near the thresholds of the random policies, so that yes, no and unknown all
come up often. Each irregularity comes up in a few records of every world.
"""

import calendar
import datetime as dt
from random import Random
from typing import Any

from tests.worlds_feeds import (
    CHECKS,
    CONTRACTS,
    DIVISIONS,
    FEEDS,
    LINKS,
    NUMBERS,
    Contract,
    decimals,
    texts,
)

WorldData = dict[str, Any]
Record = dict[str, Any]

AS_OF = [dt.date(2026, 10, 15)] * 5 + [
    dt.date(2027, 1, 31),
    dt.date(2027, 1, 31),
    dt.date(2026, 10, 31),
    dt.date(2027, 2, 28),
    dt.date(2027, 3, 1),
    dt.date(2028, 2, 29),
    dt.date(2026, 12, 31),
    dt.date(2026, 10, 31),
]
AGES_OF_COVERAGE = [0, 1, 3] * 5 + [7, 7, 7, 8, 29, 30, 30, 30, 31, 32, 35, 35, 35, 36, 90]
LISTS_ACROSS_KINDS = False
"""Whether a statement's list for the register also names households and dwellings (a household's `members`, say)."""

_QUARANTINED = {"hukou": 0.06, "occupancy": 0.1}
"""How often a row is quarantined, in the feeds that lead to other subjects; in the other feeds less often."""

_SECTIONS = {"person": "persons", "household": "households", "dwelling": "dwellings"}


def shift(day: dt.date, years: int = 0, days: int = 0) -> dt.date:
    """The day some years and days later, clamped to the month's end."""
    year = day.year + years
    last = calendar.monthrange(year, day.month)[1]
    return dt.date(year, day.month, min(day.day, last)) + dt.timedelta(days)


class _World:
    """What one draw shares: the date, the subjects' names and a counter of keys."""

    def __init__(self, rng: Random, size: int) -> None:
        self.rng = rng
        self.as_of = rng.choice(AS_OF)
        persons, households, dwellings = rng.randint(2, 3 + size), rng.randint(1, 1 + size // 2), rng.randint(1, 1 + size // 4)
        self.names = {
            "person": [f"p{i}" for i in range(persons)],
            "household": [f"h{i}" for i in range(households)],
            "dwelling": [f"d{i}" for i in range(dwellings)],
        }
        self.keys = 0
        self.dated_order = {feed: rng.random() < 0.5 for feed in FEEDS}
        self.shared: dict[str, list[Record]] = {}
        self.replace = self.replacements()

    def replacements(self) -> list[Record]:
        """Full replacements of some sources; some sources have two."""
        replace = []
        for _ in range(self.rng.choice([0, 0, 1, 2, 3, 4])):
            feed = self.rng.choice(list(FEEDS))
            unit = self.rng.choice(FEEDS[feed]["sources"])["unit"]
            numbers = [2, 3] if self.chance(0.25) else [self.rng.choice([2, 2, 3])]
            replace += [{"feed": feed, "unit": unit, "delivery": number} for number in numbers]
        self.rng.shuffle(replace)
        return replace

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def key(self) -> str:
        self.keys += 1
        return f"k{self.keys:03}"

    def date(self, name: str) -> dt.date:
        """A date near the day, or whole years and months before it; birth dates reach further back."""
        rng = self.rng
        if name == "birth_date":
            if self.chance(0.15):
                return rng.choice(
                    [dt.date(1956, 2, 29), dt.date(2008, 2, 29), dt.date(1960, 2, 29), dt.date(1957, 2, 28), dt.date(1957, 3, 1)]
                )
            years = rng.choice([-1, 5, 16, 17, 18, 18, 59, 60, 60, 65, 66, 70, 70, 71, 80])
            return shift(self.as_of, -max(years, 0), rng.choice([-200, -1, 0, 0, 1, 100]))
        if self.chance(0.35):
            return shift(self.as_of, -rng.choice([1, 2, 2, 2, 3]))
        if self.chance(0.2):
            return rng.choice(
                [dt.date(2024, 2, 29), dt.date(2026, 8, 31), dt.date(2026, 1, 31), dt.date(2026, 9, 30), dt.date(2025, 2, 28)]
            )
        return shift(self.as_of, -rng.choice([0, 0, 1, 2, 2, 2, 3, 5, 10]), rng.choice([-400, -45, -31, -1, 0, 0, 0, 0, 1, 20]))

    def cell(self, feed: str, name: str, field: dict[str, Any]) -> Any:
        rng = self.rng
        match field["type"]:
            case "date":
                return self.date(name)
            case "enum":
                code = rng.choice(list(field["values"]))
                return field["values"][code] if self.chance(0.2) else code
            case "division":
                return rng.choices(DIVISIONS, [48, 16, 7, 12, 7, 7, 5, 2, 2])[0]
            case "text":
                return rng.choice(texts(name))
            case "int":
                return rng.randint(*NUMBERS[name])
            case _:
                return rng.choice(decimals(feed, name))

    def order(self, contract: Contract) -> Record:
        """The order and the delivery of a version; ties are common."""
        rng, version = self.rng, Record()
        if contract["order"] != "delivery":
            days = rng.randint(0, 2)
            version["order"] = self.as_of - dt.timedelta(9 - days) if self.dated_order[contract["feed"]] else days
        if self.chance(0.35):
            version["delivery"] = rng.randint(1, 3)
        return version

    def validity(self) -> Record:
        rng, interval = self.rng, Record()
        if self.chance(0.5):
            interval["from"] = self.as_of + dt.timedelta(rng.choice([-900, -300, -30, -1, 0, 0, 1]))
        if self.chance(0.3):
            start = interval.get("from", self.as_of)
            interval["to"] = max(start, self.as_of + dt.timedelta(rng.choice([-1, 0, 0, 1, 25, 200])))
        return interval

    def record(self, contract: Contract, key: str, steady: bool = False) -> Record:
        """One version of one record; `steady` keeps it valid and its cells mostly full."""
        feed = contract["feed"]
        record: Record = {"key": key, **self.order(contract)}
        if self.chance(_QUARANTINED.get(feed, 0.015 if steady else 0.04)):
            return {**record, "quarantined": True, **self.named_in_quarantine(contract)}
        empty = 0.02 if steady else 0.05
        record |= {name: self.cell(feed, name, field) for name, field in contract["fields"].items() if not self.chance(empty)}
        if "validity" in contract and self.chance(0.1 if steady else 0.8):
            record |= self.validity()
        if "lives_at" in contract.get("links", {}) and not self.chance(0.05):
            record["lives_at"] = self.target("dwelling", 0.96)
        return record

    def target(self, kind: str, share_known: float) -> str:
        """The name in a link; sometimes of a subject without records."""
        return self.rng.choice(self.names[kind]) if self.chance(share_known) else f"{kind[0]}9"

    def named_in_quarantine(self, contract: Contract) -> Record:
        """The links in a quarantined row itself: to a random subject, or unreadable (None)."""
        links = {"household": "household", "registered_at": "dwelling", "lives_at": "dwelling"}
        return {
            link: None if self.chance(0.2) else self.target(links[link], 0.96)
            for link in contract.get("links", {})
            if contract["cardinality"] == "many" or self.chance(0.2)
        }

    def named_again(self, contract: Contract, rows: list[Record]) -> list[Record]:
        """The rows; sometimes with a quarantined row of another key that names the same dwelling as one of them."""
        naming = [row for row in rows if row.get("lives_at")]
        if not naming or not self.chance(0.4):
            return rows
        source = {"source": self.rng.choice(contract["sources"])["unit"]} if self.chance(0.5) else {}
        return [*rows, {"key": self.key(), **source, "quarantined": True, "lives_at": self.rng.choice(naming)["lives_at"]}]

    def version_without_order(self, contract: Contract, key: str) -> Record:
        """A version without usable order; its cells, if any, are not read. One in five is a deletion."""
        version = {"key": key, **self.order(contract), "order": "none"}
        if self.chance(0.2):
            return {**version, "deleted": True}
        return {**(self.record(contract, key) if self.chance(0.3) else {}), **version, **self.named_in_quarantine(contract)}

    def with_full_file_version(self, contract: Contract, unit: str, versions: list[Record], steady: bool) -> list[Record]:
        """The versions; if the source has a full replacement, mostly with a version in that file, often of an older order or behind a deletion."""
        numbers = [
            replacement["delivery"]
            for replacement in self.replace
            if (replacement["feed"], replacement["unit"]) == (contract["feed"], unit)
        ]
        if not numbers or not self.chance(0.6):
            return versions
        key = versions[0]["key"]
        if self.chance(0.3):
            versions = [*versions, {"key": key, **self.order(contract), "deleted": True}]
        in_the_file = {**self.record(contract, key, steady), "delivery": self.rng.choice(numbers)}
        orders = [version["order"] for version in versions if version.get("order", "none") != "none"]
        if orders and in_the_file["order"] != "none" and self.chance(0.6):
            in_the_file["order"] = min(orders) - (dt.timedelta(1) if self.dated_order[contract["feed"]] else 1)
        return [*versions, in_the_file]

    def records(self, contract: Contract, number: int, steady: bool = False) -> list[Record]:
        """A subject's records of a feed, some with several versions, deletions and other sources."""
        rng, rows = self.rng, list[Record]()
        for _ in range(number):
            key = self.key()
            source = rng.choice(contract["sources"])["unit"] if self.chance(0.35) else None
            versions = [self.record(contract, key, steady)]
            while self.chance(0.15):
                later = self.record(contract, key, steady)
                versions.append({"key": key, **self.order(contract), "deleted": True} if self.chance(0.1 if steady else 0.3) else later)
            versions = self.with_full_file_version(contract, source or contract["sources"][0]["unit"], versions, steady)
            rivals = number > 1 and contract["cardinality"] == "one"
            if contract["order"] != "delivery" and self.chance(0.02 if steady else 0.2 if rivals else 0.08):
                versions.insert(rng.randint(0, len(versions)), self.version_without_order(contract, key))
                if self.chance(0.25):
                    versions.append({"key": key, **self.order(contract), "quarantined": True, **self.named_in_quarantine(contract)})
            if source:
                versions = [{**version, "source": source} for version in versions]
            rows += versions
        if contract["cardinality"] == "one" and number > 1 and self.chance(0.75):
            rows = self.with_equal_versions(rows)
        if self.chance(0.3):
            rng.shuffle(rows)
        return self.perhaps_of_another(contract, rows)

    def with_equal_versions(self, rows: list[Record]) -> list[Record]:
        """The records with equal versions, so that the source and then the key must decide."""
        first = rows[0]
        version = {"delivery": first.get("delivery", 1), **({"order": first["order"]} if "order" in first else {})}
        return [{**row, **version, "row": 1 + sum(other["key"] == row["key"] for other in rows[:i])} for i, row in enumerate(rows)]

    def perhaps_of_another(self, contract: Contract, rows: list[Record]) -> list[Record]:
        """The rows; sometimes with a version of another subject's key: a record that changed hands."""
        shared_rows = self.shared.setdefault(contract["feed"], [])
        if shared_rows and rows and "registers" not in contract and self.chance(0.06):
            first = self.rng.choice(shared_rows)
            source = {"source": first["source"]} if "source" in first else {}
            self.keys += 1
            rows.append({**self.record(contract, first["key"]), **source, "row": 100 + self.keys})
        shared_rows += [row for row in rows if "row" not in row]
        return rows


def _with_unique_row_numbers(contract: Contract, rows: list[Record]) -> list[Record]:
    """The rows, with different row numbers in each delivery of a source."""
    numbers = set()
    for position, row in enumerate(rows):
        unit = row.get("source", contract["sources"][0]["unit"])
        number = row.get("row", position + 1)
        while (unit, row.get("delivery", 1), number) in numbers:
            number += 10
        numbers.add((unit, row.get("delivery", 1), number))
        if number != position + 1:
            row["row"] = number
    return rows


def _subject(world: _World, kind: str) -> Record:
    """The feeds and the links of one subject."""
    rng, feeds = world.rng, Record()
    for contract in (contract for contract in CONTRACTS if contract["subject"] == kind):
        if "registers" in contract:
            number = 0 if world.chance(0.05) else 2 if world.chance(0.06) else 1
        elif contract["cardinality"] == "one":
            number = 0 if world.chance(0.3) else 2 if world.chance(0.2) else 1
        else:
            number = rng.choice([0, 0, 1, 1, 2, 3])
        rows = world.records(contract, number, steady="registers" in contract)
        rows = _with_unique_row_numbers(contract, world.named_again(contract, rows) if "lives_at" in contract.get("links", {}) else rows)
        if "registers" in contract:
            for row in rows:
                if "division" in row and world.chance(0.4):
                    row["division"] = "310107020"
        if contract["feed"] == "household" and rows and world.chance(0.1):
            rows[0].pop("size", None)
        if len(rows) == 1 and world.chance(0.7):
            row = rows[0]
            feeds[contract["feed"]] = {name: cell for name, cell in row.items() if name != "key" or world.chance(0.3)}
        elif rows:
            feeds[contract["feed"]] = rows
    for link, (_, target) in LINKS[kind].items():
        if not world.chance(0.07):
            feeds[link] = world.target(target, 0.97)
    return feeds


def _statements(world: _World) -> list[Record]:
    """Coverage statements: mostly complete and fresh; some by list, of one source only, coarse, fine or old."""
    rng, statements = world.rng, list[Record]()

    def complete_to() -> dt.date:
        return world.as_of - dt.timedelta(rng.choice(AGES_OF_COVERAGE))

    by_list = world.chance(0.2)
    if world.chance(0.7) and not by_list:
        statements.append(
            {"feed": list(FEEDS), "division": "31", "complete_to": world.as_of - dt.timedelta(rng.choice([0, 1, 2, 3, 6, 7, 8, 30, 31]))}
        )
    for feed, contract in FEEDS.items():
        for source in contract["sources"]:
            if world.chance(0.3 if by_list else 0.75):
                division = rng.choice([source["division"], source["division"], "31", "310107", "310107", "310107020"])
                statements.append({"feed": feed, "unit": source["unit"], "division": division, "complete_to": complete_to()})
        if world.chance(0.9 if by_list else 0.3):
            names = list(world.names[contract["subject"]])
            if LISTS_ACROSS_KINDS:
                names += world.names["household"] + world.names["dwelling"]
            subjects = rng.sample(names, rng.randint(max(1, len(names) // 2) if by_list else 1, len(names)))
            units = {"unit": rng.choice(contract["sources"])["unit"]} if world.chance(0.5) else {}
            statements.append({"feed": feed, **units, "subjects": subjects, "complete_to": complete_to()})
    dropped_feed = rng.choice([None, None, *FEEDS])
    return [statement for statement in statements if statement["feed"] != dropped_feed]


def random_world(rng: Random, size: int = 6) -> tuple[WorldData, dt.date]:
    """A whole world and the date on which it is read.

    Args:
        rng: the source of every choice; one seed gives one world.
        size: 1 gives a handful of subjects, 6 up to nine persons, four households, two dwellings.

    Returns:
        `given` in the case format and `as_of`. Dates are `datetime.date`, decimals and divisions text.
    """
    world = _World(rng, size)
    world_data: WorldData = {"coverage": _statements(world)}
    for kind in ("dwelling", "household", "person"):
        world_data[_SECTIONS[kind]] = {name: _subject(world, kind) for name in world.names[kind]}
    if world.replace:
        world_data["replace"] = world.replace
    answers = {
        name: {check: rng.choice(["yes", "no"]) for check in CHECKS if world.chance(0.5)}
        for kind in world.names
        for name in world.names[kind]
        if world.chance(0.5)
    }
    world_data["answers"] = {name: words for name, words in answers.items() if words}
    return world_data, world.as_of
