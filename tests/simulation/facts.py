"""The facts that were acknowledged, and the lists they give: the expected side, written from docs/en/semantics.md alone.

Facts are kept as they came. The naive evaluator reads all of them when a test asks, in a random order. ``kinds`` says what each message adds.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from random import Random
from typing import Any

from matchers.worlds import token as token_of
from policies.values import Kind
from streams.language.messages import CoverageStated, DeliveryCompleted
from tests.matchers.network import SECTIONS, CandidateState, WorldData, WorldRow, pairs, world_of
from tests.oracles import naive
from tests.simulation.naming import Naming
from tests.simulation.network import CONTRACTS, FEEDS, MAX_UNPLACED, NEVER, PublishedVersion

BEFORE = dt.date(1, 1, 1)


@lru_cache(200_000)
def token(kind: str, name: str) -> int:
    """The token of a subject, by name."""
    return token_of(Kind(kind), name)


@dataclass(slots=True)
class DeliveryFacts:
    """What has come of a delivery so far."""

    number: int
    id: str
    replaces: bool = False
    rows: set[int] = field(default_factory=set)
    completed: DeliveryCompleted | None = None


@dataclass(slots=True)
class StatementFacts:
    """A coverage statement, the names of the subjects it lists, and whether it was withdrawn."""

    message: CoverageStated
    names: tuple[str, ...]
    withdrawn: bool = False


@dataclass(slots=True)
class VersionFacts:
    """A published version, and the day since which it is withdrawn."""

    number: int
    published: PublishedVersion
    withdrawn: dt.date | None = None


@dataclass(slots=True)
class OutcomeFacts:
    """The outcome of a subject that counts, the day its time ends, and whether that day has come."""

    outcome: str
    on: dt.date
    criterion: str | None
    until: dt.date
    over: bool


class Facts:
    """All that a host has acknowledged."""

    def __init__(self) -> None:
        self.day = BEFORE
        self.ends: Mapping[str, dt.date] | None = None  # None: no catalogue yet
        self.rows: dict[tuple[str, int, int, int], WorldRow] = {}
        self.deliveries: dict[tuple[str, int], dict[str, DeliveryFacts]] = {}
        self.statements: dict[str, StatementFacts] = {}
        self.policies: dict[str, list[VersionFacts]] = {}
        self.answers: dict[str, dict[tuple[str, str], str]] = {}  # policy → subject and check → yes or no, the latest last
        self.outcomes: dict[tuple[str, int], OutcomeFacts] = {}  # by policy and the subject that the name counted as at the time
        self.decisions: dict[str, str] = {}  # by hold: what counts
        self.naming = Naming()
        self.world_changed = True
        self._world: naive.World | None = None

    # -- what is in force ----------------------------------------------------------------------------------------------

    def versions(self, policy: str) -> list[VersionFacts]:
        """The versions that were not withdrawn."""
        return [version for version in self.policies.get(policy, ()) if version.withdrawn is None]

    def active(self, policy: str) -> VersionFacts | None:
        """The version whose list it is today: the latest one whose first day has come."""
        return _version_on(self.versions(policy), self.day)

    def version_looking_back(self, policy: str, day: dt.date) -> VersionFacts | None:
        """The version whose list it was on an earlier day, looking back from today."""
        return _version_on([v for v in self.policies.get(policy, ()) if v.withdrawn is None or day < v.withdrawn], day)

    def is_suspended(self, version: VersionFacts, day: dt.date | None = None) -> bool:
        """Whether the agreement on a feed that the version reads has ended, today or on another day."""
        return any((self.ends or {}).get(feed, NEVER) < (day or self.day) for feed in version.published.policy.feeds)

    def in_effect(self, statement: StatementFacts) -> bool:
        """Whether a coverage statement counts: not withdrawn, and the delivery it names is complete, readable and as large as it says."""
        message = statement.message
        if statement.withdrawn:
            return False
        if message.delivery is None:
            return True
        delivery = self.deliveries.get((message.feed, message.source), {}).get(message.delivery)
        if delivery is None or delivery.completed is None:
            return False
        whole = delivery.completed
        return message.rows in (None, whole.rows) and readable(whole)

    # -- the world -----------------------------------------------------------------------------------------------------

    def world_data(self, rng: Random) -> WorldData:
        """The world in the case format, with rows and statements in a random order."""
        rows = [self.naming.read(row) for row in self.rows.values()]
        rng.shuffle(rows)
        coverage = [self._as_in_a_case(statement) for statement in self.statements.values() if self.in_effect(statement)]
        rng.shuffle(coverage)
        replace = [
            {"feed": feed, "unit": FEEDS[feed]["sources"][source]["unit"], "delivery": delivery.number}
            for (feed, source), deliveries in self.deliveries.items()
            for delivery in deliveries.values()
            if delivery.completed is not None and delivery.completed.replaces and readable(delivery.completed)
        ]
        return world_of(rows, coverage=coverage, replace=replace)

    def world(self, rng: Random) -> naive.World:
        """The naive evaluator's world; made anew after a new fact about records or coverage."""
        if self._world is None or self.world_changed:
            self._world, self.world_changed = naive.World(CONTRACTS, self.world_data(rng)), False
        return self._world

    def names(self, kind: str) -> set[str]:
        """The names of a kind that rows are about."""
        return {row.name for row in map(self.naming.read, self.rows.values()) if row.kind == kind}

    def with_answers(self, world: naive.World, policy: str) -> naive.World:
        """The world with the answers for one policy. An answer belongs to the subject that its name counts as, and the latest counts."""
        kind = str(self.policies[policy][-1].published.policy.subject)
        world.answers = {}
        for (name, check), word in self.answers.get(policy, {}).items():
            world.answers.setdefault(self.naming.counts_as(kind, name), {})[check] = word
        return world

    def expected_verdicts(self, version: VersionFacts, world: naive.World, day: dt.date | None = None) -> dict[str, naive.Expectation]:
        """What the naive evaluator says of every subject of a version's kind, by name; today, or on another day."""
        data = version.published.data
        return naive.evaluate(data, self.with_answers(world, data["policy"]), day or self.day)

    def _as_in_a_case(self, statement: StatementFacts) -> dict[str, Any]:
        message, kind = statement.message, FEEDS[statement.message.feed]["subject"]
        subjects = {"subjects": sorted({self.naming.counts_as(kind, name) for name in statement.names})}
        where = subjects if message.division is None else {"division": message.division}
        return {
            "feed": message.feed,
            "unit": FEEDS[message.feed]["sources"][message.source]["unit"],
            **where,
            "complete_to": message.complete_to,
        }


def listing(version: VersionFacts, expected: Mapping[str, naive.Expectation]) -> dict[int, CandidateState]:
    """The expected list of a version, by token."""
    kind = str(version.published.policy.subject)
    return {
        token(kind, name): (
            expectation.status,
            expectation.checklist,
            pairs((criterion, feed) for criterion, feed, _ in expectation.missing),
        )
        for name, expectation in expected.items()
        if expectation.status is not None
    }


def readable(whole: DeliveryCompleted) -> bool:
    """Whether enough rows of a delivery can be read for its coverage to count."""
    return Decimal(whole.unplaced) <= MAX_UNPLACED * whole.rows


def _version_on(versions: list[VersionFacts], day: dt.date) -> VersionFacts | None:
    in_force = [v for v in versions if v.published.policy.effective_from <= day]
    return max(in_force, key=lambda version: version.number, default=None)


__all__ = ["BEFORE", "SECTIONS", "DeliveryFacts", "Facts", "OutcomeFacts", "StatementFacts", "VersionFacts", "listing", "token"]
