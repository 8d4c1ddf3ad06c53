"""A research snapshot holds what analysts may ask, of one moment, while the service goes on; and nothing that says who or which day."""

from __future__ import annotations

import multiprocessing
import re
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from stdnum.cn import ric

from connectors.analysts.columns import precision, record_columns, records_frame
from connectors.analysts.release_tokens import ReleaseTokens
from connectors.analysts.snapshot import snapshot_facts, verify_snapshot
from infra.workspace.library import copy_library, example_units
from infra.workspace.workspace import Workspace
from matchers.matrix.frames import records, subjects
from policies.checking.checker import check
from policies.language.catalogue import Feed, Field, FieldType
from policies.values import Kind, Text
from policies.yaml.document import load
from services.deliveries.delivery import deliver
from services.exports.analysis import fields_in
from services.exports.releases import write_research_snapshot
from services.exports.research_names import record_table
from services.state.as_of import core
from streams.language.messages import PolicyPublished, Tick
from tests.connectors.samples import catalogue

KEY = bytes(range(32))
"""The key of a snapshot."""
ROWS = 40
"""Rows of each delivery of the writer below."""
HUKOU = "id_number,household_no,changed_at,出生日期,sex,relation,hukou_kind,hukou_since,division,name,telephone\n"
INCOME = "id_number,monthly_income,changed_at\n"


def resident(serial: int) -> str:
    """The number of an invented resident of Putuo."""
    number = f"31010719500101{serial:03d}"
    return number + str(ric.calc_check_digit(number + "0"))


def register(serial: int, **cells: str) -> str:
    row = {
        "id": resident(serial), "household": f"H{serial // 4}", "changed": "2026-09-01", "born": "1950-01-01", "sex": "女", "relation": "户主",
        "kind": "本市家庭户", "since": "1960-02-29", "division": "310107020", "name": f"居民{serial}", "telephone": f"021-0{serial:07d}", **cells,
    }  # fmt: skip
    return ",".join(row.values()) + "\n"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """The library's feeds, and forty residents in the register."""
    workspace = Workspace.create(tmp_path / "w", example_units())
    copy_library(workspace)
    with workspace.writing() as host:
        host.submit(Tick(date(2026, 10, 15)))
    deliver_text(workspace, "hukou", tmp_path / "hukou.csv", HUKOU + "".join(register(serial) for serial in range(ROWS)))
    return workspace


def deliver_text(workspace: Workspace, feed: str, path: Path, text: str, replaces: bool = False) -> None:
    with workspace.writing() as host:
        path.write_bytes(text.encode(host.state.catalogue.feeds[feed].encoding))
        deliver(workspace, host, feed, 0, path, date(2026, 10, 15), replaces)


def snapshot(workspace: Workspace, path: Path, key: bytes = KEY) -> Path:
    with workspace.reading() as host:
        write_research_snapshot(host, path, key)
    return path


def query_file(path: Path, query: str) -> list[Any]:
    with duckdb.connect(str(path), read_only=True) as con:
        return con.sql(query).fetchall()


def test_records_have_real_types_and_no_identity(workspace: Workspace, tmp_path: Path) -> None:
    """Months, exact decimals of two digits, codes, streets, links as tokens; neither number, name, key nor delivery of anybody."""
    rows = "".join(f"{resident(serial)},{1234 + serial}.56,2026-09-01\n" for serial in range(12))
    deliver_text(workspace, "income", tmp_path / "income.csv", INCOME + rows + f"{resident(20)},,2026-09-01\n")

    path = snapshot(workspace, tmp_path / "s.duckdb")

    hukou = query_file(path, "SELECT sex, hukou_since, division, unit, quarantined FROM hukou")
    assert hukou == [("female", date(1960, 2, 1), "310107020", "putuo-psb", False)] * ROWS
    assert query_file(path, "SELECT monthly_income, typeof(monthly_income), count(*) FROM income GROUP BY ALL ORDER BY 1 NULLS LAST") == [
        (Decimal("1200.00"), "DECIMAL(18,2)", 12), (None, "DECIMAL(18,2)", 1),
    ]  # fmt: skip
    assert query_file(path, "SELECT count(*) FROM hukou JOIN households AS h ON h.subject = hukou.household WHERE NOT h.registered") == [
        (ROWS,)
    ]
    persons = query_file(path, "SELECT registered, street, age_band, sex, count(*) FROM persons GROUP BY ALL")
    assert persons == [(True, "310107020", "75-79", "female", ROWS)]
    columns = {
        name
        for (name,) in query_file(
            path,
            "SELECT column_name FROM duckdb_columns() WHERE NOT internal AND table_name NOT IN ('about', 'manifest', 'daily_changes', 'entered_and_left')",
        )
    }
    assert not columns & {"birth_date", "name", "delivery", "id", "day", "key"}
    assert all(re.fullmatch("[0-9a-f]{16}", token) for (token,) in query_file(path, "SELECT subject FROM hukou"))
    content = path.read_bytes()
    assert resident(1).encode() not in content and "居民1".encode() not in content


def test_the_tokens_are_of_this_snapshot_alone(workspace: Workspace, tmp_path: Path) -> None:
    """No token of the network is in it, nor one of another snapshot; within it a subject has one token in all tables."""
    publish_policy(workspace)
    first, second = (snapshot(workspace, tmp_path / f"{n}.duckdb", bytes([n]) * 32) for n in (1, 2))
    with workspace.reading() as host:
        ours = {f"{token:016x}" for kind in range(3) for token in core(host.state).store.tokens[kind].tolist()}

    persons = [{token for (token,) in query_file(path, "SELECT subject FROM persons")} for path in (first, second)]
    listed = [{token for (token,) in query_file(path, "SELECT subject FROM candidates")} for path in (first, second)]
    assert len(persons[0]) == ROWS and not (persons[0] & persons[1] or (persons[0] | persons[1]) & ours)
    assert listed == persons and query_file(first, "SELECT count(*) FROM changes JOIN hukou USING (subject)") == [(ROWS,)]


def test_with_one_key_a_snapshot_is_a_function_of_the_state(workspace: Workspace, tmp_path: Path) -> None:
    """The same state and key give the same manifest; rows lie in the order of their tokens, which is that of no delivery."""
    first, second = (snapshot(workspace, tmp_path / f"{n}.duckdb") for n in (1, 2))

    assert snapshot_facts(first) == snapshot_facts(second)
    for table in ("persons", "households", "hukou"):
        tokens = [token for (token,) in query_file(first, f"SELECT subject FROM {table}")]
        assert tokens == sorted(tokens) and len(tokens) > 1


def test_only_fields_whose_agreement_allows_analysis_are_in_it(workspace: Workspace, tmp_path: Path) -> None:
    """An agreement without the purpose, one that is over, an identity and a free text: each is left out, and the snapshot says so."""
    hukou = workspace.folder("feeds") / "hukou.yaml"
    ended = workspace.folder("feeds") / "income.yaml"
    ended.write_text(ended.read_text(encoding="utf-8").replace("until: 2027-12-31", "until: 2026-10-14"), encoding="utf-8")
    publish_policy(workspace)

    path = snapshot(workspace, tmp_path / "s.duckdb")

    tables = {name for (name,) in query_file(path, "SELECT name FROM manifest")}
    left = dict(query_file(path, "SELECT feed || '.' || coalesce(field, '*'), reason_en FROM left_out"))
    assert not tables & {"occupancy", "income", "assets"} and {"hukou", "pension"} <= tables
    assert left["occupancy.*"] == left["occupancy.lives_at"] == "its agreement does not name the purpose analysis"
    assert left["income.monthly_income"] == "its agreement ended on 2026-10-14" and left["hukou.name"] == "it identifies a person"
    assert "age_band" in left["hukou.birth_date"] and "hukou.*" not in left

    text = hukou.read_text(encoding="utf-8")
    assert text.count("inspection, analysis]") == 1
    hukou.write_text(text.replace("inspection, analysis]", "inspection]"), encoding="utf-8")
    publish_policy(workspace, 2)
    closed = snapshot(workspace, tmp_path / "t.duckdb")
    assert query_file(closed, "SELECT DISTINCT street, registered, age_band, sex FROM persons") == [(None, None, None, None)]
    assert query_file(closed, "SELECT DISTINCT street FROM candidates UNION SELECT street FROM verdicts") == [(None,)]


def test_a_contract_that_gains_the_purpose_counts_from_the_next_write(workspace: Workspace, tmp_path: Path) -> None:
    """Contracts from before name no purpose analysis: every feed is in ``left_out``, until a unit agrees and something is written."""
    contracts = {path: path.read_text(encoding="utf-8") for path in workspace.folder("feeds").glob("*.yaml")}
    for path, text in contracts.items():
        path.write_text(text.replace(", analysis]", "]"), encoding="utf-8")
    publish_policy(workspace)
    before = snapshot(workspace, tmp_path / "before.duckdb")
    hukou = workspace.folder("feeds") / "hukou.yaml"
    hukou.write_text(contracts[hukou], encoding="utf-8")
    unwritten = snapshot(workspace, tmp_path / "unwritten.duckdb")
    with workspace.writing() as host:
        host.submit(Tick(date(2026, 10, 16)))
    after = snapshot(workspace, tmp_path / "after.duckdb")

    feeds = "SELECT count(DISTINCT feed) FROM left_out WHERE field IS NULL"
    assert query_file(before, feeds) == query_file(unwritten, feeds) == [(len(contracts),)] and query_file(after, feeds) == [
        (len(contracts) - 1,)
    ]
    people = "SELECT count(street), count(age_band), (SELECT count(*) FROM candidates) FROM persons"
    assert query_file(before, people) == [(0, 0, ROWS)] and query_file(after, people) == [(ROWS, ROWS, ROWS)]
    assert query_file(before, "SELECT * FROM equity") == [] and query_file(after, "SELECT count(*) FROM hukou") == [(ROWS,)]


def test_only_records_in_force_are_told(workspace: Workspace, tmp_path: Path) -> None:
    """A full replacement withdraws; a broken row says only that it is there; what was said twice is there once."""
    rows = INCOME + "".join(f"{resident(serial)},100.00,2026-09-01\n" for serial in range(5))
    deliver_text(workspace, "income", tmp_path / "a.csv", rows)
    deliver_text(workspace, "income", tmp_path / "b.csv", INCOME + f"{resident(1)},7.5,2026-09-02\n{resident(2)},many,2026-09-02\n", True)

    result = query_file(snapshot(workspace, tmp_path / "s.duckdb"), "SELECT quarantined, monthly_income FROM income ORDER BY quarantined")

    assert result == [(False, Decimal("7.50")), (True, None)]


def test_validity_is_told_in_months(workspace: Workspace, tmp_path: Path) -> None:
    """The first day of the month of both ends, an open end as null; a record that is over is in force still."""
    header = "pension_no,id_number,paid_from,paid_to,amount\n"
    rows = f"p1,{resident(1)},2010-01-09,2015-12-31,9.90\np2,{resident(1)},2016-01-01,,10\n"
    deliver_text(workspace, "pension", tmp_path / "p.csv", header + rows)

    result = query_file(snapshot(workspace, tmp_path / "s.duckdb"), "SELECT valid_from, valid_to FROM pension ORDER BY 1")

    assert result == [(date(2010, 1, 1), date(2015, 12, 1)), (date(2016, 1, 1), None)]


def test_the_frames_are_the_matrix_itself(workspace: Workspace) -> None:
    """Every value of a frame is the one the reader of single subjects reads."""
    with workspace.reading() as host:
        store, feed = core(host.state).store, host.state.catalogue.feeds["hukou"]
        frame, people = records(store, "hukou"), subjects(store, Kind.PERSON, 20_000)

    lay = store.layout.feeds["hukou"]
    for position, token in enumerate(frame.subject.values.tolist()):
        record = int(store.heads[0][store.entity(0, token), lay.head])
        lane, _ = lay.lanes["birth_date"]
        assert store.arenas[lay.position][record, lane] == frame.fields["birth_date"].values[position]
    assert frame.subject.values.tolist() == sorted(frame.subject.values.tolist()) == people.token.values.tolist()
    table, treatments = records_frame(frame, feed, fields_in(feed), ReleaseTokens(KEY), date(2026, 10, 15))
    assert table.height == ROWS and np.all(people.division >= 0) and treatments["hukou_since"].kind == "month"


def test_names_that_are_taken_give_way() -> None:
    """A field called as one of the table's own columns, and a feed called as one of the snapshot's own tables."""
    field = Field("unit", FieldType.INT, Text("单位", "unit"), "unit")
    feed = catalogue().feeds["insurance"]
    twin = Feed(**{name: getattr(feed, name) for name in Feed.__slots__} | {"fields": {"unit": field}})

    assert record_columns(twin)["field", "unit"] == "unit_"
    assert [record_table(name) for name in ("coverage", "outcomes", "hukou")] == ["feed_coverage", "feed_outcomes", "hukou"]
    assert (precision(Field("x", FieldType.DECIMAL, field.title, "x")), precision(feed.fields["paid"])) == (38, 18)


def writer(root: str, folder: str, deliveries: int, has_begun: Any) -> None:
    """A process that delivers incomes, one file after another."""
    workspace = Workspace.open(Path(root))
    for number in range(1, deliveries + 1):
        rows = "".join(f"{resident(serial)},{number}.00,{date(2026, 1, 1) + timedelta(days=number)}\n" for serial in range(ROWS))
        deliver_text(workspace, "income", Path(folder) / f"{number}.csv", INCOME + rows)
        has_begun.set()


@pytest.fixture
def working(workspace: Workspace, tmp_path: Path) -> Iterator[Any]:
    """A writer at work."""
    context = multiprocessing.get_context("spawn")
    has_begun = context.Event()
    process = context.Process(target=writer, args=(str(workspace.root), str(tmp_path), 30, has_begun))
    process.start()
    assert has_begun.wait(120)
    yield process
    process.join(120)
    assert process.exitcode == 0


def test_a_snapshot_is_of_one_offset_while_a_writer_works(workspace: Workspace, working: Any, tmp_path: Path) -> None:
    """Each file of the writer is in a snapshot whole or not at all, though the writer goes on; and each snapshot verifies."""
    pairs, count = [], 0
    while working.is_alive() and count < 20:
        path = snapshot(workspace, tmp_path / f"{count}.duckdb")
        count += 1
        ((offset,),) = query_file(path, "SELECT value::BIGINT FROM about WHERE key = 'offset'")
        latest = query_file(path, "SELECT min(monthly_income), max(monthly_income), count(*) FROM income")
        assert verify_snapshot(path)["hukou"] == ROWS
        assert latest == [(latest[0][0], latest[0][0], ROWS)], "one delivery, and all of it"
        pairs.append((offset, latest[0][0]))

    assert pairs == sorted(pairs) and len(set(pairs)) > 1, pairs


POLICY = """
format: 1
policy: elders
version: 1
direction: benefit
subject: person
scope: {division: "310107"}
title: {zh: 高龄, en: Elders}
source: {document: 示例, issuer: 普陀区民政局, published: 2026-01-01}
agency: putuo-civil-affairs
purpose: assistance
effective: {from: 2026-01-01}
evidence: {}
discloses: []
criteria: {id: old, label: {zh: 年满70周岁, en: aged 70}, age_of: hukou.birth_date, op: ge, value: 70}
"""


def publish_policy(workspace: Workspace, version: int = 1) -> None:
    with workspace.writing() as host:
        if host.state.day != date(2026, 10, 15):
            host.submit(Tick(date(2026, 10, 15)))
        text = POLICY.replace("version: 1", f"version: {version}")
        policy = check(load(text, "elders.yaml"), host.state.catalogue).policy
        assert policy is not None
        host.submit(PolicyPublished(policy.name, policy.version, text, policy.digest, "王芳", "李强"))


def test_what_a_writer_adds_after_the_reader_opened_is_not_in_its_snapshot(workspace: Workspace, tmp_path: Path) -> None:
    """Neither its records nor its lines: the history of the lists ends where the records end."""
    with workspace.reading() as host:
        before = host.state.offset
        deliver_text(workspace, "income", tmp_path / "late.csv", INCOME + f"{resident(1)},5.00,2026-09-01\n")
        publish_policy(workspace)
        write_research_snapshot(host, tmp_path / "s.duckdb", KEY)

    query = "SELECT (SELECT value FROM about WHERE key = 'offset'), (SELECT count(*) FROM income), (SELECT count(*) FROM changes)"
    assert query_file(tmp_path / "s.duckdb", query) == [(str(before), 0, 0)]
    assert query_file(snapshot(workspace, tmp_path / "later.duckdb"), "SELECT count(*) FROM changes") == [(ROWS,)]


def test_every_table_view_and_column_has_a_comment(workspace: Workspace, tmp_path: Path) -> None:
    """Without exception; and the answers stand ready although nothing was published."""
    path = snapshot(workspace, tmp_path / "s.duckdb")

    silent = "SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal AND comment IS NULL"
    names = (
        "SELECT table_name AS name, comment FROM duckdb_tables() UNION ALL SELECT view_name, comment FROM duckdb_views() WHERE NOT internal"
    )
    assert query_file(path, silent) == []
    assert query_file(path, f"SELECT name FROM ({names}) WHERE comment IS NULL") == []
    views = {name for (name,) in query_file(path, "SELECT view_name FROM duckdb_views() WHERE NOT internal")}
    assert views >= {"coverage_gaps", "unknowns_by_unit", "take_up_by_month", "days_to_contact", "hit_rates", "entered_and_left", "equity"}
    assert ("never_declared",) in query_file(path, "SELECT DISTINCT gap FROM coverage_gaps")
