"""The registry derives version states from dates, agreements and decisions; its transitions are exactly those of the table."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Set
from dataclasses import replace
from datetime import date, timedelta

from policies.checking.checker import check
from policies.language.catalogue import Catalogue
from policies.language.lifecycle import TRANSITIONS, Event, Life
from policies.language.tree import Policy
from policies.yaml.document import load
from streams.ledgers.registry import Registry, Version, Withdrawal
from tests.streams.world import DAY, catalogue, policy_text

NAME = "elderly-uninsured"
HISTORIES, STEPS = 300, 40
CALENDAR = frozenset({Event.BEGIN, Event.SUSPEND, Event.SUPERSEDE, Event.END})
TABLE = {(before, event, after) for event, ends in TRANSITIONS.items() for before in ends[0] for after in ends[1]}


def policy() -> Policy:
    example = check(load(policy_text(NAME), NAME), catalogue()).policy
    assert example is not None
    return example


POLICY = policy()


def catalogue_with_agreement(until: date | None) -> Catalogue:
    """The catalogue, where the agreement about the register ends on a day."""
    feed = catalogue().feeds["hukou"]
    return replace(catalogue(), feeds={**catalogue().feeds, "hukou": replace(feed, agreement=replace(feed.agreement, until=until))})


class History:
    """One policy with random decisions and days."""

    def __init__(self, seed: int) -> None:
        self.random, self.registry, self.day, self.catalogue = random.Random(seed), Registry(), DAY, catalogue_with_agreement(None)

    def near(self) -> date:
        return self.day + timedelta(self.random.randint(-3, 3))

    def publish(self) -> Set[Event]:
        """Publishes the next version; it may supersede one."""
        first = self.near()
        last = self.random.choice((None, first + timedelta(self.random.randint(0, 4))))
        number = self.registry.newest(NAME) + 1
        next_version = replace(POLICY, version=number, effective_from=first, effective_to=last)
        self.registry.add(Version(next_version, "", next_version.digest, "author", "approver", 0, self.day))
        return {Event.PUBLISH, Event.SUPERSEDE}

    def withdraw(self) -> Set[Event]:
        if self.registry.newest(NAME):
            self.registry.withdraw(NAME, Withdrawal(self.day, self.day, "", "author", "approver"))
        return {Event.WITHDRAW}

    def agree(self) -> Set[Event]:
        """Renews the agreement or cuts it short."""
        self.catalogue = catalogue_with_agreement(self.random.choice((None, self.near())))
        return {Event.SUSPEND, Event.RESUME}

    def tick(self) -> Set[Event]:
        self.day += timedelta(1)
        return CALENDAR

    def untick(self) -> Set[Event]:
        """Puts the clock back by a day."""
        self.day -= timedelta(1)
        return CALENDAR

    def lives(self) -> dict[int, Life]:
        return {n: self.registry.life(NAME, n, self.day, self.catalogue) for n in self.registry.versions.get(NAME, {})}

    def steps(self, count: int) -> Iterator[tuple[Life, Set[Event], Life]]:
        """Each change of a version's state, with the events that may have caused it."""
        acts: list[Callable[[], Set[Event]]] = [self.publish, self.withdraw, self.agree, self.tick, self.untick]
        before = self.lives()
        for act in self.random.choices(acts, (4, 1, 3, 8, 1), k=count):
            causes, after = act(), self.lives()
            for number, now in after.items():
                was = before.get(number, Life.DRAFT)
                if was is not now:
                    yield (now, causes, was) if act == self.untick else (was, causes, now)
            before = after


def test_the_registry_and_the_table_are_one() -> None:
    """Each observed change has one cause in the table (a clock put back reverses it), and each transition of the table is observed."""
    transitions = set()
    for seed in range(HISTORIES):
        for before, causes, after in History(seed).steps(STEPS):
            explained = [(before, event, after) for event in causes if (before, event, after) in TABLE]
            assert len(explained) == 1, (seed, before, causes, after)
            transitions.add(explained[0])

    assert transitions == TABLE, TABLE - transitions


def test_the_state_that_is_matched_is_the_one_in_force() -> None:
    """At most one version is in force, suspended or expired, and it is the active one."""
    for seed in range(HISTORIES):
        history = History(seed)
        for _ in history.steps(STEPS):
            active, lives = history.registry.active(NAME, history.day), history.lives()
            on = [number for number, life in lives.items() if life in (Life.IN_FORCE, Life.SUSPENDED, Life.EXPIRED)]
            assert len(on) <= 1 and (not on or (active is not None and active.policy.version == on[0])), (seed, lives)
            assert active is None or lives[active.policy.version] not in (Life.WITHDRAWN, Life.SUPERSEDED), (seed, lives)
