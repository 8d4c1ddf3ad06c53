"""The chain of a log: each row has a keyed digest of itself and of the row before, which shows changed, moved or missing rows.

``streams.store.log`` calls it. There is one chain for each table. A *seal* over their ends is written with each transaction and shows a cut
tail. When rows are removed from the front (retention), an *anchor* stays: offset and digest of the last of them. A log without a key (a
worker does not have the secret of a workspace) has a chain without one, which shows damage but not a forger. Source: RFC 7693 (BLAKE2,
keyed).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from hmac import compare_digest
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from policies.values import Text
from streams.language.errors import DamagedStore

LINK_BYTES = 16
START = bytes(LINK_BYTES)
"""The link before the first row."""
Column: TypeAlias = int | str | bytes | None

COLUMNS: Mapping[str, str] = {
    "inputs": "offset, body",
    "outputs": "offset, closes, body",
    "manifests": "offset, policy, body",
    "rewritings": "number, offset, before, behind",
}
"""The tables and their columns except ``link``; the first column identifies a row."""
_ORDER = {part: "offset, policy" if part == "manifests" else columns.partition(",")[0] for part, columns in COLUMNS.items()}
ANCHORED = ("inputs", "outputs")
REWRITTEN = ("inputs", "outputs", "manifests")
TABLES = (
    "CREATE TABLE inputs (offset INTEGER PRIMARY KEY, link BLOB NOT NULL, body BLOB NOT NULL) STRICT",
    "CREATE TABLE outputs (offset INTEGER PRIMARY KEY, link BLOB NOT NULL, closes TEXT, body BLOB NOT NULL) STRICT",
    "CREATE TABLE manifests (policy TEXT, offset INTEGER, link BLOB NOT NULL, body TEXT NOT NULL, PRIMARY KEY (offset, policy)) STRICT",
    "CREATE TABLE rewritings (number INTEGER PRIMARY KEY, offset INTEGER NOT NULL, link BLOB NOT NULL, before BLOB, behind BLOB) STRICT",
    "CREATE TABLE scrubbing (offset INTEGER PRIMARY KEY) STRICT",
    "CREATE TABLE anchors (part TEXT PRIMARY KEY, offset INTEGER NOT NULL, link BLOB NOT NULL) STRICT",
    "CREATE TABLE seal (one INTEGER PRIMARY KEY CHECK (one = 1), headed INTEGER NOT NULL, seal BLOB NOT NULL) STRICT",
)
"""``link`` stands before ``body``, so that SQLite reads it without the pages of a long body. ``manifests``: the original manifests of
editions with blank lines. ``rewritings``: for each erasure that rewrote the log, the offset of its message and the head before and behind.
``scrubbing``: the erasures whose traces may still be in the files. ``headed``: is the head also kept outside (``streams.store.log_heads``)?
"""


class End(NamedTuple):
    """A row of a chain, by its offset and link; -1 and ``START`` before the first row."""

    offset: int = -1
    link: bytes = START


@dataclass(slots=True)
class Ends:
    """Where the chains of a log begin (``anchors``) and end (``last``), and what else the seal covers. Updated with each transaction."""

    last: dict[str, End]
    anchors: dict[str, End]
    undone: tuple[int, ...]
    headed: int

    @property
    def rewritten(self) -> int:
        """How many times an erasure rewrote the log."""
        return self.last["rewritings"].offset + 1

    def head(self, key: bytes) -> bytes:
        """One digest over all rows."""
        ends = [*(self.last[part] for part in REWRITTEN), *(self.anchors[part] for part in ANCHORED)]
        return link(key, "head", START, *(value for end in ends for value in end))

    def seal(self, key: bytes) -> bytes:
        """The digest that shows a missing row at an end, or a change of anything beside the rows."""
        return link(key, "seal", self.head(key), *self.last["rewritings"], self.headed, *self.undone)


@dataclass(frozen=True, slots=True)
class Break:
    """A place where a chain is broken: the row at an offset, or its end; or ``foreign``, something in the file that is not ours."""

    part: str
    offset: int | None = None
    foreign: str = ""

    @property
    def text(self) -> Text:
        if self.foreign:
            return Text(f"其中有不属于它的内容（{self.foreign}）", f"it holds what is none of its own ({self.foreign})")
        name = _NAMES[self.part]
        if self.offset is None:
            return Text(f"{name.zh}的末尾或开头有缺失或改动", f"the end or the beginning of the {name.en} is missing or was changed")
        zh = f"{name.zh} #{self.offset} 被改动，或它前面有缺失、调换"
        return Text(zh, f"{name.en} #{self.offset}: changed, or rows before it are missing or out of turn")


_NAMES = {
    "inputs": Text("输入", "inputs"),
    "outputs": Text("输出", "outputs"),
    "manifests": Text("清单", "manifests"),
    "rewritings": Text("改写记录", "rewritings"),
    "seal": Text("日志", "log"),
}


def link(key: bytes, part: str, before: bytes, *columns: Column) -> bytes:
    """The link of a row: the digest of its columns and of the link before.

    Example:
        >>> link(b"k", "inputs", START, 0, b"a") == link(b"k", "inputs", START, 0, "a")
        False
    """
    digest = blake2b(before, digest_size=LINK_BYTES, key=key, person=part.encode())
    for column in columns:
        match column:
            case None:
                digest.update(b"0")
            case int():
                digest.update(b"i" + column.to_bytes(8, "little", signed=True))
            case str():
                body = column.encode()
                digest.update(b"s" + len(body).to_bytes(8, "little") + body)
            case _:
                digest.update(b"b" + len(column).to_bytes(8, "little"))
                digest.update(column)
    return digest.digest()


def rows(db: sqlite3.Connection, path: Path, key: bytes, part: str, where: str = "1", *parameters: Column) -> Iterator[Any]:
    """The columns of some rows of a table, each checked against its link.

    Raises:
        Damaged: a row does not fit its link.
    """
    for row_link, before, *columns in db.execute(_query(part, where), parameters):
        if not compare_digest(link(key, part, before, *columns), row_link):
            raise chain_error(path, Break(part, columns[0]), key)
        yield tuple(columns)


def breaks(db: sqlite3.Connection, key: bytes) -> Iterator[Break]:
    """Every place where the chains of a log are broken; if something in the file is not ours, only that."""
    if (other := _none_of_ours(db)) is not None:
        yield other
        return
    for part in COLUMNS:
        for row_link, before, *columns in db.execute(_query(part, "1")):
            if not compare_digest(link(key, part, before, *columns), row_link):
                yield Break(part, columns[0])
    if not _is_seal_right(db, ends_of(db), key):
        yield Break("seal")


def ends_of(db: sqlite3.Connection) -> Ends:
    """Where the chains of a log begin and end, read from its rows."""
    anchors = {part: End(offset, value) for part, offset, value in db.execute("SELECT part, offset, link FROM anchors")}
    anchors = {part: anchors.get(part, End()) for part in ANCHORED}
    last = {}
    for part in COLUMNS:
        backwards = ", ".join(f"{name} DESC" for name in _ORDER[part].split(", "))
        row = db.execute(f"SELECT {_place(part)}, link FROM {part} ORDER BY {backwards} LIMIT 1").fetchone()  # names of ours
        last[part] = anchors.get(part, End()) if row is None else End(*row)
    undone = tuple(offset for (offset,) in db.execute("SELECT offset FROM scrubbing ORDER BY offset"))
    row = db.execute("SELECT headed FROM seal").fetchone()
    return Ends(last, anchors, undone, row[0] if row else 0)


def check(db: sqlite3.Connection, path: Path, key: bytes) -> Ends:
    """The ends of a log, after a check of its seal and last rows; the other rows are not read.

    Raises:
        Damaged: they are not in order, or something in the file is not ours.
    """
    if (other := _none_of_ours(db)) is not None:
        raise chain_error(path, other, key)
    ends = ends_of(db)
    if not _is_seal_right(db, ends, key):
        raise chain_error(path, next(breaks(db, key)), key)
    for part in COLUMNS:
        for _ in rows(db, path, key, part, "1" if part == "rewritings" else f"r.{_place(part)} = {ends.last[part].offset}"):
            pass
    return ends


def write_seal(db: sqlite3.Connection, ends: Ends, key: bytes) -> None:
    db.execute("INSERT OR REPLACE INTO seal VALUES (1, ?, ?)", (ends.headed, ends.seal(key)))


def chain_anew(db: sqlite3.Connection, key: bytes) -> None:
    """Gives every row its new link, from the anchors on; rows whose link has not changed are not written."""
    for part in REWRITTEN:
        for row in db.execute(f"SELECT rowid FROM {part} ORDER BY {_ORDER[part]}").fetchall():  # names of ours
            row_link, before, *columns = db.execute(_query(part, "r.rowid = ?"), row).fetchone()
            if (value := link(key, part, before, *columns)) != row_link:
                db.execute(f"UPDATE {part} SET link = ? WHERE rowid = ?", (value, *row))  # a name of ours


def chain_error(path: Path, at: Break, key: bytes) -> DamagedStore:
    """The error for a damaged log, with the way out. A log without a key is a worker's or a replica's and holds nothing unique."""
    zh = f"{path} 已不是写下时的样子：{at.text.zh}。"
    en = f"{path} is not as it was written: {at.text.en}. "
    if key:
        zh += "请从备份恢复全部文件；huimin doctor --deep 列出每一处。"
        return DamagedStore(Text(zh, en + "Restore all files of one backup; huimin doctor --deep lists each place."))
    zh += f"请检查磁盘，再删除 {path.parent}：其中的内容会从主题和快照库重新得到。"
    return DamagedStore(
        Text(zh, en + f"Look at the disk, then remove {path.parent}: what it held comes again from the topics and the depot.")
    )


def _none_of_ours(db: sqlite3.Connection) -> Break | None:
    """A trigger, view, index or table that is not ours: it could change the effect of our statements, or keep erased data."""
    schema = db.execute("SELECT type, name, sql FROM sqlite_schema ORDER BY rowid").fetchall()
    for kind, name, sql in schema:
        if sql not in TABLES and not (sql is None and name.startswith("sqlite_autoindex_")):
            return Break("seal", foreign=f"{kind} {name}")
    return None if {sql for *_, sql in schema} >= set(TABLES) else Break("seal")


def _is_seal_right(db: sqlite3.Connection, ends: Ends, key: bytes) -> bool:
    row = db.execute("SELECT seal FROM seal").fetchone()
    return row is not None and compare_digest(row[0], ends.seal(key))


def _place(part: str) -> str:
    return COLUMNS[part].partition(",")[0]


def _query(part: str, where: str) -> str:
    """The query for link, link before, and columns, in order; one statement, so one view of the log. The names are ours."""
    order = _ORDER[part].split(", ")
    mine, backwards = ", ".join(f"r.{name}" for name in COLUMNS[part].split(", ")), ", ".join(f"p.{name} DESC" for name in order)
    earlier = f"({', '.join(f'p.{name}' for name in order)}) < ({', '.join(f'r.{name}' for name in order)})"
    before = f"(SELECT p.link FROM {part} p WHERE {earlier} ORDER BY {backwards} LIMIT 1)"
    anchor = f"(SELECT link FROM anchors WHERE part = '{part}')"
    places = ", ".join(f"r.{name}" for name in order)
    return (
        f"SELECT r.link, ifnull({before}, ifnull({anchor}, zeroblob({LINK_BYTES}))), {mine} FROM {part} r WHERE {where} ORDER BY {places}"
    )
