"""What lies in a workspace's folders is not trusted for lying there: links lead nowhere, and hostile names are names."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.lists.exports import guarded, unguarded
from infra.links import Linked, refuse_links
from infra.workspace.workspace import FOLDERS
from streams.disk.files import replaced
from tests.console.conftest import Run
from tests.console.town import POLICY, registered, tokens

TWO = ("--by", "王芳", "--approved-by", "李强")


NEEDED = {
    "state": (
        ("ingest", "hukou"),
        ("tick", "--days"),
        ("candidates", "ack"),
        ("erase", "person"),
        ("erase", "finish"),
        ("policy", "withdraw"),
    ),
    "identity": (("ingest", "hukou"), ("erase", "person"), ("erase", "finish")),
    "quarantine": (("ingest", "hukou"),),
    "feeds": (("ingest", "hukou"), ("tick", "--days"), ("erase", "person")),
}
"""By folder, the verbs that cannot do without it."""


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def elsewhere(town: Path) -> Path:
    """A folder outside of the workspace, that nobody here may touch."""
    folder = town / "elsewhere"
    folder.mkdir()
    (folder / "theirs.csv").write_text("theirs\n", encoding="utf-8")
    return folder


def writers(folder: Path, subject: str) -> Iterator[tuple[Any, ...]]:
    """A line for each verb that writes or deletes in the folders that the program keeps."""
    (folder / "more.csv").write_bytes(registered(3, changed="2026-10-01").encode("gb18030"))
    yield ("ingest", "hukou", folder / "more.csv")
    yield ("tick", "--days", "2")
    yield ("candidates", "ack", POLICY, subject, "enrolled", "--on", "2026-10-15", "--by", "张三")
    yield ("erase", "person", subject, *TWO, "--reason", "本人申请", "--yes")
    yield ("erase", "finish")
    yield ("policy", "withdraw", POLICY, *TWO, "--reason", "停用", "--yes")


@pytest.mark.parametrize("name", ["state", "identity", "quarantine", "feeds"])
def test_a_folder_that_is_a_link_is_refused(run: Run, town: Path, elsewhere: Path, name: str) -> None:
    """Whoever put it there; what it leads to stays as it is, a store and all."""
    subject = tokens(run)[0]
    shutil.copytree(town / "w" / name, elsewhere / name)
    shutil.rmtree(town / "w" / name)
    (town / "w" / name).symlink_to(elsewhere / name)
    before = contents(elsewhere)

    for words in writers(town, subject):
        result = run(*words, "--lang", "en")
        if words[:2] in NEEDED[name]:
            assert result.exit_code == 1, (words, result.output)
            assert f"{town / 'w' / name} is a symbolic link" in result.stderr

    assert contents(elsewhere) == before


@pytest.mark.parametrize(
    "place", ["state/log.sqlite", "state/deep/snapshot.huimin", "identity/erasing.sealed", "identity/person/hukou/0.1.0.sealed"]
)
def test_a_link_in_a_kept_folder_is_refused(run: Run, town: Path, elsewhere: Path, place: str) -> None:
    """A file, a folder, at any depth, whether it leads anywhere or not."""
    subject, path = tokens(run)[0], town / "w" / place
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        shutil.move(path, elsewhere / path.name)
    path.symlink_to(elsewhere / path.name)
    before = contents(elsewhere)

    for words in writers(town, subject):
        result = run(*words, "--lang", "en")
        if words[:2] in NEEDED[place.partition("/")[0]]:
            assert result.exit_code == 1, (words, result.output)
            assert f"{path} is a symbolic link" in result.stderr

    assert contents(elsewhere) == before


def test_erasure_follows_no_link_in_other_folders(run: Run, town: Path, elsewhere: Path) -> None:
    """It says which there are; exports and snapshots may be anybody's."""
    subject = tokens(run)[0]
    (elsewhere / "theirs.csv").write_text(f"token\n{subject}\n", encoding="utf-8")
    for name in ("exports", "snapshots"):
        (town / "w" / name / "link.csv").symlink_to(elsewhere / "theirs.csv")
        (town / "w" / name / "folder").symlink_to(elsewhere)
    before = contents(elsewhere)

    run("erase", "person", subject, *TWO, "--reason", "本人申请", "--yes")

    assert contents(elsewhere) == before


@pytest.mark.parametrize("name", ["exports", "snapshots"])
def test_nothing_is_written_through_a_link(run: Run, town: Path, elsewhere: Path, name: str) -> None:
    """Lists and snapshots go into a folder of the workspace, or where somebody says."""
    (town / "w" / name).rmdir() if not any((town / "w" / name).iterdir()) else shutil.rmtree(town / "w" / name)
    (town / "w" / name).symlink_to(elsewhere)
    before = contents(elsewhere)
    words = {"exports": ("candidates", "export", POLICY), "snapshots": ("snapshot", "create")}[name]

    result = run(*words, "--lang", "en")

    assert (result.exit_code, contents(elsewhere)) == (1, before)
    assert "is a symbolic link" in result.stderr


def test_a_link_in_the_place_of_what_is_written_beside_is_noticed(tmp_path: Path) -> None:
    """Somebody swaps it in while the file is written; it does not become the file."""
    (tmp_path / "theirs").write_text("theirs", encoding="utf-8")

    def write() -> None:
        with replaced(tmp_path / "ours") as part:
            part.unlink()
            part.symlink_to(tmp_path / "theirs")

    with pytest.raises(FileExistsError):
        write()

    assert sorted(path.name for path in tmp_path.iterdir()) == ["theirs"]


HOSTILE = [
    "\n2026.csv",
    "-rf",
    "--help",
    "..csv",
    "a" * 240,
    "a b;$(touch x)`y`'\".csv",
    "x.y.z.jsonl",
    "\u202etxt.csv",
    "closed.jsonl.part",
    "con.yaml",
]


def test_a_hostile_name_is_a_name(run: Run, town: Path) -> None:
    """In every folder of the workspace: no verb stops for it with an error of its own, or does what it says."""
    for folder in FOLDERS:
        for name in (*HOSTILE, os.fsdecode(b"\xff\xfe.csv")) if folder not in ("state", "identity") else ():
            (town / "w" / folder / name).write_text("x,y\n1,2\n", encoding="utf-8")
    subject = tokens(run)[0]

    for words in [
        *writers(town, subject), ("doctor",), ("feed", "quarantine"), ("feed", "deliveries"), ("snapshot", "list"), ("snapshot", "verify"),
        ("policy", "list"), ("candidates", "export", POLICY), ("snapshot", "create"), ("erase", "list"), ("feed", "list"),
    ]:  # fmt: skip
        result = run(*words)
        assert "HUIMIN_DEBUG" not in result.output, (words, result.output)

    assert not (town / "x").exists()


def test_links_are_looked_for_at_any_depth(tmp_path: Path) -> None:
    """Files and folders are none."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "c").write_text("", encoding="utf-8")
    refuse_links(tmp_path / "a", below=True)
    refuse_links(tmp_path / "missing", below=True)

    (tmp_path / "a" / "b" / "d").symlink_to(tmp_path / "nowhere")

    refuse_links(tmp_path / "a", below=False)
    with pytest.raises(Linked, match="a/b/d is a symbolic link"):
        refuse_links(tmp_path / "a", below=True)


@pytest.mark.parametrize(
    "cell", ["=1+1", "'=1+1", "''-x", "+a", "-5", "'-5", "@a", "\t=1", "\r=1", "\n=1", "'t Hart", "", "'", "＝1", "张三"]
)
def test_a_formula_is_no_formula_and_comes_back_as_it_was(cell: str) -> None:
    """What a spreadsheet would run gets an apostrophe; a list that comes back loses just that one."""
    (guarded_cell,) = guarded([cell])

    assert unguarded(guarded_cell) == cell
    assert not guarded_cell.startswith(("=", "+", "@", "\t", "\r", "\n", "＝")) and guarded_cell != "-x"
