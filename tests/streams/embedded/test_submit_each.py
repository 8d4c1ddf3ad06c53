"""``submit_each`` applies a message while the one before is being written; the result is that of one after the other, also after errors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from policies.values import Text
from streams.embedded.host import CheckpointRule, EmbeddedHost
from streams.language.errors import NoRoom, Refusal
from streams.language.messages import EditionCut, Input
from streams.store.log import Log, Row
from tests.streams.bench import NEVER, fold_of_run
from tests.streams.world import parts, run


def stands_at(folder: Path, count: int) -> None:
    """Checks that the store holds exactly the first messages of the fixed run."""
    state, lines = fold_of_run(count)
    with EmbeddedHost.open(folder, parts(), readonly=True) as host:
        assert host.state.meta() == state.meta()
        assert list(host.outputs()) == lines


def test_the_same_as_one_after_the_other(tmp_path: Path) -> None:
    """The same receipts, lines and state, with snapshots in between."""
    with EmbeddedHost.open(tmp_path, parts(), create=True, rule=CheckpointRule(rows=500, closing_rows=10**9)) as host:
        receipts = list(host.submit_each(run(150)))
        assert list((tmp_path / "snapshots").iterdir())
        assert [receipt.offset for receipt in receipts] == list(range(150))
        assert [line for receipt in receipts for line in receipt.changes] == fold_of_run(150)[1]
        assert host.submit(list(run(151))[150]).offset == 150
    stands_at(tmp_path, 151)


def test_a_refused_message_stops_behind_the_ones_before(tmp_path: Path) -> None:
    """The messages before are durable, and the state in memory ends with them."""
    messages = [*list(run(40)), EditionCut("nobody"), *list(run(45))[40:]]
    with EmbeddedHost.open(tmp_path, parts(), create=True, rule=NEVER) as host:
        with pytest.raises(Refusal):
            list(host.submit_each(messages))
        before = host._state
        assert before is not None
        assert before.offset == 39
        stands_at(tmp_path, 40)
        assert [receipt.offset for receipt in host.submit_each(messages[41:])] == list(range(40, 45))
    stands_at(tmp_path, 45)


@pytest.mark.parametrize("error", [MemoryError(), Refusal(Text("不", "no")), ValueError("a torn file")])
def test_receipts_of_all_that_is_durable_come_before_an_error(tmp_path: Path, error: Exception) -> None:
    """A count of receipts is no less than the stored messages: also the message that was being written when the next one failed has a receipt."""
    offsets = list[int]()

    def failing() -> Iterator[Input]:
        yield from run(12)
        raise error

    with EmbeddedHost.open(tmp_path, parts(), create=True, rule=NEVER) as host:
        with pytest.raises(type(error)):
            offsets.extend(receipt.offset for receipt in host.submit_each(failing()))
        assert host.state.offset == 11

    assert offsets == list(range(12))
    stands_at(tmp_path, 12)


@pytest.mark.parametrize("writes", [0, 1, 17])
def test_what_cannot_be_written_never_happened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writes: int) -> None:
    """This holds for the message that met a full disk and for the next one, which was already applied."""
    append, attempts, offsets = Log.append, list[int](), list[int]()

    def fails(log: Log, rows: tuple[Row, ...]) -> None:
        attempts.append(rows[0].offset)
        if len(attempts) == writes + 1:
            raise NoRoom(Text("满", "full"))
        append(log, rows)

    with EmbeddedHost.open(tmp_path, parts(), create=True, rule=NEVER) as host:
        monkeypatch.setattr(Log, "append", fails)
        with pytest.raises(NoRoom):
            offsets.extend(receipt.offset for receipt in host.submit_each(run(30)))
        monkeypatch.setattr(Log, "append", append)
        assert attempts == list(range(writes + 1))  # nothing is written behind a gap
        stands_at(tmp_path, writes)
        list(host.submit_each(list(run(30))[writes:]))
    stands_at(tmp_path, 30)


@pytest.mark.parametrize("writes", [0, 1, 17])
def test_nor_did_what_cannot_be_written_where_a_snapshot_is_due(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writes: int) -> None:
    """Before a snapshot the message waits for the disk, and the state stays as before the message."""
    append, messages = Log.append, list(run(30))

    def fails(log: Log, rows: tuple[Row, ...]) -> None:
        if rows[0].offset == writes:
            raise NoRoom(Text("满", "full"))
        append(log, rows)

    with EmbeddedHost.open(tmp_path, parts(), create=True, rule=CheckpointRule(rows=1, closing_rows=10**9)) as host:
        monkeypatch.setattr(Log, "append", fails)
        with pytest.raises(NoRoom):
            list(host.submit_each(messages))
        monkeypatch.setattr(Log, "append", append)
        assert host.state.offset == writes - 1
        list(host.submit_each(messages[writes:]))
    stands_at(tmp_path, 30)


def test_who_stops_early_stops_behind_a_whole_message(tmp_path: Path) -> None:
    """The store may hold one message more than the caller took; a source of messages that fails does no harm."""

    def failing_source() -> Iterator[Input]:
        yield from list(run(20))[host.state.offset + 1 :]
        raise OSError("the file is gone")

    with EmbeddedHost.open(tmp_path, parts(), create=True, rule=NEVER) as host:
        receipts = host.submit_each(run(20))
        assert [next(receipts).offset for _ in range(5)] == list(range(5))
        receipts.close()  # type: ignore[attr-defined]  # a generator
        assert host.state.offset == 5
        stands_at(tmp_path, 6)
        with pytest.raises(OSError, match="gone"):
            list(host.submit_each(failing_source()))
        stands_at(tmp_path, 20)
        assert host.state.offset == 19
