"""A fold: a state made of the messages of one partition, and what each of them gives out; the shape all hosts keep on disk.

The one idea: a host knows nothing of what it hosts. It hands a fold the next message and keeps, in one transaction, the message and what
came out; after a crash the same messages make the same state and the same outputs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from struct import Struct
from typing import Any, Protocol

from policies.problems.problems import HuiminError
from streams.language.errors import Replayed, Unproved
from streams.language.ports import Arrays

_COUNT = Struct("<I")
UNPROVED_BYTES = 1_024
"""Of a message that no member of the network made, how much goes to the dead letters."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message out. ``id`` is the same however often it is made again; ``type`` says what it is (``streams.language.events``).

    Args:
        topic: one of ``inputs``, ``orders``, ``lines``, ``changes``, ``editions``, ``progress``, ``dead-letters``, without a prefix.
        facts: what else stands in its headers.
    """

    topic: str
    partition: int
    id: str
    type: str
    body: bytes
    facts: Mapping[str, str] = field(default_factory=dict)


def dead(error: HuiminError, body: bytes, topic: str, partition: int, offset: int) -> Outgoing:
    """A message that was not admitted, as it came, with the reason and where it stood; the stream goes on.

    Of one that no member made only the beginning: whoever writes to a topic shall not fill another one.
    """
    facts = {"reasonzh": error.text.zh, "reasonen": error.text.en, "topic": topic, "partition": str(partition), "offset": str(offset)}
    letter_body = body[:UNPROVED_BYTES] if isinstance(error, Unproved) else body
    return Outgoing("dead-letters", 0, f"{topic}.{partition}.{offset}", "dead-letter", letter_body, facts)


def refusal(error: HuiminError) -> str:
    """As what a message that was not admitted is counted (``infra.metrics``)."""
    match error:
        case Unproved():
            return "unproved"
        case Replayed():
            return "replayed"
        case _:
            return "refused"


class Fold(Protocol):
    """A state and its step. ``offset`` is the last message taken, -1 before the first."""

    @property
    def offset(self) -> int: ...

    @property
    def erased(self) -> int:
        """How many decisions to erase somebody it has carried out so far; one that is made again counts again."""
        ...

    def take(self, body: bytes, offset: int, unproved: Unproved | None = None) -> Sequence[Outgoing]:
        """Applies the next message; the same for the same messages before it.

        Args:
            unproved: why it is put aside unread; an empty body, which cannot be read either, makes the same state.
        """
        ...

    def passing(self) -> Sequence[Outgoing]:
        """What is worth telling now and need not be kept; not part of the state."""
        ...

    def counted(self) -> Mapping[str, int]:
        """What it has counted since it was made, by the middle of the metric's name, behind a colon its label (``infra.metrics``)."""
        ...

    def gauged(self) -> Mapping[tuple[str, ...], float]:
        """What it measures now, by the metric's name and labels."""
        ...

    def meta(self) -> dict[str, Any]: ...
    def arrays(self) -> Arrays: ...


class MakeFold(Protocol):
    """Makes an empty fold, or the one that a snapshot's meta and arrays describe."""

    def __call__(self, checkpoint: tuple[dict[str, Any], Arrays] | None = None, /) -> Fold: ...


def encode_outgoing(messages: Sequence[Outgoing]) -> bytes:
    """What one message gave out, as kept until it is acknowledged."""
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
