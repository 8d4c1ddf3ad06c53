"""The errors of a store, and what stays of it, when files are damaged, too new, or the disk is full."""

from __future__ import annotations

import multiprocessing
import resource
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from streams.embedded.host import CheckpointRule, EmbeddedHost
from streams.language.errors import DamagedStore, NewerFormat, NoRoom, OlderFormat
from streams.language.messages import Input, Tick
from streams.steps.state import FORMAT
from streams.store import checkpoints
from streams.store import log as storage
from tests.streams.bench import NEVER, fold_of_run, host_after_run
from tests.streams.world import DAY, parts, run


@pytest.mark.parametrize("where", [3, 40, 200, -70])
def test_damaged_snapshot_falls_back_to_the_older(tmp_path: Path, where: int) -> None:
    """Whichever byte is changed; the damaged snapshot is put aside, and the host names it."""
    host = host_after_run(tmp_path, 30)
    host.write_checkpoint()
    for message in list(run(50))[30:]:
        host.submit(message)
    path = host.write_checkpoint()
    host.close()
    content = bytearray(path.read_bytes())
    content[where] ^= 64
    path.write_bytes(content)

    with EmbeddedHost.open(tmp_path, parts()) as host:
        assert host.state.meta() == fold_of_run(50)[0].meta()
        assert isinstance(host.problem, DamagedStore)
        assert path.with_suffix(".damaged").exists()


def test_both_snapshots_damaged_is_an_error(tmp_path: Path) -> None:
    """The inputs before them are pruned: a clear error is better than a wrong list."""
    host = host_after_run(tmp_path, 30)
    host.write_checkpoint()
    host.submit(list(run(31))[30])
    host.write_checkpoint()
    host.close()
    for path in (tmp_path / "snapshots").iterdir():
        path.write_bytes(path.read_bytes()[:-70])

    with pytest.raises(DamagedStore, match="do not meet: inputs from 0 on are missing"):
        EmbeddedHost.open(tmp_path, parts())


def test_damaged_log_is_a_clear_error(tmp_path: Path) -> None:
    """The file is no database, an input has a wrong digest, the log ends before its snapshot."""
    host_after_run(tmp_path / "a", 20).close()
    (tmp_path / "a" / "log.sqlite").write_bytes(b"no database at all" * 500)
    with pytest.raises(DamagedStore, match="damaged or cannot be read"):
        EmbeddedHost.open(tmp_path / "a", parts())

    host_after_run(tmp_path / "b", 20).close()
    with sqlite3.connect(tmp_path / "b" / "log.sqlite") as db:
        db.execute("UPDATE inputs SET body = CAST(substr(body, 1, length(body) - 1) || x'00' AS BLOB) WHERE offset = 7")
    with pytest.raises(DamagedStore, match="inputs #7: changed"):
        EmbeddedHost.open(tmp_path / "b", parts())

    host_after_run(tmp_path / "c", 10).close()
    with host_after_run(tmp_path / "d", 20) as host:
        path = host.write_checkpoint()
    (tmp_path / "c" / "snapshots" / path.name).write_bytes(path.read_bytes())
    with pytest.raises(DamagedStore, match="ahead of the log"):
        EmbeddedHost.open(tmp_path / "c", parts())


def test_older_formats_are_refused_by_name(tmp_path: Path) -> None:
    """A log from before the first release is left as it is."""
    host_after_run(tmp_path, 5).close()
    with sqlite3.connect(tmp_path / "log.sqlite") as db:
        db.execute("PRAGMA user_version = 2")
    before = (tmp_path / "log.sqlite").read_bytes()

    for readonly in (True, False):
        with pytest.raises(OlderFormat, match="version 2, written by 0\\.1"):
            EmbeddedHost.open(tmp_path, parts(), readonly=readonly)
    assert (tmp_path / "log.sqlite").read_bytes() == before


def test_newer_formats_are_refused_by_name(tmp_path: Path) -> None:
    """The errors about log, snapshot and state name the version of the file and the version that the program reads."""
    host_after_run(tmp_path / "a", 5).close()
    with sqlite3.connect(tmp_path / "a" / "log.sqlite") as db:
        db.execute("PRAGMA user_version = 9")
    with host_after_run(tmp_path / "b", 5) as host, pytest.MonkeyPatch.context() as newer:
        newer.setattr(checkpoints, "FORMAT", 9)
        host.write_checkpoint()
    with host_after_run(tmp_path / "c", 5) as host:
        checkpoints.write(tmp_path / "c" / "snapshots", 4, {**host.state.meta(), "format": 9}, host.state.arrays())

    for store, ours in (("a", storage.FORMAT), ("b", checkpoints.FORMAT), ("c", FORMAT)):
        with pytest.raises(NewerFormat, match=f"version 9; this program reads up to version {ours}"):
            EmbeddedHost.open(tmp_path / store, parts())


def _write_until_full(folder: Path, messages: Sequence[Input], results: Any) -> None:
    """Writes up to the file size limit; puts the text of the error and the acknowledged offsets into ``results``."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))
    host, words, acknowledged = EmbeddedHost.open(folder, parts(), create=True, rule=NEVER), "", -1
    try:
        for message in messages:
            acknowledged = host.submit(message).offset
    except NoRoom as error:
        words = str(error)
    still = host.state.offset
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    again = host.submit(messages[acknowledged + 1]).offset
    results.put((words, acknowledged, still, again))


def test_full_disk_is_told_and_loses_nothing(tmp_path: Path) -> None:
    """The error is clear, all acknowledged messages stay, and the same host continues when there is room again."""
    messages = list(run(400, size=60))
    context = multiprocessing.get_context("fork")
    results = context.Queue()

    process = context.Process(target=_write_until_full, args=(tmp_path / "store", messages, results))
    process.start()
    words, acknowledged, still, again = results.get(timeout=60)
    process.join()

    assert "the disk is full" in words
    assert "All that was acknowledged is kept" in words
    assert acknowledged > 10
    assert (still, again) == (acknowledged, acknowledged + 1)
    with EmbeddedHost.open(tmp_path / "store", parts()) as host:
        assert host.state.offset == again


def _limited_snapshot(folder: Path, results: Any) -> None:
    with host_after_run(folder, 60) as host:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, resource.RLIM_INFINITY))
        try:
            host.write_checkpoint()
        except NoRoom as error:
            results.put(str(error))
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def test_full_disk_while_a_snapshot_is_written(tmp_path: Path) -> None:
    """Nothing is left of the snapshot, and the store is whole."""
    context = multiprocessing.get_context("fork")
    results = context.Queue()

    process = context.Process(target=_limited_snapshot, args=(tmp_path / "store", results))
    process.start()

    assert "the disk is full" in results.get(timeout=60)
    process.join()
    assert list((tmp_path / "store" / "snapshots").iterdir()) == []
    with EmbeddedHost.open(tmp_path / "store", parts()) as host:
        assert host.state.meta() == fold_of_run(60)[0].meta()


def test_failed_snapshot_does_not_fail_a_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The failure of an automatic snapshot stands in ``problem``; the message is durable."""
    with EmbeddedHost.open(tmp_path, parts(), create=True, rule=CheckpointRule(rows=1)) as host:

        def failing(*arguments: object) -> Path:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(checkpoints, "write", failing)

        receipt = host.submit(Tick(DAY))

        assert receipt.offset == 0
        assert isinstance(host.problem, NoRoom)
