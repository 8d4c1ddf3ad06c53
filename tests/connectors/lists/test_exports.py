"""Exports and snapshots: text stays text, nothing more than agreed leaves, small cells stay in."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import duckdb
import fastexcel
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.analysts.snapshot import Aggregate, verify_snapshot, write_snapshot
from connectors.contracts.faults import DamagedSnapshot
from connectors.identity.vault import Vault
from connectors.intake.delivery import deliver
from connectors.lists.disclosures import Disclosure
from connectors.lists.exports import Sheet, escape_formulas, text_columns, write_csv
from connectors.lists.lists import list_sheet
from connectors.lists.workbooks import write_xlsx
from policies.language.tree import Age, All, Check, FieldRef, Literals, Meta, Policy
from policies.problems.problems import HuiminError
from policies.values import Kind, Text
from tests.connectors.samples import HUKOU_HEADER, RECEIVED, TOKENS, MemoryHost, catalogue, hukou_row, resident, write_text_file

SHEET = Sheet("名单", text_columns(["身份号码", "姓名"]), [("310107195001011234", "=1+1"), ("007", "@张\n三"), ("", "-5")])

POLICY = Policy(
    "elderly", 1, "benefit", Kind.PERSON, "310107", Text("高龄", "Elderly"), {}, "agency", "enrolment", date(2026, 1, 1), None, {}, {},
    (FieldRef("hukou", "name"), FieldRef("hukou", "birth_date")), Check(Meta("willing", "criteria"), Text("愿意", "is willing")), ("hukou",),
)  # fmt: skip


@dataclass(frozen=True)
class Candidate:
    subject: int
    status: str | None = "eligible"
    checklist: tuple[str, ...] = ()
    missing: tuple[tuple[str, str | None], ...] = ()
    division: str | None = "310107020"


def test_csv_opens_in_excel_and_runs_nothing(tmp_path: Path) -> None:
    """A byte order mark, CRLF, and an apostrophe before what looks like a formula; the file is its owner's only."""
    write_csv(tmp_path / "a.csv", SHEET)

    content = (tmp_path / "a.csv").read_bytes()
    rows = list(csv.reader(content.decode("utf-8-sig").splitlines(keepends=True)))
    assert content.startswith(b"\xef\xbb\xbf") and b"\r\n" in content
    assert rows == [["身份号码", "姓名"], ["310107195001011234", "'=1+1"], ["007", "'@张\n三"], ["", "-5"]]
    assert os.stat(tmp_path / "a.csv").st_mode & 0o777 == 0o600 and len(os.listdir(tmp_path)) == 1


@given(st.text(max_size=10))
def test_no_cell_of_csv_begins_like_a_formula(text: str) -> None:
    """Whatever a unit delivered."""
    (cell,) = escape_formulas([text])

    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r")) and cell.endswith(text)


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=8), min_size=1, max_size=5)
)
def test_xlsx_cells_are_the_text_itself(tmp_path: Path, texts: list[str]) -> None:
    """Formulas, links, long numbers: read back as they were, as text cells."""
    texts = [*texts, "=1+1", "310107195001011234", "https://example.org", "1e5"]

    write_xlsx(tmp_path / "a.xlsx", Sheet("名单", text_columns(["列"]), [(text,) for text in texts]))

    frame = fastexcel.read_excel(tmp_path / "a.xlsx").load_sheet(0).to_polars()
    assert frame.columns == ["列"] and frame["列"].to_list() == texts


def test_equal_lists_are_equal_files(tmp_path: Path) -> None:
    """Nothing of the clock is in a file."""
    for name in ("a.xlsx", "b.xlsx"):
        write_xlsx(tmp_path / name, SHEET)

    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    """A vault that knows residents 1 and 2."""
    new_vault = Vault(tmp_path / "identity", bytes(32))
    path = write_text_file(tmp_path / "a.csv", HUKOU_HEADER + hukou_row(1) + hukou_row(2))
    deliver(MemoryHost(), catalogue().feeds["hukou"], 0, path, TOKENS, new_vault, received=RECEIVED)
    return new_vault


def test_a_list_names_people_and_what_is_open(vault: Vault) -> None:
    """Identifier, disclosed fields, status and questions, in the reader's language, ordered by status and identifier."""
    first, second = TOKENS.person([resident(1), resident(2)]).tolist()
    candidates = [Candidate(second, "to_check", ("willing",)), Candidate(first, "needs_evidence", (), (("age", "hukou"), ("x", None)))]
    values = {first: {"hukou.birth_date": "1950-01-01"}, second: {}}

    sheet = list_sheet(POLICY, candidates, Disclosure(values), catalogue(), vault, date(2026, 10, 1), "en")

    assert sheet.header == ("Resident number", "name", "date of birth", "Street", "Status", "To check", "Missing", "Token")
    assert sheet.rows == [
        (resident(1), "居民1", date(1950, 1, 1), "Yichuan Road", "needs evidence", "", "age (Register)\nx", f"{first:016x}"),
        (resident(2), "居民2", "", "Yichuan Road", "to check", "is willing", "", f"{second:016x}"),
    ]


def test_streets_are_called_by_their_names(vault: Vault) -> None:
    """A division without a name is shown by its code, and one that the policy discloses has no second column."""
    first, second = TOKENS.person([resident(1), resident(2)]).tolist()
    candidates = [Candidate(first, "eligible", (), division="310107020"), Candidate(second, "eligible", (), division="310107")]
    named = replace(catalogue(), divisions={"310107020": Text("宜川路", "Yichuan Road")})
    placed = replace(POLICY, discloses=(FieldRef("hukou", "division"),))
    values = {first: {"hukou.division": "310107020"}, second: {"hukou.division": "310107"}}

    sheet = list_sheet(POLICY, candidates, Disclosure(), named, vault, date(2026, 10, 1), "en")
    disclosed = list_sheet(placed, candidates, Disclosure(values), named, vault, date(2026, 10, 1), "en", by_street=True)

    assert sheet.header[3:5] == ("Street", "Status") and [row[3] for row in sheet.rows] == ["310107", "Yichuan Road"]
    assert "Street" not in disclosed.header and [row[1] for row in disclosed.rows] == ["310107", "Yichuan Road"]
    assert disclosed.pages == (("310107", 1), ("Yichuan Road", 1))


def test_what_is_missing_is_called_by_its_label(vault: Vault) -> None:
    """The agency's clerk knows the words of the policy, not the names of its criteria."""
    old = Age(Meta("age", "criteria", label=Text("年满70周岁", "aged 70")), FieldRef("hukou", "birth_date"), "ge", Literals((70,)))
    policy = replace(POLICY, criteria=All(Meta("both", "criteria"), (POLICY.criteria, old)))

    sheet = list_sheet(
        policy, [Candidate(1, "needs_evidence", (), (("age", "hukou"),))], Disclosure({1: {}}), catalogue(), vault, date(2026, 10, 1)
    )

    assert str(sheet.rows[0][-2]).startswith("年满70周岁 (")


def test_nothing_leaves_beyond_the_agreement(vault: Vault) -> None:
    """A field not disclosed, a purpose not agreed, or an agreement that has ended stops the export."""
    for policy, today in (
        (replace(POLICY, discloses=(FieldRef("hukou", "sex"),)), date(2026, 10, 1)),
        (replace(POLICY, purpose="inspection"), date(2026, 10, 1)),
        (POLICY, date(2028, 1, 1)),
    ):
        with pytest.raises(HuiminError) as raised:
            list_sheet(policy, [], Disclosure(), catalogue(), vault, today)
        assert raised.value.exit_code == 3


def test_a_snapshot_can_be_held_against_its_manifest(tmp_path: Path) -> None:
    """Written whole, read by DuckDB, verified; a changed row is found."""
    path = tmp_path / "s.duckdb"
    people = pl.DataFrame({"token": pl.Series([1, 2**63], dtype=pl.UInt64), "born": [date(1950, 1, 1), None]})
    counts = pl.DataFrame({"division": ["310107", "310110", "310112"], "listed": [4, 5, 0]})

    write_snapshot(path, [("person", people)], {"listed": Aggregate(counts, ("listed",))}, {"day": "2026-10-01"})

    assert verify_snapshot(path) == {"person": 2, "listed": 3, "about": 1} and os.listdir(tmp_path) == ["s.duckdb"]
    with duckdb.connect(str(path)) as con:
        assert con.sql("SELECT listed FROM listed ORDER BY division").fetchall() == [(None,), (5,), (0,)]
        con.execute("UPDATE person SET born = DATE '1951-01-01' WHERE token = 1")
    with pytest.raises(DamagedSnapshot, match="person"):
        verify_snapshot(path)


def test_what_is_no_snapshot_is_told(tmp_path: Path) -> None:
    """Other bytes, a database without a manifest, nothing at all; names that are none are refused when writing."""
    with duckdb.connect(str(tmp_path / "other.duckdb")) as con:
        con.execute("CREATE TABLE t (a INT)")

    for path in (write_text_file(tmp_path / "x", "text"), tmp_path / "other.duckdb", tmp_path / "none"):
        with pytest.raises(DamagedSnapshot):
            verify_snapshot(path)
    with pytest.raises(ValueError, match="name"):
        write_snapshot(tmp_path / "s.duckdb", [("Robert'); DROP", pl.DataFrame())], {}, {})


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_table_that_cannot_be_made_leaves_nothing(tmp_path: Path, count: int) -> None:
    """Its error comes out, and neither a part nor a log of the file stays; one that was there before is as it was."""
    path = tmp_path / "s.duckdb"
    path.write_bytes(b"before")

    def tables() -> Iterator[tuple[str, pl.DataFrame]]:
        for number in range(count):
            yield f"t{number}", pl.DataFrame({"n": range(100_000)})
        raise NameError("lost")

    with pytest.raises(NameError, match="lost"):
        write_snapshot(path, tables(), {}, {})

    assert os.listdir(tmp_path) == ["s.duckdb"] and path.read_bytes() == b"before"
