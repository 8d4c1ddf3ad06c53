"""The chain of a log: rows that somebody changes, moves, removes or cuts on disk are noticed, with their place."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from streams.embedded.host import EmbeddedHost
from streams.language.errors import DamagedStore, NoRoom
from streams.store import checkpoints, log_chain, log_heads
from streams.store import log as storage
from streams.store.log import FILE, Log, Row, breaks
from streams.store.log_chain import COLUMNS, TABLES
from tests.streams.bench import NEVER, host_after_run
from tests.streams.world import parts, run

KEY = b"a key of thirty-two bytes, or so"
HEAD = "log.head"


def rows(first: int, behind: int) -> list[Row]:
    """Inputs; two of three have outputs, one of four closes an edition, the sixth decides an erasure."""
    return [
        Row(at, b"input %d" % at, "grant" if at % 4 == 0 else None, b"output %d" % at if at % 3 else None, at == 5)
        for at in range(first, behind)
    ]


def log(folder: Path, readonly: bool = False, key: bytes = KEY) -> Log:
    return Log(folder, readonly, key=key, head=folder / HEAD)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A log with rows of every kind, the anchors of its tables, and an erasure that is not scrubbed yet."""
    place = tmp_path / "log"
    place.mkdir()
    new_log = log(place)
    new_log.append(rows(0, 8))
    new_log.prune(1)
    new_log.append(rows(8, 12), forget=1)
    with new_log.rewriting(5) as db:
        db.execute("UPDATE outputs SET body = x'' WHERE offset = 7")
        db.executemany("INSERT INTO manifests VALUES ('grant', ?, x'', ?)", [(4, "first"), (8, "second")])
    with new_log.rewriting(5) as db:
        db.execute("UPDATE inputs SET body = x'' WHERE offset = 7")
    new_log.append(rows(12, 14))
    new_log.note_head()
    new_log.close()
    assert breaks(place, KEY)[0] == []
    return place


def change(folder: Path, *statements: str) -> None:
    """Runs statements as somebody who can write to the disk and has no key."""
    with closing(sqlite3.connect(folder / FILE, isolation_level=None)) as db:
        for statement in statements:
            db.execute(statement)


def head_of(folder: Path) -> bytes:
    with closing(sqlite3.connect(folder / FILE)) as db:
        return log_chain.ends_of(db).head(KEY)


def read(folder: Path) -> list[Any]:
    """All rows of a log, by every query that a reader has."""
    opened = log(folder, readonly=True)
    try:
        return [
            *opened.inputs(-1), *opened.outputs(-1), *opened.inputs_with(-1, 0, b"input"), opened.unfinished_erasures(),
            opened.manifests("grant"), opened.first(), opened.last(),
        ]  # fmt: skip
    finally:
        opened.close()


def every_cell() -> list[tuple[str, str]]:
    with closing(sqlite3.connect(":memory:")) as db:
        for table in TABLES:
            db.execute(table)
        names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return [(name, column) for name in names for _, column, *_ in db.execute(f"PRAGMA table_info({name})") if column != "one"]


def changed_value(value: Any) -> Any:
    match value:
        case None:
            return "x"
        case int():
            return value + 1000
        case str():
            return value + "x"
        case _:
            return bytes([value[0] ^ 1]) + value[1:] if value else b"x"


@pytest.mark.parametrize(("table", "column"), every_cell())
def test_a_column_that_was_changed_is_noticed(folder: Path, tmp_path: Path, table: str, column: str) -> None:
    """This holds for every row of every table; ``breaks`` names it, and opening or reading the log raises ``DamagedStore``."""
    with closing(sqlite3.connect(folder / FILE)) as db:
        cells = db.execute(f"SELECT rowid, {column} FROM {table}").fetchall()
    assert cells
    for number, (row, value) in enumerate(cells):
        copy = tmp_path / f"{number}"
        shutil.copytree(folder, copy)
        with closing(sqlite3.connect(copy / FILE, isolation_level=None)) as db:
            db.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (changed_value(value), row))

        assert breaks(copy, KEY)[0], (table, column, row)
        with pytest.raises(DamagedStore):
            read(copy)


@pytest.mark.parametrize(
    "foreign",
    [
        "CREATE TABLE keep AS SELECT * FROM inputs",
        "CREATE TRIGGER a BEFORE INSERT ON inputs BEGIN SELECT raise(ignore); END",
        "CREATE TRIGGER a BEFORE UPDATE ON inputs BEGIN INSERT INTO outputs SELECT * FROM outputs WHERE 0; END",
        "CREATE TRIGGER a BEFORE DELETE ON scrubbing BEGIN SELECT raise(ignore); END",
        "CREATE VIEW v AS SELECT * FROM inputs",
        "CREATE INDEX i ON inputs (body)",
        "ALTER TABLE outputs RENAME TO o2; CREATE VIEW outputs AS SELECT * FROM o2",
        "ALTER TABLE inputs ADD COLUMN more TEXT",
    ],
)
def test_what_is_none_of_ours_in_the_file_is_refused(folder: Path, foreign: str) -> None:
    """It could drop a write or keep an erased person: nobody can read or write such a log, and ``breaks`` reports it."""
    with closing(sqlite3.connect(folder / FILE)) as db:
        db.executescript(foreign)

    assert breaks(folder, KEY)[0]
    for readonly in (True, False):
        with pytest.raises(DamagedStore):
            Log(folder, readonly, key=KEY)


@pytest.mark.parametrize("table", [table.split("TABLE ")[1].split(" (")[0] for table in TABLES])
def test_a_row_that_is_gone_is_noticed(folder: Path, tmp_path: Path, table: str) -> None:
    """Removed are each row alone, the last three rows, and all rows."""
    with closing(sqlite3.connect(folder / FILE)) as db:
        row_ids = [row for (row,) in db.execute(f"SELECT rowid FROM {table} ORDER BY rowid")]
    some = [[row] for row in row_ids] + [row_ids[-3:], row_ids]
    for number, removed in enumerate(some):
        copy = tmp_path / f"{number}"
        shutil.copytree(folder, copy)
        change(copy, f"DELETE FROM {table} WHERE rowid IN ({', '.join(map(str, removed))})")

        assert breaks(copy, KEY)[0], (table, removed)


def test_the_place_is_told(folder: Path) -> None:
    """The place is the changed row, or the row after a missing one; a missing end has no place."""
    change(folder, "UPDATE inputs SET body = x'00' WHERE offset = 4", "DELETE FROM outputs WHERE offset = 8")

    places, rewritten = breaks(folder, KEY)

    assert [place.text.en for place in places] == [
        "inputs #4: changed, or rows before it are missing or out of turn",
        "outputs #10: changed, or rows before it are missing or out of turn",
    ]
    assert rewritten == 2
    change(folder, "DELETE FROM inputs WHERE offset > 12")
    assert breaks(folder, KEY)[0][-1].text.en == "the end or the beginning of the log is missing or was changed"
    with pytest.raises(DamagedStore, match="not as it was written: inputs #4"):
        log(folder)


@pytest.mark.parametrize("table", ["inputs", "outputs"])
@pytest.mark.parametrize("columns", ["body", "body, link"])
def test_rows_that_changed_places_are_noticed(folder: Path, table: str, columns: str) -> None:
    """Two rows change places, with or without their digests."""
    names = columns.split(", ")
    moves = [
        f"UPDATE {table} SET {', '.join(f'{name} = (SELECT {name} FROM copy WHERE offset = {other})' for name in names)} WHERE offset = {mine}"
        for mine, other in ((10, 11), (11, 10))
    ]
    change(folder, f"CREATE TEMP TABLE copy AS SELECT * FROM {table}", *moves)

    assert [(place.part, place.offset) for place in breaks(folder, KEY)[0]][:2] == [(table, 10), (table, 11)]
    with pytest.raises(DamagedStore):
        read(folder)


def test_without_the_key_nobody_makes_a_chain_that_fits(folder: Path) -> None:
    """A chain without a key or with another key is refused where this key is expected."""
    for forged in (b"", bytes([KEY[0] ^ 1]) + KEY[1:]):
        with closing(sqlite3.connect(folder / FILE, isolation_level=None)) as db:
            db.execute("UPDATE outputs SET body = x'00' WHERE offset = 10")
            log_chain.chain_anew(db, forged)
            log_chain.write_seal(db, log_chain.ends_of(db), forged)

        with pytest.raises(DamagedStore):
            log(folder)


def test_what_is_pruned_leaves_an_anchor(folder: Path) -> None:
    """The rest is checked against the anchor; removal of more rows is noticed, also if the anchor moves along."""
    opened = log(folder)
    opened.prune(6)
    opened.close()

    assert read(folder)[0] == (7, b"")
    assert breaks(folder, KEY)[0] == []
    change(
        folder,
        "UPDATE anchors SET (offset, link) = (SELECT offset, link FROM inputs WHERE offset = 9) WHERE part = 'inputs'",
        "DELETE FROM inputs WHERE offset <= 9",
    )
    with pytest.raises(DamagedStore):
        log(folder)


def test_an_erasure_does_not_chain_anew_what_was_changed_before(folder: Path) -> None:
    """A new chain would hide the change."""
    change(folder, "UPDATE inputs SET body = x'00' WHERE offset = 4")
    opened = log(folder)

    with pytest.raises(DamagedStore, match="inputs #4"), opened.rewriting(13):
        raise AssertionError("must not be reached")
    opened.close()

    assert [(place.part, place.offset) for place in breaks(folder, KEY)[0]] == [("inputs", 4)]


def test_a_rewriting_says_which_head_became_which(tmp_path: Path) -> None:
    """The row has the offset of the erasure and the heads before and after."""
    opened = log(tmp_path)
    opened.append(rows(0, 6))
    before = head_of(tmp_path)
    with opened.rewriting(5) as db:
        db.execute("UPDATE inputs SET body = x'' WHERE offset = 2")
    opened.close()

    with closing(sqlite3.connect(tmp_path / FILE)) as db:
        assert db.execute("SELECT number, offset, before, behind FROM rewritings").fetchall() == [(0, 5, before, head_of(tmp_path))]
    assert COLUMNS["rewritings"] == "number, offset, before, behind"


@pytest.mark.parametrize("fails", ["seal", "commit"])
def test_after_an_error_the_chain_goes_on_where_the_log_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str) -> None:
    """This holds whether the transaction was committed or not when the error came."""
    opened = log(tmp_path)
    opened.append(rows(0, 3))
    sound = log_chain.write_seal

    def write_and_stop(db: Any, *arguments: Any) -> None:
        if fails == "seal":
            raise NoRoom(log_chain.Break("seal", None).text)
        sound(db, *arguments)
        db.execute("COMMIT")
        raise KeyboardInterrupt

    monkeypatch.setattr(log_chain, "write_seal", write_and_stop)
    with pytest.raises((NoRoom, KeyboardInterrupt)):
        opened.append(rows(3, 5))
    monkeypatch.setattr(log_chain, "write_seal", sound)
    opened.append(rows(opened.last() + 1, 9))
    opened.close()

    assert breaks(tmp_path, KEY)[0] == []
    assert [offset for offset, _ in log(tmp_path).inputs(-1)] == list(range(9))


# ---- the head outside the log ------------------------------------------------------------------------------------------------


def grow_log(folder: Path, upto: int) -> None:
    opened = log(folder)
    opened.append(rows(opened.last() + 1, upto))
    opened.note_head()
    opened.close()


def older(opened: Callable[[], Log]) -> str:
    with pytest.raises(DamagedStore) as error:
        opened()
    return error.value.text.en


def test_an_older_copy_of_the_log_is_noticed(folder: Path, tmp_path: Path) -> None:
    """The old copy is sound in itself, but ends before the head outside."""
    shutil.copytree(folder, tmp_path / "then")
    grow_log(folder, 20)
    (folder / FILE).write_bytes((tmp_path / "then" / FILE).read_bytes())

    for readonly in (True, False):
        assert "ends at message #13, and log.head knows that it had come to #19" in older(lambda: log(folder, readonly=readonly))


def test_a_head_may_lag_and_never_leads(folder: Path, tmp_path: Path) -> None:
    """Rows after the head are accepted; the head of another log of the same length is not."""
    shutil.copytree(folder, tmp_path / "other")
    opened = log(folder)
    opened.append(rows(14, 18))  # and the process ends
    opened.close()
    assert log(folder).last() == 17

    other = log(tmp_path / "other")
    other.append([Row(14, b"something else", None, None)])
    other.note_head()
    shutil.copy(tmp_path / "other" / HEAD, folder / HEAD)
    assert "another copy" in older(lambda: log(folder))


def test_a_head_that_was_changed_or_is_gone_is_refused(folder: Path) -> None:
    """This holds for any of its bytes, for other content and for a missing file."""
    whole = (folder / HEAD).read_bytes()
    for at in range(0, len(whole) - 1, 7):
        (folder / HEAD).write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(DamagedStore):
            log(folder)
    for text in (b"", b"{}", b"[]", b"[" * 100_000, b"\xff\xfe", whole[:-20]):
        (folder / HEAD).write_bytes(text)
        with pytest.raises(DamagedStore, match="damaged"):
            log(folder)
    (folder / HEAD).unlink()
    with pytest.raises(DamagedStore, match=r"log\.head is gone"):
        log(folder)


def test_a_log_that_became_empty_is_no_new_one(folder: Path) -> None:
    """The file has no bytes."""
    (folder / FILE).unlink()
    for suffix in ("-wal", "-shm"):
        (folder / f"{FILE}{suffix}").unlink(missing_ok=True)
    (folder / FILE).touch()

    assert "ends at message #-1" in older(lambda: log(folder))
    assert (folder / FILE).stat().st_size <= 4096


def test_a_stop_between_the_rewriting_and_its_head_is_no_damage(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The head is then that of the log before the rewriting, which is accepted for its offsets."""
    opened, sound = log(folder), log_heads.write_head
    paths: list[Path] = []

    def once(path: Path, *arguments: Any) -> None:
        paths.append(path)
        if len(paths) > 1:
            raise OSError(28, "no space")
        sound(path, *arguments)

    opened.append(rows(14, 15))
    monkeypatch.setattr(log_heads, "write_head", once)
    with pytest.raises(NoRoom), opened.rewriting(5) as db:
        db.execute("UPDATE inputs SET body = x'' WHERE offset = 9")
    opened.close()

    assert len(paths) == 2
    assert log(folder, readonly=True).last() == 14
    assert breaks(folder, KEY)[0] == []


def test_a_reader_may_come_while_the_first_head_is_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reader saw no head, then a log that has one; it reads the head again."""
    sound, paths = log_heads.read_head, list[Path]()

    def late(path: Path, key: bytes) -> log_heads.LogHead | None:
        paths.append(path)
        return sound(path, key) if len(paths) > 1 else None

    monkeypatch.setattr(log_heads, "read_head", late)

    assert log(folder, readonly=True).last() == 13
    assert len(paths) == 2


# ---- a host ----------------------------------------------------------------------------------------------------------


def test_a_host_keeps_the_head_at_a_snapshot_an_edition_and_a_clean_end(tmp_path: Path) -> None:
    """It does not write the head with every message; a reader writes nothing."""
    store, head = tmp_path / "store", tmp_path / HEAD
    messages = list(run(30))

    def head_offset() -> int:
        stored_head = log_heads.read_head(head, KEY)
        return -1 if stored_head is None else stored_head.last[0].offset

    host = EmbeddedHost.open(store, parts(), create=True, rule=NEVER, key=KEY, head=head)
    host.submit_many(messages[:2])
    assert head_offset() == -1
    host.write_checkpoint()
    assert head_offset() == 1
    for message in messages[2:]:
        host.submit(message)
    assert 1 < head_offset() < 29, "a publication among them ends an edition"
    host.close()
    assert head_offset() == 29

    before = head.read_bytes()
    with EmbeddedHost.open(store, parts(), readonly=True, key=KEY, head=head) as host:
        assert host.state.offset == 29
        assert list(host.at(20).registry.versions) == list(host.state.registry.versions)
    assert head.read_bytes() == before
    with pytest.raises(DamagedStore):
        EmbeddedHost.open(store, parts(), key=b"", head=None)


def test_a_checkpoint_that_somebody_made_without_the_key_counts_for_nothing(tmp_path: Path) -> None:
    """The checkpoint is sound in itself but false; the host uses the log instead, and without the log it raises ``DamagedStore``."""
    store = tmp_path / "store"
    with EmbeddedHost.open(store, parts(), create=True, rule=NEVER, key=KEY) as host:
        host.submit_many(list(run(30)))
        path, true = host.write_checkpoint(), host.state.meta()
    meta, arrays = checkpoints.read(path, KEY)
    for key in (b"", b"another key"):
        checkpoints.write(path.parent, 29, {**meta, "findings": [], "day": "2031-01-01"}, arrays, key)

        with EmbeddedHost.open(store, parts(), readonly=True, key=KEY) as host:
            assert host.state.meta() == true
            assert isinstance(host.problem, DamagedStore)

    host = EmbeddedHost.open(store, parts(), key=KEY)
    host._log.prune(29)
    host.close()
    with pytest.raises(DamagedStore):
        EmbeddedHost.open(store, parts(), key=KEY)


def test_a_store_without_a_key_shows_damage(tmp_path: Path) -> None:
    """The store of a worker has no key."""
    host_after_run(tmp_path, 12).close()
    change(tmp_path, "UPDATE outputs SET closes = 'nobody' WHERE offset = (SELECT min(offset) FROM outputs)")

    with EmbeddedHost.open(tmp_path, parts(), readonly=True) as host, pytest.raises(DamagedStore, match="outputs #"):
        list(host.outputs())


def test_each_log_is_told_with_its_own_way_out(folder: Path, tmp_path: Path) -> None:
    """A workspace is restored from a backup; the folder of a worker has none and is removed, for the topics bring its content again."""
    change(folder, "UPDATE seal SET headed = 0")
    host_after_run(tmp_path / "orders-3", 12).close()
    change(tmp_path / "orders-3", "DELETE FROM outputs WHERE offset = (SELECT max(offset) FROM outputs)")

    with pytest.raises(DamagedStore, match="Restore all files of one backup"):
        log(folder)
    with pytest.raises(DamagedStore, match=r"then remove .*orders-3: what it held comes again from the topics") as raised:
        Log(tmp_path / "orders-3", readonly=False, durable=False)

    assert "备份" not in raised.value.text.zh


def test_an_empty_store_in_memory_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It reads like any other store."""
    monkeypatch.chdir(tmp_path)

    with EmbeddedHost(storage.MEMORY, parts(), readonly=True) as host:
        assert (host.state.offset, list(host.outputs()), host.erasing) == (-1, [], False)

    assert list(tmp_path.iterdir()) == []
