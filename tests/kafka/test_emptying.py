"""Topics without somebody, on a real broker: read from the start, and in the files of the broker."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from connectors.kafka.broker import ChangesTopic, all_records
from connectors.kafka.topic_erasure import SEGMENT_AGE, ClusterTopics
from infra.kafka.cluster import Cluster
from infra.kafka.reach import admin
from infra.kafka.topics import create_topics, topics
from streams.language.causes import DayCause
from streams.language.folds import Outgoing
from streams.lists.editions import Edition, edition_problems, editions
from streams.lists.lines import Lines
from streams.lists.manifests import manifests_from_store
from streams.wire.cloudevents import headers
from streams.wire.wire import encode_changes, encode_edition
from tests.streams.world import SEAL

pytestmark = [pytest.mark.kafka, pytest.mark.xdist_group("kafka")]
PREFIX = "emptying."
DAY = date(2026, 10, 15)
PERSON = 0x5EC2E7C0FFEE1234
NEEDLES = (PERSON.to_bytes(8, "little"), str(PERSON).encode())
MESSAGES = 300
SECONDS = 90.0
VERSIONS = {1: ("civil", "digest")}


def row(offset: int) -> Lines:
    """One message's lines: two people enter, and one of them is the person, now and then."""
    subjects = [1000 + offset, *([PERSON] if offset % 50 == 3 else [2000 + offset])]
    again = offset % 50 == 3 and offset > 50
    status = np.full(2, 1, np.uint8)
    before = np.array([0, 1 if again else 0], np.uint8)
    heads, opens = [("grant", 1, DAY, DayCause(DAY))], [((), ()), ((f"check {offset}",), ())]
    head, open = np.zeros(2, np.int32), np.array([0, 1], np.int32)
    return Lines(offset, heads, opens, head, open, np.array(subjects, np.uint64), before, status)


def message_row(offset: int) -> tuple[int, str | None, Lines]:
    return offset, "grant" if offset % 10 == 9 else None, row(offset)


def send_rows(cluster: Cluster, rows: list[tuple[int, str | None, Lines]], closed: list[Edition]) -> None:
    """What a merger sends."""
    from kafka import KafkaProducer

    out = [Outgoing("changes", 0, str(o), "changes", encode_changes(r), {} if c is None else {"closes": c}) for o, c, r in rows]
    for edition in closed:
        facts = {"policy": edition.policy, "number": str(edition.number), "manifest": edition.manifest.digest}
        out.append(Outgoing("editions", 0, f"{edition.policy}.{edition.number}", "edition", encode_edition(edition), facts))
    out.append(Outgoing("dead-letters", 0, "inputs.0.1", "dead-letter", NEEDLES[0], {"topic": "inputs"}))
    producer = KafkaProducer(**cluster.connection().client(), acks="all")
    for m in out:
        head = SEAL.with_seal(m.topic, 0, m.id.encode(), headers(m, "lines-0"), m.body)
        producer.send(PREFIX + m.topic, value=m.body, key=m.id.encode(), headers=head, partition=0)
    producer.flush(timeout=60)
    producer.close()


def readable(cluster: Cluster, topic: str) -> bool:
    records = all_records(cluster.connection().client(), PREFIX, topic, SEAL)
    return any(needle in record.value for record in records for needle in NEEDLES)


def on_disk(cluster: Cluster) -> list[str]:
    files = []
    for path in (cluster.folder / "broker-1" / "data").glob(f"{PREFIX}*/*.log*"):
        try:
            data = path.read_bytes()
        except FileNotFoundError:  # the broker deletes files when it likes to
            continue
        files += [str(Path(path.parent.name) / path.name)] if any(needle in data for needle in NEEDLES) else []
    return files


def segments(cluster: Cluster, topic: str) -> int:
    return len(list((cluster.folder / "broker-1" / "data").glob(f"{PREFIX}{topic}-0/*.log")))


def test_the_person_leaves_topics_and_files_and_all_else_stays(cluster: Cluster) -> None:
    """Lines keep their ids, editions their manifests; topics are set as they were, and have a segment more, not one for each message."""
    from kafka.admin import ConfigResource

    client = cluster.connection().client()
    create_topics(cluster.connection(), topics(2, 1, PREFIX))
    rows = [message_row(offset) for offset in range(MESSAGES)]
    closed = list(editions("grant", rows, VERSIONS))
    send_rows(cluster, rows, closed)
    changes, network = ChangesTopic(client, PREFIX, SEAL), ClusterTopics(client, PREFIX, SEAL, 2)
    before = [change for _, _, lines in changes.rows() for change in lines if change.subject != PERSON]
    assert readable(cluster, "changes") and readable(cluster, "editions") and readable(cluster, "dead-letters")
    assert on_disk(cluster)
    assert changes.last() == MESSAGES - 1
    with admin(cluster.connection()) as ask:
        ask.alter_configs([ConfigResource("TOPIC", f"{PREFIX}changes", {SEGMENT_AGE: "86400000"})])

    starts = network.begin_segments()
    result = network.erase_person({"dead-letters-0": starts["dead-letters-0"], "inputs-0": starts["inputs-0"]}, PERSON)

    assert (result.deleted, result.rewritten) == (1, MESSAGES + len(closed))
    assert not any(readable(cluster, topic) for topic in ("changes", "editions", "dead-letters"))
    assert [change for _, _, lines in changes.rows() for change in lines] == before
    assert changes.last() == MESSAGES - 1
    again = list(editions("grant", changes.rows(), VERSIONS, manifests_from_store(changes.manifests("grant"))))
    assert [edition.manifest.digest for edition in again] == [edition.manifest.digest for edition in closed]
    assert sum(edition.manifest.erased for edition in again) == MESSAGES // 50
    assert list(edition_problems(again)) == []
    with admin(cluster.connection()) as ask:
        names = [f"{PREFIX}{topic}" for topic in ("changes", "editions", "inputs")]
        configs = ask.describe_configs([ConfigResource("TOPIC", name, [SEGMENT_AGE]) for name in names])["topic"]
    assert [configs[name].get(SEGMENT_AGE, {}).get("value") for name in names] == ["86400000", None, None]
    assert segments(cluster, "changes") <= 4
    assert network.erase_person({}, PERSON).rewritten == 0  # nothing of the person is there
    until = time.monotonic() + SECONDS
    while files := on_disk(cluster):
        assert time.monotonic() < until, files
        time.sleep(1)
    assert [change for _, _, lines in changes.rows() for change in lines] == before
