"""How large a network must be: the figures follow from what was counted and measured, and the page holds them."""

from __future__ import annotations

from dataclasses import replace
from math import ceil

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from infra.kafka.topics import DAY_MS, topics
from infra.sizing import MOST_SHARDS, PLACES, MeasuredCosts, Need, NetworkTooLarge, SizingChoices, smallest_network, table
from tests.docs.pages import ROOT

FREE = MeasuredCosts(*[0.0] * 11)
"""Everything for nothing."""
PLAIN = SizingChoices(
    copies=1,
    skew=1,
    room=1,
    process_bytes=0,
    worker_bytes=float("inf"),
    publish_seconds=float("inf"),
    backlog_bytes=0,
    replicas=1,
    brokers=1,
)
NEEDS = st.builds(
    Need,
    residents=st.integers(1_000, 30_000_000),
    records_per_resident=st.floats(1, 10),
    changes_per_second=st.floats(1, 50_000),
    policies=st.integers(1, 2_000),
    retention_days=st.integers(1, 90),
)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_holds_the_table(language: str) -> None:
    """The deployment page of each language holds what ``python -m infra.sizing`` prints."""
    assert table(language) in (ROOT / "docs" / language / "deployment.md").read_text(encoding="utf-8")


def test_memory_is_counted_by_hand() -> None:
    """Two workers, one lost: the other holds the locator, the lists and every shard."""
    size = smallest_network(Need(1_000_000, records_per_resident=2), MeasuredCosts(), PLAIN)

    assert (size.workers, size.shards) == (2, 8)
    assert size.worker_bytes == pytest.approx(1_000_000 * (2 * (150 + 2 * 60) + 1.76 * 32 + 0.1 * 850))


def test_the_front_is_not_shared() -> None:
    """100,000 rows a second at 3 µs are a third of a core, whoever does the shards."""
    need = Need(1_000, changes_per_second=100_000, policies=0)

    assert smallest_network(need, replace(FREE, sequencer_ns=3_000), PLAIN).load == pytest.approx(0.3)
    with pytest.raises(NetworkTooLarge):
        smallest_network(replace(need, changes_per_second=210_000), replace(FREE, sequencer_ns=3_000), PLAIN)


def test_shards_are_shared() -> None:
    """400,000 rows a second at 3 µs are 1.2 cores: two workers at the most they may, and a third in case one is lost."""
    size = smallest_network(Need(1_000, changes_per_second=400_000, policies=0), replace(FREE, shard_ns=3_000), PLAIN)

    assert size.load == pytest.approx(PLAIN.busy)
    assert size.workers == 3


def test_topics_are_counted_by_hand() -> None:
    """One row a second for an hour a day: inputs for ten days, orders for seven; no lines without policies, and no first load."""
    choice = replace(PLAIN, busy_hours=1)

    size = smallest_network(Need(0, changes_per_second=1, policies=0, retention_days=10), replace(FREE, wire_bytes=40), choice)

    assert size.broker_disk_bytes == pytest.approx(3_600 * (10 + 7) * 40)
    assert smallest_network(
        Need(0, changes_per_second=1, policies=0, retention_days=10), replace(FREE, wire_bytes=40)
    ).broker_disk_bytes == (pytest.approx(8 * 3_600 * (10 + 2.0 * 7) * 40 * 3))


def test_publishing_is_shared_by_the_shards() -> None:
    """A million residents at 60 ns are 60 ms, half of it on each of two workers; every policy anew is one pass and a little for each."""
    size = smallest_network(Need(1_000_000, policies=10), replace(FREE, publish_ns=60, pass_ns=200, judge_ns=10), PLAIN)

    assert size.publish_seconds == pytest.approx(0.03)
    assert size.judge_seconds == pytest.approx(0.15)


def test_the_topics_keep_as_long_as_is_counted() -> None:
    """The days of the plan are those with which topics are made."""
    days = {topic.name: int(topic.config["retention.ms"]) / DAY_MS for topic in topics(1, 3, "")}

    assert days["inputs"] == Need(1).retention_days
    assert days["orders"] == days["lines"] == SizingChoices().orders_days
    assert topics(1, 3)[0].replication == SizingChoices().replicas


@given(NEEDS)
def test_one_worker_may_be_missing(need: Need) -> None:
    """The busiest of the others has room and time for what it then holds; there are never more shards than the locator can name."""
    choice = SizingChoices()
    try:
        size = smallest_network(need)
    except NetworkTooLarge:
        reject()

    assert size.load <= choice.busy
    assert size.worker_bytes <= choice.worker_bytes
    assert size.publish_seconds <= choice.publish_seconds
    assert 2 <= size.workers <= size.shards + 1
    assert size.shards <= MOST_SHARDS
    assert size.brokers >= max(choice.brokers, ceil(size.broker_disk_bytes / choice.broker_bytes))


@given(NEEDS, st.sampled_from(["residents", "changes_per_second", "records_per_resident"]))
def test_more_never_takes_less(need: Need, what: str) -> None:
    """Twice as much of anything takes as many workers and brokers, or more."""
    twice = replace(need, **{what: 2 * getattr(need, what)})
    try:
        sizes = smallest_network(need), smallest_network(twice)
    except NetworkTooLarge:
        reject()

    assert sizes[0].workers <= sizes[1].workers
    assert sizes[0].brokers <= sizes[1].brokers
    assert sizes[0].broker_disk_bytes <= sizes[1].broker_disk_bytes


def test_every_place_of_the_table_can_be_carried() -> None:
    """A country is its cities."""
    assert [smallest_network(need).workers >= 2 for _, need in PLACES] == [True] * len(PLACES)
    assert PLACES[-1][1].residents * PLACES[-1][1].networks == pytest.approx(1.4e9, rel=1e-3)
    with pytest.raises(NetworkTooLarge):
        smallest_network(Need(1_400_000_000))
