"""The files of deliveries and quarantine beside the state: order, closing, rows without a usable order, dry runs, erasure."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.console.cli.test_deliveries import insurance_row, write_file
from tests.console.conftest import Run
from tests.console.town import MEDICAL, ingest_text, resident


def open_cells(run: Run) -> list[Any]:
    cells: list[Any] = json.loads(run("feed", "quarantine", "--json").stdout)
    return cells


def test_deliveries_are_in_the_order_of_their_numbers(run: Run, town: Path) -> None:
    """Delivery ten comes after delivery nine."""
    for serial in range(10):
        ingest_text(run, town, "medical_insurance", MEDICAL + insurance_row(0, "?", f"Q-{serial}"))

    numbers = [line["delivery"] for line in open_cells(run)]

    assert numbers == sorted(numbers) and len(numbers) == 10


def test_closing_closes_what_there_is(run: Run, town: Path) -> None:
    """Rows that arrive in a delivery after it was closed are open again; a topic does this."""
    ingest_text(run, town, "medical_insurance", MEDICAL + insurance_row(0, number="1") + insurance_row(1))
    run("feed", "quarantine", "medical_insurance", "--close", "2", "--by", "王芳")
    (path,) = (town / "w/quarantine").glob("medical_insurance.*.2.jsonl")
    line = json.loads(path.read_text("utf-8").splitlines()[0])
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps({**line, "row": 3, "line": 4}, ensure_ascii=False) + "\n")

    assert [cell["row"] for cell in open_cells(run)] == [3]
    assert run("feed", "quarantine", "medical_insurance", "--close", "2", "--by", "李明").exit_code == 0
    assert open_cells(run) == []


def test_a_row_without_order_is_to_be_mended_until_a_sound_one_comes(run: Run, town: Path) -> None:
    """Its order lies in the future or cannot be read: the row is open until any sound row of its key comes."""
    ingest_text(run, town, "medical_insurance", MEDICAL + insurance_row(0, key="YB-7", changed="2026-09-30"))
    for order in ("2026-13-45", "2027-01-01"):
        ingest_text(run, town, "medical_insurance", MEDICAL + insurance_row(0, key="YB-7", changed=order))
        before = open_cells(run)
        ingest_text(
            run,
            town,
            "medical_insurance",
            MEDICAL + insurance_row(0, key="YB-7", changed="2026-09-29" if order[5] == "1" else "2026-10-01"),
        )
        after = open_cells(run)

        assert [(line["key"], line["column"]) for line in before] == [("YB-7", "changed_at")], order
        assert after == [], order


def test_a_dry_run_tells_the_files_before_a_refused_one(run: Run, town: Path) -> None:
    """It reports them as the delivery would; the exit code is that of the refusal."""
    good, bad = write_file(town / "a.csv", MEDICAL + insurance_row(0)), write_file(town / "b.csv", MEDICAL + "a,b\n")

    tried = run("ingest", "medical_insurance", good, bad, "--dry-run")

    assert tried.exit_code == 3 and "a.csv" in tried.output and "b.csv" in tried.output


def test_nothing_of_whoever_is_erased_stays_in_quarantine(run: Run, town: Path) -> None:
    """Neither open nor mended rows of an erased person stay, nor the keys of their records."""
    ingest_text(run, town, "medical_insurance", MEDICAL + insurance_row(0, "?", "YB-7") + insurance_row(1, "?", "YB-8"))
    ingest_text(run, town, "medical_insurance", MEDICAL + insurance_row(0, key="YB-7"))
    ingest_text(run, town, "medical_insurance", MEDICAL + insurance_row(0, "?", "YB-7", "2026-10-01"))

    erased = run("erase", "person", resident(0), "--by", "甲", "--approved-by", "乙", "--reason", "request", "--yes")

    assert erased.exit_code == 0, erased.output
    text = "".join(path.read_text("utf-8") for path in (town / "w/quarantine").glob("*.jsonl"))
    assert "YB-7" not in text and "YB-8" in text
