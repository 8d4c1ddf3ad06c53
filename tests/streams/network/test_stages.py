"""A stage on disk: after a stop anywhere it continues from the end of its log, and outputs without acknowledgement come again, the same.

A small fold stands in for the real ones, so that every state can be worked out by hand.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from streams.language.errors import Busy, DamagedStore, InvalidSeal
from streams.language.folds import Fold, MakeFold, Outgoing
from streams.language.ports import Arrays
from streams.network import stages
from streams.network.sequencer import Sequencer
from streams.network.stages import MessageOutputs, Stage, StageRule
from streams.store import checkpoints, writer
from streams.store import log as storage
from tests.streams.happenings import Happenings
from tests.streams.world import child_environment, parts

NAME = "orders-0"
NEVER = StageRule(messages=10**9)


class Tally:
    """A fold that counts bytes: its output has the sum so far; an empty message has no output."""

    def __init__(self, checkpoint: tuple[dict[str, Any], Arrays] | None = None) -> None:
        self.offset, self.total, self.erasure_count = -1, 0, 0
        if checkpoint is not None:
            self.offset, self.total = checkpoint[0]["offset"], int(checkpoint[1]["total"][0])

    def take(self, body: bytes, offset: int, seal_error: InvalidSeal | None = None) -> list[Outgoing]:
        self.offset, self.total = offset, self.total + len(body)
        return [Outgoing("lines", 0, f"0.{offset}", "found", b"%d of " % self.total + body, {"of": str(offset)})] if body else []

    def announcements(self) -> tuple[Outgoing, ...]:
        return ()

    def counters(self) -> Counter[str]:
        return Counter()

    def gauges(self) -> dict[tuple[str, ...], float]:
        return {}

    def meta(self) -> dict[str, Any]:
        return {"offset": self.offset}

    def arrays(self) -> Arrays:
        return {"total": np.array([self.total], np.int64)}


def make(checkpoint: tuple[dict[str, Any], Arrays] | None = None, /) -> Fold:
    return Tally(checkpoint)


class FolderDepot:
    """A depot that is a plain folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def newest(self, stage: str) -> int | None:
        return max((int(path.name) for path in (self.folder / stage).glob("*")), default=None)

    def fetch(self, stage: str, offset: int, target: Path) -> None:
        shutil.copy(self.folder / stage / str(offset), target)

    def keep(self, stage: str, offset: int, source: Path) -> None:
        (self.folder / stage).mkdir(parents=True, exist_ok=True)
        shutil.copy(source, self.folder / stage / str(offset))

    def remove_older(self, stage: str, offset: int) -> None:
        for path in (self.folder / stage).glob("*"):
            if int(path.name) < offset:
                path.unlink()


def open_stage(root: Path, depot: FolderDepot | None = None, how: MakeFold = make, rule: StageRule = NEVER) -> Stage:
    return Stage(NAME, root, how, depot, rule)


def kill(stage: Stage) -> None:
    """Ends the process of a stage: its lock and its memory are gone."""
    stage._lock.release()  # what the system does when a process ends


def take_messages(stage: Stage, first: int, count: int, commit: bool = True) -> list[MessageOutputs]:
    """Takes some messages; gives their outputs."""
    for offset in range(first, first + count):
        assert stage.take(b"message %d" % offset, offset)
    rows = stage.take_uncommitted() if commit else []
    stage.commit(rows)
    return [output for _, output in rows]


def plain(outputs: list[MessageOutputs]) -> list[tuple[int, list[Outgoing]]]:
    return [(output.offset, list(output.messages)) for output in outputs if output.messages]


def test_killed_between_take_and_commit_goes_on_from_the_commit(tmp_path: Path) -> None:
    """Messages that were only in memory are lost; outputs that were committed and not acknowledged come again, once each."""
    stage = open_stage(tmp_path)
    committed = take_messages(stage, 0, 5)
    take_messages(stage, 5, 3, commit=False)
    kill(stage)

    again = open_stage(tmp_path)

    assert again.offset == 4
    assert plain(list(again.unsent())) == plain(committed)
    assert take_messages(again, 5, 3)[0].messages[0].body == b"54 of message 5"


def test_what_was_acknowledged_does_not_come_out_again(tmp_path: Path) -> None:
    """It is forgotten with the next commit; until then it may come again, for consumers recognise its id."""
    stage = open_stage(tmp_path)
    committed = take_messages(stage, 0, 5)
    stage.note_acknowledged(2)
    kill(stage)
    again = open_stage(tmp_path)
    before = plain(list(again.unsent()))
    again.note_acknowledged(2)
    more = take_messages(again, 5, 1)
    kill(again)

    last = open_stage(tmp_path)

    assert before == plain(committed)
    assert plain(list(last.unsent())) == plain(committed[3:] + more)


def test_message_without_outputs_is_kept_all_the_same(tmp_path: Path) -> None:
    """The offset advances, and there is nothing to send."""
    stage = open_stage(tmp_path)
    stage.take(b"", 0)
    stage.commit(stage.take_uncommitted())
    kill(stage)

    again = open_stage(tmp_path)

    assert again.offset == 0
    assert list(again.unsent()) == []


def test_lower_offsets_are_passed_over(tmp_path: Path) -> None:
    """A broker that repeats earlier messages changes nothing."""
    stage = open_stage(tmp_path)
    take_messages(stage, 0, 3)

    assert not stage.take(b"something else", 0)
    assert not stage.take(b"something else", 2)
    assert stage.take_uncommitted() == []
    assert stage.offset == 2


def test_gap_stops_the_stage_and_names_both_offsets(tmp_path: Path) -> None:
    """Messages that the topic no longer has are never skipped in silence."""
    stage = open_stage(tmp_path)
    take_messages(stage, 0, 3)

    with pytest.raises(DamagedStore, match="orders-0 goes on at 7 after 2: messages are missing"):
        stage.take(b"message 7", 7)
    assert stage.offset == 2


@pytest.mark.parametrize("snapshot_at", [None, 2, 4])
def test_stage_behind_gives_the_same_again(tmp_path: Path, snapshot_at: int | None) -> None:
    """Restored from an older copy of its folder, it takes the later messages again, with the same bytes and ids."""
    stage = open_stage(tmp_path / "now")
    first = take_messages(stage, 0, 3)
    if snapshot_at == 2:
        stage.write_checkpoint()
    first += take_messages(stage, 3, 2)
    if snapshot_at == 4:
        stage.write_checkpoint()
    stage.close()
    shutil.copytree(tmp_path / "now", tmp_path / "old")
    stage = open_stage(tmp_path / "now")
    rest = take_messages(stage, 5, 4)
    stage.close()

    old = open_stage(tmp_path / "old")

    assert old.offset == 4
    assert plain(list(old.unsent())) == plain(first)
    assert plain(take_messages(old, 5, 4)) == plain(rest)


def test_sequencer_stopped_anywhere_gives_the_same_again(tmp_path: Path) -> None:
    """The real sequencer is killed after every few messages; its orders are those of an uninterrupted run."""

    def sequencer(checkpoint: tuple[dict[str, Any], Arrays] | None = None, /) -> Fold:
        return Sequencer(parts(real=True), 3, checkpoint)

    bodies, whole = list(islice(Happenings(Random(5)).run(), 45)), sequencer()
    expected = [(offset, list(whole.take(body, offset))) for offset, body in enumerate(bodies)]
    rng, came = Random(1), dict[int, list[Outgoing]]()

    while len(came) < len(bodies):
        stage = open_stage(tmp_path, how=sequencer)
        for offset in range(stage.offset + 1, min(len(bodies), stage.offset + 1 + rng.randint(3, 20))):
            stage.take(bodies[offset], offset)
        rows = stage.take_uncommitted()
        stage.commit(rows[: len(rows) - rng.randint(0, 3)] or rows)
        if rng.random() < 0.5 and len(rows) and stage.fold.offset == stage.log.last():  # a snapshot covers committed messages only
            stage.write_checkpoint()
        came |= {output.offset: list(output.messages) for output in stage.unsent()}
        kill(stage)

    assert sorted(came.items()) == [(offset, out) for offset, out in expected if out]


def test_snapshot_shortens_the_log_and_keeps_what_is_not_sent(tmp_path: Path) -> None:
    """Two snapshots stay, the inputs after the older one, and every output without acknowledgement."""
    stage = open_stage(tmp_path)
    outputs = []
    for first in range(0, 12, 3):
        outputs += take_messages(stage, first, 3)
        stage.write_checkpoint()
    kill(stage)

    again = open_stage(tmp_path)

    assert [offset for offset, _ in again.log.inputs(-1)] == [9, 10, 11]
    assert again.offset == 11
    assert plain(list(again.unsent())) == plain(outputs)
    assert take_messages(again, 12, 1)[0].messages[0].body.startswith(b"120 of")


def test_damaged_snapshot_is_passed_over(tmp_path: Path) -> None:
    """The stage uses the snapshot before it and the later inputs; it puts the damaged one aside and reports it."""
    stage = open_stage(tmp_path)
    outputs = take_messages(stage, 0, 3)
    stage.write_checkpoint()
    outputs += take_messages(stage, 3, 3)
    stage.write_checkpoint()
    outputs += take_messages(stage, 6, 1)
    kill(stage)
    path = checkpoints.place(tmp_path / NAME / "snapshots", 5)
    path.write_bytes(path.read_bytes()[:-70] + b"\xff" * 70)

    again = open_stage(tmp_path)

    assert again.offset == 6
    assert isinstance(again.problem, DamagedStore)
    assert path.with_suffix(".damaged").exists()
    assert plain(list(again.unsent())) == plain(outputs)


def test_memory_that_ends_behind_the_fold_leaves_no_snapshot_ahead_of_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fold took the message, and memory ended before its row was made: no snapshot is due, and the stage opens at the end of its log."""
    stage = open_stage(tmp_path, rule=StageRule(messages=1))

    def none_left(outputs: object) -> bytes:
        raise MemoryError

    take_messages(stage, 0, 3)
    monkeypatch.setattr(stages, "encode_outgoing", none_left)
    with pytest.raises(MemoryError):
        stage.take(b"too much", 3)

    assert (stage.due, stage.whole) == (False, False)
    stage.close()
    assert open_stage(tmp_path).offset == 2


def test_due_by_messages_and_by_bytes(tmp_path: Path) -> None:
    """Both count since the last snapshot, also over a restart."""
    stage = open_stage(tmp_path, rule=StageRule(messages=3, bytes=10**6))
    take_messages(stage, 0, 2)
    kill(stage)
    again = open_stage(tmp_path, rule=StageRule(messages=3, bytes=10**6))
    before = again.due

    take_messages(again, 2, 1)

    assert (before, again.due) == (False, True)
    again.write_checkpoint()
    assert not again.due
    again.take(b"x" * 2_000_000, 3)
    assert again.due


# -- a disk that is lost -----------------------------------------------------------------------------------------------


def test_wiped_disk_goes_on_from_the_shipped_snapshot(tmp_path: Path) -> None:
    """Another worker takes the partition from the depot, and its outputs since are the same."""
    depot = FolderDepot(tmp_path / "depot")
    stage = open_stage(tmp_path / "one", depot)
    take_messages(stage, 0, 4)
    stage.write_checkpoint()
    stage.note_acknowledged(3)
    stage.ship()
    rest = take_messages(stage, 4, 3)
    kill(stage)

    other = open_stage(tmp_path / "two", depot)

    assert other.offset == 3
    assert list(other.unsent()) == []
    assert plain(take_messages(other, 4, 3)) == plain(rest)
    kill(other)
    assert open_stage(tmp_path / "two", depot).offset == 6


def test_ships_only_what_is_acknowledged(tmp_path: Path) -> None:
    """Otherwise outputs from before the snapshot would be lost with this disk."""
    depot = FolderDepot(tmp_path / "depot")
    stage = open_stage(tmp_path, depot)
    take_messages(stage, 0, 4)
    stage.write_checkpoint()
    stage.note_acknowledged(2)
    stage.ship()
    before = depot.newest(NAME)

    stage.note_acknowledged(3)
    stage.ship()

    assert before is None
    assert depot.newest(NAME) == 3
    assert not stage.shippable


def test_local_state_that_is_further_than_the_shipped_one_stays(tmp_path: Path) -> None:
    """It keeps all outputs that are still to be sent."""
    depot = FolderDepot(tmp_path / "depot")
    stage = open_stage(tmp_path, depot)
    outputs = take_messages(stage, 0, 4)
    stage.write_checkpoint()
    stage.note_acknowledged(3)
    stage.ship()
    outputs += take_messages(stage, 4, 3)
    kill(stage)

    again = open_stage(tmp_path, depot)

    assert again.offset == 6
    assert plain(list(again.unsent())) == plain(outputs[4:])


def test_local_state_that_is_behind_the_shipped_one_is_given_up(tmp_path: Path) -> None:
    """Another worker held the partition meanwhile, and has sent the outputs that were still to be sent here."""
    depot = FolderDepot(tmp_path / "depot")
    stage = open_stage(tmp_path / "one", depot)
    take_messages(stage, 0, 2)
    stage.write_checkpoint()
    kill(stage)
    other = open_stage(tmp_path / "two", depot)
    take_messages(other, 0, 5)
    other.write_checkpoint()
    other.note_acknowledged(4)
    other.ship()
    other.close()

    again = open_stage(tmp_path / "one", depot)

    assert again.offset == 4
    assert list(again.unsent()) == []
    assert checkpoints.offsets(tmp_path / "one" / NAME / "snapshots") == [4]


def test_stopped_while_fetching_fetches_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever a worker is stopped while it fetches a shipped snapshot, the next one fetches it."""
    depot = FolderDepot(tmp_path / "depot")
    stage = open_stage(tmp_path / "one", depot)
    take_messages(stage, 0, 5)
    stage.write_checkpoint()
    stage.note_acknowledged(4)
    stage.ship()
    stage.close()

    for number in range(3):
        left, real = number, storage.Log.append

        def stop(log: storage.Log, *some: Any) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            match left:
                case 0:
                    patched.setattr(storage.Log, "append", stop)
                case 1:
                    patched.setattr(Path, "rename", stop)
                case _:
                    patched.setattr(shutil, "rmtree", stop)
            with pytest.raises(KeyboardInterrupt):
                open_stage(tmp_path / f"two{number}", depot)
        assert real is storage.Log.append

        assert open_stage(tmp_path / f"two{number}", depot).offset == 4


def test_log_is_on_disk_before_a_snapshot_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A snapshot is never ahead of its log, also after a power cut; otherwise nobody waits for the log to reach the disk."""
    stage = open_stage(tmp_path)
    take_messages(stage, 0, 5)
    synced: list[tuple[str, int]] = []
    real = os.fsync

    def note_fsync(handle: int) -> None:
        synced.append((Path(os.readlink(f"/proc/self/fd/{handle}")).name, os.fstat(handle).st_size))
        real(handle)

    monkeypatch.setattr(os, "fsync", note_fsync)
    stage.write_checkpoint()

    wal = (tmp_path / NAME / "log.sqlite-wal").stat().st_size
    names = [name for name, _ in synced]
    assert "log.sqlite-wal" in names
    assert synced[names.index("log.sqlite-wal")][1] == wal > 0
    assert names.index("log.sqlite-wal") < names.index(f".00000000000000000004.snapshot.{os.getpid()}.part")


# -- two workers -------------------------------------------------------------------------------------------------------

_HOLD = """
import sys, time
from pathlib import Path
from tests.streams.network.test_stages import open_stage
stage = open_stage(Path(sys.argv[1]))
stage.take(b"one", 0)
stage.commit(stage.take_uncommitted())
print("held", flush=True)
sys.stdin.read()
"""


def test_second_process_waits_for_the_lock(tmp_path: Path) -> None:
    """It continues where the first one stood, as soon as that is gone, killed or not."""
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(tmp_path)], env=child_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    waiting = subprocess.Popen(
        [sys.executable, "-c", _HOLD.replace('b"one", 0', 'b"two", stage.offset + 1'), str(tmp_path)],
        env=child_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    time.sleep(1.0)
    early = waiting.poll()

    holder.kill()
    holder.wait()

    assert early is None
    assert waiting.stdout is not None
    assert waiting.stdout.readline() == b"held\n"
    waiting.communicate()
    stage = open_stage(tmp_path)
    assert stage.offset == 1
    assert [output.messages[0].body for output in stage.unsent()] == [b"3 of one", b"6 of two"]
    stage.close()


def test_lock_that_is_never_let_go_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error comes after a minute and names the holder."""
    monkeypatch.setattr(writer, "LOCK_SECONDS", 0.2)
    stage = open_stage(tmp_path)

    with pytest.raises(Busy, match=str(os.getpid())):
        open_stage(tmp_path)
    stage.close()
