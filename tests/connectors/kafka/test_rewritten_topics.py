"""Topics that are written again while others write and read: everything is read once, in order, whoever is stopped when."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connectors.kafka.agency_topics import HighWaterMark, LostEditions, MarkFile, send
from connectors.kafka.rewritten_topics import NOTHING, REWRITTEN, InOrder, distinct_messages, edition_order, in_order, run_label
from connectors.kafka.topic_erasure import _changes, _editions
from connectors.kafka.topics import Headers, Message, OffsetSpan
from streams.erasure.scrub import _manifests_as_closed
from streams.language.causes import DayCause
from streams.language.messages import CandidateChange
from streams.lists.editions import Edition, edition_problems, editions, fold
from streams.lists.lines import Lines
from streams.lists.manifests import Manifest
from streams.testing import edition as made
from streams.wire.wire import decode_changes, decode_edition, encode_changes, encode_edition
from tests.connectors.topics import KeptTopic
from tests.streams.world import SEAL

DAY = date(2026, 10, 15)
PERSON = 7


def bodies(count: int) -> list[tuple[bytes, bytes]]:
    """Key and body of so many editions; two are closed by each message."""
    out = []
    for place in range(count):
        policy, number, offset = "ab"[place % 2], place // 2 + 1, place // 2
        lines = (CandidateChange(f"{offset}.0", policy, 1, place + 1, "entered", "eligible", None, (), (), DayCause(DAY), DAY),)
        out.append((f"{policy}.{number}".encode(), encode_edition(made(policy, number, offset, DAY, lines))))
    return out


ALL = bodies(40)


@dataclass
class Run:
    """A process that rewrites the topic."""

    name: str
    first: int
    begin: int
    wanted: list[Message] | None = None
    copy_count: int = 0


@dataclass
class Topic:
    """A topic in memory, read and written by many."""

    name: str = "huimin.editions"
    log: list[Message] = field(default_factory=list)
    first: int = 0
    new_count: int = 0
    at: int = 0

    def put(self, key: bytes, body: bytes, headers: Headers) -> int:
        self.log.append(Message(0, len(self.log), key, body, SEAL.with_seal("editions", 0, key, headers, body)))
        return len(self.log) - 1

    def new(self) -> None:
        if self.new_count < len(ALL):
            self.put(*ALL[self.new_count], [])
            self.new_count += 1

    def again(self, count: int) -> None:
        """A restarted worker sends the last few messages again."""
        for key, body in ALL[max(0, self.new_count - count) : self.new_count]:
            self.put(key, body, [])

    def begin_run(self, name: str) -> Run:
        return Run(name, self.first, self.put(NOTHING, b"", [(REWRITTEN, run_label(name))]))

    def copy(self, run: Run, count: int) -> bool:
        """Writes some copies, and deletes everything before them when all are there; true when the run is over."""
        if run.wanted is None:
            run.wanted = list(distinct_messages(in_order(self.log[self.first : run.begin], edition_order)))
        for original in run.wanted[run.copy_count : run.copy_count + count]:
            assert original.key is not None and original.value is not None
            self.put(original.key, original.value, [(REWRITTEN, run_label(run.name, run.wanted[-1].key or b""))])
        run.copy_count += count
        if run.copy_count < len(run.wanted):
            return False
        if self.first == run.first:
            self.first = max(self.first, run.begin)
        return True

    def spans(self) -> Mapping[int, OffsetSpan]:
        return {0: OffsetSpan(self.first, len(self.log))}

    def begin(self, offsets: Mapping[int, int]) -> None:
        assert offsets[0] >= self.first
        self.at = offsets[0]

    def poll(self, seconds: float, most: int) -> list[Message]:
        messages = self.log[self.at : self.at + min(most, 5)]
        self.at += len(messages)
        return messages

    def positions(self) -> Mapping[int, int]:
        return {0: self.at}


def read(topic: Topic) -> list[bytes | None]:
    """The keys as a client reads them: repeated messages are dropped."""
    newest, keys = (-1, ""), []
    for message in in_order(topic.log[topic.first :], edition_order):
        if edition_order(message) > newest:
            newest = edition_order(message)
            keys.append(message.key)
    return keys


WHAT = ["new", "new", "again", "begin", "copy first", "copy first", "copy second", "copy second", "stop", "send", "crash"]
steps = st.lists(st.tuples(st.sampled_from(WHAT), st.integers(1, 8)), max_size=40)


@given(steps)
@example([("begin", 1), ("copy first", 2), ("begin", 1), ("copy second", 1), ("copy first", 1), ("copy second", 8)])
@example([("begin", 1), ("begin", 1), ("copy first", 8), ("copy second", 8)])
@example([("begin", 1), ("copy first", 1), ("begin", 1), ("copy first", 8), ("copy second", 8)])
@example([("begin", 1), ("copy first", 2), ("new", 1), ("copy first", 8), ("crash", 8), ("send", 1)])
@example([("begin", 1), ("copy first", 2), ("new", 1), ("copy first", 8), ("crash", 3), ("begin", 1), ("copy first", 8), ("send", 1)])
def test_everything_is_read_and_sent_once_in_order_whoever_is_stopped_when(
    tmp_path_factory: pytest.TempPathFactory, happens: list[tuple[str, int]]
) -> None:
    """Two processes rewrite the topic at once, or are stopped; a worker repeats messages; the sender is stopped, too."""
    topic, runs, mark = Topic(), list[Run](), MarkFile(tmp_path_factory.mktemp("sent") / "mark.json")
    sent_ids: list[str] = []
    for _ in range(4):
        topic.new()

    def send_to_agency(fail_after: int | None) -> None:
        agency = KeptTopic(fail_after=fail_after)
        with suppress(ConnectionError):
            send(topic, agency, mark, SEAL, lambda closed_edition: True, lambda: False, once=True)
        ids = [json.loads(post.value)["id"] for post in agency.posts]
        sent_ids.extend(id for id in ids if id.count(".") == 1)

    for number, (what, count) in enumerate(happens):
        match what:
            case "new":
                topic.new()
            case "again":
                topic.again(count)
            case "begin" if len(runs) < 2:
                runs.append(topic.begin_run(f"run{number}"))
            case "copy first" | "copy second" if runs:
                run = runs[-1 if what == "copy second" else 0]
                if topic.copy(run, count):
                    runs.remove(run)
            case "stop" if runs:
                runs.pop(number % len(runs))
            case "send":
                send_to_agency(None)
            case "crash":
                send_to_agency(count)
        assert read(topic) == [key for key, _ in ALL[: topic.new_count]]
    send_to_agency(None)

    wanted = [key.decode() for key, _ in ALL[: topic.new_count]]
    assert list(dict.fromkeys(sent_ids)) == wanted
    if "crash" not in {what for what, _ in happens}:
        assert sent_ids == wanted


def test_a_topic_that_begins_without_a_run_has_lost_editions(tmp_path: Path) -> None:
    """A mark below its start is a loss, unless all that was there is written again."""
    topic = Topic()
    for _ in range(6):
        topic.new()
    MarkFile(tmp_path / "mark.json").advance(HighWaterMark(1, 0, "a"))
    topic.first = 3

    with pytest.raises(LostEditions, match="holds 3 to 6"):
        send(topic, KeptTopic(), MarkFile(tmp_path / "mark.json"), SEAL, lambda closed_edition: True, lambda: False, once=True)


def test_whoever_has_the_originals_waits_for_no_copies() -> None:
    """A run that was stopped holds back nothing that comes behind it."""
    topic = Topic()
    topic.new()
    topic.new()
    topic.copy(topic.begin_run("stopped"), 1)
    topic.new()
    order = InOrder(edition_order)

    ready = [message.key for record in topic.log for message, _ in order.take(record)]

    assert ready == [b"a.1", b"b.1", b"a.2"]


statuses = st.sampled_from([None, "eligible", "to_check"])
rows = st.lists(st.tuples(st.lists(st.tuples(st.integers(5, 9), statuses), max_size=4), st.booleans()), min_size=1, max_size=12)


def closed_editions(moves_of_messages: list[tuple[list[tuple[int, str | None]], bool]]) -> list[Edition]:
    """The editions of a list with these moves, message by message."""
    listed: dict[int, CandidateChange] = {}
    out: list[tuple[int, str | None, list[CandidateChange]]] = []
    for offset, (moves, closes) in enumerate(moves_of_messages):
        changes = list[CandidateChange]()
        for subject, status in moves:
            before = listed[subject].status if subject in listed else None
            if status == before:
                continue
            kind = "entered" if before is None else "left" if status is None else "changed"
            change = CandidateChange(f"{offset}.{len(changes)}", "a", 1, subject, kind, status, before, (), (), DayCause(DAY), DAY)
            listed = fold([change], listed)
            changes.append(change)
        out.append((offset, "a" if closes else None, changes))
    return list(editions("a", out, {1: ("civil", "digest")}))


@given(rows, rows)
def test_an_edition_written_again_is_what_one_embedded_host_tells(
    before: list[tuple[list[tuple[int, str | None]], bool]], behind: list[tuple[list[tuple[int, str | None]], bool]]
) -> None:
    """Those closed before the decision say how much of them is missing; those closed behind it lack nothing; twice is once."""
    whole = closed_editions(before)
    wanted = [manifest for manifest, _ in _manifests_as_closed(iter(whole), PERSON)]
    later = later_editions(wanted, whole, [([move for move in moves if move[0] != PERSON], closes) for moves, closes in behind])

    rewritten = anew([*whole, *later])

    assert [closed_edition.manifest for closed_edition in rewritten] == [*wanted, *(closed_edition.manifest for closed_edition in later)]
    assert all(change.subject != PERSON for closed_edition in rewritten for change in closed_edition.changes)
    assert list(edition_problems(rewritten)) == []
    assert anew(rewritten) == rewritten


def later_editions(
    closed_before: list[Manifest], whole: list[Edition], behind: list[tuple[list[tuple[int, str | None]], bool]]
) -> list[Edition]:
    """The editions that a merger closes after the decision, which took the person out of its lists."""
    from streams.lists.editions import EditionLedger

    listed: dict[int, CandidateChange] = {}
    for edition in whole:
        listed = fold(edition.changes, listed)
    listed.pop(PERSON, None)
    last = closed_before[-1] if closed_before else None
    ledger = EditionLedger(listed, 0, -1, "") if last is None else EditionLedger(listed, last.number, last.last, last.digest)
    now, since, out = dict(listed), list[CandidateChange](), []
    for place, (moves, closes) in enumerate(behind):
        offset = 100 + place
        for subject, status in moves:
            was = now[subject].status if subject in now else None
            if status != was:
                kind = "entered" if was is None else "left" if status is None else "changed"
                since.append(CandidateChange(f"{offset}.0", "a", 1, subject, kind, status, was, (), (), DayCause(DAY), DAY))
                now = fold(since[-1:], now)
        if closes and since:
            out += [
                closed_edition
                for closed_edition in [ledger.close("a", since, offset, {1: ("civil", "digest")})]
                if closed_edition is not None
            ]
            since = []
    return out


def anew(those: list[Edition]) -> list[Edition]:
    messages = [
        Message(0, place, closed_edition.policy.encode(), encode_edition(closed_edition)) for place, closed_edition in enumerate(those)
    ]
    return [decode_edition(body) for _, body in _editions(iter(messages), PERSON)]


def test_lines_written_again_are_blank_and_the_others_keep_their_ids() -> None:
    """A message without the person stays byte for byte."""
    person_lines = Lines(
        3, [("a", 1, DAY, DayCause(DAY))], [((), ())], *(np.zeros(3, np.int32),) * 2,
        np.array([5, PERSON, 9], np.uint64), np.zeros(3, np.uint8), np.ones(3, np.uint8),
    )  # fmt: skip
    other_lines = replace(person_lines, offset=4, subject=np.array([5, 6, 9], np.uint64))
    messages = [Message(0, place, b"", encode_changes(lines)) for place, lines in enumerate((person_lines, other_lines))]

    rewritten_bodies = [body for _, body in _changes(iter(messages), PERSON)]

    assert [change.id for change in decode_changes(rewritten_bodies[0])] == ["3.0", "3.2"]
    assert rewritten_bodies[1] == messages[1].value
