"""A small network for these tests (three example policies and their feeds), and a fixed run of made-up messages about it."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from connectors.contracts.catalogue import read_catalogue
from matchers.kernel.batch import RecordBatch
from policies.language.catalogue import Catalogue
from policies.language.tree import Policy
from policies.problems.problems import Invalid, Problem
from streams.language.messages import (
    CatalogueSet,
    CheckAnswered,
    CoverageStated,
    CoverageWithdrawn,
    DeliveryCompleted,
    DeliveryStarted,
    EditionCut,
    Input,
    PolicyPublished,
    PolicyWithdrawn,
    Tick,
)
from streams.language.ports import Parts, read_policy
from streams.ledgers.decisions import with_stamp
from streams.testing import fake_parts, rows
from streams.wire import wire
from streams.wire.seal import Seal

NETWORK = Path(__file__).parent / "network"
DISTRICT = "310107"
STREETS = ("310107020", "310107021")
DAY = date(2026, 10, 15)
SEAL = Seal(b"k" * 32, "a network of tests")
"""The seal of the members of a made-up network."""


class Sending:
    """Encodes messages as a client does: each decision gets a stamp of its own."""

    def __init__(self, offset: int = -1) -> None:
        self._known, self._count = offset, itertools.count()

    def __call__(self, message: Input) -> bytes:
        return wire.encode(with_stamp(message, self._known, f"{next(self._count):x}"))


def stamped_bytes(message: Input) -> bytes:
    """A message as a client sends it, with a stamp that is unique in this process."""
    return wire.encode(with_stamp(message, -1, f"sent {next(_NUMBERS)}"))


_NUMBERS = itertools.count()


def build(units: str, contracts: Mapping[str, str], /) -> Catalogue:
    """The port that builds a catalogue; equal texts are read only once."""
    return _build_cached(units, tuple(contracts.items()))


@cache
def _build_cached(units: str, contracts: tuple[tuple[str, str], ...]) -> Catalogue:
    return read_catalogue(units, dict(contracts))


_Reading = tuple[Catalogue, Policy | tuple[Problem, ...]]
_READINGS: dict[tuple[str, str], list[_Reading]] = {}
"""By text and file: what came of it against each catalogue, a policy or the problems."""


def read_policy_once(text: str, file: str, catalogue: Catalogue, /) -> Policy:
    """The port that reads a policy; a text is read only once against equal catalogues, however many hosts are asked to read it."""
    readings = _READINGS.setdefault((text, file), [])
    result = next((result for read_against, result in readings if read_against is catalogue or read_against == catalogue), None)
    if result is None:
        try:
            result = read_policy(text, file, catalogue)
        except Invalid as invalid:
            result = tuple(invalid.problems)
        readings.append((catalogue, result))
    if isinstance(result, Policy):
        return result
    raise Invalid(result)


def parts(real: bool = False) -> Parts:
    """The ports, with the fake matcher or the real one."""
    return replace(Parts(build) if real else fake_parts(build), read_policy=read_policy_once)


@cache
def network() -> CatalogueSet:
    """Units and feed contracts as documents."""
    contracts = {path.stem: path.read_text(encoding="utf-8") for path in sorted((NETWORK / "feeds").glob("*.yaml"))}
    return CatalogueSet((NETWORK / "units.yaml").read_text(encoding="utf-8"), contracts)


@cache
def catalogue() -> Catalogue:
    """The catalogue of ``network``."""
    return build(network().units, dict(network().contracts))


def policy_text(name: str, version: int = 1, **changed: str) -> str:
    """An example policy, as another version, with pieces of its text replaced."""
    text = (NETWORK / "policies" / f"{name}.yaml").read_text(encoding="utf-8").replace("version: 1", f"version: {version}", 1)
    for old, new in changed.items():
        text = text.replace(old, new)
    return text


def publication(
    name: str, version: int = 1, swap: tuple[str, str] = ("", ""), start: date | None = None, bounds: str = ""
) -> PolicyPublished:
    """The publication of an example policy; ``start`` is its first day in force, ``bounds`` the text of its bounds."""
    text = policy_text(name, version)
    text = text.replace(*swap) if swap[0] else text
    if start is not None:
        first = text.split("effective: {from: ", 1)[1].split(",", 1)[0]
        text = text.replace(f"effective: {{from: {first}", f"effective: {{from: {start}", 1)
    text = text.replace("\ncriteria:", f"\nbounds: {bounds}\ncriteria:", 1) if bounds else text
    return PolicyPublished(name, version, text, read_policy_once(text, name, catalogue()).digest, "author", "approver")


def number(day: date) -> int:
    """A day as the number that a batch holds."""
    return day.toordinal() - date(1970, 1, 1).toordinal()


def delivery_messages(batch: RecordBatch, id: str, unplaced: int = 0, replaces: bool = False) -> list[Input]:
    """The messages of a whole delivery of one batch."""
    head = (batch.feed, batch.source, batch.delivery, id)
    return [DeliveryStarted(*head, replaces), batch, DeliveryCompleted(*head, len(batch) + unplaced, unplaced, replaces)]


def people(
    delivery: int,
    first: int,
    subjects: list[int],
    births: list[date],
    homes: list[int] | None = None,
    street: int = 0,
    deleted_share: float = 0.0,
) -> RecordBatch:
    """Register records of persons; ``deleted_share`` of them are deletions."""
    flags = (np.random.default_rng(delivery).random(len(subjects)) < deleted_share).astype(np.uint8)
    return rows(
        catalogue(), "hukou", delivery, first, subjects, birth_date=[number(b) for b in births], hukou_since=[number(date(1980, 1, 1))] * len(subjects),
        division=[street] * len(subjects), dictionaries={"division": STREETS}, household=homes or [0] * len(subjects), order=[delivery] * len(subjects), flags=flags,
    )  # fmt: skip


def coverage(
    id: str, feed: str, complete_to: date, delivery: str | None = None, count: int | None = None, source: int = 0
) -> CoverageStated:
    """A coverage statement about the whole district."""
    return CoverageStated(id, feed, source, DISTRICT, (), complete_to, delivery, count)


def run(length: int, seed: int = 7, size: int = 20) -> Iterator[Input]:
    """The first ``length`` messages of a run of every kind of message; the same for the same seed."""
    messages = _run(seed, size)
    for _ in range(length):
        yield next(messages)


def _run(seed: int, size: int) -> Iterator[Input]:
    rng = np.random.default_rng(seed)
    day, turn = date(2026, 10, 1), 0
    numbers = {"hukou": 0, "medical_insurance": 0, "pension": 0}
    yield Tick(day)
    yield network()
    yield publication("elderly-uninsured")
    yield publication("relocation-hardship", start=day + timedelta(days=20))
    while True:
        turn += 1
        feed = ("hukou", "medical_insurance", "hukou", "pension")[turn % 4]
        numbers[feed] += 1
        delivery, id = numbers[feed], f"{feed}-{numbers[feed]}"
        yield DeliveryStarted(feed, 0, delivery, id, replaces=turn % 12 == 5)
        for part in range(2):
            yield _batch(rng, feed, delivery, part * size + 1, size)
        yield DeliveryCompleted(feed, 0, delivery, id, 2 * size, 0, replaces=turn % 12 == 5)
        yield coverage(f"{feed}-c{delivery}", feed, day, id, 2 * size)
        if turn % 3 == 0:
            day += timedelta(days=int(rng.integers(1, 4)))
            yield Tick(day)
        if turn % 7 == 0 and delivery > 1:
            yield CoverageWithdrawn(f"{feed}-c{delivery - 1}")
            yield EditionCut("elderly-uninsured")
        if turn % 5 == 0:
            yield CheckAnswered("relocation-hardship", int(rng.integers(1, 50)), "willing", bool(rng.integers(2)))
        if turn == 6:
            yield publication("elderly-uninsured", 2, ("value: 70", "value: 68"), start=day + timedelta(days=5))
        if turn == 40:
            yield PolicyWithdrawn("relocation-hardship", 1, "author", "approver", "ended")


def _batch(rng: np.random.Generator, feed: str, delivery: int, first: int, size: int) -> RecordBatch:
    subjects = [int(s) for s in rng.choice(np.arange(1, 8 * size), size, replace=False)]
    if feed == "hukou":
        births = [date(1950, 1, 1) + timedelta(days=int(d)) for d in rng.integers(0, 4500, size)]
        return people(delivery, first, subjects, births, street=int(rng.integers(2)), deleted_share=0.3)
    flags = (rng.random(size) < 0.2).astype(np.uint8)
    columns: dict[str, Any] = (
        {"status": rng.integers(0, 3, size), "scheme": rng.integers(0, 3, size)} if feed == "medical_insurance" else {}
    )
    return rows(catalogue(), feed, delivery, first, subjects, order=[delivery] * size, flags=flags, **columns)


def child_environment() -> dict[str, str]:
    """The environment of a child process that can import the project."""
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]),
    }
