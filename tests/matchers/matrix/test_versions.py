"""Which version of a record counts, in any order of arrival: rows without usable order, and full replacements that are still open.

The test keeps every version a source sent, and ``winning_versions`` picks the winners as the page defines them. The matrix keeps only what it needs and
must agree after every message. So must a locator with its shards. Source: docs/en/semantics.md sections 1.1 and 1.2.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any

import numpy as np
import pytest

from matchers import worlds
from matchers.core import Matcher
from matchers.kernel.batch import DELETED, NO_ORDER, OLDER, QUARANTINED, RecordBatch, wide
from matchers.matrix.folders import delivered_key
from matchers.matrix.identity import IdentityCorrection
from matchers.matrix.versions import LOST
from policies.values import Kind
from tests.matchers.counting import AddCounts, chunks, need
from tests.matchers.network import WorldRow, catalogue, valid_policy, world_of
from tests.matchers.test_sharded import DAY, STREETS, MatcherBesidePartitions

FEED = "insurance"
CHUNKS, SCHEDULES = 8, 25
RUN = chunks(CHUNKS, (3, 7))
PEOPLE = ("a", "b", "c")
KEYS = ("k1", "k2", "k3")

SentVersion = tuple[int, int, int, int, int, int]
"""Source's key, order, delivery, row, flags, subject."""


def winning_versions(versions: Sequence[SentVersion], floor: int) -> dict[int, SentVersion]:
    """By key, the winning version of all that a source sent, as the page defines it."""
    out: dict[int, SentVersion] = {}
    for key in {version[0] for version in versions}:
        counting = [version for version in versions if version[0] == key and version[2] >= floor]
        usable = [version for version in counting if version[1] != NO_ORDER]
        sound = [version for version in usable if not version[4] & QUARANTINED]
        without = max((version for version in counting if version[1] == NO_ORDER), key=lambda version: version[2:4], default=None)
        if without is not None and not any(version[2:4] > without[2:4] for version in sound):
            out[key] = without
        elif usable:
            out[key] = max(usable, key=lambda version: version[1:4])
    return out


def versions_in_force(matcher: Matcher) -> dict[int, SentVersion]:
    """By key, the version of every record of the first source that is in force, deleted ones too."""
    lay = matcher.store.layout.feeds[FEED]
    rows = matcher.store.arenas[lay.position][: matcher.store.counts[lay.position]]
    rows = rows[((rows[:, 8] & 12) == 0) & (rows[:, 8] >> 8 == 0)]  # neither hidden nor a hole
    tokens = matcher.store.tokens[lay.kind]
    facts = zip(
        delivered_key(rows).tolist(), wide(rows[:, 2:4]).tolist(), rows[:, 4].tolist(), rows[:, 5].tolist(),
        (rows[:, 8] & 3).tolist(), (int(tokens[row]) if row >= 0 else 0 for row in rows[:, 6].tolist()), strict=True,
    )  # fmt: skip
    return {version[0]: version for version in facts}


class SendingSource:
    """A source that sends deliveries in pieces and in any order; some are full, and several are open at once."""

    def __init__(self, seed: int, matcher: Matcher) -> None:
        self.rng, self.matcher = Random(seed), matcher
        self.sent: list[SentVersion] = []
        self.pending: list[WorldRow] = []
        self.delivered: list[WorldRow] = []
        self.open: dict[int, bool] = {}
        self.started = self.floor = 0
        self.counts: Counter[str] = Counter()

    def start(self) -> None:
        """A delivery begins. Its rows, with random orders, wait to be sent."""
        self.started += 1
        self.open[self.started] = full = self.rng.random() < 0.5
        if full:
            self.matcher.open(FEED, 0, self.started)
        for row in range(1, self.rng.choice([2, 3, 5])):
            record: dict[str, Any] = {"key": self.rng.choice(KEYS), "delivery": self.started, "row": row}
            record["order"] = "none" if self.rng.random() < 0.15 else self.rng.randrange(6)
            chance = self.rng.random()
            if chance < 0.15 and record["order"] != "none":
                record["deleted"] = True
            elif chance < 0.3:
                record["quarantined"] = True
            else:
                record["status"] = self.rng.choice(["active", "ended"])
            self.pending.append(WorldRow("person", self.rng.choice(PEOPLE), FEED, record))

    def send(self) -> None:
        """Sends some of the waiting rows, and some rows again."""
        some = self.rng.sample(self.pending, min(len(self.pending), self.rng.choice([1, 1, 2, 4])))
        self.pending = [row for row in self.pending if row not in some]
        some += self.rng.sample(self.delivered, min(len(self.delivered), self.rng.choice([0, 0, 1])))
        self.delivered += [row for row in some if row not in self.delivered]
        batches = worlds.batches(catalogue(), world_of(some))
        self.rng.shuffle(batches)
        for batch in batches:
            self.take(batch)

    def take(self, batch: RecordBatch) -> None:
        self.matcher.apply(batch)
        self.counts["rows older than what is held"] += int((self.matcher.effects == OLDER).sum())
        columns = (batch.key, batch.order, batch.row, batch.flags, batch.subject)
        for key, order, row, flags, subject in zip(*(column.tolist() for column in columns), strict=True):
            about = 0 if flags & int(DELETED) else subject
            self.sent.append((key, order, batch.delivery, row, flags, about))

    def end(self) -> None:
        """A delivery is complete: a full one that is sound replaces, any other does not."""
        if not self.open:
            return
        number = self.rng.choice(list(self.open))
        full = self.open.pop(number)
        if full and self.rng.random() < 0.8:
            self.matcher.replace(FEED, 0, number)
            self.floor = max(self.floor, number)
            self.counts["full replacements"] += 1
            self.counts["rows that came in by them"] += sum(count for count, _ in self.matcher.comeback.values())
        elif full:
            self.matcher.abandon(FEED, 0, number)

    def agrees(self) -> None:
        """Checks that the matrix holds the versions that count and keeps no more than it needs."""
        assert versions_in_force(self.matcher) == winning_versions(self.sent, self.floor)
        full = [number for number, replaces in self.open.items() if replaces and number > self.floor]
        for key, rows in self.matcher.store.versions.rows.get((self.matcher.store.layout.feeds[FEED].position, 0), {}).items():
            assert len(rows) <= 2 + len(full), key
            self.counts["versions kept"] += len(rows)
            assert not {int(row[4]) for row in rows} - set(range(self.floor, self.started + 1))
        self.counts["rows without usable order in force"] += sum(
            version[1] == int(NO_ORDER) for version in versions_in_force(self.matcher).values()
        )

    def step(self) -> None:
        self.rng.choice([self.start, self.send, self.send, self.send, self.end])()
        self.agrees()


def listed_policy() -> Any:
    """Whoever has an active insurance."""
    return valid_policy({
        "format": 1, "policy": "insured", "version": 1, "direction": "benefit", "subject": "person", "scope": {"division": "31"},
        "title": {"zh": "政策", "en": "A policy"}, "source": {"document": "示例", "issuer": "示例"}, "agency": "city-civil",
        "purpose": "assistance", "effective": {"from": "2026-01-01", "to": None}, "evidence": {FEED: {"max_age": "P1M"}},
        "criteria": {"id": "c", "quantifier": "some", "over": FEED, "where": {"id": "w", "field": "status", "op": "eq", "value": "active"}},
    })  # fmt: skip


need(
    "versions", RUN, CHUNKS,
    {
        "full replacements": 200, "rows that came in by them": 12, "rows without usable order in force": 200, "versions kept": 500,
        "rows older than what is held": 200,
    },
)  # fmt: skip


@pytest.mark.parametrize("chunk", RUN)
def test_what_counts_is_what_the_page_says(chunk: int, add_counts: AddCounts) -> None:
    """Deliveries come in any order; some are full, open at once, or not sound. The matrix is right after every message."""
    for number in range(SCHEDULES):
        source = SendingSource(1000 * chunk + number, Matcher(catalogue(), DAY))
        for place in range(25):
            source.step()
            if place == 12:
                arrays, meta = {name: column.copy() for name, column in source.matcher.arrays().items()}, source.matcher.meta()
                source.matcher = Matcher.restore(catalogue(), arrays, meta, {})
        add_counts("versions", source.counts)


@pytest.mark.parametrize("chunk", RUN)
def test_partitions_hold_what_one_matcher_holds(chunk: int) -> None:
    """The locator keeps the versions that lost, and the shards get the winners; both are compared with one matcher. People live in two
    partitions, and in every other schedule two of them are one for a while."""
    for number in range(6):
        both = MatcherBesidePartitions(catalogue(), DAY, 2)
        both.publish(listed_policy())
        for name, street in zip(PEOPLE, STREETS, strict=False):
            for batch in worlds.batches(catalogue(), {"persons": {name: {"hukou": {"division": street}}}}):
                both.apply(batch)
        source, is_merged = SendingSource(1000 * chunk + number, both), False
        for place in range(20):
            if number % 2:
                source.step()
            elif source.rng.random() < 0.2:
                is_merged = not is_merged
                both.correct(IdentityCorrection(Kind.PERSON, A, B if is_merged else A))
            else:
                source.rng.choice([source.start, source.send, source.send, source.send, source.end])()
            assert held_by(both.locator) == held_by(both)
            both.judges_alike(listed_policy())
            if place == 9:
                both.again()


def held_by(shard: Any) -> dict[int, SentVersion]:
    return versions_in_force(shard)


def row(subject: str, delivery: int, order: int | str, number: int = 1, **facts: Any) -> WorldRow:
    return WorldRow("person", subject, FEED, {"key": "k", "delivery": delivery, "row": number, "order": order, **facts})


def deliver(matcher: Matcher, *rows: WorldRow) -> None:
    for row in rows:
        for batch in worlds.batches(catalogue(), world_of([row])):
            matcher.apply(batch)


def standing(matcher: Matcher) -> list[tuple[int, int]]:
    """Delivery and subject of the records in force."""
    return [(version[2], version[5]) for version in versions_in_force(matcher).values() if not version[4] & int(DELETED)]


A, B, C = (worlds.token(Kind.PERSON, name) for name in PEOPLE)


def test_waiting_row_follows_the_decisions_in_force_when_it_comes_in() -> None:
    """A merge or its undoing while the row waits: on the day the row comes in, it belongs to the subject that its name then counts as."""
    for undone in (False, True):
        matcher = Matcher(catalogue(), DAY)
        deliver(matcher, row("a", 1, 9))
        matcher.open(FEED, 0, 2)
        deliver(matcher, row("b", 2, 3))
        matcher.correct(IdentityCorrection(Kind.PERSON, B, C))
        if undone:
            matcher.correct(IdentityCorrection(Kind.PERSON, B, B))

        matcher.replace(FEED, 0, 2)

        assert standing(matcher) == [(2, B if undone else C)]
        matcher.correct(IdentityCorrection(Kind.PERSON, B, B)) if not undone else None
        assert standing(matcher) == [(2, B)]


def test_record_in_force_is_kept_as_it_was_delivered() -> None:
    """A row without usable order hides the record of a merged person. The merge is undone, and a later sound row shows the record again."""
    matcher = Matcher(catalogue(), DAY)
    matcher.correct(IdentityCorrection(Kind.PERSON, B, C))
    deliver(matcher, row("b", 1, 9), row("a", 2, "none"))
    assert standing(matcher) == [(2, A)]

    matcher.correct(IdentityCorrection(Kind.PERSON, B, B))
    deliver(matcher, row("a", 3, 4))

    assert standing(matcher) == [(1, B)]


def test_erased_person_has_no_waiting_row() -> None:
    """The waiting row of an erased person does not come in, and nothing that is written out holds their text or token."""
    matcher = Matcher(catalogue(), DAY)
    deliver(matcher, row("a", 1, 9))
    matcher.open(FEED, 0, 2)
    deliver(matcher, row("b", 2, 3))
    assert [(trace.delivery, trace.order) for trace in matcher.traces(B)] == [(2, 3)]

    traces = matcher.traces(B)
    matcher.erase(B, 77, [])
    matcher.forget(B, traces)
    matcher.replace(FEED, 0, 2)

    assert standing(matcher) == [] and not matcher.store.versions.rows.get((matcher.store.layout.feeds[FEED].position, 0))
    assert B not in matcher.persons().tolist()


def test_hundred_thousand_rows_that_lost_come_in_at_once() -> None:
    """A full file whose orders are all older is in force when it is complete, and not before."""
    matcher, n = Matcher(catalogue(), DAY), 100_000
    first = worlds.batches(catalogue(), world_of([row("a", 1, 9, status="active")]))[0]

    def full(delivery: int, order: int) -> RecordBatch:
        number = np.arange(1, n + 1)
        values = {name: np.repeat(column, n) for name, column in first.values.items()}
        return RecordBatch(
            FEED, 0, delivery, number.astype(np.uint64), number.astype(np.uint64), np.full(n, order), number.astype(np.int32),
            np.zeros(n, np.uint8), np.repeat(first.valid_from, n), np.repeat(first.valid_to, n), {}, values, first.dictionaries,
        )  # fmt: skip

    matcher.apply(full(1, 9))
    matcher.open(FEED, 0, 2)
    matcher.apply(full(2, 5))
    assert {version[2] for version in versions_in_force(matcher).values()} == {1} and int((matcher.effects == OLDER).sum()) == n

    matcher.replace(FEED, 0, 2)

    assert {version[2] for version in versions_in_force(matcher).values()} == {2} and matcher.comeback == {2: (n, n)}
    assert not any((rows[:, 8] & LOST).any() for rows in [matcher.store.arenas[matcher.store.layout.feeds[FEED].position][:n]])
