"""Messages as bytes: they come back equal, or reading is a clear error."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matchers.kernel.batch import MISSING, OPEN_FROM, OPEN_TO, RecordBatch
from streams.language.errors import NewerFormat, Unreadable
from streams.language.messages import FIRST_VERSION, VERSION, CheckAnswered, FollowUpRecorded, Input, OutcomeReported, Stamp, Tick
from streams.ledgers.decisions import stamp_of, with_stamp
from streams.lists.lines import Lines
from streams.testing import same_batch
from streams.wire import wire
from streams.wire.columns import FIXED
from tests.streams.strategies import ANY_CAUSE

TEXT = st.text(max_size=20)
BY_TYPE: dict[str, st.SearchStrategy[Any]] = {
    "str": TEXT,
    "int": st.integers(0, 2**64 - 1),
    "bool": st.booleans(),
    "date": st.dates(),
    "date | None": st.none() | st.dates(),
    "str | None": st.none() | TEXT,
    "int | None": st.none() | st.integers(0, 10**9),
    "tuple[tuple[str, int, int], ...]": st.lists(
        st.tuples(st.text(max_size=5), st.integers(0, 9), st.integers(0, 2**64 - 1)), max_size=3
    ).map(tuple),
    "tuple[tuple[str, int, int, int, int, int], ...]": st.lists(st.tuples(TEXT, *[st.integers(0, 2**64 - 1)] * 5), max_size=3).map(tuple),
    "tuple[tuple[str, int, int, int], ...]": st.lists(
        st.tuples(st.text(max_size=5), st.integers(0, 9), st.integers(0, 9), st.integers(0, 10**9)), max_size=3
    ).map(tuple),
    "tuple[str, ...]": st.lists(TEXT, max_size=3).map(tuple),
    "tuple[int, ...]": st.lists(st.integers(0, 2**64 - 1), max_size=5).map(tuple),
    "Stamp | None": st.none() | st.builds(Stamp, st.integers(-1, 2**40), st.text(max_size=32)),
    "Mapping[str, str]": st.dictionaries(TEXT, TEXT, max_size=3),
}


def message_of(kind: type[Input]) -> st.SearchStrategy[Input]:
    return st.builds(kind, **{f.name: BY_TYPE[str(f.type)] for f in fields(kind)})


def column(rows: int, dtype: type[np.generic], values: st.SearchStrategy[int]) -> st.SearchStrategy[Any]:
    same = values.map(lambda value: np.full(rows, value, dtype))
    return same | st.lists(values, min_size=rows, max_size=rows).map(lambda numbers: np.array(numbers, dtype))


@st.composite
def batches(draw: st.DrawFn) -> RecordBatch:
    rows = draw(st.integers(0, 12))
    token, small = st.integers(0, 2**64 - 1), st.integers(-(2**31), 2**31 - 1)
    wide = st.integers(-(2**63), 2**63 - 1) | st.sampled_from([int(MISSING), -1, 0, 127, -128, 32767, -32769, 2**31, -(2**31)])
    near = st.integers(-40000, 40000) | st.just(int(MISSING))
    serial = st.integers(1, 1000).map(lambda first: np.arange(first, first + rows, dtype=np.int32))
    names = draw(st.lists(st.sampled_from("abcd"), unique=True))
    return RecordBatch(
        draw(TEXT), draw(st.integers(0, 9)), draw(st.integers(1, 10**6)), draw(column(rows, np.uint64, token)),
        draw(column(rows, np.uint64, token)), draw(column(rows, np.int64, wide)), draw(serial | column(rows, np.int32, small)),
        draw(column(rows, np.uint8, st.integers(0, 3))), draw(column(rows, np.int32, small)), draw(column(rows, np.int32, small)),
        {name: draw(column(rows, np.uint64, token)) for name in draw(st.lists(st.sampled_from("xy"), unique=True))},
        {name: draw(column(rows, np.int64, wide) | column(rows, np.int64, near)) for name in names},
        {name: tuple(draw(st.lists(TEXT, max_size=3))) for name in names[:1]},
        draw(st.none() | column(rows, np.uint64, token)),
    )  # fmt: skip


@given(st.one_of([message_of(kind) for kind in wire.KINDS if kind is not RecordBatch]))
def test_every_message_comes_back_equal(message: Input) -> None:
    """Encoding and decoding gives the same message, and the same bytes again."""
    data = wire.encode(message)

    decoded = wire.decode(data)

    assert decoded == message
    assert type(decoded) is type(message)
    assert wire.encode(decoded) == data


def test_the_stamp_of_a_decision_travels_with_it() -> None:
    """It comes back equal; anything that is no stamp is unreadable."""
    message = with_stamp(Tick(date(2026, 10, 1)), 7, "a word")

    assert stamp_of(wire.decode(wire.encode(message))) == Stamp(7, "a word")
    for stamp in ('"7"', "[7]", '["7","w"]', "[7,8]", '[-2,"w"]', f'[7,"{"w" * 33}"]', '[true,"w"]', f'[{2**63},"w"]'):
        with pytest.raises(Unreadable, match="Tick"):
            wire.decode(wire.frame(wire.KINDS.index(Tick), f'{{"day":"2026-10-01","stamp":{stamp}}}'.encode()))


def test_a_message_says_the_oldest_version_that_can_say_it() -> None:
    """An answer without an author is written as before authors were noted, and read; with one, older programs must stop at it."""
    plain, answered = CheckAnswered("grant", 7, "willing", True), CheckAnswered("grant", 7, "willing", True, "王芳")
    old = wire.frame(wire.KINDS.index(CheckAnswered), b'{"policy":"grant","subject":7,"check":"willing","answer":true,"stamp":null}')

    assert wire.encode(plain) == old and wire.decode(old) == plain
    assert wire.version_of(wire.encode(plain)) == FIRST_VERSION == wire.version_of(wire.encode(Tick(date(2026, 10, 1))))
    assert wire.version_of(wire.encode(answered)) == VERSION and wire.decode(wire.encode(answered)) == answered
    assert wire.version_of(wire.encode(FollowUpRecorded("grant", 7, "assigned_to", "王芳"))) == VERSION


def test_an_older_version_is_not_read_as_if_it_were_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its messages may mean something else."""
    with monkeypatch.context() as older:
        older.setattr(wire, "FIRST_VERSION", FIRST_VERSION - 1)
        frame = wire.encode(Tick(date(2026, 10, 1)))

    assert wire.version_of(frame) == FIRST_VERSION - 1
    with pytest.raises(Unreadable, match=f"version {FIRST_VERSION - 1}, from before version {FIRST_VERSION}"):
        wire.decode(frame)


def test_an_outcome_of_before_its_later_fields_is_read_and_written_as_then() -> None:
    """Without coverage statements and a digest it has the bytes it always had; a field that nobody knows is refused."""
    body = '{"policy":"p","subject":1,"outcome":"moved","on":"2026-10-01","by":"a","criterion":null,"records":[],"stamp":null}'
    frame = wire.frame(wire.KINDS.index(OutcomeReported), body.encode())

    message = wire.decode(frame)

    assert message == OutcomeReported("p", 1, "moved", date(2026, 10, 1), "a") and wire.encode(message) == frame
    for other in (body.replace(',"stamp":null', ""), body.replace("}", ',"more":1}')):
        with pytest.raises(Unreadable, match="OutcomeReported"):
            wire.decode(wire.frame(wire.KINDS.index(OutcomeReported), other.encode()))


@given(batches())
def test_every_batch_comes_back_equal(batch: RecordBatch) -> None:
    """Columns keep their values, types and order, whatever their width on the wire; the arrays are writeable."""
    decoded = wire.decode(wire.encode(batch))

    assert isinstance(decoded, RecordBatch)
    assert same_batch(decoded, batch)
    columns: list[np.ndarray[Any, Any]] = [decoded.key, decoded.subject, decoded.row, *decoded.values.values(), *decoded.links.values()]
    assert all(column.flags.writeable for column in columns)


OPENS = st.tuples(st.lists(TEXT, max_size=3).map(tuple), st.lists(st.tuples(TEXT, st.none() | TEXT), max_size=3).map(tuple))
HEADS = st.tuples(TEXT, st.integers(1, 9), st.dates(), ANY_CAUSE)


@st.composite
def outputs(draw: st.DrawFn) -> Lines:
    """Lines of one message: few, or so many that they travel as Arrow columns."""
    n = draw(st.integers(0, 6) | st.integers(60, 70))
    heads, opens = draw(st.lists(HEADS, min_size=1, max_size=3)), draw(st.lists(OPENS, min_size=1, max_size=3))

    def column(most: int, kind: type[np.generic]) -> np.ndarray[Any, Any]:
        return np.array(draw(st.lists(st.integers(0, most), min_size=n, max_size=n)), kind)

    return Lines(
        draw(st.integers(0, 2**40)), heads, opens, column(len(heads) - 1, np.int32), column(len(opens) - 1, np.int32),
        column(2**64 - 1, np.uint64), column(3, np.uint8), column(3, np.uint8),
    )  # fmt: skip


@given(outputs())
def test_outputs_come_back_equal(lines: Lines) -> None:
    """Lines keep everything, although shared parts are written once."""
    assert list(wire.decode_changes(wire.encode_changes(lines))) == list(lines)


@given(st.data())
@settings(max_examples=200)
def test_any_changed_byte_is_noticed(data: st.DataObject) -> None:
    """A frame in which any bit was turned, or that was cut, is never read as a message."""
    frame = bytearray(wire.encode(Tick(date(2026, 10, 1))))
    place = data.draw(st.integers(0, len(frame) - 1))
    frame[place] ^= 1 << data.draw(st.integers(0, 7))

    for damaged in (frame, frame[:place]):
        with pytest.raises(Unreadable):
            wire.decode(bytes(damaged))


def test_newer_version_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message of a newer Huimin names both versions and says what to do."""
    with monkeypatch.context() as newer:
        newer.setattr(wire, "FIRST_VERSION", VERSION + 1)
        frame = wire.encode(Tick(date(2026, 10, 1)))

    with pytest.raises(NewerFormat, match=f"version {VERSION + 1}; this program reads up to version {VERSION}. Upgrade"):
        wire.decode(frame)


def test_a_version_damaged_on_the_way_is_not_a_newer_one() -> None:
    """One changed bit in the version is unreadable like any other damage: it must not stop the readers of the topic."""
    for place in (4, 5):
        for bit in range(8):
            frame = bytearray(wire.encode(Tick(date(2026, 10, 1))))
            frame[place] ^= 1 << bit

            with pytest.raises(Unreadable):
                wire.decode(bytes(frame))


@pytest.mark.parametrize("rows", [-1, 100_000 + 10_000, 10**9, 10**15])
def test_rows_that_a_frame_only_claims_are_refused(rows: int) -> None:
    """Constant columns take no bytes; a claim of too many rows is refused before memory is allocated."""
    batch = RecordBatch(
        "hukou", 0, 1, **{name: np.array([1], kind) for name, kind in FIXED.items()}, links={}, values={}, dictionaries={}, identity=None
    )  # fmt: skip
    body = bytes(wire.unframe(wire.encode(batch))[1])
    assert body.count(b'"rows":1,') == 1 and len(wire.decode(wire.frame(wire.KINDS.index(RecordBatch), body))) == 1  # type: ignore[arg-type]  # a batch

    with pytest.raises(Unreadable):
        wire.decode(wire.frame(wire.KINDS.index(RecordBatch), body.replace(b'"rows":1,', b'"rows":%d,' % rows)))


def test_unexpected_fields_are_refused() -> None:
    """A body with missing, unknown or wrong fields is refused as a whole."""
    for body in (b'{"day":"2026-10-01","more":1}', b"{}", b"[]", b'{"day":7}', b"\xff"):
        with pytest.raises(Unreadable):
            wire.decode(wire.frame(wire.KINDS.index(Tick), body))


def large(rows: int = 10_000) -> RecordBatch:
    """A batch like those of a register: four columns of hashes, days, enums, a division."""
    rng = np.random.default_rng(1)

    def tokens() -> Any:
        return rng.integers(1, 2**63, rows).astype(np.uint64)

    def values(low: int, high: int) -> Any:
        return np.where(rng.random(rows) < 0.01, MISSING, rng.integers(low, high, rows))

    return RecordBatch(
        "hukou", 0, 1, tokens(), tokens(), rng.integers(19000, 20700, rows), np.arange(1, rows + 1, dtype=np.int32), np.zeros(rows, np.uint8),
        np.full(rows, OPEN_FROM), np.full(rows, OPEN_TO), {"household": tokens()},
        {"birth": values(-15000, 20000), "sex": values(0, 2), "relation": values(0, 6), "since": values(-5000, 20000), "division": values(0, 12)},
        {"division": tuple(f"3101070{n:02d}" for n in range(12))}, tokens(),
    )  # fmt: skip


def test_large_batch_comes_back() -> None:
    """Ten thousand rows come back equal."""
    batch = large()
    decoded = wire.decode(wire.encode(batch))
    assert isinstance(decoded, RecordBatch)
    assert same_batch(decoded, batch)


def test_slice_of_a_batch_travels_alone() -> None:
    """A slice is a batch like any other."""
    part = large(100).slice(10, 20)

    decoded = wire.decode(wire.encode(part))

    assert isinstance(decoded, RecordBatch)
    assert same_batch(decoded, replace(part, delivery=1))
