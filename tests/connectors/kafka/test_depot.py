"""Depots of checkpoints: whole or not there, the newest two, whoever keeps them at the same time."""

from __future__ import annotations

import os
import sys
import threading
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from connectors.kafka.depot import DepotError, FsspecDepot, NoDriver
from tests.streams.world import SEAL

STAGE = "orders-3"


@pytest.fixture(params=["path", "file", "memory"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A folder, the same as an address, and a store in memory; each empty."""
    there = {"path": str(tmp_path / "depot"), "file": f"file://{tmp_path}/depot", "memory": f"memory://depot-{uuid.uuid4().hex}"}
    return there[request.param]


def checkpoint_file(folder: Path, content: bytes) -> Path:
    path = folder / f"{uuid.uuid4().hex}.snapshot"
    path.write_bytes(content)
    return path


def names(depot: FsspecDepot) -> list[str]:
    """What lies there; of checkpoints without digest and seal."""
    return sorted(f"{digits}.snapshot" if len(rest) == 3 else ".".join([digits, *rest]) for digits, *rest in _split(depot._names(STAGE)))


def _split(names: Iterable[str]) -> list[list[str]]:
    return [name.split(".") for name in names]


def test_what_is_kept_comes_back(url: str, tmp_path: Path) -> None:
    """By any depot at the same address."""
    content = os.urandom(100_000)
    FsspecDepot(url, SEAL).keep(STAGE, 12, checkpoint_file(tmp_path, content))

    other = FsspecDepot(url, SEAL)
    other.fetch(STAGE, 12, tmp_path / "fetched")

    assert other.newest(STAGE) == 12
    assert (tmp_path / "fetched").read_bytes() == content


def test_an_empty_depot_has_nothing(url: str) -> None:
    """Of no stage; looking makes no folder."""
    assert FsspecDepot(url, SEAL).newest(STAGE) is None


def test_stages_do_not_meet(url: str, tmp_path: Path) -> None:
    """Each has its own."""
    depot = FsspecDepot(url, SEAL)
    depot.keep("orders-1", 5, checkpoint_file(tmp_path, b"one"))
    depot.keep("orders-10", 9, checkpoint_file(tmp_path, b"ten"))

    assert (depot.newest("orders-1"), depot.newest("orders-10"), depot.newest("orders")) == (5, 9, None)


def test_the_newest_two_stay(url: str, tmp_path: Path) -> None:
    """The order is that of the numbers, not of their digits."""
    depot = FsspecDepot(url, SEAL)
    for offset in (9, 10, 100, 99_999_999_999):
        depot.keep(STAGE, offset, checkpoint_file(tmp_path, b"%d" % offset))

    assert names(depot) == [f"{100:020d}.snapshot", f"{99_999_999_999:020d}.snapshot"]
    assert depot.newest(STAGE) == 99_999_999_999


def test_one_that_comes_too_late_is_not_taken(url: str, tmp_path: Path) -> None:
    """Newer ones make it needless; the same again changes nothing."""
    depot = FsspecDepot(url, SEAL)
    for offset in (20, 30, 10, 30):
        depot.keep(STAGE, offset, checkpoint_file(tmp_path, b"%d" % offset))

    assert names(depot) == [f"{20:020d}.snapshot", f"{30:020d}.snapshot"]


def test_an_older_one_never_comes_back(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Below the newest nothing is added, nor by whoever looked before the newest was there."""
    slow, fast = FsspecDepot(url, SEAL), FsspecDepot(url, SEAL)
    look = slow._names

    def late(stage: str) -> list[str]:
        stage_names = look(stage)
        monkeypatch.setattr(slow, "_names", look)
        fast.keep(STAGE, 9, checkpoint_file(tmp_path, b"nine"))
        return stage_names

    monkeypatch.setattr(slow, "_names", late)
    slow.keep(STAGE, 4, checkpoint_file(tmp_path, b"four"))
    monkeypatch.setattr(fast, "_put", lambda *words: pytest.fail("it was sent all the same"))
    fast.keep(STAGE, 5, checkpoint_file(tmp_path, b"five"))

    assert names(fast) == [f"{9:020d}.snapshot"]


def test_only_one_stays(url: str, tmp_path: Path) -> None:
    """Of what is older nothing, whole or aside; newer ones, other stages and other files as they are."""
    depot = FsspecDepot(url, SEAL)
    depot.keep("orders-30", 1, checkpoint_file(tmp_path, b"one"))
    for offset in (10, 20):
        depot.keep(STAGE, offset, checkpoint_file(tmp_path, b"%d" % offset))
    for name in (f"{9:020d}.dead.writing", f"{90:020d}.alive.writing", "README", "7.snapshot"):
        depot._files.pipe_file(f"{depot._folder(STAGE)}/{name}", b"half")
    stay = [f"{20:020d}.snapshot", f"{90:020d}.alive.writing", "README", "7.snapshot"]

    for _ in range(2):
        depot.remove_older(STAGE, 20)

        assert names(depot) == sorted(stay)
        assert depot.newest("orders-30") == 1
    depot.keep(STAGE, 30, checkpoint_file(tmp_path, b"30"))
    depot.remove_older(STAGE, 20)
    assert depot.newest(STAGE) == 30


def test_nothing_is_removed_for_one_that_is_not_there(url: str, tmp_path: Path) -> None:
    """Or nobody could begin anew."""
    depot = FsspecDepot(url, SEAL)
    depot.keep(STAGE, 10, checkpoint_file(tmp_path, b"ten"))

    with pytest.raises(DepotError, match=r"has no snapshot 11 of orders-3"):
        depot.remove_older(STAGE, 11)

    assert names(depot) == [f"{10:020d}.snapshot"]


def test_a_missing_one_is_told(url: str, tmp_path: Path) -> None:
    """In a sentence, and nothing is left at the target."""
    depot = FsspecDepot(url, SEAL)
    depot.keep(STAGE, 1, checkpoint_file(tmp_path, b"one"))

    with pytest.raises(DepotError, match=r"has no snapshot 2 of orders-3") as raised:
        depot.fetch(STAGE, 2, tmp_path / "fetched")

    assert "没有 orders-3 的快照 2" in raised.value.text.zh
    assert not (tmp_path / "fetched").exists()


def test_what_a_dead_keeper_left_goes_and_other_files_stay(url: str, tmp_path: Path) -> None:
    """What was aside and is older than what is kept; never seen as a checkpoint."""
    depot = FsspecDepot(url, SEAL)
    depot.keep(STAGE, 5, checkpoint_file(tmp_path, b"five"))
    for name in (f"{7:020d}.dead.writing", f"{90:020d}.alive.writing", "README", "7.snapshot"):
        depot._files.pipe_file(f"{depot._folder(STAGE)}/{name}", b"half")
    assert depot.newest(STAGE) == 5

    depot.keep(STAGE, 8, checkpoint_file(tmp_path, b"eight"))

    checkpoints = [f"{5:020d}.snapshot", f"{8:020d}.snapshot"]
    assert names(depot) == sorted([*checkpoints, f"{90:020d}.alive.writing", "README", "7.snapshot"])


def test_half_a_file_is_never_seen(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk fills up in the middle: the depot is as it was, and says why."""
    depot = FsspecDepot(url, SEAL)
    depot.keep(STAGE, 1, checkpoint_file(tmp_path, b"one"))

    def full(source: str, place: str, **more: Any) -> None:
        depot._files.pipe_file(place, b"ha")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(depot._files, "put_file", full)
    with pytest.raises(DepotError, match=r"No space left on device") as raised:
        depot.keep(STAGE, 2, checkpoint_file(tmp_path, b"half"))

    assert "空间" in raised.value.text.zh
    assert names(depot) == [f"{1:020d}.snapshot"]


def test_a_copy_cut_short_is_not_kept(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The size is compared before the checkpoint gets its name."""
    depot = FsspecDepot(url, SEAL)
    monkeypatch.setattr(depot._files, "put_file", lambda source, place, **more: depot._files.pipe_file(place, b"ha"))

    with pytest.raises(DepotError, match=r"2 bytes of snapshot 2 of orders-3 arrived, of 4"):
        depot.keep(STAGE, 2, checkpoint_file(tmp_path, b"half"))

    assert names(depot) == []


def test_a_fetch_cut_short_leaves_nothing(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The size is compared after the copy."""
    depot = FsspecDepot(url, SEAL)
    depot.keep(STAGE, 2, checkpoint_file(tmp_path, b"whole"))
    monkeypatch.setattr(depot._files, "get_file", lambda place, target, **more: Path(target).write_bytes(b"wh"))

    with pytest.raises(DepotError, match=r"2 bytes of snapshot 2 of orders-3 arrived, of 5"):
        depot.fetch(STAGE, 2, tmp_path / "fetched")

    assert not (tmp_path / "fetched").exists()


def test_two_keepers_at_once(url: str, tmp_path: Path) -> None:
    """Any number of them, each with offsets of its own: in the end the two newest are there, whole, and nothing aside."""
    contents = {offset: b"%d" % offset * 20_000 for offset in range(60)}
    errors: list[BaseException] = []

    def keeper(first: int) -> None:
        depot = FsspecDepot(url, SEAL)
        try:
            for offset in range(first, 60, 3):
                depot.keep(STAGE, offset, checkpoint_file(tmp_path, contents[offset]))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=keeper, args=(first,)) for first in (0, 1, 2, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    depot = FsspecDepot(url, SEAL)
    depot.keep(STAGE, 60, checkpoint_file(tmp_path, b"last"))
    depot.fetch(STAGE, 59, tmp_path / "fetched")

    assert not errors
    assert names(depot) == [f"{59:020d}.snapshot", f"{60:020d}.snapshot"]
    assert (tmp_path / "fetched").read_bytes() == contents[59]


def test_a_keeper_whose_copy_was_cleared_away_is_content(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A newer checkpoint was kept while it wrote: nothing is lost, and nothing is wrong."""
    slow, fast = FsspecDepot(url, SEAL), FsspecDepot(url, SEAL)
    move = slow._files.mv

    def late(aside: str, place: str, **more: Any) -> None:
        monkeypatch.setattr(slow._files, "mv", move)
        fast.keep(STAGE, 9, checkpoint_file(tmp_path, b"nine"))
        move(aside, place)

    monkeypatch.setattr(slow._files, "mv", late)
    slow.keep(STAGE, 4, checkpoint_file(tmp_path, b"four"))

    assert names(fast) == [f"{9:020d}.snapshot"]


def test_a_missing_source_is_not_taken_for_a_race(url: str, tmp_path: Path) -> None:
    """Our own mistake shows."""
    with pytest.raises(FileNotFoundError):
        FsspecDepot(url, SEAL).keep(STAGE, 4, tmp_path / "nothing")


def test_a_depot_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rights, network, anything: one sentence in both languages."""
    depot = FsspecDepot(str(tmp_path), SEAL)

    def deny(*words: Any, **more: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(depot._files, "ls", deny)
    with pytest.raises(DepotError, match=r"cannot be used \(Permission denied\)") as raised:
        depot.newest(STAGE)

    assert raised.value.text.zh.startswith("快照存放处")


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the way to install it; without what stood in the address."""
    monkeypatch.setitem(sys.modules, "s3fs", None)

    with pytest.raises(NoDriver, match=r"needs the package s3fs") as raised:
        FsspecDepot("s3://key:secret@bucket/huimin", SEAL)

    assert (raised.value.exit_code, "secret" in str(raised.value)) == (2, False)
    assert "s3fs" in raised.value.text.zh


def test_an_unknown_kind_of_address() -> None:
    """What was meant is not guessed."""
    with pytest.raises(NoDriver, match=r"nowhere:// is not known"):
        FsspecDepot("nowhere://bucket", SEAL)


class Bucket:
    """An object store: an object is seen when all of it has arrived; renaming is not offered."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def invalidate_cache(self) -> None: ...

    def put_file(self, source: str, place: str) -> None:
        self.objects[place] = Path(source).read_bytes()

    def get_file(self, place: str, target: str) -> None:
        Path(target).write_bytes(self.objects[place])

    def info(self, place: str) -> dict[str, int]:
        return {"size": len(self.objects[place])}

    def rm_file(self, place: str) -> None:
        del self.objects[place]

    def ls(self, folder: str, detail: bool) -> list[str]:
        return [place for place in self.objects if place.startswith(folder + "/")]


def test_an_object_store_is_not_renamed_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An object is put under its own name at once."""
    bucket = Bucket()
    monkeypatch.setattr("fsspec.core.url_to_fs", lambda url: (bucket, "bucket/huimin"))
    depot = FsspecDepot("s3://bucket/huimin", SEAL)
    for offset in (1, 2, 3):
        depot.keep(STAGE, offset, checkpoint_file(tmp_path, b"%d" % offset))
    depot.fetch(STAGE, 3, tmp_path / "fetched")

    assert names(depot) == [f"{offset:020d}.snapshot" for offset in (2, 3)]
    assert (tmp_path / "fetched").read_bytes() == b"3"
