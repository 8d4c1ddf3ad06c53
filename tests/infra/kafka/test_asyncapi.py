"""The AsyncAPI document says what is on the wire: no more, no less."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # no stubs in the lock
import pytest

from infra.kafka.asyncapi import asyncapi_document, headers_schema
from infra.kafka.topics import PREFIX, topics
from streams.language.folds import Outgoing
from streams.network.merger import Merger
from streams.network.partition import PartitionFold
from streams.network.sequencer import Sequencer
from streams.network.stages import PurgeReport, purge_message
from streams.wire import wire
from streams.wire.cloudevents import EVENTS, headers
from tests.streams.world import SEAL, parts, publication, run
from tests.streams.world import stamped_bytes as as_sent

PAGE = Path(__file__).parents[3] / "docs" / "asyncapi.json"


@pytest.fixture(scope="module")
def network_messages() -> list[tuple[Outgoing, str]]:
    """Every kind of message a network sends, with who sent it."""
    start, setting, *rest = run(60)
    bodies = [as_sent(message) for message in (start, setting, publication("group-rental"), *rest)]
    bodies.insert(3, b"no message at all")
    sequencer, shards, merger = Sequencer(parts(real=True), 2), [PartitionFold(parts(real=True), number) for number in range(2)], Merger(2)
    out: list[tuple[Outgoing, str]] = []
    at = {"lines": 0, 0: 0, 1: 0}
    for offset, body in enumerate(bodies):
        if offset != 3:
            out.append((Outgoing("inputs", 0, str(offset), "input", body), "client"))
        waiting = [(outgoing, "inputs-0") for outgoing in sequencer.take(body, offset)]
        out += [(outgoing, "inputs-0") for outgoing in sequencer.announcements()]
        while waiting:
            message, producer = waiting.pop(0)
            out.append((message, producer))
            if message.topic == "orders":
                shard = message.partition
                waiting += [(outgoing, f"orders-{shard}") for outgoing in shards[shard].take(message.body, at[shard])]
                at[shard] += 1
            elif message.topic == "lines":
                waiting += [(outgoing, "lines-0") for outgoing in merger.take(message.body, at["lines"])]
                at["lines"] += 1
                out += [(outgoing, "lines-0") for outgoing in merger.announcements()]
    out.append((purge_message("lines-0", PurgeReport(1, at["lines"] - 1, True)), "lines-0"))
    out.append((Outgoing("progress", 0, "member:0123", "member", b"{}"), "member"))
    return out


def test_page_is_what_the_program_says() -> None:
    """docs/asyncapi.json is what ``huimin kafka describe`` prints."""
    assert json.loads(PAGE.read_text(encoding="utf-8")) == asyncapi_document(), "huimin kafka describe > docs/asyncapi.json"


def test_every_topic_and_event_is_described() -> None:
    """Each topic is a channel, each event a message of the channel it travels on, and every reference leads somewhere."""
    page = asyncapi_document(3)
    assert {channel["address"] for channel in page["channels"].values()} == {topic.name for topic in topics(3, 1)}
    assert {name for channel in page["channels"].values() for name in channel["messages"]} == set(EVENTS)
    assert page["channels"]["orders"]["bindings"]["kafka"]["partitions"] == 3
    for reference in _references(page):
        value: Any = page
        for word in reference.removeprefix("#/").split("/"):
            value = value[word]
        assert value


def test_all_that_is_sent_is_as_described(network_messages: list[tuple[Outgoing, str]]) -> None:
    """Headers match their schema, JSON bodies theirs, frames their kinds; and every event occurs."""
    channels = asyncapi_document(2)["channels"]
    messages = asyncapi_document(2)["components"]["messages"]
    for message, producer in network_messages:
        event = EVENTS[message.type]
        assert event.topic == message.topic
        assert message.type in channels[message.topic]["messages"]
        pairs = SEAL.with_seal(message.topic, message.partition, message.id.encode(), headers(message, producer), message.body)
        assert len(dict(pairs)) == len(pairs)
        jsonschema.validate({name: value.decode() for name, value in pairs}, headers_schema(event))
        if event.name in ("progress", "census", "purged", "member"):
            jsonschema.validate(json.loads(message.body), messages[event.name]["payload"])
        elif event.name not in ("dead-letter", "input"):
            kind, _ = wire.unframe(message.body)
            assert kind in messages[event.name]["payload"]["x-kinds"]
    assert {message.type for message, _ in network_messages} == set(EVENTS)


def test_ids_are_unique_within_their_source(network_messages: list[tuple[Outgoing, str]]) -> None:
    """CloudEvents: source and id together name one event (progress tells of one thing as it goes on)."""
    names = [(producer, message.type, message.id) for message, producer in network_messages if message.topic != "progress"]
    assert len(set(names)) == len(names)
    assert PREFIX not in "".join(message.topic for message, _ in network_messages)


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [reference for key, inner in value.items() for reference in ([inner] if key == "$ref" else _references(inner))]
    return [reference for inner in value for reference in _references(inner)] if isinstance(value, list) else []
