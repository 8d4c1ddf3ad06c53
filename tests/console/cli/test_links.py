"""Files in a workspace are not trusted: symbolic links are refused, and hostile file names are plain names."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.lists.exports import escape_formulas, unescape_formula
from infra.links import ForbiddenLink, refuse_links
from infra.workspace.workspace import FOLDERS
from streams.disk.files import replacing
from tests.console.conftest import RESEARCH, Run
from tests.console.town import POLICY, register_row, tokens

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
"""For each folder, the verbs that need it."""


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def elsewhere(town: Path) -> Path:
    """A folder outside the workspace, which must stay unchanged."""
    folder = town / "elsewhere"
    folder.mkdir()
    (folder / "theirs.csv").write_text("theirs\n", encoding="utf-8")
    return folder


def writers(folder: Path, subject: str) -> Iterator[tuple[Any, ...]]:
    """A command line for each verb that writes or deletes in folders of the workspace."""
    (folder / "more.csv").write_bytes(register_row(3, changed="2026-10-01").encode("gb18030"))
    yield ("ingest", "hukou", folder / "more.csv")
    yield ("tick", "--days", "2")
    yield ("candidates", "ack", POLICY, subject, "enrolled", "--on", "2026-10-15", "--by", "张三")
    yield ("erase", "person", subject, *TWO, "--reason", "本人申请", "--yes")
    yield ("erase", "finish")
    yield ("policy", "withdraw", POLICY, *TWO, "--reason", "停用", "--yes")


@pytest.mark.parametrize("name", ["state", "identity", "quarantine", "feeds"])
def test_a_folder_that_is_a_link_is_refused(run: Run, town: Path, elsewhere: Path, name: str) -> None:
    """The verbs that need it stop, and the target of the link stays unchanged."""
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
    """Links to files and folders, at any depth, also dangling ones."""
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
    """Exports and snapshots may hold links; their targets stay unchanged."""
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
    """A folder for lists or snapshots that is a link is refused."""
    (town / "w" / name).rmdir() if not any((town / "w" / name).iterdir()) else shutil.rmtree(town / "w" / name)
    (town / "w" / name).symlink_to(elsewhere)
    before = contents(elsewhere)
    words = {
        "exports": ("candidates", "export", POLICY),
        "snapshots": RESEARCH,
    }[name]

    result = run(*words, "--lang", "en")

    assert (result.exit_code, contents(elsewhere)) == (1, before)
    assert "is a symbolic link" in result.stderr


def test_a_link_in_the_place_of_what_is_written_beside_is_noticed(tmp_path: Path) -> None:
    """A link that replaces the temporary file during a write does not become the file."""
    (tmp_path / "theirs").write_text("theirs", encoding="utf-8")

    def write() -> None:
        with replacing(tmp_path / "ours") as part:
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
    """In no folder of the workspace does such a name cause an internal error, or run as a command."""
    for folder in FOLDERS:
        for name in (*HOSTILE, os.fsdecode(b"\xff\xfe.csv")) if folder not in ("state", "identity") else ():
            (town / "w" / folder / name).write_text("x,y\n1,2\n", encoding="utf-8")
    subject = tokens(run)[0]

    for words in [
        *writers(town, subject), ("doctor",), ("feed", "quarantine"), ("feed", "deliveries"), ("snapshot", "list"), ("snapshot", "verify"),
        ("policy", "list"), ("candidates", "export", POLICY), RESEARCH, ("erase", "list"), ("feed", "list"),
    ]:  # fmt: skip
        result = run(*words)
        assert "HUIMIN_DEBUG" not in result.output, (words, result.output)

    assert not (town / "x").exists()


def test_links_are_looked_for_at_any_depth(tmp_path: Path) -> None:
    """Plain files and folders pass; a link below is found only where the search goes below."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "c").write_text("", encoding="utf-8")
    refuse_links(tmp_path / "a", below=True)
    refuse_links(tmp_path / "missing", below=True)

    (tmp_path / "a" / "b" / "d").symlink_to(tmp_path / "nowhere")

    refuse_links(tmp_path / "a", below=False)
    with pytest.raises(ForbiddenLink, match="a/b/d is a symbolic link"):
        refuse_links(tmp_path / "a", below=True)


@pytest.mark.parametrize(
    "cell", ["=1+1", "'=1+1", "''-x", "+a", "-5", "'-5", "@a", "\t=1", "\r=1", "\n=1", "'t Hart", "", "'", "＝1", "张三"]
)
def test_a_formula_is_no_formula_and_comes_back_as_it_was(cell: str) -> None:
    """A cell that a spreadsheet would run gets an apostrophe, and loses exactly that one when the list comes back."""
    (guarded_cell,) = escape_formulas([cell])

    assert unescape_formula(guarded_cell) == cell
    assert not guarded_cell.startswith(("=", "+", "@", "\t", "\r", "\n", "＝")) and guarded_cell != "-x"
