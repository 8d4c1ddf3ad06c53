"""Deliveries and quarantine: the list of deliveries, broken rows that close, rows copied out and mended, statements, dry runs and kills."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import fastexcel
import pytest
import xlsxwriter  # type: ignore[import-untyped]  # it ships no types

from tests.console.conftest import Run
from tests.console.town import HUKOU, MEDICAL, ingest_text, register_row, resident, tokens


def data(result: Any) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def write_file(path: Path, text: str, encoding: str = "gb18030") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def workspace_files(folder: Path) -> dict[str, bytes]:
    """The contents of every file of a workspace, without SQLite's files beside the log and the record of access: readers write both."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.endswith(("-shm", "-wal")))
    return {str(path): path.read_bytes() for path in files if "audit" not in path.parts}


def insurance_row(serial: int, status: str = "正常", key: str | None = None, changed: str = "2026-09-02", number: str | None = None) -> str:
    return f"{key or f'E{serial}'},{number or resident(serial)},{changed},2020-01-01,,{status},居民\n"


def test_a_broken_row_closes_when_a_sound_one_of_its_record_comes(run: Run, town: Path) -> None:
    """Place, file and record are named; a mended row leaves the quarantine, another stays."""
    write_file(town / "bad.csv", MEDICAL + insurance_row(0, "?", "YB-7") + insurance_row(1, "?", "YB-8"))
    run("ingest", "medical_insurance", town / "bad.csv")
    before = data(run("feed", "quarantine", "medical_insurance", "--json"))
    output = run("feed", "quarantine", "medical_insurance").output

    ingest_text(run, town, "medical_insurance", MEDICAL + insurance_row(0, key="YB-7"))
    after = data(run("feed", "quarantine", "--json"))

    assert [(line["row"], line["column"], line["file"], line["key"], line["delivery"]) for line in before] == [
        (1, "status", "bad.csv", "YB-7", 2),
        (2, "status", "bad.csv", "YB-8", 2),
    ]
    assert "bad.csv" in output and "YB-7, YB-8" in output and "共 2 行待修正" in output
    assert [line["key"] for line in after] == ["YB-8"]
    assert "1 行在隔离中" in run("doctor").output


@pytest.mark.parametrize("reason", ["deletion", "full", "newer"])
def test_a_broken_row_closes_when_it_is_no_longer_the_record(run: Run, town: Path, reason: str) -> None:
    """It closes through a deletion, through a full replacement, or because a newer sound row was there before."""
    row = insurance_row(0, "?", "YB-7")
    if reason == "newer":
        ingest_text(run, town, "medical_insurance", MEDICAL + insurance_row(0, key="YB-7", changed="2026-09-30"))
    ingest_text(run, town, "medical_insurance", MEDICAL + row)
    if reason == "deletion":
        ingest_text(run, town, "medical_insurance", MEDICAL.strip() + ",deleted\n" + row.strip() + ",1\n")
    elif reason == "full":
        write_file(town / "full.csv", MEDICAL + insurance_row(6))
        assert run("ingest", "medical_insurance", town / "full.csv", "--replace").exit_code == 0

    assert data(run("feed", "quarantine", "--json")) == []


def test_rows_of_nobody_are_closed_by_a_full_file_or_by_hand(run: Run, town: Path) -> None:
    """No later row can close them. Closing by hand is recorded with a name; a full file closes those of earlier deliveries."""
    bad = MEDICAL + insurance_row(0, number="1") + insurance_row(1)
    write_file(town / "nobody.csv", bad)
    run("ingest", "medical_insurance", town / "nobody.csv")
    cells = data(run("feed", "quarantine", "medical_insurance", "--json"))

    nameless = run("feed", "quarantine", "medical_insurance", "--close", "2")
    closed = data(run("feed", "quarantine", "medical_insurance", "--close", "2", "--by", "王芳", "--json"))
    again = run("feed", "quarantine", "medical_insurance", "--close", "2", "--by", "王芳")

    assert [(line["nobody"], "key" in line) for line in cells] == [(True, False)]
    assert nameless.exit_code == 2 and again.exit_code == 2
    assert closed == {
        "feed": "medical_insurance",
        "unit": "putuo-medical-insurance",
        "delivery": 2,
        "rows": 1,
        "upto": 1,
        "by": "王芳",
        "day": "2026-10-15",
    }
    assert data(run("feed", "quarantine", "--json")) == []
    ingest_text(run, town, "medical_insurance", bad.replace("E1,", "E9,"))
    assert len(data(run("feed", "quarantine", "--json"))) == 1
    write_file(town / "full.csv", MEDICAL + insurance_row(6))
    assert run("ingest", "medical_insurance", town / "full.csv", "--replace").exit_code == 0
    assert data(run("feed", "quarantine", "--json")) == []


def test_json_lists_every_row(run: Run, town: Path) -> None:
    """Sixty broken rows are sixty lines, whatever the table's limit."""
    ingest_text(run, town, "medical_insurance", MEDICAL + "".join(insurance_row(serial, "?", f"Q-{serial}") for serial in range(60)))

    assert len(data(run("feed", "quarantine", "--limit", "5", "--json"))) == 60


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_broken_rows_are_copied_out_mended_and_sent_back(run: Run, town: Path, suffix: str) -> None:
    """They are copied from the unit's own file, with header and reason; another file is refused; mended and sent back, they close."""
    original = write_file(
        town / "bad.csv",
        MEDICAL + insurance_row(0) + insurance_row(1, "?", "YB-8") + insurance_row(2, number="31010719500101") + insurance_row(3, "坏"),
    )
    run("ingest", "medical_insurance", original)
    other = write_file(town / "other.csv", MEDICAL + insurance_row(0))

    wrong = run("feed", "quarantine", "medical_insurance", "--out", town / f"mend.{suffix}", "--from", other)
    copy = data(run("feed", "quarantine", "medical_insurance", "--out", town / f"mend.{suffix}", "--from", original, "--json"))

    assert wrong.exit_code == 5 and copy["rows"] == 3 and copy["delivery"] == 2
    if suffix == "xlsx":
        sheet = fastexcel.read_excel(town / "mend.xlsx").load_sheet(0, dtypes="string").to_polars()
        assert sheet["enrolment_no"].to_list() == ["YB-8", "E2", "E3"] and sheet.columns[-1] == "退回原因"
        assert "1 个字符的文字" in sheet["退回原因"][0]
        return
    text = (
        (town / "mend.csv").read_text("utf-8-sig").replace("?", "正常").replace("坏", "正常").replace("31010719500101,", f"{resident(2)},")
    )
    write_file(town / "mended.csv", text, "utf-8-sig")
    assert run("ingest", "medical_insurance", town / "mended.csv").exit_code == 0
    left = data(run("feed", "quarantine", "--json"))
    assert {line["row"] for line in left if not line.get("nobody")} == set() and [line["row"] for line in left] == [3]


def test_rows_of_a_workbook_are_told_and_copied_by_the_sheet(run: Run, tmp_path: Path) -> None:
    """With a title above the header and a blank row, the place is still the cell of the sheet, and the right row is copied out."""
    run("init", "--example")
    contract = tmp_path / "w/feeds/medical_insurance.yaml"
    contract.write_text(contract.read_text("utf-8").replace("format: csv, encoding: gb18030", "format: xlsx, header: find"), "utf-8")
    rows = [
        ["医保登记表"],
        MEDICAL.strip().split(","),
        insurance_row(0).strip().split(","),
        [],
        insurance_row(1, "?", "YB-8").strip().split(","),
    ]
    with xlsxwriter.Workbook(tmp_path / "roll.xlsx") as book:
        sheet = book.add_worksheet("名册")
        for y, row in enumerate(rows):
            for x, cell in enumerate(row):
                sheet.write_string(y, x, cell)
    assert run("ingest", "medical_insurance", tmp_path / "roll.xlsx").exit_code == 0

    (line,) = data(run("feed", "quarantine", "--json"))
    output = run("feed", "quarantine").output
    copy = run("feed", "quarantine", "medical_insurance", "--out", tmp_path / "mend.xlsx", "--from", tmp_path / "roll.xlsx")

    assert (line["row"], line["line"], line["place"], line["cell"]["zh"]) == (2, 5, "F", "F5") and " F5 " in output
    assert copy.exit_code == 0, copy.output
    frame = fastexcel.read_excel(tmp_path / "mend.xlsx").load_sheet(0, dtypes="string").to_polars()
    assert frame["enrolment_no"].to_list() == ["YB-8"] and frame.columns[:-1] == MEDICAL.strip().split(",")


def test_every_delivery_is_listed(run: Run, town: Path) -> None:
    """With the counts of its rows, whether it is a full replacement, and its stage."""
    first = MEDICAL + insurance_row(0, "?", "YB-1") + insurance_row(1, key="YB-2", changed="2026-09-09") + insurance_row(2, number="1")
    write_file(town / "first.csv", first)
    run("ingest", "medical_insurance", town / "first.csv", "--id", "week-1")
    second = MEDICAL + insurance_row(0, key="YB-1") + insurance_row(1, key="YB-2", changed="2026-09-01")
    write_file(town / "second.csv", second)
    result = run("ingest", "medical_insurance", town / "second.csv")
    run("ingest", "medical_insurance", write_file(town / "third.csv", second + insurance_row(6)), "--replace")

    rows = data(run("feed", "deliveries", "medical_insurance", "--json"))
    table = run("feed", "deliveries").output

    assert [(r["number"], r["file"], r["rows"], r["unplaced"], r["older"], r["full"], r["stage"]) for r in rows[1:]] == [
        (2, "first.csv", 3, 1, 0, False, "void"),
        (3, "second.csv", 2, 0, 1, False, "complete"),
        (4, "third.csv", 3, 0, rows[3]["older"], True, "complete"),
    ]
    assert rows[1]["id"] == "week-1" and rows[1]["received"] == "2026-10-15" and rows[1]["mended"] == 1
    assert "1 行比已有的旧" in result.output and "作废" in table and "全量" in table


def test_a_name_is_not_used_up_by_a_file_that_was_refused(run: Run, town: Path) -> None:
    """A file with a ragged last row leaves no quarantine and no delivery; the mended file can use the same name."""
    ragged = MEDICAL + insurance_row(0, "?") + "a,b\n"
    refused = run("ingest", "medical_insurance", write_file(town / "a.csv", ragged), "--id", "week-1")

    mended = run("ingest", "medical_insurance", write_file(town / "b.csv", MEDICAL + insurance_row(0)), "--id", "week-1")

    assert (refused.exit_code, mended.exit_code) == (3, 0)
    assert data(run("feed", "quarantine", "--json")) == [] and len(data(run("feed", "deliveries", "medical_insurance", "--json"))) == 2


def test_files_before_a_refused_one_are_told(run: Run, town: Path) -> None:
    """The files before it are taken in; the exit code is that of the refusal."""
    good, bad = write_file(town / "a.csv", MEDICAL + insurance_row(0)), write_file(town / "b.csv", MEDICAL + "a,b\n")

    result = run("ingest", "medical_insurance", good, bad, write_file(town / "c.csv", MEDICAL + insurance_row(1)))

    assert result.exit_code == 3 and "a.csv" in result.output and "b.csv" in result.output
    assert [r["file"] for r in data(run("feed", "deliveries", "medical_insurance", "--json"))][1:] == ["a.csv"]


def test_a_full_file_of_nobody_takes_nobody_away(run: Run, town: Path) -> None:
    """A full file whose ids mostly cannot be read is refused as a whole; lists and statements stay the same."""
    before, statements = tokens(run), data(run("feed", "coverage", "--json"))
    text = HUKOU + register_row(0) + "".join(register_row(serial).replace(resident(serial), "x") for serial in range(1, 6))

    refused = run("ingest", "hukou", write_file(town / "eaten.csv", text), "--replace")

    assert refused.exit_code == 3 and "6 行中 5 行认不出对象" in refused.output
    assert tokens(run) == before and data(run("feed", "coverage", "--json")) == statements
    assert [r["number"] for r in data(run("feed", "deliveries", "hukou", "--json"))] == [1]


def test_a_dry_run_says_what_would_come_and_writes_nothing(run: Run, town: Path) -> None:
    """It names the same counts and changes as the delivery after it."""
    ingest_text(run, town, "medical_insurance", MEDICAL + insurance_row(6, key="K1") + insurance_row(6, key="K2", changed="2026-09-20"))
    rows = [
        insurance_row(0, key="N1"), insurance_row(6, key="K1", status="终止", changed="2026-09-10"), insurance_row(6, key="K2", changed="2026-09-01"),
        insurance_row(1, key="N2", status="?"), insurance_row(2, number="1"),
    ]  # fmt: skip
    path, before = write_file(town / "new.csv", MEDICAL + "".join(rows)), workspace_files(town / "w")

    tried = data(run("ingest", "medical_insurance", path, "--dry-run", "--json"))
    result = run("ingest", "medical_insurance", path, "--dry-run")

    assert workspace_files(town / "w") == before
    (delivery,) = tried["deliveries"]
    assert delivery["records"] == {"new": 1, "changed": 1, "deleted": 0, "withdrawn": 0}
    assert (delivery["rows"], delivery["older"], delivery["quarantined"], delivery["unplaced"]) == (5, 1, 1, 1)
    assert "试算" in result.output and result.exit_code == 0
    came = data(run("ingest", "medical_insurance", path, "--json"))
    moved = [(c["policy"], c["subject"], c["change"], c["status"]) for c in tried["changes"]]
    assert moved and moved == [(c["policy"], c["subject"], c["change"], c["status"]) for c in came["changes"]]


def test_a_dry_run_of_a_full_file_says_whom_it_withdraws_and_what_is_held(run: Run, town: Path) -> None:
    """A register that lacks most residents: the dry run names the hold, and changes nothing."""
    path = write_file(town / "short.csv", HUKOU + register_row(0))

    tried = data(run("ingest", "hukou", path, "--replace", "--dry-run", "--json"))
    refused = run("ingest", "hukou", write_file(town / "none.csv", HUKOU), "--replace", "--dry-run")

    assert tried["deliveries"][0]["records"] == {"new": 0, "changed": 0, "deleted": 0, "withdrawn": 6}
    assert tried["dry_run"] and data(run("holds", "list", "--json")) == [] and refused.exit_code == 3
    run("ingest", "hukou", path, "--replace")
    assert [hold["hold"] for hold in data(run("holds", "list", "--json"))] == tried["holds"] != []


def test_a_dry_run_in_a_new_workspace(run: Run, tmp_path: Path) -> None:
    """A dry run creates no state."""
    run("init", "--example")
    before = workspace_files(tmp_path / "w")

    tried = data(run("ingest", "hukou", write_file(tmp_path / "a.csv", HUKOU + register_row(0)), "--dry-run", "--json"))

    assert tried["deliveries"][0]["records"]["new"] == 1 and workspace_files(tmp_path / "w") == before


def write_statement(folder: Path, name: str, **more: Any) -> Path:
    line = {"format": 1, "statement": name, "feed": "medical_insurance", "unit": "putuo-medical-insurance", "division": "310107"}
    path = folder / f"{name}.jsonl"
    path.write_text(json.dumps(line | {"complete_to": "2026-10-14"} | more) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("rows", "nobody", "word"), [(2, False, "声明 s-1 生效"), (9, False, "声明 s-1 不生效"), (2, True, "声明 s-1 作废")]
)  # fmt: skip
def test_a_statement_that_waits_is_judged_when_its_delivery_is_complete(run: Run, town: Path, rows: int, nobody: bool, word: str) -> None:
    """``ingest`` prints the result; a later statement with wrong counts is refused."""
    waiting = run("feed", "coverage", write_statement(town, "s-1", delivery={"id": "week-1", "rows": rows}))
    path = write_file(town / "a.csv", MEDICAL + insurance_row(0) + insurance_row(1, number="1" if nobody else None))

    result = run("ingest", "medical_insurance", path, "--id", "week-1")
    late = run("feed", "coverage", write_statement(town, "s-2", delivery={"id": "week-1", "rows": rows}))

    assert "等批次 week-1" in waiting.output and word in result.output and result.exit_code == 0
    assert late.exit_code == (0 if "生效" in word and "不" not in word else 3), late.output
    standings = {s["statement"]: s["standing"] for s in data(run("feed", "coverage", "--feed", "medical_insurance", "--json"))}
    assert standings["s-1"] == ("voided" if nobody else "in_effect" if rows == 2 else "rows_differ")
    assert ("s-2" in standings) == (late.exit_code == 0)


def test_a_file_of_statements_counts_as_a_whole(run: Run, town: Path) -> None:
    """One of two statements reaches into the future: exit code 3, and neither is taken in."""
    path = write_statement(town, "s-1")
    path.write_text(path.read_text() + write_statement(town, "s-2", complete_to="2036-01-01").read_text(), encoding="utf-8")

    refused = run("feed", "coverage", path)

    assert refused.exit_code == 3 and "2026-10-15" in refused.output
    assert {s["statement"] for s in data(run("feed", "coverage", "--json"))}.isdisjoint({"s-1", "s-2"})


def ingest_and_kill(folder: Path, file: Path, where: str) -> None:
    """Run ``ingest`` in a process of its own, which is killed at the fourth call of the function ``where``."""
    environment = {**os.environ, "HUIMIN_TODAY": "2026-10-15", "HUIMIN_WORKSPACE": str(folder / "w")}
    words = [sys.executable, "-c", KILL_SCRIPT, where, str(file)]
    assert subprocess.run(words, env=environment, cwd=Path(__file__).parents[3], timeout=200).returncode == -signal.SIGKILL


def test_a_kill_while_a_file_is_counted_leaves_nothing(run: Run, tmp_path: Path) -> None:
    """No delivery is open, and none has a number."""
    run("init", "--example")
    big = write_file(tmp_path / "big.csv", HUKOU + "".join(numbered_row(serial) for serial in range(60_000)))

    ingest_and_kill(tmp_path, big, "count_parcel")  # connectors.intake.delivery.count_parcel, by name

    assert data(run("feed", "deliveries", "--json")) == [] and not (tmp_path / "w/deliveries.jsonl").exists()


def test_a_delivery_that_was_killed_is_named_and_goes_on(run: Run, tmp_path: Path) -> None:
    """A real kill between two batches: doctor and feed deliveries name the file; the same command goes on to the end."""
    run("init", "--example")
    big = write_file(tmp_path / "big.csv", HUKOU + "".join(numbered_row(serial) for serial in range(60_000)))
    ingest_and_kill(tmp_path, big, "_behind")  # connectors.intake.delivery._behind, by name

    (left,) = data(run("feed", "deliveries", "--json"))
    output, doctor = run("feed", "deliveries").output, run("doctor").output
    again = data(run("ingest", "hukou", big, "--json"))["deliveries"][0]

    assert (left["stage"], left["file"]) == ("open", "big.csv") and 0 < left["rows"] < 60_000
    assert "big.csv 只收了" in output and "huimin ingest hukou big.csv" in doctor
    assert again["resumed_behind"] == left["rows"] and again["rows"] == 60_000
    assert data(run("feed", "deliveries", "--json"))[0]["stage"] == "complete"


KILL_SCRIPT = """
import os, signal, sys
from console.cli.main import application
from connectors.intake import delivery
_, where, file = sys.argv
real, calls = getattr(delivery, where), []
def dying(*arguments):
    calls.append(arguments)
    if len(calls) == 4:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*arguments)
setattr(delivery, where, dying)
application()(["ingest", "hukou", file])
"""


def numbered_row(serial: int) -> str:
    """A row of the register about one of many."""
    from datetime import date, timedelta

    from stdnum.cn import ric

    birth_date = date(1940, 1, 1) + timedelta(days=serial // 900)
    number = f"310107{birth_date:%Y%m%d}{serial % 900:03d}"
    number += str(ric.calc_check_digit(number + "0"))
    return f"{number},H{serial},2026-09-01,1950-01-01,女,户主,本市家庭户,1960-02-29,310107020,居民,\n"
