"""What clients of a network read: what no member sealed is nothing, wherever it lies, and stops nobody."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from connectors.kafka import broker
from connectors.kafka.agency_topics import MarkFile, send
from connectors.kafka.broker import ChangesTopic, InputsTopic, ProgressTopic, dead_letters
from connectors.kafka.depot import DepotError, FsspecDepot
from connectors.kafka.topics import Post, SealedWriter
from streams.language.causes import DayCause
from streams.language.errors import NewerFormat
from streams.language.messages import FIRST_VERSION, VERSION, Tick
from streams.lists.lines import Lines
from streams.network.network_host import NetworkHost
from streams.network.sequencer import CENSUS
from streams.wire.seal import OPEN, Seal
from streams.wire.wire import encode, encode_changes, encode_edition
from tests.connectors.kafka.test_agency_topics import edition
from tests.connectors.topics import KeptTopic, ListTopic
from tests.streams.network.test_forged import THEIRS, newer
from tests.streams.topics import Silent
from tests.streams.world import DAY, network, parts, stamped_bytes
from tests.streams.world import SEAL as OURS

Wanted = Mapping[str, Sequence[tuple[bytes, list[tuple[str, bytes]], bytes | None]]]


class Consumer:
    """What a broker has in one topic."""

    def __init__(self, records: Sequence[tuple[bytes, list[tuple[str, bytes]], bytes | None]]) -> None:
        self.records = [
            SimpleNamespace(offset=offset, partition=0, key=key, headers=headers, value=value, timestamp=0)
            for offset, (key, headers, value) in enumerate(records)
        ]
        self.at = 0

    def beginning_offsets(self, places: list[Any]) -> dict[Any, int]:
        return dict.fromkeys(places, 0)

    def end_offsets(self, places: list[Any]) -> dict[Any, int]:
        return dict.fromkeys(places, len(self.records))

    def seek(self, place: Any, offset: int) -> None:
        self.at = offset

    def position(self, place: Any) -> int:
        return self.at

    def poll(self, timeout_ms: int) -> dict[Any, list[Any]]:
        records, self.at = self.records[self.at : self.at + 3], min(len(self.records), self.at + 3)
        return {"place": records}

    def close(self) -> None: ...


@pytest.fixture
def topics(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Any]]:
    """Topics by name, each record (key, headers, value); in the place of a broker."""
    records_by_topic: dict[str, list[Any]] = {}
    monkeypatch.setattr(broker, "_reader", lambda client, topic: (Consumer(records_by_topic.get(topic, ())), topic))
    monkeypatch.setattr("kafka.KafkaProducer", lambda **words: SimpleNamespace(close=lambda: None))
    return records_by_topic


def by(seal: Seal | None, topic: str, key: bytes, body: bytes, *headers: tuple[str, bytes]) -> tuple[Any, ...]:
    return key, list(headers) if seal is None else seal.with_seal(topic, 0, key, list(headers), body), body


def row(offset: int, subject: int = 7) -> bytes:
    changes = Lines(
        offset, [("grant", 1, DAY, DayCause(DAY))], [((), ())], np.zeros(1, np.int32), np.zeros(1, np.int32),
        np.array([subject], np.uint64), np.zeros(1, np.uint8), np.ones(1, np.uint8),
    )  # fmt: skip
    return encode_changes(changes)


def test_a_workspace_follows_the_members_alone(topics: dict[str, list[Any]], tmp_path: Path) -> None:
    """A day, a later version, rubbish that others wrote: each keeps its place and is nothing; a replica goes on, and ends where it should."""
    others = [
        by(THEIRS, "inputs", b"1", stamped_bytes(Tick(date(2031, 1, 1)))),
        by(None, "inputs", b"2", newer(Tick(DAY))),
        (b"3", [], None),
    ]
    ours = [by(OURS, "inputs", b"4", stamped_bytes(message)) for message in (Tick(DAY), network())]
    topics["n.inputs"] = [*others, ours[0], *others, ours[1], *others]

    inputs = InputsTopic({}, "n.", OURS)
    with NetworkHost(tmp_path, parts(), inputs, Silent()) as host:
        assert (host.state.day, host.state.has_catalogue, host.state.offset) == (DAY, True, 10)
    assert [bool(body) for _, body in islice(inputs.read(-1), 5)] == [False, False, False, True, False]


def test_a_later_version_of_a_member_ends_a_workspace(topics: dict[str, list[Any]], tmp_path: Path) -> None:
    """With the sentence that says what to do."""
    topics["n.inputs"] = [by(OURS, "inputs", b"1", newer(Tick(DAY)))]

    with pytest.raises(NewerFormat, match=f"reads up to version {VERSION}"):
        NetworkHost(tmp_path, parts(), InputsTopic({}, "n.", OURS), Silent())


def test_lines_are_what_the_members_tell(topics: dict[str, list[Any]]) -> None:
    """Forged lines, a forged close, one of another topic, lines told again: nobody is listed or taken off by them."""
    ours = [by(OURS, "changes", b"%d" % offset, row(offset)) for offset in (0, 3)]
    junk = [
        by(THEIRS, "changes", b"1", row(1, 666)), by(None, "changes", b"no number", b"nothing"), by(OURS, "editions", b"2", row(2, 666)),
        (ours[0][0], [*ours[0][1], ("ce_closes", b"grant")], ours[0][2]), (ours[0][0], ours[0][1], ours[0][2][:-1]),
    ]  # fmt: skip
    topics["n.changes"] = [*junk, ours[0], *junk, ours[1], ours[0], *junk * 20]
    changes = ChangesTopic({}, "n.", OURS)

    assert [(offset, closes, rows.subject.tolist()) for offset, closes, rows in changes.rows()] == [(0, None, [7]), (3, None, [7])]
    assert changes.last() == 3
    topics["n.changes"] = junk
    assert changes.last() == -1


def test_progress_is_what_the_members_say(topics: dict[str, list[Any]]) -> None:
    """A message of another is ignored, whatever its key; the known members, and version 0.1, are told without a seal."""
    body = json.dumps({"offset": 1, "done": 2, "of": 2}).encode()
    kind = ("ce_type", f"cn.huimin.progress.v{FIRST_VERSION}".encode())
    topics["n.progress"] = [
        by(OURS, "progress", b"grant@1", body, kind), by(THEIRS, "progress", b"grant@1", b"nothing", kind), by(None, "progress", b"", b""),
        by(THEIRS, "progress", b"member:0f", b"{}"), by(OURS, "progress", b"grant@1", body.replace(b'"done": 2', b'"done": 1'), kind),
    ]  # fmt: skip
    progress = ProgressTopic({}, "n.", OURS)

    assert {name: task._asdict() for name, task in progress.progress().items()} == {"grant@1": json.loads(body)}
    assert progress.members() == {"0f"}
    with pytest.MonkeyPatch.context() as old:
        old.setattr("streams.wire.wire.FIRST_VERSION", 1)
        topics["n.inputs"] = [by(None, "inputs", b"1", encode(Tick(DAY)))]
    assert progress.of_old()
    for first in (
        by(None, "inputs", b"1", encode(Tick(DAY))),
        by(OURS, "inputs", b"1", stamped_bytes(Tick(DAY))),
        (b"", [], b"HMIN"),
        (b"", [], None),
    ):
        topics["n.inputs"] = [first]
        assert not progress.of_old()


def test_an_old_census_that_comes_again_takes_nothing_back(topics: dict[str, list[Any]]) -> None:
    """It ranks by the message before it; a census of an older worker has no rank, and counts until another comes."""
    kind = ("ce_type", f"cn.huimin.census.v{FIRST_VERSION}".encode())

    def census(persons: int, *offset: tuple[str, bytes]) -> Any:
        return by(OURS, "progress", CENSUS.encode(), json.dumps({"310107020": [0, persons, 0, 0]}).encode(), kind, *offset)

    progress, persons_seen = ProgressTopic({}, "n.", OURS), []
    topics["n.progress"] = []
    for record in (census(1), census(2, ("ce_offset", b"7")), census(3, ("ce_offset", b"10")), census(2, ("ce_offset", b"7")), census(1)):
        topics["n.progress"].append(record)
        persons_seen.append(progress.census()["310107020"][1])

    assert persons_seen == [1, 2, 3, 3, 3]


def test_dead_letters_are_what_the_members_put_aside(topics: dict[str, list[Any]]) -> None:
    """Who has no network sees all of them."""
    head = {"ce_topic": b"inputs", "ce_partition": b"0", "ce_offset": b"7", "ce_reasonzh": "不认识".encode(), "ce_reasonen": b"unknown"}
    ours = by(OURS, "dead-letters", b"1", b"body", *head.items())
    lie = by(THEIRS, "dead-letters", b"2", b"", *{**head, "ce_offset": b"8", "ce_reasonen": b"\x1b[2J all is well"}.items())
    unreadable = [
        by(None, "dead-letters", b"", b"", *{**head, name: value}.items()) for name, value in (("ce_offset", b"x"), ("ce_topic", b"\xff"))
    ]
    topics["n.dead-letters"] = [lie, ours, lie, *unreadable, (b"", [("ce_topic", None)], b"")]

    assert [(letter.offset, letter.reason.en) for letter in dead_letters({}, "n.", OURS, 50)] == [(7, "unknown")]
    assert len(dead_letters({}, "n.", None, 50)) == 2


def test_an_agency_is_sent_the_members_editions(tmp_path: Path) -> None:
    """Forged, cut, of a later version, taken from another topic: passed over and counted; the mark goes on behind them."""

    def editions(seal: Seal | None, body: bytes, topic: str = "editions") -> tuple[Any, ...]:
        return None, body, [] if seal is None else seal.with_seal(topic, 0, b"", [], body)

    first, second = encode_edition(edition("grant", 1, 8)), encode_edition(edition("grant", 2, 9))
    good = editions(OURS, first)
    wrong = [
        editions(THEIRS, second), editions(None, newer(Tick(DAY))), editions(OURS, second, "changes"), (None, first[:-1], good[2]), (None, None, []),
    ]  # fmt: skip
    reading, agency = ListTopic({0: [*wrong, good, *wrong, editions(OURS, second)]}, "huimin.editions"), KeptTopic()
    mark = MarkFile(tmp_path / "mark.json")

    report = send(reading, agency, mark, OURS, lambda closed_edition: True, lambda: False, once=True)

    assert (report.editions, report.unproved) == (2, 2 * len(wrong))
    assert [post.key for post in agency.posts if b"/" not in post.key] == [b"grant", b"grant"]
    assert mark.read() is not None


def test_what_a_workspace_puts_aside_is_sealed() -> None:
    """As a worker's dead letters are."""
    letters = KeptTopic()
    SealedWriter(letters, "dead-letters", OURS).send(Post(b"1", b"body", [("ce_id", b"1")], 0))
    letters.flush()
    (post,) = letters.posts

    assert OURS.problem("dead-letters", 0, post.key, post.headers, post.value) is None


def names(folder: Path) -> Iterator[str]:
    return (path.name for path in sorted(folder.iterdir()))


def test_a_depot_holds_what_members_kept(tmp_path: Path) -> None:
    """A snapshot under any name that no member gave it is not there, and keeps nobody from keeping the next; one that was changed is refused."""
    depot, source, folder = FsspecDepot(str(tmp_path / "d"), OURS), tmp_path / "one", tmp_path / "d" / "lines-0"
    source.write_bytes(b"a state")
    depot.keep("lines-0", 7, source)
    (name,) = names(folder)
    _, digest, seal, kind = name.split(".")
    for forged in (
        f"{99:020d}.snapshot", f"{99:020d}.{digest}.{seal}.{kind}", f"{99:020d}.{'0' * 64}.{'0' * 32}.{kind}", "²" * 20 + ".a.b.snapshot",
        f"{7:020d}.{'0' * 64}.{seal}.{kind}",
    ):  # fmt: skip
        (folder / forged).write_bytes(b"a state of theirs")
    (tmp_path / "d" / "orders-0").mkdir()
    (tmp_path / "d" / "orders-0" / name).write_bytes(b"a state")
    FsspecDepot(str(tmp_path / "d"), THEIRS).keep("lines-0", 50, source)
    FsspecDepot(str(tmp_path / "d"), Seal(OPEN, "a network of tests")).keep("lines-0", 51, source)

    assert (depot.newest("lines-0"), depot.newest("orders-0")) == (7, None)
    depot.fetch("lines-0", 7, tmp_path / "fetched")
    assert (tmp_path / "fetched").read_bytes() == b"a state"
    depot.keep("lines-0", 8, source)
    depot.remove_older("lines-0", 8)
    assert depot.newest("lines-0") == 8
    (newest,) = (path for path in folder.iterdir() if path.name.startswith(f"{8:020d}"))
    newest.write_bytes(b"A STATE")
    with pytest.raises(DepotError, match="snapshot 8 of lines-0 was changed"):
        depot.fetch("lines-0", 8, tmp_path / "again")
    assert not (tmp_path / "again").exists()
