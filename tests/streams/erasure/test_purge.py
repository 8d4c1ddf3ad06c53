"""The purge of a stage: no file holds an erased person, wherever the stage is stopped, and everything else stays.

The fold of these tests stores names as plain text, so the bytes of a file show whether a name is in it.
"""

from __future__ import annotations

import shutil
from collections import Counter
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from connectors.kafka.depot import FsspecDepot
from streams.erasure import purge
from streams.erasure.purge import remove_stale_stages
from streams.language.errors import InvalidSeal
from streams.language.folds import Fold, Outgoing
from streams.language.ports import Arrays
from streams.network.stages import PurgeReport, Stage, StageRule
from streams.store import checkpoints
from streams.store.log import Log
from streams.store.retention import Retention
from tests.streams.world import SEAL

NAME, CANARY = "orders-0", b"canary-of-wang"
NEVER = StageRule(messages=10**9)
BEFORE = [b"come 1 somebody", b"come 2 " + CANARY, b"come 3 another", b"come 4 a fourth"]
ERASING = b"gone 2"
BEHIND = [b"come 5 a fifth", b"come 6 a sixth"]
ALL = [*BEFORE, ERASING, *BEHIND]


class Guests:
    """A fold that stores the names of guests who have come and not gone; its output repeats each message."""

    def __init__(self, checkpoint: tuple[dict[str, Any], Arrays] | None = None) -> None:
        self.offset, self.erasure_count = -1, 0
        self.names: dict[str, str] = {}
        if checkpoint is not None:
            self.offset, self.erasure_count, self.names = checkpoint[0]["offset"], checkpoint[0]["erased"], dict(checkpoint[0]["names"])
            assert checkpoint[1]["names"].tobytes() == "".join(self.names.values()).encode()

    def take(self, body: bytes, offset: int, seal_error: InvalidSeal | None = None) -> list[Outgoing]:
        self.offset = offset
        match body.decode().split(" ", 2):
            case ["come", number, name]:
                self.names[number] = name
            case ["gone", number] if number in self.names:
                del self.names[number]
                self.erasure_count += 1
        return [Outgoing("lines", 0, f"0.{offset}", "found", body)]

    def announcements(self) -> tuple[Outgoing, ...]:
        return ()

    def counters(self) -> Counter[str]:
        return Counter()

    def gauges(self) -> dict[tuple[str, ...], float]:
        return {}

    def meta(self) -> dict[str, Any]:
        return {"offset": self.offset, "erased": self.erasure_count, "names": self.names}

    def arrays(self) -> Arrays:
        return {"names": np.frombuffer("".join(self.names.values()).encode(), np.uint8)}


def make(checkpoint: tuple[dict[str, Any], Arrays] | None = None, /) -> Fold:
    return Guests(checkpoint)


def open_stage(root: Path, depot: FsspecDepot | None = None, rule: StageRule = NEVER) -> Stage:
    return Stage(NAME, root, make, depot, rule)


def kill(stage: Stage) -> None:
    """Ends the process of a stage: its lock and its memory are gone."""
    stage.log.close()
    stage._lock.release()


def take_messages(stage: Stage, upto: int) -> None:
    for offset in range(stage.offset + 1, upto):
        assert stage.take(ALL[offset], offset)
    stage.commit(stage.take_uncommitted())


def work(stage: Stage) -> None:
    """Does what a host does with a stage, until nothing is left to do."""
    for _ in range(3):
        if stage.due:
            stage.commit_and_write_checkpoint()
        list(stage.unsent())
        stage.note_acknowledged(stage.committed)
        stage.ship()
        if stage.purgeable:
            stage.purge()


def files_with_canary(*places: Path) -> list[str]:
    """The names of the files that hold the name of the erased person."""
    return sorted(path.name for place in places for path in place.rglob("*") if path.is_file() and CANARY in path.read_bytes())


def state(stage: Stage) -> dict[str, Any]:
    assert isinstance(stage.fold, Guests)
    return stage.fold.meta()


def never_stopped(upto: int = len(ALL)) -> dict[str, Any]:
    guests = Guests()
    for offset, body in enumerate(ALL[:upto]):
        guests.take(body, offset)
    return guests.meta()


def full(root: Path, depot: FsspecDepot | None) -> Stage:
    """A stage before an erasure, with the person in every kind of file, here and in the depot."""
    stage = open_stage(root, depot)
    for upto in (2, 3):
        take_messages(stage, upto)
        stage.write_checkpoint()
        stage.note_acknowledged(stage.committed)
        stage.ship()
    folder = root / NAME / "snapshots"
    (folder / "00000000000000000000.damaged").write_bytes(CANARY)
    (folder / ".00000000000000000009.snapshot.1.part").write_bytes(CANARY)
    (root / NAME / purge.FETCHED).write_bytes(CANARY)
    take_messages(stage, 4)
    return stage


@pytest.fixture(params=[True, False], ids=["depot", "no depot"])
def depot(request: pytest.FixtureRequest, tmp_path: Path) -> FsspecDepot | None:
    return FsspecDepot(str(tmp_path / "depot"), SEAL) if request.param else None


def test_nothing_of_the_person_stays_and_everything_else_does(tmp_path: Path, depot: FsspecDepot | None) -> None:
    """The person is in log, snapshots, leftovers and depot, then in no file; later messages and outputs are all there."""
    stage = full(tmp_path / "here", depot)
    before = files_with_canary(tmp_path)
    take_messages(stage, 5)
    stage.write_checkpoint()
    take_messages(stage, len(ALL))
    stage.note_acknowledged(4)
    stage.ship()

    purged = stage.purge()

    assert len(before) >= (8 if depot else 6)  # log, two snapshots, three leftovers, two in the depot
    assert files_with_canary(tmp_path) == []
    assert purged == stage.purge_report == PurgeReport(1, 4, depot is not None)
    assert not stage.purging
    assert checkpoints.offsets(tmp_path / "here" / NAME / "snapshots") == [4]
    assert list(stage.log.inputs(-1)) == [(4, b""), (5, BEHIND[0]), (6, BEHIND[1])]
    assert [output.messages[0].body for output in stage.unsent()] == BEHIND
    kill(stage)
    again = open_stage(tmp_path / "here", depot)
    assert state(again) == never_stopped()
    assert again.purge_report == purged


def test_purges_only_when_nothing_older_is_needed(tmp_path: Path) -> None:
    """An erasure needs a snapshot at once; then all outputs before it acknowledged, and the snapshot in the depot."""
    stage = full(tmp_path / "here", FsspecDepot(str(tmp_path / "depot"), SEAL))
    after_taking = [stage.due, stage.purging]
    take_messages(stage, 5)
    after_taking += [stage.due, stage.purgeable]
    stage.commit_and_write_checkpoint()
    after_checkpoint = [stage.due, stage.purgeable]
    stage.note_acknowledged(3)
    stage.ship()
    half = stage.purgeable
    stage.note_acknowledged(4)
    unshipped = stage.purgeable
    stage.ship()

    assert after_taking == [False, False, True, False]
    assert after_checkpoint == [False, False]
    assert (half, unshipped, stage.purgeable) == (False, False, True)
    assert stage.purge_report is None
    assert stage.purge() == PurgeReport(1, 4, True)
    assert (stage.due, stage.purgeable) == (False, False)


def test_without_a_depot_it_waits_for_what_came_out(tmp_path: Path) -> None:
    """Outputs without acknowledgement come from the log again, so the log must stay until then."""
    stage = full(tmp_path, None)
    take_messages(stage, 5)
    stage.commit_and_write_checkpoint()
    stage.note_acknowledged(3)
    early = stage.purgeable
    stage.note_acknowledged(4)

    assert (early, stage.purgeable) == (False, True)


def test_does_not_purge_while_the_depot_is_still_getting_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The older snapshot of the depot is needed until then."""
    depot = FsspecDepot(str(tmp_path / "depot"), SEAL)
    stage, early = full(tmp_path / "here", depot), list[bool]()
    keep = depot.keep

    def slow(name: str, offset: int, source: Path) -> None:
        early.append(stage.purgeable)
        keep(name, offset, source)

    monkeypatch.setattr(depot, "keep", slow)
    take_messages(stage, 5)
    stage.commit_and_write_checkpoint()
    stage.note_acknowledged(4)
    stage.ship()

    assert (early, stage.purgeable) == ([False], True)


def test_erased_while_a_purge_is_awaited(tmp_path: Path) -> None:
    """A snapshot without the first person is not enough for the second: both go with the next snapshot."""
    stage = full(tmp_path, None)
    take_messages(stage, 5)
    stage.commit_and_write_checkpoint()
    stage.take(b"gone 3", 5)
    stage.commit(stage.take_uncommitted())
    stage.note_acknowledged(5)
    early = stage.purgeable

    work(stage)

    assert not early
    assert stage.purge_report == PurgeReport(2, 5, False)
    assert stage.log.first_unfinished_erasure() is None
    kill(stage)
    assert state(open_stage(tmp_path))["names"].keys() == {"1", "4"}


def test_message_that_erases_nobody_purges_nothing(tmp_path: Path) -> None:
    """The past stays as long as the retention says."""
    stage = full(tmp_path, None)
    stage.take(b"gone 77", 4)
    stage.commit(stage.take_uncommitted())

    assert (stage.purging, stage.due, stage.purge_report, stage.log.first_unfinished_erasure()) == (False, False, None, None)


STEPS: dict[str, tuple[Any, str]] = {
    "snapshot": (checkpoints, "write"),
    "shipping": (FsspecDepot, "keep"),
    "snapshots": (checkpoints, "keep"),
    "damaged": (Path, "unlink"),
    "log": (Log, "rewriting"),
    "packed": (Log, "pack"),
    "depot": (FsspecDepot, "remove_older"),
    "object": (FsspecDepot, "_remove"),
    "done": (Log, "finish_erasure"),
}


@pytest.mark.parametrize("place", ["here", "elsewhere"])
@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_stopped_anywhere_it_is_finished_after_opening(
    tmp_path: Path, depot: FsspecDepot | None, step: str, late: bool, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped before or after any step: the next stage finishes, on the same disk or an empty one; with a depot the one after it, too."""
    stage, (owner, name) = full(tmp_path / "here", depot), STEPS[step]
    take_messages(stage, len(ALL))
    real, reached = getattr(owner, name), []

    def stop_at_step(*words: Any, **more: Any) -> None:
        reached.append(step)
        if late:
            result = real(*words, **more)
            if isinstance(result, AbstractContextManager) and name == "rewriting":
                with result:
                    pass
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(owner, name, stop_at_step)
        with suppress(KeyboardInterrupt):
            work(stage)
    kill(stage)
    assert reached or depot is None  # without a depot its steps do not happen

    for where in (place, "a third") if depot else (place,):
        again = open_stage(tmp_path / where, depot)
        take_messages(again, len(ALL))
        work(again)

        assert files_with_canary(tmp_path / where, tmp_path / "depot") == []
        assert again.purge_report is not None
        assert (again.purge_report.erased, again.purge_report.shipped) == (1, depot is not None)
        assert again.log.first_unfinished_erasure() is None
        assert state(again) == never_stopped()
        kill(again)
        assert state(open_stage(tmp_path / where, depot)) == never_stopped()


def test_killed_before_the_snapshot(tmp_path: Path, depot: FsspecDepot | None) -> None:
    """When it opens again, a snapshot is due at once; afterwards no file holds the name."""
    stage = full(tmp_path / "here", depot)
    take_messages(stage, len(ALL))
    kill(stage)

    again = open_stage(tmp_path / "here", depot)
    due = again.due
    work(again)

    assert due
    assert files_with_canary(tmp_path) == []
    assert state(again) == never_stopped()


def test_whoever_takes_over_purges_the_depot(tmp_path: Path) -> None:
    """The first worker ships the new snapshot and dies before the older one is removed; the next reports the purge only after that."""
    depot = FsspecDepot(str(tmp_path / "depot"), SEAL)
    stage = full(tmp_path / "here", depot)
    take_messages(stage, 5)
    stage.commit_and_write_checkpoint()
    stage.note_acknowledged(4)
    stage.ship()
    kill(stage)
    left = files_with_canary(tmp_path / "depot")

    other = open_stage(tmp_path / "elsewhere", depot)
    silent = other.purge_report
    work(other)

    assert len(left) == 1
    assert silent is None
    assert files_with_canary(tmp_path / "depot", tmp_path / "elsewhere") == []
    assert other.purge_report == PurgeReport(1, 4, True)


def test_taking_over_from_a_depot_without_an_erasure_purges_nothing(tmp_path: Path) -> None:
    """Both snapshots stay."""
    depot = FsspecDepot(str(tmp_path / "depot"), SEAL)
    kill(full(tmp_path / "here", depot))

    other = open_stage(tmp_path / "elsewhere", depot)

    assert (other.offset, other.purging, other.purge_report, other.log.first_unfinished_erasure()) == (2, False, None, None)
    assert len(files_with_canary(tmp_path / "depot")) == 2


def test_a_fetched_snapshot_takes_the_place_of_everything(tmp_path: Path) -> None:
    """Nothing of the earlier local state stays: no log, no file beside the log, no leftovers."""
    depot = FsspecDepot(str(tmp_path / "depot"), SEAL)
    kill(full(tmp_path / "here", None))
    other = open_stage(tmp_path / "elsewhere", depot)
    take_messages(other, len(ALL))
    work(other)
    kill(other)
    before = files_with_canary(tmp_path / "here")

    again = open_stage(tmp_path / "here", depot)

    assert len(before) >= 4
    assert files_with_canary(tmp_path / "here") == []
    assert {path.name for path in (tmp_path / "here" / NAME).iterdir()} <= {
        "log.sqlite",
        "log.sqlite-wal",
        "log.sqlite-shm",
        "snapshots",
        "writer.lock",
    }
    assert state(again) == never_stopped()


def test_a_depot_given_later_is_told_of(tmp_path: Path) -> None:
    """Purged without a depot, opened with one: the snapshot is shipped although no message came, and then reported."""
    stage = full(tmp_path / "here", None)
    take_messages(stage, 5)
    work(stage)
    first = stage.purge_report
    kill(stage)
    depot = FsspecDepot(str(tmp_path / "depot"), SEAL)

    again = open_stage(tmp_path / "here", depot)
    before = again.purge_report
    work(again)

    assert first == PurgeReport(1, 4, False)
    assert before is None
    assert again.purge_report == PurgeReport(1, 4, True)
    assert depot.newest(NAME) == 4


@pytest.mark.parametrize("days", [400, 0])
def test_a_replica_is_not_purged(tmp_path: Path, days: int) -> None:
    """With retention or without: the log notes the open erasure, and the stage leaves the files to scrubbing."""
    rule = StageRule(messages=10**9, retention=Retention(days), purges=False)
    stage = open_stage(tmp_path, rule=rule)
    take_messages(stage, 5)
    stage.note_acknowledged(4)
    now = (stage.purging, stage.due, stage.purgeable, stage.purge_report)
    kill(stage)

    again = open_stage(tmp_path, rule=rule)

    assert now == (again.purging, again.due, again.purgeable, again.purge_report) == (False, False, False, None)
    assert again.log.first_unfinished_erasure() == 4


# -- folders of stages that other workers hold now ---------------------------------------------------------------------------


def elsewhere(depot: FsspecDepot, root: Path, upto: int = len(ALL)) -> None:
    """Lets another worker take the partition up to an offset."""
    other = open_stage(root, depot)
    take_messages(other, upto)
    other.commit_and_write_checkpoint()
    work(other)
    kill(other)


def test_a_folder_that_others_are_ahead_of_is_emptied(tmp_path: Path) -> None:
    """Its state is older than that of the depot; the partition can still come back."""
    depot = FsspecDepot(str(tmp_path / "depot"), SEAL)
    kill(full(tmp_path / "here", None))
    elsewhere(depot, tmp_path / "elsewhere")
    before = files_with_canary(tmp_path / "here")

    first, again = (remove_stale_stages(tmp_path / "here", ["orders-1"], depot) for _ in range(2))

    assert len(before) >= 4
    assert (first, again) == ([NAME], [])
    assert files_with_canary(tmp_path) == []
    assert state(open_stage(tmp_path / "here", depot)) == never_stopped()


@pytest.mark.parametrize("why", ["held", "open", "further", "not shipped", "another folder"])
def test_a_folder_that_may_be_needed_stays(tmp_path: Path, why: str) -> None:
    """Held here, open in another process, as far as the depot or further, unknown to the depot, or no folder of a stage."""
    depot = FsspecDepot(str(tmp_path / "depot"), SEAL)
    stage = full(tmp_path / "here", None)
    if why != "open":
        kill(stage)
    if why != "not shipped":
        elsewhere(depot, tmp_path / "elsewhere", 4 if why == "further" else len(ALL))
    if why == "another folder":
        (tmp_path / "here" / NAME).rename(tmp_path / "here" / "kept-orders-0")
    before = files_with_canary(tmp_path / "here")

    stage_names = remove_stale_stages(tmp_path / "here", [NAME] if why == "held" else [], depot)

    assert stage_names == []
    assert len(before) >= 4
    assert files_with_canary(tmp_path / "here") == before


def test_stopped_while_it_is_emptied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest goes the next time, and the partition can come back in between."""
    depot = FsspecDepot(str(tmp_path / "depot"), SEAL)
    for place in ("one", "two"):
        kill(full(tmp_path / place, None))
    elsewhere(depot, tmp_path / "elsewhere")

    def stop(*words: Any) -> None:
        raise KeyboardInterrupt

    for place in ("one", "two"):
        with monkeypatch.context() as patched:
            patched.setattr(shutil, "rmtree", stop)
            with pytest.raises(KeyboardInterrupt):
                remove_stale_stages(tmp_path / place, [], depot)
        assert (tmp_path / place / NAME / "snapshots").exists()

    assert remove_stale_stages(tmp_path / "one", [], depot) == [NAME]
    assert files_with_canary(tmp_path / "one") == []
    assert state(open_stage(tmp_path / "two", depot)) == never_stopped()
    assert files_with_canary(tmp_path / "two") == []
