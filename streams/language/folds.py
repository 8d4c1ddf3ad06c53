"""A fold: a state made from the messages of one partition, and the messages that come out of it.

A host knows nothing else of what it runs. It hands the fold the next message and stores the message and its outputs in one transaction.
After a crash the same messages make the same state and the same outputs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from struct import Struct
from typing import Any, Protocol

from policies.problems.problems import HuiminError
from streams.language.errors import InvalidSeal, RepeatedDecision
from streams.language.ports import Arrays

_COUNT = Struct("<I")
UNPROVED_BYTES = 1_024
"""How much of a message goes to the dead letters if no member of the network made it."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One outgoing message. A message that is made again has the same ``id``; ``type`` is one of ``streams.wire.cloudevents``.

    Args:
        topic: one of ``inputs``, ``orders``, ``lines``, ``changes``, ``editions``, ``progress``, ``dead-letters``, without a prefix.
        facts: further headers.
    """

    topic: str
    partition: int
    id: str
    type: str
    body: bytes
    facts: Mapping[str, str] = field(default_factory=dict)


def dead_letter(error: HuiminError, body: bytes, topic: str, partition: int, offset: int) -> Outgoing:
    """The dead letter for a message that was not admitted: its bytes, the reason and its place in the topic.

    If no member made the message, only its beginning: a stranger who writes to one topic must not fill another.
    """
    facts = {"reasonzh": error.text.zh, "reasonen": error.text.en, "topic": topic, "partition": str(partition), "offset": str(offset)}
    letter_body = body[:UNPROVED_BYTES] if isinstance(error, InvalidSeal) else body
    return Outgoing("dead-letters", 0, f"{topic}.{partition}.{offset}", "dead-letter", letter_body, facts)


def refusal_kind(error: HuiminError) -> str:
    """The counter (``infra.metrics``) of messages that were not admitted for this kind of error."""
    match error:
        case InvalidSeal():
            return "unproved"
        case RepeatedDecision():
            return "replayed"
        case _:
            return "refused"


class Fold(Protocol):
    """A state and its step. ``offset`` is that of the last message taken, -1 before the first."""

    @property
    def offset(self) -> int: ...

    @property
    def erasure_count(self) -> int:
        """How many decisions to erase a person it has carried out; a decision that is made again counts again."""
        ...

    def take(self, body: bytes, offset: int, seal_error: InvalidSeal | None = None) -> Sequence[Outgoing]:
        """Applies the next message and gives the outputs; the same messages always give the same outputs.

        Args:
            seal_error: why the message is refused unread. An empty body, which is unreadable too, makes the same state.
        """
        ...

    def announcements(self) -> Sequence[Outgoing]:
        """Messages that are worth sending now and that nobody has to store; they are no part of the state."""
        ...

    def counters(self) -> Mapping[str, int]:
        """Its counters since it was made. A key is the middle of the metric's name, then a colon and the label if there is one
        (``infra.metrics``)."""
        ...

    def gauges(self) -> Mapping[tuple[str, ...], float]:
        """Its present measurements, by the metric's name and labels."""
        ...

    def meta(self) -> dict[str, Any]: ...
    def arrays(self) -> Arrays: ...


class MakeFold(Protocol):
    """Makes an empty fold, or the fold in a checkpoint (meta and arrays)."""

    def __call__(self, checkpoint: tuple[dict[str, Any], Arrays] | None = None, /) -> Fold: ...


def encode_outgoing(messages: Sequence[Outgoing]) -> bytes:
    """The outputs of one message as bytes; the log keeps them until they are acknowledged."""
    heads = [[m.topic, m.partition, m.id, m.type, len(m.body), dict(m.facts)] for m in messages]
    head = json.dumps(heads, ensure_ascii=False, separators=(",", ":")).encode()
    return b"".join((_COUNT.pack(len(head)), head, *(m.body for m in messages)))


def decode_outgoing(data: bytes) -> list[Outgoing]:
    """What ``encode_outgoing`` was given."""
    (length,) = _COUNT.unpack_from(data)
    at, out = _COUNT.size + length, []
    for topic, partition, id, kind, size, facts in json.loads(data[_COUNT.size : at]):
        out.append(Outgoing(topic, partition, id, kind, data[at : at + size], facts))
        at += size
    return out
