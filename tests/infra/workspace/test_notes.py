"""Small files of ours that are torn: notes, marks, plans. Read whole or told, never half believed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from connectors.erasure.scrubbing import ErasedPerson, scrub_json_lines
from connectors.kafka.agency_topics import HighWaterMark, LostEditions, MarkFile
from infra.kafka import certificates
from infra.kafka.plan import DamagedPlan, NoCluster, Plan
from infra.kafka.processes import running
from infra.workspace.notes import NoteFile
from infra.workspace.texts import DamagedFile
from policies.values import Text
from services.lists.evidence import BadEvidence, check_evidence
from streams.disk.files import write_whole
from streams.embedded.cursor import Cursor
from streams.language.errors import DamagedStore
from tests.streams.disk.test_files import modes

WAY_OUT = Text("请恢复。", "Restore it.")


@dataclass(frozen=True)
class NumberedNote:
    name: str
    number: int = 0


@pytest.fixture
def notes(tmp_path: Path) -> NoteFile[NumberedNote]:
    notes = NoteFile(tmp_path / "notes.jsonl", NumberedNote, WAY_OUT)
    for number in range(4):
        notes.add(NumberedNote(f"王芳 {number}", number))
    return notes


def test_notes_are_read_in_order(notes: NoteFile[NumberedNote], tmp_path: Path) -> None:
    """Nothing where there is no file; each is written whole and private."""
    assert notes.read() == [NumberedNote(f"王芳 {number}", number) for number in range(4)]
    assert NoteFile(tmp_path / "none", NumberedNote, WAY_OUT).read() == []
    assert modes(tmp_path) == {}


def test_notes_cut_at_any_byte_are_told(notes: NoteFile[NumberedNote]) -> None:
    """Between two lines, too, where every line that is left reads well."""
    whole = notes.path.read_bytes()
    for length in range(len(whole)):
        notes.path.write_bytes(whole[:length])
        with pytest.raises(DamagedFile, match=r"notes\.jsonl .*Restore it\."):
            notes.read()
        with pytest.raises(DamagedFile):
            notes.add(NumberedNote("李强"))
        assert notes.path.read_bytes() == whole[:length]


def test_a_bit_turned_in_notes_is_told(notes: NoteFile[NumberedNote]) -> None:
    """Wherever it is."""
    whole = notes.path.read_bytes()
    for place in range(len(whole)):
        notes.path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        with pytest.raises(DamagedFile):
            notes.read()


@pytest.mark.parametrize("facts", [{"name": 5}, {"name": "a", "number": "b"}, {"other": 1}, {}, ["name"], 7, None, {"name": "a", "x": 1}])
def test_notes_of_something_else_are_told(tmp_path: Path, facts: Any) -> None:
    """Though their digest is right: the line is named."""
    line = json.dumps(facts).encode() + b"\n"
    seal = json.dumps({"sha256": sha256(line).hexdigest()}, separators=(",", ":")).encode() + b"\n"
    write_whole(tmp_path / "notes.jsonl", line + seal)

    with pytest.raises(DamagedFile, match="is damaged at line 1"):
        NoteFile(tmp_path / "notes.jsonl", NumberedNote, WAY_OUT).read()


def test_a_person_taken_out_of_notes_leaves_them_whole(notes: NoteFile[NumberedNote]) -> None:
    """Somebody's number was the name of a file: the line goes, and the digest is made anew."""
    notes.add(NumberedNote("310107195001010018", 9))
    left, removed = scrub_json_lines(notes.path.read_bytes(), ErasedPerson(1 << 40, ("310107195001010018",)))
    write_whole(notes.path, left)

    assert removed >= 1
    assert [note.number for note in notes.read()] == [0, 1, 2, 3]


def _cursor(path: Path) -> Any:
    return Cursor(path).after


def _mark(path: Path) -> Any:
    return MarkFile(path).read()


def _plan(path: Path) -> Any:
    return Plan.read(path.parent)


READERS: dict[str, tuple[str, Callable[[Path], Any], type[Exception], Callable[[Path], None]]] = {
    "cursor": ("cursor", _cursor, DamagedStore, lambda path: Cursor(path).advance("12.3")),
    "mark": ("mark.json", _mark, LostEditions, lambda path: MarkFile(path).advance(HighWaterMark(5, 8, "grant"))),
    "plan": ("plan.json", _plan, DamagedPlan, lambda path: Plan.new(1, True).write(path.parent)),
}
DAMAGES: dict[str, bytes | None] = {
    "nothing": b"", "a space": b" ", "zeros": bytes(64), "not UTF-8": b"\xff\xfe{\x00", "half a character": '{"policy": "政'.encode()[:-1],
    "no JSON": b"}{", "a list": b"[]", "a number": b"7", "null": b"null", "without end": b"[" * 100_000, "other facts": b'{"id": 5, "next": "x"}',
    "far too much": b"1" * (2 << 20), "a folder": None,
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("reader", READERS)
def test_what_is_torn_is_named(tmp_path: Path, reader: str, damage: str) -> None:
    """With the way out, in both languages; what was written reads back."""
    name, read, error, write = READERS[reader]
    path, content = tmp_path / name, DAMAGES[damage]
    write(path)
    before = read(path)
    path.unlink()
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)

    with pytest.raises(error) as raised:
        read(path)

    text: Text = getattr(raised.value, "text")  # noqa: B009  # every error a person is told has one
    assert str(path) in text.zh and str(path) in text.en
    assert "恢复" in text.zh or "写入" in text.zh
    if content is not None:
        write(path)
        assert read(path).brokers if reader == "plan" else read(path) == before


@pytest.mark.parametrize("reader", READERS)
def test_cut_at_any_byte_it_is_told_or_reads_as_a_whole_one(tmp_path: Path, reader: str) -> None:
    """A cursor is a number, of which a part is a number, too; what is written by us is never cut."""
    name, read, error, write = READERS[reader]
    write(tmp_path / name)
    whole = (tmp_path / name).read_bytes().strip()

    for length in range(len(whole)):
        (tmp_path / name).write_bytes(whole[:length])
        if reader == "cursor" and whole[:length].endswith(tuple(b"%d" % digit for digit in range(10))) and b"." in whole[:length]:
            continue
        with pytest.raises(error):
            read(tmp_path / name)


def test_no_plan_is_no_cluster(tmp_path: Path) -> None:
    """Nor is a folder that is not there."""
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(NoCluster):
            Plan.read(folder)


@pytest.mark.parametrize("content", [b"", b"x", b"-1", b"0", bytes(9), b"\xff\xfe", b"9" * 30, None])
def test_a_number_of_a_process_that_cannot_be_read_is_nobodys(tmp_path: Path, content: bytes | None) -> None:
    """It is never a reason to end something."""
    if content is None:
        (tmp_path / "pid").mkdir()
    else:
        (tmp_path / "pid").write_bytes(content)

    assert running(tmp_path / "pid", "no such word") is None


@pytest.mark.parametrize("content", [None, b"", bytes(20), b"\xff", b"abc\0", b"x" * 64])
def test_a_password_of_ours_that_is_torn_is_named(tmp_path: Path, content: bytes | None) -> None:
    """Of the secured listener on this machine."""
    path = certificates.password_file(tmp_path)
    if content is not None:
        write_whole(path, content)

    with pytest.raises(certificates.NoCertificates) as raised:
        certificates.password(tmp_path)

    assert str(path) in raised.value.text.zh
    assert "Restore it" in raised.value.text.en


@pytest.mark.parametrize(
    "body", [b"[]\n", b"7\n", b'{"format": 1}\n{}\n', b'{"format": 1}\n[]\n', b"[" * 100_000 + b"\n", b'{"format": 3}\n']
)
def test_evidence_that_was_made_up_is_no_evidence(tmp_path: Path, body: bytes) -> None:
    """Though its own digest is right."""
    write_whole(tmp_path / "e.jsonl", body + json.dumps({"sha256": sha256(body).hexdigest()}).encode() + b"\n")

    with pytest.raises(BadEvidence, match="no whole evidence file"):
        check_evidence(tmp_path / "e.jsonl", None, [])  # type: ignore[arg-type]  # no host is asked of what is none
