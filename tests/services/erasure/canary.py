"""A small workspace with one unmistakable person in every place that can hold a person, and a search that finds the person again.

A test first finds the person in each kind of file, by that file's own reader. Only then it proves something that the search finds nothing.
"""

from __future__ import annotations

import base64
import gzip
import json
import shutil
import sqlite3
import zipfile
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import fastexcel
import numpy as np
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]  # ships no types
from stdnum.cn import ric

from connectors.analysts.release_tokens import ReleaseTokens
from connectors.erasure.copies import _zstd_packed
from connectors.identity.segments import SUFFIX, unseal
from infra.keys import derived_key
from infra.workspace.erasing_note import NOTE
from infra.workspace.library import copy_library, example_units
from infra.workspace.releases import release_keys
from infra.workspace.workspace import Workspace
from matchers.kernel.batch import RecordBatch
from policies.checking.checker import check
from policies.values import Kind
from policies.yaml.document import load
from services.deliveries.delivery import deliver
from services.exports.candidates import write_list
from services.exports.releases import release_snapshot
from services.lists.evidence import write_evidence
from streams.host import Host
from streams.language.messages import (
    CheckAnswered,
    CoverageStated,
    EditionCut,
    IdentityMerged,
    IdentitySplit,
    PolicyPublished,
    Tick,
)
from streams.lists.editions import fold
from streams.lists.manifests import plain_change
from streams.store import checkpoints
from streams.wire import wire

PEOPLE = 24
NAME, EMPLOYER, KEY, OTHER = "金丝雀翠花", "金丝雀修表行", "CANARY-KEY-77", "CANARY-GONE-78"
ALLOWANCE, UNINSURED = "elderly-allowance", "elderly-uninsured"
START = date(2026, 10, 1)
TELEPHONE = "021-07770777"
SNAPSHOT = "one.duckdb"
HUKOU = "id_number,household_no,changed_at,出生日期,sex,relation,hukou_kind,hukou_since,division,name,telephone\n"
INSURANCE = "enrolment_no,id_number,changed_at,valid_from,valid_to,status,scheme\n"
PENSION = "pension_no,id_number,paid_from,paid_to,amount\n"
WORK = "work_no,id_number,changed_at,employer\n"
WORK_FEED = """format: 1
feed: workplace
sources: [{unit: putuo-social-security, division: "310107"}]
title: {zh: 曾就业单位, en: Former workplaces}
holds: [{zh: 就业, en: employment}]
subject: person
cardinality: many
key: work_no
order: changed_at
identify: {person: {column: id_number, scheme: cn-resident-id}}
fields:
  employer: {type: text, title: {zh: 单位名称, en: employer}}
agreement: {purposes: [enrolment, assistance], discloses: [employer], until: 2027-12-31}
delivery: {expected_every: P1M, format: csv, encoding: gb18030, max_unplaced: 0.9}
"""


def resident(serial: int) -> str:
    """The number of an invented resident of Putuo, born in 1950."""
    number = f"31010719500101{serial:03d}"
    return number + str(ric.calc_check_digit(number + "0"))


CANARY = resident(7)


def token_of(workspace: Workspace, number: str = CANARY) -> int:
    return int(workspace.tokens().person([number])[0])


def workspace_with_person(
    folder: Path, key: str | None = None, with_person: bool = True, network: str | None = None, environment: Mapping[str, str] | None = None
) -> Workspace:
    """A workspace with the person in it.

    Args:
        key: of its tokens; None: a new one.
        with_person: without the person, everything else is the same.
        network: the prefix of its network, which ``environment`` names.
    """
    workspace = Workspace.create(folder / "w", example_units())
    if network is not None:
        workspace.join(network)
        workspace = Workspace.open(workspace.root, environment)
    if key is not None:
        (workspace.root / "secret.key").write_text(key, encoding="ascii")
    copy_library(workspace)
    (workspace.folder("feeds") / "workplace.yaml").write_text(WORK_FEED, encoding="utf-8")
    whom = [serial for serial in range(PEOPLE) if with_person or serial != 7]
    with workspace.writing() as host:
        host.submit(Tick(START))
        for name in (UNINSURED, ALLOWANCE):
            host.submit(publication(workspace, host, name))
        registers = "".join(register(serial) for serial in whom)
        deliver_text(workspace, host, folder, "hukou", HUKOU + registers)
        insured = "".join(f"e{s},{resident(s)},2026-09-01,2020-01-01,,正常,居民\n" for s in whom if s % 4 == 0)
        own_row = f"{KEY},{CANARY},2026-09-01,2020-01-01,2021-01-01,终止,居民\n" if with_person else ""
        deliver_text(workspace, host, folder, "medical_insurance", INSURANCE + insured + own_row)
        rows = f"{OTHER},{CANARY},2010-01-01,,77.77\n" if with_person else ""
        deliver_text(workspace, host, folder, "pension", PENSION + f"p1,{resident(1)},2010-01-01,,99.90\n" + rows)
        deliver_text(workspace, host, folder, "pension", PENSION + f"p1,{resident(1)},2010-01-01,,99.90\n", replaces=True)
        employed = "".join(f"w{s},{resident(s)},2026-09-01,棉纺{s % 3}厂\n" for s in whom if s != 7)
        deliver_text(
            workspace, host, folder, "workplace", WORK + employed + (f"{KEY},{CANARY},2026-09-01,{EMPLOYER}\n" if with_person else "")
        )
        host.write_checkpoint()
        broken_rows = f"q1,{resident(2)},2026-09-02,2020-01-01,,没有这种,居民\n" + (
            f"q7,{CANARY},2026-09-02,2020-01-01,,没有这种,居民\n" if with_person else ""
        )
        deliver_text(workspace, host, folder, "medical_insurance", INSURANCE + broken_rows)
        deliver_text(
            workspace,
            host,
            folder,
            "medical_insurance",
            INSURANCE + "".join(f"q{s},{resident(s)},2026-09-03,2020-01-01,2020-02-01,终止,居民\n" for s in (2, 7) if s in whom),
        )
        for feed in ("hukou", "medical_insurance", "pension"):
            host.submit(CoverageStated(f"s-{feed}", feed, 0, "310107", (), date(2026, 10, 5)))
        listed = tuple(token_of(workspace, resident(s)) for s in (3, 7, 9) if s in whom)
        host.submit(CoverageStated("s-list", "workplace", 0, None, listed, date(2026, 10, 5)))
        host.submit(Tick(START + timedelta(1)))
        host.write_checkpoint()
        for serial in (5, 7, 11):
            if serial in whom:
                host.submit(CheckAnswered(ALLOWANCE, token_of(workspace, resident(serial)), "applies", True))
        if with_person:
            other, people = token_of(workspace, resident(900)), ("王芳", "李强")
            host.submit(IdentityMerged("person", other, token_of(workspace), "same", *people))
            host.submit(CheckAnswered(ALLOWANCE, other, "applies", True))
            host.write_checkpoint()
            host.submit(IdentitySplit("person", other, other, (), "not so", *people))
        host.submit(Tick(START + timedelta(3)))
        host.submit(EditionCut(ALLOWANCE))
    return workspace


def build(folder: Path) -> None:
    """The workspace ``w`` with the person in it, and its copies."""
    workspace = workspace_with_person(folder)
    write_copies(workspace, token_of(workspace))


def copy_of(original: Workspace, folder: Path) -> Workspace:
    """A copy of the workspace to erase the person from; without the analysts' snapshot, which takes half of the time of an erasure."""
    shutil.copytree(original.root, folder, ignore=shutil.ignore_patterns(SNAPSHOT))
    (folder / "secret.key").chmod(0o600)
    return Workspace.open(folder)


def add_snapshot(original: Workspace, workspace: Workspace) -> Path:
    """Puts the analysts' snapshot into a copy of the workspace; returns its path."""
    return Path(shutil.copy2(original.folder("snapshots") / SNAPSHOT, workspace.folder("snapshots")))


def write_copies(workspace: Workspace, token: int) -> None:
    """Writes exports of every kind, packed and not; evidence, an edition, a snapshot for analysts."""
    exports = workspace.folder("exports")
    with workspace.reading() as host:
        for suffix in ("csv", "xlsx"):
            write_list(workspace, host, UNINSURED, exports / f"list.{suffix}", "zh")
        listed: dict[int, Any] = {}
        for edition in host.editions(UNINSURED):
            listed = fold(edition.changes, listed)
            write_evidence(host, edition, listed, exports / f"{UNINSURED}-{edition.number}.evidence.jsonl")
            lines = [plain_change(change) for change in edition.changes]
            (exports / f"edition-{edition.number}.json").write_text(json.dumps({"changes": lines}, ensure_ascii=False), encoding="utf-8")
    release_snapshot(workspace, "王芳", "李强", "研究", START, workspace.folder("snapshots") / SNAPSHOT)
    data = (exports / "list.csv").read_bytes()
    (exports / "list.csv.gz").write_bytes(gzip.compress(data))
    (exports / "list.csv.zst").write_bytes(_zstd_packed(data))
    with zipfile.ZipFile(exports / "list.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("list.csv", data)
    pl.DataFrame({"token": [f"{token:016x}", "0" * 16], "n": [1, 2]}).write_parquet(exports / "list.parquet")


def register(serial: int) -> str:
    name = NAME if serial == 7 else f"居民{serial}"
    return f"{resident(serial)},H{serial},2026-09-01,1950-01-01,女,户主,本市家庭户,1960-02-29,310107020,{name},{TELEPHONE if serial == 7 else f'021-0{serial:07d}'}\n"


def deliver_text(workspace: Workspace, host: Host, folder: Path, feed: str, text: str, replaces: bool = False) -> Any:
    path = folder / "delivered.csv"
    path.write_bytes(text.encode(host.state.catalogue.feeds[feed].encoding))
    return deliver(workspace, host, feed, 0, path, date(2026, 10, 15), replaces).report


def publication(workspace: Workspace, host: Host, name: str) -> PolicyPublished:
    text = (workspace.folder("policies") / f"{name}.yaml").read_text(encoding="utf-8")
    checked = check(load(text, name), host.state.catalogue)
    assert checked.policy is not None, checked.problems
    return PolicyPublished(name, 1, text, checked.policy.digest, "王芳", "李强")


# -- the search --------------------------------------------------------------------------------------------------------


def needles(workspace: Workspace, number: str = CANARY) -> dict[str, bytes]:
    """The traces of the person, as bytes: number and name, texts and keys of their records, and the token in every written form."""
    token = token_of(workspace, number)
    texts = {
        "number": number,
        "name": NAME,
        "telephone": TELEPHONE,
        "employer": EMPLOYER,
        "key": KEY,
        "gone": OTHER,
        "hex": f"{token:016x}",
        "decimal": str(token),
    }
    out = {what: text.encode() for what, text in texts.items()}
    out |= {f"{what} gb18030": texts[what].encode("gb18030") for what in ("name", "employer")}
    out["HEX"] = f"{token:016X}".encode()
    for order in ("little", "big"):
        raw = token.to_bytes(8, order)
        out[order] = raw
        for shift in range(3):  # of base64 three alignments; what neighbours decide at the edges is cut off
            packed = base64.b64encode(bytes(shift) + raw).rstrip(b"=")
            out[f"base64 {order} {shift}"] = packed[(0, 2, 3)[shift] : -1 if (shift + 8) % 3 else None]
    for name, secret in release_keys(workspace).items():
        released = ReleaseTokens(secret).token(Kind.PERSON, token)
        out |= {f"{name} hex": f"{released:016x}".encode(), f"{name} little": released.to_bytes(8, "little")}
    for feed, text in (("medical_insurance", KEY), ("workplace", KEY), ("pension", OTHER)):
        key = workspace.tokens().keys(feed, pl.Series([text])).tokens
        out[f"key hash {feed}"] = key.tobytes()
        out[f"key hash {feed} decimal"] = str(int(key[0])).encode()
    return out


def search(workspace: Workspace, sought: Mapping[str, bytes]) -> dict[str, set[str]]:
    """The traces in the files under a workspace, by kind of file and reader."""
    out: dict[str, set[str]] = {}
    for path in sorted(path for path in workspace.root.rglob("*") if path.is_file()):
        for reader, data in _vault_layers(workspace, path) if path.suffix == SUFFIX else _layers(path):
            hits = {what for what, needle in sought.items() if needle in data}
            if hits:
                out.setdefault(f"{_kind(path)} {reader}", set()).update(hits)
    return out


def _vault_layers(workspace: Workspace, path: Path) -> Iterator[tuple[str, bytes]]:
    """The bytes of a file of the vault, and its decrypted content: rows, or the note of an erasure."""
    raw = path.read_bytes()
    yield "raw", raw
    data = unseal(derived_key(workspace.key(), "vault"), _name(workspace, path), raw)
    yield ("rows", _frame(pl.read_parquet(data))) if data.startswith(b"PAR1") else ("opened", data)


def _name(workspace: Workspace, path: Path) -> str:
    name = str(path.relative_to(workspace.root / "identity"))
    return name if name == NOTE else name.removesuffix(SUFFIX)


def _kind(path: Path) -> str:
    return (
        "vault" if "identity" in path.parts else "".join(path.suffixes[-2:]) if path.suffix in (".gz", ".zst") else path.suffix or path.name
    )


def _layers(path: Path) -> Iterator[tuple[str, bytes]]:
    """The bytes of a file, and its content by its own readers."""
    raw = path.read_bytes()
    yield "raw", raw
    match path.suffix:
        case ".gz":
            yield "opened", gzip.decompress(raw)
        case ".zst":
            with pa.input_stream(pa.py_buffer(raw), compression="zstd") as stream:
                yield "opened", stream.read()
        case ".zip" | ".xlsx":
            with zipfile.ZipFile(path) as archive:
                yield "members", b"\n".join(archive.read(member) for member in archive.namelist())
            if path.suffix == ".xlsx":
                yield "cells", str(fastexcel.read_excel(path).load_sheet(0, dtypes="string").to_polars().rows()).encode()
        case ".parquet":
            yield "rows", _frame(pl.read_parquet(path))
        case ".duckdb":
            with duckdb.connect(str(path), read_only=True) as con:
                tables = [name for (name,) in con.sql("SELECT table_name FROM duckdb_tables() WHERE NOT internal").fetchall()]
                yield "tables", b"\n".join(_frame(con.sql(f'SELECT * FROM "{name}"').pl()) for name in tables)
        case ".snapshot":
            own = path.parent.parent.name == "state"  # a replica's has no key
            meta, arrays = checkpoints.read(path, Workspace.open(path.parents[2]).log_key() if own else b"")
            yield "meta", json.dumps(meta, ensure_ascii=False).encode()
            yield "arrays", b"\n".join(np.ascontiguousarray(array).tobytes() for array in arrays.values())
        case ".sqlite" if path.name != "log.sqlite":  # accounts, and the salts of the record of access
            with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as con:
                names = [name for (name,) in con.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
                yield "tables", repr([con.execute(f'SELECT * FROM "{name}"').fetchall() for name in names]).encode()
        case ".sqlite":
            with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as con:
                yield "inputs", b"\n".join(_message(body) for (body,) in con.execute("SELECT body FROM inputs"))
                yield "outputs", b"\n".join(_lines(body) for (body,) in con.execute("SELECT body FROM outputs"))
        case _:
            return


def _frame(frame: pl.DataFrame) -> bytes:
    return str(frame.rows()).encode() + b"".join(c.to_numpy().tobytes() for c in frame.select(pl.col(pl.UInt64)).iter_columns())


def _message(body: bytes) -> bytes:
    if not body:  # where a log begins
        return b""
    message = wire.decode(body)
    if not isinstance(message, RecordBatch):
        return repr(message).encode()
    columns = (message.subject, message.key, *message.links.values())
    return b"".join(column.tobytes() for column in columns) + repr((message.dictionaries, message.subject.tolist())).encode()


def _lines(body: bytes) -> bytes:
    lines = wire.decode_changes(body)
    return lines.subject.tobytes() + repr(list(lines)).encode()
