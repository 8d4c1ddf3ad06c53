"""The embedded host: durable on return, one writer, readers at any time, and no half of a message after a failure."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from streams.embedded.cursor import Cursor
from streams.embedded.host import CheckpointRule, EmbeddedHost
from streams.language.errors import Busy, DamagedStore, NotThere, Refusal
from streams.language.messages import CheckAnswered, Tick
from streams.language.ports import Parts
from streams.lists.editions import fold
from streams.store import checkpoints, sqlite_errors
from streams.store.retention import SHORT
from streams.testing import FakeMatcher
from tests.streams.bench import fold_of_run, host_after_run
from tests.streams.world import DAY, build, network, parts, run

BAD = CheckAnswered("nobody-published-this", 1, "check", True)


def test_reopened_host_stands_where_it_was(tmp_path: Path) -> None:
    """State and lines are those of the plain fold, and so are those of later messages, with and without snapshots."""
    want, lines = fold_of_run(90)

    host_after_run(tmp_path, 60, CheckpointRule(rows=700, retention=SHORT)).close()
    with EmbeddedHost.open(tmp_path, parts()) as host:
        for message in list(run(90))[60:]:
            host.submit(message)

        assert host.state.meta() == want.meta()
        assert list(host.outputs()) == lines
        assert [len(checkpoints.offsets(tmp_path / "snapshots")), host.problem] == [2, None]


def test_several_messages_are_all_or_none(tmp_path: Path) -> None:
    """They are one transaction: a refused message takes back those before it, in memory and on disk."""
    with host_after_run(tmp_path, 30) as host:
        before, rest = host.state.meta(), list(run(40))[30:]

        with pytest.raises(Refusal):
            host.submit_many([*rest[:3], BAD])

        assert host.state.meta() == before
        receipts = host.submit_many(rest)
        assert [receipt.offset for receipt in receipts] == list(range(30, 40))
        assert list(host.outputs()) == fold_of_run(40)[1]


def test_refused_message_costs_no_recovery(tmp_path: Path) -> None:
    """The host keeps its state in memory."""
    with host_after_run(tmp_path, 10) as host:
        state = host.state

        with pytest.raises(Refusal):
            host.submit(BAD)

        assert host.state is state


def test_a_reader_does_not_pass_by_whoever_has_the_log_for_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reader gets an error: the log is in use, though no other file of a database lies beside it."""
    host_after_run(tmp_path, 5).close()
    writer = sqlite3.connect(tmp_path / "log.sqlite", isolation_level=None)
    for statement in ("PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA locking_mode = EXCLUSIVE", "BEGIN EXCLUSIVE"):
        writer.execute(statement)
    monkeypatch.setattr(sqlite_errors, "WAIT_SECONDS", 0.1)

    with pytest.raises(Busy, match="in use"):
        EmbeddedHost.open(tmp_path, parts(), readonly=True)

    writer.close()
    EmbeddedHost.open(tmp_path, parts(), readonly=True).close()


class Breaking(FakeMatcher):
    """A matcher that fails half-way through a batch."""

    armed = False

    def apply(self, batch: Any) -> Any:
        changes = super().apply(batch)
        if Breaking.armed:
            raise MemoryError("half-way")
        return changes


def test_failure_inside_a_step_leaves_nothing(tmp_path: Path) -> None:
    """Whatever error a step raises, the state is restored from disk."""
    breaking_parts = Parts(build, make_matcher=Breaking, restore_matcher=Breaking.restore)
    messages = list(run(10))
    with EmbeddedHost.open(tmp_path, breaking_parts, create=True) as host:
        for message in messages[:5]:
            host.submit(message)

        Breaking.armed = True
        with pytest.raises(MemoryError):
            host.submit(messages[5])
        Breaking.armed = False

        assert host.state.meta() == fold_of_run(5)[0].meta()
        for message in messages[5:]:
            host.submit(message)
        assert host.state.meta() == fold_of_run(10)[0].meta()


def test_failed_commit_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the transaction fails, the state is as before the step."""
    with host_after_run(tmp_path, 20) as host:
        message = list(run(21))[20]
        with monkeypatch.context() as patch:
            patch.setattr(host._log, "append", lambda rows: (_ for _ in ()).throw(OSError("gone")))
            with pytest.raises(OSError, match="gone"):
                host.submit(message)

        assert host.state.meta() == fold_of_run(20)[0].meta()
        assert host.submit(message).offset == 20


def test_one_writer_any_readers(tmp_path: Path) -> None:
    """A second writer is told who holds the store; a reader sees the last commit and cannot write."""
    with host_after_run(tmp_path, 20) as host:
        with pytest.raises(Busy, match="Another process"):
            EmbeddedHost.open(tmp_path, parts())
        with EmbeddedHost.open(tmp_path, parts(), readonly=True) as reader:
            assert reader.state.offset == 19
            host.submit(list(run(21))[20])
            assert reader.state.offset == 19
            assert reader.refresh().offset == 20
            with pytest.raises(Refusal, match="read-only"):
                reader.submit(Tick(DAY))
    EmbeddedHost.open(tmp_path, parts()).close()


def test_reader_left_behind_by_pruning_starts_again(tmp_path: Path) -> None:
    """The inputs that it needs are pruned, so it takes the newest snapshot."""
    with host_after_run(tmp_path, 20) as host, EmbeddedHost.open(tmp_path, parts(), readonly=True) as reader:
        for message in list(run(60))[20:]:
            host.submit(message)
            if host.state.offset % 10 == 0:
                host.write_checkpoint()

        assert reader.refresh().meta() == host.state.meta()


def test_there_must_be_a_store(tmp_path: Path) -> None:
    """A path without a store is an error, unless the store is to be created."""
    for readonly in (True, False):
        with pytest.raises(NotThere, match="create one first"):
            EmbeddedHost.open(tmp_path / "nothing", parts(), readonly=readonly)


def test_snapshots_prune_inputs_and_keep_outputs(tmp_path: Path) -> None:
    """Two snapshots stay, the inputs before the older one go, and every line stays."""
    with host_after_run(tmp_path, 30) as host:
        first = host.write_checkpoint()
        assert host._log.inputs(-1).__next__()[0] == 0, "one snapshot alone is not trusted"
        for message in list(run(50))[30:]:
            host.submit(message)
            last = host.write_checkpoint()

        assert not first.exists()
        assert checkpoints.offsets(tmp_path / "snapshots") == [49, 48]
        assert [offset for offset, _ in host._log.inputs(-1)] == [49]
        assert list(host.outputs()) == fold_of_run(50)[1]
        assert last == checkpoints.place(tmp_path / "snapshots", 49)


def test_outputs_after_an_id(tmp_path: Path) -> None:
    """They come in order, each once, from any place; a durable cursor continues from its last place."""
    with host_after_run(tmp_path / "store", 60) as host:
        every = list(host.outputs())
        cursor = Cursor(tmp_path / "cursor")

        for place in (0, 7, len(every) - 1):
            assert list(host.outputs(every[place].id)) == every[place + 1 :]
        assert list(cursor.waiting(host)) == every
        cursor.advance(every[11].id)
        assert list(Cursor(tmp_path / "cursor").waiting(host)) == every[12:]
        (tmp_path / "cursor").write_text("?")
        with pytest.raises(DamagedStore):
            list(cursor.waiting(host))


def test_editions_of_a_store(tmp_path: Path) -> None:
    """They are made from the outputs, also from those whose inputs were pruned."""
    with host_after_run(tmp_path, 80, CheckpointRule(rows=500)) as host:
        before = list(host.editions("elderly-uninsured"))
        host.submit(Tick(host.state.day.replace(year=2027)))

        after = list(host.editions("elderly-uninsured"))

        assert after[: len(before)] == before
        listed = fold(change for edition in after for change in edition.changes)
        assert [subject for subject, _ in host.state.matcher.candidates("elderly-uninsured")] == sorted(listed)


def test_network_is_the_example(tmp_path: Path) -> None:
    """The state begins with its catalogue."""
    with EmbeddedHost.open(tmp_path, parts(), create=True) as host:
        assert not host.state.has_catalogue
        host.submit(network())
        assert host.state.has_catalogue
