"""One policy over the same rows, by a plain Faust agent and by the network with one worker: events a second, delays, and the same list.

Each works in its own way, the agent event by event, the network in batches of 10,000 rows. Both read the same columns, by the same
broker, with one worker process.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks import world
from benchmarks.measure import Table
from benchmarks.network_comparing import compare_lists
from benchmarks.network_offering import BATCH, Delays, offer
from benchmarks.network_processes import Kafka, processor, start_module, stop_processes
from benchmarks.network_running import Listener, Network, ResourceUse
from benchmarks.network_yardstick import BORN, CHANGELOG, LISTS, ROWS, elderly
from infra.kafka.topics import Topic, create_topics
from matchers.kernel.batch import MISSING, RecordBatch
from matchers.kernel.thresholds import days
from policies.values import Text
from streams.language.messages import CatalogueSet, CoverageStated, DeliveryStarted, PolicyPublished, Tick

HOLD = 0.6
"""The share of the agent's own pace at which its delays are measured."""
FEEDS = ("hukou", "medical_insurance")
STATUSES = ("active", "suspended", "ended")


@dataclass(frozen=True, slots=True)
class Beside:
    """How much is measured: residents, changes of them, and seconds for which delays are taken."""

    persons: int = 15_000
    changes: int = 40_000
    seconds: float = 10.0


def beside(table: Table, kafka: Kafka, size: Beside) -> None:
    """Two lines of the table: paces, and delays at the pace the agent can hold."""
    district, catalogue = _district(size.persons), world.catalogue()
    load = list(world.deliveries(catalogue, district, BATCH))
    burst = _changes(district, size.changes // BATCH, BATCH, 2)
    agent = Agent(kafka)
    try:
        agent.take([row for batch in load for row in _rows(batch)])
        pace = agent.take([row for batch in burst for row in _rows(batch)])
        rate = HOLD * pace
        stream = _changes(district, int(rate * size.seconds / 100), 100, 100)
        theirs = agent.offer([row for batch in stream for row in _rows(batch)], rate)
        listed, cost = agent.listed_subjects(), agent.cost
    finally:
        agent.close()
    with Network(kafka, "beside.", 1, 1) as network:
        _begin(network, district, load, [*burst, *stream])
        before = network.resource_use()
        start = time.perf_counter()
        for batch in burst:
            network.send(batch)
        ours = size.changes / (network.close_edition("elderly") - start)
        resources = network.resource_use().since(before)
        delays = offer(network, stream, rate, "elderly")
        same, judged = compare_lists(network, [elderly()])
    assert listed == {subject for _, subject in judged}, (
        "the agent, which holds nobody back, and everyone judged anew come to the same list"
    )
    worker = next(seconds for name, seconds in resources.processes.items() if name.startswith("worker"))
    table.add(
        f"the same with one policy, 1 worker, {size.changes:,} changes of {size.persons:,} residents", f"{ours:,.0f}/s; {1e6 * worker / size.changes:.1f} µs of the worker a row",
        against=f"plain Faust agent with a Table: {pace:,.0f}/s, {1e6 * cost / size.changes:.0f} µs of its worker an event; ours {ours / pace:.0f}×; the same list: {same.summary()}",
    )  # fmt: skip
    table.add(
        f"its delay at {rate:,.0f} changes/s, in messages of 100 rows", delays.summary(),
        against=f"plain Faust agent, one event a record: {theirs.summary()}",
    )  # fmt: skip


class Agent:
    """The yardstick as a process, and its topics."""

    def __init__(self, kafka: Kafka) -> None:
        from kafka import KafkaProducer

        about = Text("测速", "speed")
        plain = [Topic(name, 1, 1, {}, about) for name in (ROWS, LISTS)]
        create_topics(kafka.connection, [*plain, Topic(CHANGELOG, 1, 1, {"cleanup.policy": "compact"}, about)])
        self._folder = kafka.folder / "yardstick"
        self._process = start_module("benchmarks.network_yardstick", [str(self._folder)], kafka.connection, self._folder)
        self._producer: Any = KafkaProducer(
            **kafka.connection.client(), linger_ms=2, batch_size=1 << 16, max_in_flight_requests_per_connection=1
        )
        self._listener = Listener(kafka.connection, LISTS)
        self._number = 0
        self.cost = 0.0
        """Processor seconds of the last ``take``."""
        self.take([])

    def take(self, rows: list[dict[str, Any]]) -> float:
        """Events a second, from the first that is sent until the result of the last has arrived."""
        busy, start = processor(self._process.pid), time.perf_counter()
        for row in rows:
            self._send(row)
        took = self._close() - start
        self.cost = processor(self._process.pid) - busy
        return (len(rows) + 1) / took

    def offer(self, rows: list[dict[str, Any]], rate: float) -> Delays:
        """The delays at so many events a second."""
        already, due = len(self._listener.messages), dict[int, float]()
        start, late = time.perf_counter() + 0.1, 0.0
        for number, row in enumerate(rows):
            then = start + number / rate
            if (wait := then - time.perf_counter()) > 0:
                time.sleep(max(wait, 0.002))
            late = max(late, time.perf_counter() - then)
            due[self._send(row)] = then
        self._close()
        events = [(json.loads(message.value)["n"], message.at) for message in self._listener.messages[already:]]
        delays = sorted(at - due[number] for number, at in events if number in due)
        return Delays(delays, len(due) - len(delays), ResourceUse(), late)

    def listed_subjects(self) -> set[int]:
        """Who is on the list now."""
        now: dict[str, str] = {}
        for message in self._listener.messages:
            event = json.loads(message.value)
            now[event["person"]] = event["change"]
        return {int(person) for person, change in now.items() if change == "entered" and not person.startswith("last")}

    def close(self) -> None:
        stop_processes([self._process])
        self._listener.close()
        self._producer.close()

    def _send(self, row: dict[str, Any]) -> int:
        self._number += 1
        self._producer.send(ROWS, key=row["person"].encode(), value=json.dumps({"n": self._number, **row}).encode(), partition=0)
        return self._number

    def _close(self) -> float:
        """Send a last person who enters the list at once; the moment at which that entry arrives."""
        already = len(self._listener.messages)
        number = self._send({"feed": "hukou", "person": f"last{self._number}", "born": BORN - 1})
        self._producer.flush()
        return self._listener.first(lambda message: json.loads(message.value)["n"] == number, already).at


def _district(persons: int) -> world.District:
    """A district of two feeds, with a birthday for everybody."""
    district = world.make(persons, 5)
    birth_dates = district.columns["hukou"]["birth_date"]
    birth_dates[birth_dates == MISSING] = days(world.DAY)
    for feed in set(district.columns) - set(FEEDS):
        district.columns[feed] = {name: column[:0] for name, column in district.columns[feed].items()}
    return district


def _changes(district: world.District, count: int, size: int, first: int) -> list[RecordBatch]:
    """Batches of changes of the two feeds in turn, each a delivery."""
    base, catalogue = random.randrange(1_000_000), world.catalogue()
    return [world.changes(catalogue, district, size, first + number, 8 * (base + number) + (1, 3)[number % 2]) for number in range(count)]


def _begin(network: Network, district: world.District, load: list[RecordBatch], later: list[RecordBatch]) -> None:
    """Send everything but the changes."""
    library = world.library()
    contracts = {name: (library / "feeds" / f"{name}.yaml").read_text("utf-8") for name in world.FEEDS}
    network.send(CatalogueSet((library / "units.yaml").read_text("utf-8"), contracts))
    network.send(Tick(world.DAY))
    for feed, delivery in dict.fromkeys((batch.feed, batch.delivery) for batch in (*load, *later)):
        network.send(DeliveryStarted(feed, 0, delivery, f"{feed}-{delivery}"))
    for batch in load:
        network.send(batch)
    for number, street in enumerate(world.STREETS):
        network.send(CoverageStated(f"s{number}", "medical_insurance", 0, street, (), world.statements(world.catalogue())[0].complete_to))
    network.send(PolicyPublished("elderly", 1, "elderly", "elderly", "wang", "li"))
    network.close_edition("elderly")


def _rows(batch: RecordBatch) -> Iterator[dict[str, Any]]:
    """A batch as the agent's rows."""
    people = batch.subject.astype(str).tolist()
    if batch.feed == "hukou":
        for person, birth_day in zip(people, batch.values["birth_date"].tolist(), strict=True):
            yield {"feed": "hukou", "person": person, "born": birth_day}
        return
    columns = (np.asarray(column).tolist() for column in (batch.key.astype(str), batch.values["status"], batch.valid_from, batch.valid_to))
    for person, key, status, valid_from, valid_to in zip(people, *columns, strict=True):
        yield {"feed": batch.feed, "person": person, "key": key, "status": STATUSES[status], "from": valid_from, "to": valid_to}
