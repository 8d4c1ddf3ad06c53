"""The log of the record of access: durable, whole after a stop, one appender at a time, and every change of it noticed."""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.audit.lines import AccessLine, canonical_bytes, line_of
from connectors.audit.log import FEW, LOG, SHOWN, TREE, TREE_EVERY, AuditLog
from connectors.audit.merkle import leaf_hash, root_of
from connectors.audit.salts import FILE as SALTS
from streams.language.errors import DamagedStore

KEY = b"k" * 32


def log_in(folder: Path) -> AuditLog:
    return AuditLog(folder / "audit", lambda: KEY)


def line(who: str = "wang") -> Callable[[int], AccessLine]:
    return lambda number: AccessLine(number, "2026-10-15T09:00:00+08:00", who, "cli", "list.read", "allowed")


def test_a_line_is_the_canonical_json_of_what_it_says() -> None:
    """By RFC 8785: names in order, no blanks; empty facts are left out."""
    data = canonical_bytes(AccessLine(7, "t", "王芳", "cli", "list.read", "allowed", policy="p", count=2, persons=("00", "11")))

    assert (
        data
        == (
            '{"action":"list.read","count":2,"kind":"access","outcome":"allowed","persons":["00","11"],"policy":"p","seq":7,"time":"t","via":"cli",'
            '"who":"王芳"}'
        ).encode()
    )
    assert canonical_bytes(line_of(data)) == data


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"seq":0}', b"\xff", b'{"seq": 0}', b"null", b"[" * 99999])
def test_what_is_no_line_is_told(data: bytes) -> None:
    with pytest.raises(ValueError, match="no line"):
        line_of(data)


def test_a_line_that_is_not_canonical_is_told() -> None:
    """The same facts in other bytes would have another hash."""
    data = canonical_bytes(line()(0))
    with pytest.raises(ValueError, match="not as it was written"):
        line_of(json.dumps(json.loads(data)).encode())


def test_lines_are_read_as_they_were_appended(tmp_path: Path) -> None:
    """By another process as well; few subjects stand in the line, many beside it, each under a digest of its own."""
    log = log_in(tmp_path)
    few, many = list(range(FEW)), list(range(100, 300))
    log.append(line("a"), few)
    log.append(line("b"), many)
    log.append(line("c"))

    again = log_in(tmp_path)
    first, second, third = again.lines()
    assert [(each.seq, each.who, each.count) for each in (first, second, third)] == [(0, "a", FEW), (1, "b", 200), (2, "c", 0)]
    assert len(first.persons) == FEW and second.persons == () and second.block is not None
    assert again.subjects_of(second) == b"".join(again.salts().digests(many))
    assert again.subjects_of(first) == b"".join(again.salts().digests(few))
    assert again.subjects_of(third) == b""
    assert len({*again.salts().digests(few + many)}) == FEW + 200
    assert (tmp_path / "audit").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "audit").iterdir()} == {0o600}


def test_no_token_stands_in_any_file(tmp_path: Path) -> None:
    """Neither as bytes nor as digits, of either order; and with another key the salts are another's."""
    token = 0xC0FFEE0DDBA11AD5
    log = log_in(tmp_path)
    log.append(line(), [token])
    log.append(line(), [token, *range(50)])
    data = b"".join(path.read_bytes() for path in (tmp_path / "audit").iterdir())

    for text in (token.to_bytes(8, "big"), token.to_bytes(8, "little"), f"{token:x}".encode(), f"{token:X}".encode(), str(token).encode()):
        assert text not in data
    assert log.salts().digest(token) is not None
    assert AuditLog(tmp_path / "audit", lambda: b"x" * 32).salts().digest(token) is None


def test_a_forgotten_person_is_in_no_line_any_more(tmp_path: Path) -> None:
    """The salt's bytes are gone; recorded once more, the person has another digest; the others keep theirs."""
    log = log_in(tmp_path)
    log.append(line(), [1, 2])
    before, of_other = log.salts().digest(1), log.salts().digest(2)
    salts = log._salts._salts([log._salts._number(1)]) if log._salts is not None else {}
    (salt,) = salts.values()
    assert salt in (tmp_path / "audit" / SALTS).read_bytes()

    assert log.salts().forget([1]) == 1
    assert log.salts().forget([1]) == 0
    log.close()

    assert salt not in (tmp_path / "audit" / SALTS).read_bytes()
    again = log_in(tmp_path)
    assert again.salts().digest(1) is None
    again.append(line(), [1])
    assert again.salts().digest(1) not in (None, before)
    assert again.salts().digest(2) == of_other


@pytest.mark.parametrize("left", [b'{"action":"li', b"\x00", b"x" * 5000])
def test_half_a_line_is_cut_and_said(tmp_path: Path, left: bytes) -> None:
    """What a stopped writer left; nothing else is touched, and readers never see it."""
    log_in(tmp_path).append(line("a"))
    with (tmp_path / "audit" / LOG).open("ab") as file:
        file.write(left)
    assert [each.who for each in log_in(tmp_path).lines()] == ["a"]

    log_in(tmp_path).append(line("b"), cut=line("b"))

    assert [(each.who, each.kind, each.count) for each in log_in(tmp_path).lines()] == [
        ("a", "access", 0),
        ("b", "cut", len(left)),
        ("b", "access", 0),
    ]


def test_a_stop_at_any_byte_leaves_the_lines_before_it(tmp_path: Path) -> None:
    """The log is cut at every length behind the first line; appending goes on, and the numbers have no gap."""
    log = log_in(tmp_path)
    log.append(line("a"))
    end = (tmp_path / "audit" / LOG).stat().st_size
    log.append(line("b"))
    whole = (tmp_path / "audit" / LOG).read_bytes()
    for length in range(end, len(whole)):
        (tmp_path / "audit" / LOG).write_bytes(whole[:length])
        log_in(tmp_path).append(line("c"), cut=line("c"))
        assert [each.seq for each in log_in(tmp_path).lines()] == list(range(2 if length == end else 3)), length
        assert next(log_in(tmp_path).lines()).who == "a"


def test_a_log_that_became_shorter_takes_nothing(tmp_path: Path) -> None:
    """Or somebody could take lines out and go on."""
    log = log_in(tmp_path)
    log.append(line())
    for name in (LOG,):
        (tmp_path / "audit" / name).write_bytes(b"")
    with pytest.raises(DamagedStore, match="shorter than it was"):
        log_in(tmp_path).append(line())
    with pytest.raises(DamagedStore, match="shorter than it was"):
        log.append(line())
    assert (tmp_path / "audit" / LOG).read_bytes() == b""


def test_missing_salts_are_not_made_anew(tmp_path: Path) -> None:
    """New salts would make everybody in the record somebody else, in silence."""
    log_in(tmp_path).append(line(), range(10))
    (tmp_path / "audit" / SALTS).unlink()

    with pytest.raises(DamagedStore, match=SALTS):
        log_in(tmp_path).append(line(), [1])
    log_in(tmp_path).append(line())


@pytest.mark.parametrize("text", ["", "{}", '{"size": 3, "peaks": [], "end": 9}', "[]", '{"size": 1, "peaks": ["00"], "end": 9}'])
def test_a_damaged_tree_is_told(tmp_path: Path, text: str) -> None:
    log_in(tmp_path).append(line())
    (tmp_path / "audit" / TREE).write_text(text)

    with pytest.raises(DamagedStore, match="tree is damaged"):
        log_in(tmp_path).append(line())


def test_appending_goes_on_from_the_noted_tree(tmp_path: Path) -> None:
    """The root is that of all lines, however many were appended by whom since it was noted."""
    first, other = log_in(tmp_path), log_in(tmp_path)
    for number in range(TREE_EVERY + 9):
        (first if number % 3 else other).append(line())

    leaves = [leaf_hash(data) for data in first.raw_lines()]
    tree, end = first.tree_in_file()
    assert len(leaves) == TREE_EVERY + 9 and 1 < tree.size < len(leaves)
    assert tree.root() == root_of(leaves[: tree.size])
    assert end == sum(len(data) + 1 for data in list(first.raw_lines())[: tree.size])
    another = log_in(tmp_path)
    another.append(line())
    assert another._tree.root() == root_of([leaf_hash(data) for data in another.raw_lines()])


def appends(folder: str, times: int) -> None:
    log = log_in(Path(folder))
    for number in range(times):
        log.append(line(str(os.getpid())), range(number % 7))


def test_several_processes_append_without_a_gap(tmp_path: Path) -> None:
    """Each line once, whole, with its own number; every subject keeps one digest."""
    fork = multiprocessing.get_context("fork")
    processes = [fork.Process(target=appends, args=(str(tmp_path), 30)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()

    lines = list(log_in(tmp_path).lines())
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert [each.seq for each in lines] == list(range(90))
    log = log_in(tmp_path)
    digests = log.salts().digests(range(7))
    for each in lines:
        assert log.subjects_of(each) == b"".join(digests[: each.count])


@given(counts=st.lists(st.integers(0, 12), max_size=8), at=st.data())
def test_a_changed_byte_of_what_was_shown_is_noticed(
    tmp_path_factory: pytest.TempPathFactory, counts: list[int], at: st.DataObject
) -> None:
    """In the side file, at any place that a line names; a side file that is gone, too."""
    folder = tmp_path_factory.mktemp("log")
    log = log_in(folder)
    for count in counts:
        log.append(line(), range(count))
    lines, side = list(log.lines()), folder / "audit" / SHOWN
    assert all(log.subjects_of(each) is not None for each in lines)
    many = [each for each in lines if each.block is not None]
    if not many:
        return
    data = bytearray(side.read_bytes())
    place = at.draw(st.integers(0, len(data) - 1))
    data[place] ^= 1
    side.write_bytes(bytes(data))
    assert [log.subjects_of(each) is None for each in many].count(True) == 1
    side.unlink()
    assert all(log.subjects_of(each) is None for each in many)
