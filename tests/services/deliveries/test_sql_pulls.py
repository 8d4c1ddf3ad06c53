"""A feed pulled from a real database, SQLite and PostgreSQL: nothing is lost and nothing comes twice, wherever a pull stops."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from infra.workspace.workspace import Workspace
from policies.problems.problems import HuiminError, Invalid
from services.deliveries.coverage import coverage_statements
from services.deliveries.pulls import FeedPull, due_pulls, pull
from services.deliveries.statuses import deliveries_of
from tests.console.town import resident
from tests.servers import Postgres, postgres

pytestmark = pytest.mark.xdist_group("postgresql")  # one server for all of them
DAY, NOW = date(2026, 10, 15), datetime(2026, 10, 15, 2, 30, tzinfo=UTC)


class Crash(BaseException):
    """The process ends here."""


@dataclass
class Database:
    """A database with a table of pensions, and the document that says how it is pulled."""

    workspace: Workspace
    driver: str
    execute: Callable[..., None]

    def say(self, how: str = "watermark: changed_at", query: str = "SELECT * FROM pensions", more: str = "") -> None:
        sql = f'{{driver: {self.driver}, uri: {{environment: PENSION_DB}}, query: "{query}", {how}}}'
        full = "full: true, " if how.startswith("rows") else ""
        text = f"format: 1\npull:\n  pension: {{{full}{more}sql: {sql}}}\n"
        (self.workspace.root / "ways_in.yaml").write_text(text, encoding="utf-8")

    def add(self, *serials: int, at: str = "2026-10-01 08:00:00", amount: str = "900.50") -> None:
        for serial in serials:
            row = f"'P{serial}', '{resident(serial)}', '2020-01-01', NULL, {amount}, '{at}', 'geheim'"
            self.execute(f"INSERT INTO pensions VALUES ({row})")

    def pull(self, today: date = DAY, now: datetime = NOW) -> FeedPull:
        return pull(self.workspace, "pension", today, now, trust=lambda today, day: False, notify=lambda hold: None)

    def deliveries(self) -> list[tuple[int, int, int]]:
        """Number, rows and rows that were the same, of each delivery."""
        return [(d.number, d.rows, d.same) for d in deliveries_of(self.workspace)]

    def folder(self) -> list[str]:
        return sorted(path.name for path in (self.workspace.root / "pulls/pension").iterdir() if path.is_file())


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, example: Workspace, tmp_path: Path) -> Database:
    if request.param == "sqlite":
        file = tmp_path / "a b.sqlite"

        def execute(*statements: str) -> None:
            with sqlite3.connect(file) as connection:
                for statement in statements:
                    connection.execute(statement)

        uri = str(file)
    else:
        server: Postgres = request.getfixturevalue("server")
        execute, uri = server.execute, server.uri
    execute("DROP TABLE IF EXISTS pensions")
    execute(
        "CREATE TABLE pensions (pension_no text PRIMARY KEY, id_number text, paid_from date, paid_to date, amount numeric(10, 2),"
        " changed_at timestamp, note text)"
    )
    database = Database(replace(example, environment={"PENSION_DB": uri}), request.param, execute)
    database.say()
    return database


def test_rows_are_delivered_with_number_and_receipt(database: Database) -> None:
    """As those of a file: broken cells are quarantined, and the receipt says where. Columns that no contract reads stay in the database."""
    database.add(1, 2)
    database.add(3, amount="-1")

    result = database.pull()

    (file,) = result.files
    assert (result.unit, file.file, file.outcome, file.delivery, file.rows, file.quarantined, file.unplaced) == (
        "putuo-social-security", "pension-000001.jsonl", "taken_in", 1, 3, 1, 0,
    )  # fmt: skip
    receipt = json.loads(Path(file.receipt).read_text(encoding="utf-8"))
    assert [(cell["line"], cell["column"], cell["rule"]) for cell in receipt["cells"]] == [(3, "amount", "below")]
    assert receipt["id"].startswith("pull-000001-") and resident(3) not in json.dumps(receipt)
    assert database.folder() == ["state.json"]
    everything = b"".join(path.read_bytes() for path in database.workspace.root.rglob("*") if path.is_file())
    assert b"geheim" not in everything, "neither the password nor the column note"


def test_only_what_is_new_comes_and_equal_watermarks_are_not_lost(database: Database) -> None:
    """A row that came later with the very watermark of the last pull is delivered; the rows of before are the same, and change nothing."""
    database.add(1, 2, at="2026-10-01 08:00:00")
    database.add(3, at="2026-10-02 08:00:00.123456")
    database.pull()
    database.add(4, at="2026-10-02 08:00:00.123456")
    database.add(5, at="2026-10-03 08:00:00")

    result = database.pull()

    assert [file.rows for file in result.files] == [3]
    assert database.deliveries() == [(1, 3, 0), (2, 3, 1)]


def test_nothing_new_is_no_delivery(database: Database) -> None:
    """The same rows again are not delivered again, and an empty table is none."""
    assert database.pull().files == () and not database.workspace.root.joinpath("state", "log.sqlite").exists()
    database.add(1)
    database.pull()

    assert database.pull().files == () and database.pull().files == ()
    assert database.deliveries() == [(1, 1, 0)]


def test_rows_without_a_watermark_come_every_time(database: Database) -> None:
    """Nobody could say whether they are new."""
    database.add(1)
    database.execute(f"INSERT INTO pensions VALUES ('P9', '{resident(9)}', '2020-01-01', NULL, 1, NULL, '')")
    database.pull()
    database.add(2, at="2026-10-05 08:00:00")

    assert [file.rows for file in database.pull().files] == [3]


STEPS = (
    "connectors.pickup.sql.pulled_rows", "services.deliveries.sql_pulls.take_in", "services.deliveries.pull_tasks.deliver",
    "services.deliveries.pull_tasks.receipt_of", "services.deliveries.pull_tasks.write_receipt",
    "services.deliveries.pull_notes.PullNotes.finish", "services.deliveries.pull_notes.PullNotes._drop",
    "connectors.intake.delivery.DeliveryCompleted",
)  # fmt: skip


@pytest.mark.parametrize("step", STEPS)
def test_a_stop_at_any_step_loses_nothing_and_doubles_nothing(database: Database, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """The watermark moves on only behind a complete delivery. Rows that came meanwhile are in the next one."""
    database.add(1, 2)

    def crash(*words: Any, **more: Any) -> Any:
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(step, crash)
        with pytest.raises(Crash):
            database.pull()
    database.add(3, at="2026-10-01 09:00:00")
    database.pull()
    database.pull()

    rows = sum(rows - same for _, rows, same in database.deliveries())
    assert rows == 3 and database.folder() == ["state.json"]
    assert [d.stage for d in deliveries_of(database.workspace)] == ["complete"] * len(database.deliveries())
    assert [receipt["outcome"] in ("taken_in", "repeated") for receipt in receipts(database)] == [True] * len(database.deliveries())


def receipts(database: Database) -> list[Any]:
    folder = database.workspace.root / "pulls/pension/receipts"
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]


def test_a_pull_that_was_scrubbed_meanwhile_begins_anew(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """An erasure may take a row out of the file of a stopped pull: the file is not what it was, and is pulled again."""
    database.add(1, 2)

    def crash(*words: Any, **more: Any) -> Any:
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr("services.deliveries.pull_tasks.deliver", crash)
        with pytest.raises(Crash):
            database.pull()
    file = database.workspace.root / "pulls/pension/pension-000001.jsonl"
    file.write_bytes(file.read_bytes().splitlines(keepends=True)[0])

    database.pull()

    assert database.deliveries() == [(1, 2, 0)] and database.folder() == ["state.json"]


def test_a_refused_pull_leaves_the_watermark(database: Database) -> None:
    """Once the query is mended the same rows come; the refusal has a receipt."""
    database.add(1, 2)
    database.say(query="SELECT pension_no, id_number, changed_at FROM pensions")

    (file,) = database.pull().files
    database.say()
    again = database.pull()

    assert file.outcome == "refused" and file.reason is not None and "has no column paid_from" in file.reason.en
    assert [(file.outcome, file.rows) for file in again.files] == [("taken_in", 2)]


def test_a_full_pull_withdraws_what_is_gone(database: Database) -> None:
    """Each is a full replacement; also one that gives what an earlier one gave. In small batches."""
    database.say("rows: 2")
    database.add(1, 2, 3)
    database.pull()
    database.execute("DELETE FROM pensions WHERE pension_no = 'P3'")
    database.pull()
    database.add(3)
    database.pull()

    assert [(d.number, d.rows, d.full, d.stage) for d in deliveries_of(database.workspace)] == [
        (1, 3, True, "complete"), (2, 2, True, "complete"), (3, 3, True, "complete"),
    ]  # fmt: skip
    assert database.pull().files == ()


def test_another_query_begins_anew(database: Database) -> None:
    """What it would have given before the watermark is not known."""
    database.add(1, at="2026-01-01 08:00:00")
    database.add(2)
    database.say(query="SELECT * FROM pensions WHERE pension_no <> 'P1'")
    database.pull()
    database.say()

    assert [file.rows for file in database.pull().files] == [2]


def test_an_overlap_reads_rows_that_were_committed_late(database: Database) -> None:
    """A row may appear behind the watermark when its transaction took long."""
    if database.driver == "sqlite":
        with pytest.raises(HuiminError, match="needs a watermark of days or times"):
            _overlap_of_texts(database)
        return
    database.say("watermark: changed_at, overlap: PT1H")
    database.add(1, at="2026-10-01 08:00:00")
    database.pull()
    database.add(2, at="2026-10-01 07:30:00")

    assert [file.rows for file in database.pull().files] == [2]


def _overlap_of_texts(database: Database) -> None:
    """SQLite has times as texts, which have no hours to go back."""
    database.say("watermark: changed_at, overlap: PT1H")
    database.add(1)
    database.pull()
    database.pull()


@pytest.mark.parametrize("column", ["n", "d", "t", "z"])
def test_watermarks_of_every_kind_are_compared_as_the_database_does(database: Database, column: str) -> None:
    """Whole numbers, days, texts, times with a zone."""
    types = {"n": "bigint", "d": "date", "t": "text", "z": "timestamp with time zone" if database.driver == "postgresql" else "text"}
    values = {"n": ("9", "10", "11"), "d": ("'2026-09-30'", "'2026-10-01'", "'2026-10-02'"), "t": ("'a''b'", "'b'", "'c'"),
              "z": ("'2026-10-01 08:00:00+08'", "'2026-10-01 09:00:00+08'", "'2026-10-01 09:00:00.5+08'")}[column]  # fmt: skip
    database.execute(f'ALTER TABLE pensions ADD COLUMN "{column}" {types[column]}')
    database.say(f"watermark: {column}")
    for serial, value in enumerate(values):
        database.execute(f"INSERT INTO pensions VALUES ('P{serial}', '{resident(serial)}', '2020-01-01', NULL, 1, NULL, '', {value})")
        database.pull()

    assert database.deliveries() == [(1, 1, 0), (2, 2, 1), (3, 2, 1)]


def test_the_database_is_only_read(database: Database) -> None:
    """A query that would write is refused."""
    database.add(1)
    database.say(query="DELETE FROM pensions")

    with pytest.raises(HuiminError):
        database.pull()
    database.say()
    assert [file.rows for file in database.pull().files] == [1]


@pytest.mark.parametrize(
    ("how", "query", "why"),
    [
        ("watermark: changed", "SELECT * FROM pensions", "no watermark column 'changed'. Did you mean changed_at"),
        ("watermark: changed_at", "SELECT nothing FROM pensions", "nothing"),
        ("watermark: changed_at", "SELEC 1", "syntax"),
    ],
)
def test_a_query_that_is_wrong_is_refused(database: Database, how: str, query: str, why: str) -> None:
    """With the reason, which quotes the query and no cell; exit code 3."""
    database.add(1)
    database.say(how, query)

    with pytest.raises(HuiminError, match=why) as error:
        database.pull()

    assert error.value.exit_code == 3 and database.folder() == []


def test_words_of_the_database_that_quote_a_cell_are_not_passed_on(database: Database) -> None:
    """PostgreSQL quotes a number that is none; SQLite has no such error."""
    database.add(1)
    database.say(query="SELECT pensions.*, CAST(id_number || 'x' AS integer) AS n FROM pensions")
    if database.driver == "sqlite":
        assert [file.rows for file in database.pull().files] == [1]
        return

    with pytest.raises(HuiminError, match="may quote data and are not shown") as error:
        database.pull()

    assert resident(1) not in error.value.text.en + error.value.text.zh and "refused the query (OSError" in error.value.text.en


@pytest.mark.parametrize("uri", ["/nowhere/there/is/none.sqlite", "postgresql://huimin:falsch@127.0.0.1:1/postgres"])
def test_a_database_that_is_not_there_is_said_without_its_password(database: Database, uri: str) -> None:
    """Exit code 4, for trying again may help; no file is made."""
    driver = "postgresql" if uri.startswith("postgresql") else "sqlite"
    database = replace(database, driver=driver, workspace=replace(database.workspace, environment={"PENSION_DB": uri}))
    database.say()

    with pytest.raises(HuiminError) as error:
        database.pull()

    assert error.value.exit_code in (3, 4) and "falsch" not in error.value.text.en + error.value.text.zh


def test_a_secret_that_is_missing_and_a_feed_that_is_not_named_are_said(database: Database) -> None:
    """Before anything is made."""
    with pytest.raises(HuiminError, match="PENSION_DB is not set"):
        replace(database, workspace=replace(database.workspace, environment={})).pull()
    with pytest.raises(HuiminError, match=r"has no 'pensoin' under `pull`\. Did you mean pension"):
        pull(database.workspace, "pensoin", DAY, NOW, trust=None, notify=lambda hold: None)
    database.say("full: 3")
    with pytest.raises(Invalid, match="unknown key 'full'"):
        database.pull()


def coverage(database: Database) -> list[tuple[str, str]]:
    return [(str(s.complete_to), s.standing) for s in coverage_statements(database.workspace, "pension")]


def test_a_unit_that_holds_nothing_else_has_its_coverage_stated(database: Database) -> None:
    """Up to the day before, behind each pull that came to its end, also one that had nothing new; once a day."""
    database.say(more="complete: true, ")
    assert database.pull().complete_to is None and coverage_of_nothing(database)
    database.add(1)

    stated = [
        database.pull().complete_to,
        database.pull().complete_to,
        database.pull(now=NOW + timedelta(days=1), today=DAY + timedelta(days=1)).complete_to,
    ]

    assert [str(day) for day in stated] == ["2026-10-14", "None", "2026-10-15"]
    assert coverage(database) == [("2026-10-15", "in_effect"), ("2026-10-14", "in_effect")]


def coverage_of_nothing(database: Database) -> bool:
    """Whether nothing is stated before the first delivery."""
    return database.workspace.empty


def test_nothing_is_stated_after_a_refused_or_void_pull(database: Database) -> None:
    """Rows of nobody may be those whose absence would be proven."""
    database.say(more="complete: true, ", query="SELECT pension_no, id_number, changed_at FROM pensions")
    database.add(1)
    database.pull()
    database.say(more="complete: true, ")
    database.execute("UPDATE pensions SET id_number = 'nobody'")

    result = database.pull()

    assert (result.complete_to, [file.unplaced for file in result.files]) == (None, [1]) and coverage(database) == []


def test_a_feed_is_due_by_its_schedule(database: Database) -> None:
    """Also after a run that had nothing new."""
    database.say(more="every: PT1H, ")
    assert due_pulls(database.workspace, NOW) == ["pension"]

    database.pull()

    assert due_pulls(database.workspace, NOW + timedelta(minutes=59)) == []
    assert due_pulls(database.workspace, NOW + timedelta(minutes=60)) == ["pension"]
