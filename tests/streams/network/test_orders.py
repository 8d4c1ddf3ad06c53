"""Messages between the stages, on topics and on disk: they come back equal, or the reader raises ``Unreadable``.

A topic may hold any bytes. Bytes that are no message of ours must raise ``Unreadable`` and never another error, which would stop a stage.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from datetime import date
from struct import Struct
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matchers.kernel.batch import RecordBatch
from matchers.locate import PartitionUpdate
from streams.language.causes import DayCause, DeliveryName, RecordCause
from streams.language.errors import NewerFormat, Unreadable
from streams.language.folds import Outgoing, decode_outgoing, encode_outgoing
from streams.language.messages import VERSION, CandidateChange, Tick
from streams.lists.lines import Lines
from streams.network.calls import CatalogueCall, PartitionCall, RowsCall, TickCall, WithdrawCall, call_plain, call_read
from streams.network.orders import (
    FOUND,
    NOTE,
    ORDER,
    Attribution,
    MessageNote,
    Order,
    PartitionLines,
    PublishedVersion,
    RoutedCall,
    decode_order,
    decode_report,
    encode_note,
    encode_order,
    encode_partition_lines,
)
from streams.testing import edition as new_edition
from streams.testing import rows, same_batch
from streams.wire import wire
from streams.wire.columns import pack
from tests.streams.strategies import ANY_CALL, ANY_CAUSE, ANY_INSTRUCTION, CALLS
from tests.streams.wire.test_wire import batches, outputs
from tests.streams.world import catalogue

TEXT = st.text(max_size=12)
TOKENS = st.lists(st.integers(0, 2**64 - 1), max_size=5).map(lambda tokens: np.array(tokens, np.uint64))
OWNED = st.dictionaries(st.integers(0, 2), TOKENS, max_size=3)
NUMBERS = st.integers(0, 2**40)
ATTRIBUTIONS = st.builds(Attribution, st.dates(), ANY_CAUSE, st.none() | st.lists(TEXT, max_size=3).map(tuple), st.booleans())


@st.composite
def folders(draw: st.DrawFn) -> RecordBatch:
    """A batch whose rows came with several deliveries."""
    batch = draw(batches())
    deliveries = np.array(draw(st.lists(st.integers(0, 9), min_size=len(batch), max_size=len(batch))), np.int32)
    return RecordBatch(**{name: getattr(batch, name) for name in RecordBatch.__slots__} | {"delivery": 0, "deliveries": deliveries})


ROUTED = st.builds(PartitionUpdate, OWNED, st.lists(folders(), max_size=2), st.none() | batches(), OWNED)
ROUTED_CALLS = st.builds(RoutedCall, ANY_CALL, st.none() | ROUTED, st.lists(ATTRIBUTIONS, max_size=2).map(tuple))
ORDERS = st.builds(Order, st.integers(0, 63), NUMBERS, NUMBERS, st.lists(ROUTED_CALLS, max_size=2).map(tuple), st.booleans())
NOTES = st.builds(
    MessageNote, NUMBERS, st.dictionaries(st.integers(0, 63), NUMBERS, max_size=3), st.none() | TEXT, st.none() | TEXT,
    st.dictionaries(TEXT, st.integers(0, 63), max_size=3), st.none() | st.builds(PublishedVersion, TEXT, NUMBERS, TEXT, TEXT),
    st.lists(ANY_INSTRUCTION, max_size=2).map(tuple),
)  # fmt: skip
OUTGOING = st.lists(
    st.builds(Outgoing, TEXT, st.integers(0, 63), TEXT, TEXT, st.binary(max_size=20), st.dictionaries(TEXT, TEXT, max_size=2)), max_size=4
)


def same_owned(first: Any, second: Any) -> bool:
    return list(first) == list(second) and all(
        first[kind].dtype == np.uint64 and np.array_equal(first[kind], second[kind]) for kind in first
    )


def same_routed(first: PartitionUpdate | None, second: PartitionUpdate | None) -> bool:
    if first is None or second is None:
        return first is second
    batches = ([*first.folders, *([first.rows] if first.rows else [])], [*second.folders, *([second.rows] if second.rows else [])])
    return (
        same_owned(first.lost, second.lost)
        and same_owned(first.gained, second.gained)
        and (first.rows is None) == (second.rows is None)
        and len(first.folders) == len(second.folders)
        and all(same_batch(left, right) and same_deliveries(left, right) for left, right in zip(*batches, strict=True))
    )


def same_deliveries(first: RecordBatch, second: RecordBatch) -> bool:
    if first.deliveries is None or second.deliveries is None:
        return first.deliveries is second.deliveries
    return first.deliveries.dtype == second.deliveries.dtype and np.array_equal(first.deliveries, second.deliveries)


@given(ORDERS)
@settings(max_examples=60)
def test_every_order_comes_back_equal(order: Order) -> None:
    """Compared are calls, routed rows and folders with their deliveries, and attributions."""
    decoded = decode_order(encode_order(order))

    assert (decoded.partition, decoded.number, decoded.offset, decoded.last) == (order.partition, order.number, order.offset, order.last)
    assert [(entry.call, entry.attributions) for entry in decoded.calls] == [(entry.call, entry.attributions) for entry in order.calls]
    assert all(same_routed(first.routed, second.routed) for first, second in zip(decoded.calls, order.calls, strict=True))


@given(st.integers(0, 63), NUMBERS, outputs())
@settings(max_examples=40)
def test_lines_found_come_back_equal(partition: int, number: int, lines: Lines) -> None:
    """With the partition and number of the order that moved them."""
    decoded = decode_report(encode_partition_lines(PartitionLines(partition, number, lines)))

    assert isinstance(decoded, PartitionLines)
    assert (decoded.partition, decoded.number, decoded.lines.offset) == (partition, number, lines.offset)
    assert list(decoded.lines) == list(lines)


@given(NOTES)
def test_every_note_comes_back_equal(note: MessageNote) -> None:
    """Partitions stay numbers."""
    assert decode_report(encode_note(note)) == note


@given(folders())
def test_rows_of_several_deliveries_come_back_equal(batch: RecordBatch) -> None:
    """In bytes and in slices."""
    decoded = wire.decode(wire.encode(batch))

    assert isinstance(decoded, RecordBatch)
    assert same_batch(decoded, batch)
    assert same_deliveries(decoded, batch)
    assert same_deliveries(decoded.slice(1, 3), batch.slice(1, 3))


@given(OUTGOING)
def test_what_is_kept_to_be_sent_comes_back_equal(messages: list[Outgoing]) -> None:
    """Every message is the same, and so are the bytes after a second round."""
    data = encode_outgoing(messages)

    assert decode_outgoing(data) == messages
    assert encode_outgoing(decode_outgoing(data)) == data


@given(outputs(), TEXT, NUMBERS, st.dates())
def test_every_edition_comes_back_equal(lines: Lines, policy: str, number: int, day: date) -> None:
    """With every one of its lines."""
    edition = new_edition(policy, number, lines.offset, day, tuple(lines))

    assert wire.decode_edition(wire.encode_edition(edition)) == edition


@given(ANY_CALL)
def test_every_call_comes_back_equal(call: PartitionCall) -> None:
    """Through JSON, and written again as it was."""
    plain = json.loads(json.dumps(call_plain(call)))

    assert call_read(call.word, plain) == call
    assert json.loads(json.dumps(call_plain(call_read(call.word, plain)))) == plain


def test_every_call_is_drawn() -> None:
    """A new call needs a strategy."""
    assert CALLS.keys() == set(get_args(PartitionCall))


def test_a_call_is_written_as_ever() -> None:
    """A worker of an older version reads it."""
    assert call_plain(CatalogueCall("u", {"hukou": "c"}, date(2026, 10, 1))) == {
        "units": "u",
        "contracts": {"hukou": "c"},
        "day": "2026-10-01",
    }
    assert list(call_plain(CatalogueCall("u", {}, date(2026, 10, 1), ("hukou",)))) == ["moving", "units", "contracts", "day"]
    assert call_plain(WithdrawCall("grant")) == {"name": "grant"}
    assert call_plain(TickCall(date(2026, 10, 1))) == {"day": "2026-10-01"}


def samples() -> dict[int, bytes]:
    """One frame of each kind, with everything in it."""
    batch = rows(catalogue(), "hukou", 1, 1, [7, 8], household=[5, 6])
    routed = PartitionUpdate({0: np.array([1], np.uint64)}, [batch], batch, {2: np.array([3, 4], np.uint64)})
    attribution = Attribution(date(2026, 10, 1), RecordCause(DeliveryName("hukou", "psb", 1)), ("grant",))
    place, status = np.zeros(1, np.int32), np.zeros(1, np.uint8)
    head = ("grant", 1, date(2026, 10, 1), RecordCause(DeliveryName("hukou", "psb", 1)))
    lines = Lines(7, [head], [((), (("a", "hukou"),))], place, place, np.zeros(1, np.uint64), status, status)
    change = CandidateChange("7.0", "grant", 1, 5, "entered", "eligible", None, (), (), DayCause(date(2026, 10, 1)), date(2026, 10, 1))
    return {
        ORDER: encode_order(Order(1, 2, 3, (RoutedCall(RowsCall(), routed, (attribution,)),))),
        FOUND: encode_partition_lines(PartitionLines(1, 2, lines)),
        NOTE: encode_note(MessageNote(3, {0: 1}, "grant", "grant@1", {"310107020": 0}, PublishedVersion("grant", 1, "civil", "d1"))),
        wire.EDITION: wire.encode_edition(new_edition("grant", 1, 7, date(2026, 10, 1), (change,))),
    }


def read(kind: int, data: bytes) -> object:
    return {ORDER: decode_order, FOUND: decode_report, NOTE: decode_report, wire.EDITION: wire.decode_edition}[kind](data)


HEAD = 24  # bytes before the body of a frame


@pytest.mark.parametrize("kind", [ORDER, FOUND, NOTE, wire.EDITION])
@given(data=st.data())
@settings(max_examples=60)
def test_any_changed_byte_is_noticed(kind: int, data: st.DataObject) -> None:
    """A frame in which a bit was turned, or that was cut, is no message."""
    frame = bytearray(samples()[kind])
    place = data.draw(st.integers(0, len(frame) - 1))
    frame[place] ^= 1 << data.draw(st.integers(0, 7))

    for damaged in (frame, frame[:place]):
        with pytest.raises(Unreadable):
            read(kind, bytes(damaged))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | TEXT,
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(TEXT, inner, max_size=3),
)


@pytest.mark.parametrize("kind", [ORDER, FOUND, NOTE])
@given(data=st.data())
@settings(max_examples=300)
def test_body_that_is_none_of_ours_is_unreadable(kind: int, data: st.DataObject) -> None:
    """Cut or garbled, with a matching digest, as another program might write it: it is read or ``Unreadable``, never another error."""
    body = bytearray(samples()[kind][HEAD:])
    match data.draw(st.sampled_from(["cut", "turned", "made up", "other facts"])):
        case "cut":
            body = body[: data.draw(st.integers(0, len(body) - 1))]
        case "turned":
            body[data.draw(st.integers(0, min(len(body) - 1, 300)))] = data.draw(st.integers(0, 255))
        case "made up":
            body = bytearray(data.draw(st.binary(max_size=60)))
        case _:
            head = json.dumps(data.draw(JSON)).encode()
            body = bytearray(Struct("<I").pack(len(head)) + head)

    with suppress(Unreadable):
        read(kind, wire.frame(kind, bytes(body)))


def test_frames_of_another_kind_are_unreadable() -> None:
    """An input among the orders, an order among the lines, a kind nobody knows."""
    for data in (wire.encode(Tick(date(2026, 10, 1))), samples()[NOTE], wire.frame(999, b""), b"", b"x" * 100):
        with pytest.raises(Unreadable):
            decode_order(data)
    for data in (wire.encode(Tick(date(2026, 10, 1))), samples()[ORDER], wire.frame(999, b""), b"", b"x" * 100):
        with pytest.raises(Unreadable):
            decode_report(data)


def test_newer_version_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not count as damage: the operator must upgrade."""
    with monkeypatch.context() as newer:
        newer.setattr(wire, "FIRST_VERSION", VERSION + 1)
        order = samples()[ORDER]

    with pytest.raises(NewerFormat, match=f"version {VERSION + 1}"):
        decode_order(order)


def test_rows_of_one_delivery_cost_no_column() -> None:
    """A folder of one delivery is about as short as the delivery."""
    batch = rows(catalogue(), "hukou", 1, 1, list(range(1, 1001)))
    folder = replace(batch, delivery=0, deliveries=np.full(1000, 1, np.int32))

    assert len(pack(folder)) < len(pack(batch)) + 200
