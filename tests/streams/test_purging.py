"""A stage leaves nothing of who was erased, wherever it is stopped on the way; and is otherwise what it was.

The one idea: a fold that remembers every message word for word until it is told to forget one stands in for the real ones.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from connectors.depot import FsspecDepot
from streams import snapshots
from streams.folds import Fold, Outgoing
from streams.ports import Arrays
from streams.retention import Retention
from streams.stages import Purged, Stage, StageRule, left_behind
from streams.storage import Log

NAME, CANARY = "orders-0", b"canary-7731"
BODIES = [b"a", CANARY + b" one", b"b", b"more of " + CANARY, b"c", b"forget " + CANARY, b"d", b"e"]


class Memory:
    """A fold that remembers every message, gives each out again, and forgets what it is told to."""

    def __init__(self, kept: tuple[dict[str, Any], Arrays] | None = None) -> None:
        self.offset, self.erased, self.known = -1, 0, list[bytes]()
        if kept is not None:
            self.offset, self.erased = kept[0]["offset"], kept[0]["erased"]
            self.known = kept[1]["known"].tobytes().split(b"|")

    def take(self, body: bytes, offset: int) -> list[Outgoing]:
        self.offset = offset
        if body.startswith(b"forget "):
            self.known = [one for one in self.known if body[7:] not in one]
            self.erased += 1
            return []
        self.known.append(body)
        return [Outgoing("lines", 0, f"0.{offset}", "found", b" ".join(self.known))]

    def passing(self) -> tuple[Outgoing, ...]:
        return ()

    def counted(self) -> Counter[str]:
        return Counter()

    def gauged(self) -> dict[tuple[str, ...], float]:
        return {}

    def meta(self) -> dict[str, Any]:
        return {"offset": self.offset, "erased": self.erased, "known": [one.decode() for one in self.known]}

    def arrays(self) -> Arrays:
        return {"known": np.frombuffer(b"|".join(self.known), np.uint8)}


def make(kept: tuple[dict[str, Any], Arrays] | None = None, /) -> Fold:
    return Memory(kept)


class Stopped(Exception):
    """The process ends here."""


def opened(place: Path, depot: bool = True, **rule: Any) -> Stage:
    return Stage(NAME, place / "state", make, FsspecDepot(str(place / "depot")) if depot else None, StageRule(**{"messages": 3, **rule}))


def flow(stage: Stage, upto: int = len(BODIES)) -> None:
    """What a host does with a stage: takes the messages of the topic one by one, commits, sends, ships, and purges."""
    for sent in list(stage.unsent()):
        stage.acknowledged(sent.offset)
    stage.acknowledged(stage.offset)
    while True:
        if stage.offset + 1 < upto:
            stage.take(BODIES[stage.offset + 1], stage.offset + 1)
        elif not stage.due and not stage.purgeable:
            return
        taken = stage.taken()
        stage.commit(taken)
        if stage.due:
            taken += stage.settled()
        stage.acknowledged(stage.offset)
        if stage.shippable:
            stage.ship()
        if stage.purgeable:
            stage.purge()


def left(place: Path) -> set[str]:
    return {str(path.relative_to(place)) for path in place.rglob("*") if path.is_file() and CANARY in path.read_bytes()}


def wrapped(name: str, before: bool) -> Callable[[pytest.MonkeyPatch, type], None]:
    """Have a method of a class stop the process, before or after it has done its work."""

    def patch(monkeypatch: pytest.MonkeyPatch, cls: type) -> None:
        usual = getattr(cls, name)

        def stops(self: Any, *args: Any) -> Any:
            if not before:
                usual(self, *args)
            raise Stopped(name)

        monkeypatch.setattr(cls, name, stops)

    return patch


STOPS = [
    *((cls, name, before) for cls, name in ((Stage, "settled"), (Stage, "snapshot"), (Stage, "ship"), (Stage, "purge")) for before in (True, False)),
    *((Log, name, before) for name in ("packed", "finished") for before in (True, False)),
    (FsspecDepot, "only", True), (FsspecDepot, "only", False), (Log, "rewriting", True),
]  # fmt: skip


@pytest.mark.parametrize("depot", [True, False])
def test_nothing_is_left(tmp_path: Path, depot: bool) -> None:
    """In the state and the depot; what it remembers of others, and what comes out later, is as if it had never been there."""
    stage = opened(tmp_path, depot)
    flow(stage, 5)
    assert len(left(tmp_path)) >= 2 + depot

    flow(stage)

    assert left(tmp_path) == set()
    told = stage.purged()
    assert told is not None
    assert told == Purged(1, told.offset, depot) and told.offset >= 5
    stage.close()
    again = opened(tmp_path, depot)
    assert again.fold.meta() == {"offset": 7, "erased": 1, "known": ["a", "b", "c", "d", "e"]}
    assert again.purged() == told
    assert again.take(b"f", 8)
    assert again.taken()[0][1].messages[0].body == b"a b c d e f"


@pytest.mark.parametrize(("cls", "name", "before"), STOPS, ids=lambda one: getattr(one, "__name__", str(one)))
def test_stopped_anywhere_it_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cls: type, name: str, before: bool) -> None:
    """Each step stopped before or behind its work, from the erasing message on; the next process finishes."""
    stage = opened(tmp_path)
    flow(stage, 5)
    with monkeypatch.context() as patched:
        wrapped(name, before)(patched, cls)
        with pytest.raises(Stopped):
            flow(stage)
    stage._lock.release()  # what the system does when a process ends
    again = opened(tmp_path)

    flow(again)

    assert left(tmp_path) == set()
    assert again.fold.meta() == {"offset": 7, "erased": 1, "known": ["a", "b", "c", "d", "e"]}
    assert again.purged() is not None


def test_a_new_worker_goes_on_from_the_depot(tmp_path: Path) -> None:
    """With the messages that are left in the topic: those behind what was told to be needed no more."""
    stage = opened(tmp_path, messages=10**9)
    flow(stage)
    told = stage.purged()
    stage.close()
    shutil.rmtree(tmp_path / "state")

    again = opened(tmp_path)

    assert told is not None and again.offset == told.offset
    flow(again)
    assert again.fold.meta()["known"] == ["a", "b", "c", "d", "e"]
    assert again.purged() == told


def test_a_stage_is_not_purged_before_all_is_with_the_broker(tmp_path: Path) -> None:
    """What is not acknowledged may have to be sent again, as it was."""
    stage = opened(tmp_path)
    for offset, body in enumerate(BODIES):
        stage.take(body, offset)
    stage.commit(stage.taken())
    stage.settled()
    stage.acknowledged(6)
    assert not stage.purgeable
    assert stage.purged() is None

    stage.acknowledged(7)
    assert not stage.purgeable
    stage.ship()
    assert stage.purgeable


def test_whoever_keeps_the_past_is_not_purged(tmp_path: Path) -> None:
    """Somebody else rewrites it; that it is to be done is remembered."""
    stage = opened(tmp_path, False, retention=Retention())
    flow(stage)

    assert left(tmp_path)
    assert stage.erasing


def test_what_lies_here_of_a_partition_of_others_goes(tmp_path: Path) -> None:
    """Unless somebody is at work on it."""
    stage = opened(tmp_path)
    flow(stage, 5)
    left_behind(stage.folder)
    assert snapshots.offsets(stage.folder / "snapshots")

    stage.close()
    left_behind(stage.folder)
    left_behind(stage.folder)
    assert not stage.folder.exists()
