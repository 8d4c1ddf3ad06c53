"""A unit's topic: the same records as a file of them, each row once whatever happens, and nothing dropped in silence."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.identity.running import RunningWriter
from connectors.identity.vault import Vault
from connectors.intake.intake import read
from connectors.kafka.topic_deliveries import MOST_ROWS, LostMessages, TopicSource
from connectors.kafka.topics import Post
from connectors.kafka.unit_topics import PACK_ROWS, Listener, listen, next_pack
from matchers.kernel.batch import DELETED, QUARANTINED
from tests.connectors.samples import RECEIVED, TOKENS, catalogue, resident
from tests.connectors.topics import Crash, KeptTopic, LedgerHost, ListTopic, hukou, messages

FEEDS = {name: replace(feed, format="jsonl") for name, feed in catalogue().feeds.items()}
NO_JSON, NO_UTF8, TWICE, A_LIST = b"no json", b'{"id_number": "\xff"}', b'{"sex": 1, "sex": 1}', b"[1]"


@dataclass
class World:
    """A host, a vault and a topic of dead letters, and whoever listens."""

    folder: Path
    feed: str = "hukou"
    host: LedgerHost = field(default_factory=LedgerHost)
    dead: KeptTopic = field(default_factory=KeptTopic)

    @property
    def vault(self) -> Vault:
        return Vault(self.folder / "identity", bytes(32))

    def listen(self, topic: ListTopic) -> Listener:
        listener = Listener(self.host, TopicSource(topic.name, FEEDS[self.feed], 0), TOKENS, self.vault, self.dead, lambda: RECEIVED)
        listen(topic, listener, lambda: False, once=True)
        return listener


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def header(post: Post, name: str) -> str:
    return dict(post.headers)[name].decode()


def test_the_records_of_a_topic_are_those_of_a_file(world: World, tmp_path: Path) -> None:
    """Every column of every row, flaws and identities."""
    records = [
        hukou(1),
        hukou(2, sex="?"),
        hukou(3, id_number="x"),
        hukou(4, deleted=True),
        hukou(5, changed_at=7),
        hukou(6, name=None),
    ]
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(json.dumps(cells, ensure_ascii=False) for cells in records), encoding="utf-8")
    (parcel,) = read(FEEDS["hukou"], 0, 1, path, TOKENS, received=RECEIVED)

    listener = world.listen(ListTopic({0: messages(records)}))

    (batch,), (report,) = world.host.batches(), listener.reports
    for name in ("key", "subject", "order", "row", "flags", "valid_from", "valid_to", "identity"):
        assert np.array_equal(getattr(batch, name), getattr(parcel.batch, name)), name
    assert all(np.array_equal(batch.values[name], column) for name, column in parcel.batch.values.items())
    assert all(np.array_equal(batch.links[name], column) for name, column in parcel.batch.links.items())
    assert report.flaws == [replace(flaw, line=0) for flaw in parcel.flaws]  # a topic has no lines
    assert (report.rows, report.placed, report.unplaced, report.quarantined, report.deleted) == (6, 5, 1, 2, 1)
    assert world.vault.look_up(FEEDS["hukou"], parcel.identities["token"].to_numpy(), ["name"])["id"].to_list() == sorted(
        parcel.identities["id"], key=lambda id: int(TOKENS.person([id])[0])
    )


def test_a_message_of_nobody_goes_to_the_dead_letters(world: World) -> None:
    """As it came, with the reason in both languages; the others are taken in, each with the number of its place."""
    nobody = hukou(3, id_number="310107")
    records = [NO_JSON, hukou(1), TWICE, A_LIST, NO_UTF8, nobody, hukou(2), hukou(4, name=["x"])]
    topic = ListTopic({0: messages(records)})

    listener = world.listen(topic)

    assert world.host.rows() == [(1, 2), (1, 7)]
    assert [post.value for post in world.dead.posts] == [
        NO_JSON,
        TWICE,
        A_LIST,
        NO_UTF8,
        topic.partitions[0][7][1],
        topic.partitions[0][5][1],
    ]
    assert [header(post, "ce_offset") for post in world.dead.posts] == ["0", "2", "3", "4", "7", "5"]
    assert header(world.dead.posts[0], "ce_id") == "unit.hukou.0.0" and header(world.dead.posts[0], "ce_type") == "cn.huimin.dead-letter.v2"
    assert "JSON" in header(world.dead.posts[0], "ce_reasonen") and "JSON" in header(world.dead.posts[0], "ce_reasonzh")
    assert header(world.dead.posts[-1], "ce_reasonen").startswith("row 6, column id_number: a number of 6 digits; of the wrong length")
    (report,) = listener.reports
    assert (report.rows, report.placed, report.unplaced) == (8, 2, 6)


def test_no_reason_holds_a_cell(world: World) -> None:
    """Whatever was wrong with it."""
    records = [hukou(1, id_number="310107-secret"), hukou(2, id_number={"a": "secret"}), b'{"id_number": "secret"', hukou(3, id_number="")]

    world.listen(ListTopic({0: messages(records)}))

    assert len(world.dead.posts) == 4
    assert not any("secret" in header(post, name) for post in world.dead.posts for name, _ in post.headers)


def test_an_empty_message_deletes_where_its_key_says_enough(world: World) -> None:
    """Order by arrival, and a key that is the subject's; else it is a dead letter."""
    world.feed = "household"
    sound = {"household_no": "H1", "division": "310107020000", "size": 3}
    topic = ListTopic({0: [*messages([sound]), (b"H1", None), (None, None), (b"\xff", None)]}, "unit.household")
    world.listen(topic)
    other = World(world.folder)
    other.listen(ListTopic({0: [(resident(1).encode(), None)]}))

    flags = [flag for batch in world.host.batches() for flag in batch.flags.tolist()]
    assert flags == [0, DELETED] and len({*world.host.batches()[0].key.tolist()}) == 1
    assert len(world.dead.posts) == 2 and not other.host.batches()
    assert "deleted: true" in header(other.dead.posts[0], "ce_reasonen")


def test_each_partition_is_a_delivery(world: World) -> None:
    """Known by its topic and number, and begun once."""
    topic = ListTopic({0: messages([hukou(1)]), 2: messages([hukou(2), hukou(3)])})
    world.listen(topic)
    topic.partitions[2] += messages([hukou(4)])
    world.listen(topic)

    assert [(delivery.number, delivery.id, delivery.spans) for delivery in world.host.deliveries.of("hukou", 0)] == [
        (1, "kafka:unit.hukou/0", [(1, 1)]),
        (2, "kafka:unit.hukou/2", [(1, 3)]),
    ]


def test_a_file_in_between_begins_a_new_base(world: World) -> None:
    """Its number is greater: what comes later must not be hidden by a full replacement, or lose to it for ever."""
    topic = ListTopic({0: messages([hukou(1), hukou(2)])})
    world.listen(topic)
    world.host.file("hukou", replaces=True)
    topic.partitions[0] += messages([hukou(3)])
    world.listen(topic)
    topic.partitions[0] += messages([hukou(4)])
    world.listen(topic)

    assert world.host.rows() == [(1, 1), (1, 2), (3, 1), (3, 2)]
    assert world.host.deliveries.by_id("hukou", 0, "kafka:unit.hukou/0@2") is not None


def test_row_numbers_that_end_begin_a_new_base(world: World) -> None:
    """After two thousand million messages, and at whatever offset a topic begins."""
    topic = ListTopic({0: messages([hukou(1), hukou(2)])}, first={0: MOST_ROWS - 2})
    world.listen(topic)
    topic.partitions[0] += messages([hukou(3), hukou(4)])
    world.listen(topic)
    far = ListTopic({0: messages([hukou(5)])}, "far", first={0: 5 * MOST_ROWS})
    world.listen(far)

    assert world.host.rows() == [(1, MOST_ROWS - 1), (1, MOST_ROWS), (2, 1), (2, 2), (3, 1)]
    assert world.host.deliveries.of("hukou", 0)[2].id == f"kafka:far/0@{5 * MOST_ROWS}"


def test_messages_past_their_retention_are_told(world: World) -> None:
    """Never passed over, until the unit has delivered everything anew."""
    topic = ListTopic({0: messages([hukou(1), hukou(2)])})
    world.listen(topic)
    later = ListTopic({0: messages([hukou(9)])}, first={0: 7})
    world.host.file("hukou")

    with pytest.raises(LostMessages, match=r"begins at 7, but 2 comes next") as raised:
        world.listen(later)
    world.host.file("hukou", replaces=True)
    world.listen(later)

    assert "--replace" in raised.value.text.zh
    assert world.host.rows()[2:] == [(4, 1)]


def test_a_topic_made_anew_is_told(world: World) -> None:
    """It ends before what was taken in."""
    world.listen(ListTopic({0: messages([hukou(1), hukou(2)])}))

    with pytest.raises(LostMessages, match=r"ends at 1, but was taken in up to 2"):
        world.listen(ListTopic({0: messages([hukou(1)])}))


def test_a_pack_is_a_thousand_rows_or_a_tenth_of_a_second() -> None:
    """Whichever comes first; an empty topic gives an empty pack."""
    topic = ListTopic({0: messages([b"{}"] * 2_500)}, most=300)
    topic.begin({0: 0})
    still, moving = iter(range(1_000)), iter([0.0, 0.03, 0.2])

    full = next_pack(topic, lambda: 0.0 * next(still))
    short = next_pack(topic, lambda: next(moving))

    assert (len(full), len(short)) == (PACK_ROWS, 600)
    topic.begin({0: 2_500})
    assert next_pack(topic, lambda: 0.0) == []


def test_dead_letters_are_there_before_their_pack(world: World) -> None:
    """A broker that fails in between leaves the pack to be read again."""
    world.dead.fail_after = 0
    topic = ListTopic({0: messages([hukou(1), NO_JSON])})

    with pytest.raises(ConnectionError):
        world.listen(topic)

    assert not world.host.batches()


RECORD = st.sampled_from(["sound", "flawed", "nobody", "no json"])


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(
    kinds=st.lists(RECORD, min_size=1, max_size=25),
    crashes=st.lists(st.sampled_from(["", "", "before", "behind"]), max_size=12),
    most=st.lists(st.integers(2, 9), min_size=1, max_size=5),
)
def test_whatever_crashes_each_row_is_applied_once(kinds: list[str], crashes: list[str], most: list[int]) -> None:
    """Nothing lost, nothing twice: rows, dead letters (by id) and identities."""
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), host=LedgerHost(crashes=crashes))
        makers: dict[str, Any] = {
            "no json": lambda i: NO_JSON,
            "nobody": lambda i: hukou(i, id_number="1"),
            "flawed": lambda i: hukou(i, sex="?"),
        }
        records = [makers.get(kind, hukou)(place) for place, kind in enumerate(kinds)]
        for tries in range(20):
            try:
                world.listen(ListTopic({0: messages(records)}, most=most[tries % len(most)]))
                break
            except Crash:
                continue

        placed = [place for place, kind in enumerate(kinds) if kind in ("sound", "flawed")]
        assert world.host.rows() == [(1, place + 1) for place in placed]
        assert {post.key.decode() for post in world.dead.posts} == {f"unit.hukou.0.{p}" for p in range(len(kinds)) if p not in placed}
        flags = [flag for batch in world.host.batches() for flag in batch.flags.tolist()]
        assert [flag == QUARANTINED for flag in flags] == [kinds[place] == "flawed" for place in placed]
        tokens = TOKENS.person([resident(place) for place in placed])
        names = dict(world.vault.look_up(FEEDS["hukou"], tokens, ["name"]).select("id", "name").rows())
        assert names == {resident(place): f"居民{place}" for place in placed}


def test_few_segments_are_left_however_small_the_packs(world: World) -> None:
    """Of three hundred packs, some ten; a listener that begins anew goes on with them."""
    records = [hukou(serial) for serial in range(300)]
    topic = ListTopic({0: messages(records[:200])}, most=1)
    listener = Listener(world.host, TopicSource(topic.name, FEEDS["hukou"], 0), TOKENS, world.vault, world.dead, lambda: RECEIVED)
    topic.begin({0: 0})
    while pack := topic.poll(0, 1):
        listener.take(pack)
    topic.partitions[0] += messages(records[200:])
    world.listen(topic)

    assert len(world.vault.segments(FEEDS["hukou"])) <= 12
    tokens = TOKENS.person([resident(serial) for serial in range(300)])
    assert len(world.vault.look_up(FEEDS["hukou"], tokens, ["name"])) == 300


def test_a_pack_is_written_with_the_segments_before_it(world: World) -> None:
    """Those that are no larger; also where an earlier contract had fewer identity fields; a pack that comes once more changes nothing."""
    writer, feed = RunningWriter(world.vault, FEEDS["hukou"], 0, 1), FEEDS["hukou"]
    path = world.folder / "a.jsonl"
    path.write_text("\n".join(json.dumps(hukou(serial)) for serial in range(3)), encoding="utf-8")
    (parcel,) = read(feed, 0, 1, path, TOKENS, received=RECEIVED)
    tokens = parcel.identities["token"].to_numpy()

    writer.add(parcel.identities.drop("name"), 1)
    names = world.vault.look_up(feed, tokens, ["name"])["name"].to_list()
    writer.add(parcel.identities, 4)
    segments = world.vault.segments(feed)
    writer.add(parcel.identities, 7)
    RunningWriter(world.vault, feed, 0, 1).add(parcel.identities, 7)

    assert names == ["", "", ""] and segments == ["person/hukou/0.1.1"]
    assert world.vault.segments(feed) == ["person/hukou/0.1.1", "person/hukou/0.1.7"]
    assert [len(world.vault.frame(name)) for name in world.vault.segments(feed)] == [6, 3]
    assert all(world.vault.look_up(feed, tokens, ["name"])["name"].to_list())
