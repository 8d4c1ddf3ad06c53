"""The AsyncAPI document of a network's topics, for other programs that read or write them.

It is made from the declarations that the program itself uses (``topics.py``, ``streams.wire.cloudevents``), so it agrees with the wire; a
test compares both. Called by ``huimin kafka describe``. Source: AsyncAPI 3.0.0; Kafka bindings 0.5.0.
"""

from __future__ import annotations

from typing import Any

from infra.kafka.topics import PREFIX, topics
from streams.language.messages import VERSION
from streams.network.orders import FOUND, NOTE, ORDER
from streams.wire.cloudevents import EVENTS, FRAME, JSON, SPECIFICATION, TopicEvent
from streams.wire.seal import SEAL
from streams.wire.wire import EDITION, KINDS, OUTPUTS

KIND_OF = {"order": ORDER, "found": FOUND, "note": NOTE, "changes": OUTPUTS, "edition": EDITION}
EDITION_BODY = (
    "edition: JSON {manifest: [policy, agency, number, [[version, digest]], day, first message, last message, entered, left, changed, "
    "[[status, listed after it]], SHA-256 of its lines, digest of the manifest before it ('' for the first)], digest: SHA-256 of the "
    "manifest as JSON without spaces, changes: [lines]}; the digest of the lines is that of each as JSON without spaces and a line end"
)
LAYOUT = (
    "Frame, little endian: 4 bytes 'HMIN', uint16 format version, uint16 kind, 16 bytes SHA-256 (cut) of version, kind and body, then the "
    "body: JSON, or an Arrow IPC stream whose schema metadata 'huimin' is JSON; orders and reports: uint32 length, JSON of facts and "
    "lengths, then the bodies of those lengths. Every message has a seal, its header ce_seal: BLAKE2b of 16 bytes by a key made of the key "
    "of the network and the ids of its topics, over the number of parts and each part with its length before it (uint64): '', topic "
    "without prefix, partition, key, content-type and each ce_ header by name (name, value), SHA-256 of the body (streams/wire/seal.py). "
    "What has none is put aside."
)


def asyncapi_document(shards: int = 1, prefix: str = PREFIX) -> dict[str, Any]:
    """The document of a network with this number of shards."""
    declared = topics(shards, 1, prefix)
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "惠民 Huimin", "version": str(VERSION), "description": LAYOUT},
        "defaultContentType": FRAME,
        "channels": {
            topic.name.removeprefix(prefix): {
                "address": topic.name,
                "description": f"{topic.about.zh} / {topic.about.en}",
                "messages": {
                    e.name: {"$ref": f"#/components/messages/{e.name}"} for e in EVENTS.values() if prefix + e.topic == topic.name
                },
                "bindings": {"kafka": {"partitions": topic.partitions, "topicConfiguration": _configuration(topic.config)}},
            }
            for topic in declared
        },
        "operations": {
            event.name: {
                "action": "receive" if event.name == "input" else "send",
                "channel": {"$ref": f"#/channels/{event.topic}"},
                "messages": [{"$ref": f"#/channels/{event.topic}/messages/{event.name}"}],
            }
            for event in EVENTS.values()
        },
        "components": {"messages": {event.name: _message(event) for event in EVENTS.values()}},
    }


def headers_schema(event: TopicEvent) -> dict[str, Any]:
    """The JSON Schema of an event's headers."""
    fixed = {"content-type": event.content, "ce_specversion": SPECIFICATION, "ce_type": event.type}
    text = {"type": "string", "minLength": 1}
    own = {"ce_id": text, "ce_source": {"type": "string", "pattern": "^/huimin/"}}
    if event.content == FRAME:
        own["ce_digest"] = {"type": "string", "pattern": "^[0-9a-f]{32}$"}
    own[SEAL] = {"type": "string", "pattern": "^[0-9a-f]{32}$"}
    needed = [*fixed, *own]
    own |= {f"ce_{name}": text for name in event.facts}
    return {
        "type": "object",
        "properties": {name: {"const": value} for name, value in fixed.items()} | own,
        "required": needed,
        "additionalProperties": False,
    }


def _message(event: TopicEvent) -> dict[str, Any]:
    return {
        "name": event.type,
        "summary": f"{event.about.zh} / {event.about.en}",
        "contentType": event.content,
        "headers": headers_schema(event),
        "payload": _payload(event),
    }


def _payload(event: TopicEvent) -> dict[str, Any]:
    if event.content == JSON:
        whole = {"type": "integer", "minimum": 0}
        if event.name == "census":
            return {"type": "object", "additionalProperties": {"type": "array", "items": whole, "minItems": 4, "maxItems": 4}}
        if event.name == "member":
            return {"type": "object"}
        if event.name == "purged":
            fields = {"erased": whole, "offset": whole, "shipped": {"type": "boolean"}}
            return {"type": "object", "properties": fields, "required": [*fields]}
        return {"type": "object", "properties": {"offset": whole, "done": whole, "of": whole}, "required": ["offset", "done", "of"]}
    kinds = [KIND_OF[event.name]] if event.name in KIND_OF else list(range(len(KINDS)))
    names = ", ".join(f"{number} {kind.__name__}" for number, kind in enumerate(KINDS)) if event.name == "input" else event.name
    names = EDITION_BODY if event.name == "edition" else names
    return {"type": "string", "format": "binary", "x-kinds": kinds, "description": names} if event.content == FRAME else {"type": "string"}


def _configuration(config: Any) -> dict[str, Any]:
    """The settings of a topic that the binding knows."""
    return {
        "cleanup.policy": [config["cleanup.policy"]],
        "retention.ms": int(config["retention.ms"]),
        "max.message.bytes": int(config["max.message.bytes"]),
    }
