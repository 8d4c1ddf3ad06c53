"""Files on disk: written whole or not at all, private from the first byte, and checked when they are read again."""

from __future__ import annotations

import os
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

import polars as pl
import pytest

from connectors.analysts.snapshot import write_snapshot
from connectors.lists.exports import Sheet, text_columns, write_csv
from connectors.lists.workbooks import write_xlsx
from streams.disk import files
from streams.disk.files import Unfit, make_folder, remove_leftovers, replacing, text_at, write_whole
from streams.store import checkpoints

OLD, NEW = b"old " * 50, b"new " * 70


@pytest.fixture
def open_umask() -> Iterator[None]:
    """A umask under which everybody may read and write new files."""
    before = os.umask(0)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, str]:
    """The files and folders below a folder that others than the owner may open, with their modes."""
    open_to_others = {}
    for root, below, names in os.walk(folder):
        for name in (*below, *names):
            path = Path(root) / name
            with suppress(FileNotFoundError):  # gone meanwhile
                mode = path.lstat().st_mode
                if stat.S_IMODE(mode) != (0o700 if stat.S_ISDIR(mode) else 0o600):
                    open_to_others[str(path.relative_to(folder))] = oct(stat.S_IMODE(mode))
    return open_to_others


def _in_halves(path: Path) -> None:
    """Writes a file in two halves."""
    with replacing(path) as part, part.open("wb") as file:
        file.write(NEW[:100])
        file.flush()
        file.write(NEW[100:])


def _at_each_step(act: Callable[[], None], stop: int, then: Callable[[], None]) -> bool:
    """Runs ``act``, and ``then`` at step number ``stop``; False where ``act`` has fewer steps. A step is a line of this module or of
    ``streams.disk.files``."""
    steps = 0

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal steps
        if frame.f_code.co_filename not in (files.__file__, __file__):
            return None
        if event == "line":
            steps += 1
            if steps == stop:
                then()
        return trace

    sys.settrace(trace)
    try:
        act()
    finally:
        sys.settrace(None)
    return steps >= stop


@pytest.mark.parametrize("before", [True, False], ids=["over another", "the first"])
@pytest.mark.parametrize("write", [_in_halves, lambda path: write_whole(path, NEW)], ids=["in halves", "at once"])
def test_a_process_that_is_killed_between_any_two_steps_leaves_the_old_file_or_the_new_one(
    tmp_path: Path, write: Callable[[Path], None], before: bool
) -> None:
    """The next writer clears away what else is left."""
    contents, killed = set[bytes | None](), 0
    for step in range(1, 500):
        folder = tmp_path / str(step)
        folder.mkdir(mode=0o700)
        path = folder / "list.csv"
        if before:
            write_whole(path, OLD)
        child = os.fork()
        if child == 0:
            _at_each_step(lambda: write(path), step, lambda: os._exit(9))
            os._exit(0)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

        contents.add(content := path.read_bytes() if path.exists() else None)
        assert content in (OLD if before else None, NEW)
        write_whole(path, NEW + b"!")
        assert path.read_bytes() == NEW + b"!"
        remove_leftovers(folder)
        assert [entry.name for entry in folder.iterdir()] == ["list.csv"]
        if code == 0:
            break
        assert code == 9
        killed += 1
    assert killed > 12
    assert contents == {OLD if before else None, NEW}


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=["full", "interrupt"])
def test_an_error_between_any_two_steps_leaves_the_old_file_or_the_new_one_and_nothing_else(tmp_path: Path, error: BaseException) -> None:
    """The caller gets the error."""
    path, raised = tmp_path / "list.csv", 0

    def fail() -> None:
        raise error

    for step in range(1, 500):
        write_whole(path, OLD)
        try:
            more = _at_each_step(lambda: _in_halves(path), step, fail)
        except type(error):
            raised, more = raised + 1, True
        assert path.read_bytes() in (OLD, NEW)
        stopped_while_clearing = [entry for entry in tmp_path.iterdir() if entry != path]
        assert len(stopped_while_clearing) <= 1
        remove_leftovers(tmp_path)
        assert list(tmp_path.iterdir()) == [path]
        if not more:
            break
    assert raised > 12


def test_everything_is_private_at_every_step(tmp_path: Path, open_umask: None) -> None:
    """The temporary file, the file itself, and new folders."""
    root, looked = tmp_path / "root", 0
    make_folder(root)

    def look() -> None:
        nonlocal looked
        looked += 1
        assert modes(root) == {}

    step = 1
    while _at_each_step(lambda: _in_halves(root / "a/b/list.csv"), step, look):
        step += 1
    assert looked > 12
    assert modes(root) == {}


def _snapshot(path: Path) -> None:
    write_snapshot(path, [("t", pl.DataFrame({"a": range(200_000), "b": [f"{n}" for n in range(200_000)]}))], {}, {"day": "2026-10-15"})


WRITERS: dict[str, Callable[[Path], Any]] = {
    "list.csv": lambda path: write_csv(path, Sheet("t", text_columns(["a"]), [(str(n),) for n in range(50_000)])),
    "list.xlsx": lambda path: write_xlsx(path, Sheet("t", text_columns(["a"]), [(str(n),) for n in range(20_000)])),
    "k.duckdb": _snapshot,
    "00000000000000000007.snapshot": lambda path: checkpoints.write(
        path.parent, 7, {"day": "x"}, {"a": pl.arange(0, 10**6, eager=True).to_numpy()}
    ),
}


@pytest.mark.parametrize("name", WRITERS)
def test_what_a_library_writes_is_private_all_the_while(tmp_path: Path, open_umask: None, name: str) -> None:
    """Another thread looks as often as it can, from the first byte to the last, at the temporary file and all files beside it."""
    root = tmp_path / "root"
    make_folder(root)
    stop, open_to_others, names = threading.Event(), dict[str, str](), set[str]()

    def watch() -> None:
        while not stop.is_set():
            names.update(path.name for path in root.iterdir())
            open_to_others.update(modes(root))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        WRITERS[name](root / name)
    finally:
        stop.set()
        watcher.join()

    assert open_to_others == {}
    assert any(entry.endswith(files.PART) for entry in names), "nobody looked in time"
    assert [path.name for path in root.iterdir()] == [name]


def test_what_lies_at_the_name_beside_is_not_written_through(tmp_path: Path) -> None:
    """An attacker put a link at the name of the temporary file: the target of the link stays as it is."""
    target = tmp_path / "elsewhere"
    target.write_bytes(OLD)
    (tmp_path / f".list.csv.{os.getpid()}{files.PART}").symlink_to(target)

    write_whole(tmp_path / "list.csv", NEW)

    assert target.read_bytes() == OLD
    assert (tmp_path / "list.csv").read_bytes() == NEW


def test_what_is_no_file_is_not_replaced(tmp_path: Path) -> None:
    """A folder, a pipe and a device stay, whoever runs it; the error names them and not the temporary file."""
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "device").symlink_to("/dev/null")

    for name in ("folder", "pipe", "device"):
        with pytest.raises(OSError, match=r"Is a directory|Not a regular file") as error:
            write_whole(tmp_path / name, NEW)
        assert error.value.filename == str(tmp_path / name)
    with pytest.raises(OSError, match="name too long") as error:
        write_whole(tmp_path / ("x" * 255), NEW)
    assert error.value.filename == str(tmp_path / ("x" * 255))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["device", "folder", "pipe"]


def test_leftovers_of_every_kind_go_and_nothing_else_does(tmp_path: Path) -> None:
    """Temporary files, those of a database beside them, a folder of a library; a file of any other name stays."""
    for name in (".a.csv.12.part", ".k.duckdb.12.part", ".k.duckdb.12.part.wal", ".a.part.csv", "part", "a.part", ".hidden"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / ".list.xlsx.12.part.q1").mkdir()
    (tmp_path / ".list.xlsx.12.part.q1" / "tmp").write_bytes(b"x")

    assert remove_leftovers(tmp_path) == 4

    assert sorted(path.name for path in tmp_path.iterdir()) == [".a.part.csv", ".hidden", "a.part", "part"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty"), (b" \n", "is empty"), (bytes(40), "holds nothing but zero bytes"), (b"400\0 16", "holds zero bytes"),
        (b"\xff\xfe4\x000", "is not UTF-8 text"), ("四百".encode("gb18030"), "is not UTF-8 text"), (b"x" * (files.LONGEST + 1), "is larger than"),
    ],
)  # fmt: skip
def test_a_small_file_is_read_or_it_is_said_why_not(tmp_path: Path, content: bytes, why: str) -> None:
    """The reason continues a sentence about the file."""
    (tmp_path / "a").write_bytes(content)

    with pytest.raises(Unfit, match=why):
        text_at(tmp_path / "a")


def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    """A folder, and a pipe, on which a reader would wait for ever."""
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")

    for name, why in (("folder", "is a folder"), ("pipe", "is no file")):
        with pytest.raises(Unfit, match=why):
            text_at(tmp_path / name)
    with pytest.raises(FileNotFoundError):
        text_at(tmp_path / "nowhere")
