"""Made-up checkpoints: the reader allocates nothing for their claims, and the host puts them aside like damaged ones."""

from __future__ import annotations

import json
import shutil
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from connectors.kafka.depot import DepotError, FsspecDepot
from streams.embedded.host import EmbeddedHost
from streams.language.errors import DamagedStore
from streams.network.stages import Stage
from streams.store import checkpoints
from tests.streams.bench import fold_of_run, host_after_run
from tests.streams.disk.test_files import modes, open_umask
from tests.streams.network.test_stages import NAME, NEVER, make, take_messages
from tests.streams.world import SEAL, parts, run

__all__ = ["open_umask"]
LEAST = 8 << 20
"""The memory, in bytes, that the reading of a small file may take."""


def checkpoint_bytes(header: Any, body: bytes = b"", length: int | None = None) -> bytes:
    """A checkpoint with a correct digest and any header."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    head = checkpoints._MAGIC + checkpoints.FORMAT.to_bytes(4, "little") + (len(text) if length is None else length).to_bytes(8, "little")
    return head + sha256(head + text).digest() + text + bytes(-(len(head) + 32 + len(text)) % 64) + body


def array(dtype: str = "<i8", shape: Any = (1,), begin: Any = 0, digest: str = sha256(bytes(8)).hexdigest()) -> bytes:
    return checkpoint_bytes(
        {"meta": {}, "arrays": [["a", dtype, list(shape) if isinstance(shape, tuple) else shape, begin, digest]]}, bytes(8)
    )


MADE_UP = {
    "a header of sixteen exabytes": checkpoint_bytes(b"{}", length=(1 << 64) - 1),
    "a header of four gigabytes": checkpoint_bytes(b"{}", length=1 << 32),
    "an array of gigabytes": array(shape=(1 << 30,)),
    "an array beyond every number": array(shape=(1 << 62, 1 << 62)),
    "nothing times much": array(shape=(1 << 40, 1), begin=1),
    "a negative size": array(shape=(-1,)),
    "a place before the file": array(begin=-4096),
    "a place behind the file": array(begin=1 << 50),
    "objects": array(dtype="|O"),
    "a type of its own": array(dtype="V999999999"),
    "no type": array(dtype="]["),
    "a type that is no text": checkpoint_bytes({"meta": {}, "arrays": [["a", 5, [1], 0, ""]]}),
    "a shape that is none": array(shape="many"),
    "facts that are missing": checkpoint_bytes({"meta": {}, "arrays": [["a"]]}),
    "arrays that are none": checkpoint_bytes({"meta": {}, "arrays": 7}),
    "a list": checkpoint_bytes([]),
    "no JSON": checkpoint_bytes(b"}{"),
    "JSON without end": checkpoint_bytes(b"[" * 100_000),
    "no header": checkpoint_bytes(b""),
    "not UTF-8": checkpoint_bytes(b'{"meta": "\xff\xfe"}'),
    "a state of something else": checkpoint_bytes({"meta": {"day": [], "catalogues": 7}, "arrays": []}),
    "an empty state": checkpoint_bytes({"meta": {}, "arrays": []}),
    "a meta that is none": checkpoint_bytes({"meta": 4, "arrays": []}),
    "zeros": bytes(5000),
    "nothing": b"",
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a snapshot and later messages."""
    folder = tmp_path_factory.mktemp("store") / "s"
    host = host_after_run(folder, 30)
    host.write_checkpoint()
    host.submit(list(run(31))[30])
    host.close()
    return folder


def copy_store(store: Path, target: Path) -> Path:
    shutil.copytree(store, target)
    return checkpoints.place(target / "snapshots", 30)


def put(path: Path, content: bytes | None) -> None:
    if content is None:
        path.mkdir()
        (path / "x").write_bytes(b"x")
    else:
        path.write_bytes(content)


@pytest.mark.parametrize("what", [*MADE_UP, "a folder"])
def test_one_that_was_made_up_is_put_aside_for_the_older(store: Path, tmp_path: Path, what: str) -> None:
    """Reader and writer get the right state; the writer names the damaged file."""
    path = copy_store(store, tmp_path / "s")
    put(path, MADE_UP.get(what))

    with EmbeddedHost.open(tmp_path / "s", parts(), readonly=True) as reading:
        assert reading.state.meta() == fold_of_run(31)[0].meta()
        assert reading.at(30).offset == 30
    with EmbeddedHost.open(tmp_path / "s", parts()) as host:
        assert host.state.meta() == fold_of_run(31)[0].meta()
        assert isinstance(host.problem, DamagedStore)
        assert path.name in str(host.problem)
        assert path.with_suffix(".damaged").exists()


@pytest.mark.parametrize("what", [name for name in MADE_UP if "state" not in name and "meta" not in name])
@pytest.mark.parametrize("read", [checkpoints.read, checkpoints.head])
def test_nothing_is_allocated_for_what_a_file_says(tmp_path: Path, what: str, read: Callable[[Path], Any]) -> None:
    """Every length is compared with the size of the file first."""
    path = tmp_path / f"{7:020d}.snapshot"
    path.write_bytes(MADE_UP[what])
    tracemalloc.start()
    with pytest.raises(DamagedStore, match=path.name) if read is checkpoints.read else suppress(DamagedStore):  # ``head`` reads no array
        read(path)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert most < LEAST


def test_cut_anywhere_it_does_not_read_back(tmp_path: Path) -> None:
    """It is cut at every byte of head, header and arrays."""
    whole = checkpoints.write(tmp_path, 3, {"day": "x"}, {"a": np.arange(40)}).read_bytes()
    path = tmp_path / f"{4:020d}.snapshot"
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        if whole[length:].strip(b"\0"):
            with pytest.raises(DamagedStore):
                checkpoints.read(path)


def test_a_version_that_was_not_written_is_damage(tmp_path: Path) -> None:
    """A changed bit in the version does not ask for a newer program."""
    path = checkpoints.write(tmp_path, 3, {"day": "x"}, {})
    content = bytearray(path.read_bytes())
    content[9] ^= 1
    path.write_bytes(content)

    with pytest.raises(DamagedStore):
        checkpoints.read(path)


def test_files_of_other_names_are_nobodys(tmp_path: Path) -> None:
    """A copy beside the snapshots is no snapshot."""
    for name in ("copy of 1.snapshot", "7.snapshot", "-0000000000000000001.snapshot", f"{5:020d}.snapshot.bak", "٣" * 20 + ".snapshot"):
        (tmp_path / name).write_bytes(b"x")
    checkpoints.write(tmp_path, 3, {}, {})

    assert checkpoints.offsets(tmp_path) == [3]


def test_a_damaged_one_in_the_depot_takes_nothing_away_here(tmp_path: Path) -> None:
    """A worker that is behind the damaged one keeps its own state; the error names the file to remove from the depot."""
    depot = FsspecDepot(str(tmp_path / "depot"), SEAL)
    other = Stage(NAME, tmp_path / "other", make, depot, NEVER)
    take_messages(other, 0, 9)
    other.write_checkpoint()
    other.note_acknowledged(8)
    other.ship()
    other.close()
    stage = Stage(NAME, tmp_path / "one", make, None, NEVER)
    take_messages(stage, 0, 4)
    stage.close()
    (shipped,) = (tmp_path / "depot" / NAME).iterdir()
    shipped.write_bytes(shipped.read_bytes()[:-70])

    with pytest.raises(DepotError):
        Stage(NAME, tmp_path / "one", make, depot, NEVER)

    shipped.unlink()
    again = Stage(NAME, tmp_path / "one", make, depot, NEVER)
    assert again.offset == 3
    again.close()


@pytest.mark.usefixtures("open_umask")
def test_the_folder_of_a_worker_and_its_depot_are_its_owners_only(tmp_path: Path) -> None:
    """Log, lock, checkpoints, shipped and fetched files are private at all times."""
    root = tmp_path / "worker"
    depot = FsspecDepot(str(root / "depot"), SEAL)
    stage = Stage(NAME, root / "a", make, depot, NEVER)
    for first in (0, 4):
        take_messages(stage, first, 4)
        assert modes(root) == {}
        stage.write_checkpoint()
        stage.note_acknowledged(first + 3)
        stage.ship()
        assert modes(root) == {}
    stage.close()
    other = Stage(NAME, root / "b", make, depot, NEVER)

    assert other.offset == 7
    assert modes(root) == {}
    assert len(list((root / "depot" / NAME).iterdir())) == 2
    other.close()
