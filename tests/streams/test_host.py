"""The embedded host: durable on return, one writer, readers at any time, and nothing half-done after any failure."""

from __future__ import annotations

import multiprocessing
import resource
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from streams import snapshots
from streams.cursor import Cursor
from streams.editions import fold
from streams.errors import Busy, Damaged, NewerFormat, NoRoom, NotThere, Refused
from streams.host import Host, SnapshotRule
from streams.messages import CandidateChange, CheckAnswered, Input, Tick
from streams.ports import Parts
from streams.state import State
from streams.steps import step
from streams.testing import FakeMatcher
from tests.streams.world import DAY, build, network, parts, run

BAD = CheckAnswered("nobody-published-this", 1, "check", True)
NEVER = SnapshotRule(closing_rows=10**9)


def filled(folder: Path, count: int, rule: SnapshotRule = NEVER) -> Host:
    """A host that took the first messages of the fixed run."""
    host = Host.open(folder, parts(), create=True, rule=rule)
    for message in run(count):
        host.submit(message)
    return host


def folded(count: int) -> tuple[State, list[CandidateChange]]:
    """The same without a host."""
    state, lines = State(parts()), []
    for offset, message in enumerate(run(count)):
        lines += step(state, message, offset)
    return state, lines


def test_reopened_host_stands_where_it_was(tmp_path: Path) -> None:
    """State, lines and what follows are those of the plain fold, with and without snapshots."""
    want, lines = folded(90)

    filled(tmp_path, 60, SnapshotRule(rows=700)).close()
    with Host.open(tmp_path, parts()) as host:
        for message in list(run(90))[60:]:
            host.submit(message)

        assert host.state.meta() == want.meta()
        assert list(host.outputs()) == lines
        assert [len(snapshots.offsets(tmp_path / "snapshots")), host.problem] == [2, None]


def test_several_messages_are_all_or_none(tmp_path: Path) -> None:
    """One transaction: a refused one takes back those before it, in memory and on disk."""
    with filled(tmp_path, 30) as host:
        before, rest = host.state.meta(), list(run(40))[30:]

        with pytest.raises(Refused):
            host.submit_many([*rest[:3], BAD])

        assert host.state.meta() == before
        receipts = host.submit_many(rest)
        assert [receipt.offset for receipt in receipts] == list(range(30, 40))
        assert list(host.outputs()) == folded(40)[1]


def test_refused_message_costs_no_recovery(tmp_path: Path) -> None:
    """The state in memory goes on being used."""
    with filled(tmp_path, 10) as host:
        state = host.state

        with pytest.raises(Refused):
            host.submit(BAD)

        assert host.state is state


class Breaking(FakeMatcher):
    """A matcher that fails half-way through a batch."""

    armed = False

    def apply(self, batch: Any) -> Any:
        changes = super().apply(batch)
        if Breaking.armed:
            raise MemoryError("half-way")
        return changes


def test_failure_inside_a_step_leaves_nothing(tmp_path: Path) -> None:
    """Whatever a step threw, the state is made again from disk."""
    broken = Parts(build, make_matcher=Breaking, restore_matcher=Breaking.restore)
    messages = list(run(10))
    with Host.open(tmp_path, broken, create=True) as host:
        for message in messages[:5]:
            host.submit(message)

        Breaking.armed = True
        with pytest.raises(MemoryError):
            host.submit(messages[5])
        Breaking.armed = False

        assert host.state.meta() == folded(5)[0].meta()
        for message in messages[5:]:
            host.submit(message)
        assert host.state.meta() == folded(10)[0].meta()


def test_failed_commit_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the transaction fails, the step has not happened."""
    with filled(tmp_path, 20) as host:
        message = list(run(21))[20]
        with monkeypatch.context() as patch:
            patch.setattr(host._log, "append", lambda rows: (_ for _ in ()).throw(OSError("gone")))
            with pytest.raises(OSError, match="gone"):
                host.submit(message)

        assert host.state.meta() == folded(20)[0].meta()
        assert host.submit(message).offset == 20


def test_one_writer_any_readers(tmp_path: Path) -> None:
    """A second writer is told who holds the store; a reader sees the last commit and cannot write."""
    with filled(tmp_path, 20) as host:
        with pytest.raises(Busy, match="Another process"):
            Host.open(tmp_path, parts())
        with Host.open(tmp_path, parts(), readonly=True) as reader:
            assert reader.state.offset == 19
            host.submit(list(run(21))[20])
            assert reader.state.offset == 19
            assert reader.refresh().offset == 20
            with pytest.raises(Refused, match="read-only"):
                reader.submit(Tick(DAY))
    Host.open(tmp_path, parts()).close()


def test_reader_left_behind_by_pruning_starts_again(tmp_path: Path) -> None:
    """The inputs it would need are gone; it takes the newest snapshot."""
    with filled(tmp_path, 20) as host, Host.open(tmp_path, parts(), readonly=True) as reader:
        for message in list(run(60))[20:]:
            host.submit(message)
            if host.state.offset % 10 == 0:
                host.snapshot()

        assert reader.refresh().meta() == host.state.meta()


def test_there_must_be_a_store(tmp_path: Path) -> None:
    """A path without one is an error, unless it is to be made."""
    for readonly in (True, False):
        with pytest.raises(NotThere, match="create one first"):
            Host.open(tmp_path / "nothing", parts(), readonly=readonly)


def test_snapshots_prune_inputs_and_keep_outputs(tmp_path: Path) -> None:
    """Two are kept; inputs behind the older go; every line stays."""
    with filled(tmp_path, 30) as host:
        first = host.snapshot()
        assert host._log.inputs(-1).__next__()[0] == 0, "one snapshot alone is not trusted"
        for message in list(run(50))[30:]:
            host.submit(message)
            last = host.snapshot()

        assert not first.exists()
        assert snapshots.offsets(tmp_path / "snapshots") == [49, 48]
        assert [offset for offset, _ in host._log.inputs(-1)] == [49]
        assert list(host.outputs()) == folded(50)[1]
        assert last == snapshots.place(tmp_path / "snapshots", 49)


@pytest.mark.parametrize("where", [3, 40, 200, -70])
def test_damaged_snapshot_falls_back_to_the_older(tmp_path: Path, where: int) -> None:
    """Whatever byte is turned; the damaged one is put aside and told."""
    host = filled(tmp_path, 30)
    host.snapshot()
    for message in list(run(50))[30:]:
        host.submit(message)
    path = host.snapshot()
    host.close()
    content = bytearray(path.read_bytes())
    content[where] ^= 64
    path.write_bytes(content)

    with Host.open(tmp_path, parts()) as host:
        assert host.state.meta() == folded(50)[0].meta()
        assert isinstance(host.problem, Damaged)
        assert path.with_suffix(".damaged").exists()


def test_both_snapshots_damaged_is_an_error(tmp_path: Path) -> None:
    """Inputs behind them are gone: better a clear sentence than a wrong list."""
    host = filled(tmp_path, 30)
    host.snapshot()
    host.submit(list(run(31))[30])
    host.snapshot()
    host.close()
    for path in (tmp_path / "snapshots").iterdir():
        path.write_bytes(path.read_bytes()[:-70])

    with pytest.raises(Damaged, match="do not meet: inputs from 0 on are missing"):
        Host.open(tmp_path, parts())


def test_damaged_log_is_a_clear_error(tmp_path: Path) -> None:
    """Not a database, an input whose digest is wrong, a log behind its snapshot."""
    filled(tmp_path / "a", 20).close()
    (tmp_path / "a" / "log.sqlite").write_bytes(b"no database at all" * 500)
    with pytest.raises(Damaged, match="damaged or cannot be read"):
        Host.open(tmp_path / "a", parts())

    filled(tmp_path / "b", 20).close()
    with sqlite3.connect(tmp_path / "b" / "log.sqlite") as db:
        db.execute("UPDATE inputs SET body = CAST(substr(body, 1, length(body) - 1) || x'00' AS BLOB) WHERE offset = 7")
    with pytest.raises(Damaged, match="Input 7"):
        Host.open(tmp_path / "b", parts())

    with filled(tmp_path / "c", 20) as host:
        host.snapshot()
    with sqlite3.connect(tmp_path / "c" / "log.sqlite") as db:
        db.execute("DELETE FROM inputs WHERE offset > 10")
        db.execute("DELETE FROM outputs WHERE offset > 10")
    with pytest.raises(Damaged, match="ahead of the log"):
        Host.open(tmp_path / "c", parts())


def test_newer_formats_are_refused_by_name(tmp_path: Path) -> None:
    """Log, snapshot and state each say which version they are and which is read."""
    filled(tmp_path / "a", 5).close()
    with sqlite3.connect(tmp_path / "a" / "log.sqlite") as db:
        db.execute("PRAGMA user_version = 9")
    with filled(tmp_path / "b", 5) as host:
        path = host.snapshot()
    path.write_bytes(path.read_bytes()[:8] + (9).to_bytes(4, "little") + path.read_bytes()[12:])
    with filled(tmp_path / "c", 5) as host:
        snapshots.write(tmp_path / "c" / "snapshots", 4, {**host.state.meta(), "format": 9}, host.state.arrays())

    for store in "abc":
        with pytest.raises(NewerFormat, match="version 9; this program reads up to version 1"):
            Host.open(tmp_path / store, parts())


def test_outputs_after_an_id(tmp_path: Path) -> None:
    """In order, each once, from any place; a durable cursor goes on where it stood."""
    with filled(tmp_path / "store", 60) as host:
        every = list(host.outputs())
        cursor = Cursor(tmp_path / "cursor")

        for place in (0, 7, len(every) - 1):
            assert list(host.outputs(every[place].id)) == every[place + 1 :]
        assert list(cursor.waiting(host)) == every
        cursor.advance(every[11].id)
        assert list(Cursor(tmp_path / "cursor").waiting(host)) == every[12:]
        (tmp_path / "cursor").write_text("?")
        with pytest.raises(Damaged):
            list(cursor.waiting(host))


def test_editions_of_a_store(tmp_path: Path) -> None:
    """They are read off the outputs, also of messages whose inputs were pruned."""
    with filled(tmp_path, 80, SnapshotRule(rows=500)) as host:
        before = list(host.editions("elderly-uninsured"))
        host.submit(Tick(host.state.day.replace(year=2027)))

        after = list(host.editions("elderly-uninsured"))

        assert after[: len(before)] == before
        listed = fold(change for edition in after for change in edition.changes)
        assert [subject for subject, _ in host.state.matcher.candidates("elderly-uninsured")] == sorted(listed)


def _limited(folder: Path, messages: Sequence[Input], results: Any) -> None:
    """Writes until the file size limit is met, then tells how that was said, and what was acknowledged."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))
    host, said, acknowledged = Host.open(folder, parts(), create=True, rule=NEVER), "", -1
    try:
        for message in messages:
            acknowledged = host.submit(message).offset
    except NoRoom as error:
        said = str(error)
    still = host.state.offset
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    again = host.submit(messages[acknowledged + 1]).offset
    results.put((said, acknowledged, still, again))


def test_full_disk_is_told_and_loses_nothing(tmp_path: Path) -> None:
    """A clear sentence; what was acknowledged is there, and with room again the same host goes on."""
    messages = list(run(400, size=60))
    context = multiprocessing.get_context("fork")
    results = context.Queue()

    process = context.Process(target=_limited, args=(tmp_path / "store", messages, results))
    process.start()
    said, acknowledged, still, again = results.get(timeout=60)
    process.join()

    assert "the disk is full" in said
    assert "All that was acknowledged is kept" in said
    assert acknowledged > 10
    assert (still, again) == (acknowledged, acknowledged + 1)
    with Host.open(tmp_path / "store", parts()) as host:
        assert host.state.offset == again


def _limited_snapshot(folder: Path, results: Any) -> None:
    with filled(folder, 60) as host:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, resource.RLIM_INFINITY))
        try:
            host.snapshot()
        except NoRoom as error:
            results.put(str(error))
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def test_full_disk_while_a_snapshot_is_written(tmp_path: Path) -> None:
    """Nothing is left of it, and the store is whole."""
    context = multiprocessing.get_context("fork")
    results = context.Queue()

    process = context.Process(target=_limited_snapshot, args=(tmp_path / "store", results))
    process.start()

    assert "the disk is full" in results.get(timeout=60)
    process.join()
    assert list((tmp_path / "store" / "snapshots").iterdir()) == []
    with Host.open(tmp_path / "store", parts()) as host:
        assert host.state.meta() == folded(60)[0].meta()


def test_failed_snapshot_does_not_fail_a_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A snapshot nobody asked for is told in ``problem``; the message is durable."""
    with Host.open(tmp_path, parts(), create=True, rule=SnapshotRule(rows=1)) as host:

        def failing(*given: object) -> Path:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(snapshots, "write", failing)

        receipt = host.submit(Tick(DAY))

        assert receipt.offset == 0
        assert isinstance(host.problem, NoRoom)


def test_network_is_the_example(tmp_path: Path) -> None:
    """The state begins with its catalogue."""
    with Host.open(tmp_path, parts(), create=True) as host:
        assert not host.state.begun
        host.submit(network())
        assert host.state.begun
