"""Topics without somebody, on a real broker: read from the start, and in the files of the broker."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from connectors.kafka.broker import ChangesTopic, all_records
from connectors.kafka.topic_erasure import SEGMENT_AGE, Topics
from infra.kafka.cluster import Cluster
from infra.kafka.reach import admin
from infra.kafka.topics import create, topics
from streams.language.causes import DayCause
from streams.language.events import headers
from streams.language.folds import Outgoing
from streams.lists.editions import Edition, editions, unsound
from streams.lists.lines import Lines
from streams.lists.manifests import kept
from streams.wire.wire import encode_changes, encode_edition
from tests.streams.world import SEAL

pytestmark = [pytest.mark.kafka, pytest.mark.xdist_group("kafka")]
PREFIX = "emptying."
DAY = date(2026, 10, 15)
SHE = 0x5EC2E7C0FFEE1234
NEEDLES = (SHE.to_bytes(8, "little"), str(SHE).encode())
MESSAGES = 300
SECONDS = 90.0
VERSIONS = {1: ("civil", "digest")}


def row(offset: int) -> Lines:
    """One message's lines: two people enter, of whom one is she, now and then."""
    subjects = [1000 + offset, *([SHE] if offset % 50 == 3 else [2000 + offset])]
    again = offset % 50 == 3 and offset > 50
    status = np.full(2, 1, np.uint8)
    before = np.array([0, 1 if again else 0], np.uint8)
    heads, opens = [("grant", 1, DAY, DayCause(DAY))], [((), ()), ((f"check {offset}",), ())]
    head, open = np.zeros(2, np.int32), np.array([0, 1], np.int32)
    return Lines(offset, heads, opens, head, open, np.array(subjects, np.uint64), before, status)


def told(offset: int) -> tuple[int, str | None, Lines]:
    return offset, "grant" if offset % 10 == 9 else None, row(offset)


def sent(cluster: Cluster, rows: list[tuple[int, str | None, Lines]], closed: list[Edition]) -> None:
    """What a merger sends."""
    from kafka import KafkaProducer

    out = [Outgoing("changes", 0, str(o), "changes", encode_changes(r), {} if c is None else {"closes": c}) for o, c, r in rows]
    for one in closed:
        facts = {"policy": one.policy, "number": str(one.number), "manifest": one.manifest.digest}
        out.append(Outgoing("editions", 0, f"{one.policy}.{one.number}", "edition", encode_edition(one), facts))
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
    found = []
    for path in (cluster.folder / "broker-1" / "data").glob(f"{PREFIX}*/*.log*"):
        try:
            data = path.read_bytes()
        except FileNotFoundError:  # the broker deletes files when it likes to
            continue
        found += [str(Path(path.parent.name) / path.name)] if any(needle in data for needle in NEEDLES) else []
    return found


def segments(cluster: Cluster, topic: str) -> int:
    return len(list((cluster.folder / "broker-1" / "data").glob(f"{PREFIX}{topic}-0/*.log")))


def test_she_leaves_topics_and_files_and_all_else_stays(cluster: Cluster) -> None:
    """Lines keep their ids, editions their manifests; topics are set as they were, and have a segment more, not one for each message."""
    from kafka.admin import ConfigResource

    client = cluster.connection().client()
    create(cluster.connection(), topics(2, 1, PREFIX))
    rows = [told(offset) for offset in range(MESSAGES)]
    closed = list(editions("grant", rows, VERSIONS))
    sent(cluster, rows, closed)
    changes, network = ChangesTopic(client, PREFIX, SEAL), Topics(client, PREFIX, SEAL, 2)
    before = [change for _, _, lines in changes.rows() for change in lines if change.subject != SHE]
    assert readable(cluster, "changes") and readable(cluster, "editions") and readable(cluster, "dead-letters")
    assert on_disk(cluster)
    assert changes.last() == MESSAGES - 1
    with admin(cluster.connection()) as ask:
        ask.alter_configs([ConfigResource("TOPIC", f"{PREFIX}changes", {SEGMENT_AGE: "86400000"})])

    begun = network.rolled()
    done = network.emptied({"dead-letters-0": begun["dead-letters-0"], "inputs-0": begun["inputs-0"]}, SHE)

    assert (done.deleted, done.rewritten) == (1, MESSAGES + len(closed))
    assert not any(readable(cluster, topic) for topic in ("changes", "editions", "dead-letters"))
    assert [change for _, _, lines in changes.rows() for change in lines] == before
    assert changes.last() == MESSAGES - 1
    again = list(editions("grant", changes.rows(), VERSIONS, kept(changes.manifests("grant"))))
    assert [one.manifest.digest for one in again] == [one.manifest.digest for one in closed]
    assert sum(one.manifest.erased for one in again) == MESSAGES // 50
    assert list(unsound(again)) == []
    with admin(cluster.connection()) as ask:
        names = [f"{PREFIX}{topic}" for topic in ("changes", "editions", "inputs")]
        found = ask.describe_configs([ConfigResource("TOPIC", name, [SEGMENT_AGE]) for name in names])["topic"]
    assert [found[name].get(SEGMENT_AGE, {}).get("value") for name in names] == ["86400000", None, None]
    assert segments(cluster, "changes") <= 4
    assert network.emptied({}, SHE).rewritten == 0  # she is not there
    until = time.monotonic() + SECONDS
    while found_there := on_disk(cluster):
        assert time.monotonic() < until, found_there
        time.sleep(1)
    assert [change for _, _, lines in changes.rows() for change in lines] == before
