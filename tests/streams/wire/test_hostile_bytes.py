"""Hostile messages: claims beyond their bytes are unreadable and cost no memory."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from matchers.kernel.batch import RecordBatch
from streams.language.errors import Unreadable
from streams.language.messages import Input, Tick
from streams.wire import wire

BATCH = wire.KINDS.index(RecordBatch)
TICK = wire.KINDS.index(Tick)


def batch(**other: Any) -> bytes:
    """The frame of a batch of three equal rows, with other facts in its head."""
    names = ("key", "subject", "order", "row", "flags", "valid_from", "valid_to")
    facts = {
        "feed": "hukou", "source": 0, "delivery": 1, "rows": 3, "constant": dict.fromkeys(names, 1), "links": [], "values": [],
        "dictionaries": {}, "identity": False, "deliveries": False, **other,
    }  # fmt: skip
    return wire.frame(BATCH, json.dumps(facts).encode())


def test_a_batch_of_few_bytes_is_read() -> None:
    """Equal rows are written in this short form."""
    read = wire.decode(batch())

    assert isinstance(read, RecordBatch)
    assert read.key.tolist() == [1, 1, 1]
    assert read.row.tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    "claims",
    [
        {"rows": 10**12}, {"rows": 10**400}, {"rows": -1}, {"rows": 10**7, "values": list(map(str, range(1000)))}, {"rows": 1e999},
        {"constant": {}}, {"constant": []}, {"links": 5}, {"values": ["x"] * 3}, {"dictionaries": []}, {"dictionaries": {"a": 5}},
        {"constant": {**dict.fromkeys(("key", "subject", "order", "flags", "valid_from", "valid_to"), 1), "row": 2**31 - 2}},
        {"constant": dict.fromkeys(("key", "subject", "order", "row", "flags", "valid_from", "valid_to"), 2**70)},
    ],
)  # fmt: skip
def test_a_batch_that_says_more_than_it_holds_is_unreadable(claims: dict[str, Any]) -> None:
    """The error comes before memory is allocated for its rows."""
    with pytest.raises(Unreadable):
        wire.decode(batch(**claims))


@pytest.mark.parametrize(
    "body", [b"[" * 200_000, b'{"day": ' * 100_000, b'{"day": ' + b"9" * 10_000 + b"}", b'{"day": 1e400}', b"\xff", b""]
)
@pytest.mark.parametrize("kind", [BATCH, TICK])
def test_a_body_of_any_kind_is_unreadable_at_worst(kind: int, body: bytes) -> None:
    """This includes deep nesting and very long numbers."""
    with pytest.raises(Unreadable):
        wire.decode(wire.frame(kind, body))


def test_a_stream_that_is_cut_or_changed_is_unreadable() -> None:
    """This holds for any place; errors of Arrow do not leave the reader."""
    rows = 200
    down = np.arange(rows)[::-1]
    whole = RecordBatch(
        "hukou", 0, 1, down.astype(np.uint64), down.astype(np.uint64), down.copy(), down.astype(np.int32), down.astype(np.uint8),
        np.zeros(rows, np.int32), np.zeros(rows, np.int32), {}, {"a": down.copy()}, {}, None,
    )  # fmt: skip
    body = bytes(wire.unframe(wire.encode(whole))[1])
    random = np.random.default_rng(7)

    for _ in range(400):
        damaged = bytearray(body[: random.integers(len(body))] if random.random() < 0.3 else body)
        for at in random.integers(len(damaged), size=3) if damaged else ():
            damaged[at] = random.integers(256)
        try:
            read: Input | None = wire.decode(wire.frame(BATCH, bytes(damaged)))
        except Unreadable:
            read = None
        assert read is None or isinstance(read, RecordBatch)
