"""The random choices of one schedule: a world, and what its senders have sent so far.

A sender knows only what it sent. Whether and in which order it arrived is decided by the schedule, so no kind of event asks the host.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from random import Random
from typing import Any, TypeVar

from matchers import worlds
from streams.language.messages import CoverageStated, DeliveryCompleted, DeliveryStarted, OutcomeReported
from tests.matchers.network import SECTIONS, WorldRow, rows_of, world_of
from tests.simulation.events import ScheduleEvent
from tests.simulation.facts import token
from tests.simulation.naming import Record
from tests.simulation.network import FAMILIES, FEEDS, POOL, PublishedVersion, examples, family, plain_catalogue
from tests.worlds import random_world

PERSONS, SIZE = range(15, 41), 40
"""How many persons a world has, and the size at which the generator often draws as many."""
BOUNDS: tuple[Mapping[str, Any], ...] = (
    {},
    {"bounds": {"moves": Decimal("0.1"), "amendment": Decimal("0.2"), "at_least": 2}},
    {"bounds": {"moves": Decimal(0), "amendment": Decimal(0), "at_least": 1}},
    {"bounds": {"moves": Decimal(0), "amendment": Decimal("0.1"), "at_least": 1}},
)
"""The bounds of the policies of a schedule: none, or so low that holds happen in a small town."""
T = TypeVar("T")


class Drawing:
    """The world of one schedule, and what its senders have done so far."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.rng = rng = Random(f"schedule {seed}")
        self.world_data, self.day = random_world(rng, SIZE)
        while len(self.world_data["persons"]) not in PERSONS:
            self.world_data, self.day = random_world(rng, SIZE)
        self.unsent_rows = rows_of(self.world_data)
        rng.shuffle(self.unsent_rows)
        self.sent_rows: list[WorldRow] = []
        self.names = {kind: list(self.world_data[section]) for kind, section in SECTIONS.items()}
        self.numbers: dict[tuple[str, str], int] = {}
        self.deliveries: list[tuple[str, str, str, int]] = []  # feed, unit, id, rows
        self.starts: list[DeliveryStarted] = []
        self.batches: list[ScheduleEvent] = []
        self.statements: list[str] = []
        self.bounds: Mapping[str, Any] = rng.choice(BOUNDS)
        self.late_after: str | None = rng.choice([None, None, "P1D"])
        self.bodies = self._bodies(rng)
        self.published_versions: dict[str, list[PublishedVersion]] = {}
        self.withdrawn: set[str] = set()
        self.ends: dict[str, dt.date] = {}
        self.merges: dict[tuple[str, str], str] = {}  # kind and name: into whom
        self.handed_records: dict[tuple[str, str], list[Record]] = {}  # kind and name: the records given to another subject
        self.outcome_reports: list[tuple[str, str, OutcomeReported]] = []  # policy, name, and what was reported
        self.looked_at_subjects: list[
            tuple[str, str]
        ] = []  # kind and name of subjects with an answer, an outcome or a place on a coverage list

    def _bodies(self, rng: Random) -> dict[str, tuple[Mapping[str, Any], ...]]:
        """The policies of this schedule: some of the examples, some random ones, each with its later texts."""
        policies = {name: examples()[name] for name in rng.sample(list(examples()), rng.choice([1, 2, 3]))}
        pool = self.seed // POOL
        for number in rng.sample(range(FAMILIES), rng.choice([2, 3])):
            bodies = family(pool, number)
            policies[bodies[0]["policy"]] = bodies
        return {name: tuple({**body, **self.bounds} for body in bodies) for name, bodies in policies.items()}

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def some(self, among: Sequence[T], most: int) -> list[T]:
        """One or more of ``among``, at most ``most``."""
        return self.rng.sample(list(among), min(len(among), self.rng.randint(1, most)))

    def unit(self, feed: str) -> str:
        return str(self.rng.choice(FEEDS[feed]["sources"])["unit"])

    def feeds_read(self) -> list[str]:
        """The feeds that published policies name under ``evidence``; every feed if there are none."""
        return sorted({feed for versions in self.published_versions.values() for feed in versions[-1].policy.evidence}) or list(FEEDS)

    def late(self, share: float = 0.25) -> int:
        """By how many events something arrives late; mostly 0."""
        return self.rng.choice([1, 2, 3, 5, 8, 13, 25]) if self.chance(share) else 0

    def without_delivery(self, row: WorldRow) -> WorldRow:
        """A row without its delivery and row number."""
        return WorldRow(row.kind, row.name, row.feed, {k: v for k, v in row.record.items() if k not in ("delivery", "row")})


# ---- parts of events ---------------------------------------------------------------------------------------------


def source_of(feed: str, unit: str) -> int:
    """The position of a unit among the sources of a feed."""
    return next(place for place, source in enumerate(FEEDS[feed]["sources"]) if source["unit"] == unit)


def batch(kind: str, rows: Sequence[WorldRow], delay: int = 0) -> ScheduleEvent:
    """The event in which rows of one delivery arrive."""
    first = rows[0].record
    feed = rows[0].feed
    (message,) = worlds.batches(plain_catalogue(), world_of(rows))
    text = "; ".join(_row_said(row) for row in rows)
    return ScheduleEvent(kind, f"rows of {feed} {first['source']}, delivery {first['delivery']}: {text}", message, tuple(rows), delay)


def delivery(
    d: Drawing, kind: str, feed: str, unit: str, rows: Sequence[WorldRow], *, replaces: bool = False, unplaced: int = 0, stated: float = 0.4
) -> list[ScheduleEvent]:
    """A delivery of one source: its start, its rows in one or two parts, mostly its end, and perhaps a statement that rests on it."""
    number = d.numbers[feed, unit] = d.numbers.get((feed, unit), 0) + 1
    id, source = f"{feed}-{unit}-{number}", source_of(feed, unit)
    full = [
        WorldRow(row.kind, row.name, row.feed, {**row.record, "source": unit, "delivery": number, "row": place})
        for place, row in enumerate(rows, 1)
    ]
    d.sent_rows += full
    d.starts.append(DeliveryStarted(feed, source, number, id, replaces))
    out = [ScheduleEvent(kind, f"delivery {number} of {feed} {unit} starts", d.starts[-1])]
    wait = d.late()
    for part in _cut(d, full):
        out.append(batch(kind, part, wait if d.chance(0.7) else d.late()))
        d.batches.append(out[-1])
    count = len(full) + unplaced
    d.deliveries.append((feed, unit, id, count))
    if replaces or unplaced or d.chance(0.85):
        completion = DeliveryCompleted(feed, source, number, id, count, unplaced, replaces)
        text = (
            f"delivery {number} of {feed} {unit} is whole: {count} rows, {unplaced} of nobody{', a full replacement' if replaces else ''}"
        )
        out.append(ScheduleEvent(kind, text, completion, None, max(wait, d.late(0.1))))
    if d.chance(stated):
        out.append(stating(d, kind, feed, unit, id, count, d.rng.choice([-6, wait, wait, wait + 3])))
    return out


def stating(
    d: Drawing, kind: str, feed: str, unit: str, delivery: str | None = None, rows: int | None = None, delay: int = 0
) -> ScheduleEvent:
    """A coverage statement of one source, about a division or a list; sometimes with another number of rows than were delivered."""
    rng, source = d.rng, source_of(feed, unit)
    statement = f"s{len(d.statements) + 1}"
    d.statements.append(statement)
    names: tuple[str, ...] = ()
    division = None
    if d.chance(0.15):
        names = tuple(sorted(d.some(d.names[FEEDS[feed]["subject"]], 12)))
        d.looked_at_subjects += [(FEEDS[feed]["subject"], name) for name in names]
    else:
        division = rng.choice([FEEDS[feed]["sources"][source]["division"]] * 2 + ["31", "31", "310107", "310107020"])
    if rows is not None:
        rows = rng.choice([rows, rows, rows, None, rows + 1])
    to = d.day - dt.timedelta(rng.choice([0, 0, 0, 0, 0, 0, 1, 1, 3, 6, 7, 8, 29, 30, 31, 35, 36, 90, -1]))
    tokens = tuple(token(FEEDS[feed]["subject"], name) for name in names)
    message = CoverageStated(statement, feed, source, division, tokens, to, delivery, rows, d.day)
    text = f"{statement}: {feed} {unit} is complete to {to} for {division or ', '.join(names)}"
    return ScheduleEvent(kind, text + (f", once {delivery} is whole with {rows} rows" if delivery else ""), message, names, delay)


def _cut(d: Drawing, rows: list[WorldRow]) -> list[list[WorldRow]]:
    """Rows in one or two parts; no part if there are no rows."""
    if len(rows) > 1 and d.chance(0.3):
        at = d.rng.randint(1, len(rows) - 1)
        return [rows[:at], rows[at:]]
    return [rows] if rows else []


def _row_said(row: WorldRow) -> str:
    cells = " ".join(f"{name}={value}" for name, value in row.record.items() if name not in ("source", "delivery", "row", "key"))
    return f"{row.record['row']} {row.record['key']} of {row.name} {cells}"
