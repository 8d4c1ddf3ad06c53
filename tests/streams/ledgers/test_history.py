"""The history of a policy: its events, which agree with the registry on every day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from policies.language.lifecycle import Event, Life
from streams.ledgers.history import HistoryStep, history
from streams.ledgers.registry import Registry, Version, Withdrawal
from tests.streams.ledgers.test_registry import HISTORIES, NAME, POLICY, STEPS, History, catalogue_with_agreement

DAY = date(2026, 10, 15)


def version(number: int, published: date, first: date, last: date | None = None) -> Version:
    policy = replace(POLICY, version=number, effective_from=first, effective_to=last)
    return Version(policy, "", policy.digest, f"author {number}", "approver", 0, published)


def test_every_event_of_every_version_is_told() -> None:
    """Published and scheduled, begun, superseded, withdrawn with reason and day; future events, too."""
    registry, spring, autumn = Registry(), date(2026, 4, 1), date(2026, 10, 1)
    registry.add(version(1, date(2026, 3, 1), spring))
    registry.add(version(2, date(2026, 9, 1), autumn, date(2027, 3, 31)))

    before = history(registry, NAME, catalogue_with_agreement(date(2026, 12, 31)))
    registry.withdraw(NAME, Withdrawal(DAY, date(2026, 10, 5), "annulled", "wang", "li"))
    after = history(registry, NAME, catalogue_with_agreement(date(2026, 12, 31)))

    assert before == [
        HistoryStep(1, Event.PUBLISH, date(2026, 3, 1), Life.SCHEDULED, spring, "author 1", "approver"),
        HistoryStep(1, Event.BEGIN, spring, Life.IN_FORCE),
        HistoryStep(1, Event.SUPERSEDE, autumn, Life.SUPERSEDED, detail="2"),
        HistoryStep(2, Event.PUBLISH, date(2026, 9, 1), Life.SCHEDULED, autumn, "author 2", "approver"),
        HistoryStep(2, Event.BEGIN, autumn, Life.IN_FORCE),
        HistoryStep(2, Event.SUSPEND, date(2027, 1, 1), Life.SUSPENDED, detail="hukou"),
        HistoryStep(2, Event.END, date(2027, 4, 1), Life.EXPIRED),
    ]
    ended = HistoryStep(2, Event.WITHDRAW, DAY, Life.WITHDRAWN, None, "wang", "li", date(2026, 10, 5), "annulled")
    assert after == [*before[:3], replace(ended, version=1), *before[3:5], ended]


def test_no_step_is_lost_where_several_happen_on_one_day() -> None:
    """They come in the order of the log: published, superseded, withdrawn, published again."""
    morning, registry = DAY - timedelta(1), Registry()
    registry.add(version(1, morning, DAY))
    registry.add(version(2, DAY, DAY))
    registry.withdraw(NAME, Withdrawal(DAY, DAY, "a slip", "wang", "li"))
    registry.add(version(3, DAY, DAY))
    registry.withdraw(NAME, Withdrawal(DAY, DAY, "a slip", "wang", "li"))
    registry.add(version(4, DAY, DAY))

    events = [(step.version, step.event) for step in history(registry, NAME, catalogue_with_agreement(None)) if step.day <= DAY]

    assert events == [
        (1, Event.PUBLISH), (1, Event.BEGIN), (1, Event.SUPERSEDE), (1, Event.WITHDRAW),
        (2, Event.PUBLISH), (2, Event.WITHDRAW), (3, Event.PUBLISH), (3, Event.WITHDRAW), (4, Event.PUBLISH),
    ]  # fmt: skip


def test_a_version_that_is_forestalled_never_begins() -> None:
    """A version that is published later, with a first day that is not later, supersedes it at once."""
    registry = Registry()
    registry.add(version(1, DAY, DAY + timedelta(10)))
    registry.add(version(2, DAY + timedelta(2), DAY + timedelta(5)))

    events = [
        (step.version, step.event, step.day) for step in history(registry, NAME, catalogue_with_agreement(None)) if step.day.year < 2028
    ]

    assert events == [
        (1, Event.PUBLISH, DAY),
        (1, Event.SUPERSEDE, DAY + timedelta(2)),
        (2, Event.PUBLISH, DAY + timedelta(2)),
        (2, Event.BEGIN, DAY + timedelta(5)),
    ]


def test_the_history_is_what_the_registry_says_day_by_day() -> None:
    """On any day from the last decision on, the last event of a version up to that day gives its state."""
    compared = 0
    for seed in range(HISTORIES):
        sample = History(seed)
        acts = (sample.publish, sample.withdraw, sample.tick, sample.tick, sample.tick)
        for act in sample.random.choices(acts, (4, 1, 3, 3, 3), k=STEPS):
            act()
        if NAME not in sample.registry.versions:
            continue
        steps = history(sample.registry, NAME, sample.catalogue)
        for ahead in range(8):
            day = sample.day + timedelta(ahead)
            for number in sample.registry.versions[NAME]:
                reached = [step.state for step in steps if step.version == number and step.day <= day]
                assert reached[-1] is sample.registry.life(NAME, number, day, sample.catalogue), (seed, number, day)
                compared += 1

    assert compared > 1_000


def test_who_looks_back_sees_the_version_that_was_in_force() -> None:
    """A withdrawal counts from its day on, not from the day of the decision."""
    registry, since = Registry(), DAY - timedelta(5)
    registry.add(version(1, DAY - timedelta(30), DAY - timedelta(30)))
    registry.withdraw(NAME, Withdrawal(DAY, since, "annulled", "wang", "li"))

    lives = [
        registry.without_later_withdrawals(day).life(NAME, 1, day, catalogue_with_agreement(None))
        for day in (since - timedelta(1), since, DAY)
    ]

    assert lives == [Life.IN_FORCE, Life.WITHDRAWN, Life.WITHDRAWN]
    assert registry.active(NAME, since - timedelta(1)) is None
