"""Sealed segments: whatever is changed, missing, added or put back from an older time is an error that names a file; a kill is none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.contracts.faults import DamagedVault
from connectors.identity.segments import MANIFEST, SUFFIX, Segments, seal, unseal
from tests.streams.world import child_environment

KEY, OTHER = bytes(32), bytes([1]) * 32
A, B, C = "person/hukou/0.1.0", "person/hukou/0.1.1", "person/pension/2.7.0"
NAMES = {A: "金丝雀".encode() * 50, B: b"two", C: b"three"}


def settled_segments(folder: Path) -> Segments:
    """Three segments, settled."""
    store = Segments(folder, KEY)
    for name, data in NAMES.items():
        store.write(name, data)
    store.settle()
    return store


def content(store: Segments, prefix: str = "person/") -> dict[str, bytes]:
    return dict(store.read(prefix, lambda name, data: (name, data)))


def test_what_is_sealed_reads_back_and_is_nowhere_in_the_clear(tmp_path: Path) -> None:
    """By name and prefix; no file holds a byte of it; every file is its owner's only."""
    store = settled_segments(tmp_path)

    assert content(store) == NAMES
    assert content(store, "person/hukou/") == {A: NAMES[A], B: NAMES[B]}
    assert content(store, "household/") == {}
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 4 and all(path.stat().st_mode & 0o777 == 0o600 for path in files)
    assert not any("金丝雀".encode() in path.read_bytes() or b"hukou" in path.read_bytes() for path in files)


def test_a_seal_is_of_one_name_and_one_key() -> None:
    """Nothing opens under another name or by another key; the same twice is sealed otherwise."""
    sealed = seal(KEY, A, b"x")

    assert unseal(KEY, A, sealed) == b"x" and seal(KEY, A, b"x") != sealed
    for key, name in ((OTHER, A), (KEY, B)):
        with pytest.raises(ValueError, match="key"):
            unseal(key, name, sealed)


@pytest.mark.parametrize("name", [A, MANIFEST])
def test_every_flipped_bit_is_noticed(tmp_path: Path, name: str) -> None:
    """In a segment and in the manifest, at every byte: head, nonce, content, tag; and every shorter file."""
    store = settled_segments(tmp_path)
    path = store.place(name)
    whole = path.read_bytes()

    for place in range(len(whole)):
        spoilt = bytearray(whole)
        spoilt[place] ^= 1 << place % 8
        path.write_bytes(spoilt)
        with pytest.raises(DamagedVault) as raised:
            content(store)
        assert raised.value.file == f"identity/{name}{SUFFIX}"
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(DamagedVault):
            content(store)
    path.write_bytes(whole)
    assert content(store) == NAMES


def _copied_over(store: Segments, old: Path) -> None:
    shutil.copy(store.place(B), store.place(A))


def _older(store: Segments, old: Path) -> None:
    shutil.copy(old / (A + SUFFIX), store.place(A))


def _directory(store: Segments, old: Path) -> None:
    store.place(A).unlink()
    store.place(A).mkdir()


def _linked_file(store: Segments, old: Path) -> None:
    place = store.place(A)
    place.rename(old / "elsewhere")
    place.symlink_to(old / "elsewhere")


def _linked_folder(store: Segments, old: Path) -> None:
    place = store.place(A).parent
    place.rename(old / "elsewhere")
    place.symlink_to(old / "elsewhere")


SPOILT: dict[str, tuple[str, Callable[[Segments, Path], object]]] = {
    "missing": (A, lambda store, old: store.place(A).unlink()),
    "the last one missing": (C, lambda store, old: store.place(C).unlink()),
    "a folder missing": (A, lambda store, old: shutil.rmtree(store.place(A).parent)),
    "copied over another": (A, _copied_over),
    "put back from an older time": (A, _older),
    "renamed": (A, lambda store, old: store.place(A).rename(store.place("person/hukou/0.2.0"))),
    "added": ("person/hukou/0.2.0", lambda store, old: shutil.copy(store.place(A), store.place("person/hukou/0.2.0"))),
    "a folder in its place": (A, _directory),
    "a link": (A, _linked_file),
    "a folder that is a link": (A, _linked_folder),
    "sealed with another key": (A, lambda store, old: store.place(A).write_bytes(seal(OTHER, A, NAMES[A]))),
    "sealed anew by who has the key": (A, lambda store, old: store.place(A).write_bytes(seal(KEY, A, b"else"))),
    "empty": (A, lambda store, old: store.place(A).write_bytes(b"")),
    "no manifest": (MANIFEST, lambda store, old: store.place(MANIFEST).unlink()),
    "an older manifest": (A, lambda store, old: shutil.copy(old / (MANIFEST + SUFFIX), store.place(MANIFEST))),
    "a segment for a manifest": (MANIFEST, lambda store, old: shutil.copy(store.place(A), store.place(MANIFEST))),
}


@pytest.mark.parametrize("how", SPOILT)
def test_what_is_not_as_it_was_written_is_an_error_with_a_way_out(tmp_path: Path, how: str) -> None:
    """Nothing is given; the file is named, in both languages, with what to do; those who go on all the same are told the same."""
    file, spoil = SPOILT[how]
    store, old = settled_segments(tmp_path / "identity"), tmp_path / "old"
    shutil.copytree(tmp_path / "identity", old)
    store.write(A, b"later")
    store.settle()

    spoil(store, old)

    with pytest.raises(DamagedVault) as raised:
        content(store)
    assert raised.value.file == f"identity/{file}{SUFFIX}" and raised.value.exit_code == 1
    for text in (raised.value.text.zh, raised.value.text.en):
        assert f"identity/{file}" in text and any(word in text for word in ("backup", "备份", "out of", "移出"))
    if "link" in how:
        with pytest.raises(DamagedVault):
            store.write(A, b"through it")
    wrong = [part.file for _, part in store.each("person/") if isinstance(part, DamagedVault)]
    assert raised.value.file in wrong
    if file not in (MANIFEST, C):
        assert content(store, "person/pension/") == {C: NAMES[C]}, "a feed that is whole is read"


def test_a_vault_that_was_begun_is_missed_when_it_is_gone(tmp_path: Path) -> None:
    """All of it removed: whoever knows that there was one is told; who begins is not."""
    store = settled_segments(tmp_path / "identity")
    Segments(tmp_path / "identity", KEY).begin()
    assert content(store) == NAMES, "to begin again changes nothing"

    shutil.rmtree(tmp_path / "identity")

    assert content(Segments(tmp_path / "identity", KEY)) == {}
    with pytest.raises(DamagedVault):
        content(Segments(tmp_path / "identity", KEY, must_exist=True))
    with pytest.raises(DamagedVault):
        Segments(tmp_path / "identity", KEY, must_exist=True).write(A, b"x")


def test_a_damaged_segment_can_be_written_again(tmp_path: Path) -> None:
    """The others stay as they were, and afterwards all is sound."""
    store = settled_segments(tmp_path)
    store.place(A).write_bytes(b"spoilt")
    store.place(B).unlink()

    for name in (A, B):
        store.write(name, NAMES[name])
    store.settle()

    assert content(store) == NAMES


CHILD = """
import os, sys
from pathlib import Path
import connectors.identity.segments as segments
import streams.disk.files as files
what, count, root = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
calls = 0
def dies(real):
    def instead(*args, **more):
        global calls
        calls += 1
        if calls == count:
            os._exit(9)
        return real(*args, **more)
    return instead
for module, name in ((files.os, "open"), (files.os, "fsync"), (files.Path, "replace"), (files.Path, "unlink"), (files.Path, "write_bytes")):
    setattr(module, name, dies(getattr(module, name)))
store = segments.Segments(root, bytes(32))
if what == "new":
    store.write("person/hukou/0.2.0", b"four")
elif what == "replaced":
    store.write("person/hukou/0.1.0", b"later")
else:
    store.write("person/hukou/0.1.0", b"both", instead_of=["person/hukou/0.1.1"])
store.settle()
os._exit(0)
"""
AFTER = {
    "new": {**NAMES, "person/hukou/0.2.0": b"four"},
    "replaced": {**NAMES, A: b"later"},
    "joined": {A: b"both", C: NAMES[C]},
}


@pytest.mark.parametrize("what", AFTER)
def test_a_kill_at_any_step_leaves_the_old_or_the_new(tmp_path: Path, what: str) -> None:
    """Before every call on the disk in turn: all reads back; whoever goes on writes, and then everything is settled and missed again."""
    settled_segments(tmp_path / "first")
    states = set()
    for count in range(1, 100):
        root = tmp_path / str(count)
        shutil.copytree(tmp_path / "first", root)
        line = [sys.executable, "-c", CHILD, what, str(count), str(root)]
        ended = subprocess.run(line, env=child_environment(), check=False, capture_output=True)
        assert ended.returncode in (0, 9), ended.stderr
        store = Segments(root, KEY)

        state = content(store)

        assert state in (NAMES, AFTER[what], {**AFTER[what], B: NAMES[B]})
        states.add(state == AFTER[what])
        store.write("person/hukou/0.9.0", b"next")
        store.settle()
        assert content(store) == {**state, "person/hukou/0.9.0": b"next"}
        for name in state:
            moved = store.place(name).rename(root / "moved")
            with pytest.raises(DamagedVault):
                content(store)
            moved.rename(store.place(name))
        if ended.returncode == 0:
            break
    assert ended.returncode == 0 and count > 10 and states == {False, True}


def test_readers_beside_a_writer_see_what_is_there(tmp_path: Path) -> None:
    """A thread replaces, adds and removes; whoever reads meanwhile finds one state or the next, and no damage."""
    store, end = settled_segments(tmp_path), threading.Event()

    def writes() -> None:
        for turn in range(60):
            store.write(A, b"%d" % turn)
            store.write(f"person/hukou/3.{turn}.0", b"new", instead_of=[f"person/hukou/3.{turn - 1}.0"])
        end.set()

    thread = threading.Thread(target=writes)
    thread.start()
    times = 0
    while not end.is_set():
        contents = content(Segments(tmp_path, KEY))
        assert contents.keys() >= NAMES.keys() and contents[C] == NAMES[C]
        times += 1
    thread.join()
    assert times > 0 and content(store)[A] == b"59"


def test_a_full_disk_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the disk refuses: an error, and what was there reads back."""
    store, fsync = settled_segments(tmp_path), os.fsync
    for refused in range(4):
        calls = iter(range(10))

        def full(handle: int) -> None:
            if next(calls) == refused:
                raise OSError(28, "No space left on device")
            fsync(handle)

        with monkeypatch.context() as patch:
            patch.setattr("os.fsync", full)
            with pytest.raises(OSError, match="space"):
                store.write(A, b"later")
        assert content(store) in (NAMES, {**NAMES, A: b"later"})
