"""Messages in which people move: the run of ``tests.streams.world``, with households and dwellings, and with messages that are not admitted.

A network is divided by streets, so it is tested with people who change streets. Every delivery of the register puts persons into other
streets and households; households change dwellings and streets; dwellings change streets. The same seed gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import numpy as np

from matchers.kernel.batch import RecordBatch
from streams.language.messages import CatalogueSet, CheckAnswered, CoverageStated, Input, Tick
from streams.testing import rows
from streams.wire import wire
from tests.streams.world import Sending, catalogue, coverage, delivery_messages, number, publication, run

STREETS = ("310107020", "310107021", "310107022", "310107005", "310107014", "310107102", "310107103")
BIRTH_DAYS = tuple(date(1935, 1, 1) + timedelta(days=97 * place) for place in range(200))
MOST = 10**9


@dataclass(frozen=True, slots=True)
class Sizes:
    """The number of each kind, and of rows in a batch."""

    seed: int = 7
    batch: int = 20
    households: int = 60
    dwellings: int = 50


@dataclass(slots=True)
class Moving:
    """The messages, as bytes, without end; ``bad`` counts those that are to be refused.

    Args:
        garbage: with bytes that are no message, and messages that are not admitted.
    """

    sizes: Sizes = Sizes()  # frozen
    garbage: bool = True
    bad: int = 0
    _numbers: dict[str, int] = field(default_factory=dict)

    def __iter__(self) -> Iterator[bytes]:
        rng, send = np.random.default_rng(self.sizes.seed), Sending()
        day = date(2026, 10, 1)
        for place, message in enumerate(run(MOST, self.sizes.seed, self.sizes.batch)):
            if isinstance(message, Tick):
                day = message.day
            yield send(self._with_moves(rng, message))
            if isinstance(message, CatalogueSet):
                yield send(publication("group-rental"))
                for kind in ("dwelling", "household", "occupancy", "relocation", "income"):
                    yield from map(send, self._delivery(rng, kind, day))
            elif place % 9 == 8:
                yield from map(send, self._delivery(rng, str(rng.choice(("household", "occupancy", "dwelling", "income"))), day))
            if self.garbage and place > 4 and place % 11 == 10:
                self.bad += 1
                yield self._bad(rng, wire.encode(message), place)

    def _with_moves(self, rng: np.random.Generator, message: Input) -> Input:
        """A delivery of the register with new streets and households; agreements that outlast any run, or nobody would be listed."""
        if isinstance(message, CatalogueSet):
            return replace(
                message, contracts={name: text.replace("until: 2027-", "until: 2927-") for name, text in message.contracts.items()}
            )
        if not isinstance(message, RecordBatch) or message.feed != "hukou":
            return message
        n = len(message)
        birth_days = np.array([number(BIRTH_DAYS[int(index) % len(BIRTH_DAYS)]) for index in rng.integers(0, len(BIRTH_DAYS), n)], np.int64)
        values = {**message.values, "division": rng.integers(0, len(STREETS), n), "birth_date": birth_days}
        links = {**message.links, "household": rng.integers(0, self.sizes.households, n).astype(np.uint64)}
        return replace(message, values=values, links=links, dictionaries={**message.dictionaries, "division": STREETS})

    def _delivery(self, rng: np.random.Generator, feed: str, day: date) -> list[Input]:
        self._numbers[feed] = delivery = self._numbers.get(feed, 0) + 1
        id = f"{feed}-m{delivery}"
        batch = getattr(self, f"_{feed}")(rng, delivery, day)
        stated: CoverageStated = coverage(f"{feed}-s{delivery}", feed, day, id, len(batch))
        return [*delivery_messages(batch, id), stated]

    def _dwelling(self, rng: np.random.Generator, delivery: int, day: date) -> RecordBatch:
        subjects = self._some(rng, self.sizes.dwellings, delivery)
        return self._rows(
            "dwelling", delivery, subjects, division=rng.integers(0, len(STREETS), len(subjects)), layout=rng.integers(0, 3, len(subjects))
        )

    def _household(self, rng: np.random.Generator, delivery: int, day: date) -> RecordBatch:
        subjects = self._some(rng, self.sizes.households, delivery)
        n = len(subjects)
        homes = rng.integers(0, self.sizes.dwellings, n).astype(np.uint64)
        return self._rows(
            "household", delivery, subjects, registered_at=homes, division=rng.integers(0, len(STREETS), n), size=rng.integers(1, 5, n)
        )

    def _occupancy(self, rng: np.random.Generator, delivery: int, day: date) -> RecordBatch:
        n = 3 * self.sizes.batch
        keys = rng.choice(np.arange(1, 8 * self.sizes.batch), n, replace=False)
        homes = rng.integers(1, self.sizes.dwellings // 2, n).astype(np.uint64)
        return self._rows("occupancy", delivery, keys, key=keys, lives_at=homes, relation_to_tenant=rng.choice((0, 1, 2, 2), n))

    def _relocation(self, rng: np.random.Generator, delivery: int, day: date) -> RecordBatch:
        subjects = self._some(rng, self.sizes.dwellings, delivery)
        notice_days = [number(day - timedelta(days=int(ago))) for ago in rng.integers(0, 700, len(subjects))]
        return self._rows(
            "relocation", delivery, subjects, line=[0] * len(subjects), notice_date=notice_days, dictionaries={"line": ("L15",)}
        )

    def _income(self, rng: np.random.Generator, delivery: int, day: date) -> RecordBatch:
        keys = rng.choice(np.arange(1, 8 * self.sizes.batch), 2 * self.sizes.batch, replace=False)
        return self._rows("income", delivery, keys, monthly_income=rng.integers(0, 900_000, len(keys)))

    def _some(self, rng: np.random.Generator, many: int, delivery: int) -> Any:
        """All of them the first time, later a third."""
        everyone = np.arange(1, many)
        return everyone if delivery == 1 else rng.choice(everyone, many // 3, replace=False)

    def _rows(self, feed: str, delivery: int, subjects: Any, **columns: Any) -> RecordBatch:
        columns.setdefault("dictionaries", {"division": STREETS} if "division" in columns else {})
        ordered = {"order": [delivery] * len(subjects), **columns}
        return rows(catalogue(), feed, delivery, 1, [int(subject) for subject in subjects], **ordered)

    def _bad(self, rng: np.random.Generator, before: bytes, place: int) -> bytes:
        """What nobody admits: random bytes, nothing, a message cut or changed, and whole messages that refer to missing things."""
        match self.bad % 7:
            case 0:
                return rng.bytes(200)
            case 1:
                return before[: len(before) // 2]
            case 2:
                at = int(rng.integers(0, len(before)))
                return before[:at] + bytes([before[at] ^ 1]) + before[at + 1 :]
            case 3:
                return b"{}"
            case 4:
                batch = self._rows("income", MOST // 2, [1, 2], monthly_income=[1, 2])
                return wire.encode(batch)
            case 5:
                return b""
            case _:
                return Sending(place)(CheckAnswered("nobody-published-this", 1, "check", True))
