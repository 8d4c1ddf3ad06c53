"""A unit's topic in and an agency's topic out, at a real broker: the same lists as from a file, whoever is killed in between."""

from __future__ import annotations

import csv
import json
import random
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from infra.kafka.cluster import Cluster
from infra.kafka.connection import Connection
from infra.kafka.topics import Topic, create_topics, topics
from infra.workspace.workspace import Workspace
from matchers.kernel.batch import RecordBatch
from policies.values import Text
from streams.store.log import Log
from streams.wire.wire import decode
from tests.connectors.samples import resident
from tests.console.command import run_command
from tests.console.conftest import invoke
from tests.kafka.clients import SECONDS, eventually, read, send_records
from tests.kafka.network import as_member
from tests.streams.world import child_environment

pytestmark = [pytest.mark.kafka, pytest.mark.xdist_group("kafka")]

POLICY, AGENCY = "elderly-uninsured", "putuo-medical-insurance"
PERSONS = 5_000
PREFIX = f"exchange{uuid.uuid4().hex[:6]}."
COVERAGE = [
    {"format": 1, "statement": "mi", "feed": "medical_insurance", "unit": AGENCY, "division": "310107", "complete_to": "2026-10-14"},
    {
        "format": 1,
        "statement": "pension",
        "feed": "pension",
        "unit": "putuo-social-security",
        "division": "310107",
        "complete_to": "2026-10-14",
    },
]
Cells = dict[str, Any]


def resident_row(serial: int) -> Cells:
    """A resident, some of them old enough and long enough here, every fiftieth with a date that cannot be."""
    return {
        "id_number": resident(serial), "household_no": f"H{serial // 3}", "changed_at": "2026-09-01",
        "出生日期": f"19{30 + serial % 60}-02-{30 if serial % 50 == 7 else 11}", "sex": "男" if serial % 2 else "女", "relation": "户主",
        "hukou_kind": "本市家庭户", "hukou_since": f"{1970 + serial % 40}-05-01", "division": f"310107{(20, 14, 15)[serial % 3]:03d}",
        "name": f"居民{serial}", "telephone": f"021-0{serial:07d}",
    }  # fmt: skip


def bad(serial: int) -> bytes:
    """What no unit should send: no JSON, a list, half a character, somebody without a number."""
    nobody = json.dumps({**resident_row(serial), "id_number": "31010"}).encode()
    return (b'{"id_number": "310', b"[]", b'{"name": "\xe5"}', b"", nobody)[serial % 5]


ROWS = [resident_row(serial) for serial in {resident(serial): serial for serial in range(PERSONS)}.values()]
STREAM = [
    value for serial, row in enumerate(ROWS) for value in ([bad(serial // 20)] if serial % 20 == 0 else []) + [json.dumps(row).encode()]
]
BAD = len(STREAM) - len(ROWS)


@dataclass
class Huimin:
    """The command line, in one workspace."""

    workspace: Path
    environment: Mapping[str, str]

    def __call__(self, *words: object) -> Any:
        result = invoke(*words, "--json", env=dict(self.environment), catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout) if result.stdout.strip() else None

    def start(self, *words: object) -> subprocess.Popen[bytes]:
        """The same, as a process of its own."""
        line = [sys.executable, "-m", "console.cli.main", *map(str, words)]
        return subprocess.Popen(line, env={**child_environment(), **self.environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def at(self, connection: Connection, workspace: Path | None = None) -> Huimin:
        """The same command line at a Kafka; in a copy of the workspace."""
        if workspace is not None:
            shutil.copytree(self.workspace, workspace)
        here = workspace or self.workspace
        environment = {name: value for name, value in self.environment.items() if not name.startswith("KAFKA")}
        return Huimin(here, {**environment, **connection.environment(), "HUIMIN_WORKSPACE": str(here)})

    def candidates(self) -> list[tuple[object, ...]]:
        candidates = self("candidates", "list", POLICY, "--limit", 0)
        return sorted((c["subject"], c["status"], c["division"], str(c["checklist"]), str(c["missing"])) for c in candidates)

    def applied_rows(self) -> list[tuple[int, int, int]]:
        """(delivery, row, flags) of every record ever applied, as often as it was."""
        log = Log(self.workspace / "state", readonly=True, key=Workspace.open(self.workspace).log_key())
        try:
            messages = [decode(body) for _, body in log.inputs(-1)]
        finally:
            log.close()
        return [
            (b.delivery, row, flag)
            for b in messages
            if isinstance(b, RecordBatch)
            for row, flag in zip(b.row.tolist(), b.flags.tolist(), strict=True)
        ]


@pytest.fixture(scope="module")
def without_residents(tmp_path_factory: pytest.TempPathFactory) -> Huimin:
    """A workspace whose policy is published and whose insurers have declared: only the residents are missing."""
    folder = tmp_path_factory.mktemp("prepared")
    huimin = Huimin(
        folder / "w", {"HUIMIN_WORKSPACE": str(folder / "w"), "HUIMIN_LANG": "en", "HUIMIN_TODAY": "2026-10-15", "COLUMNS": "160"}
    )
    huimin("init", "--example")
    _publish(huimin, folder)
    return huimin


@pytest.fixture(scope="module")
def by_file(without_residents: Huimin, tmp_path_factory: pytest.TempPathFactory) -> Huimin:
    """The same residents, delivered as a file: with those of nobody, without what a file cannot hold."""
    folder = tmp_path_factory.mktemp("by-file")
    shutil.copytree(without_residents.workspace, folder / "w")
    huimin = Huimin(folder / "w", {**without_residents.environment, "HUIMIN_WORKSPACE": str(folder / "w")})
    with (folder / "hukou.csv").open("w", encoding="gb18030", newline="") as file:
        writer = csv.DictWriter(file, list(ROWS[0]))
        writer.writeheader()
        writer.writerows(ROWS)
    huimin("ingest", "hukou", folder / "hukou.csv")
    return huimin


@pytest.fixture(scope="module")
def network(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Huimin]:
    """A workspace on a network of one worker, its residents taken in from their unit's topic."""
    folder, connection = tmp_path_factory.mktemp("network"), cluster.connection()
    create_topics(connection, topics(2, 1, PREFIX))
    huimin = Huimin(
        folder / "w",
        {
            **as_member(cluster),
            "HUIMIN_WORKSPACE": str(folder / "w"),
            "HUIMIN_LANG": "en",
            "HUIMIN_TODAY": "2026-10-15",
            "COLUMNS": "160",
        },
    )
    worker = huimin.start("worker", "--state", folder / "worker", "--prefix", PREFIX)
    try:
        huimin("init", "--example")
        huimin("kafka", "join", "--prefix", PREFIX)
        huimin("tick", "--to", "2026-10-14", "--yes")
        _publish(huimin, folder)
        topic = _topic(connection)
        send_records(connection, topic, STREAM[:2_000])
        huimin("feed", "listen", "hukou", "--topic", topic, "--once")
        huimin("tick", "--to", "2026-10-15")
        huimin("tick", "--to", "2026-12-01", "--yes")
        assert eventually(lambda: _end(connection, f"{PREFIX}editions") >= 2, 2 * SECONDS), "the worker told no editions"
        yield huimin
    finally:
        worker.terminate()
        worker.wait(60)


def test_records_of_a_topic_make_the_lists_of_a_file(cluster: Cluster, without_residents: Huimin, by_file: Huimin, tmp_path: Path) -> None:
    """Of two partitions, with what is no record in between; the second time there is nothing new."""
    connection = cluster.connection()
    topic, letters = _topic(connection, partitions=2), "huimin.dead-letters"
    send_records(connection, topic, STREAM)
    huimin = without_residents.at(connection, tmp_path / "w")

    first = huimin("feed", "listen", "hukou", "--topic", topic, "--once")["deliveries"]
    second = huimin("feed", "listen", "hukou", "--topic", topic, "--once")["deliveries"]

    assert len(by_file.candidates()) > 100
    assert huimin.candidates() == by_file.candidates()
    assert sum(delivery["rows"] for delivery in first) == len(STREAM) and sum(delivery["unplaced"] for delivery in first) == BAD
    assert sum(delivery["quarantined"] for delivery in first) == len([row for row in ROWS if row["出生日期"].endswith("30")])
    assert sum(delivery["rows"] for delivery in second) <= BAD
    dead = read(connection, letters, _end(connection, letters))
    assert sorted({*dead} & {*STREAM}) == sorted({bad(serial) for serial in range(PERSONS // 20)})
    assert _names(huimin) == _names(by_file)


def test_a_listener_that_is_killed_loses_nothing_and_does_nothing_twice(
    cluster: Cluster, without_residents: Huimin, by_file: Huimin, tmp_path: Path
) -> None:
    """Killed three times while the unit sends; whoever goes on finds the place in the state."""
    connection, dice = cluster.connection(), random.Random(7)
    topic, huimin = _topic(connection), without_residents.at(connection, tmp_path / "w")
    parts = [STREAM[start : start + 900] for start in range(0, len(STREAM), 900)]
    for part in parts[:3]:
        count = len(huimin.applied_rows())
        send_records(connection, topic, part[:100])
        listener = huimin.start("feed", "listen", "hukou", "--topic", topic)
        assert eventually(lambda count=count: len(huimin.applied_rows()) > count, 2 * SECONDS)  # type: ignore[misc]  # mypy cannot infer it
        for start in range(100, len(part), 100):
            send_records(connection, topic, part[start : start + 100])
        time.sleep(dice.uniform(0.0, 0.2))
        listener.kill()
        listener.wait()
    send_records(connection, topic, [value for part in parts[3:] for value in part])
    before = len({row for _, row, _ in huimin.applied_rows()})
    huimin("feed", "listen", "hukou", "--topic", topic, "--once")

    rows = huimin.applied_rows()
    assert 0 < before < len(ROWS)
    assert len(rows) == len({(delivery, row) for delivery, row, _ in rows}) == len(ROWS)
    assert {delivery for delivery, _, _ in rows} == {1}
    assert huimin.candidates() == by_file.candidates()
    assert _names(huimin) == _names(by_file)
    cells = [(cell["row"], cell["column"]) for cell in huimin("feed", "quarantine", "hukou")]
    assert len(cells) == len(set(cells))


def test_a_listener_that_is_told_to_end_ends_in_order(cluster: Cluster, without_residents: Huimin, tmp_path: Path) -> None:
    """With exit code 0, behind a whole pack; what follows is said in words."""
    connection = cluster.connection()
    topic, huimin = _topic(connection), without_residents.at(connection, tmp_path / "w")
    send_records(connection, topic, STREAM[:50])
    listener = huimin.start("feed", "listen", "hukou", "--topic", topic)
    assert eventually(lambda: bool(huimin.applied_rows()), 2 * SECONDS)
    listener.terminate()

    assert listener.wait(SECONDS) == 0
    send_records(connection, topic, [STREAM[60], bad(0)])
    words = ("feed", "listen", "hukou", "--topic", topic, "--once")
    output = run_command(*words, env=dict(huimin.environment)).output
    assert f"kafka:{topic}/0" in output and "resumed behind 50 rows" in output and "name nobody, more than" in output
    assert "huimin.dead-letters" in output and "310" not in output.replace(topic, "")


def test_an_agency_is_sent_every_edition_once_by_its_ids(cluster: Cluster, network: Huimin, tmp_path: Path) -> None:
    """Killed while it sends, and with a mark that was lost: the same ids, the same bytes; complete by what closes each."""
    connection = cluster.connection()
    topic = _topic(connection, partitions=3)
    words = ("candidates", "send", "--agency", AGENCY, "--topic", topic)
    for _ in range(2):
        sender = network.start(*words)
        start = _end(connection, topic)
        assert eventually(lambda start=start: _end(connection, topic) > start or sender.poll() is not None, 2 * SECONDS)  # type: ignore[misc]  # mypy takes no default of a lambda
        sender.kill()
        sender.wait()
        for mark in (network.workspace / "exports").glob(f"{topic}.*.mark.json"):
            mark.unlink()
    whole, again = network(*words, "--once"), network(*words, "--once")

    by_id = _complete(_read_all(connection, topic))
    assert whole["lines"] > 30 and again == {"topic": topic, "agency": AGENCY, "editions": 0, "lines": 0}
    assert sum(event["type"] == "cn.huimin.agency.line.v1" for event in by_id.values()) == whole["lines"]
    assert _state_of(by_id) == {(subject, status) for subject, status, *_ in network.candidates()}


def test_another_agency_is_sent_nothing(cluster: Cluster, network: Huimin) -> None:
    """And a topic that is not there is told, and not made."""
    connection = cluster.connection()
    topic = _topic(connection)

    assert network("candidates", "send", "--agency", "putuo-psb", "--topic", topic, "--once")["editions"] == 0
    for words in (("candidates", "send", "--agency", AGENCY), ("feed", "listen", "hukou")):
        result = run_command(*words, "--topic", "nowhere.at.all", "--once", env=dict(network.environment))
        assert (result.exit_code, "There is no topic nowhere.at.all" in result.output) == (2, True), result.output


def test_a_workspace_alone_and_an_unknown_agency_are_told(
    cluster: Cluster, without_residents: Huimin, network: Huimin, tmp_path: Path
) -> None:
    """Before anything is sent, with what to do instead."""
    alone = without_residents.at(cluster.connection(), tmp_path / "w")

    for huimin, agency, expected in ((alone, AGENCY, "huimin kafka join"), (network, "putuo-medical-insurence", f"mean {AGENCY}")):
        words = ("candidates", "send", "--agency", agency, "--topic", "civil.lists", "--once")
        result = run_command(*words, env=dict(huimin.environment))
        assert (result.exit_code, expected in result.output) == (2, True), result.output


def test_both_over_a_guarded_listener(cluster: Cluster, without_residents: Huimin, network: Huimin, tmp_path: Path) -> None:
    """With TLS, a user and a password in a file."""
    plain, guarded = cluster.connection(), cluster.secure_connection()
    unit, agency = _topic(plain), _topic(plain)
    send_records(guarded, unit, STREAM[:300])
    huimin, sender = without_residents.at(guarded, tmp_path / "w"), network.at(guarded)

    (report,) = huimin("feed", "listen", "hukou", "--topic", unit, "--once")["deliveries"]
    whole = sender("candidates", "send", "--agency", AGENCY, "--topic", agency, "--once")

    assert report["rows"] == 300 and len(huimin.applied_rows()) == 300 - report["unplaced"]
    assert len(_complete(_read_all(guarded, agency))) == whole["lines"] + whole["editions"] > 30


def _publish(huimin: Huimin, folder: Path) -> None:
    (folder / "coverage.jsonl").write_text("\n".join(map(json.dumps, COVERAGE)), encoding="utf-8")
    huimin("tick", "--to", "2026-10-15")
    huimin("policy", "publish", huimin.workspace / "policies" / f"{POLICY}.yaml", "--by", "王芳", "--approved-by", "李强", "--yes")
    huimin("feed", "coverage", folder / "coverage.jsonl")


def _topic(connection: Connection, partitions: int = 1) -> str:
    name = f"test-{uuid.uuid4().hex[:8]}"
    create_topics(connection, [Topic(name, partitions, 1, {}, Text("", ""))])
    return name


def _end(connection: Connection, topic: str) -> int:
    """How many messages a topic has had."""
    from contextlib import closing

    from connectors.kafka.topics import TopicReader

    with closing(TopicReader(connection.client(), topic)) as reading:
        return sum(span.end for span in reading.spans().values())


def _read_all(connection: Connection, topic: str) -> list[tuple[int, bytes]]:
    """(partition, value) of all there is now."""
    from contextlib import closing

    from connectors.kafka.topics import TopicReader

    messages: list[tuple[int, bytes]] = []
    with closing(TopicReader(connection.client(), topic)) as reading:
        spans = reading.spans()
        reading.begin({partition: span.first for partition, span in spans.items()})
        until = time.monotonic() + SECONDS
        while any(at < spans[partition].end for partition, at in reading.positions().items()) and time.monotonic() < until:
            messages += [(record.partition, record.value or b"") for record in reading.poll(0.5, 1_000)]
    return messages


def _complete(messages: Sequence[tuple[int, bytes]]) -> dict[str, Any]:
    """The events by their ids; every repetition is the same, in the same partition, and every edition is whole."""
    bodies: dict[str, tuple[int, bytes]] = {}
    for message in messages:
        assert bodies.setdefault(json.loads(message[1])["id"], message) == message
    events = {id: json.loads(body) for id, (_, body) in bodies.items()}
    for id, event in events.items():
        if event["type"] == "cn.huimin.agency.edition.v1":
            lines = [bodies[f"{id}.{place}"][1] for place in range(event["data"]["lines"])]
            digest = sha256(b"".join(line + b"\n" for line in lines)).hexdigest()
            assert event["data"]["digest"] == f"sha-256:{digest}"
    return events


def _state_of(events: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Who is on the list after all editions."""
    lines = [event["data"] for event in events.values() if event["type"] == "cn.huimin.agency.line.v1"]
    listed: dict[str, str] = {}
    for line in sorted(lines, key=lambda line: line["edition"]):
        if line["status"] is None:
            listed.pop(line["subject"], None)
        else:
            listed[line["subject"]] = line["status"]
    return set(listed.items())


def _names(huimin: Huimin) -> dict[str, str]:
    """What the vault says of everybody."""
    workspace = Workspace.open(huimin.workspace)
    feed = workspace.catalogue().feeds["hukou"]
    tokens = workspace.tokens().person([row["id_number"] for row in ROWS])
    return dict(workspace.vault().look_up(feed, tokens, ["name"]).select("id", "name").rows())
