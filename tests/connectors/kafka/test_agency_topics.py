"""An agency's topic: every edition once by its ids, tokens only, and nothing lost between crashes."""

from __future__ import annotations

import json
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.kafka.agency_topics import HighWaterMark, LostEditions, MarkFile, SentReport, posts, send
from connectors.kafka.topics import Headers, Post
from streams.language.causes import DeliveryName, RecordCause
from streams.language.messages import CandidateChange
from streams.lists.editions import Edition
from streams.testing import edition as made
from streams.wire.wire import encode_edition
from tests.connectors.topics import KeptTopic, ListTopic
from tests.streams.world import SEAL

DAY = date(2026, 10, 15)


def line(policy: str, offset: int, place: int, change: str = "entered") -> CandidateChange:
    status = None if change == "left" else "eligible"
    missing = (("insured", "insurance"), ("willing", None))
    cause = RecordCause(DeliveryName("prison", "putuo-prison", 7))
    return CandidateChange(f"{offset}.{place}", policy, 2, 0xC0FFEE + place, change, status, None, ("willing",), missing, cause, DAY)


def edition(policy: str, number: int, offset: int, lines: int = 2) -> Edition:
    changes = tuple(line(policy, offset, place, "left" if place % 3 == 2 else "entered") for place in range(lines))
    return made(policy, number, offset, DAY, changes)


def sealed_message(body: bytes) -> tuple[None, bytes, Headers]:
    return None, body, SEAL.with_seal("editions", 0, b"", [], body)


def topic(editions: list[Edition]) -> ListTopic:
    return ListTopic({0: [sealed_message(encode_edition(closed_edition)) for closed_edition in editions]}, "huimin.editions")


def events(sent_posts: list[Post]) -> list[dict[str, Any]]:
    return [json.loads(post.value) for post in sent_posts]


def send_editions(folder: Path, editions: ListTopic, agency: KeptTopic) -> SentReport:
    mine = ("grant", "allowance")
    return send(
        editions,
        agency,
        MarkFile(folder / "mark.json"),
        SEAL,
        lambda closed_edition: closed_edition.policy in mine,
        lambda: False,
        once=True,
    )


def test_an_edition_is_its_lines_and_what_closes_it(tmp_path: Path) -> None:
    """CloudEvents 1.0 in structured mode; a consumer can tell when it has them all, and that they are the ones."""
    agency = KeptTopic("civil.lists")

    report = send_editions(tmp_path, topic([edition("grant", 1, 8, lines=3)]), agency)

    *lines, closing = events(agency.posts)
    assert report == SentReport(editions=1, lines=3)
    assert [post.key for post in agency.posts] == [
        b"grant/0000000000c0ffee",
        b"grant/0000000000c0ffef",
        b"grant/0000000000c0fff0",
        b"grant",
    ]
    assert all(
        dict(post.headers) == {"content-type": b"application/cloudevents+json; charset=UTF-8", "edition": b"1"} for post in agency.posts
    )
    assert lines[0] == {
        "specversion": "1.0", "id": "grant.1.0", "source": "/huimin/policies/grant", "type": "cn.huimin.agency.line.v1",
        "datacontenttype": "application/json",
        "data": {
            "policy": "grant", "edition": 1, "version": 2, "subject": "0000000000c0ffee", "change": "entered", "status": "eligible",
            "before": None, "checklist": ["willing"],
            "missing": [{"criterion": "insured", "feed": "insurance"}, {"criterion": "willing", "feed": None}], "cause": "record",
            "day": "2026-10-15",
        },
    }  # fmt: skip
    digest = sha256(b"".join(post.value + b"\n" for post in agency.posts[:3])).hexdigest()
    assert (closing["id"], closing["type"]) == ("grant.1", "cn.huimin.agency.edition.v1")
    assert closing["data"] == {
        "policy": "grant", "edition": 1, "day": "2026-10-15", "lines": 3, "entered": 2, "left": 1, "changed": 0, "digest": f"sha-256:{digest}",
        "manifest": edition("grant", 1, 8, lines=3).manifest.digest, "before": None,
    }  # fmt: skip


def test_nobody_learns_which_record_moved_whom() -> None:
    """The kind of cause goes out, the feed, unit and delivery of the record do not."""
    lines, closing = posts(edition("grant", 1, 8))

    assert not any(b"prison" in post.value for post in (*lines, closing))


def test_the_editions_of_other_agencies_are_passed_over(tmp_path: Path) -> None:
    """And counted."""
    agency = KeptTopic()

    report = send_editions(tmp_path, topic([edition("others", 1, 3), edition("grant", 1, 8), edition("others", 2, 9)]), agency)

    assert report == SentReport(editions=1, lines=2, others=2)
    assert {event["data"]["policy"] for event in events(agency.posts)} == {"grant"}


def test_the_next_run_goes_on_behind_the_last(tmp_path: Path) -> None:
    """Nothing is sent again; an edition that a worker told once more after a crash is passed over, too."""
    agency, editions = KeptTopic(), [edition("allowance", 1, 8), edition("grant", 1, 8)]
    send_editions(tmp_path, topic(editions), agency)
    before = list(agency.posts)

    again = send_editions(tmp_path, topic([*editions, *editions, edition("grant", 2, 11)]), agency)

    assert again == SentReport(editions=1, lines=2)
    assert [event["id"] for event in events(agency.posts[len(before) :])] == ["grant.2.0", "grant.2.1", "grant.2"]


@given(crashes=st.lists(st.integers(0, 12), max_size=6), repeats=st.lists(st.integers(0, 3), min_size=4, max_size=4))
def test_after_crashes_the_same_ids_have_the_same_bytes(
    tmp_path_factory: pytest.TempPathFactory, crashes: list[int], repeats: list[int]
) -> None:
    """Whoever keeps ids has every edition once; what closes one never comes before its lines."""
    folder = tmp_path_factory.mktemp("agency")
    editions = [edition("allowance", 1, 4, 3), edition("grant", 1, 4), edition("others", 1, 4), edition("grant", 2, 7, 1)]
    stream = [
        repeated for place, repeated in enumerate(editions) for repeated in (*editions[max(0, place - repeats[place]) : place], repeated)
    ]
    sent_posts: list[Post] = []
    for crash in [*crashes, None]:
        agency = KeptTopic(fail_after=crash)
        try:
            send_editions(folder, topic(stream), agency)
        except ConnectionError:
            continue
        finally:
            sent_posts += agency.posts

    ids = [json.loads(post.value)["id"] for post in sent_posts]
    wanted = {
        json.loads(post.value)["id"]: post
        for closed_edition in editions
        if closed_edition.policy != "others"
        for post in (*posts(closed_edition)[0], posts(closed_edition)[1])
    }
    assert set(ids) == set(wanted)
    assert all(post == wanted[id] for id, post in zip(ids, sent_posts, strict=True))
    for close, place in ((id, ids.index(id)) for id in ("allowance.1", "grant.1", "grant.2")):
        assert {id for id in wanted if id.startswith(f"{close}.")} <= set(ids[:place])


@pytest.mark.parametrize("text", ["", "no json", "[]", '{"next": 3}', '{"next": "x", "message": 1, "policy": "p"}'])
def test_a_damaged_mark_is_told(tmp_path: Path, text: str) -> None:
    """It is never taken for the beginning."""
    (tmp_path / "mark.json").write_text(text)

    with pytest.raises(LostEditions, match="is damaged"):
        send_editions(tmp_path, topic([]), KeptTopic())


def test_a_mark_that_is_not_of_this_topic_is_told(tmp_path: Path) -> None:
    """The topic was made anew, or part of it was never sent and is gone."""
    MarkFile(tmp_path / "mark.json").advance(HighWaterMark(5, 8, "grant"))

    with pytest.raises(LostEditions, match=r"holds 0 to 1, but .* says 5 comes next"):
        send_editions(tmp_path, topic([edition("grant", 1, 8)]), KeptTopic())


def test_it_ends_when_told(tmp_path: Path) -> None:
    """Behind a whole edition, whose mark is kept."""
    agency, stops = KeptTopic(), iter([False, True, True])

    send(
        topic([edition("grant", n, n) for n in (1, 2)]),
        agency,
        MarkFile(tmp_path / "m"),
        SEAL,
        lambda closed_edition: True,
        lambda: next(stops),
    )

    assert agency.posts[-1].key == b"grant" and len(agency.posts) == 3
    assert MarkFile(tmp_path / "m").read() == HighWaterMark(1, 1, "grant")
